"""Bounds on the true error of a classifier, each with what it assumes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from trivium.learning.errors import RequestError

from .inversion import binomial_inverse, confidence_of, kl_inverse, one_number, rate, whole
from .rademacher import Complexity

__all__ = [
    "Bound",
    "occam_bound",
    "pac_bayes_bound",
    "rademacher_bound",
    "test_set_bound",
    "vc_bound",
]

_INDEPENDENT = "the examples are drawn independently from the distribution the error is about"


@dataclass(frozen=True)
class Bound:
    """An upper bound on a true error rate that holds with probability ``confidence``.

    ``value``: the bound; 1 or more is ``vacuous``: it says nothing that was not known before.
    ``error``: the rate observed on the ``n`` examples that the bound rests on. ``assumptions``:
    what must hold, in sentences. ``source``: the theorem. ``details``: further numbers by name.
    """

    name: str
    value: float
    error: float
    n: int
    confidence: float
    source: str
    assumptions: tuple[str, ...]
    details: dict[str, float] = field(default_factory=dict)

    @property
    def vacuous(self) -> bool:
        """Whether the bound says nothing: an error rate is at most 1 without any theorem."""
        return not self.value < 1

    @property
    def gap(self) -> float:
        """How far the bound lies above the observed error."""
        return self.value - self.error

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        verdict = ": vacuous, it says nothing" if self.vacuous else ""
        lines = [
            f"{self.name}: true error ≤ {self.value:.4g} with probability {self.confidence:g} "
            f"(observed {self.error:.4g} on {self.n:,}){verdict}"
        ]
        lines += [f"  {name}: {value:.6g}" for name, value in self.details.items()]
        lines += [f"  assumes that {each}" for each in self.assumptions]
        lines.append(f"  source: {self.source}")
        return "\n".join(lines)

    __repr__ = __str__


def _mistakes(error: float, n: int) -> int:
    """A rate as a count; what is no whole count is rounded up, which keeps the bound valid."""
    return math.ceil(error * n - 1e-6)


def test_set_bound(error: float, n: int, *, confidence: float = 0.95) -> Bound:
    """The bound from ``n`` examples that had no part in choosing the classifier.

    The largest p with P[Binomial(n, p) ≤ mistakes] ≥ 1 - confidence: exact, hence the tightest
    of all where enough examples can be set aside. ``error``: the rate of mistakes on them.
    Raises RequestError for a rate outside [0, 1] or n < 1. Source: Langford (2005),
    "Tutorial on practical prediction theory for classification", JMLR 6; Clopper & Pearson
    (1934), Biometrika 26.
    """
    error, n, delta = rate("error", error), whole("n", n), confidence_of(confidence)
    return Bound(
        "test set",
        binomial_inverse(_mistakes(error, n), n, math.log(delta)),
        error,
        n,
        confidence,
        "Langford (2005): the test set bound",
        (_INDEPENDENT, "they had no part in choosing the classifier"),
        {"Hoeffding": error + math.sqrt(-math.log(delta) / (2 * n))},
    )


test_set_bound.__test__ = False  # type: ignore[attr-defined]  # its name is no test's


def occam_bound(
    error: float,
    n: int,
    *,
    hypotheses: float | None = None,
    bits: float | None = None,
    confidence: float = 0.95,
) -> Bound:
    """The bound for a classifier chosen from a countable class: short descriptions need less.

    ``error``: the rate on the ``n`` training examples. ``hypotheses``: |H|, how many classifiers
    were possible, all equally likely beforehand; or ``bits``: the length of this one's
    description in a prefix-free code fixed beforehand, whose prior is 2^-bits. The binomial
    tail is inverted at δ · prior. ``details`` has Hoeffding's form, error + √((ln(1/prior) +
    ln(1/δ))/(2n)), and for no mistakes (ln(1/prior) + ln(1/δ))/n. Raises RequestError unless
    one of the two is given.

    Source: Blumer et al. (1987), "Occam's razor", Information Processing Letters 24; Langford
    (2005), JMLR 6; Mohri, Rostamizadeh & Talwalkar (2018), *Foundations of Machine
    Learning*, 2nd ed., theorems 2.5 and 2.13.
    """
    error, n, delta = rate("error", error), whole("n", n), confidence_of(confidence)
    if (hypotheses is None) == (bits is None):
        raise RequestError("occam_bound: give either hypotheses=, their number, or bits=")
    if hypotheses is not None and not one_number(hypotheses) >= 1:
        raise RequestError(f"occam_bound: hypotheses={hypotheses!r} must be at least 1")
    if bits is not None and not 0 <= one_number(bits) < math.inf:
        raise RequestError(f"occam_bound: bits={bits!r} must be a length of 0 or more")
    surprise = math.log(hypotheses) if hypotheses is not None else bits * math.log(2)  # type: ignore[operator]
    cost = surprise - math.log(delta)
    details = {"ln(1/prior)": surprise, "Hoeffding": error + math.sqrt(cost / (2 * n))}
    if error == 0:
        details["without mistakes"] = cost / n
    return Bound(
        "Occam",
        binomial_inverse(_mistakes(error, n), n, -cost),
        error,
        n,
        confidence,
        "Langford (2005): the Occam's razor bound; Blumer et al. (1987)",
        (_INDEPENDENT, "the class, or the code, was fixed before the data were seen"),
        details,
    )


def vc_bound(
    error: float,
    n: int,
    *,
    dimension: int | None = None,
    log_growth: float | Callable[[int], float] | None = None,
    confidence: float = 0.95,
) -> Bound:
    """The bound for every classifier of a class, by how many labelings of n points it has.

    R ≤ error + √(2 ln Π(n) / n) + √(ln(1/δ)/(2n)). ``dimension``: the Vapnik-Chervonenkis
    dimension d, from which Π(n) ≤ Σ_{i≤d} C(n, i) (Sauer's lemma); or ``log_growth``: ln Π(n),
    a number or a function of n (see ``capacity``). ``error``: the rate on the ``n`` training
    examples. Raises RequestError unless one of the two is given.

    Source: Mohri, Rostamizadeh & Talwalkar (2018), corollary 3.9 and theorem 3.17; Vapnik &
    Chervonenkis (1971), Theory of Probability and its Applications 16.
    """
    error, n, delta = rate("error", error), whole("n", n), confidence_of(confidence)
    if (dimension is None) == (log_growth is None):
        raise RequestError("vc_bound: give either dimension= or log_growth=")
    details: dict[str, float] = {}
    if dimension is not None:
        d = whole("dimension", dimension, 0)
        details["VC dimension"] = d
        growth = log_sauer(n, d)
    else:
        given = log_growth(n) if callable(log_growth) else log_growth
        growth = one_number(given)
        if not growth >= 0:
            raise RequestError(f"vc_bound: ln Π(n) = {given!r} must be a number, 0 or more")
    growth = min(growth, n * math.log(2))
    capacity, chance = math.sqrt(2 * growth / n), math.sqrt(-math.log(delta) / (2 * n))
    details.update({"ln Π(n)": growth, "capacity": capacity, "chance": chance})
    return Bound(
        "VC",
        error + capacity + chance,
        error,
        n,
        confidence,
        "Mohri, Rostamizadeh & Talwalkar (2018), corollary 3.9",
        (_INDEPENDENT, "the class of classifiers was fixed before the data were seen"),
        details,
    )


def log_sauer(n: int, dimension: int) -> float:
    """ln Σ_{i≤d} C(n, i): how many labelings of n points a class of dimension d has at most."""
    if dimension >= n:
        return n * math.log(2)
    largest = max(_log_choose(n, i) for i in (0, min(dimension, n // 2)))
    terms = (math.exp(_log_choose(n, i) - largest) for i in range(dimension + 1))
    return largest + math.log(math.fsum(terms))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def rademacher_bound(
    error: float,
    n: int,
    complexity: float | Complexity,
    *,
    margin: float | None = None,
    confidence: float = 0.95,
) -> Bound:
    """The bound by how well the class follows random signs on these very examples.

    Without ``margin``: R ≤ error + R̂_S(H) + 3 √(ln(2/δ)/(2n)) for functions with values ±1.
    With ``margin`` ρ: R ≤ error_ρ + (2/ρ) R̂_S(H) + 3 √(ln(2/δ)/(2n)) for real functions, where
    ``error`` is the rate of examples whose margin y f(x) is at most ρ, and ρ was chosen before
    the data were seen. ``complexity``: R̂_S(H), a number or a ``Complexity``. Raises RequestError
    for a negative complexity or margin.

    Source: Mohri, Rostamizadeh & Talwalkar (2018), theorems 3.5 and 5.8; Bartlett & Mendelson
    (2002), JMLR 3.
    """
    error, n, delta = rate("error", error), whole("n", n), confidence_of(confidence)
    size = float(complexity) if isinstance(complexity, Complexity) else one_number(complexity)
    if not 0 <= size < math.inf:
        raise RequestError(
            f"rademacher_bound: the complexity {complexity!r} must be a finite number, 0 or more"
        )
    if margin is not None and not one_number(margin) > 0:
        raise RequestError(f"rademacher_bound: margin={margin!r} must be positive")
    assumptions = [_INDEPENDENT, "the class of functions was fixed before the data were seen"]
    if isinstance(complexity, Complexity):
        assumptions += complexity.caveats
    term = size if margin is None else 2 * size / margin
    chance = 3 * math.sqrt(math.log(2 / delta) / (2 * n))
    return Bound(
        "Rademacher" if margin is None else f"Rademacher, margin {margin:g}",
        error + term + chance,
        error,
        n,
        confidence,
        "Mohri, Rostamizadeh & Talwalkar (2018), theorem " + ("5.8" if margin else "3.5"),
        tuple(assumptions),
        {"complexity": size, "capacity": term, "chance": chance},
    )


def pac_bayes_bound(
    error: float, n: int, divergence: float, *, confidence: float = 0.95
) -> Bound:
    """The bound for a random classifier drawn from a posterior Q, by KL(Q ‖ P) from a prior P.

    kl(error ‖ R) ≤ (KL(Q ‖ P) + ln(2√n/δ))/n, inverted exactly for R. ``error``: the expected
    rate on the ``n`` training examples under Q; ``divergence``: KL(Q ‖ P) in nats; P was fixed
    beforehand, Q may depend on the data. ``details`` has McAllester's weaker form error +
    √((KL + ln(2√n/δ))/(2n)). Raises RequestError for a negative divergence.

    Source: Seeger (2002), JMLR 3; Maurer (2004), "A note on the PAC Bayesian theorem",
    arXiv:cs/0411099, theorem 5 (for n ≥ 8; for less, its ξ(n) ≤ 2√n was counted out);
    McAllester (1999), COLT.
    """
    error, n, delta = rate("error", error), whole("n", n), confidence_of(confidence)
    if not one_number(divergence) >= 0:
        raise RequestError(f"pac_bayes_bound: KL(Q ‖ P) = {divergence!r} must be 0 or more")
    budget = (divergence + math.log(2 * math.sqrt(n) / delta)) / n
    return Bound(
        "PAC-Bayes",
        kl_inverse(error, budget) if budget < math.inf else 1.0,
        error,
        n,
        confidence,
        "Maurer (2004), theorem 5; Seeger (2002)",
        (
            _INDEPENDENT,
            "the prior was fixed before the data were seen",
            "each prediction is made by parameters drawn anew from the posterior",
        ),
        {"KL(Q ‖ P)": divergence, "McAllester": error + math.sqrt(budget / 2)},
    )
