"""Iterative walks over expressions; no walk recurses, so depth is limited by memory only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import is_
from typing import cast

from .sites import derivation
from .tensor import Tensor, node

__all__ = ["depends_on", "rebuild", "same", "substitute", "topological", "users"]


def topological(
    outputs: Iterable[Tensor], within: Callable[[Tensor], bool] | None = None
) -> list[Tensor]:
    """All nodes that ``outputs`` need, every node after its inputs, in a fixed order.

    ``within``: where it says no, the walk neither enters the node nor goes past it.
    """
    order: list[Tensor] = []
    done: set[int] = set()
    # None on the stack says that the inputs of the node under it are done.
    stack: list[Tensor | None] = list(outputs)
    stack.reverse()
    while stack:
        current = stack.pop()
        if current is None:
            finished = cast(Tensor, stack.pop())
            done.add(id(finished))
            order.append(finished)
        elif id(current) not in done and (within is None or within(current)):
            stack += (current, None)
            for each in reversed(current.inputs):
                if id(each) not in done:
                    stack.append(each)
    return order


def depends_on(order: Sequence[Tensor], sources: Iterable[Tensor]) -> set[int]:
    """Ids of the nodes in ``order`` (topological) that are or depend on ``sources``."""
    reached = {id(each) for each in sources}
    for current in order:
        if any(id(each) in reached for each in current.inputs):
            reached.add(id(current))
    return reached


def users(order: Iterable[Tensor]) -> dict[int, list[Tensor]]:
    """For the ids of nodes the nodes in ``order`` that they are inputs of, each once."""
    found: dict[int, list[Tensor]] = {}
    for current in order:
        for key in dict.fromkeys(map(id, current.inputs)):
            found.setdefault(key, []).append(current)
    return found


def rebuild(
    outputs: Sequence[Tensor], change: Callable[[Tensor, tuple[Tensor, ...]], Tensor]
) -> list[Tensor]:
    """Build ``outputs`` anew from the leaves up by ``change(old, new inputs)``."""
    new: dict[int, Tensor] = {}
    with derivation() as derive_from:
        for current in topological(outputs):
            derive_from(current)
            inputs = tuple([new[id(each)] for each in current.inputs])
            new[id(current)] = change(current, inputs)
    return [new[id(each)] for each in outputs]


def same(old: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
    """The node ``old`` with ``inputs`` in place of its own."""
    if all(map(is_, old.inputs, inputs)):
        return old
    return node(old.primitive, inputs, old.attributes)


def substitute(outputs: Sequence[Tensor], replacement: Mapping[Tensor, Tensor]) -> list[Tensor]:
    """``outputs`` with every node that is a key of ``replacement`` replaced by its value."""
    by_id = {id(key): value for key, value in replacement.items()}

    def change(old: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        found = by_id.get(id(old))
        return same(old, inputs) if found is None else found

    return rebuild(outputs, change)
