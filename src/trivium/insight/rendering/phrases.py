"""What documents and terminals say about a derivation, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..derivation.rules import RULES
from ..words import mark

if TYPE_CHECKING:
    from ..derivation.derivation import Derivation
    from ..derivation.equations import Equation
    from ..derivation.numbers import Check
    from ..derivation.symbols import Symbol

__all__ = [
    "BACKWARD",
    "CHECKS",
    "FORWARD",
    "MEANINGS",
    "SIGNS_EXPLAINED",
    "SPREAD",
    "explained",
    "finding",
    "evaluated_on",
    "listed",
    "spread",
    "steps",
    "title",
]

Translate = Callable[[str], str]

_AGREE = 1e-5  # a gradient agrees with its difference quotients up to this share

#: Role of a symbol → what it stands for.
MEANINGS = {
    "input": mark("features of the examples"),
    "target": mark("targets"),
    "weight": mark("weights of the examples"),
    "parameter": mark("parameter"),
    "value": mark("value of the forward pass"),
    "size": mark("number of examples"),
    "constant": mark("constant"),
    "random": mark("random numbers"),
}
#: Signs of formulas that a newcomer may not know.
SIGNS_EXPLAINED = (
    (r"\odot", mark("product, element by element")),
    (r"x^2,\; \sqrt{x},\; e^x,\; \tfrac{x}{y}", mark("of arrays: element by element")),
    (r"\mathbf{1}", mark("column of ones")),
    (r"\mathbb{1}[\,\cdot\,]", mark("1 where the condition holds, otherwise 0")),
)
FORWARD = mark("Every named value, in the order of computation.")
BACKWARD = mark(
    "The gradient of the loss with respect to each value and parameter, from the loss back; each "
    "equation uses gradients that stand above it."
)
CHECKS = mark("Gradients beside central differences of the loss")

SPREAD = mark("Of larger arrays: mean ± standard deviation of the elements.")


def title(derivation: Derivation, _: Translate) -> str:
    """The title of a derivation."""
    return _("Backward pass of {model}").format(model=derivation.title or derivation.loss.text)


def steps(derivation: Derivation, _: Translate) -> list[tuple[str, str]]:
    """The three steps, as far as they are known: (which, what it is)."""
    all_steps = (
        (_("Model"), derivation.model),
        (_("Objective"), derivation.objective),
        (_("Algorithm"), derivation.algorithm),
    )
    return [(name, what) for name, what in all_steps if what]


def explained(equation: Equation, _: Translate) -> Iterable[tuple[str, str]]:
    """The rules of an equation: their names, as sentences begin, and why they hold."""
    for each in equation.rules:
        name = _(RULES[each].name)
        yield name[:1].upper() + name[1:], _(RULES[each].why)


def listed(derivation: Derivation) -> list[Symbol]:
    """The symbols that need explaining: what is given, and values that the program names."""
    unexplained = {"gradient"} if _has_examples(derivation) else {"gradient", "size"}
    return [
        each
        for each in derivation.symbols
        if each.role not in unexplained and (each.role != "value" or each.path)
    ]


def _has_examples(derivation: Derivation) -> bool:
    """Whether anything has an axis of examples."""
    return any("n" in each.shape for each in derivation.symbols)


def evaluated_on(derivation: Derivation, n: int, _: Translate) -> str:
    """On how many examples the numbers are; nothing where there are no examples."""
    if not _has_examples(derivation):
        return ""
    if n == 1:
        return _("The equations on one example.")
    return _("The equations on {count} examples.").format(count=n)


def finding(check: Check, _: Translate) -> str:
    """Whether a gradient is what finite differences say."""
    if check.relative <= _AGREE:
        return _("agree")
    return _("differ by {share:.1e} of the largest derivative").format(share=check.relative)


def spread(array: np.ndarray[Any, Any]) -> tuple[float, float] | None:
    """Mean and standard deviation of the finite elements, if there are any."""
    if array.dtype.kind not in "fiub":
        return None
    finite = array[np.isfinite(array)].astype(np.float64)
    return (float(finite.mean()), float(finite.std())) if finite.size else None
