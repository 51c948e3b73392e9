"""How well a linear model's likelihood fits: deviance, dispersion, information criteria."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .maximum import Likelihood, State, maximise
from .response import Response
from .setting import Setting

__all__ = ["Goodness", "goodness"]

Array = np.ndarray[Any, Any]
#: Families whose dispersion is a factor of the variance.
_FACTOR = ("normal", "gamma", "inverse_gaussian")


@dataclass(frozen=True, eq=False)
class Goodness:
    """See ``Summary``. ``scale``: what multiplies the inverse information at φ = 1.

    ``inner_phi``: the φ inside the variance function (negative binomial). ``t_test``: whether
    statistics are compared with Student's distribution. ``fixed``: whether φ is known.
    ``exact``: whether the fit is exact to rounding.
    """

    n: int
    df_model: float
    df_residual: float
    parameters: float
    dispersion: float | None
    dispersion_from: str
    deviance: float
    null_deviance: float | None
    pearson: float
    log_likelihood: float | None
    null_log_likelihood: float | None
    r_squared: float | None
    adjusted_r_squared: float | None
    f_statistic: float | None
    f_p_value: float | None
    scale: float
    inner_phi: float
    t_test: bool
    fixed: bool
    exact: bool
    notes: tuple[str, ...]

    def shown(self) -> dict[str, Any]:
        """The fields of a summary."""
        names = (
            "n", "df_model", "df_residual", "parameters", "dispersion", "dispersion_from",
            "deviance", "null_deviance", "pearson", "log_likelihood", "null_log_likelihood",
            "r_squared", "adjusted_r_squared", "f_statistic", "f_p_value",
        )  # fmt: skip
        found = {name: getattr(self, name) for name in names}
        found["aic"] = found["bic"] = None
        found["likelihood_ratio"] = found["likelihood_ratio_p_value"] = None
        if self.log_likelihood is not None:
            found["aic"] = 2 * self.parameters - 2 * self.log_likelihood
            found["bic"] = self.parameters * math.log(self.n) - 2 * self.log_likelihood
            if self.null_log_likelihood is not None and self.df_model > 0:
                from scipy import stats

                ratio = max(2 * (self.log_likelihood - self.null_log_likelihood), 0.0)
                found["likelihood_ratio"] = ratio
                found["likelihood_ratio_p_value"] = float(stats.chi2.sf(ratio, self.df_model))
        return found


def goodness(
    setting: Setting, likelihood: Likelihood, point: Array, state: State, asked: Any,
    effective: float | None = None,
) -> Goodness:  # fmt: skip
    """The goodness of the parameters ``point``. ``effective``: their number under a penalty."""
    response, weight, n = setting.response, setting.response.weight, setting.n
    inner = _inner(response, point)
    deviance = float(weight @ response.unit_deviance(state.eta, inner))
    pearson = float(weight @ response.pearson(state.eta, inner))
    count = float(likelihood.size - response.joint) if effective is None else effective
    df = n - count if response.family is not None else n * (response.classes - 1) - count
    bias = setting.design.bias
    phi, source, fixed = _dispersion(response, point, asked, deviance, pearson, df)
    null_deviance, null_log = _null(setting, point, inner)
    log_likelihood, free = _log_likelihood(response, state, inner)
    notes = []
    if log_likelihood is None:
        notes.append("the fit is exact, so the log-likelihood has no upper bound")
    r2 = adjusted = f = p = None
    if response.name == "normal" and response.link_name == "identity" and null_deviance:
        r2, adjusted, f, p = _r_squared(deviance, null_deviance, n, count, df, bias, effective)
    return Goodness(
        n=n,
        df_model=count - bias * _equations(response),
        df_residual=df,
        parameters=count + free,
        dispersion=phi,
        dispersion_from=source,
        deviance=deviance,
        null_deviance=null_deviance,
        pearson=pearson,
        log_likelihood=log_likelihood,
        null_log_likelihood=null_log if effective is None else None,
        r_squared=r2,
        adjusted_r_squared=adjusted,
        f_statistic=f,
        f_p_value=p,
        scale=1.0 if phi is None or response.joint or not _scaled(response, asked) else phi,
        inner_phi=inner,
        t_test=not fixed and df > 0,
        fixed=fixed,
        exact=log_likelihood is None,
        notes=tuple(notes),
    )


def _equations(response: Response) -> int:
    return 1 if response.family is not None else response.classes - 1


def _inner(response: Response, point: Array) -> float:
    """The φ that the variance function and the unit deviance contain."""
    if response.joint and response.name == "negative_binomial":
        return float(np.exp(point[-1]))
    return response.dispersion if isinstance(response.dispersion, float) else 1.0


def _scaled(response: Response, asked: Any) -> bool:
    return asked is not None or response.name in _FACTOR


def _dispersion(
    response: Response, point: Array, asked: Any, deviance: float, pearson: float, df: float
) -> tuple[float | None, str, bool]:
    if asked == "pearson" or (asked is None and response.dispersion is None):
        if response.known is not None and asked is None:
            return response.known, "as given", True
        return (pearson / df if df > 0 else None), "Pearson χ²/residual df", False
    if asked == "deviance":
        return (deviance / df if df > 0 else None), "deviance/residual df", False
    if asked is not None:
        return float(asked), "as given", True
    if response.joint:
        return float(np.exp(point[-1])), "maximum likelihood", True
    assert isinstance(response.dispersion, float)
    if response.name == "negative_binomial":
        return response.dispersion, "as given", True
    return 1.0, "fixed by the family", True


def _log_likelihood(response: Response, state: State, inner: float) -> tuple[float | None, int]:
    """At the φ that maximises it where φ is free; and how many parameters φ counts as."""
    if response.joint:
        return -state.value, 1
    if response.dispersion is not None:
        return -state.value, 0
    if response.known is not None:
        pieces = response.pieces(state.eta, math.log(response.known), joint=True)
        return -float(response.weight @ pieces.losses), 0
    return best_dispersion(response, state.eta), 1


def best_dispersion(response: Response, eta: Array) -> float | None:
    """max over φ of the log-likelihood at predictors ``eta``; None where it is unbounded."""
    deviance = float(response.weight @ response.unit_deviance(eta, 1.0))
    total = float(response.weight.sum())
    size = float(np.abs(response.y).max(initial=0.0)) or 1.0
    floor = 1e-28 * (size**2 if response.name == "normal" else 1.0)
    if deviance <= floor * total:
        return None
    omega = math.log(deviance / total)
    value = math.inf
    for _ in range(100):  # Newton in ω = ln φ, in which the likelihood is smooth
        pieces = response.pieces(eta, omega, joint=True)
        assert pieces.by_omega is not None and pieces.omega_second is not None
        slope = float(response.weight @ pieces.by_omega)
        curve = float(response.weight @ pieces.omega_second)
        value = float(response.weight @ pieces.losses)
        step = -slope / curve if curve > 0 else -math.copysign(1.0, slope)
        omega += max(min(step, 2.0), -2.0)
        if abs(step) < 1e-9:
            break
    return -value


def _null(setting: Setting, point: Array, inner: float) -> tuple[float | None, float | None]:
    """Deviance and log-likelihood of the model without features."""
    response = setting.response
    n, m = setting.n, response.outputs
    if setting.design.bias:
        likelihood = Likelihood(response, np.ones((n, 1)))
        start = np.r_[response.constant(), [setting.omega] * response.joint]
        if not np.isfinite(start).all():
            return None, None
        if response.joint:
            held = maximise(likelihood, start, np.eye(2)[:, :1])
            eta = held.state.eta
            free = maximise(likelihood, held.parameters)
            log_likelihood: float | None = -free.state.value
        else:
            found = maximise(likelihood, start)
            eta = found.state.eta
            log_likelihood = _log_likelihood(response, found.state, inner)[0]
    else:
        likelihood = Likelihood(response, np.zeros((n, 0)), setting.offset)
        state = likelihood.at(np.r_[np.zeros(0), [setting.omega] * response.joint])
        if not np.isfinite(state.value):
            return None, None  # η = 0 gives no mean of the family
        eta = state.eta
        log_likelihood = None if response.joint else _log_likelihood(response, state, inner)[0]
    assert eta.shape == (n, m)
    return float(response.weight @ response.unit_deviance(eta, inner)), log_likelihood


def _r_squared(
    residual: float, total: float, n: int, count: float, df: float, bias: bool,
    effective: float | None,
) -> tuple[float, float | None, float | None, float | None]:  # fmt: skip
    from scipy import stats

    r2 = 1 - residual / total
    if effective is not None or df <= 0:
        return r2, None, None, None
    adjusted = 1 - (residual / df) / (total / (n - bias))
    between = count - bias
    if between <= 0:
        return r2, adjusted, None, None
    if residual <= 0:
        return r2, adjusted, None, None
    f = ((total - residual) / between) / (residual / df)
    return r2, adjusted, f, float(stats.f.sf(f, between, df))
