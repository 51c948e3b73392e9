"""Fits in processes of their own that are killed: ``resumable.py SCENARIO DIRECTORY``.

The parent loads everything once and forks the fits, so that thirty lives cost no thirty imports.
Prints ``OK ...`` when the run that died and was resumed equals the one that was left alone.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

import trivium as tv
from trivium.learning.fit import trainer
from trivium.learning.runs import RunDirectory

EPOCHS = 14


def examples() -> tv.data.Dataset:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(203, 6))
    return tv.data.as_dataset((x, (x[:, 0] * x[:, 1] > 0).astype(int)))


def start(path: Path | None, checkpoint_seconds: float = 0.0) -> object:
    return tv.fit(
        tv.models.MLP(hidden=[8], dropout=0.1),
        tv.objectives.CrossEntropy() + 1e-3 * tv.objectives.L2(),
        tv.algorithms.Adam(learning_rate=0.01, clip=1.0),
        examples(),
        validation=0.2,
        epochs=EPOCHS,
        batch_size=16,
        seed=3,
        out=path,
        checkpoint_seconds=checkpoint_seconds,
        progress=False,
    )


def resume(path: Path) -> object:
    train, held = examples().split(test=0.2, seed=3)
    return tv.resume(path, data=train, validation=held, progress=False)


def live(path: Path) -> int:
    """One life of the run in a child process; its process number."""
    child = os.fork()
    if child:
        return child
    try:
        if not (path / "run.json").exists():  # not begun, or killed while it was made
            start(path)
        elif not RunDirectory.open(path).has_state:
            os._exit(3)
        else:
            resume(path)
        os._exit(0)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)


def outcome(path: Path) -> tuple[dict[str, np.ndarray], list[dict[str, float]]]:
    run = RunDirectory.open(path)
    rows = run.read_metrics()
    for row in rows:
        row.pop("seconds")
    return dict(run.read_state()[0]), rows


def equal(a: Path, b: Path) -> bool:
    (arrays, rows), (others, other_rows) = outcome(a), outcome(b)
    same_bits = arrays.keys() == others.keys() and all(
        arrays[name].tobytes() == others[name].tobytes() for name in arrays
    )
    return same_bits and rows == other_rows


def kill_nine(directory: Path, kills: int = 30) -> str:
    """SIGKILL at random moments, then one life to the end."""
    trainer._CALL_SECONDS = 0.0  # one step per call, so a checkpoint after each
    whole, path = directory / "whole", directory / "killed"
    began = time.monotonic()
    start(whole)
    life = time.monotonic() - began
    chance = random.Random(1)
    died, middle = 0, 0
    while died < kills:
        child = live(path)
        time.sleep(chance.uniform(0.0, 0.35) * life)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            died += 1
        elif os.WEXITSTATUS(status) == 3:  # it died before its first state: start it again
            for file in path.iterdir():
                file.unlink()
            path.rmdir()
            continue
        elif os.WEXITSTATUS(status) != 0:
            return "a life ended with an error"
        if (path / "run.json").exists() and RunDirectory.open(path).has_state:
            run = RunDirectory.open(path)
            middle += run.read_state()[1]["counters"]["position"] > 0
            if run.read_result() is not None:  # finished before it could be killed: once more
                if not equal(whole, path):
                    return "a finished run differs"
                for file in path.iterdir():
                    file.unlink()
                path.rmdir()
    child = live(path)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
        return "the last life ended with an error"
    if not equal(whole, path):
        return "the resumed run differs from the uninterrupted one"
    return f"OK {died} kills, {middle} of them in the middle of an epoch"


def interrupt(directory: Path, number: int) -> str:
    """A polite signal in the middle: the fit saves, stops, and goes on later."""
    trainer._CALL_SECONDS = 0.0
    whole, path = directory / "whole", directory / "stopped"
    start(whole)
    child = os.fork()
    if not child:
        try:
            fit = start(path, checkpoint_seconds=1e9)
        except SystemExit as leaving:
            os._exit(int(leaving.code or 0))
        os._exit(0 if fit.stopped is tv.algorithms.Stop.INTERRUPTED else 4)
    rows = path / "metrics.jsonl"
    while not rows.exists() or rows.read_bytes().count(b"\n") < 3:
        time.sleep(0.002)
    os.kill(child, number)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    expected = 143 if number == signal.SIGTERM else 0
    if code != expected:
        return f"exit code {code}, expected {expected}"
    counters = RunDirectory.open(path).read_state()[1]["counters"]
    if not 0 < counters["step"] < EPOCHS * 11:
        return f"stopped at {counters}"
    child = live(path)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
        return "the second life ended with an error"
    return "OK" if equal(whole, path) else "the resumed run differs from the uninterrupted one"


if __name__ == "__main__":
    # Ctrl-C as in a terminal, also where the tests run in the background and ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    scenario, place = sys.argv[1], Path(sys.argv[2])
    answers = {
        "kill": lambda: kill_nine(place),
        "ctrl-c": lambda: interrupt(place, signal.SIGINT),
        "terminate": lambda: interrupt(place, signal.SIGTERM),
    }
    print(answers[scenario]())
