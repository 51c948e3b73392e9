"""A compiled program in memory: its table of pointers, its threads, and how it is called."""

from __future__ import annotations

import ctypes
import functools
import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakValueDictionary

import llvmlite.binding as llvm
import numpy as np

from ...aligned import aligned_empty
from ...errors import IndexRangeError, TriviumError
from ...tensor import Tensor
from ..base import Compilation
from ..reference.interpreter import with_site
from .kernels import Buffer, CallKernel, GatherKernel, ScatterKernel, View
from .layout import (
    ARENA,
    BARRIER,
    BARRIER_BYTES,
    CALL_SYMBOL,
    CLOCK,
    FIRST_BUFFER,
    MOST_PATIENCE,
    PATIENCE_WORD,
    SCRATCH,
    STATUS,
    WRONG_INDEX,
    Layout,
)
from .lower import Lowered
from .target import host
from .threads import perform

__all__ = ["NativeExecutable", "load"]

Array = np.ndarray[Any, Any]
_RUN = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)
_living: WeakValueDictionary[int, NativeExecutable] = WeakValueDictionary()


def _dispatch(table: int, index: int) -> None:
    _living[table].call(index)


_call_reference = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(_dispatch)


_numbers = itertools.count()
# Cycles of work from which on waking other threads, some ten microseconds, pays.
_WORTH_WAKING = 200_000
_SHORT_BYTES = 1 << 16  # of operands and results that are copied to be at a known address


def load(code: bytes) -> llvm.ResourceTracker:
    """Machine code in memory, with what it calls outside itself."""
    library = llvm.JITLibraryBuilder()
    library.add_object_img(code)
    library.add_current_process()
    library.import_symbol(CALL_SYMBOL, ctypes.cast(_call_reference, ctypes.c_void_p).value or 0)
    library.export_symbol("run")
    library.export_symbol("run_once")
    return library.link(_jit(), f"program_{next(_numbers)}")


@functools.cache
def _jit() -> llvm.LLJIT:
    """The linker of this process; what it links was compiled for its own target already."""
    return llvm.create_lljit_compiler(host().machine())


def aligned(size: int) -> Array:
    """Zero bytes that begin at a cache line."""
    found = aligned_empty((size,), np.dtype(np.uint8))
    found[:] = 0
    return found


def _at_cache_line(array: Array) -> Array:
    """The array, copied if it is worth it and does not begin at a cache line."""
    if not array.flags.c_contiguous or array.nbytes < 1024 or not array.ctypes.data % 64:
        return array
    found = aligned_empty(array.shape, array.dtype)
    found[...] = array
    return found


class ShortCall:
    """One step in microseconds: operands are copied to places whose addresses are known.

    Asking NumPy for the address of an array takes longer than copying a small one.
    """

    def __init__(
        self,
        executable: NativeExecutable,
        address: int,
        table: Array,
        inputs: Sequence[Tensor],
        slots: Mapping[int, tuple[int, Buffer]],
        outputs: Sequence[tuple[int, Buffer]],
    ) -> None:
        self._executable = executable
        self._table = table.copy()
        self._count = len(inputs)
        self._inputs = [
            (i, leaf.dtype, leaf.shape, self._place(*slots[i]) if i in slots else None)
            for i, leaf in enumerate(inputs)
        ]
        self._outputs = [self._place(slot, buffer) for slot, buffer in outputs]
        self._lock = executable.lock
        self._failed = ctypes.c_int64.from_address(executable.status_address)
        # The interpreter waits: letting others have it meanwhile would take longer.
        once = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(address)
        self._run = functools.partial(once, self._table.ctypes.data)

    def _place(self, slot: int, buffer: Buffer) -> Array:
        array = aligned_empty(buffer.shape, buffer.dtype)
        self._table[slot] = array.ctypes.data
        return array

    def __call__(self, arrays: Sequence[Any]) -> list[Array] | None:
        """The outputs; None if the arrays are not plain arrays of the inputs' kinds."""
        if len(arrays) != self._count:
            return None
        for i, dtype, shape, _ in self._inputs:
            array = arrays[i]
            if type(array) is not np.ndarray or array.dtype != dtype or array.shape != shape:
                return None
        with self._lock:
            for i, _, _, place in self._inputs:
                if place is not None:
                    place[...] = arrays[i]
            self._failed.value = 0  # an interrupted call may have left it
            self._run()
            if self._failed.value:
                raise self._executable.failure()
            return [place.copy() for place in self._outputs]


class NativeExecutable:
    """Runs a program's machine code."""

    compilation: Compilation
    #: Emits the module that the code was made of, for those who want to look at it.
    module: Callable[[], Any]

    def __init__(
        self,
        code: llvm.ResourceTracker,
        layout: Layout,
        lowered: Lowered,
        arena_bytes: int,
    ) -> None:
        self._code = code
        self._layout = layout
        self._lowered = lowered
        threads = self._threads = layout.threads
        self._run = _RUN(code["run"])
        self._arena = aligned(max(arena_bytes, 64))
        self._status = aligned(64).view(np.int64)
        self._barrier = aligned(BARRIER_BYTES).view(np.int64)
        self._barrier[PATIENCE_WORD] = MOST_PATIENCE
        # One table per thread: they differ in the scratch memory only.
        self._table = np.zeros((threads, FIRST_BUFFER + len(layout.externals)), np.int64)
        own = max((task.scratch for task in layout.tasks), default=0)
        self._scratch = [aligned(own + 64) for _ in range(threads)]
        self._table[:, SCRATCH] = [each.ctypes.data for each in self._scratch]
        #: Clock ticks spent in each task, then at the end of the steps; of a timed program.
        self.ticks = np.zeros(len(layout.tasks) + 1, np.int64)
        self._error: BaseException | None = None
        self._table[:, ARENA] = self._arena.ctypes.data
        self._table[:, STATUS] = self._status.ctypes.data
        self._table[:, CLOCK] = self.ticks.ctypes.data
        self._table[:, BARRIER] = self._barrier.ctypes.data
        _living[self._table.ctypes.data] = self
        self._bound: dict[int, Array] = {}
        self._inputs: dict[int, int] = {}
        self._outputs: list[tuple[int, Buffer]] = []
        for i, buffer in enumerate(layout.externals):
            self._bind_external(FIRST_BUFFER + i, buffer)
        self._written = [
            (start, start + array.nbytes)
            for array in (variable.storage for variable, _ in lowered.updates)
            if (start := array.ctypes.data) and array.nbytes
        ]
        self.lock = threading.Lock()
        self.status_address = self._status.ctypes.data
        self._cycles = sum(task.cycles for task in layout.tasks)

    def short(self, inputs: Sequence[Tensor]) -> ShortCall | None:
        """The quick way of one step, for programs with little work, little in and little out.

        Much work would keep the interpreter, and all threads of Python, waiting.
        """
        externals = self._layout.externals
        ends = [each for each in externals if each.kind in ("input", "output")]
        calls = any(isinstance(task.kernel, CallKernel) for task in self._layout.tasks)
        size = sum(each.nbytes for each in ends)
        if calls or size > _SHORT_BYTES or self._cycles > _WORTH_WAKING:
            return None
        slots = {id(each): FIRST_BUFFER + i for i, each in enumerate(externals)}
        places = {each.source: (slots[id(each)], each) for each in ends if each.kind == "input"}
        return ShortCall(
            self, self._code["run_once"], self._table[0], inputs, places, self._outputs
        )

    def failure(self) -> TriviumError:
        """What went wrong in the last call, which the next one shall not hear of."""
        error = self._index_error()
        self._status[:] = 0
        return error

    def _bind_external(self, slot: int, buffer: Buffer) -> None:
        if buffer.kind == "constant":
            array = _at_cache_line(buffer.source)
            self._bound[id(buffer)] = array
            self._table[:, slot] = array.ctypes.data
        elif buffer.kind == "variable":
            self._bound[id(buffer)] = buffer.source.storage
            self._table[:, slot] = buffer.source.storage.ctypes.data
        elif buffer.kind == "input":
            self._inputs[buffer.source] = slot
        else:
            self._outputs.append((slot, buffer))

    def run(self, inputs: Sequence[Array], steps: int) -> list[Array]:
        """Perform ``steps`` steps; return each output stacked over the steps."""
        with self.lock:
            return self._run_locked(inputs, steps)

    def _run_locked(self, inputs: Sequence[Array], steps: int) -> list[Array]:
        held = [self._usable(array) for array in inputs]
        for position, slot in self._inputs.items():
            self._table[:, slot] = held[position].ctypes.data
            buffer = self._layout.externals[slot - FIRST_BUFFER]
            self._bound[id(buffer)] = held[position]
        results = []
        for slot, buffer in self._outputs:
            result = np.empty((steps, *buffer.shape), buffer.dtype)
            self._table[:, slot] = result.ctypes.data
            results.append(result)
        self._status[0] = 0  # an interrupted call may have left it
        self._error = None
        if self._threads == 1 or self._cycles * steps < _WORTH_WAKING:
            self._run(self._table.ctypes.data, steps, 0, 1)
        else:
            count = self._threads
            perform(
                self._run, [(self._table[i].ctypes.data, steps, i, count) for i in range(count)]
            )
        if self._error is not None:
            error, self._error = self._error, None
            self._status[:] = 0
            raise error
        if self._status[0]:
            raise self.failure()
        return results

    def _usable(self, array: Array) -> Array:
        """The array, or a copy where its elements do not lie as the machine code reads them.

        Copied too is what shares memory with a variable that the program writes.
        """
        flags = array.flags
        start = array.ctypes.data
        end = start + array.nbytes
        if flags.c_contiguous and flags.aligned:
            if not any(start < other and first < end for first, other in self._written):
                return array
        return np.array(array, order="C")

    def _index_error(self) -> TriviumError:
        index, place, number = (int(self._status[word]) for word in WRONG_INDEX[1:])
        kernel = self._layout.tasks[number].kernel
        assert isinstance(kernel, GatherKernel | ScatterKernel)
        assert kernel.indices is not None and kernel.source is not None
        assert kernel.out is not None
        gathers = isinstance(kernel, GatherKernel)
        rows = kernel.source.shape[0] if gathers else kernel.out.shape[0]
        shape = kernel.indices.shape
        at = tuple(int(i) for i in np.unravel_index(place, shape)) if shape else ()
        error = IndexRangeError(
            f"the index {index}{f' at position {at}' if at else ''} lies outside 0 … {rows - 1} "
            f"(the axis has {rows} entries)"
        )
        return with_site(error, kernel.node) if kernel.node is not None else error

    # Calls of reference functions from inside the program.

    def call(self, index: int) -> None:
        """Run the reference function of a task; its error is kept for the caller of ``run``."""
        if self._error is not None:
            return
        try:
            kernel = self._layout.tasks[index].kernel
            assert isinstance(kernel, CallKernel) and kernel.node is not None
            node = kernel.node
            try:
                with np.errstate(all="ignore"):
                    found = node.primitive.evaluate(
                        node.attributes, *[self._array(view) for view in kernel.sources]
                    )
            except TriviumError as error:
                raise with_site(error, node) from None
            values = found if node.parts is not None else (found,)
            for buffer, value in zip(kernel.outs, values, strict=True):
                self._memory(buffer)[...] = np.asarray(value)
        except BaseException as error:
            self._error = error
            self._status[0] = 1  # no variable is written any more

    def _memory(self, buffer: Buffer) -> Array:
        if buffer.kind == "arena":
            piece = self._arena[buffer.offset : buffer.offset + buffer.nbytes]
            return piece.view(buffer.dtype).reshape(buffer.shape)
        return self._bound[id(buffer)]

    def _array(self, view: View) -> Array:
        dtype = view.buffer.dtype
        if view.size == 0:
            return np.empty(view.shape, dtype)
        base = self._memory(view.buffer)
        return np.asarray(_Elements(base, view, dtype))


class _Elements:
    """What NumPy needs to see a view of memory as an array, read only."""

    def __init__(self, base: Array, view: View, dtype: np.dtype[Any]) -> None:
        self.base = base  # lives as long as the array
        self.__array_interface__ = {
            "version": 3,
            "typestr": dtype.str,
            "shape": view.shape,
            "strides": tuple(step * dtype.itemsize for step in view.strides),
            "data": (base.ctypes.data + view.offset * dtype.itemsize, True),
        }
