"""The memory plan: where each intermediate buffer lies, dead ones making room for new ones.

A buffer lives from the kernel that writes it first to the last one that reads it. Buffers are
placed in the order of birth at the lowest address that no living buffer covers (first fit).
"""

from __future__ import annotations

from collections.abc import Sequence

from .kernels import (
    Buffer,
    CallKernel,
    ColumnKernel,
    ContractionKernel,
    GatherKernel,
    Kernel,
    PartialSumKernel,
    RandomKernel,
    RowKernel,
    ScatterKernel,
)

__all__ = ["plan_memory", "touch"]

_ALIGNMENT = 64


def touch(kernel: Kernel) -> None:
    """Note in ``reads`` and ``writes`` which buffers the kernel uses."""
    if isinstance(kernel, PartialSumKernel):
        assert kernel.source is not None and kernel.out is not None
        kernel.reads, kernel.writes = [kernel.source.buffer], []
        _touch_epilogue(kernel)
    elif isinstance(kernel, RowKernel):
        kernel.reads = [view.buffer for view in kernel.loads.values()]
        kernel.writes = list(kernel.stores.values())
        kernel.writes += [each for _, each in kernel.partials + kernel.columns]
    elif isinstance(kernel, ColumnKernel):
        assert kernel.source is not None and kernel.out is not None
        kernel.reads, kernel.writes = [kernel.source.buffer], [kernel.out]
    elif isinstance(kernel, ContractionKernel):
        assert kernel.left is not None and kernel.right is not None and kernel.out is not None
        kernel.reads, kernel.writes = [kernel.left.buffer, kernel.right.buffer], []
        _touch_epilogue(kernel)
    elif isinstance(kernel, GatherKernel | ScatterKernel):
        assert kernel.source is not None and kernel.indices is not None
        assert kernel.out is not None
        kernel.reads = [kernel.source.buffer, kernel.indices.buffer]
        kernel.writes = [kernel.out]
    elif isinstance(kernel, RandomKernel):
        assert kernel.key is not None and kernel.offset is not None and kernel.out is not None
        kernel.reads, kernel.writes = [kernel.key.buffer, kernel.offset.buffer], [kernel.out]
    elif isinstance(kernel, CallKernel):
        kernel.reads = [view.buffer for view in kernel.sources]
        kernel.writes = list(kernel.outs)


def _touch_epilogue(kernel: ContractionKernel | PartialSumKernel) -> None:
    """What an epilogue reads and writes; the product itself where it goes to memory."""
    assert kernel.out is not None
    if kernel.stored:
        kernel.writes.append(kernel.out)
    if kernel.epilogue is not None:
        loads = [view.buffer for view in kernel.epilogue.loads.values()]
        kernel.reads += [each for each in loads if each is not kernel.out]
        kernel.writes += list(kernel.epilogue.stores.values())


def plan_memory(kernels: Sequence[Kernel], kept: Sequence[Buffer]) -> int:
    """Give every arena buffer its offset; returns the arena's size in bytes.

    ``kept``: buffers that are read after the last kernel.
    """
    birth: dict[int, int] = {}
    death: dict[int, int] = {}
    buffers: dict[int, Buffer] = {}
    for i, kernel in enumerate(kernels):
        for buffer in (*kernel.writes, *kernel.reads):
            if buffer.kind == "arena":
                buffers[id(buffer)] = buffer
                birth.setdefault(id(buffer), i)
                death[id(buffer)] = i
    for buffer in kept:
        if buffer.kind == "arena":
            buffers[id(buffer)] = buffer
            birth.setdefault(id(buffer), len(kernels))
            death[id(buffer)] = len(kernels)
    placed: list[tuple[int, int, int]] = []  # offset, end, death
    size = 0
    for key in sorted(buffers, key=lambda key: (birth[key], -buffers[key].nbytes)):
        buffer = buffers[key]
        need = max(-(-buffer.nbytes // _ALIGNMENT), 1) * _ALIGNMENT
        alive = sorted(piece for piece in placed if piece[2] >= birth[key])
        offset = 0
        for start, end, _ in alive:
            if offset + need <= start:
                break
            offset = max(offset, end)
        buffer.offset = offset
        placed = [piece for piece in placed if piece[2] >= birth[key]]
        placed.append((offset, offset + need, death[key]))
        size = max(size, offset + need)
    return size
