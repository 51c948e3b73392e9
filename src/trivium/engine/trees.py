"""Nested tuples, lists and dicts of values: the arguments and results of user's functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .errors import ShapeError

__all__ = ["flatten", "leaves_like", "map_tree", "unflatten"]


def flatten(tree: Any) -> list[Any]:
    """The leaves of ``tree`` in a fixed order; dicts by insertion, None has no leaves."""
    if tree is None:
        return []
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in flatten(value)]
    if isinstance(tree, tuple | list):
        return [leaf for value in tree for leaf in flatten(value)]
    return [tree]


def leaves_like(like: Any, tree: Any, what: str) -> list[Any]:
    """The leaves of ``tree`` in the order of the places of ``like``; dicts match by key.

    A tuple may stand for a list and the other way round. Raises ShapeError, which calls the
    tree ``what``, when the two differ in structure.
    """
    if isinstance(like, dict):
        if not isinstance(tree, dict) or set(tree) != set(like):
            raise _other_structure(like, tree, what)
        return [
            leaf
            for key in like
            for leaf in leaves_like(like[key], tree[key], f"{what}[{key!r}]")
        ]
    if isinstance(like, tuple | list):
        if not isinstance(tree, tuple | list) or len(tree) != len(like):
            raise _other_structure(like, tree, what)
        pairs = zip(like, tree, strict=True)
        return [
            leaf
            for i, (one, other) in enumerate(pairs)
            for leaf in leaves_like(one, other, f"{what}[{i}]")
        ]
    if (like is None) != (tree is None) or isinstance(tree, dict | tuple | list):
        raise _other_structure(like, tree, what)
    return [] if like is None else [tree]


def _other_structure(like: Any, tree: Any, what: str) -> ShapeError:
    return ShapeError(f"{what} must be {_described(like)}, but is {_described(tree)}")


def _described(tree: Any) -> str:
    if tree is None:
        return "None"
    if isinstance(tree, dict):
        return f"a dict with the keys {', '.join(map(repr, tree)) or '(none)'}"
    if isinstance(tree, tuple | list):
        return f"a {'list' if isinstance(tree, list) else 'tuple'} of {len(tree)}"
    return "one tensor"


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
