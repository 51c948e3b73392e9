"""Targets say what the machine can do, and refuse what it cannot."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import llvmlite.binding as llvm
import numpy as np
import pytest
from llvmlite import ir

from trivium.engine.backends.native import target, vector_math
from trivium.engine.errors import BackendError

from .kernels import emit, optimised

IS_X86_64 = target.host().triple.startswith("x86_64")
on_x86_64 = pytest.mark.skipif(not IS_X86_64, reason="the levels are those of x86-64")


def test_the_host_has_vectors_of_at_least_128_bits() -> None:
    host = target.host()
    assert host is target.named("native")
    assert host.vector_bits in (128, 256, 512)
    assert host.lanes("float32") == host.vector_bits // 32
    assert host.lanes(np.float64) == host.vector_bits // 64
    assert host.lanes(np.int64) == host.lanes("float64")
    assert host.lanes(bool) == host.vector_bits // 8


@on_x86_64
def test_the_baseline_of_x86_64_has_neither_wide_vectors_nor_fused_steps() -> None:
    baseline = target.named("sse2")
    assert baseline.vector_bits == 128
    assert not baseline.has_fma
    assert baseline is target.named("sse2")
    assert baseline != target.host()


@on_x86_64
@pytest.mark.parametrize(("name", "feature"), [("avx2", "avx2"), ("avx512", "avx512vl")])
def test_a_level_runs_exactly_where_its_features_are(name: str, feature: str) -> None:
    if feature in target.host().has:
        assert feature in target.named(name).has
        assert target.named(name).has_fma
        assert target.named(name).has < target.host().has
    else:
        with pytest.raises(BackendError, match=feature):
            target.named(name)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(
        BackendError, match="'sse9'.*TRIVIUM_TARGET.*sse2, avx2, avx512, native"
    ):
        target.named("sse9")


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Targets are remembered per process; here each call asks anew."""
    monkeypatch.setattr(target, "_level", target._level.__wrapped__)
    return monkeypatch


def test_a_level_beyond_the_machine_names_what_is_missing(
    forgetful: pytest.MonkeyPatch,
) -> None:
    old = dataclasses.replace(
        target.host(), triple="x86_64-unknown-linux-gnu", cpu="old", has=frozenset({"avx"})
    )
    forgetful.setattr(target, "host", lambda: old)
    with pytest.raises(BackendError, match=r"'avx2'.*avx2, bmi.*fma.*\(old\).*'native'"):
        target.named("avx2")


def test_levels_of_x86_64_are_refused_elsewhere(forgetful: pytest.MonkeyPatch) -> None:
    arm = dataclasses.replace(target.host(), triple="aarch64-unknown-linux-gnu")
    forgetful.setattr(target, "host", lambda: arm)
    with pytest.raises(BackendError, match=r"'sse2'.*aarch64-unknown-linux-gnu.*'native'"):
        target.named("sse2")


def test_the_environment_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIVIUM_TARGET", raising=False)
    assert target.chosen() is target.host()
    for name in ("", "native"):
        monkeypatch.setenv("TRIVIUM_TARGET", name)
        assert target.chosen() is target.host()
    monkeypatch.setenv("TRIVIUM_TARGET", "mmx")
    with pytest.raises(BackendError, match="'mmx'"):
        target.chosen()


@on_x86_64
def test_the_environment_chooses_a_level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIVIUM_TARGET", "sse2")
    assert target.chosen() is target.named("sse2")


def test_a_module_carries_its_target() -> None:
    host = target.host()
    module = host.module("m")
    assert module.target is host
    assert module.triple == host.triple
    assert str(host.machine().target_data) == module.data_layout
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), []), "f")
    function.attributes.add("nounwind")
    assert host.prepare(function) is function
    ir.IRBuilder(function.append_basic_block()).ret_void()
    for attribute in ("nounwind", f'"prefer-vector-width"="{host.vector_bits}"'):
        assert attribute in str(module)
    llvm.parse_assembly(str(module)).verify()


@pytest.mark.parametrize("level", [1, 2, 3])
def test_every_optimisation_level_makes_code(level: int) -> None:
    host = target.host()
    parsed = llvm.parse_assembly(emit(vector_math.exp, "float32", host))
    machine = host.machine(level)
    host.optimise(parsed, machine, level)
    assert machine.emit_object(parsed)


def test_there_is_no_optimisation_level_0() -> None:
    host = target.host()
    parsed = llvm.parse_assembly(emit(vector_math.exp, "float32", host))
    with pytest.raises(ValueError, match="1, 2 or 3, not 0"):
        host.optimise(parsed, host.machine(), 0)


NEON = target.Target(
    name="neon",
    triple="aarch64-unknown-linux-gnu",
    cpu="neoverse-n1",
    features="",
    vector_bits=128,
    has=frozenset({"fma"}),
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", vector_math.FUNCTIONS)
def test_another_architecture_gets_vector_code_too(name: str, dtype: str) -> None:
    """Compiled for NEON, not run: nothing in the emission is x86's."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    source = emit(vector_math.FUNCTIONS[name], dtype, NEON, 2 if name == "power" else 1)
    machine = NEON.machine()
    parsed = llvm.parse_assembly(source)
    NEON.optimise(parsed, machine)
    assembly = machine.emit_assembly(parsed)
    lanes = ".4s" if dtype == "float32" else ".2d"
    assert f"fm{'sqrt' if name == 'sqrt' else 'la'}" in assembly.replace("fsqrt", "fmsqrt")
    assert lanes in assembly
    calls = [
        line.split()[1] for line in assembly.splitlines() if line.strip().startswith("bl\t")
    ]
    assert all(call.startswith("trivium.") for call in calls), calls


def test_importing_trivium_does_not_load_llvm() -> None:
    code = "import sys, trivium; sys.exit('llvmlite' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_optimising_keeps_the_width() -> None:
    host = target.host()
    module = optimised(emit(vector_math.exp, "float32", host), host)
    assert f"<{host.lanes('float32')} x float>" in str(module)
