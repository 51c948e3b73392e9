"""Sums, extremes and norms: with indices where the summand is short, with ones where it is not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from trivium.engine.primitives import rules
from trivium.engine.tensor import Tensor

from .movement import as_scalar
from .precedence import Binding
from .written import Product, Written, has_no_superscript, product, product_of

if TYPE_CHECKING:
    from .writer import Form, Writer

__all__ = ["FORMS", "Elements"]

_MOST_NODES = 24  # a summand of more nodes is written whole, not element by element
_LETTERS = "ijklm"
#: One index per axis; None on an axis of size 1 that nothing runs along.
Indices = tuple["Written | None", ...]


# --- elements ---------------------------------------------------------------------------------


@dataclass
class Elements:
    """Writes single elements of expressions: Y_{ik} ln P_{ik}; None where that gets long."""

    writer: Writer
    letters: list[str]
    left: int = _MOST_NODES

    def letter(self) -> Written:
        """A new letter for an index."""
        found = self.writer.index(_LETTERS, tuple(self.letters))
        self.letters.append(found)
        return self.writer.fill(found, scalar=True)

    def of(self, node: Tensor, at: Indices) -> Written | None:
        """The element of ``node`` with indices ``at``."""
        self.left -= 1
        whole = self.writer.done[id(node)]
        if self.left < 0 or whole.scalar:
            return whole if whole.scalar else None
        special = _SPECIAL.get(node.primitive.name)
        if not node.inputs:
            return self.subscripted(whole, at)
        if special is not None:
            found = special(self, node, at)
            if found is not None:
                return found
        elif _elementwise(node):
            parts = [self.of(each, at) for each in node.inputs]
            if None in parts:
                return None
            return self.writer.compose(node, [each for each in parts if each is not None])
        return self.subscripted(whole, at)

    def subscripted(self, whole: Written, at: Indices) -> Written | None:
        """The whole with indices below it."""
        indices = [each for each in at if each is not None]
        if not indices:
            return as_scalar(whole)
        if whole.box.width > self.writer.alphabet.limit / 3:
            return None
        p = product_of(whole)
        if p.top or p.bottom or (isinstance(whole, Product) and not p.arrays):
            from .forms import core

            inner = self.subscripted(core(p), at)
            if inner is None:
                return None
            return product(p.negative, (*p.top, inner), p.bottom, ())
        single = all(len(each.box.string) == 1 for each in indices)
        glue = " " if single else ", "
        places = glue.join(f"{{{i + 1}}}" for i in range(len(indices)))
        bare = whole.signed(False)
        found = self.writer.fill(f"{{0}}_{{{{{places}}}}}", bare, *indices, scalar=True)
        return replace(found, negative=whole.negative, indexed=has_no_superscript(bare))


def _elementwise(node: Tensor) -> bool:
    along = hasattr(node.attributes, "axes") or hasattr(node.attributes, "axis")
    return node.primitive.shape is rules.same_shape and not along


def _broadcast(to: Elements, node: Tensor, at: Indices) -> Written | None:
    source = node.inputs[0]
    kept = at[len(at) - source.ndim :] if source.ndim else ()
    return to.of(
        source,
        tuple(None if size == 1 else each for size, each in zip(source.shape, kept)),
    )


def _reshape(to: Elements, node: Tensor, at: Indices) -> Written | None:
    """Only axes of size 1 come or go."""
    source = node.inputs[0]
    solid = [size for size in node.shape if size != 1]
    if solid != [s for s in source.shape if s != 1]:
        return None
    running = iter([each for size, each in zip(node.shape, at) if size != 1])
    return to.of(source, tuple(None if size == 1 else next(running) for size in source.shape))


def _slice(to: Elements, node: Tensor, at: Indices) -> Written | None:
    """Whole axes and single places (numbered from 0)."""
    source = node.inputs[0]
    indices: list[Written | None] = []
    for axis, (start, stop, step) in enumerate(zip(*node.attributes, strict=True)):
        if (start, stop, step) == (0, source.shape[axis], 1):
            indices.append(at[axis])
        elif stop - start == 1:
            indices.append(to.writer.fill(str(start)))
        else:
            return None
    return to.of(source, tuple(indices))


def _permute(to: Elements, node: Tensor, at: Indices) -> Written | None:
    axes = node.attributes.axes
    return to.of(node.inputs[0], tuple(at[axes.index(i)] for i in range(node.ndim)))


def _identity(to: Elements, node: Tensor, at: Indices) -> Written | None:
    return to.of(node.inputs[0], at)


def _inner_sum(to: Elements, node: Tensor, at: Indices) -> Written | None:
    """A sum along some axes, of the elements along them."""
    found = _along(to, node.inputs[0], node.attributes.axes, at)
    return None if found is None else _sigma(to.writer, node.inputs[0], *found)


def _log_sum_exp(to: Elements, node: Tensor, at: Indices) -> Written | None:
    found = _along(to, node.inputs[0], node.attributes.axes, at)
    if found is None:
        return None
    letters, element = found
    over = " ".join(letters)
    return to.writer.fill(rf"\ln \sum_{{{{{over}}}}} e^{{{{{{0}}}}}}", element, scalar=True)


def _along(
    to: Elements, x: Tensor, axes: tuple[int, ...], at: Indices
) -> tuple[list[str], Written] | None:
    new = {axis: to.letter() for axis in axes}
    rest = iter(at)
    indices = tuple(new[axis] if axis in new else next(rest) for axis in range(x.ndim))
    element = to.of(x, indices)
    return None if element is None else ([each.box.string for each in new.values()], element)


def _log_softmax(to: Elements, node: Tensor, at: Indices) -> Written | None:
    from ..derivation.textbook import softmax

    known = to.writer.known.get(id(node))
    if known is not None:
        whole = to.writer.symbol(known)
    else:
        inner = to.writer.done[id(node.inputs[0])]
        whole = to.writer.fill(softmax.notation, inner)  # type: ignore[arg-type]
    element = to.subscripted(whole, at)
    return None if element is None else to.writer.fill(r"\ln {0}", element, scalar=True)


def _pick(to: Elements, node: Tensor, at: Indices) -> Written | None:
    """The entry of row i in the column of its class y_i."""
    values, codes = node.inputs
    code = to.of(codes, at)
    return None if code is None else to.of(values, (*at, code))


def _one_hot(to: Elements, node: Tensor, at: Indices) -> Written | None:
    code = to.of(node.inputs[0], at[:-1])
    if code is None or at[-1] is None:
        return None
    return to.writer.fill(r"\mathbb{{1}}\left[ {0} = {1} \right]", code, at[-1], scalar=True)


_SPECIAL = {
    "broadcast": _broadcast,
    "reshape": _reshape,
    "permute": _permute,
    "slice": _slice,
    "label": _identity,
    "sum": _inner_sum,
    "log_sum_exp": _log_sum_exp,
    "log_softmax": _log_softmax,
    "pick": _pick,
    "one_hot": _one_hot,
}


# --- sums -------------------------------------------------------------------------------------


def _sigma(writer: Writer, x: Tensor, letters: list[str], element: Written) -> Written:
    """Σ over ``letters`` of ``element``, sign and numbers in front."""
    p = product_of(element)
    plain = [each for each in p.top if each.literal]
    rest = [each for each in p.top if not each.literal]
    inner = product(False, rest, (), p.arrays, p.joint) if rest or p.arrays else None
    bottoms_fixed = all(each.literal for each in p.bottom)
    if inner is None or not bottoms_fixed:
        plain, inner = [], element
        p = product_of(writer.fill("1", scalar=True))
        p = replace(product_of(inner), negative=False, bottom=())
    sizes = dict(zip(letters, _sizes(writer, x, letters), strict=True))
    if len(letters) <= 2:
        over = " ".join(rf"\sum_{{{{{i}=1}}}}^{{{{{size}}}}}" for i, size in sizes.items())
    else:
        over = rf"\sum_{{{{{' '.join(letters)}}}}}"
    total = writer.fill(f"{over} {{0}}", inner, scalar=True)
    return product(p.negative, (*plain, total), p.bottom, ())


def _sizes(writer: Writer, x: Tensor, letters: list[str]) -> list[str]:
    """The sizes of the axes that were summed; those of a full sum are all axes."""
    return [writer.size(size) for size in x.shape[-len(letters) :]]


def _sum(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    x, axes = node.inputs[0], node.attributes.axes
    if not axes:
        return operands[0]
    if len(axes) == x.ndim:
        return _total(writer, x, operands[0])
    if x.ndim == 2:
        from .forms import matrix_product, ones, transposed

        whole = writer.as_array(operands[0], 2)
        return matrix_product(transposed(whole) if axes == (0,) else whole, ones(writer, 1))
    return _partial(writer, r"\sum", x, axes, operands[0])


def _partial(
    writer: Writer, sign: str, x: Tensor, axes: tuple[int, ...], whole: Written
) -> Written:
    """A reduction along some axes: Σ_i x_{:, i}."""
    letters: list[str] = []
    for _ in axes:
        letters.append(writer.index(_LETTERS, letters))
    names = iter(letters)
    place = ", ".join(next(names) if axis in axes else ":" for axis in range(x.ndim))
    whole = writer.as_array(whole, x.ndim)
    over = " ".join(letters)
    from .forms import linear

    def change(inner: Written) -> Written:
        return writer.fill(f"{sign}_{{{{{over}}}}} {{0}}_{{{{{place}}}}}", inner)

    return linear(whole, change) if sign == r"\sum" else change(whole)


def _total(writer: Writer, x: Tensor, whole: Written) -> Written:
    """The sum of all elements."""
    norm = _norm(writer, x)
    if norm is not None:
        return norm
    elements = Elements(writer, [])
    indices = tuple(elements.letter() for _ in x.shape)
    letters = list(elements.letters)
    element = elements.of(x, indices)
    if element is not None and element.box.width < 0.75 * writer.alphabet.limit:
        return _sigma(writer, x, letters, element)
    places = " ".join(letters)
    inner = writer.as_array(whole, x.ndim)
    element = replace(
        writer.fill(f"{{0}}_{{{{{places}}}}}", inner), scalar=True, tightness=Binding.POWER
    )
    return _sigma(writer, x, letters, element)


def _norm(writer: Writer, x: Tensor) -> Written | None:
    """‖v‖² for the sum of squares of an array, with the numbers before the squares."""
    negative = False
    top: list[Written] = []
    bottom: list[Written] = []
    while x.primitive.name in ("negative", "multiply", "divide", "chain", "label"):
        if x.primitive.name == "negative":
            negative = not negative
        elif x.primitive.name != "label":
            if x.inputs[0] is x.inputs[1]:
                break
            scalars = [i for i in (0, 1) if writer.done[id(x.inputs[i])].scalar]
            if len(scalars) != 1 or (x.primitive.name == "divide" and scalars != [1]):
                return None
            p = product_of(writer.done[id(x.inputs[scalars[0]])])
            negative ^= p.negative
            divided = x.primitive.name == "divide"
            top += p.bottom if divided else p.top
            bottom += p.top if divided else p.bottom
            x = x.inputs[1 - scalars[0]]
            continue
        x = x.inputs[0]
    base = _squared(writer, x)
    if base is None:
        return None
    p = product_of(writer.done[id(base)])
    if p.top or p.bottom:
        return None
    inner = product(False, (), (), p.arrays, p.joint)
    frobenius = "_F" if base.ndim == 2 else ""
    norm = writer.fill(rf"\lVert {{0}} \rVert{frobenius}^2", inner, scalar=True)
    return product(negative, (*top, norm), bottom, ())


def _squared(writer: Writer, x: Tensor) -> Tensor | None:
    """What ``x`` is the elementwise square of, if that is an array without indices to show."""
    name = x.primitive.name
    twice = name in ("multiply", "chain") and x.inputs[0] is x.inputs[1]
    two = name == "power" and writer.done[id(x.inputs[1])].box.string == "2"
    if not (name == "square" or twice or two):
        return None
    base = x.inputs[0]
    plain = not writer.done[id(base)].scalar and all(size > 1 for size in base.shape)
    return base if plain else None


# --- extremes and products --------------------------------------------------------------------


def _extreme(sign: str) -> Form:
    def form(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
        x, axes = node.inputs[0], node.attributes.axes
        if not axes or operands[0].scalar:
            return operands[0]
        if len(axes) == x.ndim:
            return writer.fill(f"{sign} {{0}}", operands[0], scalar=True)
        return _partial(writer, sign, x, axes, operands[0])

    return form


def _product(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    x, axes = node.inputs[0], node.attributes.axes
    if not axes:
        return operands[0]
    elements = Elements(writer, [])
    if len(axes) < x.ndim:
        return _partial(writer, r"\prod", x, axes, operands[0])
    indices = tuple(elements.letter() for _ in x.shape)
    letters = " ".join(elements.letters)
    element = elements.of(x, indices)
    if element is None:
        element = writer.fill(f"{{0}}_{{{{{letters}}}}}", operands[0])
    return writer.fill(rf"\prod_{{{{{letters}}}}} {{0}}", element, scalar=True)


FORMS: dict[str, Form] = {
    "sum": _sum,
    "max": _extreme(r"\max"),
    "min": _extreme(r"\min"),
    "prod": _product,
}
