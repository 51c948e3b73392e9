"""How tightly notations bind, and what a place in a notation demands of its operand.

Both are read off the notation: an operand beside an open + may be a product but not a comparison,
one between brackets may be anything, and what an operator stands open in binds as that operator
does. So a record needs to say nothing but its notation.
"""

from __future__ import annotations

from enum import IntEnum

from .notation import (
    Cases,
    Fence,
    Font,
    Fraction,
    Layout,
    Name,
    Row,
    Script,
    Sign,
    Space,
    Words,
)
from .signs import KINDS

__all__ = ["Binding", "binding", "demand", "is_call", "kind", "opens_right"]


class Binding(IntEnum):
    """From loose to tight; an operand that binds less tightly than demanded gets brackets."""

    LIST = 0
    LOGIC = 10
    RELATION = 20
    CASES = 25
    SUM = 30
    HADAMARD = 40
    PRODUCT = 50
    FUNCTION = 60
    POWER = 70
    CALL = 75
    ATOM = 80
    CLOSED = 90


_OPERATORS = {
    "comma": Binding.LIST,
    "logic": Binding.LOGIC,
    "relation": Binding.RELATION,
    "sum": Binding.SUM,
    "product": Binding.HADAMARD,
}


def kind(item: Layout | None) -> str:
    """What ``item`` is for its neighbours: a kind of ``KINDS``, "function", "call" or ""."""
    match item:
        case Sign(latex):
            return KINDS.get(latex, "")
        case Name():
            return "function"
        case Script(base=base):
            return kind(base) if kind(base) in ("function", "big") else ""
        case None:
            return "end"
    return ""


def is_call(items: tuple[Layout, ...], at: int) -> bool:
    """Whether item ``at`` is a name that is applied to the brackets after it."""
    if at + 1 >= len(items) or not _is_bracket(items[at + 1]):
        return False
    item = items[at]
    letter = isinstance(item, Font) or (
        isinstance(item, Sign) and kind(item) == "" and not item.latex[0].isdigit()
    )
    scripted = isinstance(item, Script) and is_call((item.base, items[at + 1]), 0)
    return letter or kind(item) == "function" or scripted


def _is_bracket(item: Layout) -> bool:
    return isinstance(item, Fence) and item.left in ("(", "[")


def demand(items: tuple[Layout, ...], at: int) -> Binding:
    """How tightly the operand at place ``at`` of a row must bind."""
    solid = [i for i, item in enumerate(items) if not isinstance(item, Space)]
    place = solid.index(at)
    before = items[solid[place - 1]] if place else None
    after = items[solid[place + 1]] if place + 1 < len(solid) else None
    return max(_from_left(before), _from_right(after))


def _from_left(before: Layout | None) -> Binding:
    what = kind(before)
    if what == "sum":
        assert isinstance(before, Sign)
        return Binding.SUM if before.latex == "+" else Binding.HADAMARD
    return {
        "end": Binding.LIST,
        "comma": Binding.LOGIC,
        "logic": Binding.RELATION,
        "relation": Binding.SUM,
        "product": Binding.POWER,
        "big": Binding.HADAMARD,
        "function": Binding.POWER,
        "prefix": Binding.POWER,
    }.get(what, Binding.PRODUCT)


def _from_right(after: Layout | None) -> Binding:
    return {
        "end": Binding.LIST,
        "comma": Binding.LOGIC,
        "logic": Binding.RELATION,
        "relation": Binding.SUM,
        "sum": Binding.SUM,
        "product": Binding.POWER,
    }.get(kind(after), Binding.PRODUCT)


def binding(layout: Layout, fraction: Binding, cases: Binding) -> Binding:
    """How tightly ``layout`` binds; places for operands count as tight.

    ``fraction``, ``cases``: how tightly these bind as the alphabet writes them.
    """
    match layout:
        case Row(items):
            solid = tuple(item for item in items if not isinstance(item, Space))
            return binding(solid[0], fraction, cases) if len(solid) == 1 else _of_row(solid)
        case Script():
            return Binding.POWER
        case Fraction():
            return fraction
        case Cases():
            return cases
        case Words():
            return Binding.LIST
    return Binding.ATOM


def _of_row(items: tuple[Layout, ...]) -> Binding:
    if not items:
        return Binding.ATOM
    kinds = [kind(item) for item in items]
    open_signs = [_OPERATORS[each] for each in kinds if each in _OPERATORS]
    if open_signs:
        return min(open_signs)
    if "big" in kinds:
        return Binding.PRODUCT
    if is_call(items, 0) and len(items) == 2:
        return Binding.CALL
    if kinds[0] in ("function", "prefix") and len(items) == 2:
        return Binding.FUNCTION
    if any(isinstance(item, Words) for item in items):
        return Binding.LIST
    return Binding.PRODUCT


def opens_right(layout: Layout) -> bool:
    """Whether a factor written after ``layout`` would be read as part of it (ln x, Σ x)."""
    if not isinstance(layout, Row):
        return False
    kinds = [kind(item) for item in layout.items]
    for at, each in enumerate(kinds):
        if each == "big" or (each in ("function", "prefix") and not is_call(layout.items, at)):
            return True
    return False
