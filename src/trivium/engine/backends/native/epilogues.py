"""Elementwise work on the result of a matrix product, done while its numbers are at hand.

The bias and the activation of a layer, the slope of the activation in the backward pass, the
whole update of a parameter: each reads a product once, number by number. As the product's
epilogue it reads a tile that is still in the nearest cache, on the thread that computed it, and
the product itself need not go to memory.
"""

from __future__ import annotations

import math
from dataclasses import replace

from .kernels import Buffer, ContractionKernel, Kernel, RowKernel, View
from .lower import Lowered, reshape_view

__all__ = ["attach_epilogues"]


def attach_epilogues(lowered: Lowered) -> None:
    """Make elementwise kernels the epilogues of the products that they read.

    Buffers still have one writer each here, so a kernel may be moved as long as what it reads is
    there, and what it writes is not yet read.
    """
    kernels = lowered.kernels
    wanted = {id(view.buffer) for view in lowered.outputs}
    wanted |= {id(view.buffer) for _, view in lowered.updates}
    j = 0
    while j < len(kernels):
        if not _attached(kernels, j, wanted):
            j += 1


def _attached(kernels: list[Kernel], j: int, wanted: set[int]) -> bool:
    """Fuse the j-th kernel into the last product that it reads, if it can be; then it is gone."""
    work = kernels[j]
    if (
        not isinstance(work, RowKernel)
        or work.split is not None
        or work.partials
        or work.columns
    ):
        return False
    if any(role != "inner" for role in work.role.values()):
        return False
    for i in range(j - 1, -1, -1):
        host = kernels[i]
        if not isinstance(host, ContractionKernel) or host.epilogue is not None:
            continue
        assert host.out is not None
        epilogue = _over(work, host) if host.out in work.reads else None
        if epilogue is None:
            continue
        between = kernels[i + 1 : j]
        if not any(_meets(work.reads, each.writes) for each in between):
            target = i
        elif not any(_meets(host.writes, each.reads) for each in between):
            target = j - 1  # the product moves to its epilogue
        else:
            continue
        readers = [each for each in kernels if host.out in each.reads and each is not work]
        host.epilogue = epilogue
        host.keep = bool(readers) or id(host.out) in wanted
        del kernels[j]
        kernels.insert(target, kernels.pop(i))
        return True
    return False


def _meets(some: list[Buffer], others: list[Buffer]) -> bool:
    return any(x is y for x in some for y in others)


def _over(work: RowKernel, host: ContractionKernel) -> RowKernel | None:
    """The elementwise kernel over the rows and columns of the product; None if views forbid it."""
    assert host.left is not None and host.right is not None and host.out is not None
    batch, m, _ = host.left.shape
    rows, columns = batch * m, host.right.shape[2]
    # A product with one column is one row, as its numbers lie side by side in memory.
    shape = (1, rows) if columns == 1 else (rows, columns)
    if math.prod(work.shape) != rows * columns:
        return None
    loads: dict[int, View] = {}
    for key, view in work.loads.items():
        if view.buffer is host.out and not (view.contiguous and not view.offset):
            return None
        moved = reshape_view(view, shape)
        if moved is None:
            return None
        loads[key] = moved
    return replace(work, shape=shape, split=1, loads=loads)
