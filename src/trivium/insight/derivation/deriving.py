"""``derive``: from a model and an objective, a fit or an expression to its derivation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trivium.engine import dtypes, random
from trivium.engine.composites import cast, label
from trivium.engine.errors import ArgumentError, ShapeError
from trivium.engine.tensor import Tensor, Variable, input
from trivium.engine.traversal import topological
from trivium.learning import mode
from trivium.learning.batch import Batch
from trivium.learning.data import Dataset, Encoder, as_dataset, infer_task
from trivium.learning.errors import RequestError
from trivium.learning.fit.options import Options
from trivium.learning.fit.problem import check_kinds, encode_part
from trivium.learning.fit.result import Fit
from trivium.learning.models.calls import state_of

from . import naming
from .backward import backward_equations
from .cutting import Cut, Step, cut
from .derivation import Derivation
from .equations import Equation
from .raising import raise_operations
from .sharing import share
from .simplify import simplify
from .symbols import Role

__all__ = ["derive"]

Array = np.ndarray[Any, Any]
Leaf = tuple[Tensor, Role, naming.Name]

# An unusual number of examples: where it occurs, n is meant. Numbers come from the real one.
_BATCH = 7919
# More examples than anybody reads numbers of; the first ones are taken.
_EXAMPLES = 4


@dataclass(frozen=True)
class _Subject:
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
    notes: tuple[str, ...] = ()


def derive(
    subject: Any,
    objective: Any = None,
    data: Any = None,
    *,
    target: Any = None,
    features: int | Sequence[int] | None = None,
    outputs: int | None = None,
    examples: int = _EXAMPLES,
    training: bool = False,
) -> Derivation:
    """The forward and backward pass of a model, a fit or an expression as equations.

    ``subject``: a model (then ``objective`` is needed), a fit, or a scalar expression of
    variables. ``data``: a pair (x, y), a Dataset or a dataframe with ``target``; the first
    ``examples`` rows give the numbers. Without data the sizes of a model that has not been
    called come from ``features``, the size or shape of one example, and ``outputs``.
    ``training``: with what is random in training only, such as the masks of dropout.

    Raises RequestError when model and objective do not fit together or sizes are unknown,
    DataError for data that cannot be used, ShapeError for an expression that is no scalar,
    NotDifferentiableError where a derivative does not exist. Source: Rumelhart, Hinton &
    Williams (1986), "Learning representations by back-propagating errors", Nature 323; the
    equations per layer as in Goodfellow, Bengio & Courville (2016), *Deep Learning*, §6.5.
    """
    with mode.training(random.key(0)) if training else nullcontext():
        if isinstance(subject, Tensor):
            found = _of_expression(subject, objective, data)
        elif isinstance(subject, Fit):
            found = _of_fit(subject, data, target, examples)
        else:
            found = _of_model(subject, objective, data, target, features, outputs, examples)
    return _derivation(found)


def _derivation(subject: _Subject) -> Derivation:
    outputs = (
        [subject.loss] if subject.prediction is None else [subject.loss, subject.prediction]
    )
    raised = raise_operations(outputs, _BATCH)
    loss = raised.outputs[0]
    prediction = raised.outputs[1] if subject.prediction is not None else None
    leaves: list[Leaf] = [(raised.size, "size", naming.Name("n", "n", "n")), *subject.leaves]
    made = cut(loss, prediction, leaves, subject.parameters, _BATCH)
    expressions = simplify(
        [step.expression for step in made.steps], raised.size, _BATCH, cases=False
    )
    made.steps = [
        Step(step.symbol, expression, step.active, step.line)
        for step, expression in zip(made.steps, expressions, strict=True)
    ]
    forward = [
        Equation(step.symbol, step.expression, "forward", line=step.line) for step in made.steps
    ]
    backward = backward_equations(made, raised.size, _BATCH)
    equations = share(made, forward + backward, _BATCH)
    return _assembled(subject, made, equations)


def _assembled(subject: _Subject, made: Cut, equations: list[Equation]) -> Derivation:
    gradients = {
        each.defines.path: each.defines for each in equations if each.kind == "parameter"
    }
    values = dict(subject.values)
    for path, variable in subject.parameters.items():
        values[id(made.parameters[path].leaf)] = variable.value
    values.update(made.constants)
    unused = [path for path in subject.parameters if path not in gradients]
    notes = list(subject.notes)
    if unused:
        notes.append(
            f"no gradient reaches {', '.join(unused)}: the loss does not depend on "
            f"{'it' if len(unused) == 1 else 'them'} by any differentiable path"
        )
    return Derivation(
        symbols=made.symbols,
        forward=tuple(each for each in equations if each.kind == "forward"),
        backward=tuple(each for each in equations if each.kind != "forward"),
        parameters=made.parameters,
        gradients=gradients,
        batch=_BATCH,
        title=subject.title,
        model=subject.model,
        objective=subject.objective,
        algorithm=subject.algorithm,
        notes=tuple(notes),
        values=values,
        random=made.random,
    )


def _of_expression(loss: Tensor, objective: Any, data: Any) -> _Subject:
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
    parameters: dict[str, Variable] = {}
    leaves: list[Leaf] = []
    for each in topological([loss]):
        if isinstance(each, Variable):
            parameters[_free(each.name or "variable", parameters)] = each
        elif each.primitive.name == "input":
            leaves.append((each, "input", naming.label_name(each.name or "input")))
    if not parameters:
        raise ArgumentError(
            "the expression has no variables, so there is nothing to differentiate by; make "
            "what shall vary with tv.variable(value, name=...)"
        )
    return _Subject(loss, None, parameters, leaves, {}, loss.name or "")


def _free(name: str, taken: Mapping[str, Any]) -> str:
    number = 1
    found = name
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def _of_fit(fit: Fit, data: Any, target: Any, examples: int) -> _Subject:
    shape = tuple(fit.encoder.features.shape)
    arrays = None
    if data is not None:
        given = as_dataset(data, target if target is not None else _target_of(fit, data))
        options = Options(dtype="float64", scale=fit.options.scale)
        arrays = encode_part(_first(given, examples), fit.encoder, fit.objective, options)
    own = fit.model.copy(dtype="float64")
    subject = _subject(own, fit.objective, shape, arrays, None)
    return _with_algorithm(subject, repr(fit.algorithm))


def _target_of(fit: Fit, data: Any) -> Any:
    return None if isinstance(data, Dataset | tuple | list) else fit.data_source.get("target")


def _with_algorithm(subject: _Subject, algorithm: str) -> _Subject:
    return replace(subject, algorithm=algorithm)


def _of_model(
    model: Any,
    objective: Any,
    data: Any,
    target: Any,
    features: int | Sequence[int] | None,
    outputs: int | None,
    examples: int,
) -> _Subject:
    if objective is None:
        raise RequestError(
            "a derivation starts at a loss: pass the objective too, "
            "tv.insight.derive(model, tv.objectives.SquaredError())"
        )
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
    own.prepare(input((_BATCH, *part.x.shape[1:]), "float64", name="x"), wanted)
    _draw_missing(own)
    objective.prepare(own, part.y, part.weight)
    chosen = _Arrays(
        np.asarray(part.x[:examples]),
        part.y[:examples],
        None if part.weight is None else part.weight[:examples],
    )
    return _subject(own, objective, tuple(part.x.shape[1:]), chosen, wanted)


def _check(model: Any, objective: Any) -> None:
    from trivium.learning.algorithms import SGD

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
        return tuple(int(size) for size in given)
    for path, variable in model.parameters().items():
        if path.rpartition(".")[2] == "weight" and variable.ndim:
            return (int(variable.shape[0]),)
    raise RequestError(
        f"the sizes of {type(model).__name__} follow the data, and there are none: pass data, "
        "tv.insight.derive(model, objective, (x, y)), or the number of features, "
        "tv.insight.derive(model, objective, features=4)"
    )


def _subject(
    model: Any, objective: Any, shape: tuple[int, ...], arrays: Any, outputs: int | None
) -> _Subject:
    x = input((_BATCH, *shape), "float64", name="x")
    if arrays is None and outputs is not None and model.open_layer() is not None:
        model.open_layer().resize(outputs)
    prediction = model(x)
    objective.attach(model)
    y = _target_leaf(objective, prediction, arrays)
    weight = None
    if arrays is not None and arrays.weight is not None:
        weight = input((_BATCH,), "float64", name="weight")
    value = objective.value(prediction, Batch(x, y, weight), model.parameters())
    loss = label(cast(value, dtypes.float64), "loss")
    leaves: list[Leaf] = [
        (
            x,
            "input",
            naming.Name("X" if len(shape) == 1 else "x", "X" if len(shape) == 1 else "x", "x"),
        ),
        (y, "target", naming.Name("y", "y", "y")),
    ]
    values: dict[int, Array] = {}
    if weight is not None:
        leaves.append((weight, "weight", naming.Name(r"\omega", "ω", "weight")))
    if arrays is not None:
        values = {id(x): np.asarray(arrays.x[:]), id(y): np.asarray(arrays.y)}
        if weight is not None:
            values[id(weight)] = arrays.weight
    return _Subject(
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
        return input((_BATCH, *arrays.y.shape[1:]), arrays.y.dtype, name="y")
    if objective.task == "classification":
        return input((_BATCH,), "int64", name="y")
    return input(prediction.shape, "float64", name="y")
