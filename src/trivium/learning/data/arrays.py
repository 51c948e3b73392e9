"""Arrays as data: what may come in, and the first cell that may not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trivium.learning.data.mapped import MappedRows, is_mapped, why_copied
from trivium.learning.data.words import counted, shortened
from trivium.learning.errors import DataError

__all__ = [
    "checked_features",
    "checked_target",
    "checked_weight",
    "index_text",
    "is_absent",
]


_NO_ANSWER = "Nothing can be learned from a row without its answer."
_FEATURES_ARE_NUMBERS = (
    "An array holds numbers only: for columns of text or of different types pass a dataframe "
    "with target=…, or read the file with tv.data.read."
)


def is_absent(cell: Any) -> bool:
    """Whether a cell is None, NaN, NaT or NA, of whatever library."""
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(cell, float | np.floating) and bool(np.isnan(cell))


def index_text(index: Sequence[int], name: str = "x") -> str:
    """Return ``x[3, 1] (row 3, column 1)``."""
    numbers = [int(i) for i in index]
    place = f"{name}[{', '.join(map(str, numbers))}]"
    if len(numbers) == 2:
        return f"{place} (row {numbers[0]}, column {numbers[1]})"
    return f"{place} (row {numbers[0]})" if numbers else name


def _as_array(values: Any, name: str) -> np.ndarray:
    if hasattr(values, "toarray") and hasattr(values, "nnz"):
        raise DataError(
            f"{name} is a sparse matrix of shape {values.shape}: pass {name}.toarray()."
        )
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise DataError(
            f"{name} is a masked array with {counted(int(values.mask.sum()), 'masked cell')}: "
            "fill them, or pass a dataframe (its missing cells are imputed)."
        )
    try:
        array = np.asarray(values)
    except ValueError:
        raise DataError(_ragged(values, name)) from None
    except Exception as error:
        raise DataError(f"{name} cannot be read as an array: {error}.") from None
    if array.ndim == 0:
        raise DataError(
            f"{name} is {shortened(values)} ({type(values).__name__}): an array with one entry "
            "for each example is needed."
        )
    return array


def _ragged(values: Any, name: str) -> str:
    try:
        lengths = [len(row) if hasattr(row, "__len__") else 0 for row in values]
        odd = next(i for i, length in enumerate(lengths) if length != lengths[0])
        return (
            f"The rows of {name} differ in length: row 0 has {lengths[0]} entries, row {odd} "
            f"has {lengths[odd]}."
        )
    except (StopIteration, TypeError):
        return f"The rows of {name} differ in shape, so it is no array."


def checked_features(values: Any, name: str = "x") -> np.ndarray | MappedRows:
    """Return features as a new read-only array (N, ...) of bool, int or float.

    An array in a memory-mapped file is checked some rows at a time and stays in its file.
    Raises DataError for no rows or no features, text, objects, complex numbers, dates, and
    for the first NaN or infinity.
    """
    array = _as_array(values, name)
    if array.dtype.kind in "US":  # a list of numbers with one text in it became all text
        mixed = isinstance(values, list | tuple)
        array = np.array(values, dtype=object) if mixed else array.astype(object)
    if array.dtype == object:
        array = _numbers_of_objects(array, name, _FEATURES_ARE_NUMBERS)
    _refuse_kind(array, name)
    if len(array) == 0:
        raise DataError(f"{name} has no rows (shape {array.shape}).")
    if array.size == 0:
        raise DataError(f"{name} has {len(array):,} rows without any entry ({array.shape}).")
    advice = "Impute or remove it, or pass a dataframe: there NaN is a missing cell, imputed."
    if is_mapped(values) and why_copied(array) is None:
        mapped = MappedRows(array)
        done = 0
        for piece in mapped.pieces():
            _check_finite(piece, name, advice, done)
            done += len(piece)
        return mapped
    _check_finite(array, name, advice)
    return np.array(array)


def _refuse_kind(array: np.ndarray, name: str) -> None:
    kind = array.dtype.kind
    if kind in "biuf":
        return
    what = {"c": "complex numbers", "M": "dates", "m": "durations", "V": "records"}
    advice = {
        "c": f"pass {name}.real and {name}.imag as two features",
        "M": "pass numbers, such as the days since a first day",
        "m": "divide by a unit, such as numpy.timedelta64(1, 'D')",
    }
    raise DataError(
        f"{name} holds {what.get(kind, f'values of type {array.dtype}')} (dtype {array.dtype}, "
        f"shape {array.shape}); data are real numbers: "
        f"{advice.get(kind, 'pass columns of numbers')}."
    )


def _check_finite(array: np.ndarray, name: str, advice: str, row: int = 0) -> None:
    """``row``: the number of the first one."""
    if array.dtype.kind != "f":
        return
    bad = ~np.isfinite(array)
    if bad.any():
        first = np.argwhere(bad)[0]
        value = array[tuple(first)]
        first[0] += row
        word = "NaN" if np.isnan(value) else "infinite"
        count = int(bad.sum())
        raise DataError(
            f"{index_text(first, name)} is {word}; {counted(count, 'entry', 'entries')} of "
            f"{array.size:,} {'is' if count == 1 else 'are'} not finite. {advice}"
        )


def _numbers_of_objects(array: np.ndarray, name: str, advice: str) -> np.ndarray:
    """Return an object array of plain numbers as numbers; DataError for the first misfit."""
    for index in np.ndindex(array.shape):
        value = array[index]
        number = isinstance(value, int | float | np.number | np.bool_)
        if not number or isinstance(value, np.complexfloating):
            what = "missing" if is_absent(value) else shortened(value)
            raise DataError(
                f"{index_text(index, name)} is {what}, of type {type(value).__name__}, and no "
                f"number. {advice}"
            )
    try:
        return array.astype(np.float64)
    except (OverflowError, ValueError, TypeError) as error:
        raise DataError(f"{name} cannot be read as float64 numbers: {error}.") from None


def checked_target(values: Any, n: int | None, name: str = "y") -> np.ndarray:
    """Return a raw target as a new read-only array: text, bool, int64 or float64.

    Shapes (N,) and (N, k); (N, 1) is taken as (N,). ``n`` is the number of rows that x has.
    Raises DataError if the lengths differ, and for what no target can be.
    """
    array = _as_array(values, name)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim > 2 or (array.ndim == 2 and array.shape[1] == 0):
        raise DataError(
            f"{name} has shape {array.shape}; a target is (N,) or (N, k) with at least one "
            "column."
        )
    if n is not None and len(array) != n:
        raise DataError(
            f"x has {counted(n, 'row')}, but {name} has {len(array):,} (shape {array.shape}): "
            "both need one entry for each example."
        )
    if array.dtype == object:
        array = _target_of_objects(array, name)
    kind = array.dtype.kind
    if kind == "S":
        array = np.char.decode(array, "utf-8")
    elif kind == "U":
        pass
    else:
        _refuse_kind(array, name)
        _check_finite(array, name, _NO_ANSWER)
    if array.ndim == 2:
        if array.dtype.kind == "U":
            raise DataError(f"{name} has shape {array.shape}: one label for each row, (N,).")
        return np.array(array, dtype=np.float64)
    if array.dtype.kind in "iu":
        if array.dtype.kind == "u" and array.size and array.max() > np.iinfo(np.int64).max:
            raise DataError(f"{name} holds {array.max()}, too large for a 64-bit integer.")
        return array.astype(np.int64)
    return array.astype(np.float64) if array.dtype.kind == "f" else np.array(array)


def _target_of_objects(array: np.ndarray, name: str) -> np.ndarray:
    if array.ndim == 1 and array.size and all(isinstance(value, str) for value in array):
        return array.astype(str)
    if array.ndim == 1:
        if array.size and all(isinstance(value, bool | np.bool_) for value in array):
            return array.astype(bool)
        whole = (int, np.integer)
        if array.size and all(
            isinstance(value, whole) and not isinstance(value, bool) for value in array
        ):
            try:
                return array.astype(np.int64)
            except OverflowError:
                raise DataError(f"{name} holds a number too large for 64 bits.") from None
        texts = [i for i, value in enumerate(array) if isinstance(value, str)]
        if texts:
            odd = next(i for i, value in enumerate(array) if not isinstance(value, str))
            missing = is_absent(array[odd])
            raise DataError(
                f"{name}[{odd}] is {'missing' if missing else shortened(array[odd])}, but "
                f"{name}[{texts[0]}] is the text {shortened(array[texts[0]])}. "
                + (_NO_ANSWER if missing else "Labels are all text or all numbers.")
            )
    return _numbers_of_objects(array, name, _NO_ANSWER)


def checked_weight(values: Any, n: int, name: str = "sample_weight") -> np.ndarray:
    """Return weights (N,) as a new float64 array: finite, not negative, not all zero."""
    array = _as_array(values, name)
    if array.dtype == object:
        array = _numbers_of_objects(array, name, "Every example needs a weight.")
    if array.dtype.kind not in "biuf" or array.shape != (n,):
        raise DataError(
            f"{name} is {array.dtype} of shape {array.shape}; one real number for each of the "
            f"{counted(n, 'row')} is needed, shape ({n},)."
        )
    _check_finite(array, name, "Every example needs a weight; 0 leaves it out.")
    array = array.astype(np.float64)
    negative = np.flatnonzero(array < 0)
    if len(negative):
        row = int(negative[0])
        raise DataError(f"{name}[{row}] is {array[row]:g}: a weight is not negative.")
    if n and not array.any():
        raise DataError(f"{name} is zero for all {n:,} rows: nothing would be learned.")
    return array
