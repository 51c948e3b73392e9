"""The functions that compute a planned product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llvmlite import ir

from ..modules import TargetModule
from .dots import Dots
from .panels import Panels
from .partial import Partial
from .plan import Plan
from .tile import Epilogue, Prologue
from .writer import POINTER, Writer

__all__ = ["emit", "emit_sum"]

_INDEX = ir.IntType(64)


def emit(
    module: TargetModule,
    name: str,
    plan: Plan,
    epilogue: Epilogue | None = None,
    extra: Sequence[Any] = (),
    keep: bool = True,
    prologues: Mapping[str, Prologue] | None = None,
) -> ir.Function:
    """Define ``void name(T* left, T* right, T* out, i8* scratch, i64 begin, i64 end, extra…)``.

    It computes the parts ``begin`` … ``end`` - 1 of the plan. ``left`` and ``right`` point to
    their element (0, 0, 0). No memory outside the operands' elements is touched. ``scratch`` has
    ``plan.scratch_bytes``, aligned to 64, for each thread. ``out`` is aligned as its dtype and
    overlaps nothing else; of a plan with chunks it is the memory of ``plan.partial_bytes`` that
    ``emit_sum`` reads.

    ``epilogue`` is applied to finished numbers, once each; the arguments of types ``extra`` are
    for it (``builder.function.args[6:]``) and for the ``prologues`` that compute the operands in
    ``plan.computed``, whose pointers are not used. Without ``keep`` nothing reads ``out``
    afterwards; it is not even written where the plan takes all of k at once.
    """
    assert epilogue is None or plan.chunks == 1, "the epilogue of partial results is emit_sum's"
    function = _function(module, name, 4, extra)
    left, right, out, scratch, begin, end = function.args[:6]
    if plan.swapped:
        left, right = right, left
    w = Writer(function, plan.spec.dtype, module.target)
    pointers = (left, right, out, scratch)
    method: Dots | Panels
    if plan.method == "dot":
        method = Dots(w, plan, pointers, epilogue, keep)
    else:
        method = Panels(w, plan, pointers, epilogue, keep, prologues or {})
    _guarded(w, begin, end, method)
    return function


def emit_sum(
    module: TargetModule,
    name: str,
    plan: Plan,
    epilogue: Epilogue | None = None,
    extra: Sequence[Any] = (),
    keep: bool = True,
) -> ir.Function:
    """Define ``void name(T* partial, T* out, i64 begin, i64 end, extra…)``, for ``sum_parts``.

    out = the sum of the partial results that ``emit``'s function left, when all of its parts are
    done; ``epilogue`` and ``extra`` (``builder.function.args[4:]``) as there.
    """
    function = _function(module, name, 2, extra)
    source, out, begin, end = function.args[:4]
    w = Writer(function, plan.spec.dtype, module.target)
    _guarded(w, begin, end, Partial(w, plan, (source, out), epilogue, keep))
    return function


def _function(
    module: TargetModule, name: str, pointers: int, extra: Sequence[Any]
) -> ir.Function:
    types = [POINTER] * pointers + [_INDEX] * 2 + list(extra)
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), types), name)
    for argument in function.args[:pointers]:
        argument.add_attribute("noalias")
    return module.target.prepare(function)


def _guarded(w: Writer, begin: Any, end: Any, method: Any) -> None:
    """Nothing at all happens for an empty range of parts."""

    def body() -> list[Any]:
        method.emit(begin, end)
        return []

    w.when(w.less(begin, end), body)
    w.b.ret_void()
