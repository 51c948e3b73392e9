"""Rows of measurements in a file that only grows: one JSON object per line.

A row counts once its line end is written. What a killed process or a full disk left of the last
row is no row: reading ignores it and the next append removes it first.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from trivium.learning.runs.codec import decode, encode
from trivium.learning.runs.files import RunWarning, open_descriptor, write_all

__all__ = ["append_rows", "keep_rows", "last_row", "read_rows", "sync_rows"]

_BLOCK = 1 << 20  # bytes read at a time when looking for line ends


def append_rows(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Append all `rows` or, when that fails, none."""
    data = "".join(f"{encode(dict(row), 'a row of metrics')}\n" for row in rows).encode()
    if not data:
        return
    descriptor = open_descriptor(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    try:
        end = _end_of_rows(descriptor)
        os.ftruncate(descriptor, end)
        try:
            write_all(descriptor, data, path)
        except BaseException:
            os.ftruncate(descriptor, end)
            raise
    finally:
        os.close(descriptor)


def keep_rows(path: Path, n_rows: int) -> None:
    """Cut the file after its first `n_rows` rows, in one step."""
    if n_rows == 0 and not path.exists():
        return
    descriptor = open_descriptor(path, os.O_RDWR | os.O_CREAT)
    try:
        n_found, end = _position_after(descriptor, n_rows)
        if n_found < n_rows:
            warnings.warn(
                f"{path} holds {n_found} rows where the state was saved after {n_rows}: the "
                "missing ones are lost, and the history has a gap there. The state is not "
                "affected.",
                RunWarning,
                stacklevel=3,
            )
        os.ftruncate(descriptor, end)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_rows(path: Path) -> None:
    """Make the rows written so far durable."""
    try:
        descriptor = open_descriptor(path, os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """All rows; a damaged line is left out with a warning that names it."""
    try:
        descriptor = open_descriptor(path, os.O_RDONLY)
    except FileNotFoundError:
        return []
    rows: list[dict[str, Any]] = []
    damaged: list[str] = []
    with os.fdopen(descriptor, "rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                break
            try:
                rows.append(_row(line))
            except ValueError as error:
                damaged.append(f"line {number} is damaged ({error})")
    if damaged:
        more = f", and {len(damaged) - 1} more are" if len(damaged) > 1 else ""
        warnings.warn(
            f"{path}: {damaged[0]}{more}; what is damaged is left out. The state is not "
            "affected.",
            RunWarning,
            stacklevel=3,
        )
    return rows


def last_row(path: Path) -> dict[str, Any]:
    """The last row, read from the end of the file; empty if there is none or it is damaged."""
    try:
        descriptor = open_descriptor(path, os.O_RDONLY)
    except FileNotFoundError:
        return {}
    try:
        end = _end_of_rows(descriptor)
        start = _after_last_line_end(descriptor, end - 1) if end else 0
        os.lseek(descriptor, start, os.SEEK_SET)
        return _row(os.read(descriptor, end - start)) if end else {}
    except ValueError:
        return {}
    finally:
        os.close(descriptor)


def _row(line: bytes) -> dict[str, Any]:
    row = decode(line)
    if not isinstance(row, dict):
        raise ValueError("it is not a JSON object")
    return row


def _end_of_rows(descriptor: int) -> int:
    return _after_last_line_end(descriptor, os.lseek(descriptor, 0, os.SEEK_END))


def _after_last_line_end(descriptor: int, stop: int) -> int:
    """The position after the last line end before `stop`, or 0."""
    while stop > 0:
        start = max(0, stop - _BLOCK)
        os.lseek(descriptor, start, os.SEEK_SET)
        found = os.read(descriptor, stop - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        stop = start
    return 0


def _position_after(descriptor: int, n_rows: int) -> tuple[int, int]:
    """How many of the first `n_rows` rows there are, and the position behind them."""
    n_found = position = end = 0
    while n_found < n_rows and (block := os.read(descriptor, _BLOCK)):
        here = 0
        while n_found < n_rows and (here := block.find(b"\n", here) + 1):
            n_found += 1
            end = position + here
        position += len(block)
    return n_found, end
