"""One LLVM module for a whole program: every kernel, and the function that runs the steps.

``run(table, steps, thread, threads)`` is executed by all threads. Work that is cut into parts
is shared; the rest is done by thread 0 while the others wait at a barrier.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import llvmlite.ir as ir

from .barrier import barrier_function
from .columns import emit_columns
from .emitter import I64, POINTER, Emitter
from .gathering import emit_gather, emit_scatter
from .kernels import (
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
    last_that_may_fail,
)
from .layout import BARRIER, CALL_SYMBOL, CLOCK, SCRATCH, STATUS, Layout
from .lower import Lowered
from .placing import emit_placing
from .products import emit_partial_sum, emit_product
from .random_bits import emit_random
from .row_plans import RowPlan
from .rows import emit_rows

__all__ = ["assemble"]


def assemble(
    target: Any,
    lowered: Lowered,
    plans: Mapping[int, RowPlan],
    layout: Layout,
    timed: bool = False,
) -> Any:
    """Emit the module of a program that has been laid out.

    ``timed``: thread 0 adds the clock ticks of every task, waiting included, to the 64-bit
    numbers at ``table[CLOCK]``; the last one is for the end of the step.
    """
    module = target.module("program")
    emitter = Emitter(module, layout.slots)
    functions = [
        _function(emitter, target, f"kernel_{i}", task.kernel, plans.get(id(task.kernel)))
        for i, task in enumerate(layout.tasks)
    ]
    _emit_run(emitter, target, layout, functions, lowered, timed)
    return module


def _function(
    emitter: Emitter, target: Any, name: str, kernel: Kernel, rows: RowPlan | None
) -> Any:
    """The function ``name(table, begin, end)`` of a kernel; None for a reference function."""
    if isinstance(kernel, RowKernel):
        assert rows is not None
        function = emit_rows(emitter, name, kernel, rows)
    elif isinstance(kernel, ColumnKernel):
        assert kernel.source is not None
        function = emit_columns(emitter, name, kernel, target.lanes(kernel.source.buffer.dtype))
    elif isinstance(kernel, GatherKernel):
        function = emit_gather(emitter, name, kernel, STATUS)
    elif isinstance(kernel, ContractionKernel):
        function = emit_product(emitter, name, kernel, SCRATCH)
    elif isinstance(kernel, PartialSumKernel):
        function = emit_partial_sum(emitter, name, kernel)
    elif isinstance(kernel, RandomKernel):
        function = emit_random(emitter, name, kernel, target.vector_bits)
    elif isinstance(kernel, PlacingKernel):
        function = emit_placing(emitter, name, kernel)
    elif isinstance(kernel, ScatterKernel):
        function = emit_scatter(emitter, name, kernel, STATUS)
    else:
        assert isinstance(kernel, CallKernel)
        return None
    return target.prepare(function)


def _emit_run(
    e: Emitter, target: Any, layout: Layout, functions: list[Any], lowered: Lowered, timed: bool
) -> None:
    tasks, threads = layout.tasks, layout.threads
    kind = ir.FunctionType(ir.VoidType(), [POINTER, I64, I64, I64])
    function = ir.Function(e.module, kind, "run")
    e.begin(function)
    target.prepare(function)
    table, steps, thread, count = function.args
    b = e.b

    def entry(index: int) -> Any:
        return b.load(b.gep(table, [e.i64(index)], source_etype=POINTER), typ=POINTER)

    barrier = barrier_function(e, target.triple) if threads > 1 else None

    def wait() -> None:
        if barrier is not None:
            b.call(barrier, [entry(BARRIER), count])

    def serial(run: Any) -> None:
        if threads == 1:
            run()
            return
        with e.when(b.icmp_signed("==", thread, e.i64(0))):
            run()

    clock = _Clock(e, entry, thread) if timed else None

    def tick(i: int | None) -> None:
        if clock is not None:
            clock.tick(i)

    may_fail = last_that_may_fail(lowered.kernels)

    def step(s: Any) -> None:
        pending = False  # thread 0 has done something that the others may need
        tick(None)
        for i, task in enumerate(tasks):
            if i:
                tick(i - 1)
            if task.shared:
                if pending:
                    wait()
                    pending = False
                first = b.sdiv(b.mul(e.i64(task.parts), thread), count)
                last = b.sdiv(b.mul(e.i64(task.parts), b.add(thread, e.i64(1))), count)
                b.call(functions[i], [table, first, last])
                wait()
            else:
                serial(lambda task=task, i=i: _call(e, table, functions[i], task.parts, i))
                pending = True
            if i == may_fail:
                if pending:
                    wait()
                    pending = False
                # All threads see the same: the word changes only after the next barrier.
                failed = b.icmp_signed("!=", b.load(entry(STATUS), typ=I64), e.i64(0))
                with b.if_then(failed, likely=False):
                    b.ret_void()
        if tasks:
            tick(len(tasks) - 1)
        serial(lambda: _finish_step(e, table, lowered, s))
        wait()
        tick(len(tasks))

    e.loop(e.i64(0), steps, 1, step)
    b.ret_void()
    once = ir.Function(e.module, ir.FunctionType(ir.VoidType(), [POINTER]), "run_once")
    e.begin(once)
    e.b.call(function, [once.args[0], e.i64(1), e.i64(0), e.i64(1)])
    e.b.ret_void()


class _Clock:
    """Adds the time between ticks to the numbers at ``table[CLOCK]``, on thread 0."""

    def __init__(self, e: Emitter, entry: Callable[[int], Any], thread: Any) -> None:
        self.e, self.entry, self.thread = e, entry, thread
        self.before: Any = None

    def tick(self, i: int | None) -> None:
        """The time since the last tick belongs to the i-th number; None only begins."""
        e, b = self.e, self.e.b
        now = b.call(e.clock(), [])
        if i is not None:
            place = b.gep(self.entry(CLOCK), [e.i64(i)], source_etype=I64)
            with e.when(b.icmp_signed("==", self.thread, e.i64(0))):
                b.store(b.add(b.load(place, typ=I64), b.sub(now, self.before)), place)
        self.before = now


def _call(e: Emitter, table: Any, function: Any, parts: int, index: int) -> None:
    if function is not None:
        e.b.call(function, [table, e.i64(0), e.i64(parts)])
        return
    call = e.module.globals.get(CALL_SYMBOL) or ir.Function(
        e.module, ir.FunctionType(ir.VoidType(), [POINTER, I64]), CALL_SYMBOL
    )
    e.b.call(call, [table, e.i64(index)])


def _finish_step(e: Emitter, table: Any, lowered: Lowered, s: Any) -> None:
    """Copy what was not written in place: new values of variables, and the step's outputs."""
    b = e.b
    for variable_buffer, view in lowered.copies:
        e.copy(e.base(table, variable_buffer), _address(e, table, view), _bytes(view))
    for buffer, view in lowered.stepped:
        start = b.mul(s, e.i64(_bytes(view)))
        base = b.gep(e.base(table, buffer), [start], source_etype=ir.IntType(8))
        e.copy(base, _address(e, table, view), _bytes(view))


def _bytes(view: View) -> int:
    return view.size * view.buffer.dtype.itemsize


def _address(e: Emitter, table: Any, view: View) -> Any:
    base = e.base(table, view.buffer)
    at = e.i64(view.offset * view.buffer.dtype.itemsize)
    return e.b.gep(base, [at], source_etype=ir.IntType(8))
