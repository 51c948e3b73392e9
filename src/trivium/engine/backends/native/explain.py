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
from dataclasses import replace
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
from ...traversal import substitute
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
    PlacingKernel,
    RandomKernel,
    RowKernel,
    ScatterKernel,
)
from .layout import Task
from .rates import Rates, rates
from .target import Target
from .traffic import Use, distances, moves, partial_results, traffic, uses

__all__ = ["explain"]

_ALIGNMENT = 64
_REDUCTIONS = ("sum", "max", "min")
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
    layout, lowered = executable._layout, executable._lowered
    module = executable.module()
    target: Target = module.target
    threads, tasks = layout.threads, layout.tasks
    names = _Names(inputs)
    touched = [uses(task.kernel) for task in tasks]
    touched.append([use for pair in moves(lowered) for use in pair])
    kernels = [
        _record(number, task, used, names, threads)
        for number, (task, used) in enumerate(zip(tasks, touched))
    ]
    kernels += _end_of_step(len(kernels), touched[-1], names)
    machine = Machine(target.cpu, target.name, target.vector_bits, threads)
    if measure is not None:
        shared, single = rates(target, threads), rates(target, 1)
        machine = replace(machine, peak=shared.peak, bandwidth=shared.bandwidth)
        for each, used, far in zip(kernels, touched, distances(touched)):
            task = tasks[each.number] if each.number < len(tasks) else None
            speed = shared if task is not None and task.shared else single
            seconds = _expected(task, used, far, target, speed)
            kernels[each.number] = replace(each, expected=seconds)
        if measure.steps and tasks:
            times = _measured(inputs, outputs, updates, measure, threads, single.ticks)
            assert len(times) == len(tasks) + 1
            kernels = [replace(each, measured=times[each.number]) for each in kernels]
    memory = _memory(executable, touched, names)
    return Parts(machine, kernels, memory, _code(target, module))


# Time.


def _expected(
    task: Task | None, used: Sequence[Use], far: Sequence[int], target: Target, speed: Rates
) -> float | None:
    """Seconds of a task, or of the end of the step; None for what Python does."""
    if task is None:
        return traffic(used, far, speed)
    if isinstance(task.kernel, CallKernel):
        return None
    return max(_arithmetic(task.kernel, target, speed), traffic(used, far, speed))


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
    if isinstance(kernel, RandomKernel):
        assert kernel.out is not None
        # Ten rounds of two products, four shifts and masks and four exclusive ors of 64 bits.
        return kernel.out.nbytes / 16 * 100 / target.lanes(np.int64) / operations
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
    work = sum(_row_operations(each, target) for each in _fused(kernel))
    return seconds + work / operations


def _fused(kernel: Kernel) -> list[RowKernel]:
    """Elementwise work of a kernel, in order: its own, or what is fused with a product."""
    if isinstance(kernel, RowKernel):
        return [kernel]
    before = kernel.prologues.values() if isinstance(kernel, ContractionKernel) else ()
    after = getattr(kernel, "epilogue", None)
    return [*before, *([after] if after is not None else [])]


def _row_operations(kernel: RowKernel, target: Target) -> float:
    """Vector instructions; what there is once per row takes one each."""
    wide = any(node.dtype.itemsize == 8 for node in kernel.nodes)
    lanes = target.lanes(np.float64 if wide else np.float32)
    domain = math.prod(kernel.shape)
    total = len(partial_results(kernel)) * domain / lanes
    for node in kernel.nodes:
        role = kernel.role[id(node)]
        if role == "row" and node.primitive.name in _REDUCTIONS:
            total += domain / lanes
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
    copies = {id(each): variable(each.storage, name=each.name) for each in updates}
    moved = substitute(roots, {each: copies[id(each)] for each in updates})
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
    number: int, task: Task, used: Sequence[Use], names: _Names, threads: int
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
        what = f"{kind} {_shape(kernel.shape)}"
        return kind, what, kernel.shape, _all_nodes(kernel)[-1].dtype
    if isinstance(kernel, CallKernel):
        assert kernel.node is not None
        name, first = kernel.node.primitive.name, kernel.outs[0]
        return "call", f"{name} {_shape(first.shape)}", first.shape, first.dtype
    if isinstance(kernel, RandomKernel):
        assert kernel.out is not None
        out = kernel.out
        return "random bits", f"random bits {_shape(out.shape)}", out.shape, out.dtype
    if isinstance(kernel, PlacingKernel):
        assert kernel.out is not None
        out, kind = kernel.out, "concatenation" if kernel.covered else "padding"
        return kind, f"{kind} {_shape(out.shape)}", out.shape, out.dtype
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
        what = f"sums of the partial results {_shape(out.shape)}"
        return "partial sums", what, out.shape, out.dtype
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
    """What is computed, in order; of a product, before and after it."""
    node = getattr(kernel, "node", None)
    if isinstance(node, Tensor):
        return [node]
    return [
        each
        for work in _fused(kernel)
        for each in _all_nodes(work)
        if work.role.get(id(each)) != "copy"
    ]


def _all_nodes(kernel: RowKernel) -> list[Tensor]:
    return [*kernel.nodes, *(node for node, _ in partial_results(kernel))]


def _row_flops(kernel: RowKernel) -> int:
    domain = math.prod(kernel.shape)
    total = len(partial_results(kernel)) * domain
    for node in kernel.nodes:
        if kernel.role[id(node)] == "row" and node.primitive.name in _REDUCTIONS:
            total += domain
        elif counts_as_flop(node.primitive.name):
            total += node.size
    return total


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
    return own + sum(_row_flops(work) for work in _fused(kernel))


def _end_of_step(number: int, used: Sequence[Use], names: _Names) -> list[KernelRecord]:
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
            reads=names.all(use.buffer for use in used if not use.writes),
            writes=names.all(use.buffer for use in used if use.writes),
        )
    ]


def _memory(
    executable: NativeExecutable, touched: Sequence[Sequence[Use]], names: _Names
) -> MemoryRecord:
    found = {id(use.buffer): use.buffer for used in touched for use in used}
    total: Counter[str] = Counter()
    for buffer in found.values():
        total[buffer.kind] += buffer.nbytes
    arena = [buffer for buffer in found.values() if buffer.kind == "arena"]
    sizes = [max(-(-each.nbytes // _ALIGNMENT), 1) * _ALIGNMENT for each in arena]
    copied = names.all(buffer for buffer, _ in executable._lowered.copies)
    written = {
        id(use.buffer)
        for used in touched[:-1]
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
        scratch=max((task.scratch for task in executable._layout.tasks), default=0),
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
