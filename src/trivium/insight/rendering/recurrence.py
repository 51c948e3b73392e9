"""Loops as recurrences: h_t = f(h_{t-1}, x_t) for t = 1 … T, and for t = T … 1 backwards."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from trivium.engine.primitives.control import Scan
from trivium.engine.tensor import Tensor
from trivium.engine.traversal import topological

from .written import Written, has_no_superscript

if TYPE_CHECKING:
    from .writer import Form, Writer

__all__ = ["FORMS", "Loop"]

_STATES = {"state_cotangent": r"\delta", "constant_cotangent": "g"}
_LETTERS = ("h", "c", "s", "m", "v", "o", "p", "q", "r", "u")


@dataclass(frozen=True)
class Loop:
    """How the results of one scan are written, by their number."""

    parts: tuple[Written, ...]


@dataclass(frozen=True)
class _Clock:
    """The index of the steps: its letter, its last value, and which way it runs."""

    letter: str
    last: str
    reverse: bool

    @property
    def before(self) -> str:
        """The index of the state that a step starts from."""
        return f"{self.letter}{'+' if self.reverse else '-'}1"

    @property
    def start(self) -> str:
        """The index of the state that the loop starts from."""
        return _next(self.last) if self.reverse else "0"

    @property
    def end(self) -> str:
        """The index of the state that the loop ends with."""
        return "1" if self.reverse else self.last

    def when(self, writer: Writer) -> Written:
        """The steps in their order."""
        first, last = (self.last, "1") if self.reverse else ("1", self.last)
        return writer.fill(rf"{self.letter} = {first}, \ldots, {last}")


def _next(size: str) -> str:
    return str(int(size) + 1) if size.isdigit() else f"{size}+1"


def _scan(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    """Define the loop's states; what stands for the whole loop is never shown."""
    a: Scan = node.attributes
    clock = _Clock(writer.index("tsr"), writer.size(a.length), a.reverse)
    first = a.constants + a.carried
    body = copy.copy(writer)
    body.taken.add(clock.letter)
    body.done, body.kept, body.definitions = {}, [], []
    body.step = clock.letter
    body.parts = {}
    for leaf, written in zip(a.inputs[: a.constants], operands[: a.constants], strict=True):
        body.keep(leaf, _short(writer, written))
    slices = zip(a.inputs[first:], node.inputs[first:], operands[first:], strict=True)
    for leaf, source, written in slices:
        body.keep(leaf, _slice(writer, leaf, source, written, clock.letter))
    states = [_state(writer, leaf) for leaf in a.inputs[a.constants : first]]
    for leaf, name in zip(a.inputs[a.constants : first], states, strict=True):
        body.keep(leaf, _at(writer, name, clock.before, leaf))
    needed = _needed(a, writer.parts.get(id(node), set()))
    new = dict(zip(needed, body.write_all([a.outputs[i] for i in needed]), strict=True))
    first_leaf = a.constants
    for i, name in enumerate(states):
        if i in needed:
            leaf, start = a.inputs[first_leaf + i], operands[first_leaf + i]
            writer.define(_at(writer, name, clock.start, leaf), start)
    for each in body.definitions:
        writer.define(each.name, each.value, each.when or clock.when(writer))
    for i, name in enumerate(states):
        if i in needed:
            now = _at(writer, name, clock.letter, a.outputs[i])
            writer.define(now, new[i], clock.when(writer))
    emitted = [_emitted(writer, a, i, states, new, clock) for i in range(len(a.emitted))]
    finals = [
        _at(writer, name, clock.end, output)
        for name, output in zip(states, a.outputs[: a.carried], strict=True)
    ]
    before = "@+1" if a.reverse else "@-1"
    history = [_sequence(writer, f"{name}_{{{before}}}", clock) for name in states]
    writer.loops[id(node)] = Loop((*finals, *history, *emitted))
    return writer.fill(r"\operatorname{scan}")


def _short(writer: Writer, written: Written) -> Written:
    """What every step uses, by a name if it is long."""
    return writer.named(written) if written.box.width > writer.alphabet.limit / 4 else written


def _slice(writer: Writer, leaf: Tensor, source: Tensor, written: Written, t: str) -> Written:
    """The element of a sequence at step ``t``."""
    if written.scalar:
        return written
    if written.steps:
        found = writer.alphabet.named(written.steps.replace("@", t))
    elif source.primitive.name == "permute" and _moved_first(source.attributes.axes):
        places = ", ".join([":"] * source.attributes.axes[0] + [t])
        whole = writer.done[id(source.inputs[0])]
        found = writer.fill(f"{{0}}_{{{{{places}}}}}", whole)
        found = replace(found, indexed=has_no_superscript(whole))
    else:
        whole = written if writer.atomic(written) else writer.named(written)
        found = writer.fill(f"{{0}}_{{{{{t}}}}}", whole)
        found = replace(found, indexed=has_no_superscript(whole))
    return replace(found, scalar=not leaf.shape)


def _moved_first(axes: tuple[int, ...]) -> bool:
    """Whether one axis was moved to the front and the others kept their order."""
    return list(axes[1:]) == [i for i in range(len(axes)) if i != axes[0]]


def _state(writer: Writer, leaf: Tensor) -> str:
    """A letter for a state of the loop."""
    wanted = _STATES.get(leaf.name or "")
    found = writer.unused((*([wanted] if wanted else ()), *_LETTERS))
    return f"{{{found}}}" if "_" in found else found


def _at(writer: Writer, name: str, step: str, like: Tensor) -> Written:
    """The state ``name`` after step ``step``."""
    written = writer.alphabet.named(f"{name}_{{{step}}}")
    return replace(written, scalar=not like.shape)


def _needed(a: Scan, parts: set[int]) -> list[int]:
    """The outputs of the body that the results ``parts`` of the loop depend on, in order."""
    asked = {part % a.carried if part < 2 * a.carried else part - a.carried for part in parts}
    own = {id(leaf): i for i, leaf in enumerate(a.inputs[a.constants :]) if i < a.carried}
    while True:
        reached = topological([a.outputs[i] for i in sorted(asked)])
        more = {own[id(each)] for each in reached if id(each) in own} - asked
        if not more:
            return sorted(asked)
        asked |= more


def _emitted(
    writer: Writer,
    a: Scan,
    number: int,
    states: list[str],
    new: dict[int, Written],
    clock: _Clock,
) -> Written:
    """What the loop puts out at every step: a state of it, or a value of its own."""
    output = a.emitted[number]
    for i, name in enumerate(states):
        if output is a.outputs[i] and i in new:
            return _sequence(writer, f"{name}_{{@}}", clock)
    value = new.get(a.carried + number)
    if value is None:
        return writer.fill(r"\operatorname{scan}")  # nobody asks for it
    name = _state(writer, output)
    writer.define(_at(writer, name, clock.letter, output), value, clock.when(writer))
    return _sequence(writer, f"{name}_{{@}}", clock)


def _sequence(writer: Writer, steps: str, clock: _Clock) -> Written:
    """All values of a state: (h_t)_{t=1}^{T}."""
    at = writer.alphabet.named(steps.replace("@", clock.letter))
    whole = writer.fill(
        rf"\left( {{0}} \right)_{{{{{clock.letter}=1}}}}^{{{{{clock.last}}}}}", at
    )
    return replace(whole, steps=steps)


def _project(writer: Writer, node: Tensor, operands: list[Written]) -> Written:
    loop = writer.loops.get(id(node.inputs[0]))
    if loop is None:
        return replace(writer.by_record(node, operands), scalar=not node.shape)
    return loop.parts[node.attributes.part]


FORMS: dict[str, Form] = {"scan": _scan, "project": _project}
