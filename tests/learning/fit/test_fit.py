"""fit: three steps on real data, best point kept, combinations refused with a reason."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

import trivium as tv
from trivium.learning.errors import RequestError
from trivium.learning.fit.main import NonFiniteWarning
from trivium.learning.stop import Stop

QUIET = {"progress": False}


def line(n: int = 40, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    return x, x @ np.array([2.0, -1.0]) + 0.5 + 0.01 * rng.normal(size=n)


def test_logistic_regression_finds_the_optimum_that_scikit_learn_finds() -> None:
    data = tv.data.load("breast_cancer")
    fit = tv.fit(
        tv.models.Linear(),
        tv.objectives.BinaryCrossEntropy() + 0.01 * tv.objectives.L2(),
        tv.algorithms.GradientDescent(learning_rate=1.0),
        data,
        epochs=1500,
        dtype="float64",
        **QUIET,
    )
    x = (data.x - data.x.mean(0)) / data.x.std(0)
    # scikit-learn minimises C Σ loss + ½‖w‖²; ours is mean loss + 0.01 ‖w‖².
    peer = LogisticRegression(C=1 / (2 * 0.01 * len(data)), tol=1e-12, max_iter=10_000)
    peer.fit(x, fit.encoder.transform(data).y)
    weights = next(v for k, v in fit.parameters().items() if k.endswith("weight")).ravel()
    np.testing.assert_allclose(weights, peer.coef_.ravel(), atol=1e-4)
    assert fit.gradient_norm < 1e-5
    assert fit.stopped is Stop.EPOCHS_DONE


def test_closed_form_is_least_squares() -> None:
    data = tv.data.load("diabetes")
    fit = tv.fit(
        tv.models.Linear(),
        tv.objectives.SquaredError(),
        tv.algorithms.ClosedForm(),
        data,
        **QUIET,
    )
    peer = LinearRegression().fit(data.x, data.target)
    np.testing.assert_allclose(fit.predict(data), peer.predict(data.x), rtol=1e-9)
    assert fit.stopped is Stop.CLOSED_FORM
    assert fit.metrics["train"]["r2"] == pytest.approx(
        peer.score(data.x, data.target), abs=1e-12
    )


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not() -> None:
    fits = [
        tv.fit(
            tv.models.MLP(hidden=[8], dropout=0.2),
            tv.objectives.CrossEntropy(),
            tv.algorithms.Adam(learning_rate=0.01),
            tv.data.load("iris"),
            validation=0.2,
            epochs=3,
            batch_size=16,
            seed=seed,
            **QUIET,
        )
        for seed in (1, 1, 2)
    ]
    first, again, other = (fit.parameters() for fit in fits)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not all(np.array_equal(first[name], other[name]) for name in first)


def test_the_size_of_calls_does_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    from trivium.learning.fit import trainer

    found = []
    for seconds in (0.0, 10.0):
        monkeypatch.setattr(trainer, "_CALL_SECONDS", seconds)
        fit = tv.fit(
            tv.models.MLP(hidden=[4]),
            tv.objectives.SquaredError(),
            tv.algorithms.SGD(learning_rate=0.05, momentum=0.9),
            line(),
            epochs=4,
            batch_size=7,
            **QUIET,
        )
        found.append((fit.parameters(), fit.history.column("loss")))
    for name, value in found[0][0].items():
        assert np.array_equal(value, found[1][0][name])
    assert found[0][1] == found[1][1]


def test_validation_returns_the_parameters_of_the_lowest_validation_loss() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 20)), rng.integers(0, 2, 60)
    fit = tv.fit(
        tv.models.MLP(hidden=[64]),
        tv.objectives.CrossEntropy(),
        tv.algorithms.Adam(learning_rate=0.01),
        (x, y),
        validation=0.5,
        epochs=60,
        patience=10,
        batch_size=10,
        **QUIET,
    )
    losses = fit.history.column("validation_loss")
    assert fit.stopped is Stop.NO_IMPROVEMENT
    assert fit.best_epoch == 1 + int(np.argmin(losses)) == len(losses) - 10
    assert fit.metrics["validation"]["loss"] == pytest.approx(min(losses), rel=1e-6)


def test_full_batch_descent_that_diverges_returns_the_best_point_seen() -> None:
    fit = tv.fit(
        tv.models.Linear(),
        tv.objectives.SquaredError(),
        tv.algorithms.GradientDescent(learning_rate=1.5),
        line(),
        epochs=10,
        **QUIET,
    )
    losses = fit.history.column("loss")
    assert losses[-1] > losses[0]
    assert fit.metrics["train"]["loss"] == pytest.approx(min(losses), rel=1e-5)


def test_a_value_that_stops_being_finite_is_named_and_the_last_good_parameters_stay() -> None:
    def formula(x, w, b):
        return tv.array.exp(w * x[:, 0]) + b  # grows beyond float32

    x, y = line()
    with pytest.warns(NonFiniteWarning, match=r"(?s)step \d+, .*became infinite.*your line"):
        fit = tv.fit(
            tv.models.Formula(formula, w=1.0, b=0.0),
            tv.objectives.SquaredError(),
            tv.algorithms.GradientDescent(learning_rate=1e6),
            (x, y),
            epochs=50,
            **QUIET,
        )
    assert fit.stopped is Stop.NON_FINITE
    assert fit.bad_value is not None and fit.bad_value.step >= 2
    assert "test_fit.py" in fit.bad_value.line and "tv.array.exp" in fit.bad_value.line
    assert fit.bad_value.cause == "overflow of an exponential"
    assert all(np.isfinite(value).all() for value in fit.parameters().values())
    assert np.isfinite(fit.metrics["train"]["loss"])


def test_the_given_model_is_not_changed_and_a_fitted_one_goes_on() -> None:
    model = tv.models.Formula(lambda x, a, b: a * x[:, 0] + b, a=1.0, b=0.0)
    x = np.linspace(-1, 1, 30)[:, None]
    arguments = (
        tv.objectives.SquaredError(),
        tv.algorithms.GradientDescent(learning_rate=0.1),
        (x, 3 * x[:, 0] + 1),
    )
    first = tv.fit(model, *arguments, epochs=20, **QUIET)
    assert {name: float(v.value) for name, v in model.parameters().items()} == {"a": 1, "b": 0}
    second = tv.fit(first.model, *arguments, epochs=20, **QUIET)
    whole = tv.fit(model, *arguments, epochs=40, **QUIET)
    for name, value in whole.parameters().items():
        assert second.parameters()[name] == pytest.approx(float(value), rel=1e-5)


def test_the_formula_recovers_the_parameters_that_made_the_data() -> None:
    x = np.linspace(0, 2, 50)[:, None]
    y = 3.0 * np.exp(-1.5 * x[:, 0])
    fit = tv.fit(
        tv.models.Formula(lambda x, a, k: a * tv.array.exp(-k * x[:, 0]), a=1.0, k=0.5),
        tv.objectives.SquaredError(),
        tv.algorithms.Adam(learning_rate=0.05),
        (x, y),
        epochs=1500,
        batch_size=None,
        **QUIET,
    )
    assert {name: round(float(value), 2) for name, value in fit.parameters().items()} == {
        "a": 3.0,
        "k": 1.5,
    }


def test_xor_needs_a_hidden_layer() -> None:
    data = tv.data.load("xor", n=200, noise=0.1, seed=0)
    scores = {}
    for name, model in {"one": tv.models.Linear(), "row": tv.models.MLP(hidden=[8])}.items():
        fit = tv.fit(
            model,
            tv.objectives.CrossEntropy(),
            tv.algorithms.Adam(learning_rate=0.03),
            data,
            epochs=60,
            **QUIET,
        )
        scores[name] = fit.score(data)["accuracy"]
    assert scores["one"] < 0.75 < 0.98 < scores["row"]


def test_sample_weights_of_zero_are_absent_examples() -> None:
    x, y = line()
    spoiled = np.concatenate([y, y + 100])
    weight = np.concatenate([np.ones(len(y)), np.zeros(len(y))])
    arguments = (tv.models.Linear(), tv.objectives.SquaredError(), tv.algorithms.ClosedForm())
    weighted = tv.fit(
        *arguments, (np.concatenate([x, x]), spoiled), sample_weight=weight, **QUIET
    )
    plain = tv.fit(*arguments, (x, y), **QUIET)
    for name, value in plain.parameters().items():
        np.testing.assert_allclose(weighted.parameters()[name], value, rtol=1e-9)


def test_integer_weights_are_repeated_examples_for_steppers() -> None:
    x, y = line(12)
    counts = np.arange(12) % 3 + 1
    arguments = (
        tv.models.Linear(),
        tv.objectives.SquaredError(),
        tv.algorithms.GradientDescent(learning_rate=0.1),
    )
    options = {"epochs": 30, "dtype": "float64", **QUIET}
    weighted = tv.fit(*arguments, (x, y), sample_weight=counts, **options)
    repeated = tv.fit(*arguments, (np.repeat(x, counts, 0), np.repeat(y, counts)), **options)
    for name, value in repeated.parameters().items():
        np.testing.assert_allclose(weighted.parameters()[name], value, rtol=1e-9)


def test_scores_and_predictions_are_in_the_units_of_the_target() -> None:
    x, y = line(200)
    y = 1000 + 50 * y
    fit = tv.fit(
        tv.models.MLP(hidden=[16]),
        tv.objectives.SquaredError(),
        tv.algorithms.Adam(learning_rate=0.01),
        (x, y),
        scale=True,
        epochs=150,
        **QUIET,
    )
    predicted = fit.predict(x)
    assert np.abs(predicted - y).max() < 25
    scores = fit.score((x, y))
    assert scores["rmse"] == pytest.approx(np.sqrt(np.mean((predicted - y) ** 2)), rel=1e-5)


def test_string_labels_come_back_and_probabilities_sum_to_one() -> None:
    data = tv.data.load("iris")
    fit = tv.fit(
        tv.models.Linear(),
        tv.objectives.CrossEntropy(),
        tv.algorithms.Adam(learning_rate=0.05),
        data,
        epochs=40,
        **QUIET,
    )
    predicted = fit.predict(data)
    assert set(predicted) <= set(fit.classes or [])
    probabilities = fit.probabilities(data)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-9)
    best = np.array(fit.classes)[probabilities.argmax(axis=1)]
    assert np.array_equal(best, predicted)


def test_callbacks_see_every_epoch_and_can_stop() -> None:
    seen: list[int] = []

    def watch(row):
        seen.append(row["epoch"])
        return row["epoch"] == 3

    fit = tv.fit(
        tv.models.Linear(),
        tv.objectives.SquaredError(),
        tv.algorithms.SGD(learning_rate=0.01),
        line(),
        epochs=10,
        callbacks=[watch],
        **QUIET,
    )
    assert seen == [1, 2, 3] and fit.stopped is Stop.CALLBACK


def test_history_draws_itself() -> None:
    fit = tv.fit(
        tv.models.Linear(),
        tv.objectives.CrossEntropy(),
        tv.algorithms.SGD(learning_rate=0.1),
        tv.data.load("iris"),
        validation=0.2,
        epochs=3,
        **QUIET,
    )
    figure = fit.plot()
    labels = {text.get_text() for axes in figure.axes for text in axes.get_legend().get_texts()}
    assert labels == {"loss", "validation loss", "validation accuracy", "kept"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epochs": -1}, "epochs must be at least 0"),
        ({"epochs": 1.5}, "epochs must be a whole number"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        (
            {"batch_size": 41},
            "batch_size=41 is larger than the training part, which has 40 rows",
        ),
        ({"patience": 0}, "patience must be at least 1"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"validation": 1.5}, "leaves no rows"),
        ({"dtype": "float16"}, "dtype must be"),
    ],
)
def test_options_without_meaning_are_refused(options: dict, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        tv.fit(
            tv.models.Linear(),
            tv.objectives.SquaredError(),
            tv.algorithms.SGD(learning_rate=0.1),
            line(),
            **{**QUIET, **options},
        )


def test_a_parameter_that_cannot_change_the_objective_is_named() -> None:
    class Forgetful(tv.Model):
        def __init__(self):
            self.w = tv.parameter((2,))
            self.unused = tv.parameter((3,))

        def __call__(self, x):
            return x @ self.w

    with pytest.raises(RequestError, match=r"unused.*does not depend"):
        tv.fit(
            Forgetful(),
            tv.objectives.SquaredError(),
            tv.algorithms.SGD(learning_rate=0.1),
            line(),
            **QUIET,
        )


def test_a_threshold_cannot_be_learned_by_gradients_and_the_reason_is_given() -> None:
    with pytest.raises(RequestError, match=r"DeltaRule"):
        tv.fit(
            tv.models.ThresholdNeuron(),
            tv.objectives.SquaredError(),
            tv.algorithms.SGD(learning_rate=0.1),
            (np.array([[0.0], [1.0], [2.0]]), np.array([0, 1, 1])),
            batch_size=1,
            **QUIET,
        )


def test_a_column_of_predictions_never_meets_a_row_of_targets() -> None:
    class Column(tv.Model):
        def __init__(self):
            self.w = tv.parameter((2, 1))

        def __call__(self, x):
            return x @ self.w  # (N, 1), the target is (N,)

    with pytest.raises(tv.TriviumError, match=r"\[:, 0\]"):
        tv.fit(
            Column(),
            tv.objectives.SquaredError(),
            tv.algorithms.SGD(learning_rate=0.1),
            line(),
            **QUIET,
        )


def test_zero_epochs_is_the_start_itself() -> None:
    fit = tv.fit(
        tv.models.Linear(),
        tv.objectives.SquaredError(),
        tv.algorithms.SGD(learning_rate=0.1),
        line(),
        epochs=0,
        **QUIET,
    )
    assert fit.steps == 0 and fit.history == [] and np.isfinite(fit.gradient_norm)
