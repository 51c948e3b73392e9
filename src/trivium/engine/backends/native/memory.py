"""The memory plan: where each intermediate buffer lies, dead ones making room for new ones.

A buffer lives from the kernel that writes it first to the last one that reads it. Buffers are
placed in the order of birth at the lowest address that no living buffer covers (first fit).
"""

from __future__ import annotations

from collections.abc import Sequence

from .kernels import Buffer, Kernel

__all__ = ["plan_memory"]

_ALIGNMENT = 64


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
