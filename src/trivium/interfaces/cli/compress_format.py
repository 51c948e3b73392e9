"""The file of a compressed picture: a safetensors file with a checksum, nothing executable.

Arrays ``left.i`` (rows, k) and ``right.i`` (k, columns), float16 or float32, for every part i,
and JSON saying how the parts make a picture. The product of each pair is a matrix of channels
in [0, 1]. What is read is checked completely before anything of the picture's size is made.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trivium.learning.errors import DataError, RunError

from .compress_factors import LAYOUTS, Compressed, Part, part_shape
from .compress_picture import MOST_PIXELS

__all__ = ["ENDING", "Stored", "is_compressed", "read_compressed", "write_compressed"]

ENDING = ".lowrank"
_KIND = "trivium low-rank picture"
_VERSION = 1
_COLOURS = {"L": (1, False), "LA": (1, True), "RGB": (3, False), "RGBA": (3, True)}


@dataclass(frozen=True)
class Stored:
    """A compressed picture and what it is: mode L, LA, RGB or RGBA, 8 or 16 bits."""

    compressed: Compressed
    mode: str
    bits: int


def is_compressed(path: str) -> bool:
    """Whether a file is one of these, or at least a safetensors file: it begins with a header."""
    if not os.path.isfile(path):
        return False
    if path.lower().endswith(ENDING):
        return True
    try:
        with open(path, "rb") as file:
            start = file.read(9)
        size = os.path.getsize(path)
    except OSError:
        return False
    return len(start) == 9 and start[8:] == b"{" and int.from_bytes(start[:8], "little") < size


def write_compressed(path: str, stored: Stored) -> int:
    """Replace the file at once; returns its size in bytes. Raises RunError (a full disk …)."""
    from trivium.learning.runs.files import explained, replace_file
    from trivium.learning.runs.state import state_chunks

    found = stored.compressed
    arrays: dict[str, Any] = {}
    for place, part in enumerate(found.parts):
        arrays[f"left.{place}"] = np.ascontiguousarray(part.left)
        arrays[f"right.{place}"] = np.ascontiguousarray(part.right)
    meta = {
        "kind": _KIND,
        "version": _VERSION,
        "height": found.height,
        "width": found.width,
        "mode": stored.mode,
        "bits": stored.bits,
        "layout": found.layout,
        "bound": found.bound,
    }
    chunks = state_chunks(arrays, meta)
    with explained(f"write the compressed picture {path}"):
        replace_file(Path(os.path.abspath(path)), chunks)
    return sum(memoryview(chunk).nbytes for chunk in chunks)


def read_compressed(path: str) -> Stored:
    """Read and check a file. Raises DataError saying what is wrong with it."""
    from trivium.learning.runs.state import read_state_file

    try:
        arrays, meta = read_state_file(Path(os.path.realpath(path)))
    except RunError as error:
        raise DataError(f"{path} is no intact compressed picture: {error}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    if meta.get("kind") != _KIND:
        raise DataError(
            f"{path} is a safetensors file of another kind, not a picture written by "
            "trivium compress"
        )
    if meta.get("version") != _VERSION:
        raise DataError(
            f"{path} has the format version {meta.get('version')!r}, and this Trivium reads "
            f"{_VERSION}: use the version that wrote it, or a newer one"
        )
    height, width = (_size(path, name, meta.get(name)) for name in ("height", "width"))
    if height * width > MOST_PIXELS:
        raise DataError(
            f"{path} says it is {width:,} × {height:,} pixels, more than the "
            f"{MOST_PIXELS:,} that are read: such a file would fill the memory"
        )
    mode, bits, layout = meta.get("mode"), meta.get("bits"), meta.get("layout")
    if mode not in _COLOURS or bits not in (8, 16) or layout not in LAYOUTS:
        raise DataError(
            f"{path} is damaged: its header says mode {mode!r}, {bits!r} bits, layout {layout!r}"
        )
    bound = meta.get("bound")
    if isinstance(bound, bool) or not isinstance(bound, int | float) or not 0 <= bound <= 1:
        raise DataError(f"{path} is damaged: its header says the bound {bound!r}")
    parts = _parts(path, arrays, _groups(mode, layout), height, width)
    return Stored(Compressed(parts, layout, height, width, float(bound)), mode, bits)


def _size(path: str, name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise DataError(f"{path} is damaged: its header says the {name} {value!r}")
    return value


def _groups(mode: str, layout: str) -> list[tuple[int, ...]]:
    colours, alpha = _COLOURS[mode]
    every = tuple(range(colours))
    groups = [every]
    if layout == "channels":
        groups = [(each,) for each in every]
    return [*groups, (colours,)] if alpha else groups


def _parts(
    path: str, arrays: dict[str, Any], groups: list[tuple[int, ...]], height: int, width: int
) -> tuple[Part, ...]:
    names = {f"{side}.{place}" for place in range(len(groups)) for side in ("left", "right")}
    if set(arrays) != names:
        raise DataError(
            f"{path} is damaged: it holds the arrays {', '.join(sorted(arrays)) or 'none'}, and "
            f"such a picture has {', '.join(sorted(names))}"
        )
    parts = []
    for place, group in enumerate(groups):
        left, right = arrays[f"left.{place}"], arrays[f"right.{place}"]
        rows, columns = part_shape(len(group), height, width)
        rank = left.shape[1] if left.ndim == 2 else -1
        fits = left.shape == (rows, rank) and right.shape == (rank, columns)
        if not fits or rank > min(rows, columns):
            raise DataError(
                f"{path} is damaged: factors of shape {left.shape} and {right.shape} are no "
                f"{rows} × {columns} matrix of lower rank"
            )
        if left.dtype != right.dtype or left.dtype not in (np.float16, np.float32):
            raise DataError(
                f"{path} is damaged: factors are float16 or float32, not {left.dtype} and "
                f"{right.dtype}"
            )
        if not (np.isfinite(left).all() and np.isfinite(right).all()):
            raise DataError(f"{path} is damaged: it holds a value that is not finite")
        parts.append(Part(group, left, right))
    return tuple(parts)
