"""A genetic algorithm for real vectors: tournaments, crossover, mutation, elite."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.engine.errors import ArgumentError

from .population import Chance, Seen
from .result import Minimum, Reason
from .search import Iteration

__all__ = ["genetic"]

Array = np.ndarray[Any, Any]


def genetic(
    f: Any,
    start: Any = None,
    *,
    bounds: Any = None,
    spread: float = 5.0,
    population: int | None = None,
    generations: int = 500,
    crossover: float = 0.9,
    crossover_index: float = 10.0,
    mutation: float | None = None,
    mutation_index: float = 20.0,
    elite: int = 2,
    patience: int = 80,
    evaluations: int = 100_000,
    value_tolerance: float = 1e-10,
    target: float | None = None,
    seed: int = 0,
    trajectory: bool = False,
    callback: Callable[[Iteration], bool | None] | None = None,
) -> Minimum:
    """Minimize ``f`` by a real-coded genetic algorithm.

    The first generation holds the start and points drawn uniformly in a box: ``bounds``, or the
    start ± ``spread`` where there are none. Each next one keeps the ``elite`` best and is filled
    with children: parents win tournaments of two, cross with probability ``crossover`` by
    simulated binary crossover (spread factor β with density index η_c = ``crossover_index``)
    and mutate each coordinate with probability ``mutation`` (default 1/n) by a polynomial of
    index η_m = ``mutation_index`` over the width of the box. Children outside bounds are
    clipped; without bounds they may leave the box.

    ``population``: λ (default 10 n, from 40 to 200). ``patience``: generations in which the
    best value falls by no more than ``value_tolerance`` · max(1, |f|) before stopping.
    ``trajectory``: the best of every generation. Other options as for ``cma_es``. Raises
    ArgumentError for options that have no meaning.

    Source: Deb & Agrawal (1995), "Simulated binary crossover for continuous search space",
    Complex Systems 9; Deb & Goyal (1996), Computer Science and Informatics 26, for the mutation.
    """
    seen = Seen(
        f, start, bounds=bounds, evaluations=evaluations, target=target,
        trajectory=trajectory, callback=callback,
    )  # fmt: skip
    breeding = _Breeding(
        min(max(10 * seen.size, 40), 200) if population is None else int(population),
        elite, crossover, crossover_index,
        1 / seen.size if mutation is None else float(mutation), mutation_index,
    )  # fmt: skip
    breeding.check(spread, generations)
    bred = _Generations(seen, breeding, Chance(seed), spread)
    reason = bred.evolve(generations, patience, value_tolerance)
    box = f"The first generation lay within {spread:g} of the start."
    return seen.finish(reason, [] if seen.bounds.some else [box])


@dataclass(frozen=True)
class _Breeding:
    """How a generation follows from the one before."""

    size: int
    elite: int
    crossover: float
    crossover_index: float
    mutation: float
    mutation_index: float

    def check(self, spread: float, generations: int) -> None:
        """Raises ArgumentError for what has no meaning."""
        if self.size < 4:
            raise ArgumentError(
                f"genetic: a population has at least 4 members, got {self.size}"
            )
        if not 0 <= self.elite < self.size:
            raise ArgumentError(
                f"genetic: elite must lie from 0 to {self.size - 1}, got {self.elite!r}"
            )
        for name in ("crossover", "mutation"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise ArgumentError(f"genetic: {name} is a probability, got {share!r}")
        for name, given in (
            ("spread", spread), ("crossover_index", self.crossover_index),
            ("mutation_index", self.mutation_index),
        ):  # fmt: skip
            if not 0 < float(given) < math.inf:
                raise ArgumentError(f"genetic: {name} must be positive, got {given!r}")
        if generations < 1:
            raise ArgumentError(f"genetic: generations must be at least 1, got {generations!r}")

    def children(self, points: Array, values: Array, chance: Chance, width: Array) -> Array:
        """As many as there are places beside the elite, not yet within the bounds."""
        count = self.size - self.elite
        parents = points[_tournaments(values, chance, self.size + self.size % 2)]
        crossed = _crossed(parents, chance, self.crossover, self.crossover_index)[:count]
        return _mutated(crossed, chance, self.mutation, self.mutation_index, width)


class _Generations:
    """The members and their values, from the first generation on."""

    def __init__(self, seen: Seen, breeding: _Breeding, chance: Chance, spread: float) -> None:
        self._seen, self._breeding, self._chance = seen, breeding, chance
        low, high = _box(seen, spread)
        self._width = high - low
        points = low + self._width * chance.uniform(breeding.size, seen.size)
        points[0] = seen.start
        values = [seen.begin(), *[seen.value(x) for x in points[1 : 1 + seen.left]]]
        self.values: Array = np.array(values)
        self.points: Array = points[: len(self.values)]

    def evolve(self, generations: int, patience: int, tolerance: float) -> Reason:
        """Generation after generation until there is a reason to stop."""
        seen, breeding = self._seen, self._breeding
        last, waited = seen.best_value, 0
        for _ in range(generations):
            if seen.left < breeding.size - breeding.elite or len(self.values) < breeding.size:
                return Reason.EVALUATIONS
            self._next()
            if self.values.min() == -math.inf:
                return Reason.UNBOUNDED
            best = int(np.argmin(self.values))
            asked = seen.moved(self.points[best], float(self.values[best]))
            if asked is not None:
                return asked
            waited += 1
            if last - seen.best_value > tolerance * max(1.0, abs(seen.best_value)):
                last, waited = seen.best_value, 0
            if waited >= patience:
                return Reason.STAGNATION
        return Reason.ITERATIONS

    def _next(self) -> None:
        seen, elite = self._seen, self._breeding.elite
        order = np.argsort(self.values, kind="stable")
        points, values = self.points[order], self.values[order]
        born = self._breeding.children(points, values, self._chance, self._width)
        born = np.stack([seen.bounds.project(child) for child in born])
        found = np.array([seen.value(child) for child in born])
        self.points = np.concatenate([points[:elite], born])
        self.values = np.concatenate([values[:elite], found])


def _box(seen: Seen, spread: float) -> tuple[Array, Array]:
    lower, upper = seen.bounds.lower, seen.bounds.upper
    low = np.where(np.isfinite(lower), lower, seen.start - spread)
    high = np.where(np.isfinite(upper), upper, seen.start + spread)
    return low, np.maximum(high, low)


def _tournaments(values: Array, chance: Chance, count: int) -> Array:
    """The better of two members drawn at random, ``count`` times."""
    pairs = chance.whole(len(values), count, 2)
    first, second = pairs[:, 0], pairs[:, 1]
    return np.where(values[first] <= values[second], first, second)


def _crossed(parents: Array, chance: Chance, probability: float, index: float) -> Array:
    """Two children of each pair: ½[(1 ± β) x₁ + (1 ∓ β) x₂], β = (2u)^{1/(η+1)} for u ≤ ½, else
    (1/(2(1-u)))^{1/(η+1)}; half of the coordinates cross."""
    first, second = parents[::2], parents[1::2]
    u = chance.uniform(*first.shape)
    power = 1 / (index + 1)
    beta = np.where(u <= 0.5, (2 * u) ** power, (0.5 / np.maximum(1 - u, 1e-16)) ** power)
    crossing = (chance.uniform(*first.shape) < 0.5) & (
        chance.uniform(len(first), 1) < probability
    )
    beta = np.where(crossing, beta, 1.0)
    one = 0.5 * ((1 + beta) * first + (1 - beta) * second)
    two = 0.5 * ((1 - beta) * first + (1 + beta) * second)
    return np.stack([one, two], axis=1).reshape(parents.shape)


def _mutated(children: Array, chance: Chance, rate: float, index: float, width: Array) -> Array:
    """x + δ · width, δ = (2u)^{1/(η+1)} - 1 for u < ½, else 1 - (2(1-u))^{1/(η+1)}."""
    u, power = chance.uniform(*children.shape), 1 / (index + 1)
    delta = np.where(u < 0.5, (2 * u) ** power - 1, 1 - (2 * (1 - u)) ** power)
    return np.where(chance.uniform(*children.shape) < rate, children + delta * width, children)
