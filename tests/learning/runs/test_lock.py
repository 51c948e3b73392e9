"""One writer at a time, among processes and within one, and a dead writer never blocks."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from trivium.learning.errors import RunError
from trivium.learning.runs import RunDirectory, RunWarning, find_runs, lock

HOLDER = """
import os, sys
from trivium.learning.runs import RunDirectory
def say(*words):  # in one piece, because two processes write to one pipe
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())
run = RunDirectory.open(sys.argv[1], writing=True)
if len(sys.argv) > 2 and os.fork() == 0:  # a worker that outlives its parent
    try:
        run.append_metrics([{}])
        say("worker", os.getpid(), "wrote")
    except OSError as error:
        say("worker", os.getpid(), error)
    sys.stdin.read()
    os._exit(0)
say("ready")
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with RunDirectory.create(tmp_path / "runs" / "a", {"seed": 0}) as run:
        return run.path


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    with start_holder(path) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def start_holder(path: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_second_writer_is_told_who_writes(path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(RunError, match=f"is being written by process {holder.pid}"):
        RunDirectory.open(path, writing=True)
    with pytest.raises(RunError, match="already holds a run"):
        RunDirectory.create(path, {})
    assert RunDirectory.open(path).request == {"seed": 0}, "readers are not kept out"
    assert [run.status for run in find_runs(path.parent)] == ["running"]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None])
def test_the_lock_ends_with_the_writer(
    path: Path, holder: subprocess.Popen[str], end: signal.Signals | None
) -> None:
    if end is None:
        holder.communicate("")
    else:
        holder.send_signal(end)
    holder.wait()
    assert [run.status for run in find_runs(path.parent)] == ["interrupted"]
    RunDirectory.open(path, writing=True).close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_worker_neither_writes_nor_keeps_the_lock(path: Path) -> None:
    with start_holder(path, "fork") as process:
        assert process.stdout is not None
        lines = sorted(process.stdout.readline() for _ in range(2))
        assert lines[0] == "ready\n" and "belongs to the process" in lines[1]
        worker = int(lines[1].split()[1])
        process.kill()
        process.wait()
        os.kill(worker, 0)  # the worker lives
        RunDirectory.open(path, writing=True).close()
        process.stdin.close() if process.stdin else None


def test_two_writers_in_one_process_are_refused(path: Path) -> None:
    first = RunDirectory.open(path, writing=True)
    with pytest.raises(RunError, match="is being written by this very process"):
        RunDirectory.open(path, writing=True)
    first.append_metrics([{}])
    first.close()
    first.close()
    RunDirectory.open(path, writing=True).close()


def test_a_writer_that_is_forgotten_gives_the_lock_back(path: Path) -> None:
    run = RunDirectory.open(path, writing=True)
    del run
    RunDirectory.open(path, writing=True).close()


def test_an_open_that_fails_gives_the_lock_back(path: Path) -> None:
    good = (path / "run.json").read_bytes()
    (path / "run.json").write_bytes(b"{")
    with pytest.raises(RunError, match="cannot be used"):
        RunDirectory.open(path, writing=True)
    (path / "run.json").write_bytes(good)
    RunDirectory.open(path, writing=True).close()


def test_a_listing_that_looks_does_not_turn_a_writer_away(path: Path) -> None:
    """A listing holds a shared lock for an instant; a writer waits that long."""
    import threading
    import time

    released = threading.Event()
    descriptor = os.open(path / ".lock", os.O_RDONLY)
    assert lock._try_lock(descriptor, shared=True)

    def let_go() -> None:
        time.sleep(0.05)
        released.set()
        os.close(descriptor)

    thread = threading.Thread(target=let_go)
    thread.start()
    RunDirectory.open(path, writing=True).close()
    assert released.is_set()
    thread.join()


@pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"x y z", b"12", b"1" * 5000])
def test_a_lock_file_with_no_sense_in_it(path: Path, text: bytes) -> None:
    (path / ".lock").write_bytes(text)
    with RunDirectory.open(path, writing=True):
        (path / ".lock").write_bytes(text)
        with pytest.raises(RunError, match="is being written by another process"):
            RunDirectory.open(path, writing=True)


def test_a_writer_on_another_machine_is_named(path: Path) -> None:
    with RunDirectory.open(path, writing=True):
        (path / ".lock").write_text("17 far-away\n")
        with pytest.raises(RunError, match="process 17 on far-away"):
            RunDirectory.open(path, writing=True)


def test_a_file_system_without_locks_is_used_with_a_warning(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(descriptor: int, shared: bool = False) -> bool:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock, "_try_lock", no_locks)
    with pytest.warns(RunWarning, match="has no locks"):
        run = RunDirectory.open(path, writing=True)
    run.append_metrics([{}])
    assert [summary.status for summary in find_runs(path.parent)] == ["interrupted"]


def test_an_archived_run_without_its_lock_file_opens(path: Path) -> None:
    (path / ".lock").unlink()
    assert [run.status for run in find_runs(path.parent)] == ["interrupted"]
    RunDirectory.open(path, writing=True).close()
