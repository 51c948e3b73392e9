"""Components written down and built again: the registry, specifications and their text forms.

A specification is what a file keeps of a model, objective, algorithm, schedule, ...: a
JSON-able dict ``{"kind": "MLP", "hidden": [128, 64], ...}`` of its constructor's
hyperparameters. Reading one looks ``kind`` up in a table and calls that constructor; nothing is
imported or executed by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from trivium.engine.tensor import Tensor

from .errors import RequestError
from .registry import (
    Entry,
    brief,
    call,
    check_fields,
    component,
    entries,
    entry_of,
    find,
    find_kind,
    near,
    signature_of,
)

__all__ = [
    "Component",
    "Entry",
    "component",
    "encode",
    "entries",
    "find",
    "from_spec",
    "near",
    "parse_algorithm",
    "parse_model",
    "parse_objective",
    "signature_of",
]

_DEPTH = 64


class Component:
    """Something with hyperparameters that can be written down, printed and built again.

    By convention each argument of the constructor is kept as the attribute of the same name; a
    class that keeps it elsewhere overrides ``hyperparameters``.
    """

    def hyperparameters(self) -> dict[str, Any]:
        """The constructor's arguments by name; ``*args`` as a list, ``**kwargs`` as a dict."""
        registered = entry_of(type(self)) is not None
        found = {}
        for name in signature_of(type(self)):
            # A user's own class need not follow the convention: what is not kept is not known.
            if registered or hasattr(self, name):
                found[name] = getattr(self, name)
        return found

    def spec(self) -> dict[str, Any]:
        """The specification: a JSON-able dict from which ``from_spec`` builds an equal one.

        A class of the user's own that is not registered is marked ``own``: a file can name it
        but not build it. Raises RequestError for a hyperparameter that cannot be written down.
        """
        entry = entry_of(type(self))
        if entry is None:
            return {"kind": type(self).__name__, "own": True, "shown": repr(self)}
        fields = self.hyperparameters().items()
        return {"kind": entry.name, **{name: encode(value) for name, value in fields}}

    def __repr__(self) -> str:
        shown = []
        given = self.hyperparameters()
        for i, (name, parameter) in enumerate(signature_of(type(self)).items()):
            if name not in given:
                shown.append("...")
                continue
            value = given[name]
            if parameter.kind is parameter.VAR_POSITIONAL:
                shown += [_shown(each) for each in value]
            elif parameter.kind is parameter.VAR_KEYWORD:
                shown += [f"{key}={_shown(each)}" for key, each in value.items()]
            elif (i == 0 and not isinstance(parameter.default, bool | None)) or not _same(
                value, parameter.default
            ):
                shown.append(f"{name}={_shown(value)}")
        return f"{type(self).__name__}({', '.join(shown)})"


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value))}]"
    if callable(value) and not isinstance(value, Component) and hasattr(value, "__name__"):
        return str(value.__name__)
    if isinstance(value, Tensor):
        return f"<{'×'.join(map(str, value.shape)) or 'scalar'}>"
    return repr(value)


def _same(value: Any, default: Any) -> bool:
    if default is inspect.Parameter.empty:
        return False
    if value is default:
        return True
    try:
        return bool(encode(value) == encode(default))
    except RequestError:
        return False


def encode(value: Any) -> Any:
    """A hyperparameter as JSON-able data. Raises RequestError for what no file can hold."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if callable(getattr(value, "spec", None)):
        return value.spec()
    if isinstance(value, np.generic):
        return encode(value.item())
    if isinstance(value, np.ndarray):
        return encode(value.tolist())
    if isinstance(value, Tensor):
        return encode(value.value)
    if isinstance(value, list | tuple):
        return [encode(each) for each in value]
    if isinstance(value, Mapping):
        if all(isinstance(key, str) for key in value) and "kind" not in value:
            return {key: encode(each) for key, each in value.items()}
        # JSON's keys are texts: labels that are numbers are kept as pairs.
        return {
            "kind": "mapping",
            "items": [[encode(k), encode(v)] for k, v in value.items()],
        }
    if callable(value):
        return {"kind": "function", "name": getattr(value, "__qualname__", repr(value))}
    raise RequestError(
        f"the value {value!r} of type {type(value).__name__} cannot be written down; use "
        "numbers, texts, lists, dicts or components"
    )


def _decode(value: Any, where: str, depth: int) -> Any:
    if depth > _DEPTH:
        raise RequestError(f"{where}: the specification is nested more than {_DEPTH} deep")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [_decode(each, f"{where}[{i}]", depth + 1) for i, each in enumerate(value)]
    if not isinstance(value, dict):
        raise RequestError(f"{where}: a specification has no {type(value).__name__}")
    kind = value.get("kind")
    if kind == "function":
        raise RequestError(
            f"{where} is the Python function {value.get('name')!r}, and a specification holds "
            "no code; build this component in Python and pass it where it is needed"
        )
    if kind == "mapping":
        return _decode_mapping(value, where, depth)
    if "kind" in value:
        return _build(value, where, depth + 1)
    return {key: _decode(each, f"{where}.{key}", depth + 1) for key, each in value.items()}


def _decode_mapping(value: dict[str, Any], where: str, depth: int) -> dict[Any, Any]:
    try:
        pairs = [(key, each) for key, each in value["items"]]
        return {key: _decode(each, f"{where}[{key!r}]", depth + 1) for key, each in pairs}
    except (KeyError, TypeError, ValueError):
        raise RequestError(
            f"{where}: a mapping needs 'items', a list of [key, value] pairs"
        ) from None


def from_spec(spec: Mapping[str, Any], *families: str) -> Any:
    """Build the component that ``spec`` describes; the inverse of ``spec()``.

    ``families``: accept only these, for example ``"models"``. Only registered constructors are
    called. Raises RequestError for an unknown kind or field (with the nearest name), a missing
    field, a value that the constructor refuses, and for a user's own class.
    """
    if not isinstance(spec, Mapping):
        raise RequestError(f"a specification is a dict with 'kind', not {brief(spec)}")
    made = _build(dict(spec), "specification", 0)
    entry = entry_of(type(made))
    if families and entry is not None and entry.family not in families:
        raise RequestError(
            f"{entry.name} is one of the {entry.family}, where one of the "
            f"{' or '.join(families)} is needed"
        )
    return made


def _build(spec: dict[str, Any], where: str, depth: int) -> Any:
    kind = spec.get("kind")
    if not isinstance(kind, str):
        raise RequestError(f"{where}: 'kind' must name a component, not {brief(kind)}")
    if spec.get("own"):
        raise RequestError(
            f"{where}: {kind} is a class of your own, and a specification holds no code; build "
            f"it in Python and pass it where it is needed, or register the class with "
            f"@component({kind!r}) before reading"
        )
    entry = find_kind(kind)
    if entry is None:
        names = [each.name for each in entries()]
        raise RequestError(f"{where}: no component is called {brief(kind)}.{near(kind, names)}")
    fields = {key: value for key, value in spec.items() if key != "kind"}
    check_fields(entry, fields, entry.name)
    decoded = {
        key: _decode(value, f"{entry.name}.{key}", depth + 1) for key, value in fields.items()
    }
    return call(entry, decoded, entry.name)


def parse_model(text: str) -> Any:
    """The model that ``text`` describes, for example ``mlp:128,64,activation=tanh``."""
    from .text_forms import parse

    return parse(text, "models")


def parse_algorithm(text: str) -> Any:
    """The algorithm of ``text``, for example ``adam:learning_rate=0.001,beta1=0.9``."""
    from .text_forms import parse

    return parse(text, "algorithms")


def parse_objective(text: str) -> Any:
    """The objective of ``text``, for example ``cross-entropy+1e-4*l2``."""
    from .text_forms import parse_sum

    return parse_sum(text, "objectives")
