"""Determinants of square matrices, and the adjugate that is their derivative."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..primitive import Curvature, NoAttributes, Primitive, Sample, by_input
from . import rules
from .factorizations import (
    Array,
    all_floating,
    finite,
    fixed,
    identity,
    lapack,
    matrices,
    over_matrix,
    product,
    spoiled,
    square_shape,
    transposed,
)
from .factorizations_coinciding import outside_ties, tied_values
from .factorizations_solving import solve

if TYPE_CHECKING:
    from ..tensor import Tensor


def _det(a: Any, x: Array) -> Array:
    wide, bad = finite(x)
    return spoiled(np.linalg.det(wide), bad, x.dtype)


def _det_samples(rng: np.random.Generator) -> list[Sample]:
    rank_two = matrices(rng, 3, 2) @ matrices(rng, 2, 3)
    return [
        Sample((matrices(rng, 3, 3),), NoAttributes(), (0,)),
        Sample((matrices(rng, 2, 2, 2),), NoAttributes(), (0,)),
        Sample((rank_two,), NoAttributes(), (0,)),
        Sample((np.zeros((2, 2)),), NoAttributes(), (0,)),
        Sample((np.array([[3.0]]),), NoAttributes(), (0,)),
        Sample((np.zeros((0, 0)),), NoAttributes(), (0,)),
        Sample((np.stack([np.eye(2), np.full((2, 2), np.nan)]),)),
    ]


det = Primitive(
    name="det",
    notation=r"\det {0}",
    shape=lambda a, shape: square_shape(a, shape)[:-2],
    dtype=rules.floating,
    evaluate=_det,
    # Jacobi: d det A = tr(adj(A) dA), which needs no inverse.
    vjp=by_input(lambda n, c: over_matrix(c, n.inputs[0]) * transposed(adjugate(n.inputs[0]))),
    curvature=Curvature("neither"),
    samples=_det_samples,
    native=rules.REFERENCE_ONLY,
)


def _without(s: Array) -> Array:
    """The products of all but one entry of the last axis."""
    ones = np.ones((*s.shape[:-1], 1))
    before = np.cumprod(np.concatenate([ones, s[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([ones, s[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    return np.asarray(before * after)


def _adjugate(a: Any, x: Array) -> Array:
    """det(U) det(V) V Γ Uᵀ, Γ the products of all singular values but one.

    Source: Stewart, On the adjugate matrix, Linear Algebra and its Applications 283 (1998) 151.
    """
    wide, bad = finite(x)
    if x.size == 0:
        return np.zeros(x.shape, x.dtype)
    u, s, vh = lapack("adjugate", np.linalg.svd, wide)
    sign = np.round(np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    inner = _without(s)[..., None, :] * np.swapaxes(vh, -1, -2)
    return spoiled(sign * (inner @ np.swapaxes(u, -1, -2)), bad, x.dtype)


def _adjugate_vjp(n: Tensor, c: Tensor) -> Tensor | None:
    """Of a regular matrix that of det(A) A⁻¹; of one near a singular one that of V adj(Σ) Uᵀ.

    With X = A⁻¹, D = det A: Ā = D (⟨C, X⟩ Xᵀ - Xᵀ C Xᵀ). With E = Uᵀ dA V, Ĉ = ±VᵀCU and Pᵢⱼ
    the product of all singular values but σᵢ and σⱼ: Ēᵢⱼ = -Pᵢⱼ Ĉᵢⱼ and Ēⱼⱼ = Σᵢ Pᵢⱼ Ĉᵢᵢ, i ≠ j.
    The second is exact everywhere, the first can be differentiated again everywhere; of the
    second that is refused where singular values coincide.
    """
    from ..composites import broadcast_to, cast, where
    from .factorizations_spectral import svdvals

    x = n.inputs[0]
    if x.shape[-1] < 2 or x.size == 0:
        return None  # the adjugate of a number is 1
    s = svdvals(x)
    regular = over_matrix(s[..., -1], x) > 1e-3 * over_matrix(s[..., 0], x)
    safe = where(regular, x, identity(x))
    inverse = solve(safe, identity(x))
    turned = transposed(inverse)
    along = over_matrix((c * inverse).sum(axis=(-2, -1)), x)
    first = over_matrix(det(safe), x) * (along * turned - product(turned, c, turned))
    pairs = cast(tied_values(s, x), x.dtype).sum(axis=(-2, -1)) > x.shape[-1]
    mixed = broadcast_to(pairs[..., None, None], x.shape) & ~regular
    second = outside_ties(_singular_adjugate_vjp(x, c), mixed, derivative=False)
    return where(regular, first, second)


def _singular_adjugate_vjp(x: Tensor, c: Tensor) -> Tensor:
    from ..composites import broadcast_to, where
    from .control import results
    from .factorizations_spectral import svd
    from .reductions import prod

    size = x.shape[-1]
    u, s, vh = results(svd(x, full=False))
    sign = results(slogdet(u))[0] * results(slogdet(vh))[0]
    given = over_matrix(sign, x) * product(vh, c, u)
    i, j, k = np.ogrid[:size, :size, :size]
    left_out = fixed((k == i) | (k == j), bool, "left out", size)
    shape = (*x.shape, size)
    factors = broadcast_to(s[..., None, None, :], shape)
    others = prod(
        where(broadcast_to(left_out, shape), 1.0, factors), axes=(x.ndim,)
    ) * broadcast_to(fixed(1 - np.eye(size), x.dtype, "off diagonal", size), x.shape)
    diagonal = (given * identity(x)).sum(axis=-1, keepdims=True)
    on_diagonal = transposed(product(others, diagonal)) * identity(x)
    return product(u, on_diagonal - others * given, vh)


adjugate = Primitive(
    name="adjugate",
    notation=r"\operatorname{{adj}}({0})",
    shape=square_shape,
    dtype=rules.floating,
    evaluate=_adjugate,
    vjp=by_input(_adjugate_vjp),
    curvature=Curvature("neither"),
    samples=lambda rng: [
        Sample((matrices(rng, 3, 3),), NoAttributes(), (0,)),
        Sample((matrices(rng, 2, 2, 2),), NoAttributes(), (0,)),
        Sample(
            (matrices(rng, 3, 2) @ np.diag([1.0, 4.0]) @ matrices(rng, 2, 3),), NoAttributes()
        ),
        Sample((np.array([[3.0]]),)),
        Sample((np.zeros((0, 0)),)),
    ],
    native=rules.REFERENCE_ONLY,
)


def _slogdet(a: Any, x: Array, wanted: Any = None) -> tuple[Array, Array]:
    wide, bad = finite(x)
    sign, size = np.linalg.slogdet(wide)
    return spoiled(sign, bad, x.dtype), spoiled(size, bad, x.dtype)


def _slogdet_vjp(node: Tensor, cotangents: Sequence[Tensor | None]) -> list[Tensor | None]:
    """Ā = c A⁻ᵀ, c the cotangent of log|det A|; the sign is constant where it is not zero."""
    x, c = node.inputs[0], cotangents[1]
    if c is None or x.size == 0:
        return [None]
    return [over_matrix(c, x) * solve(transposed(x), identity(x))]


slogdet = Primitive(
    name="slogdet",
    notation=r"\operatorname{{slogdet}}({0})",
    shape=lambda a, shape: (square_shape(a, shape)[:-2],) * 2,
    dtype=all_floating(2),
    evaluate=_slogdet,
    vjp=_slogdet_vjp,
    curvature=Curvature("neither"),
    samples=lambda rng: [
        Sample((matrices(rng, 3, 3),), NoAttributes(), (0,)),
        Sample((matrices(rng, 2, 2, 2),), NoAttributes(), (0,)),
        Sample((np.zeros((0, 0)),), NoAttributes(), (0,)),
        Sample((np.array([[np.nan]]),)),
    ],
    native=rules.REFERENCE_ONLY,
    parts=True,
)
