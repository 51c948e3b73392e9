"""Indefinite integrals: an antiderivative as a polynomial that is as good as the function.

The function is interpolated at Chebyshev points, whose number is doubled until the coefficients
have decayed to rounding, and the interpolant is integrated term by term.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.engine.composites import as_tensor, cast
from trivium.engine.dtypes import float64
from trivium.engine.errors import ArgumentError, DomainError
from trivium.engine.tensor import Tensor

from .quadrature import values_of

__all__ = ["Antiderivative", "antiderivative"]

Array = np.ndarray[Any, Any]
_EPS = float(np.finfo(np.float64).eps)
_MOST = 4096


@dataclass(frozen=True, eq=False)
class Antiderivative:
    """F with F' = f and F(``start``) = 0 on [``start``, ``end``]; call it with numbers or Tensors.

    ``coefficients`` (n,): of Chebyshev polynomials on the interval. ``error``: an estimate of
    the largest absolute error; ``converged``: whether it is at the level of rounding;
    ``evaluations``: values of f. Its calls are expressions, so tv.grad of it is f again.
    """

    start: float
    end: float
    coefficients: Array
    error: float
    converged: bool
    evaluations: int

    def __call__(self, x: Any) -> Tensor:
        """F(x), elementwise, by Clenshaw's recurrence; NaN outside the interval."""
        from trivium.engine.composites import where

        point = cast(as_tensor(x), float64)
        scaled = (2 * point - (self.start + self.end)) / (self.end - self.start)
        first = second = as_tensor(0.0) * scaled
        for coefficient in self.coefficients[:0:-1].tolist():
            first, second = 2 * scaled * first - second + coefficient, first
        value = scaled * first - second + float(self.coefficients[0])
        inside = (point >= self.start) & (point <= self.end)
        return where(inside, value, math.nan)

    def __str__(self) -> str:
        what = f"antiderivative on [{self.start:g}, {self.end:g}], 0 at {self.start:g}"
        degree = len(self.coefficients) - 1
        lines = [f"{what}: a polynomial of degree {degree}, error about {self.error:.1g}"]
        if not self.converged:
            lines.append(
                "  The coefficients do not decay to rounding: the function jumps, has a kink or "
                "is infinite there; cut the interval."
            )
        return "\n".join(lines)


def antiderivative(
    function: Callable[[Tensor], Tensor], start: float, end: float
) -> Antiderivative:
    """F(x) = ∫ f from ``start`` to x, for all x up to ``end``, both finite.

    ``function``: elementwise, as for ``integral``. Raises ArgumentError for what is no interval,
    DomainError where the function is not finite.

    f ≈ Σ c_k T_k gives F = Σ (c_{k-1} - c_{k+1}) / 2k T_k + const on [-1, 1]. Trefethen,
    *Approximation Theory and Approximation Practice* (2013), chapters 3 and 19.
    """
    low, high = float(start), float(end)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ArgumentError(
            f"an antiderivative is made for an interval from start to end > start, both finite, "
            f"not from {start!r} to {end!r}"
        )
    count, evaluations = 16, 0
    while True:
        coefficients, scale = _interpolated(function, low, high, count)
        evaluations += count + 1
        tail = float(np.max(np.abs(coefficients[-max(count // 8, 2) :])))
        converged = tail <= 64 * _EPS * scale
        if converged or count >= _MOST:
            break
        count *= 2
    small = np.abs(coefficients) <= _EPS * scale
    kept = len(small) - int(np.argmin(small[::-1])) if not small.all() else 1
    half = (high - low) / 2
    summed = np.polynomial.chebyshev.chebint(coefficients[:kept], lbnd=-1, scl=1) * half
    error = (tail * math.sqrt(count) + 8 * _EPS * scale) * 2 * half
    return Antiderivative(low, high, summed, error, converged, evaluations)


def _interpolated(
    function: Callable[[Tensor], Tensor], low: float, high: float, count: int
) -> tuple[Array, float]:
    """The coefficients of the interpolant at the extreme points of T_count, and max |f|."""
    from scipy.fft import dct

    angle = np.pi * np.arange(count + 1) / count
    x = np.clip((low + high) / 2 + (high - low) / 2 * np.cos(angle), low, high)
    with np.errstate(all="ignore"):
        values = np.array(values_of(function, x))
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise DomainError(
            f"the function is not finite at x = {x[bad[0]]:.17g}; end the interval before that "
            "point"
        )
    coefficients = dct(values, type=1) / count
    coefficients[[0, -1]] /= 2
    return coefficients, float(np.max(np.abs(values)))
