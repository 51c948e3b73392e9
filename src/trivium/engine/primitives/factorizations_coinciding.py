"""What is refused where eigenvalues or singular values coincide: derivatives that are not known.

Within an eigenspace, functions of eigenvalues depend on all entries of M = VᵀAV. What they owe to
those off the diagonal is known (``spectral_sum``, ``singular_sum``); how that changes as the values
part is not. ``outside_ties`` marks what would have to be differentiated for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import NotDifferentiableError, ShapeError
from ..primitive import Curvature, Primitive, Sample, by_input
from . import rules
from .factorizations import Array, Shape

if TYPE_CHECKING:
    from ..tensor import Tensor


def tie_limit(values: Any, size: int, unit: float) -> Any:
    """Below what the values of a matrix are one: 8 n ε of the largest size."""
    return np.abs(values).max(axis=-1, keepdims=True, initial=0.0) * (8 * size * unit)


class IsDerivative(NamedTuple):
    """Whether this is the derivative, which needs values that differ."""

    derivative: bool


def _ties_shape(a: IsDerivative, x: Shape, tied: Shape) -> Shape:
    if x != tied:
        raise ShapeError(f"outside_ties: the shapes {x} and {tied} must be equal")
    return x


def _outside_ties(a: IsDerivative, x: Array, tied: Array) -> Array:
    """x itself; of a derivative, if nothing is tied."""
    if a.derivative and np.any(tied):
        raise NotDifferentiableError(
            "this derivative is not known where eigenvalues or singular values coincide, as they "
            "do here (to 8 n ε ‖A‖): of functions of them, and of det where it is singular, the "
            "first two derivatives are, of matrix_function the first. Polynomials, expm, inv, "
            "slogdet and pinv of the matrix itself have derivatives of every order; a small "
            "matrix added to this one parts its values"
        )
    return x


def _beyond_rounding(entries: Tensor) -> Tensor:
    size = abs(entries).max(axis=(-2, -1), keepdims=True)
    return abs(entries) > size * (64 * entries.shape[-1] * float(np.finfo(entries.dtype).eps))


def coefficients(x: Tensor, tied: Tensor, entries: Tensor) -> Tensor:
    """x, with no derivative where ``entries`` that are not rounding alone are tied."""
    return outside_ties(x, tied & _beyond_rounding(entries), derivative=False)


def column_weights(weights: Tensor, values: Tensor, x: Tensor, entries: Tensor) -> Tensor:
    """Weights (…, n) of the columns of ``entries`` (…, m, n), its first n rows those of M.

    Off its diagonal, within an eigenspace, g(M) changes too, and with it the products with
    entries outside of the eigenspace: where there are any, weights have no derivative.
    """
    from ..composites import cast
    from ..traversal import depends_on, topological

    if id(weights) not in depends_on(topological([weights]), [values]):
        return weights
    # How many entries beyond rounding each column has in all, and within its eigenspace.
    present = cast(_beyond_rounding(entries), weights.dtype)
    inside = cast(tied_values(values, x), weights.dtype)
    own = (present[..., : values.shape[-1], :] * inside).sum(axis=-2)
    beyond = present.sum(axis=-2) > own
    shared = inside.sum(axis=-1) > 1
    reached = (inside * cast(beyond, weights.dtype)[..., None, :]).sum(axis=-1) > 0
    return outside_ties(weights, shared & reached, derivative=False)


def tied_values(values: Tensor, x: Tensor) -> Tensor:
    """Whether two values of the matrix ``x`` are one, each with itself: (…, n, n)."""
    gaps = abs(values[..., None, :] - values[..., :, None])
    unit = 8 * max(x.shape[-2:]) * float(np.finfo(x.dtype).eps)
    return gaps <= (abs(values) * unit).max(axis=-1, keepdims=True)[..., None]


def _ties_samples(rng: np.random.Generator) -> list[Sample]:
    x = rng.normal(size=(2, 2))
    apart = np.zeros((2, 2), bool)
    return [
        Sample((x, apart), IsDerivative(False), (0,)),
        Sample((x, apart), IsDerivative(True), (0,)),
        Sample((np.zeros((0, 0)), np.zeros((0, 0), bool)), IsDerivative(True), (0,)),
    ]


outside_ties = Primitive(
    name="outside_ties",
    notation=r"\left.{0}\right|_{{\neg {1}}}",
    attributes=IsDerivative,
    shape=_ties_shape,
    dtype=lambda a, x, tied: rules.floating(a, x),
    evaluate=_outside_ties,
    vjp=by_input(lambda n, c: outside_ties(c, n.inputs[1], derivative=True), rules.zero),
    curvature=Curvature("affine", ("increasing", "neither"), linear_in=(0,)),
    samples=_ties_samples,
    native=rules.REFERENCE_ONLY,
)
