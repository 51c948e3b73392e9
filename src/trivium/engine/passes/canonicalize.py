"""One form for equal expressions: constants folded, movements merged, identities removed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import arithmetic, movement
from ..tensor import Tensor, constant
from .rewrite import Counts, Rule, filled_with, rewrite

__all__ = ["canonicalize"]

# Folding larger constants would trade a cheap operation for memory.
_FOLD_LIMIT = 4096


def canonicalize(outputs: list[Tensor], counts: Counts | None = None) -> list[Tensor]:
    """The canonical form of ``outputs``; values are unchanged (−0 may become +0)."""
    return rewrite(outputs, RULES, counts)


def _fold_constants(node: Tensor) -> Tensor | None:
    if not node.inputs or node.parts is not None or node.size > _FOLD_LIMIT:
        return None
    if node.primitive.name in ("broadcast", "scan", "project"):
        return None
    arrays = []
    for each in node.inputs:
        source = each.inputs[0] if each.primitive.name == "broadcast" else each
        if source.primitive.name != "constant" or each.size > _FOLD_LIMIT:
            return None
        arrays.append(np.broadcast_to(source.attributes.array, each.shape))
    with np.errstate(all="ignore"):
        value = np.array(node.primitive.evaluate(node.attributes, *arrays), node.dtype)
    value.setflags(write=False)
    if value.size > 1 and (value.tobytes() == value.flat[0].tobytes() * value.size):
        scalar = np.array(value.flat[0])
        return movement.broadcast(_interned(scalar), shape=value.shape)
    return _interned(value)


def _interned(array: np.ndarray[Any, Any]) -> Tensor:
    array.setflags(write=False)
    return constant(array, ("literal", array.dtype.str, array.shape, array.tobytes()))


def _drop_what_changes_nothing(node: Tensor) -> Tensor | None:
    """A movement or cast that changes nothing."""
    source = node.inputs[0]
    return source if (source.shape, source.dtype) == (node.shape, node.dtype) else None


def _drop_marks(node: Tensor) -> Tensor | None:
    return node.inputs[0]


def _merge_neighbours(node: Tensor) -> Tensor | None:
    """reshape(reshape(x)) and broadcast(broadcast(x)): only the last shape counts."""
    inner = node.inputs[0]
    if inner.primitive is node.primitive:
        return node.primitive(inner.inputs[0], shape=node.shape)
    return None


def _merge_permutations(node: Tensor) -> Tensor | None:
    inner, axes = node.inputs[0], node.attributes.axes
    if axes == tuple(range(node.ndim)):
        return inner
    if inner.primitive is movement.permute:
        return movement.permute(
            inner.inputs[0], axes=tuple(inner.attributes.axes[axis] for axis in axes)
        )
    return None


def _drop_empty_axes(node: Tensor) -> Tensor | None:
    return node.inputs[0] if not node.attributes.axes else None


def _reshape_unit_axes(node: Tensor) -> Tensor | None:
    """A reduction over axes of size 1 is a reshape."""
    source = node.inputs[0]
    if all(source.shape[axis] == 1 for axis in node.attributes.axes):
        return movement.reshape(source, shape=node.shape)
    return None


def _cancel_signs(node: Tensor) -> Tensor | None:
    inner = node.inputs[0]
    return inner.inputs[0] if inner.primitive is arithmetic.negative else None


def _neutral(value: float, *places: int) -> Rule:
    """The other operand, when the one at one of ``places`` is filled with ``value``."""

    def drop_neutral_operand(node: Tensor) -> Tensor | None:
        for place in places:
            if filled_with(node.inputs[place], value):
                return node.inputs[1 - place]
        return None

    return drop_neutral_operand


def _subtract_instead(node: Tensor) -> Tensor | None:
    x, y = node.inputs
    if y.primitive is arithmetic.negative:
        return arithmetic.subtract(x, y.inputs[0])
    if x.primitive is arithmetic.negative:
        return arithmetic.subtract(y, x.inputs[0])
    return None


def _add_instead(node: Tensor) -> Tensor | None:
    x, y = node.inputs
    return arithmetic.add(x, y.inputs[0]) if y.primitive is arithmetic.negative else None


def _choose_ahead(node: Tensor) -> Tensor | None:
    condition, x, y = node.inputs
    if x is y or filled_with(condition, True):
        return x
    return y if filled_with(condition, False) else None


_REDUCTION = (_drop_empty_axes, _reshape_unit_axes)

RULES: dict[str, tuple[Rule, ...]] = {
    "*": (_fold_constants,),
    "label": (_drop_marks,),
    "stop_gradient": (_drop_marks,),
    "reshape": (_drop_what_changes_nothing, _merge_neighbours),
    "broadcast": (_drop_what_changes_nothing, _merge_neighbours),
    "cast": (_drop_what_changes_nothing,),
    "permute": (_merge_permutations,),
    "flip": (_drop_empty_axes,),
    "sum": _REDUCTION,
    "prod": _REDUCTION,
    "max": _REDUCTION,
    "min": _REDUCTION,
    "negative": (_cancel_signs,),
    "add": (_neutral(0, 0, 1), _subtract_instead),
    "subtract": (_neutral(0, 1), _add_instead),
    "multiply": (_neutral(1, 0, 1),),
    "divide": (_neutral(1, 1),),
    "chain": (_neutral(1, 0, 1),),
    "where": (_choose_ahead,),
}
