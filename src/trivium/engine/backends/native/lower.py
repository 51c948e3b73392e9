"""From graph to kernels: what is computed together, in which order, through which views.

One walk over the graph in topological order. An elementwise node joins the kernel of its
operands when the domains agree and nothing it needs comes later; movement becomes views; a
reduction over the last axes ends a pass over the rows of its operand's kernel, and what follows
on the same rows is the next pass. Everything else is a kernel of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...primitive import Elementwise
from ...tensor import Tensor, Variable, input
from ...traversal import topological
from .kernels import (
    Buffer,
    CallKernel,
    ColumnKernel,
    ContractionKernel,
    GatherKernel,
    Kernel,
    PlacingKernel,
    RandomKernel,
    RowKernel,
    ScatterKernel,
    View,
    contiguous_strides,
    whole,
)

__all__ = ["Lowered", "immediate", "lower", "reshape_view"]

_LONG = 1 << 14  # elements of one row from which on it is reduced in parts
_WIDE = 64  # elements of a row from which on rows are added up while they are computed
_ROW_REDUCTIONS = ("sum", "max", "min")
_MOVEMENT = ("reshape", "permute", "broadcast", "slice", "flip")
_TRANSPARENT = ("label", "stop_gradient")


class Lowered:
    """Kernels in order, and where the results are.

    ``copies``: variable buffers and what is copied to them at the end of a step. ``stepped``:
    output buffers and what is copied to their present step.
    """

    def __init__(self) -> None:
        self.kernels: list[Kernel] = []
        self.outputs: list[View] = []
        self.updates: list[tuple[Variable, View]] = []
        self.copies: list[tuple[Buffer, View]] = []
        self.stepped: list[tuple[Buffer, View]] = []

    def saved(self, view: View) -> View:
        """The view's elements in an arena buffer of their own order, copied if need be.

        What is in a variable, an input or a constant is copied too: the end of the step writes
        to variables one after another, and must not read one that is new already.
        """
        if view.buffer.kind == "arena" and view.contiguous:
            return view
        kernel = copy_kernel(view)
        self.kernels.append(kernel)
        return whole(kernel.stores[next(iter(kernel.stores))])


def copy_kernel(view: View) -> RowKernel:
    """A kernel that copies the elements of ``view`` to a buffer of its own, in order."""
    kernel = RowKernel(shape=view.shape)
    stand_in = tensor_of(view)
    kernel.loads[id(stand_in)] = view
    kernel.nodes.append(stand_in)
    kernel.role[id(stand_in)] = "copy"
    kernel.stage[id(stand_in)] = 0
    kernel.stores[id(stand_in)] = Buffer(view.shape, view.buffer.dtype, "arena")
    return kernel


def tensor_of(view: View) -> Tensor:
    """A leaf that stands for a view in a kernel's lists."""
    return input(view.shape, view.buffer.dtype, name="copied")


def lower(
    inputs: Sequence[Tensor], outputs: Sequence[Tensor], updates: Mapping[Variable, Tensor]
) -> Lowered:
    """The kernels that compute ``outputs`` and the new values of ``updates``."""
    return _Lowering(inputs).run(outputs, updates)


class _Lowering:
    def __init__(self, inputs: Sequence[Tensor]) -> None:
        self.result = Lowered()
        self.kernels = self.result.kernels
        self.place: dict[int, View] = {}  # where a node's elements lie in memory
        self.home: dict[int, int] = {}  # the RowKernel that computes a node
        self.made: dict[int, int] = {}  # the kernel after which a node's elements are there
        self.parts: dict[int, list[Buffer]] = {}
        self.positions = {id(each): i for i, each in enumerate(inputs)}

    def run(self, outputs: Sequence[Tensor], updates: Mapping[Variable, Tensor]) -> Lowered:
        for node in _by_level(topological([*outputs, *updates.values()])):
            self.visit(node)
        self.result.outputs = [self.view(node) for node in outputs]
        self.result.updates = [(v, self.view(node)) for v, node in updates.items()]
        return self.result

    # One node.

    def visit(self, node: Tensor) -> None:
        name = node.primitive.name
        if name == "constant":
            self.leaf(node, "constant", node.attributes.array)
        elif isinstance(node, Variable):
            self.leaf(node, "variable", node)
        elif name == "input":
            self.leaf(node, "input", self.positions[id(node)])
        elif name == "project":
            source = node.inputs[0]
            self.place[id(node)] = whole(self.parts[id(source)][node.attributes.part])
            self.made[id(node)] = self.made[id(source)]
        elif name in _MOVEMENT or name in _TRANSPARENT:
            return  # resolved when somebody asks for the elements
        elif _emits(node):
            self.elementwise(node)
        elif name in _ROW_REDUCTIONS and node.inputs[0].size:
            self.reduction(node)
        elif name == "contraction":
            self.contraction(node)
        elif name == "gather" and node.size:
            self.gather(node)
        elif name == "scatter_add" and node.inputs[0].size:
            self.scatter(node)
        elif name == "random_bits" and node.size:
            self.random(node)
        elif name in ("concat", "pad") and node.size:
            self.placing(node)
        else:
            self.call(node)

    def leaf(self, node: Tensor, kind: Any, source: Any) -> None:
        if kind == "constant" and not source.flags.c_contiguous:
            source = np.ascontiguousarray(source) if node.size < 2**16 else source
        strides = (
            contiguous_strides(node.shape)
            if kind != "constant"
            else tuple(step // node.dtype.itemsize for step in source.strides)
        )
        buffer = Buffer(node.shape, node.dtype, kind, source)
        self.place[id(node)] = View(buffer, node.shape, strides)
        self.made[id(node)] = -1

    # Views: movement costs nothing until it cannot be expressed by strides.

    def view(self, node: Tensor) -> View:
        """The elements of ``node`` in memory, storing them first if they are in registers."""
        found = self.place.get(id(node))
        if found is not None:
            return found
        chain = []
        current = node
        while id(current) not in self.place and id(current) not in self.home:
            chain.append(current)
            current = current.inputs[0]
        if id(current) not in self.place:
            self.store(current)
        for each in reversed(chain):
            self.place[id(each)] = self.move(each)
        return self.place[id(node)]

    def move(self, node: Tensor) -> View:
        name, attributes = node.primitive.name, node.attributes
        source_node = node.inputs[0]
        source = self.place[id(source_node)]
        self.made[id(node)] = self.made[id(source_node)]
        if name in _TRANSPARENT:
            return source
        if name == "permute":
            return View(
                source.buffer,
                node.shape,
                tuple(source.strides[axis] for axis in attributes.axes),
                source.offset,
            )
        if name == "broadcast":
            return _broadcast(source, node.shape)
        if name == "slice":
            start, _, step = attributes
            offset = sum(s * i for s, i in zip(source.strides, start, strict=True))
            strides = tuple(s * i for s, i in zip(source.strides, step, strict=True))
            return View(source.buffer, node.shape, strides, source.offset + offset)
        if name == "flip":
            flipped, offset = list(source.strides), source.offset
            for axis in attributes.axes:
                offset += flipped[axis] * max(node.shape[axis] - 1, 0)
                flipped[axis] = -flipped[axis]
            return View(source.buffer, node.shape, tuple(flipped), offset)
        moved = reshape_view(source, node.shape)
        return moved if moved is not None else self.copied(node, source)

    def copied(self, node: Tensor, source: View) -> View:
        """A contiguous copy, seen in the node's shape."""
        kernel = copy_kernel(source)
        self.made[id(node)] = self.append(kernel)
        (buffer,) = kernel.stores.values()
        return View(buffer, node.shape, contiguous_strides(node.shape))

    def store(self, node: Tensor) -> None:
        """Have the kernel that computes ``node`` write it to memory."""
        index = self.home[id(node)]
        kernel = self.kernels[index]
        assert isinstance(kernel, RowKernel)
        buffer = Buffer(node.shape, node.dtype, "arena")
        kernel.stores[id(node)] = buffer
        self.place[id(node)] = whole(buffer)
        self.made[id(node)] = index

    def append(self, kernel: Kernel) -> int:
        self.kernels.append(kernel)
        return len(self.kernels) - 1

    def contiguous(self, node: Tensor) -> View:
        """The elements of ``node`` in row-major order, copied if need be."""
        found = self.view(node)
        if found.contiguous:
            return found
        kernel = copy_kernel(found)
        self.append(kernel)
        (buffer,) = kernel.stores.values()
        return whole(buffer)

    # Rows.

    def ready(self, node: Tensor) -> int:
        """The last kernel that must have run before the elements of ``node`` are there."""
        current = node
        while id(current) not in self.made and id(current) not in self.home:
            current = current.inputs[0]
        if id(current) in self.home:
            return self.home[id(current)]
        return self.made[id(current)]

    def register(self, kernel_index: int, node: Tensor) -> Tensor | None:
        """The node of the kernel whose register holds ``node``, for the kernel's own domain."""
        kernel = self.kernels[kernel_index]
        assert isinstance(kernel, RowKernel)
        current = _strip(node, _TRANSPARENT)
        if self.home.get(id(current)) == kernel_index and kernel.shape == node.shape:
            return current
        if current.primitive.name != "broadcast" or current.shape != kernel.shape:
            return None
        # A value per row, repeated along the row: broadcast(reshape(row)).
        source = current.inputs[0]
        padded = (1,) * (current.ndim - source.ndim) + source.shape
        if kernel.split is None or padded != _kept_rows(kernel):
            return None
        return self.row_register(kernel_index, source)

    def row_register(self, kernel_index: int, node: Tensor) -> Tensor | None:
        """The row node of the kernel that holds ``node``, a value per row in any such shape."""
        kernel = self.kernels[kernel_index]
        assert isinstance(kernel, RowKernel)
        source = _strip(node, ("reshape", *_TRANSPARENT))
        if self.home.get(id(source)) != kernel_index or kernel.role[id(source)] != "row":
            return None
        return source

    def settle(self, operand: Tensor) -> None:
        """Resolve the views that may need a copy before a kernel is chosen to read them."""
        known = id(operand) in self.home or id(operand) in self.place
        if known or immediate(operand) is not None:
            return
        index = self.home.get(id(_root(operand, self.home, self.place)))
        if index is None or (
            self.register(index, operand) is None and self.row_register(index, operand) is None
        ):
            self.view(operand)

    def elementwise(self, node: Tensor) -> None:
        for each in node.inputs:
            self.settle(each)
        latest = max((self.ready(each) for each in node.inputs), default=-1)
        candidates = range(len(self.kernels) - 1, max(latest, 0) - 1, -1)
        possible = [index for index in candidates if self.fits(index, node)]
        if possible:
            # Of kernels with equally many operands at hand the last one.
            self.join(max(possible, key=lambda index: self.at_hand(index, node)), node)
        else:
            self.join(self.append(RowKernel(shape=node.shape)), node)

    def at_hand(self, index: int, node: Tensor) -> int:
        """How many operands the kernel has in registers."""
        return sum(
            self.register(index, each) is not None or self.row_register(index, each) is not None
            for each in node.inputs
        )

    def fits(self, index: int, node: Tensor) -> bool:
        """Whether the kernel can compute ``node`` with what it holds or what is there before."""
        kernel = self.kernels[index]
        if not isinstance(kernel, RowKernel) or "copy" in kernel.role.values():
            return False
        if any(id(each) in kernel.reordered for each in node.inputs):
            return False
        if node.shape == kernel.shape:
            return all(
                self.ready(each) < index or self.register(index, each) is not None
                for each in node.inputs
            )
        if not _is_row(kernel, node):
            return False
        held = [self.row_register(index, each) is not None for each in node.inputs]
        return any(held) and all(
            inside or self.ready(each) < index
            for inside, each in zip(held, node.inputs, strict=True)
        )

    def join(self, index: int, node: Tensor) -> None:
        kernel = self.kernels[index]
        assert isinstance(kernel, RowKernel)
        is_row = _is_row(kernel, node)
        stage = 0
        for each in node.inputs:
            held = self.row_register(index, each) if is_row else self.register(index, each)
            if held is not None:
                kernel.alias[id(each)] = held
                stage = max(stage, kernel.stage[id(held)])
            else:
                self.load(kernel, each)
        kernel.nodes.append(node)
        kernel.role[id(node)] = "row" if is_row else "inner"
        kernel.stage[id(node)] = stage
        self.home[id(node)] = index

    def load(self, kernel: RowKernel, node: Tensor) -> None:
        if id(node) in kernel.loads:
            return
        if immediate(node) is None:
            kernel.loads[id(node)] = self.view(node)

    def reduction(self, node: Tensor) -> None:
        source, axes = node.inputs[0], tuple(sorted(node.attributes.axes))
        if not axes:
            axes = ()
        outer = source.ndim - len(axes)
        trailing = axes == tuple(range(outer, source.ndim))
        self.settle(source)
        if not trailing:
            self.moved_reduction(node, source, axes)
            return
        if source.size >= _LONG and math.prod(source.shape[:outer]) == 1:
            self.long_reduction(node, source)
            return
        index = self.ready(source)
        kernel = self.kernels[index] if index >= 0 else None
        if (
            isinstance(kernel, RowKernel)
            and kernel.shape == source.shape
            and kernel.split in (None, outer)
            and not kernel.partials
            and self.register(index, source) is not None
        ):
            held = self.register(index, source)
            assert held is not None
            if kernel.role[id(held)] == "inner":
                kernel.split = outer
                self.add_reduction(index, node, held)
                return
        index = self.append(RowKernel(shape=source.shape, split=outer))
        kernel = self.kernels[index]
        assert isinstance(kernel, RowKernel)
        self.load(kernel, source)
        self.add_reduction(index, node, source)

    def add_reduction(self, index: int, node: Tensor, held: Tensor) -> None:
        kernel = self.kernels[index]
        assert isinstance(kernel, RowKernel)
        if id(held) in kernel.role:
            kernel.alias[id(node.inputs[0])] = held
        kernel.nodes.append(node)
        kernel.role[id(node)] = "row"
        kernel.stage[id(node)] = kernel.stage.get(id(held), 0) + 1
        self.home[id(node)] = index

    def long_reduction(self, node: Tensor, source: Tensor) -> None:
        """Reduce one long row in parts, then the parts' results: threads can share it."""
        index = self.ready(source)
        kernel = self.kernels[index] if index >= 0 else None
        held = self.register(index, source) if isinstance(kernel, RowKernel) else None
        if (
            not isinstance(kernel, RowKernel)
            or held is None
            or kernel.split is not None
            or kernel.shape != source.shape
        ):
            index = self.append(RowKernel(shape=source.shape))
            kernel, held = self.kernels[index], source
            assert isinstance(kernel, RowKernel)
            self.load(kernel, source)
        elif held is not source:
            kernel.alias[id(source)] = held
        parts = -(-source.size // RowKernel.PART)
        buffer = Buffer((parts,), node.dtype, "arena")
        kernel.partials.append((node, buffer))
        total = RowKernel(shape=(parts,), split=0)
        total.loads[id(node.inputs[0])] = whole(buffer)
        self.add_reduction(self.append(total), node, node.inputs[0])

    def moved_reduction(self, node: Tensor, source: Tensor, axes: tuple[int, ...]) -> None:
        """Reduce leading axes columnwise; any others after moving them to the end."""
        if node.primitive.name == "sum" and self.column_sum(node, source, axes):
            return
        view = self.view(source)
        lead = axes == tuple(range(len(axes)))
        flat = _collapse(view, len(axes)) if lead else None
        if flat is not None and flat.strides[1] == 1:
            buffer = Buffer(node.shape, node.dtype, "arena")
            kernel = ColumnKernel(operation=node.primitive.name, source=flat, out=buffer)
            self.made[id(node)] = self.append(kernel)
            self.place[id(node)] = whole(buffer)
            return
        kept = tuple(axis for axis in range(source.ndim) if axis not in axes)
        order = (*kept, *axes)
        moved = View(
            view.buffer,
            tuple(view.shape[axis] for axis in order),
            tuple(view.strides[axis] for axis in order),
            view.offset,
        )
        row = RowKernel(shape=moved.shape, split=len(kept))
        row.loads[id(source)] = moved
        row.reordered.add(id(source))
        self.add_reduction(self.append(row), node, source)

    def column_sum(self, node: Tensor, source: Tensor, axes: tuple[int, ...]) -> bool:
        """Sum over the rows of the kernel that has ``source`` in registers, if there is one."""
        index = self.home.get(id(_strip(source, _TRANSPARENT)))
        kernel = self.kernels[index] if index is not None else None
        if not isinstance(kernel, RowKernel) or kernel.shape != source.shape or index is None:
            return False
        split, held = kernel.split, self.register(index, source)
        if held is None or kernel.role[id(held)] != "inner" or axes != tuple(range(split or 0)):
            return False
        inner = math.prod(source.shape[split:])
        if not split or inner < _WIDE or source.size < 64 * inner:
            return False
        groups = -(-math.prod(kernel.rows) // kernel.group)
        buffer = Buffer((groups, inner), node.dtype, "arena")
        if held is not source:
            kernel.alias[id(source)] = held
        kernel.columns.append((node, buffer))
        out = Buffer(node.shape, node.dtype, "arena")
        total = ColumnKernel(operation="sum", source=whole(buffer), out=out)
        self.made[id(node)] = self.append(total)
        self.place[id(node)] = whole(out)
        return True

    # Kernels of their own.

    def contraction(self, node: Tensor) -> None:
        left, right, out = node.attributes
        batch = [label for label in out if label in left and label in right]
        rows = [label for label in out if label in left and label not in right]
        columns = [label for label in out if label in right and label not in left]
        summed = [label for label in left if label in right and label not in out]
        first = self.grouped(node.inputs[0], left, batch, rows, summed)
        second = self.grouped(node.inputs[1], right, batch, summed, columns)
        sizes = dict(zip(left, node.inputs[0].shape, strict=True))
        sizes.update(zip(right, node.inputs[1].shape, strict=True))
        made = (*batch, *rows, *columns)
        buffer = Buffer(tuple(sizes[label] for label in made), node.dtype, "arena")
        if math.prod(first.shape) == 0 or math.prod(second.shape) == 0:
            self.call(node)
            return
        index = self.append(ContractionKernel(left=first, right=second, out=buffer))
        own = whole(buffer)
        order = [made.index(label) for label in out]
        self.made[id(node)] = index
        self.place[id(node)] = View(
            buffer,
            tuple(own.shape[axis] for axis in order),
            tuple(own.strides[axis] for axis in order),
        )

    def grouped(
        self, node: Tensor, labels: Any, batch: list[Any], first: list[Any], second: list[Any]
    ) -> View:
        """The operand as [batch, first, second], each group collapsed to one axis."""
        groups = (batch, first, second)
        order = [labels.index(label) for group in groups for label in group]
        for view in (self.view(node), None):
            source = view if view is not None else self.contiguous(node)
            permuted = View(
                source.buffer,
                tuple(source.shape[axis] for axis in order),
                tuple(source.strides[axis] for axis in order),
                source.offset,
            )
            counts = tuple(math.prod(source.shape[labels.index(i)] for i in g) for g in groups)
            collapsed = _reshape_groups(permuted, [len(group) for group in groups], counts)
            if collapsed is not None:
                return collapsed
        # A copy in the grouped order always collapses.
        kernel = copy_kernel(permuted)
        self.append(kernel)
        (buffer,) = kernel.stores.values()
        return View(buffer, counts, contiguous_strides(counts))

    def gather(self, node: Tensor) -> None:
        source = self.view(node.inputs[0])
        row = View(source.buffer, source.shape[1:], source.strides[1:])
        if not row.contiguous:
            source = self.contiguous(node.inputs[0])
        indices = self.contiguous(node.inputs[1])
        buffer = Buffer(node.shape, node.dtype, "arena")
        kernel = GatherKernel(source=source, indices=indices, out=buffer, node=node)
        self.made[id(node)] = self.append(kernel)
        self.place[id(node)] = whole(buffer)

    def scatter(self, node: Tensor) -> None:
        updates, indices = (self.contiguous(each) for each in node.inputs)
        buffer = Buffer(node.shape, node.dtype, "arena")
        kernel = ScatterKernel(source=updates, indices=indices, out=buffer, node=node)
        self.made[id(node)] = self.append(kernel)
        self.place[id(node)] = whole(buffer)

    def random(self, node: Tensor) -> None:
        key, offset = (self.view(each) for each in node.inputs)
        buffer = Buffer(node.shape, node.dtype, "arena")
        kernel = RandomKernel(key=key, offset=offset, out=buffer, node=node)
        self.made[id(node)] = self.append(kernel)
        self.place[id(node)] = whole(buffer)

    def placing(self, node: Tensor) -> None:
        buffer = Buffer(node.shape, node.dtype, "arena")
        own = whole(buffer)
        kernel = PlacingKernel(out=buffer, node=node, covered=node.primitive.name == "concat")
        offset = 0
        for each in node.inputs:
            strides = own.strides
            if kernel.covered:
                axis = node.attributes.axis
                start, offset = offset * strides[axis], offset + each.shape[axis]
            else:
                before, _, between = node.attributes
                start = sum(n * step for n, step in zip(before, strides, strict=True))
                strides = tuple(
                    step * (gap + 1) for step, gap in zip(strides, between, strict=True)
                )
            if each.size:
                kernel.sources.append(self.view(each))
                kernel.places.append(View(buffer, each.shape, strides, start))
        self.made[id(node)] = self.append(kernel)
        self.place[id(node)] = own

    def call(self, node: Tensor) -> None:
        sources = [self.view(each) for each in node.inputs]
        if node.parts is not None:
            outs = [Buffer(part.shape, part.dtype, "arena") for part in node.parts]
            self.parts[id(node)] = outs
        else:
            outs = [Buffer(node.shape, node.dtype, "arena")]
            self.place[id(node)] = whole(outs[0])
        self.made[id(node)] = self.append(CallKernel(node=node, sources=sources, outs=outs))


def _by_level(order: list[Tensor]) -> list[Tensor]:
    """The order in which most can be fused: by how many kernels of their own lie before a node.

    A node's level exceeds those of its inputs by one if it cannot be part of a row kernel.
    Scalars are computed as early as they can be, so that they do not tear later chains apart.
    Larger elementwise work waits until the level of its first use, so that it is fused there
    instead of being kept in memory meanwhile.
    """
    level: dict[int, int] = {}
    for node in order:
        before = max((level[id(each)] for each in node.inputs), default=0)
        level[id(node)] = before + (not _fusible(node))
    latest: dict[int, int] = {}
    for node in reversed(order):
        if _fusible(node) and node.inputs and node.size > 1 and id(node) in latest:
            level[id(node)] = max(level[id(node)], latest[id(node)])
        wanted = level[id(node)] - (not _fusible(node))
        for each in node.inputs:
            latest[id(each)] = min(latest.get(id(each), wanted), wanted)
    return sorted(order, key=lambda node: (level[id(node)], _fusible(node)))


def _fusible(node: Tensor) -> bool:
    name = node.primitive.name
    return (
        not node.inputs
        or name in (*_MOVEMENT, *_TRANSPARENT, *_ROW_REDUCTIONS, "project")
        or _emits(node)
    )


def _emits(node: Tensor) -> bool:
    """Whether the primitive emits its own code for the elements of ``node``."""
    native = node.primitive.native
    return isinstance(native, Elementwise) and native.covers(node.dtype)


def _root(node: Tensor, home: Mapping[int, int], place: Mapping[int, View]) -> Tensor:
    """What the movement chain of ``node`` begins with: in registers or in memory."""
    while id(node) not in home and id(node) not in place:
        node = node.inputs[0]
    return node


def _strip(node: Tensor, names: tuple[str, ...]) -> Tensor:
    while node.primitive.name in names:
        node = node.inputs[0]
    return node


def _kept_rows(kernel: RowKernel) -> tuple[int, ...]:
    """The shape of a value per row when the reduced axes are kept with size 1."""
    return (*kernel.rows, *(1,) * (len(kernel.shape) - len(kernel.rows)))


def _is_row(kernel: RowKernel, node: Tensor) -> bool:
    """Whether ``node`` has one value per row of the kernel."""
    if kernel.split is None or node.shape == kernel.shape:
        return False
    return node.shape in (kernel.rows, _kept_rows(kernel))


def immediate(node: Tensor) -> Any:
    """The number that fills ``node``, as a NumPy scalar, when it is one repeated constant."""
    current = node
    while current.primitive.name in ("broadcast", "reshape", *_TRANSPARENT):
        current = current.inputs[0]
    if current.primitive.name != "constant" or current.size != 1:
        return None
    return current.attributes.array.reshape(())[()]


def _broadcast(source: View, shape: tuple[int, ...]) -> View:
    lead = len(shape) - len(source.shape)
    strides = (0,) * lead + tuple(
        step if have == want else 0
        for step, have, want in zip(source.strides, source.shape, shape[lead:], strict=True)
    )
    return View(source.buffer, shape, strides, source.offset)


def reshape_view(source: View, shape: tuple[int, ...]) -> View | None:
    """The view in another shape if strides can express it, else None."""
    if math.prod(shape) == 0:
        return View(source.buffer, shape, (0,) * len(shape), source.offset)
    old = [(n, s) for n, s in zip(source.shape, source.strides, strict=True) if n != 1]
    merged: list[tuple[int, int]] = []
    for size, step in old:
        if merged and merged[-1][1] == step * size:
            merged[-1] = (merged[-1][0] * size, step)
        else:
            merged.append((size, step))
    strides: list[int] = []
    blocks = iter(merged)
    left, step = 1, 0
    for size in shape:
        if size == 1:
            strides.append(0)
            continue
        if left == 1:
            left, block_step = next(blocks)
            step = block_step * left
        if left % size:
            return None
        left //= size
        step //= size
        strides.append(step)
    return View(source.buffer, shape, tuple(strides), source.offset)


def _reshape_groups(view: View, counts: Sequence[int], sizes: tuple[int, ...]) -> View | None:
    """Collapse consecutive axes, ``counts`` of them at a time; None if one cannot be."""
    strides, axis = [], 0
    for count, size in zip(counts, sizes, strict=True):
        group = View(
            view.buffer,
            view.shape[axis : axis + count],
            view.strides[axis : axis + count],
        )
        collapsed = reshape_view(group, (size,))
        if collapsed is None:
            return None
        strides.append(collapsed.strides[0])
        axis += count
    return View(view.buffer, sizes, tuple(strides), view.offset)


def _collapse(view: View, lead: int) -> View | None:
    """The view as [leading axes, the rest], if strides can express it."""
    sizes = (math.prod(view.shape[:lead]), math.prod(view.shape[lead:]))
    found = _reshape_groups(view, (lead, len(view.shape) - lead), sizes)
    if found is not None and sizes[1] == 1:
        return View(found.buffer, sizes, (found.strides[0], 1), found.offset)
    return found
