"""What machine code depends on, in short: a program met before need not be emitted again.

Two programs with equal fingerprints have the same code. It holds everything that emission reads:
kernels with their views and operations, plans, the layout, the target, and the source of this
package.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from .kernels import (
    Buffer,
    ContractionKernel,
    Kernel,
    ProductKernel,
    RowKernel,
    View,
    last_that_may_fail,
)
from .layout import Layout
from .lower import Lowered, immediate
from .row_plans import RowPlan
from .target import Target

__all__ = ["fingerprint"]

_ENGINE = Path(__file__).parents[2]


def fingerprint(
    lowered: Lowered,
    plans: Mapping[int, RowPlan],
    layout: Layout,
    target: Target,
    timed: bool,
    *versions: str,
) -> str:
    """The SHA-256 of all that the code of a program depends on."""
    digest = hashlib.sha256(_source())
    describe = _Description(layout)
    for task in layout.tasks:
        what = describe.kernel(task.kernel, plans.get(id(task.kernel)))
        digest.update(repr((what, task.parts, task.shared)).encode())
    ends = [
        [(describe.buffer(buffer), describe.view(view)) for buffer, view in pairs]
        for pairs in (lowered.copies, lowered.stepped)
    ]
    rest = (
        ends,
        last_that_may_fail(lowered.kernels),
        layout.threads,
        timed,
        target.name,
        target.triple,
        target.cpu,
        target.features,
        target.vector_bits,
        sorted(target.has),
        versions,
    )
    digest.update(repr(rest).encode())
    return digest.hexdigest()


@cache
def _source() -> bytes:
    """A digest of the files that emit code: another version of them emits other code."""
    digest = hashlib.sha256()
    for folder in ("backends/native", "primitives"):
        for path in sorted((_ENGINE / folder).rglob("*.py")):
            digest.update(path.relative_to(_ENGINE).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.digest()


class _Description:
    """Kernels as nested tuples without addresses: buffers and nodes are numbered."""

    def __init__(self, layout: Layout) -> None:
        self.slots = layout.slots

    def buffer(self, buffer: Buffer) -> tuple[Any, ...]:
        """Where a buffer is and what is in it."""
        place = buffer.offset if buffer.kind == "arena" else self.slots.get(id(buffer))
        return buffer.kind, place, buffer.shape, buffer.dtype.str

    def view(self, view: View) -> tuple[Any, ...]:
        """A view and its buffer."""
        return self.buffer(view.buffer), view.shape, view.strides, view.offset

    def kernel(self, kernel: Kernel, plan: RowPlan | None) -> tuple[Any, ...]:
        """All of a kernel that emission reads."""
        if isinstance(kernel, RowKernel):
            assert plan is not None
            return self.rows(kernel, plan)
        found: list[Any] = [type(kernel).__name__]
        for field in fields(kernel):
            value = getattr(kernel, field.name)
            if isinstance(value, View):
                found.append((field.name, self.view(value)))
            elif isinstance(value, Buffer):
                found.append((field.name, self.buffer(value)))
            elif isinstance(value, str | bool):
                found.append((field.name, value))
            elif isinstance(value, list):
                views = [self.view(each) for each in value if isinstance(each, View)]
                found.append((field.name, views))
        if isinstance(kernel, ProductKernel):
            plan_fields = [
                (each.name, getattr(kernel.plan, each.name))
                for each in fields(kernel.plan)
                if each.name != "target"
            ]
            found.append((plan_fields, kernel.stored))
            if kernel.epilogue is not None:
                found.append(self.rows(kernel.epilogue, None))
        if isinstance(kernel, ContractionKernel):
            found += [(side, self.rows(work, None)) for side, work in kernel.prologues.items()]
        return tuple(found)

    def rows(self, kernel: RowKernel, plan: RowPlan | None) -> tuple[Any, ...]:
        """A row kernel: its nodes in order, with what becomes of their operands."""
        numbers: dict[int, int] = {}

        def number(key: int) -> int:
            return numbers.setdefault(key, len(numbers))

        own = {id(node) for node in kernel.nodes}

        def operand(node: Any) -> tuple[Any, ...]:
            held = kernel.alias.get(id(node), node)
            if id(held) in own:
                return "held", number(id(held)), node.dtype.str
            value = immediate(node)
            if value is not None:
                return "number", value.dtype.str, value.tobytes(), node.dtype.str
            return "loaded", number(id(node)), node.dtype.str

        nodes = []
        for node in kernel.nodes:
            role = kernel.role[id(node)]
            what: Any = "copy" if role == "copy" else (node.primitive.name, node.attributes)
            nodes.append(
                (
                    number(id(node)), role, kernel.stage[id(node)], what, node.dtype.str,
                    [operand(each) for each in node.inputs],
                )
            )  # fmt: skip
        results = [
            [(number(id(node)), node.primitive.name, node.dtype.str, operand(node.inputs[0]),
              self.buffer(buffer)) for node, buffer in pairs]
            for pairs in (kernel.partials, kernel.columns)
        ]  # fmt: skip
        walked: tuple[Any, ...] = ()
        if plan is not None:
            crossing = [number(key) for key in plan.crossing]
            walked = (plan.split, plan.rows, plan.inner, plan.lanes, plan.flat, plan.block,
                      plan.group, crossing)  # fmt: skip
        return (
            "rows", kernel.shape, kernel.split, nodes,
            [(number(key), self.view(view)) for key, view in kernel.loads.items()],
            [(number(key), self.buffer(each)) for key, each in kernel.stores.items()],
            results, walked,
        )  # fmt: skip
