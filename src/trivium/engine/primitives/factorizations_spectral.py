"""Eigenvalues of symmetric matrices and singular values, with their vectors.

**The rule for values that coincide.** The derivative of an eigenvector has the terms
1/(λⱼ - λᵢ). Where |λⱼ - λᵢ| ≤ 8 n ε max|λ| (ε the unit of the dtype) the two are one eigenvalue
to the working precision and the term is zero: within an eigenspace the vectors move as a frame
that does not turn. What depends on whole eigenspaces only (a projector, a sum of eigenvalues,
tr f(A)) does not change when the frame turns, so its first and second derivatives are exact.
Further ones are exact where no values coincide, and refused (``outside_ties``) where they do and
that matters. What depends on single vectors of a
repeated eigenvalue has no derivative; it gets that of the frame. For singular values the same
holds with σⱼ - σᵢ, with σⱼ + σᵢ where both are zero, and with 1/σ for what turns out of the spaces
of the vectors. A matrix function V f(Λ) Vᵀ needs f'(λ) within the eigenspace, which the vectors do
not know: ``spectral_sum`` does.
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
from .factorizations_ties import commutator_solve, singular_sum, spectral_sum

if TYPE_CHECKING:
    from ..tensor import Tensor


# --- eigenvalues of symmetric matrices ----------------------------------------------------------


def _eigh_shape(a: Any, shape: Shape) -> tuple[Shape, Shape]:
    return square_shape(a, shape)[:-1], shape


def _symmetric(x: Array) -> Array:
    return np.asarray(x / 2 + np.swapaxes(x, -1, -2) / 2)


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

    if node.inputs[0].size == 0:
        return [None]
    values, vectors = results(node)
    to_values, to_vectors = cotangents
    x = node.inputs[0]
    terms: list[Tensor | None] = []
    if to_values is not None:
        terms.append(spectral_sum(vectors, to_values, values, x))
    if to_vectors is not None:
        turned = product(transposed(vectors), to_vectors)
        middle = product(transposed(vectors), (x + transposed(x)) * 0.5, vectors)
        inner = commutator_solve(middle, (turned - transposed(turned)) * 0.5)
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
    return spectral_sum(vectors, c, n, n.inputs[0])


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
    terms: list[Tensor | None] = []
    if to_s is not None:
        terms.append(singular_sum(u, to_s, s, vh, x))
    if to_u is not None or to_v is not None:
        terms.extend(_vectors_terms(x, u, v, to_u, to_v))
    return [added(terms)]


def _vectors_terms(
    x: Tensor, u: Tensor, v: Tensor, to_u: Tensor | None, to_v: Tensor | None
) -> list[Tensor | None]:
    """The terms of ``_svd_vjp`` that come from vectors: those within their spaces and outside.

    What is outside the spaces of U (or V) meets A V (or AᵀU) there, which is zero now, but not
    as A moves where singular values vanish: the second derivative needs those terms.
    """
    from ..tensor import literal
    from .factorizations_solving import pinv

    (height, width), k = x.shape[-2:], u.shape[-1]
    vh, middle = transposed(v), product(transposed(u), x, v)
    turned_u = None if to_u is None else product(transposed(u), to_u)
    turned_v = None if to_v is None else product(vh, to_v)
    if height == width:
        return [product(u, _turning(middle, turned_u, turned_v), vh)]
    unit = literal(8 * max(height, width) * float(np.finfo(x.dtype).eps), x.dtype)
    inverse = pinv(middle, unit)

    def outside(vectors: Tensor, given: Tensor, by: Tensor) -> Tensor:
        rest = given - product(vectors, transposed(vectors), given)
        return product(rest, by)

    if height > k:
        back = transposed(inverse)
        if to_u is not None:
            meets = product(vh, transposed(x), outside(u, to_u, back))
            turned_v = added([turned_v, meets])
        core = _turning(middle, turned_u, turned_v)
        asked = added([to_u, product(x, v, transposed(core))])
        assert asked is not None
        return [product(u, core, vh), product(outside(u, asked, back), vh)]
    if to_v is not None:
        meets = product(transposed(u), x, outside(v, to_v, inverse))
        turned_u = added([turned_u, meets])
    core = _turning(middle, turned_u, turned_v)
    asked = added([to_v, product(transposed(x), u, core)])
    assert asked is not None
    return [product(u, core, vh), product(u, transposed(outside(v, asked, inverse)))]


def _turning(middle: Tensor, to_u: Tensor | None, to_v: Tensor | None) -> Tensor:
    """What cotangents UᵀŪ and VᵀV̄ ask of rotations within the spaces of the vectors.

    With M = UᵀAV, rotations of U and V together are those of the eigenvectors of [[0, M], [Mᵀ, 0]],
    here in the basis (e, ±e)/√2 in which it is diagonal: σ and -σ.
    """
    from ..composites import zeros_like
    from .movement import concat

    def skew(turned: Tensor | None) -> Tensor:
        return zeros_like(middle) if turned is None else (turned - transposed(turned)) * 0.5

    def blocks(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
        last = middle.ndim - 1
        return concat(concat(a, b, axis=last), concat(c, d, axis=last), axis=last - 1)

    x, y = skew(to_u), skew(to_v)
    both, apart = (x + y) * 0.5, (x - y) * 0.5
    even, odd = (middle + transposed(middle)) * 0.5, (middle - transposed(middle)) * 0.5
    matrix = blocks(even, -odd, odd, -even)
    found = commutator_solve(matrix, blocks(both, apart, apart, both))
    k = middle.shape[-1]
    upper, lower = rows(found, 0, k), rows(found, k, 2 * k)
    # Back in the old basis, the upper right corner and the transposed lower left one.
    first, second = columns(upper, 0, k), columns(upper, k, 2 * k)
    third, fourth = columns(lower, 0, k), columns(lower, k, 2 * k)
    right = (first - second + third - fourth) * 0.5
    left = (first + second - third - fourth) * 0.5
    return right + transposed(left)


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
    return singular_sum(u, c, n, vh, n.inputs[0])


svdvals = Primitive(
    name="svdvals",
    notation=r"\operatorname{{svdvals}}({0})",
    shape=_svdvals_shape,
    dtype=rules.floating,
    evaluate=_svdvals,
    vjp=by_input(_svdvals_vjp),
    curvature=Curvature("neither"),
    samples=_svd_samples([NoAttributes()]),
    native=rules.REFERENCE_ONLY,
)
