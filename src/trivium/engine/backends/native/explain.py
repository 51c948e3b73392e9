"""What a native program consists of: arithmetic, bytes and time of each kernel, the memory plan.

The expected time of a kernel is the longer of its arithmetic at the machine's measured peak and
its bytes at the measured bandwidth of the nearest memory that can still hold them: between two
uses of a buffer so many other bytes are touched, and caches forget what they have not seen for
longest. It knows nothing of starting kernels and waiting for threads, so tiny ones take longer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import llvmlite.binding as llvm
import numpy as np

from ...explanation.arithmetic import counts_as_flop, node_flops
from ...explanation.records import (
    Code,
    KernelRecord,
    Machine,
    Measure,
    MemoryRecord,
    Parts,
)
from ...tensor import Tensor, Variable, variable
from ...traversal import substitute, topological
from .assemble import Task
from .executable import NativeExecutable
from .instructions import cost
from .kernels import (
    Buffer,
    CallKernel,
    ColumnKernel,
    ContractionKernel,
    GatherKernel,
    Kernel,
    PartialSumKernel,
    RowKernel,
    ScatterKernel,
    View,
)
from .rates import Rates, rates
from .target import Target

__all__ = ["explain"]

_ALIGNMENT = 64
# Outputs of measured steps are kept until the call ends; this much of them at once.
_OUTPUT_BYTES = 1 << 26


def explain(
    executable: NativeExecutable,
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    updates: Mapping[Variable, Tensor],
    measure: Measure | None,
) -> Parts:
    """The parts of an explanation that this backend knows."""
    assembly, lowered = executable._assembly, executable._lowered
    target: Target = assembly.module.target
    threads, tasks = assembly.threads, assembly.tasks
    names = _Names(inputs)
    uses = [_uses(task.kernel) for task in tasks]
    uses.append([use for pair in _moves(lowered) for use in pair])
    distances = _distances(uses)
    shared = rates(target, threads)
    single = rates(target, 1)
    kernels = []
    for number, (task, used, far) in enumerate(zip(tasks, uses, distances)):
        speed = shared if task.shared else single
        seconds = None
        if not isinstance(task.kernel, CallKernel):
            seconds = max(_arithmetic(task.kernel, target, speed), _traffic(used, far, speed))
        record = _record(number, task, used, names, threads)
        kernels.append(replace(record, expected=seconds))
    kernels += _end_of_step(len(kernels), uses[-1], distances[-1], names, single)
    if measure is not None:
        times = _measured(inputs, outputs, updates, measure, threads, single.ticks)
        assert len(times) == len(tasks) + 1
        kernels = [
            replace(each, measured=times[min(each.number, len(times) - 1)]) for each in kernels
        ]
    machine = Machine(
        description=target.cpu,
        target=target.name,
        vector_bits=target.vector_bits,
        threads=threads,
        peak=shared.peak,
        bandwidth=shared.bandwidth,
    )
    return Parts(
        machine, kernels, _memory(executable, uses, names), _code(target, assembly.module)
    )


# What a kernel touches.


@dataclass(frozen=True)
class _Use:
    """A buffer that a kernel reads or writes, how many bytes of it, and from how far at least."""

    buffer: Buffer
    bytes: int
    writes: bool
    least_distance: int = 0


def _uses(kernel: Kernel) -> list[_Use]:
    if isinstance(kernel, RowKernel):
        return _row_uses(kernel, None)
    if isinstance(kernel, ContractionKernel | PartialSumKernel):
        sources = [kernel.source] if isinstance(kernel, PartialSumKernel) else []
        if isinstance(kernel, ContractionKernel):
            sources = [kernel.left, kernel.right]
        found = _read([view for view in sources if view is not None])
        assert kernel.out is not None
        if kernel.stored:
            found.append(_Use(kernel.out, kernel.out.nbytes, True))
        if kernel.epilogue is not None:
            found += _row_uses(kernel.epilogue, kernel.out)
        return found
    if isinstance(kernel, CallKernel):
        return _read(kernel.sources) + [_Use(out, out.nbytes, True) for out in kernel.outs]
    assert isinstance(kernel, ColumnKernel | GatherKernel | ScatterKernel)
    assert kernel.source is not None and kernel.out is not None
    out = kernel.out
    if isinstance(kernel, ColumnKernel):
        return [*_read([kernel.source]), _Use(out, out.nbytes, True)]
    assert kernel.indices is not None
    if isinstance(kernel, GatherKernel):
        # Which rows is not known; a step later they are others.
        rows = _Use(kernel.source.buffer, out.nbytes, False, kernel.source.buffer.nbytes)
        return [rows, *_read([kernel.indices]), _Use(out, out.nbytes, True)]
    added = 2 * _view_bytes(kernel.source)
    return [*_read([kernel.source, kernel.indices]), _Use(out, out.nbytes + added, True)]


def _row_uses(kernel: RowKernel, given: Buffer | None) -> list[_Use]:
    """``given`` is in registers: it does not count."""
    reads = _read([view for view in kernel.loads.values() if view.buffer is not given])
    return reads + [_Use(each, each.nbytes, True) for each in kernel.stores.values()]


def _read(views: Iterable[View]) -> list[_Use]:
    """Each element counts once, whoever reads it again."""
    distinct = {(id(v.buffer), v.shape, v.strides, v.offset): v for v in views}
    total: dict[int, int] = {}
    for view in distinct.values():
        key = id(view.buffer)
        total[key] = min(total.get(key, 0) + _view_bytes(view), view.buffer.nbytes)
    buffers = {id(view.buffer): view.buffer for view in distinct.values()}
    return [_Use(buffers[key], count, False) for key, count in total.items()]


def _view_bytes(view: View) -> int:
    pairs = zip(view.shape, view.strides, strict=True)
    return math.prod(n if step else min(n, 1) for n, step in pairs) * view.buffer.dtype.itemsize


def _moves(lowered: Any) -> list[tuple[_Use, _Use]]:
    """What the end of a step copies: from where, to where."""
    return [
        (_Use(view.buffer, _view_bytes(view), False), _Use(buffer, buffer.nbytes, True))
        for buffer, view in [*lowered.copies, *lowered.stepped]
    ]


def _distances(uses: Sequence[Sequence[_Use]]) -> list[list[int]]:
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


# Time.


def _traffic(used: Sequence[_Use], far: Sequence[int], speed: Rates) -> float:
    return sum(
        use.bytes / speed.bytes_per_second(max(distance + use.bytes, use.least_distance))
        for use, distance in zip(used, far, strict=True)
    )


def _arithmetic(kernel: Kernel, target: Target, speed: Rates) -> float:
    """Seconds at the machine's peak."""
    lanes = target.lanes(np.float32)
    operations = speed.peak / lanes / (2 if target.has_fma else 1)  # of vectors, per second
    if isinstance(kernel, ColumnKernel):
        assert kernel.source is not None
        return kernel.source.size / target.lanes(kernel.source.buffer.dtype) / operations
    if isinstance(kernel, ScatterKernel):
        assert kernel.source is not None
        return kernel.source.size / operations
    if isinstance(kernel, RowKernel):
        return _row_operations(kernel, target) / operations
    if not isinstance(kernel, ContractionKernel | PartialSumKernel):
        return 0.0
    assert kernel.out is not None
    dtype = kernel.out.dtype
    if isinstance(kernel, PartialSumKernel):
        assert kernel.source is not None
        seconds = kernel.source.size / target.lanes(dtype) / operations
    else:
        width = dtype.itemsize / 4 * (2 if dtype.kind in "iu" and target.has_fma else 1)
        seconds = kernel.plan.flops * width / speed.peak
    if kernel.epilogue is not None:
        seconds += _row_operations(kernel.epilogue, target) / operations
    return seconds


def _row_operations(kernel: RowKernel, target: Target) -> float:
    """Vector instructions; what there is once per row takes one each."""
    wide = any(node.dtype.itemsize == 8 for node in kernel.nodes)
    lanes = target.lanes(np.float64 if wide else np.float32)
    total = 0.0
    for node in kernel.nodes:
        role = kernel.role[id(node)]
        if role == "row" and node.primitive.name in ("sum", "max", "min"):
            total += node.inputs[0].size / lanes
        elif role == "row":
            total += node.size * cost(node, target)
        elif role == "inner":
            total += node.size / lanes * cost(node, target)
    return total


def _measured(
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    updates: Mapping[Variable, Tensor],
    measure: Measure,
    threads: int,
    ticks: float,
) -> list[float]:
    """Seconds of each task and of the end of the step, on copies of the variables."""
    from .backend import NativeBackend

    roots = [*outputs, *updates.values()]
    originals = [node for node in topological(roots) if isinstance(node, Variable)]
    known = {id(each) for each in originals}
    originals += [each for each in updates if id(each) not in known]
    copies = {id(each): variable(each.storage, name=each.name) for each in originals}
    moved = substitute(roots, {each: copies[id(each)] for each in originals})
    backend = NativeBackend(threads=threads, timed=True)
    executable = backend.compile(
        inputs,
        moved[: len(outputs)],
        {copies[id(each)]: new for each, new in zip(updates, moved[len(outputs) :])},
    )
    piece = sum(each.size * each.dtype.itemsize for each in outputs)
    at_once = max(1, min(measure.steps, _OUTPUT_BYTES // max(piece, 1)))
    executable.run(measure.arrays, min(at_once, 3))  # caches, pages, sleeping threads
    executable.ticks[:] = 0
    left = measure.steps
    while left > 0:
        executable.run(measure.arrays, min(left, at_once))
        left -= at_once
    return [float(each) / ticks / measure.steps for each in executable.ticks]


# Records.


class _Names:
    """What people call a buffer; None for intermediate values and small constants."""

    def __init__(self, inputs: Sequence[Tensor]) -> None:
        self.inputs = inputs

    def of(self, buffer: Buffer) -> str | None:
        if buffer.kind == "variable":
            return buffer.source.name or f"variable {buffer.shape}"
        if buffer.kind == "input":
            return str(self.inputs[buffer.source].name)
        if buffer.kind == "output":
            return f"output {buffer.source}"
        return None

    def all(self, buffers: Iterable[Buffer]) -> tuple[str, ...]:
        found = [self.of(each) for each in buffers]
        return tuple(dict.fromkeys(name for name in found if name is not None))


def _record(
    number: int, task: Task, used: Sequence[_Use], names: _Names, threads: int
) -> KernelRecord:
    kernel = task.kernel
    kind, what, shape, dtype = _head(kernel)
    nodes = _nodes(kernel)
    node = kernel.node if isinstance(kernel, CallKernel) else None
    plan = kernel.plan if isinstance(kernel, ContractionKernel) else None
    return KernelRecord(
        number=number,
        kind=kind,
        what=what,
        shape=shape,
        dtype=dtype.name,
        flops=_flops(kernel),
        bytes=sum(use.bytes for use in used),
        threads=threads if task.shared else 1,
        parts=task.parts,
        # The shape is told already.
        method=plan.describe().partition(": ")[2] if plan is not None else None,
        calls=node.primitive.name if node is not None else None,
        operations=dict(Counter(each.primitive.name for each in nodes)),
        reads=names.all(use.buffer for use in used if not use.writes),
        writes=names.all(use.buffer for use in used if use.writes),
        scopes=tuple(dict.fromkeys(" > ".join(each.scope) for each in nodes if each.scope)),
    )


def _head(kernel: Kernel) -> tuple[str, str, tuple[int, ...], np.dtype[Any]]:
    """Kind, a few words, shape, dtype."""
    if isinstance(kernel, RowKernel):
        kind = "elementwise" if kernel.split is None else "rows"
        if "copy" in kernel.role.values():
            kind = "copy"
        return kind, f"{kind} {_shape(kernel.shape)}", kernel.shape, kernel.nodes[-1].dtype
    if isinstance(kernel, CallKernel):
        assert kernel.node is not None
        name, first = kernel.node.primitive.name, kernel.outs[0]
        shapes = ", ".join(_shape(view.shape) for view in kernel.sources)
        what = f"calls the reference function {name} {shapes}".rstrip()
        return "call", what, first.shape, first.dtype
    assert isinstance(
        kernel,
        ContractionKernel | PartialSumKernel | ColumnKernel | GatherKernel | ScatterKernel,
    )
    assert kernel.out is not None
    out = kernel.out
    if isinstance(kernel, ContractionKernel):
        assert kernel.left is not None and kernel.right is not None
        batch, m, k = kernel.left.shape
        n = kernel.right.shape[2]
        times = f"{batch} × " if batch > 1 else ""
        what = f"product {times}[{m}×{k} · {k}×{n}]"
        return "product", what, (batch, m, n, k), out.dtype
    assert kernel.source is not None
    source = kernel.source.shape
    if isinstance(kernel, PartialSumKernel):
        return "partial sums", "sums of the partial results", out.shape, out.dtype
    if isinstance(kernel, ColumnKernel):
        what = f"{kernel.operation} of columns {_shape(source)}"
        return "columns", what, source, out.dtype
    assert kernel.indices is not None
    count = kernel.indices.size
    if isinstance(kernel, GatherKernel):
        return "gather", f"gather {count} rows of {_shape(source)}", out.shape, out.dtype
    return "scatter", f"add {count} rows into {_shape(out.shape)}", out.shape, out.dtype


def _shape(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape)) or "scalar"


def _nodes(kernel: Kernel) -> list[Tensor]:
    """What is computed, in order; of a product, in its epilogue."""
    work = kernel if isinstance(kernel, RowKernel) else getattr(kernel, "epilogue", None)
    if isinstance(work, RowKernel):
        return [node for node in work.nodes if work.role[id(node)] != "copy"]
    node = getattr(kernel, "node", None)
    return [node] if isinstance(node, Tensor) else []


def _flops(kernel: Kernel) -> int | None:
    if isinstance(kernel, CallKernel):
        assert kernel.node is not None
        return node_flops(kernel.node)
    own = 0
    if isinstance(kernel, ContractionKernel):
        own = kernel.plan.flops
    elif isinstance(kernel, ColumnKernel | PartialSumKernel | ScatterKernel):
        assert kernel.source is not None
        own = kernel.source.size
    if isinstance(kernel, GatherKernel | ScatterKernel):
        return own
    nodes = [node for node in _nodes(kernel) if counts_as_flop(node.primitive.name)]
    return own + sum(node_flops(node) or 0 for node in nodes)


def _end_of_step(
    number: int, used: Sequence[_Use], far: Sequence[int], names: _Names, speed: Rates
) -> list[KernelRecord]:
    if not used:
        return []
    return [
        KernelRecord(
            number=number,
            kind="end of step",
            what="copies at the end of the step",
            shape=(),
            dtype="",
            flops=0,
            bytes=sum(use.bytes for use in used),
            expected=_traffic(used, far, speed),
            reads=names.all(use.buffer for use in used if not use.writes),
            writes=names.all(use.buffer for use in used if use.writes),
        )
    ]


def _memory(
    executable: NativeExecutable, uses: Sequence[Sequence[_Use]], names: _Names
) -> MemoryRecord:
    found = {id(use.buffer): use.buffer for used in uses for use in used}
    total: Counter[str] = Counter()
    for buffer in found.values():
        total[buffer.kind] += buffer.nbytes
    arena = [buffer for buffer in found.values() if buffer.kind == "arena"]
    sizes = [max(-(-each.nbytes // _ALIGNMENT), 1) * _ALIGNMENT for each in arena]
    copied = names.all(buffer for buffer, _ in executable._lowered.copies)
    written = {
        id(use.buffer)
        for used in uses[:-1]
        for use in used
        if use.writes and use.buffer.kind == "variable"
    }
    return MemoryRecord(
        arena=max((each.offset + size for each, size in zip(arena, sizes)), default=0),
        without_reuse=sum(sizes),
        buffers=len(arena),
        variables=total["variable"],
        constants=total["constant"],
        inputs=total["input"],
        outputs=total["output"],
        scratch=max((task.scratch for task in executable._assembly.tasks), default=0),
        in_place=names.all(found[key] for key in found if key in written),
        copied=copied,
    )


def _code(target: Target, emitted: Any) -> Code:
    """The module again, as text: it is made when somebody asks."""

    def module(optimised: bool) -> Any:
        parsed = llvm.parse_assembly(str(emitted))
        if optimised:
            target.optimise(parsed, target.machine())
        return parsed

    return Code(
        llvm=lambda optimised: str(module(optimised)),
        assembly=lambda: str(target.machine().emit_assembly(module(True))),
    )
