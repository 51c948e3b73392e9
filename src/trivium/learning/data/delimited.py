"""A delimited text file as a table of text: names, cells, and the line of every row."""

from __future__ import annotations

import csv
import io
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trivium.learning.data.records import Records, find_records, sniff_delimiter
from trivium.learning.data.words import counted, quoted, shortened
from trivium.learning.errors import DataError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["TextTable", "parse_table"]

_LONGEST_FIELD = 2**31 - 1
_FIELD_LIMIT = threading.Lock()  # csv.field_size_limit belongs to the whole process


@dataclass(frozen=True)
class TextTable:
    """The cells of a file as text: ``cells`` has a String column for each of ``names``.

    ``lines`` (N,) is the line on which each row begins, ``header_line`` that of the names
    (0 if the names were given by the caller).
    """

    names: list[str]
    cells: pl.DataFrame
    lines: np.ndarray
    header_line: int
    delimiter: str


def parse_table(
    data: bytes, file: str, delimiter: str | None = None, names: list[str] | None = None
) -> TextTable:
    """Parse UTF-8 text as RFC 4180 says, with the delimiter given or guessed.

    Fields may be quoted, quotes inside are doubled, quoted fields may hold line breaks;
    blank lines are skipped; lines end with LF, CRLF or CR. ``names`` are the columns' names
    of a file without a header.

    Raises DataError naming file and line: a quote that never closes, a record with more or
    fewer fields than the header.
    """
    if delimiter is None:
        delimiter, skip = sniff_delimiter(data)
        skipped = data[:skip].count(b"\n")
        data = data[skip:]
    elif len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n':
        raise DataError(f"delimiter is one ASCII character (',' ';' '|' …), not {delimiter!r}.")
    else:
        skipped = 0
    records = find_records(data, delimiter)
    if not records.regular:
        return _parse_irregular(data, file, delimiter, names, skipped)
    lines = records.lines + skipped
    if len(records.fields) == 0:
        raise DataError(f"{file} is empty: it holds nothing but blank lines.")
    if names is None:
        header = records.data[records.starts[0] : records.ends[0]].decode("utf-8")
        names = next(csv.reader(io.StringIO(header, newline=""), delimiter=delimiter))
        header_line, first = int(lines[0]), 1
    else:
        header_line, first = 0, 0
    _check_widths(records.fields[first:], lines[first:], names, header_line, file)
    cells = _cells(records, first, len(names), delimiter)
    if cells is None:
        return _parse_irregular(data, file, delimiter, names if first == 0 else None, skipped)
    return TextTable(names, cells, lines[first:], header_line, delimiter)


def _cells(records: Records, first: int, width: int, delimiter: str) -> pl.DataFrame | None:
    """Let Polars read the fields; None if it does not see the same records."""
    import polars as pl

    schema = {f"{place}": pl.String for place in range(width)}
    rows = len(records.starts) - first
    if rows == 0:
        return pl.DataFrame(schema=schema)
    body = _body(records, first)
    try:
        cells = pl.read_csv(
            body, separator=delimiter, has_header=False, schema=schema, infer_schema=False
        )
    except pl.exceptions.PolarsError:
        return None
    if cells.shape != (rows, width):
        return None
    return cells.with_columns(pl.all().fill_null(""))


def _body(records: Records, first: int) -> bytes:
    """Return the records from ``first`` on without the blank lines between them."""
    starts, ends = records.starts[first:], records.ends[first:]
    gaps = starts[1:] - ends[:-1]
    if (gaps <= 2).all() and not _blank_between(records.data, starts, ends, gaps):
        return records.data[int(starts[0]) : int(ends[-1])]
    pieces = [records.data[a:b] for a, b in zip(starts.tolist(), ends.tolist())]
    return b"\n".join(pieces)


def _blank_between(data: bytes, starts: np.ndarray, ends: np.ndarray, gaps: np.ndarray) -> bool:
    """Whether a gap of two bytes is LF LF (a blank line) and not CR LF (a line break)."""
    wide = np.flatnonzero(gaps == 2)
    if len(wide) == 0:
        return False
    return bool((np.frombuffer(data, dtype=np.uint8)[ends[:-1][wide]] == 10).any())


def _check_widths(
    fields: np.ndarray, lines: np.ndarray, names: list[str], header_line: int, file: str
) -> None:
    width = len(names)
    wrong = np.flatnonzero(fields != width)
    if len(wrong) == 0:
        return
    found = int(fields[wrong[0]])
    wants = (
        f"the header (line {header_line}) names {counted(width, 'column')}"
        if header_line
        else f"{counted(width, 'name')} were given"
    )
    if len(wrong) == len(fields) > 1 and (fields == found).all():
        message = f"{file}: every row has {counted(found, 'field')}, but {wants}"
        advice = (
            "The first column seems to have no name: add one to the header."
            if found == width + 1
            else "Give every column a name, separated as the rows are."
        )
        raise DataError(f"{message} ({quoted(names, 4)}). {advice}")
    others = "" if len(wrong) == 1 else f" ({len(wrong):,} lines have a wrong count)"
    raise DataError(
        f"{file}, line {int(lines[wrong[0]])}: {counted(found, 'field')}, but {wants}"
        f"{others}. A field that contains the delimiter, a quote or a line break must stand "
        'in double quotes; a missing value still needs its delimiter ("1,,3").'
    )


def _parse_irregular(
    data: bytes, file: str, delimiter: str, names: list[str] | None, skipped: int
) -> TextTable:
    """Parse a text whose quotes are not all regular, as Python's csv module understands them.

    A quote inside an unquoted field is a character like any other (``5" pipe``).
    """
    import polars as pl

    rows: list[list[str]] = []
    lines: list[int] = []
    text = data.decode("utf-8")
    spaced = f'{delimiter} "' in text and delimiter != " "
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        strict=True,
        skipinitialspace=spaced,
    )
    start = skipped + 1
    with _FIELD_LIMIT:
        limit = csv.field_size_limit(_LONGEST_FIELD)
        try:
            for row in reader:
                if row and (len(row) > 1 or row[0].strip() or (rows and len(rows[0]) == 1)):
                    rows.append(row)
                    lines.append(start)
                start = skipped + reader.line_num + 1
        except csv.Error as error:
            raise DataError(_quote_error(file, start, str(error), delimiter)) from None
        finally:
            csv.field_size_limit(limit)
    if not rows:
        raise DataError(f"{file} is empty: it holds nothing but blank lines.")
    header_line = 0
    if names is None:
        names, header_line = rows.pop(0), lines.pop(0)
    where = np.array(lines, dtype=np.int64)
    widths = np.array([len(row) for row in rows], dtype=np.int64)
    _check_widths(widths, where, names, header_line, file)
    cells = {f"{place}": list(column) for place, column in enumerate(zip(*rows))}
    schema = {f"{place}": pl.String for place in range(len(names))}
    return TextTable(
        names, pl.DataFrame(cells or None, schema=schema), where, header_line, delimiter
    )


def _quote_error(file: str, line: int, reason: str, delimiter: str) -> str:
    if "unexpected end" in reason:
        return (
            f"{file}, line {line}: a double quote opens a field here and never closes. Close "
            'it, or write quotes that belong to the text twice inside quotes ("5"" pipe").'
        )
    return (
        f"{file}, line {line}: a quoted field goes on after its closing quote; after it only "
        f"the delimiter {shortened(delimiter)} or the end of the line may follow. Write quotes "
        'that belong to the text twice ("say ""hi""").'
    )
