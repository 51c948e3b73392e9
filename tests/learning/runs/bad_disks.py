"""Use a run on a disk that is full, may not be written or may not be read.

    python bad_disks.py full|limited|read-only|forbidden DIRECTORY

Started by test_disk.py, in a name space where DIRECTORY is such a disk; prints "done".
"""

import os
import resource
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np

from trivium.learning.errors import RunError
from trivium.learning.runs import RunDirectory, find_runs, new_run_path


def refusal(action: Callable[[], object]) -> str:
    try:
        action()
    except RunError as error:
        print(error, file=sys.stderr)
        return str(error)
    raise AssertionError("nothing was refused")


def write(run: RunDirectory, step: int, size: int = 10_000) -> None:
    run.write_state({"w": np.full(size, float(step))}, {"step": step})


def check(root: Path, step: int, rows: int) -> None:
    """The run holds this state and these rows, and nothing half-written."""
    run = RunDirectory.open(root)
    state, meta = run.read_state()
    assert meta == {"step": step} and (state["w"] == step).all()
    assert run.read_metrics() == [{"row": i} for i in range(rows)]
    assert not list(root.glob("*.tmp"))


def begin(root: Path) -> RunDirectory:
    run = RunDirectory.create(root, {"seed": 0})
    write(run, 1)
    write(run, 2)
    run.append_metrics({"row": i} for i in range(5))
    return run


def full(disk: Path) -> None:
    """A disk of 1 MiB: full for a large state, then full to the last byte."""
    root = disk / "run"
    with begin(root) as run:
        message = refusal(lambda: write(run, 3, size=200_000))
        assert "cannot write the state" in message and "No space left" in message
        assert "state.safetensors.tmp" in message and "MB free" in message
        check(root, 2, 5)
        write(run, 3)
        check(root, 3, 5)

        with open(disk / "filler", "wb", buffering=0) as filler:
            for size in (4096, 1):
                try:
                    while filler.write(b"x" * size):
                        pass
                except OSError:
                    pass
        for action in (
            lambda: write(run, 4),
            lambda: run.append_metrics({"row": 5 + i} for i in range(10_000)),
            lambda: run.update_request({"seed": 1}),
            lambda: run.write_result({}),
            lambda: RunDirectory.create(disk / "new", {}),
        ):
            assert "No space left" in refusal(action)
            check(root, 3, 5)
        assert RunDirectory.open(root).request == {"seed": 0} == run.request

        (disk / "filler").unlink()
        write(run, 4)
        run.append_metrics([{"row": 5}])
        run.write_result({})
        check(root, 4, 6)
    RunDirectory.create(disk / "new", {}).close()


def limited(disk: Path) -> None:
    """A limit on the size of files, which lets a part of each write through."""
    root = disk / "run"
    with begin(root) as run:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        assert "ulimit -f" in refusal(lambda: write(run, 3, size=20_000))
        check(root, 2, 5)
        rows = ({"row": 5 + i} for i in range(100_000))
        assert "cannot append to the metrics" in refusal(lambda: run.append_metrics(rows))
        check(root, 2, 5)
        write(run, 3)
        run.append_metrics([{"row": 5}])
        check(root, 3, 6)


def read_only(disk: Path) -> None:
    """A disk that turns read-only while a run is being written, as Linux does on errors."""
    root = disk / "run"
    run = begin(root)
    # A second, read-only mount on top: the disk itself cannot be remounted while it is written.
    subprocess.run(["mount", "--bind", disk, disk], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", disk], check=True)
    for action in (
        lambda: write(run, 3),
        lambda: run.append_metrics([{}]),
        lambda: run.truncate_metrics(1),
        lambda: run.write_result({}),
        lambda: RunDirectory.open(root, writing=True),
        lambda: RunDirectory.create(disk / "new", {}),
        lambda: new_run_path(disk / "runs", "digits"),
    ):
        assert "Read-only file system" in refusal(action)
    check(root, 2, 5)
    assert [summary.status for summary in find_runs(disk)] == ["running"]
    run.close()
    check(root, 2, 5)
    assert [summary.status for summary in find_runs(disk)] == ["interrupted"]


def forbidden(disk: Path) -> None:
    """The run of another user: readable, and then not even that."""
    root = disk / "run"
    begin(root).close()
    for path, mode in ((disk, 0o755), (root, 0o755), *((p, 0o644) for p in root.iterdir())):
        path.chmod(mode)

    def look() -> None:
        check(root, 2, 5)
        for action in (
            lambda: RunDirectory.open(root, writing=True),
            lambda: RunDirectory.create(disk / "new", {}),
            lambda: new_run_path(disk, "digits"),
        ):
            assert "Permission denied" in refusal(action)
        assert [summary.status for summary in find_runs(disk)] == ["interrupted"]

    def look_again() -> None:
        # No fallback to the state before: the newest is not damaged, and the user can say so.
        run = RunDirectory.open(root)
        for action in (run.read_state, run.read_metrics):
            assert "Permission denied" in refusal(action)
        (summary,) = find_runs(disk)
        assert summary.status == "damaged" and "Permission denied" in str(summary.problem)

    as_nobody(look)
    for name in ("state.safetensors", "metrics.jsonl"):
        (root / name).chmod(0o600)
    as_nobody(look_again)


def as_nobody(action: Callable[[], None]) -> None:
    process = os.fork()
    if process == 0:
        try:
            os.setgid(65534)
            os.setuid(65534)
            action()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitpid(process, 0)[1] == 0


if __name__ == "__main__":
    kinds = {"full": full, "limited": limited, "read-only": read_only, "forbidden": forbidden}
    kinds[sys.argv[1]](Path(sys.argv[2]))
    print("done")
