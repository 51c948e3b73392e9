"""Notation that depends on more than the record says: on shapes, signs and neighbours.

Arithmetic is here; ``movement`` and ``reductions`` add theirs. An operation without a form is
written as its record's notation says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from trivium.engine.tensor import Tensor

from .precedence import Binding
from .written import Product, Sum, Written, filled, power, product, product_of

if TYPE_CHECKING:
    from .writer import Form, Writer

__all__ = ["FORMS", "core", "linear", "matrix_product", "negated", "ones", "transposed"]


_SHORT = 8.0  # -x + y is turned into y - x where both are short


def core(p: Product) -> Written:
    """The arrays of a product without its sign and numbers."""
    return product(False, (), (), p.arrays, p.joint)


def ones(writer: Writer, ndim: int) -> Written:
    """The array of ones."""
    one = writer.fill(r"\mathbf{1}")
    return matrix_product(one, transposed(one)) if ndim == 2 else one


def negated(written: Written) -> Written:
    """Minus ``written``, the sign in front."""
    p = product_of(written)
    return product(not p.negative, p.top, p.bottom, p.arrays, p.joint)


def linear(written: Written, change: Callable[[Written], Written]) -> Written:
    """A linear map of ``written``: sign and numbers stay in front of it."""
    p = product_of(written)
    if not p.arrays:
        return written
    inner = product_of(change(core(p)))
    return product(
        p.negative != inner.negative,
        p.top + inner.top,
        p.bottom + inner.bottom,
        inner.arrays,
        inner.joint,
    )


def transposed(written: Written) -> Written:
    """The transpose of a matrix, or a column as a row."""

    def change(inner: Written) -> Written:
        if inner.transposed is not None:
            return inner.transposed
        if isinstance(inner, Product) and any(each.transposed for each in inner.arrays):
            return product(False, (), (), map(transposed, reversed(inner.arrays)), "matrix")
        return replace(
            filled(inner.alphabet, r"{0}^\top", inner),
            tightness=Binding.POWER,
            transposed=inner,
        )

    return linear(written, change)


def matrix_product(left: Written, right: Written) -> Written:
    """The product of two matrices or vectors."""
    p, q = product_of(left), product_of(right)
    arrays = [
        each.arrays if each.joint == "matrix" or len(each.arrays) == 1 else (core(each),)
        for each in (p, q)
    ]
    return product(
        p.negative != q.negative,
        p.top + q.top,
        p.bottom + q.bottom,
        arrays[0] + arrays[1],
        "matrix",
    )


# --- arithmetic -------------------------------------------------------------------------------


def _terms(written: Written) -> tuple[Written, ...]:
    return written.terms if isinstance(written, Sum) else (written,)


def _sum(writer: Writer, left: Written, right: Written) -> Written:
    terms = _terms(left) + _terms(right)
    if writer.step:  # cotangents that nothing flows into
        terms = tuple(each for each in terms if not _is(each, "0")) or terms[:1]
        if len(terms) == 1:
            return terms[0]
    short = all(each.box.width <= _SHORT for each in terms[:2])
    if len(terms) == 2 and short and terms[0].negative and not terms[1].negative:
        terms = terms[1], terms[0]
    return Sum(
        writer.alphabet, None, Binding.SUM, scalar=left.scalar and right.scalar, terms=terms
    )


def _is(written: Written, figures: str) -> bool:
    return written.literal and not written.negative and written.box.string == figures


def _add(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    return _sum(writer, *operands)


def _subtract(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    return _sum(writer, operands[0], negated(operands[1]))


def _negative(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    return negated(operands[0])


def _multiply(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    if node.inputs[0] is node.inputs[1] and not operands[0].literal:
        return _power_of(writer, node, operands[0], two(writer))
    for one, other in (operands, operands[::-1]):
        if _is(other, "1") or (writer.step and _is(one, "0")):
            return one
    p, q = map(product_of, operands)
    arrays = [
        each.arrays if each.joint == "odot" or len(each.arrays) == 1 else (core(each),)
        for each in (p, q)
    ]
    return product(
        p.negative != q.negative, p.top + q.top, p.bottom + q.bottom, arrays[0] + arrays[1]
    )


def _divide(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    p, q = map(product_of, operands)
    negative = p.negative != q.negative
    if not q.arrays:
        return product(negative, p.top + q.bottom, p.bottom + q.top, p.arrays, p.joint)
    top = product(False, p.top, p.bottom, p.arrays, p.joint)
    bottom = product(False, q.top, q.bottom, q.arrays, q.joint)
    return product(negative, (), (), (writer.fill(r"\frac{{{0}}}{{{1}}}", top, bottom),))


def two(writer: Writer) -> Written:
    """The number 2."""
    return replace(writer.fill("2", scalar=True), literal=True)


def _power_of(writer: Writer, node: Tensor, base: Written, exponent: Written) -> Written:
    """A power, of an array element by element."""
    if base.scalar and base.symbol and not base.negative and _is(exponent, "2"):
        return power(base, 2)
    return writer.fill(r"{0}^{{{1}}}", base, exponent, scalar=base.scalar and exponent.scalar)


def _power(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    return _power_of(writer, node, *operands)


def _square(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    return _power_of(writer, node, operands[0], two(writer))


def _exponential(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    (x,) = operands
    short = x.box.width <= (12 if writer.alphabet.fraction_binding == Binding.POWER else 2)
    notation = r"e^{{{0}}}" if short and not x.box.tall else r"\exp({0})"
    return writer.fill(notation, x, scalar=x.scalar)


# --- structure --------------------------------------------------------------------------------


def _itself(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    return operands[0]


def _cast(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    """A cast is not seen, except that of a condition to the numbers 0 and 1."""
    if node.inputs[0].dtype.kind != "b" or node.dtype.kind == "b":
        return operands[0]
    return writer.fill(
        r"\mathbb{{1}}\left[ {0} \right]", operands[0], scalar=operands[0].scalar
    )


def _concat(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    """[A, B] beside each other, [A; B] below; of many parts the first ones and the last."""
    shown = [writer.as_array(each, node.ndim) for each in operands]
    if len(shown) > 4:
        shown = [*shown[:2], writer.fill(r"\ldots"), shown[-1]]
    beside = node.ndim > 1 and node.attributes.axis == node.ndim - 1
    places = (" , " if beside else " ; ").join(f"{{{i}}}" for i in range(len(shown)))
    return writer.fill(rf"\left[ {places} \right]", *shown)


def _solve(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    """A^{-1} B; the inverse itself where B is the identity."""
    if operands[1].box.string == "I" and node.inputs[1].primitive.name == "constant":
        return writer.fill(r"{0}^{{-1}}", operands[0])
    matrix = writer.as_array(operands[0], 2)
    if matrix.transposed is not None:
        matrix, inverse = matrix.transposed, r"{0}^{{-\top}} {1}"
    else:
        inverse = r"{0}^{{-1}} {1}"
    right = writer.as_array(operands[1], node.ndim)
    return linear(right, lambda b: writer.fill(inverse, matrix, b))


FORMS: dict[str, Form] = {
    "add": _add,
    "subtract": _subtract,
    "negative": _negative,
    "multiply": _multiply,
    "chain": _multiply,
    "divide": _divide,
    "power": _power,
    "square": _square,
    "exp": _exponential,
    "solve": _solve,
    "label": _itself,
    "cast": _cast,
    "concat": _concat,
}


def _register() -> None:
    from . import movement, recurrence, reductions

    for room in (movement, reductions, recurrence):
        FORMS.update(room.FORMS)


_register()
