"""One writer per run: an advisory lock, which the system drops however the writer ends."""

from __future__ import annotations

import errno
import os
import platform
import sys
import time
import warnings
import weakref
from pathlib import Path

from trivium.learning.errors import RunError
from trivium.learning.runs.files import (
    DamagedFileError,
    RunWarning,
    open_descriptor,
    read_limited,
    write_all,
)

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["WriterLock", "writer_of"]

_PATIENCE = 0.25  # seconds: a listing of runs holds the lock for some microseconds to try it
_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
_held: weakref.WeakSet[WriterLock] = weakref.WeakSet()


class WriterLock:
    """The right to write a run, from construction until `release` or the end of the process.

    Raises `RunError` naming the process that writes, if there is one.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = None  # first, so that an error below finds it
        descriptor = open_descriptor(path, os.O_RDWR | os.O_CREAT)
        try:
            _wait_for_lock(descriptor, path)
            os.ftruncate(descriptor, 0)
            write_all(descriptor, f"{os.getpid()} {platform.node()}\n".encode(), path)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        _held.add(self)

    @property
    def held(self) -> bool:
        """Whether the right has not been given back."""
        return self._descriptor is not None

    def release(self) -> None:
        """Give the right back; closing the file is what unlocks it."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def __del__(self) -> None:
        self.release()


def writer_of(path: Path) -> str | None:
    """Who holds the lock at `path`, as words for a message, or None if nobody does."""
    try:
        descriptor = open_descriptor(path, os.O_RDONLY)
    except (OSError, DamagedFileError):
        return None  # no lock file that anyone could hold
    try:
        return None if _try_lock(descriptor, shared=True) else _holder(path)
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            return None
        raise
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int, path: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    try:
        while not _try_lock(descriptor):
            if time.monotonic() > deadline:
                raise RunError(
                    f"the run {path.parent} is being written by {_holder(path)}. Wait until it "
                    "ends, stop it, or choose another directory."
                )
            time.sleep(0.01)
    except OSError as error:
        if isinstance(error, RunError) or error.errno not in _UNSUPPORTED:
            raise
        warnings.warn(
            f"the file system of {path.parent} has no locks: nothing keeps two processes from "
            "writing this run at once, so take care that only one does",
            RunWarning,
            stacklevel=2,
        )


def _holder(path: Path) -> str:
    try:
        process, host = read_limited(path, 1024).decode().split()
        number = int(process)
    except (OSError, ValueError):  # the holder has the lock and has not written its number yet
        return "another process"
    if host != platform.node():
        return f"process {number} on {host}"
    return "this very process" if number == os.getpid() else f"process {number}"


if sys.platform == "win32":

    def _try_lock(descriptor: int, shared: bool = False) -> bool:
        # Windows keeps others from reading locked bytes: lock one far behind the content.
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EDEADLK):
                return False
            raise
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True

else:

    def _try_lock(descriptor: int, shared: bool = False) -> bool:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _forget_in_child() -> None:
        # A forked child shares the lock with its parent and would keep it when the parent dies:
        # a data worker that outlives a killed fit would block the resume.
        for lock in list(_held):
            lock.release()

    os.register_at_fork(after_in_child=_forget_in_child)
