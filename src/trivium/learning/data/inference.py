"""From a column of text to its type: numbers, truth values, categories, dates."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trivium.learning.data.column import Column
from trivium.learning.data.marks import read_numbers
from trivium.learning.data.words import Places, counted, shortened

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MISSING", "MISSING_AMONG_NUMBERS", "Rules", "category_column", "infer_columns"]

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

_FLOAT = r"[.eE]"
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


def infer_columns(
    names: Sequence[str], cells: pl.DataFrame, rules: Rules, places: Places
) -> list[Column]:
    """Return the columns that the String columns of ``cells`` mean, see infer_column.

    What many columns have in common is asked of all at once: a table may have thousands.
    """
    import polars as pl

    cells = cells.select(pl.all().str.strip_chars())
    if rules.missing:  # first of all: a missing cell may be written as a number (-999)
        told = list(rules.missing)
        cells = cells.with_columns(
            pl.when(pl.col(name).str.to_lowercase().is_in(told))
            .then(pl.lit(""))
            .otherwise(pl.col(name))
            .alias(name)
            for name in cells.columns
        )
    numbers = cells.select(pl.all().cast(pl.Float64, strict=False).fill_nan(None))
    if len(cells) == 0:
        return [Column(name, "number", np.zeros(0)) for name in names]
    finite = numbers.select(pl.all().is_finite().fill_null(False).all()).row(0)
    floats = cells.select(pl.all().str.contains(_FLOAT).any()).row(0)
    codes = cells.select(pl.all().str.contains(_CODE).any()).row(0)
    columns = []
    for place, name in enumerate(names):
        text, number = cells.to_series(place), numbers.to_series(place)
        plain = finite[place] and not codes[place] and rules.decimal != ","
        if plain and name not in rules.categories:
            kind = "number" if floats[place] else "integer"
            columns.append(Column(name, kind, np.array(number.to_numpy()), raw=text))
        else:
            columns.append(infer_column(name, text, number, rules, places))
    return columns


def infer_column(
    name: str, cells: pl.Series, numbers: pl.Series, rules: Rules, places: Places
) -> Column:
    """Return the column that a Series of stripped text means; ``numbers`` are its numbers.

    Numbers if every cell that is there is one; truth values for true/false, yes/no, y/n and
    t/f; otherwise categories. A column that is mostly dates, or numbers with some words
    between them, keeps its text and a ``trouble``: the message for whoever needs it.
    """
    if name in rules.categories:
        return category_column(name, cells, _missing(cells))
    reading = read_numbers(name, cells, numbers, _others(cells, numbers), rules.decimal, places)
    if reading.trouble:
        return _text_column(name, cells, "mixed", reading.trouble)
    numbers, others, note = reading.numbers, _others(cells, reading.numbers), reading.note
    if others and numbers.null_count() < len(numbers):
        if all(word.lower() in MISSING_AMONG_NUMBERS for word in others):
            stand_in = ", ".join(shortened(word) for word in sorted(others))
            note = f"{name!r}: {stand_in} counts as missing among its numbers."
            others = []
    if others:
        return _of_words(name, cells, numbers, places)
    if numbers.null_count() < len(numbers) and cells.str.contains(_CODE).any():
        note = f"{name!r}: leading zeros (007), so its numbers are read as labels."
        return category_column(name, cells, _missing(cells), note=note)
    return _number_column(name, cells, reading.plain, numbers, note, places)


def _others(cells: pl.Series, numbers: pl.Series) -> list[str]:
    """Return the different cells that are neither a number nor missing."""
    words = cells.filter(numbers.is_null()).unique().to_list()
    missing = MISSING - {"-"} if "+" in words else MISSING
    return [word for word in words if word.lower() not in missing]


def _missing(cells: pl.Series) -> pl.Series:
    """Which cells (stripped) are missing; a minus is a label where there is a plus."""
    words = MISSING - {"-"} if (cells == "+").any() else MISSING
    return cells.str.to_lowercase().is_in(list(words))


def _number_column(
    name: str, cells: pl.Series, plain: pl.Series, numbers: pl.Series, note: str, places: Places
) -> Column:
    values = numbers.fill_null(float("nan")).to_numpy().astype(np.float64)
    there = ~np.isnan(values)
    floats = plain.str.contains(_FLOAT).to_numpy() & there  # 1.0 and 1e3 are floats
    infinite = np.flatnonzero(np.isinf(values))
    trouble = ""
    if len(infinite):
        row = int(infinite[0])
        trouble = (
            f"column {name!r}, {places.name(row)}: {shortened(cells[row])} is infinite or too "
            "large for a float64. Write a finite number, or leave the cell empty (missing)."
        )
    raw = cells.set(numbers.is_null(), None)
    kind = "integer" if there.any() and not floats.any() else "number"
    return Column(name, kind, values, raw=raw, trouble=trouble, note=note)


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
