"""Class weights: checked when set, turned into weights of examples when data are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import RequestError
from ..options import non_negative

__all__ = ["by_class", "checked_class_weight"]


def checked_class_weight(owner: str, given: Any) -> str | dict[Any, float] | None:
    """``class_weight`` as None, "balanced" or a dict label → float.

    Raises RequestError otherwise.
    """
    if given is None or (isinstance(given, str) and given == "balanced"):
        return given
    if not isinstance(given, Mapping) or not given:
        raise RequestError(
            f'{owner}: class_weight must be None, "balanced" or a mapping from labels to '
            f"weights such as {{'yes': 2.0}}, got {given!r}"
        )
    return {
        _plain(label): non_negative(owner, f"the weight of class {label!r}", weight)
        for label, weight in given.items()
    }


def _plain(label: Any) -> Any:
    return label.item() if isinstance(label, np.generic) else label


def by_class(
    owner: str, given: str | dict[Any, float], classes: list[Any], codes: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """The weight of each example, (N,) float64.

    "balanced": N / (K N_c) for the N_c examples of class c, so that every class has the same
    total weight and the mean is 1 when all K classes occur. Source: King & Zeng (2001),
    "Logistic regression in rare events data", Political Analysis 9, §4.2, as in scikit-learn. A
    mapping: labels that it does not name have weight 1; labels unknown to the target raise
    RequestError.
    """
    if isinstance(given, str):
        counts = np.bincount(codes, minlength=len(classes))
        occurring = np.count_nonzero(counts)
        per_class = len(codes) / (max(occurring, 1) * np.maximum(counts, 1))
    else:
        known = [_plain(label) for label in classes]
        unknown = [label for label in given if label not in known]
        if unknown:
            raise RequestError(
                f"{owner}: class_weight names {unknown[0]!r}, but the classes of the target "
                f"are {', '.join(map(repr, known))}"
            )
        per_class = np.array([given.get(label, 1.0) for label in known], dtype=np.float64)
    return np.asarray(per_class, dtype=np.float64)[codes]
