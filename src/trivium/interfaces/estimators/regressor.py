"""A regressor with scikit-learn's interface."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils import check_array

from trivium.learning.fit import Fit

from .base import Array, Estimator

__all__ = ["Regressor"]


class Regressor(MultiOutputMixin, RegressorMixin, Estimator):
    """Model × objective × algorithm as a scikit-learn regressor, for one target or several.

    ``model``, ``objective``, ``algorithm``: objects (``tv.models.MLP([64])``), their text forms
    (``"mlp:64"``, ``"huber:delta=1.5+1e-4*l2"``, ``"adam:learning_rate=0.01"``), or None for
    what suits the data. ``epochs``, ``batch_size``, ``patience``, ``scale`` as in ``tv.fit``;
    "auto" chooses them too. ``validation``: share or number of rows that are not learned from
    and choose the best epoch; 0 for none. ``random_state``: a whole number is the seed of
    ``tv.fit``; None draws one from NumPy's global state. ``verbose``: show progress.

    After ``fit``: ``fit_`` (what ``tv.fit`` returned: scores, history, parameters, save …),
    ``n_iter_`` (epochs, or a solver's evaluations), ``loss_curve_`` (the objective in each
    epoch), ``n_features_in_``, and for dataframes with named columns ``feature_names_in_``.
    """

    _task = "regression"

    _target_shape: tuple[int, ...]

    def predict(self, X: Any) -> Array:
        """The value for each example. Shapes: (N, d) → (N,), or (N, k) if ``y`` was (N, k)."""
        fit, features = self._fitted(X)
        return fit.predict(features).reshape(-1, *self._target_shape)

    def _target(self, y: Any) -> Array:
        values: Array = check_array(
            y, dtype=np.float64, ensure_2d=False, estimator=self, input_name="y"
        )
        return values

    def _learned(self, fit: Fit, target: Array) -> None:
        super()._learned(fit, target)
        self._target_shape = target.shape[1:]
