"""Equations for a real number of examples: the unusual size in their shapes replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trivium.engine.primitives.control import Scan
from trivium.engine.tensor import Tensor, input, node
from trivium.engine.traversal import topological

__all__ = ["resized"]


def resized(
    outputs: Sequence[Tensor], leaves: Mapping[int, Tensor], batch: int, n: int
) -> list[Tensor]:
    """``outputs`` rebuilt for ``n`` examples.

    ``leaves``: id of a leaf → the leaf that replaces it. Every size in a shape or an attribute
    that is a multiple of ``batch`` becomes that multiple of ``n``.
    """
    new: dict[int, Tensor] = {}
    for each in topological(outputs):
        found = leaves.get(id(each))
        if found is not None:
            new[id(each)] = found
        elif not each.inputs and each.primitive.name in ("constant", "input", "variable"):
            new[id(each)] = each
        else:
            attributes = _sized(each.attributes, batch, n)
            new[id(each)] = node(
                each.primitive, [new[id(source)] for source in each.inputs], attributes
            )
    return [new[id(each)] for each in outputs]


def size(value: int, batch: int, n: int) -> int:
    """``value`` with its multiple of the batch counted in real examples."""
    return value // batch * n if value and value % batch == 0 else value


def _sized(attributes: Any, batch: int, n: int) -> Any:
    if isinstance(attributes, Scan):
        return _sized_scan(attributes, batch, n)
    if isinstance(attributes, bool | np.dtype | str) or attributes is None:
        return attributes
    if isinstance(attributes, int):
        return size(attributes, batch, n)
    if isinstance(attributes, tuple):
        parts = [_sized(part, batch, n) for part in attributes]
        return type(attributes)(*parts) if hasattr(attributes, "_fields") else tuple(parts)
    return attributes


def _sized_scan(attributes: Scan, batch: int, n: int) -> Scan:
    leaves = {
        id(each): input(
            tuple(size(s, batch, n) for s in each.shape), each.dtype, name=each.name or "input"
        )
        for each in attributes.inputs
    }
    return Scan(
        [leaves[id(each)] for each in attributes.inputs],
        resized(attributes.outputs, leaves, batch, n),
        attributes.constants,
        attributes.carried,
        size(attributes.length, batch, n),
        attributes.reverse,
    )
