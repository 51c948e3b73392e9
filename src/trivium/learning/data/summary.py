"""What print(dataset) shows: rows, columns with type and range, missing cells, notes."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from trivium.learning.data.column import Column
from trivium.learning.data.targets import quiet_task
from trivium.learning.data.words import counted

if TYPE_CHECKING:
    from trivium.learning.data.dataset import Dataset

__all__ = ["summary"]

Row = tuple[str, str, str, str, str]

WIDTH = 96
MOST_COLUMNS = 24  # a wider table shows its first and last columns
MOST_NAME = 32


def summary(dataset: Dataset, width: int = WIDTH) -> str:
    """Return the text that describes a dataset, lines of at most ``width`` characters."""
    lines = [_title(dataset), ""]
    rows = _array_rows(dataset) if dataset.columns is None else _column_rows(dataset)
    if dataset.target is not None:
        rows += _target_rows(dataset)
    if dataset.weight is not None:
        rows.append(("", "(weights)", "number", "", _range(dataset.weight)))
    lines += _aligned(rows, width)
    notes = list(dataset.notes)
    gaps = {column.is_text for column in dataset.columns or () if column.missing.any()}
    if False in gaps:
        notes.append(
            "A missing number becomes the training median, and a column of its own marks it."
        )
    if True in gaps:
        notes.append("A missing category is a level of its own.")
    if notes:
        lines += ["", "  notes"]
    for note in notes:
        lines += textwrap.wrap(note, width - 4, initial_indent="  - ", subsequent_indent="    ")
    return "\n".join(line.rstrip() for line in lines)


def _title(dataset: Dataset) -> str:
    parts = [counted(len(dataset), "row")]
    if dataset.columns is not None:
        noun = "feature" if dataset.target_name else "column"
        parts.append(counted(len(dataset.columns), noun))
    if dataset.target is not None:
        task = quiet_task(dataset)
        parts.append(f"target {dataset.target_name!r}" + (f" ({task})" if task else ""))
    else:
        parts.append("no target")
    return f"{dataset.name}: {', '.join(parts)}"


def _aligned(rows: list[Row], width: int) -> list[str]:
    """Set rows of (mark, column, type, missing, values) as a table; long values wrap."""
    head: Row = ("", "column", "type", "missing", "values")
    if not any(row[3] for row in rows):
        head = ("", "column", "type", "", "values")
    table = [head, *rows]
    widths = [max(len(row[place]) for row in table) for place in range(4)]
    lines = []
    for mark, name, kind, missing, values in table:
        start = f"{mark:<1} {name:<{widths[1]}}  {kind:<{widths[2]}}  "
        if widths[3]:
            start += f"{missing:>{widths[3]}}  "
        room = max(width - len(start), 20)
        wrapped = _wrap(_plain(values), room) or [""]
        lines.append(start + wrapped[0])
        lines += [" " * len(start) + more for more in wrapped[1:]]
    return lines


def _wrap(text: str, room: int) -> list[str]:
    return textwrap.wrap(
        text, room, max_lines=3, placeholder=" …", break_on_hyphens=False, break_long_words=True
    )


def _plain(text: str) -> str:
    return text.replace("\n", "⏎").replace("\r", "").replace("\t", " ")


def _cut(text: str, width: int) -> str:
    text = _plain(text)
    return text if len(text) <= width else text[: max(width - 1, 1)] + "…"


def _column_rows(dataset: Dataset) -> list[Row]:
    columns = dataset.columns or ()
    if len(columns) <= MOST_COLUMNS:
        return [_row(column) for column in columns]
    first, last = columns[: MOST_COLUMNS - 9], columns[-5:]
    hidden = len(columns) - len(first) - len(last)
    middle = ("", "…", "", "", f"{hidden:,} more columns")
    return [*map(_row, first), middle, *map(_row, last)]


def _row(column: Column) -> Row:
    missing = int(column.missing.sum())
    values = _levels(column) if column.is_text else _numbers(column)
    return (
        "",
        _cut(column.name, MOST_NAME),
        column.kind,
        f"{missing:,}" if missing else "",
        values,
    )


def _numbers(column: Column) -> str:
    there = column.values[~column.missing]
    if len(there) == 0:
        return "none"
    if column.kind == "boolean":
        ones = int(there.sum())
        return f"{ones:,} true, {len(there) - ones:,} false"
    return _range(there)


def _range(values: np.ndarray) -> str:
    if values.size == 0:
        return "none"
    values = values.astype(np.float64)
    low, high = float(values.min()), float(values.max())
    with np.errstate(over="ignore"):
        mean = float(values.mean())
    return f"{_number(low)} … {_number(high)}, mean {_number(mean)}"


def _number(value: float) -> str:
    if 1e3 <= abs(value) < 1e15 or (value == np.floor(value) and abs(value) < 1e15):
        return f"{value:.0f}"
    return f"{value:.4g}"


def _levels(column: Column) -> str:
    levels = column.present_levels
    if not levels:
        return "none"
    shown = ", ".join(_cut(level, MOST_NAME) for level in levels[:20])
    return f"{counted(len(levels), 'level')}: {shown}"


def _array_rows(dataset: Dataset) -> list[Row]:
    x = dataset.x
    shape = "×".join(map(str, x.shape[1:])) or "one number each"
    return [("", "x", str(x.dtype), "", f"{shape}; {_range(x.ravel())}")]


def _target_rows(dataset: Dataset) -> list[Row]:
    target, kind = dataset.target, dataset.target_kind or ""
    assert target is not None
    name = _cut(dataset.target_name, MOST_NAME)
    if target.ndim > 1:
        return [("→", name, kind, "", f"{target.shape[1]} targets; {_range(target.ravel())}")]
    if quiet_task(dataset) == "classification":
        classes, counts = np.unique(target, return_counts=True)
        shown = ", ".join(
            f"{label} ({count:,})"
            for label, count in zip(classes[:20].tolist(), counts.tolist())
        )
        return [("→", name, kind, "", f"{counted(len(classes), 'class', 'classes')}: {shown}")]
    return [("→", name, kind, "", _range(target))]
