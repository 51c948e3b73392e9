"""What is told about the first bad number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .formula import number

__all__ = ["BadValue", "Operand"]

_PHASES = {"forward": "forward pass", "backward": "backward pass", "update": "update"}


@dataclass(frozen=True)
class Operand:
    """An input of the operation that made the bad number.

    ``text``: how the formula writes it; ``meaning``: what that stands for, if it is no name of
    the user's. ``low``, ``high``: the range of its finite values, None if there are none.
    ``at``: its value at the offending place, None where several of its elements take part.
    """

    text: str
    shape: tuple[int, ...]
    dtype: str
    low: float | None
    high: float | None
    at: float | None
    meaning: str = ""

    def __str__(self) -> str:
        size = f"shape {self.shape}, " if self.shape else ""
        if self.low is None or self.high is None:
            span = "no finite values"
        elif self.low == self.high:
            span = f"{number(self.low)}{' everywhere' if self.shape else ''}"
        else:
            span = f"from {number(self.low)} to {number(self.high)}"
        there = f"; {number(self.at)} there" if self.at is not None and self.shape else ""
        meaning = f" ({self.meaning})" if self.meaning else ""
        return f"{self.text}{meaning}: {self.dtype}, {size}{span}{there}"


@dataclass(frozen=True, repr=False)
class BadValue:
    """The first NaN or infinity of a computation: where it arose, from what, and why.

    ``kind``: "NaN" or "infinite". ``value``: the number itself. ``phase``: "forward",
    "backward" or "update". ``name``: the label of the value, or what it is called. ``primitive``:
    the operation. ``formula``: the operation on its operands. ``derivative_of``: in the backward
    pass, the formula whose derivative it belongs to. ``shape``, ``dtype``, ``index``: of the
    value, and of its first bad element that reaches a result; ``count``: how many of its elements
    are bad. ``cause``: the short name of the reason; ``why``: the reason; ``remedy``: what
    helps. ``layer``, ``line``: where in the model and in the user's code. ``loop``: the step t of
    every loop around it, outermost first. ``step``: of a fit or program, counted from 1.
    ``rows``: the examples that it depends on, in words. ``notes``: more that is known.
    """

    kind: Literal["NaN", "infinite"]
    value: float
    phase: Literal["forward", "backward", "update"]
    name: str
    primitive: str
    formula: str
    shape: tuple[int, ...]
    dtype: str
    index: tuple[int, ...]
    count: int
    operands: tuple[Operand, ...]
    cause: str
    why: str
    remedy: str
    derivative_of: str = ""
    layer: str = ""
    line: str = ""
    loop: tuple[int, ...] = ()
    step: int | None = None
    rows: str = ""
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """All fields as texts, numbers, lists and mappings."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> BadValue:
        """What ``to_dict`` gave, also after it has been JSON."""
        tuples = ("shape", "index", "loop", "notes")
        given: dict[str, Any] = {
            key: tuple(value) if key in tuples else value for key, value in fields.items()
        }
        operands = [
            Operand(**{**each, "shape": tuple(each["shape"])}) for each in fields["operands"]
        ]
        given["operands"] = tuple(operands)
        return cls(**given)

    @property
    def place(self) -> str:
        """The offending index in words; empty for a scalar."""
        if not self.shape:
            return ""
        if len(self.shape) == 1:
            return f"[{self.index[0]}]"
        if len(self.shape) == 2:
            return f"row {self.index[0]}, column {self.index[1]}"
        return "[" + ", ".join(map(str, self.index)) + "]"

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        step = "" if self.step is None else f"step {self.step}, "
        written = self.formula
        if self.name not in ("", written):
            written = f"{self.name} = {written}" if written else self.name
        if self.derivative_of:
            written += f", in the derivative of {self.derivative_of},"
        sign = f" ({number(self.value)})" if self.kind == "infinite" else ""
        head = f"{step}{_PHASES[self.phase]}: {written} became {self.kind}{sign}{self._where()}"
        rows = [f"  {each}" for each in self.operands]
        rows.append(f"  why: {self.why}")
        rows += [f"  also: {note}" for note in self.notes]
        if self.remedy:
            rows.append(f"  what helps: {self.remedy}")
        if self.layer:
            rows.append(f"  layer: {self.layer}")
        if self.line:
            rows.append(f"  your line: {self.line}")
        return "\n".join([head, *rows])

    def _where(self) -> str:
        text = f" at {self.place} of shape {self.shape}" if self.shape else ""
        text += f", {self.rows}" if self.rows else ""
        if self.loop:
            text += f", in the loop at t = {', '.join(map(str, self.loop))}"
        if self.count > 1:
            others = self.count - 1
            text += f"; and at {others:,} other place{'s' if others > 1 else ''}"
        return text
