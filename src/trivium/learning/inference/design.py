"""The design matrix of a linear model: its columns, their names, and the user's units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.learning.data import Encoder
from trivium.learning.data.codes import CategoryCode, NumberCode
from trivium.learning.data.features import TableFeatures

__all__ = ["Design", "design_of"]

Array = np.ndarray[Any, Any]
INTERCEPT = "intercept"


@dataclass(frozen=True, eq=False)
class Design:
    """The columns that a linear predictor combines: ones for the bias, then the features.

    ``rows``: (N, p) as the model sees them. ``names``: of the columns. ``centre``, ``spread``:
    (p,), column = (the user's number - centre)/spread; 0 and 1 for the ones. ``order``: columns
    in the order in which they are kept where some depend on others: the bias, numbers, then
    categories, the first level of each last, so that it becomes the level compared with.
    ``baselines``: column of a first level → the category's name.
    """

    rows: Array
    names: list[str]
    centre: Array
    spread: Array
    order: list[int]
    baselines: dict[int, str]
    bias: bool

    def to_user(self, kept: Sequence[int]) -> tuple[Array, list[str]]:
        """M with β = Mθ: coefficients of the user's numbers from those of the kept columns.

        Without a bias, centred columns leave a constant: it is the first row, an implied
        intercept.
        """
        places = list(kept)
        spread = self.spread[places]
        slopes = np.diag(1.0 / spread)
        constant = -self.centre[places] / spread
        names = [self.names[j] for j in places]
        if self.bias and places and places[0] == 0:
            slopes[0] += constant
            return slopes, names
        if constant.any():
            return np.vstack([constant, slopes]), [INTERCEPT, *names]
        return slopes, names


def design_of(x: Array, bias: bool, encoder: Encoder) -> Design:
    """The design of encoded features ``x`` (N, …) for a model with or without a bias."""
    rows = np.asarray(x, np.float64).reshape(len(x), -1)
    centre, spread = _scaling(encoder, rows.shape[1])
    names = [str(name) for name in encoder.feature_names]
    first = _first_levels(encoder)
    shift = int(bias)
    if bias:
        rows = np.concatenate([np.ones((len(rows), 1)), rows], axis=1)
        names = [INTERCEPT, *names]
        centre, spread = np.r_[0.0, centre], np.r_[1.0, spread]
    baselines = {place + shift: name for place, name in first.items()}
    levels = {place + shift for place in _levels(encoder)}
    plain = [j for j in range(len(names)) if j not in levels]
    others = [j for j in sorted(levels) if j not in baselines]
    order = plain + others + sorted(baselines)
    return Design(rows, names, centre, spread, order, baselines, bias)


def _scaling(encoder: Encoder, count: int) -> tuple[Array, Array]:
    features = encoder.features
    centre, spread = np.zeros(count), np.ones(count)
    if isinstance(features, TableFeatures):
        place = 0
        for code in features.codes:
            if isinstance(code, NumberCode) and code.spread:
                centre[place], spread[place] = code.centre, code.spread
            place += code.width
    elif features.centre is not None and features.spread is not None:
        known = features.spread.ravel()
        centre = np.where(known > 0, features.centre.ravel(), 0.0)
        spread = np.where(known > 0, known, 1.0)
    return centre, spread


def _levels(encoder: Encoder) -> list[int]:
    """The places of all columns that stand for a level of a category."""
    found, place = [], 0
    if isinstance(encoder.features, TableFeatures):
        for code in encoder.features.codes:
            if isinstance(code, CategoryCode):
                found += list(range(place, place + code.width))
            place += code.width
    return found


def _first_levels(encoder: Encoder) -> dict[int, str]:
    found, place = {}, 0
    if isinstance(encoder.features, TableFeatures):
        for code in encoder.features.codes:
            if isinstance(code, CategoryCode):
                found[place] = code.name
            place += code.width
    return found
