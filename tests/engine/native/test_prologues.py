"""Elementwise work on an operand is done where the product copies it, and changes nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import trivium as tv
from trivium.engine.backends.native import prologues
from trivium.engine.backends.native.kernels import ContractionKernel, Kernel, RowKernel
from trivium.engine.program import Program
from trivium.engine.tensor import Tensor, input, variable

Array = np.ndarray[Any, Any]
turned = tv.array.matrix_transpose

# (m, k, n): one row, few rows, edges of tiles, several pieces of k, many panels.
SHAPES = [
    (1, 30, 50),
    (3, 40, 21),
    (37, 20, 50),
    (64, 16, 10),
    (9, 600, 21),
    (70, 1100, 130),
    (33, 7, 300),
    (300, 130, 17),
    (4, 9000, 3),
]


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prologues wherever they are possible, not only where they pay."""
    monkeypatch.setattr(prologues, "_pays", lambda *_: True)


def numbers(*shape: int, seed: int = 0, dtype: str = "float32") -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def kernels(program: Program) -> list[Kernel]:
    found: list[Kernel] = program._executable._lowered.kernels  # type: ignore[attr-defined]
    return found


def agree(build: Callable[..., Any], arrays: list[Array], tolerance: float) -> list[Kernel]:
    """The native kernels, after their results were compared with the reference."""
    inputs = [input(each.shape, each.dtype) for each in arrays]
    program = Program(inputs, build(*inputs), backend="native")
    reference = Program(inputs, build(*inputs), backend="reference")
    got, want = program.run(*arrays), reference.run(*arrays)
    for one, other in zip(got, want, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
    return kernels(program)


def work(x: Tensor, scale: Tensor) -> Tensor:
    """What depends on its place: a row vector, a column and an exponential."""
    return tv.array.exp(-(x**2)) * scale + 1


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("m, k, n", SHAPES)
@pytest.mark.parametrize("sides", ["left", "right", "both"])
@pytest.mark.parametrize("across", [False, True], ids=["in place", "transposed"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_operand_is_computed_in_the_product(
    m: int, k: int, n: int, sides: str, across: bool, dtype: str
) -> None:
    left = numbers(k, m, dtype=dtype) if across else numbers(m, k, dtype=dtype)
    right = numbers(n, k, seed=1, dtype=dtype) if across else numbers(k, n, seed=1, dtype=dtype)
    arrays = [left, right, numbers(left.shape[1], seed=2, dtype=dtype),
              numbers(right.shape[0], 1, seed=3, dtype=dtype)]  # fmt: skip

    def product(x: Tensor, y: Tensor, u: Tensor, v: Tensor) -> list[Tensor]:
        x = work(x, u) if sides != "right" else x
        y = work(y, v) if sides != "left" else y
        return [turned(x) @ turned(y) if across else x @ y]

    found = agree(product, arrays, 1e-9 if dtype == "float64" else 2e-3)
    (host,) = [each for each in found if isinstance(each, ContractionKernel)]
    wanted = {"both": {"left", "right"}}.get(sides, {sides})
    if min(m, k, n) > 1:
        assert set(host.prologues) == wanted
        assert not [each for each in found if isinstance(each, RowKernel)]
    assert host.left is not None and host.right is not None
    for side in host.prologues:  # the operand is nowhere in memory
        assert getattr(host, side).buffer not in host.reads


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("across", [False, True])
def test_batches(shared: bool, across: bool) -> None:
    arrays = [
        numbers(5, 17, 30),
        numbers(30, 9, seed=1) if shared else numbers(5, 30, 9, seed=1),
    ]
    if across:
        arrays[0] = numbers(5, 30, 17)

    def product(x: Tensor, y: Tensor) -> list[Tensor]:
        x, y = tv.array.tanh(x) + 1, tv.array.exp(y)
        return [(turned(x) if across else x) @ y]

    found = agree(product, arrays, 1e-4)
    (host,) = [each for each in found if isinstance(each, ContractionKernel)]
    assert host.prologues


@pytest.mark.usefixtures("always")
def test_integers_bits_and_casts() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (70, 90)).astype("int32")
    mask = rng.random((70, 90)) < 0.5

    def product(x: Tensor, keep: Tensor, w: Tensor) -> list[Tensor]:
        scaled = tv.array.astype(x, tv.float32) / 255
        return [tv.array.where(keep, scaled, 0) @ w]

    found = agree(product, [pixels, mask, numbers(90, 40)], 1e-4)
    assert [type(each) for each in found] == [ContractionKernel]


@pytest.mark.usefixtures("always")
def test_what_others_read_is_kept_in_memory() -> None:
    arrays = [numbers(30, 20), numbers(20, 40, seed=1)]

    def both(x: Tensor, y: Tensor) -> list[Tensor]:
        z = tv.array.exp(x)
        return [z @ y, tv.array.sum(z, axis=0)]

    hosts = [each for each in agree(both, arrays, 1e-4) if isinstance(each, ContractionKernel)]
    assert not hosts[0].prologues
    twice = agree(
        lambda x: [tv.array.exp(x) @ turned(tv.array.exp(x))], [numbers(30, 20)], 1e-3
    )
    assert not [each for each in twice if getattr(each, "prologues", None)]
    wanted = agree(lambda x, y: [z := tv.array.exp(x), z @ y], arrays, 1e-4)
    assert not [each for each in wanted if getattr(each, "prologues", None)]


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("own", ["nothing", "left", "right"])
def test_a_variable_that_a_prologue_reads_is_not_written_before(own: str) -> None:
    start, other = numbers(40, 40, seed=3), numbers(40, 40, seed=4)
    found = []
    for backend in ("native", "reference"):
        w = variable(start)
        x = input((40, 40), "float32")
        left, right = (w if own == side else x for side in ("left", "right"))
        product = tv.array.tanh(left) @ tv.array.exp(-(right**2))
        program = Program(
            [x], [], {w: w - 0.01 * tv.array.maximum(product, 0)}, backend=backend
        )
        program.run(other, steps=3)
        found.append(w.value)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("always")
def test_bits_do_not_depend_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = [numbers(150, 400), numbers(400, 220, seed=1)]
    found = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("TRIVIUM_THREADS", threads)
        inputs = [input(each.shape, each.dtype) for each in arrays]
        x, y = inputs
        program = Program(inputs, tv.array.exp(-(x**2)) @ tv.array.tanh(y), backend="native")
        assert any(getattr(each, "prologues", None) for each in kernels(program))
        found.append(program.run(*arrays))
    assert np.array_equal(found[0], found[1]) and np.array_equal(found[0], found[2])


def test_large_operands_get_a_prologue_by_themselves_and_explain_says_so() -> None:
    inputs = [input((2048, 1024), "float32"), input((1024, 64), "float32")]
    x, w = inputs
    program = Program(inputs, tv.array.where(x > 0, x, 0.1 * x) @ w, backend="native")
    assert [type(each) for each in kernels(program)] == [ContractionKernel]
    text = str(program.explain())
    assert "left computed" in text and "where" in text


def test_small_operands_do_not() -> None:
    inputs = [input((16, 16), "float32"), input((16, 16), "float32")]
    x, w = inputs
    program = Program(inputs, tv.array.exp(x) @ w, backend="native")
    assert not any(getattr(each, "prologues", None) for each in kernels(program))
