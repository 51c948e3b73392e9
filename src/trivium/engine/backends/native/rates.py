"""What this machine can do, measured: arithmetic, bandwidth by size of the working set, clock.

Data sheets and clock frequencies of the moment are hard to come by; a tenth of a second of
measuring is not. Used by explanations only; programs never depend on it.
"""

from __future__ import annotations

import ctypes
import functools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import llvmlite.binding as llvm
import numpy as np

from ...aligned import aligned_empty
from .target import Target

__all__ = ["Rates", "rates"]

_SUMS = (
    12  # independent sums: enough to hide the latency of an addition, and they fit registers
)
_SIZES = (1 << 14, 1 << 18, 1 << 21, 1 << 23, 1 << 26)  # bytes of all threads together
_SECONDS = 0.002
_ROUNDS = 3


@dataclass(frozen=True)
class Rates:
    """``peak``: float32 operations per second, a multiplication with addition being two.

    ``bandwidth``: size of the working set → bytes per second. All threads together.
    ``ticks``: of the processor's counter, per second.
    """

    threads: int
    peak: float
    bandwidth: dict[int, float]
    ticks: float

    def bytes_per_second(self, size: float) -> float:
        """The bandwidth of a working set of ``size`` bytes, between those measured."""
        sizes = np.log([*self.bandwidth])
        speeds = np.log([*self.bandwidth.values()])
        return float(np.exp(np.interp(np.log(max(size, 1)), sizes, speeds)))


@functools.cache
def rates(target: Target, threads: int) -> Rates:
    """Measured once in a process; the best of several rounds, other processes being what slows."""
    code = _Code(target)
    sums = [np.zeros(_SUMS * 64, np.uint8) for _ in range(threads)]

    def arithmetic(i: int, turns: int) -> None:
        code.peak(turns, sums[i].ctypes.data)

    flops = 2 * _SUMS * target.lanes(np.float32)
    peak = _best(arithmetic, threads) * flops
    memory = aligned_empty((_SIZES[-1],), np.dtype(np.uint8))
    memory[:] = 0
    bandwidth = {}
    for size in _SIZES:
        own = size // threads // (4 * code.width) * 4 * code.width

        def stream(i: int, turns: int, own: int = own) -> None:
            code.stream(memory.ctypes.data + i * own, own // code.width, turns)

        bandwidth[size] = _best(stream, threads) * 2 * own
    return Rates(threads, peak, bandwidth, code.ticks_per_second())


def _best(work: Callable[[int, int], None], threads: int) -> float:
    """Turns per second of ``work(thread, turns)``, summed over the threads; the best round."""
    turns = 1
    while (taken := _once(work, 0, turns)) < _SECONDS:
        turns = max(2 * turns, int(turns * _SECONDS / max(taken, 1e-6)))
    if threads == 1:
        return max(turns / _once(work, 0, turns) for _ in range(_ROUNDS))
    return max(_together(work, threads, turns) for _ in range(_ROUNDS))


def _together(work: Callable[[int, int], None], threads: int, turns: int) -> float:
    found = [0.0] * threads
    barrier = threading.Barrier(threads)

    def run(i: int) -> None:
        barrier.wait()
        found[i] = turns / _once(work, i, turns)

    running = [threading.Thread(target=run, args=(i,)) for i in range(threads)]
    for each in running:
        each.start()
    for each in running:
        each.join()
    return sum(found)


def _once(work: Callable[[int, int], None], thread: int, turns: int) -> float:
    start = time.perf_counter()
    work(thread, turns)
    return time.perf_counter() - start


class _Code:
    """Machine code that does nothing but arithmetic, or nothing but reading and writing."""

    def __init__(self, target: Target) -> None:
        self.width = target.vector_bits // 8
        machine = target.machine()
        module = llvm.parse_assembly(_text(target))
        module.verify()
        target.optimise(module, machine)
        library = llvm.JITLibraryBuilder()
        library.add_object_img(machine.emit_object(module))
        library.add_current_process()
        for name in ("peak", "stream", "clock"):
            library.export_symbol(name)
        self._loaded = library.link(llvm.create_lljit_compiler(target.machine()), "rates")
        long, pointer = ctypes.c_int64, ctypes.c_void_p
        self.peak = ctypes.CFUNCTYPE(None, long, pointer)(self._loaded["peak"])
        self.stream = ctypes.CFUNCTYPE(None, pointer, long, long)(self._loaded["stream"])
        self._clock = ctypes.CFUNCTYPE(long)(self._loaded["clock"])

    def ticks_per_second(self) -> float:
        """How fast the processor's counter counts."""
        start, first = time.perf_counter(), self._clock()
        while time.perf_counter() < start + 2 * _SECONDS:
            pass
        last, end = self._clock(), time.perf_counter()
        return float(last - first) / (end - start)


def _text(target: Target) -> str:
    lanes = target.lanes(np.float32)
    kind = f"<{lanes} x float>"
    fma = f"llvm.fmuladd.v{lanes}f32"
    starts = [
        f"%a{i} = phi {kind} [zeroinitializer, %entry], [%b{i}, %loop]" for i in range(_SUMS)
    ]
    sums = [
        f"%b{i} = call {kind} @{fma}({kind} %a{i}, {kind} %x, {kind} %x)" for i in range(_SUMS)
    ]
    ends = []
    for i in range(_SUMS):
        ends.append(f"%p{i} = getelementptr i8, ptr %out, i64 {64 * i}")
        ends.append(f"store {kind} %b{i}, ptr %p{i}, align 4")
    body = []
    for i in range(4):
        body.append(f"%j{i} = add i64 %j, {i}")
        body.append(f"%q{i} = getelementptr {kind}, ptr %x, i64 %j{i}")
        body.append(f"%v{i} = load {kind}, ptr %q{i}, align 4")
        body.append(f"%w{i} = fneg {kind} %v{i}")
        body.append(f"store {kind} %w{i}, ptr %q{i}, align 4")
    lines = "\n  ".join
    return f"""
target triple = "{target.triple}"
target datalayout = "{target.data_layout}"
declare {kind} @{fma}({kind}, {kind}, {kind})
declare i64 @llvm.readcyclecounter()

define i64 @clock() {{
  %now = call i64 @llvm.readcyclecounter()
  ret i64 %now
}}

define void @peak(i64 %turns, ptr %out) #0 {{
entry:
  %x = load {kind}, ptr %out, align 4
  br label %loop
loop:
  %t = phi i64 [0, %entry], [%next, %loop]
  {lines(starts)}
  {lines(sums)}
  %next = add i64 %t, 1
  %more = icmp slt i64 %next, %turns
  br i1 %more, label %loop, label %done
done:
  {lines(ends)}
  ret void
}}

define void @stream(ptr %x, i64 %vectors, i64 %turns) #0 {{
entry:
  br label %turn
turn:
  %t = phi i64 [0, %entry], [%t1, %over]
  br label %loop
loop:
  %j = phi i64 [0, %turn], [%next, %loop]
  {lines(body)}
  %next = add i64 %j, 4
  %more = icmp slt i64 %next, %vectors
  br i1 %more, label %loop, label %over
over:
  %t1 = add i64 %t, 1
  %again = icmp slt i64 %t1, %turns
  br i1 %again, label %turn, label %done
done:
  ret void
}}

attributes #0 = {{ "prefer-vector-width"="{target.vector_bits}"
                  "min-legal-vector-width"="{target.vector_bits}" }}
"""
