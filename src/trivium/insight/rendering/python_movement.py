"""Source of what moves elements: shapes, slices, indices, matrix products."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trivium.engine.tensor import Tensor

from .python_operations import emits
from .python_source import (
    ATOM,
    POSTFIX,
    Code,
    attribute,
    axes_text,
    binary,
    call,
    indexed,
    transposed,
)

if TYPE_CHECKING:
    from .python_writer import Writer

Shape = tuple[int, ...]


# --- shapes -------------------------------------------------------------------------------------


@emits("broadcast")
def _broadcast(w: Writer, node: Tensor, x: Code) -> Code:
    return x  # NumPy repeats by itself; whoever needs every element asks the writer for them


@emits("reshape")
def _reshape(w: Writer, node: Tensor, x: Code) -> Code:
    old, new = node.inputs[0].shape, node.shape
    if x.shape == () and old != ():
        return x  # one number for all elements
    kept = _kept(node, x)
    if kept is not None:
        return kept
    steps = _unit_axes(old, new)
    if steps is None:
        full = w.full(x, old, node.dtype)
        return attribute(full, f".reshape({w.sizes(new, bare=True)})", new)
    missing = len(old) - len(x.shape)
    items: list[str] = []
    sizes: list[int] = []
    axis = 0
    for step in steps:
        if step == "new":
            if axis > missing or (axis and not missing):  # leading axes come by themselves
                items.append("None")
                sizes.append(1)
            continue
        if axis >= missing:
            items.append(":" if step == "keep" else "0")
            sizes.extend([x.shape[axis - missing]] if step == "keep" else [])
        axis += 1
    return indexed(w.number(x), items, tuple(sizes)) if items else x


def _kept(node: Tensor, x: Code) -> Code | None:
    """A reduction whose reduced axes come back with size 1: ``keepdims``."""
    source = node.inputs[0]
    if source.primitive.name not in _REDUCTIONS:
        return None
    before, axes = source.inputs[0].shape, source.attributes.axes
    ending = axes_text(axes) if len(axes) < len(before) else ""
    restored = tuple(1 if axis in axes else size for axis, size in enumerate(before))
    if not axes or node.shape != restored or not x.text.endswith(f"({ending})"):
        return None
    text = x.text.removesuffix(")") + (", " if ending else "") + "keepdims=True)"
    return Code(text, POSTFIX, node.shape)


_REDUCTIONS = frozenset({"sum", "max", "min", "prod", "largest", "smallest"})


def _unit_axes(old: Shape, new: Shape) -> list[str] | None:
    """How ``new`` comes from ``old`` if only axes of size 1 come and go, else None."""
    steps: list[str] = []
    i = j = 0
    while i < len(old) or j < len(new):
        if i < len(old) and j < len(new) and old[i] == new[j]:
            steps.append("keep")
            i, j = i + 1, j + 1
        elif i < len(old) and old[i] == 1:
            steps.append("drop")
            i += 1
        elif j < len(new) and new[j] == 1:
            steps.append("new")
            j += 1
        else:
            return None
    return steps


@emits("permute")
def _permute(w: Writer, node: Tensor, x: Code) -> Code:
    axes = node.attributes.axes
    if x.shape == () or axes == tuple(range(len(axes))):
        return x
    x = w.number(x)
    missing = len(axes) - len(x.shape)
    if missing and axes == (1, 0):
        return indexed(x, [":", "None"], (*x.shape, 1))
    if missing:
        padded = (1,) * missing + x.shape
        x = indexed(x, ["None"] * missing + [":"] * len(x.shape), padded)
    if axes == (1, 0):
        return transposed(x)
    shape = tuple(x.shape[axis] for axis in axes)
    return attribute(x, f".transpose({', '.join(map(str, axes))})", shape)


@emits("slice")
def _slice(w: Writer, node: Tensor, x: Code) -> Code:
    if x.shape == () and node.inputs[0].shape != ():
        return x
    shape = node.inputs[0].shape
    items = [
        _slice_text(w, size, *row)
        for size, row in zip(shape, zip(*node.attributes, strict=True), strict=True)
    ]
    return indexed(w.full(x, shape, node.dtype), items, node.shape)


def _slice_text(w: Writer, size: int, start: int, stop: int, step: int) -> str:
    first = "" if start == 0 else _place(w, size, start)
    last = "" if stop == size else _place(w, size, stop)
    return f"{first}:{last}" + (f":{step}" if step != 1 else "")


def _place(w: Writer, size: int, place: int) -> str:
    """A position along an axis; near the end of the examples it is counted from there."""
    if w.batch and size % w.batch == 0 and place > w.batch // 2:
        return str(place - size) if place < size else w.size(size)
    return str(place)


@emits("concat")
def _concat(w: Writer, node: Tensor, *codes: Code) -> Code:
    parts = [
        w.full(code, each.shape, node.dtype)
        for code, each in zip(codes, node.inputs, strict=True)
    ]
    axis = node.attributes.axis
    inner = w.listed(parts)
    return call("np.concatenate", inner, *_option("axis", axis, 0), shape=node.shape)


def _option(name: str, value: object, default: object) -> list[str]:
    return [] if value == default else [f"{name}={value}"]


@emits("flip")
def _flip(w: Writer, node: Tensor, x: Code) -> Code:
    axes = node.attributes.axes
    return call("np.flip", w.full(x, node.shape, node.dtype), axes_text(axes), shape=node.shape)


@emits("pad")
def _pad(w: Writer, node: Tensor, x: Code) -> Code:
    before, after, between = node.attributes
    shape = node.inputs[0].shape
    x = w.full(x, shape, node.dtype)
    if not any(between) and shape:
        widths = [
            f"({_amount(w, size, low)}, {_amount(w, size, high)})"
            for size, low, high in zip(node.shape, before, after, strict=True)
        ]
        inner = f"({', '.join(widths)}{',' if len(widths) == 1 else ''})"
        return call("np.pad", x, inner, shape=node.shape)
    if not shape:
        return x
    target = w.temporary(call("np.zeros", w.sizes(node.shape), w.dtype(node.dtype), shape=()))
    items = [
        f"{low}:{low + max((size - 1) * (gap + 1) + 1, 0)}:{gap + 1}"
        if w.batch == 0 or size % w.batch or not size
        else f"{low}:{-high or ''}:{gap + 1}".replace("-0", "")
        for size, low, high, gap in zip(shape, before, after, between, strict=True)
    ]
    w.line(f"{target.text}[{', '.join(items)}] = {x.text}")
    return Code(target.text, ATOM, node.shape)


def _amount(w: Writer, size: int, amount: int) -> str:
    """A number of places; most of the examples are n less the others."""
    if w.batch and size % w.batch == 0 and amount > w.batch // 2:
        rest = size - amount
        return w.size(size) + (f" - {rest}" if rest else "")
    return str(amount)


# --- indices ------------------------------------------------------------------------------------


@emits("gather")
def _gather(w: Writer, node: Tensor, x: Code, places: Code) -> Code:
    values, indices = node.inputs
    x = w.full(x, values.shape, values.dtype)
    places = w.full(places, indices.shape, indices.dtype)
    return attribute(x, f"[{places.text}]", node.shape)


@emits("scatter_add")
def _scatter_add(w: Writer, node: Tensor, updates: Code, places: Code) -> Code:
    updates = w.number(updates)
    places = w.full(places, node.inputs[1].shape, node.inputs[1].dtype)
    zeros = call("np.zeros", w.sizes(node.shape), w.dtype(node.dtype), shape=())
    target = w.temporary(zeros)
    w.line(f"np.add.at({target.text}, {places.text}, {updates.text})")
    return Code(target.text, ATOM, node.shape)


# --- contractions -------------------------------------------------------------------------------


@emits("contraction")
def _contraction(w: Writer, node: Tensor, x: Code, y: Code) -> Code:
    left, right, out = node.attributes
    summed = (set(left) & set(right)) - set(out)
    shapes = [each.shape for each in node.inputs]
    if not left or not right:
        order = left or right
        product = w.operation("multiply", node, x, y)
        return product if order == out else _einsum(w, node, x, y)
    x, y = (w.full(code, shape, node.dtype) for code, shape in zip((x, y), shapes, strict=True))
    both = set(left) & set(right) & set(out)
    if len(summed) == 1 and not both and len(left) <= 2 and len(right) <= 2:
        return _matrix_product(node, x, y)
    if not summed and not both and len(left) == len(right) == 1:
        pair = (x, y) if out == (*left, *right) else (y, x)
        return call("np.outer", *pair, shape=node.shape)
    if len(summed) == 1 and both:
        made = _batched(node, x, y)
        if made is not None:
            return made
    return _einsum(w, node, x, y)


def _matrix_product(node: Tensor, x: Code, y: Code) -> Code:
    """Matrices and vectors with one axis in common, each transposed as its labels ask."""
    left, right, out = node.attributes
    (common,) = set(left) & set(right)
    if len(out) == 2 and out[0] in right:
        left, right, x, y = right, left, y, x
    if len(left) == 2 and left[1] != common:
        x = transposed(x)
    if len(right) == 2 and right[0] != common:
        y = transposed(y)
    return binary("@", x, y, node.shape)


def _batched(node: Tensor, x: Code, y: Code) -> Code | None:
    """Stacks of matrices whose leading axes agree; None where an einsum says it better."""
    left, right, out = node.attributes
    lead = len(out) - 2
    if lead < 1 or not len(left) == len(right) == len(out) or left[:lead] != right[:lead]:
        return None
    if out[:lead] != left[:lead] or set(left[:lead]) & {*left[lead:], *right[lead:]}:
        return None
    (common,) = set(left[lead:]) & set(right[lead:])
    if out[-2] not in left[lead:]:
        left, right, x, y = right, left, y, x
    x = x if left[-1] == common else attribute(x, ".swapaxes(-1, -2)", x.shape)
    y = y if right[-2] == common else attribute(y, ".swapaxes(-1, -2)", y.shape)
    return binary("@", x, y, node.shape)


def _einsum(w: Writer, node: Tensor, x: Code, y: Code) -> Code:
    left, right, out = node.attributes
    letters = {label: chr(ord("i") + k) for k, label in enumerate(dict.fromkeys(left + right))}
    if len(letters) > 18:
        letters = {label: chr(ord("A") + k) for k, label in enumerate(letters)}
    words = ["".join(letters[label] for label in part) for part in (left, right, out)]
    x = w.full(x, node.inputs[0].shape, node.dtype)
    y = w.full(y, node.inputs[1].shape, node.dtype)
    return call("np.einsum", f'"{words[0]},{words[1]}->{words[2]}"', x, y, shape=node.shape)
