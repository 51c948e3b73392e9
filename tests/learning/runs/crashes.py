"""Kill processes that write a run, and check what they leave. Started by test_kill.py.

    python crashes.py creation|calls|moments DIRECTORY [--no-links]

``creation`` and ``calls`` kill a process before each call to the operating system that changes
anything, and in the middle of each write; ``moments`` kills at random times. The processes are
forks of this one, which has a single thread and everything imported. Prints what it did as
JSON; a broken promise is an AssertionError.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from trivium.learning.errors import RunError
from trivium.learning.runs import RunDirectory

CALLS = ("open", "write", "fsync", "close", "link", "replace", "unlink", "ftruncate", "mkdir")
ROWS_PER_STEP = 3


def arrays(step: int) -> dict[str, np.ndarray]:
    """A state in which every number tells its step; shapes change, as nothing forbids it."""
    return {"w": np.full((50 + step % 7, 40), float(step)), "n": np.array(step, np.uint64)}


def advance(run: RunDirectory, step: int) -> None:
    """One checkpoint of a fit: rows, then the state that counts them."""
    first = (step - 1) * ROWS_PER_STEP
    run.append_metrics({"row": first + i, "loss": 1 / (first + i + 1)} for i in range(2))
    run.append_metrics([{"row": first + 2, "loss": 1 / (first + 3)}])
    run.write_state(arrays(step), {"step": step, "rows": step * ROWS_PER_STEP})


def check(run: RunDirectory) -> int:
    """The step of the run's state, which must be whole and have its rows."""
    state, meta = run.read_state()
    step: int = meta["step"]
    expected = arrays(step)
    assert set(state) == set(expected)
    assert all((state[name] == expected[name]).all() for name in expected)
    rows = run.read_metrics()
    assert len(rows) >= meta["rows"]
    assert [row["row"] for row in rows] == list(range(len(rows)))
    return step


def work(root: Path) -> None:
    """What a resumed run does: cut the rows, two checkpoints, a new request, the result."""
    with RunDirectory.open(root, writing=True) as run:
        _, meta = run.read_state()
        run.truncate_metrics(meta["rows"])
        advance(run, meta["step"] + 1)
        run.update_request({"epochs": meta["step"] + 1})
        advance(run, meta["step"] + 2)
        run.write_result({"step": meta["step"] + 2})


def die_at(fatal: int, *, torn: bool) -> None:
    """Die before the call number `fatal` or, if `torn`, half-way through that write."""
    count = 0

    def wrap(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if count == fatal:
                if torn:
                    write(args[0], memoryview(args[1])[: len(args[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **options)

        return counted

    write = os.write
    for name in ("write",) if torn else CALLS:
        setattr(os, name, wrap(getattr(os, name)))


def forbid_links() -> None:
    def link(source: Any, target: Any) -> None:
        raise PermissionError(1, "Operation not permitted", str(source))

    os.link = link  # type: ignore[assignment]


def fork(action: Callable[[], None]) -> int:
    process = os.fork()
    if process:
        return process
    try:
        action()
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def was_killed(process: int) -> bool:
    status = os.waitpid(process, 0)[1]
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed or os.waitstatus_to_exitcode(status) == 0
    return killed


def at_every_call(action: Callable[[], None], prepare: Callable[[], None]) -> Any:
    """Yield after each death, until the action comes to its end."""
    for torn in (False, True):
        fatal = 0
        while True:
            fatal += 1
            prepare()

            def doomed(fatal: int = fatal, torn: bool = torn) -> None:
                die_at(fatal, torn=torn)
                action()

            if not was_killed(fork(doomed)):
                break
            yield fatal


def kill_at_every_call(base: Path, strict: bool) -> int:
    """After each death a state of that time loads, and the run goes on."""
    template, root = base / "template", base / "run"
    with RunDirectory.create(template, {"epochs": 0}) as run:
        advance(run, 1)
        advance(run, 2)

    def prepare() -> None:
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(template, root)

    deaths = 0
    for _ in at_every_call(lambda: work(root), prepare):
        deaths += 1
        with warnings.catch_warnings():
            # Where hard links exist, not even a fallback is ever needed.
            warnings.simplefilter("error" if strict else "ignore")
            reader = RunDirectory.open(root)
            step = check(reader)
            assert step in (2, 3, 4)
            assert reader.request["epochs"] in (0, 3)
            if (result := reader.read_result()) is not None:
                assert result == {"step": 4} and step == 4
            work(root)
            assert check(RunDirectory.open(root)) == step + 2
        assert not list(root.glob("*.tmp"))
    return deaths


def kill_creation_at_every_call(base: Path) -> int:
    """After each death there is a run, or nothing stands in the way of creating it."""
    root = base / "runs" / "new"
    deaths = 0

    def create() -> None:
        RunDirectory.create(root, {"seed": 7}).close()

    for _ in at_every_call(create, lambda: shutil.rmtree(base / "runs", ignore_errors=True)):
        deaths += 1
        try:
            run = RunDirectory.open(root, writing=True)
        except RunError:
            run = RunDirectory.create(root, {"seed": 7})
        assert run.request == {"seed": 7}
        advance(run, 1)
        assert check(run) == 1
        run.close()
    return deaths


def kill_at_random_moments(base: Path, deaths: int = 60) -> int:
    """Every process resumes where the one killed before it had come to; none goes back."""
    root, moments = base / "run", random.Random(0)
    with RunDirectory.create(root, {}) as run:
        advance(run, 1)

    def train() -> None:
        with RunDirectory.open(root, writing=True) as run:
            _, meta = run.read_state()
            run.truncate_metrics(meta["rows"])
            for step in range(meta["step"] + 1, 1_000_000):
                advance(run, step)

    before = 1
    for _ in range(deaths):
        process = fork(train)
        time.sleep(moments.uniform(0.005, 0.06))
        os.kill(process, signal.SIGKILL)
        assert was_killed(process)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            after = check(RunDirectory.open(root))
        assert after >= before
        before = after
    return before


if __name__ == "__main__":
    kind, directory, *options = sys.argv[1:]
    if "--no-links" in options:
        forbid_links()
    if kind == "creation":
        report = {"deaths": kill_creation_at_every_call(Path(directory))}
    elif kind == "calls":
        report = {"deaths": kill_at_every_call(Path(directory), "--no-links" not in options)}
    else:
        report = {"steps": kill_at_random_moments(Path(directory))}
    print(json.dumps(report))
