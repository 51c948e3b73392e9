"""What the estimators promise beyond scikit-learn's contract: inside is tv.fit."""

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError

import trivium as tv
from trivium.learning.errors import DataError, RequestError

IRIS = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[IRIS[1]]


def same(first: Any, second: Any) -> None:
    np.testing.assert_array_equal(first, second)


def test_a_classifier_predicts_what_fit_predicts() -> None:
    x, y = IRIS[0], NAMES
    three = ("mlp:16", "cross-entropy+0.01*l2", "adam:learning_rate=0.01")
    mine = tv.Classifier(*three, epochs=5, batch_size=16, scale=True, random_state=3).fit(x, y)
    fit = tv.fit(
        tv.models.MLP([16]),
        tv.objectives.CrossEntropy() + 0.01 * tv.objectives.L2(),
        tv.algorithms.Adam(learning_rate=0.01),
        (x, y),
        epochs=5,
        batch_size=16,
        scale=True,
        seed=3,
        dtype="float64",
        progress=False,
    )
    same(mine.predict(x), fit.predict(x))
    same(mine.predict_proba(x), fit.probabilities(x))
    same(mine.classes_, fit.classes)
    same(mine.loss_curve_, fit.history.column("loss"))
    assert mine.n_iter_ == 5


def test_a_regressor_predicts_what_fit_predicts() -> None:
    x, y = load_diabetes(return_X_y=True)
    mine = tv.Regressor("linear", "squared-error", "closed-form", scale=True).fit(x, y)
    fit = tv.fit(
        tv.models.Linear(),
        tv.objectives.SquaredError(),
        tv.algorithms.ClosedForm(),
        (x, y),
        scale=True,
        progress=False,
    )
    same(mine.predict(x), fit.predict(x))
    assert mine.loss_curve_ == [fit.metrics["train"]["loss"]]


def test_objects_and_their_text_forms_are_the_same() -> None:
    x, y = IRIS
    given = (
        tv.models.MLP([8]),
        tv.objectives.CrossEntropy(),
        tv.algorithms.SGD(learning_rate=0.1, momentum=0.9),
    )
    texts = ("mlp:8", "cross-entropy", "sgd:learning_rate=0.1,momentum=0.9")
    fitted = [
        tv.Classifier(*three, epochs=3, random_state=0).fit(x, y) for three in (given, texts)
    ]
    same(fitted[0].predict_proba(x), fitted[1].predict_proba(x))


def test_the_given_model_stays_as_it_was() -> None:
    model = tv.models.MLP([4])
    classifier = tv.Classifier(model, epochs=2).fit(*IRIS)
    assert classifier.model is model and not model.parameters()
    assert clone(classifier).model is not model


@pytest.mark.parametrize(
    "labels",
    [
        NAMES,
        NAMES.astype(object),
        IRIS[1] - 1,
        IRIS[1].astype(np.uint8),
        IRIS[1].astype(float) * 10,
        IRIS[1].astype(np.float32),
        IRIS[1] > 0,
    ],
    ids=["text", "object", "negative", "uint8", "float", "float32", "bool"],
)
def test_predictions_have_the_type_of_the_labels(labels: np.ndarray) -> None:
    classifier = tv.Classifier("linear", epochs=20, random_state=0).fit(IRIS[0], labels)
    predicted = classifier.predict(IRIS[0])
    assert predicted.dtype == classifier.classes_.dtype == labels.dtype
    same(classifier.classes_, np.unique(labels))
    same(classifier.classes_[classifier.predict_proba(IRIS[0]).argmax(axis=1)], predicted)
    assert classifier.score(IRIS[0], labels) > 0.7


def test_single_precision_data_are_fitted_in_single_precision() -> None:
    x, y = IRIS
    for dtype, expected in ((np.float32, "float32"), (np.float64, "float64"), (int, "float64")):
        classifier = tv.Classifier("linear", epochs=1).fit(x.astype(dtype), y)
        assert classifier.fit_.options.dtype == expected


def test_the_seed_decides_everything() -> None:
    x, y = IRIS
    settings: dict[str, Any] = {"model": "mlp:8,dropout=0.2", "epochs": 3, "validation": 0.2}
    runs = [
        tv.Classifier(**settings, random_state=seed).fit(x, y).predict_proba(x)
        for seed in (1, 1, 2)
    ]
    same(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()
    drawn = [
        tv.Classifier(**settings, random_state=np.random.RandomState(5)).fit(x, y).loss_curve_
        for _ in range(2)
    ]
    assert drawn[0] == drawn[1]


# Methods that exist only where they have a meaning.


@pytest.mark.parametrize(
    ("three", "classes", "probabilities", "scores"),
    [
        ((None, None, None), 3, True, (150, 3)),
        (("linear", "cross-entropy"), 2, True, (100,)),
        (("linear", "binary-cross-entropy+0.01*l1"), 2, True, (100,)),
        (("linear", "hinge"), 3, False, (150, 3)),
        (("linear", "hinge"), 2, False, (100,)),
        (("mlp:4,output=softmax", "squared-error"), 3, True, None),
        (("threshold", "squared-error", "delta-rule"), 2, False, None),
    ],
)
def test_methods_are_there_where_they_mean_something(
    three: tuple[Any, ...], classes: int, probabilities: bool, scores: tuple[int, ...] | None
) -> None:
    some = IRIS[1] < classes
    x, y = IRIS[0][some], IRIS[1][some]
    classifier = tv.Classifier(*three, epochs=20, random_state=0)
    for _ in range(2):  # before and after fit
        assert hasattr(classifier, "predict_proba") is probabilities
        assert hasattr(classifier, "predict_log_proba") is probabilities
        assert hasattr(classifier, "decision_function") is (scores is not None)
        classifier.fit(x, y)
    predicted = classifier.predict(x)
    if probabilities:
        chances = classifier.predict_proba(x)
        assert chances.shape == (len(x), classes)
        np.testing.assert_allclose(chances.sum(axis=1), 1)
        same(chances.argmax(axis=1), predicted)
        same(classifier.predict_log_proba(x), np.log(chances))
    if scores is not None:
        found = classifier.decision_function(x)
        assert found.shape == scores
        same(found.argmax(axis=1) if classes > 2 else (found > 0).astype(int), predicted)


def test_what_is_wrong_is_said_by_fit_and_not_by_hasattr() -> None:
    classifier = tv.Classifier(objective="cros-entropy")
    assert hasattr(classifier, "predict_proba")
    with pytest.raises(RequestError, match="cross-entropy"):
        classifier.fit(*IRIS)


# Weights.


@pytest.mark.parametrize("model", ["linear", "mlp:8"])
def test_a_weight_is_a_number_of_copies(model: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 3)), rng.integers(0, 3, 40)
    counts = rng.integers(0, 4, 40)
    settings: dict[str, Any] = {"model": model, "random_state": 0, "epochs": 30}
    weighted = tv.Classifier(**settings, batch_size=None, class_weight="balanced")
    weighted.fit(x, y, sample_weight=counts)
    repeated = clone(weighted).fit(np.repeat(x, counts, axis=0), np.repeat(y, counts))
    np.testing.assert_allclose(
        weighted.predict_proba(x), repeated.predict_proba(x), rtol=1e-7, atol=1e-9
    )


def test_the_closed_form_weights_by_copies_too() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(30, 3))
    y = x @ np.array([1.0, -2.0, 0.5]) + rng.normal(size=30)
    counts = rng.integers(0, 4, 30)
    weighted = tv.Regressor(random_state=0).fit(x, y, sample_weight=counts)
    repeated = tv.Regressor(random_state=0).fit(
        np.repeat(x, counts, axis=0), np.repeat(y, counts)
    )
    np.testing.assert_allclose(weighted.predict(x), repeated.predict(x), rtol=1e-9)


def test_class_weights_move_the_border() -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(-1, 1.5, (180, 1)), rng.normal(1, 1.5, (20, 1))])
    y = np.repeat(["common", "rare"], [180, 20])
    found = {}
    for name, weight in {
        "none": None,
        "balanced": "balanced",
        "named": {"common": 1.0, "rare": 9.0},
        "more": {"common": 1.0, "rare": 9.0, "absent": 3.0},
    }.items():
        classifier = tv.Classifier("linear", epochs=40, class_weight=weight, random_state=0)
        found[name] = classifier.fit(x, y).predict_proba(x)[:, 1]
    assert (found["balanced"] > found["none"]).all()
    # 180 : 20 balanced is 1 : 9, and only the ratio counts.
    np.testing.assert_allclose(found["named"], found["balanced"], rtol=1e-6)
    same(found["named"], found["more"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"class_weight": {"setosa": 2.0, "sertosa": 1.0}}, "sertosa"),
        ({"class_weight": 3}, "class_weight must be None"),
        ({"objective": "cross-entropy:class_weight=balanced", "class_weight": "balanced"},
         "twice"),
        ({"model": "mpl:4"}, "mlp"),
        ({"model": 4}, "mlp:128,64"),
        ({"objective": "squared-error"}, "tv.Regressor"),
        ({"algorithm": "closed-form", "objective": "cross-entropy"}, "closed form|ClosedForm"),
        ({"epochs": "many"}, "epochs must be a whole number or 'auto'"),
        ({"epochs": 2.5}, "epochs must be a whole number"),
        ({"batch_size": 151}, "150"),
        ({"scale": 1}, "scale must be True, False or 'auto'"),
        ({"validation": 1.0}, "validation"),
        ({"patience": 0}, "patience"),
        ({"random_state": -1}, "random_state"),
    ],
)  # fmt: skip
def test_requests_without_a_meaning_are_refused(settings: Any, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        tv.Classifier(**settings).fit(IRIS[0], NAMES)


def test_a_regressor_refuses_an_objective_for_classes() -> None:
    with pytest.raises(RequestError, match=r"tv\.Classifier"):
        tv.Regressor(objective="hinge").fit(*IRIS)


# Data.


def test_missing_numbers_in_an_array_are_refused_with_a_reason() -> None:
    x, y = IRIS[0].copy(), IRIS[1]
    classifier = tv.Classifier("linear", epochs=1).fit(x, y)
    x[3, 1] = np.nan
    for call in (lambda: tv.Classifier().fit(x, y), lambda: classifier.predict(x)):
        with pytest.raises(ValueError, match="Input X contains NaN"):
            call()


def frame() -> pd.DataFrame:
    table = pd.DataFrame(IRIS[0], columns=["sl", "sw", "pl", "pw"])
    table["size"] = np.where(table["sl"] > 5.8, "big", "small")
    table.loc[3, "sl"] = np.nan
    table.loc[5, "size"] = None
    return table


def test_a_dataframe_may_hold_text_and_missing_cells() -> None:
    table = frame()
    classifier = tv.Classifier(epochs=30, random_state=0).fit(table, NAMES)
    assert classifier.score(table, NAMES) > 0.9
    same(classifier.feature_names_in_, table.columns)
    assert classifier.n_features_in_ == 5
    polars = pl.from_pandas(table)
    for other in (polars, polars.lazy(), polars.to_arrow()):
        same(classifier.predict_proba(other), classifier.predict_proba(table))
    unseen = table.assign(size="enormous")
    assert np.isfinite(classifier.predict_proba(unseen)).all()


def test_the_columns_of_a_dataframe_must_be_those_of_fit() -> None:
    table = frame()
    classifier = tv.Classifier("linear", epochs=1).fit(table, NAMES)
    with pytest.raises(ValueError, match="now missing:\n- pw"):
        classifier.predict(table.drop(columns="pw"))
    with pytest.raises(ValueError, match="same order"):
        classifier.predict(table[table.columns[::-1]])


def test_a_numeric_dataframe_is_its_array() -> None:
    x, y = IRIS
    table = pd.DataFrame(x, columns=["a", "b", "c", "d"])
    settings: dict[str, Any] = {"model": "mlp:8", "epochs": 5, "random_state": 0}
    of_table = tv.Classifier(**settings).fit(table, y).predict_proba(table)
    of_array = tv.Classifier(**settings).fit(x, y).predict_proba(x)
    np.testing.assert_allclose(of_table, of_array, rtol=1e-9)


def test_one_class_left_by_the_weights_is_refused() -> None:
    with pytest.raises(DataError, match="one class only"):
        tv.Classifier().fit(*IRIS, sample_weight=(IRIS[1] == 1).astype(float))


def test_several_targets() -> None:
    x, y = IRIS[0][:, :2], IRIS[0][:, 2:]
    both = tv.Regressor("linear", "squared-error").fit(x, y)
    one = tv.Regressor("linear", "squared-error").fit(x, y[:, 1])
    assert both.predict(x).shape == (150, 2)
    np.testing.assert_allclose(both.predict(x)[:, 1], one.predict(x))
    column = tv.Regressor("linear", "squared-error").fit(x, y[:, 1:])
    assert column.predict(x).shape == (150, 1)
    names = pd.DataFrame(y, columns=["length", "width"])
    framed = tv.Regressor("linear", "squared-error").fit(x, names)
    np.testing.assert_allclose(framed.predict(x), both.predict(x))


def test_validation_and_patience_stop_early() -> None:
    x, y = IRIS
    classifier = tv.Classifier(
        "mlp:16", "cross-entropy", epochs=400, validation=0.3, patience=5, random_state=0
    ).fit(x, y)
    assert classifier.n_iter_ < 400
    assert len(classifier.loss_curve_) == classifier.n_iter_
    assert set(classifier.fit_.metrics) == {"train", "validation"}


def test_options_may_be_numpy_scalars() -> None:
    classifier = tv.Classifier(
        "linear",
        epochs=np.int64(3),
        batch_size=np.int32(16),
        validation=np.float64(0.2),
        scale=np.bool_(True),
        random_state=np.int64(1),
    )
    assert classifier.fit(*IRIS).n_iter_ == 3


def test_an_unfitted_estimator_says_so() -> None:
    for estimator in (tv.Classifier(), tv.Regressor()):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            estimator.predict(IRIS[0])


def test_an_interrupt_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    from trivium.interfaces.estimators import base
    from trivium.learning.stop import Stop

    whole = base.fitting.fit

    def interrupted(*arguments: Any, **options: Any) -> Any:
        fit = whole(*arguments, **options)
        fit.stopped = Stop.INTERRUPTED
        return fit

    monkeypatch.setattr(base.fitting, "fit", interrupted)
    classifier = tv.Classifier("linear", epochs=1)
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(*IRIS)
    assert not hasattr(classifier, "fit_")


def test_scikit_learn_is_imported_only_for_the_estimators() -> None:
    program = (
        "import sys, trivium as tv; tv.fit; tv.models; tv.data;"
        "assert 'sklearn' not in sys.modules; tv.Classifier;"
        "assert 'sklearn' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_different_examples_are_found_once_whatever_their_order_and_number() -> None:
    from trivium.interfaces.estimators.distinct import distinct
    from trivium.learning.data import as_dataset

    rng = np.random.default_rng(0)
    x, y = rng.integers(-1, 2, (60, 3)) * 0.5, rng.choice(["a", "b"], 60)
    order = rng.permutation(np.repeat(np.arange(60), rng.integers(1, 4, 60)))
    mine, theirs = (
        distinct(as_dataset((x, y))),
        distinct(as_dataset((-x[order] * -1, y[order]))),
    )
    same(mine.x, theirs.x)
    same(mine.y, theirs.y)
    assert len(mine) == len({(*row, label) for row, label in zip(x.tolist(), y, strict=True)})


@pytest.mark.parametrize("model", ["tree", "gaussian"])
def test_class_weights_of_objectives_that_have_none_weight_the_examples(model: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2))
    y = np.where(x[:, 0] + rng.normal(size=200) > 0.8, "rare", "often")
    weights = {"rare": 5.0, "often": 1.0}
    weighted = tv.Classifier(model, class_weight=weights).fit(x, y)
    same = tv.Classifier(model).fit(x, y, sample_weight=[weights[each] for each in y])
    np.testing.assert_allclose(weighted.predict_proba(x), same.predict_proba(x), atol=1e-12)
    plain = tv.Classifier(model).fit(x, y)
    assert (weighted.predict(x) == "rare").sum() > (plain.predict(x) == "rare").sum()
