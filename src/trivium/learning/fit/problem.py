"""From what the user passed to what an algorithm works on: split, encoded, sized, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trivium.engine.errors import TriviumError
from trivium.engine.tensor import Variable, input
from trivium.learning.algorithms import Algorithm
from trivium.learning.data import Dataset, Encoder, as_dataset, infer_task
from trivium.learning.data.mapped import ScaledRows
from trivium.learning.errors import DataError, RequestError
from trivium.learning.fit.options import Options
from trivium.learning.models import Model
from trivium.learning.objectives import Objective

__all__ = [
    "Part",
    "Problem",
    "as_validation",
    "build_problem",
    "check_kinds",
    "encode_part",
]

Array = np.ndarray[Any, Any]

# An unusual number of examples, so that no other size is mistaken for it.
_EXAMPLES = 7919

_KINDS: dict[str, tuple[type, str]] = {
    "model": (Model, "tv.models.MLP(hidden=[64])"),
    "objective": (Objective, "tv.objectives.CrossEntropy()"),
    "algorithm": (Algorithm, "tv.algorithms.Adam()"),
}


@dataclass(frozen=True)
class Part:
    """Encoded examples: x (N, …), y (N,) or (N, k), weight (N,) with mean 1, or None."""

    x: Array | ScaledRows
    y: Array
    weight: Array | None

    def __len__(self) -> int:
        return len(self.x)


@dataclass
class Problem:
    """Everything that is settled before the first step.

    ``model`` is the fit's own copy; ``parameters`` maps attribute paths to its variables.
    """

    model: Any
    objective: Any
    algorithm: Any
    options: Options
    task: str
    encoder: Encoder
    train: Part
    validation: Part | None
    train_data: Dataset
    validation_data: Dataset | None
    notes: list[str] = field(default_factory=list)

    @property
    def parameters(self) -> dict[str, Variable]:
        """The parameters by attribute path."""
        found: dict[str, Variable] = self.model.parameters()
        return found


def check_kinds(model: Any, objective: Any, algorithm: Any) -> None:
    """Raise RequestError unless each of the three is what its place asks for."""
    for (place, (kind, example)), given in zip(
        _KINDS.items(), (model, objective, algorithm), strict=True
    ):
        if isinstance(given, kind):
            continue
        if isinstance(given, type) and issubclass(given, kind):
            raise RequestError(
                f"the {place} is the class {given.__name__} itself; make one of it: "
                f"{given.__name__}(...)"
            )
        others = [name for name, (each, _) in _KINDS.items() if isinstance(given, each)]
        known = f", which is of the kind {others[0]}" if others else ""
        raise RequestError(
            f"the {place} is {given!r}{known}; the order is tv.fit(model, objective, "
            f"algorithm, data), with a {place} such as {example}"
        )


def as_validation(data: Any, target: Any) -> Dataset:
    """Validation ``data`` as a Dataset; a pair has its own target."""
    named = isinstance(target, str) and not isinstance(data, tuple)
    return as_dataset(data, target if named else None)


def build_problem(
    model: Any,
    objective: Any,
    algorithm: Any,
    train: Dataset,
    validation: Dataset | None,
    options: Options,
    encoder: Encoder | None = None,
) -> Problem:
    """Check the combination, fit the encoding on the training part, copy and size the model.

    Raises RequestError when model, objective, algorithm and data do not fit together, and
    DataError when the data cannot be used.
    """
    task = infer_task(train, objective.wanted_task(model))
    if train.target is not None:
        objective.check_target(train.target, train.places.name, train.target_name)
    fitted = encoder or Encoder.fit(
        train, task, scale=options.scale, scale_target=objective.scales_target
    )
    classes = fitted.classes
    objective.refuse(model, task, classes)
    algorithm.refuse(model, objective)
    model.refuse(algorithm, objective)
    if validation is None and algorithm.needs_validation:
        raise RequestError(f"{algorithm.needs_validation}; set some aside, as validation=0.2")
    part = encode_part(train, fitted, objective, options)
    held = None if validation is None else encode_part(validation, fitted, objective, options)
    if options.batch_size is not None and options.batch_size > len(part):
        raise RequestError(
            f"batch_size={options.batch_size} is larger than the training part, which has "
            f"{len(part)} rows; use batch_size={len(part)} or less, or None for all of them"
        )
    own = model.copy(dtype=options.dtype)
    # y says how many classes or targets there are, and whether the target is a vector.
    count = len(classes) if classes is not None else (part.y.shape[1] if part.y.ndim > 1 else 1)
    outputs = objective.n_outputs(count, part.y.ndim)
    example = input((_EXAMPLES, *part.x.shape[1:]), options.dtype, name="x")
    try:
        own.prepare(example, outputs)
    except TriviumError as error:
        error.args = (str(error).replace(str(_EXAMPLES), "N"),)
        raise
    own.initialise(options.seed)
    objective.prepare(own, part.y, part.weight)
    return Problem(
        own, objective, algorithm, options, task, fitted, part, held, train, validation
    )


def encode_part(data: Dataset, encoder: Encoder, objective: Any, options: Options) -> Part:
    """The examples of ``data`` as arrays in the fit's dtype, with their weights."""
    if data.target is not None:
        objective.check_target(data.target, data.places.name, data.target_name)
    encoded = encoder.transform(data)
    assert encoded.y is not None
    y = np.ascontiguousarray(encoded.y)
    if y.dtype != np.int64:
        y = _converted(y, options.dtype, "the target")
    weight = encoded.weight
    if encoder.classes is not None:
        of_classes = objective.class_weights(encoder.classes, encoded.y)
        if of_classes is not None:
            weight = of_classes if weight is None else weight * of_classes
    if weight is not None:
        total = float(weight.sum())
        if not total > 0:
            raise RequestError(
                "all examples have weight zero, so there is nothing to learn from"
            )
        weight = (weight * (len(weight) / total)).astype(options.dtype)
    if isinstance(encoded.x, ScaledRows):
        return Part(encoded.x.astype(options.dtype), y, weight)
    return Part(_converted(encoded.x, options.dtype, "a feature"), y, weight)


def _converted(values: Array, dtype: str, what: str) -> Array:
    """Encoded ``values`` in ``dtype``, contiguous. Raises DataError where it cannot hold them."""
    with np.errstate(over="ignore"):
        found = np.ascontiguousarray(values, dtype=dtype)
    if not np.isfinite(found).all():
        row = int(np.argwhere(~np.isfinite(found))[0, 0])
        largest = float(np.nanmax(np.abs(values)))
        raise DataError(
            f"row {row} (counted from 0): {what} does not fit {dtype}, whose largest number is "
            f"{np.finfo(dtype).max:.2g} (the largest value is {largest:.2g}); standardise with "
            "scale=True, or choose dtype='float64'"
        )
    return found


def check_reached(
    loss_gradients: Mapping[str, Any], names: Sequence[str], algorithm: Any
) -> None:
    """Refuse a fit in which some parameter cannot change the objective.

    ``loss_gradients``: the cotangent of each parameter or None where no path leads to it.
    """
    unreached = [name for name in names if loss_gradients[name] is None]
    if unreached:
        raise RequestError(
            f"{'the parameter' if len(unreached) == 1 else 'the parameters'} "
            f"{', '.join(unreached)} cannot be learned by {algorithm!r}: the "
            "objective does not depend on it by any differentiable path. Use it in the "
            "model, or remove it; a threshold (unit step) has derivative zero everywhere: use "
            "tv.algorithms.DeltaRule() for it"
        )
