"""A dataframe of any library (pandas, Polars, Arrow ...) as typed columns."""

from __future__ import annotations

import datetime
import decimal
from collections import Counter
from typing import Any

import numpy as np

from trivium.learning.data.arrays import is_absent
from trivium.learning.data.column import Column
from trivium.learning.data.inference import Rules, category_column, infer_columns
from trivium.learning.data.reading import check_dropped, check_rows
from trivium.learning.data.words import ROWS, Places, quoted, shortened
from trivium.learning.errors import DataError

__all__ = ["frame_columns"]


def frame_columns(
    data: Any, name: str, options: dict[str, Any]
) -> tuple[list[Column], Places, list[str]]:
    """Return the typed columns of a dataframe, named as in ``data`` (numbers become text).

    Columns of numbers, truth values and categoricals keep their type; text is read by the
    rules of a text file (infer_columns). Null and NaN are missing.

    Raises DataError for two columns of one name, no rows, and for cells that are neither
    number, truth value, text nor date.
    """
    import narwhals as nw

    names = [str(column) for column in _native_names(data)]
    twice = [column for column, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"{name}: more than one column is called {quoted(twice)}.")
    if not names:
        raise DataError(f"{name} has no columns.")
    frame = nw.from_native(data)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    dropped = set(options.get("drop", ()))
    check_dropped(dropped, names, name)
    check_rows(name, len(frame), names, options)
    rules = Rules(
        categories=options.get("categories", ()),
        missing=frozenset(word.strip().lower() for word in options.get("missing", ())),
        decimal=options.get("decimal"),
    )
    columns = [
        _typed(column, frame[:, place], rules, name)
        for place, column in enumerate(names)
        if column not in dropped
    ]
    return columns, ROWS, []


def _native_names(data: Any) -> list[Any]:
    if hasattr(data, "column_names"):  # Arrow
        return list(data.column_names)
    if hasattr(data, "collect_schema"):  # Polars, lazy or not
        return list(data.collect_schema().names())
    return list(data.columns)


def _typed(name: str, series: Any, rules: Rules, table: str) -> Column:
    import narwhals as nw

    kind = series.dtype
    if kind.is_numeric() or kind == nw.Boolean:
        column = _numeric(name, series, kind)
        return _as_labels(column) if name in rules.categories else column
    if isinstance(kind, nw.Date | nw.Datetime | nw.Time | nw.Duration):
        return _dates(name, series)
    texts = series.to_list()
    if isinstance(kind, nw.Categorical | nw.Enum):
        return _categories(name, [None if is_absent(cell) else str(cell) for cell in texts])
    if isinstance(kind, nw.List | nw.Array | nw.Struct | nw.Binary):
        raise DataError(
            f"{table}: column {name!r} holds {kind} values, {shortened(texts[0])} in "
            f"{ROWS.name(0)}; a cell is a number, a truth value or a text."
        )
    return _of_objects(name, texts, rules, table)


def _numeric(name: str, series: Any, kind: Any) -> Column:
    import narwhals as nw

    if kind == nw.Boolean:
        cells = [np.nan if is_absent(cell) else float(cell) for cell in series.to_list()]
        return Column(name, "boolean", np.array(cells, dtype=np.float64))
    values = series.cast(nw.Float64).to_numpy().astype(np.float64)
    if series.null_count():
        values = np.where(series.is_null().to_numpy(), np.nan, values)
    infinite = np.flatnonzero(np.isinf(values))
    trouble = ""
    if len(infinite):
        trouble = (
            f"column {name!r}, {ROWS.name(int(infinite[0]))}: the number is infinite. Write a "
            "finite number, or NaN (missing)."
        )
    return Column(name, "integer" if kind.is_integer() else "number", values, trouble=trouble)


def _as_labels(column: Column) -> Column:
    import polars as pl

    cells = pl.Series(column.name, column.texts().tolist(), dtype=pl.String)
    return category_column(column.name, cells.fill_null(""), cells.is_null())


def _dates(name: str, series: Any) -> Column:
    cells = ["" if is_absent(cell) else str(cell) for cell in series.to_list()]
    there = [row for row, cell in enumerate(cells) if cell]
    first = f"{shortened(cells[there[0]])} in {ROWS.name(there[0])}" if there else "no value"
    trouble = (
        f"column {name!r} holds dates or times ({first}), and a model needs numbers. Replace "
        "it by what matters about it (days since a first day, month, weekday, hour), or leave "
        f"it out with drop=[{name!r}]."
    )
    import polars as pl

    text = pl.Series(name, cells, dtype=pl.String)
    return category_column(name, text, text == "", kind="date", trouble=trouble)


def _categories(name: str, cells: list[str | None]) -> Column:
    import polars as pl

    text = pl.Series(name, cells, dtype=pl.String)
    return category_column(name, text.fill_null(""), text.is_null())


def _of_objects(name: str, cells: list[Any], rules: Rules, table: str) -> Column:
    """Type a column whose cells are Python objects: text, numbers, truth values, dates."""
    import polars as pl

    types = {type(cell) for cell in cells if not is_absent(cell)}
    if types and all(issubclass(kind, bool | np.bool_) for kind in types):
        values = [np.nan if is_absent(cell) else float(cell) for cell in cells]
        return Column(name, "boolean", np.array(values, dtype=np.float64))
    if types and all(issubclass(kind, datetime.date | datetime.time) for kind in types):
        return _dates(name, pl.Series(name, [None if is_absent(c) else str(c) for c in cells]))
    plain = (str, int, float, bool, np.number, np.bool_, decimal.Decimal)
    for row, cell in enumerate(cells):
        if not is_absent(cell) and not isinstance(cell, plain):
            raise DataError(
                f"{table}, {ROWS.name(row)}: column {name!r} holds {shortened(cell)}, of type "
                f"{type(cell).__name__}; a cell is a number, a truth value or a text."
            )
    texts = ["" if is_absent(cell) else str(cell) for cell in cells]
    text = pl.DataFrame({"cells": pl.Series(texts, dtype=pl.String)})
    return infer_columns([name], text, rules, ROWS)[0]
