"""Linear equations and what follows: solutions, determinants, least squares, exponentials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ShapeError, SingularError
from ..primitive import Curvature, NoAttributes, Primitive, Sample, by_input
from . import rules
from .factorizations import (
    Array,
    Shape,
    columns,
    finite,
    lapack,
    matrices,
    matrix_shape,
    over_matrix,
    product,
    rows,
    spoiled,
    square_shape,
    transposed,
)

if TYPE_CHECKING:
    from ..tensor import Tensor


def _pair_shape(what: str, matrix: Shape, right: Shape) -> tuple[Shape, Shape]:
    matrix_shape(matrix), matrix_shape(right)
    if matrix[:-2] != right[:-2] or matrix[-2] != right[-2]:
        raise ShapeError(
            f"{what}: the matrix of shape {matrix} and the right-hand sides of shape {right} "
            "need equal batch axes and as many rows"
        )
    return matrix, right


# --- square systems -----------------------------------------------------------------------------


def _solve_shape(a: Any, matrix: Shape, right: Shape) -> Shape:
    square_shape(a, matrix)
    return _pair_shape("solve", matrix, right)[1]


def _solve(a: Any, matrix: Array, right: Array) -> Array:
    """By LU with partial pivoting; the reciprocal condition number is estimated by xGECON.

    Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §15.3.
    """
    wide, bad = finite(matrix)
    sides = np.asarray(right, np.float64)
    result = np.empty(right.shape)
    if result.size:
        from scipy.linalg import lapack as routines

        for place in np.ndindex(*right.shape[:-2]):
            lu, pivots, info = routines.dgetrf(wide[place])
            size = float(np.abs(wide[place]).sum(axis=0).max())
            reciprocal = routines.dgecon(lu, size)[0] if info == 0 else 0.0
            if not reciprocal >= np.finfo(np.float64).eps:
                raise _singular(place, reciprocal)
            result[place] = routines.dgetrs(lu, pivots, sides[place])[0]
    return spoiled(result, bad, right.dtype)


def _singular(place: tuple[int, ...], reciprocal: float) -> SingularError:
    where = f" at batch index {list(place)}" if place else ""
    how = (
        "exactly singular"
        if reciprocal == 0
        else f"singular to working precision (reciprocal condition number {reciprocal:.2g})"
    )
    return SingularError(
        f"solve: the matrix{where} is {how}: one of its rows is a combination of the others, so "
        "there is no single solution. tv.linalg.lstsq and tv.linalg.pinv give the solution of "
        "least norm, tv.linalg.rank says which rank it has, and a small multiple of the identity "
        "added to it makes it regular"
    )


def _to_matrix(n: Tensor, c: Tensor) -> Tensor:
    return -product(solve(transposed(n.inputs[0]), c), transposed(n))


def _square_samples(rng: np.random.Generator) -> list[Sample]:
    shapes = [((3, 3), (3, 2)), ((2, 2, 2), (2, 2, 1)), ((1, 1), (1, 3)), ((0, 0), (0, 2))]
    return [
        *[
            Sample((matrices(rng, *x), rng.normal(size=y)), NoAttributes(), (0, 1))
            for x, y in shapes
        ],
        Sample((np.array([[1.0, np.nan], [0.0, 1.0]]), np.ones((2, 1)))),
        Sample((np.array([[0.0, 2.0], [1.0, 0.0]]), np.array([[np.inf], [1.0]]))),
    ]


solve = Primitive(
    name="solve",
    notation=r"{0}^{{-1}} {1}",
    shape=_solve_shape,
    dtype=rules.floating,
    evaluate=_solve,
    # B̄ = A⁻ᵀ X̄ and Ā = -B̄ Xᵀ.
    vjp=by_input(_to_matrix, lambda n, c: solve(transposed(n.inputs[0]), c)),
    curvature=Curvature("neither", linear_in=(1,)),
    samples=_square_samples,
    native=rules.REFERENCE_ONLY,
)


# --- rectangular systems ------------------------------------------------------------------------


def _cut(wide: Array, tolerance: Any) -> tuple[Array, Array, Array]:
    """Singular vectors, and 1/σ of those above ``tolerance`` times the largest, else 0."""
    u, s, vh = lapack("pinv", np.linalg.svd, wide, full_matrices=False)
    keep = s > np.asarray(tolerance, np.float64) * s.max(axis=-1, keepdims=True, initial=0.0)
    inverse = np.divide(1.0, s, out=np.zeros_like(s), where=keep)
    return u, inverse, vh


def _scalar_last(shapes: Sequence[Shape], what: str) -> None:
    if shapes[-1] != ():
        raise ShapeError(f"{what}: the tolerance is one number, but has shape {shapes[-1]}")


def _pinv_shape(a: Any, *shapes: Shape) -> Shape:
    _scalar_last(shapes, "pinv")
    *batch, n, m = matrix_shape(shapes[0])
    return (*batch, m, n)


def _pinv(a: Any, x: Array, tolerance: Array) -> Array:
    wide, bad = finite(x)
    u, inverse, vh = _cut(wide, tolerance)
    found = (np.swapaxes(vh, -1, -2) * inverse[..., None, :]) @ np.swapaxes(u, -1, -2)
    return spoiled(found, bad, x.dtype)


def _pinv_vjp(n: Tensor, c: Tensor) -> Tensor:
    """Ā = -PᵀCPᵀ + (I - AP) CᵀPPᵀ + PᵀPCᵀ(I - PA), P = A⁺, where the rank is constant.

    Source: Golub & Pereyra, SIAM Journal on Numerical Analysis 10 (1973) 413, eq. 4.12.
    """
    a, turned, back = n.inputs[0], transposed(n), transposed(c)
    left = product(back, n, turned)
    right = product(turned, n, back)
    return (
        -product(turned, c, turned)
        + (left - product(a, n, left))
        + (right - product(right, n, a))
    )


def _rectangular(rng: np.random.Generator) -> list[Array]:
    return [matrices(rng, *shape) for shape in ((3, 3), (2, 4, 2), (2, 3), (0, 2), (2, 0))]


TOLERANCE = np.asarray(1e-10)

pinv = Primitive(
    name="pinv",
    notation=r"{0}^{{+}}_{{{1}}}",
    shape=_pinv_shape,
    dtype=rules.floating,
    evaluate=_pinv,
    vjp=by_input(_pinv_vjp, rules.zero),
    curvature=Curvature("neither"),
    samples=lambda rng: [
        *[Sample((x, TOLERANCE), NoAttributes(), (0,)) for x in _rectangular(rng)],
        Sample((np.ones((3, 2)), TOLERANCE)),
        Sample((np.full((2, 2), np.nan), TOLERANCE)),
    ],
    native=rules.REFERENCE_ONLY,
)


def _lstsq_shape(a: Any, *shapes: Shape) -> Shape:
    _scalar_last(shapes, "lstsq")
    matrix, right = _pair_shape("lstsq", *shapes[:2])
    return (*right[:-2], matrix[-1], right[-1])


def _lstsq(a: Any, matrix: Array, right: Array, tolerance: Array) -> Array:
    wide, bad = finite(matrix)
    u, inverse, vh = _cut(wide, tolerance)
    sides = np.swapaxes(u, -1, -2) @ np.asarray(right, np.float64)
    return spoiled(np.swapaxes(vh, -1, -2) @ (inverse[..., None] * sides), bad, right.dtype)


def _lstsq_to_matrix(n: Tensor, c: Tensor) -> Tensor:
    """Ā = -PᵀCXᵀ + R CᵀPPᵀ + PᵀXCᵀ(I - PA), P = A⁺, R = B - AX, where the rank is constant."""
    a, b, tolerance = n.inputs
    p = pinv(a, tolerance)
    turned = transposed(p)
    outside = product(turned, n, transposed(c))
    return (
        -product(turned, c, transposed(n))
        + product(b - product(a, n), transposed(c), p, turned)
        + (outside - product(outside, p, a))
    )


def _lstsq_samples(rng: np.random.Generator) -> list[Sample]:
    return [
        *[
            Sample((x, rng.normal(size=(*x.shape[:-1], 2)), TOLERANCE), NoAttributes(), (0, 1))
            for x in _rectangular(rng)
        ],
        Sample((np.ones((3, 2)), rng.normal(size=(3, 1)), TOLERANCE), NoAttributes(), (1,)),
    ]


lstsq = Primitive(
    name="lstsq",
    notation=r"{0}^{{+}}_{{{2}}} {1}",
    shape=_lstsq_shape,
    dtype=rules.floating,
    evaluate=_lstsq,
    vjp=by_input(
        _lstsq_to_matrix,
        lambda n, c: product(transposed(pinv(n.inputs[0], n.inputs[2])), c),
        rules.zero,
    ),
    curvature=Curvature("neither", linear_in=(1,)),
    samples=_lstsq_samples,
    native=rules.REFERENCE_ONLY,
)


# --- the exponential ----------------------------------------------------------------------------


def _expm(a: Any, x: Array) -> Array:
    """By scaling and squaring. Source: Al-Mohy & Higham, SIMAX 31 (2009) 970."""
    wide, bad = finite(x)
    if x.size == 0:
        return np.zeros(x.shape, x.dtype)
    from scipy.linalg import expm as exponential

    return spoiled(exponential(wide), bad, x.dtype)


def _expm_vjp(n: Tensor, c: Tensor) -> Tensor | None:
    """The corner L of exp [[Aᵀ, C], [0, Aᵀ]] = [[·, L], [0, ·]], itself an exponential.

    Source: Higham, Functions of Matrices (2008), eq. 3.16. L is linear in C, so C is scaled to
    the size of 1, lest the scaling of the exponential follow it.
    """
    from ..array.shared import scale_of
    from ..composites import zeros_like
    from .movement import concat

    x = n.inputs[0]
    if x.size == 0:
        return None
    size, turned = x.shape[-1], transposed(x)
    scale = over_matrix(scale_of(abs(c).max(axis=(-2, -1))), x)
    upper = concat(turned, c / scale, axis=x.ndim - 1)
    lower = concat(zeros_like(x), turned, axis=x.ndim - 1)
    whole = expm(concat(upper, lower, axis=x.ndim - 2))
    return columns(rows(whole, 0, size), size, 2 * size) * scale


expm = Primitive(
    name="expm",
    notation=r"\operatorname{{expm}}({0})",
    shape=square_shape,
    dtype=rules.floating,
    evaluate=_expm,
    vjp=by_input(_expm_vjp),
    curvature=Curvature("neither"),
    samples=lambda rng: [
        Sample((rng.normal(size=(3, 3)),), NoAttributes(), (0,)),
        Sample((rng.normal(size=(2, 2, 2)),), NoAttributes(), (0,)),
        Sample((np.zeros((2, 2)),), NoAttributes(), (0,)),
        Sample((np.zeros((0, 0)),), NoAttributes(), (0,)),
        Sample((np.array([[np.nan]]),)),
    ],
    native=rules.REFERENCE_ONLY,
)
