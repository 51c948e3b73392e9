"""How much arithmetic a node of a graph is, and how many bytes it reads and writes.

One flop is one addition, multiplication, division, comparison, exponential … of one element.
Conversions, selection of values and movement are none. A sum over n elements is n flops, a
product of m×k and k×n matrices 2mkn.
"""

from __future__ import annotations

import math

from ..primitive import Elementwise
from ..tensor import Tensor
from ..traversal import topological

__all__ = ["MOVEMENT", "counts_as_flop", "node_bytes", "node_flops"]

# Reads nothing and writes nothing where strides can express it.
MOVEMENT = (
    "reshape", "permute", "broadcast", "slice", "flip", "label", "stop_gradient", "project",
)  # fmt: skip
_LEAVES = ("constant", "input", "variable")
_FREE = (*MOVEMENT, *_LEAVES, "cast", "where", "pad", "concat", "gather")
_REDUCTIONS = (
    "sum", "max", "min", "prod", "argmax", "argmin", "cumulative_sum", "cumulative_prod",
)  # fmt: skip


def counts_as_flop(name: str) -> bool:
    """Whether a primitive of one number per element is a flop for each of them."""
    return name not in _FREE


def node_flops(node: Tensor) -> int | None:
    """The arithmetic of one node; None where it is not a matter of shapes alone (sorting …)."""
    name = node.primitive.name
    if name in _FREE:
        return 0
    if name in _REDUCTIONS:
        return node.inputs[0].size
    if name == "scatter_add":
        return node.inputs[0].size
    if name == "contraction":
        left, right, _ = node.attributes
        sizes = dict(zip(left, node.inputs[0].shape))
        sizes.update(zip(right, node.inputs[1].shape))
        return 2 * math.prod(sizes.values())
    if name == "scan":
        body = node.attributes
        known = [node_flops(each) for each in topological(body.outputs)]
        return body.length * sum(each or 0 for each in known)
    if isinstance(node.primitive.native, Elementwise) or name in _ELEMENTWISE_CALLS:
        return node.size
    return None


# Elementwise too, though the native backend has no code for them.
_ELEMENTWISE_CALLS = (
    "floor_divide", "remainder", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_invert",
    "bitwise_left_shift", "bitwise_right_shift", "log2", "log10", "erfinv",
    "normal_quantile", "log_gamma", "polygamma", "gammainc", "gammaincc",
)  # fmt: skip


def node_bytes(node: Tensor) -> int:
    """What the node reads and writes by itself, nothing fused."""
    if node.primitive.name in (*MOVEMENT, *_LEAVES):
        return 0
    return sum(_stored(each) for each in node.inputs) + result_bytes(node)


def result_bytes(node: Tensor) -> int:
    """The size of the node's results."""
    if node.parts is not None:
        return sum(math.prod(part.shape) * part.dtype.itemsize for part in node.parts)
    return node.size * node.dtype.itemsize


def _stored(node: Tensor) -> int:
    """The bytes of an operand that are not repeated by a broadcast."""
    while node.primitive.name == "broadcast":
        node = node.inputs[0]
    return result_bytes(node)
