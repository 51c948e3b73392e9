"""What derivatives of eigenvalues and eigenvectors are made of, where eigenvalues coincide too.

Within an eigenspace the basis is arbitrary, so a second derivative must not be taken through
single vectors and values of it. Here eigenvectors V move as a frame with dV = V X, X = 0 within
eigenspaces, and what takes the eigenvalues' place is the matrix M = VᵀAV: diagonal now, but not
as A moves.

Of weights g(λ) the entries of M within an eigenspace have the coefficients that the next derivative
needs, but not how those change as the eigenvalues part: that is refused
(``factorizations_coinciding``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ShapeError
from ..primitive import Curvature, NoAttributes, Primitive, Sample, by_input
from . import rules
from .factorizations import (
    Array,
    Shape,
    definite,
    fixed,
    identity,
    matrices,
    product,
    square_shape,
    transposed,
)
from .factorizations_coinciding import coefficients, column_weights, tie_limit, tied_values

if TYPE_CHECKING:
    from ..tensor import Tensor


# --- X M - M X = Y ----------------------------------------------------------------------------


def _pair_shape(a: Any, matrix: Shape, right: Shape) -> Shape:
    if matrix != right:
        raise ShapeError(f"commutator_solve: the shapes {matrix} and {right} must be equal")
    return square_shape(a, matrix)


def _commutator_solve(a: Any, matrix: Array, right: Array) -> Array:
    """X with (X M - M X)ᵢⱼ = Yᵢⱼ wherever Mᵢᵢ and Mⱼⱼ differ, and Xᵢⱼ = 0 elsewhere."""
    m, y = np.asarray(matrix, np.float64), np.asarray(right, np.float64)
    n, unit = m.shape[-1], float(np.finfo(matrix.dtype).eps)
    values = np.diagonal(m, axis1=-2, axis2=-1)
    gaps = values[..., None, :] - values[..., :, None]
    limit = tie_limit(values, n, unit)[..., None]
    tied = np.abs(gaps) <= limit
    found = np.where(tied, 0.0, y / np.where(tied, 1.0, gaps))
    rest = np.abs(m - values[..., None] * np.eye(n))
    for place in np.argwhere(np.any(rest > 8 * limit, axis=(-2, -1))):
        at = tuple(place)
        found[at] = _general(m[at], y[at], ~tied[at])
    return found.astype(right.dtype)


def _general(m: Array, y: Array, wanted: Array) -> Array:
    """The same for M that is not diagonal: linear equations for the wanted entries."""
    n = len(m)
    system = np.kron(np.eye(n), m.T) - np.kron(m, np.eye(n))
    places = np.flatnonzero(wanted)
    found = np.zeros(n * n)
    found[places] = np.linalg.solve(system[np.ix_(places, places)], y.ravel()[places])
    return found.reshape(n, n)


def _commutator_to_matrix(n: Tensor, c: Tensor) -> Tensor:
    """M̄ = W Xᵀ - Xᵀ W with W the solution for Mᵀ and X̄."""
    pulled = commutator_solve(transposed(n.inputs[0]), c)
    return product(pulled, transposed(n)) - product(transposed(n), pulled)


def _commutator_samples(rng: np.random.Generator) -> list[Sample]:
    spread = np.diag([1.0, 3.0, -2.0])
    return [
        Sample((spread, rng.normal(size=(3, 3))), NoAttributes(), (0, 1)),
        Sample((definite(rng, 2, 2, 2) + 4 * np.diag([0, 1]), rng.normal(size=(2, 2, 2))),
               NoAttributes(), (0, 1)),
        Sample((np.diag([2.0, 2.0, 5.0]), rng.normal(size=(3, 3))), NoAttributes(), (1,)),
        Sample((np.zeros((0, 0)), np.zeros((0, 0))), NoAttributes(), (0, 1)),
    ]  # fmt: skip


commutator_solve = Primitive(
    name="commutator_solve",
    notation=r"[\,\cdot\,, {0}]^{{-1}} {1}",
    shape=_pair_shape,
    dtype=rules.floating,
    evaluate=_commutator_solve,
    vjp=by_input(
        _commutator_to_matrix, lambda n, c: commutator_solve(transposed(n.inputs[0]), c)
    ),
    curvature=Curvature("neither", linear_in=(1,)),
    samples=_commutator_samples,
    native=rules.REFERENCE_ONLY,
)


# --- Σ gᵢ vᵢ vᵢᵀ ------------------------------------------------------------------------------


def _spectral_shape(a: Any, vectors: Shape, weights: Shape, values: Shape, x: Shape) -> Shape:
    if vectors != x or not weights == values == square_shape(a, x)[:-1]:
        raise ShapeError(
            f"spectral_sum: the shapes {vectors}, {weights}, {values}, {x} are not those of "
            "eigenvectors, weights, eigenvalues and their matrix"
        )
    return x


def _spectral_sum(a: Any, vectors: Array, weights: Array, values: Array, x: Array) -> Array:
    wide = np.asarray(vectors, np.float64)
    found = (wide * weights[..., None, :]) @ np.swapaxes(wide, -1, -2)
    return np.asarray(found.astype(x.dtype))


def _to_vectors(n: Tensor, c: Tensor) -> Tensor:
    vectors, weights, values, x = n.inputs
    met = product(c + transposed(c), vectors)
    if not n.size:
        return met
    entries = product(transposed(vectors), met)
    weights = column_weights(weights, values, x, entries)
    return met * weights[..., None, :]


def _to_weights(n: Tensor, c: Tensor) -> Tensor:
    vectors = n.inputs[0]
    return (vectors * product(c, vectors)).sum(axis=-2)


def _to_matrix(n: Tensor, c: Tensor) -> Tensor | None:
    """What weights g(λ) owe to the entries of M within eigenspaces: (∂ᵢgᵢ - ∂ⱼgᵢ) Mᵢⱼ.

    It is the limit of (gᵢ - gⱼ)/(λᵢ - λⱼ). Source: Lewis & Sendov, Twice differentiable spectral
    functions, SIAM Journal on Matrix Analysis 23 (2001) 368, theorem 3.3.
    """
    from ..composites import where
    from ..traversal import depends_on, topological

    vectors, weights, values, x = n.inputs
    if n.size == 0 or id(weights) not in depends_on(topological([weights]), [values]):
        return None
    slopes = _own_slopes(weights, values)
    one = identity(x)
    diagonal = (slopes * one).sum(axis=-1, keepdims=True)
    inside = tied_values(values, x) & (one == 0)
    turned = product(transposed(vectors), c, vectors)
    owed = where(inside, coefficients(diagonal - slopes, inside, turned) * turned, 0.0)
    return product(vectors, (owed + transposed(owed)) * 0.5, transposed(vectors))


def _own_slopes(weights: Tensor, values: Tensor) -> Tensor:
    """∂gᵢ/∂λⱼ of every matrix of a batch: (…, n, n)."""
    from ..transforms import jacobian

    *batch, n = values.shape
    found = jacobian(weights, values)
    if not batch:
        return found
    count = values.size // n
    mask = fixed(np.eye(count)[:, None, :, None], values.dtype, "own matrix", count)
    own = (found.reshape((count, n, count, n)) * mask).sum(axis=2)
    return own.reshape((*batch, n, n))


def _spectral_samples(rng: np.random.Generator) -> list[Sample]:
    made = []
    for shape in ((3, 3), (2, 2, 2), (0, 0)):
        x = definite(rng, *shape)
        values, vectors = np.linalg.eigh(x)
        weights = rng.normal(size=values.shape)
        made.append(Sample((vectors, weights, values, x), NoAttributes(), (0, 1)))
    return made


spectral_sum = Primitive(
    name="spectral_sum",
    notation=r"\left.{0} \operatorname{{diag}}({1}) {0}^\top\right|_{{{2}, {3}}}",
    shape=_spectral_shape,
    dtype=rules.floating,
    evaluate=_spectral_sum,
    vjp=by_input(_to_vectors, _to_weights, rules.zero, _to_matrix),
    curvature=Curvature("neither", linear_in=(1,)),
    samples=_spectral_samples,
    native=rules.REFERENCE_ONLY,
)


# --- Σ gᵢ uᵢ vᵢᵀ ------------------------------------------------------------------------------


def _singular_shape(a: Any, u: Shape, weights: Shape, s: Shape, vh: Shape, x: Shape) -> Shape:
    *batch, n, m = x
    k = min(n, m)
    expected = ((*batch, n, k), (*batch, k), (*batch, k), (*batch, k, m))
    if (u, weights, s, vh) != expected:
        raise ShapeError(
            f"singular_sum: the shapes {u}, {weights}, {s}, {vh}, {x} are not those of singular "
            "vectors, weights, singular values and their matrix"
        )
    return x


def _singular_sum(a: Any, u: Array, weights: Array, s: Array, vh: Array, x: Array) -> Array:
    found = (np.asarray(u, np.float64) * weights[..., None, :]) @ np.asarray(vh, np.float64)
    return np.asarray(found.astype(x.dtype))


def _to_left(n: Tensor, c: Tensor) -> Tensor:
    u, weights, s, vh, x = n.inputs
    met = product(c, transposed(vh))
    return met * _side_weights(u, met, weights, s, x)[..., None, :]


def _to_right(n: Tensor, c: Tensor) -> Tensor:
    u, weights, s, vh, x = n.inputs
    met = product(transposed(c), u)
    return transposed(met * _side_weights(transposed(vh), met, weights, s, x)[..., None, :])


def _side_weights(
    vectors: Tensor, met: Tensor, weights: Tensor, s: Tensor, x: Tensor
) -> Tensor:
    """The weights of ``met`` (…, m, k), whose entries are those for ``vectors`` and the rest."""
    from .movement import concat

    if not met.size:
        return weights
    inside = product(transposed(vectors), met)
    rest = met - product(vectors, inside)
    return column_weights(weights, s, x, concat(inside, rest, axis=met.ndim - 2))


def _singular_to_matrix(n: Tensor, c: Tensor) -> Tensor | None:
    """What weights g(σ) owe to M = UᵀAV where singular values coincide or vanish.

    The limits of (gᵢ - gⱼ)/(σᵢ - σⱼ), and of (gᵢ + gⱼ)/(σᵢ + σⱼ) and gᵢ/σᵢ at zero, where g must
    vanish for a derivative to exist. Source: as for ``spectral_sum``, applied to [[0, A], [Aᵀ, 0]].
    """
    from ..composites import broadcast_to, where
    from ..traversal import depends_on, topological

    u, weights, s, vh, x = n.inputs
    if n.size == 0 or id(weights) not in depends_on(topological([weights]), [s]):
        return None
    slopes = _own_slopes(weights, s)
    one = identity(slopes)
    own = (slopes * one).sum(axis=-1)
    unit = 8 * max(x.shape[-2:]) * float(np.finfo(x.dtype).eps)
    limit = (s * unit).max(axis=-1, keepdims=True)
    zero = s <= limit
    apart = one == 0
    tied = tied_values(s, x) & apart
    lost = (s[..., None, :] + s[..., :, None] <= 2 * limit[..., None]) & apart
    given = product(c, transposed(vh))
    turned = product(transposed(u), given)
    even, odd = turned + transposed(turned), turned - transposed(turned)
    split = coefficients(own[..., :, None] - slopes, tied, even)
    joint = coefficients(own[..., :, None] + slopes, lost, odd)
    owed = where(tied, split * even, 0.0) + where(lost, joint * odd, 0.0)
    result = product(u, owed * 0.5, vh)
    height, width = x.shape[-2:]

    def shared(rest: Tensor) -> Tensor:
        weight, vanished = (
            broadcast_to(each[..., None, :], rest.shape) for each in (own, zero)
        )
        return where(vanished, coefficients(weight, vanished, rest) * rest, 0.0)

    if height > width:
        result = result + product(shared(given - product(u, turned)), vh)
    if width > height:
        pulled = product(transposed(c), u)
        rest = pulled - product(transposed(vh), transposed(turned))
        result = result + product(u, transposed(shared(rest)))
    return result


def _singular_samples(rng: np.random.Generator) -> list[Sample]:
    made = []
    for shape in ((3, 3), (2, 3, 2), (2, 3), (0, 2)):
        x = matrices(rng, *shape)
        u, s, vh = np.linalg.svd(x, full_matrices=False)
        weights = rng.normal(size=s.shape)
        made.append(Sample((u, weights, s, vh, x), NoAttributes(), (0, 1, 3)))
    return made


singular_sum = Primitive(
    name="singular_sum",
    notation=r"\left.{0} \operatorname{{diag}}({1}) {3}\right|_{{{2}, {4}}}",
    shape=_singular_shape,
    dtype=rules.floating,
    evaluate=_singular_sum,
    vjp=by_input(
        _to_left,
        lambda n, c: (n.inputs[0] * product(c, transposed(n.inputs[3]))).sum(axis=-2),
        rules.zero,
        _to_right,
        _singular_to_matrix,
    ),
    curvature=Curvature("neither", linear_in=(1,)),
    samples=_singular_samples,
    native=rules.REFERENCE_ONLY,
)
