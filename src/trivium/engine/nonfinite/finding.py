"""The first node of a computation that makes a NaN or an infinity which reaches a result.

Every bad element carries a code: which node made it, at which place. A node whose inputs are
finite where its own element is bad made it; otherwise the code comes from an input. The smallest
code that arrives at a result is the answer, because codes are numbered in the order of
computation: forward pass, backward pass, update.

An infinity that the user wrote down (a constant) is meant. It is blamed only if it reaches a
result as an infinity; where it becomes NaN (0 · ∞, ∞ − ∞), that node is the one that is found.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .. import dtypes
from ..backends.reference.interpreter import Interpreter
from ..primitives.control import Scan
from ..sites import DerivativeSite
from ..tensor import Tensor, Variable
from ..traversal import topological
from .spreading import NONE, Codes, spread

__all__ = ["BACKWARD", "FORWARD", "UPDATE", "Found", "Run", "find", "phases"]

Array = np.ndarray[Any, Any]

# A code is (rank of the node + 1) · 2³⁶ + the element's position; codes below 2³⁶ are those that
# the body of a loop got from outside. The bit MEANT marks infinities that the user wrote down.
_PLACES = 36
_FIRST = 1 << _PLACES
_MEANT = 1 << 62

FORWARD, BACKWARD, UPDATE = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Run:
    """Where expressions are evaluated: values for leaves, by id; other variables have their own.

    ``leaves``: the inputs and variables that ``arrays`` is for.
    """

    leaves: tuple[Tensor, ...] = ()
    arrays: Mapping[int, Array] = field(default_factory=dict)

    def values(self, nodes: Sequence[Tensor]) -> list[Any]:
        """The arrays of ``nodes``."""
        return Interpreter(nodes, self.leaves).run(self.arrays)

    def leaf(self, node: Tensor) -> Array:
        """The array of a leaf."""
        if id(node) in self.arrays:
            return self.arrays[id(node)]
        array: Array = node.storage if isinstance(node, Variable) else node.attributes.array
        return array


@dataclass(frozen=True, eq=False)
class Found:
    """A node whose element at ``place`` is bad.

    ``place`` is counted through all results of the node; ``part`` and ``index`` say which
    element of which result that is. ``loop``: the step t of each loop around the node.
    """

    node: Tensor
    place: int
    phase: int
    run: Run
    loop: tuple[int, ...] = ()

    @property
    def _split(self) -> tuple[int, int]:
        place = self.place
        for part, result in enumerate(self.node.parts or ()):
            size = math.prod(result.shape)
            if place < size:
                return part, place
            place -= size
        return 0, place

    @property
    def part(self) -> int:
        """Which result it is of a node that has several, else 0."""
        return self._split[0]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the result."""
        node = self.node
        return node.shape if node.parts is None else node.parts[self.part].shape

    @property
    def index(self) -> tuple[int, ...]:
        """The place as an index of the result."""
        return tuple(int(i) for i in np.unravel_index(self._split[1], self.shape))


def phases(order: Sequence[Tensor], forward: Sequence[Tensor] = ()) -> dict[int, int]:
    """Whether each node is part of the forward pass, the backward pass or what follows.

    ``forward``: expressions that are forward altogether, such as a loss.
    """
    sure = {id(node) for node in topological(forward)}
    found: dict[int, int] = {}
    for node in order:
        before = max((found[id(each)] for each in node.inputs), default=FORWARD)
        if id(node) in sure or not node.inputs:
            found[id(node)] = FORWARD
        elif isinstance(node.site, DerivativeSite):
            found[id(node)] = max(before, BACKWARD)
        else:
            found[id(node)] = FORWARD if before == FORWARD else UPDATE
    return found


class _Ranks:
    """The nodes of a graph in the order of computation."""

    def __init__(self, order: Sequence[Tensor], phase: Mapping[int, int]) -> None:
        self.nodes = sorted(order, key=lambda node: phase[id(node)])  # stable
        self.of = {id(node): rank for rank, node in enumerate(self.nodes)}


class _Tracer:
    """The codes of all bad elements, node after node. ``start``: the rank of the first node."""

    def __init__(
        self,
        order: Sequence[Tensor],
        ranks: _Ranks,
        run: Run,
        given: Mapping[int, Codes] | None = None,
        start: int = 0,
    ) -> None:
        self.ranks, self.start = ranks, start
        self.codes: dict[int, Any] = {}
        for node in order:
            if id(node) in (given or {}):
                self.codes[id(node)] = given[id(node)]  # type: ignore[index]
            elif not node.inputs:
                self._leaf(node, run.leaf(node))
            elif node.primitive.name == "broadcast" and not node.inputs[0].inputs:
                # The interpreter does not evaluate what it repeats of a constant.
                moved = spread(node, [self.codes.get(id(node.inputs[0]))], (), None)
                if moved is not None:
                    self.codes[id(node)] = moved

    def _leaf(self, node: Tensor, value: Array) -> None:
        if not dtypes.is_floating(node.dtype) or np.isfinite(value).all():
            return
        codes = self._own(node, ~np.isfinite(value))
        if node.primitive.name == "constant":
            codes[np.isinf(value)] |= _MEANT
        self.codes[id(node)] = codes

    def _own(self, node: Tensor, where: Any, offset: int = 0) -> Codes:
        codes = np.full(np.shape(where), NONE, np.int64)
        places = np.flatnonzero(where)
        first = (self.start + self.ranks.of[id(node)] + 1) * _FIRST + offset
        codes.reshape(-1)[places] = first + places
        return codes

    def watch(self, node: Tensor, value: Any, sources: Sequence[Any]) -> None:
        """Called by the interpreter with every node."""
        if node.parts is not None:
            codes = self._parts(node, value, sources)
            if codes is not None:
                self.codes[id(node)] = codes
            return
        if not dtypes.is_floating(node.dtype):
            return
        bad = ~np.isfinite(value)
        if not bad.any():
            self.codes.pop(id(node), None)
            return
        if node.primitive.name == "project":
            known = self.codes.get(id(node.inputs[0]))
            inherited = None if known is None else known[node.attributes.part]
        else:
            have = [self.codes.get(id(each)) for each in node.inputs]
            inherited = spread(node, have, sources, value)
        self.codes[id(node)] = self._settled(node, value, bad, inherited)

    def _settled(
        self, node: Tensor, value: Any, bad: Any, inherited: Codes | None, offset: int = 0
    ) -> Codes:
        """The codes of bad elements: inherited, or the node's own."""
        if inherited is None:
            return self._own(node, bad, offset)
        meant = (inherited & _MEANT != 0) & (inherited != NONE)
        own = bad & ((inherited == NONE) | (meant & np.isnan(value)))
        return np.where(own, self._own(node, own, offset), np.where(bad, inherited, NONE))

    def _parts(self, node: Tensor, parts: Any, sources: Sequence[Any]) -> Any:
        have = [self.codes.get(id(each)) for each in node.inputs]
        asked = [
            None if part is None or part.dtype.kind != "f" else ~np.isfinite(part)
            for part in parts
        ]
        if not any(bad is not None and bad.any() for bad in asked):
            return None
        if isinstance(node.attributes, Scan):
            inherited: Sequence[Codes | None] = _Loop(node, sources, have).outer()
        else:
            least = min(
                (int(each.min(initial=NONE)) for each in have if each is not None), default=NONE
            )
            inherited = [
                None if bad is None else np.full(bad.shape, least, np.int64) for bad in asked
            ]
        found: list[Codes | None] = []
        offset = 0
        for i, declared in enumerate(node.parts or ()):
            bad = asked[i]
            if bad is None:
                found.append(None)
            else:
                found.append(self._settled(node, parts[i], bad, inherited[i], offset))
            offset += math.prod(declared.shape)
        return found


class _Loop:
    """A scan run again step by step, the codes of bad elements carried along."""

    def __init__(
        self, node: Tensor, arrays: Sequence[Any], codes: Sequence[Codes | None]
    ) -> None:
        self.node, self.arrays = node, arrays
        self.body: Scan = node.attributes
        self.interpreter = Interpreter(self.body.outputs, self.body.inputs)
        order = self.interpreter.order
        self.phase = phases(order)
        self.ranks = _Ranks(order, self.phase)
        # Codes from outside, in their order, as 1, 2, …; the mark of a meant infinity stays.
        known = [np.asarray(each).reshape(-1) for each in codes if each is not None]
        self.known = np.unique(np.concatenate([[NONE], *known]))
        self.codes = [None if each is None else self._within(each) for each in codes]
        self.parts: list[Codes] = self._trace()

    def _within(self, codes: Codes) -> Codes:
        numbers = np.searchsorted(self.known, codes) + 1
        inner = numbers | (codes & _MEANT)
        return np.where(codes == NONE, NONE, inner).astype(np.int64)

    def steps(self) -> list[int]:
        """The steps in the order in which they are performed."""
        steps = list(range(self.body.length))
        return steps[::-1] if self.body.reverse else steps

    def _trace(self) -> list[Codes]:
        a = self.body
        first = a.constants + a.carried
        codes = self.codes
        state = [np.array(each) for each in self.arrays[a.constants : first]]
        carried: list[Any] = list(codes[a.constants : first])
        kept = [*a.inputs[a.constants : first], *a.emitted]
        records = [np.full((a.length, *each.shape), NONE, np.int64) for each in kept]
        for number, t in enumerate(self.steps()):
            values = self._bind(t, state)
            at = [*codes[: a.constants], *carried]
            at += [None if each is None else each[t] for each in codes[first:]]
            given = {
                id(leaf): np.full(leaf.shape, NONE if each is None else each, np.int64)
                for leaf, each in zip(a.inputs, at, strict=True)
            }
            run = Run(a.inputs, values)
            start = number * len(self.ranks.nodes)
            tracer = _Tracer(self.interpreter.order, self.ranks, run, given, start)
            for record, each in zip(records, carried, strict=False):
                if each is not None:
                    record[t] = each
            results = self.interpreter.run(values, tracer.watch)
            state = [np.array(each) for each in results[: a.carried]]
            made = [tracer.codes.get(id(each)) for each in a.outputs]
            carried = made[: a.carried]
            for record, each in zip(records[a.carried :], made[a.carried :], strict=True):
                if each is not None:
                    record[t] = each
        final = [
            np.full(array.shape, NONE, np.int64) if each is None else np.array(each)
            for array, each in zip(state, carried, strict=True)
        ]
        return [*final, *records]

    def _bind(self, t: int, state: Sequence[Any]) -> dict[int, Array]:
        a = self.body
        first = a.constants + a.carried
        sequences = [each[t] for each in self.arrays[first:]]
        given = [*self.arrays[: a.constants], *state, *sequences]
        return {id(leaf): each for leaf, each in zip(a.inputs, given, strict=True)}

    def outer(self) -> list[Codes]:
        """The codes of the scan's results as known outside: NONE for what arose in the loop."""
        found = []
        for codes in self.parts:
            number = np.where(codes == NONE, 0, codes & ~_MEANT)
            outside = (number > 0) & (number < _FIRST)
            names = self.known[np.clip(number - 1, 0, len(self.known) - 1)]
            found.append(np.where(outside, names, NONE).astype(np.int64))
        return found

    def found(self, place: int, loop: tuple[int, ...]) -> Found:
        """What made the element ``place``, counted through all the scan's results."""
        sizes = [codes.size for codes in self.parts]
        part = 0
        while place >= sizes[part]:
            place, part = place - sizes[part], part + 1
        code = int(self.parts[part].reshape(-1)[place]) & ~_MEANT
        rank, inner = divmod(code, _FIRST)
        number, rank = divmod(rank - 1, len(self.ranks.nodes))
        t = self.steps()[number]
        node = self.ranks.nodes[rank]
        run = Run(self.body.inputs, self._bind(t, self._state(number)))
        return _descended(
            Found(node, inner, self.phase[id(node)], run, (*loop, t)), self._codes_at(t)
        )

    def _state(self, number: int) -> list[Any]:
        """The carried values before the step that is performed as the ``number``-th."""
        a = self.body
        state = [np.array(each) for each in self.arrays[a.constants : a.constants + a.carried]]
        for t in self.steps()[:number]:
            results = self.interpreter.run(self._bind(t, state))
            state = [np.array(each) for each in results[: a.carried]]
        return state

    def _codes_at(self, t: int) -> dict[int, Codes]:
        """Codes of the body's leaves, for a loop inside the loop."""
        a = self.body
        first = a.constants + a.carried
        known: dict[int, Codes | None] = {}
        for leaf, each in zip(a.inputs[: a.constants], self.codes):
            known[id(leaf)] = each
        for leaf, history in zip(a.inputs[a.constants : first], self.parts[a.carried :]):
            known[id(leaf)] = history[t]
        for leaf, each in zip(a.inputs[first:], self.codes[first:], strict=True):
            known[id(leaf)] = None if each is None else each[t]
        return {key: each for key, each in known.items() if each is not None}


def find(outputs: Sequence[Tensor], run: Run, forward: Sequence[Tensor] = ()) -> Found | None:
    """The first node that makes a bad element of the ``outputs``; None if all are finite."""
    interpreter = Interpreter(outputs, run.leaves)
    phase = phases(interpreter.order, forward)
    ranks = _Ranks(interpreter.order, phase)
    tracer = _Tracer(interpreter.order, ranks, run)
    interpreter.run(run.arrays, tracer.watch)
    reached = [
        int(np.min(tracer.codes[id(each)], initial=NONE))
        for each in outputs
        if each.parts is None and id(each) in tracer.codes
    ]
    if not reached or min(reached) == NONE:
        return None
    rank, place = divmod(min(reached) & ~_MEANT, _FIRST)
    node = ranks.nodes[rank - 1]
    return _descended(Found(node, place, phase[id(node)], run), tracer.codes)


def _descended(found: Found, codes: Mapping[int, Any]) -> Found:
    """Into the loop, if it is one that made the element."""
    if not isinstance(found.node.attributes, Scan):
        return found
    arrays = found.run.values(found.node.inputs)
    have = [codes.get(id(each)) for each in found.node.inputs]
    inner = _Loop(found.node, arrays, have).found(found.place, found.loop)
    return replace(inner, phase=max(inner.phase, found.phase))
