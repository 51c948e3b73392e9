"""Run a graph with NumPy, one node at a time, in topological order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import TriviumError, UnboundInputError
from ...tensor import Tensor, Variable
from ...traversal import topological
from ..base import Array, Compilation

if TYPE_CHECKING:
    from ...explanation.records import Measure, Parts

__all__ = ["Interpreter", "ReferenceBackend", "ReferenceExecutable", "Watch", "with_site"]

# A node, its evaluation, the slots it reads, the slot it fills, the slots to empty after it.
Instruction = tuple[Tensor, Callable[..., Any], list[int], int, list[int]]
# Called with a node, its value and the values of its inputs.
Watch = Callable[[Tensor, Any, Sequence[Any]], None]


class Interpreter:
    """The evaluation of several outputs: a list of instructions over numbered slots.

    ``inputs``: the leaves whose arrays are given at every run, instead of a variable's own.
    A slot is emptied after its last use, so memory follows the live values only.
    """

    def __init__(self, outputs: Sequence[Tensor], inputs: Sequence[Tensor]) -> None:
        self.order = topological(outputs)
        slot = {id(node): i for i, node in enumerate(self.order)}
        bound = {id(each) for each in inputs}
        self._bind = [(slot[id(each)], each) for each in inputs if id(each) in slot]
        self._variables: list[tuple[int, Variable]] = []
        self._template: list[Any] = [None] * len(self.order)
        self._outputs = [slot[id(each)] for each in outputs]
        self._instructions: list[Instruction] = []
        last: dict[int, int] = {}
        wanted: dict[int, set[int]] = {}
        for node in self.order:
            if node.primitive.name == "project":
                wanted.setdefault(id(node.inputs[0]), set()).add(node.attributes.part)
        for node in self.order:
            i = slot[id(node)]
            if id(node) in bound:
                continue
            if isinstance(node, Variable):
                self._variables.append((i, node))
            elif node.primitive.name == "input":
                raise UnboundInputError(
                    f"the expression contains the input {node.name!r}, which has no value "
                    "yet; compile it with tv.compile and run it on data."
                )
            elif node.primitive.name == "constant":
                self._template[i] = node.attributes.array
            else:
                sources = [slot[id(each)] for each in node.inputs]
                fixed = self._template[sources[0]] if sources else None
                if node.primitive.name == "broadcast" and fixed is not None:
                    # A view of a constant: it takes no memory and is the same at every run.
                    self._template[i] = node.primitive.evaluate(node.attributes, fixed)
                    continue
                for source in sources:
                    last[source] = len(self._instructions)
                evaluate = node.primitive.evaluate
                if node.parts is not None and i not in self._outputs:
                    evaluate = partial(evaluate, wanted=wanted.get(id(node), ()))
                self._instructions.append((node, evaluate, sources, i, []))
        keep = set(self._outputs) | {i for i, v in enumerate(self._template) if v is not None}
        for source, at in last.items():
            if source not in keep:
                self._instructions[at][4].append(source)

    def run(self, values: Mapping[int, Array], watch: Watch | None = None) -> list[Array]:
        """The outputs, given the inputs' arrays by node id.

        ``watch`` is called with every node, its value and the values of its inputs. The arrays
        may be views of constants and variables: copy before changing them.
        """
        slots = self._template.copy()
        for i, node in self._bind:
            slots[i] = values[id(node)]
        for i, variable in self._variables:
            slots[i] = variable.storage
        with np.errstate(all="ignore"):
            for node, evaluate, sources, i, free in self._instructions:
                try:
                    result = evaluate(node.attributes, *[slots[source] for source in sources])
                except TriviumError as error:
                    raise with_site(error, node) from None
                slots[i] = result if node.parts is not None else np.asarray(result, node.dtype)
                if watch is not None:
                    watch(node, slots[i], [slots[source] for source in sources])
                for source in free:
                    slots[source] = None
        return [slots[i] for i in self._outputs]


def with_site(error: TriviumError, node: Tensor) -> TriviumError:
    """The error with the layer and the user's line where ``node`` was made, if known."""
    if node.site is None:
        return error
    layer = f"\n  layer: {' > '.join(node.scope)}" if node.scope else ""
    return type(error)(f"{error}{layer}\n  made by your line: {node.site}")


class ReferenceExecutable:
    """A program run by the interpreter."""

    def __init__(
        self,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        updates: Mapping[Variable, Tensor],
    ) -> None:
        self._inputs = list(inputs)
        self._outputs = list(outputs)
        self._updated = list(updates)
        self.compilation = Compilation()
        self.interpreter = Interpreter([*outputs, *updates.values()], inputs)
        self.compilation.end("prepare")

    def run(self, inputs: Sequence[Array], steps: int) -> list[Array]:
        """Perform ``steps`` steps; return each output stacked over the steps."""
        values = {id(node): array for node, array in zip(self._inputs, inputs, strict=True)}
        collected = [np.empty((steps, *each.shape), each.dtype) for each in self._outputs]
        for step in range(steps):
            results = self.interpreter.run(values)
            for record, array in zip(collected, results, strict=False):
                record[step] = array
            # An update may be a view of another variable: read all before any is written.
            fresh = [np.array(array) for array in results[len(self._outputs) :]]
            for variable, array in zip(self._updated, fresh, strict=True):
                variable.storage[...] = array
        return collected

    def short(self, inputs: Sequence[Tensor]) -> None:
        """There is no quicker way of one step."""


class ReferenceBackend:
    """NumPy, one node at a time."""

    name = "reference"

    def compile(
        self,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        updates: Mapping[Variable, Tensor],
    ) -> ReferenceExecutable:
        """Prepare the list of instructions."""
        return ReferenceExecutable(inputs, outputs, updates)

    def explain(
        self,
        executable: ReferenceExecutable,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        updates: Mapping[Variable, Tensor],
        measure: Measure | None,
    ) -> Parts:
        """The primitives, how often each is applied and, with ``measure``, how long it takes."""
        from .explain import explain

        return explain(executable, inputs, outputs, updates, measure)
