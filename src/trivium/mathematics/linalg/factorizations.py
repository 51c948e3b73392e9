"""Factorizations of matrices as differentiable expressions, under the names of the standard."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ...engine.array.arguments import ArrayLike
from ...engine.composites import as_tensor, cast
from ...engine.errors import ArgumentError, ShapeError
from ...engine.primitives import factorizations, factorizations_spectral, factorizations_ties
from ...engine.primitives.control import results
from ...engine.tensor import Tensor
from .arguments import matrices, square_matrices

__all__ = [
    "Eigh",
    "QR",
    "SVD",
    "cholesky",
    "eigh",
    "eigvalsh",
    "matrix_function",
    "qr",
    "svd",
    "svdvals",
]


class Eigh(NamedTuple):
    """Eigenvalues (…, n), ascending, and orthonormal eigenvectors (…, n, n), in columns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class QR(NamedTuple):
    """Orthonormal columns Q (…, n, k) and an upper triangle R (…, k, m)."""

    Q: Tensor
    R: Tensor


class SVD(NamedTuple):
    """Left vectors U (…, n, k), singular values S (…, k), right vectors Vh (…, k, m) in rows."""

    U: Tensor
    S: Tensor
    Vh: Tensor


def cholesky(x: ArrayLike, /, *, upper: bool = False) -> Tensor:
    """The lower triangle L with A = L Lᵀ and a positive diagonal; ``upper``: Lᵀ.

    Shapes: (…, n, n) → (…, n, n). Of ``x`` the symmetric part ½(A + Aᵀ) counts, so derivatives
    are symmetric. Raises ShapeError for matrices that are not square and, when evaluated,
    DomainError for one that is not positive definite; a matrix with an entry that is not
    finite gives NaN. Source: Golub & Van Loan, *Matrix Computations*, 4th ed., §4.2.
    """
    lower = factorizations.cholesky(square_matrices("cholesky", x))
    return factorizations.transposed(lower) if upper else lower


def eigh(x: ArrayLike, /) -> Eigh:
    """Eigenvalues and eigenvectors of symmetric matrices: A = V Λ Vᵀ.

    Shapes: (…, n, n) → ascending (…, n) and (…, n, n). Of ``x`` the symmetric part counts. The
    entry of largest size of every eigenvector is positive. Derivatives: eigenvalues that agree
    to 8 n ε ‖A‖ are one eigenvalue; what depends on its whole eigenspace (projectors, sums of
    its eigenvalues, tr f(A)) has exact first and second derivatives, never NaN; of the
    third on, evaluating one that needs eigenvalues that differ raises NotDifferentiableError.
    Single vectors of it have none.
    Raises ShapeError for matrices that are not square; an entry that is not finite gives NaN.
    Source: Golub & Van Loan, *Matrix Computations*, 4th ed., §8.3.
    """
    return Eigh(*results(factorizations_spectral.eigh(square_matrices("eigh", x))))


def eigvalsh(x: ArrayLike, /) -> Tensor:
    """The eigenvalues of symmetric matrices, ascending: (…, n, n) → (…, n).

    Rules and errors as for ``eigh``.
    """
    return factorizations_spectral.eigvalsh(square_matrices("eigvalsh", x))


def matrix_function(function: Callable[[Tensor], Tensor], x: ArrayLike, /) -> Tensor:
    """f(A) = V f(Λ) Vᵀ of symmetric matrices: (…, n, n) → (…, n, n), f from tensor to tensor.

    ``function`` gets all eigenvalues, (…, n), and gives as many: ``tv.array.sqrt`` makes the
    square root of a matrix. Where eigenvalues coincide the first derivative is exact, which that
    of the same product written out is not; evaluating a second one (of the trace: a third) that
    needs eigenvalues that differ raises NotDifferentiableError. Rules as for ``eigh``. Raises
    ShapeError when the function changes the shape. Source: Higham, *Functions of Matrices*
    (2008), §1.2 and theorem 3.11.
    """
    given = square_matrices("matrix_function", x)
    values, vectors = eigh(given)
    weights = as_tensor(function(values))
    if weights.shape != values.shape:
        raise ShapeError(
            f"matrix_function: of eigenvalues of shape {values.shape} the function made shape "
            f"{weights.shape}; it must give one number for every eigenvalue"
        )
    weights = cast(weights, values.dtype)
    return factorizations_ties.spectral_sum(vectors, weights, values, given)


def svd(x: ArrayLike, /, *, full_matrices: bool = False) -> SVD:
    """The singular value decomposition A = U diag(S) Vh, with S descending.

    Shapes: (…, n, m) → (…, n, k), (…, k), (…, k, m), k = min(n, m); with ``full_matrices`` U
    and Vh are square (the standard's default; here it must be asked for, because the further
    vectors only complete a basis). The entry of largest size of every column of U is positive.
    Derivatives: singular values that agree to 8 max(n, m) ε ‖A‖ are one, and those below it
    are zero; what depends on whole spaces of singular vectors has exact first and second
    derivatives, never NaN; further ones as for ``eigh``. Raises ShapeError for fewer than two
    axes; an entry that is not finite gives NaN. Source: Golub & Van Loan, *Matrix Computations*,
    4th ed., §2.4.
    """
    given = matrices("svd", x)
    return SVD(*results(factorizations_spectral.svd(given, full=bool(full_matrices))))


def svdvals(x: ArrayLike, /) -> Tensor:
    """The singular values, descending: (…, n, m) → (…, min(n, m)).

    Rules and errors as for ``svd``.
    """
    return factorizations_spectral.svdvals(matrices("svdvals", x))


def qr(x: ArrayLike, /, *, mode: str = "reduced") -> QR:
    """Orthonormal columns Q times an upper triangle R with a diagonal that is not negative.

    Shapes: (…, n, m) → (…, n, k), (…, k, m) with k = min(n, m), or k = n for ``mode``
    "complete". Householder reflections, so Q is orthogonal to rounding whatever the matrix.
    The derivative needs full rank; without it, evaluating it raises SingularError. Raises
    ShapeError for fewer than two axes, ArgumentError for another mode; an entry that is not
    finite gives NaN. Source: Golub & Van Loan, *Matrix Computations*, 4th ed., §5.2.
    """
    if mode not in ("reduced", "complete"):
        raise ArgumentError(f'qr: mode must be "reduced" or "complete", not {mode!r}')
    return QR(*results(factorizations.qr(matrices("qr", x), full=mode == "complete")))
