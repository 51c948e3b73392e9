"""Leaves: constants, inputs and variables. They have no inputs, so no derivative rule."""

from __future__ import annotations

from typing import Any

from ..primitive import Curvature, NotDifferentiable, Primitive, Unsupported
from ..tensor import Constant, InputName, VariableName
from .rules import REFERENCE_ONLY

_NO_VJP = NotDifferentiable("a leaf has no inputs to pass a cotangent to")
_NO_SAMPLES = Unsupported("leaves are made with tensor, input and variable, not applied")


def _bound(attributes: Any) -> Any:
    raise AssertionError("inputs and variables are bound by the program that runs them")


CONSTANT = Primitive(
    name="constant",
    notation=r"\mathrm{{const}}",
    attributes=Constant,
    shape=lambda a: a.array.shape,
    dtype=lambda a: a.array.dtype,
    evaluate=lambda a: a.array,
    vjp=_NO_VJP,
    curvature=Curvature("affine"),
    samples=_NO_SAMPLES,
    native=REFERENCE_ONLY,
)

INPUT = Primitive(
    name="input",
    notation=r"\mathrm{{input}}",
    attributes=InputName,
    shape=lambda a: a.shape,
    dtype=lambda a: a.dtype,
    evaluate=_bound,
    vjp=_NO_VJP,
    curvature=Curvature("affine"),
    samples=_NO_SAMPLES,
    native=REFERENCE_ONLY,
)

VARIABLE = Primitive(
    name="variable",
    notation=r"\theta",
    attributes=VariableName,
    shape=lambda a: a.shape,
    dtype=lambda a: a.dtype,
    evaluate=_bound,
    vjp=_NO_VJP,
    curvature=Curvature("affine"),
    samples=_NO_SAMPLES,
    native=REFERENCE_ONLY,
)
