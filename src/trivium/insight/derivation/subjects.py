"""What is derived: a loss with its parameters and inputs, from what the user passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trivium.engine import dtypes
from trivium.engine.composites import cast, label
from trivium.engine.errors import ArgumentError, ShapeError, TriviumError
from trivium.engine.tensor import Tensor, Variable, input, variable
from trivium.engine.traversal import substitute, topological
from trivium.learning.batch import Batch
from trivium.learning.data import Dataset, Encoder, as_dataset, infer_task
from trivium.learning.errors import RequestError
from trivium.learning.fit.options import Options
from trivium.learning.fit.problem import check_kinds, encode_part
from trivium.learning.fit.result import Fit
from trivium.learning.models import Model
from trivium.learning.models.calls import state_of
from trivium.learning.objectives import Objective
from trivium.learning.options import whole

from . import naming
from .symbols import Role

__all__ = ["BATCH", "Leaf", "Subject", "of_expression", "of_fit", "of_model"]

Array = np.ndarray[Any, Any]
Leaf = tuple[Tensor, Role, naming.Name]

# An unusual number of examples: where it occurs, n is meant. Numbers come from the real one.
BATCH = 7919


@dataclass(frozen=True)
class Subject:
    """What is derived: a loss, its parameters, inputs and the values that are known."""

    loss: Tensor
    prediction: Tensor | None
    parameters: Mapping[str, Variable]
    leaves: Sequence[Leaf]
    values: Mapping[int, Array]
    title: str
    model: str = ""
    objective: str = ""
    algorithm: str = ""


def of_expression(loss: Tensor, objective: Any, data: Any, by: Any) -> Subject:
    """A scalar expression, differentiated ``by`` its variables or the tensors named."""
    if objective is not None or data is not None:
        raise ArgumentError(
            "an expression is derived as it is: tv.insight.derive(expression); an objective and "
            "data belong to a model"
        )
    if loss.shape != ():
        raise ShapeError(
            f"a gradient is that of a scalar, but the expression has shape {loss.shape}; reduce "
            "it first, for example with .sum() or .mean()"
        )
    leaves: list[Leaf] = [
        (each, "input", naming.label_name(each.name or "input"))
        for each in topological([loss])
        if each.primitive.name == "input"
    ]
    parameters: dict[str, Variable] = {}
    made: dict[Tensor, Tensor] = {}
    for name, each in _varied(loss, by):
        free = _free(name, parameters)
        parameters[free] = (
            each if isinstance(each, Variable) else variable(each.value, name=free)
        )
        made[each] = parameters[free]
    (loss,) = substitute([loss], made)
    return Subject(loss, None, parameters, leaves, {}, loss.name or "")


def _varied(loss: Tensor, by: Any) -> list[tuple[str, Tensor]]:
    """What an expression is differentiated by, with names."""
    order = topological([loss])
    if by is None:
        chosen: list[Tensor] = [each for each in order if isinstance(each, Variable)]
        # Literals inside an expression have a value for a token, a tensor of its own a number.
        chosen = chosen or [
            each
            for each in order
            if each.primitive.name == "constant"
            and isinstance(each.attributes.token, int)
            and dtypes.is_floating(each.dtype)
        ]
        pairs = [(each.name, each) for each in chosen]
    else:
        pairs = list(by.items()) if isinstance(by, Mapping) else [(e.name, e) for e in by]
    if not pairs:
        raise ArgumentError(
            "the expression has no variables, so there is nothing to differentiate by; make "
            "what shall vary with tv.variable(value, name=...)"
        )
    inside = {id(each) for each in order}
    for name, each in pairs:
        if not isinstance(each, Tensor) or id(each) not in inside or each.inputs:
            raise ArgumentError(
                f"with_respect_to: {name or each!r} is no leaf of the expression; name tensors "
                "or variables that it was made of"
            )
    return [(name or f"x_{i}", each) for i, (name, each) in enumerate(pairs, 1)]


def _free(name: str, taken: Mapping[str, Any]) -> str:
    number = 1
    found = name
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def of_fit(fit: Fit, data: Any, target: Any, examples: int) -> Subject:
    """A fit at its returned parameters; ``data`` are encoded as in training."""
    shape = tuple(fit.encoder.features.shape)
    arrays = None
    if data is not None:
        given = as_dataset(data, target if target is not None else _target_of(fit, data))
        options = Options(dtype="float64", scale=fit.options.scale)
        arrays = encode_part(_first(given, examples), fit.encoder, fit.objective, options)
    own = fit.model.copy(dtype="float64")
    subject = _subject(own, fit.objective, shape, arrays, None)
    return replace(subject, algorithm=repr(fit.algorithm))


def _target_of(fit: Fit, data: Any) -> Any:
    return None if isinstance(data, Dataset | tuple | list) else fit.data_source.get("target")


def of_model(
    model: Any,
    objective: Any,
    data: Any,
    target: Any,
    features: int | Sequence[int] | None,
    outputs: int | None,
    examples: int,
) -> Subject:
    """A copy of ``model`` with ``objective``, sized by the data or by the sizes given."""
    _check(model, objective)
    own = model.copy(dtype="float64")
    if data is None:
        shape = _example_shape(own, features)
        return _subject(own, objective, shape, None, outputs)
    dataset = as_dataset(data, target)
    task = infer_task(dataset, objective.wanted_task(model))
    encoder = Encoder.fit(dataset, task, scale=False)
    objective.refuse(model, task, encoder.classes)
    options = Options(dtype="float64")
    part = encode_part(dataset, encoder, objective, options)
    count = (
        len(encoder.classes)
        if encoder.classes is not None
        else (part.y.shape[1] if part.y.ndim > 1 else 1)
    )
    wanted = objective.n_outputs(count, part.y.ndim)
    own.prepare(input((BATCH, *part.x.shape[1:]), "float64", name="x"), wanted)
    _draw_missing(own)
    objective.prepare(own, part.y, part.weight)
    chosen = _Arrays(
        np.asarray(part.x[:examples]),
        part.y[:examples],
        None if part.weight is None else part.weight[:examples],
    )
    return _subject(own, objective, tuple(part.x.shape[1:]), chosen, wanted)


def _check(model: Any, objective: Any) -> None:
    """Raise RequestError unless these are a model and an objective."""
    from trivium.learning.algorithms import SGD

    if not isinstance(model, Model | Objective | type):
        raise RequestError(
            "tv.insight.derive takes a model, a fit or an expression, and got "
            f"{type(model).__name__} {model!r}; a run on disk is loaded with tv.load(path)"
        )
    if objective is None and isinstance(model, Model):
        raise RequestError(
            "a derivation starts at a loss: pass the objective too, "
            "tv.insight.derive(model, tv.objectives.SquaredError())"
        )
    check_kinds(model, objective, SGD(learning_rate=1.0))


@dataclass(frozen=True)
class _Arrays:
    """The examples that numbers are shown for."""

    x: Array
    y: Array
    weight: Array | None


def _first(dataset: Dataset, examples: int) -> Dataset:
    return dataset if len(dataset) <= examples else dataset.take(range(examples))


def _draw_missing(model: Any) -> None:
    """Values for parameters that have none yet: those of seed 0, as for a model's first call."""
    model.initialise(state_of(model).seed or 0)


def _example_shape(model: Any, features: int | Sequence[int] | None) -> tuple[int, ...]:
    if features is not None:
        given = (features,) if isinstance(features, int) else tuple(features)
        return tuple(whole("derive", "features", size) for size in given)
    for path, each in model.parameters().items():
        if path.rpartition(".")[2] == "weight" and each.ndim:
            return (int(each.shape[0]),)
    raise RequestError(
        f"the sizes of {type(model).__name__} follow the data, and there are none: pass data, "
        "tv.insight.derive(model, objective, (x, y)), or the number of features, "
        "tv.insight.derive(model, objective, features=4)"
    )


def _subject(
    model: Any, objective: Any, shape: tuple[int, ...], arrays: Any, outputs: int | None
) -> Subject:
    x = input((BATCH, *shape), "float64", name="x")
    if arrays is None and outputs is not None and model.open_layer() is not None:
        model.open_layer().resize(outputs)
    prediction = model(x)
    objective.attach(model)
    y = _target_leaf(objective, prediction, arrays)
    weight = None
    if arrays is not None and arrays.weight is not None:
        weight = input((BATCH,), "float64", name="weight")
    try:
        value = objective.value(prediction, Batch(x, y, weight), model.parameters())
    except TriviumError as error:
        error.args = (str(error).replace(str(BATCH), "n"),)
        raise
    loss = label(cast(value, dtypes.float64), "loss")
    letter = "X" if len(shape) == 1 else "x"
    leaves: list[Leaf] = [
        (x, "input", naming.Name(letter, letter, "x")),
        (y, "target", naming.Name("y", "y", "y")),
    ]
    values: dict[int, Array] = {}
    if weight is not None:
        leaves.append((weight, "weight", naming.Name(r"\omega", "ω", "weight")))
    if arrays is not None:
        values = {id(x): np.asarray(arrays.x[:]), id(y): np.asarray(arrays.y)}
        if weight is not None:
            values[id(weight)] = arrays.weight
    return Subject(
        loss,
        prediction,
        model.parameters(),
        leaves,
        values,
        f"{type(model).__name__} × {objective!r}",
        repr(model),
        repr(objective),
    )


def _target_leaf(objective: Any, prediction: Tensor, arrays: Any) -> Tensor:
    if arrays is not None:
        return input((BATCH, *arrays.y.shape[1:]), arrays.y.dtype, name="y")
    if objective.task == "classification":
        return input((BATCH,), "int64", name="y")
    return input(prediction.shape, "float64", name="y")
