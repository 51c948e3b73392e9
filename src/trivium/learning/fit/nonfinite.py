"""The first value of a step that is not finite, found by running the step node by node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.engine import dtypes
from trivium.engine.tensor import Tensor

__all__ = ["BadValue", "first_bad_value"]


@dataclass(frozen=True)
class BadValue:
    """Where a step stopped being finite.

    ``step``: counted from 1. ``name``: the label or primitive of the node. ``layer``, ``line``:
    where in the model and in the user's code it was made. ``kind``: "NaN" or "infinite".
    """

    step: int
    name: str
    kind: str
    shape: tuple[int, ...]
    layer: str
    line: str

    def __str__(self) -> str:
        where = f" in {self.layer}" if self.layer else ""
        made = f" (your line: {self.line})" if self.line else ""
        what = f"{self.name}{where}, shape {self.shape}"
        return f"step {self.step}: {what}, became {self.kind}{made}"


def first_bad_value(outputs: Sequence[Tensor], step: int) -> BadValue | None:
    """The node where the first non-finite value that reaches an output arose.

    Walks back from a bad output through bad inputs until a bad node has only good ones, so that
    an infinity that is meant (and never reaches an output) is not blamed.
    """
    from trivium.engine.backends.reference.interpreter import Interpreter

    bad: dict[int, str] = {}

    def watch(node: Tensor, value: Any, sources: Sequence[Any]) -> None:
        if node.parts is None and dtypes.is_floating(node.dtype):
            kind = _kind(value)
            if kind:
                bad[id(node)] = kind

    for output, value in zip(outputs, Interpreter(outputs, ()).run({}, watch), strict=True):
        if dtypes.is_floating(output.dtype) and _kind(value):
            bad.setdefault(id(output), _kind(value))
    culprit = next((output for output in outputs if id(output) in bad), None)
    while culprit is not None:
        earlier = [each for each in culprit.inputs if id(each) in bad]
        if not earlier:
            return _describe(culprit, bad[id(culprit)], step)
        culprit = earlier[0]
    return None


def _kind(value: Any) -> str:
    if np.isnan(value).any():
        return "NaN"
    return "" if np.isfinite(value).all() else "infinite"


def _describe(node: Tensor, kind: str, step: int) -> BadValue:
    return BadValue(
        step=step,
        name=node.name if isinstance(node.name, str) else node.primitive.name,
        kind=kind,
        shape=node.shape,
        layer=" > ".join(node.scope),
        line=str(node.site) if node.site else "",
    )
