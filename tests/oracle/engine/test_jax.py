"""Every sample of every primitive against JAX: values, gradients and Hessians."""

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np
import pytest
from jax import lax

import trivium as tv
from tests.engine.table import CASES, TABLE, apply, as_leaves, ids, total

jax.config.update("jax_enable_x64", True)

JAX_HAS_NO = {
    "adjugate": "the cofactors themselves are the oracle, in tests/mathematics/linalg",
    "commutator_solve": "it is part of the derivative of eigh, which is compared",
    "outside_ties": "it is the identity, or refuses",
    "spectral_sum": "it is part of the derivative of eigh, which is compared",
    "singular_sum": "it is part of the derivative of svd, which is compared",
    "random_bits": "its counter-based generator is Threefry; the published words are the oracle",
}


def elementwise(function):
    return lambda a, *x: function(*x)


def contraction(a, x, y):
    def subscripts(labels):
        return "".join(chr(ord("a") + label) for label in labels)

    left, right, out = map(subscripts, a)
    return jnp.einsum(f"{left},{right}->{out}", x, y)


def scan(a, w, state, xs):
    """The loop of the samples: state ← Σ_j w_ij state_i + x state, emitting state · x."""

    def step(old, x):
        new = (w * old).sum(axis=1) + x * old
        return new, (old, new * x)

    last, (history, emitted) = lax.scan(step, state, xs, reverse=a.reverse)
    return last, history, emitted


def scatter_add(a, updates, places):
    rest = updates.shape[places.ndim :]
    return jnp.zeros((a.rows, *rest), updates.dtype).at[places].add(updates)


def symmetric(x):
    return (x + jnp.swapaxes(x, -1, -2)) / 2


def signed(vectors):
    """±1 for each column: the sign of its entry of largest size."""
    if 0 in vectors.shape:
        return jnp.ones((*vectors.shape[:-2], vectors.shape[-1]), vectors.dtype)
    first = jnp.argmax(jnp.abs(vectors), axis=-2)
    entry = jnp.take_along_axis(vectors, first[..., None, :], axis=-2)[..., 0, :]
    return lax.stop_gradient(jnp.where(entry < 0, -1.0, 1.0).astype(vectors.dtype))


def eigh(a, x):
    values, vectors = jnp.linalg.eigh(symmetric(x), symmetrize_input=False)
    return values, vectors * signed(vectors)[..., None, :]


def qr(a, x):
    q, r = jnp.linalg.qr(x, mode="complete" if a.full else "reduced")
    diagonal = jnp.diagonal(r, axis1=-2, axis2=-1)
    signs = lax.stop_gradient(jnp.where(diagonal < 0, -1.0, 1.0).astype(x.dtype))
    signs = jnp.concatenate([signs, signed(q[..., signs.shape[-1] :])], axis=-1)
    return q * signs[..., None, :], r * signs[..., :, None]


def svd(a, x):
    u, s, vh = jnp.linalg.svd(x, full_matrices=a.full)
    own, k = signed(u), s.shape[-1]
    rest = signed(jnp.swapaxes(vh[..., k:, :], -1, -2))
    signs = jnp.concatenate([own[..., :k], rest], axis=-1)
    return u * own[..., None, :], s, vh * signs[..., :, None]


def integer_power(x, y):
    if jnp.issubdtype(x.dtype, jnp.integer):
        unit = jnp.where(x == -1, jnp.where(y % 2 == 0, 1, -1), (x == 1).astype(x.dtype))
        return jnp.where(y < 0, unit, jnp.power(x, jnp.maximum(y, 0)))
    return jnp.power(x, y)


def integer_division(function):
    """Division by zero is 0 for integers."""

    def divide(x, y):
        if jnp.issubdtype(x.dtype, jnp.integer):
            return jnp.where(y == 0, 0, function(x, jnp.where(y == 0, 1, y)))
        return function(x, y)

    return divide


SAME = """
    negative add subtract multiply divide maximum minimum sqrt square abs floor ceil trunc round
    sign equal not_equal less less_equal greater greater_equal isnan isinf isfinite logical_and
    logical_or logical_xor logical_not bitwise_and bitwise_or bitwise_xor bitwise_invert
    bitwise_left_shift bitwise_right_shift exp log log2 log10 expm1 log1p sin cos tan asin acos
    atan sinh cosh tanh asinh acosh atanh atan2 where
"""
ORACLE = {
    **{name: elementwise(getattr(jnp, name)) for name in SAME.split()},
    "chain": elementwise(jnp.multiply),
    "floor_divide": elementwise(integer_division(jnp.floor_divide)),
    "remainder": elementwise(integer_division(jnp.remainder)),
    "power": elementwise(integer_power),
    "sigmoid": elementwise(jax.nn.sigmoid),
    "softplus": elementwise(jax.nn.softplus),
    "erf": elementwise(jsp.erf),
    "erfc": elementwise(jsp.erfc),
    "erfinv": elementwise(jsp.erfinv),
    "normal_quantile": elementwise(jsp.ndtri),
    "log_gamma": elementwise(jsp.gammaln),
    "polygamma": lambda a, x: jsp.polygamma(a.order, x) if a.order else jsp.digamma(x),
    "gammainc": elementwise(jsp.gammainc),
    "gammaincc": elementwise(jsp.gammaincc),
    "label": lambda a, x: x,
    "stop_gradient": lambda a, x: lax.stop_gradient(x),
    "cast": lambda a, x: x.astype(a.dtype),
    "reshape": lambda a, x: jnp.reshape(x, a.shape),
    "permute": lambda a, x: jnp.transpose(x, a.axes),
    "broadcast": lambda a, x: jnp.broadcast_to(x, a.shape),
    "pad": lambda a, x: lax.pad(x, jnp.zeros((), x.dtype), list(zip(*a))),
    "slice": lambda a, x: lax.slice(x, a.start, a.stop, a.step),
    "concat": lambda a, *x: jnp.concatenate(x, a.axis),
    "flip": lambda a, x: jnp.flip(x, a.axes),
    "sum": lambda a, x: jnp.sum(x, a.axes),
    "prod": lambda a, x: jnp.prod(x, a.axes),
    "max": lambda a, x: jnp.max(x, a.axes),
    "min": lambda a, x: jnp.min(x, a.axes),
    "argmax": lambda a, x: jnp.argmax(x, a.axis),
    "argmin": lambda a, x: jnp.argmin(x, a.axis),
    "cumulative_sum": lambda a, x: jnp.cumsum(x, a.axis),
    "cumulative_prod": lambda a, x: jnp.cumprod(x, a.axis),
    "sort": lambda a, x: jnp.sort(x, a.axis),
    "argsort": lambda a, x: jnp.argsort(x, a.axis, stable=True),
    "gather": lambda a, x, i: x[i],
    "scatter_add": scatter_add,
    "contraction": contraction,
    "scan": scan,
    "cholesky": lambda a, x: jnp.linalg.cholesky(symmetric(x)),
    "eigh": eigh,
    "eigvalsh": lambda a, x: jnp.linalg.eigvalsh(symmetric(x)),
    "qr": qr,
    "svd": svd,
    "svdvals": lambda a, x: jnp.linalg.svdvals(x),
    "solve": lambda a, x, y: jnp.linalg.solve(x, y),
    "det": lambda a, x: jnp.linalg.det(x),
    "slogdet": lambda a, x: tuple(jnp.linalg.slogdet(x)),
    "pinv": lambda a, x, tolerance: jnp.linalg.pinv(x, rtol=tolerance),
    "lstsq": lambda a, x, y, tolerance: jnp.linalg.pinv(x, rtol=tolerance) @ y,
    "expm": lambda a, x: jax.scipy.linalg.expm(x),
}
COMPARED = [
    case
    for case in CASES
    if case.primitive.name not in JAX_HAS_NO
    # JAX has numbers for the factors of an infinite matrix.
    and not (case.primitive.name == "qr" and not np.isfinite(case.sample.inputs[0]).all())
]
SMOOTH = [
    case
    for case in COMPARED
    if any(case.sample.inputs[i].size for i in case.sample.smooth)
    # JAX has no derivative of a completed basis.
    and not (case.primitive.name == "svd" and case.sample.attributes.full)
]
# Of matrices, computed in float64 here whatever the dtype, and in float32 by JAX.
MATRICES = {
    "cholesky", "eigh", "eigvalsh", "qr", "svd", "svdvals", "solve", "det", "slogdet", "pinv",
    "lstsq", "expm",
}  # fmt: skip


def of_jax(case, inputs):
    found = ORACLE[case.primitive.name](case.sample.attributes, *inputs)
    return list(found) if case.primitive.parts else [found]


def total_of_jax(case, inputs):
    """The scalar that ``tests.engine.table.total`` makes."""
    result = 0.0
    for i, part in enumerate(of_jax(case, inputs)):
        if jnp.issubdtype(part.dtype, jnp.floating):
            weights = np.random.default_rng(i).uniform(0.5, 1.5, part.shape)
            result = result + (part * weights.astype(part.dtype)).sum()
    return result


def close(found, expected, dtype=np.float64, least=0.0):
    tolerance = 1e-9 if dtype == np.float64 else 1e-5
    expected = np.asarray(expected)
    largest = np.max(np.abs(expected), initial=least, where=np.isfinite(expected))
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * largest)


def test_every_primitive_is_compared():
    assert set(TABLE) - {"constant", "input", "variable", "project"} == {*ORACLE, *JAX_HAS_NO}


@pytest.mark.parametrize("case", COMPARED, ids=ids(COMPARED))
def test_values(case):
    matrices = case.primitive.name in MATRICES
    for dtype in case.dtypes[-1:] if matrices else case.dtypes:
        arrays = case.arrays(dtype)
        expected = of_jax(case, [jnp.asarray(array) for array in arrays])
        for part, want in zip(apply(case, as_leaves(arrays)), expected):
            assert part.shape == want.shape
            if part.dtype.kind == "f":
                assert part.dtype == want.dtype
                close(part.value, want, part.dtype, least=1.0 if matrices else 0.0)
            else:
                np.testing.assert_array_equal(part.value, want)


@pytest.mark.parametrize("case", SMOOTH, ids=ids(SMOOTH))
def test_gradients_and_hessians(case):
    leaves = as_leaves(case.sample.inputs)
    arrays = [jnp.asarray(array) for array in case.sample.inputs]
    smooth = case.sample.smooth
    scalar = total(case, leaves)
    dtype = scalar.dtype

    def function(*moving):
        inputs = list(arrays)
        for i, array in zip(smooth, moving):
            inputs[i] = array
        return total_of_jax(case, inputs)

    points = [arrays[i] for i in smooth]
    numbers = tuple(range(len(points)))
    slopes = tv.gradient(scalar, [leaves[i] for i in smooth])
    for found, want in zip(slopes, jax.jit(jax.grad(function, numbers))(*points)):
        close(found.value, want, dtype)
    bends = jax.jit(jax.hessian(function, numbers))(*points)  # one compilation, not hundreds
    for k, i in enumerate(smooth):
        close(tv.hessian(scalar, leaves[i]).value, bends[k][k], dtype)
