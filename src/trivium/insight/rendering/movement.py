"""How moved elements are written: columns, rows, ones, indices; contractions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trivium.engine.tensor import Tensor

from .written import Written, has_no_superscript, product, product_of

if TYPE_CHECKING:
    from .writer import Form, Writer

__all__ = ["FORMS", "as_scalar"]

Shape = tuple[int, ...]
Labels = tuple[int, ...]
Axes = tuple[Labels, Labels, Labels]


def as_scalar(written: Written) -> Written:
    """What has one element, as that number."""
    if written.scalar:
        return written
    p = product_of(written)
    from .forms import core

    whole = (replace(core(p), scalar=True),) if p.arrays else ()
    return product(p.negative, p.top + whole, p.bottom, ())


def _solid(shape: Shape) -> Shape:
    return tuple(size for size in shape if size != 1)


def _reshape(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    from .forms import linear, transposed

    (x,), before, after = operands, node.inputs[0].shape, node.shape
    if before == after or x.scalar:
        return x
    if node.size == 1:
        return x if after else as_scalar(x)
    if _solid(before) == _solid(after):
        source = node.inputs[0]
        if source.primitive.name == "slice" and len(after) < len(before):
            return _window(writer, source, _dropped(before, after))
        if len(after) >= 3 and (new := _new_axes(before, after)):
            return linear(x, lambda w: writer.fill(f"{{0}}_{{{{{new}}}}}", w))
        row = {shape for shape in (before, after) if len(shape) == 2 and shape[0] == 1}
        return transposed(x) if len(row) == 1 and len(_solid(before)) == 1 else x
    if len(after) == 1:
        return linear(x, lambda w: writer.fill(r"\operatorname{{vec}}({0})", w))
    shape = r" \times ".join(map(writer.size, after))
    notation = rf"\operatorname{{{{reshape}}}}_{{{{{shape}}}}}({{0}})"
    return linear(x, lambda w: writer.fill(notation, w))


def _new_axes(before: Shape, after: Shape) -> str:
    """Where ``after`` has axes of size 1 that ``before`` lacks, other than in front: (:, ∗)."""
    places = []
    rest = list(before)
    for size in after:
        if rest and rest[0] == size:
            rest.pop(0)
            places.append(":")
        else:
            places.append(r"\ast")
    inside = places[places.index(":") :] if ":" in places else []
    return ", ".join(places) if not rest and r"\ast" in inside else ""


def _dropped(before: Shape, after: Shape) -> set[int]:
    """The axes of size 1 in ``before`` that ``after`` lacks."""
    dropped: set[int] = set()
    rest = list(after)
    for axis, size in enumerate(before):
        if rest and rest[0] == size and len(rest) + len(dropped) <= len(before):
            left = before[axis:]
            if size == 1 and len(left) > len(rest):
                dropped.add(axis)
                continue
            rest.pop(0)
        else:
            dropped.add(axis)
    return dropped


def _broadcast(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    from .forms import matrix_product, ones, transposed

    (x,), before, after = operands, node.inputs[0].shape, node.shape
    if x.scalar or node.inputs[0].size == 1:
        return as_scalar(x)
    if before == after or len(after) != 2:
        return x
    one = ones(writer, 1)
    if len(before) == 1:
        return matrix_product(one, transposed(x))
    if before[0] == 1:
        return matrix_product(one, x)
    return matrix_product(x, transposed(one))


def _permute(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    from .forms import linear, transposed

    if node.attributes.axes == tuple(range(node.ndim)):
        return operands[0]
    if node.attributes.axes == (1, 0):
        return transposed(operands[0])
    return linear(operands[0], lambda w: writer.by_record(node, [w]))


def _slice(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    return _window(writer, node, set())


def _window(writer: Writer, node: Tensor, dropped: set[int]) -> Written:
    """x_{:, 0}: a whole axis as a colon, one place as its number (from 0, as in NumPy)."""
    from .forms import linear

    source = node.inputs[0]
    x = writer.done[id(source)]
    parts = []
    for axis, (start, stop, step) in enumerate(zip(*node.attributes, strict=True)):
        if axis in dropped:
            parts.append(str(start))
        elif (start, stop, step) == (0, source.shape[axis], 1):
            parts.append(":")
        else:
            every = f":{step}" if step > 1 and stop - start > step else ""
            parts.append(f"{start}:{_end(writer, stop)}{every}")
    if x.scalar or all(part == ":" for part in parts):
        return x
    place = ", ".join(parts)

    def indexed(w: Written) -> Written:
        found = writer.fill(f"{{0}}_{{{{{place}}}}}", w)
        return replace(found, scalar=not node.shape, indexed=has_no_superscript(w))

    return linear(x, indexed)


def _end(writer: Writer, stop: int) -> str:
    return writer.sizes.get(stop, str(stop))


# --- contraction ------------------------------------------------------------------------------


def _contraction(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    left, right, out = node.attributes
    from .einsum import einsum

    (x, left, *sources), (y, right, other) = (
        _factor(writer, written, source, labels)
        for written, source, labels in zip(operands, node.inputs, (left, right), strict=True)
    )
    labels = (left, right, out)
    sources.append(other)
    if not left or not right:
        return _scaled(x, y) if out in (left, right) else einsum(writer, labels, sources)
    shared = [label for label in left if label in right]
    summed = [label for label in shared if label not in out]
    if len(summed) == len(shared):
        found = _matrices(writer, labels, x, y, summed)
    elif left == right == out:
        from .forms import FORMS as ALL

        return ALL["multiply"](writer, node, [x, y])
    else:
        found = _diagonal(writer, labels, x, y)
    return einsum(writer, labels, sources) if found is None else found


def _factor(
    writer: Writer, written: Written, source: Tensor, labels: Labels
) -> tuple[Written, Labels, Tensor]:
    """A factor, its axes and its node, without axes along which it was only repeated."""
    if source.primitive.name == "broadcast" and not written.scalar:
        inner = source.inputs[0]
        kept = _solid(inner.shape)
        if len(kept) < source.ndim and kept == source.shape[source.ndim - len(kept) :]:
            return writer.done[id(inner)], labels[source.ndim - len(kept) :], inner
    return writer.as_array(written, source.ndim), labels, source


def _scaled(x: Written, y: Written) -> Written:
    p, q = product_of(x), product_of(y)
    arrays, joint = (p.arrays, p.joint) if p.arrays else (q.arrays, q.joint)
    return product(p.negative != q.negative, p.top + q.top, p.bottom + q.bottom, arrays, joint)


def _matrices(
    writer: Writer, axes: Axes, x: Written, y: Written, summed: list[int]
) -> Written | None:
    """Products of matrices and vectors, without axes that run along."""
    from .forms import matrix_product, transposed

    left, right, out = axes
    if len(summed) > 1:
        return _inner(writer, x, y) if left == right and not out else None
    if not summed:
        if (len(left), len(right)) != (1, 1):
            return None
        first, second = (x, y) if out == left + right else (y, x)
        return matrix_product(first, transposed(second))
    (s,) = summed
    kept = [label for label in (*left, *right) if label != s]
    if len(left) > 2:
        plain = left[-1] == s == right[0] and len(right) <= 2 and list(out) == kept
        return matrix_product(x, y) if plain else None
    if len(right) > 2:
        return None
    if len(left) == 1 and len(right) == 1:
        return as_scalar(matrix_product(transposed(x), y))
    x_last = x if left[-1] == s else transposed(x)  # the summed axis last
    y_first = y if right[0] == s else transposed(y)  # the summed axis first
    if len(left) == 1:
        return matrix_product(transposed(y_first), x)
    if list(out) == kept:
        return matrix_product(x_last, y_first)
    return matrix_product(transposed(y_first), transposed(x_last))


def _inner(writer: Writer, x: Written, y: Written) -> Written:
    p, q = product_of(x), product_of(y)
    from .forms import core

    whole = writer.fill(r"\langle {0}, {1} \rangle", core(p), core(q), scalar=True)
    return product(p.negative != q.negative, (*p.top, *q.top, whole), p.bottom + q.bottom, ())


def _diagonal(writer: Writer, axes: Axes, x: Written, y: Written) -> Written | None:
    """Rows or columns of a matrix times the entries of a vector."""
    from .forms import matrix_product

    left, right, out = axes
    for matrix, vector, a, v in ((left, right, x, y), (right, left, y, x)):
        if len(matrix) == 2 and len(vector) == 1 and out == matrix:
            diagonal = writer.fill(r"\operatorname{{diag}}({0})", v)
            if vector[0] == matrix[0]:
                return matrix_product(diagonal, a)
            return matrix_product(a, diagonal)
    return None


FORMS: dict[str, Form] = {
    "reshape": _reshape,
    "broadcast": _broadcast,
    "permute": _permute,
    "slice": _slice,
    "contraction": _contraction,
}
