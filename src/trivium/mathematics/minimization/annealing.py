"""Simulated annealing: steps uphill are taken, the more rarely the lower the temperature."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from trivium.engine.errors import ArgumentError

from .population import Chance, Seen
from .result import Minimum, Reason
from .search import Iteration

__all__ = ["annealing"]

Array = np.ndarray[Any, Any]

_CYCLES = 20  # N_S of the paper: cycles between two adjustments of the step lengths
_ADJUSTING = 2.0  # c of the paper: how much they are adjusted


def annealing(
    f: Any,
    start: Any = None,
    *,
    step: float = 1.0,
    temperature: float | None = None,
    cooling: float = 0.85,
    temperatures: int = 150,
    sweeps: int = 5,
    bounds: Any = None,
    evaluations: int = 100_000,
    value_tolerance: float = 1e-8,
    target: float | None = None,
    seed: int = 0,
    trajectory: bool = False,
    callback: Callable[[Iteration], bool | None] | None = None,
) -> Minimum:
    """Minimize ``f`` by simulated annealing in continuous variables.

    One coordinate after the other moves by a uniform step in [-v_i, v_i]; a move from f to f' is
    taken if f' ≤ f, else with probability e^{-(f'-f)/T}. After every 20 cycles over the
    coordinates v_i is adjusted, so that about half of the moves are taken; after ``sweeps`` such
    adjustments T ← ``cooling`` · T and the search goes on from the best point.

    The schedule T_k = T₀ · coolingᵏ, k = 0 … ``temperatures`` - 1, is geometric and never
    reheated. ``temperature``: T₀ (default: the standard deviation of f over 10 n + 10 points
    drawn around the start, so that at first most moves are taken). ``step``: the first v_i.
    ``bounds``: moves that leave them are drawn anew between them. It also stops when the values
    at the ends of four temperatures and the best one differ by at most ``value_tolerance`` ·
    max(1, |f|). ``trajectory``: the point at the end of every temperature. Other options as for
    ``cma_es``.

    Raises ArgumentError for options that have no meaning. Source: Kirkpatrick, Gelatt & Vecchi
    (1983), Science 220; Corana, Marchesi, Martini & Ridella (1987), "Minimizing multimodal
    functions of continuous variables with the simulated annealing algorithm", ACM Trans. Math.
    Softw. 13.
    """
    _check(step, temperature, cooling, temperatures, sweeps)
    seen = Seen(
        f, start, bounds=bounds, evaluations=evaluations, target=target,
        trajectory=trajectory, callback=callback,
    )  # fmt: skip
    chance, value = Chance(seed), seen.begin()
    lengths = np.full(seen.size, float(step))
    first = _first_temperature(seen, chance, lengths) if temperature is None else temperature
    schedule = [first * cooling**k for k in range(temperatures)]
    reason, last = _annealed(seen, chance, value, lengths, schedule, sweeps, value_tolerance)
    return seen.finish(reason, [f"The temperature fell from {first:.3g} to {last:.3g}."])


def _annealed(
    seen: Seen,
    chance: Chance,
    value: float,
    lengths: Array,
    schedule: list[float],
    sweeps: int,
    tolerance: float,
) -> tuple[Reason, float]:
    """Why the search ended, and at which temperature of the schedule."""
    x, ends = seen.start.copy(), [math.inf] * 4
    for heat in schedule:
        for _ in range(sweeps):
            x, value, taken = _cycles(seen, chance, x, value, lengths, heat)
            lengths = _adjusted(lengths, taken, seen)
            if seen.left == 0 or value == -math.inf:
                break
        asked = Reason.UNBOUNDED if value == -math.inf else seen.moved(x, value)
        if asked is not None:
            return asked, heat
        ends = [value, *ends[:3]]
        near = tolerance * max(1.0, abs(seen.best_value))
        if max(abs(end - seen.best_value) for end in ends) <= near:
            return Reason.STAGNATION, heat
        x, value = seen.best.copy(), seen.best_value
    return Reason.SCHEDULE_DONE, schedule[-1]


def _check(
    step: float, temperature: float | None, cooling: float, temperatures: int, sweeps: int
) -> None:
    if not 0 < float(step) < math.inf:
        raise ArgumentError(f"annealing: step must be positive and finite, got {step!r}")
    if temperature is not None and not 0 < float(temperature) < math.inf:
        raise ArgumentError(f"annealing: temperature must be positive, got {temperature!r}")
    if not 0 < float(cooling) < 1:
        raise ArgumentError(f"annealing: cooling must lie between 0 and 1, got {cooling!r}")
    if temperatures < 1 or sweeps < 1:
        raise ArgumentError("annealing: temperatures and sweeps count at least one")


def _first_temperature(seen: Seen, chance: Chance, lengths: Array) -> float:
    count = min(10 * seen.size + 10, max(seen.left // 4, 1))
    values = []
    for _ in range(count):
        move = lengths * (2 * chance.uniform(seen.size) - 1)
        values.append(seen.value(seen.bounds.project(seen.start + move)))
    finite = [each for each in values if math.isfinite(each)]
    spread = float(np.std(finite)) if len(finite) > 1 else 0.0
    return spread if spread > 0 else 1.0


def _cycles(
    seen: Seen, chance: Chance, x: Array, value: float, lengths: Array, heat: float
) -> tuple[Array, float, Array]:
    """Twenty cycles over the coordinates, and how many moves of each were taken."""
    taken = np.zeros(seen.size)
    lower, upper = seen.bounds.lower, seen.bounds.upper
    for _ in range(_CYCLES):
        drawn = chance.uniform(seen.size, 3)
        for i in range(seen.size):
            if seen.left == 0:
                return x, value, taken
            moved = x[i] + lengths[i] * (2 * drawn[i, 0] - 1)
            if not lower[i] <= moved <= upper[i]:
                low, high = max(lower[i], x[i] - lengths[i]), min(upper[i], x[i] + lengths[i])
                moved = low + (high - low) * drawn[i, 1]
            trial = x.copy()
            trial[i] = moved
            found = seen.value(trial)
            if found == -math.inf:
                return trial, found, taken
            uphill = found - value
            if uphill <= 0 or (
                math.isfinite(found) and drawn[i, 2] < math.exp(-min(uphill / heat, 700.0))
            ):
                x, value = trial, found
                taken[i] += 1
    return x, value, taken


def _adjusted(lengths: Array, taken: Array, seen: Seen) -> Array:
    """Longer steps where more than 60 % of the moves were taken, shorter below 40 %."""
    share = taken / _CYCLES
    longer = 1 + _ADJUSTING * (share - 0.6) / 0.4
    shorter = 1 / (1 + _ADJUSTING * (0.4 - share) / 0.4)
    factor = np.where(share > 0.6, longer, np.where(share < 0.4, shorter, 1.0))
    ranges = seen.bounds.upper - seen.bounds.lower
    return np.asarray(np.clip(lengths * factor, 1e-300, np.minimum(ranges, 1e150)))
