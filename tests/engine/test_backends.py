"""Which backend runs programs, and what happens where the native one cannot."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trivium as tv
from trivium.engine.backends import base
from trivium.engine.backends.base import chosen_by, find_backend
from trivium.engine.backends.worth import worth_compiling
from trivium.engine.errors import BackendError
from trivium.engine.program import Program

PROGRAM = """
import warnings, trivium as tv
from trivium.engine.program import Program
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    try:
        for factor in (2, 3):
            program = Program([], tv.tensor([1.5, 2.5]) * factor)
            print(program.run().tolist(), program.backend.name)
    except Exception as error:
        print(type(error).__name__, error)
for each in caught:
    print(each.category.__name__, each.message)
"""


def output(place: Path, backend: str, llvmlite: str | None) -> list[str]:
    """The lines of PROGRAM in a process whose llvmlite is the given module."""
    environment = {**os.environ, "TRIVIUM_BACKEND": backend}
    if llvmlite is not None:
        (place / "llvmlite").mkdir()
        (place / "llvmlite" / "__init__.py").write_text(llvmlite)
        before = os.environ.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join([str(place), *([before] if before else [])])
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return found.stdout.splitlines()


BROKEN = {
    "missing": "raise ModuleNotFoundError(\"No module named 'llvmlite'\")",
    "broken": "raise OSError('libllvmlite.so: cannot open shared object file')",
    "other": "__version__ = '0.1'",
}
REASON = {
    "missing": "No module named 'llvmlite'",
    "broken": "libllvmlite.so: cannot open shared object file",
    "other": "llvmlite",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_without_llvm_auto_runs_the_reference_and_says_so_once(
    tmp_path: Path, kind: str
) -> None:
    lines = output(tmp_path, "auto", BROKEN[kind])
    assert lines[:2] == ["[3.0, 5.0] reference", "[4.5, 7.5] reference"]
    (warning,) = lines[2:]
    assert warning.startswith("RuntimeWarning the native backend cannot run here: llvmlite")
    assert REASON[kind] in warning and "TRIVIUM_BACKEND=reference" in warning


def test_without_llvm_asking_for_native_is_an_error(tmp_path: Path) -> None:
    (line,) = output(tmp_path, "native", BROKEN["missing"])
    assert line.startswith("BackendError the native backend cannot run here: llvmlite")
    assert REASON["missing"] in line and "backend='reference'" in line


def test_without_llvm_asking_for_the_reference_is_silent(tmp_path: Path) -> None:
    lines = output(tmp_path, "reference", BROKEN["missing"])
    assert lines == ["[3.0, 5.0] reference", "[4.5, 7.5] reference"]


def test_auto_is_native_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIVIUM_BACKEND", "auto")
    assert find_backend().name == find_backend("auto").name == "native"
    assert chosen_by(None) == "TRIVIUM_BACKEND"


def test_the_argument_is_stronger_than_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIVIUM_BACKEND", "native")
    assert find_backend("reference").name == "reference"
    assert find_backend().name == "native"
    for nothing in ("", None):
        if nothing is None:
            monkeypatch.delenv("TRIVIUM_BACKEND")
        else:
            monkeypatch.setenv("TRIVIUM_BACKEND", nothing)
        expected = "native" if base.DEFAULT == "auto" else base.DEFAULT
        assert find_backend().name == expected


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(BackendError, match="'cuda'; there are: auto, native, reference"):
        find_backend("cuda")


def test_what_the_user_got_wrong_is_not_hidden_by_auto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIVIUM_THREADS", "many")
    with pytest.raises(BackendError, match="TRIVIUM_THREADS=many"):
        find_backend("auto")


def test_an_unsupported_machine_falls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(base._OBSTACLES, "native", lambda: "there are two bits")
    base._warn.cache_clear()
    with pytest.warns(
        RuntimeWarning, match="native backend cannot run here: there are two bits"
    ):
        assert find_backend("auto").name == "reference"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert find_backend("auto").name == "reference"
    with pytest.raises(BackendError, match="there are two bits"):
        find_backend("native")
    base._warn.cache_clear()


def test_what_a_machine_may_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    from trivium.engine.backends.native import target

    assert target.obstacle() is None

    def no_target() -> None:
        raise RuntimeError("No available targets are compatible with triple abacus")

    with monkeypatch.context() as patch:
        patch.setattr(target, "host", no_target)
        assert "no code generator" in str(target.obstacle())
        assert "abacus" in str(target.obstacle())
    with monkeypatch.context() as patch:
        patch.setattr(target.ctypes, "sizeof", lambda kind: 4)
        assert "32 bits" in str(target.obstacle())
    with monkeypatch.context() as patch:
        patch.setattr(target.os, "name", "nt")
        found = target.obstacle()
    assert "POSIX" in str(found)


def descent(size: int) -> tuple[Any, dict[Any, Any]]:
    """A loss with a product of size × size, and its gradient step."""
    w = tv.variable(np.ones((size, size)))
    loss = tv.array.sum(tv.array.tanh(w @ w))
    return loss, {w: w - 0.1 * tv.grad(lambda v: tv.array.sum(tv.array.tanh(v @ v)))(w)}


def test_auto_compiles_where_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIVIUM_BACKEND", raising=False)
    small, large = descent(3), descent(400)
    assert not worth_compiling([small[0], *small[1].values()], 10)
    assert worth_compiling([small[0], *small[1].values()], 100_000)
    assert worth_compiling([large[0], *large[1].values()], 100)
    few = Program([], *small, steps=10)
    assert few.backend.name == "reference"
    assert few.backend_chosen_by == "too little work to compile for"
    assert Program([], *small, steps=100_000).backend.name == "native"
    assert Program([], *small).backend.name == "native"  # nothing said: many
    assert Program([], *small, steps=10, backend="native").backend.name == "native"
    monkeypatch.setenv("TRIVIUM_BACKEND", "native")
    assert Program([], *small, steps=10).backend.name == "native"
    monkeypatch.setenv("TRIVIUM_BACKEND", "reference")
    assert Program([], *large, steps=10**9).backend.name == "reference"
