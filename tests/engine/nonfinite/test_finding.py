"""Which node is the first: checked against search by brute force and against injected NaN."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trivium as tv
from tests.engine.native.random_graphs import graphs as random_graphs
from tests.engine.table import FLOATS, TABLE, Case, samples
from trivium.engine.nonfinite import Run, first_bad_value, influence, locate
from trivium.engine.nonfinite.spreading import NONE, spread
from trivium.engine.primitives import arithmetic, exponential
from trivium.engine.tensor import node
from trivium.engine.traversal import topological

CASES = [
    Case(primitive, sample, number)
    for primitive in TABLE.values()
    for number, sample in enumerate(samples(primitive))
    if not primitive.parts and primitive.name != "random_bits"
]


# Of these every element that the code reaches also gets the NaN.
EXACT = {"reshape", "permute", "broadcast", "slice", "concat", "flip", "pad", "gather", "where",
         "add", "subtract", "multiply", "negative", "sum", "cumulative_sum", "contraction",
         "scatter_add", "label", "stop_gradient", "sqrt", "exp"}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_codes_go_where_an_injected_nan_goes(case):
    dtype = FLOATS[1]
    if dtype not in case.dtypes:
        return
    arrays = case.arrays(dtype)
    for i, array in enumerate(arrays):
        for place in range(min(array.size, 6)):
            if array.dtype.kind != "f":
                break
            given = [np.array(each) for each in arrays]
            given[i].reshape(-1)[place] = np.nan
            with np.errstate(all="ignore"):
                try:
                    result = case.primitive.evaluate(case.sample.attributes, *given)
                except (tv.TriviumError, np.linalg.LinAlgError, ValueError):
                    continue
            made = node(
                case.primitive, [tv.tensor(each) for each in given], case.sample.attributes
            )
            if made.dtype.kind != "f":
                return
            codes = np.full(array.shape, NONE, np.int64)
            codes.reshape(-1)[place] = 7
            have = [codes if j == i else None for j in range(len(arrays))]
            reached = spread(made, have, given, np.asarray(result)) != NONE
            spoilt = np.isnan(result)
            assert reached.shape == made.shape
            assert (reached | ~spoilt).all()
            if case.primitive.name in EXACT:
                assert np.array_equal(reached, spoilt)


UNARY = [exponential.exp, exponential.log, arithmetic.sqrt, arithmetic.negative,
         arithmetic.square]  # fmt: skip
BINARY = [arithmetic.add, arithmetic.subtract, arithmetic.multiply, arithmetic.divide,
          arithmetic.power, arithmetic.maximum]  # fmt: skip
POINTS = [0.0, 1.0, -1.0, 0.5, 2.0, 1e3, -1e3, 1e200, 1e-200]


@st.composite
def graphs(draw):
    """A random graph of elementwise operations on vectors of three elements."""
    vectors = st.lists(st.sampled_from(POINTS), min_size=3, max_size=3)
    made = [tv.variable(np.array(draw(vectors)), name=f"v{i}") for i in range(3)]
    for _ in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(["unary", "binary", "where", "flip"]))
        picked = [draw(st.sampled_from(made)) for _ in range(3)]
        if kind == "unary":
            made.append(draw(st.sampled_from(UNARY))(picked[0]))
        elif kind == "binary":
            made.append(draw(st.sampled_from(BINARY))(*picked[:2]))
        elif kind == "where":
            made.append(tv.array.where(picked[0] > 0, picked[1], picked[2]))
        else:
            made.append(tv.array.flip(picked[0]))
    count = draw(st.integers(1, 3))
    return [draw(st.sampled_from(made)) for _ in range(count)]


def by_brute_force(outputs):
    """(node, index) by walking back from every bad element through bad elements."""
    order = topological(outputs)
    position = {id(each): i for i, each in enumerate(order)}
    values = dict(zip(map(id, order), Run().values(order), strict=True))
    made = set()
    left = [(o, i) for o in outputs for i in range(3) if not np.isfinite(values[id(o)][i])]
    seen = set()
    while left:
        current, i = left.pop()
        if (id(current), i) in seen:
            continue
        seen.add((id(current), i))
        at = i
        sources = current.inputs
        if current.primitive.name == "flip":
            at = 2 - i
        if current.primitive.name == "where":
            sources = current.inputs[1:2] if values[id(sources[0])][i] else sources[2:3]
        bad = [each for each in sources if not np.isfinite(values[id(each)][at])]
        if bad:
            left += [(each, at) for each in bad]
        else:
            made.add((position[id(current)], i))
    return min(made, default=None)


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_the_first_is_the_first_with_finite_inputs_whose_element_reaches_an_output(outputs):
    found = locate(outputs, Run(), compiled=False)
    expected = by_brute_force(outputs)
    if expected is None:
        assert found is None
        return
    order = topological(outputs)
    assert found is not None
    assert found.node is order[expected[0]]
    assert found.index == (expected[1],)
    # Nothing about it fails to be told, and the inputs of the element are finite.
    told = first_bad_value(outputs)
    assert str(told) and told.cause not in ("unknown", "leaf")


def test_what_where_does_not_take_is_not_blamed():
    x = tv.variable(np.array([0.0, 4.0]), name="x")
    safe = tv.array.where(x > 0, tv.array.log(x), 0.0)
    assert first_bad_value([safe, tv.gradient(safe.sum(), x)]) is None
    loss = safe.sum() + tv.array.sum(1 / (x - 4.0))
    found = first_bad_value([loss])
    assert found.primitive == "divide" and found.index == (1,)


def test_a_masked_infinity_is_not_blamed_but_one_that_becomes_nan_is_found_where_it_does():
    mask = tv.tensor(np.array([0.0, -np.inf]), name="mask")
    z = tv.variable(np.array([1.0, 2.0]), name="z")
    assert first_bad_value([tv.array.softmax(z + mask)]) is None
    found = first_bad_value([(z + mask) * tv.tensor([1.0, 0.0])])
    assert found.cause == "zero times infinity" and found.kind == "NaN"
    assert first_bad_value([z + mask]).cause == "infinite constant"
    row = tv.tensor(np.array([[0.0, -np.inf]]))
    assert first_bad_value([row @ tv.tensor([[1.0], [0.0]])]).cause == "zero times infinity"


def test_forward_comes_before_backward_before_update():
    w = tv.variable(np.array([0.0, 4.0]), name="w")
    loss = tv.array.sqrt(w).sum() + tv.array.log(w).sum()
    slope = tv.gradient(loss, w)
    new = w - 0.1 * slope
    assert first_bad_value([new, slope, loss]).phase == "forward"
    loss = tv.array.sqrt(w).sum()
    slope = tv.gradient(loss, w)
    assert first_bad_value([w - 0.1 * slope, slope, loss]).phase == "backward"
    fine = (w * w).sum()
    slope = tv.gradient(fine, w)
    found = first_bad_value([w - slope / (slope - slope)])
    assert found.phase == "update"


def test_a_loss_that_is_said_to_be_forward_is_forward():
    """Equal nodes are one node, so a derivative may have made what a loss consists of."""
    x = tv.variable(np.array([0.0, 1.0]), name="x")
    slope = tv.gradient(tv.array.log(x).sum(), x)
    loss = (1 / x).sum()
    found = first_bad_value([loss], forward=1)
    assert found.phase == "forward" and found.derivative_of == ""
    assert slope is not None


def test_a_derivative_of_second_order_is_backward_too():
    x = tv.variable(np.array([0.0]), name="x")
    first = tv.gradient((x**1.5).sum(), x)
    found = first_bad_value([tv.gradient(first.sum(), x)])
    assert found.phase == "backward" and found.cause == "zero to a negative power"


@pytest.mark.parametrize("reverse", [False, True])
def test_in_a_loop_the_step_is_named(reverse):
    xs = np.ones(10)
    xs[6] = 0.0
    carry, ys = tv.scan(
        lambda c, x: (c / x, c), tv.tensor(np.array(2.0)), tv.tensor(xs), reverse=reverse
    )
    found = first_bad_value([carry])
    assert found.primitive == "divide" and found.loop == (6,)
    assert "in the loop at t = 6" in str(found)
    assert found.operands[0].text == "carry" and found.operands[1].low == 0
    assert first_bad_value([ys[5 if not reverse else 7]]) is None
    assert first_bad_value([ys.sum()]).loop == (6,)


def test_a_carry_that_overflows_is_found_where_it_does_and_loops_may_be_nested():
    def inner(c, x):
        return c * x, c

    def outer(c, x):
        return tv.scan(inner, c, tv.tensor(np.full(3, 1e20)))[0] * x, c

    carry, _ = tv.scan(outer, tv.tensor(np.array(1e-20)), tv.tensor(np.ones(8)))
    found = first_bad_value([carry])
    # 1e-20 · 1e20ᵏ is beyond 1.8e308 from k = 17 on: step 5, inside step 1 (from 0).
    assert found.loop == (5, 1) and found.cause == "overflow of a product"


def test_the_derivative_of_a_loop_is_searched_too():
    start = tv.variable(np.array(0.0), name="start")
    carry, _ = tv.scan(lambda c, x: (tv.array.sqrt(c * x), c), start, tv.tensor(np.ones(4)))
    found = first_bad_value([carry, tv.gradient(carry, start)])
    assert found.phase == "backward" and found.loop == (3,)
    assert found.derivative_of == "√(carry · x)"


def test_bad_numbers_that_enter_a_loop_are_blamed_outside_it():
    xs = tv.array.log(tv.variable(np.array([1.0, 0.0, 2.0]), name="x"))
    carry, _ = tv.scan(lambda c, x: (c + x, c), tv.tensor(np.array(0.0)), xs)
    found = first_bad_value([carry])
    assert found.primitive == "log" and found.loop == () and found.index == (1,)
    mask = tv.tensor(np.array([1.0, -np.inf]), name="mask")
    carry, _ = tv.scan(lambda c, x: (c * 0 + x * c, c), tv.tensor(np.array(0.0)), mask)
    found = first_bad_value([carry])
    assert found.cause == "zero times infinity" and found.loop == (1,)


def test_an_element_of_one_result_of_several_is_named():
    singular = tv.variable(np.ones((2, 3, 3)), name="A")
    found = first_bad_value([tv.linalg.slogdet(singular)[1]])
    assert found.primitive == "slogdet" and found.shape == (2,) and found.index == (0,)


def test_the_example_that_an_element_depends_on():
    x = tv.variable(np.array([[1.0, 2.0], [3.0, 0.0], [5.0, 6.0]]), name="x")
    order = tv.variable(np.array([2, 0, 1]), name="order")
    w = tv.variable(np.ones((2, 2)), name="w")
    from trivium.engine.primitives.indexing import gather

    batch = gather(x, order)
    found = locate([tv.array.log(batch) @ w], Run(), compiled=True)
    assert found.index == (2, 1) and influence(found, x) == (1, 1)
    mixed = locate([1 / ((x @ w).sum() * 0)], Run(), compiled=True)
    assert influence(mixed, x) == (0, 2)
    assert influence(found, w) is None


def test_what_the_passes_computed_already_is_still_explained():
    expression = tv.array.log(tv.tensor(np.array([1.0, 0.0]), name="x")) + tv.variable(1.0)
    found = first_bad_value([expression], compiled=True)
    assert found.cause == "logarithm of zero"


def test_a_program_is_searched_in_the_stable_form_that_it_runs_in():
    z = tv.variable(np.array([[0.0, 900.0]]), name="z")
    direct = tv.array.log(tv.array.softmax(z))
    assert first_bad_value([direct]) is not None  # what .value computes
    assert first_bad_value([direct], compiled=True) is None  # log softmax


@settings(max_examples=40, deadline=None)
@given(random_graphs(operations=12))
def test_whatever_is_computed_from_whatever_numbers_is_told_in_words(graph):
    """Over the whole table of primitives, gradients and loops too; awkward numbers as inputs."""
    run = Run(
        tuple(graph.inputs),
        {id(leaf): array for leaf, array in zip(graph.inputs, graph.arrays, strict=True)},
    )
    outputs = [*graph.outputs, *graph.updates.values()]
    values = run.values(outputs)
    good = all(np.isfinite(each).all() for each in values if each.dtype.kind == "f")
    for compiled in (False, True):
        found = first_bad_value(outputs, run, compiled=compiled)
        if not compiled:
            assert (found is None) == good
        if found is None:
            continue
        assert found.why and str(found)
        assert len(found.index) == len(found.shape)
        assert not np.isfinite(found.value)
