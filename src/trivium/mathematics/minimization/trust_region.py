"""The quadratic model of a function at a point, and its minimizer within a radius.

m(p) = gᵀp + ½ pᵀHp, ‖p‖ ≤ Δ. p is the minimizer exactly when (H + σI)p = -g with σ ≥ 0,
H + σI positive semidefinite and σ(Δ - ‖p‖) = 0.
Source: Moré & Sorensen (1983), "Computing a trust region step", SIAM J. Sci. Stat. Comput. 4;
for large n Steihaug (1983), SIAM J. Numer. Anal. 20, as in Nocedal & Wright (2006), *Numerical
Optimization*, 2nd ed., algorithms 7.2 and 7.1.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .function import Function

__all__ = ["MatrixModel", "ProductModel", "Step"]

Array = np.ndarray[Any, Any]
_EPSILON = float(np.finfo(np.float64).eps)


class Step(NamedTuple):
    """A step p (n,), the decrease -m(p) ≥ 0 that the model promises, and whether ‖p‖ = Δ."""

    p: Array
    predicted: float
    on_boundary: bool


class MatrixModel:
    """The model with its Hessian as a matrix, through its eigenvalues.

    ``values`` (n,) ascending, ``vectors`` (n, n) as columns.
    """

    def __init__(self, gradient: Array, hessian: Array) -> None:
        self.gradient = gradient
        self.values, self.vectors = np.linalg.eigh(hessian)
        self.coordinates = self.vectors.T @ gradient

    @property
    def negative(self) -> bool:
        """Whether some curvature is negative beyond rounding."""
        return bool(self.values[0] < -self._noise)

    @property
    def _noise(self) -> float:
        return 10 * len(self.values) * _EPSILON * float(np.abs(self.values).max(initial=0.0))

    def newton_length(self) -> float | None:
        """‖H⁻¹g‖ where H is positive definite, else None."""
        if not self.values[0] > self._noise:
            return None
        return float(np.linalg.norm(self.coordinates / self.values))

    def within(self, radius: float) -> Step:
        """The minimizer of the model within ``radius``."""
        q, boundary = self._within(radius)
        decrease = -float(self.coordinates @ q + 0.5 * (self.values * q) @ q)
        return Step(self.vectors @ q, decrease, boundary)

    def _within(self, radius: float) -> tuple[Array, bool]:
        """The minimizer in the coordinates of the eigenvectors."""
        g, values = self.coordinates, self.values
        if values[0] > self._noise:
            q = -g / values
            if np.linalg.norm(q) <= radius:
                return q, False
        least = max(0.0, -float(values[0]))
        lowest = values - values[0] <= 4 * self._noise
        rest = np.zeros_like(g)
        np.divide(-g, values + least, out=rest, where=~lowest)
        slope = float(np.linalg.norm(g[lowest]))
        short = float(np.linalg.norm(rest)) < radius
        if short and slope <= _EPSILON * max(float(np.linalg.norm(g)), 1e-300):
            # The hard case: g has no part along the lowest curvature, so any length along it,
            # in either direction, completes the step.
            if values[0] >= -self._noise:
                return rest, False
            rest[0] = math.sqrt(max(radius**2 - float(rest @ rest), 0.0))
            return rest, True
        sigma = self._shift(radius, least)
        return -g / (values + sigma), True

    def _shift(self, radius: float, least: float) -> float:
        """σ > ``least`` with ‖(Λ + σI)⁻¹g‖ = Δ: Newton on 1/Δ - 1/‖p‖, which is nearly linear."""
        g, values = self.coordinates, self.values
        norm = float(np.linalg.norm(g))
        low = least
        high = norm / radius - float(values[0])
        high = max(high, low + _EPSILON * max(1.0, abs(low))) * (1 + 4 * _EPSILON)
        below = float(np.linalg.norm(g[values <= values[0] + self._noise]))
        sigma = max(below / radius - float(values[0]), low + (high - low) * 1e-8)
        for _ in range(100):
            shifted = values + sigma
            if shifted[0] <= 0:
                low, sigma = sigma, 0.5 * (sigma + high)
                continue
            q = g / shifted
            length = float(np.linalg.norm(q))
            if abs(length - radius) <= 1e-10 * radius:
                break
            if length > radius:
                low = max(low, sigma)
            else:
                high = min(high, sigma)
            bend = radius * float((q / shifted) @ q)
            # Where numbers this large or small underflow, bisection goes on alone.
            following = sigma + ((length - radius) * length**2 / bend if bend else math.nan)
            sigma = following if low < following < high else 0.5 * (low + high)
            if high - low <= 4 * _EPSILON * max(abs(high), 1e-300):
                break
        return sigma

    def downhill(self) -> Array:
        """-|H|⁻¹g: the Newton direction with every curvature made positive.

        Curvatures that are zero to rounding are raised to that level, so the direction is one of
        descent and of bounded length (Nocedal & Wright 2006, §3.4).
        """
        size = np.abs(self.values)
        least = self._noise or 1.0
        return np.asarray(-self.vectors @ (self.coordinates / np.maximum(size, least)))

    def notes(self) -> list[str]:
        """What the Hessian says about this point."""
        size = np.abs(self.values)
        if self.negative:
            count = int(np.sum(self.values < -self._noise))
            return [
                f"The Hessian has {count} negative eigenvalue{'s' * (count > 1)} here (the "
                f"lowest is {self.values[0]:.3g}), so this is no minimum: the function falls "
                "along that direction."
            ]
        flat = int(np.sum(size <= self._noise))
        if flat:
            return [
                f"The Hessian is singular here to rounding ({flat} of {len(size)} eigenvalues "
                "are zero), so the minimum may not be the only one and x is less accurate than "
                "the value."
            ]
        condition = float(size.max() / size.min())
        return [
            f"The Hessian is positive definite here with condition number {condition:.2g}, so "
            f"about {round(math.log10(condition))} of 16 digits of x are lost."
        ]


class ProductModel:
    """The model through products of the Hessian with vectors, for many unknowns."""

    def __init__(self, function: Function, x: Array, gradient: Array) -> None:
        self.function, self.x, self.gradient = function, x.copy(), gradient
        self.lowest: float | None = None
        self._direction: Array | None = None
        norm = float(np.linalg.norm(gradient))
        self._tolerance = min(0.5, math.sqrt(norm)) * norm
        self._most = max(20, 2 * x.size)

    def _times(self, v: Array) -> Array:
        return self.function.hessian_vector(self.x, v)

    @property
    def negative(self) -> bool:
        """Whether the lowest curvature, by Lanczos iteration, is negative beyond rounding."""
        if self.lowest is None:
            self.lowest, self._direction, largest = lowest_curvature(self._times, self.x.size)
            if not self.lowest < -1e-8 * largest:
                self._direction = None
        return self._direction is not None

    def newton_length(self) -> float | None:
        """Not known without solving for it."""
        return None

    def within(self, radius: float) -> Step:
        """Conjugate gradients until the boundary or negative curvature (Steihaug)."""
        if self._direction is not None and not np.linalg.norm(self.gradient) > 1e-8:
            p = radius * self._direction
            if p @ self.gradient > 0:
                p = -p
            return Step(p, self._decrease(p), True)
        p, r = np.zeros_like(self.gradient), self.gradient.copy()
        d = -r
        for _ in range(self._most):
            hd = self._times(d)
            curvature = float(d @ hd)
            if not math.isfinite(curvature):
                break
            squared = float(r @ r)
            alpha = squared / curvature if curvature > 0 else math.inf
            if curvature <= 0 or np.linalg.norm(p + alpha * d) >= radius:
                p = p + _to_boundary(p, d, radius) * d
                return Step(p, self._decrease(p), True)
            p, r = p + alpha * d, r + alpha * hd
            after = float(r @ r)
            if math.sqrt(after) <= self._tolerance:
                break
            d = -r + after / squared * d
        return Step(p, self._decrease(p), False)

    def _decrease(self, p: Array) -> float:
        return -float(self.gradient @ p + 0.5 * p @ self._times(p))

    def downhill(self) -> Array:
        """The truncated Newton direction (Nocedal & Wright 2006, algorithm 7.1)."""
        z, r = np.zeros_like(self.gradient), self.gradient.copy()
        d = -r
        for i in range(self._most):
            hd = self._times(d)
            curvature = float(d @ hd)
            if not curvature > _EPSILON * float(d @ d):
                return -self.gradient if i == 0 else z
            squared = float(r @ r)
            alpha = squared / curvature
            z, r = z + alpha * d, r + alpha * hd
            after = float(r @ r)
            if math.sqrt(after) <= self._tolerance:
                break
            d = -r + after / squared * d
        return z

    def notes(self) -> list[str]:
        """What the lowest curvature says about this point, if it was sought."""
        if self.lowest is None or math.isnan(self.lowest):
            return []
        if self.negative:
            return [
                f"The Hessian has a negative eigenvalue here ({self.lowest:.3g}), so this is no "
                "minimum: the function falls along that direction."
            ]
        return [
            "The lowest eigenvalue of the Hessian here is, by Lanczos iteration, at most "
            f"{self.lowest:.3g}."
        ]


def _to_boundary(p: Array, d: Array, radius: float) -> float:
    """τ ≥ 0 with ‖p + τd‖ = Δ, without cancellation."""
    a, b, c = float(d @ d), float(p @ d), float(p @ p) - radius**2
    root = math.sqrt(max(b * b - a * c, 0.0))
    return -c / (b + root) if b > 0 else (root - b) / a


def lowest_curvature(times: Any, size: int) -> tuple[float, Array, float]:
    """The lowest eigenvalue of a symmetric operator, its vector, and the largest in size.

    By Lanczos iteration with full reorthogonalisation from a fixed start, at most 60 steps:
    the lowest Ritz value is an upper bound of the eigenvalue. Source: Golub & Van Loan (2013),
    *Matrix Computations*, 4th ed., §10.1.
    """
    words = np.random.Philox(key=0).random_raw(size).astype(np.float64)
    v = words / 2.0**64 - 0.5
    basis = [v / np.linalg.norm(v)]
    diagonal: list[float] = []
    beside: list[float] = []
    for _ in range(min(size, 60)):
        w = times(basis[-1])
        if not np.isfinite(w).all():
            break
        diagonal.append(float(w @ basis[-1]))
        for _ in range(2):
            for each in basis:
                w = w - float(w @ each) * each
        length = float(np.linalg.norm(w))
        if len(basis) == size or not length > 1e-10 * (abs(diagonal[-1]) + 1e-300):
            break
        beside.append(length)
        basis.append(w / length)
    k = len(diagonal)
    if not k:  # nothing finite, nothing known
        return math.nan, basis[0], math.nan
    matrix = np.diag(diagonal) + np.diag(beside[: k - 1], 1) + np.diag(beside[: k - 1], -1)
    values, vectors = np.linalg.eigh(matrix)
    vector = sum(float(c) * each for c, each in zip(vectors[:, 0], basis, strict=False))
    return float(values[0]), np.asarray(vector), float(np.abs(values).max())
