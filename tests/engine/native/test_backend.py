"""The native backend computes what the reference backend defines."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trivium as tv
from tests.engine.table import CASES, TABLE, apply
from trivium.engine.backends import base
from trivium.engine.backends.native.backend import NativeBackend
from trivium.engine.errors import IndexRangeError
from trivium.engine.program import Program
from trivium.engine.tensor import input


@pytest.fixture(params=[1, 2, 3])
def threads(request, monkeypatch) -> int:
    monkeypatch.setitem(base._BACKENDS, "native", lambda: NativeBackend(threads=request.param))
    return request.param


def both(inputs, outputs, arrays, updates=None):
    """The outputs of the native and of the reference backend."""
    native = Program(inputs, outputs, updates, backend="native").run(*arrays)
    return native, Program(inputs, outputs, updates, backend="reference").run(*arrays)


def assert_close(found, expected, ulp: float = 16) -> None:
    assert found.dtype == expected.dtype and found.shape == expected.shape
    if found.dtype.kind != "f":
        assert np.array_equal(found, expected)
        return
    scale = np.abs(expected[np.isfinite(expected)]).max(initial=0)
    tolerance = ulp * np.finfo(found.dtype).eps
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("name", sorted({case.primitive.name for case in CASES}))
def test_every_primitive_on_its_samples(name: str) -> None:
    inputs, outputs, arrays = [], [], []
    for case in (case for case in CASES if case.primitive.name == name):
        for dtype in case.dtypes:
            given_arrays = case.arrays(dtype)
            leaves = [input(array.shape, array.dtype) for array in given_arrays]
            inputs += leaves
            arrays += given_arrays
            outputs += apply(case, leaves)
    native, reference = both(inputs, outputs, arrays)
    for found, expected in zip(native, reference, strict=True):
        assert_close(found, expected, max(16, TABLE[name].ulp))


def network(rows: int = 37, seed: int = 0):
    rng = np.random.default_rng(seed)
    sizes = (13, 9, 5)
    x = tv.tensor(rng.normal(size=(rows, sizes[0])).astype(np.float32))
    y = tv.tensor(rng.integers(0, sizes[-1], rows))
    weights = [
        tv.variable(rng.normal(size=shape).astype(np.float32) * 0.3, name=f"w{i}")
        for i, shape in enumerate(pairwise(sizes))
    ]
    biases = [tv.variable(np.zeros(n, np.float32), name=f"b{n}") for n in sizes[1:]]
    h = x
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        h = h @ w + b
        h = tv.array.tanh(h) if i == 0 else h
    chosen = tv.array.take_along_axis(h, y[:, None], axis=1)[:, 0]
    loss = (tv.array.logsumexp(h, axis=1) - chosen).mean()
    parameters = [*weights, *biases]
    return loss, parameters, tv.gradient(loss, parameters)


def train(backend: str, steps: int, calls: int = 1):
    loss, parameters, gradients = network()
    velocity = [tv.variable(np.zeros(p.shape, np.float32)) for p in parameters]
    updates = {}
    for p, v, g in zip(parameters, velocity, gradients, strict=True):
        new = 0.9 * v - 0.1 * g
        updates[v], updates[p] = new, p + new
    program = Program([], loss, updates, backend=backend)
    losses = np.concatenate([program.run(steps=steps // calls) for _ in range(calls)])
    return losses, [p.value for p in parameters]


def test_a_training_program_follows_the_reference(threads: int) -> None:
    losses, parameters = train("native", 40)
    expected, others = train("reference", 40)
    np.testing.assert_allclose(losses, expected, rtol=2e-4)
    for found, other in zip(parameters, others, strict=True):
        np.testing.assert_allclose(found, other, rtol=2e-3, atol=2e-4)


def test_threads_and_calls_do_not_change_a_bit(monkeypatch) -> None:
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setitem(
            base._BACKENDS, "native", lambda threads=threads: NativeBackend(threads=threads)
        )
        for calls in (1, 5):
            losses, parameters = train("native", 20, calls)
            found.append((losses.tobytes(), [p.tobytes() for p in parameters]))
    assert all(each == found[0] for each in found)


def test_large_work_is_shared_without_changing_a_bit(monkeypatch) -> None:
    rng = np.random.default_rng(0)
    x = tv.tensor(rng.normal(size=(513, 301)).astype(np.float32))
    outputs = [
        tv.array.softmax(x, axis=1), x.sum(axis=0), (x * 2 + 1).sum(axis=1), tv.array.exp(x).T + 1,
    ]  # fmt: skip
    results = []
    for threads in (1, 2, 3):
        monkeypatch.setitem(
            base._BACKENDS, "native", lambda threads=threads: NativeBackend(threads=threads)
        )
        program = Program([], outputs, backend="native")
        results.append([array.tobytes() for array in program.run()])
    assert results[0] == results[1] == results[2]


def test_long_sums_are_cut_the_same_way_for_any_number_of_threads(monkeypatch) -> None:
    rng = np.random.default_rng(0)
    x = tv.tensor(rng.normal(size=(20_011, 13)))
    r = tv.tensor(rng.normal(size=20_011))
    outputs = [r @ x, x.T @ x, x @ rng.normal(size=13)]
    expected = Program([], outputs, backend="reference").run()
    results = []
    for threads in (1, 2, 3):
        monkeypatch.setitem(
            base._BACKENDS, "native", lambda threads=threads: NativeBackend(threads=threads)
        )
        found = Program([], outputs, backend="native").run()
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10)
        results.append([array.tobytes() for array in found])
    assert results[0] == results[1] == results[2]


def test_all_updates_see_the_values_from_before_the_step(threads: int) -> None:
    a, b, c = (tv.variable(np.arange(3.0) + i) for i in (0, 10, 20))
    program = Program([], [a + b], {a: b, b: c + a, c: a[::-1]}, backend="native")
    sums = program.run(steps=2)[0]
    np.testing.assert_array_equal(sums[0], np.arange(3.0) * 2 + 10)
    np.testing.assert_array_equal(sums[1], (np.arange(3) + 10.0) + (2 * np.arange(3) + 20))
    np.testing.assert_array_equal(a.value, 2 * np.arange(3.0) + 20)
    np.testing.assert_array_equal(c.value, (np.arange(3.0) + 10)[::-1])


def test_an_index_out_of_range_is_an_error_not_a_crash(threads: int) -> None:
    x, i = tv.tensor(np.eye(4)), input((3,), "int64", name="i")
    from trivium.engine.primitives.indexing import gather

    program = Program([i], gather(x, i), backend="native")
    np.testing.assert_array_equal(program.run(np.array([3, 0, 1])), np.eye(4)[[3, 0, 1]])
    for wrong in (4, -1, 2**62, -(2**62)):
        with pytest.raises(IndexRangeError):
            program.run(np.array([0, wrong, 1]))
    np.testing.assert_array_equal(program.run(np.array([3, 0, 1])), np.eye(4)[[3, 0, 1]])


@st.composite
def graphs(draw):
    """A random expression over a few inputs: elementwise work, movement, reductions."""
    shape = tuple(draw(st.lists(st.integers(1, 19), min_size=1, max_size=3)))
    leaves = [input(shape, "float32", name=f"x{i}") for i in range(2)]
    pool = list(leaves)
    for _ in range(draw(st.integers(1, 12))):
        x = draw(st.sampled_from(pool))
        y = draw(st.sampled_from(pool))
        kind = draw(st.integers(0, 13))
        axis = draw(st.integers(0, x.ndim - 1)) if x.ndim else 0
        if kind <= 3 and x.shape == y.shape:
            new = [x + y, x * y, tv.array.maximum(x, y), tv.array.where(x > y, x, y * 0.5)][
                kind
            ]
        elif kind == 4:
            new = tv.array.tanh(x)
        elif kind == 5:
            new = tv.array.exp(-abs(x))
        elif kind == 6 and x.ndim:
            new = x.sum(axis=axis, keepdims=draw(st.booleans()))
        elif kind == 7 and x.ndim:
            new = x - x.max(axis=axis, keepdims=True)
        elif kind == 8:
            new = x.T
        elif kind == 9 and x.ndim:
            new = tv.array.flip(x, axis=axis)
        elif kind == 10:
            new = x.reshape(-1)
        elif kind == 11 and x.ndim:
            new = x[..., ::2]
        elif kind == 12 and x.ndim == y.ndim == 2 and x.shape[1] == y.shape[0]:
            new = x @ y
        elif kind == 13 and x.ndim:
            new = x * x.mean(axis=axis, keepdims=True)
        else:
            new = x * 0.5 + 1
        pool.append(new)
    outputs = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=3))
    return leaves, outputs, draw(st.integers(0, 2**32 - 1))


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_random_graphs_agree_with_the_reference(graph) -> None:
    leaves, outputs, seed = graph
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=leaf.shape).astype(np.float32) for leaf in leaves]
    native, reference = both(leaves, outputs, arrays)
    for found, expected in zip(native, reference, strict=True):
        assert_close(found, expected, 500)
