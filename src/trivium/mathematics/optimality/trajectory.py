"""The path that an algorithm takes on a plain function, recorded step by step.

Algorithms live on the floor above, so they are known here by what they can do: a solver has
``minimize(f, start)``, a stepper ``init(parameter)`` and ``updates(loss, gradients, …)``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.engine.composites import as_tensor
from trivium.engine.errors import ArgumentError, ShapeError
from trivium.engine.passes.pipeline import improve
from trivium.engine.program import Program
from trivium.engine.reverse import gradients
from trivium.engine.tensor import Tensor, variable

__all__ = ["Trajectory", "record"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Where an algorithm has been: points (T + 1, n), the start first, and the values there.

    ``name``: of the algorithm. ``notes``: what ended it early, if anything.
    """

    name: str
    points: Array
    values: Array
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> int:
        """The number of the step with the lowest value."""
        finite = np.where(np.isfinite(self.values), self.values, np.inf)
        return int(np.argmin(finite))

    def __len__(self) -> int:
        return len(self.points)

    def __str__(self) -> str:
        first, last = self.values[0], self.values[-1]
        lines = [
            f"{self.name}: {len(self) - 1} steps, value {first:.6g} → {last:.6g}"
            + (f", lowest {self.values[self.best]:.6g}" if self.best != len(self) - 1 else "")
        ]
        lines.extend(f"  note: {note}" for note in self.notes)
        return "\n".join(lines)

    __repr__ = __str__


def record(
    algorithm: Any, f: Callable[[Tensor], Any], start: Any, *, steps: int = 100
) -> Trajectory:
    """The path of ``algorithm`` on the function ``f`` of one vector (n,), from ``start``.

    ``algorithm``: a stepper (GradientDescent, SGD, Adam, …), which takes ``steps`` steps along
    the exact gradient of f (there is no data, so nothing is stochastic), or a solver (LBFGS,
    Newton, CMAES, …), which stops by itself and whose iterates are kept. A stepper that meets a
    value that is not finite ends there, with a note. Raises ArgumentError for what is neither
    and a start that is not finite, ShapeError for a function that is no scalar or a start that
    is no vector.
    """
    point = np.asarray(start.value if isinstance(start, Tensor) else start, np.float64)
    if point.ndim != 1 or not point.size:
        raise ShapeError(f"the start of a trajectory is a vector (n,), got shape {point.shape}")
    if not np.isfinite(point).all():
        raise ArgumentError("the start of a trajectory holds infinity or NaN")
    name = type(algorithm).__name__
    if callable(getattr(algorithm, "minimize", None)):
        return _of_solver(algorithm, f, point, name)
    if callable(getattr(algorithm, "updates", None)) and callable(
        getattr(algorithm, "init", None)
    ):
        return _of_stepper(algorithm, f, point, steps, name)
    raise ArgumentError(
        "a trajectory is that of an algorithm which takes any function: a stepper such as "
        f"tv.algorithms.Adam(0.1) or a solver such as tv.algorithms.LBFGS(); got {algorithm!r}"
    )


def _of_solver(
    algorithm: Any, f: Callable[[Tensor], Any], start: Array, name: str
) -> Trajectory:
    own = copy.copy(algorithm)
    own.trajectory = True
    found = own.minimize(f, start)
    path = found.trajectory or [(found.x, found.value)]
    points = np.stack([x for x, _ in path])
    values = np.array([value for _, value in path])
    return Trajectory(name, points, values, tuple(found.notes))


def _of_stepper(
    algorithm: Any, f: Callable[[Tensor], Any], start: Array, steps: int, name: str
) -> Trajectory:
    if int(steps) < 0:
        raise ArgumentError(f"the number of steps must not be negative, got {steps!r}")
    theta = variable(start, name="theta")
    (loss,) = improve([as_tensor(f(theta))])
    if loss.shape != ():
        raise ShapeError(
            f"the function must return a scalar, but it returns shape {loss.shape}"
        )
    states = {
        "theta": {
            slot: variable(value, name=f"theta.{slot}")
            for slot, value in algorithm.init(theta).items()
        }
    }
    step = variable(np.int64(0), name="step")
    updates = dict(algorithm.updates(loss, gradients([loss], [theta]), [theta], states, step))
    updates[step] = step + 1
    program = Program([], (theta, loss), updates, steps=int(steps) + 1)
    points, values = program.run(steps=int(steps) + 1)
    points, values = np.asarray(points), np.asarray(values)
    bad = np.flatnonzero(~(np.isfinite(values) & np.isfinite(points).all(axis=1)))
    notes: tuple[str, ...] = ()
    if bad.size:
        end = max(int(bad[0]), 1)
        notes = (f"step {int(bad[0])} left the finite numbers; the path ends before it",)
        points, values = points[:end], values[:end]
    return Trajectory(name, points, values, notes)
