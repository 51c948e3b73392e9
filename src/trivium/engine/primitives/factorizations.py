"""Cholesky and QR factorizations, and what all factorizations of matrices share.

The last two axes are matrices, the axes before them are batch. Everything is computed in
float64 and rounded once to the dtype of the operand. A matrix with an entry that is not finite
has results that are NaN throughout; the others of its batch are unaffected. Signs that the
mathematics leaves open are fixed by a rule, so that results are functions of the matrix.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import ConvergenceError, DomainError, ShapeError
from ..primitive import Curvature, NoAttributes, Primitive, Sample, by_input
from . import rules

if TYPE_CHECKING:
    from ..tensor import Tensor

Shape = tuple[int, ...]
Array = np.ndarray[Any, Any]


class Full(NamedTuple):
    """Whether an orthogonal factor is completed to a square one."""

    full: bool


# --- shapes and values ------------------------------------------------------------------------


def matrix_shape(shape: Shape) -> Shape:
    """``shape``, if its last two axes are those of a matrix."""
    if len(shape) < 2:
        raise ShapeError(f"a matrix has two axes, but the operand has shape {shape}")
    return shape


def square_shape(attributes: Any, shape: Shape) -> Shape:
    """The shape of square matrices: the same."""
    if matrix_shape(shape)[-1] != shape[-2]:
        raise ShapeError(f"a square matrix is needed, but the operand has shape {shape}")
    return shape


def all_floating(count: int) -> Callable[..., Any]:
    """The dtype rule of ``count`` results of the operand's floating dtype."""
    return lambda attributes, *found: (rules.floating(attributes, *found),) * count


def finite(x: Array) -> tuple[Array, Array | None]:
    """``x`` in float64 with harmless matrices for those that are not finite, and where those are.

    The second result is None when all of them are finite.
    """
    wide = np.asarray(x, np.float64)
    bad = np.asarray(~np.isfinite(wide).all(axis=(-2, -1)))
    if not np.any(bad):
        return wide, None
    return np.where(bad[..., None, None], np.eye(wide.shape[-2], wide.shape[-1]), wide), bad


def spoiled(result: Any, bad: Array | None, dtype: Any) -> Array:
    """``result`` in ``dtype``, NaN for the matrices that ``bad`` marks."""
    found = np.asarray(result)
    if bad is not None:
        found = np.where(bad.reshape(bad.shape + (1,) * (found.ndim - bad.ndim)), np.nan, found)
    return found.astype(dtype)


def completed(shape: Shape, dtype: Any) -> Array:
    """The orthogonal factor of a matrix without entries: the identity."""
    return np.broadcast_to(np.eye(shape[-2], shape[-1]), shape).astype(dtype)


def lapack(what: str, function: Callable[..., Any], *arrays: Array, **options: Any) -> Any:
    """Call a routine; that its iteration does not end is an error of ours."""
    try:
        return function(*arrays, **options)
    except np.linalg.LinAlgError as error:
        raise ConvergenceError(
            f"{what}: LAPACK's iteration did not converge on a finite matrix of shape "
            f"{arrays[0].shape} ({error}); scale the matrix so that its largest entry is near 1"
        ) from error


def lead_signs(vectors: Array) -> Array:
    """±1 for each column: the sign of its entry of largest size, the first of several.

    Entries within 10⁻⁶ of the largest count as equally large, so that rounding does not decide.
    """
    if vectors.shape[-2] == 0:
        return np.ones((*vectors.shape[:-2], vectors.shape[-1]))
    size = np.abs(vectors)
    first = np.argmax(size >= (1 - 1e-6) * size.max(axis=-2, keepdims=True), axis=-2)
    entry = np.take_along_axis(vectors, first[..., None, :], axis=-2)[..., 0, :]
    return np.where(entry < 0, -1.0, 1.0)


# --- what derivatives are made of -------------------------------------------------------------


def fixed(array: Array, dtype: Any, *token: Any) -> Tensor:
    """A constant that equal ``token`` share."""
    from ..tensor import constant

    made = array.astype(dtype)
    made.setflags(write=False)
    return constant(made, (*token, np.dtype(dtype).str))


def identity(like: Tensor) -> Tensor:
    """The identity matrix, repeated to the shape of the square matrices ``like``."""
    from ..composites import broadcast_to

    n = like.shape[-1]
    return broadcast_to(fixed(np.eye(n), like.dtype, "identity", n), like.shape)


def triangle(x: Tensor, *, upper: bool = False, weight: float = 1.0) -> Tensor:
    """The lower (upper) triangle of matrices, the diagonal times ``weight``."""
    from ..composites import broadcast_to

    rows, columns = x.shape[-2:]
    mask = (
        np.triu(np.ones((rows, columns)), 1) if upper else np.tril(np.ones((rows, columns)), -1)
    )
    mask = mask + weight * np.eye(rows, columns)
    token = ("triangle", upper, weight, rows, columns)
    return x * broadcast_to(fixed(mask, x.dtype, *token), x.shape)


def transposed(x: Tensor) -> Tensor:
    """The matrices in the last two axes, transposed."""
    from .movement import permute

    lead = tuple(range(x.ndim - 2))
    return permute(x, axes=(*lead, x.ndim - 1, x.ndim - 2))


def product(*factors: Tensor) -> Tensor:
    """The matrix product of factors of equal batch shape, from the left."""
    from ..composites import matmul

    result = factors[0]
    for each in factors[1:]:
        result = matmul(result, each)
    return result


def columns(x: Tensor, first: int, last: int) -> Tensor:
    """The columns from ``first`` up to ``last``, which is not included."""
    from .movement import slice_

    lead = (0,) * (x.ndim - 1)
    return slice_(x, start=(*lead, first), stop=(*x.shape[:-1], last), step=(1,) * x.ndim)


def rows(x: Tensor, first: int, last: int) -> Tensor:
    """The rows from ``first`` up to ``last``, which is not included."""
    return transposed(columns(transposed(x), first, last))


def over_matrix(c: Tensor, like: Tensor) -> Tensor:
    """A number per matrix, repeated to the shape of the matrices ``like``."""
    from ..composites import broadcast_to

    return broadcast_to(c[..., None, None], like.shape)


def added(terms: Sequence[Tensor | None]) -> Tensor | None:
    """The sum of what is not None; None if nothing is."""
    there = [each for each in terms if each is not None]
    return sum(there[1:], start=there[0]) if there else None


def without_completion(whole: Tensor, cotangent: Tensor, count: int) -> Tensor:
    """The cotangent of the first ``count`` columns of an orthogonal matrix, given that of all.

    The other columns Q₂ only complete the basis: dQ₂ = -Q₁ dQ₁ᵀ Q₂ up to a rotation among
    themselves, so Q̄₁ gets -Q₂ Q̄₂ᵀ Q₁.
    """
    size = whole.shape[-1]
    if size == count:
        return cotangent
    first, rest = columns(whole, 0, count), columns(whole, count, size)
    own, other = columns(cotangent, 0, count), columns(cotangent, count, size)
    return own - product(rest, transposed(other), first)


# --- samples ----------------------------------------------------------------------------------


def matrices(rng: np.random.Generator, *shape: int, low: float = 1.0) -> Array:
    """Matrices with singular values low, low + 1, … and random singular vectors."""
    *batch, n, m = shape
    u, _, vh = np.linalg.svd(rng.normal(size=shape), full_matrices=False)
    return np.asarray((u * (low + np.arange(min(n, m)))) @ vh).reshape(*batch, n, m)


def definite(rng: np.random.Generator, *shape: int) -> Array:
    """Symmetric matrices with eigenvalues 1, 2, …"""
    vectors = np.linalg.qr(rng.normal(size=shape))[0]
    return np.asarray((vectors * (1.0 + np.arange(shape[-1]))) @ np.swapaxes(vectors, -1, -2))


# --- Cholesky ---------------------------------------------------------------------------------


def _cholesky(attributes: Any, x: Array) -> Array:
    wide, bad = finite(x)
    symmetric = wide / 2 + np.swapaxes(wide, -1, -2) / 2
    try:
        return spoiled(np.linalg.cholesky(symmetric), bad, x.dtype)
    except np.linalg.LinAlgError:
        least = np.linalg.eigvalsh(symmetric)[..., 0]
        worst = np.unravel_index(int(np.argmin(least)), least.shape)
        place = f" at batch index {[int(i) for i in worst]}" if worst else ""
        raise DomainError(
            f"cholesky: the matrix{place} is not positive definite: its smallest eigenvalue is "
            f"{least[worst]:.6g}, and all must be positive by more than rounding. Add a "
            "multiple of the identity, or use tv.linalg.eigh, which needs symmetry only"
        ) from None


def _cholesky_vjp(n: Tensor, c: Tensor) -> Tensor:
    """Ā = sym(L⁻ᵀ Φ(LᵀL̄) L⁻¹), Φ the lower triangle with half the diagonal.

    Source: Murray, Differentiation of the Cholesky decomposition (2016), eq. 10.
    """
    from .factorizations_solving import solve

    upper = transposed(n)
    inner = triangle(product(upper, triangle(c)), weight=0.5)
    right = transposed(solve(upper, inner))
    both = solve(upper, right)
    return (both + transposed(both)) * 0.5


cholesky = Primitive(
    name="cholesky",
    notation=r"\operatorname{{chol}}({0})",
    shape=square_shape,
    dtype=rules.floating,
    evaluate=_cholesky,
    vjp=by_input(_cholesky_vjp),
    curvature=Curvature("neither"),
    samples=lambda rng: [
        Sample((definite(rng, 3, 3),), NoAttributes(), (0,)),
        Sample((definite(rng, 2, 2, 2),), NoAttributes(), (0,)),
        Sample(
            (definite(rng, 3, 3) + np.triu(rng.normal(size=(3, 3)), 1) / 9,),
            NoAttributes(),
            (0,),
        ),
        Sample((np.zeros((0, 0)),), NoAttributes(), (0,)),
        Sample((np.array([[[4.0]], [[np.nan]]]),)),
    ],
    native=rules.REFERENCE_ONLY,
)


# --- QR ---------------------------------------------------------------------------------------


def _qr_shape(a: Full, shape: Shape) -> tuple[Shape, Shape]:
    *batch, n, m = matrix_shape(shape)
    k = n if a.full else min(n, m)
    return (*batch, n, k), (*batch, k, m)


def _qr(a: Full, x: Array, wanted: Any = None) -> tuple[Array, Array]:
    wide, bad = finite(x)
    if math.prod(x.shape[-2:]) == 0:
        shapes = _qr_shape(a, x.shape)
        return completed(shapes[0], x.dtype), np.zeros(shapes[1], x.dtype)
    q, r = np.linalg.qr(wide, mode="complete" if a.full else "reduced")
    count = min(x.shape[-2:])
    diagonal = np.diagonal(r, axis1=-2, axis2=-1)
    signs = np.concatenate(
        [np.where(diagonal < 0, -1.0, 1.0), lead_signs(q[..., count:])], axis=-1
    )
    q, r = q * signs[..., None, :], r * signs[..., :, None]
    return spoiled(q, bad, x.dtype), spoiled(r, bad, x.dtype)


def _qr_vjp(node: Tensor, cotangents: Sequence[Tensor | None]) -> list[Tensor | None]:
    """Ā = (Q̄ + Q sym(M)) R⁻ᵀ with M = R R̄ᵀ - Q̄ᵀQ, sym(M) its lower triangle, mirrored.

    Of a wide matrix [X, Y] = Q [U, W] the second part has Ȳ = Q W̄, and Q̄ gets Y W̄ᵀ. Sources:
    Walter & Lehmann, Algorithmic differentiation of linear algebra functions (2018), §3.6; Liao
    et al., Physical Review X 9, 031041 (2019), eq. 8. The derivative needs full rank: where R
    has no inverse it does not exist and SingularError is raised.
    """
    from ..composites import zeros_like
    from .control import results
    from .factorizations_solving import solve
    from .movement import concat

    x = node.inputs[0]
    height, width = x.shape[-2:]
    k = min(height, width)
    if x.size == 0:
        return [None]
    whole, r = results(node)
    q, upper = columns(whole, 0, k), rows(r, 0, k)
    to_q, to_r = cotangents
    if to_q is not None:
        to_q = without_completion(whole, to_q, k)
    right = None
    square, to_square = upper, None
    if to_r is not None:
        to_upper = triangle(rows(to_r, 0, k), upper=True)
        to_square = columns(to_upper, 0, k)
        if width > k:
            to_rest = columns(to_upper, k, width)
            right = product(q, to_rest)
            to_q = added([to_q, product(columns(x, k, width), transposed(to_rest))])
    if width > k:
        square = columns(upper, 0, k)
        right = zeros_like(columns(x, k, width)) if right is None else right
    inner = added(
        [
            None if to_square is None else product(square, transposed(to_square)),
            None if to_q is None else -product(transposed(to_q), q),
        ]
    )
    assert inner is not None  # reverse mode asks only where a cotangent arrived
    mirrored = triangle(inner) + transposed(triangle(inner, weight=0.0))
    outer = added([to_q, product(q, mirrored)])
    assert outer is not None
    left = transposed(solve(square, transposed(outer)))
    return [left if right is None else concat(left, right, axis=x.ndim - 1)]


qr = Primitive(
    name="qr",
    notation=r"\operatorname{{QR}}({0})",
    attributes=Full,
    shape=_qr_shape,
    dtype=all_floating(2),
    evaluate=_qr,
    vjp=_qr_vjp,
    curvature=Curvature("neither"),
    samples=lambda rng: [
        Sample((matrices(rng, 3, 3),), Full(False), (0,)),
        Sample((matrices(rng, 2, 4, 2),), Full(False), (0,)),
        Sample((matrices(rng, 2, 4),), Full(False), (0,)),
        Sample((matrices(rng, 3, 2),), Full(True)),
        Sample((np.zeros((0, 2)),), Full(False), (0,)),
        Sample((np.zeros((2, 0)),), Full(True), (0,)),
        Sample((np.array([[1.0, np.inf], [0.0, 1.0]]),), Full(False)),
    ],
    native=rules.REFERENCE_ONLY,
    parts=True,
)
