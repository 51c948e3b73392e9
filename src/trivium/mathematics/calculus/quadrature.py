"""Definite integrals by the double exponential rule.

A change of variable x(t) lets the integrand decay doubly exponentially at both ends, and then the
trapezoidal rule on t, the simplest of all, gains digits in proportion to the number of points,
also where the integrand is infinite at an end or the interval is (Takahasi & Mori 1974).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from trivium.engine.errors import ArgumentError, DomainError
from trivium.engine.tensor import Tensor, tensor
from trivium.engine.traversal import topological

__all__ = ["Integral", "integral", "values_of"]

Array = np.ndarray[Any, Any]
_EPS = float(np.finfo(np.float64).eps)
# Beyond this |t| the weights of every rule are below the smallest number, or x above the largest.
_END = 6.1
_LEVELS = 11


@dataclass(frozen=True)
class Integral:
    """A definite integral and how far it can be trusted.

    ``value``; ``error``: an estimate of its absolute error, rounding included; ``converged``:
    whether that is what was asked for; ``evaluations``: points at which the function was
    computed; ``magnitude``: the integral of the absolute value, so that magnitude / |value| is
    what cancellation costs; ``notes``: what else should be known, in sentences.
    """

    value: float
    error: float
    converged: bool
    evaluations: int
    magnitude: float
    notes: tuple[str, ...] = ()

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        lines = [f"{self.value:.15g} ± {self.error:.1g} from {self.evaluations} values"]
        lines += [f"  {note}" for note in self.notes]
        return "\n".join(lines)


class _Rule(NamedTuple):
    """x(t) and dx/dt; ``inside``: which x lie strictly within the interval."""

    place: Callable[[Array], tuple[Array, Array]]
    inside: Callable[[Array], Array]


def integral(
    function: Callable[[Tensor], Tensor], start: float, end: float, *, tolerance: float = 1e-12
) -> Integral:
    """∫ f(x) dx from ``start`` to ``end``, either of which may be infinite.

    ``function``: takes a vector of numbers as a Tensor and returns as many, elementwise. It may
    be infinite at the ends; where it jumps or has a kink inside, integrate both sides apart.
    ``tolerance``: relative to the integral of |f|. Raises ArgumentError for what is no interval
    and DomainError for a value inside, or a sum of them, that is not finite. An integral that
    does not settle, as one that does not exist, comes back with ``converged`` False and says so.

    With x = x(t), ∫ f(x) dx = ∫ f(x(t)) x'(t) dt ≈ h Σ f(x(kh)) x'(kh), x = tanh(½π sinh t) on
    (-1, 1), exp(½π sinh t) on (0, ∞), sinh(½π sinh t) on (-∞, ∞); h is halved until two results
    agree. Takahasi & Mori, "Double exponential formulas for numerical integration", Publ. RIMS
    9 (1974) 721-741.
    """
    start, end = _limit(start, "start"), _limit(end, "end")
    if not 0 < tolerance < 1:
        raise ArgumentError(f"the tolerance lies between 0 and 1, not {tolerance!r}")
    if start == end:
        return Integral(0.0, 0.0, True, 0, 0.0)
    if start > end:
        turned = integral(function, end, start, tolerance=tolerance)
        return Integral(-turned.value, *list(vars(turned).values())[1:])
    return _refined(function, _rule(start, end), tolerance)


def _refined(function: Callable[[Tensor], Tensor], rule: _Rule, tolerance: float) -> Integral:
    total = size = before = gap = 0.0
    outermost = {-1: (0.0, 0.0), 1: (0.0, 0.0)}  # |t| and |term| at either end
    count, edge, value = 0, 0.0, 0.0
    for level, t in enumerate(_points()):
        t, terms = _terms(function, rule, t)
        step = 0.5**level
        total, size = total + _summed(terms), size + _summed(np.abs(terms))
        count += len(terms)
        for side, place in ((-1, 0), (1, -1)) if len(terms) else ():
            found = side * float(t[place]), abs(float(terms[place]))
            outermost[side] = max(outermost[side], found, key=lambda each: each[0])
        edge = step * max(each for _, each in outermost.values())
        before, value = value, step * total
        gap = abs(value - before)
        magnitude = step * size
        rounding = 8 * _EPS * magnitude
        # Two levels that agree by chance are not enough; the ends must have been reached, too.
        if level >= 3 and max(gap, edge) <= max(tolerance * magnitude, rounding):
            notes = _lost(value, magnitude)
            return Integral(value, gap + edge + rounding, True, count, magnitude, notes)
    note = (
        "Refining does not settle it: the integral may not exist, or the function jumps, has a "
        "kink or oscillates fast inside; cut the interval there."
    )
    error = gap + edge + rounding
    return Integral(value, error, False, count, magnitude, (note,))


def _summed(terms: Array) -> float:
    try:
        return math.fsum(terms)
    except OverflowError:
        raise DomainError(
            "sums of the function's values are beyond double precision; divide the function by "
            "a constant first"
        ) from None


def _lost(value: float, magnitude: float) -> tuple[str, ...]:
    if magnitude == 0 or abs(value) > 1e-3 * magnitude:
        return ()
    if abs(value) <= 8 * _EPS * magnitude:
        return ("Positive and negative parts cancel: the value is 0 to rounding.",)
    digits = math.log10(magnitude / abs(value))
    return (f"Positive and negative parts cancel: {digits:.0f} of 16 digits are lost.",)


def _points() -> Iterator[Array]:
    """The new points of each level: all multiples of 1, odd ones of ½, of ¼ …"""
    yield np.arange(-math.floor(_END), math.floor(_END) + 1.0)
    for level in range(1, _LEVELS):
        step = 0.5**level
        last = math.floor((_END / step - 1) / 2)
        yield step * (2 * np.arange(-last - 1, last + 1) + 1.0)


def _terms(function: Callable[[Tensor], Tensor], rule: _Rule, t: Array) -> tuple[Array, Array]:
    """f(x(t)) x'(t) where x lies inside the interval and the weight is a number, and those t."""
    with np.errstate(all="ignore"):
        x, weight = rule.place(t)
        good = rule.inside(x) & (weight > 0) & np.isfinite(weight)
    t, x, weight = t[good], x[good], weight[good]
    if not len(x):
        return t, x
    with np.errstate(all="ignore"):
        terms = values_of(function, x) * weight
    bad = ~np.isfinite(terms)
    if not bad.any():
        return t, np.asarray(terms)
    # In the tails a product of a huge and a tiny factor may be no number: they end there, and
    # what is next to them must turn out to be nothing.
    first, last = _sound(bad)
    inner = bad[first:last]
    if first >= last or inner.any():
        place = first + int(np.argmax(inner)) if inner.any() else len(x) // 2
        raise DomainError(
            f"the function is not finite at x = {x[place]:.17g}, inside the interval; cut the "
            "interval there, or correct the function"
        )
    return t[first:last], np.asarray(terms[first:last])


def _sound(bad: Array) -> tuple[int, int]:
    """Where the values begin and end that are not part of a bad tail."""
    if bad.all():
        return len(bad), len(bad)
    return int(np.argmin(bad)), len(bad) - int(np.argmin(bad[::-1]))


def _rule(start: float, end: float) -> _Rule:
    half_pi = math.pi / 2
    if math.isfinite(start) and math.isfinite(end):
        length = end / 2 - start / 2

        def place(t: Array) -> tuple[Array, Array]:
            u = half_pi * np.sinh(np.abs(t))
            rest = 2 / (1 + np.exp(2 * u))  # 1 - tanh u, with all its digits
            x = np.where(t < 0, start + length * rest, end - length * rest)
            return x, length * half_pi * np.cosh(t) * rest * (2 - rest)

        return _Rule(place, lambda x: (x > start) & (x < end))
    if math.isinf(start) and math.isinf(end):

        def whole(t: Array) -> tuple[Array, Array]:
            u = half_pi * np.sinh(t)
            return np.sinh(u), half_pi * np.cosh(t) * np.cosh(u)

        return _Rule(whole, np.isfinite)
    sign, base = (1.0, start) if math.isfinite(start) else (-1.0, end)

    def half(t: Array) -> tuple[Array, Array]:
        away = np.exp(half_pi * np.sinh(t))
        return base + sign * away, half_pi * np.cosh(t) * away

    return _Rule(half, lambda x: np.isfinite(x) & (x != base))


def _limit(value: float, name: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if math.isnan(number):
        raise ArgumentError(f"{name} is a number or ±infinity, not {value!r}")
    return number


def values_of(function: Callable[[Tensor], Tensor], x: Array) -> Array:
    """f at the numbers ``x`` (N,); ArgumentError for a function that is not elementwise."""
    numbers = tensor(x)
    found = function(numbers)
    values = np.asarray(found.value if isinstance(found, Tensor) else found, np.float64)
    one = isinstance(found, Tensor) and any(each is numbers for each in topological([found]))
    if values.shape != x.shape and (one or values.shape != ()):  # () is that of a constant
        raise ArgumentError(
            f"the function made numbers of shape {values.shape} of a vector of {len(x)}: it has "
            "to work elementwise, as lambda x: tv.array.exp(-x**2) does"
        )
    return np.broadcast_to(values, x.shape)
