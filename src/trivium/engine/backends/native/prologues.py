"""Elementwise work whose result is an operand of a matrix product, done while it is copied.

A product copies the parts of its operands that it will read again and again. Where an operand is
the result of elementwise work that nobody else reads (a cast and a scale of the data, a mask, a
distance turned into a kernel's value), that work is done right there, on the thread that needs the
part: the operand as a whole never goes to memory. What is copied more than once is computed more
than once, so it is estimated whether that pays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import contraction
from .kernels import Buffer, ContractionKernel, Kernel, RowKernel, View
from .layout import WORTH_SHARING, WORTH_SHARING_FLOPS
from .lower import Lowered, reshape_view
from .product_plans import operand_cycles, plan_product

__all__ = ["attach_prologues"]

# The estimate is for two threads, where work is shared: with more, memory counts more.
_THREADS = 2
# Cycles to begin a kernel of its own, and to wait until all threads have ended it.
_KERNEL, _BARRIER = 50, 2000
# Less than this is not worth the longer code.
_GAIN = 1000
# Bytes per cycle to memory and back, and below how many bytes a cache does it.
_BYTES_PER_CYCLE, _CACHED_BYTES_PER_CYCLE, _CACHED = 4, 16, 1 << 19


def attach_prologues(lowered: Lowered, target: Any) -> None:
    """Make elementwise kernels the prologues of the products that alone read them, if it pays.

    Buffers still have one writer each here, so a kernel may move towards its reader.
    """
    kernels = lowered.kernels
    wanted = {id(view.buffer) for view in lowered.outputs}
    wanted |= {id(view.buffer) for _, view in lowered.updates}
    for work in list(kernels):
        out = _result(work)
        if out is None or id(out) in wanted:
            continue
        assert isinstance(work, RowKernel)
        readers = [each for each in kernels if out in each.reads]
        if len(readers) != 1 or not isinstance(readers[0], ContractionKernel):
            continue
        host = readers[0]
        side = _side(host, out)
        fused = _over(work, getattr(host, side), out) if side is not None else None
        if side is None or fused is None or not _pays(fused, host, side, out, target):
            continue
        host.prologues[side] = fused
        kernels.remove(work)


def _result(work: Kernel) -> Buffer | None:
    """The only buffer that a kernel of elementwise work writes."""
    if not isinstance(work, RowKernel) or work.split is not None:
        return None
    if work.partials or work.columns or len(work.stores) != 1:
        return None
    if any(role != "inner" for role in work.role.values()):
        return None
    return next(iter(work.stores.values()))


def _side(host: ContractionKernel, out: Buffer) -> str | None:
    """Which operand of the product the buffer is; None if it is also something else."""
    sides = [side for side in ("left", "right") if getattr(host, side).buffer is out]
    others = [each for work in host.prologues.values() for each in work.reads]
    if host.epilogue is not None:
        others += host.epilogue.reads
    return sides[0] if len(sides) == 1 and out not in others else None


def _over(work: RowKernel, view: View, out: Buffer) -> RowKernel | None:
    """The work over the rows of the operand's matrix; None if the views forbid it."""
    batch, *sizes = view.shape
    matrix_step, *steps = view.strides
    if view.offset or min(sizes) < 2 or 1 not in steps:
        return None
    columns = max(steps)
    rows = sizes[0] if steps[1] == 1 else sizes[1]
    width = sizes[1] if steps[1] == 1 else sizes[0]
    if columns != width:
        return None
    if batch > 1 and matrix_step not in (0, rows * width):
        return None
    shape = (out.size // width, width)
    if shape[0] != rows * (batch if matrix_step and batch > 1 else 1):
        return None
    loads: dict[int, View] = {}
    for key, each in work.loads.items():
        moved = reshape_view(each, shape)
        if moved is None:
            return None
        loads[key] = moved
    return replace(work, shape=shape, split=1, loads=loads)


def _pays(
    work: RowKernel, host: ContractionKernel, side: str, out: Buffer, target: Any
) -> bool:
    """Whether the product with the prologue is estimated to end sooner than both apart."""
    assert host.right is not None
    if host.right.shape[2] == 1:
        return False  # scalar products: nothing is copied
    apart = plan_product(host, target)
    before = {key: operand_cycles(each, target) for key, each in host.prologues.items()}
    cost = operand_cycles(work, target)
    together = plan_product(replace(host, prologues={**host.prologues, side: work}), target)
    threads = _THREADS if together.flops > WORTH_SHARING_FLOPS else 1
    rate = _CACHED_BYTES_PER_CYCLE if out.nbytes <= _CACHED else _BYTES_PER_CYCLE
    alone = _KERNEL + 2 * out.nbytes / rate
    alone += cost / _THREADS + _BARRIER if cost >= WORTH_SHARING else cost
    alone += contraction.estimate(apart, before, threads)
    return contraction.estimate(together, {**before, side: cost}, threads) < alone - _GAIN
