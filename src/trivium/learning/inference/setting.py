"""From a fit to a statistical problem: response, design and parameters in the user's units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trivium.learning.data import Dataset, as_dataset
from trivium.learning.data.target_codes import NumberTarget

from ..errors import DataError, RequestError
from ..models import Linear
from ..objectives import L1, L2, CrossEntropy, SquaredError
from ..objectives.base import LOG_DISPERSION
from .design import Design, design_of
from .response import Response, response_of

__all__ = ["Setting", "check_model", "settings_of"]

Array = np.ndarray[Any, Any]
_LARGEST = 1e100


@dataclass(frozen=True, eq=False)
class Setting:
    """A linear model's likelihood problem.

    ``theta``: (p, m), the parameters of the design's columns in the units of the response, ω
    apart. ``offset``: what is added to every predictor. ``penalty``: (p, m), the curvature of
    the L2 prior per unit of -ln p (None without one). ``lasso``: whether there is an L1 term.
    ``equations``: names of the m outcomes ("" for one). ``contrasts``: for the full softmax, how
    the equations follow from its K columns.
    """

    response: Response
    design: Design
    theta: Array
    omega: float
    offset: float
    penalty: Array | None
    lasso: bool
    equations: tuple[str, ...]
    n: int
    gradient_norm: float


def check_model(model: Any, objective: Any) -> None:
    """Raise RequestError, with the reason, where there is no inference."""
    name = type(model).__name__
    if type(model) is not Linear:
        raise RequestError(
            f"fit.summary() is for tv.models.Linear, whose parameters have standard errors from "
            f"the curvature of the likelihood; {name} is not linear in its parameters (or may "
            "not be), so that its optima are many and its parameters no estimates of anything. "
            "Fit tv.models.Linear() on the features (powers and products as columns of their own)"
        )
    if model.output != "scores":
        raise RequestError(
            "fit.summary() needs the linear predictor as output: leave output=None, and let the "
            "objective turn it into a probability (CrossEntropy(), BinaryCrossEntropy())"
        )
    terms = [(c, term) for c, term in objective.data_terms if c > 0]
    if len(terms) != 1:
        raise RequestError(
            f"fit.summary() needs one data term that is a likelihood; {objective!r} has "
            f"{len(terms)}"
        )
    for _, penalty in objective.penalties:
        if type(penalty) not in (L1, L2):
            raise RequestError(f"fit.summary() knows the priors L1() and L2(), not {penalty!r}")


def settings_of(fit: Any, data: Any, target: Any) -> list[Setting]:
    """The statistical problems of ``fit`` on its training data: one for each response."""
    from trivium.learning.fit.problem import encode_part

    check_model(fit.model, fit.objective)
    dataset = _training(fit, data, target)
    options = replace(fit.options, dtype="float64")
    part = encode_part(dataset, fit.encoder, fit.objective, options)
    ((factor, term),) = [(c, term) for c, term in fit.objective.data_terms if c > 0]
    x = np.asarray(part.x, np.float64)
    weight = np.ones(len(x)) if part.weight is None else np.asarray(part.weight, np.float64)
    values = {path: value.astype(np.float64) for path, value in fit.parameters().items()}
    design = design_of(x, "bias" in values, fit.encoder)
    _require_moderate(design)
    y, spread, centre = _units(term, part.y, fit.encoder)
    theta = _theta(values, design.bias, spread, centre)
    penalty, lasso = _penalties(fit.objective, factor, term, theta.shape, design.bias, len(x))
    several = y.ndim > 1 and type(term) is SquaredError
    found = []
    for k in range(y.shape[1] if several else 1):
        place = slice(k, k + 1) if several else slice(None)
        response = response_of(
            term, y[:, k] if several else y, weight, len(fit.encoder.classes or ())
        )
        _require_moderate_target(response)
        own = theta[:, place]
        response.full = type(term) is CrossEntropy and penalty is not None
        if type(term) is CrossEntropy:
            if response.full:
                response.outputs = response.classes
            else:
                own = own[:, 1:] - own[:, :1]
        made = Setting(
            response=response,
            design=design,
            theta=own,
            omega=float(values.get(LOG_DISPERSION, 0.0)),
            offset=0.0 if design.bias else float(np.ravel(centre)[k]),
            penalty=None if penalty is None else penalty[:, place],
            lasso=lasso,
            equations=_equations(fit, term),
            n=len(x),
            gradient_norm=fit.gradient_norm,
        )
        if several and y.shape[1] > 1:
            made = replace(made, equations=(f"{fit.encoder.target.name}[{k}]",))
        found.append(made)
    return found


def _require_moderate(design: Design) -> None:
    """Refuse columns whose squares, or those of their coefficients, leave double precision."""
    sizes = np.abs(design.rows).max(axis=0, initial=0.0)
    for name, size, spread in zip(design.names, sizes, design.spread, strict=True):
        for each in (size, spread):
            if each > _LARGEST or 0 < each < 1 / _LARGEST:
                raise RequestError(
                    f"column {name!r} has numbers of about {each:.1g}: squares of it or of its "
                    f"coefficient leave double precision, so there are no standard errors. Give "
                    f"it in other units (divided by {each:.0g})"
                )


def _require_moderate_target(response: Response) -> None:
    """Refuse responses whose squares leave double precision."""
    sizes = np.abs(np.asarray(response.y, np.float64))
    largest = float(sizes.max(initial=0.0))
    positive = response.name in ("gamma", "inverse_gaussian")
    least = float(sizes.min(initial=1.0)) if positive else largest
    for each in (largest, least):
        if each > _LARGEST or 0 < each < 1 / _LARGEST:
            raise RequestError(
                f"the target has numbers of about {each:.1g}, whose squares leave double "
                f"precision, so there are no standard errors. Give it in other units"
            )


def _training(fit: Any, data: Any, target: Any) -> Dataset:
    if data is not None:
        dataset = as_dataset(data, fit._target(target, data))
        if not len(dataset):
            raise DataError("there are no rows to compute standard errors from")
        return dataset
    if fit.training is None:
        raise RequestError(
            "the training data are not in memory (a fit that was loaded holds none): pass them, "
            "fit.summary((x, y)) or fit.summary(dataset)"
        )
    training: Dataset = fit.training
    return training


def _units(term: Any, y: Array, encoder: Any) -> tuple[Array, Array, Array]:
    """The response in the user's units, and how far an encoded target is from them."""
    if type(term) is not SquaredError or not isinstance(encoder.target, NumberTarget):
        return y, np.ones(()), np.zeros(())
    target = encoder.target
    return np.asarray(target.decode(y)), np.asarray(target.spread), np.asarray(target.centre)


def _theta(values: dict[str, Array], bias: bool, spread: Array, centre: Array) -> Array:
    weight = values["weight"]
    rows = weight.reshape(len(weight), -1) * spread
    if bias:
        first = np.reshape(values["bias"], (1, -1)) * spread + centre
        rows = np.concatenate([first, rows])
    return rows


def _penalties(
    objective: Any, factor: float, term: Any, shape: tuple[int, ...], bias: bool, n: int
) -> tuple[Array | None, bool]:
    """The curvature of -ln prior, at φ = 1 where φ is a factor; and whether L1 takes part.

    n J/c = Σ loss + (n λ/c)‖w‖²: twice the negative log-likelihood per φ for squared error.
    """
    found, lasso = np.zeros(shape), False
    likelihood = 0.5 if type(term) is SquaredError else float(_fixed(term))
    for strength, penalty in objective.penalties:
        if strength <= 0:
            continue
        if type(penalty) is L1:
            lasso = True
            continue
        first = 0 if penalty.biases or not bias else 1
        found[first:] += 2 * n * strength / factor * likelihood
    return (found if found.any() else None), lasso


def _fixed(term: Any) -> float:
    """The dispersion that the loss was divided by while fitting."""
    known = getattr(term, "dispersion", None)
    family = getattr(term, "family", "")
    if family in ("normal", "gamma", "inverse_gaussian") and isinstance(known, float):
        return known
    return 1.0


def _equations(fit: Any, term: Any) -> tuple[str, ...]:
    classes = fit.classes
    if classes is None:
        return ("",)
    if type(term) is not CrossEntropy:
        return (f"log-odds of {classes[1]!r} against {classes[0]!r}",) if _logit(term) else (
            f"predictor of {classes[1]!r} against {classes[0]!r}",
        )  # fmt: skip
    return tuple(f"log-odds of {each!r} against {classes[0]!r}" for each in classes[1:])


def _logit(term: Any) -> bool:
    return getattr(term, "link", "logit") == "logit"
