"""Models and fits as plain data (classes, arrays, texts): how estimators are pickled.

Tensors are never pickled: a variable is its array and how it is drawn, a model its class and
its attributes. What is shared stays shared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from trivium.engine.tensor import Tensor, Variable, tensor, variable
from trivium.learning.data import Encoder
from trivium.learning.errors import RequestError
from trivium.learning.fit import Fit
from trivium.learning.models import Model, parameter
from trivium.learning.models.parameters import Parameter

__all__ = ["fit_from_plain", "from_plain", "plain_fit", "to_plain"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class _Constant:
    array: Array
    name: str | None


@dataclass(frozen=True, eq=False)
class _Variable:
    value: Array
    name: str | None


@dataclass(frozen=True, eq=False)
class _Parameter:
    """``value``: None while it waits to be drawn."""

    shape: tuple[int, ...]
    dtype: str
    init: Any
    value: Array | None
    name: str | None


@dataclass(frozen=True, eq=False)
class _Model:
    kind: type[Model]
    attributes: dict[str, Any]


def to_plain(value: Any) -> Any:
    """``value`` with models in plain form. Raises RequestError for kept expressions."""
    return _Writer().write(value)


def from_plain(value: Any) -> Any:
    """What ``to_plain`` was given, with variables of its own."""
    return _Reader().read(value)


def plain_fit(fit: Fit) -> dict[str, Any]:
    """Everything that a fit consists of, as plain data."""
    record = {each.name: getattr(fit, each.name) for each in fields(fit)}
    return {**record, "model": to_plain(fit.model), "encoder": fit.encoder.to_dict()}


def fit_from_plain(record: Mapping[str, Any]) -> Fit:
    """The fit that ``plain_fit`` described."""
    model = from_plain(record["model"])
    return Fit(**{**record, "model": model, "encoder": Encoder.from_dict(record["encoder"])})


class _Writer:
    """One walk over a structure; an object that is met twice has one record."""

    def __init__(self) -> None:
        self._made: dict[int, Any] = {}
        self._alive: list[Any] = []  # keeps the ids of the walk unique

    def write(self, value: Any) -> Any:
        if id(value) in self._made:
            return self._made[id(value)]
        if isinstance(value, Model):
            attributes: dict[str, Any] = {}
            record = self._keep(value, _Model(type(value), attributes))
            attributes.update((name, self.write(each)) for name, each in vars(value).items())
            return record
        if isinstance(value, Tensor):
            return self._keep(value, _leaf(value))
        if isinstance(value, list):
            items: list[Any] = self._keep(value, [])
            items.extend(map(self.write, value))
            return items
        if type(value) is dict:
            table: dict[Any, Any] = self._keep(value, {})
            table.update((key, self.write(each)) for key, each in value.items())
            return table
        if isinstance(value, tuple):
            return self._keep(value, _like(value, [self.write(each) for each in value]))
        return value

    def _keep(self, original: Any, record: Any) -> Any:
        self._made[id(original)] = record
        self._alive.append(original)
        return record


class _Reader:
    """One walk back; a record that is met twice becomes one object."""

    def __init__(self) -> None:
        self._made: dict[int, Any] = {}

    def read(self, value: Any) -> Any:
        if id(value) in self._made:
            return self._made[id(value)]
        if isinstance(value, _Model):
            model = self._keep(value, object.__new__(value.kind))
            for name, each in value.attributes.items():
                vars(model)[name] = self.read(each)
            return model
        if isinstance(value, _Constant):
            return self._keep(value, tensor(value.array, name=value.name))
        if isinstance(value, _Variable):
            return self._keep(value, variable(value.value, name=value.name))
        if isinstance(value, _Parameter):
            return self._keep(value, _parameter(value))
        if isinstance(value, list):
            items: list[Any] = self._keep(value, [])
            items.extend(map(self.read, value))
            return items
        if type(value) is dict:
            table: dict[Any, Any] = self._keep(value, {})
            table.update((key, self.read(each)) for key, each in value.items())
            return table
        if isinstance(value, tuple):
            return self._keep(value, _like(value, [self.read(each) for each in value]))
        return value

    def _keep(self, record: Any, made: Any) -> Any:
        self._made[id(record)] = made
        return made


def _leaf(value: Tensor) -> Any:
    if isinstance(value, Parameter):
        drawn = None if value.pending else value.value
        how = value.initializer
        return _Parameter(value.shape, value.dtype.name, how, drawn, value.name)
    if isinstance(value, Variable):
        return _Variable(value.value, value.name)
    if value.primitive.name == "constant":
        return _Constant(value.attributes.array, value.name)
    made = f" made at {value.site}" if value.site else ""
    raise RequestError(
        f"the model keeps the expression {value.name or value.primitive.name!r}{made} as an "
        "attribute, which cannot be pickled; build it in __call__ and keep only its variables"
    )


def _parameter(record: _Parameter) -> Parameter:
    made = parameter(record.shape, record.init, record.dtype)
    made.rename(record.name or "")
    if record.value is not None:
        made.assign(record.value)
    return made


def _like(original: tuple[Any, ...], items: list[Any]) -> tuple[Any, ...]:
    named = hasattr(original, "_fields")
    return type(original)(*items) if named else tuple(items)
