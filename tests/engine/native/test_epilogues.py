"""Elementwise work on a product is done with the product, and changes nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import trivium as tv
from trivium.engine.backends.native.kernels import (
    ContractionKernel,
    Kernel,
    PartialSumKernel,
    RowKernel,
)
from trivium.engine.program import Program
from trivium.engine.tensor import Tensor, input, variable

Array = np.ndarray[Any, Any]


def numbers(*shape: int, seed: int = 0, dtype: str = "float32") -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def kernels(program: Program) -> list[Kernel]:
    found: list[Kernel] = program._executable._lowered.kernels  # type: ignore[attr-defined]
    return found


def agree(
    build: Callable[..., Any], arrays: list[Array], tolerance: float = 1e-5
) -> list[Kernel]:
    """The native kernels, after their results were compared with the reference."""
    inputs = [input(each.shape, each.dtype) for each in arrays]
    program = Program(inputs, build(*inputs), backend="native")
    reference = Program(inputs, build(*inputs), backend="reference")
    for got, want in zip(program.run(*arrays), reference.run(*arrays), strict=True):
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)
    return kernels(program)


def relu(x: Tensor) -> Tensor:
    return tv.array.maximum(x, 0)


# (m, k, n): every method of products, one column, one row, many partial results.
SHAPES = [
    (37, 20, 50),
    (9, 600, 21),
    (64, 16, 10),
    (3, 40, 21),
    (50, 30, 1),
    (1, 30, 50),
    (1, 30, 1),
    (4, 70_000, 3),
    (21, 70_000, 1),
]


@pytest.mark.parametrize("m, k, n", SHAPES)
@pytest.mark.parametrize("turned", [False, True], ids=["rows", "columns"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_layer_is_one_kernel(m: int, k: int, n: int, turned: bool, dtype: str) -> None:
    left = numbers(k, m, dtype=dtype) if turned else numbers(m, k, dtype=dtype)
    arrays = [left, numbers(k, n, seed=1, dtype=dtype), numbers(n, seed=2, dtype=dtype)]

    def layer(x: Tensor, w: Tensor, b: Tensor) -> list[Tensor]:
        return [relu((tv.array.matrix_transpose(x) if turned else x) @ w + b)]

    found = agree(layer, arrays, 3e-3 if dtype == "float32" and k > 1000 else 1e-4)
    assert not [each for each in found if isinstance(each, RowKernel)]
    host = found[-1]
    assert isinstance(host, ContractionKernel | PartialSumKernel)
    assert host.epilogue is not None and not host.keep


def test_batched_products_carry_their_epilogue_too() -> None:
    arrays = [numbers(3, 7, 8), numbers(3, 8, 9, seed=1), numbers(3, 7, 9, seed=2)]
    found = agree(lambda x, y, z: [tv.array.tanh(x @ y) * z], arrays)
    assert len(found) == 1


def test_a_product_that_others_read_is_kept() -> None:
    arrays = [numbers(30, 20), numbers(20, 40, seed=1)]

    def both(x: Tensor, y: Tensor) -> list[Tensor]:
        z = x @ y
        return [z, relu(z), tv.array.sum(z, axis=0)]

    (host,) = [each for each in agree(both, arrays) if isinstance(each, ContractionKernel)]
    assert host.epilogue is not None and host.keep


def test_the_sum_of_two_products_belongs_to_the_later_one() -> None:
    arrays = [numbers(30, 20), numbers(20, 40, seed=1), numbers(30, 40, seed=2)]
    found = agree(lambda x, y, z: [x @ y + (x * 2) @ (y * 3) * z], arrays)
    products = [each for each in found if isinstance(each, ContractionKernel)]
    assert [each.epilogue is not None for each in products] == [False, True]


def test_a_transposed_product_is_read_from_memory() -> None:
    arrays = [numbers(30, 20), numbers(20, 40, seed=1)]
    agree(lambda x, y: [relu(tv.array.matrix_transpose(x @ y))], arrays)


def test_an_update_happens_in_the_epilogue_unless_the_product_reads_what_is_updated() -> None:
    for own in (False, True):
        start = numbers(20, 20, seed=3)
        other = numbers(20, 20, seed=4)
        found = []
        for backend in ("native", "reference"):
            w = variable(start)
            x = input((20, 20), "float32")
            gradient = (w if own else x) @ x
            program = Program([x], [], {w: w - 0.1 * gradient}, backend=backend)
            program.run(other, steps=3)
            found.append(w.value)
            if backend == "native":
                assert len(kernels(program)) == 1
                copies = program._executable._lowered.copies  # type: ignore[attr-defined]
                assert len(copies) == (1 if own else 0)
        np.testing.assert_allclose(found[0], found[1], rtol=1e-4, atol=1e-5)


def test_the_bits_are_the_same_on_every_number_of_threads() -> None:
    from trivium.engine.backends import base
    from trivium.engine.backends.native.backend import NativeBackend

    x, w, b = input((300, 200)), input((200, 500)), input((500,))
    arrays = [numbers(300, 200), numbers(200, 500, seed=1), numbers(500, seed=2)]
    bits = set()
    before = base._BACKENDS["native"]
    try:
        for threads in (1, 2, 3):
            base._BACKENDS["native"] = lambda threads=threads: NativeBackend(threads)
            program = Program([x, w, b], relu(x @ w + b), backend="native")
            bits.add(program.run(*arrays).tobytes())
    finally:
        base._BACKENDS["native"] = before
    assert len(bits) == 1
