"""Random graphs over the whole table: native agrees with the reference, and never crashes.

``HYPOTHESIS_PROFILE=thorough`` runs 10,000 of them.
"""

from __future__ import annotations

import os
from typing import Any
from unittest import mock

import numpy as np
from hypothesis import HealthCheck, given, note, settings

from tests.engine.table import TABLE
from trivium.engine.passes.pipeline import optimise
from trivium.engine.program import Program
from trivium.engine.tensor import Variable
from trivium.engine.traversal import topological

from .error_bounds import assert_agree, evaluate
from .random_graphs import (
    ALONG,
    CONDITIONAL,
    ELEMENTWISE,
    MATRIX,
    REDUCTIONS,
    SPECIAL,
    Graph,
    graphs,
)

EXAMPLES = 10_000 if settings.get_current_profile_name() == "thorough" else 150


def test_every_primitive_is_drawn() -> None:
    drawn = {*ALONG, *ELEMENTWISE, *MATRIX, *REDUCTIONS, *SPECIAL}
    assert drawn | CONDITIONAL == set(TABLE) and not drawn & CONDITIONAL


def run(graph: Graph, backend: str) -> list[Any]:
    """The outputs of all steps, then the variables; these are as before in the end."""
    before = [variable.value for variable in graph.updates]
    environment = {"TRIVIUM_THREADS": str(graph.threads), "TRIVIUM_TARGET": graph.target}
    with mock.patch.dict(os.environ, environment):
        program = Program(graph.inputs, graph.outputs, graph.updates, backend=backend)
    found = program.run(*graph.arrays, steps=graph.steps)
    if graph.steps is None:
        found = [array[None] for array in found]
    found += [variable.value for variable in graph.updates]
    for variable, value in zip(graph.updates, before, strict=True):
        variable.assign(value)
    return found


def bounds(graph: Graph) -> list[Any]:
    """How far the numbers that ``run`` gives may differ."""
    count = len(graph.outputs)
    improved = optimise([*graph.outputs, *graph.updates.values()])
    leaves: dict[int, Any] = {
        id(leaf): (array, np.zeros(array.shape))
        for leaf, array in zip(graph.inputs, graph.arrays, strict=True)
    }
    for variable in _variables(improved):
        leaves[id(variable)] = (variable.value, np.zeros(variable.shape))
    stacked: list[list[Any]] = [[] for _ in graph.outputs]
    for _ in range(graph.steps or 1):
        known = evaluate(improved, leaves)
        for record, (_, bound) in zip(stacked, known[:count], strict=True):
            record.append(bound)
        leaves.update(
            (id(variable), new)
            for variable, new in zip(graph.updates, known[count:], strict=True)
        )
    return [np.stack(each) for each in stacked] + [
        leaves[id(variable)][1] for variable in graph.updates
    ]


def _variables(outputs: list[Any]) -> list[Any]:
    return [node for node in topological(outputs) if isinstance(node, Variable)]


def listing(graph: Graph) -> str:
    """The graph as a person needs it to make it again."""
    order = topological([*graph.outputs, *graph.updates.values()])
    number = {id(node): i for i, node in enumerate(order)}
    lines = [f"{graph.steps} steps, {graph.threads} threads, target {graph.target}"]
    for i, node in enumerate(order):
        operands = ", ".join(f"%{number[id(each)]}" for each in node.inputs)
        kind = f"{node.dtype} {node.shape}" if node.parts is None else "parts"
        lines.append(f"%{i} = {node.primitive.name}({operands}) {kind}")
        if node.inputs:
            lines[-1] += f" {node.attributes}"
        elif node.size < 40 and not isinstance(node, Variable) and node.name is None:
            lines[-1] += f" {node.value.tolist()}"
    lines += [f"return %{number[id(node)]}" for node in graph.outputs]
    for variable, new in graph.updates.items():
        old = number.get(id(variable), "unread")
        lines.append(f"%{old} <- %{number[id(new)]} from {variable.value.tolist()}")
    return "\n".join(lines)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(graphs())
def test_random_graphs_agree_with_the_reference(graph: Graph) -> None:
    note(listing(graph))
    native, reference = run(graph, "native"), run(graph, "reference")
    for i, (found, expected, bound) in enumerate(
        zip(native, reference, bounds(graph), strict=True)
    ):
        assert_agree(found, expected, bound, f"result {i}")
