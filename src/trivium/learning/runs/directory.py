"""A run on disk: what was asked, the state to go on from, the measurements, the outcome.

=============================== =================================================
``run.json``                    what was asked
``state.safetensors``           the newest state
``state.previous.safetensors``  the state before it, used if the newest is damaged
``metrics.jsonl``               one row of measurements per line
``result.json``                 the outcome, once the run has finished
``.lock``                       who is writing
=============================== =================================================

Reading never writes. Every file but ``metrics.jsonl`` is replaced as a whole, so a process may
be killed between any two instructions and the last good state stays readable.
"""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from trivium.learning.errors import RunError
from trivium.learning.runs import metrics
from trivium.learning.runs.codec import encode
from trivium.learning.runs.documents import read_document, write_document
from trivium.learning.runs.files import (
    DamagedFileError,
    RunWarning,
    explained,
    sync_directory,
    temporary_of,
    written_beside,
)
from trivium.learning.runs.lock import WriterLock
from trivium.learning.runs.state import read_state_file, state_chunks

__all__ = [
    "LOCK_FILE",
    "METRICS_FILE",
    "PREVIOUS_FILE",
    "REQUEST_FILE",
    "RESULT_FILE",
    "STATE_FILE",
    "RunDirectory",
]

REQUEST_FILE = "run.json"
STATE_FILE = "state.safetensors"
PREVIOUS_FILE = "state.previous.safetensors"
METRICS_FILE = "metrics.jsonl"
RESULT_FILE = "result.json"
LOCK_FILE = ".lock"

_REPLACED = (REQUEST_FILE, STATE_FILE, PREVIOUS_FILE, RESULT_FILE)


class RunDirectory:
    """One run on disk, made by `RunDirectory.create` or `RunDirectory.open`.

    `path` is absolute; `created` is the UTC time of creation in ISO 8601. Whoever writes holds
    the run's lock until `close` (or the end of a ``with`` block, or of the process), and writes
    from one thread; a signal handler leaves the writing to the code that it interrupts.
    """

    def __init__(
        self, path: Path, created: str, request: dict[str, Any], lock: WriterLock | None
    ) -> None:
        self.path = path
        self.created = created
        self._request = request
        self._lock = lock
        self._newest_is_good: bool | None = None  # None: nobody has looked yet

    @classmethod
    def create(cls, path: str | os.PathLike[str], request: Mapping[str, object]) -> Self:
        """Begin a run in a new or empty directory, and hold its lock.

        `request` is what was asked, as JSON (see `codec`). Raises `RunError` if the directory
        holds anything, is being written by another process, or cannot be written.
        """
        root = _absolute(path)
        encode(request, "request")  # one that cannot be kept is refused before anything is made
        with explained(f"create the run {root}"):
            root.mkdir(parents=True, exist_ok=True)
            sync_directory(root.parent)
            _check_empty(root)  # before the lock file, which has no place among foreign files
            lock = WriterLock(root / LOCK_FILE)
            try:
                _check_empty(root)  # another process may have been quicker
                _remove_temporaries(root)
                created = _now()
                content = write_document(
                    root / REQUEST_FILE, "created", created, "request", request
                )
            except BaseException:
                lock.release()
                raise
        return cls(root, created, content, lock)

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, writing: bool = False) -> Self:
        """Open a run that exists: to read it, or, with `writing`, to go on with it.

        Opening for writing takes the lock and removes what a killed process left half-written.
        Raises `RunError` if there is no run, a newer Trivium wrote it, it is damaged, or (for
        writing) another process writes it.
        """
        root = _absolute(path)
        with explained(f"open the run {root}"):
            _check_is_run(root)
            lock = WriterLock(root / LOCK_FILE) if writing else None
            try:
                created, request = read_document(root / REQUEST_FILE, "created", "request")
                if lock is not None:
                    _remove_temporaries(root)
            except BaseException:
                if lock is not None:
                    lock.release()
                raise
        return cls(root, created, request, lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"RunDirectory({str(self.path)!r}, writing={self.writing})"

    def close(self) -> None:
        """Give the lock back; reading goes on to work."""
        if self._lock is not None:
            self._lock.release()

    @property
    def writing(self) -> bool:
        """Whether this object holds the run's lock."""
        return self._lock is not None and self._lock.held

    @property
    def request(self) -> dict[str, Any]:
        """What was asked: a copy of what ``run.json`` holds."""
        return copy.deepcopy(self._request)

    def update_request(self, request: Mapping[str, object]) -> None:
        """Replace what was asked, for instance when a run is resumed for more epochs."""
        with self._writing("write what was asked"):
            self._request = write_document(
                self.path / REQUEST_FILE, "created", self.created, "request", request
            )

    @property
    def has_state(self) -> bool:
        """Whether a state was ever written; False for a run stopped before its first."""
        return any(os.path.lexists(self.path / name) for name in (STATE_FILE, PREVIOUS_FILE))

    def write_state(
        self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, object]
    ) -> None:
        """Make `arrays` and `meta` the newest state; the one before stays as the previous one.

        Arrays are bool, integer or float of at most 64 bits, of any shape and layout; `meta` is
        JSON. When this returns, the state and all rows appended before it are on the disk. When
        it raises `RunError` (a full disk, say), the state before still loads. A result written
        earlier is removed, since it belongs to the state it was written after.
        """
        with self._writing("write the state"):
            chunks = state_chunks(arrays, meta)
            newest = self.path / STATE_FILE
            with written_beside(newest, chunks) as temporary:
                metrics.sync_rows(self.path / METRICS_FILE)
                (self.path / RESULT_FILE).unlink(missing_ok=True)
                keep = self._check_newest()
                self._newest_is_good = None  # until the next line but two is done
                if keep:
                    _keep_as_previous(newest, self.path / PREVIOUS_FILE)
                os.replace(temporary, newest)
            self._newest_is_good = True
            sync_directory(self.path)

    def read_state(self) -> tuple[dict[str, NDArray[np.generic]], dict[str, Any]]:
        """The newest good state as ``(arrays, meta)``, exactly as it was written.

        If the newest is damaged or missing, warns (`RunWarning`) and returns the previous one.
        Raises `RunError` if there is none, or none is good.
        """
        with explained(f"read the state of the run {self.path}"):
            problems: list[str] = []
            for name in (STATE_FILE, PREVIOUS_FILE):
                try:
                    state = read_state_file(self.path / name)
                except FileNotFoundError:
                    problems.append(f"{self.path / name} is missing")
                except DamagedFileError as error:
                    problems.append(str(error).rstrip("."))
                else:
                    self._newest_is_good = not problems
                    if problems:
                        warnings.warn(
                            f"{problems[0]}; the state before it is used instead ({name})",
                            RunWarning,
                            stacklevel=2,
                        )
                    return state
        if not self.has_state:
            raise RunError(
                f"the run {self.path} has no state: it was stopped before the first one was "
                "saved. Start it again."
            )
        raise RunError(
            f"no state of the run {self.path} can be read: {'; '.join(problems)}. Restore one "
            "of these files from a copy, or start the run again with what run.json asks for."
        )

    def append_metrics(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Append rows of measurements, all or (with `RunError`) none.

        They survive the death of the process at once, and a power cut after the next
        `write_state`.
        """
        with self._writing("append to the metrics"):
            metrics.append_rows(self.path / METRICS_FILE, rows)

    def truncate_metrics(self, n_rows: int) -> None:
        """Keep the first `n_rows` rows: what was measured up to the state one resumes from.

        Warns (`RunWarning`) if there are fewer.
        """
        if n_rows < 0:
            raise RunError(f"cannot keep {n_rows} rows of metrics: give 0 or more.")
        with self._writing("truncate the metrics"):
            metrics.keep_rows(self.path / METRICS_FILE, n_rows)

    def read_metrics(self) -> list[dict[str, Any]]:
        """All rows in order; damaged ones are left out with a `RunWarning`."""
        with explained(f"read the metrics of the run {self.path}"):
            return metrics.read_rows(self.path / METRICS_FILE)

    def write_result(self, result: Mapping[str, object]) -> None:
        """Write the outcome, by which the run counts as finished."""
        with self._writing("write the result"):
            write_document(self.path / RESULT_FILE, "finished", _now(), "result", result)

    def read_result(self) -> dict[str, Any] | None:
        """The outcome, or None while the run has not finished."""
        with explained(f"read the result of the run {self.path}"):
            try:
                return read_document(self.path / RESULT_FILE, "finished", "result")[1]
            except FileNotFoundError:
                return None

    def _writing(self, doing: str) -> AbstractContextManager[None]:
        if self._lock is None:
            raise RunError(
                f"cannot {doing} of the run {self.path}: it was opened for reading. Open it "
                "with RunDirectory.open(path, writing=True)."
            )
        if not self._lock.held:
            raise RunError(
                f"cannot {doing} of the run {self.path}: this object was closed, or belongs to "
                "the process from which this one was forked. Open the run again for writing."
            )
        return explained(f"{doing} of the run {self.path}")

    def _check_newest(self) -> bool:
        """Whether to keep the newest state: a damaged one must not push out a good one."""
        if self._newest_is_good is None:
            try:
                read_state_file(self.path / STATE_FILE)
                self._newest_is_good = True
            except (FileNotFoundError, DamagedFileError):
                self._newest_is_good = False
        return self._newest_is_good


def _absolute(path: str | os.PathLike[str]) -> Path:
    """`path` from the root, so that a later `os.chdir` does not move the run."""
    text = os.fspath(path)
    if not text or "\0" in text:
        raise RunError(f"{text!r} is not the name of a directory: give the path of a run.")
    with explained(f"find the run {text}"):
        return Path(os.path.abspath(text))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _check_empty(root: Path) -> None:
    ours = {LOCK_FILE, *(temporary_of(root / name).name for name in _REPLACED)}
    present = set(os.listdir(root)) - ours  # these are all that a creation cut short leaves
    if REQUEST_FILE in present:
        raise RunError(
            f"{root} already holds a run. Go on with it (`trivium resume {root}`), choose "
            "another directory, or delete it first."
        )
    if present:
        raise RunError(
            f"{root} is not empty (it holds {sorted(present)[0]!r}): a run needs a directory "
            "of its own. Choose another one."
        )


def _check_is_run(root: Path) -> None:
    if not root.exists():
        raise RunError(
            f"there is no run at {root}. List the runs of a directory with `trivium runs`."
        )
    if not root.is_dir():
        raise RunError(
            f"{root} is a file and a run is a directory: give the path of a directory."
        )
    if not os.path.lexists(root / REQUEST_FILE):
        raise RunError(
            f"{root} is not a run: it has no {REQUEST_FILE}. List the runs of a directory with "
            "`trivium runs`."
        )


def _remove_temporaries(root: Path) -> None:
    for name in _REPLACED:
        temporary_of(root / name).unlink(missing_ok=True)


def _keep_as_previous(newest: Path, previous: Path) -> None:
    """Give the newest state the second name as well, so that there is one at every moment."""
    spare = temporary_of(previous)
    spare.unlink(missing_ok=True)
    try:
        os.link(newest, spare)
    except OSError:
        # A file system without hard links. Between this and the next rename the previous state
        # is the only one, and it is good.
        os.replace(newest, previous)
    else:
        os.replace(spare, previous)
        spare.unlink(missing_ok=True)  # renaming between two names of one file does nothing
