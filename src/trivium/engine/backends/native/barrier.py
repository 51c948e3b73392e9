"""Where threads wait for each other: a short turn of watching, then sleep.

Watching costs nothing where every thread has a processor to itself. Where another process wants
one, it keeps a thread from running that the others wait for; then sleeping is what lets that
thread run. So how long a thread watches follows from how it went: twice as long after a wait that
ended meanwhile, half as long after one that did not. Sleep is the system's futex on Linux (U.
Drepper, "Futexes are tricky", 2011), elsewhere the processor is given away again and again.
"""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ir

from .emitter import I32, I64, POINTER, Emitter
from .layout import LEAST_PATIENCE, MOST_PATIENCE

__all__ = ["barrier_function"]

# Bytes from the start of the barrier's memory, each on a line of its own.
_ARRIVED, _GENERATION, _SLEEPERS, _PATIENCE = 0, 64, 128, 192
_FUTEX = {"x86_64": 202, "aarch64": 98}  # the number of the system call on Linux
_WAIT, _WAKE, _EVERYBODY = 128, 129, 2**31 - 1  # private to the process


def barrier_function(e: Emitter, triple: str) -> ir.Function:
    """The function ``barrier(memory, count)``: wait until ``count`` threads have called it."""
    kind = ir.FunctionType(ir.VoidType(), [POINTER, I64])
    function = ir.Function(e.module, kind, "barrier")
    function.linkage = "internal"
    outer_block, outer_entry = e.b.block, e._entry
    e.begin(function)
    _Barrier(e, triple, function).emit()
    e._entry = outer_entry
    e.b.position_at_end(outer_block)
    return function


class _Barrier:
    def __init__(self, e: Emitter, triple: str, function: ir.Function) -> None:
        self.e, self.b = e, e.b
        self.function = function
        self.memory, self.count = function.args
        architecture, *rest = triple.split("-")
        self.number = _FUTEX.get(architecture) if "linux" in rest else None
        self.intel = architecture == "x86_64"

    def emit(self) -> None:
        b, e = self.b, self.e
        block = self.function.append_basic_block
        release, wake, watch, again = map(block, ("release", "wake", "watch", "again"))
        in_time, late, sleep, done = map(block, ("in_time", "late", "sleep", "done"))
        generation = self.load(_GENERATION)
        before = b.atomic_rmw("add", self.place(_ARRIVED), e.i64(1), "acq_rel")
        patience = self.load(_PATIENCE, "monotonic")
        start = b.block
        b.cbranch(b.icmp_signed("==", b.add(before, e.i64(1)), self.count), release, watch)

        b.position_at_end(release)
        b.atomic_rmw("xchg", self.place(_ARRIVED), e.i64(0), "monotonic")
        b.atomic_rmw("add", self.place(_GENERATION), e.i64(1), "seq_cst")
        sleepers = self.load(_SLEEPERS, "seq_cst")
        b.cbranch(b.icmp_signed("==", sleepers, e.i64(0)), done, wake)
        b.position_at_end(wake)
        if self.number is not None:
            self.futex(_WAKE, ir.Constant(I32, _EVERYBODY))
        b.branch(done)

        b.position_at_end(watch)
        turns = b.phi(I64)
        turns.add_incoming(e.i64(0), start)
        b.cbranch(self.moved(generation), in_time, again)
        b.position_at_end(again)
        if self.intel:
            self.call("llvm.x86.sse2.pause", ir.FunctionType(ir.VoidType(), []), [])
        more = b.add(turns, e.i64(1))
        turns.add_incoming(more, again)
        b.cbranch(b.icmp_signed("<", more, patience), watch, late)

        b.position_at_end(in_time)
        self.remember(b.shl(patience, e.i64(1)))
        b.branch(done)

        b.position_at_end(late)
        self.remember(b.lshr(patience, e.i64(1)))
        # The last to come looks for sleepers after it has moved on, so either it sees this one or
        # this one sees that it need not sleep.
        b.atomic_rmw("add", self.place(_SLEEPERS), e.i64(1), "seq_cst")
        b.branch(sleep)
        b.position_at_end(sleep)
        if self.number is not None:
            self.futex(_WAIT, b.trunc(generation, I32))
        else:
            self.call("sched_yield", ir.FunctionType(I32, []), [])
        up = self.function.append_basic_block("up")
        b.cbranch(self.moved(generation), up, sleep)
        b.position_at_end(up)
        b.atomic_rmw("sub", self.place(_SLEEPERS), e.i64(1), "monotonic")
        b.branch(done)
        b.position_at_end(done)
        b.ret_void()

    def place(self, offset: int) -> Any:
        return self.b.gep(self.memory, [self.e.i64(offset)], source_etype=ir.IntType(8))

    def load(self, offset: int, order: str = "acquire") -> Any:
        return self.b.load_atomic(self.place(offset), order, 8, typ=I64)

    def moved(self, generation: Any) -> Any:
        return self.b.icmp_signed("!=", self.load(_GENERATION), generation)

    def remember(self, patience: Any) -> None:
        """How many turns to watch next time, within limits."""
        b, e = self.b, self.e
        least, most = e.i64(LEAST_PATIENCE), e.i64(MOST_PATIENCE)
        patience = b.select(b.icmp_signed("<", patience, least), least, patience)
        patience = b.select(b.icmp_signed(">", patience, most), most, patience)
        # Several threads may do so at once: whichever is last, it is one of their numbers.
        b.store(patience, self.place(_PATIENCE), align=8)

    def futex(self, operation: int, value: Any) -> None:
        """The system call on the generation's low 32 bits, which come first in memory."""
        kind = ir.FunctionType(I64, [I64], var_arg=True)
        nothing, zero = ir.Constant(POINTER, None), ir.Constant(I32, 0)
        number, what = self.e.i64(self.number or 0), ir.Constant(I32, operation)
        arguments = [number, self.place(_GENERATION), what, value, nothing, nothing, zero]
        self.call("syscall", kind, arguments)

    def call(self, name: str, kind: Any, arguments: list[Any]) -> None:
        function = self.e.module.globals.get(name) or ir.Function(self.e.module, kind, name)
        self.b.call(function, arguments)
