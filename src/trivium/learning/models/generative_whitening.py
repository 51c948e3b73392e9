"""Matrices that turn correlated features into independent ones, also where there are too few
examples for all correlations."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

__all__ = ["RIDGE", "Whitening", "note_on_condition", "whiten"]

Array = np.ndarray[Any, Any]

#: What is added to a correlation matrix that is singular.
RIDGE = 1e-6
# Of the eigenvalues of a correlation matrix, smallest by largest: below it is rounding.
_RANK = 1e-12
_EPS = float(np.finfo(np.float64).eps)


class Whitening(NamedTuple):
    """R = L⁻¹ with R C Rᵀ = I for a correlation matrix C = L Lᵀ, lower triangular.

    ``rank``: of C as it was estimated and shrunk; ``root`` is R, of C if that is regular, else
    of the repaired one. ``shrinkage``: what was used. ``few``: whether C was singular because
    there are fewer examples than features.
    """

    root: Array
    rank: int
    condition: float
    shrinkage: float
    few: bool

    @property
    def singular(self) -> bool:
        """Whether C had to be repaired."""
        return self.rank < len(self.root)

    def note(self, asked: float | str | None) -> str:
        """What the user should know."""
        if not self.singular:
            estimated = (
                f"Shrinkage {self.shrinkage:.3g} was estimated. " if asked == "auto" else ""
            )
            return estimated + note_on_condition("covariance", self.condition)
        start = (
            f"The covariance within the classes is singular (rank {self.rank} for "
            f"{len(self.root)} features)"
        )
        if self.few:
            return (
                f"{start}, because there are too few examples: correlations were shrunk by an "
                f'estimated {self.shrinkage:.3g}, as with shrinkage="auto".'
            )
        return (
            f"{start}: {RIDGE:g} of each variance was added to the diagonal. Where features "
            "follow from others in the same way in all classes this changes nothing."
        )


def whiten(
    residual: Array, weight: Array, shrinkage: float | str | None, means: int
) -> Whitening:
    """The whitening of ``residual`` (n, d), whose columns have variance 1 (or are zero).

    ``means``: how many means were taken off before. ``shrinkage``: s takes C to (1 - s) C + s
    I; "auto" estimates it.
    """
    share = weight / weight.sum()
    correlation = residual.T @ (share[:, None] * residual)
    np.fill_diagonal(correlation, 1.0)
    amount = 0.0 if shrinkage is None else shrinkage
    if amount == "auto":
        amount = _estimated(residual, share, correlation)
    assert isinstance(amount, float)
    shrunk = _shrunk(correlation, amount)
    rank, condition = _rank(shrunk)
    size = len(shrunk)
    few = False
    if rank < size:
        few = _examples(residual, share) - means < size and not amount
        if few:
            amount = _estimated(residual, share, correlation)
            shrunk = _shrunk(correlation, amount)
        if _rank(shrunk)[0] < size:
            shrunk = shrunk + RIDGE * np.eye(size)
    return Whitening(_inverse_factor(shrunk), rank, condition, amount, few)


def _shrunk(correlation: Array, amount: float) -> Array:
    found = (1 - amount) * correlation
    np.fill_diagonal(found, 1.0)
    return found


def _rank(correlation: Array) -> tuple[int, float]:
    """The numerical rank, and the condition number where that is full (else infinite)."""
    eigenvalues = np.linalg.eigvalsh(correlation)
    least = max(_RANK, 10 * len(correlation) * _EPS) * eigenvalues[-1]
    rank = int((eigenvalues > least).sum())
    if rank < len(correlation):
        return rank, math.inf
    return rank, float(eigenvalues[-1] / eigenvalues[0])


def _estimated(residual: Array, share: Array, correlation: Array) -> float:
    """Σ_{i≠j} Var(r_ij) / Σ_{i≠j} r_ij², between 0 and 1: the s of least expected squared error.

    Source: Schäfer & Strimmer (2005), "A shrinkage approach to large-scale covariance matrix
    estimation", Stat. Appl. Genet. Mol. Biol. 4(1):32, table 2, target D.
    """
    examples = _examples(residual, share)
    squares = residual**2
    # Var of a mean of products, for all pairs together; the diagonal is left out.
    spread = squares.T @ (share[:, None] * squares) - correlation**2
    outside = ~np.eye(len(correlation), dtype=bool)
    noise = float(spread[outside].sum()) / max(examples - 1, 1e-12)
    signal = float((correlation[outside] ** 2).sum())
    if signal <= 0:
        return 0.0
    return min(max(noise / signal, 0.0), 1.0)


def _examples(residual: Array, share: Array) -> float:
    """How many examples these are worth: (Σw)²/Σw², where those that are alike are one.

    So copies count as their weights would. Source: Kish (1965), *Survey Sampling*, §8.2.
    """
    there = share > 0
    which = np.unique(residual[there], axis=0, return_inverse=True)[1].ravel()
    return float(1 / (np.bincount(which, weights=share[there]) ** 2).sum())


def _inverse_factor(matrix: Array) -> Array:
    """L⁻¹ of the Cholesky factor: lower triangular."""
    from scipy.linalg import solve_triangular

    factor = np.linalg.cholesky(matrix)
    found: Array = solve_triangular(factor, np.eye(len(matrix)), lower=True)
    return found


def note_on_condition(what: str, condition: float) -> str:
    """How many digits a condition number costs."""
    lost = round(math.log10(max(condition, 1.0)))
    return (
        f"Condition number of the {what} (as correlations) {condition:.2g}, so about {lost} of "
        "16 digits are lost."
    )
