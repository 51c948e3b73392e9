"""Maximum likelihood in an exponential family: ∇A(η) equals the mean of the statistic."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.engine.array.arguments import ArrayLike
from trivium.engine.errors import ArgumentError, ConvergenceError, DomainError
from trivium.engine.program import Program
from trivium.engine.tensor import input, tensor
from trivium.engine.transforms import hessian, jacobian

from .exponential_family import ExponentialFamily
from .support import as_data

if TYPE_CHECKING:
    from .distribution import Distribution

__all__ = ["Estimate", "maximum_likelihood", "natural_from_mean", "program_of", "weighted"]

Array = np.ndarray[Any, Any]
STEPS = 200
STALLED = 8
FEW = 8
EDGE = (
    "The estimate lies on the edge of the parameter space: the natural parameter is not finite and "
    "Fisher's information gives no standard error; use score or exact intervals, or a prior."
)
OUT_OF_RANGE = (
    "Fisher's information leaves the range of double precision, so there is no standard error; "
    "rescale the data."
)


@dataclass(frozen=True)
class Estimate:
    """A maximum likelihood estimate and how far it can be trusted.

    ``distribution``: the member of ``family`` found. ``natural``: its η.
    ``mean_statistic``: (1/n) Σ t(x_i). ``n``: the number (or total weight) of
    observations. ``log_likelihood``: at the estimate.
    ``covariance``: of the usual parameters, (J I(η)⁻¹ Jᵀ)/n with the Fisher information I from
    the log-partition; None at the edge of the parameter space. ``gradient_norm``: ‖∇A(η) -
    mean of t‖. ``condition``: that of I(η) in
    units of the statistics' standard deviations. ``digits``: how many the rounding of the mean
    statistic leaves in η; few when the data are nearly constant. ``iterations``: Newton steps,
    0 for closed forms.
    ``note``: what else must be known.
    """

    family: ExponentialFamily
    distribution: Distribution
    natural: Array
    mean_statistic: Array
    n: float
    log_likelihood: float
    covariance: Array | None
    gradient_norm: float
    condition: float
    iterations: int
    digits: float = 15.0
    note: str = ""

    @property
    def parameters(self) -> dict[str, Array]:
        """The estimated usual parameters, NumPy."""
        return usual_values(self.family, self.distribution)

    @property
    def standard_errors(self) -> dict[str, Array]:
        """Standard errors by name, in the shapes of the parameters; NaN where there are none."""
        found, place = {}, 0
        for name, value in self.parameters.items():
            size = int(np.size(value))
            if self.covariance is None:
                spread = np.full(size, np.nan)
            else:
                spread = np.sqrt(np.diagonal(self.covariance)[place : place + size])
            found[name] = spread.reshape(np.shape(value))
            place += size
        return found

    def __str__(self) -> str:
        how = "closed form" if not self.iterations else f"{self.iterations} Newton steps"
        lines = [f"Maximum likelihood: {self.distribution!r}", ""]
        errors = self.standard_errors
        for name, value in self.parameters.items():
            shown, spread = (
                np.array2string(np.asarray(each), precision=6, threshold=12)
                for each in (value, errors[name])
            )
            lines.append(f"  {name} = {shown}   standard error {spread}")
        lines.append(
            f"  n = {self.n:g}, log-likelihood {self.log_likelihood:.6g}, {how}, "
            f"‖∇A(η) - t̄‖ = {self.gradient_norm:.2g}, condition of the information "
            f"{self.condition:.2g}"
        )
        return "\n".join([*lines, *([f"  {self.note}"] if self.note else [])])


@lru_cache(maxsize=128)
def program_of(family: ExponentialFamily) -> Program:
    """A, ∇A and ∇²A of one η, by the reference backend: they run a few times only."""
    eta = input((family.size,), name="natural")
    outputs = (
        family.log_partition(eta),
        family.mean_statistic(eta),
        # For many parameters as a loop that stays a loop: the expression would grow with them.
        family.covariance_statistic(eta)
        if family.size <= FEW
        else hessian(family.log_partition(eta), eta),
    )
    return Program([eta], outputs, backend="reference")


def weighted(family: ExponentialFamily, data: ArrayLike, weights: ArrayLike | None) -> Any:
    """The data as (n, *event) and the weights as (n,), checked."""
    values = family.check(data)
    event = family.support.event
    values = values.reshape((-1, *event))
    if weights is None:
        counts = np.ones(len(values))
    else:
        counts = as_data(weights, "weights").reshape(-1)
        if counts.shape != (len(values),):
            raise ArgumentError(
                f"{len(values)} observations need as many weights, not {counts.size}"
            )
        if (counts < 0).any():
            raise ArgumentError("weights must not be negative; they count observations")
    if 0 < counts.sum() < 1e-100:
        raise ArgumentError(
            f"the weights add up to {counts.sum():g}; they count observations, so use larger ones"
        )
    if not len(values) or counts.sum() == 0:
        raise ArgumentError(
            f"the {family.name} family cannot be estimated from no observations"
        )
    return values, counts


def maximum_likelihood(
    family: ExponentialFamily, data: ArrayLike, weights: ArrayLike | None
) -> Estimate:
    """See ``ExponentialFamily.mle``."""
    values, counts = weighted(family, data, weights)
    reason = None if family.no_estimate is None else family.no_estimate(values, counts)
    if reason is not None:
        raise DomainError(
            f"the {family.name} family has no maximum likelihood estimate here: {reason}"
        )
    n = float(counts.sum())
    statistics = family.statistic(tensor(values)).value
    with np.errstate(all="ignore"):
        mean = np.tensordot(counts, statistics, axes=1) / n
    iterations = 0
    if family.closed_form is not None:
        with np.errstate(all="ignore"):  # what overflows is refused by the distribution
            usual = family.closed_form(values, counts)
    elif family.usual_from_mean is not None:
        found = family.usual_from_mean(tensor(mean))
        usual = {name: each.value for name, each in found.items()}
    else:
        eta, iterations = solve_mean(family, mean)
        usual = {name: each.value for name, each in family.usual(tensor(eta)).items()}
    distribution = family.distribution(**usual)
    each = distribution.log_density(tensor(values)).value
    total = float(counts @ np.where(counts > 0, each, 0.0))
    return _judged(family, distribution, mean, n, total, iterations)


def _judged(
    family: ExponentialFamily,
    distribution: Distribution,
    mean: Array,
    n: float,
    log_likelihood: float,
    iterations: int,
) -> Estimate:
    own = usual_values(family, distribution)
    natural = family.natural(**{k: tensor(v) for k, v in own.items()}).value

    def without(note: str) -> Estimate:
        return Estimate(
            family=family,
            distribution=distribution,
            natural=natural,
            mean_statistic=mean,
            n=n,
            log_likelihood=log_likelihood,
            covariance=None,
            gradient_norm=float("nan"),
            condition=float("nan"),
            iterations=iterations,
            digits=float("nan"),
            note=note,
        )

    if not np.isfinite(natural).all():
        return without(EDGE)
    _, slope, information = program_of(family).run(natural)
    point = tensor(natural)
    if family.representative is not None:
        alike = family.representative(own)
        point = family.natural(**{k: tensor(v) for k, v in alike.items()})
        point = tensor(point.value)
        information = program_of(family).run(point.value)[2]
    usual = family.usual(point)
    rows = [jacobian(usual[name].reshape((-1,)), point).value for name in family.parameters]
    # In units of the statistics' standard deviations, so that units do not show as condition.
    spread = np.sqrt(np.diagonal(information))
    if not (np.isfinite(information).all() and (spread > 0).all()):
        return without(OUT_OF_RANGE)
    scaled = information / np.outer(spread, spread)
    slopes = np.concatenate(rows, axis=0) / spread
    noise = np.maximum(np.finfo(float).eps * np.abs(mean), np.abs(slope - mean)) / spread
    digits = _digits(family, scaled, noise, natural * spread) if iterations else 15.0
    return Estimate(
        family=family,
        distribution=distribution,
        natural=natural,
        mean_statistic=mean,
        n=n,
        log_likelihood=log_likelihood,
        covariance=slopes @ np.linalg.solve(scaled, slopes.T) / n,
        gradient_norm=float(np.linalg.norm(slope - mean)),
        condition=float(np.linalg.cond(scaled)),
        iterations=iterations,
        digits=digits,
        note=""
        if digits >= 8
        else f"Only about {digits:.0f} digits are left: the observations are nearly constant.",
    )


def _digits(family: ExponentialFamily, scaled: Array, noise: Array, natural: Array) -> float:
    """How many digits of η the rounding of the mean statistic leaves: δη = H⁻¹ δt̄.

    All in units of the statistics' standard deviations.

    Raises DomainError when it leaves none.
    """
    try:
        reach = np.abs(np.linalg.inv(scaled)) @ noise
        left = -float(np.log10(np.max(reach / np.abs(natural))))
    except np.linalg.LinAlgError:
        left = 0.0
    if not left >= 1:
        raise DomainError(
            f"the {family.name} family has no maximum likelihood estimate here: to within "
            "rounding the observations are all equal, so the likelihood grows without bound"
        )
    return min(left, 15.0)


def usual_values(family: ExponentialFamily, distribution: Distribution) -> dict[str, Array]:
    """The usual parameters that the family estimates, NumPy."""
    return {name: distribution.parameters[name].value for name in family.parameters}


def natural_from_mean(family: ExponentialFamily, mean: ArrayLike) -> Array:
    """The η with ∇A(η) = mean: the closed form, or Newton's method.

    Shapes: (d,) → (d,), NumPy. Raises DomainError for a mean that no member has.
    """
    wanted = as_data(mean, f"mean of the {family.name} family's statistic")
    if wanted.shape != (family.size,):
        raise ArgumentError(
            f"the {family.name} family's statistic has {family.size} numbers "
            f"({', '.join(family.statistics)}), not shape {wanted.shape}"
        )
    if family.usual_from_mean is not None:
        usual = family.usual_from_mean(tensor(wanted))
        eta = family.natural(**{k: usual[k] for k in family.parameters}).value
        if not np.isfinite(eta).all() or not family.inside(eta):
            raise DomainError(
                f"no member of the {family.name} family has the mean statistic "
                f"{np.array2string(wanted, precision=6)}"
            )
        return eta
    return solve_mean(family, wanted)[0]


def _newton_step(family: ExponentialFamily, curvature: Array, gap: Array) -> Array:
    """H⁻¹ gap, in units of the statistics' standard deviations."""
    spread = np.sqrt(np.diagonal(curvature))
    if not (np.isfinite(spread).all() and (spread > 0).all()):
        raise DomainError(
            f"the {family.name} family: the variance of {', '.join(family.statistics)} leaves the "
            "range of double precision; rescale the data, for example by their mean"
        )
    scaled = curvature / spread / spread[:, None]
    try:
        return np.linalg.solve(scaled, gap / spread) / spread
    except np.linalg.LinAlgError:
        raise DomainError(
            f"the {family.name} family: the information matrix is singular to rounding; the data "
            "lie at the edge of what the family can describe"
        ) from None


def solve_mean(family: ExponentialFamily, mean: Array) -> tuple[Array, int]:
    """Newton's method with step halving on the convex function A(η) - ⟨η, mean⟩."""
    if family.start is None:
        raise DomainError(f"the {family.name} family knows no start for Newton's method")
    program = program_of(family)
    eta = np.asarray(family.start(mean), dtype=np.float64)
    if not np.isfinite(eta).all() or not family.inside(eta):
        raise DomainError(
            f"no member of the {family.name} family has the mean statistic "
            f"{np.array2string(mean, precision=6)}"
        )
    value, slope, curvature = program.run(eta)
    goal = float(value) - float(eta @ mean)
    best, closest, stalled = np.inf, eta, 0
    for iteration in range(1, STEPS + 1):
        gap = slope - mean
        step = _newton_step(family, curvature, gap)
        decrement = float(gap @ step)
        # Half the decrement is the distance to the minimum; below rounding there is no more.
        if not decrement > 1e-26 * max(1.0, float(np.abs(eta @ mean))):
            return eta, iteration
        if decrement < 0.25 * best:
            best, closest, stalled = decrement, eta, 0
        stalled += 1
        if stalled > STALLED and best < 1e-9:
            return closest, iteration  # rounding of the gradient allows no better point
        size = 1.0
        while True:
            trial = eta - size * step
            if np.isfinite(trial).all() and family.inside(trial):
                value, slope, curvature = program.run(trial)
                new = float(value) - float(trial @ mean)
                slack = 1e-14 * (abs(goal) + abs(float(trial @ mean)))
                if new <= goal - 1e-4 * size * decrement + slack:
                    break
            size /= 2
            if size < 1e-12:
                return eta, iteration  # rounding allows no better point
        if size == 1.0 and np.array_equal(trial, eta):
            return eta, iteration
        if decrement < 1e-20 * max(1.0, abs(goal)) and size == 1.0:
            return trial, iteration
        eta, goal = trial, new
    raise ConvergenceError(
        f"the {family.name} family: {STEPS} Newton steps did not solve ∇A(η) = t̄; the gradient "
        f"still differs by {float(np.linalg.norm(slope - mean)):.3g} at η = {eta}. The data may "
        "lie at the edge of what the family can describe"
    )
