"""A full, read-only or forbidden disk: a clear error, and the last good state still loads.

The disks are real ones of 1 MiB in memory, mounted in a name space of their own that ends with
the test. Where that is not allowed these tests are skipped, and those at the end of the file
still let each call to the system fail in turn.
"""

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trivium.learning.errors import RunError
from trivium.learning.runs import RunDirectory

SCRIPT = Path(__file__).with_name("bad_disks.py")
MOUNT = 'mount -t tmpfs -o size=1m,mode=755 tmpfs "$1" && shift && exec "$@"'


def in_own_disk(directory: Path, *command: object) -> list[object]:
    """`command` in a name space where `directory` is a small disk of its own."""
    unshare = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    return [*unshare, "sh", "-c", MOUNT, "sh", directory, *command]


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    try:
        done = subprocess.run(in_own_disk(tmp_path, "true"), capture_output=True)
    except FileNotFoundError:
        pytest.skip("needs unshare (util-linux)")
    if done.returncode != 0:
        pytest.skip(f"may not mount a disk here: {done.stderr.decode().strip()}")
    return tmp_path


def run_script(command: list[object]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)  # type: ignore[arg-type]
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


@pytest.mark.parametrize("kind", ["full", "read-only"])
def test_a_disk_that_fails(disk: Path, kind: str) -> None:
    run_script(in_own_disk(disk, sys.executable, SCRIPT, kind, disk))


@pytest.mark.skipif(os.name != "posix", reason="needs setrlimit")
def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    run_script([sys.executable, SCRIPT, "limited", tmp_path])


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root can become another user"
)
def test_the_run_of_another_user() -> None:
    # Not in tmp_path, whose parents only its owner may enter.
    with tempfile.TemporaryDirectory() as directory:
        run_script([sys.executable, SCRIPT, "forbidden", directory])


# What follows needs no rights: the calls themselves fail.

CALLS = ("open", "write", "fsync", "link", "replace", "unlink", "ftruncate")
Fail = Callable[[str, int], None]


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Fail:
    """Let the `count`-th call of `name` from now on, and all after it, fail."""

    def arrange(name: str, count: int) -> None:
        real, seen = getattr(os, name), 0

        def failing(*args: Any, **options: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen >= count:
                raise OSError(errno.EIO, "Input/output error")
            return real(*args, **options)

        monkeypatch.setattr(os, name, failing)

    return arrange


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_whatever_call_fails_the_last_good_state_loads(
    tmp_path: Path, fail: Fail, monkeypatch: pytest.MonkeyPatch, name: str, count: int
) -> None:
    run = RunDirectory.create(tmp_path / "run", {})
    for step in (1, 2):
        run.write_state({"w": np.full(9, step)}, {"step": step})
    run.append_metrics([{"row": 0}])
    fail(name, count)
    try:
        run.append_metrics([{"row": 1}])
        run.write_state({"w": np.full(9, 3)}, {"step": 3})
        finished = True
    except RunError as error:
        assert "Input/output error" in str(error) and str(run.path) in str(error)
        finished = False
    monkeypatch.undo()
    state, meta = RunDirectory.open(run.path).read_state()
    assert meta["step"] == 3 if finished else meta["step"] in (2, 3)
    assert (state["w"] == meta["step"]).all()
    assert RunDirectory.open(run.path).read_metrics()[:1] == [{"row": 0}]
    run.write_state({"w": np.full(9, 4)}, {"step": 4})
    assert run.read_state()[1] == {"step": 4}


def test_an_error_without_a_name_still_says_where(tmp_path: Path, fail: Fail) -> None:
    run = RunDirectory.create(tmp_path / "run", {})
    fail("fsync", 1)
    with pytest.raises(
        RunError, match=r"cannot write the state of the run .*run: Input/output"
    ):
        run.write_state({}, {})
