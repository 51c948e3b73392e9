"""What a minimization found: the best point seen, why it stopped, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

import numpy as np

__all__ = ["Counts", "Minimum", "Reason"]

Array = np.ndarray[Any, Any]


class Reason(Enum):
    """Why a minimization stopped: ``name`` is for programs, ``value`` the sentence for people."""

    CONVERGED = "The gradient is as small as was asked for."
    CRITICAL_START = (
        "The start is a critical point already: the gradient there is as small as was asked "
        "for. Whether it is a minimum, the gradient cannot tell; another start can."
    )
    SMALL_DECREASE = "The value decreases by less than was asked for."
    SMALL_STEP = "The steps are shorter than was asked for."
    PRECISION = (
        "No step lowers the value any further: what is left to gain is below the rounding "
        "errors of the function."
    )
    ZERO_RESIDUALS = "The residuals are zero to rounding."
    TARGET = "The value is as low as was asked for."
    STAGNATION = "The best value has stopped improving."
    SCHEDULE_DONE = "The schedule has come to its end."
    ITERATIONS = "The largest number of iterations is reached."
    EVALUATIONS = "The largest number of evaluations is reached."
    UNBOUNDED = (
        "The function has no lower bound along the path taken: its value fell below every "
        "limit, so there is no minimum to find."
    )
    NON_FINITE = "Wherever a step was tried, the function or its derivative is not finite."
    NO_DESCENT = (
        "No step along the search direction lowers the value although the gradient is not "
        "small: the function has a kink here, its derivative is not that of the function, or "
        "the direction is level to rounding."
    )
    PLATEAU = (
        "The function has become level along some unknowns, which moved far away: no minimum to "
        "be trusted. Another start, or a smaller first step, may find one."
    )
    INFEASIBLE = "No point that satisfies the constraints was found."
    CALLBACK = "The callback asked to stop."

    @property
    def sentence(self) -> str:
        """The reason in one sentence."""
        return self.value

    @property
    def converged(self) -> bool:
        """Whether the algorithm's own test was met, rather than a limit or an obstacle."""
        return self in _CONVERGED


_CONVERGED = {
    Reason.CONVERGED,
    Reason.CRITICAL_START,
    Reason.SMALL_DECREASE,
    Reason.SMALL_STEP,
    Reason.PRECISION,
    Reason.ZERO_RESIDUALS,
    Reason.TARGET,
    Reason.STAGNATION,
    Reason.SCHEDULE_DONE,
}


@dataclass(frozen=True)
class Counts:
    """How often what was computed; a value and a gradient in one program count once each.

    ``products``: of the Hessian with a vector, or of the transposed Jacobian of least squares
    (whose Gram matrix counts as a Jacobian). ``residuals``, ``jacobians``: of least squares.
    """

    functions: int = 0
    gradients: int = 0
    hessians: int = 0
    products: int = 0
    residuals: int = 0
    jacobians: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*[a + b for a, b in zip(self._numbers(), other._numbers(), strict=True)])

    def __sub__(self, other: Counts) -> Counts:
        return Counts(*[a - b for a, b in zip(self._numbers(), other._numbers(), strict=True)])

    def _numbers(self) -> list[int]:
        return [getattr(self, each.name) for each in fields(self)]

    @property
    def evaluations(self) -> int:
        """How often the function (or the residuals) was evaluated."""
        return self.functions + self.residuals

    def __str__(self) -> str:
        named = [(each.name, getattr(self, each.name)) for each in fields(self)]
        words = [
            f"{count:,} {name if count > 1 else name[:-1]}" for name, count in named if count
        ]
        return ", ".join(words) or "nothing evaluated"


@dataclass(frozen=True, eq=False)
class Minimum:
    """The best point seen by a minimization, and how far it can be trusted.

    ``x``: the point as one flat float64 vector (n,). ``value``: the function there.
    ``gradient_norm``: the largest absolute component of the gradient there, ‖∇f(x)‖_∞; with
    bounds, of the projected gradient; nan where no gradient was computed. ``stopped``: why.
    ``trajectory``: None unless asked for, else the (x, value) after every iteration, the start
    first. ``notes``: what the user should know, in sentences. ``gradient``: (n,) at x, if it
    was computed. ``point``: x in the structure of the start.
    """

    x: Array
    value: float
    gradient_norm: float
    stopped: Reason
    iterations: int
    counts: Counts
    trajectory: list[tuple[Array, float]] | None = None
    notes: Sequence[str] = ()
    gradient: Array | None = None
    point: Any = None

    @property
    def converged(self) -> bool:
        """Whether the algorithm's own test was met, rather than a limit or an obstacle."""
        return self.stopped.converged

    def __str__(self) -> str:
        lines = [
            f"value {self.value:.10g} after {self.iterations:,} "
            f"iteration{'' if self.iterations == 1 else 's'} ({self.counts})",
            f"  {self.stopped.sentence}",
        ]
        if np.isfinite(self.gradient_norm):
            lines.append(f"  gradient norm {self.gradient_norm:.3g}")
        lines.append(f"  x = {_shown(self.x)}")
        lines.extend(f"  note: {note}" for note in self.notes)
        return "\n".join(lines)

    __repr__ = __str__


def _shown(x: Array) -> str:
    shown = np.array2string(x, precision=8, threshold=10, edgeitems=4, separator=", ")
    return shown.replace("\n", "\n     ")
