"""Concatenation and padding are native code: the same elements in the same places."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trivium as tv
from trivium.engine.backends.native.kernels import CallKernel, PlacingKernel
from trivium.engine.primitives.movement import concat, pad
from trivium.engine.program import Program
from trivium.engine.tensor import input, variable

Array = np.ndarray[Any, Any]
DTYPES = ["bool", "int32", "int64", "float32", "float64"]


def numbers(shape: tuple[int, ...], dtype: str, seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) * 9).astype(dtype)


def kinds(program: Program) -> list[type]:
    return [type(each) for each in program._executable._lowered.kernels]  # type: ignore[attr-defined]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5), (2, 3, 4), (1, 6, 1), (0, 4)])
@settings(max_examples=3)
@given(data=st.data())
def test_padding(dtype: str, shape: tuple[int, ...], data: st.DataObject) -> None:
    rows = [tuple(data.draw(st.integers(0, 3)) for _ in shape) for _ in range(3)]
    x = input(shape, dtype, name="x")
    order = data.draw(st.permutations(range(len(shape))))
    moved = tv.array.permute_dims(x, tuple(order)) if shape else x
    node = pad(moved, before=rows[0], after=rows[1], between=rows[2])
    program = Program([x], node, backend="native")
    array = numbers(shape, dtype)
    wanted = Program([x], node, backend="reference").run(array)
    assert np.array_equal(program.run(array), wanted)
    if node.size:
        assert CallKernel not in kinds(program) and PlacingKernel in kinds(program)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("threads", ["1", "3"])
@settings(max_examples=8)
@given(data=st.data())
def test_concatenation(dtype: str, threads: str, data: st.DataObject) -> None:
    shape = [
        data.draw(st.sampled_from([1, 2, 5, 130])) for _ in range(data.draw(st.integers(1, 3)))
    ]
    axis = data.draw(st.integers(0, len(shape) - 1))
    inputs, arrays, pieces = [], [], []
    for i in range(data.draw(st.integers(1, 4))):
        size = data.draw(st.sampled_from([0, 1, 3, 64]))
        own = (*shape[:axis], size, *shape[axis + 1 :])
        x = input(own, dtype, name=f"x{i}")
        inputs.append(x)
        arrays.append(numbers(own, dtype, i))
        pieces.append(tv.array.flip(x, axis=0) if data.draw(st.booleans()) else x)
    node = concat(*pieces, axis=axis)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIVIUM_THREADS", threads)
        program = Program(inputs, node, backend="native")
    assert np.array_equal(
        program.run(*arrays), Program(inputs, node, backend="reference").run(*arrays)
    )
    assert CallKernel not in kinds(program) or not node.size


@pytest.mark.parametrize("threads", ["1", "2", "3"])
@pytest.mark.parametrize("axis", [0, 1])
def test_large_ones_are_shared(
    threads: str, axis: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIVIUM_THREADS", threads)
    inputs = [input(shape, "float32") for shape in ((600, 300), (600, 300), (600, 300))]
    arrays = [numbers(each.shape, "float32", i) for i, each in enumerate(inputs)]
    x, y, z = inputs
    node = concat(x, tv.array.matrix_transpose(tv.array.reshape(y, (300, 600))), z, axis=axis)
    program = Program(inputs, node, backend="native")
    turned = arrays[1].reshape(300, 600).T
    assert np.array_equal(
        program.run(*arrays), np.concatenate([arrays[0], turned, arrays[2]], axis)
    )


def test_a_variable_may_become_its_own_padding_and_concatenation() -> None:
    for backend in ("native", "reference"):
        x = variable(np.arange(6.0), name="x")
        rolled = concat(x[4:], x[:4], axis=0)
        program = Program([], [x], {x: rolled}, backend=backend)
        first, *_ = program.run(steps=3)
        assert first[2].tolist() == [2, 3, 4, 5, 0, 1] and x.value.tolist() == [
            0,
            1,
            2,
            3,
            4,
            5,
        ]


def test_the_derivative_of_indexing_calls_no_python() -> None:
    x = input((5,), "float64", name="x")
    slope = tv.gradient((x[1] ** 2 * x[3]).sum(), x)
    program = Program([x], slope, backend="native")
    assert program.run(np.arange(5.0)).tolist() == [0, 6, 0, 1, 0]
    assert CallKernel not in kinds(program)
    assert "padding" in str(program.explain())
