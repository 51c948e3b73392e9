"""What the two estimators share: parameters, checks of the data, the fit, and pickling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from trivium.learning import fit as fitting
from trivium.learning.data import Dataset, as_dataset
from trivium.learning.data.containers import is_frame
from trivium.learning.defaults import Recommendation, recommend
from trivium.learning.errors import RequestError
from trivium.learning.fit import Fit
from trivium.learning.objectives import Objective
from trivium.learning.stop import Stop

from .choices import algorithm_of, model_of, objective_of, plain_number, seed_of
from .distinct import distinct
from .plain import fit_from_plain, from_plain, plain_fit, to_plain

__all__ = ["Array", "Estimator"]

Array = np.ndarray[Any, Any]
Self = TypeVar("Self", bound="Estimator")

# The options of tv.fit that "auto" leaves to the data, and what else they may be.
_OPTIONS = {
    "epochs": "a whole number",
    "batch_size": "a whole number, None for all rows at once",
    "patience": "a whole number, None for never",
    "scale": "True, False",
}


class Estimator(BaseEstimator):
    """Model × objective × algorithm behind scikit-learn's ``fit`` and ``predict``."""

    _task: str

    fit_: Fit
    n_iter_: int
    loss_curve_: list[float]
    n_features_in_: int
    feature_names_in_: Array

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
        scale: bool | str = "auto",
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.model = model
        self.objective = objective
        self.algorithm = algorithm
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation = validation
        self.patience = patience
        self.scale = scale
        self.random_state = random_state
        self.verbose = verbose

    def fit(self: Self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Pick the best function; returns the estimator itself.

        Shapes: ``X`` (N, d), an array of finite numbers or a dataframe (pandas, Polars, Arrow),
        whose columns may hold text and missing cells; ``y`` (N,), of a regressor also (N, k);
        ``sample_weight`` (N,), where weight 2 counts an example twice and 0 leaves it out.
        Raises DataError or another ValueError for data that cannot be used, RequestError for a
        combination without a meaning.
        """
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None: "
                "fit(X, y)"
            )
        features = self._features(X, reset=True)
        target = self._target(y)
        dataset = self._dataset(features, target, sample_weight)
        fit = self._fit(dataset, _precision(features))
        if fit.stopped is Stop.INTERRUPTED:
            raise KeyboardInterrupt
        self._learned(fit, target)
        return self

    def predict(self, X: Any) -> Array:
        """The prediction for each example. Shapes: (N, d) → (N,), or (N, k) for k targets."""
        raise NotImplementedError

    def _target(self, y: Any) -> Array:
        """``y`` as a target that ``tv.fit`` takes."""
        raise NotImplementedError

    def _weighted(self, objective: Objective, dataset: Dataset) -> tuple[Objective, Dataset]:
        """The objective and the data with the weights that the estimator adds to them."""
        return objective, dataset

    def _fit(self, dataset: Dataset, dtype: str) -> Fit:
        model, algorithm = model_of(self.model), algorithm_of(self.algorithm)
        objective = objective_of(self.objective)
        if objective is not None:
            self._check_task(model, objective)
        validation = plain_number(self.validation)
        advice = recommend(
            distinct(dataset),
            model,
            objective,
            algorithm,
            validation=_share(validation, dataset),
        )
        objective, dataset = self._weighted(advice.objective, dataset)
        return fitting.fit(
            advice.model,
            objective,
            advice.algorithm,
            dataset,
            validation=validation,
            seed=seed_of(self.random_state),
            dtype=dtype,
            progress=bool(self.verbose),
            **{name: self._option(name, advice) for name in _OPTIONS},
        )

    def _option(self, name: str, advice: Recommendation) -> Any:
        value = plain_number(getattr(self, name))
        if isinstance(value, str) and value == "auto":
            return getattr(advice, name)
        if isinstance(value, str) or (name == "scale" and not isinstance(value, bool)):
            raise RequestError(f"{name} must be {_OPTIONS[name]} or 'auto', not {value!r}")
        return value

    def _check_task(self, model: Any, objective: Objective) -> None:
        wanted = objective.wanted_task(model)
        if wanted is not None and wanted != self._task:
            other = "Regressor" if self._task == "classification" else "Classifier"
            raise RequestError(
                f"{type(self).__name__} is for {self._task}, but the objective {objective!r} "
                f"is for {wanted}; choose another objective, or use tv.{other}"
            )

    def _features(self, X: Any, *, reset: bool) -> Any:
        """``X`` as an array of finite numbers, or the dataframe that it is."""
        if is_frame(X):
            X = _collected(X)
            validate_data(self, X, reset=reset, skip_check_array=True)
            return X
        return validate_data(self, X, reset=reset)

    def _dataset(self, features: Any, target: Array, sample_weight: Any) -> Dataset:
        dataset = as_dataset((features, target), sample_weight=sample_weight)
        if dataset.weight is not None and not dataset.weight.all():
            dataset = dataset.take(dataset.weight > 0)
        # The data need not tell the task: the estimator's class does.
        return replace(dataset, task=self._task)

    def _learned(self, fit: Fit, target: Array) -> None:
        """Set the attributes that end with an underscore."""
        self.fit_ = fit
        self.n_iter_ = len(fit.history) or max(1, fit.steps)
        self.loss_curve_ = [row["loss"] for row in fit.history] or [
            fit.metrics["train"]["loss"]
        ]

    def _fitted(self, X: Any) -> tuple[Fit, Any]:
        """The fit and the checked features of a method that needs both."""
        check_is_fitted(self, "fit_")
        return self.fit_, self._features(X, reset=False)

    def __getstate__(self) -> dict[str, Any]:
        state = {name: to_plain(value) for name, value in super().__getstate__().items()}
        if "fit_" in state:
            state["fit_"] = plain_fit(self.fit_)
        return state

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        read = {name: from_plain(value) for name, value in state.items() if name != "fit_"}
        if "fit_" in state:
            read["fit_"] = fit_from_plain(state["fit_"])
        super().__setstate__(read)


def _collected(frame: Any) -> Any:
    """A lazy dataframe's eager one."""
    import narwhals as nw

    known = nw.from_native(frame)
    return known.collect().to_native() if isinstance(known, nw.LazyFrame) else frame


def _precision(features: Any) -> str:
    """float32 for arrays of float32, else float64: the precision that the data have."""
    single = isinstance(features, np.ndarray) and features.dtype == np.float32
    return "float32" if single else "float64"


def _share(validation: Any, dataset: Dataset) -> float:
    """``validation`` as a fraction; 0 for one that ``tv.fit`` will refuse."""
    share = validation / len(dataset) if isinstance(validation, int) else validation
    return share if isinstance(share, float) and 0 < share < 1 else 0
