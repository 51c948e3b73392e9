"""The estimators among scikit-learn's own: pipelines, searches, cross-validation, scores."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import trivium as tv

IRIS = load_iris(return_X_y=True)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("load", [load_iris, load_wine], ids=["iris", "wine"])
def test_classification_is_as_good_as_scikit_learns(load: Any) -> None:
    x, y = load(return_X_y=True)
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    scores = {
        name: cross_val_score(estimator, x, y, cv=folds).mean()
        for name, estimator in {
            "linear": make_pipeline(StandardScaler(), LogisticRegression()),
            "mlp": make_pipeline(StandardScaler(), MLPClassifier((64,), max_iter=150)),
            "mine": tv.Classifier(epochs=100, random_state=0),
        }.items()
    }
    assert scores["mine"] >= max(scores["linear"], scores["mlp"]) - 0.02, scores


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_regression_is_as_good_as_scikit_learns() -> None:
    x, y = load_diabetes(return_X_y=True)
    folds = KFold(5, shuffle=True, random_state=0)
    scores = {
        name: cross_val_score(estimator, x, y, cv=folds).mean()
        for name, estimator in {
            "linear": make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 3, 13))),
            "mlp": make_pipeline(
                StandardScaler(),
                MLPRegressor(hidden_layer_sizes=(32,), early_stopping=True, max_iter=200),
            ),
            "mine": tv.Regressor(random_state=0),
        }.items()
    }
    assert scores["mine"] >= max(scores["linear"], scores["mlp"]) - 0.02, scores


def test_a_search_over_models_objectives_and_algorithms() -> None:
    search = GridSearchCV(
        tv.Classifier(epochs=10, random_state=0),
        {
            "model": ["linear", tv.models.MLP([8])],
            "objective": ["cross-entropy", "hinge+1e-3*l2"],
            "epochs": np.array([2, 20]),
        },
        cv=3,
    )
    search.fit(*IRIS)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_params_["epochs"] == 20
    assert search.score(*IRIS) > 0.8


@pytest.mark.parametrize("output", ["default", "pandas", "polars"])
def test_behind_a_column_transformer(output: str) -> None:
    x, y = IRIS
    table = pd.DataFrame(x, columns=["sl", "sw", "pl", "pw"])
    table["size"] = np.where(table["sl"] > 5.8, "big", "small")
    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["sl", "sw", "pl", "pw"]),
            ("words", OneHotEncoder(sparse_output=False), ["size"]),
        ]
    ).set_output(transform=output)  # type: ignore[arg-type]
    pipeline = Pipeline(
        [("columns", columns), ("classifier", tv.Classifier(epochs=20, random_state=0))]
    )
    search = GridSearchCV(pipeline, {"classifier__model": ["linear", "mlp:8"]}, cv=2)
    assert search.fit(table, y).score(table, y) > 0.85


def test_weights_are_routed_through_a_pipeline() -> None:
    x, y = IRIS
    weight = (y != 2).astype(float)
    pipeline = make_pipeline(StandardScaler(), tv.Classifier("linear", epochs=5))
    pipeline.fit(x, y, classifier__sample_weight=weight)
    assert pipeline.classes_.tolist() == [0, 1]


def test_processes_share_the_work() -> None:
    classifier = tv.Classifier("mlp:4", epochs=3, random_state=0)
    apart = cross_val_score(classifier, *IRIS, cv=2, n_jobs=2)
    np.testing.assert_array_equal(apart, cross_val_score(classifier, *IRIS, cv=2))


def test_inside_other_estimators() -> None:
    x, y = IRIS
    rest = OneVsRestClassifier(tv.Classifier("linear", epochs=20, random_state=0))
    assert rest.fit(x, y).score(x, y) > 0.7
    chances = cross_val_predict(
        tv.Classifier("linear", epochs=20, random_state=0), x, y, cv=3, method="predict_proba"
    )
    assert chances.shape == (150, 3)
    logarithmic = TransformedTargetRegressor(
        tv.Regressor("linear", random_state=0), func=np.log, inverse_func=np.exp
    )
    assert logarithmic.fit(x[:, :3], x[:, 3]).score(x[:, :3], x[:, 3]) > 0.7


def test_clone_keeps_the_parameters_and_nothing_else() -> None:
    fitted = tv.Classifier("linear", epochs=1, class_weight="balanced").fit(*IRIS)
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert not hasattr(copy, "fit_")
