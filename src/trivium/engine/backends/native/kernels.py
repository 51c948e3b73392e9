"""The loop-level form of a program: buffers, and kernels that fill them one after another.

The optimised graph is lowered to this form, the memory plan is made on it, and code is emitted
from it. Nothing here knows LLVM.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import numpy as np

from ...tensor import Tensor

__all__ = [
    "Buffer",
    "CallKernel",
    "ColumnKernel",
    "ContractionKernel",
    "GatherKernel",
    "Kernel",
    "PartialSumKernel",
    "PlacingKernel",
    "ProductKernel",
    "RandomKernel",
    "RowKernel",
    "ScatterKernel",
    "View",
    "contiguous_strides",
    "last_that_may_fail",
    "whole",
]

Shape = tuple[int, ...]
Kind = Literal["arena", "constant", "variable", "input", "output"]


@dataclass(eq=False)
class Buffer:
    """A piece of memory and whose it is.

    ``source``: the constant's array, the Variable, or the position among inputs or outputs. An
    output buffer is stepped: step s of a call writes the s-th copy. ``offset``: in the arena.
    """

    shape: Shape
    dtype: np.dtype[Any]
    kind: Kind
    source: Any = None
    offset: int = 0

    @property
    def size(self) -> int:
        """Elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes."""
        return self.size * self.dtype.itemsize


@dataclass(frozen=True)
class View:
    """How a tensor lies in a buffer: element i is at ``offset`` + Σ ``strides``·i, in elements."""

    buffer: Buffer
    shape: Shape
    strides: tuple[int, ...]
    offset: int = 0

    @property
    def size(self) -> int:
        """Elements."""
        return math.prod(self.shape)

    @property
    def contiguous(self) -> bool:
        """Whether the elements follow each other in row-major order."""
        wanted = contiguous_strides(self.shape)
        return all(
            have == want or size == 1
            for have, want, size in zip(self.strides, wanted, self.shape, strict=True)
        )


def contiguous_strides(shape: Shape) -> tuple[int, ...]:
    """Row-major strides in elements."""
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= size
    return tuple(reversed(strides))


def whole(buffer: Buffer) -> View:
    """The view of all of a buffer."""
    return View(buffer, buffer.shape, contiguous_strides(buffer.shape))


@dataclass(eq=False)
class Kernel:
    """One step of a program. What it reads it holds as views, what it writes as buffers."""

    @property
    def reads(self) -> list[Buffer]:
        """The buffers that it reads."""
        return [each.buffer for each in vars(self).values() if isinstance(each, View)]

    @property
    def writes(self) -> list[Buffer]:
        """The buffers that it writes."""
        return [each for each in vars(self).values() if isinstance(each, Buffer)]

    def exchange(self, old: Buffer, new: Buffer) -> None:
        """Use ``new`` wherever ``old`` was written or read."""

        def changed(value: Any) -> Any:
            if value is old:
                return new
            if isinstance(value, View) and value.buffer is old:
                return replace(value, buffer=new)
            if isinstance(value, list):
                return [changed(each) for each in value]
            if isinstance(value, dict):
                return {key: changed(each) for key, each in value.items()}
            if isinstance(value, Kernel):
                value.exchange(old, new)
            return value

        for name, value in list(vars(self).items()):
            setattr(self, name, changed(value))

    def describe(self) -> str:
        """One line for people."""
        return type(self).__name__


@dataclass(eq=False)
class RowKernel(Kernel):
    """Elementwise work, and reductions along rows, of one domain.

    ``shape``: the domain. ``split``: how many leading axes are rows; None while nothing is
    reduced, so that the whole domain may be walked as one row. ``nodes``: what is computed, in
    order. ``role``: "inner" (a value per element) or "row" (a value per row). ``stage``: the
    pass over the row in which an inner node is computed; for a row node the number of passes
    that must be over. ``loads``: the views of operands from outside, over the domain (inner) or
    over the rows (row). ``reordered``: those of them that are seen with their axes in another
    order, so that nothing else may read them here. ``stores``: node id → buffer.
    ``partials``: what is summed (or …) over all of a long domain, in parts of ``PART`` elements,
    and the buffer of the parts' results. ``columns``: what is summed over the rows, and the
    buffer (groups, inner) of the sums over each group of rows.
    """

    PART: ClassVar[int] = 4096
    GROUPS: ClassVar[int] = 64  # groups of rows, at most

    shape: Shape = ()
    split: int | None = None
    nodes: list[Tensor] = field(default_factory=list)
    role: dict[int, str] = field(default_factory=dict)
    stage: dict[int, int] = field(default_factory=dict)
    loads: dict[int, View] = field(default_factory=dict)
    reordered: set[int] = field(default_factory=set)
    stores: dict[int, Buffer] = field(default_factory=dict)
    alias: dict[int, Tensor] = field(default_factory=dict)
    partials: list[tuple[Tensor, Buffer]] = field(default_factory=list)
    columns: list[tuple[Tensor, Buffer]] = field(default_factory=list)

    @property
    def group(self) -> int:
        """Rows of a group."""
        return -(-math.prod(self.rows) // self.GROUPS)

    @property
    def reads(self) -> list[Buffer]:
        """The buffers of its operands."""
        return [view.buffer for view in self.loads.values()]

    @property
    def writes(self) -> list[Buffer]:
        """The buffers of what it stores and of partial results."""
        partial = [buffer for _, buffer in self.partials + self.columns]
        return [*self.stores.values(), *partial]

    @property
    def rows(self) -> Shape:
        """The shape of the rows."""
        return self.shape[: self.split] if self.split is not None else ()

    def describe(self) -> str:
        """One line for people."""
        what = "rows" if self.split is not None else "elementwise"
        return f"{what} {self.shape}: {self.names}"

    @property
    def names(self) -> str:
        """What is computed, shortened."""
        names = [node.primitive.name for node in self.nodes]
        return " ".join(names[:8]) + (f" … ({len(names)})" if len(names) > 8 else "")


@dataclass(eq=False)
class ColumnKernel(Kernel):
    """A reduction over the leading axis: out[j] = ⊕_i x[i, j], j contiguous."""

    operation: str = "sum"
    source: View | None = None
    out: Buffer | None = None

    def describe(self) -> str:
        """One line for people."""
        assert self.source is not None
        return f"columns {self.source.shape}: {self.operation}"


@dataclass(eq=False)
class ProductKernel(Kernel):
    """What ends with finished numbers of a matrix product in ``out``.

    ``plan``: the method. ``epilogue``: elementwise work on the finished numbers, which it loads
    as the whole of ``out``; ``keep``: whether others read them too.
    """

    out: Buffer | None = None
    plan: Any = None
    epilogue: RowKernel | None = None
    keep: bool = True

    @property
    def stored(self) -> bool:
        """Whether the product's own numbers go to memory."""
        return self.keep or self.epilogue is None

    @property
    def reads(self) -> list[Buffer]:
        """The buffers of its operands and of the epilogue's; not the product's own."""
        work = self.epilogue.reads if self.epilogue is not None else []
        return [*super().reads, *[each for each in work if each is not self.out]]

    @property
    def writes(self) -> list[Buffer]:
        """The product's buffer, if it goes to memory, and what the epilogue stores."""
        own = [self.out] if self.out is not None and self.stored else []
        return [*own, *(self.epilogue.writes if self.epilogue is not None else [])]

    def _and_then(self, name: str) -> str:
        return f"{name}, then {self.epilogue.names}" if self.epilogue is not None else name


@dataclass(eq=False)
class ContractionKernel(ProductKernel):
    """out[b, m, n] = Σ_k left[b, m, k] right[b, k, n]; views may have any strides.

    Where the plan cuts a long sum into chunks, ``out`` holds their partial results and a
    ``PartialSumKernel`` follows. ``prologues``: "left" or "right" → elementwise work whose
    result is that operand; it is done where the operand is copied, and the operand as a whole
    is nowhere in memory.
    """

    left: View | None = None
    right: View | None = None
    prologues: dict[str, RowKernel] = field(default_factory=dict)

    @property
    def operands(self) -> list[Buffer]:
        """The buffers that the product itself reads, without its epilogue."""
        found: list[Buffer] = []
        for side in ("left", "right"):
            work = self.prologues.get(side)
            view = getattr(self, side)
            found += work.reads if work is not None else [view.buffer]
        return found

    @property
    def reads(self) -> list[Buffer]:
        """The buffers that the product reads, and those that its epilogue reads."""
        work = self.epilogue.reads if self.epilogue is not None else []
        return [*self.operands, *[each for each in work if each is not self.out]]

    @property
    def stored(self) -> bool:
        """Whether the product's own numbers go to memory, be it between pieces of k."""
        in_pieces = self.plan is not None and self.plan.k_block < self.plan.product.k
        return in_pieces or super().stored

    def describe(self) -> str:
        """One line for people."""
        assert self.left is not None and self.right is not None
        batch, m, k = self.left.shape
        before = "".join(
            f"{work.names} ({side}), then " for side, work in self.prologues.items()
        )
        what = f"contraction {batch}×[{m}×{k} · {k}×{self.right.shape[2]}]"
        return before + self._and_then(what)


@dataclass(eq=False)
class PartialSumKernel(ProductKernel):
    """The sum of the partial results that a contraction left in ``source``."""

    source: View | None = None

    def describe(self) -> str:
        """One line for people."""
        return self._and_then("sum of the contraction's partial results")


@dataclass(eq=False)
class GatherKernel(Kernel):
    """out[i…] = source[indices[i…]], whole rows at a time; an index outside stops the program."""

    source: View | None = None
    indices: View | None = None
    out: Buffer | None = None
    node: Tensor | None = None

    def describe(self) -> str:
        """One line for people."""
        assert self.source is not None and self.indices is not None
        return f"gather {self.indices.size} rows of {self.source.shape}"


@dataclass(eq=False)
class ScatterKernel(Kernel):
    """out[indices[i…]] += source[i…] on zeros, whole rows at a time, in the order of i."""

    source: View | None = None
    indices: View | None = None
    out: Buffer | None = None
    node: Tensor | None = None

    def describe(self) -> str:
        """One line for people."""
        assert self.out is not None and self.indices is not None
        return f"scatter {self.indices.size} rows into {self.out.shape}"


@dataclass(eq=False)
class PlacingKernel(Kernel):
    """Operands put into places of one output: concatenation and padding.

    ``places``: where each of ``sources`` goes, as a view of ``out`` of the same shape.
    ``covered``: whether they fill ``out``; else the rest is zero.
    """

    sources: list[View] = field(default_factory=list)
    places: list[View] = field(default_factory=list)
    out: Buffer | None = None
    covered: bool = True
    node: Tensor | None = None

    @property
    def reads(self) -> list[Buffer]:
        """The buffers of the operands."""
        return [view.buffer for view in self.sources]

    def describe(self) -> str:
        """One line for people."""
        assert self.out is not None
        what = "concatenation" if self.covered else "padding"
        return f"{what} {self.out.shape}"


@dataclass(eq=False)
class RandomKernel(Kernel):
    """Random bits: out = the blocks of Philox4x32-10 from ``offset`` on, for ``key``."""

    key: View | None = None
    offset: View | None = None
    out: Buffer | None = None
    node: Tensor | None = None

    def describe(self) -> str:
        """One line for people."""
        assert self.out is not None
        return f"random bits {self.out.shape} {self.out.dtype}"


@dataclass(eq=False)
class CallKernel(Kernel):
    """A call of the primitive's reference function from inside the program."""

    node: Tensor | None = None
    sources: list[View] = field(default_factory=list)
    outs: list[Buffer] = field(default_factory=list)

    @property
    def reads(self) -> list[Buffer]:
        """The buffers of the arguments."""
        return [view.buffer for view in self.sources]

    @property
    def writes(self) -> list[Buffer]:
        """The buffers of the results."""
        return list(self.outs)

    def describe(self) -> str:
        """One line for people."""
        assert self.node is not None
        return f"call of the reference function {self.node.primitive.name}"


def last_that_may_fail(kernels: Sequence[Kernel]) -> int:
    """The number of the last kernel that may stop the program with an error, or -1.

    Until it has run no variable gets its new value, so that a step that fails changes nothing.
    """
    last = -1
    for i, kernel in enumerate(kernels):
        if isinstance(kernel, ScatterKernel) and _checked_before(kernel, kernels[:i]):
            continue
        if isinstance(kernel, GatherKernel | ScatterKernel | CallKernel):
            last = i
    return last


def _checked_before(kernel: ScatterKernel, earlier: Sequence[Kernel]) -> bool:
    """Whether a gather from as few rows has used the same indices."""
    assert kernel.out is not None
    rows = kernel.out.shape[0]
    return any(
        isinstance(each, GatherKernel)
        and each.source is not None
        and each.indices == kernel.indices
        and each.source.shape[0] <= rows
        for each in earlier
    )
