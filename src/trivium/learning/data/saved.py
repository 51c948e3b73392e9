"""Reading a saved dictionary that nobody vouches for: every field is checked by type."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trivium.learning.data.words import shortened
from trivium.learning.errors import DataError

__all__ = ["Saved"]


class Saved:
    """A saved record; each method returns a field of one type or raises DataError."""

    def __init__(self, fields: object, path: str) -> None:
        if not isinstance(fields, Mapping):
            raise DataError(f"The saved {path} is no dictionary but {_kind(fields)}.")
        self._fields = fields
        self.path = path

    def __contains__(self, key: str) -> bool:
        return self._fields.get(key) is not None

    def _get(self, key: str) -> Any:
        if key not in self._fields:
            raise DataError(f"The saved {self.path} lacks {key!r}.")
        return self._fields[key]

    def _wrong(self, key: str, wanted: str, value: object) -> DataError:
        return DataError(
            f"The saved {self.path}.{key} is {wanted}, not {_kind(value)}: the file was "
            "damaged or written by something else."
        )

    def text(self, key: str) -> str:
        """Return a text."""
        value = self._get(key)
        if not isinstance(value, str):
            raise self._wrong(key, "a text", value)
        return value

    def choice(self, key: str, choices: Sequence[str]) -> str:
        """Return one of ``choices``."""
        value = self._get(key)
        if not isinstance(value, str) or value not in choices:
            raise self._wrong(key, f"one of {', '.join(choices)}", value)
        return value

    def flag(self, key: str) -> bool:
        """Return a truth value."""
        value = self._get(key)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false", value)
        return value

    def whole(self, key: str) -> int:
        """Return a whole number."""
        value = self._get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(key, "a whole number", value)
        return value

    def number(self, key: str, least: float = -math.inf) -> float:
        """Return a finite number that is at least ``least``."""
        value = self._get(key)
        if not _is_finite(value) or value < least:
            raise self._wrong(key, "a finite number", value)
        return float(value)

    def record(self, key: str) -> Saved:
        """Return a record inside this one."""
        return Saved(self._get(key), f"{self.path}.{key}")

    def records(self, key: str) -> list[Saved]:
        """Return a list of records."""
        value = self._get(key)
        if not isinstance(value, list | tuple):
            raise self._wrong(key, "a list", value)
        return [Saved(item, f"{self.path}.{key}[{place}]") for place, item in enumerate(value)]

    def items(self, key: str) -> list[Any]:
        """Return a list of anything."""
        value = self._get(key)
        if not isinstance(value, list | tuple):
            raise self._wrong(key, "a list", value)
        return list(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of different texts."""
        value = self.items(key)
        if not all(isinstance(item, str) for item in value) or len(set(value)) != len(value):
            raise self._wrong(key, "a list of different texts", value)
        return tuple(value)

    def numbers(self, key: str, count: int, least: float = -math.inf) -> np.ndarray:
        """Return ``count`` finite numbers, each at least ``least``."""
        value = self.items(key)
        if len(value) != count or not all(_is_finite(item) and item >= least for item in value):
            raise self._wrong(key, f"a list of {count} finite numbers", value)
        return np.array([float(item) for item in value])

    def sizes(self, key: str, least: int) -> tuple[int, ...]:
        """Return a list of whole numbers, each at least ``least``: a shape."""
        value = self.items(key)
        for item in value:
            if not isinstance(item, int) or isinstance(item, bool) or item < least:
                raise self._wrong(key, "a shape", value)
        if len(value) > 64 or math.prod(value) > 2**40:
            raise self._wrong(key, "a shape of possible size", value)
        return tuple(value)


def _is_finite(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _kind(value: object) -> str:
    return f"{shortened(value)} ({type(value).__name__})"
