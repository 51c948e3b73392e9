"""Any expression as a model."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from trivium.engine import dtypes
from trivium.engine.composites import as_tensor
from trivium.engine.errors import TriviumError
from trivium.engine.tensor import Variable, variable

from ..errors import RequestError
from ..specification import component, near
from .model import Model
from .parameters import Parameter

__all__ = ["Formula"]


@component(text="")
class Formula(Model):
    """f(x; θ): any expression of the features and of named parameters as a set of functions.

        tv.models.Formula(lambda x, a, b: a * tv.array.exp(-b * x[:, 0]), a=1.0, b=0.5)

    ``f``: takes x (N, ...) and the parameters by name, returns (N,) or (N, k). ``start``: the
    parameters' first values, numbers or arrays (whole numbers become floats), or
    ``tv.parameter(shape)`` for a drawn one; the names become the parameters' names. Raises
    RequestError when f's parameters and ``start`` do not match, naming what is missing or
    unknown.
    """

    has_units = True

    def __init__(self, f: Callable[..., Any], /, **start: Any) -> None:
        if not callable(f):
            raise RequestError(
                f"Formula: the first argument must be a function f(x, **parameters), got {f!r}"
            )
        _check_names(f, start)
        self.f = f
        self.values = {name: _first_value(name, value) for name, value in start.items()}

    def hyperparameters(self) -> dict[str, Any]:
        """The function and its parameters' present values, or how they will be drawn."""
        start = {
            name: value.initializer
            if isinstance(value, Parameter) and not value.has_value
            else value
            for name, value in self.values.items()
        }
        return {"f": self.f, "start": start}

    def named_parts(self) -> Mapping[str, Any]:
        """The parameters under their own names."""
        return {**self.values, "f": self.f} if isinstance(self.f, Model) else self.values

    def __getattr__(self, name: str) -> Any:
        values = self.__dict__.get("values", {})
        if name in values:
            return values[name]
        raise AttributeError(f"{type(self).__name__} has no attribute or parameter {name!r}")

    def __call__(self, x: Any) -> Any:
        """f(x, **parameters)."""
        made = self.f(x, **self.values)
        return as_tensor(made) if isinstance(made, int | float | np.ndarray) else made

    def __repr__(self) -> str:
        name = getattr(self.f, "__name__", type(self.f).__name__)
        starts = [f"{key}={_shown(value)}" for key, value in self.values.items()]
        return f"Formula({', '.join([name, *starts])})"


def _shown(value: Variable) -> str:
    try:
        present = value.value
    except TriviumError:
        return f"tv.parameter({value.shape})"
    return f"{float(present):.6g}" if present.shape == () else f"<{present.shape}>"


def _first_value(name: str, value: Any) -> Variable:
    if isinstance(value, Variable):
        return value
    try:
        made = variable(value, name=name)
    except TriviumError as error:
        raise RequestError(f"Formula: the start of {name!r} is no number: {error}") from error
    if dtypes.is_floating(made.dtype):
        return made
    if dtypes.is_boolean(made.dtype):
        raise RequestError(
            f"Formula: {name}={value!r} is a truth value, which cannot be learned; give a "
            "number, or close over it in the function"
        )
    return variable(made.value, dtypes.default_float, name=name)


def _check_names(f: Callable[..., Any], start: Mapping[str, Any]) -> None:
    """Refuse parameters without a start and starts without a parameter."""
    try:
        signature = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # a builtin that does not tell; calling it will
        return
    kinds = inspect.Parameter
    positional = (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD, kinds.VAR_POSITIONAL)
    if not signature or signature[0].kind not in positional:
        raise RequestError(
            "Formula: the function must take the features first: f(x, **parameters); this one "
            f"is {_signature(f)}"
        )
    rest = signature[1:] if signature[0].kind is not kinds.VAR_POSITIONAL else signature
    takes = [
        p.name for p in rest if p.kind in (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY)
    ]
    optional = {p.name for p in rest if p.default is not kinds.empty}
    missing = [name for name in takes if name not in start and name not in optional]
    if missing:
        example = ", ".join(f"{name}=0.0" for name in missing)
        raise RequestError(
            f"Formula: {_signature(f)} has the parameter{'s' * (len(missing) > 1)} "
            f"{', '.join(missing)} without a start; give first values: Formula(f, {example}"
            f"{', ...' if start else ''})"
        )
    if any(p.kind is kinds.VAR_KEYWORD for p in rest):
        return
    unknown = [name for name in start if name not in takes]
    if unknown:
        raise RequestError(
            f"Formula: {_signature(f)} has no parameter {', '.join(map(repr, unknown))}."
            f"{near(unknown[0], takes, listed=False)} Its parameters: "
            f"{', '.join(takes) or 'none'}"
        )


def _signature(f: Callable[..., Any]) -> str:
    name = getattr(f, "__name__", type(f).__name__)
    return f"{'f' if name == '<lambda>' else name}{inspect.signature(f)}"
