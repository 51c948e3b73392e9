"""Eigenvalues of symmetric matrices and singular values, with their vectors.

**The rule for eigenvalues that coincide.** The derivative of an eigenvector has the terms
1/(λⱼ - λᵢ). Where |λⱼ - λᵢ| ≤ 8 n ε max|λ| (ε the unit of the dtype) the two are one eigenvalue
to the working precision and the term is taken as zero. A function of the matrix that depends
on whole eigenspaces only (a projector, a sum of eigenvalues, a trace of f(A)) does not change
when the vectors of one eigenspace are rotated, so the true term is zero there and its first
derivative is exact. What depends on single vectors of a repeated eigenvalue has no derivative;
it gets that of the basis LAPACK chose, held fixed within the eigenspace. Derivatives that need
the limit of a difference quotient (f(λⱼ) - f(λᵢ))/(λⱼ - λᵢ) at λᵢ = λⱼ (a matrix function built
as V f(Λ) Vᵀ, a second derivative of tr f(A)) lack f'(λ) within the eigenspace: products,
``solve``, ``expm`` and ``det`` have rules without eigenvectors and are exact there. For singular
values the same holds with σⱼ - σᵢ, with σⱼ + σᵢ where both are zero, and with 1/σ for the part
outside the spaces of the vectors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..primitive import Curvature, NoAttributes, Primitive, Sample, by_input
from . import rules
from .factorizations import (
    Array,
    Full,
    Shape,
    added,
    all_floating,
    columns,
    completed,
    definite,
    finite,
    lapack,
    lead_signs,
    matrices,
    matrix_shape,
    product,
    rows,
    spoiled,
    square_shape,
    transposed,
    without_completion,
)

if TYPE_CHECKING:
    from ..tensor import Tensor


def _scaled_columns(x: Tensor, by: Tensor) -> Tensor:
    """x diag(by)."""
    return x * by[..., None, :]


def _reciprocal(x: Tensor, limit: Tensor) -> Tensor:
    """1/x, and 0 where |x| ≤ limit."""
    from ..composites import where

    tied = abs(x) <= limit
    return where(tied, 0.0, 1.0 / where(tied, 1.0, x))


def _limit(values: Tensor, size: int) -> Tensor:
    """Below what the values of a matrix are one: 8 n ε of the largest size."""
    unit = 8 * size * float(np.finfo(values.dtype).eps)
    return (abs(values) * unit).max(axis=-1, keepdims=True)


# --- eigenvalues of symmetric matrices ----------------------------------------------------------


def _eigh_shape(a: Any, shape: Shape) -> tuple[Shape, Shape]:
    return square_shape(a, shape)[:-1], shape


def _symmetric(x: Array) -> Array:
    return (x + np.swapaxes(x, -1, -2)) / 2


def _eigh(a: Any, x: Array, wanted: Any = None) -> tuple[Array, Array]:
    wide, bad = finite(x)
    values, vectors = lapack("eigh", np.linalg.eigh, _symmetric(wide))
    vectors = vectors * lead_signs(vectors)[..., None, :]
    return spoiled(values, bad, x.dtype), spoiled(vectors, bad, x.dtype)


def _eigh_vjp(node: Tensor, cotangents: Sequence[Tensor | None]) -> list[Tensor | None]:
    """Ā = V (diag λ̄ + F ∘ ½(VᵀV̄ - V̄ᵀV)) Vᵀ with Fᵢⱼ = 1/(λⱼ - λᵢ), 0 where they coincide.

    Source: Giles, Collected matrix derivative results (2008), §3.1, made symmetric.
    """
    from .control import results

    n = node.inputs[0].shape[-1]
    if node.inputs[0].size == 0:
        return [None]
    values, vectors = results(node)
    to_values, to_vectors = cotangents
    terms: list[Tensor | None] = []
    if to_values is not None:
        terms.append(product(_scaled_columns(vectors, to_values), transposed(vectors)))
    if to_vectors is not None:
        gaps = values[..., None, :] - values[..., :, None]
        turned = product(transposed(vectors), to_vectors)
        factor = _reciprocal(gaps, _limit(values, n)[..., None])
        inner = factor * (turned - transposed(turned)) * 0.5
        terms.append(product(vectors, inner, transposed(vectors)))
    return [added(terms)]


def _symmetric_samples(rng: np.random.Generator) -> list[Sample]:
    tilted = definite(rng, 3, 3) + 0.05 * rng.normal(size=(3, 3))  # its symmetric part counts
    return [
        Sample((definite(rng, 3, 3),), NoAttributes(), (0,)),
        Sample((definite(rng, 2, 2, 2) - 1.6 * np.eye(2),), NoAttributes(), (0,)),
        Sample((tilted,), NoAttributes(), (0,)),
        Sample((np.zeros((0, 0)),), NoAttributes(), (0,)),
        Sample((np.array([[-2.5]]),), NoAttributes(), (0,)),
        Sample((np.stack([np.eye(2), np.full((2, 2), np.nan)]),)),
    ]


eigh = Primitive(
    name="eigh",
    notation=r"\operatorname{{eigh}}({0})",
    shape=_eigh_shape,
    dtype=all_floating(2),
    evaluate=_eigh,
    vjp=_eigh_vjp,
    curvature=Curvature("neither"),
    samples=_symmetric_samples,
    native=rules.REFERENCE_ONLY,
    parts=True,
)


def _eigvalsh(a: Any, x: Array) -> Array:
    wide, bad = finite(x)
    return spoiled(lapack("eigvalsh", np.linalg.eigvalsh, _symmetric(wide)), bad, x.dtype)


def _eigvalsh_vjp(n: Tensor, c: Tensor) -> Tensor | None:
    """Ā = V diag(λ̄) Vᵀ."""
    from .control import results

    if n.size == 0:
        return None
    vectors = results(eigh(n.inputs[0]))[1]
    return product(_scaled_columns(vectors, c), transposed(vectors))


eigvalsh = Primitive(
    name="eigvalsh",
    notation=r"\lambda({0})",
    shape=lambda a, shape: square_shape(a, shape)[:-1],
    dtype=rules.floating,
    evaluate=_eigvalsh,
    vjp=by_input(_eigvalsh_vjp),
    curvature=Curvature("neither"),
    samples=_symmetric_samples,
    native=rules.REFERENCE_ONLY,
)


# --- singular values ----------------------------------------------------------------------------


def _svd_shape(a: Full, shape: Shape) -> tuple[Shape, Shape, Shape]:
    *batch, n, m = matrix_shape(shape)
    k = min(n, m)
    return (*batch, n, n if a.full else k), (*batch, k), (*batch, m if a.full else k, m)


def _svd(a: Full, x: Array, wanted: Any = None) -> tuple[Array, Array, Array]:
    wide, bad = finite(x)
    if math.prod(x.shape[-2:]) == 0:
        left, middle, right = _svd_shape(a, x.shape)
        return (
            completed(left, x.dtype),
            np.zeros(middle, x.dtype),
            completed(right, x.dtype),
        )
    u, s, vh = lapack("svd", np.linalg.svd, wide, full_matrices=a.full)
    k = s.shape[-1]
    own = lead_signs(u)
    rest = lead_signs(np.swapaxes(vh[..., k:, :], -1, -2))
    u = u * own[..., None, :]
    vh = vh * np.concatenate([own[..., :k], rest], axis=-1)[..., :, None]
    return spoiled(u, bad, x.dtype), spoiled(s, bad, x.dtype), spoiled(vh, bad, x.dtype)


def _svd_vjp(node: Tensor, cotangents: Sequence[Tensor | None]) -> list[Tensor | None]:
    """Ā = U (diag σ̄ + C) Vᵀ + (I - UUᵀ) Ū Σ⁻¹ Vᵀ + U Σ⁻¹ V̄ᵀ (I - VVᵀ).

    With X = UᵀŪ - ŪᵀU and Y = VᵀV̄ - V̄ᵀV: 2Cᵢⱼ = (X+Y)ᵢⱼ/(σⱼ - σᵢ) + (X-Y)ᵢⱼ/(σⱼ + σᵢ), each
    quotient 0 where its denominator is. Source: Townsend, Differentiating the singular value
    decomposition (2016), eq. 17, with its quotients taken apart.
    """
    from .control import results

    x = node.inputs[0]
    height, width = x.shape[-2:]
    k = min(height, width)
    if x.size == 0:
        return [None]
    whole_u, s, whole_vh = results(node)
    to_u, to_s, to_vh = cotangents
    u, vh = columns(whole_u, 0, k), rows(whole_vh, 0, k)
    v = transposed(vh)
    if to_u is not None:
        to_u = without_completion(whole_u, to_u, k)
    to_v = None if to_vh is None else transposed(to_vh)
    if to_v is not None:
        to_v = without_completion(transposed(whole_vh), to_v, k)
    limit = _limit(s, max(height, width))
    terms: list[Tensor | None] = []
    if to_s is not None:
        terms.append(product(_scaled_columns(u, to_s), vh))
    if to_u is not None or to_v is not None:
        terms.append(product(u, _turning(u, v, s, to_u, to_v, limit), vh))
        inverse = _reciprocal(s, limit)
        if to_u is not None and height > k:
            outside = to_u - product(u, transposed(u), to_u)
            terms.append(product(_scaled_columns(outside, inverse), vh))
        if to_v is not None and width > k:
            outside = to_v - product(v, vh, to_v)
            terms.append(product(u, transposed(_scaled_columns(outside, inverse))))
    return [added(terms)]


def _turning(
    u: Tensor, v: Tensor, s: Tensor, to_u: Tensor | None, to_v: Tensor | None, limit: Tensor
) -> Tensor:
    """C of ``_svd_vjp``: what the vectors' cotangents ask of rotations within their spaces."""

    def skew(vectors: Tensor, cotangent: Tensor | None) -> Tensor | None:
        if cotangent is None:
            return None
        turned = product(transposed(vectors), cotangent)
        return turned - transposed(turned)

    x, y = skew(u, to_u), skew(v, to_v)
    both, apart = added([x, y]), added([x, None if y is None else -y])
    assert both is not None and apart is not None
    right, left = s[..., None, :], s[..., :, None]
    bound = limit[..., None]
    return (
        both * _reciprocal(right - left, bound) + apart * _reciprocal(right + left, bound)
    ) * 0.5


def _svd_samples(attributes: Sequence[Any]) -> Any:
    def make(rng: np.random.Generator) -> list[Sample]:
        shapes = [(3, 3), (2, 4, 2), (2, 3), (1, 1)]
        ordinary = [
            Sample((matrices(rng, *shape),), each, (0,))
            for each in attributes
            for shape in (shapes if each != Full(True) else [(3, 2), (2, 3)])
        ]
        awkward = [
            Sample((np.zeros((0, 2)),), attributes[0], (0,)),
            Sample((np.zeros((2, 2, 0)),), attributes[-1], (0,)),
            Sample((np.stack([np.eye(2), np.full((2, 2), np.inf)]),), attributes[0]),
        ]
        return [*ordinary, *awkward]

    return make


svd = Primitive(
    name="svd",
    notation=r"\operatorname{{SVD}}({0})",
    attributes=Full,
    shape=_svd_shape,
    dtype=all_floating(3),
    evaluate=_svd,
    vjp=_svd_vjp,
    curvature=Curvature("neither"),
    samples=_svd_samples([Full(False), Full(True)]),
    native=rules.REFERENCE_ONLY,
    parts=True,
)


def _svdvals_shape(a: Any, shape: Shape) -> Shape:
    *batch, n, m = matrix_shape(shape)
    return (*batch, min(n, m))


def _svdvals(a: Any, x: Array) -> Array:
    wide, bad = finite(x)
    if math.prod(x.shape[-2:]) == 0:
        return np.zeros(_svdvals_shape(a, x.shape), x.dtype)
    found = lapack("svdvals", np.linalg.svd, wide, compute_uv=False)
    return spoiled(found, bad, x.dtype)


def _svdvals_vjp(n: Tensor, c: Tensor) -> Tensor | None:
    """Ā = U diag(σ̄) Vᵀ."""
    from .control import results

    if n.size == 0:
        return None
    u, _, vh = results(svd(n.inputs[0], full=False))
    return product(_scaled_columns(u, c), vh)


svdvals = Primitive(
    name="svdvals",
    notation=r"\sigma({0})",
    shape=_svdvals_shape,
    dtype=rules.floating,
    evaluate=_svdvals,
    vjp=by_input(_svdvals_vjp),
    curvature=Curvature("neither"),
    samples=_svd_samples([NoAttributes()]),
    native=rules.REFERENCE_ONLY,
)
