"""The linear least-squares problem of one step: min ‖r + Jp‖ subject to ‖Dp‖ ≤ Δ.

J is reduced to its triangle by QR; the triangle's singular value decomposition then gives the
step for every damping λ at once, p(λ) = -D⁻¹V(s c / (s² + λ)).
Source: Moré (1978), LNM 630, §3; Golub & Van Loan (2013), *Matrix Computations*, 4th ed., §6.2.1.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["DampedStep", "Linearized"]

Array = np.ndarray[Any, Any]
_EPSILON = float(np.finfo(np.float64).eps)
_BLOCK = 9000  # elements of a block of rows


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


class Linearized:
    """Residuals r (m,) and Jacobian J (m, n) at a point."""

    def __init__(self, r: Array, jacobian: Array) -> None:
        self.r, self.jacobian = r, jacobian
        n = jacobian.shape[1]
        factor = _triangle(jacobian, r)
        self._triangle = factor[:n, :n], factor[:n, n]
        top, right = self._triangle
        # QᵀQ = I, so R has the columns' lengths and Rᵀz is Jᵀr.
        self.value = float(r @ r)
        self.lengths: Array = np.linalg.norm(top, axis=0)
        pulled = top.T @ right
        self.gradient = 2 * pulled
        norm = math.sqrt(self.value) if self.value >= 0 else math.nan
        scale = self.lengths * norm
        cosines = np.zeros_like(pulled)
        np.divide(np.abs(pulled), scale, out=cosines, where=scale > 0)
        #: The largest |cos| of the angle between r and a column of J: 0 at a critical point.
        self.cosine = float(cosines.max(initial=0.0))
        self._scaled: tuple[Array, Array, Array, Array] | None = None

    def step(self, scale: Array, radius: float) -> DampedStep:
        """The step within ‖Dp‖ ≤ ``radius``, D = diag(``scale``) > 0."""
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

    def acceleration(self, step: DampedStep, scale: Array, bend: Array) -> Array:
        """-½(JᵀJ + λD²)⁻¹Jᵀb: the second-order part of the geodesic step."""
        _, s, rows, _ = self._svd(scale)
        kept = s > self._tolerance(s)
        s, rows = s[kept], rows[kept]
        pulled = rows @ ((self.jacobian.T @ bend) / scale)
        return np.asarray(-0.5 * (rows.T @ (pulled / (s * s + step.damping))) / scale)

    def _tolerance(self, s: Array) -> float:
        return max(self.jacobian.shape) * _EPSILON * float(s.max(initial=0.0))

    def _svd(self, scale: Array) -> tuple[Array, Array, Array, Array]:
        """(D, s, Vᵀ, Uᵀz) of the triangle scaled by D⁻¹; z = Qᵀr."""
        if self._scaled is None or not np.array_equal(self._scaled[0], scale):
            top, right = self._triangle
            left, s, rows = np.linalg.svd(top / scale, full_matrices=False)
            self._scaled = scale, s, rows, left.T @ right
        return self._scaled

    def notes(self) -> list[str]:
        """Rank and condition of J with its columns scaled to length 1."""
        if not np.isfinite(self.jacobian).all():
            return []
        dead = np.flatnonzero(self.lengths == 0)
        _, s, _, _ = self._svd(np.where(self.lengths > 0, self.lengths, 1.0))
        n = self.jacobian.shape[1]
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


def _triangle(jacobian: Array, r: Array) -> Array:
    """The triangle of the QR factorisation of [J, r], at most n + 1 rows.

    A tall matrix goes through in blocks of rows, [R; block] of all of them again: each block
    stays in the cache, and is too small for LAPACK's threads to wait for each other.
    """
    rows, n = jacobian.shape
    block = _BLOCK // (n + 1)
    if block < 4 * (n + 1) or rows < 2 * block:
        block = rows
    parts = [_joined(jacobian[i : i + block], r[i : i + block]) for i in range(0, rows, block)]
    while len(parts) > 1:  # as many triangles at a time as make a block
        count = max(2, block // (n + 1))
        parts = [
            _reduced(np.asfortranarray(np.concatenate(parts[i : i + count])))
            for i in range(0, len(parts), count)
        ]
    return parts[0]


def _joined(jacobian: Array, r: Array) -> Array:
    """The triangle of one block of [J, r]."""
    rows, n = jacobian.shape
    both = np.empty((rows, n + 1), order="F")
    both[:, :n], both[:, n] = jacobian, r
    return _reduced(both)


def _reduced(rows: Array) -> Array:
    """The triangle of ``rows``, which are overwritten."""
    from scipy.linalg import lapack  # numpy.linalg.qr takes four times as long for tall ones

    factor: Array = lapack.dgeqrf(rows, overwrite_a=1)[0]
    top = factor[: rows.shape[1]]
    return np.asarray(top * _upper(*top.shape))


@functools.cache
def _upper(rows: int, columns: int) -> Array:
    """Ones on and above the diagonal: what QR leaves below it are reflectors."""
    return np.triu(np.ones((rows, columns)))


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
