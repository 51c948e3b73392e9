"""Condition numbers, and how many digits they cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine.array.arguments import ArrayLike
from ...engine.composites import where
from ...engine.errors import ShapeError
from ...engine.tensor import Tensor
from .arguments import finite_matrix, matrices, square_matrices, working_unit
from .factorizations import svdvals
from .norms import Order, matrix_norm
from .solving import inv

__all__ = ["Conditioning", "cond", "conditioning", "digits_lost"]


def cond(x: ArrayLike, /, *, p: Order | None = None) -> Tensor:
    """The condition number ‖A‖ ‖A⁻¹‖: (…, n, m) → (…); for ``p`` None or 2, σ_max/σ_min.

    By p = None or 2 (-2: its reciprocal) any shape is allowed and a singular matrix has ∞;
    other ``p``, as for ``matrix_norm``, need square matrices and raise SingularError for a
    singular one. Raises ShapeError for a matrix without entries. Source: Higham, *Accuracy and
    Stability of Numerical Algorithms*, 2nd ed., §6.3 and §7.1.
    """
    given = matrices("cond", x)
    if 0 in given.shape[-2:]:
        raise ShapeError(f"cond: a matrix of shape {given.shape[-2:]} has no singular values")
    if p in (None, 2, -2):
        s = svdvals(given)
        large, small = s[..., 0], s[..., -1]
        zero = large <= 0
        ratio = where(zero, math.inf, large / where(zero, 1.0, small))
        return 1.0 / ratio if p == -2 else ratio
    square = square_matrices("cond", given)
    assert p is not None
    return matrix_norm(square, ord=p) * matrix_norm(inv(square), ord=p)


def digits(condition: float) -> float:
    """log₁₀ of a condition number: the decimal digits that rounding may cost; 0 or more."""
    return (
        math.inf if not math.isfinite(condition) else max(math.log10(max(condition, 1.0)), 0.0)
    )


@dataclass(frozen=True)
class Conditioning:
    """How far the solution of equations with a matrix can be trusted.

    ``condition``: σ_max/σ_min. ``digits_lost``: log₁₀ of it. ``digits``: what the dtype has.
    ``rank``, ``shape``: the numerical rank, and the matrix's shape.
    """

    condition: float
    digits_lost: float
    digits: float
    rank: int
    shape: tuple[int, int]

    @property
    def digits_left(self) -> float:
        """The decimal digits that a solution can be expected to have; 0 if none."""
        return max(self.digits - self.digits_lost, 0.0)

    @property
    def full_rank(self) -> bool:
        """Whether the rows or the columns are independent to the working precision."""
        return self.rank == min(self.shape)

    def __str__(self) -> str:
        n, m = self.shape
        text = f"condition number {self.condition:.3g} of a {n} × {m} matrix: "
        if not self.full_rank:
            return text + (
                f"rank {self.rank} of {min(n, m)} to the working precision, so a solution is not "
                "determined by the data"
            )
        return text + (
            f"{self.digits_lost:.1f} of {self.digits:.1f} digits may be lost, "
            f"{self.digits_left:.1f} are left"
        )

    __repr__ = __str__


def conditioning(x: Any, /) -> Conditioning:
    """The condition number of one matrix (n, m), and the digits that it costs.

    A relative error ε of the data becomes one of up to κ ε in a solution, so log₁₀ κ digits
    are lost. Raises ShapeError for what is not one matrix with entries, DomainError for
    entries that are not finite. Source: Higham, *Accuracy and Stability of Numerical
    Algorithms*, 2nd ed., §1.6 and §7.1.
    """
    given, dtype = finite_matrix("conditioning", x)
    if not given.size:
        raise ShapeError(f"conditioning: a matrix of shape {given.shape} has no entries")
    s = np.linalg.svd(given, compute_uv=False)
    unit = working_unit(dtype)
    with np.errstate(over="ignore"):
        ratio = math.inf if s[-1] == 0 else float(s[0] / s[-1])
    rank = int(np.sum(s > max(given.shape) * unit * s[0]))
    shape = (int(given.shape[0]), int(given.shape[1]))
    return Conditioning(ratio, digits(ratio), -math.log10(unit), rank, shape)


def digits_lost(x: Any, /) -> float:
    """The decimal digits that solving equations with the matrix may cost: log₁₀ κ.

    ∞ for a singular matrix; errors as for ``conditioning``.
    """
    return conditioning(x).digits_lost
