"""Every primitive and textbook operation computes in NumPy what its record defines."""

import ast
import math
import re

import hypothesis
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

import trivium as tv
from tests.engine import table as engine_table
from trivium.engine.composites import full
from trivium.engine.errors import ArgumentError
from trivium.engine.primitive import NoAttributes, Sample, Unsupported, table
from trivium.engine.primitives.control import results
from trivium.engine.primitives.movement import Axes
from trivium.engine.tensor import constant, node
from trivium.engine.tensor import input as leaf
from trivium.insight.derivation import textbook
from trivium.insight.rendering import python
from trivium.insight.rendering.python_helpers import HELPERS, with_needs
from trivium.insight.rendering.python_names import Names
from trivium.insight.rendering.python_operations import OPERATIONS
from trivium.insight.rendering.python_source import ATOM, Code
from trivium.insight.rendering.python_writer import File, Writer

# Why a primitive has no entry of its own in the table of operations.
WRITTEN_ELSEWHERE = {
    "constant": "python_constants writes the array",
    "input": "a leaf is a name",
    "variable": "a derivation has a symbol in its place",
    "project": "the writer takes one of several results",
    "scan": "python_loops writes a loop",
}
LINEAR_ALGEBRA = {
    "det", "slogdet", "solve", "pinv", "lstsq", "expm", "cholesky", "qr", "eigh", "eigvalsh",
    "svd", "svdvals", "adjugate", "commutator_solve", "spectral_sum", "singular_sum",
}  # fmt: skip


def run(roots, leaves, arrays, batch=0):
    """What the generated source of ``roots`` gives for ``arrays``; the source."""
    floats = [each.dtype for each in arrays if each.dtype.kind == "f"]
    dtype = floats[0] if floats else np.dtype(float)
    file = File(Names([*HELPERS, "np", "math", "dtype", "n"]), batch, dtype, reserve=8)
    names = {id(each): Code(f"a{i}", ATOM, each.shape) for i, each in enumerate(leaves)}
    writer = Writer(file, lambda each: names.get(id(each)), roots)
    found = [writer.full(writer.value(root), root.shape, root.dtype).text for root in roots]
    source = "import math\nimport numpy as np\n"
    source += "\n".join(HELPERS[name].source for name in with_needs(file.helpers))
    arguments = ", ".join(["dtype", "n", *[f"a{i}" for i in range(len(leaves))]])
    body = "\n".join([*writer.lines, f"    return [{', '.join(found)}]"])
    source += f"\n\ndef run({arguments}):\n{body}\n"
    space = {}
    exec(source, space)
    with np.errstate(all="ignore"):
        return space["run"](dtype, batch, *arrays), source


def is_excused(case):
    """np.linalg raises an error for matrices that are not finite, where the engine gives NaN."""
    finite = all(np.isfinite(each).all() for each in case.sample.inputs)
    return case.primitive.name in LINEAR_ALGEBRA and not finite


CASES = [case for case in engine_table.CASES if not is_excused(case)]


@pytest.mark.parametrize("case", CASES, ids=engine_table.ids(CASES))
def test_source_of_a_primitive_computes_what_its_record_defines(case):
    for dtype in case.dtypes:
        arrays = case.arrays(dtype)
        record, attributes = case.primitive, case.sample.attributes
        leaves = [leaf(each.shape, each.dtype) for each in arrays]
        made = node(record, leaves, attributes)
        with np.errstate(all="ignore"):
            expected = record.evaluate(attributes, *arrays)
        if record.parts:
            roots = results(made)
        else:
            roots, expected = [made], [expected]
        found, source = run(roots, leaves, arrays)
        ulp = 2 * record.ulp
        if record.name in LINEAR_ALGEBRA:  # the record computes in float64 and rounds once
            ulp = max(ulp, 64)
        for one, other, root in zip(found, expected, roots, strict=True):
            one = np.asarray(one)
            assert one.shape == other.shape == root.shape, source
            if other.dtype.kind != "f":
                np.testing.assert_array_equal(one, other, err_msg=source)
                continue
            assert one.dtype == other.dtype, source
            tolerance = ulp * np.finfo(other.dtype).eps
            scale = np.abs(other[np.isfinite(other)]).max(initial=0)
            within = tolerance * scale if record.name in LINEAR_ALGEBRA else 0
            np.testing.assert_allclose(
                one, other, rtol=tolerance, atol=max(within, 1e-300), err_msg=source
            )


def test_no_primitive_is_forgotten():
    assert set(table()) == (set(OPERATIONS) - set(textbook.OPERATIONS)) | set(WRITTEN_ELSEWHERE)
    assert set(textbook.OPERATIONS) <= set(OPERATIONS)
    without = {
        name for name, record in table().items() if isinstance(record.samples, Unsupported)
    }
    assert without == {"constant", "input", "variable", "project"}


Z = np.array([[0.5, -1.25, 3.0], [2.0, 2.0, -700.0]])
CODES = np.array([2, 0])
TEXTBOOK = {
    "step": [Sample((Z,))],
    "relu": [Sample((Z,)), Sample((np.array([np.nan, 0.0, -0.0, np.inf]),))],
    "softmax": [Sample((Z,), Axes((1,))), Sample((Z,), Axes((0,))), Sample((Z,), Axes((0, 1)))],
    "log_softmax": [Sample((Z,), Axes((1,))), Sample((Z * 100,), Axes((1,)))],
    "log_sum_exp": [
        Sample((Z,), Axes((1,))), Sample((Z,), Axes((0, 1))),
        Sample((np.array([[-np.inf, -np.inf], [np.inf, 1.0]]),), Axes((1,))),
    ],
    "log_choose": [Sample((np.array([5.0, 6.5, 80.0]), np.array([2.0, 0.0, 40.0])))],
    "log_normal_cdf": [Sample((np.array([-1e10, -200, -30.5, -29.5, -3, 0.1, 9, np.inf]),))],
    "counting": [Sample((), textbook.Count(6, np.dtype(np.int64)))],
    "log_factorial": [Sample((np.array([0.0, 1.0, 3.0, 40.5]),))],
    "one_hot": [Sample((CODES,), textbook.Classes(3, np.dtype(float)))],
    "pick": [Sample((Z, CODES))],
    "normal_density": [Sample((Z / 10,))],
    "normal_cdf": [Sample((Z / 10,)), Sample((np.array(-30.0),))],
    "attains_largest": [Sample((Z,), Axes((1,))), Sample((Z,), Axes((0, 1)))],
    "attains_smallest": [Sample((Z,), Axes((1,))), Sample((Z,), Axes((0, 1)))],
    "largest": [Sample((Z,), Axes((1,))), Sample((Z,), Axes((0,)))],
    "smallest": [Sample((Z,), Axes((1,)))],
    "sign_of_code": [Sample((CODES % 2,), textbook.ToFloat(np.dtype(float)))],
}  # fmt: skip


@pytest.mark.parametrize("name", textbook.OPERATIONS)
def test_source_of_a_textbook_operation_computes_what_it_defines(name):
    for sample in TEXTBOOK[name]:
        operation = textbook.OPERATIONS[name]
        leaves = [leaf(each.shape, each.dtype) for each in sample.inputs]
        made = node(operation, leaves, sample.attributes or NoAttributes())
        (found,), source = run([made], leaves, sample.inputs, batch=2 if name == "pick" else 0)
        with np.errstate(all="ignore"):
            expected = operation.evaluate(sample.attributes, *sample.inputs)
        assert np.asarray(found).shape == expected.shape, source
        # In the tail of the normal distribution the rounding of z counts z² times.
        rtol = 1e-12 if name in ("normal_cdf", "log_normal_cdf") else 4e-15
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-300, err_msg=source)


def test_all_textbook_operations_have_samples():
    assert set(TEXTBOOK) == set(textbook.OPERATIONS)


def test_helpers_say_what_they_need():
    assert "svd" in HELPERS and python.HELPERS is HELPERS
    for name, helper in HELPERS.items():
        code = helper.source.rpartition('"""')[2]
        words = set(re.findall(r"(?<![\w.])\w+", code)) & set(HELPERS)
        assert words - {name} == set(helper.needs), name
        assert max(map(len, helper.source.splitlines())) <= 88, name
    assert with_needs(["normal_cdf"]) == ["erfc", "normal_cdf"]


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.eye(3), "np.eye(3, dtype=dtype)"),
        (np.arange(5), "np.arange(5)"),
        (np.arange(4, 20, 3), "3 * np.arange(6) + 4"),
        (np.arange(7919) * 4, "4 * np.arange(n)"),
        (np.full((2, 3), 0.5), "0.5"),
        (np.full((7919, 2), True), "True"),
        (np.array([0.5, -1.0, 1 / 3]), "np.array([0.5, -1, 1 / 3], dtype)"),
        (np.array([[1, 5], [2, 2]], np.int32), "np.array([[1, 5], [2, 2]], np.int32)"),
        (np.broadcast_to([[1.0, 2.0]], (7919, 2)), "np.array([[1, 2]], dtype)"),
        (np.array(np.inf), "np.inf"),
        (np.array([np.nan, -np.inf]), "np.array([np.nan, -np.inf], dtype)"),
        (np.zeros((0, 2)), "np.zeros((0, 2), dtype)"),
        (np.float64(-0.0), "-0.0"),
        (np.float32(0.1), "0.1"),
    ],
)
def test_constants_are_written_as_what_they_are(array, text):
    array = np.asarray(array)
    root = constant(array, ("test", text))
    writer = Writer(File(Names([]), 7919, reserve=4), lambda each: None, [root])
    found = writer.value(root)
    assert found.text == text
    value = eval(text, {"np": np, "n": 7919, "dtype": np.dtype(float)})
    same = np.broadcast_to(np.asarray(value, array.dtype), array.shape)
    np.testing.assert_array_equal(same, array)
    assert np.shape(value) == found.shape


def test_a_constant_of_the_examples_is_refused():
    root = constant(np.random.default_rng(0).normal(size=7919), "noise")
    writer = Writer(File(Names([]), 7919), lambda each: None, [root])
    with pytest.raises(ArgumentError, match="different numbers for different examples"):
        writer.value(root)


def test_a_long_list_is_put_together_in_lines():
    leaves = [leaf((2,), "float64", name=f"x{i}") for i in range(40)]
    arrays = [np.array([i, i + 0.5]) for i in range(40)]
    joined = tv.array.concat([each * float(i + 2) for i, each in enumerate(leaves)], axis=0)
    (found,), source = run([joined], leaves, arrays)
    np.testing.assert_array_equal(
        found, np.concatenate([each * (i + 2) for i, each in enumerate(arrays)])
    )
    body = source[source.index("def run") :].splitlines()[1:]
    assert max(map(len, body)) <= 88


# --- precedence -----------------------------------------------------------------------------

LEAVES = [leaf((2, 2), "float64", name=name) for name in "abc"]
VALUES = [np.random.default_rng(i).uniform(0.5, 1.5, (2, 2)) for i in range(3)]
BINARY = [np.add, np.subtract, np.multiply, np.divide, np.matmul, np.power, np.maximum]


@st.composite
def expressions(draw, depth=4):
    """An expression of three matrices, and its value."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        number = draw(st.integers(0, 3))
        if number == 3:
            value = draw(st.sampled_from([2.0, -3.0, 0.5, 1 / 3]))
            return full((2, 2), value, np.dtype(float)), np.full((2, 2), value)
        return LEAVES[number], VALUES[number]
    kind = draw(st.integers(0, 9))
    x, value = draw(expressions(depth=depth - 1))
    if kind == 0:
        return -x, -value
    if kind == 1:
        return x.T, value.T
    if kind == 2:
        with np.errstate(all="ignore"):
            return x**2, value**2
    y, other = draw(expressions(depth=depth - 1))
    which = draw(st.integers(0, 6))
    made = [x + y, x - y, x * y, x / y, x @ y, abs(x) ** y, tv.array.maximum(x, y)][which]
    with np.errstate(all="ignore"):
        return made, BINARY[which](np.abs(value) if which == 5 else value, other)


@settings(max_examples=80, deadline=None)
@given(expressions())
def test_precedence_is_right_and_no_parenthesis_is_superfluous(drawn):
    root, expected = drawn
    with np.errstate(all="ignore"):
        (found,), source = run([root], LEAVES, VALUES)
        hypothesis.assume(np.all(np.isfinite(expected)) and np.abs(expected).max() < 1e6)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    for line in source.splitlines():
        if line.startswith("    "):
            assert_no_superfluous_parentheses(line.strip())


def assert_no_superfluous_parentheses(line):
    meaning = ast.dump(ast.parse(line.removeprefix("return ")))
    text = line.removeprefix("return ")
    for start, sign in enumerate(text):
        if sign != "(" or (start and (text[start - 1].isalnum() or text[start - 1] == "_")):
            continue  # the parentheses of a call
        depth, end = 1, start + 1
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        if "," in text[start:end]:
            continue  # perhaps a tuple
        without = text[:start] + text[start + 1 : end - 1] + text[end:]
        try:
            same = ast.dump(ast.parse(without)) == meaning
        except SyntaxError:
            same = False
        assert not same, text


# --- accuracy over the whole domain -----------------------------------------------------------


def helper(name, *arrays):
    space = {"np": np, "math": math}
    exec("\n".join(HELPERS[each].source for each in with_needs([name])), space)
    with np.errstate(all="ignore"):
        return space[name](*arrays)


TAILS = np.concatenate([10.0 ** np.arange(-300, -1, 13), [0.02, 0.3, 0.4999, 0.5, 0.51, 0.97]])
FUNCTIONS = {
    "erf": (np.linspace(-6, 6, 61), 4e-16),
    "erfc": (np.linspace(-6, 26, 61), 2e-13),  # the rounding of x counts 2x² times
    "erfinv": (np.concatenate([-TAILS, TAILS, 1 - TAILS[TAILS > 1e-16]]), 2e-15),
    "normal_quantile": (np.concatenate([TAILS, 1 - TAILS[TAILS > 1e-16]]), 4e-15),
    "log_gamma": (np.concatenate([10.0 ** np.arange(-8, 8.0), np.linspace(0.1, 9, 40)]), 4e-15),
    "normal_cdf": (np.linspace(-37, 9, 61), 1e-12),
    "log_normal_cdf": (np.concatenate([np.linspace(-80, 6, 61), [-1e8]]), 1e-13),
    "sigmoid": (np.linspace(-700, 700, 61), 4e-16),
}
EXACT = {
    "erf": special.erf, "erfc": special.erfc, "erfinv": special.erfinv, "sigmoid": special.expit,
    "normal_quantile": special.ndtri, "log_gamma": special.gammaln, "normal_cdf": special.ndtr,
    "log_normal_cdf": special.log_ndtr,
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_functions_over_their_whole_range(name):
    x, rtol = FUNCTIONS[name]
    # Next to the zeros of ln Γ at 1 and 2 only the absolute error is small.
    atol = 1e-15 if name == "log_gamma" else 1e-307
    np.testing.assert_allclose(helper(name, x), EXACT[name](x), rtol=rtol, atol=atol)


def test_incomplete_gamma_functions_over_a_wide_range():
    a, x = np.meshgrid(10.0 ** np.arange(-3, 4.0), 10.0 ** np.arange(-6, 4.0))
    for name, exact in (("gammainc", special.gammainc), ("gammaincc", special.gammaincc)):
        true = exact(a, x)
        seen = true > 1e-290
        np.testing.assert_allclose(helper(name, a, x)[seen], true[seen], rtol=3e-12, atol=1e-15)


@pytest.mark.parametrize("order", [0, 1, 2, 5])
def test_polygamma_on_both_sides_of_zero(order):
    x = np.concatenate([10.0 ** np.arange(-3, 7.0), np.linspace(0.3, 20, 40)])
    space = {"np": np, "math": math}
    exec(HELPERS["polygamma"].source, space)
    found = space["polygamma"](order, x)
    np.testing.assert_allclose(found, special.polygamma(order, x), rtol=1e-12, atol=1e-13)
    left = np.linspace(-6.3, -0.2, 25)
    record = table()["polygamma"]
    expected = record.evaluate(record.attributes(order), left)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(space["polygamma"](order, left), expected, rtol=1e-9)
