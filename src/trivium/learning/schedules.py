"""Learning rates that change with the step.

A schedule is a record of numbers that builds an expression of the step, so it is part of the
compiled step like everything else. Steps are counted from 1; k = t - 1 steps have been taken
before step t, so a schedule starts at its first rate. Rates are computed in float64.
"""

from __future__ import annotations

import math
from typing import Any

from trivium.engine import array, dtypes
from trivium.engine.composites import as_tensor, broadcast_to, cast
from trivium.engine.tensor import Tensor

from .errors import RequestError
from .options import fraction, non_negative, number, positive, whole
from .specification import Component, component

__all__ = [
    "Constant",
    "Cosine",
    "Exponential",
    "InverseTime",
    "LinearWarmup",
    "OneCycle",
    "Schedule",
    "StepDecay",
    "as_schedule",
]


class Schedule(Component):
    """A learning rate for each step. A subclass of your own gives ``rate``."""

    def rate(self, step: Tensor) -> Tensor:
        """The rate at ``step``: a float64 expression of the shape of ``step``.

        ``step``: whole numbers ≥ 1, as float64.
        """
        raise NotImplementedError

    def __call__(self, step: Any) -> Tensor:
        """The rate at one step, or at each of several, as an expression."""
        steps = cast(as_tensor(step), dtypes.float64)
        return broadcast_to(cast(as_tensor(self.rate(steps)), dtypes.float64), steps.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schedule) and self.spec() == other.spec()

    def __hash__(self) -> int:
        return hash(repr(self))


def as_schedule(owner: str, learning_rate: Any) -> Schedule:
    """``learning_rate`` as a schedule: itself, or a constant one for a number.

    Raises RequestError unless it is a positive finite number or a schedule.
    """
    if isinstance(learning_rate, Schedule):
        return learning_rate
    return Constant(positive(owner, "learning rate", learning_rate))


@component()
class Constant(Schedule):
    """The same rate at every step: η_t = η."""

    def __init__(self, rate: float) -> None:
        self.initial = positive("Constant", "learning rate", rate)

    def hyperparameters(self) -> dict[str, Any]:
        """The rate."""
        return {"rate": self.initial}

    def rate(self, step: Tensor) -> Tensor:
        """η."""
        return as_tensor(self.initial)


@component()
class StepDecay(Schedule):
    """A rate that is multiplied by a factor at regular intervals: η_t = η₀ f^⌊k / every⌋.

    ``initial``: η₀. ``factor``: 0 < f ≤ 1. ``every``: steps between two drops. Raises
    RequestError for other values.
    """

    def __init__(self, initial: float, factor: float = 0.1, every: int = 1000) -> None:
        self.initial = positive("StepDecay", "learning rate", initial)
        self.factor = _factor("StepDecay", factor)
        self.every = whole("StepDecay", "every", every)

    def rate(self, step: Tensor) -> Tensor:
        """η₀ f^⌊k / every⌋."""
        return self.initial * self.factor ** array.floor((step - 1) / self.every)


@component()
class Exponential(Schedule):
    """A rate that falls smoothly by a factor f every ``every`` steps: η₀ f^(k / every).

    ``initial``: η₀. ``factor``: 0 < f ≤ 1. Raises RequestError for other values.
    """

    def __init__(self, initial: float, factor: float, every: int = 1) -> None:
        self.initial = positive("Exponential", "learning rate", initial)
        self.factor = _factor("Exponential", factor)
        self.every = whole("Exponential", "every", every)

    def rate(self, step: Tensor) -> Tensor:
        """η₀ f^(k / every)."""
        return self.initial * self.factor ** ((step - 1) / self.every)


@component()
class InverseTime(Schedule):
    """A rate that falls like one over the step: η_t = η₀ / (1 + d k).

    Its sum diverges and the sum of its squares converges, which is what stochastic
    approximation needs. ``initial``: η₀. ``decay``: d ≥ 0. Raises RequestError for other
    values.

    Source: Robbins & Monro (1951), "A stochastic approximation method", Ann. Math. Stat. 22.
    """

    def __init__(self, initial: float, decay: float) -> None:
        self.initial = positive("InverseTime", "learning rate", initial)
        self.decay = non_negative("InverseTime", "decay", decay)

    def rate(self, step: Tensor) -> Tensor:
        """η₀ / (1 + d k)."""
        return self.initial / (1 + self.decay * (step - 1))


@component()
class LinearWarmup(Schedule):
    """A rate that grows linearly for the first steps: min(t / steps, 1) · then(t).

    ``then``: the rate after the warm-up, a number or a schedule, which counts its steps from
    the same start. ``steps``: the length of the warm-up. Raises RequestError for other values.

    Source: Goyal et al. (2017), "Accurate, large minibatch SGD", §2.2, arXiv:1706.02677.
    """

    def __init__(self, then: float | Schedule, steps: int) -> None:
        self.then = as_schedule("LinearWarmup", then)
        self.steps = whole("LinearWarmup", "steps", steps)

    def rate(self, step: Tensor) -> Tensor:
        """min(t / steps, 1) · then(t)."""
        return array.minimum(step / self.steps, 1.0) * self.then(step)


@component()
class Cosine(Schedule):
    """Half a cosine wave from ``peak`` to ``final``, after an optional linear warm-up.

    For t ≤ warmup: peak · t / warmup. Then, with p = (k - warmup) / (steps - warmup) clipped to
    [0, 1]: final + (peak - final)(1 + cos πp) / 2. After ``steps`` steps it stays at ``final``.

    ``steps``: the whole length, warm-up included. Raises RequestError unless peak > 0,
    0 ≤ final ≤ peak and warmup < steps.

    Source: Loshchilov & Hutter (2017), "SGDR", eq. (5) for one period, arXiv:1608.03983.
    """

    def __init__(self, peak: float, steps: int, warmup: int = 0, final: float = 0.0) -> None:
        self.peak = positive("Cosine", "learning rate", peak)
        self.steps = whole("Cosine", "steps", steps)
        self.warmup = whole("Cosine", "warmup", warmup, least=0)
        self.final = non_negative("Cosine", "final", final)
        if self.final > self.peak:
            raise RequestError(
                f"Cosine: final must not be above peak={self.peak}, got {self.final}"
            )
        if self.warmup >= self.steps:
            raise RequestError(
                f"Cosine: warmup must be shorter than steps={self.steps}, got {self.warmup}"
            )

    def rate(self, step: Tensor) -> Tensor:
        """The warm-up, then the falling half of the wave."""
        place = (step - 1 - self.warmup) / (self.steps - self.warmup)
        falling = _wave(self.peak, self.final, place)
        if not self.warmup:
            return falling
        return array.where(step <= self.warmup, self.peak * step / self.warmup, falling)


@component()
class OneCycle(Schedule):
    """Up from peak/start_divisor to ``peak``, down to peak/end_divisor, by cosine waves.

    ``peak``: the highest rate. ``steps``: the length of the cycle; the rate stays at its last
    value afterwards. ``rise``: the fraction of the cycle that goes up. Raises RequestError
    unless peak and divisors are positive and 0 < rise < 1.

    Source: Smith & Topin (2018), "Super-convergence", arXiv:1708.07120, with cosine waves in
    place of straight lines, as is usual now.
    """

    def __init__(
        self,
        peak: float,
        steps: int,
        rise: float = 0.3,
        start_divisor: float = 25.0,
        end_divisor: float = 1e5,
    ) -> None:
        self.peak = positive("OneCycle", "learning rate", peak)
        self.steps = whole("OneCycle", "steps", steps, least=2)
        self.rise = positive("OneCycle", "rise", fraction("OneCycle", "rise", rise))
        self.start_divisor = positive("OneCycle", "start_divisor", start_divisor)
        self.end_divisor = positive("OneCycle", "end_divisor", end_divisor)

    def rate(self, step: Tensor) -> Tensor:
        """The rising wave, then the falling one."""
        place = (step - 1) / (self.steps - 1)
        rising = _wave(self.peak / self.start_divisor, self.peak, place / self.rise)
        down = (place - self.rise) / (1 - self.rise)
        falling = _wave(self.peak, self.peak / self.end_divisor, down)
        return array.where(place < self.rise, rising, falling)


def _wave(start: float, end: float, place: Tensor) -> Tensor:
    """From ``start`` at place 0 to ``end`` at place 1 along half a cosine; constant outside."""
    return end + (start - end) * (1 + array.cos(math.pi * array.clip(place, 0.0, 1.0))) / 2


def _factor(owner: str, value: Any) -> float:
    rule = "above 0 and at most 1"
    checked = number(owner, "factor", value, rule)
    if not 0 < checked <= 1:
        raise RequestError(f"{owner}: factor must be {rule}, got {value!r}")
    return checked
