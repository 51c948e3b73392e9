"""A classifier's ``class_weight`` becomes that of its objective, or of the examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trivium.learning.data import Dataset
from trivium.learning.errors import RequestError
from trivium.learning.objectives import Combination, DataTerm, Objective
from trivium.learning.specification import signature_of

__all__ = ["with_class_weight"]


def with_class_weight(
    objective: Objective, class_weight: Any, dataset: Dataset
) -> tuple[Objective, Dataset]:
    """``objective`` whose data terms weight the classes, and the dataset.

    Where the data terms have no class weights, the examples' own are multiplied by them.
    "balanced" gives class c the weight W / (K W_c), W_c being the sum of its examples' weights
    (their number, if there are none), so that all K classes count alike. A mapping may name
    labels that the data lack only if all labels that the data have are named. Raises
    RequestError otherwise, and for an objective that has class weights already.
    """
    if class_weight is None:
        return objective, dataset
    if isinstance(class_weight, str) and class_weight == "balanced":
        weights = _balanced(dataset)
    elif isinstance(class_weight, Mapping):
        weights = _named(class_weight, dataset)
    else:
        raise RequestError(
            "class_weight must be None, 'balanced' or a mapping from labels to weights such as "
            f"{{'yes': 2.0}}, not {class_weight!r}"
        )
    terms = objective.terms()
    data = [term for _, term in terms if isinstance(term, DataTerm)]
    if not all("class_weight" in signature_of(type(term)) for term in data):
        return objective, _emphasised(dataset, weights)
    made = [
        (factor, _weighted(term, weights) if isinstance(term, DataTerm) else term)
        for factor, term in terms
    ]
    single = made[0][0] == 1 and len(made) == 1
    return made[0][1] if single else Combination(made), dataset


def _emphasised(dataset: Dataset, weights: Mapping[Any, Any]) -> Dataset:
    """The dataset whose examples count as their classes do."""
    labels, codes = np.unique(_target(dataset), return_inverse=True)
    of_class = np.array([float(weights.get(label, 1.0)) for label in labels.tolist()])
    own = np.ones(len(dataset)) if dataset.weight is None else dataset.weight
    return dataset.with_weight(own * of_class[codes.ravel()])


def _target(dataset: Dataset) -> np.ndarray[Any, Any]:
    assert dataset.target is not None
    return dataset.target


def _balanced(dataset: Dataset) -> dict[Any, float]:
    labels, codes = np.unique(_target(dataset), return_inverse=True)
    totals = np.bincount(codes, weights=dataset.weight)
    shares = totals.sum() / (len(labels) * totals)
    return dict(zip(labels.tolist(), shares.tolist(), strict=True))


def _named(given: Mapping[Any, Any], dataset: Dataset) -> dict[Any, Any]:
    labels = np.unique(_target(dataset)).tolist()
    plain = {key.item() if isinstance(key, np.generic) else key: each
             for key, each in given.items()}  # fmt: skip
    weights = {label: plain[label] for label in labels if label in plain}
    unnamed = [label for label in labels if label not in plain]
    if unnamed and len(weights) < len(plain):
        odd = next(key for key in plain if key not in weights)
        raise RequestError(
            f"class_weight names {odd!r}, but the labels are {', '.join(map(repr, labels))}"
        )
    return weights


def _weighted(term: DataTerm, weights: Mapping[Any, Any]) -> DataTerm:
    if term.class_weight is not None:
        raise RequestError(
            f"class_weight is given twice: to the estimator and in the objective {term!r}"
        )
    return type(term)(**{**term.hyperparameters(), "class_weight": weights})
