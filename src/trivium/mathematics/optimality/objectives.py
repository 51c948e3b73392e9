"""Objectives and models as plain expressions and functions, without knowing their classes.

This floor is below that of models and objectives, so it asks for no class: an objective is
anything that ``objective(model, batch)`` turns into a scalar, a model anything with
``parameters()``, a mapping from names to variables; a batch has ``x``, ``y`` and ``weight``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from trivium.engine import dtypes
from trivium.engine.composites import as_tensor, cast
from trivium.engine.errors import ArgumentError, TriviumError
from trivium.engine.tensor import Tensor, Variable, input, tensor
from trivium.engine.traversal import substitute

__all__ = ["Examples", "as_function", "expression_of", "is_model", "over_one_vector"]

Array = np.ndarray[Any, Any]
# An unusual number of examples, so that no other size is mistaken for it.
_EXAMPLES = 13
_FEATURES = 3


class Examples(NamedTuple):
    """What an objective sees of the data: x (N, …), y (N, …), weight (N,) or None."""

    x: Tensor
    y: Tensor
    weight: Tensor | None = None


def is_model(given: Any) -> bool:
    """Whether ``given`` has parameters by name, as a model does."""
    return callable(getattr(given, "parameters", None)) and callable(given)


def expression_of(
    objective: Any, model: Any, data: Any = None
) -> tuple[Tensor, dict[str, Variable]]:
    """The objective of the model as a scalar expression, and the parameters that it depends on.

    ``data``: a pair (x, y), a triple (x, y, weight), anything with ``x`` and ``y``; None for
    data of which nothing is known. A model whose parameters have no values yet is copied and
    given some: what is asked here does not depend on them. Raises ArgumentError for what is no
    objective, model or data.
    """
    if not callable(objective):
        raise ArgumentError(
            "an objective is called as objective(model, batch) and returns a scalar; "
            f"{objective!r} cannot be called"
        )
    if not is_model(model):
        raise ArgumentError(
            f"a model is called with features and has parameters(), which {model!r} has not"
        )
    if data is None:
        return _without_data(objective, model)
    batch = _batch(objective, model, data)
    model = _ready(objective, model, batch)
    loss = as_tensor(objective(model, batch))
    if loss.shape != ():
        raise ArgumentError(f"the objective gives shape {loss.shape}; it must be a scalar")
    return loss, dict(model.parameters())


def _batch(objective: Any, model: Any, data: Any) -> Examples:
    if isinstance(data, tuple | list) and len(data) in (2, 3) and not hasattr(data, "x"):
        x, y, *rest = data
        weight = rest[0] if rest else None
    else:
        x, y = getattr(data, "x", None), getattr(data, "y", None)
        weight = getattr(data, "weight", None)
    if x is None or y is None:
        raise ArgumentError(
            f"data are a pair (x, y) or something with x and y, not {type(data).__name__}"
        )
    features, target = _constant(x), _constant(_codes(y))
    if not dtypes.is_floating(features.dtype):
        features = cast(features, dtypes.default_float)
    labels = getattr(objective, "task", None) == "classification"
    labels = labels or getattr(model, "output", None) == "probability"
    if not labels and not dtypes.is_floating(target.dtype):
        target = cast(target, dtypes.default_float)
    return Examples(features, target, None if weight is None else _constant(weight))


def _constant(given: Any) -> Tensor:
    """Data as a tensor; a variable that holds them is no parameter."""
    return tensor(given.value) if isinstance(given, Variable) else as_tensor(given)


def _codes(y: Any) -> Any:
    """Labels that are text become their positions in sorted order."""
    array = y if isinstance(y, Tensor) else np.asarray(y)
    if isinstance(array, np.ndarray) and array.dtype.kind in "OUS":
        return np.unique(array.astype(str), return_inverse=True)[1].astype(np.int64)
    return array


def _ready(objective: Any, model: Any, batch: Examples) -> Any:
    """A sized copy of the model with its present values, where it can be sized."""
    if not hasattr(model, "prepare"):
        return model
    own = model.copy() if model.parameters() else model.copy(dtype=batch.x.dtype)
    own.prepare(batch.x, _outputs(objective, batch.y))
    own.initialise(0)
    return own


def _outputs(objective: Any, y: Tensor) -> int | None:
    asked = getattr(objective, "n_outputs", None)
    if asked is None:
        return None
    count = y.shape[1] if y.ndim > 1 else 1
    if not dtypes.is_floating(y.dtype):
        count = int(y.value.max()) + 1 if y.size else 2
    found: int | None = asked(
        max(count, 2) if not dtypes.is_floating(y.dtype) else count, y.ndim
    )
    return found


def _without_data(objective: Any, model: Any) -> tuple[Tensor, dict[str, Variable]]:
    """The expression over inputs of which nothing is known; the shapes are tried out."""
    codes = getattr(objective, "task", None) == "classification"
    failure: Exception | None = None
    for features in _feature_counts(model):
        for target in _targets(codes):
            x = input((_EXAMPLES, features), dtypes.default_float, name="x")
            try:
                own = model
                if hasattr(model, "prepare"):
                    own = model.copy(dtype=dtypes.default_float)
                    shown = np.zeros(target.shape, target.dtype)
                    own.prepare(x, _outputs(objective, as_tensor(shown)))
                    own.initialise(0)
                loss = as_tensor(objective(own, Examples(x, target)))
            except (TriviumError, TypeError, ValueError) as error:
                failure = failure or error
                continue
            return loss, dict(own.parameters())
    raise ArgumentError(
        "the shapes of the data could not be guessed from the model and the objective; give "
        f"data=(x, y) (the first attempt failed with: {failure})"
    )


def _feature_counts(model: Any) -> list[int]:
    sizes = [each.shape[0] for each in model.parameters().values() if each.shape]
    return list(dict.fromkeys([*sizes, _FEATURES, 1]))


def _targets(codes: bool) -> list[Tensor]:
    if codes:
        return [input((_EXAMPLES,), dtypes.int64, name="y")]
    return [
        input((_EXAMPLES,), dtypes.default_float, name="y"),
        input((_EXAMPLES, 1), dtypes.default_float, name="y"),
        input((_EXAMPLES, 2), dtypes.default_float, name="y"),
    ]


def as_function(
    objective: Any, model: Any, data: Any
) -> tuple[Callable[[Tensor], Tensor], Array, Sequence[str]]:
    """The objective as a function of one flat vector of all parameters, their present values as
    one vector, and a name for each element.

    So a solver for plain functions, ``classify`` and ``draw_trajectory`` serve it too.
    """
    loss, parameters = expression_of(objective, model, data)
    function, start = over_one_vector(loss, parameters)
    return function, start, _element_names(parameters)


def over_one_vector(
    loss: Tensor, parameters: Mapping[str, Variable]
) -> tuple[Callable[[Tensor], Tensor], Array]:
    """An expression of variables as a function of one flat vector of them, and their values."""
    values = [each.value.astype(np.float64).ravel() for each in parameters.values()]

    def function(theta: Tensor) -> Tensor:
        vector, place = as_tensor(theta), 0
        replaced: dict[Tensor, Tensor] = {}
        for each in parameters.values():
            part = vector[place : place + each.size].reshape(each.shape)
            replaced[each] = cast(part, each.dtype)
            place += each.size
        return substitute([loss], replaced)[0]

    return function, np.concatenate(values) if values else np.zeros(0)


def _element_names(parameters: Mapping[str, Variable]) -> list[str]:
    names = []
    for path, each in parameters.items():
        for index in np.ndindex(*each.shape):
            names.append(f"{path}[{', '.join(map(str, index))}]" if index else path)
    return names
