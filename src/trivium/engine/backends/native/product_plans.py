"""The plans of a program's matrix products."""

from __future__ import annotations

import math
from collections.abc import Container
from typing import Any

from . import contraction
from .kernels import (
    Buffer,
    ContractionKernel,
    Kernel,
    PartialSumKernel,
    RowKernel,
    View,
    whole,
)
from .row_plans import plan_rows

__all__ = ["operand_cycles", "plan_product", "with_plans"]

# The order of sums depends on the plan, so the plan must not depend on the number of threads.
_THREADS = 4


def plan_product(
    kernel: ContractionKernel, target: Any, renewed: bool = False
) -> contraction.Plan:
    """The method, the tiles and the parts for this product.

    ``renewed``: its right operand is a variable that the program updates.
    """
    assert kernel.left is not None and kernel.right is not None
    left, right = kernel.left, kernel.right
    batch, m, k = left.shape
    spec = contraction.Spec(
        left.buffer.dtype, batch, m, right.shape[2], k, _three(left), _three(right)
    )
    return contraction.plan(
        spec,
        target,
        _THREADS,
        may_split=True,
        along_rows=_reads_rows(kernel),
        renewed=renewed,
        computed={
            side: operand_cycles(each, target) for side, each in kernel.prologues.items()
        },
    )


def operand_cycles(work: RowKernel, target: Any) -> float:
    """Cycles to compute an operand once: arithmetic, and a load or a store for each vector."""
    rows = plan_rows(work, target.lanes)
    vectors = math.prod(work.shape) / rows.lanes
    return rows.cycles + vectors * (1 + len(work.loads))


def _reads_rows(kernel: ContractionKernel) -> bool:
    """Whether the epilogue reads arrays as large as the product."""
    if kernel.epilogue is None:
        return False
    loads = kernel.epilogue.loads.values()
    return any(view.buffer is not kernel.out and all(view.strides) for view in loads)


def with_plans(
    kernels: list[Kernel], target: Any, updated: Container[int] = ()
) -> list[Kernel]:
    """The kernels with every product planned, and the sums of partial results after products.

    ``updated``: ids of the variables that the program updates.
    """
    made: list[Kernel] = []
    for kernel in kernels:
        made.append(kernel)
        if not isinstance(kernel, ContractionKernel):
            continue
        assert kernel.right is not None
        renewed = id(kernel.right.buffer.source) in updated
        kernel.plan = plan_product(kernel, target, renewed)
        if kernel.plan.chunks > 1:
            assert kernel.out is not None
            out, dtype = kernel.out, kernel.out.dtype
            kernel.out = Buffer((kernel.plan.partial_bytes // dtype.itemsize,), dtype, "arena")
            total = PartialSumKernel(source=whole(kernel.out), out=out, plan=kernel.plan)
            # Only the sum of the partial results is finished.
            total.epilogue, kernel.epilogue = kernel.epilogue, None
            total.keep, kernel.keep = kernel.keep, True
            made.append(total)
    return made


def _three(view: View) -> tuple[int, int, int]:
    first, second, third = view.strides
    return first, second, third
