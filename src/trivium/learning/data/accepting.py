"""tv.data.as_dataset: whatever a user has in memory becomes a Dataset."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trivium.learning.data.arrays import checked_features, checked_target, checked_weight
from trivium.learning.data.column import Column
from trivium.learning.data.containers import (
    frame_arrays,
    is_frame,
    is_series,
    series_array,
)
from trivium.learning.data.dataset import Dataset
from trivium.learning.data.mapped import is_mapped, why_copied
from trivium.learning.data.source import MEMORY
from trivium.learning.data.words import shortened, word_list
from trivium.learning.errors import DataError

__all__ = ["as_dataset"]


def as_dataset(
    data: Any,
    target: Any = None,
    sample_weight: Any = None,
    *,
    training: bool = True,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    categories: Sequence[str] = (),
    missing: Sequence[str] = (),
) -> Dataset:
    """Return ``data`` as a Dataset: a Dataset, a pair (x, y), a dataframe, or x alone.

    - A pair: x of shape (N, ...) or a dataframe of N rows; y of shape (N,): text, bool, int
      or float, or (N, k) of numbers for k targets. Arrays are
      copied; one that lies in a memory-mapped file (numpy.memmap) stays there.
    - A dataframe (pandas, Polars, Arrow and whatever else narwhals knows) with ``target``
      naming a column, or with an array as ``target``; its columns are typed and reviewed as
      tv.data.read does, with the same options. Without a target, or with
      ``training=False``, every row and column stays as it is.
    - x alone: data to predict.

    ``sample_weight`` is one weight for each example: (N,), finite, not negative.

    Raises DataError for lengths that differ, no rows, objects, complex numbers, dates, NaN
    and infinity in arrays (in dataframes NaN is a missing cell), and whatever read refuses.
    """
    options: dict[str, Any] = {
        "drop": word_list(drop, "drop"),
        "keep": word_list(keep, "keep"),
        "categories": word_list(categories, "categories"),
        "missing": word_list(missing, "missing"),
        "training": training,
    }
    if isinstance(data, Dataset):
        dataset = _of_dataset(data, target, training)
    elif isinstance(data, str | os.PathLike):
        raise DataError(
            f"{str(data)!r} is a name, not data: tv.data.load({str(data)!r}) loads built-in "
            f"data, tv.data.read({str(data)!r}, target=…) reads a file."
        )
    elif isinstance(data, tuple):
        if len(data) != 2:
            raise DataError(
                f"A pair (x, y) has two members, this tuple has {len(data)}. Weights go into "
                "sample_weight=…"
            )
        if target is not None:
            raise DataError("A pair (x, y) has its target already: leave target out.")
        dataset = _of_pair(data[0], data[1], options)
    elif target is not None and not isinstance(target, str):
        dataset = _of_pair(data, target, options)
    elif is_frame(data):
        dataset = _of_frame(data, {**options, "target": target})
    else:
        dataset = _of_features(data, target)
    if sample_weight is None:
        return dataset
    weight = series_array(sample_weight)[0] if is_series(sample_weight) else sample_weight
    return replace(dataset, weight=checked_weight(weight, len(dataset)), origin=MEMORY)


def _of_dataset(data: Dataset, target: Any, training: bool) -> Dataset:
    if target is None or target == data.target_name:
        return data
    if not isinstance(target, str):
        raise DataError(f"The target of a Dataset is a column's name, not {shortened(target)}.")
    return data.with_target(target, training=training)


def _of_frame(data: Any, options: dict[str, Any]) -> Dataset:
    # What reads tables is loaded where there is one.
    from trivium.learning.data.frames import frame_columns
    from trivium.learning.data.reading import finish_table

    columns, places, notes = frame_columns(data, "dataframe", options)
    return finish_table(columns, "dataframe", places, notes, options, MEMORY)


def _of_features(data: Any, target: str | None) -> Dataset:
    if isinstance(data, Mapping):
        raise DataError(
            "A dictionary of columns is no dataframe: pass polars.DataFrame(data) or "
            "pandas.DataFrame(data)."
        )
    if data is None:
        raise DataError("There are no data (None).")
    if target is not None:
        raise DataError(
            f"target={target!r} names a column, but the data ({type(data).__name__}) have no "
            "named columns: pass a pair (x, y) or a dataframe."
        )
    if is_series(data):
        data, _ = series_array(data)
    return Dataset("arrays", array=checked_features(data), notes=_copied(data))


def _copied(x: Any) -> tuple[str, ...]:
    """A note if an array in a memory-mapped file could not stay there."""
    reason = why_copied(x) if is_mapped(x) else None
    if reason is None:
        return ()
    return (f"x was copied into memory: its memory-mapped file is {reason}.",)


def _of_pair(x: Any, y: Any, options: dict[str, Any]) -> Dataset:
    name = "y"
    if is_series(y):
        y, own = series_array(y)
        name = own or "y"
    elif is_frame(y):
        y = np.column_stack([np.asarray(column) for column in frame_arrays(y)])
    elif y is None:
        raise DataError("The pair (x, y) has no y (None): for data to predict pass x alone.")
    if not is_frame(x):
        if is_series(x):
            x, _ = series_array(x)
        array = checked_features(x)
        values = checked_target(y, len(array))
        return Dataset("arrays", array=array, target=values, target_name=name, notes=_copied(x))
    return _of_frame_pair(x, y, name, options)


def _of_frame_pair(x: Any, y: Any, name: str, options: dict[str, Any]) -> Dataset:
    from trivium.learning.data.frames import frame_columns
    from trivium.learning.data.reading import finish_table
    from trivium.learning.data.review import review_columns

    columns, places, found = frame_columns(x, "dataframe", options)
    values = checked_target(y, len(columns[0]) if columns else None)
    table = finish_table(columns, "dataframe", places, found, options, MEMORY)
    used: tuple[Column, ...] = table.columns or ()
    aside: tuple[Column, ...] = ()
    notes: list[str] = []
    if options["training"] and len(table) > 1:
        used, aside, notes = review_columns(used, "dataframe", options["keep"])
    return replace(
        table,
        columns=used,
        set_aside=aside,
        target=values,
        target_name=name,
        notes=(*table.notes, *notes),
    )
