"""The threads that run programs, shared by all programs of the process, and how many there are.

The caller is the first thread of every call; the others sleep between calls. A call is never
left half done: an interruption (Ctrl-C) is raised when all threads have come to its end.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from itertools import starmap
from queue import SimpleQueue
from typing import Any

from ...errors import BackendError

__all__ = ["default_threads", "perform"]


def default_threads() -> int:
    """TRIVIUM_THREADS, else the number of processors that this process may use.

    Raises BackendError when the variable is not a positive integer.
    """
    asked = os.environ.get("TRIVIUM_THREADS")
    if not asked:
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1
    try:
        count = int(asked)
    except ValueError:
        count = 0
    if count < 1:
        raise BackendError(
            f"TRIVIUM_THREADS={asked} is not a number of threads; it must be 1 or more"
        )
    return count


class _Job:
    """One call of a function by several threads, each with its own arguments."""

    def __init__(
        self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
    ) -> None:
        self.function = function
        self.arguments = arguments
        self.own: list[Any] = []  # not empty when the caller's share is done
        self.finished: list[int] = []  # the other threads that have done theirs


class _Pool:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queues: list[SimpleQueue[_Job]] = []
        self._ends: SimpleQueue[None] = SimpleQueue()

    def perform(self, job: _Job) -> None:
        helpers = len(job.arguments) - 1
        with self._lock:
            self._grow(helpers)
            interruption: BaseException | None = None
            while True:
                # Every line may be cut off by an interruption and is then run again, so each
                # does nothing when it has been done: a thread takes a job once, and one step
                # of the interpreter runs the caller's share and notes that it is done.
                try:
                    for queue in self._queues[:helpers]:
                        queue.put(job)
                    if not job.own:
                        job.own.extend(starmap(job.function, job.arguments[:1]))
                    while len(job.finished) < helpers:
                        self._ends.get()
                    break
                except BaseException as error:
                    interruption = error
        if interruption is not None:
            raise interruption

    def _grow(self, count: int) -> None:
        while len(self._queues) < count:
            queue: SimpleQueue[_Job] = SimpleQueue()
            thread = threading.Thread(
                target=_live, args=(len(self._queues) + 1, queue, self._ends), daemon=True,
                name="trivium",
            )  # fmt: skip
            try:
                thread.start()
            except RuntimeError as error:
                raise BackendError(
                    f"the system refuses to start thread {len(self._queues) + 2} of {count + 1} "
                    f"({error}); set TRIVIUM_THREADS to a smaller number"
                ) from error
            self._queues.append(queue)


def _live(number: int, queue: SimpleQueue[_Job], ends: SimpleQueue[None]) -> None:
    while True:
        job = queue.get()
        if number not in job.finished:
            job.function(*job.arguments[number])
            job.finished.append(number)
            ends.put(None)
        del job  # what it holds may be freed while this thread sleeps


_pool = _Pool()


def _forget() -> None:
    """A child process begins without threads of its own."""
    global _pool
    _pool = _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def perform(function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> None:
    """Call ``function`` once with each of ``arguments``, all at the same time.

    The first call is made by this thread. Raises BackendError when there cannot be so many
    threads; an interruption is raised when all calls have returned.
    """
    _pool.perform(_Job(function, arguments))
