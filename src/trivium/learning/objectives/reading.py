"""What minimising an objective means in statistics' words.

With n examples and a data term of weight c, n·J/c is the negative log-likelihood up to a factor
κ and a constant: κ = 1/(2σ²) for squared error (Gaussian noise), 1/b for absolute error
(Laplace noise), 1 for cross-entropy. A penalty λ·R(θ) then is -ln of the prior density ∝ exp(-κ
n (λ/c) R(θ)): Gaussian for L2 with 1/(2τ²) = κ n λ/c, Laplace for L1 with 1/s = κ n λ/c.
Source: Bishop (2006), *Pattern Recognition and Machine Learning*, §1.2.5 and §3.1.4; Vapnik
(1998), *Statistical Learning Theory*, for empirical and structural risk.
"""

from __future__ import annotations

from typing import NamedTuple

from ..errors import RequestError
from ..options import whole
from .base import DataTerm, Objective, Penalty
from .classification import BinaryCrossEntropy, CrossEntropy, Hinge
from .joint import JointLikelihood
from .likelihood import NegativeLogLikelihood
from .penalties import L1, L2
from .regression import AbsoluteError, Huber, SquaredError

__all__ = ["reading"]


class _Likelihood(NamedTuple):
    """How a data term reads as -ln p(y | x, θ), up to 1/κ and a constant.

    ``scale``: the symbol of 1/κ ("" for 1); ``doubled``: whether 1/κ carries a factor 2.
    """

    sentence: str
    scale: str
    doubled: bool
    name: str


_LIKELIHOODS: dict[type, _Likelihood] = {
    SquaredError: _Likelihood(
        "Likelihood: y = f(x; θ) + ε with Gaussian noise, ε ~ N(0, σ²), independent and of one "
        "variance σ² in all examples and outputs; then -ln p(y | x, θ) = ‖f(x; θ) - y‖²/(2σ²) "
        "+ constant.",
        "σ²",
        True,
        "Gaussian noise",
    ),
    AbsoluteError: _Likelihood(
        "Likelihood: y = f(x; θ) + ε with Laplace noise, p(ε) = exp(-|ε|/b)/(2b), independent "
        "and of one scale b in all examples and outputs; then -ln p(y | x, θ) = ‖f(x; θ) - "
        "y‖₁/b + constant. f estimates the median of y at x.",
        "b",
        False,
        "Laplace noise",
    ),
    Huber: _Likelihood(
        "Likelihood: y = f(x; θ) + ε with p(ε) ∝ exp(-ρ(ε)/s), Gaussian in the middle with the "
        "tails of a Laplace density (Huber's least favourable density); then -ln p(y | x, θ) = "
        "ρ(f(x; θ) - y)/s + constant.",
        "s",
        False,
        "Huber's density",
    ),
    CrossEntropy: _Likelihood(
        "Likelihood: y ~ Categorical(softmax(f(x; θ))); the objective is the mean of -ln p(y | "
        "x, θ) in nats, and its minimum also minimises the KL divergence from the empirical "
        "distribution of the labels.",
        "",
        False,
        "a categorical distribution",
    ),
    JointLikelihood: _Likelihood(
        "Likelihood of features and class together: (x, y) ~ p(y; π) p(x | y; θ); the "
        "objective is the mean of -ln p(x, y | θ) in nats, so how the features arise counts "
        "and not only which class they mean; p(y | x) follows by Bayes' rule.",
        "",
        False,
        "a joint distribution of features and class",
    ),
    BinaryCrossEntropy: _Likelihood(
        "Likelihood: y ~ Bernoulli(σ(f(x; θ))); the objective is the mean of -ln p(y | x, θ) "
        "in nats, as in logistic regression.",
        "",
        False,
        "a Bernoulli distribution",
    ),
}


def reading(objective: Objective, n: int | None = None) -> str:
    """The statistical reading of ``objective``, a few sentences on separate lines.

    ``n``: the number of examples, to state priors as numbers. Raises RequestError when there is
    no data term, and for an n that is no positive whole number.
    """
    if n is not None:
        n = whole("reading", "n", n)
    data = [(c, term) for c, term in objective.data_terms if c > 0]
    penalties = [(c, term) for c, term in objective.penalties if c > 0]
    if not data:
        raise RequestError(
            f"{objective!r} has no term that looks at the data, so it says nothing about them; "
            "add one such as SquaredError() or CrossEntropy()"
        )
    likelihood = _likelihood(data[0][1]) if len(data) == 1 else None
    lines = [
        _headline(likelihood, penalties),
        _data_sentence(data, likelihood),
        *_prior_sentences(data, penalties, likelihood, n),
        *_weights_sentence(data),
        _risk_sentence(data, penalties),
    ]
    return "\n".join(lines)


def _likelihood(term: DataTerm) -> _Likelihood | None:
    if isinstance(term, NegativeLogLikelihood):
        return _Likelihood(term.sentence(), "", False, f"{term.words()}, {term.link} link")
    return _LIKELIHOODS.get(type(term))


def _headline(likelihood: _Likelihood | None, penalties: list[tuple[float, Penalty]]) -> str:
    if likelihood is None:
        return (
            "Regularised risk minimisation, without a probability model."
            if penalties
            else "Risk minimisation, without a probability model."
        )
    if penalties:
        return (
            f"Maximum a posteriori (MAP): a likelihood with {likelihood.name} and a prior on θ."
        )
    return f"Maximum likelihood under {likelihood.name}."


def _data_sentence(data: list[tuple[float, DataTerm]], likelihood: _Likelihood | None) -> str:
    if likelihood is not None:
        return likelihood.sentence
    if len(data) > 1:
        words = " and ".join(repr(term) for _, term in data)
        return f"Data: the sum of {words} is not read as the logarithm of one likelihood."
    term = data[0][1]
    if isinstance(term, Hinge):
        return (
            "Data: the hinge loss is a convex upper bound of the 0-1 loss (the share of wrong "
            "answers), not the logarithm of a normalised likelihood; scores are no "
            "probabilities."
        )
    return f"Data: {term!r} has no registered reading as a likelihood."


def _prior_sentences(
    data: list[tuple[float, DataTerm]],
    penalties: list[tuple[float, Penalty]],
    likelihood: _Likelihood | None,
    n: int | None,
) -> list[str]:
    lines = []
    for weight, penalty in penalties:
        ratio = weight / data[0][0]
        if likelihood is None:
            lines += _margin_sentence(data, penalty, ratio, n)
            continue
        which = "every parameter" if getattr(penalty, "biases", True) else "every weight"
        flat = "" if getattr(penalty, "biases", True) else "; biases have a flat prior"
        if isinstance(penalty, L2):
            width = _width(likelihood, ratio, n, doubled=True)
            lines.append(f"Prior: {which} w ~ N(0, τ²) with variance τ² = {width}{flat}.")
        elif isinstance(penalty, L1):
            width = _width(likelihood, ratio, n, doubled=False)
            lines.append(
                f"Prior: {which} w ~ Laplace(0, s), p(w) ∝ exp(-|w|/s), with scale s = "
                f"{width}{flat}."
            )
        else:
            lines.append(f"Prior: p(θ) ∝ exp(-R(θ)) with R proportional to {penalty!r}.")
    if likelihood is not None and len(penalties) > 1:
        lines.append("The priors' densities multiply (and are normalised together).")
    return lines


def _width(likelihood: _Likelihood, ratio: float, n: int | None, *, doubled: bool) -> str:
    """The variance 1/(2κnλ) of a Gaussian prior (``doubled``), or the scale 1/(κnλ)."""
    top, bottom = (2 if likelihood.doubled else 1), (2 if doubled else 1)
    symbol = likelihood.scale
    above = {0.5: symbol or "1", 1.0: symbol or "1", 2.0: f"2{symbol}"}[top / bottom]
    below = "2λn" if bottom > top else "λn"
    formula = f"{above}/({below}), λ = {ratio:g}"
    if n is None:
        return formula
    value = f"{top / (bottom * ratio * n):.6g}"
    return f"{formula}, n = {n}: {value}{'·' + symbol if symbol else ''}"


def _margin_sentence(
    data: list[tuple[float, DataTerm]], penalty: Penalty, ratio: float, n: int | None
) -> list[str]:
    if len(data) == 1 and isinstance(data[0][1], Hinge) and isinstance(penalty, L2):
        cost = f"1/(2λn), λ = {ratio:g}"
        value = "" if n is None else f", n = {n}: {1 / (2 * ratio * n):.6g}"
        return [
            "With L2 this is the soft-margin support vector machine ½‖w‖² + C Σ_i hinge_i with "
            f"C = {cost}{value}; 1/‖w‖ is the margin."
        ]
    return [f"The penalty {penalty!r} prefers small parameters; it has no prior to go with it."]


def _weights_sentence(data: list[tuple[float, DataTerm]]) -> list[str]:
    if all(term.class_weight is None for _, term in data):
        return []
    return [
        "Class weights multiply each example's loss, as if its class had been seen "
        "that much more often; probabilities then refer to those class frequencies."
    ]


def _risk_sentence(
    data: list[tuple[float, DataTerm]], penalties: list[tuple[float, Penalty]]
) -> str:
    losses = " + ".join(type(term).__name__ for _, term in data)
    if penalties:
        return (
            f"Risk: the structural risk, which is the empirical risk (the mean {losses} over "
            "the examples) plus a penalty on complexity."
        )
    return (
        f"Risk: the empirical risk (the mean {losses} over the examples), an estimate of the "
        "expected risk that is optimistic on the data it was minimised on."
    )
