"""What can be drawn: expressions, models and fits, each as outputs with the arrays of inputs."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.engine.composites import label
from trivium.engine.errors import ArgumentError, DTypeError, ShapeError
from trivium.engine.sites import scope
from trivium.engine.tensor import Tensor, as_array, input
from trivium.engine.traversal import topological

if TYPE_CHECKING:
    from trivium.learning.data import Dataset
    from trivium.learning.fit import Fit
    from trivium.learning.models import Model

__all__ = ["Subject", "subject_of"]

Array = np.ndarray[Any, Any]

_ROWS = 256  # of data that a picture uses at most
_PREDICTION = "prediction"  # where the model gives it no name
_EXAMPLES = 7919  # of a picture without data: no other size is mistaken for it


@dataclass
class Subject:
    """What is to be drawn.

    ``values``: the array of every input that the outputs depend on; None for a picture without
    numbers. ``batch``: the size that is written n. ``is_model``: whether layers and named values
    say more than operations. ``given``: names of values that are not the model's own.
    ``notes``: what the reader should know.
    """

    outputs: list[Tensor]
    values: dict[Tensor, Array] | None
    title: str
    batch: int | None = None
    is_model: bool = False
    given: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


def subject_of(subject: Any, values: Any, objective: Any) -> Subject:
    """The outputs of ``subject`` and what they are computed from.

    Raises ArgumentError for what cannot be drawn.
    """
    if isinstance(subject, Tensor) or (
        isinstance(subject, list | tuple)
        and subject
        and all(isinstance(each, Tensor) for each in subject)
    ):
        if objective is not None:
            raise ArgumentError(
                "objective= belongs to a model; an expression is drawn as it is, so draw the "
                "expression of the loss"
            )
        outputs = [subject] if isinstance(subject, Tensor) else list(subject)
        return _expression(outputs, values)
    from trivium.learning.fit import Fit
    from trivium.learning.models import Model

    if isinstance(subject, Fit):
        if objective is not None:
            raise ArgumentError("a fit has its objective: leave objective= out")
        return _fit(subject, values)
    if isinstance(subject, Model):
        return _model(subject, values, objective)
    empty = isinstance(subject, list | tuple) and not subject
    what = "an empty list" if empty else f"{type(subject).__name__} {subject!r}"
    raise ArgumentError(
        f"draw takes an expression, a list of expressions, a model or a fit, not {what}"
    )


# Expressions.


def _expression(outputs: list[Tensor], values: Any) -> Subject:
    for each in outputs:
        if each.parts is not None:
            raise ArgumentError(
                f"{each.primitive.name} has several results; draw one of them or a list"
            )
    leaves = [each for each in topological(outputs) if each.primitive.name == "input"]
    title = "The computational graph" + _of(outputs)
    notes = []
    bound: dict[Tensor, Array] | None = None
    if values is None and leaves:
        names = ", ".join(str(each.name) for each in leaves)
        notes.append(
            f"there are no numbers, because {'inputs have' if len(leaves) > 1 else 'an input has'}"
            f" no value: give values={{…}} for {names}"
        )
    else:
        bound = _bound(leaves, values or {})
        _check_variables(outputs)
    return Subject(outputs, bound, title, notes=notes)


def _of(outputs: Sequence[Tensor]) -> str:
    names = [str(each.name) for each in outputs if each.primitive.name == "label"]
    return f" of {', '.join(names)}" if names and len(names) == len(outputs) else ""


def _check_variables(outputs: Sequence[Tensor]) -> None:
    """Raise UnboundInputError for a parameter that has no value yet."""
    for each in topological(outputs):
        if each.primitive.name == "variable":
            each.storage  # type: ignore[attr-defined]  # noqa: B018  (raises with the reason)


def _bound(leaves: Sequence[Tensor], values: Any) -> dict[Tensor, Array]:
    """An array for every leaf. Raises ArgumentError where one is missing, unknown or double."""
    if not isinstance(values, Mapping):
        raise ArgumentError(
            f"values of an expression are a mapping {{input or its name: array}}, not "
            f"{type(values).__name__}"
        )
    found: dict[Tensor, Array] = {}
    for key, value in values.items():
        leaf = _leaf(leaves, key)
        if leaf in found:
            raise ArgumentError(f"the input {leaf.name!r} is given twice in values")
        found[leaf] = _fitting(leaf, value)
    missing = [str(each.name) for each in leaves if each not in found]
    if missing:
        raise ArgumentError(
            f"values lacks the input{'s' * (len(missing) > 1)} {', '.join(missing)}, which the "
            "expression depends on; leave values out for a picture without numbers"
        )
    return found


def _leaf(leaves: Sequence[Tensor], key: Any) -> Tensor:
    known = ", ".join(repr(each.name) for each in leaves) or "none"
    if isinstance(key, Tensor):
        if any(each is key for each in leaves):
            return key
        kind = "is no input" if key.primitive.name != "input" else "is not used"
        raise ArgumentError(
            f"values names {key.name or 'a value without a name'}, which {kind} of the "
            f"expression; its inputs: {known}"
        )
    named = [each for each in leaves if each.name == key]
    if len(named) == 1:
        return named[0]
    if named:
        raise ArgumentError(
            f"{len(named)} inputs are called {key!r}; use the inputs themselves as keys"
        )
    near = difflib.get_close_matches(str(key), [str(each.name) for each in leaves], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ArgumentError(f"the expression has no input {key!r}; its inputs: {known}.{hint}")


def _fitting(leaf: Tensor, value: Any) -> Array:
    array = as_array(value.value if isinstance(value, Tensor) else value)
    if array.shape != leaf.shape:
        raise ShapeError(
            f"the input {leaf.name} has shape {leaf.shape}, and its value has {array.shape}"
        )
    if not np.can_cast(array.dtype, leaf.dtype, casting="same_kind"):
        raise DTypeError(f"the input {leaf.name} is {leaf.dtype}, and its value {array.dtype}")
    return array.astype(leaf.dtype, copy=False)


# Models and fits.


def _model(model: Model, values: Any, objective: Any) -> Subject:
    name = type(model).__name__
    if values is None:
        raise ArgumentError(
            f"the sizes in {name} follow from its features: give an example, "
            "draw(model, x) or draw(model, (x, y), objective=…)"
        )
    pair = isinstance(values, tuple) and len(values) == 2
    x, y = values if pair else (values, None)
    if objective is None and pair:
        raise ArgumentError(
            "with a pair (x, y) say which loss is to be drawn: objective=…; or give x alone"
        )
    if objective is not None and not pair:
        raise ArgumentError("an objective compares with answers: give the pair (x, y)")
    given = [x] if y is None else [x, y]
    arrays = [as_array(each.value if isinstance(each, Tensor) else each) for each in given]
    if not all(array.shape for array in arrays) or len({len(array) for array in arrays}) > 1:
        shapes = " and ".join(str(array.shape) for array in arrays)
        raise ShapeError(
            f"the first axis counts the examples, the same in x and y; got {shapes}"
        )
    notes = _first_rows(arrays)
    own = model.copy()  # a picture settles no sizes of the model that is drawn
    if objective is None:
        leaf = input(arrays[0].shape, arrays[0].dtype, name="x")
        output = own(leaf)
        _check_output(own, output)
        title = f"The computational graph of {name}"
        return Subject([output], {leaf: arrays[0]}, title, is_model=True, notes=notes)
    _check_objective(objective)
    if y is not None and arrays[1].dtype.kind == "f":
        arrays[1] = arrays[1].astype(arrays[0].dtype, copy=False)
    layer = own.open_layer()
    if layer is not None:
        count = arrays[1].shape[1] if arrays[1].ndim > 1 else 1
        if objective.task == "classification" and arrays[1].dtype.kind in "iu":
            count = int(arrays[1].max()) + 1
        layer.resize(objective.n_outputs(count, arrays[1].ndim))
    found = _loss(own, objective, arrays)
    found.notes += notes
    return found


def _check_output(model: Model, output: Any) -> None:
    if not isinstance(output, Tensor):
        raise ArgumentError(
            f"{type(model).__name__} returned {type(output).__name__}, and only expressions "
            "can be drawn"
        )


def _check_objective(objective: Any) -> None:
    from trivium.learning.objectives import Objective

    if not isinstance(objective, Objective):
        raise ArgumentError(
            f"objective={objective!r} is no objective; say for example "
            "objective=tv.objectives.SquaredError()"
        )


def _first_rows(arrays: list[Array]) -> list[str]:
    """Keep the first rows; what the reader should know about it."""
    rows = len(arrays[0])
    if rows <= _ROWS:
        return []
    arrays[:] = [array[:_ROWS] for array in arrays]
    return [f"the numbers are those of the first {_ROWS} of {rows:,} rows"]


def _fit(fit: Fit, values: Any) -> Subject:
    from trivium.learning.data import Dataset, as_dataset, reload
    from trivium.learning.errors import DataError

    if values is None:
        try:
            data: Dataset = reload(fit.data_source)
        except DataError as error:
            return _without_data(fit, str(error))
    else:
        target = fit.data_source.get("target") or None
        own = isinstance(values, Dataset | tuple | list)
        data = as_dataset(values, None if own else target)
    return _of_rows(fit, data)


def _of_rows(fit: Fit, data: Dataset) -> Subject:
    from trivium.learning.errors import DataError
    from trivium.learning.fit.problem import encode_part

    rows = len(data)
    if not rows:
        raise DataError("there are no rows to draw with")
    part = encode_part(
        data.take(np.arange(min(rows, _ROWS))), fit.encoder, fit.objective, fit.options
    )
    arrays = [np.asarray(part.x), part.y] + ([] if part.weight is None else [part.weight])
    found = _loss(fit.model, fit.objective, arrays)
    if rows > _ROWS:
        found.notes.append(f"the numbers are those of the first {_ROWS} of {rows:,} rows")
    return found


def _without_data(fit: Fit, why: str) -> Subject:
    """Shapes only, for data that cannot be fetched again."""
    if fit.request is None:
        raise ArgumentError("this fit does not know the shape of its data; give them")
    dtype = np.dtype(fit.options.dtype)
    x = np.broadcast_to(dtype.type(0), (_EXAMPLES, *fit.request["input_shape"]))
    outputs = fit.request["outputs"]
    if fit.task == "classification":
        y = np.broadcast_to(np.int64(0), (_EXAMPLES,))
    else:
        y = np.broadcast_to(dtype.type(0), (_EXAMPLES, *([outputs] if outputs else [])))
    found = _loss(fit.model, fit.objective, [x, y])
    found.values, found.batch = None, _EXAMPLES
    found.notes.append(f"there are no numbers, for there are no data: {why}")
    return found


def _loss(model: Model, objective: Any, arrays: Sequence[Array]) -> Subject:
    """The objective of the model on x, y and, if there is one, the weight."""
    from trivium.learning.batch import Batch

    leaves = [
        input(array.shape, array.dtype, name=name)
        for array, name in zip(arrays, ("x", "y", "weight"), strict=False)
    ]
    prediction = model(leaves[0])
    _check_output(model, prediction)
    if prediction.primitive.name != "label":
        prediction = label(prediction, _PREDICTION)
    batch = Batch(leaves[0], leaves[1], leaves[2] if len(leaves) > 2 else None)
    with scope(repr(objective)):
        value = label(objective.value(prediction, batch, model.parameters()), repr(objective))
    title = f"{type(model).__name__} with {objective!r}"
    bound = dict(zip(leaves, map(np.asarray, arrays), strict=True))
    given = (_PREDICTION, repr(objective))
    return Subject([label(value, "loss")], bound, title, is_model=True, given=given)
