"""The linear least-squares problem of one step: min ‖r + Jp‖ subject to ‖Dp‖ ≤ Δ.

J is reduced to a triangle (``least_squares_factor``), whose singular value decomposition then
gives the step for every damping λ at once, p(λ) = -D⁻¹V(s c / (s² + λ)).
Source: Moré (1978), LNM 630, §3; Golub & Van Loan (2013), *Matrix Computations*, 4th ed., §6.2.1.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .least_squares_factor import Factor, by_cholesky, by_qr
from .residuals import Residuals

__all__ = ["DampedStep", "Linearized", "linearized", "tall"]

Array = np.ndarray[Any, Any]
_EPSILON = float(np.finfo(np.float64).eps)
_TALL = 4096  # elements of J; the QR factorization of a smaller one costs nothing


@dataclass(frozen=True)
class DampedStep:
    """A step p (n,) with its damping λ, ‖Dp‖, and what the linear model promises of it.

    ``predicted``: the relative decrease of ‖r‖²; ``slope``: half its derivative at 0.
    """

    p: Array
    damping: float
    length: float
    predicted: float
    slope: float


def tall(residuals: Residuals) -> bool:
    """Whether J is so large that its products are worth a try before its QR factorization."""
    return residuals.length * residuals.size >= _TALL


def linearized(residuals: Residuals, x: Array, r: Array | None, regular: bool) -> Linearized:
    """The residuals near ``x``; ``r``: their values there, if they are known already.

    ``regular``: whether JᵀJ is likely to be well-conditioned, as it was at the point before.
    """
    jacobian = None
    if regular and tall(residuals):
        r, gram, jacobian = residuals.gram(x)
        factor = by_cholesky(gram)
        if factor is not None:
            return Linearized(r, factor, functools.partial(residuals.pulled, x))
    if r is None:
        r = residuals.residuals(x)
    if jacobian is None:
        jacobian = residuals.jacobian(x)
    return Linearized(r, by_qr(jacobian, r), functools.partial(np.matmul, jacobian.T))


class Linearized:
    """The residuals r (m,) and their linear model r + Jp at a point; ``pull``: u ↦ Jᵀu."""

    def __init__(self, r: Array, factor: Factor, pull: Callable[[Array], Array]) -> None:
        self.r, self.regular, self.lengths = r, factor.regular, factor.lengths
        self._pull = pull
        self._triangle, pulled = (factor.triangle, factor.right), factor.pulled
        self.value = float(r @ r)
        self.gradient = 2 * pulled
        #: Whether there is a linear model: a Jacobian that is not finite leaves NaN here.
        self.finite = bool(np.isfinite(pulled).all())
        norm = math.sqrt(self.value) if self.value >= 0 else math.nan
        scale = self.lengths * norm
        cosines = np.zeros_like(pulled)
        np.divide(np.abs(pulled), scale, out=cosines, where=scale > 0)
        #: The largest |cos| of the angle between r and a column of J: 0 at a critical point.
        self.cosine = float(cosines.max(initial=0.0))
        self._scaled: tuple[Array, Array, Array, Array] | None = None

    def step(self, scale: Array, radius: float) -> DampedStep:
        """The step within ‖Dp‖ ≤ ``radius``, D = diag(``scale``) > 0."""
        full_step = self._undamped(scale) if self.regular else None
        if full_step is not None and full_step.length <= 1.1 * radius:
            return full_step
        _, s, rows, c = self._svd(scale)
        kept = s > self._tolerance(s)
        s, rows, c = s[kept], rows[kept], c[kept]
        full = c / s
        damping = 0.0
        if float(np.linalg.norm(full)) > 1.1 * radius:
            damping = _damping(s, c, radius)
            full = s * c / (s * s + damping)
        p = -(rows.T @ full) / scale
        norm = math.sqrt(self.value)
        linear = float(np.linalg.norm(s * full)) / norm
        length = float(np.linalg.norm(full))
        damped = math.sqrt(damping) * length / norm
        return DampedStep(
            p, damping, length, linear**2 + 2 * damped**2, -(linear**2 + damped**2)
        )

    def _undamped(self, scale: Array) -> DampedStep:
        """The Gauss-Newton step of a regular J: -R⁻¹Qᵀr."""
        from scipy.linalg import lapack

        top, right = self._triangle
        p = -lapack.dtrtrs(top, right)[0]
        squared = float(right @ right) / self.value
        return DampedStep(p, 0.0, float(np.linalg.norm(scale * p)), squared, -squared)

    def acceleration(self, step: DampedStep, scale: Array, ahead: Array, part: float) -> Array:
        """-½(JᵀJ + λD²)⁻¹Jᵀr_vv: the second-order part of the geodesic step.

        ``ahead``: the residuals after ``part`` h of the step v. The second derivative along v is
        taken as a difference, 2/h ((r(x + hv) - r)/h - Jv) (Transtrum & Sethna 2012, §4.2).
        """
        top = self._triangle[0]
        bend = 2 / part * (self._pull(ahead - self.r) / part - top.T @ (top @ step.p))
        if self.regular and step.damping == 0:
            from scipy.linalg import lapack

            return np.asarray(-0.5 * lapack.dpotrs(top, bend)[0])
        _, s, rows, _ = self._svd(scale)
        kept = s > self._tolerance(s)
        s, rows = s[kept], rows[kept]
        pulled = rows @ (bend / scale)
        return np.asarray(-0.5 * (rows.T @ (pulled / (s * s + step.damping))) / scale)

    def _tolerance(self, s: Array) -> float:
        return max(self.r.size, self.lengths.size) * _EPSILON * float(s.max(initial=0.0))

    def _svd(self, scale: Array) -> tuple[Array, Array, Array, Array]:
        """(D, s, Vᵀ, Uᵀz) of the triangle scaled by D⁻¹; z = Qᵀr."""
        if self._scaled is None or not np.array_equal(self._scaled[0], scale):
            top, right = self._triangle
            left, s, rows = np.linalg.svd(top / scale, full_matrices=False)
            self._scaled = scale, s, rows, left.T @ right
        return self._scaled

    def notes(self) -> list[str]:
        """Rank and condition of J with its columns scaled to length 1."""
        if not self.finite:
            return []
        dead = np.flatnonzero(self.lengths == 0)
        _, s, _, _ = self._svd(np.where(self.lengths > 0, self.lengths, 1.0))
        n = self.lengths.size
        rank = int(np.sum(s > self._tolerance(s)))
        notes = [
            f"x[{int(j)}] has no effect on the residuals here: its column of the Jacobian is "
            "zero."
            for j in dead[:5]
        ]
        if rank < n:
            notes.append(
                f"The Jacobian has rank {rank} for {n} unknowns here, so the minimum is "
                "attained by many x; the shortest steps were taken."
            )
            return notes
        condition = float(s[0] / s[-1])
        return [
            f"The Jacobian, its columns scaled to length 1, has condition number "
            f"{condition:.2g}, so about {round(math.log10(condition))} of 16 digits of x are "
            "lost."
        ]


def _damping(s: Array, c: Array, radius: float) -> float:
    """λ > 0 with |‖s c / (s² + λ)‖ - Δ| ≤ Δ/10, by Newton on 1/Δ - 1/‖q‖ (Moré 1978, §5)."""
    low = 0.0
    high = float(np.linalg.norm(s * c)) / radius
    damping = 0.001 * high
    for _ in range(100):
        q = s * c / (s * s + damping)
        length = float(np.linalg.norm(q))
        if abs(length - radius) <= 0.1 * radius:
            break
        if length > radius:
            low = damping
        else:
            high = damping
        change = (length - radius) / radius * length**2
        change /= max(float((q / (s * s + damping)) @ q), 1e-300)
        following = damping + change
        damping = following if low < following < high else max(math.sqrt(low * high), low * 2)
        if not low < damping < high:
            damping = 0.5 * (low + high)
    return damping
