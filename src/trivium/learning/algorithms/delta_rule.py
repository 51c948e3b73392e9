"""The delta rule of Widrow and Hoff; with a threshold unit, the perceptron's rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trivium.engine import reverse
from trivium.engine.composites import as_tensor, cast, label
from trivium.engine.errors import ShapeError
from trivium.engine.tensor import Tensor, Variable

from ..clipping import Clip
from ..errors import RequestError
from ..objectives import Objective, SquaredError
from ..schedules import Schedule
from ..specification import component
from .base import State, Stepper

__all__ = ["DeltaRule"]


@component()
class DeltaRule(Stepper):
    """Correct each weight by error × input: Δw = η (t - o) x, the mean over the batch.

    t is the target, o the model's output and x what enters the net input z = w·x + b. The error
    is applied at z as if the output were z itself, so it also teaches a threshold unit, whose
    derivative is zero. With o = z it is the LMS rule, the gradient of half the squared error.
    With o = step(z), one example at a time, it is the perceptron's rule, which makes at most
    (R/γ)² mistakes on separable data (R: the longest x, γ: the margin).

    Needs a model with a method ``net(x)``, such as Linear or ThresholdNeuron, and the objective
    SquaredError without penalties. ``learning_rate``: η, a number > 0 or a schedule. ``clip``:
    see ``Stepper``. Raises RequestError for other options and combinations.

    Source: Widrow & Hoff (1960), "Adaptive switching circuits", IRE WESCON Convention Record 4;
    Rosenblatt (1962), *Principles of Neurodynamics*; Novikoff (1962), "On convergence proofs
    for perceptrons".
    """

    def __init__(
        self, learning_rate: float | Schedule = 0.01, clip: Clip | float | None = None
    ) -> None:
        super().__init__(learning_rate, clip)

    def refuse(self, model: Any, objective: Objective) -> None:
        """Refuse models without a net input and objectives other than squared error."""
        if not callable(getattr(model, "net", None)):
            raise RequestError(
                f"DeltaRule corrects the weights of one layer from its net input w·x + b, but "
                f"{type(model).__name__} has no method net(x); use a Linear or ThresholdNeuron "
                "model, or an algorithm that follows the gradient through all layers, such as "
                "SGD or Adam"
            )
        terms = [term for weight, term in objective.terms() if weight > 0]
        if len(terms) != 1 or type(terms[0]) is not SquaredError:
            raise RequestError(
                "DeltaRule lowers the error (t - o)² and knows no other term, but the "
                f"objective is {objective!r}; use SquaredError(), or an algorithm that follows "
                "the gradient of any objective, such as SGD or Adam"
            )

    def gradients(
        self, objective: Objective, model: Any, batch: Any, parameters: Sequence[Variable]
    ) -> tuple[Tensor, list[Tensor]]:
        """The loss, and -(t - o) x for each parameter: the error carried back from z only."""
        self.refuse(model, objective)
        x = as_tensor(batch.x)
        net, output = model.net(x), model(x)
        loss = objective.value(output, batch, model.parameters())
        if net.shape != output.shape:
            raise ShapeError(
                f"DeltaRule: the net input of {type(model).__name__} has shape {net.shape} and "
                f"its output {output.shape}; there must be one output for each net input"
            )
        ((weight, term),) = [each for each in objective.data_terms if each[0] > 0]
        assert isinstance(term, SquaredError)
        error = weight * (output - term.goal(output, as_tensor(batch.y)))
        if batch.weight is not None:
            counts = cast(as_tensor(batch.weight), error.dtype)
            error = error * counts.reshape((-1, *[1] * (error.ndim - 1)))
        seed = cast(error / float(error.shape[0]), net.dtype)
        return label(loss, "loss"), reverse.gradients([net], parameters, [seed])

    def update(
        self, gradient: Tensor, parameter: Variable, state: State, step: Tensor, rate: Tensor
    ) -> tuple[Tensor, State]:
        """w + η (t - o) x."""
        return parameter - rate * gradient, {}
