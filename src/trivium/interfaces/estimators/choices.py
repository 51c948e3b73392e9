"""What a user asked of an estimator, as the objects that a fit takes."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from trivium.learning.algorithms import Algorithm
from trivium.learning.errors import RequestError
from trivium.learning.models import Model
from trivium.learning.objectives import Objective
from trivium.learning.specification import parse_algorithm, parse_model, parse_objective

__all__ = ["algorithm_of", "model_of", "objective_of", "plain_number", "seed_of"]


def model_of(given: Any) -> Model | None:
    """The model that ``given`` is or names; None leaves the choice to the data."""
    return _part("model", given, Model, parse_model, "'mlp:128,64'")


def objective_of(given: Any) -> Objective | None:
    """The objective that ``given`` is or names; None leaves the choice to the data."""
    return _part("objective", given, Objective, parse_objective, "'cross-entropy+1e-4*l2'")


def algorithm_of(given: Any) -> Algorithm | None:
    """The algorithm that ``given`` is or names; None leaves the choice to the data."""
    return _part("algorithm", given, Algorithm, parse_algorithm, "'adam:learning_rate=0.01'")


def _part(name: str, given: Any, kind: type, parse: Callable[[str], Any], example: str) -> Any:
    if given is None or isinstance(given, kind):
        return given
    if isinstance(given, str):
        return parse(given)
    article = "a" if name == "model" else "an"
    raise RequestError(
        f"{name} must be {article} {kind.__name__}, its text form such as {example}, or None "
        f"for one that suits the data, not {given!r}"
    )


def seed_of(random_state: Any) -> int:
    """A seed for ``tv.fit``: a whole number is the seed itself, anything else is drawn from."""
    if isinstance(random_state, Integral) and not isinstance(random_state, bool):
        if random_state < 0:
            raise RequestError(f"random_state must not be negative, got {random_state}")
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))


def plain_number(value: Any) -> Any:
    """NumPy's scalars, as parameter grids hold them, as Python's numbers."""
    return value.item() if isinstance(value, np.generic) else value
