"""Primitives on shapes that nobody chose: empty, scalar and drawn, against NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import trivium as tv
from tests.engine.table import CASES, TABLE, apply
from trivium.engine.primitives import contraction as ct
from trivium.engine.primitives import indexing, movement, ordering, reductions

shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
ELEMENTWISE = sorted(
    {
        case.primitive.name
        for case in CASES
        if case.primitive.shape.__name__ in ("same_shape", "_polygamma_shape")
    }
)


def floats(shape, dtype=np.float64):
    return hnp.arrays(dtype, shape, elements=st.floats(-8, 8, width=32, allow_subnormal=False))


@st.composite
def arrays(draw, dtype=np.float64, min_dims=0, min_side=0):
    shape = draw(hnp.array_shapes(min_dims=min_dims, max_dims=4, min_side=min_side, max_side=4))
    return draw(floats(shape, dtype))


@st.composite
def with_axes(draw, min_side=0):
    x = draw(arrays(min_side=min_side))
    return x, tuple(sorted(draw(st.sets(st.integers(0, x.ndim - 1))) if x.ndim else ()))


@st.composite
def with_axis(draw, min_side=0):
    x = draw(arrays(min_dims=1, min_side=min_side))
    return x, draw(st.integers(0, x.ndim - 1))


def test_the_elementwise_primitives_are_found():
    assert {"add", "exp", "where", "less", "logical_not", "cast", "polygamma"} <= {*ELEMENTWISE}
    assert len(ELEMENTWISE) > 60


@pytest.mark.parametrize("name", ELEMENTWISE)
@settings(max_examples=settings.default.max_examples // 4)
@given(data=st.data())
def test_elementwise_results_depend_on_their_element_alone(name, data):
    """The result of an array is the array of the results."""
    case = data.draw(st.sampled_from([c for c in CASES if c.primitive.name == name]))
    shape = data.draw(shapes)
    size = int(np.prod(shape, dtype=int))
    pools = [np.ravel(array) for array in case.sample.inputs]
    count = min(len(pool) for pool in pools)
    if count == 0:
        return
    picks = data.draw(hnp.arrays(np.int64, size, elements=st.integers(0, count - 1)))
    inputs = [tv.tensor(pool[picks].reshape(shape)) for pool in pools]
    (result,) = apply(case, inputs)
    assert result.shape == shape
    singles = apply(case, [tv.tensor(pool[:count]) for pool in pools])[0].value
    # Vector and scalar loops of one function may round differently.
    np.testing.assert_allclose(result.value.ravel(), singles[picks], rtol=1e-14, atol=0)


@given(with_axes())
def test_sum_and_prod(case):
    x, axes = case
    for primitive, reference in [(reductions.sum_, np.sum), (reductions.prod, np.prod)]:
        result = primitive(tv.tensor(x), axes=axes)
        expected = reference(x, axis=axes)
        assert result.shape == expected.shape
        np.testing.assert_array_equal(result.value, expected)


@given(with_axes(min_side=1))
def test_max_and_min_and_their_shares(case):
    """The cotangent of an extreme is shared by all elements that attain it, in equal parts."""
    x, axes = case
    for primitive, reference in [(reductions.max_, np.max), (reductions.min_, np.min)]:
        leaf = tv.tensor(x)
        result = primitive(leaf, axes=axes)
        np.testing.assert_array_equal(result.value, reference(x, axis=axes))
        attained = x == reference(x, axis=axes, keepdims=True)
        share = attained / attained.sum(axis=axes, keepdims=True)
        np.testing.assert_allclose(tv.gradient(result.sum(), leaf).value, share, rtol=1e-15)


@given(with_axis(min_side=1))
def test_positions_of_extremes_are_the_first_ones(case):
    x, axis = case
    x = np.round(x)  # ties
    leaf = tv.tensor(x)
    np.testing.assert_array_equal(reductions.argmax(leaf, axis=axis).value, x.argmax(axis))
    np.testing.assert_array_equal(reductions.argmin(leaf, axis=axis).value, x.argmin(axis))


@given(with_axis())
def test_cumulative(case):
    x, axis = case
    leaf = tv.tensor(x)
    np.testing.assert_array_equal(
        reductions.cumulative_sum(leaf, axis=axis).value, np.cumsum(x, axis)
    )
    np.testing.assert_array_equal(
        reductions.cumulative_prod(leaf, axis=axis).value, np.cumprod(x, axis)
    )


@given(with_axis())
def test_products_have_exact_derivatives_at_zeros(case):
    """∂Πx/∂x_i is the product of the others, also when factors are zero."""
    x, axis = case
    x = np.round(x / 3)
    leaf = tv.tensor(x)
    slope = tv.gradient(reductions.prod(leaf, axes=(axis,)).sum(), leaf).value
    moved = np.moveaxis(x, axis, -1)
    others = [np.delete(moved, i, -1).prod(-1) for i in range(moved.shape[-1])]
    expected = np.stack(others, -1) if others else moved
    np.testing.assert_array_equal(slope, np.moveaxis(expected, -1, axis))


@given(with_axis(), st.data())
def test_sorting_is_stable_and_puts_nan_last(case, data):
    x, axis = case
    x = np.round(x)
    holes = data.draw(hnp.arrays(bool, x.shape))
    x = np.where(holes, np.nan, x)
    leaf = tv.tensor(x)
    ordered, order = ordering.sort(leaf, axis=axis), ordering.argsort(leaf, axis=axis)
    np.testing.assert_array_equal(ordered.value, np.sort(x, axis))
    np.testing.assert_array_equal(order.value, np.argsort(x, axis, kind="stable"))
    weights = np.arange(x.size, dtype=float).reshape(x.shape)
    pulled = tv.gradient((ordered * weights).sum(), leaf).value
    expected = np.zeros_like(x)
    np.put_along_axis(expected, order.value, weights, axis)
    np.testing.assert_array_equal(pulled, expected)


@given(arrays(), st.data())
def test_movement(x, data):
    leaf = tv.tensor(x)
    order = tuple(data.draw(st.permutations(range(x.ndim))))
    np.testing.assert_array_equal(movement.permute(leaf, axes=order).value, x.transpose(order))
    flipped = (
        tuple(sorted(data.draw(st.sets(st.sampled_from(range(x.ndim)))))) if x.ndim else ()
    )
    np.testing.assert_array_equal(movement.flip(leaf, axes=flipped).value, np.flip(x, flipped))
    flat = movement.reshape(leaf, shape=(x.size,))
    np.testing.assert_array_equal(flat.value, x.ravel())
    np.testing.assert_array_equal(movement.reshape(flat, shape=x.shape).value, x)


@given(arrays(), st.data())
def test_broadcasting_repeats_and_its_transpose_sums(x, data):
    lead = data.draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
    grown = tuple(data.draw(st.integers(0, 3)) if size == 1 else size for size in x.shape)
    target = (*lead, *grown)
    leaf = tv.tensor(x)
    result = movement.broadcast(leaf, shape=target)
    np.testing.assert_array_equal(result.value, np.broadcast_to(x, target))
    weights = np.arange(result.size, dtype=float).reshape(target)
    pulled = tv.gradient((result * weights).sum(), leaf).value
    axes = tuple(range(len(lead)))
    summed = weights.sum(axis=axes)
    for axis, (have, want) in enumerate(zip(x.shape, grown)):
        if have != want:
            summed = summed.sum(axis=axis, keepdims=True)
    np.testing.assert_array_equal(pulled, summed)


@given(arrays(), st.data())
def test_pad_and_slice_are_transposes(x, data):
    """⟨pad x, y⟩ = ⟨x, slice y⟩, and slicing the padding away gives x back."""
    gaps = [
        tuple(data.draw(st.integers(0, 3)) for _ in range(x.ndim))
        for _ in ("before", "after", "between")
    ]
    leaf = tv.tensor(x)
    padded = movement.pad(leaf, before=gaps[0], after=gaps[1], between=gaps[2])
    expected = np.zeros(padded.shape)
    places = tuple(
        slice(low, low + max((size - 1) * (gap + 1) + 1, 0), gap + 1)
        for size, low, gap in zip(x.shape, gaps[0], gaps[2])
    )
    expected[places] = x
    np.testing.assert_array_equal(padded.value, expected)
    assert padded.shape == tuple(
        low + size + max(size - 1, 0) * gap + high
        for size, low, high, gap in zip(x.shape, *gaps)
    )
    y = np.random.default_rng(0).integers(-9, 9, padded.shape).astype(float)
    pulled = tv.gradient((padded * y).sum(), leaf).value
    np.testing.assert_array_equal(pulled, y[places])


@given(arrays(), st.data())
def test_slices(x, data):
    start, stop, step = [], [], []
    for size in x.shape:
        low = data.draw(st.integers(0, size))
        start.append(low)
        stop.append(data.draw(st.integers(low, size)))
        step.append(data.draw(st.integers(1, 3)))
    leaf = tv.tensor(x)
    result = movement.slice_(leaf, start=tuple(start), stop=tuple(stop), step=tuple(step))
    key = tuple(slice(*row) for row in zip(start, stop, step))
    np.testing.assert_array_equal(result.value, x[key])
    mask = np.zeros(x.shape)
    mask[key] = 1
    np.testing.assert_array_equal(tv.gradient(result.sum(), leaf).value, mask)


@given(with_axis(), st.data())
def test_concat_joins_and_its_transpose_parts(case, data):
    x, axis = case
    pieces = [x]
    for _ in range(data.draw(st.integers(0, 2))):
        shape = list(x.shape)
        shape[axis] = data.draw(st.integers(0, 3))
        pieces.append(data.draw(floats(tuple(shape))))
    leaves = [tv.tensor(piece) for piece in pieces]
    joined = movement.concat(*leaves, axis=axis)
    np.testing.assert_array_equal(joined.value, np.concatenate(pieces, axis))
    pulled = tv.gradient((joined * joined).sum() / 2, leaves)
    for piece, slope in zip(pieces, pulled):
        np.testing.assert_array_equal(slope.value, piece)


@st.composite
def contractions(draw):
    labels = draw(st.permutations("abcde"))
    sizes = {label: draw(st.integers(0, 4)) for label in labels}
    kinds = [
        draw(st.sampled_from(["batch", "summed", "left", "right", "unused"])) for _ in labels
    ]
    by_kind = {k: [a for a, b in zip(labels, kinds) if b == k] for k in kinds}

    def of(*names):
        return [label for name in names for label in by_kind.get(name, [])]

    left = draw(st.permutations(of("batch", "summed", "left")))
    right = draw(st.permutations(of("batch", "summed", "right")))
    out = draw(st.permutations(of("batch", "left", "right")))
    return tuple(left), tuple(right), tuple(out), sizes


@given(contractions(), st.sampled_from([np.int32, np.int64, np.float32, np.float64]))
def test_contraction_is_einsum(case, dtype):
    """Small integers, so that every order of summation is exact."""
    left, right, out, sizes = case
    rng = np.random.default_rng(0)
    x, y = (
        rng.integers(-4, 5, [sizes[label] for label in labels]).astype(dtype)
        for labels in (left, right)
    )
    number = {label: i for i, label in enumerate(sizes)}
    coded = [tuple(number[label] for label in labels) for labels in (left, right, out)]
    leaves = tv.tensor(x), tv.tensor(y)
    result = ct.contraction(*leaves, left=coded[0], right=coded[1], out=coded[2])
    words = ["".join(labels) for labels in (left, right, out)]
    np.testing.assert_array_equal(
        result.value, np.einsum(f"{words[0]},{words[1]}->{words[2]}", x, y)
    )
    assert result.dtype == dtype
    if np.dtype(dtype).kind == "f":
        seed = rng.integers(-3, 4, result.shape).astype(dtype)
        to_x, to_y = tv.gradient((result * seed).sum(), list(leaves))
        np.testing.assert_array_equal(
            to_x.value, np.einsum(f"{words[2]},{words[1]}->{words[0]}", seed, y)
        )
        np.testing.assert_array_equal(
            to_y.value, np.einsum(f"{words[0]},{words[2]}->{words[1]}", x, seed)
        )


@given(arrays(min_dims=1, min_side=1), st.data())
def test_gather_and_scatter_are_transposes(x, data):
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=4))
    rows = data.draw(hnp.arrays(np.int64, shape, elements=st.integers(0, len(x) - 1)))
    leaf, places = tv.tensor(x), tv.tensor(rows)
    taken = indexing.gather(leaf, places)
    np.testing.assert_array_equal(taken.value, x[rows])
    weights = np.arange(taken.size, dtype=float).reshape(taken.shape)
    expected = np.zeros_like(x)
    np.add.at(expected, rows, weights)
    np.testing.assert_array_equal(tv.gradient((taken * weights).sum(), leaf).value, expected)
    spread = indexing.scatter_add(tv.tensor(weights), places, rows=len(x))
    np.testing.assert_array_equal(spread.value, expected)


def bad(call, error):
    with pytest.raises(error) as caught:
        call()
    assert isinstance(caught.value, tv.TriviumError) and len(str(caught.value)) > 20


def test_rules_refuse_what_they_do_not_cover():
    x, y = tv.tensor(np.zeros((2, 3))), tv.tensor(np.zeros((2, 3), np.int64))
    for name in ("add", "less", "maximum"):
        bad(lambda name=name: TABLE[name](x, tv.tensor(np.zeros(3))), ValueError)
        bad(lambda name=name: TABLE[name](x, y), TypeError)
    bad(lambda: TABLE["exp"](y), TypeError)
    bad(lambda: TABLE["negative"](x > 0), TypeError)
    bad(lambda: TABLE["logical_and"](y, y), TypeError)
    bad(lambda: TABLE["bitwise_and"](x, x), TypeError)
    bad(lambda: TABLE["where"](y, x, x), TypeError)
    for name in ("sum", "prod", "max", "min"):
        bad(lambda name=name: TABLE[name](x, axes=(2,)), ValueError)
        bad(lambda name=name: TABLE[name](x, axes=(0, 0)), ValueError)
    bad(lambda: TABLE["max"](tv.tensor(np.zeros((0, 2))), axes=(0,)), ValueError)
    bad(lambda: TABLE["argmax"](tv.tensor(np.zeros((0, 2))), axis=0), ValueError)
    for name in ("cumulative_sum", "cumulative_prod", "sort", "argsort"):
        bad(lambda name=name: TABLE[name](x, axis=2), ValueError)
        bad(lambda name=name: TABLE[name](tv.tensor(1.0), axis=0), ValueError)
    bad(lambda: TABLE["reshape"](x, shape=(4,)), ValueError)
    bad(lambda: TABLE["permute"](x, axes=(0,)), ValueError)
    bad(lambda: TABLE["broadcast"](x, shape=(3, 3)), ValueError)
    bad(lambda: TABLE["broadcast"](x, shape=(3,)), ValueError)
    bad(lambda: TABLE["pad"](x, before=(0,), after=(0,), between=(0,)), ValueError)
    bad(lambda: TABLE["pad"](x, before=(0, -1), after=(0, 0), between=(0, 0)), ValueError)
    bad(lambda: TABLE["slice"](x, start=(0, 0), stop=(2, 4), step=(1, 1)), ValueError)
    bad(lambda: TABLE["concat"](x, tv.tensor(np.zeros((3, 2))), axis=0), ValueError)
    bad(lambda: TABLE["concat"](axis=0), ValueError)
    bad(lambda: TABLE["flip"](x, axes=(2,)), ValueError)
    bad(lambda: TABLE["gather"](x, x), TypeError)
    bad(lambda: TABLE["gather"](x, tv.tensor([2])).value, IndexError)
    bad(lambda: TABLE["gather"](x, tv.tensor([-1])).value, IndexError)
    bad(lambda: TABLE["scatter_add"](x, tv.tensor([0, 5]), rows=3).value, IndexError)
    bad(lambda: TABLE["contraction"](x, x, left=(0, 1), right=(1, 2), out=(0, 2)), ValueError)
    bad(lambda: TABLE["contraction"](x, x, left=(0, 0), right=(1, 2), out=(0,)), ValueError)
    bad(lambda: TABLE["contraction"](x, x, left=(0, 1), right=(0, 1), out=(2,)), ValueError)
    bad(lambda: TABLE["polygamma"](x, order=-1), ValueError)
    bad(lambda: TABLE["random_bits"](y, tv.tensor(0), shape=(), dtype=tv.int32), ValueError)


def test_the_order_of_an_incomplete_gamma_has_no_derivative():
    order, x = tv.tensor(2.0), tv.tensor(1.5)
    for name in ("gammainc", "gammaincc"):
        value = TABLE[name](order, x)
        tv.gradient(value, x)
        with pytest.raises(TypeError, match="with respect to its first input.*stop_gradient"):
            tv.gradient(value, order)
