"""CMA-ES: a normal distribution that learns the shape of the function from ranked samples.

Source: Hansen (2016), "The CMA evolution strategy: a tutorial", arXiv:1604.00772, figure 6 with
the parameters of table 1, apart from the rate c_σ = min((μ_w + 2)/(n + μ_w + 3), ½) of the step's
path, which is that of Hansen's package ``cma`` 4.5; restarts with a doubled population: Auger &
Hansen (2005), "A restart CMA evolution strategy with increasing population size", CEC.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.engine.errors import ArgumentError

from .population import Chance, Seen
from .quasi_newton_bounds import Bounds
from .result import Minimum, Reason
from .search import Iteration

__all__ = ["cma_es"]

Array = np.ndarray[Any, Any]


def cma_es(
    f: Any,
    start: Any = None,
    *,
    step: float | None = None,
    population: int | None = None,
    bounds: Any = None,
    restarts: int = 0,
    evaluations: int = 100_000,
    value_tolerance: float = 1e-12,
    step_tolerance: float = 1e-12,
    target: float | None = None,
    seed: int = 0,
    trajectory: bool = False,
    callback: Callable[[Iteration], bool | None] | None = None,
) -> Minimum:
    """Minimize ``f`` by the covariance matrix adaptation evolution strategy.

    Each generation draws λ points m + σ C^{1/2} z, moves m to the weighted mean of the best
    half, and adapts σ and C to the steps that were taken. It needs no derivatives and sees only
    the ranking of the values, so it does not change under monotone transformations of f, nor
    (apart from the start) under rotations of the coordinates.

    ``f``: a ``Function``, a Python function of Tensors or an expression, with ``start``.
    ``step``: σ₀, about a third of the distance to the minimum (default: 0.3 of the narrowest
    range of the bounds, or 0.5). ``population``: λ (default 4 + ⌊3 ln n⌋). ``bounds``: a pair
    (lower, upper); points outside are mirrored at the bound. ``restarts``: how often to begin
    anew with twice the population, from a point drawn around the start (with finite bounds:
    uniformly between them). ``value_tolerance``: stop when the values of a generation and the
    best values of the last ones differ by at most this fraction of max(|f|, 1);
    ``step_tolerance``: when σ times every deviation is below this part of σ₀. ``target``: stop
    at a value this low. ``trajectory``: keep (m, f of the best of the generation). The numbers
    drawn depend on ``seed`` alone.

    Raises ArgumentError for options that have no meaning and where f is nowhere finite.
    """
    seen = Seen(
        f, start, bounds=bounds, evaluations=evaluations, target=target,
        trajectory=trajectory, callback=callback,
    )  # fmt: skip
    first = _first_step(step, seen.bounds)
    size = 4 + int(3 * math.log(seen.size)) if population is None else int(population)
    if size < 4:
        raise ArgumentError(f"cma_es: a population has at least 4 members, got {population!r}")
    if restarts < 0:
        raise ArgumentError(f"cma_es: restarts must be zero or positive, got {restarts!r}")
    chance = Chance(seed)
    seen.begin()
    centre, notes = seen.start, []
    for run in range(restarts + 1):
        reason, why = _run(seen, chance, centre, first, size, value_tolerance, step_tolerance)
        notes.append(f"Run {run + 1} with a population of {size}: {why}" if restarts else why)
        if reason in (Reason.TARGET, Reason.EVALUATIONS, Reason.CALLBACK, Reason.UNBOUNDED):
            break
        size *= 2
        centre = _new_centre(seen, chance, first)
    return seen.finish(reason, notes)


def _first_step(step: float | None, bounds: Bounds) -> float:
    if step is not None:
        if not 0 < float(step) < math.inf:
            raise ArgumentError(f"cma_es: step must be positive and finite, got {step!r}")
        return float(step)
    ranges = bounds.upper - bounds.lower
    ranges = ranges[np.isfinite(ranges) & (ranges > 0)]
    return 0.3 * float(ranges.min()) if ranges.size else 0.5


def _new_centre(seen: Seen, chance: Chance, first: float) -> Array:
    bounds = seen.bounds
    if np.isfinite(bounds.lower).all() and np.isfinite(bounds.upper).all():
        return np.asarray(
            bounds.lower + (bounds.upper - bounds.lower) * chance.uniform(seen.size)
        )
    return bounds.project(seen.start + first * chance.normal(seen.size))


@dataclass(frozen=True)
class _Weights:
    """The parameters of table 1 for n unknowns and λ samples; c_σ as the module says."""

    weights: Array
    parents: int
    effective: float
    rank_one: float
    rank_mu: float
    path: float
    step_path: float
    damping: float
    length: float

    @classmethod
    def of(cls, n: int, size: int) -> _Weights:
        raw = math.log((size + 1) / 2) - np.log(np.arange(1, size + 1))
        parents = size // 2
        good, bad = raw[:parents], raw[parents:]
        effective = float(good.sum() ** 2 / (good**2).sum())
        effective_bad = float(bad.sum() ** 2 / (bad**2).sum())
        rank_one = 2 / ((n + 1.3) ** 2 + effective)
        spread = 0.25 + effective - 2 + 1 / effective
        rank_mu = min(1 - rank_one, 2 * spread / ((n + 2) ** 2 + effective))
        negative = min(
            1 + rank_one / rank_mu,
            1 + 2 * effective_bad / (effective + 2),
            (1 - rank_one - rank_mu) / (n * rank_mu),
        )
        weights = np.where(
            raw >= 0, raw / raw[raw > 0].sum(), negative * raw / np.abs(raw[raw < 0]).sum()
        )
        step_path = min((effective + 2) / (n + effective + 3), 0.5)
        return cls(
            weights,
            parents,
            effective,
            rank_one,
            rank_mu,
            (4 + effective / n) / (n + 4 + 2 * effective / n),
            step_path,
            1 + 2 * max(0.0, math.sqrt((effective - 1) / (n + 1)) - 1) + step_path,
            math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n)),
        )


class _Distribution:
    """N(m, σ² S C S) and the paths along which it has moved.

    S = diag(``units``) is the identity until C becomes ill-conditioned; then the coordinates
    take the deviations of C as their units, so that coordinates of very different sizes do not
    cost digits.
    """

    def __init__(self, centre: Array, step: float, weights: _Weights) -> None:
        n = centre.size
        self.centre, self.step, self.parameters = centre.copy(), step, weights
        self.covariance, self.units = np.eye(n), np.ones(n)
        self.path, self.step_path = np.zeros(n), np.zeros(n)
        self.generation = 0
        self._decompose()

    def _decompose(self) -> None:
        self.covariance = (self.covariance + self.covariance.T) / 2
        spread = np.sqrt(np.maximum(np.diag(self.covariance), 1e-300))
        if spread.max() > 1e4 * spread.min():
            self.units = self.units * spread
            self.covariance = self.covariance / np.outer(spread, spread)
            self.path = self.path / spread
        values, self.axes = np.linalg.eigh(self.covariance)
        self.lengths = np.sqrt(np.maximum(values, 1e-300))
        longest = float(self.lengths.max())
        if not 1e-4 < longest < 1e4:  # σ and C drift apart along a slow valley, σ²C stays
            self.step, self.lengths = self.step * longest, self.lengths / longest
            self.covariance, self.path = self.covariance / longest**2, self.path / longest
        self._fresh = self.generation

    @property
    def condition(self) -> float:
        """The condition number of C."""
        return float((self.lengths.max() / self.lengths.min()) ** 2)

    def sample(self, chance: Chance, count: int) -> Array:
        """``count`` steps y = B D z, (count, n), in the coordinates' units."""
        drawn = chance.normal(count, self.centre.size)
        return np.asarray((drawn * self.lengths) @ self.axes.T)

    def learn(self, steps: Array) -> None:
        """Take in the steps y of a generation, the best first (eqs. 41-47)."""
        p, n = self.parameters, self.centre.size
        w = p.weights
        mean = w[: p.parents] @ steps[: p.parents]
        self.centre = self.centre + self.step * self.units * mean
        whitened = self.axes @ ((self.axes.T @ mean) / self.lengths)
        pull = math.sqrt(p.step_path * (2 - p.step_path) * p.effective)
        self.step_path = (1 - p.step_path) * self.step_path + pull * whitened
        self.generation += 1
        length = float(np.linalg.norm(self.step_path))
        grown = 1 - (1 - p.step_path) ** (2 * self.generation)
        moving = length / math.sqrt(grown) < (1.4 + 2 / (n + 1)) * p.length
        self.path = (1 - p.path) * self.path
        if moving:
            self.path += math.sqrt(p.path * (2 - p.path) * p.effective) * mean
        norms = (((steps @ self.axes) / self.lengths) ** 2).sum(axis=1)
        scaled = np.where(w >= 0, w, w * n / np.maximum(norms, 1e-300))
        kept = 1 - p.rank_one - p.rank_mu * w.sum()
        kept += 0 if moving else p.rank_one * p.path * (2 - p.path)
        self.covariance = (
            kept * self.covariance
            + p.rank_one * np.outer(self.path, self.path)
            + p.rank_mu * (steps.T * scaled) @ steps
        )
        change = p.step_path / p.damping * (length / p.length - 1)
        self.step *= math.exp(min(change, 1.0))
        if self.generation - self._fresh > 1 / (10 * n * (p.rank_one + p.rank_mu)):
            self._decompose()


def _mirrored(x: Array, bounds: Bounds) -> Array:
    """``x`` folded into the bounds by mirrors at both ends."""
    lower, upper = bounds.lower, bounds.upper
    both = np.isfinite(lower) & np.isfinite(upper)
    width = np.where(both, upper - lower, 1.0)
    safe = np.where(np.isfinite(lower), lower, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        phase = np.where(width > 0, np.mod(x - safe, 2 * width), 0.0)
        folded = safe + np.where(phase > width, 2 * width - phase, phase)
        from_below = np.where(np.isfinite(lower) & (x < lower), 2 * lower - x, x)
        one_sided = np.where(
            np.isfinite(upper) & (from_below > upper), 2 * upper - from_below, from_below
        )
    return bounds.project(np.where(both, folded, one_sided))


def _run(
    seen: Seen,
    chance: Chance,
    centre: Array,
    first: float,
    size: int,
    value_tolerance: float,
    step_tolerance: float,
) -> tuple[Reason, str]:
    n, bounded = seen.size, seen.bounds.some
    state = _Distribution(centre, first, _Weights.of(n, size))
    recent: deque[float] = deque(maxlen=10 + math.ceil(30 * n / size))
    history: list[float] = []
    while True:
        count = min(size, max(seen.left, 0))
        if count < size:
            return Reason.EVALUATIONS, "the evaluations left do not fill another generation."
        steps = state.sample(chance, size)
        points = list(state.centre + state.step * state.units * steps)
        if bounded:
            points = [_mirrored(x, seen.bounds) for x in points]
        values = np.array([seen.value(x) for x in points])
        if values.min() == -math.inf:
            return Reason.UNBOUNDED, "a value of -∞ was met."
        order = np.argsort(values, kind="stable")
        best = float(values[order[0]])
        state.learn(steps[order])
        recent.append(best)
        history.append(best)
        centre = _mirrored(state.centre, seen.bounds) if bounded else state.centre
        asked = seen.moved(centre, best)
        if asked is not None:
            return asked, f"σ is {state.step:.2g} at the end."
        found = _stop(state, values, recent, history, first, value_tolerance, step_tolerance)
        if found is not None:
            return found


def _stop(
    state: _Distribution,
    values: Array,
    recent: deque[float],
    history: list[float],
    first: float,
    value_tolerance: float,
    step_tolerance: float,
) -> tuple[Reason, str] | None:
    """The stopping criteria of the tutorial, appendix B.3."""
    generations = f"after {state.generation} generations"
    if len(recent) == recent.maxlen and math.isfinite(max(recent)):
        spread = max(max(recent), float(values.max())) - min(min(recent), float(values.min()))
        size = abs(min(recent))
        if spread <= max(value_tolerance * max(size, 1.0), 4e-16 * size):
            return (
                Reason.SMALL_DECREASE,
                f"the values differ by no more than {spread:.1g} {generations}.",
            )
    deviations = state.step * state.units * np.sqrt(np.diag(state.covariance))
    if (deviations < step_tolerance * first).all():
        if (state.step * np.abs(state.units * state.path) < step_tolerance * first).all():
            return (
                Reason.SMALL_STEP,
                f"all deviations are below {deviations.max():.1g} {generations}.",
            )
    if state.condition > 1e14:
        return (
            Reason.PRECISION,
            f"the condition of the covariance passed 1e14 {generations}: the function is too "
            "ill-conditioned for this precision.",
        )
    if not deviations.max() <= 1e12 * first:  # NaN, too
        return Reason.PLATEAU, f"the deviations grew beyond all bounds {generations}."
    longest = state.generation % state.centre.size
    axis = 0.1 * state.step * state.units * state.lengths[longest] * state.axes[:, longest]
    if (state.centre == state.centre + axis).all():
        return Reason.PRECISION, f"a step along an axis changes no digit {generations}."
    if (state.centre == state.centre + 0.2 * deviations).any():
        return Reason.PRECISION, f"a step along a coordinate changes no digit {generations}."
    return _stagnant(history, state)


def _stagnant(history: list[float], state: _Distribution) -> tuple[Reason, str] | None:
    window = 120 + math.ceil(30 * state.centre.size / len(state.parameters.weights))
    if len(history) < window + 40 or len(history) % 10:
        return None
    recent = history[-min(len(history), 20_000) :]
    part = max(20, int(0.3 * len(recent)))
    if np.median(recent[-part:]) >= np.median(recent[:part]) and len(recent) > window:
        return (
            Reason.STAGNATION,
            f"the best values have not fallen in {len(recent)} generations.",
        )
    return None
