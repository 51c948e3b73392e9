"""A derivation as text for terminals; nothing in it needs a colour."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..derivation.symbols import shape_text
from ..words import translator
from .equations import Equations, definition_lines
from .phrases import (
    BACKWARD,
    CHECKS,
    FORWARD,
    MEANINGS,
    SPREAD,
    evaluated_on,
    explained,
    finding,
    listed,
    spread,
    steps,
    title,
)
from .text import TextAlphabet, columns, printable

if TYPE_CHECKING:
    from ..derivation.derivation import Derivation
    from ..derivation.equations import Equation

__all__ = ["plain"]

Translate = Callable[[str], str]

_NARROWEST, _WIDEST = 40, 100
_WHOLE = 12  # arrays of up to so many elements are shown whole


def plain(derivation: Derivation, lang: str = "en", width: int | None = None) -> str:
    """``derivation`` as text of at most ``width`` columns, by default those of the terminal.

    A formula that cannot be broken may be longer. Raises ArgumentError for an unknown language.
    """
    _ = translator(lang)
    if width is None:
        width = min(shutil.get_terminal_size((_WIDEST, 24)).columns, _WIDEST)
    lines = map(printable, _lines(derivation, _, max(width, _NARROWEST)))
    return "\n".join(lines).rstrip() + "\n"


def _lines(derivation: Derivation, _: Translate, width: int) -> Iterable[str]:
    equations = Equations(derivation, TextAlphabet(_))
    equations.alphabet.limit = width - 16.0
    yield from _wrapped(title(derivation, _), width)
    yield "=" * min(width, columns(title(derivation, _)))
    yield ""
    for number, (name, what) in enumerate(steps(derivation, _), 1):
        step = _("{name}: {what}").format(name=name, what=what)
        yield from _wrapped(f"{number}. {step}", width, "   ")
    for note in derivation.notes:
        yield from _wrapped(note.said(_), width)
    number = 0
    for heading, said, group in (
        (_("Forward pass"), _(FORWARD), derivation.forward),
        (_("Backward pass"), _(BACKWARD), derivation.backward),
    ):
        yield from _heading(heading)
        yield from _wrapped(said, width)
        for equation in group:
            number += 1
            yield ""
            yield from _equation(equations, equation, number, _, width)
    yield from _heading(_("Symbols"))
    yield from _table(
        (_("symbol"), _("shape"), _("meaning"), _("name in the program")),
        [
            (
                printable(each.text),
                shape_text(each.shape),
                _(MEANINGS[each.role]),
                printable(each.path),
            )
            for each in listed(derivation)
        ],
        width,
    )
    if derivation.has_data:
        yield from _numbers(derivation, _, width)


def _heading(words: str) -> Iterable[str]:
    yield ""
    yield words
    yield "-" * columns(words)


def _wrapped(words: str, width: int, indent: str = "") -> list[str]:
    """Words in lines; between wide letters a line may end anywhere."""
    if columns(words) <= width:
        return [words]
    if columns(words) == len(words):
        return textwrap.wrap(words, width, subsequent_indent=indent)
    lines, line = [], ""
    for sign in words:
        if columns(line) + columns(sign) > width and sign not in _CLOSING:
            cut = line.rfind(" ")
            cut = cut if cut > len(line) - 16 and sign.isascii() else len(line)
            lines.append(line[:cut].rstrip())
            line = indent + line[cut:].lstrip()
        line += sign
    return [*lines, line]


_CLOSING = "，。；：、）」！？,.;:)"


def _equation(
    equations: Equations, equation: Equation, number: int, _: Translate, width: int
) -> Iterable[str]:
    """( 3)  z[1] = X W[1] + 𝟏 b[1]ᵀ      (n, 5)"""
    label = f"({number})"
    indent = " " * (len(label) + 2)
    shape = shape_text(equation.defines.shape) if equation.defines.shape else ""
    for at, definition in enumerate(equations.of(equation)):
        lead = f"{_('with')} " if at == 1 else ""
        beside = columns(lead) if at else columns(shape) + 2
        left, lines = definition_lines(definition, width - len(indent) - beside)
        deeper = indent + " " * (columns(lead + left) + 3 if lines[0] else 4)
        first = f"{label}  " if not at else indent
        lines[0] = f"{first}{lead}{left} = {lines[0]}".rstrip()
        lines[1:] = [deeper + line for line in lines[1:]]
        if not at and shape:
            room = width - columns(lines[-1]) - columns(shape)
            if room < 2:
                lines.append("")
                room = width - columns(shape)
            lines[-1] += " " * room + shape
        yield from lines
    for rule, why in explained(equation, _):
        yield from _indented(_("{rule}. {why}").format(rule=rule, why=why), width, indent)
    if equation.uses:
        reused = ", ".join(each.text for each in equation.uses)
        said = _("Reused from the forward pass: {values}.").format(values=reused)
        yield from _indented(said, width, indent)


def _indented(words: str, width: int, indent: str) -> list[str]:
    return [indent + line for line in _wrapped(words, width - len(indent))]


def _numbers(derivation: Derivation, _: Translate, width: int) -> Iterable[str]:
    numbers = derivation.numbers()
    yield from _heading(_("Numbers"))
    if words := evaluated_on(derivation, numbers.n, _):
        yield words
    rows = []
    for symbol in derivation.symbols:
        if symbol.role != "size" and id(symbol.leaf) in numbers.values:
            array = numbers.of(symbol)
            rows.append((printable(symbol.text), shape_text(array.shape), _array(array, _)))
    yield from _table((_("symbol"), _("shape"), _("value")), rows, width)
    yield from _wrapped(_(SPREAD), width)
    yield ""
    yield _(CHECKS)
    checked = []
    for equation in derivation.backward:
        check = numbers.check(equation.defines)
        if check is not None:
            checked.append(
                (
                    printable(equation.defines.text),
                    f"{check.scale:.3g}",
                    f"{check.difference:.1e}",
                    f"{check.relative:.1e}",
                    finding(check, _),
                )
            )
    head = (
        _("gradient"), _("largest derivative"), _("largest deviation"), _("relative"),
        _("finite differences"),
    )  # fmt: skip
    yield from _table(head, checked, width)


def _array(array: np.ndarray[Any, Any], _: Translate) -> str:
    """Small arrays whole, of larger ones the mean and the spread."""
    if array.size <= _WHOLE:
        shown = np.array2string(array, precision=4, suppress_small=True, max_line_width=56)
        return shown.replace("-0. ", " 0. ")
    found = spread(array)
    if found is None:
        return _("no finite number")
    return f"{found[0]:.4g} ± {found[1]:.4g}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterable[str]:
    """A table without colours, folded to the width."""
    import io

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for each in head:
        table.add_column(Text(each), overflow="fold")
    for row in rows:
        table.add_row(*[Text(each) for each in row])
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, color_system=None, force_terminal=False, legacy_windows=False
    )
    console.print(table)
    return [line.rstrip() for line in stream.getvalue().splitlines()]
