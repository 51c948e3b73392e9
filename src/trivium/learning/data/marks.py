"""Numbers as people write them: decimal commas, separated thousands, units."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trivium.learning.data.words import Places, shortened

if TYPE_CHECKING:
    import polars as pl

__all__ = ["NumberReading", "read_numbers"]

_GERMAN = r"^[+-]?(\d+|\d{1,3}(\.\d{3})+)?,\d+([eE][+-]?\d+)?$"  # 1.234,5
_GERMAN_WHOLE = r"^[+-]?(\d+|\d{1,3}(\.\d{3})+)$"  # 1.234 is a thousand
_ENGLISH = r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$"  # 1,234.5
_AMBIGUOUS = r"^[+-]?[1-9]\d{0,2},\d{3}$"  # 1,234: a thousand, or one and a bit?
_UNIT = r"^[+-]?[$€£¥]\s*[+-]?[\d.,]*\d$|^[+-]?[\d.,]*\d\s*[%$€£¥]$"


@dataclass(frozen=True)
class NumberReading:
    """How the cells of a column read as numbers.

    ``plain`` is the text with the marks that Python knows, ``numbers`` its Float64 (null
    where a cell is no number), ``note`` what was decided, ``trouble`` why nothing could be.
    """

    plain: pl.Series
    numbers: pl.Series
    note: str = ""
    trouble: str = ""


def read_numbers(
    name: str,
    cells: pl.Series,
    numbers: pl.Series,
    others: list[str],
    decimal: str | None,
    places: Places,
) -> NumberReading:
    """Read stripped cells as numbers; ``others`` are the different ones that are none so far.

    With ``decimal`` given, it is the decimal mark and the other of point and comma separates
    thousands. Without, 1,5 and 1.234,5 have a decimal comma, and 1,234.5 and 1,234,567
    separate thousands, if all of the column agrees; 1,234 alone is a trouble.
    """
    if decimal == ",":
        fits = cells.str.contains(_GERMAN) | cells.str.contains(_GERMAN_WHOLE)
        return _reading(_without(cells, ".", ",").set(~fits, None).fill_null("no number"))
    if not others or not _all(r"\d", others):
        return NumberReading(cells, numbers)
    if decimal == ".":
        fits = cells.str.contains(_ENGLISH)
        return _reading(cells.set(fits, None).fill_null(_without(cells, ",", ".")))
    first = _first(cells, others, places)
    german, english = _all(_GERMAN, others), _all(_ENGLISH, others)
    if not german and not english:
        if not _all(f"{_UNIT}|{_GERMAN}|{_ENGLISH}", others):
            return NumberReading(cells, numbers)
        if any(re.search(_UNIT, word) for word in others):
            trouble = (
                f"column {name!r} holds numbers with a unit or currency ({first}): remove the "
                f"sign from the file, or read them as labels with categories=[{name!r}]."
            )
            return NumberReading(cells, numbers, trouble=trouble)
    pointed = cells.filter(numbers.is_not_null()).str.contains(".", literal=True).any()
    if english and (pointed or not german):
        note = f"{name!r}: thousands are separated by commas ({first})."
        return _reading(_without(cells, ",", "."), note)
    if german and not pointed and not _all(_AMBIGUOUS, others):
        return _reading(_without(cells, ".", ","), f"{name!r}: decimal commas ({first}).")
    trouble = (
        f"column {name!r}, {first}: is the comma a decimal mark or does it separate "
        "thousands? Say decimal=',' or decimal='.', or remove the commas."
    )
    return NumberReading(cells, numbers, trouble=trouble)


def _reading(plain: pl.Series, note: str = "") -> NumberReading:
    import polars as pl

    return NumberReading(plain, plain.cast(pl.Float64, strict=False).fill_nan(None), note)


def _all(pattern: str, words: list[str]) -> bool:
    return all(re.search(pattern, word) for word in words)


def _without(cells: pl.Series, separator: str, decimal: str) -> pl.Series:
    plain = cells.str.replace_all(separator, "", literal=True)
    return plain.str.replace(decimal, ".", literal=True)


def _first(cells: pl.Series, words: list[str], places: Places) -> str:
    row = int(np.flatnonzero(cells.is_in(words).to_numpy())[0])
    return f"{shortened(cells[row])} on {places.name(row)}"
