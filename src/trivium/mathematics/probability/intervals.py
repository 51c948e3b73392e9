"""Confidence intervals: Wald, likelihood ratio, score and exact, each from its definition.

The likelihood ratio statistic of an exponential family is 2 n KL(p_θ̂ ‖ p_θ), so both come from
the log-partition. Source: Casella & Berger (2002), *Statistical Inference*, 2nd ed., ch. 9-10;
Brown, Cai & DasGupta (2001), Statist. Sci. 16, 101.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from trivium.engine.tensor import tensor

from . import distribution as rules
from .estimation import Estimate, program_of
from .exponential_family import ExponentialFamily
from .power_law import EXPONENT

__all__ = ["confidence_intervals"]

Array = np.ndarray[Any, Any]
Interval = tuple[float, float]
Statistic = Callable[[float], float]


class _Scale:
    """A parameter's range, mapped to all real numbers for the search."""

    def __init__(self, low: float, high: float, limit: float) -> None:
        self.low, self.high, self.limit = low, high, limit

    def out(self, value: float) -> float:
        """Parameter → real number."""
        if self.low == -math.inf:
            return value
        above = value - self.low
        if self.high == math.inf:
            return math.log(above) if above > 0 else -math.inf
        below = self.high - value
        if above <= 0 or below <= 0:
            return -math.inf if above <= 0 else math.inf
        return math.log(above) - math.log(below)

    def back(self, real: float) -> float:
        """Real number → parameter."""
        if self.low == -math.inf:
            return real
        if self.high == math.inf:
            return self.low + math.exp(real)
        small = math.exp(-abs(real)) / (1.0 + math.exp(-abs(real)))
        return small if real < 0 else 1.0 - small


def _scale_of(family: ExponentialFamily, name: str) -> _Scale:
    from trivium.mathematics import probability

    owner = getattr(probability, type_name(family))
    rule = owner.rules[name]
    if rule in (rules.PROBABILITY, rules.POSITIVE_PROBABILITY):
        return _Scale(0.0, 1.0, 300.0)
    if rule in (rules.POSITIVE, rules.NOT_NEGATIVE):
        return _Scale(0.0, math.inf, 300.0)
    if rule is EXPONENT:
        return _Scale(1.0, math.inf, 300.0)
    return _Scale(-math.inf, math.inf, math.inf)


def type_name(family: ExponentialFamily) -> str:
    """The class of the family's distributions."""
    special = {"normal_known_variance": "Normal", "gamma_known_shape": "Gamma"}
    plain = "".join(part.capitalize() for part in family.name.split("_"))
    return special.get(family.name, plain)


def _ends(statistic: Statistic, estimate: float, bound: float, scale: _Scale) -> Interval:
    """Where ``statistic``, which grows from 0 at the estimate, passes ``bound``."""
    middle = scale.out(estimate)
    ends = []
    for sign in (-1.0, 1.0):
        edge = scale.low if sign < 0 else scale.high
        if math.isinf(middle) and (middle > 0) == (sign > 0):
            ends.append(edge)  # the estimate lies on this edge
            continue
        start = middle if math.isfinite(middle) else -sign * scale.limit
        ends.append(_root(statistic, start, sign, bound, scale, edge))
    return ends[0], ends[1]


def _root(
    statistic: Statistic, start: float, sign: float, bound: float, scale: _Scale, edge: float
) -> float:
    from scipy import optimize

    def excess(real: float) -> float:
        with np.errstate(all="ignore"):
            value = statistic(scale.back(real)) - bound
        return math.inf if math.isnan(value) else value

    size = 0.05 * (1.0 if scale.low > -math.inf else max(abs(start), 1e-3))
    near, far = start, start + sign * size
    while excess(far) < 0:
        near, size = far, 2 * size
        far = far + sign * size
        if abs(far) > scale.limit or not math.isfinite(far):
            return edge
    low, high = (far, near) if sign < 0 else (near, far)
    cut = 1e6 * max(bound, 1.0)  # brentq cannot start from infinity
    found = optimize.brentq(lambda real: min(excess(real), cut), low, high, xtol=1e-13)
    return scale.back(float(found))


def confidence_intervals(estimate: Estimate, name: str, level: float) -> dict[str, Interval]:
    """The intervals of one scalar parameter, by kind."""
    from scipy import special

    family = estimate.family
    z = float(special.ndtri(0.5 + level / 2))
    value = float(estimate.parameters[name])
    spread = float(estimate.standard_errors[name])
    scale = _scale_of(family, name)
    found: dict[str, Interval] = {}
    if math.isfinite(spread):
        found["Wald"] = (value - z * spread, value + z * spread)
    ratio = _likelihood_ratio(estimate, name)
    if ratio is not None:
        found["likelihood ratio"] = _ends(ratio, value, z * z, scale)
    if family.size == 1:
        found["score"] = _ends(_score(estimate, name), value, z * z, scale)
    exact = _EXACT.get((family.name, name))
    if exact is not None:
        found["exact"] = exact(estimate, (1.0 - level) / 2)
    return found


def _score(estimate: Estimate, name: str) -> Statistic:
    """n (t̄ - ∇A)²/∇²A at θ, from the log-partition (Wilson's interval for a probability)."""
    family, mean, n = estimate.family, float(estimate.mean_statistic[0]), estimate.n
    program = program_of(family)

    def statistic(value: float) -> float:
        eta = family.natural(**{name: tensor(np.float64(value))}).value
        _, slope, curvature = program.run(eta)
        gap = mean - float(slope[0])
        variance = float(curvature[0, 0])
        if variance == 0:  # both vanish at the edge, the square first
            return 0.0 if abs(gap) < 1e-100 else math.inf
        return n * gap * gap / variance

    return statistic


def _likelihood_ratio(estimate: Estimate, name: str) -> Statistic | None:
    """2(ℓ(θ̂) - max ℓ with the parameter fixed), or None where it is not offered."""
    family, n = estimate.family, estimate.n
    if family.size == 1:
        known = family.fixed

        def statistic(value: float) -> float:
            member = family.make(**{**known, name: value})
            return 2.0 * n * estimate.distribution.kl(member).item()

        return statistic
    own = {key: float(value) for key, value in estimate.parameters.items()}
    if family.name == "normal":
        if name == "mean":
            return lambda m: n * math.log1p(_square((m - own["mean"]) / own["sd"]))
        return lambda s: n * (_square(own["sd"] / s) - 1.0 - 2.0 * math.log(own["sd"] / s))
    if family.name == "inverse_gaussian":
        return _inverse_gaussian_ratio(own, n, name)
    place = family.parameters.index(name)
    return _profile(estimate, place)


def _square(x: float) -> float:
    return x * x  # ∞ where it overflows, which ** refuses


def _inverse_gaussian_ratio(own: dict[str, float], n: float, name: str) -> Statistic:
    if name == "shape":
        return lambda s: n * (s / own["shape"] - 1.0 - math.log(s / own["shape"]))
    # the mean of (x - μ)²/(μ² x) is 1/λ̂ + (x̄ - μ)²/(μ² x̄)
    best, centre = own["shape"], own["mean"]
    return lambda m: n * math.log1p(best * _square((centre - m) / m) / centre)


def _profile(estimate: Estimate, place: int) -> Statistic:
    """Maximised over the other natural parameters by Newton's method.

    For families whose usual parameters are the natural ones up to a constant and a sign.
    """
    family, n, mean = estimate.family, estimate.n, estimate.mean_statistic
    program = program_of(family)
    best = estimate.natural
    rest = [i for i in range(family.size) if i != place]

    def objective(eta: Array) -> tuple[float, Array, Array]:
        value, slope, curvature = program.run(eta)
        return float(value) - float(eta @ mean), slope - mean, curvature

    lowest = objective(best)[0]
    name = family.parameters[place]

    def statistic(value: float) -> float:
        fixed = family.natural(
            **{
                key: tensor(np.float64(value if key == name else each))
                for key, each in estimate.parameters.items()
            }
        ).value
        eta = np.where(np.arange(family.size) == place, fixed, best)
        current, slope, curvature = objective(eta)
        for _ in range(100):
            step = np.linalg.solve(curvature[np.ix_(rest, rest)], slope[rest])
            decrement = float(slope[rest] @ step)
            if decrement < 1e-12:
                break
            size = 1.0
            while size > 1e-10:
                trial = eta.copy()
                trial[rest] = eta[rest] - size * step
                if family.inside(trial):
                    reached = objective(trial)
                    if reached[0] <= current - 1e-4 * size * decrement:
                        break
                size /= 2
            else:
                break
            eta, (current, slope, curvature) = trial, reached
        return 2.0 * n * max(current - lowest, 0.0)

    return statistic


# --- exact intervals: the distribution of the sufficient statistic is known --------------------


def _clopper_pearson(estimate: Estimate, tail: float) -> Interval:
    """Clopper & Pearson (1934), Biometrika 26, 404."""
    from scipy import special

    trials = estimate.n * float(estimate.family.fixed.get("trials", 1))
    hits = estimate.n * float(estimate.mean_statistic[0])
    low = special.betaincinv(hits, trials - hits + 1, tail) if hits > 0 else 0.0
    high = special.betainccinv(hits + 1, trials - hits, tail) if hits < trials else 1.0
    return float(low), float(high)


def _garwood(estimate: Estimate, tail: float) -> Interval:
    """Garwood (1936), Biometrika 28, 437: the total of n Poisson counts is Poisson."""
    from scipy import special

    total = estimate.n * float(estimate.mean_statistic[0])
    low = special.gammaincinv(total, tail) if total > 0 else 0.0
    return float(low) / estimate.n, float(special.gammainccinv(total + 1, tail)) / estimate.n


def _failures(estimate: Estimate, tail: float) -> Interval:
    """All failures before n r successes: P(K ≤ k) = I_p(n r, k + 1)."""
    from scipy import special

    successes = estimate.n * float(estimate.family.fixed.get("size", 1.0))
    failures = estimate.n * float(estimate.mean_statistic[0])
    low = special.betaincinv(successes, failures + 1, tail)
    high = special.betainccinv(successes, failures, tail) if failures > 0 else 1.0
    return float(low), float(high)


def _gamma_rate(estimate: Estimate, tail: float) -> Interval:
    """The sum of n gamma variables of shape a times their rate is a gamma variable of shape n a."""
    from scipy import special

    total = estimate.n * float(estimate.mean_statistic[0])
    n = estimate.n * float(estimate.family.fixed.get("shape", 1.0))
    low, high = special.gammaincinv(n, tail) / total, special.gammainccinv(n, tail) / total
    return float(low), float(high)


def _exponent(estimate: Estimate, tail: float) -> Interval:
    low, high = _gamma_rate(estimate, tail)
    return 1.0 + low, 1.0 + high


def _student(estimate: Estimate, tail: float) -> Interval:
    """Student (1908): √(n - 1)(x̄ - μ)/s has a t distribution with n - 1 degrees of freedom."""
    from .continuous import StudentT

    own = {key: float(value) for key, value in estimate.parameters.items()}
    if estimate.n <= 1:
        return -math.inf, math.inf
    reach = float(StudentT(estimate.n - 1).upper_quantile(tail))
    width = reach * own["sd"] / math.sqrt(estimate.n - 1)
    return own["mean"] - width, own["mean"] + width


def _chi_square(estimate: Estimate, tail: float) -> Interval:
    """n s²/σ² has a χ² distribution with n - 1 degrees of freedom."""
    from scipy import special

    if estimate.n <= 1:
        return 0.0, math.inf
    size = float(estimate.parameters["sd"]) * math.sqrt(estimate.n)
    half = (estimate.n - 1) / 2
    low, high = (
        size / math.sqrt(2 * float(inverse(half, tail)))
        for inverse in (special.gammainccinv, special.gammaincinv)
    )
    return low, high


def _inverse_gaussian_shape(estimate: Estimate, tail: float) -> Interval:
    """n λ/λ̂ has a χ² distribution with n - 1 degrees of freedom (Tweedie 1957)."""
    from scipy import special

    unit = 2.0 * float(estimate.parameters["shape"]) / estimate.n
    half = (estimate.n - 1) / 2
    low, high = special.gammaincinv(half, tail), special.gammainccinv(half, tail)
    return unit * float(low), unit * float(high)


def _known_variance(estimate: Estimate, tail: float) -> Interval:
    from scipy import special

    mean = float(estimate.parameters["mean"])
    width = -float(special.ndtri(tail)) * float(estimate.standard_errors["mean"])
    return mean - width, mean + width


_EXACT: dict[tuple[str, str], Callable[[Estimate, float], Interval]] = {
    ("bernoulli", "probability"): _clopper_pearson,
    ("binomial", "probability"): _clopper_pearson,
    ("exponential", "rate"): _gamma_rate,
    ("gamma_known_shape", "rate"): _gamma_rate,
    ("geometric", "probability"): _failures,
    ("inverse_gaussian", "shape"): _inverse_gaussian_shape,
    ("negative_binomial", "probability"): _failures,
    ("normal", "mean"): _student,
    ("normal", "sd"): _chi_square,
    ("normal_known_variance", "mean"): _known_variance,
    ("poisson", "rate"): _garwood,
    ("power_law", "exponent"): _exponent,
}
