"""A table gets its target: checks of the rows, columns that are no features, leaks."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from trivium.learning.data.codes import MAX_LEVELS
from trivium.learning.data.column import TRUE_WORDS, Column
from trivium.learning.data.words import Places, counted, did_you_mean, quoted, shortened
from trivium.learning.errors import DataError

if TYPE_CHECKING:
    from trivium.learning.data.dataset import Dataset

__all__ = [
    "choose_target",
    "find_column",
    "one_row",
    "review_columns",
    "target_values",
]

UNIQUE_FROM = 10  # text that never repeats is an identifier from this many rows on

_IDENTIFIER = re.compile(
    r"^(id|ids|uid|uuid|guid|index|idx|key|no|nr|num|number|nummer|#|unnamed.*|column_1"
    r"|(row|record|serial|sample|case)s?([ _.-]?(id|no|nr|num|number|names?|index))?)$"
    r"|[ _.-](id|idx|uid|uuid|no|nr)$",
    re.IGNORECASE,
)
_CAMEL_IDENTIFIER = re.compile(r"[a-z](Id|ID|No|Nr)$")


def find_column(name: str, columns: Sequence[Column], table: str, what: str) -> Column:
    """Return the column called ``name``; DataError with the nearest name and all names."""
    for column in columns:
        if column.name == name:
            return column
    names = [column.name for column in columns]
    hint = did_you_mean(name, names) if isinstance(name, str) else ""
    single = (
        " (One column only: if its name shows the delimiter, say delimiter=….)"
        if len(names) == 1
        else ""
    )
    raise DataError(
        f"{table} has no {what} column {name!r}.{hint} "
        f"Its columns: {quoted(names, 12)}.{single}"
    )


def choose_target(
    table: Dataset, name: str, *, training: bool = True, keep: Collection[str] = ()
) -> Dataset:
    """Return ``table`` with its column ``name`` as the target.

    For training the rows and columns are reviewed: rows without any value are dropped,
    columns that cannot be features are set aside and reported. ``training=False`` (a table
    to predict or score) leaves all rows and columns as they are.

    Raises DataError if the column is not there, has missing cells or no usable type, and for
    training if there are fewer than two rows or the target never changes.
    """
    if table.columns is None or table.target is not None:
        state = (
            f"has a target already ({table.target_name!r})"
            if table.is_table
            else ("is an array without named columns: pass a pair (x, y) instead")
        )
        raise DataError(f"{table.name} {state}.")
    target = find_column(name, table.columns, table.name, "target")
    if training and len(table) < 2:
        raise one_row(table.name, len(table.columns))
    notes = list(table.notes)
    whole = table
    if training:
        empty = np.logical_and.reduce([column.missing for column in table.columns])
        if empty.any() and not empty.all():
            rows = np.flatnonzero(empty)
            notes.append(
                f"{counted(len(rows), 'row')} without any value left out "
                f"({table.places.names(rows)})."
            )
            table = table._rows(np.flatnonzero(~empty), None)
            target = find_column(name, table.columns or (), table.name, "target")
    values = _checked_target(target, table.name, table.places, training)
    columns = tuple(column for column in table.columns or () if column.name != name)
    notes = [note for note in notes if not note.startswith(f"{name!r}:")]
    aside: tuple[Column, ...] = ()
    if training:
        columns, aside, found = review_columns(columns, table.name, keep)
        notes += found + leaks(columns, target)
    return replace(
        table,
        columns=columns,
        set_aside=aside,
        target=values,
        target_name=name,
        notes=tuple(notes),
        origin=whole.origin.then({"target": name, "training": training, "keep": sorted(keep)}),
    )


def one_row(table: str, columns: int) -> DataError:
    """Return the error for a table of one row."""
    return DataError(
        f"{table} holds one row ({counted(columns, 'column')}): nothing can be learned from "
        "one sample. Two rows are the least, hundreds are usual."
    )


def _checked_target(column: Column, table: str, places: Places, training: bool) -> np.ndarray:
    missing = np.flatnonzero(column.missing)
    if len(missing) == len(column):
        raise DataError(f"{table}: target {column.name!r} has no value in any row.")
    if len(missing):
        raise DataError(
            f"{table}: target {column.name!r} is missing in {counted(len(missing), 'row')} "
            f"({places.names(missing)}; an empty cell, NA, null and the like). Nothing can be "
            "learned from a row without its answer: fill in the values or remove these rows."
        )
    if column.trouble:
        raise DataError(f"{table}: the target, {column.trouble}")
    values = target_values(column)
    if training and bool((values == values[0]).all()):
        raise DataError(
            f"{table}: target {column.name!r} is {shortened(values[0].item())} in all "
            f"{len(values):,} rows, so there is nothing to learn. Choose another target, or "
            "add rows where it differs."
        )
    return values


def target_values(column: Column) -> np.ndarray:
    """Return a column without missing cells as a raw target (N,): text, bool, int or float.

    Truth values that were words keep them, in the spelling that comes first, so that a
    prediction speaks as the file does.
    """
    if column.is_text:
        table = np.array(column.levels, dtype=str)
        return table[column.values]
    if column.kind == "boolean":
        truth = column.values > 0
        if column.raw is None:
            return truth
        words = np.array(column.texts(), dtype=str)
        spelled = {True: "", False: ""}
        for word in dict.fromkeys(words.tolist()):
            key = word.casefold() in TRUE_WORDS
            spelled[key] = spelled[key] or word
        return np.where(truth, spelled[True], spelled[False])
    if column.kind == "integer" and bool((np.abs(column.values) < 2**53).all()):
        return column.values.astype(np.int64)
    return np.array(column.values)


def review_columns(
    columns: Sequence[Column], table: str, keep: Collection[str] = ()
) -> tuple[tuple[Column, ...], tuple[Column, ...], list[str]]:
    """Part columns into features and those set aside, with a note for each of the latter.

    Set aside are columns without a value, constants, identifiers and free text, unless
    named in ``keep``. Raises DataError for a column that a model would need in another form
    (dates, numbers with words between them, infinite numbers) and if no feature is left.
    """
    used: list[Column] = []
    aside: list[Column] = []
    reasons: list[str] = []
    troubles = [column for column in columns if column.trouble]
    if troubles:
        _raise_trouble(troubles, table)
    for column in columns:
        reason = _no_feature(column)
        if reason and (column.name not in keep or column.missing.all()):
            aside.append(column)
            reasons.append(f"{column.name!r} set aside: {reason}.")
            continue
        used.append(column)
        levels = len(column.levels or ())
        if levels > MAX_LEVELS:
            reasons.append(
                f"{column.name!r} has {levels:,} levels: the {MAX_LEVELS} most frequent get a "
                "column each, the others share one."
            )
    if not used:
        why = " ".join(reasons[:5]) or "Besides the target there is no column."
        raise DataError(f"{table} has no feature to learn from. {why}")
    return tuple(used), tuple(aside), _together(reasons)


def _together(reasons: list[str], limit: int = 12) -> list[str]:
    if len(reasons) <= limit:
        return reasons
    return [*reasons[:limit], f"{len(reasons) - limit:,} more columns likewise."]


def _raise_trouble(troubles: list[Column], table: str) -> NoReturn:
    rest = [column.name for column in troubles[1:]]
    more = (
        f" (Also to be looked at: {'column' if len(rest) == 1 else 'columns'} {quoted(rest)}.)"
        if rest
        else ""
    )
    raise DataError(f"{table}: {troubles[0].trouble}{more}")


def _no_feature(column: Column) -> str:
    """Why a column cannot be a feature, empty if it can."""
    missing = column.missing
    there = len(column) - int(missing.sum())
    if there == 0:
        return "no value in any row"
    if _is_long_number(column):
        return "an identifier (whole numbers that never repeat)"
    if column.is_constant:
        return f"the same value in every row ({_cell(column, 0)})"
    if column.is_text:
        different = len(column.present_levels)
        if different == there and there >= UNIQUE_FROM:
            return f"{there:,} different texts in {there:,} rows, an identifier or free text"
        if different > MAX_LEVELS and 2 * different > there:
            return f"{different:,} different texts in {there:,} rows, too many to be categories"
        return ""
    named = _IDENTIFIER.search(column.name) or _CAMEL_IDENTIFIER.search(column.name)
    if named and column.kind == "integer" and there == len(column):
        if len(np.unique(column.values)) == there:
            return "an identifier (whole numbers that never repeat)"
    return ""


def _is_long_number(column: Column) -> bool:
    """Whether the cells are different whole numbers beyond 2**53, where float64 has gaps."""
    if column.kind != "integer" or column.raw is None or column.missing.any():
        return False
    if not (np.abs(column.values) >= 2.0**53).any():
        return False
    return len(set(column.texts().tolist())) == len(column)


def _cell(column: Column, row: int) -> str:
    return shortened(str(column.texts()[row])) if column.is_text else f"{column.values[row]:g}"


def leaks(columns: Sequence[Column], target: Column) -> list[str]:
    """Return a note for each column that is the target, or that the target's classes rename."""
    notes: list[str] = []
    answer = _codes(target)
    classes = len(np.unique(answer))
    for column in columns:
        if column.missing.any():
            continue
        if column.is_text == target.is_text and _same(column, target):
            fact = f"is identical to the target {target.name!r}"
        elif 2 * classes <= len(answer) and classes <= MAX_LEVELS and _renames(column, answer):
            fact = f"tells the target {target.name!r} one to one"
        else:
            continue
        notes.append(
            f"{column.name!r} {fact}: if it is not known before the answer is, leave it out "
            f"(drop=[{column.name!r}])."
        )
    return notes


def _same(column: Column, target: Column) -> bool:
    if column.is_text and column.levels != target.levels:
        return False
    return bool(np.array_equal(column.values, target.values))


def _codes(column: Column) -> np.ndarray:
    return np.unique(column.values, return_inverse=True)[1]


def _renames(column: Column, answer: np.ndarray) -> bool:
    codes = _codes(column)
    if codes.max() != answer.max():
        return False
    return len(np.unique(codes * (answer.max() + 1) + answer)) == answer.max() + 1
