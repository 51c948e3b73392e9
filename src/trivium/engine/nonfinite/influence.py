"""Which examples a bad element depends on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backends.reference.interpreter import Interpreter
from ..tensor import Tensor
from .finding import Found, Run
from .spreading import NONE, spread

__all__ = ["influence"]


def influence(found: Found, leaf: Tensor) -> tuple[int, int] | None:
    """The first and the last row of ``leaf`` that the bad element depends on, through values.

    None where it depends on none, or where the element is inside a loop.
    """
    if found.loop or not leaf.shape:
        return None
    rows = np.arange(leaf.shape[0], dtype=np.int64).reshape((-1,) + (1,) * (leaf.ndim - 1))
    ends = []
    for codes in (rows, leaf.shape[0] - 1 - rows):
        known: dict[int, Any] = {id(leaf): np.broadcast_to(codes, leaf.shape)}
        if found.node is not leaf:
            _carry([found.node], found.run, known)
        have = known.get(id(found.node))
        least = NONE if have is None else int(have.reshape(-1)[found.place])
        if least == NONE:
            return None
        ends.append(least)
    return ends[0], leaf.shape[0] - 1 - ends[1]


def _carry(outputs: Sequence[Tensor], run: Run, known: dict[int, Any]) -> None:
    """Carry codes through all nodes that ``outputs`` need; only the last ones are kept."""
    interpreter = Interpreter(outputs, run.leaves)
    left = Counter(id(each) for node in interpreter.order for each in node.inputs)
    left.update(map(id, outputs))

    def watch(node: Tensor, value: Any, sources: Sequence[Any]) -> None:
        have = [known.get(id(each)) for each in node.inputs]
        for each in map(id, node.inputs):
            left[each] -= 1
            if not left[each]:
                known.pop(each, None)
        if all(each is None for each in have):
            return
        if node.parts is not None or node.primitive.name == "project":
            least = min(int(each.min(initial=NONE)) for each in have if each is not None)
            shape = () if node.parts is not None else node.shape
            known[id(node)] = np.full(shape, least, np.int64)
            return
        known[id(node)] = spread(node, have, sources, value)

    interpreter.run(run.arrays, watch)
