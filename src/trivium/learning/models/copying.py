"""Copies of models: new variables, the same structure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MethodType
from typing import TYPE_CHECKING, Any

from trivium.engine import dtypes
from trivium.engine.composites import cast
from trivium.engine.tensor import Tensor, Variable, tensor, variable
from trivium.engine.traversal import same, topological

from .calls import State
from .parameters import Parameter

if TYPE_CHECKING:
    from .model import Model

__all__ = ["Copier"]


class Copier:
    """One copy of a model; what is shared in the original is shared in the copy."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = None if dtype is None else dtypes.as_dtype(dtype)
        self.made: dict[int, Any] = {}
        self.alive: list[Any] = []  # keeps ids unique while the copy is made

    def copy(self, value: Any) -> Any:
        """The copy of one attribute's value."""
        from .model import Model

        if id(value) in self.made:
            return self.made[id(value)]
        if isinstance(value, Model):
            return self._model(value)
        if isinstance(value, Variable):
            return self._keep(value, self._variable(value))
        if isinstance(value, Tensor):
            return self._keep(value, self._expression(value))
        if isinstance(value, Mapping | list | tuple):
            return self._container(value)
        if isinstance(value, MethodType) and isinstance(value.__self__, Model):
            return MethodType(value.__func__, self.copy(value.__self__))
        if isinstance(value, State):
            return replace(value)
        return value

    def _keep(self, original: Any, copied: Any) -> Any:
        self.made[id(original)] = copied
        self.alive.append(original)
        return copied

    def _model(self, model: Model) -> Model:
        made: Model = object.__new__(type(model))
        self._keep(model, made)
        for name, value in model.__dict__.items():
            made.__dict__[name] = self.copy(value)
        return made

    def _container(self, value: Any) -> Any:
        """A list or dict is filled after it is made, because it may hold itself."""
        if isinstance(value, list):
            found: Any = self._keep(value, [])
            found.extend(self.copy(each) for each in value)
            return found
        if isinstance(value, Mapping):
            found = self._keep(value, {})
            found.update((key, self.copy(each)) for key, each in value.items())
            return found if type(value) is dict else self._keep(value, _like(value, found))
        items = [self.copy(each) for each in value]
        made = type(value)(*items) if hasattr(value, "_fields") else tuple(items)
        return self._keep(value, made)

    def _variable(self, value: Variable) -> Variable:
        floating = dtypes.is_floating(value.dtype)
        dtype = self.dtype if floating and self.dtype is not None else value.dtype
        if isinstance(value, Parameter):
            return value.duplicate(dtype)
        return variable(value.storage, dtype, name=value.name)

    def _expression(self, value: Tensor) -> Tensor:
        """A constant or an expression kept as an attribute, over the copied variables."""
        new: dict[int, Tensor] = {}
        for node in topological([value]):
            if isinstance(node, Variable):
                copied = self.made.get(id(node))
                if copied is None:
                    copied = self._keep(node, self._variable(node))
                new[id(node)] = cast(copied, node.dtype)
            else:
                new[id(node)] = same(node, tuple(new[id(each)] for each in node.inputs))
        made = new[id(value)]
        if self.dtype is None or made.dtype is None or not dtypes.is_floating(made.dtype):
            return made
        if made.primitive.name == "constant" and made.dtype != self.dtype:
            return tensor(made.attributes.array.astype(self.dtype), name=made.name)
        return cast(made, self.dtype)


def _like(original: Any, items: dict[Any, Any]) -> Any:
    """``items`` in the original's own kind of mapping (OrderedDict, …) if it can be."""
    if hasattr(original, "copy"):
        made = original.copy()
        try:
            made.update(items)
            return made
        except (AttributeError, TypeError):
            pass
    return items
