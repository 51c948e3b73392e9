"""Programs with equal fingerprints have the same code, and the same program has the same one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

import trivium as tv
from trivium.engine.backends.native import backend as native
from trivium.engine.program import Program
from trivium.engine.tensor import Tensor, input, variable
from trivium.engine.traversal import topological


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, set[str]]]:
    """Fingerprint → texts of the modules of the programs that are compiled meanwhile."""
    texts: dict[str, set[str]] = {}
    compile_ = native.NativeBackend._object_code

    def watch(self, target, key, module, made):  # type: ignore[no-untyped-def]
        texts.setdefault(key, set()).add(str(module()))
        return compile_(self, target, key, module, made)

    with monkeypatch.context() as patch:
        patch.setattr(native.NativeBackend, "_object_code", watch)
        yield texts


def build(factor: float, size: int, axis: int, cut: int) -> list[Tensor]:
    """Programs of every kind of kernel that differ in one thing."""
    array = tv.array
    x, y = input((size, 40)), input((40, 30))
    rows = input((5,), "int64")
    soft = array.softmax(x * factor, axis=axis)
    return [
        array.relu(soft @ y + factor),
        array.sum(soft, axis=0),
        array.take(x, rows, axis=0),
        array.sort(x, axis=axis),
        array.sum(x) * factor,
        x[cut:] - x[: size - cut],
        array.where(x > factor, x, 0),
        array.max(x, axis=axis),
    ]


def test_whatever_changes_the_code_changes_the_fingerprint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with watched(monkeypatch) as texts:
        for case in [
            (2.0, 50, 1, 1),
            (3.0, 50, 1, 1),
            (2.0, 51, 1, 1),
            (2.0, 50, 0, 1),
            (2.0, 50, 1, 2),
        ]:
            for output in build(*case):
                leaves = [n for n in topological([output]) if n.primitive.name == "input"]
                Program(leaves, output, backend="native")
                Program(leaves, [output, output * 1.5], backend="native")
    assert len(texts) > 30
    assert all(len(each) == 1 for each in texts.values())
    # Equal code under two names would be compiled twice; constants are in the code or they are not.
    assert len({text for each in texts.values() for text in each}) == len(texts)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_threads_and_target_are_part_of_it(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watched(monkeypatch) as texts:
        for threads in ("1", "2"):
            for target in ("native", "sse2"):
                monkeypatch.setenv("TRIVIUM_THREADS", threads)
                monkeypatch.setenv("TRIVIUM_TARGET", target)
                x = variable(np.ones((300, 300), dtype))
                Program([], [], {x: tv.array.tanh(x @ x)}, backend="native")
    assert len(texts) == 4 and all(len(each) == 1 for each in texts.values())


SCRIPT = """
import numpy as np, trivium as tv
from trivium.engine.backends.native import backend as native
keys = []
keep = native.NativeBackend._object_code
def watch(self, target, key, module, made):
    keys.append(key)
    return keep(self, target, key, module, made)
native.NativeBackend._object_code = watch
x, w = tv.input((20, 30)), tv.variable(np.ones((30, 10)), name="w")
loss = tv.array.sum(tv.array.square(tv.array.softmax(x @ w, axis=1) * 0.3))
tv.Program([x], loss, {w: w - 0.1 * tv.gradient(loss, w)}, backend="native")
print(*keys)
"""


def test_another_process_finds_the_code_of_this_one() -> None:
    found = set()
    for seed in ("0", "1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TRIVIUM_CACHE": ""}
        ended = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=environment, capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        found.add(ended.stdout.strip())
    assert len(found) == 1 and len(found.pop()) == 64


def test_known_code_is_run_without_loading_the_builders(tmp_path: object) -> None:
    script = SCRIPT.replace(
        "print(*keys)",
        "import sys; print(any('native.assemble' in each for each in sys.modules))",
    )
    environment = {**os.environ, "TRIVIUM_CACHE": str(tmp_path)}
    seen = []
    for _ in range(2):
        ended = subprocess.run(
            [sys.executable, "-c", script],
            env=environment, capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        seen.append(ended.stdout.strip())
    assert seen == ["True", "False"]
