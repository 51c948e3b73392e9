"""Subspaces: bases, projections, orthogonal complements, coordinates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ...engine.errors import ArgumentError, ShapeError
from ...engine.messages import counted
from ...engine.tensor import Tensor, as_array
from ..errors import SingularError
from .arguments import Array, finite_matrix, magnitude, relative_tolerance, working_unit
from .condition_numbers import Conditioning, conditioning

__all__ = [
    "OrthonormalBasis",
    "Projection",
    "change_of_basis",
    "coordinates",
    "gram_schmidt",
    "null_space",
    "orthogonal_complement",
    "orthonormal_basis",
    "project",
]


@dataclass(frozen=True)
class OrthonormalBasis:
    """Orthonormal columns that span the same space as those given, one after another.

    ``basis``: (n, rank). ``coefficients``: R (rank, m) with A = basis · R. ``dependent``: the
    columns of A that are combinations of earlier ones. ``condition``: of the columns that are
    not. ``orthogonality``: ‖QᵀQ - I‖₂. ``residual``: ‖A - Q R‖/‖A‖. ``method``: how.
    """

    basis: Array
    coefficients: Array
    dependent: tuple[int, ...]
    condition: float
    orthogonality: float
    residual: float
    method: str

    @property
    def rank(self) -> int:
        """How many columns are independent."""
        return int(self.basis.shape[1])

    def __str__(self) -> str:
        n, m = self.basis.shape[0], self.coefficients.shape[1]
        text = (
            f"orthonormal basis of {counted(self.rank, 'vector')} for the span of {m} in "
            f"{counted(n, 'dimension')} ({self.method}): "
            f"‖QᵀQ - I‖ = {self.orthogonality:.2g}, ‖A - QR‖/‖A‖ = "
            f"{self.residual:.2g}, condition {self.condition:.3g}"
        )
        if self.dependent:
            which = ", ".join(map(str, self.dependent))
            text += (
                f"; column {which} is a combination"
                if len(self.dependent) == 1
                else f"; columns {which} are combinations"
            ) + " of those before"
        return text

    __repr__ = __str__


Method = Literal["twice", "modified", "classical"]


def gram_schmidt(
    vectors: Any, /, *, method: Method = "twice", rtol: float | None = None
) -> OrthonormalBasis:
    """Orthonormalize the columns of (n, m) from left to right.

    ``method``: "classical" subtracts all projections at once and loses orthogonality like κ²,
    "modified" one after another and loses it like κ, "twice" repeats the classical step and
    loses nothing (the default; the others are there to be compared). A column whose rest is
    below ``rtol`` (default max(n, m) ε) times its length is a combination of earlier ones and
    adds no vector. Raises ShapeError, DomainError for entries that are not finite,
    ArgumentError for another method or a negative tolerance. Sources: Björck, BIT 7 (1967)
    1; Giraud, Langou & Rozložník, Numerische Mathematik 101 (2005) 87.
    """
    if method not in ("twice", "modified", "classical"):
        raise ArgumentError(
            f'gram_schmidt: method must be "twice", "modified" or "classical", not {method!r}'
        )
    given, dtype = finite_matrix("gram_schmidt", vectors, "the matrix of columns")
    n, m = given.shape
    relative = relative_tolerance("gram_schmidt", rtol, max(n, m, 1) * working_unit(dtype))
    scales = np.array([magnitude(column) for column in given.T])
    basis = np.zeros((n, 0))
    triangle = np.zeros((m, m))
    kept: list[int] = []
    for j in range(m):
        column = given[:, j] / scales[j]  # squares neither overflow nor vanish
        length = float(np.linalg.norm(column))
        rest, shares = _rest(basis, column, method)
        triangle[: len(kept), j] = shares
        left = float(np.linalg.norm(rest))
        if length == 0 or left <= relative * length or len(kept) == n:
            continue
        triangle[len(kept), j] = left
        basis = np.column_stack([basis, rest / left])
        kept.append(j)
    return _measured(given, basis, triangle[: len(kept)] * scales, kept, method, dtype)


def _rest(basis: Array, column: Array, method: Method) -> tuple[Array, Array]:
    if method == "modified":
        rest, shares = column.copy(), np.zeros(basis.shape[1])
        for k, each in enumerate(basis.T):
            shares[k] = each @ rest
            rest = rest - shares[k] * each
        return rest, shares
    shares = basis.T @ column
    rest = column - basis @ shares
    if method == "twice":
        again = basis.T @ rest
        rest, shares = rest - basis @ again, shares + again
    return rest, shares


def _measured(
    given: Array, basis: Array, triangle: Array, kept: list[int], method: str, dtype: Any
) -> OrthonormalBasis:
    scale = magnitude(given)
    scaled = given / scale
    size = float(np.linalg.norm(scaled)) or 1.0
    error = float(np.linalg.norm(basis.T @ basis - np.eye(len(kept)), 2)) if kept else 0.0
    residual = float(np.linalg.norm(scaled - basis @ (triangle / scale))) / size
    s = np.linalg.svd(scaled[:, kept], compute_uv=False) if kept else np.ones(1)
    with np.errstate(over="ignore"):
        condition = float(s[0] / s[-1]) if s[-1] > 0 else math.inf
    dependent = tuple(j for j in range(given.shape[1]) if j not in kept)
    return OrthonormalBasis(
        basis.astype(dtype),
        triangle.astype(dtype),
        dependent,
        condition,
        error,
        residual,
        method,
    )


def orthonormal_basis(vectors: Any, /, *, rtol: float | None = None) -> Array:
    """An orthonormal basis (n, rank) of the space that the columns of (n, m) span, by SVD.

    Singular values up to ``rtol`` times the largest count as zero; default max(n, m) ε. Raises
    ShapeError, DomainError for entries that are not finite, ArgumentError for a negative
    tolerance.
    """
    return _spaces("orthonormal_basis", vectors, rtol)[0]


def orthogonal_complement(vectors: Any, /, *, rtol: float | None = None) -> Array:
    """An orthonormal basis (n, n - rank) of all that is orthogonal to the columns of (n, m).

    Rules and errors as for ``orthonormal_basis``.
    """
    return _spaces("orthogonal_complement", vectors, rtol)[1]


def null_space(matrix: Any, /, *, rtol: float | None = None) -> Array:
    """An orthonormal basis (m, m - rank) of the solutions of A x = 0 for A (n, m).

    Rules and errors as for ``orthonormal_basis``.
    """
    given = matrix.value if isinstance(matrix, Tensor) else as_array(matrix)
    return _spaces("null_space", given.T if given.ndim == 2 else given, rtol)[1]


def _spaces(asked: str, vectors: Any, rtol: float | None) -> tuple[Array, Array]:
    given, dtype = finite_matrix(asked, vectors)
    n, m = given.shape
    if not given.size:
        return np.zeros((n, 0), dtype), np.eye(n, dtype=dtype)
    relative = relative_tolerance(asked, rtol, max(n, m) * working_unit(dtype))
    u, s, _ = np.linalg.svd(given, full_matrices=True)
    count = int(np.sum(s > relative * s[0]))
    return u[:, :count].astype(dtype), u[:, count:].astype(dtype)


@dataclass(frozen=True)
class Projection:
    """A point's nearest neighbour in a subspace.

    ``point``: the projection (…, n). ``rest``: what is orthogonal to the subspace.
    ``distance``: ‖rest‖ (…). ``coordinates``: with respect to the vectors given (…, m), of least
    norm where they are dependent. ``dimension``: of the subspace. ``conditioning``: of the
    vectors; the coordinates lose its digits, the projection itself does not.
    """

    point: Array
    rest: Array
    distance: float | Array
    coordinates: Array
    dimension: int
    conditioning: Conditioning

    def __str__(self) -> str:
        far = np.asarray(self.distance)
        distance = f"{float(far):.6g}" if far.ndim == 0 else f"up to {far.max(initial=0.0):.6g}"
        return (
            f"projection on a subspace of dimension {self.dimension}: distance {distance}; "
            f"{self.conditioning}"
        )

    __repr__ = __str__


def project(x: Any, vectors: Any, /, *, rtol: float | None = None) -> Projection:
    """The orthogonal projection of points (…, n) on the span of the columns of (n, m).

    P x = Q Qᵀ x with an orthonormal basis Q, so dependent columns do no harm. Rules and errors
    as for ``orthonormal_basis``; ShapeError when the points have another size or there are no
    vectors. Source: Golub & Van Loan, *Matrix Computations*, 4th ed., §2.5.1.
    """
    given, dtype = finite_matrix("project", vectors, "the matrix of columns")
    if not given.size:
        raise ShapeError(
            f"project: the columns have shape {given.shape}; at least one is needed"
        )
    points = as_array(x.value if isinstance(x, Tensor) else x)
    if not points.ndim or points.shape[-1] != given.shape[0]:
        raise ShapeError(
            f"project: the points have shape {points.shape}, but the subspace lies in "
            f"{given.shape[0]} dimensions, so their last axis must have that size"
        )
    flat, _ = finite_matrix("project", points.reshape(-1, given.shape[0]), "the points")
    basis, _ = _spaces("project", given, rtol)
    near = flat @ basis @ basis.T
    relative = relative_tolerance("project", rtol, max(given.shape) * working_unit(dtype))
    shares = flat @ np.linalg.pinv(given, rcond=relative).T
    rest = (flat - near).reshape(points.shape)
    far = np.linalg.norm(rest, axis=-1)
    return Projection(
        near.reshape(points.shape).astype(dtype),
        rest.astype(dtype),
        float(far) if far.ndim == 0 else far,
        shares.reshape(*points.shape[:-1], -1).astype(dtype),
        int(basis.shape[1]),
        conditioning(given.astype(dtype)),
    )


def coordinates(x: Any, basis: Any, /) -> Array:
    """The coordinates (…, n) of points (…, n) with respect to a basis, the columns of (n, n).

    Raises ShapeError when the shapes do not fit, SingularError for columns that are dependent
    to the working precision, DomainError for entries that are not finite.
    """
    given, dtype = _basis("coordinates", basis)
    points = as_array(x.value if isinstance(x, Tensor) else x)
    if not points.ndim or points.shape[-1] != len(given):
        raise ShapeError(
            f"coordinates: the points have shape {points.shape}, but the basis lies in "
            f"{len(given)} dimensions, so their last axis must have that size"
        )
    flat, _ = finite_matrix("coordinates", points.reshape(-1, len(given)), "the points")
    return np.linalg.solve(given, flat.T).T.reshape(points.shape).astype(dtype)


def change_of_basis(old: Any, new: Any, /) -> Array:
    """The matrix that turns coordinates in one basis into those in another: new⁻¹ old, (n, n).

    A map M in the old basis is C M C⁻¹ in the new one. The bases are the columns. Errors as for
    ``coordinates``.
    """
    first, dtype = _basis("change_of_basis", old)
    second, _ = _basis("change_of_basis", new)
    if first.shape != second.shape:
        raise ShapeError(
            f"change_of_basis: the bases have {len(first)} and {len(second)} vectors, but bases "
            "of one space have equally many"
        )
    return np.linalg.solve(second, first).astype(dtype)


def _basis(asked: str, basis: Any) -> tuple[Array, Any]:
    given, dtype = finite_matrix(asked, basis, "the basis")
    if given.shape[0] != given.shape[1] or not given.size:
        raise ShapeError(
            f"{asked}: the basis has shape {given.shape}; n vectors of n entries, in columns, are "
            "a basis"
        )
    found = conditioning(given.astype(dtype))
    if not found.full_rank:
        raise SingularError(
            f"{asked}: the {len(given)} columns are no basis: they have rank {found.rank} to the "
            "working precision. tv.linalg.gram_schmidt says which of them depend on others"
        )
    return given, dtype
