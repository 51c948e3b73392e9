"""tv.data.read: a CSV or Parquet file becomes a Dataset."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trivium.learning.data.column import Column
from trivium.learning.data.dataset import Dataset
from trivium.learning.data.delimited import TextTable, parse_table
from trivium.learning.data.files import PARQUET, as_text, file_bytes, file_path, sha256_of
from trivium.learning.data.inference import Rules, infer_columns
from trivium.learning.data.review import choose_target, find_column, one_row
from trivium.learning.data.source import Origin
from trivium.learning.data.words import (
    Places,
    counted,
    did_you_mean,
    quoted,
    shortened,
    word_list,
)
from trivium.learning.errors import DataError

__all__ = ["check_dropped", "check_rows", "finish_table", "read"]


def read(
    path: str | os.PathLike[str],
    target: str | None = None,
    *,
    training: bool = True,
    weight: str | None = None,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    categories: Sequence[str] = (),
    missing: Sequence[str] = (),
    delimiter: str | None = None,
    decimal: str | None = None,
    names: Sequence[str] | None = None,
) -> Dataset:
    """Read a table from a CSV file (or one with ; tab | instead) or from a Parquet file.

    ``target`` names the column to be learned. With it the table is reviewed for training:
    columns that are no features (constant, identifiers, free text) are set aside and
    reported in ``notes``. Without it, or with ``training=False``, every row and column stays
    as it is: a table to look at or to predict.

    ``weight`` names a column of example weights. ``drop`` leaves columns out, ``keep`` keeps
    columns that would be set aside, ``categories`` reads columns of numbers as labels.
    ``missing`` lists further words for a missing cell (besides an empty one, NA, N/A, NaN,
    null, ? and -). ``delimiter`` and ``decimal`` ("." or ",") are guessed when not given;
    ``names`` are the columns' names of a file without a header line.

    Raises DataError, naming file, line and column, for everything that keeps the table from
    being used; see the page "Data" for the rules.
    """
    full = file_path(path)
    file = os.path.basename(full)
    data = file_bytes(full)
    options: dict[str, Any] = {
        "drop": word_list(drop, "drop"),
        "keep": word_list(keep, "keep"),
        "categories": word_list(categories, "categories"),
        "missing": word_list(missing, "missing"),
        "names": None if names is None else word_list(names, "names"),
        "delimiter": delimiter,
        "decimal": decimal,
        "weight": weight,
        "target": target,
        "training": training,
    }
    options = {key: value for key, value in options.items() if value not in (None, [])}
    if decimal not in (None, ".", ","):
        raise DataError(f"decimal is '.' or ',' (or None: guess), not {decimal!r}.")
    lower = full.lower()
    is_parquet = lower.endswith((".parquet", ".pq"))
    if is_parquet:
        columns, places, notes = _parquet_columns(data, file, options)
    else:
        columns, places, notes = _text_columns(data, file, options)
    origin = Origin(
        {
            "kind": "file",
            "path": full,
            "format": "parquet" if is_parquet else "csv",
            "bytes": len(data),
            "options": options,
        },
        sha256_of(data),
    )
    return finish_table(columns, file, places, notes, options, origin)


def finish_table(
    columns: list[Column],
    name: str,
    places: Places,
    notes: list[str],
    options: dict[str, Any],
    origin: Origin,
) -> Dataset:
    """Make a Dataset of typed columns: weight, target and review as the options say."""
    target, weight = options.get("target"), options.get("weight")
    keep = options.get("keep", ())
    named = [column.name for column in columns]
    for word in keep:
        find_column(word, columns, name, "keep")
    for word in options.get("categories", ()):
        if word not in options.get("drop", ()):
            find_column(word, columns, name, "categories")
    weights = None
    if weight is not None:
        if weight == target:
            raise DataError(f"{name}: {weight!r} cannot be the target and the weight at once.")
        weights = _weights(find_column(weight, columns, name, "weight"), name, places)
        columns = [column for column in columns if column.name != weight]
    notes += [column.note for column in columns if column.note]
    if not columns:
        raise DataError(f"{name} has no column left ({quoted(named)}).")
    table = Dataset(
        name,
        columns=tuple(columns),
        weight=weights,
        notes=tuple(notes),
        places=places,
        origin=origin,
    )
    if target is None:
        troubles = [_sentence(column.trouble) for column in columns if column.trouble]
        return replace(table, notes=(*notes, *troubles))
    training = bool(options.get("training", True))
    chosen = choose_target(table, target, training=training, keep=keep)
    return replace(chosen, origin=origin)


def check_rows(table: str, rows: int, names: Sequence[str], options: dict[str, Any]) -> None:
    """Raise DataError for a table without rows, and for one row to be learned from."""
    if rows == 0:
        raise DataError(
            f"{table} holds the names of {counted(len(names), 'column')} ({quoted(names)}) but "
            "no rows."
        )
    if rows == 1 and options.get("target") is not None and options.get("training", True):
        raise one_row(table, len(names))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _weights(column: Column, name: str, places: Places) -> np.ndarray:
    from trivium.learning.data.arrays import checked_weight

    values, misfit = column.numbers()
    if misfit is not None or column.kind == "date":
        word = shortened(column.texts()[misfit or 0])
        raise DataError(
            f"{name}: weights are numbers, but column {column.name!r} holds {word} on "
            f"{places.name(misfit or 0)}."
        )
    missing = np.flatnonzero(np.isnan(values))
    if len(missing):
        raise DataError(
            f"{name}: the weight {column.name!r} is missing on {places.names(missing)}."
        )
    return checked_weight(values, len(values))


def _text_columns(
    data: bytes, file: str, options: dict[str, Any]
) -> tuple[list[Column], Places, list[str]]:
    text = as_text(data, file)
    given = options.get("names")
    table = parse_table(text, file, options.get("delimiter"), given)
    names, notes = _column_names(table, file, given is not None)
    check_rows(file, len(table.lines), names, options)  # before 10,000 columns are typed
    places = Places(table.lines)
    rules = Rules(
        categories=options.get("categories", ()),
        missing=frozenset(word.strip().lower() for word in options.get("missing", ())),
        decimal=options.get("decimal"),
    )
    dropped = set(options.get("drop", ()))
    check_dropped(dropped, names, file)
    kept = [place for place, name in enumerate(names) if name not in dropped]
    cells = table.cells[:, kept]
    return infer_columns([names[place] for place in kept], cells, rules, places), places, notes


def check_dropped(dropped: set[str], names: Sequence[str], table: str) -> None:
    """Raise DataError for a column to be dropped that is not there."""
    for name in sorted(dropped - set(names)):
        raise DataError(
            f"{table} has no column {name!r} to drop.{did_you_mean(name, names)} "
            f"Its columns: {quoted(names, 12)}."
        )


def _column_names(table: TextTable, file: str, given: bool) -> tuple[list[str], list[str]]:
    names = [name.strip() for name in table.names]
    notes: list[str] = []
    if not given and _is_data(names):
        raise DataError(
            f"{file}, line {table.header_line}: the first line should name the columns, but "
            f"it looks like data ({quoted(names, 4)}). Add a line of names, or give them: "
            "names=[…]."
        )
    unnamed = [place for place, name in enumerate(names) if not name]
    for place in unnamed:
        names[place] = f"column_{place + 1}"
    if unnamed:
        notes.append(
            f"{counted(len(unnamed), 'column')} without a name called "
            f"{quoted(names[place] for place in unnamed)}."
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        where = [str(place + 1) for place, name in enumerate(names) if name == twice[0]]
        also = f" (also {quoted(twice[1:])})" if len(twice) > 1 else ""
        raise DataError(
            f"{file}, line {table.header_line}: two columns are called {twice[0]!r} "
            f"(columns {', '.join(where[:5])}){also}. Give every column a name of its own."
        )
    return names, notes


def _is_data(names: list[str]) -> bool:
    """Whether a header looks like data: mostly numbers, and not just counted columns."""
    numeric = [name for name in names if _reads_as_number(name)]
    if 2 * len(numeric) <= len(names):
        return False
    return len(set(numeric)) < len(numeric) or any(not name.isdigit() for name in numeric)


def _reads_as_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return "_" not in name


def _parquet_columns(
    data: bytes, file: str, options: dict[str, Any]
) -> tuple[list[Column], Places, list[str]]:
    import polars as pl

    from trivium.learning.data.frames import frame_columns

    if not data:
        raise DataError(f"{file} is empty (0 bytes).")
    if not data.startswith(PARQUET):
        raise DataError(
            f"{file} is called a Parquet file but does not begin like one. If it is text, "
            "rename it to end in .csv."
        )
    for option in ("delimiter", "decimal", "names"):
        if option in options:
            raise DataError(f"{option} has no meaning for a Parquet file ({file}).")
    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "unreadable"
        raise DataError(f"{file} is a damaged Parquet file ({reason:.120}).") from None
    return frame_columns(frame, file, options)
