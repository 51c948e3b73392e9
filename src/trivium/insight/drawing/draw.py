"""Drawing the computational graph of an expression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from trivium.engine import dtypes
from trivium.engine.errors import ArgumentError
from trivium.engine.tensor import Tensor

from .choosing import chosen_graph
from .result import Drawing
from .subjects import Subject, subject_of
from .svg import render
from .values import flowing

__all__ = ["draw"]


def draw(
    subject: Any,
    values: Any = None,
    *,
    gradients: bool | Tensor = True,
    detail: Literal["auto", "operation", "value", "layer"] = "auto",
    objective: Any = None,
    title: str | None = None,
) -> Drawing:
    """Draw the computational graph: values above the edges, gradients below them, going back.

    ``subject``: an expression, a list of them, a model, or a fit. ``values``: of an expression
    the arrays of its inputs, {input or name: array}; of a model features x or a pair (x, y); of
    a fit data as in ``fit.score``. ``gradients``: those of the one scalar output, or of the
    output given; False for none. ``detail``: every "operation", every named "value" (labels,
    parameters, inputs), every "layer" of a model; "auto" takes the finest that stays readable.
    ``objective``: of a model, so that its loss on (x, y) is drawn. ``title``: of the picture.

    Where a value is used several times, each of its edges shows the gradient that comes back
    along it; they add up to the value's gradient (Griewank & Walther 2008, *Evaluating
    Derivatives*, §3.2). At most 256 rows of data are used. Raises ArgumentError for what cannot
    be drawn and for more than 1000 boxes, ShapeError for values of another shape.
    """
    found = subject_of(subject, values, objective)
    if detail not in ("auto", "operation", "value", "layer"):
        raise ArgumentError(
            f"detail={detail!r} is no level of detail; choose 'operation', 'value', 'layer', or "
            "'auto'"
        )
    graph, notes = chosen_graph(found, detail)
    for box in graph.boxes:
        if box.kind == "number" and box.sign == str(found.batch):
            box.sign = "n"
    of, reason = _differentiated(found, gradients)
    notes = [*found.notes, *notes, *([reason] if reason else [])]
    flow = flowing(graph, found.values or {}, of=of, values=found.values is not None)
    if flow.note:
        notes.append(flow.note)
    name = None
    if of is not None and not flow.note and found.values is not None:
        name = _name(found.outputs, of)
    what = title if title is not None else found.title
    svg, layout = render(graph, flow, title=what, notes=notes, of=name, batch=found.batch)
    return Drawing(svg, graph.level, tuple(notes), graph, flow, layout)


def _differentiated(found: Subject, gradients: Any) -> tuple[int | None, str]:
    """Which output the gradients are of, or why there are none."""
    outputs = found.outputs
    if isinstance(gradients, Tensor):
        place = next((i for i, each in enumerate(outputs) if each is gradients), None)
        if place is None:
            raise ArgumentError(
                "gradients= is an expression that is not among the outputs drawn; add it to "
                "them, or give gradients=True"
            )
        if not _scalar(gradients):
            raise ArgumentError(_no_scalar([gradients]))
        return place, ""
    if not isinstance(gradients, bool | np.bool_):
        raise ArgumentError(
            f"gradients={gradients!r}: say True, False, or which of the outputs they are of"
        )
    if not gradients or found.values is None:
        return None, ""
    scalars = [i for i, each in enumerate(outputs) if _scalar(each)]
    if not scalars:
        return None, f"no gradients: {_no_scalar(outputs)}"
    if len(scalars) > 1:
        name = _name(outputs, scalars[0])
        return scalars[0], f"the gradients are those of {name}, the first scalar output"
    return scalars[0], ""


def _scalar(output: Tensor) -> bool:
    return output.shape == () and dtypes.is_floating(output.dtype)


def _no_scalar(outputs: Sequence[Tensor]) -> str:
    first = outputs[0]
    if first.shape == ():
        return f"the output is {first.dtype}, which has no derivatives"
    return (
        f"a gradient is that of a scalar, and the output has shape {first.shape}; reduce it, "
        "for example with .sum() or .mean()"
    )


def _name(outputs: Sequence[Tensor], place: int) -> str:
    output = outputs[place]
    if output.primitive.name == "label" and output.name:
        return output.name
    return "output" if len(outputs) == 1 else f"output {place}"
