"""Which memory each kernel touches, how much of it, and how long after it was touched last."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...tensor import Tensor
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
    RowKernel,
    ScatterKernel,
    View,
)
from .rates import Rates

__all__ = ["Use", "distances", "moves", "partial_results", "traffic", "uses"]


@dataclass(frozen=True)
class Use:
    """A buffer that a kernel reads or writes, how many bytes of it, and from how far at least."""

    buffer: Buffer
    bytes: int
    writes: bool
    least_distance: int = 0


def uses(kernel: Kernel) -> list[Use]:
    """Every buffer that the kernel reads, then every one that it writes."""
    if isinstance(kernel, RowKernel):
        return _row_uses(kernel, None)
    if isinstance(kernel, ContractionKernel | PartialSumKernel):
        sources: list[View | None] = []
        if isinstance(kernel, PartialSumKernel):
            sources.append(kernel.source)
        before: list[Use] = []
        if isinstance(kernel, ContractionKernel):
            for side in ("left", "right"):
                work = kernel.prologues.get(side)
                if work is None:
                    sources.append(getattr(kernel, side))
                else:
                    before += _row_uses(replace(work, stores={}), None)
        found = before + _read([view for view in sources if view is not None])
        assert kernel.out is not None
        if kernel.stored:
            found.append(Use(kernel.out, kernel.out.nbytes, True))
        if kernel.epilogue is not None:
            found += _row_uses(kernel.epilogue, kernel.out)
        return found
    if isinstance(kernel, PlacingKernel):
        assert kernel.out is not None
        return [*_read(kernel.sources), Use(kernel.out, kernel.out.nbytes, True)]
    if isinstance(kernel, CallKernel):
        return _read(kernel.sources) + [Use(out, out.nbytes, True) for out in kernel.outs]
    if isinstance(kernel, RandomKernel):
        assert kernel.key is not None and kernel.offset is not None and kernel.out is not None
        return [*_read([kernel.key, kernel.offset]), Use(kernel.out, kernel.out.nbytes, True)]
    assert isinstance(kernel, ColumnKernel | GatherKernel | ScatterKernel)
    assert kernel.source is not None and kernel.out is not None
    out = kernel.out
    if isinstance(kernel, ColumnKernel):
        return [*_read([kernel.source]), Use(out, out.nbytes, True)]
    assert kernel.indices is not None
    if isinstance(kernel, GatherKernel):
        # Which rows is not known; a step later they are others.
        rows = Use(kernel.source.buffer, out.nbytes, False, kernel.source.buffer.nbytes)
        return [rows, *_read([kernel.indices]), Use(out, out.nbytes, True)]
    added = 2 * _view_bytes(kernel.source)
    return [*_read([kernel.source, kernel.indices]), Use(out, out.nbytes + added, True)]


def _row_uses(kernel: RowKernel, given: Buffer | None) -> list[Use]:
    """``given`` is in registers: it does not count."""
    reads = _read([view for view in kernel.loads.values() if view.buffer is not given])
    stored = [*kernel.stores.values(), *(buffer for _, buffer in partial_results(kernel))]
    return reads + [Use(each, each.nbytes, True) for each in stored]


def partial_results(kernel: RowKernel) -> list[tuple[Tensor, Buffer]]:
    """Reductions that another kernel finishes, and where their partial results go."""
    return [*getattr(kernel, "partials", ()), *getattr(kernel, "columns", ())]


def _read(views: Iterable[View]) -> list[Use]:
    """Each element counts once, whoever reads it again."""
    distinct = {(id(v.buffer), v.shape, v.strides, v.offset): v for v in views}
    total: dict[int, int] = {}
    for view in distinct.values():
        key = id(view.buffer)
        total[key] = min(total.get(key, 0) + _view_bytes(view), view.buffer.nbytes)
    buffers = {id(view.buffer): view.buffer for view in distinct.values()}
    return [Use(buffers[key], count, False) for key, count in total.items()]


def _view_bytes(view: View) -> int:
    pairs = zip(view.shape, view.strides, strict=True)
    return math.prod(n if step else min(n, 1) for n, step in pairs) * view.buffer.dtype.itemsize


def moves(lowered: Any) -> list[tuple[Use, Use]]:
    """What the end of a step copies: from where, to where."""
    return [
        (Use(view.buffer, _view_bytes(view), False), Use(buffer, buffer.nbytes, True))
        for buffer, view in [*lowered.copies, *lowered.stepped]
    ]


def distances(uses: Sequence[Sequence[Use]]) -> list[list[int]]:
    """For each use, how many bytes are touched since the last use of the same memory.

    Steps follow each other, so the first use in a step comes after the last of the step before.
    """
    last: dict[int, int] = {}
    now = 0
    found: list[list[int]] = []
    for _ in range(2):
        found = []
        for used in uses:
            found.append([now - last.get(id(use.buffer), 0) for use in used])
            now += sum(use.bytes for use in used)
            last.update((id(use.buffer), now) for use in used)
    return found


def traffic(used: Sequence[Use], far: Sequence[int], speed: Rates) -> float:
    """Seconds to bring the bytes from where they are and back."""
    return sum(
        use.bytes / speed.bytes_per_second(max(distance + use.bytes, use.least_distance))
        for use, distance in zip(used, far, strict=True)
    )
