"""Least squares: the solution as an expression, and how far it can be trusted."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np

from ...engine.array.arguments import ArrayLike, floating_pair, refused
from ...engine.messages import shape_error
from ...engine.primitives import factorizations_solving
from ...engine.tensor import Tensor
from .arguments import Array, matrices, working_unit
from .condition_numbers import digits
from .solving import rank_tolerance, same_batch

__all__ = ["LeastSquares", "lstsq"]


class LeastSquares:
    """The solution of min ‖A x - b‖₂ of least norm, and how far it can be trusted.

    ``x``: the solution, a differentiable expression. The rest is computed from the values when
    it is first asked for: ``rank``, ``singular_values``, ``condition`` (σ₁/σ_rank),
    ``residual`` (‖A x - b‖ of every right-hand side), ``digits_lost`` (of the worst of them).
    """

    def __init__(
        self, matrix: Tensor, right: Tensor, solution: Tensor, tolerance: Tensor, vector: bool
    ) -> None:
        self.x = solution[..., 0] if vector else solution
        self._matrix, self._right, self._solution = matrix, right, solution
        self._tolerance, self._vector = tolerance, vector

    @cached_property
    def _values(self) -> tuple[Array, Array, Array]:
        """The matrix, the right-hand sides and the solutions, these two with columns."""
        a, b, x = (
            np.asarray(each.value, np.float64)
            for each in (self._matrix, self._right, self._solution)
        )
        return a, b, x

    @cached_property
    def singular_values(self) -> Array:
        """The singular values of the matrix, descending: (…, min(n, m))."""
        a = self._values[0]
        if not (a.size and np.isfinite(a).all()):
            return np.full((*a.shape[:-2], min(a.shape[-2:])), np.nan)
        return np.asarray(np.linalg.svd(a, compute_uv=False))

    @cached_property
    def rank(self) -> int | Array:
        """How many singular values exceed the tolerance: an int, or an array over the batch."""
        s = self.singular_values
        limit = float(self._tolerance.value) * s.max(axis=-1, keepdims=True, initial=0.0)
        count = np.sum(s > limit, axis=-1)
        return int(count) if count.ndim == 0 else count

    @cached_property
    def condition(self) -> float | Array:
        """The ratio of the largest singular value to the smallest one that is kept."""
        s, rank = self.singular_values, np.asarray(self.rank)
        if not s.shape[-1]:
            return 1.0 if rank.ndim == 0 else np.ones(rank.shape)
        least = np.take_along_axis(s, np.maximum(rank - 1, 0)[..., None], axis=-1)[..., 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.where(rank > 0, s[..., 0] / least, 1.0)
        return float(found) if found.ndim == 0 else found

    @cached_property
    def residual(self) -> float | Array:
        """‖A x - b‖₂: one number, or one for every right-hand side, (…, k)."""
        a, b, x = self._values
        found = np.linalg.norm(b - a @ x, axis=-2)
        found = found[..., 0] if self._vector else found
        return float(found) if found.ndim == 0 else found

    @property
    def full_rank(self) -> bool:
        """Whether every matrix has independent columns, so that the solution is the only one."""
        return bool(np.all(np.asarray(self.rank) == self._matrix.shape[-1]))

    @cached_property
    def digits_lost(self) -> float:
        """log₁₀ of the solution's condition number κ + κ² tan θ / η, of the worst right-hand side.

        θ is the angle between b and the columns' space, η = ‖A‖ ‖x‖ / ‖A x‖. Source: Trefethen
        & Bau, *Numerical Linear Algebra* (1997), theorem 18.1.
        """
        a, b, x = self._values
        if not a.size or not b.size:
            return 0.0
        if not all(np.isfinite(each).all() for each in (a, b, x)):
            return math.inf
        image = np.linalg.norm(a @ x, axis=-2)
        rest = np.linalg.norm(b - a @ x, axis=-2)
        size = self.singular_values[..., :1] * np.linalg.norm(x, axis=-2)
        kappa = np.asarray(self.condition)[..., None]
        with np.errstate(divide="ignore", invalid="ignore"):
            bent = np.where(rest == 0, 0.0, np.where(size == 0, 0.0, rest / size))
        # Where b is orthogonal to all columns, x = 0 and only absolute errors have a meaning.
        found = np.where(image == 0, kappa, kappa + kappa**2 * bent)
        return digits(float(np.max(found)))

    def __str__(self) -> str:
        n, m = self._matrix.shape[-2:]
        batch = self._matrix.shape[:-2]
        have = -math.log10(working_unit(self._matrix.dtype))
        first = f"least squares with {'matrices' if batch else 'a matrix'} of {n} × {m}" + (
            f", batch {batch}" if batch else ""
        )
        a, b, x = self._values
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            return f"{first}\n  entries that are not finite: their solutions are NaN"
        if not np.isfinite(x).all():
            return f"{first}\n  a solution is beyond the range of {self._matrix.dtype}"
        lines = [
            first,
            f"  rank {self.rank}"
            + ("" if self.full_rank else f" of {m}: of all solutions the one of least norm"),
            f"  condition {_short(self.condition)}, residual {_short(self.residual)}",
            f"  {self.digits_lost:.1f} of {have:.1f} digits may be lost",
        ]
        return "\n".join(lines)

    __repr__ = __str__


def _short(value: Any) -> str:
    array = np.asarray(value)
    if array.ndim == 0:
        return f"{float(array):.4g}"
    if not array.size:
        return "none"
    return f"{float(array.min()):.4g} to {float(array.max()):.4g}"


def lstsq(x1: ArrayLike, x2: ArrayLike, /, *, rtol: float | None = None) -> LeastSquares:
    """The x of least norm among those that minimize ‖A x - b‖₂, with its diagnosis.

    Shapes: A (…, n, m), b (n,) or (…, n, k), batch axes broadcast → ``.x`` (m,) or (…, m, k).
    Singular values up to ``rtol`` times the largest count as zero; default max(n, m) ε. The
    derivative is that at constant rank. Raises ShapeError when the shapes do not fit,
    ArgumentError for a negative tolerance; an entry that is not finite gives NaN. Source: Golub
    & Van Loan, *Matrix Computations*, 4th ed., §5.5.
    """
    left, right = floating_pair(x1, x2)
    left = matrices("lstsq", left)
    if not right.ndim:
        raise refused("lstsq", [left, right], "the right-hand side must be a vector or matrix")
    vector = right.ndim == 1
    column = right[:, None] if vector else right
    if column.shape[-2] != left.shape[-2]:
        raise shape_error(
            "lstsq",
            (left, right),
            f"the right-hand side has {column.shape[-2]} rows, the matrix {left.shape[-2]}",
            "give one right-hand number for every row (equation)",
            ("the matrix", "the right-hand side"),
        )
    left, column = same_batch("lstsq", left, column)
    tolerance = rank_tolerance("lstsq", left, rtol)
    found = factorizations_solving.lstsq(left, column, tolerance)
    return LeastSquares(left, column, found, tolerance, vector)
