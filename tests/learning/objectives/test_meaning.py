"""What objectives mean: their statistical reading, class weights, and combinations refused."""

import re
from typing import Any

import numpy as np
import pytest
from scipy import special, stats
from sklearn.utils.class_weight import compute_sample_weight

from tests.learning.objectives.helpers import Affine, Batch, Ends
from trivium.learning.errors import RequestError
from trivium.learning.objectives import (
    L1,
    L2,
    AbsoluteError,
    BinaryCrossEntropy,
    CrossEntropy,
    Hinge,
    Huber,
    Objective,
    SquaredError,
)

rng = np.random.default_rng(5)
N = 30
X = rng.normal(size=(N, 3))
Y = rng.normal(size=N)
CODES = rng.integers(0, 2, N)
SCALE = 0.8  # σ, b or s, whatever the noise calls it


def gaussian(f: Any) -> float:
    return stats.norm(0, SCALE).logpdf(f - Y).sum()


def laplace(f: Any) -> float:
    return stats.laplace(0, SCALE).logpdf(f - Y).sum()


def bernoulli(f: Any) -> float:
    return stats.bernoulli(special.expit(f)).logpmf(CODES).sum()


# data term, target, log-likelihood of the scores, n·J / (this) = -ln p + constant
NOISE: dict[str, tuple[Any, Any, Any, float]] = {
    "σ²": (SquaredError(), Y, gaussian, 2 * SCALE**2),
    "b": (AbsoluteError(), Y, laplace, SCALE),
    "": (BinaryCrossEntropy(), CODES, bernoulli, 1.0),
}


def number_in(sentence: str, symbol: str) -> float:
    """The prior's width that a reading states, with σ = b = SCALE."""
    found = re.search(r"n = 30: ([0-9.e+-]+)(·.*)?\D*$", sentence.partition(";")[0].rstrip("."))
    assert found, sentence
    unit = {"σ²": SCALE**2, "b": SCALE, "": 1.0}[symbol]
    assert (found[2] or "") == (f"·{symbol}" if symbol else "")
    return float(found[1]) * unit


@pytest.mark.parametrize("symbol", NOISE)
@pytest.mark.parametrize("weight", [1.0, 2.5])
@pytest.mark.parametrize("penalty", [L2(), L1(biases=True)], ids=repr)
def test_the_reading_states_the_posterior_that_the_objective_minimises(
    symbol: str, weight: float, penalty: Any
) -> None:
    """-ln p(θ | data) from the densities that are named differs from n·J by a constant factor
    and a constant summand, at any parameters."""
    term, y, log_likelihood, kappa = NOISE[symbol]
    objective = weight * term + 0.07 * penalty
    line = next(each for each in objective.reading(N).splitlines() if "Prior" in each)
    width = number_in(line, symbol)
    ours, theirs = [], []
    for seed in range(4):
        draw = np.random.default_rng(seed)
        model = Affine(draw.normal(size=3), draw.normal())
        w = model.weight.value
        if isinstance(penalty, L2):
            prior = stats.norm(0, np.sqrt(width)).logpdf(w).sum()
        else:
            both = [*w, model.bias.value]
            prior = stats.laplace(0, width).logpdf(both).sum()
        theirs.append(-log_likelihood(X @ w + model.bias.value) - prior)
        ours.append(N * float(objective(model, Batch(X, y)).value) / weight / kappa)
    np.testing.assert_allclose(np.diff(ours), np.diff(theirs), rtol=1e-5)


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (SquaredError(), ["Maximum likelihood", "Gaussian", "empirical risk"]),
        (CrossEntropy(), ["Maximum likelihood", "ategorical", "KL", "empirical risk"]),
        (BinaryCrossEntropy(), ["Maximum likelihood", "Bernoulli", "logistic"]),
        (AbsoluteError(), ["Maximum likelihood", "Laplace", "median"]),
        (Huber(), ["Maximum likelihood", "Huber", "tails"]),
        (Hinge(), ["without a probability model", "0-1 loss", "empirical risk"]),
        (SquaredError() + 0.1 * L2(), ["MAP", "N(0, τ²)", "σ²/(λn)", "λ = 0.1", "structural"]),
        (SquaredError() + 0.1 * L2(), ["biases have a flat prior"]),
        (CrossEntropy() + 0.1 * L2(biases=True), ["MAP", "every parameter", "1/(2λn)"]),
        (CrossEntropy() + 0.1 * L1(), ["MAP", "Laplace(0, s)", "1/(λn)"]),
        (SquaredError() + 0.1 * L1(), ["2σ²/(λn)"]),
        (4 * SquaredError() + 0.1 * L2(), ["λ = 0.025"]),
        (Hinge() + 0.1 * L2(), ["support vector machine", "C = 1/(2λn)", "structural risk"]),
        (
            SquaredError() + 0.1 * L1() + 0.2 * L2(),
            ["Laplace", "N(0, τ²)", "densities multiply"],
        ),
        (SquaredError() + 0 * L2(), ["Maximum likelihood"]),
        (CrossEntropy(class_weight="balanced"), ["Class weights"]),
        (SquaredError() + AbsoluteError(), ["not read as the logarithm"]),
    ],
)
def test_the_reading_uses_the_words_of_statistics(
    objective: Objective, words: list[str]
) -> None:
    for word in words:
        assert word in objective.reading(), objective.reading()


def test_a_reading_needs_data_and_a_real_count() -> None:
    with pytest.raises(RequestError, match="looks at the data"):
        L2().reading()
    for wrong in (0, -3, 2.5, "many", True):
        with pytest.raises(RequestError, match="whole number"):
            SquaredError().reading(wrong)


SCORES, PROBABILITY = Ends("scores"), Ends("probability")
AB, ABC = ["a", "b"], ["a", "b", "c"]


@pytest.mark.parametrize(
    ("objective", "model", "task", "classes", "words"),
    [
        (CrossEntropy(), SCORES, "regression", None, "target is continuous"),
        (BinaryCrossEntropy(), SCORES, "regression", None, "target is continuous"),
        (Hinge(), SCORES, "regression", None, "target is continuous"),
        (CrossEntropy(), PROBABILITY, "classification", ABC, "takes logits"),
        (BinaryCrossEntropy(), PROBABILITY, "classification", AB, "takes logits"),
        (Hinge(), PROBABILITY, "classification", AB, "takes logits"),
        (BinaryCrossEntropy(), SCORES, "classification", ABC, "the target has 3"),
        (CrossEntropy(), SCORES, "classification", ["a"], "only 'a'"),
        (SquaredError(), SCORES, "classification", AB, "not a probability"),
        (AbsoluteError(), SCORES, "classification", ABC, "'a', 'b', 'c'"),
        (Huber(), PROBABILITY, "classification", AB, "CrossEntropy()"),
        (0 * SquaredError() + L2(), SCORES, "regression", None, "never looks at the data"),
        (L2(), SCORES, "regression", None, "never looks at the data"),
        (CrossEntropy() + L2(), SCORES, "regression", None, "target is continuous"),
    ],
)
def test_combinations_without_meaning_are_refused_with_the_reason(
    objective: Objective, model: Any, task: str, classes: Any, words: str
) -> None:
    with pytest.raises(RequestError) as caught:
        objective.refuse(model, task, classes)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("objective", "model", "task", "classes"),
    [
        (SquaredError() + L2(), SCORES, "regression", None),
        (AbsoluteError(), SCORES, "regression", None),
        (Huber(), SCORES, "regression", None),
        (SquaredError(), PROBABILITY, "regression", None),
        (SquaredError(), PROBABILITY, "classification", ABC),
        (CrossEntropy() + 0.1 * L2(), SCORES, "classification", ABC),
        (CrossEntropy(), SCORES, "classification", AB),
        (BinaryCrossEntropy(), SCORES, "classification", AB),
        (Hinge(), SCORES, "classification", ABC),
        (Hinge(), SCORES, "classification", np.array(AB)),
    ],
)
def test_combinations_with_a_meaning_pass(
    objective: Objective, model: Any, task: str, classes: Any
) -> None:
    objective.refuse(model, task, classes)


def test_the_task_is_that_of_the_data_term() -> None:
    assert (SquaredError() + L2()).task == "regression"
    assert (CrossEntropy() + L2()).task == "classification"
    assert L2().task is None
    assert SquaredError().wanted_task(SCORES) == "regression"
    assert (SquaredError() + L2()).wanted_task(PROBABILITY) is None
    assert Hinge().wanted_task(PROBABILITY) == "classification"


@pytest.mark.parametrize(
    ("objective", "count", "y_ndim", "expected"),
    [
        (SquaredError(), 1, 1, None), (SquaredError(), 1, 2, 1), (SquaredError(), 4, 2, 4),
        (SquaredError(), 2, 1, None), (SquaredError(), 3, 1, 3),  # classes of probabilities
        (AbsoluteError(), 1, 1, None), (Huber(), 5, 2, 5),
        (CrossEntropy(), 2, 1, 2), (CrossEntropy(), 7, 1, 7),
        (BinaryCrossEntropy(), 2, 1, None),
        (Hinge(), 2, 1, None), (Hinge(), 3, 1, 3), (CrossEntropy() + L2(), 3, 1, 3),
    ],
)  # fmt: skip
def test_how_many_outputs_the_model_needs(
    objective: Objective, count: int, y_ndim: int, expected: int | None
) -> None:
    assert objective.n_outputs(count, y_ndim) == expected


def test_outputs_are_refused_when_nothing_or_two_things_are_needed() -> None:
    with pytest.raises(RequestError, match="no data term"):
        L2().n_outputs(2, 1)
    with pytest.raises(RequestError, match="different outputs"):
        (CrossEntropy() + BinaryCrossEntropy()).n_outputs(2, 1)
    with pytest.raises(RequestError, match="4 axes"):
        SquaredError().n_outputs(3, 4)
    with pytest.raises(RequestError, match="2 data terms"):
        (SquaredError() + Huber()).data_term


LABELS = np.array(["a", "b", "c"])


def test_balanced_class_weights_are_those_of_scikit_learn() -> None:
    codes = rng.integers(0, 3, 50) * rng.integers(0, 2, 50)
    found = CrossEntropy(class_weight="balanced").class_weights(LABELS, codes)
    assert found is not None and found.dtype == np.float64
    np.testing.assert_allclose(found, compute_sample_weight("balanced", codes))
    assert found.mean() == pytest.approx(1)
    # A class that does not occur gets no share of the weight.
    missing = CrossEntropy(class_weight="balanced").class_weights(LABELS, np.array([0, 0, 2]))
    np.testing.assert_allclose(missing, compute_sample_weight("balanced", [0, 0, 2]))


def test_class_weights_by_label() -> None:
    codes = np.array([0, 1, 2, 1])
    objective = Hinge(class_weight={"b": 3}) + 0.1 * L2()
    np.testing.assert_array_equal(objective.class_weights(LABELS, codes), [1, 3, 1, 3])
    numbers = Hinge(class_weight={np.int64(7): 0.5, 9.0: 2})
    np.testing.assert_array_equal(numbers.class_weights([7, 9], np.array([0, 1])), [0.5, 2])
    assert CrossEntropy().class_weights(LABELS, codes) is None
    with pytest.raises(RequestError, match=r"'d'.*'a', 'b', 'c'"):
        Hinge(class_weight={"d": 3}).class_weights(LABELS, codes)
    with pytest.raises(RequestError, match="alike"):
        (Hinge(class_weight={"b": 3}) + CrossEntropy()).class_weights(LABELS, codes)
