"""Whether a model is being trained: what makes dropout drop.

The mode is part of building an expression, not of running it: the training step and the
prediction are two expressions of the same model.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

__all__ = ["is_training", "next_key", "training"]


class _Keys:
    """The keys of one training expression: one per random layer, in the order of calls."""

    def __init__(self, key: Any) -> None:
        self.key = key
        self.positions = itertools.count()


_keys: ContextVar[_Keys | None] = ContextVar("trivium_training", default=None)


@contextmanager
def training(key: Any) -> Iterator[None]:
    """Build models for training inside the block; random layers draw from ``key``.

    ``key`` comes from ``tv.random.key`` or is an expression, for example of the step's number,
    so that every step drops other units.
    """
    token = _keys.set(_Keys(key))
    try:
        yield
    finally:
        _keys.reset(token)


def is_training() -> bool:
    """Whether a model called now is built for training."""
    return _keys.get() is not None


def next_key() -> Any:
    """A key that no other call in this block gets, or None outside training."""
    keys = _keys.get()
    if keys is None:
        return None
    from trivium.engine import random

    return random.fold_in(keys.key, next(keys.positions))
