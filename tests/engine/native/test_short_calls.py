"""One step of a small program takes a quicker way, which must not differ in anything else."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import trivium as tv
from trivium.engine.errors import IndexRangeError, ShapeError
from trivium.engine.program import Program
from trivium.engine.tensor import input, variable


def test_results_are_the_callers_own() -> None:
    x = input((3,))
    program = Program([x], [x * 2, x], backend="native")
    assert program._short is not None
    first = program.run(np.array([1, 2, 3], "float32"))
    second = program.run(np.array([4, 5, 6], "float32"))
    np.testing.assert_array_equal(first[0], [2, 4, 6])
    np.testing.assert_array_equal(second[0], [8, 10, 12])
    first[0][:] = 0
    np.testing.assert_array_equal(program.run(np.array([4, 5, 6], "float32"))[0], [8, 10, 12])


@pytest.mark.parametrize(
    "given",
    [
        [1, 2, 3],
        np.array([1, 2, 3]),
        np.array([1, 2, 3], "float64"),
        np.array([1, 2, 3], ">f4"),
        np.array([1, 9, 2, 9, 3], "float32")[::2],
        np.array([3, 2, 1], "float32")[::-1],
        tv.tensor([1.0, 2.0, 3.0]),
    ],
    ids=lambda each: type(each).__name__,
)
def test_anything_that_is_an_array_is_taken(given: Any) -> None:
    x = input((3,), "float64")
    program = Program([x], x + 1, backend="native")
    np.testing.assert_array_equal(program.run(given), [2, 3, 4])
    if not isinstance(given, list):  # which is a structure of three numbers there
        compiled = tv.compile(lambda y: y + 1, backend="native")
        np.testing.assert_array_equal(compiled(given), [2, 3, 4])


def test_what_does_not_fit_is_refused_as_ever() -> None:
    x = input((3,))
    program = Program([x], x + 1, backend="native")
    with pytest.raises(ShapeError, match=r"has shape \(3,\), got an array of shape \(4,\)"):
        program.run(np.zeros(4, "float32"))
    with pytest.raises(ShapeError, match="has 1 inputs"):
        program.run()


def test_a_failure_is_told_once() -> None:
    rows, x = input((2,), "int64"), input((3, 2))
    program = Program([x, rows], tv.array.take(x, rows, axis=0), backend="native")
    data = np.arange(6, dtype="float32").reshape(3, 2)
    for _ in range(2):
        with pytest.raises(IndexRangeError, match="the index 7 at position"):
            program.run(data, np.array([0, 7]))
        np.testing.assert_array_equal(program.run(data, np.array([2, 0])), data[[2, 0]])
        np.testing.assert_array_equal(
            program.run(data, np.array([2, 0]), steps=1)[0], data[[2, 0]]
        )


def test_variables_advance_by_one_step() -> None:
    n, x = variable(np.int64(0)), input((), "int64")
    program = Program([x], n, {n: n + x}, backend="native")
    assert [int(program.run(np.array(2))) for _ in range(3)] == [0, 2, 4]
    program.run(np.array(2), steps=3)
    assert int(n.value) == 12


def test_a_variables_own_array_may_be_the_input() -> None:
    n = variable(np.ones(4, "float32"))
    x = input((4,), "float32")
    program = Program([x], [], {n: x + tv.array.flip(x)}, backend="native")
    n.assign(np.array([1, 2, 3, 4], "float32"))
    program.run(n.storage)
    np.testing.assert_array_equal(n.value, [5, 5, 5, 5])


def test_a_compiled_function_follows_the_shapes_it_is_given() -> None:
    double = tv.compile(lambda x: x * 2, backend="native")
    for shape in ((3,), (2, 2), (3,), (0,), (2, 2)):
        data = np.ones(shape, "float32")
        np.testing.assert_array_equal(double(data), data * 2)
        np.testing.assert_array_equal(double(data.astype("float64")), data * 2)
    pair = tv.compile(lambda x, y: {"sum": x + y, "both": (x, y)}, backend="native")
    for _ in range(2):
        found = pair(np.float32([1]), np.float32([2]))
        assert found["sum"] == 3 and found["both"][1] == 2
    nested = tv.compile(lambda x: x["a"] + 1, backend="native")
    for _ in range(2):
        assert nested({"a": np.float32([1])}) == 2


def test_many_callers_at_once_get_their_own_answers() -> None:
    x = input((64,))
    program = Program([x], x * 2, backend="native")
    wrong = []

    def call(number: int) -> None:
        data = np.full(64, number, "float32")
        for _ in range(300):
            if not np.array_equal(program.run(data), data * 2):
                wrong.append(number)

    threads = [threading.Thread(target=call, args=(i,)) for i in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not wrong
