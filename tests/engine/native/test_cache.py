"""Object code on disk: used when it is whole and one's own, compiled again otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import trivium as tv
from trivium.engine.backends.native import backend
from trivium.engine.backends.native.cache import Cache, default_cache
from trivium.engine.program import Program


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRIVIUM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry per compilation."""
    found: list[str] = []
    parse = backend.llvm.parse_assembly

    def watch(text: str):
        found.append(text)
        return parse(text)

    monkeypatch.setattr(backend.llvm, "parse_assembly", watch)
    return found


def result() -> np.ndarray:
    x = tv.tensor(np.linspace(-2, 2, 33).reshape(3, 11))
    return Program([], tv.array.softmax(x, axis=1) @ x.T, backend="native").run()


def test_the_second_time_nothing_is_compiled(cache: Path, compiled: list[str]) -> None:
    first = result()
    assert len(compiled) == 1 and len(list(cache.glob("*.o"))) == 1
    assert np.array_equal(first, result())
    assert len(compiled) == 1


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "foreign", "directory"])
def test_a_damaged_file_is_compiled_again(
    cache: Path, compiled: list[str], damage: str
) -> None:
    expected = result()
    (file,) = cache.glob("*.o")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.unlink()
    if damage == "directory":
        file.mkdir()
    else:
        file.write_bytes(
            {
                "flip": bytes(content),
                "truncate": bytes(content[:100]),
                "empty": b"",
                "foreign": b"\x7fELF" + bytes(content),
            }[damage]
        )
    assert np.array_equal(result(), expected)
    assert len(compiled) == 2


def test_a_place_that_cannot_be_written_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    for place in (str(tmp_path / "file" / "cache"), ""):
        monkeypatch.setenv("TRIVIUM_CACHE", place)
        assert result().shape == (3, 3)


def test_the_least_recently_used_code_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trivium.engine.backends.native import cache as module

    monkeypatch.setattr(module, "_LIMIT", 3500)  # room for three
    store = Cache(tmp_path)

    for i in range(3):
        store.store(f"k{i}", bytes(1000))
        os.utime(tmp_path / f"k{i}.o", (i, i))
    assert store.load("k0") is not None  # now it is the most recently used
    store.store("k3", bytes(1000))
    assert {path.stem for path in tmp_path.iterdir()} == {"k0", "k2", "k3"}
    assert store.load("k1") is None


def test_keys_tell_their_parts_apart() -> None:
    assert Cache.key("ab", "c") != Cache.key("a", "bc")


def test_processes_that_compile_at_once_agree(cache: Path, tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(
        "import numpy as np, trivium as tv\n"
        "from trivium.engine.program import Program\n"
        "x = tv.tensor(np.linspace(-1, 1, 60).reshape(6, 10))\n"
        "print(Program([], tv.array.exp(x) @ x.T, backend='native').run().tobytes().hex())\n"
    )
    running = [
        subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = {process.communicate(timeout=120)[0] for process in running}
    assert len(answers) == 1 and all(process.returncode == 0 for process in running)
    assert not list(cache.glob("*.part"))


def test_the_default_place_is_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIVIUM_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere/cache")
    if sys.platform.startswith("linux"):
        assert default_cache().directory == Path("/somewhere/cache/trivium")
