"""Finding runs, and naming new ones."""

from __future__ import annotations

import datetime
import itertools
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from trivium.learning.errors import RunError
from trivium.learning.runs import metrics
from trivium.learning.runs.directory import (
    LOCK_FILE,
    METRICS_FILE,
    PREVIOUS_FILE,
    REQUEST_FILE,
    STATE_FILE,
    RunDirectory,
)
from trivium.learning.runs.files import explained
from trivium.learning.runs.lock import writer_of
from trivium.learning.runs.state import check_state_header

__all__ = ["RunSummary", "find_runs", "new_run_path"]

Status = Literal["running", "finished", "interrupted", "damaged"]


@dataclass(frozen=True)
class RunSummary:
    """What a list of runs shows of one.

    `status`: ``running`` (a process writes it now), ``finished`` (it has a result),
    ``interrupted`` (neither; `has_state` tells whether there is something to resume from) or
    ``damaged`` (it cannot be read, and `problem` says why). `time` is when it was created, in
    UTC. `metrics` are those of the result (its ``metrics``, or all of it) or, before that, the
    last row measured.
    """

    path: Path
    name: str
    status: Status
    time: datetime.datetime
    request: dict[str, Any]
    has_state: bool
    metrics: dict[str, Any]
    problem: str | None = None


def find_runs(root: str | os.PathLike[str]) -> list[RunSummary]:
    """The runs that lie directly in the directory `root`, oldest first; none if it is missing.

    Reads no more than headers and last lines, so it is fast for large states. It finds files
    that are missing, cut or not what they should be, but not a flipped bit inside an array,
    which loading finds. Raises `RunError` if `root` is a file or cannot be read.
    """
    with explained(f"list the runs in {os.fspath(root)}"):
        try:
            with os.scandir(root) as entries:
                paths = [Path(entry.path) for entry in entries if entry.is_dir()]
        except FileNotFoundError:
            return []
        runs = []
        for path in filter(_looks_like_run, paths):
            with suppress(FileNotFoundError):  # deleted while we look
                runs.append(_summary(path))
    return sorted(runs, key=lambda run: (run.time, run.name))


def new_run_path(
    root: str | os.PathLike[str], stem: str, *, today: datetime.date | None = None
) -> Path:
    """Make a directory for a new run, such as ``runs/digits-2026-11-20-001``; return its path.

    The directory is created here, so two processes never get the same one. Of `stem` the
    letters, digits and ``-_.`` are kept. Raises `RunError` if `root` cannot be written.
    """
    words = re.sub(r"[^\w.-]+", "-", stem)[:40].strip("-._") or "run"
    begin = f"{words}-{(today or datetime.date.today()).isoformat()}-"
    with explained(f"make a directory for a new run in {os.fspath(root)}"):
        os.makedirs(root, exist_ok=True)
        taken = [
            int(name.removeprefix(begin))
            for name in os.listdir(root)
            if re.fullmatch(re.escape(begin) + r"[0-9]{3,9}", name)
        ]
        for number in itertools.count(max(taken, default=0) + 1):
            path = Path(root) / f"{begin}{number:03d}"
            try:
                path.mkdir()
            except FileExistsError:
                continue
            return path
    raise AssertionError("unreachable: the numbers do not end")


def _looks_like_run(path: Path) -> bool:
    names = (REQUEST_FILE, STATE_FILE, PREVIOUS_FILE)
    return any(os.path.lexists(path / name) for name in names)


def _summary(path: Path) -> RunSummary:
    request: dict[str, Any] = {}
    time = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC)
    try:
        with explained(f"read the run {path}"):
            running = writer_of(path / LOCK_FILE) is not None
            run = RunDirectory.open(path)
            request = run.request
            time = _utc(run.created, path)
            result = run.read_result()
            if not running:
                _check_states(path)
            measured = metrics.last_row(path / METRICS_FILE) if result is None else {}
    except RunError as error:
        return RunSummary(path, path.name, "damaged", time, request, False, {}, str(error))
    status: Status = "running" if running else "interrupted"
    if result is not None:
        inner = result.get("metrics")
        measured = inner if isinstance(inner, dict) else result
        status = "running" if running else "finished"
    return RunSummary(path, path.name, status, time, request, run.has_state, measured)


def _utc(text: str, path: Path) -> datetime.datetime:
    try:
        return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC)
    except (ValueError, OverflowError) as error:
        raise RunError(
            f"{path / REQUEST_FILE} has no valid time of creation: {error}."
        ) from None


def _check_states(path: Path) -> None:
    """Raise if there are states and none of them has an intact header and its full length."""
    problems: list[RunError] = []
    for name in (STATE_FILE, PREVIOUS_FILE):
        try:
            check_state_header(path / name)
        except FileNotFoundError:
            continue
        except RunError as error:
            problems.append(error)
        else:
            return
    if problems:
        raise problems[0]
