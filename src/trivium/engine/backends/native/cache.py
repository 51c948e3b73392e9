"""Object code on disk, so that a program is compiled once on a machine.

A file is named by the SHA-256 of everything that the code depends on: the module's text, the
target, the versions of LLVM and of this package. It begins with a checksum of the rest; a file
that is damaged, foreign or not the user's own is ignored and replaced. Files appear by renaming,
so processes that compile the same program at once do not disturb each other.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

__all__ = ["Cache", "default_cache"]

_MAGIC = b"trivium object 1\n"
# The least recently used files go when all of them together exceed this.
_LIMIT = 256 << 20
# Seconds after which a file that was begun has been left by a process that was killed.
_ABANDONED = 3600.0


class Cache:
    """Object code by key in a directory; a directory that cannot be used stores nothing."""

    def __init__(self, directory: Path | None) -> None:
        self.directory = directory

    @staticmethod
    def key(*parts: str) -> str:
        """The name for code that depends on ``parts``."""
        digest = hashlib.sha256()
        for part in parts:
            data = part.encode()
            digest.update(len(data).to_bytes(8, "little") + data)
        return digest.hexdigest()

    def load(self, key: str) -> bytes | None:
        """The code stored under ``key``, or None."""
        if self.directory is None:
            return None
        path = self.directory / f"{key}.o"
        try:
            with open(path, "rb") as file:
                if hasattr(os, "getuid") and os.fstat(file.fileno()).st_uid != os.getuid():
                    return None
                content = file.read()
            head = len(_MAGIC) + 32
            if content[: len(_MAGIC)] != _MAGIC:
                return None
            if hashlib.sha256(content[head:]).digest() != content[len(_MAGIC) : head]:
                return None
            os.utime(path)
        except OSError:
            return None
        return content[head:]

    def store(self, key: str, code: bytes) -> None:
        """Keep ``code`` under ``key``; quietly nothing where that is not possible."""
        if self.directory is None:
            return
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self.directory, suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(_MAGIC + hashlib.sha256(code).digest() + code)
                os.replace(temporary, self.directory / f"{key}.o")
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            self._prune()
        except OSError:
            return  # a full or read-only disk: the program runs all the same

    def _prune(self) -> None:
        assert self.directory is not None
        for path in self.directory.glob("*.part"):
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _ABANDONED:
                    path.unlink()
        files = []
        for path in self.directory.glob("*.o"):
            try:
                found = path.stat()
            except FileNotFoundError:
                continue  # another process has pruned it
            files.append((found.st_mtime, found.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= _LIMIT:
                return
            path.unlink(missing_ok=True)
            total -= size


def default_cache() -> Cache:
    """The cache in TRIVIUM_CACHE ("" for none), else in the user's cache directory."""
    asked = os.environ.get("TRIVIUM_CACHE")
    if asked is not None:
        return Cache(Path(asked) if asked else None)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Cache(Path(base) / "trivium" if base and os.path.isabs(base) else None)
