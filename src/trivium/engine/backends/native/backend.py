"""The native backend: the stages from a graph to machine code, in order.

lower (graph → kernels) → write in place → plan rows → plan memory → assemble (kernels → LLVM) →
optimise (or take the code from the cache) → load. Each stage is a file of its own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import llvmlite
import llvmlite.binding as llvm

from ...tensor import Tensor, Variable
from ..base import Compilation
from . import target as targets
from .cache import default_cache
from .epilogues import attach_epilogues
from .executable import NativeExecutable, load
from .fingerprint import fingerprint
from .kernels import (
    Buffer,
    ContractionKernel,
    Kernel,
    ProductKernel,
    RowKernel,
    View,
    contiguous_strides,
    last_that_may_fail,
)
from .layout import lay_out
from .lower import Lowered, lower
from .memory import plan_memory
from .product_plans import with_plans
from .prologues import attach_prologues
from .reshaping import suited_to_loops
from .row_plans import plan_rows
from .threads import default_threads

if TYPE_CHECKING:
    from ...explanation.records import Measure, Parts

__all__ = ["NativeBackend"]


class NativeBackend:
    """LLVM code for the whole program."""

    name = "native"

    def __init__(self, threads: int | None = None, timed: bool = False) -> None:
        self.timed = timed
        self.cache = default_cache()
        self.threads = threads or default_threads()

    def compile(
        self,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        updates: Mapping[Variable, Tensor],
    ) -> NativeExecutable:
        """Machine code for the program."""
        made = Compilation()
        target = targets.chosen()
        made.end("load llvm")
        suited = suited_to_loops([*outputs, *updates.values()])
        outputs, values = suited[: len(outputs)], suited[len(outputs) :]
        lowered = lower(inputs, outputs, dict(zip(updates, values, strict=True)))
        attach_epilogues(lowered)
        attach_prologues(lowered, target)
        made.end("lower")
        lowered.kernels = with_plans(lowered.kernels, target, set(map(id, updates)))
        write_in_place(lowered)
        plans = {
            id(kernel): plan_rows(kernel, target.lanes)
            for kernel in lowered.kernels
            if isinstance(kernel, RowKernel)
        }
        kept = [view.buffer for _, view in lowered.copies + lowered.stepped]
        arena = plan_memory(lowered.kernels, kept)
        buffers = _all_buffers(lowered)
        made.end("plan")
        layout = lay_out(target, lowered, plans, buffers, self.threads)

        def module() -> Any:
            from .assemble import (
                assemble,
            )  # with LLVM's builders, which known code does without

            return assemble(target, lowered, plans, layout, self.timed)

        key = fingerprint(lowered, plans, layout, target, self.timed, *_versions())
        code = self._object_code(target, key, module, made)
        executable = NativeExecutable(load(code), layout, lowered, arena)
        executable.module = module
        made.end("link")
        executable.compilation = made
        return executable

    def explain(
        self,
        executable: NativeExecutable,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        updates: Mapping[Variable, Tensor],
        measure: Measure | None,
    ) -> Parts:
        """Kernels, memory, expected times and, with ``measure``, measured ones."""
        from .explain import explain

        return explain(executable, inputs, outputs, updates, measure)

    def _object_code(
        self, target: targets.Target, key: str, module: Callable[[], Any], made: Compilation
    ) -> bytes:
        """The code kept under ``key``, else that of the module that is then emitted."""
        code = self.cache.load(key)
        made.end("look up")
        made.cached = code is not None
        if code is None:
            text = str(module())
            made.end("emit")
            parsed = llvm.parse_assembly(text)
            parsed.verify()
            machine = target.machine()
            target.optimise(parsed, machine)
            made.end("optimise")
            code = machine.emit_object(parsed)
            self.cache.store(key, code)
            made.end("machine code")
        made.code_bytes = len(code)
        return code


def _versions() -> tuple[str, str]:
    return llvmlite.__version__, str(llvm.llvm_version_info)


def write_in_place(lowered: Lowered) -> None:
    """Let kernels write new values straight into their variables where no one reads the old.

    Allowed when the value is computed elementwise, the kernel itself reads the variable only at
    the element that it writes, no later kernel reads the variable, and none may fail from there
    on. What remains is copied at the end of the step; a value that is only a view of a variable
    is first saved.
    """
    # What is only a view of a variable is saved first: these reads count below.
    updates = [(variable, lowered.saved(view)) for variable, view in lowered.updates]
    lowered.updates = updates
    lowered.outputs = [lowered.saved(view) for view in lowered.outputs]
    known = {
        id(buffer.source): buffer
        for kernel in lowered.kernels
        for buffer in kernel.reads
        if buffer.kind == "variable"
    }
    wanted = [view.buffer for _, view in updates] + [view.buffer for view in lowered.outputs]
    uses = Counter(map(id, wanted))
    for variable, view in updates:
        own = known.get(id(variable))
        if own is None:
            own = Buffer(variable.shape, variable.dtype, "variable", variable)
        if uses[id(view.buffer)] == 1 and _may_write(lowered.kernels, own, view):
            old = view.buffer
            for kernel in lowered.kernels:
                kernel.exchange(old, own)
        else:
            lowered.copies.append((own, view))
    for i, view in enumerate(lowered.outputs):
        buffer = Buffer(view.shape, view.buffer.dtype, "output", i)
        lowered.stepped.append((buffer, view))


def _may_write(kernels: Sequence[Kernel], own: Buffer, view: View) -> bool:
    buffer = view.buffer
    if buffer.kind != "arena" or not view.contiguous or view.offset or view.size != buffer.size:
        return False
    writers = [i for i, kernel in enumerate(kernels) if buffer in kernel.writes]
    if len(writers) != 1:
        return False
    if writers[0] < last_that_may_fail(kernels):
        return False
    writer = kernels[writers[0]]
    if isinstance(writer, ProductKernel) and writer.epilogue is None:
        # Numbers are written before all of the operands have been read.
        return not any(own in kernel.reads for kernel in kernels[writers[0] :]) and not any(
            own in kernel.writes for kernel in kernels
        )
    work = _elementwise(writer)
    if work is None or not any(buffer is each for each in work.stores.values()):
        return False
    if any(own in kernel.reads for kernel in kernels[writers[0] + 1 :]):
        return False
    if any(own in kernel.writes for kernel in kernels):
        return False
    if isinstance(writer, ContractionKernel):
        # Every tile reads the operands of the product, after others have been finished.
        if own in writer.operands:
            return False
    identity = contiguous_strides(work.shape)
    return all(
        each.buffer is not own
        or (each.shape == work.shape and each.strides == identity and not each.offset)
        for each in work.loads.values()
    ) and buffer.size == math.prod(work.shape)


def _elementwise(kernel: Kernel) -> RowKernel | None:
    """The kernel's own work on elements, or that of its epilogue."""
    if isinstance(kernel, RowKernel):
        return kernel
    return kernel.epilogue if isinstance(kernel, ProductKernel) else None


def _all_buffers(lowered: Lowered) -> list[Buffer]:
    found: dict[int, Buffer] = {}
    for kernel in lowered.kernels:
        for buffer in (*kernel.reads, *kernel.writes):
            found.setdefault(id(buffer), buffer)
    for buffer, view in [*lowered.copies, *lowered.stepped]:
        found.setdefault(id(buffer), buffer)
        found.setdefault(id(view.buffer), view.buffer)
    return list(found.values())
