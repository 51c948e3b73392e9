"""Every primitive and textbook operation computes in NumPy what its record defines."""

import re

import numpy as np
import pytest

from tests.engine import table as engine_table
from trivium.engine.primitive import NoAttributes, Sample, Unsupported, table
from trivium.engine.primitives.control import results
from trivium.engine.primitives.movement import Axes
from trivium.engine.tensor import input as leaf
from trivium.engine.tensor import node
from trivium.insight.derivation import textbook
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
        rtol = 1e-12 if name == "normal_cdf" else 4e-15
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-300, err_msg=source)


def test_all_textbook_operations_have_samples():
    assert set(TEXTBOOK) == set(textbook.OPERATIONS)


def test_helpers_say_what_they_need():
    for name, helper in HELPERS.items():
        code = helper.source.rpartition('"""')[2]
        words = set(re.findall(r"(?<![\w.])\w+", code)) & set(HELPERS)
        assert words - {name} == set(helper.needs), name
    assert with_needs(["normal_cdf"]) == ["erfc", "normal_cdf"]
