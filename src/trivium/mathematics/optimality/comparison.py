"""Several searches on the same problem: what each needs to come how close."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.engine.errors import ArgumentError

from ..minimization.function import Function

__all__ = ["Comparison", "compare_searches"]

Array = np.ndarray[Any, Any]

#: What a gradient costs in values of the function: 2 to 4 (Griewank & Walther 2008, §4.6).
GRADIENT = 3.0
# Enough for machine code to pay: a search without gradients takes thousands.
_LIKELY = 5000


@dataclass(frozen=True)
class Run:
    """One search from one start.

    ``work``: evaluations of f, a gradient counted as three. ``to_target``: the work after which
    the value was within the tolerance of the lowest value known; infinite if never.
    """

    name: str
    start: int
    value: float
    functions: int
    gradients: int
    work: float
    to_target: float
    stopped: str


@dataclass(frozen=True, eq=False)
class Comparison:
    """The runs, and the lowest value that any of them saw (or that was given as known).

    ``tolerance``: a run solves the problem if it comes this close to ``lowest``, relative to
    max(1, |lowest|).
    """

    runs: tuple[Run, ...]
    lowest: float
    tolerance: float

    @property
    def names(self) -> tuple[str, ...]:
        """The searches, in the order given."""
        return tuple(dict.fromkeys(run.name for run in self.runs))

    def of(self, name: str) -> list[Run]:
        """The runs of one search."""
        return [run for run in self.runs if run.name == name]

    def solved(self, name: str) -> int:
        """From how many starts the search came within the tolerance."""
        return sum(math.isfinite(run.to_target) for run in self.of(name))

    def work(self, name: str) -> float:
        """The median work to the target over the starts that were solved; infinite if none."""
        needed = [run.to_target for run in self.of(name) if math.isfinite(run.to_target)]
        return float(np.median(needed)) if needed else math.inf

    @property
    def ranking(self) -> tuple[str, ...]:
        """The searches by starts solved, then by work."""
        return tuple(sorted(self.names, key=lambda name: (-self.solved(name), self.work(name))))

    def __str__(self) -> str:
        starts = len(self.of(self.names[0])) if self.runs else 0
        width = max([len(name) for name in self.names] + [6])
        lines = [
            f"lowest value {self.lowest:.6g}; solved = within {self.tolerance:g} of it; work = "
            "evaluations, a gradient as 3",
            f"{'search':<{width}}  {'solved':>8}  {'work to it':>11}  {'median value':>13}",
        ]
        for name in self.ranking:
            work = self.work(name)
            middle = float(np.median([run.value for run in self.of(name)]))
            lines.append(
                f"{name:<{width}}  {self.solved(name):>4} / {starts:<2}  "
                f"{(f'{work:,.0f}' if math.isfinite(work) else '—'):>11}  {middle:>13.4g}"
            )
        return "\n".join(lines)

    __repr__ = __str__


class _Watched:
    """A function whose values and gradients are written down as they are asked for."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.work = 0.0
        self.curve: list[tuple[float, float]] = []
        plain, both = function.value, function.value_and_gradient

        def value(x: Array) -> float:
            found = plain(x)
            self._saw(found, 1.0)
            return found

        def value_and_gradient(x: Array) -> tuple[float, Array]:
            found = both(x)
            self._saw(found[0], 1.0 + GRADIENT)
            return found

        setattr(function, "value", value)  # noqa: B010  (this one function is watched)
        setattr(function, "value_and_gradient", value_and_gradient)  # noqa: B010

    def _saw(self, value: float, work: float) -> None:
        self.work += work
        if math.isfinite(value) and (not self.curve or value < self.curve[-1][1]):
            self.curve.append((self.work, value))

    def reached(self, target: float) -> float:
        """The work after which the value was at most ``target``."""
        return next((work for work, value in self.curve if value <= target), math.inf)


def compare_searches(
    f: Any,
    starts: Sequence[Any],
    searches: Mapping[str, Any] | None = None,
    *,
    lowest: float | None = None,
    tolerance: float = 1e-6,
) -> Comparison:
    """Run several searches on one function from the same starts and count what they need.

    ``f``: a Python function of Tensors. ``starts``: vectors (n,). ``searches``: name → anything
    with ``minimize(f, start)`` or a function (f, start) → Minimum; by default L-BFGS, CMA-ES,
    the genetic algorithm and simulated annealing with their defaults. ``lowest``: the minimal
    value, if it is known; otherwise the lowest that any of them saw. Raises ArgumentError
    without starts.
    """
    points = [np.asarray(each, np.float64) for each in starts]
    if not points:
        raise ArgumentError("compare_searches needs at least one start")
    chosen = _defaults() if searches is None else dict(searches)
    raw = []
    for name, search in chosen.items():
        minimize = getattr(search, "minimize", search)
        if not callable(minimize):
            raise ArgumentError(f"the search {name!r} has no minimize(f, start): {search!r}")
        for i, point in enumerate(points):
            watched = _Watched(Function(f, point, evaluations=_LIKELY))
            raw.append((name, i, watched, minimize(watched.function, point)))
    seen = min((found.value for *_, found in raw), default=math.inf)
    best = seen if lowest is None else float(lowest)
    target = best + tolerance * max(1.0, abs(best))
    runs = tuple(
        Run(
            name, i, found.value, found.counts.functions, found.counts.gradients,
            watched.work, watched.reached(target), found.stopped.name,
        )
        for name, i, watched, found in raw
    )  # fmt: skip
    return Comparison(runs, best, tolerance)


def _defaults() -> dict[str, Any]:
    from ..minimization import annealing, cma_es, genetic, lbfgs

    return {
        "L-BFGS": lbfgs,
        "CMA-ES": cma_es,
        "genetic": genetic,
        "annealing": annealing,
    }
