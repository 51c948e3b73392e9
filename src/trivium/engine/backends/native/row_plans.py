"""How a row kernel is walked: rows, vectors, parts for threads, and about how long it takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .kernels import Buffer, RowKernel, View
from .lower import reshape_view

__all__ = ["RowPlan", "inner_stride", "plan_rows"]

# Without rows, this many vectors are one part of the work.
_VECTORS_PER_PART = 16
# A value that a later pass needs stays on the stack up to this many bytes per row.
_SCRATCH_BYTES = 1 << 17
# Cycles of what takes longer than an addition, for a vector.
_CALLS = {
    **dict.fromkeys(("divide", "sqrt", "rsqrt", "remainder"), 8),
    **dict.fromkeys(("exp", "log", "log1p", "expm1", "tanh", "sigmoid", "softplus"), 16),
    **dict.fromkeys(("sin", "cos", "erf", "erfc", "power"), 30),
}


@dataclass(frozen=True)
class RowPlan:
    """How a kernel is walked: ``rows`` rows of ``inner`` elements, ``lanes`` at a time.

    ``flat``: there is one row, cut into parts of ``block`` elements.
    """

    split: int
    rows: int
    inner: int
    lanes: int
    flat: bool
    block: int
    crossing: tuple[int, ...]  # ids of nodes that a later pass reads again
    cycles: float = 0.0  # a rough estimate
    group: int = 1  # rows of a part

    @property
    def parts(self) -> int:
        """Into how many independent parts the work can be cut."""
        return -(-self.inner // self.block) if self.flat else -(-self.rows // self.group)


def plan_rows(kernel: RowKernel, lanes_of: Any) -> RowPlan:
    """Choose how to walk the kernel; ``lanes_of(dtype)`` is the machine's vector length.

    Nodes whose scratch would not fit the stack get a buffer of their own.
    """
    widest = max((node.dtype.itemsize for node in kernel.nodes), default=4)
    lanes = int(lanes_of(np.dtype("float64" if widest == 8 else "float32")))
    split = kernel.split if kernel.split is not None else _smallest_split(kernel)
    if kernel.partials:
        split = 0  # parts go across rows
    inner = math.prod(kernel.shape[split:])
    rows = math.prod(kernel.shape[:split])
    flat = kernel.split is None and rows == 1
    crossing = _crossing(kernel)
    for node in kernel.nodes:
        if id(node) in crossing and id(node) not in kernel.stores:
            if inner * node.dtype.itemsize > _SCRATCH_BYTES:
                kernel.stores[id(node)] = Buffer(node.shape, node.dtype, "arena")
    return RowPlan(
        split,
        rows,
        inner,
        lanes,
        flat,
        RowKernel.PART if kernel.partials else lanes * _VECTORS_PER_PART,
        tuple(id(node) for node in kernel.nodes if id(node) in crossing),
        rows * _row_cycles(kernel, -(-inner // lanes)),
        kernel.group if kernel.columns else 1,
    )


def _row_cycles(kernel: RowKernel, vectors: int) -> float:
    """Cycles for a row, roughly: operations, and waiting for what is reduced."""
    passes = len(set(kernel.stage.values()))
    each = sum(_CALLS.get(node.primitive.name, 1) for node in kernel.nodes)
    return vectors * each + (60 * (passes - 1) if kernel.split is not None else 0)


def _smallest_split(kernel: RowKernel) -> int:
    """The fewest row axes such that every operand's inner axes are one axis of stride 0 or 1."""
    for split in range(len(kernel.shape)):
        if all(inner_stride(view, split) in (0, 1) for view in kernel.loads.values()):
            return split
    return max(len(kernel.shape) - 1, 0)


def inner_stride(view: View, split: int) -> int | None:
    """The step from element to element of a row; None if it is not the same everywhere."""
    inner = View(view.buffer, view.shape[split:], view.strides[split:])
    collapsed = reshape_view(inner, (math.prod(inner.shape),))
    return None if collapsed is None else collapsed.strides[0]


def _crossing(kernel: RowKernel) -> set[int]:
    found = set()
    for node in kernel.nodes:
        if kernel.role[id(node)] != "inner":
            continue
        for each in node.inputs:
            held = kernel.alias.get(id(each))
            if held is None or kernel.role[id(held)] != "inner":
                continue
            if kernel.stage[id(held)] < kernel.stage[id(node)]:
                found.add(id(held))
    return found
