"""PNG with 16 bits a colour, which Pillow would cut to 8.

Source: W3C, Portable Network Graphics (PNG) Specification, third edition, §9 (filters), §11.2.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

__all__ = ["deep_png_header", "read_deep_png", "write_deep_png"]

Array = np.ndarray[Any, Any]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # colour type → channels
_COLOUR_TYPES = {count: kind for kind, count in _CHANNELS.items()}


def deep_png_header(start: bytes) -> tuple[int, int, int] | None:
    """(height, width, channels) if a file that begins so is a 16-bit PNG in plain order."""
    if len(start) < 29 or start[:8] != _SIGNATURE or start[12:16] != b"IHDR":
        return None
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", start[16:29])
    if depth != 16 or kind not in _CHANNELS or interlaced or not (width and height):
        return None
    return height, width, _CHANNELS[kind]


def read_deep_png(data: bytes) -> Array:
    """The pixels, (height, width, channels) uint16. Raises ValueError for damaged files."""
    header = deep_png_header(data[:29])
    if header is None:
        raise ValueError("not a 16-bit PNG in plain order")
    height, width, channels = header
    stride = width * channels * 2
    expected = height * (stride + 1)
    unpacker = zlib.decompressobj()
    try:
        # No more is unpacked than the picture has, whatever the file claims to hold.
        raw = unpacker.decompress(b"".join(_image_data(data)), expected)
    except zlib.error as error:
        raise ValueError(f"its pixels cannot be unpacked ({error})") from None
    if len(raw) < expected:
        raise ValueError(f"{expected - len(raw):,} of {expected:,} bytes of pixels are missing")
    lines = np.frombuffer(raw, np.uint8).reshape(height, stride + 1)
    filters = lines[:, 0]
    if filters.max() > 4:
        raise ValueError(f"row {int((filters > 4).argmax())} has the unknown filter "
                         f"{int(filters.max())}")  # fmt: skip
    plain = _unfiltered(filters, lines[:, 1:].reshape(height, width, 2 * channels))
    found: Array = plain.view(">u2").astype(np.uint16)
    return found


def _image_data(data: bytes) -> list[bytes]:
    """The contents of the IDAT chunks, their checksums compared."""
    parts, place = [], 8
    while place + 12 <= len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        name = data[place + 4 : place + 8]
        body = data[place + 8 : place + 8 + length]
        check = data[place + 8 + length : place + 12 + length]
        if len(check) < 4:
            raise ValueError("it is cut off")
        if name == b"IDAT":
            if zlib.crc32(name + body) != int.from_bytes(check, "big"):
                raise ValueError("a checksum does not agree")
            parts.append(body)
        if name == b"IEND":
            return parts
        place += 12 + length
    raise ValueError("it is cut off")


def _unfiltered(filters: Array, lines: Array) -> Array:
    """The bytes (height, width, bytes of a pixel) before filtering.

    A pixel needs those to its left, above, and above to the left. All pixels of one diagonal
    can be made at once when row r is r pixels behind the first, whatever the rows' filters.
    """
    height, width, depth = lines.shape
    # One pixel of zeros to the left and above stands for what lies outside.
    found = np.zeros((height + 1, width + 1, depth), np.uint8)
    sub, up, average, paeth = (filters == kind for kind in (1, 2, 3, 4))
    for step in range(width + height - 1):
        low, high = max(0, step - width + 1), min(height, step + 1)
        rows = np.arange(low, high)
        columns = step - rows
        left = found[rows + 1, columns].astype(np.int16)
        above = found[rows, columns + 1].astype(np.int16)
        corner = found[rows, columns].astype(np.int16)
        guess = np.zeros_like(left)
        for chosen, value in (
            (sub, left),
            (up, above),
            (average, (left + above) >> 1),
            (paeth, _paeth(left, above, corner)),
        ):
            guess = np.where(chosen[low:high, None], value, guess)
        found[rows + 1, columns + 1] = (lines[rows, columns] + guess).astype(np.uint8)
    return np.ascontiguousarray(found[1:, 1:])


def _paeth(left: Array, above: Array, corner: Array) -> Array:
    """The neighbour nearest to left + above − corner; in a tie left, then above (§9.4)."""
    estimate = left + above - corner
    a, b, c = abs(estimate - left), abs(estimate - above), abs(estimate - corner)
    found: Array = np.where((a <= b) & (a <= c), left, np.where(b <= c, above, corner))
    return found


def write_deep_png(pixels: Array) -> bytes:
    """A PNG file of (height, width, channels) uint16; each row filtered by the one above."""
    height, width, channels = pixels.shape
    lines = np.ascontiguousarray(pixels.astype(">u2")).view(np.uint8).reshape(height, -1)
    rows = np.empty((height, lines.shape[1] + 1), np.uint8)
    rows[:, 0] = 2
    rows[:, 1:] = lines
    rows[1:, 1:] -= lines[:-1]
    header = struct.pack(">IIBBBBB", width, height, 16, _COLOUR_TYPES[channels], 0, 0, 0)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(name: bytes, body: bytes) -> bytes:
    check = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)
