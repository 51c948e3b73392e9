"""The likelihood of responses as a function of linear predictors, with its derivatives.

Whatever the family and the link, score and curvature are derivatives that the engine takes of
one expression: ℓ_i(η_i), and with an estimated dispersion ℓ_i(η_i, ln φ).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from trivium.engine import array
from trivium.engine.composites import as_tensor
from trivium.engine.evaluate import value_of
from trivium.engine.passes.pipeline import improve
from trivium.engine.program import Program
from trivium.engine.tensor import Tensor, input, tensor
from trivium.engine.transforms import gradient
from trivium.mathematics.probability import links

from ..errors import RequestError
from ..objectives import BinaryCrossEntropy, CrossEntropy, SquaredError
from ..objectives.codes import chosen
from ..objectives.families import FAMILIES, Family
from ..objectives.likelihood import NegativeLogLikelihood

__all__ = ["Pieces", "Response", "response_of"]

Array = np.ndarray[Any, Any]


class Pieces(NamedTuple):
    """The losses of N examples and their derivatives, unweighted.

    ``losses`` (N,); ``score`` ∂ℓ/∂η (N, m); ``second`` ∂²ℓ/∂η² (N, m, m). With a dispersion
    that is a parameter, ω = ln φ: ``by_omega`` ∂ℓ/∂ω (N,), ``mixed`` ∂²ℓ/∂η∂ω (N, m),
    ``omega_second`` (N,).
    """

    losses: Array
    score: Array
    second: Array
    by_omega: Array | None = None
    mixed: Array | None = None
    omega_second: Array | None = None


class Response:
    """Responses of N examples: their family, link, values, sizes and weights.

    ``family``: None for the categorical distribution over ``classes`` classes, whose first
    class has the predictor 0 (m = classes - 1) unless ``full`` (m = classes). ``size``: trials
    or exposure (N,), or None. ``dispersion``: φ where it is fixed, None where it is estimated
    after the mean, "joint" where it is a parameter beside it. ``known``: the φ of a family in
    which it is a factor of the variance, where the user gave it.
    """

    def __init__(
        self,
        family: Family | None,
        link: str,
        y: Array,
        size: Array | None,
        weight: Array,
        *,
        dispersion: float | str | None = 1.0,
        classes: int = 0,
        full: bool = False,
        exposure: bool = False,
        known: float | None = None,
    ) -> None:
        self.family, self.link_name = family, link
        self.link = None if family is None else links.link(link)
        self.y, self.size, self.weight = y, size, weight
        self.dispersion, self.classes, self.full = dispersion, classes, full
        self.exposure, self.known = exposure, known
        self.outputs = 1 if family is not None else classes - (not full)
        self._programs: dict[bool, Program] = {}

    @property
    def name(self) -> str:
        """The family's name."""
        return "categorical" if self.family is None else self.family.name

    @property
    def joint(self) -> bool:
        """Whether the dispersion is a parameter beside the mean's."""
        return self.dispersion == "joint"

    def pieces(self, eta: Array, omega: float = 0.0, *, joint: bool | None = None) -> Pieces:
        """Losses and derivatives at predictors ``eta`` (N, m) and ln φ = ``omega``."""
        both = self.joint if joint is None else joint
        if both not in self._programs:
            self._programs[both] = self._compile(both)
        given = eta[:, 0] if self.family is not None else eta
        found = self._programs[both].run(given, np.full(len(eta), omega))
        losses, score, second, *rest = [np.asarray(each, np.float64) for each in found]
        n, m = len(eta), self.outputs
        pieces = Pieces(losses, score.reshape(n, m), second.reshape(m, n, m).swapaxes(0, 1))
        if not both:
            return pieces
        return pieces._replace(
            by_omega=rest[0], mixed=rest[1].reshape(n, m), omega_second=rest[2]
        )

    def _compile(self, joint: bool) -> Program:
        n = len(self.y)
        shape = (n,) if self.family is not None else (n, self.outputs)
        eta, omega = input(shape, "float64", name="eta"), input((n,), "float64", name="omega")
        (losses,) = improve([self._losses(eta, omega)])
        score = gradient(losses.sum(), eta)
        if self.family is not None:
            second: Any = gradient(score.sum(), eta)
        else:
            rows = [gradient(score[:, k].sum(), eta) for k in range(self.outputs)]
            second = array.stack(rows, axis=0)
        outputs = [losses, score, second]
        if joint:
            slope = gradient(losses.sum(), omega)
            outputs += [slope, gradient(slope.sum(), eta), gradient(slope.sum(), omega)]
        return Program([eta, omega], outputs, steps=30)

    def _losses(self, eta: Tensor, omega: Tensor) -> Tensor:
        if self.family is None:
            logits = eta
            if not self.full:
                logits = array.concat([array.zeros((len(self.y), 1)), eta], axis=1)
            return -chosen(array.log_softmax(logits, axis=1), as_tensor(self.y))
        size = None if self.size is None else tensor(self.size)
        assert self.link is not None
        return self.family.losses(self.link, eta, tensor(self.y), size, array.exp(omega))

    # --- the mean -------------------------------------------------------------------------

    def mean(self, eta: Array) -> Array:
        """μ (N,): the mean per unit of exposure or trial. (N, K) for classes."""
        if self.family is None:
            logits = (
                eta if self.full else np.concatenate([np.zeros((len(eta), 1)), eta], axis=1)
            )
            shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
            return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))
        assert self.link is not None
        return self._apply(self.link.inverse, eta[:, 0])

    def expected(self, eta: Array, phi: float) -> Array:
        """The expected curvature (dμ/dη)²/V(μ) per example at φ = 1, (N, 1, 1)."""
        assert self.family is not None and self.link is not None
        slope = self._apply(self.link.inverse_derivative, eta[:, 0])
        mean = self.mean(eta)
        factor: Array | float = 1.0
        if self.size is not None and self.exposure:
            slope, mean = self.size * slope, self.size * mean
        elif self.size is not None:
            factor = self.size
        variance = self._apply(self.family.model(phi).variance, mean)
        return np.asarray(factor * slope**2 / variance)[:, None, None]

    def unit_deviance(self, eta: Array, phi: float) -> Array:
        """d(y_i, μ_i) ≥ 0 of each example (N,), at φ = 1 where φ is a factor."""
        if self.family is None:
            p = self.mean(eta)[np.arange(len(self.y)), self.y]
            with np.errstate(divide="ignore"):
                return np.asarray(-2 * np.log(p))
        mean = self.mean(eta)
        factor: Array | float = 1.0
        if self.size is not None and self.exposure:
            mean = self.size * mean
        elif self.size is not None:
            factor = self.size
        model = self.family.model(phi)
        found = value_of(model.unit_deviance(tensor(self.y), tensor(mean)))
        return np.asarray(np.maximum(factor * found, 0.0))

    def pearson(self, eta: Array, phi: float) -> Array:
        """(y_i - μ_i)²/V(μ_i) of each example (N,); for classes Σ_k (1[y = k] - p_k)²/p_k."""
        if self.family is None:
            p = self.mean(eta)[np.arange(len(self.y)), self.y]
            with np.errstate(divide="ignore"):
                return np.asarray(1.0 / p - 1.0)
        mean = self.mean(eta)
        factor: Array | float = 1.0
        if self.size is not None and self.exposure:
            mean = self.size * mean
        elif self.size is not None:
            factor = self.size
        variance = self._apply(self.family.model(phi).variance, mean)
        return np.asarray(factor * (self.y - mean) ** 2 / variance)

    def constant(self) -> Array:
        """The predictors (m,) of the model without features; where families need a start."""
        w = self.weight
        if self.family is None:
            shares = np.bincount(self.y, weights=w, minlength=self.classes) / w.sum()
            logs = np.log(np.maximum(shares, 1e-300))
            return logs if self.full else logs[1:] - logs[0]
        sizes = np.ones(len(self.y)) if self.size is None else self.size
        if self.exposure:
            mean = (w * self.y).sum() / (w * sizes).sum()
        else:
            mean = (w * sizes * self.y).sum() / (w * sizes).sum()
        assert self.link is not None
        return self._apply(self.link.function, np.array([mean]))

    def _apply(self, function: Callable[[Tensor], Tensor], values: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(value_of(function(tensor(values))), np.float64)

    @property
    def signs(self) -> Array:
        """Which way η wants to go without end: +1, -1, or 0 where the response is inside.

        For a family and link of which no response is at the end of its range: all 0. Classes
        (more than two) have no signs.
        """
        if self.family is None or self.link is None:
            return np.zeros(len(self.y), int)
        if self.name == "bernoulli" or self.name == "binomial":
            if self.link.name in ("identity", "log", "inverse", "inverse_squared", "sqrt"):
                return np.zeros(len(self.y), int)  # they end at finite predictors
            return np.where(self.y <= 0, -1, np.where(self.y >= 1, 1, 0))
        if self.family.counts and self.link.name == "log":
            return np.where(self.y == 0, -1, 0)
        return np.zeros(len(self.y), int)

    @property
    def can_separate(self) -> bool:
        """Whether a likelihood of this kind may rise for ever."""
        return self.family is None or bool(self.signs.any())


def response_of(term: Any, y: Array, weight: Array, classes: int) -> Response:
    """What a data term says about encoded targets ``y``; RequestError where no likelihood."""
    kind = type(term)
    if kind is SquaredError:
        return Response(FAMILIES["normal"], "identity", y, None, weight, dispersion=None)
    if kind is BinaryCrossEntropy:
        return Response(FAMILIES["bernoulli"], "logit", y.astype(np.float64), None, weight)
    if kind is CrossEntropy:
        return Response(None, "softmax", y, None, weight, classes=classes)
    if kind is not NegativeLogLikelihood:
        raise RequestError(
            f"fit.summary() needs an objective that is a likelihood of a linear predictor, and "
            f"{term!r} is none that it knows: use SquaredError(), BinaryCrossEntropy(), "
            "CrossEntropy() or NegativeLogLikelihood(family)"
        )
    values, sizes = term.response(y)
    size = sizes if (term.exposure or term.family == "binomial") else None
    family = FAMILIES[term.family]
    dispersion: float | str | None = term.dispersion
    known = None
    if dispersion == "estimate":
        dispersion = "joint"
    elif not family.has_dispersion:
        dispersion = 1.0
    elif family.name != "negative_binomial":
        dispersion, known = None, term.dispersion
    return Response(
        family,
        term.link,
        values,
        size,
        weight,
        dispersion=dispersion,
        exposure=term.exposure,
        known=known,
    )
