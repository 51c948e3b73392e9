"""The records of a delimited text file: where each begins and how many fields it has."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np

__all__ = ["Records", "find_records", "sniff_delimiter"]

DELIMITERS = "\t;|,"  # in order of preference; the comma last, it may be a decimal mark
HEAD = 1 << 18  # bytes that the delimiter is guessed from

_LF, _CR, _QUOTE, _SPACE, _TAB = 10, 13, 34, 32, 9


@dataclass(frozen=True)
class Records:
    """The non-blank records of a text, found without reading their fields.

    ``starts`` and ``ends`` are byte positions (R,), the line break excluded; ``fields`` (R,)
    counts the fields; ``lines`` (R,) is the 1-based line where each begins. ``regular`` says
    that every quote stands where RFC 4180 wants it: opening a field, closing it, or doubled.
    ``data`` is the text, in which line breaks of old Macs (CR) have become LF.
    """

    data: bytes
    starts: np.ndarray
    ends: np.ndarray
    fields: np.ndarray
    lines: np.ndarray
    regular: bool


def find_records(data: bytes, delimiter: str) -> Records:
    """Find the records of ``data``: a line break ends a record unless it is quoted.

    A position is quoted when the number of quotes before it is odd: a doubled quote counts
    twice, so it changes nothing. That holds when the quotes are regular; otherwise only
    ``regular`` is meaningful.
    """
    if not data:
        none = np.zeros(0, dtype=np.int64)
        return Records(data, none, none, none, none, True)
    data, bytes_ = _with_line_feeds(data)
    quotes = np.flatnonzero(bytes_ == _QUOTE)
    regular = _are_regular(bytes_, quotes, ord(delimiter))
    breaks = np.flatnonzero(bytes_ == _LF)
    ends = _unquoted(breaks, quotes)
    if len(ends) == 0 or ends[-1] != len(data) - 1:
        ends = np.append(ends, len(data))
    starts = np.concatenate([[0], ends[:-1] + 1])
    separators = _unquoted(np.flatnonzero(bytes_ == ord(delimiter)), quotes)
    inside = np.searchsorted(separators, ends) - np.searchsorted(separators, starts)
    lines = np.searchsorted(breaks, starts) + 1
    returns = (ends > starts) & (bytes_[np.maximum(ends - 1, 0)] == _CR)
    ends = ends - returns
    keep = ~_blank(bytes_, starts, ends, inside)
    return Records(data, starts[keep], ends[keep], inside[keep] + 1, lines[keep], bool(regular))


def _with_line_feeds(data: bytes) -> tuple[bytes, np.ndarray]:
    """Replace each unquoted CR that no LF follows by LF."""
    bytes_ = np.frombuffer(data, dtype=np.uint8)
    returns = np.flatnonzero(bytes_ == _CR)
    if len(returns) == 0:
        return data, bytes_
    after = np.minimum(returns + 1, len(bytes_) - 1)
    alone = returns[(bytes_[after] != _LF)]
    alone = _unquoted(alone, np.flatnonzero(bytes_ == _QUOTE))
    if len(alone) == 0:
        return data, bytes_
    bytes_ = bytes_.copy()
    bytes_[alone] = _LF
    return bytes_.tobytes(), bytes_


def _unquoted(positions: np.ndarray, quotes: np.ndarray) -> np.ndarray:
    if len(quotes) == 0:
        return positions
    return positions[np.searchsorted(quotes, positions) % 2 == 0]


def _are_regular(bytes_: np.ndarray, quotes: np.ndarray, delimiter: int) -> bool:
    if len(quotes) == 0:
        return True
    if len(quotes) % 2:
        return False
    opening, closing = quotes[0::2], quotes[1::2]
    before = bytes_[np.maximum(opening - 1, 0)]
    follows = np.zeros(len(opening), dtype=bool)  # the second of a doubled quote
    follows[1:] = opening[1:] - 1 == closing[:-1]
    opens = (opening == 0) | (before == delimiter) | (before == _LF) | follows
    after = bytes_[np.minimum(closing + 1, len(bytes_) - 1)]
    doubled = np.zeros(len(closing), dtype=bool)  # the first of a doubled quote
    doubled[:-1] = follows[1:]
    closes = (closing == len(bytes_) - 1) | (after == delimiter) | (after == _LF) | doubled
    closes |= after == _CR
    return bool(opens.all() and closes.all())


def _blank(
    bytes_: np.ndarray, starts: np.ndarray, ends: np.ndarray, inside: np.ndarray
) -> np.ndarray:
    """Which records are blank lines: empty, or nothing but blanks.

    In a table of one column, blanks below the header are a cell (a missing one).
    """
    blank = starts == ends
    width = 0
    for place in np.flatnonzero((inside == 0) & ~blank):
        if width == 0:
            before = np.flatnonzero(~blank[:place])
            width = int(inside[before[0]]) + 1 if len(before) else 0
        piece = bytes_[starts[place] : ends[place]]
        if bool(((piece == _SPACE) | (piece == _TAB)).all()):
            blank[place] = width != 1
        elif width == 0:
            width = 1
        if width == 1:
            break
    return blank


def sniff_delimiter(data: bytes) -> tuple[str, int]:
    """Guess the delimiter among comma, semicolon, tab and bar: (delimiter, bytes to skip).

    The best has as many fields in every line as in the first, and at least two; a text
    without any is one column (comma). A first line ``sep=;``, as spreadsheets write it,
    decides, and is skipped.
    """
    first, _, rest = data[:64].partition(b"\n")
    if rest and first.strip().lower()[:4] == b"sep=" and len(first.strip()) == 5:
        return chr(first.strip()[4]), len(first) + 1
    head = data[:HEAD]
    if len(data) > HEAD and b"\n" in head:
        head = head[: head.rindex(b"\n") + 1]
    text = head.decode("utf-8", "ignore")
    best, choice = 0.0, ","
    for delimiter in DELIMITERS:
        widths = _widths(text, delimiter)
        if not widths or widths[0] < 2:
            continue
        agreement = sum(width == widths[0] for width in widths) / len(widths)
        if agreement > best:
            best, choice = agreement, delimiter
    return choice, 0


def _widths(text: str, delimiter: str) -> list[int]:
    widths: list[int] = []
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if record and (len(record) > 1 or record[0].strip()):
                widths.append(len(record))
    except csv.Error:
        return widths[:-1]
    return widths
