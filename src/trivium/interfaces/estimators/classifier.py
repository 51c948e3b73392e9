"""A classifier with scikit-learn's interface."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets

from trivium.learning.data import Dataset
from trivium.learning.errors import DataError, RequestError
from trivium.learning.fit import Fit
from trivium.learning.models import Model, ThresholdNeuron
from trivium.learning.objectives import (
    BinaryCrossEntropy,
    CrossEntropy,
    JointLikelihood,
    Objective,
)

from .base import Array, Estimator
from .choices import model_of, objective_of
from .weighting import with_class_weight

__all__ = ["Classifier"]


def _present(estimator: Classifier) -> tuple[Model | None, Objective | None]:
    """The model and objective in use; None for what will be chosen from the data."""
    fit = vars(estimator).get("fit_")
    if fit is not None:
        return fit.model, fit.objective
    try:
        return model_of(estimator.model), objective_of(estimator.objective)
    except RequestError:
        return None, None  # fit tells what is wrong


_EVEN = ("logit", "probit", "cauchit")  # links with g(½) = 0


def _has_probabilities(estimator: Classifier) -> bool:
    model, objective = _present(estimator)
    if isinstance(model, ThresholdNeuron):
        return False
    if objective is None or getattr(model, "output", "scores") == "probability":
        return True
    terms = [term for weight, term in objective.data_terms if weight > 0]
    likelihoods = CrossEntropy | BinaryCrossEntropy | JointLikelihood
    return all(isinstance(term, likelihoods) or term.linked for term in terms)


def _has_scores(estimator: Classifier) -> bool:
    model, objective = _present(estimator)
    terms = [] if objective is None else objective.data_terms
    # With another link the score 0 does not mean the probability ½.
    even = all(getattr(term, "link", "logit") in _EVEN for _, term in terms if term.linked)
    return even and getattr(model, "output", "scores") == "scores"


class Classifier(ClassifierMixin, Estimator):
    """Model × objective × algorithm as a scikit-learn classifier.

    ``model``, ``objective``, ``algorithm``: objects (``tv.models.MLP([64])``), their text forms
    (``"mlp:64"``, ``"cross-entropy+1e-4*l2"``, ``"adam:learning_rate=0.01"``), or None for what
    suits the data. ``epochs``, ``batch_size``, ``patience``, ``scale`` as in ``tv.fit``; "auto"
    chooses them too. ``validation``: share or number of rows that are not learned from and
    choose the best epoch; 0 for none. ``class_weight``: None, "balanced" or {label: weight}.
    ``random_state``: a whole number is the seed of ``tv.fit``; None draws one from NumPy's
    global state. ``verbose``: show progress.

    After ``fit``: ``classes_`` (the labels, sorted), ``fit_`` (what ``tv.fit`` returned: its
    scores, history, parameters, save …), ``n_iter_`` (epochs, or a solver's evaluations),
    ``loss_curve_`` (the objective in each epoch), ``n_features_in_``, and for dataframes with
    named columns ``feature_names_in_``.
    """

    _task = "classification"

    classes_: Array

    def __init__(
        self,
        model: Any = None,
        objective: Any = None,
        algorithm: Any = None,
        *,
        epochs: int | str = "auto",
        batch_size: int | str | None = "auto",
        validation: float | int = 0,
        patience: int | str | None = "auto",
        class_weight: Any = None,
        scale: bool | str = "auto",
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            model,
            objective,
            algorithm,
            epochs=epochs,
            batch_size=batch_size,
            validation=validation,
            patience=patience,
            scale=scale,
            random_state=random_state,
            verbose=verbose,
        )
        self.class_weight = class_weight

    def predict(self, X: Any) -> Array:
        """The label of each example. Shapes: (N, d) → (N,)."""
        fit, features = self._fitted(X)
        return self.classes_[np.searchsorted(np.array(fit.classes), fit.predict(features))]

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, in the order of ``classes_``. Shapes: → (N, K).

        There for objectives that are likelihoods (cross-entropy) and models whose output is a
        probability.
        """
        fit, features = self._fitted(X)
        return fit.probabilities(features)

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of ``predict_proba``."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    @available_if(_has_scores)  # type: ignore[untyped-decorator]
    def decision_function(self, X: Any) -> Array:
        """The score of each class; of two classes that of the second against the first.

        Shapes: → (N,) for two classes, where positive means the second, else (N, K). There for
        models that return scores.
        """
        fit, features = self._fitted(X)
        scores = fit.outputs(features).astype(np.float64)
        if scores.ndim > 1 and scores.shape[1] == 2:
            return scores[:, 1] - scores[:, 0]
        return scores

    def _target(self, y: Any) -> Array:
        labels = column_or_1d(y, warn=True)
        assert_all_finite(labels, input_name="y")
        check_classification_targets(labels)
        return labels

    def _dataset(self, features: Any, target: Array, sample_weight: Any) -> Dataset:
        return super()._dataset(features, _words(target), sample_weight)

    def _weighted(self, objective: Objective, dataset: Dataset) -> tuple[Objective, Dataset]:
        return with_class_weight(objective, self.class_weight, dataset)

    def _learned(self, fit: Fit, target: Array) -> None:
        super()._learned(fit, target)
        self.classes_ = np.array(fit.classes).astype(target.dtype)


def _words(labels: Array) -> Array:
    """The labels as ``tv.fit`` takes them: whole floats are integers."""
    if labels.dtype.kind != "f":
        return labels
    if (np.abs(labels) >= 2.0**63).any():
        raise DataError(f"y holds {np.abs(labels).max():g}, too large for a label.")
    return labels.astype(np.int64)
