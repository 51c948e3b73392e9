"""What an algorithm is: a stepper, which goes step by step, or a solver, which takes it all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trivium.engine import dtypes, reverse
from trivium.engine.composites import cast
from trivium.engine.passes.pipeline import improve
from trivium.engine.tensor import Tensor, Variable

from ..clipping import Clip, as_clip
from ..objectives import Objective
from ..schedules import Schedule, as_schedule
from ..specification import Component
from ..stop import Stop

__all__ = ["Algorithm", "Problem", "Solution", "Solver", "State", "Stepper"]

State = dict[str, Tensor]


class Algorithm(Component):
    """How the best function of the set is found: a ``Stepper`` or a ``Solver``."""

    def refuse(self, model: Any, objective: Objective) -> None:
        """Raise RequestError, with the reason, when the combination has no meaning."""

    @property
    def needs_validation(self) -> str:
        """Why the algorithm cannot work without validation data; empty when it can."""
        return ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Algorithm) and self.spec() == other.spec()

    def __hash__(self) -> int:
        return hash(repr(self))


class Stepper(Algorithm):
    """An algorithm that takes many steps θ_t = update(θ_{t-1}, g_t), each an expression.

    ``learning_rate``: a positive number or a ``Schedule``. ``clip``: None, a number (the
    largest norm of the gradient) or a ``Clip``. A subclass gives ``init`` and ``update`` for a
    single parameter; clipping, the schedule and all parameters together are handled here.
    Raises RequestError for options outside their range.
    """

    #: Whether each step uses all training examples, whatever batch size was asked for.
    full_batch: bool = False

    def __init__(
        self, learning_rate: float | Schedule, clip: Clip | float | None = None
    ) -> None:
        owner = type(self).__name__
        self.schedule = as_schedule(owner, learning_rate)
        self.learning_rate = (
            learning_rate if isinstance(learning_rate, Schedule) else float(learning_rate)
        )
        self.clip = as_clip(owner, clip)

    def init(self, parameter: Variable) -> dict[str, np.ndarray[Any, Any]]:
        """The state before the first step by name, each array like the parameter."""
        return {}

    def update(
        self, gradient: Tensor, parameter: Variable, state: State, step: Tensor, rate: Tensor
    ) -> tuple[Tensor, State]:
        """One step of one parameter: its new value and its new state.

        Shapes: ``gradient`` and all of the state as ``parameter``; ``step`` an int64 scalar
        that counts from 1; ``rate`` a scalar of the parameter's dtype.
        """
        raise NotImplementedError

    def gradients(
        self, objective: Objective, model: Any, batch: Any, parameters: Sequence[Variable]
    ) -> tuple[Tensor, list[Tensor]]:
        """The loss on the batch and its gradient with respect to each parameter.

        The loss is brought into stable form (log softmax, softplus …) before it is
        differentiated, so that the gradient is stable too.
        """
        (loss,) = improve([objective(model, batch)])
        return loss, reverse.gradients([loss], parameters)

    def updates(
        self,
        loss: Tensor,
        gradients: Sequence[Tensor],
        parameters: Sequence[Variable],
        states: Mapping[str, Mapping[str, Variable]],
        step: Variable,
    ) -> dict[Variable, Tensor]:
        """The new value of every parameter and every piece of state, as expressions.

        ``states``: by the parameters' names, as ``init`` gave them. ``step``: how many steps
        have been taken before this one; the caller advances it. The loss is for algorithms that
        look at it.
        """
        count = step + 1
        rate = self.schedule(count)
        clipped = list(gradients) if self.clip is None else self.clip(gradients)
        found: dict[Variable, Tensor] = {}
        for parameter, gradient in zip(parameters, clipped, strict=True):
            slots = states.get(str(parameter.name), {})
            value, state = self.update(
                gradient, parameter, dict(slots), count, cast(rate, parameter.dtype)
            )
            found[parameter] = value
            for name, slot in slots.items():
                found[slot] = state[name]
        return found


def zeros_for(parameter: Variable, *names: str) -> dict[str, np.ndarray[Any, Any]]:
    """State that starts at zero: one array like ``parameter`` for each name."""
    return {name: np.zeros(parameter.shape, parameter.dtype) for name in names}


def unbiased(average: Tensor, beta: float, step: Tensor) -> Tensor:
    """An exponential average that began at zero, divided by 1 - βᵗ.

    The correction is computed in float64: in float32, 1 - 0.999 already has only four digits.
    Its inverse is one number, so that no element needs a division.
    """
    correction = 1 / (1 - beta ** cast(step, dtypes.float64))
    return average * cast(correction, average.dtype)


@dataclass(frozen=True, eq=False)
class Problem:
    """Everything that a solver needs.

    ``batch``: the whole training data. ``parameters``: by path; their values are the start.
    ``feature_names``: the columns of x, if they have names. ``classes``: the labels in the order
    of their codes, for a classification. ``validation``: the examples set aside, if any, for
    algorithms that choose among several answers. ``interrupted``: whether the user asked to stop
    (Ctrl-C, SIGTERM); long algorithms look at it between iterations.
    """

    model: Any
    objective: Objective
    batch: Any
    parameters: Mapping[str, Variable]
    feature_names: Sequence[str] | None = None
    classes: Sequence[Any] | None = None
    validation: Any = None
    interrupted: Callable[[], bool] | None = None


@dataclass(frozen=True, eq=False)
class Solution:
    """What a solver found.

    ``values``: the best parameters by path. ``gradient_norm``: of the objective there.
    ``evaluations``: how often the model was evaluated on all the data. ``notes``: what the user
    should know, in sentences. ``history``: a row for each answer on the way, for solvers whose
    way is worth showing; the first entry of a row is what the others are drawn over.
    ``trajectory``: the flat parameters and the objective after every iteration, if asked for.
    """

    values: dict[str, np.ndarray[Any, Any]]
    stopped: Stop
    gradient_norm: float
    evaluations: int
    notes: list[str] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    trajectory: list[tuple[np.ndarray[Any, Any], float]] | None = None


class Solver(Algorithm):
    """An algorithm that takes the whole problem and returns its solution."""

    def solve(self, problem: Problem) -> Solution:
        """The best parameters. The problem's variables keep their values."""
        raise NotImplementedError
