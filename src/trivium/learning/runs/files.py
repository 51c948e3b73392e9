"""The few file operations on which a run's promises rest: replace, append, sync, explain."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from trivium.learning.errors import RunError

__all__ = [
    "DamagedFileError",
    "RunWarning",
    "check_regular",
    "explained",
    "open_descriptor",
    "read_limited",
    "replace_file",
    "sync_directory",
    "temporary_of",
    "write_all",
    "written_beside",
]

_O_BINARY: int = getattr(os, "O_BINARY", 0)  # Windows would translate line ends without it

_REMEDIES = {
    errno.ENOSPC: "Free some space on that disk, or choose a directory on another one",
    errno.EDQUOT: "Your quota there is used up: delete something, or choose another directory",
    errno.EFBIG: "The file would be larger than the file system or `ulimit -f` allows",
    errno.EROFS: "Choose a directory on a file system that can be written",
    errno.EACCES: "Change the permissions, or choose a directory you may use",
    errno.EPERM: "Change the permissions or attributes, or choose a directory you may use",
    errno.ENOTDIR: "A part of the path is a file: give the path of a directory",
    errno.EEXIST: "Something that is not a directory has that name: choose another name",
    errno.ENAMETOOLONG: "Choose a shorter name",
    errno.ELOOP: "The symbolic links lead in a circle: remove one of them",
    errno.EMFILE: "This process has too many open files: close some, or raise `ulimit -n`",
    errno.EIO: "The disk or the connection to it fails: copy what is left to another one",
}


class DamagedFileError(RunError):
    """A file of a run does not hold what was written to it."""


class RunWarning(UserWarning):
    """Something in a run is not as it should be, and the work goes on without it."""


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn an `OSError` inside into a `RunError` that says what could not be done and why."""
    try:
        yield
    except RunError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        place = _where(error)
        remedy = _REMEDIES.get(error.errno or 0)
        raise RunError(
            f"cannot {doing}: {reason}{place}.{f' {remedy}.' if remedy else ''}"
        ) from error


def _where(error: OSError) -> str:
    if not error.filename:
        return ""
    free = ""
    if error.errno == errno.ENOSPC:
        try:
            left = shutil.disk_usage(Path(os.fsdecode(error.filename)).parent).free
            free = f", {left / 1e6:,.1f} MB free"
        except OSError:
            pass
    return f" ({os.fsdecode(error.filename)}{free})"


def temporary_of(path: Path) -> Path:
    """Where the next content of `path` is written before it takes the name.

    The name is fixed, because only the holder of the run's lock writes, so that what a killed
    process leaves behind can be found and removed.
    """
    return path.with_name(f"{path.name}.tmp")


@contextmanager
def written_beside(path: Path, chunks: Iterable[bytes | memoryview]) -> Iterator[Path]:
    """Write and sync `chunks` under the temporary name of `path`, removed if it stays there."""
    temporary = temporary_of(path)
    temporary.unlink(missing_ok=True)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _O_BINARY, 0o666)
        try:
            for chunk in chunks:
                write_all(descriptor, chunk, temporary)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def replace_file(path: Path, chunks: Iterable[bytes | memoryview]) -> None:
    """Give `path` a new content at once: whoever looks sees the old or the new one, whole."""
    with written_beside(path, chunks) as temporary:
        os.replace(temporary, path)
    sync_directory(path.parent)


def write_all(descriptor: int, data: bytes | memoryview, path: Path) -> None:
    """Write all of `data`; the system may take less at a time (2 GiB on Linux)."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except OSError as error:  # os.write does not know the name, and the message needs it
            error.filename = str(path)
            raise


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` durable, where the system has such a call."""
    if os.name == "nt":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems refuse to sync a directory: renames are durable there.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def check_regular(path: Path) -> None:
    """Raise unless `path` is a plain file.

    A run may come from somebody else: a symbolic link in it could make Trivium read or append
    to a file anywhere, and a named pipe would make it wait for ever.
    """
    mode = os.lstat(path).st_mode
    if not stat.S_ISREG(mode):
        kind = (
            "a symbolic link" if stat.S_ISLNK(mode)
            else "a directory" if stat.S_ISDIR(mode)
            else "a special file"
        )  # fmt: skip
        raise DamagedFileError(
            f"{path} is {kind}; a run consists of plain files only. Remove it, or get the run "
            "again from where it comes."
        )


def open_descriptor(path: Path, flags: int) -> int:
    """Open a plain file of a run and return its descriptor."""
    try:
        check_regular(path)
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
    return os.open(path, flags | _O_BINARY, 0o666)


def read_limited(path: Path, limit: int) -> bytes:
    """Read a plain file of at most `limit` bytes."""
    with os.fdopen(open_descriptor(path, os.O_RDONLY), "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise DamagedFileError(
            f"{path} is larger than {limit // 2**20} MiB, which no such file of a run is."
        )
    return data
