"""Whether machine code pays: what compiling takes against what it saves."""

from __future__ import annotations

from collections.abc import Sequence

from ..explanation.arithmetic import MOVEMENT, node_bytes, node_flops
from ..tensor import Tensor
from ..traversal import topological

__all__ = ["worth_compiling"]

# Seconds, measured on a 2.5 GHz x86-64 core: a call of NumPy for a node, a flop, a byte; compiling
# a program, each of its nodes that is more than movement, each of its large matrix products.
_CALL, _FLOP, _BYTE = 4e-6, 1 / 5e9, 1 / 8e9
_PROGRAM, _NODE, _PRODUCT = 0.05, 2.5e-3, 0.06
_LARGE = 2**16  # flops


def worth_compiling(outputs: Sequence[Tensor], steps: int) -> bool:
    """Whether ``steps`` steps by the reference backend would take longer than compiling."""
    nodes = [
        node
        for node in topological(outputs)
        if node.inputs and node.primitive.name not in MOVEMENT
    ]
    flops = sum(node_flops(node) or 0 for node in nodes)
    moved = sum(node_bytes(node) for node in nodes)
    step = _CALL * len(nodes) + _FLOP * flops + _BYTE * moved
    large = sum(
        node.primitive.name == "contraction" and (node_flops(node) or 0) > _LARGE
        for node in nodes
    )
    return steps * step > _PROGRAM + _NODE * len(nodes) + _PRODUCT * large
