"""Causes: by primitive, when it applies, what it says and what helps.

Every cause has an example, the smallest expression that has it; a test walks the table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..tensor import Tensor
from .finding import Found
from .formula import Names, number, operand
from .zeros import Reason, why_zero

__all__ = ["Case", "Cause", "cause_of", "causes"]

Array = np.ndarray[Any, Any]


class Case:
    """A bad element, its operation and the values that it was computed from."""

    def __init__(self, found: Found, value: Any, arrays: Sequence[Array], names: Names) -> None:
        self.found, self.names = found, names
        self.node, self.index = found.node, found.index
        self.value, self.arrays = float(value), list(arrays)

    @property
    def name(self) -> str:
        """The primitive."""
        return self.node.primitive.name

    @property
    def dtype(self) -> str:
        """The dtype of the result."""
        node = self.node
        return str(node.dtype if node.parts is None else node.parts[self.found.part].dtype)

    @property
    def largest(self) -> str:
        """The largest finite number of the dtype."""
        return number(float(np.finfo(self.dtype).max))

    def has(self, i: int) -> bool:
        """Whether input i has one element that the result's element is made from."""
        return i < len(self.arrays) and self.arrays[i].shape == self.found.shape

    def at(self, i: int) -> float:
        """The element of input i of an elementwise operation."""
        return float(self.arrays[i][self.index])

    def text(self, i: int) -> str:
        """How input i is written."""
        return operand(self.node.inputs[i], self.names)

    def row(self, i: int) -> Array:
        """The elements of input i that the result's element was computed from."""
        array, attributes = self.arrays[i], self.node.attributes
        chosen: list[Any]
        if self.name == "contraction":
            labels = (attributes.left, attributes.right)[i]
            at = dict(zip(attributes.out, self.index, strict=True))
            chosen = [at.get(label, slice(None)) for label in labels]
        elif self.name in ("sum", "prod"):
            rest = iter(self.index)
            axes = attributes.axes
            chosen = [slice(None) if k in axes else next(rest) for k in range(array.ndim)]
        elif self.name in ("cumulative_sum", "cumulative_prod"):
            chosen = list(self.index)
            chosen[attributes.axis] = slice(self.index[attributes.axis] + 1)
        elif self.has(i):
            chosen = list(self.index)
        else:
            return array
        return np.asarray(array[tuple(chosen)])

    def top(self, i: int) -> float:
        """The largest magnitude among ``row(i)``."""
        row = self.row(i)
        return float(np.max(np.abs(row.astype(np.float64)), initial=0))

    def why_zero(self, i: int) -> Reason:
        """Why the element of input i is zero."""
        return why_zero(self.node.inputs[i], self.index, self.found.run, self.names)

    def zero_text(self, i: int) -> str:
        """Input i is zero, and why, as the end of a sentence."""
        reason, name = self.why_zero(i).text, self.text(i)
        known = not reason or reason.partition(" at [")[0] == f"{name} is 0"
        return f"{name} is 0 there" + ("" if known else f", because {reason}")


@dataclass(frozen=True)
class Cause:
    """One reason why a primitive makes a NaN or an infinity from finite numbers.

    ``applies``, ``says`` and ``helps`` look at a case. ``example``: dtype → an expression that
    has this cause.
    """

    name: str
    primitives: tuple[str, ...]
    applies: Callable[[Case], bool]
    says: Callable[[Case], str]
    helps: Callable[[Case], str]
    example: Callable[[Any], Tensor]


def causes() -> tuple[Cause, ...]:
    """The table, special causes before general ones."""
    from . import causes_domain, causes_infinite, causes_matrix, causes_overflow

    return (
        *causes_infinite.CAUSES,
        *causes_domain.CAUSES,
        *causes_overflow.CAUSES,
        *causes_matrix.CAUSES,
    )


def cause_of(case: Case) -> tuple[str, str, str]:
    """The cause's name, why, and what helps; an honest general sentence where none applies."""
    for cause in causes():
        if case.name in cause.primitives and cause.applies(case):
            return cause.name, cause.says(case), cause.helps(case)
    if not case.arrays:
        return "leaf", f"it holds {number(case.value)} before anything is computed", ""
    what = "NaN" if np.isnan(case.value) else "an infinity"
    return (
        "unknown",
        f"{case.name} gave {what} for finite numbers; they may lie outside the domain of the "
        f"operation, or its result outside {case.dtype}",
        "look at the ranges of the operands above",
    )
