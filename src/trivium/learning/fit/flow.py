"""How far values and gradients reach: their norms in every layer, epoch by epoch.

With h_i the output of a layer for example i and L the objective, a row holds the quadratic means
over fixed examples

    value    = √(1/n Σ_i ‖h_i‖²),      gradient = √(1/n Σ_i ‖n ∂L/∂h_i‖²),

where n ∂L/∂h_i is what example i alone sends back. Gradients that shrink or grow from layer to
layer vanish or explode (Hochreiter 1991; Bengio, Simard & Frasconi 1994, "Learning long-term
dependencies with gradient descent is difficult").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.engine import dtypes
from trivium.engine.composites import cast
from trivium.engine.program import Program
from trivium.engine.reverse import gradients
from trivium.engine.tensor import Tensor, input
from trivium.engine.traversal import depends_on, topological, users
from trivium.learning.batch import Batch

if TYPE_CHECKING:
    from trivium.learning.fit.problem import Problem

__all__ = ["FlowRecorder", "layer_outputs"]

_EXAMPLES = 256


class FlowRecorder:
    """Measures a problem's model, as it is at the call, on up to 256 training examples.

    The examples are fixed and evenly spaced (the first ones, if the features lie in a file), and
    the model is called as for predictions, so that rows of different epochs can be compared.
    """

    def __init__(self, problem: Problem) -> None:
        self.rows: list[dict[str, Any]] = []
        part = problem.train
        arrays = [_some(each) for each in (part.x, part.y, part.weight) if each is not None]
        self._arrays = arrays
        leaves = [
            input(array.shape, array.dtype, name=name)
            for array, name in zip(arrays, ("x", "y", "weight"), strict=False)
        ]
        prediction = problem.model(leaves[0])
        batch = Batch(leaves[0], leaves[1], leaves[2] if len(leaves) > 2 else None)
        loss = problem.objective.value(prediction, batch, problem.parameters)
        found = layer_outputs(prediction)
        self.layers = [name for name, _ in found]
        outputs = [output for _, output in found]
        count = float(len(arrays[0]))
        norms = [_mean_norm(output, 1 / count) for output in outputs]
        norms += [_mean_norm(slope, count) for slope in gradients([loss], outputs)]
        self._program = Program(leaves, norms, steps=problem.options.epochs + 1)

    def measure(self, epoch: int) -> None:
        """Append the rows of ``epoch``; 0 is before the first step."""
        found = [float(each) for each in self._program.run(*self._arrays)]
        half = len(self.layers)
        for layer, value, slope in zip(self.layers, found[:half], found[half:], strict=True):
            row = {"epoch": epoch, "layer": layer, "value": value, "gradient": slope}
            self.rows.append(row)


def _some(values: Any) -> np.ndarray[Any, Any]:
    if len(values) <= _EXAMPLES or not isinstance(values, np.ndarray):
        return np.asarray(values[:_EXAMPLES])
    places = np.linspace(0, len(values) - 1, _EXAMPLES).round().astype(np.int64)
    return values[places]


def _mean_norm(value: Tensor, factor: float) -> Tensor:
    """√(factor · Σ value²) in float64, so that squares of float32 do not overflow."""
    wide = cast(value, dtypes.float64)
    return ((wide * wide).sum() * factor) ** 0.5


def layer_outputs(prediction: Tensor) -> list[tuple[str, Tensor]]:
    """The layers below the outermost model, in the order of their calls, and what each returns.

    A layer's output is what other layers use of it, or the prediction itself. A model without
    layers is one layer. A later call of the same layer has its number after the name.
    """
    order = topological([prediction])
    # A constant that several layers share has the scope of the first one.
    moving = depends_on(order, [each for each in order if each.primitive.name == "input"])
    used_by = users(order)
    ends = [
        node
        for node in order
        if id(node) in moving
        and node.inputs
        and node.scope
        and node.parts is None
        and dtypes.is_floating(node.dtype)
        and (node is prediction or any(_leaves(node, each) for each in used_by[id(node)]))
    ]
    below = [node for node in ends if len(node.scope) > 1]
    chosen = below if below else [prediction]
    if below and prediction is not below[-1] and len(prediction.scope) == 1:
        chosen = [*below, prediction]
    return _named(chosen)


def _leaves(node: Tensor, user: Tensor) -> bool:
    """Whether the value of ``node`` leaves its layer for ``user``: one beside or around it."""
    return user.scope[: len(node.scope)] != node.scope


def _named(chosen: Sequence[Tensor]) -> list[tuple[str, Tensor]]:
    seen: dict[str, int] = {}
    found = []
    for node in chosen:
        name = " > ".join(node.scope[1:] or node.scope) or "output"
        seen[name] = seen.get(name, 0) + 1
        found.append((f"{name} #{seen[name]}" if seen[name] > 1 else name, node))
    return found
