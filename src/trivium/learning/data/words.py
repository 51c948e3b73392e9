"""The words of data errors: quoted lists, the nearest name, and where a row stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from trivium.engine.messages import counted
from trivium.learning.errors import DataError

__all__ = [
    "ROWS",
    "Places",
    "counted",
    "did_you_mean",
    "nearest",
    "quoted",
    "shortened",
    "word_list",
]


def shortened(value: object, width: int = 40) -> str:
    """Return ``repr(value)`` in at most ``width`` characters."""
    text = repr(value)
    if len(text) <= width:
        return text
    end = text[0] if text[0] in "'\"" else ""
    return text[: width - 1 - len(end)] + "…" + end


def quoted(items: Iterable[object], limit: int = 8) -> str:
    """Join items as a quoted list; what exceeds ``limit`` is counted instead of shown."""
    every = list(items)
    shown = ", ".join(shortened(item) for item in every[:limit])
    rest = len(every) - limit
    return f"{shown} and {rest:,} more" if rest > 0 else shown


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that is most probably meant by ``word``, or None."""
    import difflib

    spellings = {choice.casefold(): choice for choice in choices}
    key = word.casefold()
    if key in spellings:
        return spellings[key]
    found = difflib.get_close_matches(key, list(spellings)[:20_000], n=1, cutoff=0.6)
    if found:
        return spellings[found[0]]
    whole = [choice for folded, choice in spellings.items() if len(key) > 2 and key in folded]
    return min(whole, key=len) if whole else None


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return the sentence `` Did you mean 'price'?``, or nothing when no choice is near."""
    near = nearest(word, choices)
    return f" Did you mean {near!r}?" if near is not None else ""


def word_list(words: object, name: str) -> list[str]:
    """Return a list of texts; DataError for anything else."""
    if isinstance(words, str) or not isinstance(words, Sequence):
        raise DataError(f"{name} is a list of texts, not {words!r}: write {name}=[…].")
    for word in words:
        if not isinstance(word, str):
            raise DataError(f"{name} is a list of texts, but {word!r} is none.")
    return list(words)


@dataclass(frozen=True)
class Places:
    """Names rows the way their source does: lines of a file, or rows counted from 0.

    ``lines[i]`` is the line on which row i begins (the first line of a file is line 1);
    None where the data came from memory. ``rows[i]`` is the row of data from memory that row i
    was taken from, None where rows are called as they are counted.
    """

    lines: np.ndarray | None = None
    rows: np.ndarray | None = None

    @property
    def _numbers(self) -> np.ndarray | None:
        return self.rows if self.lines is None else self.lines

    def name(self, row: int) -> str:
        """Return ``line 17`` or ``row 15 (counted from 0)``."""
        number = int(row if self._numbers is None else self._numbers[row])
        return f"row {number} (counted from 0)" if self.lines is None else f"line {number}"

    def names(self, rows: Sequence[int] | np.ndarray, limit: int = 5) -> str:
        """Return ``lines 3, 9 and 12`` for several rows, at most ``limit`` of them."""
        known = self._numbers
        numbers = [int(row if known is None else known[row]) for row in rows[:limit]]
        if len(rows) == 1:
            return self.name(int(rows[0]))
        word = "rows" if self.lines is None else "lines"
        tail = " (counted from 0)" if self.lines is None else ""
        more = len(rows) - limit
        if more > 0:
            return f"{word} {', '.join(map(str, numbers))} and {more:,} more{tail}"
        return f"{word} {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}{tail}"

    def take(self, rows: np.ndarray) -> Places:
        """Return the places of a selection of the rows."""
        if self._numbers is None:
            return self
        return Places(
            None if self.lines is None else self.lines[rows],
            None if self.rows is None else self.rows[rows],
        )

    def numbered(self, n: int) -> Places:
        """Return the places of n rows that keep their names when some of them are taken."""
        return self if self._numbers is not None else Places(rows=np.arange(n))


ROWS = Places()
