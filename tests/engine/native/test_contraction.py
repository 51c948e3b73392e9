"""Generated matrix products: right for every shape, stride, dtype, target and distribution."""

from __future__ import annotations

import ctypes
import itertools
import mmap
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from llvmlite import ir

from trivium.engine.backends.native.contraction import (
    METHODS,
    Epilogue,
    Plan,
    Spec,
    applicable,
    plan,
    sum_parts,
)
from trivium.engine.backends.native.contraction.emission import emit, emit_sum
from trivium.engine.backends.native.target import Target, host, named
from trivium.engine.errors import ArgumentError, BackendError

Array = np.ndarray[Any, Any]


def available() -> list[str]:
    names = ["native"]
    for name in ("sse2", "avx2"):
        try:
            named(name)
        except BackendError:
            continue
        names.append(name)
    return names


TARGETS = available()
DTYPES = ("float32", "float64", "int32", "int64")


# Compiling and calling.


@cache
def jit() -> llvm.LLJIT:
    return llvm.create_lljit_compiler(host().machine(1))


_numbers = itertools.count()


class Product:
    """A compiled plan."""

    def __init__(self, chosen: Plan, epilogue: Any = None, level: int = 1) -> None:
        self.plan = chosen
        module = chosen.target.module("product")
        split = chosen.chunks > 1
        emit(module, "product", chosen, None if split else epilogue)
        if split:
            emit_sum(module, "total", chosen, epilogue)
        self.module = llvm.parse_assembly(str(module))
        self.module.verify()
        machine = chosen.target.machine(level)
        chosen.target.optimise(self.module, machine, level)
        code = llvm.JITLibraryBuilder().add_object_img(machine.emit_object(self.module))
        code.add_current_process()
        for name in ["product", "total"][: 1 + split]:
            code.export_symbol(name)
        self.code = code.link(jit(), f"contraction_{next(_numbers)}")
        self.assembly = machine.emit_assembly(self.module)

    def function(self, name: str, pointers: int) -> Callable[..., None]:
        kinds = [ctypes.c_void_p] * pointers + [ctypes.c_int64] * 2
        return ctypes.CFUNCTYPE(None, *kinds)(self.code[name])

    def __call__(
        self, left: Array, right: Array, cuts: Sequence[int] = (), order: int = 1
    ) -> Array:
        """The product, its parts cut into ranges, computed forwards or backwards."""
        spec, size = self.plan.spec, self.plan.spec.batch * self.plan.spec.m * self.plan.spec.n
        held, out = surrounded(size, spec.dtype)
        scratch_held, scratch = surrounded(self.plan.scratch_bytes, np.dtype(np.uint8))
        target = out
        if self.plan.chunks > 1:
            target = np.full(self.plan.partial_bytes // spec.dtype.itemsize, 7, spec.dtype)
        where = [address(left), address(right), target.ctypes.data, scratch.ctypes.data]
        run = self.function("product", 4)
        for begin, end in ranges(self.plan.parts, cuts)[::order]:
            scratch[:] = 255  # NaN, if it were read before it is written
            run(*where, begin, end)
        if self.plan.chunks > 1:
            add = self.function("total", 2)
            for begin, end in ranges(sum_parts(self.plan), cuts)[::order]:
                add(target.ctypes.data, out.ctypes.data, begin, end)
        assert np.all(held[:64] == 0xA5) and np.all(held[-64:] == 0xA5)
        assert np.all(scratch_held[:64] == 0xA5) and np.all(scratch_held[-64:] == 0xA5)
        return out.reshape(spec.batch, spec.m, spec.n)


def surrounded(count: int, dtype: np.dtype[Any]) -> tuple[Array, Array]:
    """Memory aligned to 64 bytes with 64 marked bytes before and after it."""
    size = count * dtype.itemsize
    raw = np.full(size + 192, 0xA5, np.uint8)
    start = -raw.ctypes.data % 64 + 64
    return raw[start - 64 : start + size + 64], raw[start : start + size].view(dtype)


def address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def ranges(parts: int, cuts: Sequence[int]) -> list[tuple[int, int]]:
    ends = sorted({0, parts, *[cut % (parts + 1) for cut in cuts]})
    return list(itertools.pairwise(ends))


# Operands of every layout.

Draw = np.random.Generator
LAYOUTS: dict[str, Callable[[Draw, tuple[int, int, int], str], Array]] = {
    "rows": lambda g, s, d: numbers(g, s, d),
    "columns": lambda g, s, d: numbers(g, (s[0], s[2], s[1]), d).transpose(0, 2, 1),
    "batch inside": lambda g, s, d: numbers(g, (s[1], s[2], s[0]), d).transpose(2, 0, 1),
    "one row": lambda g, s, d: np.broadcast_to(numbers(g, (s[0], 1, s[2]), d), s),
    "one column": lambda g, s, d: np.broadcast_to(numbers(g, (s[0], s[1], 1), d), s),
    "one matrix": lambda g, s, d: np.broadcast_to(numbers(g, (1, *s[1:]), d), s),
    "backwards": lambda g, s, d: numbers(g, s, d)[:, ::-1, ::-1],
    "gaps": lambda g, s, d: numbers(g, (s[0], 2 * s[1], 3 * s[2]), d)[:, ::2, ::3],
    "part": lambda g, s, d: numbers(g, (s[0], s[1] + 1, s[2] + 2), d)[:, :-1, 1:-1],
}


def numbers(generator: Draw, shape: tuple[int, ...], dtype: str) -> Array:
    if np.dtype(dtype).kind == "f":
        return generator.standard_normal(shape).astype(dtype)
    limits = np.iinfo(dtype)
    return generator.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def spec_of(left: Array, right: Array) -> Spec:
    def strides(array: Array) -> tuple[int, int, int]:
        first, second, third = (step // array.dtype.itemsize for step in array.strides)
        return first, second, third

    batch, m, k = left.shape
    return Spec(left.dtype, batch, m, right.shape[2], k, strides(left), strides(right))


def operands(
    shape: tuple[int, int, int, int], layouts: tuple[str, str], dtype: str, seed: int = 0
) -> tuple[Array, Array]:
    """(batch, m, k) and (batch, k, n) for shape (batch, m, n, k)."""
    generator = np.random.default_rng(seed)
    batch, m, n, k = shape
    left = LAYOUTS[layouts[0]](generator, (batch, m, k), dtype)
    return left, LAYOUTS[layouts[1]](generator, (batch, k, n), dtype)


def check(out: Array, left: Array, right: Array) -> None:
    """Integers modulo 2^bits; rounding errors at most k + 1 of those of |left| · |right|.

    Higham (2002), Accuracy and Stability of Numerical Algorithms, eq. 3.13: any order of the
    additions satisfies |error| ≤ γ_k |left| |right|, γ_k = k u / (1 - k u).
    """
    if out.dtype.kind == "i":
        np.testing.assert_array_equal(out, left @ right)
        return
    k, unit = left.shape[2] + 1, np.finfo(out.dtype).eps / 2
    wide = np.longdouble if out.dtype == np.float64 else np.float64
    bound = k * unit / (1 - k * unit) * (abs(left.astype(wide)) @ abs(right.astype(wide)))
    error = abs(out - left.astype(wide) @ right.astype(wide))
    assert np.all(error <= bound), float((error / np.maximum(bound, 1e-300)).max())


def all_plans(spec: Spec, target: Target) -> Iterator[Plan]:
    for method in applicable(spec):
        yield plan(spec, target, method=method)


# Shapes.

sizes = st.one_of(st.sampled_from([1, 2, 3, 4, 7, 8, 11, 16, 17, 33, 64]), st.integers(1, 70))
shapes = st.tuples(st.sampled_from([1, 1, 2, 3]), sizes, sizes, sizes)
layouts = st.tuples(st.sampled_from(list(LAYOUTS)), st.sampled_from(list(LAYOUTS)))
plain = st.sampled_from(list(itertools.product(["rows", "columns"], repeat=2)))


@settings(max_examples=20)
@given(shapes, st.one_of(plain, layouts), st.sampled_from(DTYPES), st.sampled_from(TARGETS))
@example((1, 64, 64, 16), ("columns", "columns"), "float32", "sse2")
@example((3, 37, 3, 50), ("columns", "rows"), "float64", "avx2")
@example((2, 9, 1, 33), ("one matrix", "part"), "float32", "native")
def test_every_method_computes_the_product(
    shape: tuple[int, int, int, int], kinds: tuple[str, str], dtype: str, name: str
) -> None:
    if name not in TARGETS:
        return
    left, right = operands(shape, kinds, dtype)
    for chosen in all_plans(spec_of(left, right), named(name)):
        check(Product(chosen)(left, right, cuts=(3, 5)), left, right)


tilings = st.fixed_dictionaries(
    {
        "rows": st.integers(1, 9),
        "vectors": st.integers(1, 3),
        "ways": st.integers(1, 4),
        "k_block": st.sampled_from([4, 8, 20, 32, 2**62]),
        "block_panels": st.integers(1, 3),
        "pack_left": st.booleans(),
        "static": st.booleans(),
        "prefetch": st.booleans(),
        "pieces": st.integers(0, 3),
    }
)


@settings(max_examples=12)
@given(shapes, plain, st.sampled_from(DTYPES), st.sampled_from(TARGETS), tilings)
def test_sizes_of_tiles_and_pieces_change_nothing_but_rounding(
    shape: tuple[int, int, int, int],
    kinds: tuple[str, str],
    dtype: str,
    name: str,
    tiling: dict[str, Any],
) -> None:
    left, right = operands(shape, kinds, dtype)
    pieces = tiling.pop("pieces")
    for chosen in all_plans(spec_of(left, right), named(name)):
        if chosen.method in ("direct", "packed"):
            m = chosen.product.m
            other = replace(chosen, **tiling | {"rows": -(-m // -(-m // tiling["rows"]))})
            if pieces and other.k_block < 2**62:
                other = replace(other, chunk=pieces * other.k_block)
            check(Product(other)(left, right, cuts=(1, 4)), left, right)


AWKWARD = [  # m, n, k, layouts
    (37, 251, 613, "rows", "rows"),
    (613, 251, 37, "columns", "rows"),
    (37, 11, 97, "rows", "columns"),
    (97, 11, 37, "columns", "rows"),
    (32, 8, 2, "rows", "rows"),
    (1, 50, 3000, "rows", "rows"),
    (3000, 1, 50, "rows", "rows"),
    (50, 1, 3000, "columns", "rows"),
    (1, 1, 1000, "rows", "columns"),
    (200, 300, 1, "columns", "columns"),
    (128, 130, 1024, "rows", "columns"),  # columns 4 KiB apart
    (260, 256, 450, "columns", "rows"),
]


@pytest.mark.parametrize("m, n, k, first, second", AWKWARD)
def test_the_plan_for_awkward_shapes(m: int, n: int, k: int, first: str, second: str) -> None:
    left, right = operands((1, m, n, k), (first, second), "float32")
    chosen = plan(spec_of(left, right), host())
    check(Product(chosen, level=3)(left, right, cuts=(1, 2, 7)), left, right)


# The same bits whoever computes what.


@pytest.mark.parametrize(
    "shape, kinds",
    [
        ((1, 61, 83, 130), ("rows", "rows")),
        ((1, 90, 300, 40), ("rows", "columns")),
        ((3, 20, 17, 33), ("rows", "rows")),
        ((1, 3, 100, 200), ("rows", "columns")),
        ((1, 200, 5, 40), ("columns", "rows")),
        ((1, 5, 3, 9000), ("columns", "rows")),
        ((1, 1500, 1, 60), ("rows", "rows")),
        ((1, 400, 200, 520), ("columns", "rows")),
    ],
)
def test_bits_do_not_depend_on_threads_or_their_shares(
    shape: tuple[int, int, int, int], kinds: tuple[str, str]
) -> None:
    left, right = operands(shape, kinds, "float32")
    spec = spec_of(left, right)
    first = plan(spec, host(), may_split=True)
    whole = Product(first)
    expected = whole(left, right)
    check(expected, left, right)
    for cuts in ((1,), (2, 3), tuple(range(0, 97, 5)), tuple(range(97))):
        for order in (1, -1):
            np.testing.assert_array_equal(whole(left, right, cuts, order), expected)
    for threads in (2, 3, 4):
        chosen = plan(spec, host(), threads, may_split=True)
        if chosen != first:
            shares = tuple(chosen.parts * i // threads for i in range(threads))
            np.testing.assert_array_equal(Product(chosen)(left, right, shares), expected)


@pytest.mark.parametrize(
    "m, n, k", [(64, 128, 784), (37, 97, 251), (37, 201, 613), (9, 65, 1999)]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_product_with_what_is_written_anew_is_two_sums(
    m: int, n: int, k: int, dtype: str
) -> None:
    left, right = operands((1, m, n, k), ("rows", "rows"), dtype)
    chosen = plan(spec_of(left, right), host(), 4, may_split=True, renewed=True)
    assert chosen.chunks == 2 and chosen.chunk % chosen.k_block == 0
    whole = Product(chosen)
    expected = whole(left, right)
    check(expected, left, right)
    for threads in (2, 3, 4):
        shares = tuple(chosen.parts * i // threads for i in range(threads))
        np.testing.assert_array_equal(whole(left, right, shares), expected)


@pytest.mark.parametrize("m, n, k", [(64, 128, 128), (128, 1024, 1024), (1, 50, 100_000)])
def test_others_are_one(m: int, n: int, k: int) -> None:
    spec = Spec(np.dtype("float32"), 1, m, n, k, (0, k, 1), (0, n, 1))
    chosen = plan(spec, host(), 4, may_split=True, renewed=True)
    assert chosen == plan(spec, host(), 4, may_split=True)


def test_shares_of_large_products_are_even() -> None:
    for m, n, k in [(64, 128, 784), (128, 1024, 1024), (37, 251, 613), (1000, 1000, 1000)]:
        spec = Spec(np.dtype("float32"), 1, m, n, k, (0, k, 1), (0, n, 1))
        for threads in (2, 3, 4):
            parts = plan(spec, host(), threads).parts
            assert -(-parts // threads) * threads <= 1.15 * parts


# Values that are not numbers.


@pytest.mark.parametrize("method", METHODS)
def test_nan_and_infinity_reach_exactly_their_rows_and_columns(method: str) -> None:
    kinds = {"transposed": ("columns", "rows"), "dot": ("rows", "columns")}
    left, right = operands((1, 45, 9, 70), kinds.get(method, ("rows", "rows")), "float32")
    left[0, 7, 69] = np.nan
    left[0, 8, 0] = np.inf
    right[0, 33, 8] = -np.inf
    out = Product(plan(spec_of(left, right), host(), method=method))(left, right)
    with np.errstate(invalid="ignore"):
        expected = left.astype(np.float64) @ right
    np.testing.assert_array_equal(np.isnan(out), np.isnan(expected))
    np.testing.assert_array_equal(np.isinf(out), np.isinf(expected))
    np.testing.assert_array_equal(np.sign(out[np.isinf(out)]), np.sign(expected[np.isinf(out)]))


def test_zero_times_nan_is_not_skipped() -> None:
    left, right = np.zeros((1, 2, 3), np.float32), np.full((1, 3, 4), np.nan, np.float32)
    assert np.isnan(Product(plan(spec_of(left, right), host()))(left, right)).all()


# What is done to finished numbers.


def coordinates(columns: int) -> Any:
    """value + 1000·row + column, of every lane."""

    def epilogue(b: Any, row: Any, column: Any, value: Any, mask: Any) -> Any:
        lanes = value.type.count if isinstance(value.type, ir.VectorType) else 1
        i64 = ir.IntType(64)
        for lane in range(lanes):
            here = b.add(column, ir.Constant(i64, lane)) if columns > 1 else column
            line = row if columns > 1 else b.add(row, ir.Constant(i64, lane))
            number = b.add(b.mul(line, ir.Constant(i64, 1000)), here)
            if lanes == 1:
                return b.add(value, number)
            at = ir.Constant(ir.IntType(32), lane)
            value = b.insert_element(value, b.add(b.extract_element(value, at), number), at)
        return value

    return Epilogue(epilogue)


@pytest.mark.parametrize(
    "shape, kinds, method",
    [
        ((1, 9, 21, 10), ("rows", "rows"), "direct"),
        ((2, 9, 21, 10), ("rows", "columns"), "packed"),
        ((2, 30, 3, 10), ("columns", "rows"), "transposed"),
        ((2, 3, 21, 10), ("rows", "columns"), "dot"),
        ((3, 21, 1, 10), ("rows", "rows"), None),
        ((3, 21, 1, 10), ("one matrix", "columns"), None),
        ((3, 7, 9, 10), ("rows", "one matrix"), None),
        ((1, 21, 1, 70000), ("columns", "rows"), None),  # with partial results
        ((2, 5, 19, 40000), ("columns", "rows"), None),
    ],
)
def test_an_epilogue_sees_every_number_once_with_its_row_and_column(
    shape: tuple[int, int, int, int], kinds: tuple[str, str], method: str | None
) -> None:
    left, right = operands(shape, kinds, "int64")
    chosen = plan(spec_of(left, right), host(), method=method, may_split=True)
    if method in ("direct", "packed"):
        chosen = replace(chosen, k_block=4)
    assert (chosen.chunks > 1) == (shape[3] > 10000)
    out = Product(chosen, coordinates(shape[2]))(left, right, cuts=(1, 2, 3))
    rows = np.arange(shape[0] * shape[1]).reshape(shape[0], shape[1], 1)
    np.testing.assert_array_equal(out, left @ right + 1000 * rows + np.arange(shape[2]))


def test_an_epilogue_takes_arguments_of_its_own() -> None:
    left, right = operands((1, 10, 20, 30), ("rows", "rows"), "float32")
    bias = np.random.default_rng(1).standard_normal(20).astype(np.float32)
    chosen = plan(spec_of(left, right), host())
    module = chosen.target.module("product")

    def relu(b: Any, row: Any, column: Any, value: Any, mask: Any) -> Any:
        place = b.gep(b.function.args[6], [column], source_etype=ir.FloatType())
        if mask is not None:
            lanes = value.type.count
            kind = ir.FunctionType(value.type, [ir.PointerType(), mask.type, value.type])
            name = f"llvm.masked.load.v{lanes}f32.p0"
            load = module.globals.get(name) or ir.Function(module, kind, name)
            added = b.call(load, [place, mask, ir.Constant(value.type, None)])
        else:
            added = b.load(place, typ=value.type, align=4)
        total = b.fadd(value, added)
        zero = ir.Constant(value.type, None)
        return b.select(b.fcmp_unordered("<", zero, total), total, zero)

    function = emit(module, "product", chosen, Epilogue(relu), [ir.PointerType()])
    assert len(function.args) == 7
    parsed = llvm.parse_assembly(str(module))
    machine = chosen.target.machine(1)
    code = llvm.JITLibraryBuilder().add_object_img(machine.emit_object(parsed))
    code = code.export_symbol("product").add_current_process()
    library = code.link(jit(), f"contraction_{next(_numbers)}")
    kinds = [ctypes.c_void_p] * 4 + [ctypes.c_int64] * 2 + [ctypes.c_void_p]
    out = np.empty((10, 20), np.float32)
    where = [left.ctypes.data, right.ctypes.data, out.ctypes.data, 0]
    ctypes.CFUNCTYPE(None, *kinds)(library["product"])(
        *where, 0, chosen.parts, bias.ctypes.data
    )
    np.testing.assert_allclose(
        out, np.maximum(left[0] @ right[0] + bias, 0), rtol=1e-4, atol=1e-5
    )


# No memory but the operands'.


class Fenced:
    """Arrays that end, or begin, at a page that nobody may touch."""

    page = mmap.PAGESIZE

    def __init__(self) -> None:
        self.protect = ctypes.CDLL(None, use_errno=True).mprotect
        self.protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        self.maps: list[mmap.mmap] = []

    def array(self, count: int, dtype: np.dtype[Any], at_end: bool) -> Array:
        size = count * dtype.itemsize
        middle = -(-max(size, 1) // self.page) * self.page
        held = mmap.mmap(-1, middle + 2 * self.page)
        self.maps.append(held)
        whole = np.frombuffer(held, np.uint8)
        for start in (whole.ctypes.data, whole.ctypes.data + self.page + middle):
            assert self.protect(start, self.page, 0) == 0
        start = self.page + (middle - size if at_end else 0)
        return whole[start : start + size].view(dtype)


FENCED = [  # batch, m, n, k
    (1, 33, 35, 18),
    (2, 1, 21, 37),
    (1, 40, 3, 21),
    (1, 65, 5, 3),
    (2, 3, 1, 19),
    (1, 20, 70, 161),
]


def fenced_cases() -> Iterator[tuple[Any, ...]]:
    flips = itertools.product((False, True), repeat=2)
    for number, (shape, swapped) in enumerate(itertools.product(FENCED, flips)):
        yield shape, swapped, TARGETS[number % len(TARGETS)], DTYPES[number % 2]


def run_fenced() -> None:
    for shape, (turn_left, turn_right), name, dtype in fenced_cases():
        batch, m, n, k = shape
        kind = np.dtype(dtype)
        left_strides = (m * k, 1, m) if turn_left else (m * k, k, 1)
        right_strides = (k * n, 1, k) if turn_right else (k * n, n, 1)
        spec = Spec(kind, batch, m, n, k, left_strides, right_strides)
        for chosen in all_plans(spec, named(name)):
            print(chosen.describe(), name, flush=True)
            product = Product(chosen)
            for at_end in (True, False):
                fenced = Fenced()
                sizes = (batch * m * k, batch * k * n, batch * m * n)
                arrays = [fenced.array(size, kind, at_end) for size in sizes]
                scratch = fenced.array(chosen.scratch_bytes, np.dtype(np.uint8), at_end)
                for array in arrays[:2]:
                    array[:] = 1
                where = [array.ctypes.data for array in (*arrays, scratch)]
                product.function("product", 4)(*where, 0, chosen.parts)
                assert np.all(arrays[2] == k)


@pytest.mark.skipif(sys.platform == "win32", reason="pages are protected by POSIX calls")
def test_no_memory_beside_the_operands_is_touched() -> None:
    code = f"from {__name__} import run_fenced; run_fenced()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout.splitlines()[-1:]}\n{done.stderr[-2000:]}"


# What is chosen, and said.


def chosen_method(m: int, n: int, k: int, first: str = "rows", second: str = "rows") -> str:
    left = (0, k, 1) if first == "rows" else (0, 1, m)
    right = (0, n, 1) if second == "rows" else (0, 1, k)
    return plan(Spec(np.dtype("float32"), 1, m, n, k, left, right), host()).method


def test_the_method_follows_from_the_shape() -> None:
    assert chosen_method(32, 8, 2) == "direct"  # in registers
    assert chosen_method(64, 128, 784) == "direct"  # in the caches as it is
    assert chosen_method(1024, 1024, 1024) == "packed"
    assert chosen_method(64, 128, 64, "rows", "columns") == "packed"  # has to be turned
    assert chosen_method(1, 784, 128, "rows", "columns") == "dot"
    assert chosen_method(100000, 1, 50) == "dot"
    assert chosen_method(50, 1, 100000, "columns") == "direct"  # a row times a matrix
    assert chosen_method(784, 3, 64, "columns") == "transposed"


def test_a_batch_with_one_right_operand_is_one_product() -> None:
    spec = Spec(np.dtype("float32"), 5, 7, 11, 13, (7 * 13, 13, 1), (0, 11, 1))
    assert plan(spec, host()).product.m == 35
    shared = replace(spec, left=(0, 13, 1), right=(13 * 11, 11, 1))
    assert plan(shared, host()).product.batch == 5


def test_a_plan_describes_itself() -> None:
    spec = Spec(np.dtype("float64"), 2, 128, 1024, 1024, (0, 1024, 1), (2**20, 1, 1024))
    chosen = plan(spec, host(), 2)
    assert chosen.flops == 2 * 2 * 128 * 1024 * 1024
    assert chosen.bytes == 8 * (128 * 1024 + 2 * 1024 * 1024 + 2 * 128 * 1024)
    text = chosen.describe()
    assert "2×[128×1024 · 1024×1024] float64" in text and chosen.method in text
    assert f"{chosen.parts} parts" in text


def test_what_cannot_be_computed_is_refused() -> None:
    spec = Spec(np.dtype("float32"), 1, 4, 5, 6, (0, 6, 1), (0, 5, 1))
    with pytest.raises(ArgumentError, match="axis of length 0"):
        replace(spec, k=0)
    with pytest.raises(ArgumentError, match="bool"):
        replace(spec, dtype=np.dtype("bool"))
    with pytest.raises(ArgumentError, match=r"method 'transposed'.*possible: direct, packed"):
        plan(spec, host(), method="transposed")


@pytest.mark.skipif("avx512f" not in host().has, reason="looks at AVX-512 code")
def test_the_inner_loop_is_multiply_adds_on_whole_registers() -> None:
    spec = Spec(np.dtype("float32"), 1, 48, 64, 100, (0, 100, 1), (0, 64, 1))
    chosen = replace(plan(spec, host(), method="direct"), rows=6, vectors=4, ways=1)
    assembly = Product(chosen, level=3).assembly
    bodies = [block.split("\n") for block in assembly.split(".LBB") if "vfmadd" in block]
    assert bodies
    for body in bodies:
        code = [
            line.split()[0] for line in body[1:] if line.startswith("\t") and "." not in line
        ]
        assert sum(each.startswith("vfmadd") for each in code) >= 24
        assert sum("rsp" in line for line in body) == 0  # nothing is spilled
