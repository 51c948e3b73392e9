"""Is a linear function enough? The leave-one-out errors of two regressions tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Linearity", "linearity"]

Array = np.ndarray[Any, Any]

ROWS = 500  # the eigenvectors of a matrix this large take a fraction of a second
SLACK = 1.01  # errors within this factor of the smallest count as equal to it

_PENALTIES = 10.0 ** np.arange(-4, 3.5, 0.5)
_WIDTHS = (0.25, 1.0, 4.0)


@dataclass(frozen=True)
class Linearity:
    """How well two regressions predict rows that they did not see.

    ``linear`` and ``curved``: mean squared leave-one-out errors, as shares of the target's
    variance, of ridge regression and of kernel ridge regression. ``penalty``: λ of
    (1/N) Σ ‖x_i w + b - y_i‖² + λ ‖w‖², the strongest whose error is within 1 % of the
    smallest. ``rows``: how many were looked at.
    """

    linear: float
    curved: float
    penalty: float
    rows: int

    @property
    def ratio(self) -> float:
        """The share of the linear model's error that a curved one leaves."""
        return self.curved / self.linear if self.linear > 0 else 1.0


def linearity(x: Array, y: Array) -> Linearity:
    """Compare a linear with a curved regression of ``y`` on ``x`` by leave-one-out errors.

    Shapes: x (N, d), standardised; y (N, k), for classes their indicator columns. The curved
    one has the kernel exp(-g ‖x - x'‖² / m), m the median squared distance, and the best g of
    ¼, 1 and 4. Both have an intercept, and penalties on a fixed grid. Nothing is random.

    With the eigenvectors of the centred kernel matrix K = V diag(s) Vᵀ every penalty λ costs
    O(N²): the fit is H y, H = V diag(s / (s + λ)) Vᵀ + 1/N, and the residual of row i when it
    is left out is (y - H y)_i / (1 - H_ii). Source: Golub, Heath & Wahba (1979), "Generalized
    cross-validation as a method for choosing a good ridge parameter", Technometrics 21, eq.
    (1.3); Rasmussen & Williams (2006), *Gaussian Processes for Machine Learning*, eq. (5.12).
    """
    n, d = x.shape
    centred = y - y.mean(axis=0)
    variance = float((centred**2).mean())
    if n < 3 or d == 0 or variance == 0:
        return Linearity(1.0, 1.0, 1.0 / max(n, 1), n)
    x = x - x.mean(axis=0)
    linear, penalty = _leave_one_out(x @ x.T / d, centred, SLACK)
    distances = _squared_distances(x)
    apart = distances[distances > 0]
    curved = linear
    if len(apart):
        middle = float(np.median(apart))
        for width in _WIDTHS:
            kernel = np.exp(distances * (-width / middle))
            curved = min(curved, _leave_one_out(kernel, centred, 1.0)[0])
    return Linearity(linear / variance, curved / variance, float(penalty * d), n)


def _squared_distances(x: Array) -> Array:
    squares = (x**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * (x @ x.T)
    # Rounding leaves tiny distances between equal rows.
    return np.where(distances > 1e-9 * squares.max(initial=0.0), distances, 0.0)


def _leave_one_out(kernel: Array, y: Array, slack: float) -> tuple[float, float]:
    """The smallest error over the penalties, and the strongest penalty within ``slack``."""
    n = len(kernel)
    means = kernel.mean(axis=0)
    values, vectors = np.linalg.eigh(kernel - means[:, None] - means + means.mean())
    values = np.maximum(values, 0.0)
    rotated = vectors.T @ y
    squares = vectors**2
    errors = np.empty(len(_PENALTIES))
    for i, penalty in enumerate(_PENALTIES):
        kept = values / (values + n * penalty)
        leverage = np.minimum(squares @ kept + 1 / n, 1 - 1e-9)
        residual = (y - vectors @ (kept[:, None] * rotated)) / (1 - leverage)[:, None]
        errors[i] = (residual**2).mean()
    good = np.flatnonzero(errors <= slack * errors.min())
    return float(errors.min()), float(_PENALTIES[good[-1]])
