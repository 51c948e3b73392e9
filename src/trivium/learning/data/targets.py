"""What a target is: class labels or quantities, and whether that fits what is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from trivium.learning.data.words import Places, counted, shortened
from trivium.learning.errors import DataError

if TYPE_CHECKING:
    from trivium.learning.data.dataset import Dataset

__all__ = ["MANY_CLASSES", "Task", "infer_task", "quiet_task", "target_kind"]

Task = Literal["classification", "regression"]

MANY_CLASSES = 20  # whole numbers with more different values than this are a quantity
FEW_FLOATS = 10  # whole-valued floats with at most this many values may be meant as labels


def target_kind(target: np.ndarray) -> str:
    """Return what a raw target holds: category, integer, boolean or number."""
    kind = target.dtype.kind
    return {"b": "boolean", "i": "integer", "u": "integer", "f": "number"}.get(kind, "category")


def infer_task(
    dataset: Dataset, wanted: str | None = None, *, objective: str | None = None
) -> Task:
    """Return whether the target of ``dataset`` is learned as classes or as a quantity.

    Text and truth values are classes. Floats are quantities. Whole numbers are classes when
    there are two different values, or at most 20 and each is there twice on average;
    otherwise a quantity. A target of several columns (N, k) is a quantity.

    ``wanted`` is what an objective needs (``objective`` is its name, for the message); it
    overrides the rule for whole numbers and is checked against the target otherwise.

    Raises DataError where the target cannot be what is wanted, where there is no target, and
    for floats that are all whole and take at most 10 values when nothing is wanted: labels
    and quantities look the same then.
    """
    if dataset.target is None:
        if dataset.columns is None:
            raise DataError(
                f"{dataset.name}: no target to be learned; pass a pair of arrays (x, y)."
            )
        raise DataError(
            f"{dataset.name} has no target: name the column to be learned with target=…, "
            "or pass a pair of arrays (x, y)."
        )
    target, name = dataset.target, dataset.target_name
    if wanted is None:
        return _from_data(target, name, dataset.task)
    needs = f"objective {objective}" if objective else wanted
    if wanted == "classification":
        _check_labels(target, name, needs)
        return "classification"
    if wanted == "regression":
        _check_quantity(target, name, needs, dataset.places)
        return "regression"
    raise DataError(f"wanted is 'classification', 'regression' or None, not {wanted!r}.")


def quiet_task(dataset: Dataset) -> Task | None:
    """Return what infer_task returns, or None where it would raise."""
    try:
        return infer_task(dataset)
    except DataError:
        return None


def _from_data(target: np.ndarray, name: str, declared: str | None) -> Task:
    if declared is not None:
        return "classification" if declared == "classification" else "regression"
    if target.ndim > 1:
        return "regression"
    kind = target_kind(target)
    if kind in ("category", "boolean"):
        return "classification"
    values = np.unique(target)
    if kind == "integer":
        few = len(values) <= 2 or (
            len(values) <= MANY_CLASSES and len(target) >= 2 * len(values)
        )
        return "classification" if few else "regression"
    if len(values) <= FEW_FLOATS and np.all(values == np.floor(values)):
        raise DataError(
            f"Target {name!r} holds {counted(len(values), 'different float')}, all whole "
            f"({_some(values)}): these may be class labels or a quantity. If they are "
            "labels, write them as whole numbers or as text (0, 1 … not 0.0, 1.0); if they "
            "are a quantity, choose a regression objective (squared-error, or absolute-error "
            "for a model that could give probabilities, such as a tree)."
        )
    return "regression"


def _check_labels(target: np.ndarray, name: str, needs: str) -> None:
    if target.ndim > 1:
        raise DataError(
            f"{needs} needs one class label for each example, but target {name!r} has shape "
            f"{target.shape}. For one-hot rows pass y.argmax(axis=1); for quantities choose "
            "a regression objective (squared-error)."
        )
    kind = target_kind(target)
    values = np.unique(target)
    if kind == "number":
        whole = bool(np.all(values == np.floor(values)))
        advice = (
            "If they are labels, write them as whole numbers or as text (0, 1 … not 0.0, "
            "1.0; for an array: y.astype(int)); if they are"
            if whole
            else "Labels are whole numbers or text; if these are"
        )
        raise DataError(
            f"{needs} needs class labels, but target {name!r} holds "
            f"{counted(len(values), 'different float')} ({_some(values)}). {advice} a "
            "quantity, choose a regression objective (squared-error)."
        )
    if len(values) > MANY_CLASSES and 2 * len(values) > len(target):
        what = "whole number" if kind == "integer" else "text"
        raise DataError(
            f"{needs} needs class labels, but target {name!r} holds "
            f"{counted(len(values), f'different {what}')} in {counted(len(target), 'row')} "
            f"({_some(values)}): most classes would have one example. "
            + (
                "For a quantity choose a regression objective (squared-error)."
                if kind == "integer"
                else "Choose a target that repeats."
            )
        )


def _check_quantity(target: np.ndarray, name: str, needs: str, places: Places) -> None:
    kind = target_kind(target)
    if kind in ("category", "boolean"):
        values = np.unique(target)
        raise DataError(
            f"{needs} needs numbers, but target {name!r} holds "
            f"{'text' if kind == 'category' else 'truth values'} ({_some(values)}; "
            f"{shortened(target[0].item())} on {places.name(0)}). For class labels choose a "
            "classification objective (cross-entropy)."
        )


def _some(values: np.ndarray, limit: int = 4) -> str:
    shown = ", ".join(shortened(value) for value in values[:limit].tolist())
    return shown + (", …" if len(values) > limit else "")
