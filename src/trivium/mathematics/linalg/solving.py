"""Linear equations, inverses, determinants and functions of matrices, all differentiable."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...engine.array.arguments import ArrayLike, floating_pair, integer, refused
from ...engine.composites import broadcast_to, matmul
from ...engine.messages import shape_error
from ...engine.primitives import factorizations_determinant, factorizations_solving
from ...engine.primitives.control import results
from ...engine.primitives.factorizations import identity
from ...engine.tensor import Tensor, literal
from .arguments import matrices, relative_tolerance, square_matrices, working_unit

__all__ = [
    "Slogdet",
    "adjugate",
    "det",
    "expm",
    "inv",
    "matrix_power",
    "pinv",
    "slogdet",
    "solve",
]


class Slogdet(NamedTuple):
    """The sign of the determinant and the logarithm of its size, each (…)."""

    sign: Tensor
    logabsdet: Tensor


def solve(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The solution X of A X = B.

    Shapes: A (…, n, n) and B (n,) or (…, n, k), batch axes broadcast → as B. LU with partial
    pivoting. Raises ShapeError when the shapes do not fit and, when evaluated, SingularError
    for a matrix whose estimated reciprocal condition number is below 2.2·10⁻¹⁶; a matrix with
    an entry that is not finite gives NaN. How many digits a solution has lost:
    ``tv.linalg.conditioning``. Source: Golub & Van Loan, *Matrix Computations*, 4th ed., §3.4.
    """
    left, right = floating_pair(x1, x2)
    left = square_matrices("solve", left)
    if not right.ndim:
        raise refused("solve", [left, right], "the right-hand side must be a vector or matrix")
    vector = right.ndim == 1
    column = right[:, None] if vector else right
    if column.shape[-2] != left.shape[-1]:
        raise shape_error(
            "solve",
            (left, right),
            f"the right-hand side has {column.shape[-2]} rows, the matrix {left.shape[-1]}",
            "give as many right-hand numbers as there are equations",
            ("the matrix", "the right-hand side"),
        )
    left, column = same_batch("solve", left, column)
    found = factorizations_solving.solve(left, column)
    return found[..., 0] if vector else found


def same_batch(asked: str, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """Matrices and right-hand sides with equal batch axes. Raises ShapeError if they differ."""
    try:
        batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    except ValueError:
        raise shape_error(
            asked,
            (left, right),
            f"the batch axes {left.shape[:-2]} and {right.shape[:-2]} must broadcast",
            "reshape one operand so that the leading axes are equal or 1",
            ("the matrix", "the right-hand side"),
        ) from None
    return (
        broadcast_to(left, (*batch, *left.shape[-2:])),
        broadcast_to(right, (*batch, *right.shape[-2:])),
    )


def inv(x: ArrayLike, /) -> Tensor:
    """The inverse: (…, n, n) → (…, n, n). ``solve`` is faster and loses fewer digits.

    Errors as for ``solve``.
    """
    given = square_matrices("inv", x)
    return factorizations_solving.solve(given, identity(given))


def det(x: ArrayLike, /) -> Tensor:
    """The determinant: (…, n, n) → (…). It overflows early: ``slogdet`` does not.

    The derivative is the transposed adjugate, so it exists at singular matrices too (second
    derivatives as well). Raises ShapeError for matrices that are not square.
    """
    return factorizations_determinant.det(square_matrices("det", x))


def slogdet(x: ArrayLike, /) -> Slogdet:
    """The sign of the determinant and ln|det|: (…, n, n) → (…), (…).

    A singular matrix has sign 0 and -∞; there the derivative does not exist, and evaluating it
    raises SingularError. Raises ShapeError for matrices that are not square.
    """
    return Slogdet(*results(factorizations_determinant.slogdet(square_matrices("slogdet", x))))


def adjugate(x: ArrayLike, /) -> Tensor:
    """The transposed matrix of cofactors, for which A adj(A) = det(A) I: (…, n, n) → (…, n, n).

    It exists for singular matrices. Raises ShapeError for matrices that are not square.
    """
    return factorizations_determinant.adjugate(square_matrices("adjugate", x))


def rank_tolerance(asked: str, x: Tensor, rtol: float | None) -> Tensor:
    """Below which share of the largest a singular value counts as zero: max(n, m) ε by default.

    Raises ArgumentError for a tolerance that is negative or no finite number.
    """
    unit = max(x.shape[-2:]) * working_unit(x.dtype)
    return literal(relative_tolerance(asked, rtol, unit), x.dtype)


def pinv(x: ArrayLike, /, *, rtol: float | None = None) -> Tensor:
    """The Moore-Penrose inverse A⁺: (…, n, m) → (…, m, n).

    Singular values up to ``rtol`` times the largest count as zero; default max(n, m) ε. The
    derivative is that at constant rank. Raises ShapeError for fewer than two axes,
    ArgumentError for a negative tolerance. Source: Golub & Van Loan, *Matrix Computations*,
    4th ed., §5.5.2.
    """
    given = matrices("pinv", x)
    return factorizations_solving.pinv(given, rank_tolerance("pinv", given, rtol))


def matrix_power(x: ArrayLike, n: int, /) -> Tensor:
    """Aⁿ by repeated squaring: (…, n, n) → (…, n, n); A⁰ = I, negative powers by ``inv``.

    Raises ShapeError for matrices that are not square, DTypeError for a power that is no
    integer, and for negative powers the errors of ``inv``.
    """
    given = square_matrices("matrix_power", x)
    power = integer("matrix_power", "the power", n)
    base = inv(given) if power < 0 else given
    left, result = abs(power), None
    while left:
        if left & 1:
            result = base if result is None else matmul(result, base)
        left >>= 1
        if left:
            base = matmul(base, base)
    return identity(given) if result is None else result


def expm(x: ArrayLike, /) -> Tensor:
    """The matrix exponential Σ Aᵏ/k!: (…, n, n) → (…, n, n), e.g. the solution of x' = A x.

    Raises ShapeError for matrices that are not square. It overflows to infinity or NaN where
    the largest eigenvalue exceeds some 709. Source: Al-Mohy & Higham, SIAM Journal on Matrix
    Analysis 31 (2009) 970.
    """
    return factorizations_solving.expm(square_matrices("expm", x))
