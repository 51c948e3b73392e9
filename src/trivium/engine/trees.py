"""Nested tuples, lists and dicts of values: the arguments and results of user's functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

__all__ = ["flatten", "map_tree", "unflatten"]


def flatten(tree: Any) -> list[Any]:
    """The leaves of ``tree`` in a fixed order; dicts by insertion, None has no leaves."""
    if tree is None:
        return []
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in flatten(value)]
    if isinstance(tree, tuple | list):
        return [leaf for value in tree for leaf in flatten(value)]
    return [tree]


def unflatten(like: Any, leaves: Sequence[Any]) -> Any:
    """The tree shaped as ``like`` with ``leaves`` in place of its own."""
    source = iter(leaves)
    result = _fill(like, source)
    if next(source, _END) is not _END:
        raise ValueError("there are more leaves than the tree has places")
    return result


_END = object()


def _fill(like: Any, source: Iterator[Any]) -> Any:
    if like is None:
        return None
    if isinstance(like, dict):
        return {key: _fill(value, source) for key, value in like.items()}
    if isinstance(like, tuple) and hasattr(like, "_fields"):
        return type(like)(*[_fill(value, source) for value in like])
    if isinstance(like, tuple | list):
        return type(like)(_fill(value, source) for value in like)
    return next(source)


def map_tree(function: Callable[[Any], Any], tree: Any) -> Any:
    """``tree`` with ``function`` applied to every leaf."""
    return unflatten(tree, [function(leaf) for leaf in flatten(tree)])
