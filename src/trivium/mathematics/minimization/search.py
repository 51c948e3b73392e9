"""A minimization under way: it evaluates, remembers the best point, and says when to stop."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypedDict

import numpy as np

from trivium.engine.errors import ArgumentError, ShapeError
from trivium.engine.tensor import Tensor

from .function import Function
from .residuals import Residuals
from .result import Minimum, Reason

__all__ = ["Iteration", "Options", "Search", "Visited", "as_function", "largest"]

Array = np.ndarray[Any, Any]


class Iteration(NamedTuple):
    """What a callback sees after every iteration: where the minimization stands.

    ``number``: from 1. ``x``: (n,), a copy. ``gradient_norm``: ‖∇f‖_∞ at x.
    """

    number: int
    x: Array
    value: float
    gradient_norm: float


class Options(TypedDict, total=False):
    """When to stop and what to keep; every method takes these by name.

    ``gradient_tolerance``: stop where ‖∇f‖_∞ (with bounds, of the projected gradient) is at
    most this (default 1e-8). ``value_tolerance``: stop when an iteration lowers the value by at
    most this fraction of max(|f|, 1) (default 0: never). ``step_tolerance``: stop when it moves
    x by at most this fraction of max(‖x‖, 1) (default 0: never). ``iterations``,
    ``evaluations``: the most there may be (default 10,000 and 20,000). ``lowest``: a value
    below it is taken as no lower bound (default -1e60). ``trajectory``: keep every iterate.
    ``callback``: sees an ``Iteration`` after each; one that returns True stops.
    """

    gradient_tolerance: float
    value_tolerance: float
    step_tolerance: float
    iterations: int
    evaluations: int
    lowest: float
    trajectory: bool
    callback: Callable[[Iteration], bool | None] | None


_DEFAULTS: Options = {
    "gradient_tolerance": 1e-8,
    "value_tolerance": 0.0,
    "step_tolerance": 0.0,
    "iterations": 10_000,
    "evaluations": 20_000,
    "lowest": -1e60,
    "trajectory": False,
    "callback": None,
}


class Visited(NamedTuple):
    """A point at which the function has been evaluated."""

    x: Array
    value: float
    gradient: Array

    @property
    def finite(self) -> bool:
        """Whether the value and every component of the gradient are finite."""
        return math.isfinite(self.value) and bool(np.isfinite(self.gradient).all())


def as_function(f: Any, start: Any) -> tuple[Function, Array]:
    """``f`` as a Function, and the start as a flat vector (n,).

    Raises ArgumentError without a start, ShapeError for one of another size, and the errors of
    ``Function``.
    """
    if isinstance(f, Function):
        return f, starting_point(f, start)
    if start is None:
        raise ArgumentError(
            "a minimization needs a start: an array of first values, or the variables of an "
            "expression"
        )
    made = Function(f, start)
    return made, made.start.copy()


def starting_point(f: Function | Residuals, start: Any) -> Array:
    """The flat vector of ``start``, f's own when it is None."""
    if start is None:
        return f.start.copy()
    given = np.asarray(start.value if isinstance(start, Tensor) else start, np.float64).ravel()
    if given.size != f.size:
        raise ShapeError(f"the start has {given.size} numbers, the function takes {f.size}")
    return given.copy()


def largest(vector: Array) -> float:
    """‖v‖_∞, 0 for an empty one."""
    return float(np.abs(vector).max(initial=0.0))


def checked(given: Options) -> Options:
    """All options with their defaults. Raises ArgumentError for what has no meaning."""
    unknown = [name for name in given if name not in _DEFAULTS]
    if unknown:
        raise ArgumentError(
            f"there is no option {unknown[0]!r}; there are {', '.join(_DEFAULTS)}"
        )
    options: Options = {**_DEFAULTS, **given}
    values: dict[str, Any] = dict(options)
    for name in ("gradient_tolerance", "value_tolerance", "step_tolerance"):
        tolerance = float(values[name])
        if not tolerance >= 0 or math.isinf(tolerance):
            raise ArgumentError(f"{name} must be zero or positive, got {tolerance!r}")
    for name in ("iterations", "evaluations"):
        most = values[name]
        if most != int(most) or most < 0:
            raise ArgumentError(f"{name} must be a whole number from 0 on, got {most!r}")
    return options


class Search:
    """The bookkeeping that all methods share.

    ``project``: the gradient as it is reported and tested (with bounds: projected).
    ``measure``: what is compared with the gradient tolerance instead of its norm. A method calls
    ``at`` for every point, ``moved`` after every iteration, ``finish`` at the end.
    """

    def __init__(
        self,
        function: Function | Residuals,
        given: Options,
        project: Callable[[Array, Array], Array] | None = None,
        measure: Callable[[Visited], float] | None = None,
    ) -> None:
        self.function = function
        self.options = checked(given)
        self.epsilon = function.epsilon
        self.iterations = 0
        self.notes: list[str] = []
        self._project, self._measure = project, measure
        self._before = function.counts
        self._best: Visited | None = None
        self._trajectory: list[tuple[Array, float]] | None = (
            [] if self.options["trajectory"] else None
        )

    def at(self, x: Array) -> Visited:
        """Value and gradient at ``x``; finite ones may become the best point seen."""
        assert isinstance(self.function, Function)
        value, gradient = self.function.value_and_gradient(x)
        return self.saw(Visited(x, value, gradient))

    def saw(self, point: Visited) -> Visited:
        """Remember ``point`` if it is the best so far."""
        if point.finite and (self._best is None or point.value < self._best.value):
            self._best = point
        return point

    def begin(self, x: Array) -> Visited:
        """The start, evaluated. Raises ArgumentError where the function is not finite there."""
        return self.began(self.at(x))

    def began(self, point: Visited) -> Visited:
        """The start, which has been evaluated already; errors as for ``begin``."""
        if not np.isfinite(point.x).all():
            raise ArgumentError("the start holds values that are not finite")
        if not point.finite:
            what = "its gradient" if math.isfinite(point.value) else "the function"
            number = "not finite" if what == "its gradient" else str(point.value)
            raise ArgumentError(
                f"{what} is {number} at the start, so there is no direction to go; choose a "
                "start inside the function's domain"
            )
        if self._trajectory is not None:
            self._trajectory.append((point.x.copy(), point.value))
        return point

    def norm(self, point: Visited) -> float:
        """‖∇f‖_∞, with bounds that of the projected gradient."""
        gradient = point.gradient
        return largest(gradient if self._project is None else self._project(point.x, gradient))

    def _converged(self, point: Visited) -> bool:
        measured = self.norm(point) if self._measure is None else self._measure(point)
        return measured <= self.options["gradient_tolerance"]

    def at_start(self, point: Visited) -> Reason | None:
        """Why there is nothing to do at the start, or None."""
        if self._converged(point):
            return Reason.CRITICAL_START
        return Reason.ITERATIONS if self.options["iterations"] == 0 else None

    def moved(self, old: Visited, new: Visited, *, judged: bool = True) -> Reason | None:
        """An iteration went from ``old`` to ``new``: why to stop now, or None.

        ``judged``: whether small decreases and steps count, as they do for full steps.
        """
        options = self.options
        self.iterations += 1
        if self._trajectory is not None:
            self._trajectory.append((new.x.copy(), new.value))
        callback = options["callback"]
        asked = callback is not None and callback(
            Iteration(self.iterations, new.x.copy(), new.value, self.norm(new))
        )
        if new.value < options["lowest"]:
            return Reason.UNBOUNDED
        if self._converged(new):
            return Reason.CONVERGED
        if judged:
            scale = max(abs(old.value), abs(new.value), 1.0)
            if 0 <= old.value - new.value <= options["value_tolerance"] * scale > 0:
                return Reason.SMALL_DECREASE
            length = float(np.linalg.norm(new.x - old.x))
            size = max(float(np.linalg.norm(new.x)), 1.0)
            if length <= options["step_tolerance"] * size > 0:
                return Reason.SMALL_STEP
        return Reason.CALLBACK if asked else self.exhausted()

    def exhausted(self) -> Reason | None:
        """Whether a limit is reached."""
        if self.iterations >= self.options["iterations"]:
            return Reason.ITERATIONS
        spent = (self.function.counts - self._before).evaluations
        return Reason.EVALUATIONS if spent >= self.options["evaluations"] else None

    def finish(self, reason: Reason, last: Visited, notes: Sequence[str] = ()) -> Minimum:
        """The result: ``last``, or the best point seen where that is better than rounding."""
        best = last
        if self._best is not None and not (
            last.finite and last.value - self._best.value <= 4 * self.epsilon * abs(last.value)
        ):
            best = self._best
        return Minimum(
            x=best.x.copy(),
            value=best.value,
            gradient_norm=self.norm(best),
            stopped=reason,
            iterations=self.iterations,
            counts=self.function.counts - self._before,
            trajectory=self._trajectory,
            notes=(*self.notes, *notes),
            gradient=best.gradient.copy(),
            point=self.function.arrange(best.x),
        )
