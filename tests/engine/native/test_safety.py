"""What must never happen: a crash, a wrong variable after an error, memory read where none is."""

from __future__ import annotations

import errno
import gc
import mmap
import os
import re
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trivium as tv
from trivium.engine.backends.native import cache as cache_module
from trivium.engine.backends.native.backend import NativeBackend
from trivium.engine.backends.native.cache import Cache
from trivium.engine.composites import full
from trivium.engine.errors import ArgumentError, BackendError, IndexRangeError
from trivium.engine.passes.pipeline import optimise
from trivium.engine.primitives.indexing import gather, scatter_add
from trivium.engine.primitives.special import polygamma
from trivium.engine.program import Program
from trivium.engine.tensor import input


@pytest.fixture(params=[1, 3])
def threads(request: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("TRIVIUM_THREADS", str(request.param))
    return request.param


# --- errors while a program runs ----------------------------------------------------------------


def failing(backend: str, kind: str) -> tuple[Program, list[Any]]:
    """A training-like program whose fourth step asks for a row that is not there."""
    rng = np.random.default_rng(0)
    counter = tv.variable(np.int64(0), name="counter")
    weights = tv.variable(rng.normal(size=(130, 130)), name="weights")
    total = tv.variable(np.zeros(7), name="total")
    data = tv.tensor(rng.normal(size=(7, 130)))
    rows = counter + tv.tensor(np.arange(4))
    if kind == "gather":
        picked = gather(data, rows).sum(axis=0)
        new = weights * 0.9 + picked
        added = total + picked.sum()
    else:
        new = weights * 0.9 + 1
        added = total + scatter_add(data[:4, 0] + weights[0, 0], rows, rows=7)
    updates = {weights: new, counter: counter + 1, total: added}
    program = Program([], weights.sum(axis=0), updates, backend=backend)
    return program, [weights, counter, total]


@pytest.mark.parametrize("kind", ["gather", "scatter"])
def test_a_step_that_fails_changes_no_variable(threads: int, kind: str) -> None:
    states, messages = [], []
    for backend in ("native", "reference"):
        program, variables = failing(backend, kind)
        with pytest.raises(IndexRangeError) as caught:
            program.run(steps=10)
        messages.append(str(caught.value).partition("\n  made")[0])
        states.append([variable.value for variable in variables])
        assert variables[1].value == 4
        with pytest.raises(IndexRangeError):
            program.run()
        assert variables[1].value == 4
        variables[1].assign(0)
        program.run(steps=4)
        assert variables[1].value == 4
    assert messages[0] == messages[1]
    assert "the index 7 at position (3,) lies outside 0 … 6" in messages[0]
    for native, reference in zip(*states, strict=True):
        np.testing.assert_allclose(native, reference, rtol=1e-13)


def test_the_error_names_the_users_line(threads: int) -> None:
    program, _ = failing("native", "gather")
    with pytest.raises(IndexRangeError, match=r"made by your line: .*gather\(data, rows\)"):
        program.run(steps=10)


@pytest.mark.parametrize("steps", [None, 3])
def test_rows_of_nothing(threads: int, steps: int | None) -> None:
    """Every index is outside when there are no rows; nothing may be read or written then."""
    index = input((3,), "int64")
    empty, updates = tv.variable(np.zeros((0, 50_000))), tv.variable(np.ones((3, 50_000)))
    for expression in (gather(empty, index), scatter_add(updates, index, rows=0)):
        program = Program([index], expression, backend="native")
        for wrong in ([0, 1, 2], [-1, 0, 2**40]):
            with pytest.raises(IndexRangeError, match=r"the axis has 0 entries"):
                program.run(np.array(wrong), steps=steps)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_every_index_outside_is_found(threads: int, dtype: str) -> None:
    """Also in the last element of many, where threads share the work."""
    rows = tv.tensor(np.arange(2000.0).reshape(50, 40))
    index = input((1500,), dtype)
    program = Program([index], gather(rows, index), backend="native")
    good = np.random.default_rng(0).integers(0, 50, 1500).astype(dtype)
    limits = np.iinfo(dtype)
    for wrong in (50, -1, limits.max, limits.min):
        for place in (0, 749, 1499):
            bad = good.copy()
            bad[place] = wrong
            message = re.escape(f"the index {wrong} at position ({place},)")
            with pytest.raises(IndexRangeError, match=message):
                program.run(bad)
    np.testing.assert_array_equal(program.run(good), np.arange(2000.0).reshape(50, 40)[good])


def test_an_error_in_a_reference_function_ends_the_call(threads: int) -> None:
    v = tv.variable(np.full(3, 2.0))
    sick = polygamma(v, order=1)
    program = Program([], sick, {v: v + 1}, backend="native")
    evaluate, calls = polygamma.evaluate, []

    def fail(attributes: Any, x: Any) -> Any:
        calls.append(x.copy())
        if len(calls) == 3:
            raise ArgumentError("the third is too much")
        return evaluate(attributes, x)

    object.__setattr__(polygamma, "evaluate", fail)
    try:
        with pytest.raises(ArgumentError, match="third is too much\n.*made by your line"):
            program.run(steps=9)
    finally:
        object.__setattr__(polygamma, "evaluate", evaluate)
    assert len(calls) == 3
    np.testing.assert_array_equal(v.value, np.full(3, 4.0))


# --- arrays of every kind -----------------------------------------------------------------------


def layouts(values: Any, place: Path) -> dict[str, Any]:
    """The same numbers in arrays that lie in memory in many ways."""
    frozen = values.copy()
    frozen.setflags(write=False)
    odd = np.zeros(values.nbytes + 1, np.uint8)[1:].view(values.dtype).reshape(values.shape)
    odd[...] = values
    np.save(place / "mapped.npy", values)
    spread = np.zeros((values.shape[0] * 2, values.shape[1] * 3), values.dtype)
    spread[::2, ::3] = values
    return {
        "read-only": frozen,
        "unaligned": odd,
        "memory-mapped": np.load(place / "mapped.npy", mmap_mode="r"),
        "memory-mapped for writing": np.load(place / "mapped.npy", mmap_mode="r+"),
        "column-major": np.asfortranarray(values),
        "strided": spread[::2, ::3],
        "reversed": values[::-1, ::-1].copy()[::-1, ::-1],
        "byte-swapped": values.astype(values.dtype.newbyteorder()),
        "list": values.tolist(),
    }


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_inputs_may_lie_in_memory_as_they_like(tmp_path: Path, dtype: str) -> None:
    values = np.random.default_rng(0).integers(-99, 99, (23, 37)).astype(dtype)
    x = input(values.shape, dtype)
    program = Program([x], [x + x, x.T @ x, x.sum(axis=0), x[::-2, 3]], backend="native")
    expected = [values + values, values.T @ values, values.sum(axis=0), values[::-2, 3]]
    for name, array in layouts(values, tmp_path).items():
        if name == "list" and dtype != "int64":
            continue  # a list of Python floats is float64
        leaves = (tv.tensor(array), tv.variable(array))
        for found, wanted in zip(program.run(array), expected, strict=True):
            np.testing.assert_array_equal(found, wanted, err_msg=name)
        for leaf in leaves:
            found = Program([], leaf + leaf, backend="native").run()
            np.testing.assert_array_equal(found, expected[0], err_msg=name)


def test_empty_arrays() -> None:
    x, y = input((0, 5)), input((5, 0))
    v = tv.variable(np.zeros((0, 3)), name="nothing")
    outputs = [
        x + 1,
        x.sum(),
        x.sum(axis=0),
        x @ y,
        y @ x,
        y.T,
        tv.array.exp(v),
        x.reshape(5, 0),
    ]
    for steps in (None, 0, 2):
        program = Program([x, y], outputs, {v: v * 2}, backend="native")
        found = program.run(np.ones((0, 5)), np.ones((5, 0)), steps=steps)
        reference = Program([x, y], outputs, backend="reference")
        for one, other in zip(
            found, reference.run(np.ones((0, 5)), np.ones((5, 0)), steps=steps), strict=True
        ):
            assert one.shape == other.shape
            np.testing.assert_array_equal(one, other)


def test_no_steps_change_nothing(threads: int) -> None:
    v = tv.variable(np.ones((300, 300)))
    assert Program([], v.sum(axis=0), {v: v + 1}, backend="native").run(steps=0).shape == (
        0,
        300,
    )
    assert np.all(v.value == 1)


def test_an_input_may_be_the_memory_of_a_variable(threads: int) -> None:
    """What the program writes does not show through its inputs."""
    v = tv.variable(np.arange(600.0).reshape(20, 30))
    x = input((20, 30))
    for given in (v.storage, v.storage[::-1]):
        before = v.value
        program = Program([x], x.sum(axis=0), {v: v + x.sum()}, backend="native")
        wanted = np.array(given).sum(axis=0)
        np.testing.assert_allclose(program.run(given, steps=3), np.stack([wanted] * 3))
        np.testing.assert_allclose(v.value, before + 3 * wanted.sum())
        v.assign(before)


def test_results_belong_to_the_caller() -> None:
    """A later call and the end of the program leave them alone."""
    v = tv.variable(np.arange(4.0))
    program = Program([], [v, v[::-1]], {v: v * 2}, backend="native")
    first = program.run()
    program.run()
    del program
    gc.collect()
    np.testing.assert_array_equal(first[0], np.arange(4.0))
    np.testing.assert_array_equal(first[1], np.arange(4.0)[::-1])
    first[0][:] = 7
    np.testing.assert_array_equal(v.value, np.arange(4.0) * 4)


# --- arrays beyond 2^32 elements ----------------------------------------------------------------


def emitted(outputs: list[Any], inputs: list[Any], threads: int = 2) -> str:
    """The LLVM code of a program, before LLVM improves it."""
    found: list[str] = []

    class Watching(NativeBackend):
        def _object_code(self, target: Any, key: str, module: Any, made: Any) -> bytes:
            found.append(str(module()))
            raise InterruptedError

    with pytest.raises(InterruptedError):
        Watching(threads).compile(inputs, optimise(outputs), {})
    return found[0]


def test_addresses_are_computed_in_64_bits() -> None:
    """Views of 2^40 elements; only compiled, because nobody has so much memory."""
    row, one = input((2**20,), "float32"), input((), "float32")
    index = input((3,), "int32")
    wide = full((2**20, 2**20), 0.0, np.dtype("float32")) + row
    big = input((2**20, 2**20), "float32")
    text = emitted(
        [
            wide.sum(), wide.max(axis=1), (wide + one).sum(axis=0), big[::-1, ::-1].sum(axis=1),
            big @ row, row @ big, big[::3, 5:].T.sum(axis=0), gather(big.T, index),
            scatter_add(gather(big, index), index, rows=2**20).sum(axis=0),
        ],
        [row, one, index, big],
    )  # fmt: skip
    steps = [line for line in text.splitlines() if "getelementptr" in line]
    assert len(steps) > 100
    for line in steps:
        assert re.search(r"getelementptr [^,]+, ptr [^,]+, i64 ", line), line
    assert f"i64 {2**40 - 1}" in text  # where the reversed array begins
    assert f"i64 {2**42}" in text  # the bytes of the scatter's result


@pytest.mark.skipif(not hasattr(mmap, "MAP_PRIVATE"), reason="needs sparse files")
def test_elements_beyond_4_gib_are_reached(tmp_path: Path) -> None:
    """A file with holes stands for an array of 2^33 elements."""
    rows, width = 2**21, 2**12
    with open(tmp_path / "large", "wb") as file:
        try:
            file.truncate(rows * width)
        except OSError:
            pytest.skip("this disk has no sparse files")
    large = np.memmap(tmp_path / "large", np.bool_, "r+", shape=(rows, width))
    marks = [(0, 0), (2**20, 17), (2**20 + 2**19, 4095), (rows - 1, width - 1), (rows - 2, 1)]
    for mark in marks:
        large[mark] = True
    x, index = input((rows, width), "bool"), input((5,), "int64")
    spread = x[:: 2**19].astype("int32")
    program = Program(
        [x, index],
        [gather(x, index), spread.sum(axis=1), x[-2:], x[::-1, ::-1][:1, :1], x.T[1, -2:]],
        backend="native",
    )
    picked, sums, last, corner, column = program.run(large, np.array([r for r, _ in marks]))
    for line, (_, place) in zip(picked, marks, strict=True):
        np.testing.assert_array_equal(np.flatnonzero(line), [place])
    np.testing.assert_array_equal(sums, [1, 0, 1, 1])
    np.testing.assert_array_equal(np.argwhere(last), [[0, 1], [1, width - 1]])
    assert corner.item() is True
    np.testing.assert_array_equal(column, [True, False])


# --- the cache ----------------------------------------------------------------------------------


def test_a_full_disk_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setenv("TRIVIUM_CACHE", str(tmp_path))
    monkeypatch.setattr(cache_module.os, "replace", full_disk)
    x = tv.tensor(np.arange(5.0))
    np.testing.assert_array_equal(
        Program([], x * 2, backend="native").run(), np.arange(5.0) * 2
    )
    assert not list(tmp_path.iterdir())


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    old, young = tmp_path / "a.part", tmp_path / "b.part"
    for file in (old, young):
        file.write_bytes(b"half")
    os.utime(old, (time.time() - 1e6,) * 2)
    Cache(tmp_path).store("key", b"code")
    assert {path.name for path in tmp_path.iterdir()} == {"b.part", "key.o"}


@pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give away"
)
def test_code_of_another_user_is_not_run(tmp_path: Path) -> None:
    store = Cache(tmp_path)
    store.store("key", b"code")
    assert store.load("key") == b"code"
    os.chown(tmp_path / "key.o", 12345, 12345)
    assert store.load("key") is None


# --- programs and Python's threads ---------------------------------------------------------------


def test_many_callers_at_once(threads: int) -> None:
    rng = np.random.default_rng(0)
    x = input((150, 130))
    programs = [
        Program([x], [(x * k) @ x.T, tv.array.sort(x, axis=1)], backend="native")
        for k in (1, 2)
    ]
    arrays = [rng.normal(size=(150, 130)) for _ in range(8)]

    def work(i: int) -> bool:
        k, array = i % 2, arrays[i % 8]
        product, ordered = programs[k].run(array)
        return np.allclose(product, (k + 1) * array @ array.T) and np.array_equal(
            ordered, np.sort(array, axis=1)
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(64)))


def test_a_program_that_is_gone_leaves_nothing(threads: int) -> None:
    v = tv.variable(np.zeros((300, 200)))
    program = Program([], v.sum(axis=1), {v: v + 1}, backend="native")
    program.run(steps=2)
    executable = weakref.ref(program._executable)
    del program
    gc.collect()
    assert executable() is None


@pytest.mark.parametrize("asked", ["0", "-1", "two", "1.5"])
def test_a_wrong_number_of_threads_is_refused(
    monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.setenv("TRIVIUM_THREADS", asked)
    with pytest.raises(BackendError, match=f"TRIVIUM_THREADS={asked} .* 1 or more"):
        NativeBackend()


def test_deep_and_wide_graphs() -> None:
    x = input((9,))
    deep, wide = x, [x * k for k in range(300)]
    for k in range(1500):
        deep = deep * 0.5 + k if k % 3 else tv.array.maximum(deep, x)
    outputs = [deep, sum(wide, start=x)]
    given = np.linspace(-1, 1, 9)
    found = Program([x], outputs, backend="native").run(given)
    wanted = Program([x], outputs, backend="reference").run(given)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_an_interrupted_failure_does_not_follow_the_next_call(threads: int) -> None:
    """Ctrl-C may come between the machine code's end and the look at what it has left."""
    index = input((3,), "int64")
    program = Program([index], gather(tv.tensor(np.arange(5.0)), index), backend="native")
    for steps in (None, 2):
        program._executable._status[0] = 1
        found = program.run(np.array([4, 0, 2]), steps=steps)
        np.testing.assert_array_equal(np.atleast_2d(found)[0], [4.0, 0.0, 2.0])


def test_long_work_lets_other_threads_of_python_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIVIUM_THREADS", "1")
    v = tv.variable(np.ones((700, 700)))
    program = Program([], v[0, 0], {v: tv.array.sin(v @ v)}, backend="native")
    assert program._executable.short([]) is None
    small = tv.variable(np.ones(7))
    assert Program([], small.sum(), backend="native")._executable.short([]) is not None
