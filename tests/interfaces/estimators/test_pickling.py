"""Estimators are pickled as plain data and come back as they were."""

import io
import pickle
import pickletools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_iris

import trivium as tv
from trivium.engine.tensor import Tensor
from trivium.learning.errors import RequestError

IRIS = load_iris(return_X_y=True)


class Shared(tv.Model):
    """Two layers with one weight, a constant, a container and a drawn vector."""

    def __init__(self) -> None:
        self.weight = tv.parameter((4, 4))
        self.parts = {"first": self.weight, "more": [tv.variable(np.zeros(4)), (1, "text")]}
        self.scale = tv.tensor(2.0, name="scale")
        self.last = tv.layers.Dense(3)

    def __call__(self, x: Any) -> Any:
        hidden = tv.array.tanh(x @ self.weight + self.parts["more"][0])
        return self.last(tv.array.tanh(hidden @ self.parts["first"]) * self.scale)


class Kept(tv.Model):
    """Keeps an expression, which is no data."""

    def __init__(self) -> None:
        self.weight = tv.parameter((4, 3))
        self.double = self.weight * 2

    def __call__(self, x: Any) -> Any:
        return x @ self.double


def line(x: Any, a: Any, b: Any) -> Any:
    return a * x[:, 0] + b


def by_pickle(estimator: Any, folder: Path) -> Any:
    return pickle.loads(pickle.dumps(estimator))


def by_joblib(estimator: Any, folder: Path) -> Any:
    joblib.dump(estimator, folder / "estimator.joblib")
    return joblib.load(folder / "estimator.joblib", mmap_mode="r")


BOTH = pytest.mark.parametrize("back", [by_pickle, by_joblib])
MODELS = {
    "default": None,
    "text": "mlp:4,dropout=0.1",
    "linear": tv.models.Linear(output="softmax"),
    "mlp": tv.models.MLP([4], "tanh"),
    "sequential": tv.models.Sequential(tv.layers.Dense(4, "relu"), tv.layers.Dense()),
    "own": Shared(),
}


@BOTH
@pytest.mark.parametrize("name", MODELS)
def test_a_classifier_comes_back(
    name: str, back: Callable[[Any, Path], Any], tmp_path: Path
) -> None:
    x, y = IRIS[0], np.array(["a", "b", "c"])[IRIS[1]]
    objective = "squared-error" if name == "linear" else None
    classifier = tv.Classifier(MODELS[name], objective, epochs=2, random_state=0).fit(x, y)
    again = back(classifier, tmp_path)
    np.testing.assert_array_equal(again.predict_proba(x), classifier.predict_proba(x))
    np.testing.assert_array_equal(again.predict(x), classifier.predict(x))
    assert again.fit_.metrics == classifier.fit_.metrics
    assert again.fit_.score((x, y)) == classifier.fit_.score((x, y))
    assert list(again.fit_.parameters()) == list(classifier.fit_.parameters())
    # What came back can be fitted again, and a fit can be written as a run.
    again.fit_.save(tmp_path / "run")
    np.testing.assert_array_equal(again.fit(x, y).predict(x), classifier.predict(x))


@BOTH
def test_a_regressor_of_several_targets_comes_back(
    back: Callable[[Any, Path], Any], tmp_path: Path
) -> None:
    x, y = IRIS[0][:, :2], IRIS[0][:, 2:]
    for model in ("linear", "mlp:4"):
        regressor = tv.Regressor(model, epochs=2, random_state=0).fit(x, y)
        again = back(regressor, tmp_path)
        np.testing.assert_array_equal(again.predict(x), regressor.predict(x))


def test_a_formula_comes_back() -> None:
    x, y = IRIS[0][:, 2:3], IRIS[0][:, 3]
    formula = tv.models.Formula(line, a=0.1, b=0.0)
    regressor = tv.Regressor(formula, "squared-error", "adam:learning_rate=0.1", epochs=30)
    again = pickle.loads(pickle.dumps(regressor.fit(x, y)))
    np.testing.assert_array_equal(again.predict(x), regressor.predict(x))


def test_what_is_shared_stays_shared() -> None:
    classifier = pickle.loads(pickle.dumps(tv.Classifier(Shared(), epochs=1).fit(*IRIS)))
    for model in (classifier.model, classifier.fit_.model):
        assert model.parts["first"] is model.weight
        assert model.scale.name == "scale"
    assert classifier.model.weight.pending
    assert not classifier.fit_.model.weight.pending


def test_an_unfitted_estimator_comes_back() -> None:
    again = pickle.loads(pickle.dumps(tv.Classifier(Shared(), epochs=7)))
    assert (again.epochs, type(again.model)) == (7, Shared)
    assert not hasattr(again, "fit_")


def test_a_pickle_holds_no_tensor() -> None:
    classifier = tv.Classifier(tv.models.MLP([4]), epochs=1).fit(*IRIS)
    text = io.StringIO()
    pickletools.dis(pickle.dumps(classifier), text)
    assert "engine.tensor" not in text.getvalue()
    found: list[Any] = [classifier.__getstate__()]
    while found:
        value = found.pop()
        assert not isinstance(value, Tensor)
        found += list(value.values()) if isinstance(value, dict) else []
        found += list(value) if isinstance(value, list | tuple) else []


def test_an_expression_that_a_model_keeps_is_refused_by_name() -> None:
    with pytest.raises(RequestError, match=r"multiply.*test_pickling\.py.*__call__"):
        pickle.dumps(tv.Classifier(Kept()))
