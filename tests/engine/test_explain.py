"""What a program says about itself is true, complete, and costs its user nothing."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

import trivium as tv
from trivium.engine.errors import ArgumentError, BackendError
from trivium.engine.passes.pipeline import PASSES
from trivium.engine.program import Program
from trivium.engine.reverse import gradients
from trivium.engine.sites import scope
from trivium.engine.tensor import Variable, input, variable

BACKENDS = ["native", "reference"]
N, D, H, K = 32, 20, 24, 5


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> str:
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, cache) -> None:
    """No variable of the environment but those of the test, and a cache of this file."""
    for name in ("TRIVIUM_DEBUG", "TRIVIUM_DEBUG_DIR", "TRIVIUM_TARGET", "TRIVIUM_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRIVIUM_CACHE", cache)


def network() -> tuple[list[tv.Tensor], tv.Tensor, list[Variable]]:
    """x and y, the mean squared error of a network with one hidden layer, its parameters."""
    draw = np.random.default_rng(0)
    x, y = input((N, D), np.float32, name="x"), input((N, K), np.float32, name="y")
    shapes = {"first": (D, H), "bias": (H,), "second": (H, K)}
    parameters = [
        variable(draw.normal(0, 0.1, shape).astype(np.float32), name=name)
        for name, shape in shapes.items()
    ]
    first, bias, second = parameters
    with scope("the layer"):
        hidden = tv.array.maximum(x @ first + bias, 0)
    return [x, y], tv.array.mean((hidden @ second - y) ** 2), parameters


def training(backend: str) -> tuple[Program, list[Variable]]:
    """A step of gradient descent for the network."""
    inputs, loss, parameters = network()
    slopes = gradients([loss], parameters)
    updates = {w: w - 0.1 * slope for w, slope in zip(parameters, slopes, strict=True)}
    return Program(inputs, loss, updates, backend=backend), parameters


def arrays() -> list[np.ndarray]:
    draw = np.random.default_rng(1)
    return [draw.normal(size=shape).astype(np.float32) for shape in ((N, D), (N, K))]


# Arithmetic and bytes.


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_flops_of_a_network_are_those_counted_by_hand(backend: str) -> None:
    inputs, loss, _ = network()
    products = 2 * N * D * H + 2 * N * H * K
    bias, relu, difference, square, total, mean = N * H, N * H, N * K, N * K, N * K, 1
    expected = products + bias + relu + difference + square + total + mean
    assert Program(inputs, loss, backend=backend).explain().flops == expected


def test_the_products_of_a_training_step_are_forward_and_backward() -> None:
    program, _ = training("native")
    found = [each for each in program.explain().kernels if each.kind == "product"]
    forward = [(1, N, H, D), (1, N, K, H)]
    # The slopes of both matrices and of the hidden layer; a product may be turned over.
    assert len(found) == len(forward) + 3
    assert [each.shape for each in found[:2]] == forward
    flops = sum(2 * int(np.prod(each.shape)) for each in found)
    assert flops == 2 * (2 * N * D * H) + 3 * (2 * N * H * K)
    assert all(each.method for each in found)


def test_both_backends_count_the_same_arithmetic() -> None:
    found = [training(backend)[0].explain().flops for backend in BACKENDS]
    assert found[0] == found[1]


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_element_is_one_flop_of_every_elementwise_operation(backend: str) -> None:
    x = input((7, 11), np.float64, name="x")
    found = Program([x], tv.array.exp(x) * x + tv.array.tanh(x), backend=backend).explain()
    assert found.flops == 4 * 77


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bytes_are_what_must_be_read_and_written_once(dtype: str) -> None:
    x, y = input((64, 48), dtype, name="x"), input((48,), dtype, name="y")
    (kernel, end) = Program([x, y], x * y + x, backend="native").explain().kernels
    size = np.dtype(dtype).itemsize
    # x is read once although it is used twice, y once although it is used in every row.
    assert kernel.bytes == (64 * 48 + 48 + 64 * 48) * size
    assert kernel.reads == ("x", "y")
    assert (end.kind, end.bytes) == ("end of step", 2 * 64 * 48 * size)


def test_the_bytes_of_a_product_are_its_three_matrices() -> None:
    x, y = input((33, 20), np.float32, name="x"), input((20, 17), np.float32, name="y")
    kernel = Program([x, y], x @ y, backend="native").explain().kernels[0]
    assert kernel.bytes == 4 * (33 * 20 + 20 * 17 + 33 * 17)
    assert kernel.flops == 2 * 33 * 20 * 17


def test_work_done_within_a_product_counts_for_it() -> None:
    inputs, loss, _ = network()
    first = Program(inputs, loss, backend="native").explain().kernels[0]
    if not first.operations:
        pytest.skip("nothing is fused into products")
    assert set(first.operations) == {"add", "maximum"}
    assert first.flops == 2 * N * D * H + 2 * N * H
    assert "the layer" in first.scopes
    assert {"x", "first", "bias"} <= set(first.reads)


# Completeness.


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_kernel_is_in_the_records_and_in_the_text(backend: str) -> None:
    program, parameters = training(backend)
    found = program.explain()
    assert [each.number for each in found.kernels] == list(range(len(found.kernels)))
    text = str(found)
    for each in found.kernels:
        assert f"{each.what} {each.dtype}".strip() in text
    if backend == "native":
        tasks = program._executable._layout.tasks  # type: ignore[attr-defined]
        assert len(found.kernels) == len(tasks) + 1
    changed = {*found.memory.in_place, *found.memory.copied}
    assert changed == {each.name for each in parameters}


def test_a_call_of_a_reference_function_is_shown() -> None:
    x = input((9, 4), np.float32, name="x")
    found = Program([x], tv.array.sort(x + 1, axis=0) * 2, backend="native").explain()
    (call,) = found.calls
    assert call.calls == "sort" and call.expected is None
    assert "calls the reference function sort" in str(found)
    assert "1 of reference functions: sort" in str(found)


def test_a_program_without_calls_says_so() -> None:
    found = training("native")[0].explain()
    assert found.calls == []
    assert "everything is native code" in str(found)


def test_passes_say_what_they_changed() -> None:
    x = input((3,), np.float32, name="x")
    found = Program([x], tv.array.log(tv.array.exp(x)) * 1.0 + 0.0).explain()
    assert [each.name for each in found.passes] == [name for name, _ in PASSES]
    rewrites = {each.name: each.rewrites for each in found.passes}
    assert rewrites["stabilize"] == {"log of exp": {"log": 1}}
    assert rewrites["canonicalize"]["drop neutral operand"] == {"multiply": 1, "add": 1}
    assert found.passes[-1].after == 1
    sizes = [(each.before, each.after) for each in found.passes]
    assert all(before == after for (_, before), (after, _) in pairwise(sizes))
    assert "log of exp ×1 (log)" in str(found)


def test_the_header_says_which_backend_and_why(monkeypatch) -> None:
    x = input((3,), np.float32, name="x")
    assert "reference (asked for by backend=)" in str(
        Program([x], x + 1, backend="reference").explain()
    )
    monkeypatch.setenv("TRIVIUM_BACKEND", "native")
    found = Program([x], x + 1).explain()
    assert (found.backend, found.chosen_by) == ("native", "TRIVIUM_BACKEND")


def test_code_from_the_cache_is_called_that(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("TRIVIUM_CACHE", str(tmp_path))
    x = input((5,), np.float32, name="x")
    first, second = (Program([x], x * 3, backend="native").explain() for _ in range(2))
    assert (first.cached, second.cached) == (False, True)
    assert first.code_bytes == second.code_bytes > 0
    assert "machine code" in first.stages and "machine code" not in second.stages


def test_the_target_is_named(monkeypatch) -> None:
    monkeypatch.setenv("TRIVIUM_TARGET", "sse2")
    x = input((5,), np.float32, name="x")
    try:
        found = Program([x], x * 3, backend="native").explain()
    except BackendError:
        pytest.skip("not an x86-64 machine")
    assert (found.machine.target, found.machine.vector_bits) == ("sse2", 128)
    assert "TRIVIUM_TARGET=sse2" in str(found)


# Memory.


@pytest.mark.parametrize("backend", BACKENDS)
def test_values_that_share_places_take_less_than_all_together(backend: str) -> None:
    found = training(backend)[0].explain().memory
    assert 0 < found.arena <= found.without_reuse
    assert found.variables == 4 * (D * H + H + H * K)
    assert found.inputs == 4 * (N * D + N * K)


def test_a_chain_of_products_needs_two_places() -> None:
    x = input((64, 64), np.float32, name="x")
    y = x
    for _ in range(6):
        y = y @ x
    found = Program([x], y, backend="native").explain().memory
    assert (found.arena, found.without_reuse) == (2 * 64 * 64 * 4, 6 * 64 * 64 * 4)


# Measuring.


@pytest.mark.parametrize("backend", BACKENDS)
def test_measuring_changes_no_variable(backend: str) -> None:
    program, parameters = training(backend)
    before = [each.value for each in parameters]
    found = program.explain(*arrays(), measure=3)
    for old, each in zip(before, parameters, strict=True):
        assert np.array_equal(old, each.storage)
    assert all(each.measured is not None and each.measured >= 0 for each in found.kernels)
    assert found.steps == 3 and found.measured is not None and 0 < found.measured < 60
    # What runs afterwards is what would have run without.
    other, _ = training(backend)
    loss = program.run(*arrays(), steps=2)
    assert np.array_equal(loss, other.run(*arrays(), steps=2))


def test_a_variable_that_is_only_written_is_measured_too() -> None:
    x, w = input((4,), np.float32, name="x"), variable(np.zeros(4, np.float32), name="w")
    Program([x], (), {w: x * 2}, backend="native").explain(np.ones(4), measure=2)
    assert not w.value.any()


def test_measuring_without_arrays_says_that_inputs_were_zeros() -> None:
    found = training("native")[0].explain(measure=1)
    assert "zeros" in str(found)
    assert not any("zeros" in note for note in training("native")[0].explain().notes)


def test_without_measuring_nothing_is_said_to_be_measured() -> None:
    found = training("native")[0].explain()
    assert found.measured is None and found.steps == 0
    assert all(each.expected is not None and each.expected >= 0 for each in found.kernels)


def test_a_negative_number_of_steps_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"measure= .* got -1"):
        training("reference")[0].explain(measure=-1)


# Code, forms.


def test_llvm_and_assembly_of_all_and_of_one_kernel() -> None:
    found = training("native")[0].explain()
    before, after = found.llvm(optimised=False), found.llvm()
    assert before != after and "@run(" in before and "@run(" in after
    assembly = found.assembly()
    assert "kernel_1" in assembly
    one, other = found.assembly(kernel=0), found.llvm(kernel=0)
    assert "kernel_0" in one and len(one) < len(assembly) / 2
    assert other.startswith("define") and "@kernel_0" in other and "@run(" not in other
    with pytest.raises(BackendError, match=r"no kernel 99; the program has 0 to"):
        found.llvm(kernel=99)


def test_the_reference_backend_has_no_code_to_show() -> None:
    found = training("reference")[0].explain()
    with pytest.raises(BackendError, match="backend='native'"):
        found.llvm()
    with pytest.raises(BackendError, match="backend='native'"):
        found.assembly()


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_explanation_is_json_and_fits_100_columns(backend: str) -> None:
    found = training(backend)[0].explain(measure=1)
    again = json.loads(json.dumps(found.to_dict()))
    assert again["flops"] == found.flops
    assert len(again["kernels"]) == len(found.kernels)
    assert max(map(len, str(found).splitlines())) <= 100
    assert str(found).splitlines()[0] in found._repr_html_()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_program_of_nothing_can_be_explained(backend: str) -> None:
    found = Program(backend=backend).explain(measure=1)
    assert found.kernels == [] and found.flops == 0
    assert "KERNELS" in str(found) or "PRIMITIVES" in str(found)


@pytest.mark.parametrize("backend", BACKENDS)
def test_empty_arrays_and_loops_can_be_explained(backend: str) -> None:
    x = input((0, 3), np.float32, name="x")
    total, sums = tv.scan(lambda a, b: (a + b, a), 0.0, np.arange(5.0))
    found = Program([x], (x.sum(axis=0), x * 2, total, sums), backend=backend).explain(
        measure=1
    )
    assert "scan" in str(found)


def test_a_compiled_function_explains_itself() -> None:
    @tv.compile
    def twice(x):
        return x + x

    one = twice.explain(np.ones((3, 4), np.float32))
    assert one.flops == 12 and len(twice.programs) == 1
    assert twice.explain().flops == 12
    twice(np.ones(7, np.float32))
    with pytest.raises(ArgumentError, match=r"twice .* 2 combinations .* twice.explain"):
        twice.explain()


# The ladder.


def shown(capsys, monkeypatch, level: int, backend: str = "native") -> str:
    monkeypatch.setenv("TRIVIUM_DEBUG", str(level))
    training(backend)
    out, err = capsys.readouterr()
    assert out == ""
    return err


@pytest.mark.parametrize("level", range(6))
def test_each_level_prints_what_it_promises(capsys, monkeypatch, level: int) -> None:
    text = shown(capsys, monkeypatch, level)
    promises = {
        "native program": 1,
        "test_explain.py, line": 1,
        "PASSES": 2,
        "KERNELS": 3,
        "MEMORY": 3,
        "define void @run": 4,
        ".globl\trun": 5,
    }
    for promise, first in promises.items():
        assert (promise in text) == (level >= first), promise
    if level == 1:
        assert len(text.splitlines()) == 1


@pytest.mark.parametrize("level", [1, 5])
def test_the_ladder_of_the_reference_backend(capsys, monkeypatch, level: int) -> None:
    text = shown(capsys, monkeypatch, level, "reference")
    assert "reference program" in text
    assert ("PRIMITIVES" in text) == (level > 1)


def test_listings_go_to_a_directory_where_there_is_one(capsys, monkeypatch, tmp_path) -> None:
    where = tmp_path / "listings"
    monkeypatch.setenv("TRIVIUM_DEBUG_DIR", str(where))
    text = shown(capsys, monkeypatch, 5)
    files = {path.name.split(".", 1)[1]: path for path in where.iterdir()}
    assert sorted(files) == ["before.ll", "ll", "s", "txt"]
    assert "KERNELS" in files["txt"].read_text(encoding="utf-8")
    assert "KERNELS" not in text and all(str(path) in text for path in files.values())


@pytest.mark.parametrize("value", ["6", "-1", "yes", "1.5"])
def test_a_level_that_does_not_exist_is_an_error(monkeypatch, value: str) -> None:
    monkeypatch.setenv("TRIVIUM_DEBUG", value)
    x = input((3,), np.float32, name="x")
    with pytest.raises(ArgumentError, match=rf"TRIVIUM_DEBUG={value} .*0 \(nothing\), 1 .* 5"):
        Program([x], x + 1)
