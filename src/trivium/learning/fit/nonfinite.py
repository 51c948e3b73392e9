"""Where a step of a fit stopped being finite: the node, its reason, the examples, the growth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trivium.engine.nonfinite import (
    BadValue,
    Found,
    Names,
    Run,
    describe,
    influence,
    locate,
    number,
)
from trivium.engine.passes.pipeline import improve
from trivium.engine.reverse import gradients
from trivium.engine.tensor import Tensor, Variable
from trivium.learning.batch import Batch
from trivium.learning.fit.examples import Examples

__all__ = ["BadValue", "StepGraph", "bad_value_of_step", "bad_value_on", "magnitudes"]

# A parameter that has become so many times as large as at the start has grown.
_GROWN = 100.0
# Features beyond this make products and squares overflow that are harmless for scaled ones.
_HUGE = 1e6


@dataclass(frozen=True, eq=False)
class StepGraph:
    """A step as expressions: the loss, the variables' new values, the gradients by path."""

    loss: Tensor
    updates: Mapping[Variable, Tensor]
    gradients: Mapping[str, Tensor]
    batch: Batch


def magnitudes(parameters: Mapping[str, Variable]) -> dict[str, float]:
    """The largest magnitude in each parameter."""
    return {
        path: float(np.abs(each.storage).max(initial=0)) for path, each in parameters.items()
    }


def bad_value_of_step(
    graph: StepGraph,
    parameters: Mapping[str, Variable],
    examples: Examples,
    *,
    start: Mapping[str, float],
    rate: float | None,
    step: int,
    bad: Mapping[str, float],
) -> BadValue:
    """The first NaN or infinity of a step that does not end with finite numbers.

    The variables hold their values before the step. ``start``: the largest magnitude in each
    parameter before the first step. ``rate``: the learning rate now. ``step``: counted from
    1. ``bad``: what the program that runs found to be bad, by name.
    """
    outputs = [graph.loss, *[graph.updates[each] for each in parameters.values()]]
    found = locate(outputs, Run(), compiled=True, forward=1)
    if found is None:
        return replace(_only_there(bad, str(graph.loss.dtype)), step=step)
    names = _names(outputs, examples, graph.batch, graph.gradients)
    told = replace(describe(found, names), step=step, rows=_rows(found, examples))
    if told.cause.startswith("overflow"):
        return _with_history(told, parameters, examples, start, rate)
    return told


def bad_value_on(model: Any, objective: Any, examples: Examples) -> BadValue | None:
    """The first NaN or infinity of a loss or its gradient at the model's parameters, if any."""
    batch = examples.batch(examples.count)
    (loss,) = improve([objective(model, batch)])
    parameters = model.parameters()
    slopes = gradients([loss], list(parameters.values()))
    outputs = [loss, *slopes]
    found = locate(outputs, Run(), compiled=True, forward=1)
    if found is None:
        return None
    names = _names(outputs, examples, batch, dict(zip(parameters, slopes, strict=True)))
    return replace(describe(found, names), rows=_rows(found, examples))


def _names(
    outputs: Sequence[Tensor],
    examples: Examples,
    batch: Batch,
    slopes: Mapping[str, Tensor],
) -> Names:
    """What formulas call the data and the gradients."""
    extra: dict[Tensor, str] = {batch.x: "x", batch.y: "y"}
    extra |= {each: f"∂loss/∂{path}" for path, each in slopes.items() if each.inputs}
    held = "that is what the data hold"
    return Names(outputs, extra, {examples.x: held, examples.y: held})


def _rows(found: Found, examples: Examples) -> str:
    """The example that the bad element depends on, if it is one."""
    for leaf, rows in examples.leaves():
        ends = influence(found, leaf)
        if ends is not None and ends[0] == ends[1]:
            row = ends[0] if rows is None else int(np.flatnonzero(rows == ends[0])[0])
            return f"{examples.places.name(row)} of {examples.what}"
    return ""


def _with_history(
    told: BadValue,
    parameters: Mapping[str, Variable],
    examples: Examples,
    start: Mapping[str, float],
    rate: float | None,
) -> BadValue:
    """What led to an overflow: parameters that have grown, or features that are huge."""
    notes, remedy = [], told.remedy
    now = magnitudes(parameters)
    grown = {path: now[path] / max(start[path], 1.0) for path in now}
    path = max(grown, key=lambda each: grown[each])
    if grown[path] > _GROWN:
        long = "" if rate is None else f" of learning rate {number(rate)}"
        notes.append(
            f"{path} has grown: its largest magnitude was {number(start[path])} at the start and "
            f"is {number(now[path])} before this step; steps{long} are too long, each overshoots "
            "the minimum further than the one before"
        )
        remedy = "a smaller learning rate often helps, or clip=1.0 in the algorithm"
    storage = examples.x.storage
    largest = float(np.abs(storage).max(initial=0)) if storage.dtype.kind == "f" else 0.0
    if largest > _HUGE:
        notes.append(f"the features go up to {number(largest)}")
        remedy = "standardise the features with scale=True; a smaller learning rate helps too"
    return replace(told, notes=(*told.notes, *notes), remedy=remedy)


def _only_there(bad: Mapping[str, float], dtype: str) -> BadValue:
    """NumPy finds the step finite, though the program that runs does not."""
    name, value = next(iter(bad.items()), ("loss", float("nan")))
    return BadValue(
        kind="NaN" if np.isnan(value) else "infinite",
        value=value,
        phase="forward" if name == "loss" else "update",
        name=name,
        primitive="",
        formula=name,
        shape=(),
        dtype=dtype,
        index=(),
        count=1,
        operands=(),
        cause="rounding",
        why=(
            "the same step computed by NumPy, one operation after the other, is finite: some "
            f"number is so close to the largest {dtype} that the order of additions decides"
        ),
        remedy="a smaller learning rate, scaled data, or dtype='float64'",
    )
