"""The table behind hash-consing: from what a node is to the node, without keeping it alive."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Generic, TypeVar
from weakref import ref

__all__ = ["Interned"]

T = TypeVar("T")


class _Entry(ref[Any]):
    """A weak reference that knows its key."""

    __slots__ = ("key",)

    key: Hashable


class Interned(Generic[T]):
    """Objects by key, each for as long as someone else holds it.

    It does what ``weakref.WeakValueDictionary`` does and no more, in half the time: building an
    expression of 100,000 nodes asks 100,000 times.
    """

    def __init__(self) -> None:
        self._entries: dict[Hashable, _Entry] = {}
        entries = self._entries

        def forget(entry: Any) -> None:
            key = entry.key
            # Another object may have taken the key since this one died.
            if entries.get(key) is entry:
                del entries[key]

        self._forget = forget

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Hashable) -> T | None:
        """The object with ``key``, or None."""
        entry = self._entries.get(key)
        return None if entry is None else entry()

    def add(self, key: Hashable, made: T) -> T:
        """Remember ``made``, unless another thread was first with this key; return who was."""
        fresh = _Entry(made, self._forget)
        fresh.key = key
        entry = self._entries.setdefault(key, fresh)
        if entry is not fresh:
            found: T | None = entry()
            if found is not None:
                return found
            self._entries[key] = fresh
        return made
