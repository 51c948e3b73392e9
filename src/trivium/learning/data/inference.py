"""From a column of text to its type: numbers, truth values, categories, dates."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trivium.learning.data.column import Column
from trivium.learning.data.words import Places, counted, shortened

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MISSING", "MISSING_AMONG_NUMBERS", "Rules", "category_column", "infer_column"]

# What counts as missing, in any capitals and with blanks around it.
MISSING = frozenset(
    ["", "na", "n/a", "n.a.", "#n/a", "#na", "<na>", "nan", "-nan", "+nan", "null", "?", "-"]
)
# What counts as missing besides where all other cells are numbers.
MISSING_AMONG_NUMBERS = frozenset(
    ["none", "nil", "nd", "n.d.", "missing", "unknown", ".", "..", "...", "--", "---", "*",
     "#null!", "#value!", "#ref!", "#num!", "#div/0!", "#name?"]
)  # fmt: skip

MOSTLY = 0.9  # from this share on, the cells that do not fit are taken for mistakes

_GERMAN = r"^[+-]?(\d+|\d{1,3}(\.\d{3})+)?,\d+([eE][+-]?\d+)?$"  # 1.234,5
_GERMAN_WHOLE = r"^[+-]?(\d+|\d{1,3}(\.\d{3})+)$"  # 1.234 is a thousand
_ENGLISH = r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$"  # 1,234.5
_AMBIGUOUS = r"^[+-]?[1-9]\d{0,2},\d{3}$"  # 1,234: a thousand, or one and a bit?
_UNIT = r"^[+-]?[$€£¥]\s*[+-]?[\d.,]*\d$|^[+-]?[\d.,]*\d\s*[%$€£¥]$"
_CODE = r"^[+-]?0\d+$"  # 007: leading zeros are lost in a number
_CLOCK = r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?(\s*[AaPp]\.?[Mm]\.?)?(\s*(Z|UTC|[+-]\d{2}:?\d{2}))?"
_MONTH = r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-zA-Z]{0,6}\.?"
_DAY = (
    r"\d{4}([-/.])\d{1,2}[-/.]\d{1,2}"
    r"|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})"
    rf"|\d{{1,2}}[-. ]{{1,2}}{_MONTH}[-,. ]{{1,2}}(\d{{4}}|\d{{2}})"
    rf"|{_MONTH} \d{{1,2}},? \d{{4}}"
)
_DATE = rf"^(({_DAY})([T ,]\s*{_CLOCK})?|{_CLOCK})$"

_PAIRS = (("no", "yes"), ("false", "true"), ("n", "y"), ("f", "t"))


@dataclass(frozen=True)
class Rules:
    """What the reader was told: columns of labels, more words for missing, the decimal mark."""

    categories: Collection[str] = ()
    missing: frozenset[str] = frozenset()
    decimal: str | None = None


def infer_column(name: str, cells: pl.Series, rules: Rules, places: Places) -> Column:
    """Return the column that a Series of text means.

    Numbers if every cell that is there is one; truth values for true/false, yes/no, y/n and
    t/f; otherwise categories. A column that is mostly dates, or numbers with some words
    between them, keeps its text and a ``trouble``: the message for whoever needs it.
    """
    import polars as pl

    cells = cells.str.strip_chars()
    if rules.missing:  # first of all: a missing cell may be written as a number (-999)
        cells = cells.set(cells.str.to_lowercase().is_in(list(rules.missing)), "")
    if name in rules.categories:
        return category_column(name, cells, _missing(cells))
    plain, note, trouble = _plain_numbers(name, cells, rules, places)
    if trouble:
        return _text_column(name, cells, "mixed", trouble)
    numbers = plain.cast(pl.Float64, strict=False).fill_nan(None)
    others = _others(cells, numbers)
    if len(others) and numbers.null_count() < len(numbers):
        if others.str.to_lowercase().is_in(list(MISSING_AMONG_NUMBERS)).all():
            stand_in = ", ".join(shortened(word) for word in sorted(others.to_list()))
            note = f"{name!r}: {stand_in} counts as missing among its numbers."
            others = others.clear()
    if len(others):
        return _of_words(name, cells, numbers, places)
    if numbers.null_count() < len(numbers) and cells.str.contains(_CODE).any():
        note = f"{name!r}: leading zeros (007), so its numbers are read as labels."
        return category_column(name, cells, _missing(cells), note=note)
    return _number_column(name, cells, plain, numbers, note, places)


def _others(cells: pl.Series, numbers: pl.Series) -> pl.Series:
    """Return the different cells that are neither a number nor missing."""
    words = cells.filter(numbers.is_null())
    return words.filter(~_missing(words)).unique()


def _missing(cells: pl.Series) -> pl.Series:
    """Which cells (stripped) are missing; a minus is a label where there is a plus."""
    words = MISSING - {"-"} if (cells == "+").any() else MISSING
    return cells.str.to_lowercase().is_in(list(words))


def _number_column(
    name: str, cells: pl.Series, plain: pl.Series, numbers: pl.Series, note: str, places: Places
) -> Column:
    values = numbers.fill_null(float("nan")).to_numpy().astype(np.float64)
    there = ~np.isnan(values)
    whole = bool(there.any()) and bool(np.all(values[there] == np.floor(values[there])))
    floats = plain.str.contains(r"[.eE]").to_numpy() & there  # 1.0 and 1e3 are floats
    infinite = np.flatnonzero(np.isinf(values))
    trouble = ""
    if len(infinite):
        row = int(infinite[0])
        trouble = (
            f"column {name!r}, {places.name(row)}: {shortened(cells[row])} is infinite or too "
            "large for a float64. Write a finite number, or leave the cell empty (missing)."
        )
    raw = cells.set(numbers.is_null(), None)
    kind = "integer" if whole and not floats.any() else "number"
    return Column(name, kind, values, raw=raw, trouble=trouble, note=note)


def _plain_numbers(
    name: str, cells: pl.Series, rules: Rules, places: Places
) -> tuple[pl.Series, str, str]:
    """Return the cells with numbers written as Python writes them, a note and a trouble.

    Without a given decimal mark, 1,5 and 1.234,5 have a decimal comma and 1,234.5 and
    1,234,567 separate thousands, if all of the column agrees; 1,234 alone is a trouble.
    """
    import polars as pl

    if rules.decimal == ",":
        fits = cells.str.contains(_GERMAN) | cells.str.contains(_GERMAN_WHOLE)
        return _select(cells, fits, _without(cells, ".", ",")), "", ""
    if rules.decimal == ".":
        fits = cells.str.contains(_ENGLISH)
        return cells.set(fits, None).fill_null(_without(cells, ",", ".")), "", ""
    numbers = cells.cast(pl.Float64, strict=False)
    others = _others(cells, numbers)
    if len(others) == 0:
        return cells, "", ""
    german, english = others.str.contains(_GERMAN), others.str.contains(_ENGLISH)
    unit = others.str.contains(_UNIT)
    first = _first(cells, others, places)
    if not (german | english).all():
        trouble = (
            f"column {name!r} holds numbers with a unit or currency ({first}): remove the "
            f"sign from the file, or read them as labels with categories=[{name!r}]."
        )
        return cells, "", trouble if (unit | german | english).all() else ""
    pointed = bool(cells.filter(numbers.is_not_null()).str.contains(".", literal=True).any())
    if english.all() and (pointed or not german.all()):
        note = f"{name!r}: thousands are separated by commas ({first})."
        return _without(cells, ",", "."), note, ""
    if german.all() and not pointed and not others.str.contains(_AMBIGUOUS).all():
        return _without(cells, ".", ","), f"{name!r}: decimal commas ({first}).", ""
    trouble = (
        f"column {name!r}, {first}: is the comma a decimal mark or does it separate "
        "thousands? Say decimal=',' or decimal='.', or remove the commas."
    )
    return cells, "", trouble


def _without(cells: pl.Series, separator: str, decimal: str) -> pl.Series:
    plain = cells.str.replace_all(separator, "", literal=True)
    return plain.str.replace(decimal, ".", literal=True)


def _select(cells: pl.Series, fits: pl.Series, plain: pl.Series) -> pl.Series:
    """Return ``plain`` where it fits; elsewhere the cell, unless it would read as a number."""
    import polars as pl

    wrong = ~fits & cells.cast(pl.Float64, strict=False).is_not_null()
    kept = plain.set(~fits, None).fill_null(cells)
    return kept.set(wrong, "not a number under this decimal mark")


def _of_words(name: str, cells: pl.Series, numbers: pl.Series, places: Places) -> Column:
    """Decide about a column with words in it: dates, truth values, mistakes or categories."""
    there = ~_missing(cells)
    present = cells.filter(there)
    dates = present.str.contains(_DATE)
    if dates.mean() >= MOSTLY:  # type: ignore[operator]
        example = shortened(present.filter(dates)[0])
        row = int(np.flatnonzero((cells == present.filter(dates)[0]).to_numpy())[0])
        trouble = (
            f"column {name!r} holds dates or times ({example} on {places.name(row)}), and a "
            "model needs numbers. Replace it by what matters about it (days since a first "
            f"day, month, weekday, hour), or leave it out with drop=[{name!r}]."
        )
        return _text_column(name, cells, "date", trouble)
    lower = present.unique().str.to_lowercase().unique().to_list()
    for pair in _PAIRS:
        if set(lower) == set(pair) or (set(lower) < set(pair) and len(pair[0]) > 1):
            truth = cells.str.to_lowercase() == pair[1]
            values = np.where(there.to_numpy(), truth.to_numpy().astype(np.float64), np.nan)
            return Column(name, "boolean", values, raw=cells.set(~there, None))
    numeric = numbers.is_not_null() & there
    share = float(numeric.sum()) / max(int(there.sum()), 1)
    if share >= MOSTLY or (share >= 0.5 and numbers.n_unique() > 10):
        trouble = _mixed(name, cells, numeric, there, places)
        return _text_column(name, cells, "mixed", trouble)
    return category_column(name, cells, ~there)


def _mixed(
    name: str, cells: pl.Series, numeric: pl.Series, there: pl.Series, places: Places
) -> str:
    rows = np.flatnonzero((there & ~numeric).to_numpy())
    shown = ", ".join(
        f"{shortened(cells[int(row)])} on {places.name(int(row))}" for row in rows[:3]
    )
    more = f" and {len(rows) - 3:,} more" if len(rows) > 3 else ""
    word = cells[int(rows[0])]
    return (
        f"column {name!r} holds {counted(int(numeric.sum()), 'number')}, but not only: "
        f"{shown}{more}. Correct the file; if the word means that the value is missing, say "
        f"missing=[{word!r}]; if the numbers are labels, say categories=[{name!r}]."
    )


def _first(cells: pl.Series, words: pl.Series, places: Places) -> str:
    row = int(np.flatnonzero(cells.is_in(words.to_list()).to_numpy())[0])
    return f"{shortened(cells[row])} on {places.name(row)}"


def _text_column(name: str, cells: pl.Series, kind: str, trouble: str) -> Column:
    missing = _missing(cells)
    return category_column(name, cells, missing, kind=kind, trouble=trouble)


def category_column(
    name: str,
    cells: pl.Series,
    missing: pl.Series,
    *,
    kind: str = "category",
    trouble: str = "",
    note: str = "",
) -> Column:
    """Return the text column of ``cells``: sorted levels and each cell's place among them."""
    import polars as pl

    present = cells.set(missing, None)
    levels = sorted(present.drop_nulls().unique().to_list())
    if levels:
        codes = present.cast(pl.Enum(levels)).to_physical().cast(pl.Int64).fill_null(-1)
        values = codes.to_numpy().astype(np.int64)
    else:
        values = np.full(len(cells), -1, dtype=np.int64)
    return Column(name, kind, values, tuple(levels), trouble=trouble, note=note)
