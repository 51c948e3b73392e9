"""Programs: what they run, what they update, and what compiled functions are compiled for."""

from typing import NamedTuple

import numpy as np
import pytest

import trivium as tv
from trivium.engine.errors import DTypeError, ShapeError, UnboundInputError

A = tv.array


def test_updates_use_the_values_from_before_the_step():
    u, v = tv.variable([1.0, 2.0], name="u"), tv.variable([3.0, 4.0], name="v")
    total = tv.Program([], u + v, {u: v, v: u}).run(steps=3)
    np.testing.assert_array_equal(u.value, [3.0, 4.0])
    np.testing.assert_array_equal(v.value, [1.0, 2.0])
    np.testing.assert_array_equal(total, np.full((3, 2), [4.0, 6.0]))
    square = tv.variable([[1.0, 2.0], [3.0, 4.0]], name="square")
    tv.Program([], (), {square: square.T}).run()
    np.testing.assert_array_equal(square.value, [[1.0, 3.0], [2.0, 4.0]])


def test_results_belong_to_the_caller():
    u, x = tv.variable([1.0, 2.0], name="u"), tv.input((2,), name="x")
    program = tv.Program([x], (u, x, tv.tensor([5.0, 6.0])), {u: u + 1})
    given = np.array([7.0, 8.0])
    for result in program.run(given):
        result[:] = 99.0
    np.testing.assert_array_equal(u.value, [2.0, 3.0])
    np.testing.assert_array_equal(given, [7.0, 8.0])
    np.testing.assert_array_equal(program.run(given)[2], [5.0, 6.0])


def test_no_steps_change_nothing():
    u = tv.variable([1.0, 2.0], name="u")
    assert tv.Program([], u, {u: u + 1}).run(steps=0).shape == (0, 2)
    np.testing.assert_array_equal(u.value, [1.0, 2.0])


def test_an_update_may_be_a_number():
    u = tv.variable(1.0, name="u")
    tv.Program([], (), {u: 2.0}).run()
    assert u.value == 2.0
    with pytest.raises(DTypeError, match="the update of u has dtype int64"):
        tv.Program([], (), {u: 2})


def test_what_does_not_fit_is_named():
    x, u = tv.input((2,), name="x"), tv.variable(1.0, name="u")
    with pytest.raises(UnboundInputError, match="the input 'x', which is not among"):
        tv.Program([], x.sum())
    with pytest.raises(ShapeError, match=r"the input x has shape \(2,\), got .* \(3,\)"):
        tv.Program([x], x).run(np.ones(3))
    with pytest.raises(ShapeError, match="has 1 inputs .* got 0"):
        tv.Program([x], x).run()
    with pytest.raises(DTypeError, match="complex128 cannot become a tensor"):
        tv.Program([x], x).run(np.ones(2, complex))
    with pytest.raises(ShapeError, match=r"the update of u has shape \(2,\)"):
        tv.Program([x], x, {u: x})


class Pair(NamedTuple):
    """Two arguments by name."""

    left: float
    right: float


Mirrored = NamedTuple("Pair", [("right", float), ("left", float)])  # noqa: UP014


def test_functions_are_compiled_once_for_each_structure():
    difference = tv.compile(lambda p: p.left - p.right)
    assert difference(Pair(5.0, 1.0)) == 4.0
    assert difference(Mirrored(5.0, 1.0)) == -4.0
    assert difference(Pair(6.0, 1.0)) == 5.0
    assert len(difference.programs) == 2
    by_key = tv.compile(lambda p: p["a"] - p["b"])
    assert by_key({"a": 5.0, "b": 1.0}) == 4.0
    assert by_key({"b": 1.0, "a": 5.0}) == 4.0
    assert by_key({"a": np.ones(2), "b": 1.0}).shape == (2,)


def test_functions_are_compiled_with_their_keywords():
    scaled = tv.compile(lambda x, *, by=2.0, plus=0.0: x * by + plus)
    assert scaled(3.0) == 6.0
    assert scaled(3.0, by=5.0) == 15.0
    assert scaled(3.0, plus=1.0, by=5.0) == scaled(3.0, by=5.0, plus=1.0) == 16.0
    assert len(scaled.programs) == 3


def test_numbers_past_int64_are_refused():
    for ask in (lambda: A.add(2**70, 1), lambda: A.where(tv.tensor([True]), 2**70, 1)):
        with pytest.raises(DTypeError, match="does not fit int64"):
            ask()
