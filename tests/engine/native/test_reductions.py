"""Reductions of every shape: along rows, of one long row in parts, over rows of a fused kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import trivium as tv
from trivium.engine.backends import base
from trivium.engine.backends.native.backend import NativeBackend
from trivium.engine.backends.native.kernels import ColumnKernel, RowKernel
from trivium.engine.program import Program
from trivium.engine.tensor import input, variable

Array = np.ndarray[Any, Any]


def numbers(*shape: int, dtype: str = "float32") -> Array:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(dtype)


def kernels(program: Program) -> list[Any]:
    found: list[Any] = program._executable._lowered.kernels  # type: ignore[attr-defined]
    return found


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    count = int(request.param)
    monkeypatch.setitem(base._BACKENDS, "native", lambda: NativeBackend(count))
    return count


LENGTHS = [1, 7, 4095, 16_383, 16_384, 16_385, 100_003]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32"])
def test_sums_and_extremes_of_a_vector(length: int, dtype: str, threads: int) -> None:
    data = (numbers(length, dtype="float64") * 9).astype(dtype)
    x = input((length,), dtype)
    array = tv.array
    program = Program([x], [array.sum(x), array.max(x), array.min(x)], backend="native")
    total, largest, smallest = program.run(data)
    exact = np.sum(data, dtype="float64" if dtype[0] == "f" else "int64")
    tolerance = {"float32": 1e-5, "float64": 1e-13}.get(dtype, 0)
    np.testing.assert_allclose(total, exact, rtol=tolerance, atol=tolerance * length)
    assert largest == data.max() and smallest == data.min()


def test_the_mean_of_computed_numbers_needs_no_memory_for_them(threads: int) -> None:
    x = input((100_003,))
    y = tv.array.tanh(x) * 2
    program = Program([x], tv.array.mean(y), backend="native")
    data = numbers(100_003)
    np.testing.assert_allclose(program.run(data), np.tanh(data).mean() * 2, rtol=1e-4)
    first = kernels(program)[0]
    assert isinstance(first, RowKernel) and first.partials and not first.stores


def test_nan_and_infinity_reach_the_result_from_any_part(threads: int) -> None:
    x = input((50_000,))
    program = Program([x], [tv.array.sum(x), tv.array.max(x)], backend="native")
    for place in (0, 20_000, 49_999):
        data = numbers(50_000)
        data[place] = np.nan
        assert all(np.isnan(each) for each in program.run(data))
        data[place] = np.inf
        assert all(np.isposinf(each) for each in program.run(data))


def test_what_follows_a_long_sum_is_right(threads: int) -> None:
    x = variable(numbers(20_000))
    centred = x - tv.array.mean(x)
    program = Program([], tv.array.sum(centred * centred), {x: centred}, backend="native")
    before = x.value.astype("float64")
    np.testing.assert_allclose(program.run(), before.var() * 20_000, rtol=1e-4)
    np.testing.assert_allclose(x.value, before - before.mean(), rtol=1e-4, atol=1e-5)


def test_a_transposed_operand_may_be_part_of_a_long_sum(threads: int) -> None:
    x, y = input((100, 300)), input((300, 100))
    a, b = numbers(100, 300), numbers(300, 100)
    total = tv.array.sum(x * tv.array.matrix_transpose(y))
    program = Program([x, y], total, backend="native")
    np.testing.assert_allclose(program.run(a, b), np.sum(a * b.T), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("shape", [(64, 64), (100, 77), (65, 1000), (4097, 64), (3, 50, 70)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_over_rows_of_a_fused_kernel(
    shape: tuple[int, ...], dtype: str, threads: int
) -> None:
    """Layer normalisation with the gradients of its gain and bias, against the reference."""
    x, gain, bias = (input(each, dtype) for each in (shape, shape[-1:], shape[-1:]))
    array = tv.array
    centred = x - array.mean(x, axis=-1, keepdims=True)
    deviation = array.sqrt(array.mean(array.square(centred), axis=-1, keepdims=True) + 1e-5)
    loss = array.sum(array.tanh(centred / deviation * gain + bias))
    wanted = [loss, *tv.gradient(loss, [x, gain, bias])]
    arrays = [numbers(*each.shape, dtype=dtype) for each in (x, gain, bias)]
    program = Program([x, gain, bias], wanted, backend="native")
    reference = Program([x, gain, bias], wanted, backend="reference")
    tolerance = 2e-4 if dtype == "float32" else 1e-11
    for got, want in zip(program.run(*arrays), reference.run(*arrays), strict=True):
        scale = float(np.max(np.abs(want))) + 1
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * scale)
    if len(shape) == 2:
        (rows,) = [k for k in kernels(program) if isinstance(k, RowKernel) and k.columns]
        assert len(rows.columns) == 2
        assert sum(isinstance(each, ColumnKernel) for each in kernels(program)) == 2


def test_bits_do_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    x = input((3000, 100))
    array = tv.array
    soft = array.softmax(x, axis=1)
    wanted = [array.sum(soft * x), array.sum(soft * x, axis=0), array.max(soft)]
    data, bits = numbers(3000, 100), set()
    for count in (1, 2, 3, 4):
        monkeypatch.setitem(base._BACKENDS, "native", lambda count=count: NativeBackend(count))
        found = Program([x], wanted, backend="native").run(data)
        bits.add(b"".join(each.tobytes() for each in found))
    assert len(bits) == 1


# Moving the reduced axes to the end leaves these shapes as they are: what else reads the operand
# must not do so in the moved order.
@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((2, 2, 1), (0, 2)),
        ((3, 3, 3), (1,)),
        ((3, 3, 3), (0, 2)),
        ((4, 4, 4, 4), (1, 2)),
        ((2, 3, 3), (1,)),
        ((5, 1, 5), (0,)),
        ((64, 64, 64), (1,)),
    ],
)
@pytest.mark.parametrize("name", ["sum", "max", "prod"])
def test_the_operand_of_a_reduction_in_another_order_is_read_as_it_is(
    shape: tuple[int, ...], axes: tuple[int, ...], name: str
) -> None:
    x = input(shape, "float32", name="x")
    reduce = {"sum": tv.array.sum, "max": tv.array.max, "prod": tv.array.prod}[name]
    reduced = reduce(x, axis=axes)
    outputs = (reduced, abs(x), x * 2.0 + 1.0, x / (1.0 + abs(reduced.sum())))
    data = numbers(*shape)
    found = Program([x], outputs, backend="native").run(data)
    expected = Program([x], outputs, backend="reference").run(data)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
