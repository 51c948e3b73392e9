"""What a program is made of when it runs: its table of pointers, and its tasks for threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import contraction
from .kernels import (
    Buffer,
    CallKernel,
    ColumnKernel,
    ContractionKernel,
    GatherKernel,
    Kernel,
    PartialSumKernel,
    PlacingKernel,
    RandomKernel,
)
from .lower import Lowered
from .placing import placing_parts
from .row_plans import RowPlan

__all__ = ["WORTH_SHARING", "WORTH_SHARING_FLOPS", "Layout", "Task", "lay_out"]

# The table's first entries; buffers follow.
ARENA, STATUS, BARRIER, SCRATCH, CLOCK = range(5)
FIRST_BUFFER = 5
# The status words: whether an index was wrong, then the first such index that was met, its
# row-major number among the indices, and the number at the end of the kernel's name.
WRONG_INDEX = range(4)
# Called as (table, number of the task) to run a reference function.
CALL_SYMBOL = "trivium_call_reference"
# Bytes of a barrier, and how many turns a thread watches it before it sleeps, at the beginning
# and at most, and at least.
BARRIER_BYTES, PATIENCE_WORD = 256, 24
MOST_PATIENCE, LEAST_PATIENCE = 4096, 512
# Vectors of columns that are reduced side by side.
STRIP = 4
# Blocks of random bits that are one part of the work.
RANDOM_PART = 256
# Cycles from which on the work of a kernel is shared: waiting for each other takes some hundreds.
WORTH_SHARING = 8192
# The same for the flops of products: 64 × 64 × 64 takes four microseconds alone.
WORTH_SHARING_FLOPS = 1 << 19
# Rough rates of one thread, for what decides whether other threads are woken at all.
_FLOPS_PER_CYCLE, _BYTES_PER_CYCLE = 32, 16


@dataclass
class Task:
    """One kernel of the program and how it is shared.

    ``parts``: independent pieces of its work. ``scratch``: bytes of memory of its own that each
    thread needs. ``cycles``: a rough estimate of the work.
    """

    kernel: Kernel
    parts: int = 1
    shared: bool = False
    scratch: int = 0
    cycles: float = 0.0


@dataclass
class Layout:
    """Tasks in order; ``slots``: buffer → entry of the table, whose owners are ``externals``."""

    tasks: list[Task]
    slots: dict[int, int]
    externals: list[Buffer]
    threads: int


def lay_out(
    target: Any,
    lowered: Lowered,
    plans: Mapping[int, RowPlan],
    buffers: list[Buffer],
    threads: int,
) -> Layout:
    """The layout of a lowered program whose memory has been planned."""
    slots: dict[int, int] = {}
    externals: list[Buffer] = []
    for buffer in buffers:
        if buffer.kind == "arena":
            slots[id(buffer)] = ARENA
        else:
            slots[id(buffer)] = FIRST_BUFFER + len(externals)
            externals.append(buffer)
    tasks = [_task(target, each, plans.get(id(each)), threads) for each in lowered.kernels]
    if not any(task.shared for task in tasks):
        threads = 1  # barriers would cost more than all the work
    return Layout(tasks, slots, externals, threads)


def _task(target: Any, kernel: Kernel, rows: RowPlan | None, threads: int) -> Task:
    if isinstance(kernel, CallKernel):
        return Task(kernel)
    scratch, parts, heavy = 0, 1, False
    moved = sum(each.nbytes for each in (*kernel.reads, *kernel.writes))
    cycles = moved / _BYTES_PER_CYCLE
    if rows is not None:
        parts, cycles = rows.parts, rows.cycles
        heavy = cycles >= WORTH_SHARING
    elif isinstance(kernel, ColumnKernel):
        assert kernel.source is not None
        lanes = target.lanes(kernel.source.buffer.dtype)
        parts = -(-kernel.source.shape[1] // (STRIP * lanes))
        heavy = kernel.source.size >= 1 << 15
    elif isinstance(kernel, GatherKernel):
        assert kernel.out is not None and kernel.indices is not None
        parts = kernel.indices.size
        heavy = kernel.out.nbytes >= 1 << 15
    elif isinstance(kernel, PlacingKernel):
        assert kernel.out is not None
        parts = placing_parts(kernel)
        heavy = kernel.out.nbytes >= 1 << 16
    elif isinstance(kernel, ContractionKernel):
        plan = kernel.plan
        parts, scratch = plan.parts, plan.scratch_bytes
        heavy = plan.flops > WORTH_SHARING_FLOPS
        cycles = max(plan.flops / _FLOPS_PER_CYCLE, plan.bytes / _BYTES_PER_CYCLE)
    elif isinstance(kernel, RandomKernel):
        assert kernel.out is not None
        parts = -(-kernel.out.nbytes // (16 * RANDOM_PART))
        cycles = float(kernel.out.nbytes)  # ten rounds for 16 bytes
        heavy = cycles >= WORTH_SHARING
    elif isinstance(kernel, PartialSumKernel):
        parts = contraction.sum_parts(kernel.plan)
        heavy = kernel.plan.partial_bytes >= 1 << 16
    return Task(kernel, parts, threads > 1 and heavy and parts > 1, scratch, cycles)
