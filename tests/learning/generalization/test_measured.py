"""Curves, decompositions and comparisons against closed forms, identities and enumeration."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trivium as tv
from trivium.engine.errors import TriviumError
from trivium.learning import generalization as theory
from trivium.learning.errors import DataError, RequestError
from trivium.learning.generalization.comparison import _flipped
from trivium.learning.generalization.trials import clear, drawn, resampled, rows_of

LEAST_SQUARES = (
    tv.models.Linear(), tv.objectives.SquaredError(), tv.algorithms.ClosedForm()
)  # fmt: skip


def logistic():
    return (tv.models.Linear(), tv.objectives.CrossEntropy(), tv.algorithms.Adam(0.05))


def line(n, seed, noise=1.0, d=4):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    return x, x @ np.arange(1.0, d + 1) + 2 + noise * rng.normal(size=n)


def test_curves_of_least_squares_follow_the_closed_form():
    curves = theory.learning_curves(
        *LEAST_SQUARES, line(2400, 0), sizes=[12, 40, 160], repeats=60, dtype="float64",
        validation=line(4000, 1),
    )  # fmt: skip
    p = 4
    for i, n in enumerate((12, 40, 160)):
        # Gaussian x with an intercept: E training = σ²(n - p - 1)/n, and the expected error on
        # new examples (Breiman & Freedman 1983).
        expected = (n - p - 1) / n, (n + 1) * (n - 2) / (n * (n - p - 2))
        for values, truth in zip((curves.training[i], curves.validation[i]), expected):
            error = values.std(ddof=1) / math.sqrt(60)
            assert values.mean() == pytest.approx(truth, abs=4 * error + 0.03)
    assert curves.sizes.tolist() == [12, 40, 160] and curves.repeats == 60
    assert curves.rows()[0]["gap"] == pytest.approx(curves.gap[0].mean())
    assert "more rows would help" in curves.notes[1]


def test_curves_are_reproducible_and_draw_themselves():
    iris = tv.data.load("iris")
    make = lambda seed: theory.learning_curves(  # noqa: E731
        *logistic(), iris, sizes=[10, 0.5], repeats=2, epochs=3, seed=seed
    )
    first, again, other = make(0), make(0), make(1)
    assert (first.validation == again.validation).all()
    assert (first.validation != other.validation).any()
    assert first.sizes.tolist() == [10, 56] and first.metric == "share of mistakes"
    axes = first.plot().axes[0]
    assert len(axes.lines) == 2 and axes.get_xlabel() == "rows in the training set"
    assert "note: the repeats' training sets overlap" in str(first)
    loss = theory.learning_curves(
        *logistic(), iris, sizes=[30], repeats=1, epochs=2, metric="loss"
    )
    assert loss.metric == "objective" and "one repeat shows no spread" in loss.notes[0]


def test_the_squared_error_decomposes_exactly():
    x, y = line(200, 0)
    options = {"repeats": 12, "size": 60, "dtype": "float64"}
    plain = theory.bias_variance(*LEAST_SQUARES, (x, y), test=line(50, 1), **options)
    assert sum(plain.parts.values()) == pytest.approx(plain.error, rel=1e-12)
    assert set(plain.parts) == {"bias²", "variance"}
    held = line(50, 1)
    known = theory.bias_variance(
        *LEAST_SQUARES, (x, y), test=held, **options,
        truth=lambda x: x @ np.arange(1.0, 5) + 2,
    )  # fmt: skip
    assert known.error == plain.error and known.variance == plain.variance
    assert sum(known.parts.values()) == pytest.approx(known.error, rel=1e-12)
    noise = ((held[1] - held[0] @ np.arange(1.0, 5) - 2) ** 2).mean()
    assert known.parts["noise"] == pytest.approx(noise, rel=1e-12)
    assert known.bias < 0.2 < plain.bias


def test_the_variance_of_a_mean_is_known():
    constant = tv.models.Formula(lambda x, b: b + 0 * x[:, 0], b=0.0)
    rng = np.random.default_rng(0)
    y = rng.normal(size=90)
    found = theory.bias_variance(
        constant, tv.objectives.SquaredError(), tv.algorithms.ClosedForm(),
        (np.ones((90, 1)) * np.arange(90)[:, None], y), repeats=150, dtype="float64",
        test=(np.zeros((3, 1)), np.array([0.0, 0.1, -0.1])),
    )  # fmt: skip
    assert found.training_rows == 90
    # The bootstrap's variance of a mean of n values is their variance over n.
    assert found.variance == pytest.approx(y.var() / 90, rel=0.4)
    assert found.main == pytest.approx(y.mean(), abs=5 * y.std() / math.sqrt(90 * 150))


@pytest.mark.parametrize("name", ["iris", "breast_cancer"])
def test_the_zero_one_loss_decomposes_exactly(name):
    data = tv.data.load(name)
    found = theory.bias_variance(*logistic(), data, repeats=5, size=20, epochs=4)
    assert sum(found.parts.values()) == pytest.approx(found.error, abs=1e-12)
    assert found.task == "classification" and 0 <= found.bias <= 1
    assert found.parts["variance, biased examples"] <= 0 <= found.variance + found.bias
    assert "labels is in the bias" in found.notes[-1] and "variance" in str(found)


def test_domingos_theorem_for_two_classes():
    data = tv.data.load("breast_cancer")
    found = theory.bias_variance(
        *logistic(), data, repeats=6, size=12, epochs=3, resampling="subsample"
    )
    # For two classes, deviating from a wrong label is right: c₂ = -1 (Domingos 2000).
    biased = found.per_example["bias"] == 1
    wrong = -found.per_example["variance, biased examples"][biased]
    assert ((wrong >= 0) & (wrong <= 0.5)).all()
    assert found.resampling == "subsample" and "overlap" in found.notes[0]


@settings(max_examples=10)
@given(st.lists(st.integers(0, 1), min_size=16 * 4, max_size=16 * 4))
def test_no_lunch_is_free(answers):
    table = np.array(answers).reshape(16, 4)

    def learner(x, y, asked):
        return table[int("".join(map(str, y)), 2)]

    found = theory.no_free_lunch({"any": learner})
    assert found.average["any"] == Fraction(1, 2)
    # Every learner meets the same binomial distribution of mistakes, too.
    assert found.histogram["any"] == tuple(16 * math.comb(4, k) for k in range(5))


def test_structure_makes_the_difference():
    found = theory.no_free_lunch()
    assert set(found.average.values()) == {Fraction(1, 2)}
    assert found.monotone_labelings == 20  # Dedekind's number M(3)
    assert found.monotone["nearest neighbour"] < Fraction(1, 2) < found.monotone["its opposite"]
    fitted = theory.no_free_lunch(
        {"line": LEAST_SQUARES, "logistic": logistic()}, bits=2, epochs=2
    )
    assert set(fitted.average.values()) == {Fraction(1, 2)} and fitted.labelings == 16
    assert "every learner's mean error is 1/2" in str(fitted)


def test_flips_change_as_many_labels_as_they_say():
    data = tv.data.load("iris")
    flipped = _flipped(data, 0.2, seed=3)
    assert (flipped.target != data.target).sum() == 30
    assert set(flipped.target) == set(data.target)
    pair = tv.data.as_dataset((np.ones((2, 1)) * [[1], [2]], np.array(["a", "b"])))
    assert _flipped(pair, 1.0, seed=0).target.tolist() == [
        "a",
        "b",
    ]  # each the last of its class


def test_learners_are_compared_on_the_same_rows():
    data = tv.data.load("breast_cancer")
    found = theory.compare(
        {"one": logistic(), "same": logistic(), "alone": tv.models.Linear()},
        data, sizes=[20, 80], flips=[0.0, 0.3], repeats=2, epochs=4,
    )  # fmt: skip
    assert found.errors.shape == (3, 2, 2, 2)
    assert (found.errors[0] == found.errors[1]).all()
    assert found.errors[0, 1].mean() > found.errors[0, 0].mean()
    assert len(found.rows()) == 12 and len(found.plot().axes) == 2
    assert "30% of the training labels flipped" in str(found)
    quantity = theory.compare(
        {"least squares": LEAST_SQUARES}, line(60, 0), sizes=[20], repeats=2
    )
    assert quantity.metric.startswith("mean squared error")


def test_a_winner_is_named_only_where_it_is_clear():
    errors = np.zeros((2, 1, 2, 5))
    errors[0] = [[[0.1, 0.11, 0.1, 0.12, 0.1], [0.1, 0.2, 0.1, 0.2, 0.1]]]
    errors[1] = [[[0.2, 0.21, 0.2, 0.21, 0.2], [0.2, 0.1, 0.2, 0.1, 0.11]]]
    found = theory.Comparison(
        ("a", "b"), np.array([0.0]), np.array([10, 20]), errors, "share of mistakes", 9, ()
    )
    assert found.winner(0, 0)[0] == "a" and found.winner(0, 1)[0] is None
    assert not clear(np.array([1.0])) and clear(np.array([1.0, 1.1, 0.9]))


def test_rows_are_drawn_by_class_and_seed():
    data = tv.data.load("iris")
    rows = drawn(data, 10, 5, data.target)
    assert len(set(rows)) == 10 and sorted(np.unique(data.target[rows], return_counts=True)[1]) == [
        3, 3, 4]  # fmt: skip
    assert (rows == drawn(data, 10, 5, data.target)).all()
    again = resampled(data, 150, 5, data.target)
    assert np.unique(data.target[again], return_counts=True)[1].tolist() == [50, 50, 50]
    assert 60 < len(set(again)) < 130
    assert rows_of("f", 3, 100) == [10, 32, 100] and rows_of("f", [0.5, 7], 100) == [7, 50]


@given(st.lists(st.integers(1, 30), min_size=2, max_size=6), st.data())
def test_every_class_has_its_share_of_any_size(counts, data):
    labels = np.repeat(np.arange(len(counts)), counts)
    rows = tv.data.as_dataset((np.arange(len(labels) * 1.0)[:, None], labels))
    size = data.draw(st.integers(len(counts), len(labels)))
    chosen = drawn(rows, size, 3, labels)
    assert len(chosen) == len(set(chosen)) == size and set(labels[chosen]) == set(labels)
    again = resampled(rows, size, 3, labels)
    assert len(again) == size and set(labels[again]) == set(labels)
    ideal = np.array(counts) * size / len(labels)
    got = np.bincount(labels[chosen])
    assert (got <= np.maximum(1, np.ceil(ideal + 1e-9))).all()


@pytest.mark.parametrize("options, error, words", [
    ({"sizes": [1000]}, RequestError, "1,000 rows; from 3 to 112"),
    ({"sizes": [2]}, RequestError, "from 3"),
    ({"sizes": [1.5]}, RequestError, "no fraction"),
    ({"sizes": []}, RequestError, "no sizes"),
    ({"metric": "accuracy"}, RequestError, "'error' or 'loss'"),
    ({"validation": None}, RequestError, "rows kept apart"),
    ({"repeats": 0}, RequestError, "at least 1"),
    ({"out": "run"}, RequestError, "out="),
    ({"batch_size": 500, "sizes": [20]}, RequestError, "repeat 1, 20 rows: batch_size"),
])  # fmt: skip
def test_curves_that_are_refused(options, error, words):
    with pytest.raises(error, match=words):
        theory.learning_curves(*logistic(), tv.data.load("iris"), **options)


@pytest.mark.parametrize("call, words", [
    (lambda iris: theory.bias_variance(*logistic(), iris, resampling="jackknife"), "bootstrap"),
    (lambda iris: theory.bias_variance(*logistic(), iris, repeats=1), "at least 2"),
    (lambda iris: theory.bias_variance(
        *logistic(), iris, truth=lambda x: x, repeats=2, epochs=1), "noise of labels"),
    (lambda iris: theory.bias_variance(
        *logistic(), iris, resampling="subsample", size=1.0), "all the same"),
    (lambda iris: theory.compare({}, iris), "no models"),
    (lambda iris: theory.compare({"a": 3}, iris), "a model, or"),
    (lambda iris: theory.compare(tv.models.Linear(), iris), "a dict of names and learners"),
    (lambda iris: theory.compare([tv.models.Linear()] * 2, iris), "written alike"),
    (lambda iris: theory.compare(None, line(50, 0)), "classifiers"),
    (lambda iris: theory.compare({"a": logistic()}, iris, flips=[2]), "from 0 to 1"),
    (lambda iris: theory.compare({"a": logistic()}, iris, flips=[]), "no shares"),
    (lambda iris: theory.compare({"a": LEAST_SQUARES}, line(50, 0), flips=[0.1]), "quantity"),
    (lambda iris: theory.no_free_lunch(bits=5), "too many"),
    (lambda iris: theory.no_free_lunch({"a": lambda x, y, z: z}), "0 or 1"),
    (lambda iris: theory.no_free_lunch(training=8), "stay unknown"),
    (lambda iris: theory.no_free_lunch({"a": (1, 2)}), "2 members"),
    (lambda iris: theory.no_free_lunch({"a": 7}), "a function or"),
])  # fmt: skip
def test_what_is_refused_and_how(call, words):
    with pytest.raises(RequestError, match=words):
        call(tv.data.load("iris"))


def test_a_target_that_cannot_be_learned_is_named():
    with pytest.raises(TriviumError, match="class labels"):
        theory.learning_curves(*logistic(), line(40, 0))
    with pytest.raises(DataError, match="both the training and the test data need rows"):
        x, y = line(30, 0)
        fit = tv.fit(*LEAST_SQUARES, (x, y), progress=False)
        data = tv.data.as_dataset((x, y))
        theory.generalization_gap(fit, data, data.take([]))


@pytest.fixture(scope="module")
def classified():
    train, test = tv.data.load("breast_cancer").split(test=0.3, seed=0)
    return tv.fit(*logistic(), train, epochs=20, progress=False), train, test


def test_the_gap_beside_its_bounds(classified):
    fit, train, test = classified
    found = theory.generalization_gap(fit, train, test, draws=100)
    assert found.training == pytest.approx(1 - fit.metrics["train"]["accuracy"])
    assert found.gap == pytest.approx(1 - fit.score(test)["accuracy"] - found.training)
    assert found.bounds[0].name == "test set"
    assert {each.name for each in found.bounds} == {"test set", "Occam", "VC", "PAC-Bayes"}
    values = [each.value for each in found.bounds]
    assert values == sorted(values) and all(value >= found.training for value in values)
    assert "bound on the true error" in str(found)


def test_pac_bayes_of_a_fit(classified):
    fit, train, _ = classified
    bound = theory.pac_bayes(fit, train, draws=200)
    assert not bound.vacuous and bound.value < 0.5
    assert bound.value == theory.pac_bayes(fit, train, draws=200).value
    details = bound.details
    k, s2, lam = details["parameters"], details["σ"] ** 2, details["λ"]
    moved = sum((each**2).sum() for each in fit.parameters().values())  # Linear starts at 0
    assert details["‖θ - θ₀‖²"] == pytest.approx(moved, rel=1e-6)
    j = round(20 * math.log(lam))
    exact = 0.5 * (k * s2 / lam - k + moved / lam + k * math.log(lam / s2))
    cost = 2 * math.log(1 + abs(j)) + math.log(math.pi**2 / 3)
    assert details["KL(Q ‖ P)"] == pytest.approx(exact + cost, rel=1e-6)
    assert bound.error <= details["error under Q at most"] < bound.value
    with pytest.raises(RequestError, match="'initial' or 'zero'"):
        theory.pac_bayes(fit, train, prior="flat")


def test_the_priors_variances_have_a_total_probability_below_one():
    total = 3 / math.pi**2 * (1 + 2 * sum(1 / (1 + j) ** 2 for j in range(1, 100_000)))
    assert total < 1


def test_what_has_no_bound_says_why(classified):
    _, train, test = classified
    tree = tv.fit(
        tv.models.DecisionTree(), tv.objectives.SquaredError(), tv.algorithms.Growing(),
        train, progress=False,
    )  # fmt: skip
    found = theory.generalization_gap(tree, train, test)
    assert {each.name for each in found.bounds} == {"test set", "Occam"}
    assert "the questions of a DecisionTree are choices" in found.refused["PAC-Bayes"]
    assert "not known" in found.refused["VC"]
    weighted = tv.fit(
        tv.models.Linear(), tv.objectives.CrossEntropy(class_weight="balanced"),
        tv.algorithms.Adam(0.05), train, epochs=2, progress=False,
    )  # fmt: skip
    found = theory.generalization_gap(weighted, train, test)
    assert found.bounds == () and "weights" in found.refused["error-rate"]


def test_dataframes_are_taken(classified):
    import polars

    rng = np.random.default_rng(0)
    frame = polars.DataFrame(
        {"a": rng.normal(size=60), "b": rng.choice(["u", "v"], 60), "y": ["no", "yes"] * 30}
    )
    options = {"target": "y", "repeats": 2, "epochs": 2}
    curves = theory.learning_curves(*logistic(), frame, sizes=[10], **options)
    assert curves.validation.shape == (1, 2) and curves.validation_rows == 15
    assert theory.bias_variance(*logistic(), frame, **options).test_rows == 18
    alone = theory.compare({"a": logistic()}, frame, sizes=[10], **options)
    assert alone.winner(0, 0)[0] is None and "alone" in str(alone)
    fit = tv.fit(*logistic(), frame[:40], target="y", epochs=2, progress=False)
    found = theory.generalization_gap(fit, frame[:40], frame[40:], draws=5)
    assert (found.training_rows, found.test_rows) == (40, 20)


def test_a_regressions_gap_has_no_bounds():
    fit = tv.fit(*LEAST_SQUARES, line(50, 0), progress=False)
    found = theory.generalization_gap(fit, line(50, 0), line(40, 1))
    assert found.bounds == () and "squared errors have no largest" in str(found)
    with pytest.raises(RequestError, match="regression"):
        theory.pac_bayes(fit, line(50, 0))


def test_every_public_name_is_there():
    for name in theory.__all__:
        assert getattr(theory, name) is not None and name in dir(theory)


def test_learners_without_names_are_called_as_they_are_written():
    shared = tv.models.GaussianClassifier()
    steps = (shared, tv.objectives.JointLikelihood(), tv.algorithms.ClosedForm())
    learners = [tv.models.NaiveBayes(), steps]
    found = theory.compare(learners, tv.data.load("iris"), sizes=[30], repeats=1)
    assert found.names[0] == "NaiveBayes(family='gaussian')"
    assert found.names[1].endswith("· JointLikelihood() · ClosedForm()")
