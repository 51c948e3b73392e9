"""Rank, in three senses, and whether a symmetric matrix is definite."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from ...engine.array.arguments import ArrayLike
from ...engine.array.transcendental import exp, log
from ...engine.composites import cast, where
from ...engine.dtypes import int64
from ...engine.tensor import Tensor
from ..errors import DomainError
from .arguments import (
    Array,
    finite_matrix,
    matrices,
    relative_tolerance,
    square_matrix,
    working_unit,
)
from .factorizations import svdvals
from .norms import matrix_norm
from .solving import rank_tolerance

__all__ = [
    "Definiteness",
    "DefinitenessKind",
    "Rank",
    "definiteness",
    "effective_rank",
    "matrix_rank",
    "rank",
    "stable_rank",
]


def matrix_rank(x: ArrayLike, /, *, rtol: float | None = None) -> Tensor:
    """The numerical rank: how many singular values exceed rtol · σ₁; int64, (…, n, m) → (…).

    0 for a matrix with an entry that is not finite, which has none (``rank`` refuses it).
    ``rtol``: default max(n, m) ε of the dtype: what rounding of the entries alone can make of
    a zero singular value. Raises ShapeError for fewer than two axes, ArgumentError for a
    negative tolerance. Source: Golub & Van Loan, *Matrix Computations*, 4th ed., §5.4.1.
    """
    given = matrices("matrix_rank", x)
    s = svdvals(given)
    if not s.shape[-1]:
        return cast(s.sum(axis=-1), int64)
    limit = s.max(axis=-1, keepdims=True) * rank_tolerance("matrix_rank", given, rtol)
    return cast(s > limit, int64).sum(axis=-1)


def effective_rank(x: ArrayLike, /) -> Tensor:
    """exp of the entropy of the singular values' shares pᵢ = σᵢ/Σσ: (…, n, m) → (…).

    Between 1 and the rank: how many directions the matrix uses to a similar extent; 0 for a
    zero matrix. Differentiable. Raises ShapeError for fewer than two axes. Source: Roy &
    Vetterli, The effective rank, EUSIPCO 2007, eq. 4.
    """
    s = svdvals(matrices("effective_rank", x))
    total = s.sum(axis=-1, keepdims=True)
    empty = total <= 0
    share = s / where(empty, 1.0, total)
    used = share > 0
    # 0 times a share is 0, and NaN for a matrix whose entries are not all finite.
    entropy = where(used, -share * log(where(used, share, 1.0)), 0.0 * share).sum(axis=-1)
    return where(empty[..., 0], 0.0, exp(entropy))


def stable_rank(x: ArrayLike, /) -> Tensor:
    """‖A‖_F²/‖A‖₂² = Σσ²/σ₁²: (…, n, m) → (…); at most the rank, insensitive to small σ.

    0 for a zero matrix. Differentiable. Raises ShapeError for fewer than two axes. Source:
    Rudelson & Vershynin, Journal of the ACM 54 (2007) 21, §1.
    """
    given = matrices("stable_rank", x)
    if 0 in given.shape[-2:]:
        return matrix_norm(given)
    large = matrix_norm(given, ord=2)
    zero = large <= 0
    ratio = matrix_norm(given) / where(zero, 1.0, large)
    return where(zero, 0.0, ratio * ratio)


@dataclass(frozen=True)
class Rank:
    """The rank of one matrix in three senses.

    ``numerical``: singular values above ``tolerance``. ``effective``: exp of their entropy.
    ``stable``: ‖A‖_F²/‖A‖₂². ``gap``: the smallest singular value that counts over the largest
    that does not (∞ if none is left): a small gap means that the rank depends on the
    tolerance.
    """

    numerical: int
    effective: float
    stable: float
    tolerance: float
    singular_values: Array
    shape: tuple[int, int]

    @property
    def full(self) -> bool:
        """Whether no row (or no column) is a combination of the others."""
        return self.numerical == min(self.shape)

    @property
    def gap(self) -> float:
        """How clearly the values that count are separated from those that do not."""
        s, k = self.singular_values, self.numerical
        if k == 0 or k == len(s) or s[k] == 0:
            return math.inf
        with np.errstate(over="ignore"):
            return float(s[k - 1] / s[k])

    def __str__(self) -> str:
        n, m = self.shape
        word = "full rank" if self.full else "rank"
        text = (
            f"{word} {self.numerical} of a {n} × {m} matrix (singular values above "
            f"{self.tolerance:.3g}); effective rank {self.effective:.4g}, stable rank "
            f"{self.stable:.4g}"
        )
        if self.gap < 1e3:
            text += (
                f". The next singular value is only {self.gap:.3g} times smaller than the last "
                "that counts: the rank depends on the tolerance"
            )
        return text

    __repr__ = __str__


def rank(x: Any, /, *, rtol: float | None = None) -> Rank:
    """The numerical, effective and stable rank of one matrix (n, m), with the tolerance used.

    ``rtol`` as for ``matrix_rank``. Raises ShapeError for what is not one matrix, DomainError
    for entries that are not finite, ArgumentError for a negative tolerance.
    """
    given, dtype = finite_matrix("rank", x)
    relative = relative_tolerance("rank", rtol, max(given.shape) * working_unit(dtype))
    s = np.linalg.svd(given, compute_uv=False) if given.size else np.zeros(0)
    limit = relative * float(s.max(initial=0.0))
    effective = stable = 0.0
    if s.max(initial=0.0) > 0:
        ratio = s / s[0]  # before any sum or product, so that no size overflows
        share = ratio / ratio.sum()
        share = share[share > 0]
        effective = float(np.exp(-np.sum(share * np.log(share))))
        stable = float(np.sum(ratio**2))
    shape = (int(given.shape[0]), int(given.shape[1]))
    return Rank(int(np.sum(s > limit)), effective, stable, limit, s, shape)


class DefinitenessKind(Enum):
    """What the signs of the eigenvalues are; every member's value is the sentence for people."""

    POSITIVE_DEFINITE = "All eigenvalues are positive: xᵀAx > 0 for every x ≠ 0."
    POSITIVE_SEMIDEFINITE = "No eigenvalue is negative, some are zero: xᵀAx ≥ 0 for every x."
    NEGATIVE_DEFINITE = "All eigenvalues are negative: xᵀAx < 0 for every x ≠ 0."
    NEGATIVE_SEMIDEFINITE = "No eigenvalue is positive, some are zero: xᵀAx ≤ 0 for every x."
    INDEFINITE = "Eigenvalues of both signs: xᵀAx is positive for some x, negative for others."
    ZERO = "All eigenvalues are zero: xᵀAx = 0 for every x."

    @property
    def sentence(self) -> str:
        """What it means, in one sentence."""
        return self.value


@dataclass(frozen=True)
class Definiteness:
    """The signs of a symmetric matrix's eigenvalues, and below what they count as zero.

    ``asymmetry``: ‖A - Aᵀ‖/‖A‖ of what was given; ``symmetrized``: whether the statement is
    about ½(A + Aᵀ) because that was asked for.
    """

    kind: DefinitenessKind
    smallest: float
    largest: float
    tolerance: float
    positive: int
    negative: int
    zero: int
    asymmetry: float
    symmetrized: bool

    def __str__(self) -> str:
        whose = " of the symmetric part" if self.symmetrized else ""
        return (
            f"{self.kind.name.lower().replace('_', ' ')}: eigenvalues{whose} from "
            f"{self.smallest:.6g} to {self.largest:.6g} ({self.positive} positive, {self.zero} "
            f"zero within {self.tolerance:.2g}, {self.negative} negative). {self.kind.sentence}"
        )

    __repr__ = __str__


def definiteness(
    x: Any, /, *, rtol: float | None = None, symmetric_part: bool = False
) -> Definiteness:
    """Whether a symmetric matrix (n, n) is positive or negative (semi)definite or indefinite.

    Eigenvalues up to ``rtol`` times the largest size count as zero; default n ε. A matrix that
    is not symmetric to that tolerance (10 n ε at least) is refused; with ``symmetric_part`` the
    answer is that of ½(A + Aᵀ), which has the same xᵀAx. Raises ShapeError for what is not one
    square matrix, DomainError for an asymmetric one or entries that are not finite,
    ArgumentError for a negative tolerance. Source: Golub & Van Loan, *Matrix Computations*,
    4th ed., §4.2.
    """
    given, dtype = square_matrix("definiteness", x)
    n = given.shape[0]
    unit = n * working_unit(dtype)
    relative = relative_tolerance("definiteness", rtol, unit)
    size = float(np.abs(given).max())
    asymmetry = float(np.abs(given - given.T).max() / size) if size else 0.0
    if asymmetry > max(relative, 10 * unit) and not symmetric_part:
        raise DomainError(
            f"definiteness: the matrix is not symmetric (entries differ from those mirrored by "
            f"up to {asymmetry:.2g} of the largest one). Definiteness is that of xᵀAx, which "
            "sees the symmetric part only: pass symmetric_part=True to ask about it"
        )
    values = np.linalg.eigvalsh(given / 2 + given.T / 2)
    limit = relative * float(np.abs(values).max())
    positive, negative = int(np.sum(values > limit)), int(np.sum(values < -limit))
    return Definiteness(
        _kind(positive, negative, n),
        float(values[0]), float(values[-1]), limit,
        positive, negative, n - positive - negative,
        asymmetry, bool(symmetric_part and asymmetry > 0),
    )  # fmt: skip


def _kind(positive: int, negative: int, n: int) -> DefinitenessKind:
    kinds = DefinitenessKind
    if positive and negative:
        return kinds.INDEFINITE
    if positive:
        return kinds.POSITIVE_DEFINITE if positive == n else kinds.POSITIVE_SEMIDEFINITE
    if negative:
        return kinds.NEGATIVE_DEFINITE if negative == n else kinds.NEGATIVE_SEMIDEFINITE
    return kinds.ZERO
