"""Estimates, standard errors, tests and goodness of a fitted linear model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import RequestError
from .asked import Asked
from .goodness import Goodness, goodness
from .information import Information, information, sandwich
from .inspection import refuse_separated
from .maximum import Likelihood, State
from .rank import Independent, independent
from .setting import Setting, settings_of
from .summary import Coefficient, Summary

if TYPE_CHECKING:
    from .multivariate import MultivariateSummary

__all__ = ["summarise"]

Array = np.ndarray[Any, Any]
_NO_DISPERSION = 1e-6  # of a negative binomial


def summarise(
    fit: Any,
    data: Any = None,
    target: Any = None,
    *,
    level: float = 0.95,
    intervals: str = "wald",
    covariance: str | None = None,
    robust: str | None = None,
    dispersion: str | float | None = None,
) -> Summary | MultivariateSummary:
    """The inference of ``fit``; see ``Fit.summary`` for the options."""
    options = Asked(level, intervals, covariance, robust, dispersion)
    options.check()
    settings = settings_of(fit, data, target)
    found = [_summary(fit, each, options) for each in settings]
    if len(found) == 1:
        return found[0]
    from .multivariate import together

    return together(settings, found, fit.objective)


def _summary(fit: Any, setting: Setting, options: Asked) -> Summary:
    if setting.penalty is None and not setting.lasso:
        return _maximum_likelihood(fit, setting, options)
    return _posterior(fit, setting, options)


def _maximum_likelihood(fit: Any, setting: Setting, options: Asked) -> Summary:
    design, response = setting.design, setting.response
    refuse_separated(response, design.rows, design.names)
    found = independent(np.sqrt(response.weight)[:, None] * design.rows, design.order)
    kept = list(found.kept)
    theta = setting.theta[kept]
    dropped = [each.column for each in found.dependences]
    if dropped:
        theta = theta + found.combination @ setting.theta[dropped]
    likelihood = Likelihood(response, design.rows[:, kept], setting.offset)
    start = np.r_[theta.ravel(), [setting.omega] * response.joint]
    state = _finite(likelihood.at(start))
    facts = goodness(setting, likelihood, start, state, options.dispersion)
    kind = options.covariance or ("observed" if response.family is None else "expected")
    info = information(likelihood, state, kind, facts.inner_phi, None)
    matrix, words = facts.scale * info.inverse, f"inverse {kind} information"
    if options.robust is not None:
        matrix = sandwich(likelihood, state, info.inverse, options.robust)
        words = f"{options.robust} sandwich, bread the inverse {kind} information"
    notes = _notes(setting, found, info, facts, state, matrix)
    usable = facts.dispersion is not None
    estimates = _estimates(setting, kept, theta, matrix if usable else None)
    if options.intervals == "profile" and usable:
        ends, how = _profiles(
            likelihood, start, setting, kept, estimates, facts, options, notes
        )
    else:
        ends, how = None, "Wald, estimate ± quantile · standard error"
    return _assembled(
        fit, setting, options, facts, estimates, info.condition, ends, words, how, found, notes,
        None if facts.exact else _distance(state, info, matrix),
    )  # fmt: skip


def _finite(state: State) -> State:
    if not np.isfinite(state.value):
        raise RequestError(
            "the likelihood is 0 at the fitted parameters: some mean is outside of the family's "
            "domain, or a value is not finite. Fit with tv.algorithms.Newton(), or choose a "
            "link whose means are always possible (log, logit)"
        )
    return state


@dataclass(frozen=True, eq=False)
class _Estimates:
    """In the user's units: names, values (q, m), covariance (q m, q m) or None, and M."""

    names: list[str]
    values: Array
    covariance: Array | None
    transform: Array


def _estimates(
    setting: Setting, kept: list[int], theta: Array, covariance: Array | None
) -> _Estimates:
    matrix, names = setting.design.to_user(kept)
    values = matrix @ theta
    if not setting.design.bias and setting.offset:
        if len(values) == len(theta):
            values, names = (
                np.vstack([np.zeros(values.shape[1]), values]),
                ["intercept", *names],
            )
            matrix = np.vstack([np.zeros(matrix.shape[1]), matrix])
        values[0] += setting.offset
    m = theta.shape[1]
    transform = np.kron(matrix, np.eye(m))
    if setting.response.full:  # against the first class
        contrast = np.concatenate([-np.ones((m - 1, 1)), np.eye(m - 1)], axis=1)
        transform = np.kron(matrix, contrast)
        values = values[:, 1:] - values[:, :1]
    if setting.response.joint:
        transform = np.block(
            [
                [transform, np.zeros((len(transform), 1))],
                [np.zeros((1, transform.shape[1])), np.array([[np.exp(setting.omega)]])],
            ]
        )
    found = None if covariance is None else transform @ covariance @ transform.T
    return _Estimates(names, values, found, transform)


def _profiles(
    likelihood: Likelihood, best: Array, setting: Setting, kept: list[int],
    estimates: _Estimates, facts: Goodness, options: Asked, notes: list[str],
) -> tuple[list[tuple[float | None, float | None]], str]:  # fmt: skip
    from scipy import stats

    from .profile import profile_interval

    assert estimates.covariance is not None
    if facts.t_test:
        cutoff = float(stats.t.ppf(0.5 + options.level / 2, facts.df_residual)) ** 2
        how = "profile of the deviance, F distribution"
    else:
        cutoff = float(stats.chi2.ppf(options.level, 1))
        how = "profile likelihood, χ² distribution"
    errors = np.sqrt(np.diag(estimates.covariance))
    shift = setting.offset if not setting.design.bias else 0.0
    ends: list[tuple[float | None, float | None]] = []
    count = estimates.values.size
    for i in range(len(estimates.transform)):
        functional = estimates.transform[i]
        if not functional.any():
            ends.append((None, None))
            continue
        low, high = profile_interval(
            likelihood, best, functional, float(errors[i]), cutoff, facts.scale
        )
        middle = float(functional @ best)
        if i >= count:  # φ = e^ω: the profile is along ω
            phi = float(np.exp(best[-1]))
            low = None if low is None else phi * float(np.exp((low - middle) / phi))
            high = None if high is None else phi * float(np.exp((high - middle) / phi))
        else:
            constant = shift if i < estimates.values.shape[1] else 0.0
            low = None if low is None else low + constant
            high = None if high is None else high + constant
        if low is None or high is None:
            notes.append(
                "a profile interval has no end on one side: the likelihood does not fall that "
                "far however far the parameter goes"
            )
        ends.append((low, high))
    return ends, how


def _distance(state: State, info: Information, covariance: Array) -> float | None:
    """How many standard errors the next Newton step would move an estimate, at most."""
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    step = np.abs(info.inverse @ state.gradient)
    if not errors.size or not (errors > 0).all():
        return None
    return float((step / errors).max())


def _notes(
    setting: Setting, found: Independent, info: Information, facts: Goodness, state: State,
    covariance: Array,
) -> list[str]:  # fmt: skip
    notes = []
    if facts.df_residual <= 0 and not facts.fixed:
        notes.append(
            "there are as many parameters as examples: no residual degrees of freedom are left "
            "to estimate the dispersion, so there are no standard errors"
        )
    if setting.response.joint and setting.response.name == "negative_binomial":
        if np.exp(setting.omega) < _NO_DISPERSION:
            notes.append(
                "the dispersion is 0 to the fit's accuracy: the counts vary no more than those of "
                "a Poisson distribution, which the family 'poisson' fits with a parameter less; "
                "the dispersion's standard error and interval mean nothing at the edge of its range"
            )
    if not info.definite:
        notes.append(
            "the information matrix is not positive definite: the parameters are not at a "
            "maximum of the likelihood, and standard errors mean nothing there"
        )
    distance = None if facts.exact else _distance(state, info, covariance)
    if distance is not None and distance > 0.01:
        notes.append(
            f"the estimates are up to {distance:.2g} standard errors away from the maximum: fit "
            "for longer, or with a solver such as tv.algorithms.Newton()"
        )
    if np.log10(max(info.condition, 1.0)) > 6:
        left = max(16 - np.log10(info.condition), 0.0)
        notes.append(
            "some columns nearly depend on others: their estimates vary together, single standard "
            f"errors are large, and about {left:.0f} digits of an estimate can be trusted; sums "
            "such as predictions are more accurate. Powers of a feature keep their digits as "
            "orthogonal polynomials of it (numpy.polynomial.legendre.legvander, scaled to -1 … 1)"
        )
    return [*notes, *facts.notes]


def _posterior(fit: Any, setting: Setting, options: Asked) -> Summary:
    """With priors: the mode, and the curvature of the posterior where it has one."""
    if options.robust or options.covariance == "observed" or options.intervals == "profile":
        raise RequestError(
            f"with the penalty in {fit.objective!r} the estimates are those of a posterior: "
            "there is no sandwich and no profile likelihood of them. Ask for fit.summary() "
            "alone, or fit without the penalty"
        )
    response, design = setting.response, setting.design
    likelihood = Likelihood(response, design.rows, setting.offset)
    start = np.r_[setting.theta.ravel(), [setting.omega] * response.joint]
    state = _finite(likelihood.at(start))
    penalty = np.zeros(start.size)
    if setting.penalty is not None:
        penalty[: setting.theta.size] = setting.penalty.ravel()
    info = information(likelihood, state, "expected", 1.0, penalty)
    share = float(np.trace(info.inverse @ (info.matrix - np.diag(penalty))))
    facts = goodness(setting, likelihood, start, state, options.dispersion, effective=share)
    kept = list(range(len(design.names)))
    none = independent(np.zeros((1, 0)))
    notes = [
        "with a penalty the estimates are shrunk towards 0 and biased, so tests and confidence "
        "intervals are not valid"
    ]
    matrix: Array | None = None
    if setting.lasso:
        notes[0] += (
            "; an L1 penalty also chooses which coefficients are 0, and its posterior has no "
            "curvature there: no standard errors are given"
        )
        words = "none (L1 penalty)"
    else:
        matrix = facts.scale * info.inverse
        words = "posterior standard deviations, from its curvature at the mode"
        notes[0] += (
            "; what is given are the standard deviations and credible intervals of the "
            "posterior's normal approximation (Laplace), without p-values"
        )
    slope = state.gradient + penalty * start
    distance = None
    if matrix is not None and not setting.response.full:
        errors = np.sqrt(np.diag(matrix))
        step = np.abs(info.inverse @ slope)
        distance = float((step / np.where(errors > 0, errors, np.inf)).max(initial=0.0))
        if distance > 0.01:
            notes.append(
                f"the estimates are up to {distance:.2g} posterior standard deviations away "
                "from the mode: fit for longer, or with a solver"
            )
    estimates = _estimates(setting, kept, setting.theta, matrix)
    return _assembled(
        fit, setting, options, facts, estimates, info.condition, None, words,
        "credible, normal approximation" if matrix is not None else "none", none,
        [*notes, *facts.notes], distance, tested=False,
    )  # fmt: skip


def _assembled(
    fit: Any, setting: Setting, options: Asked, facts: Goodness, estimates: _Estimates,
    condition: float, ends: Any, words: str, how: str, found: Independent, notes: list[str],
    distance: float | None, tested: bool = True,
) -> Summary:  # fmt: skip
    design = setting.design
    dropped = {
        design.names[each.column]: _why(each.column, each.sentence(design.names), setting)
        for each in found.dependences
    }
    link = setting.response.link_name
    return Summary(
        title=f"{_title(setting)}: {fit.objective!r}",
        family=setting.response.name,
        link=link,
        coefficients=_table(setting, estimates, facts, options, ends, tested),
        covariance=_ordered(setting, estimates),
        covariance_from=words if estimates.covariance is not None else "none",
        intervals=how if estimates.covariance is not None else "none",
        level=options.level,
        statistic="t" if facts.t_test else "z",
        condition=condition,
        digits_lost=float(np.log10(max(condition, 1.0))),
        gradient_norm=setting.gradient_norm,
        distance=distance,
        dropped=dropped,
        notes=tuple(dict.fromkeys(notes)),
        **facts.shown(),
    )


def _why(column: int, sentence: str, setting: Setting) -> str:
    category = setting.design.baselines.get(column)
    if category is None:
        return sentence
    return f"the level of {category!r} that the others are compared with ({sentence})"


def _title(setting: Setting) -> str:
    response = setting.response
    if response.family is None:
        return "Multinomial logistic regression" if response.classes > 2 else (
            "Logistic regression"
        )  # fmt: skip
    if response.name == "normal" and response.link_name == "identity":
        return "Linear regression"
    if response.name in ("bernoulli", "binomial") and response.link_name == "logit":
        return "Logistic regression"
    return f"Generalised linear model, {response.name} family, {response.link_name} link"


def _table(
    setting: Setting, estimates: _Estimates, facts: Goodness, options: Asked, ends: Any,
    tested: bool,
) -> tuple[Coefficient, ...]:  # fmt: skip
    from scipy import stats

    law: Any = stats.t(facts.df_residual) if facts.t_test else stats.norm
    width = float(law.ppf(0.5 + options.level / 2))
    q, m = estimates.values.shape
    joint = setting.response.joint
    made: dict[int, Coefficient] = {}
    errors = None
    if estimates.covariance is not None:
        errors = np.sqrt(np.maximum(np.diag(estimates.covariance), 0.0))
    for i in range(q * m + joint):
        if i < q * m:
            name, equation = estimates.names[i // m], setting.equations[i % m]
            value = float(estimates.values.flat[i])
        else:
            name, equation, value = "dispersion", "", float(np.exp(setting.omega))
        error = None if errors is None else float(errors[i])
        if error is None or error == 0:
            made[i] = Coefficient(name, value, None, None, None, None, None, equation)
            continue
        low, high = (value - width * error, value + width * error)
        if i >= q * m:  # a dispersion is positive: the interval is that of its logarithm
            with np.errstate(over="ignore"):
                low, high = (value * float(np.exp(s * width * error / value)) for s in (-1, 1))
        interval = (low, high) if ends is None else ends[i]
        test = tested and i < q * m
        ratio = value / error if test else None
        p = float(2 * law.sf(abs(ratio))) if ratio is not None else None
        start, end = (None if each is None or np.isinf(each) else each for each in interval)
        made[i] = Coefficient(name, value, error, ratio, p, start, end, equation)
    return tuple(made[i] for i in _order(setting, estimates))


def _order(setting: Setting, estimates: _Estimates) -> list[int]:
    """One equation after the other, then the dispersion."""
    q, m = estimates.values.shape
    places = sorted(range(q * m), key=lambda i: (i % m, i // m))
    return places + [q * m] * setting.response.joint


def _ordered(setting: Setting, estimates: _Estimates) -> Array | None:
    if estimates.covariance is None:
        return None
    order = _order(setting, estimates)
    return estimates.covariance[np.ix_(order, order)]
