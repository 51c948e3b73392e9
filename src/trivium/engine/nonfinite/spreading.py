"""Which elements of a node depend on which elements of its inputs.

Elements carry codes, int64. The code of a result's element is the smallest code among the
elements of the inputs that it depends on, ``NONE`` where none of them has a code. With the codes
of bad elements this says where a bad element comes from; with the numbers of rows it says from
which example.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..primitives import rules
from ..tensor import Tensor

__all__ = ["NONE", "Codes", "spread"]

Codes = np.ndarray[Any, np.dtype[np.int64]]
Rule = Callable[[Tensor, list[Codes], Sequence[Any], Any], Codes]

NONE = np.iinfo(np.int64).max


def spread(
    node: Tensor, codes: Sequence[Codes | None], values: Sequence[Any], result: Any
) -> Codes | None:
    """The codes of ``node``, given those of its inputs (None: no element has one).

    ``values``: of the inputs. ``result``: the value of the node. Shapes: as ``node``, which has
    one result.
    """
    if all(each is None for each in codes):
        return None
    rule = _RULES.get(node.primitive.name)
    if rule is None:
        rule = _elementwise if node.primitive.shape is rules.same_shape else _everything
    full = [
        np.broadcast_to(np.int64(NONE), source.shape) if have is None else have
        for source, have in zip(node.inputs, codes, strict=True)
    ]
    return np.asarray(rule(node, full, values, result))


def _elementwise(node: Tensor, codes: list[Codes], values: Sequence[Any], result: Any) -> Codes:
    least = codes[0]
    for each in codes[1:]:
        least = np.minimum(least, each)
    return least


def _everything(node: Tensor, codes: list[Codes], values: Sequence[Any], result: Any) -> Codes:
    least = min(int(np.min(each, initial=NONE)) for each in codes)
    return np.full(node.shape, least, np.int64)


def _moved(node: Tensor, codes: list[Codes], values: Sequence[Any], result: Any) -> Codes:
    """Movement moves codes as it moves values."""
    return np.asarray(node.primitive.evaluate(node.attributes, *codes))


def _padded(node: Tensor, codes: list[Codes], values: Sequence[Any], result: Any) -> Codes:
    # Padding fills with 0, so 0 has to stand for NONE meanwhile.
    return np.asarray(NONE - node.primitive.evaluate(node.attributes, NONE - codes[0]))


def _gathered(node: Tensor, codes: list[Codes], values: Sequence[Any], result: Any) -> Codes:
    return np.asarray(codes[0][values[1]])


def _scattered(node: Tensor, codes: list[Codes], values: Sequence[Any], result: Any) -> Codes:
    found = np.full(node.shape, NONE, np.int64)
    np.minimum.at(found, values[1], codes[0])
    return found


def _chosen(node: Tensor, codes: list[Codes], values: Sequence[Any], result: Any) -> Codes:
    return np.where(values[0], codes[1], codes[2])


def _chained(node: Tensor, codes: list[Codes], values: Sequence[Any], result: Any) -> Codes:
    """A cotangent that is zero stays zero, whatever the factor is."""
    return np.where(values[0] == 0, codes[0], np.minimum(codes[0], codes[1]))


def _reduced(node: Tensor, codes: list[Codes], values: Sequence[Any], result: Any) -> Codes:
    return np.asarray(np.min(codes[0], axis=node.attributes.axes, initial=NONE))


def _extreme(node: Tensor, codes: list[Codes], values: Sequence[Any], result: Any) -> Codes:
    """The extreme depends on the elements that attain it; NaN is any NaN."""
    axes, x = node.attributes.axes, values[0]
    attained = np.expand_dims(result, axes)
    responsible = (x == attained) | (np.isnan(x) if x.dtype.kind == "f" else False)
    return np.asarray(np.min(np.where(responsible, codes[0], NONE), axis=axes, initial=NONE))


def _accumulated(node: Tensor, codes: list[Codes], values: Sequence[Any], result: Any) -> Codes:
    return np.minimum.accumulate(codes[0], axis=node.attributes.axis)


def _sorted(node: Tensor, codes: list[Codes], values: Sequence[Any], result: Any) -> Codes:
    least = np.min(codes[0], axis=node.attributes.axis, keepdims=True, initial=NONE)
    return np.broadcast_to(least, node.shape)


def _contracted(node: Tensor, codes: list[Codes], values: Sequence[Any], result: Any) -> Codes:
    left, right, out = node.attributes
    return np.minimum(_along(codes[0], left, out), _along(codes[1], right, out)).reshape(
        node.shape
    )


def _along(codes: Codes, labels: Sequence[int], out: Sequence[int]) -> Codes:
    """The least code over the axes that are not in ``out``, with axes of size 1 for the rest."""
    summed = tuple(axis for axis, label in enumerate(labels) if label not in out)
    kept = [label for label in labels if label in out]
    least = np.min(codes, axis=summed, initial=NONE) if summed else codes
    ordered = np.transpose(least, [kept.index(label) for label in out if label in kept])
    missing = tuple(axis for axis, label in enumerate(out) if label not in kept)
    return np.expand_dims(ordered, missing)


_RULES: dict[str, Rule] = {
    **dict.fromkeys(("reshape", "permute", "broadcast", "slice", "concat", "flip"), _moved),
    **dict.fromkeys(("label", "stop_gradient", "cast"), _elementwise),
    "pad": _padded,
    "gather": _gathered,
    "scatter_add": _scattered,
    "where": _chosen,
    "chain": _chained,
    **dict.fromkeys(("sum", "prod"), _reduced),
    **dict.fromkeys(("max", "min"), _extreme),
    **dict.fromkeys(("cumulative_sum", "cumulative_prod"), _accumulated),
    "sort": _sorted,
    "contraction": _contracted,
}
