"""Code for a PlacingKernel: operands put side by side, or apart with zeros around them."""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ir

from .emitter import Emitter
from .kernels import PlacingKernel, View

__all__ = ["emit_placing", "placing_parts"]


def placing_parts(kernel: PlacingKernel) -> int:
    """Independent parts of the work: where zeros are written first there is only one."""
    if not kernel.covered:
        return 1
    return sum(_outer(*pair)[0] for pair in zip(kernel.sources, kernel.places, strict=True))


def emit_placing(emitter: Emitter, name: str, kernel: PlacingKernel) -> ir.Function:
    """The function ``name(table, begin, end)`` for the parts from begin to end.

    A part is one step along the outermost axis of one operand.
    """
    e, b = emitter, emitter.b
    assert kernel.out is not None
    function = e.kernel_function(name)
    table, begin, end = function.args
    out = e.base(table, kernel.out)
    if not kernel.covered:
        e.zero(out, kernel.out.nbytes)
    start = 0
    for source, place in zip(kernel.sources, kernel.places, strict=True):
        count = _outer(source, place)[0]
        first, last = e.i64(0), e.i64(count)
        if kernel.covered:
            first = e.maximum(b.sub(begin, e.i64(start)), first)
            last = e.minimum(b.sub(end, e.i64(start)), last)
        _copy(e, e.base(table, source.buffer), out, source, place, (first, last))
        start += count
    b.ret_void()
    return function


def _copy(
    e: Emitter, x: Any, y: Any, source: View, place: View, outermost: tuple[Any, Any]
) -> None:
    """Copy the steps ``outermost`` of the first axis, and all of the others."""
    axes, run = _split(source, place)
    size = source.buffer.dtype.itemsize

    def address(base: Any, at: Any) -> Any:
        return e.b.gep(base, [e.b.mul(at, e.i64(size))], source_etype=ir.IntType(8))

    def inside(rest: list[tuple[int, int, int]], a: Any, c: Any) -> None:
        if not rest:
            e.copy(address(y, c), address(x, a), run * size)
            return
        count, step, far = rest[0]
        first, last = outermost if len(rest) == len(axes) else (e.i64(0), e.i64(count))

        def each(i: Any) -> None:
            inside(rest[1:], e.b.add(a, e.b.mul(i, e.i64(step))),
                   e.b.add(c, e.b.mul(i, e.i64(far))))  # fmt: skip

        e.loop(first, last, 1, each)

    inside(axes, e.i64(source.offset), e.i64(place.offset))


def _outer(source: View, place: View) -> tuple[int, int, int]:
    return _split(source, place)[0][0]


def _split(source: View, place: View) -> tuple[list[tuple[int, int, int]], int]:
    """Axes as (size, step in the source, step in its place), and elements that lie together.

    Axes that follow each other in both are one; there is at least one axis.
    """
    axes: list[tuple[int, int, int]] = []
    for size, step, far in zip(source.shape, source.strides, place.strides, strict=True):
        if size == 1:
            continue
        if axes and axes[-1][1:] == (step * size, far * size):
            axes[-1] = (axes[-1][0] * size, step, far)
        else:
            axes.append((size, step, far))
    run = 1
    if axes and axes[-1][1:] == (1, 1):
        run = axes.pop()[0]
    return axes or [(1, 0, 0)], run
