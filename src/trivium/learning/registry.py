"""The registry of components: everything that a file or the command line can name."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from trivium.engine.errors import TriviumError

from .errors import RequestError

__all__ = [
    "Entry",
    "brief",
    "call",
    "check_fields",
    "component",
    "entries",
    "entry_of",
    "find",
    "find_kind",
    "near",
    "signature_of",
]

# The rooms that hold components, in the order in which they are searched.
_ROOMS = (
    "initializers",
    "layers",
    "models",
    "objectives",
    "algorithms",
    "schedules",
    "clipping",
)

C = TypeVar("C", bound=type)


class Entry(NamedTuple):
    """One row of the registry.

    ``name``: the ``kind`` of its specifications. ``text``: what the command line calls it.
    ``family``: the room it lives in: ``models``, ``layers``, ``objectives``, ...
    ``values``: the field that takes all unnamed values of the text form together, if any.
    """

    cls: type
    name: str
    text: str
    family: str
    values: str | None = None


_BY_NAME: dict[str, Entry] = {}
_BY_CLASS: dict[type, Entry] = {}


def component(
    name: str | None = None, *, text: str | None = None, values: str | None = None
) -> Callable[[C], C]:
    """Register a class under ``name`` (default: its own) so that it can be written and read.

    ``text``: its name on the command line (default: the name in kebab case; "" for what is not
    typed there). ``values``: the field that takes all unnamed values of the text form. Raises
    RequestError when another class has the name.
    """

    def register(cls: C) -> C:
        kind = name or cls.__name__
        known = _BY_NAME.get(kind)
        if known is not None and _identity(known.cls) != _identity(cls):
            raise RequestError(
                f"the name {kind!r} is taken by {'.'.join(_identity(known.cls))}; register "
                f"{'.'.join(_identity(cls))} under another one: @component('My{kind}')"
            )
        called = _kebab(kind) if text is None else text
        entry = Entry(cls, kind, called, _family(cls), values)
        _BY_NAME[kind] = _BY_CLASS[cls] = entry
        return cls

    return register


def _identity(cls: type) -> tuple[str, str]:
    return cls.__module__, cls.__qualname__


def _kebab(name: str) -> str:
    parts: list[str] = []
    for i, letter in enumerate(name):
        starts = letter.isupper() and (
            name[i - 1 : i].islower() or name[i + 1 : i + 2].islower()
        )
        parts.append("-" + letter if starts and i else letter)
    return "".join(parts).lower()


def _family(cls: type) -> str:
    """The room of the class, or of its nearest base that has one (for a user's own class)."""
    package = __name__.rpartition(".")[0] + "."
    for base in cls.__mro__:
        if base.__module__.startswith(package):
            room = base.__module__.removeprefix(package).partition(".")[0]
            if room in _ROOMS:
                return room
    return "own"


def entries(*families: str) -> list[Entry]:
    """All registered components of ``families`` (default: all), in order of definition."""
    for room in _ROOMS:
        if not families or room in families:
            importlib.import_module("." + room, __package__)
    return [entry for entry in _BY_NAME.values() if not families or entry.family in families]


def signature_of(cls: type) -> dict[str, inspect.Parameter]:
    """The constructor's parameters by name: the hyperparameters of a component."""
    if cls.__init__ is object.__init__:  # type: ignore[misc]
        return {}
    found = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
    return {name: parameter for i, (name, parameter) in enumerate(found.items()) if i}


def entry_of(cls: type) -> Entry | None:
    """The row of the very class ``cls``, if it is registered; its bases do not count."""
    return _BY_CLASS.get(cls)


def find_kind(kind: str) -> Entry | None:
    """The row of the name ``kind``; rooms that are not loaded yet are."""
    if kind not in _BY_NAME:
        entries()
    return _BY_NAME.get(kind)


def check_fields(entry: Entry, fields: Mapping[str, Any], called: str) -> None:
    """Refuse, with a RequestError, fields that ``entry`` does not have or lacks."""
    known = signature_of(entry.cls)
    for key in fields:
        if key not in known:
            shown = ", ".join(known) or "none"
            raise RequestError(
                f"{called} has no option {brief(key)}.{near(str(key), known, listed=False)} "
                f"Its options: {shown}"
            )
    for key, parameter in known.items():
        needed = parameter.default is parameter.empty and parameter.kind not in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        )
        if needed and key not in fields:
            raise RequestError(f"{called} needs the option {key!r}")


def call(entry: Entry, fields: Mapping[str, Any], called: str) -> Any:
    """Call the constructor of ``entry``; whatever it refuses becomes a RequestError."""
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for key, parameter in signature_of(entry.cls).items():
        if key not in fields:
            continue
        value, kind = fields[key], parameter.kind
        if kind is inspect.Parameter.POSITIONAL_ONLY:
            positional.append(value)
        elif kind is inspect.Parameter.VAR_POSITIONAL:
            if not isinstance(value, list):
                raise RequestError(f"{called}.{key} must be a list, not {brief(value)}")
            positional += value
        elif kind is inspect.Parameter.VAR_KEYWORD:
            if not isinstance(value, dict) or not all(isinstance(k, str) for k in value):
                raise RequestError(
                    f"{called}.{key} must map names to values, not {brief(value)}"
                )
            twice = value.keys() & (named.keys() | fields.keys())
            if twice:
                raise RequestError(f"{called}.{key} gives {min(twice)!r}, an option of its own")
            named.update(value)
        else:
            named[key] = value
    try:
        return entry.cls(*positional, **named)
    except TriviumError:
        raise
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise RequestError(
            f"{called} cannot be built from {brief(dict(fields))}: {error}"
        ) from error


def brief(value: Any) -> str:
    """``repr(value)`` in at most 80 characters."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def near(word: str, choices: Iterable[str], *, listed: bool = True) -> str:
    """The end of a message: the choice nearest to ``word``, then (``listed``) all of them."""
    from .data.words import did_you_mean

    names = list(choices)
    tail = f" Choose from: {', '.join(names)}" if listed else ""
    return did_you_mean(word[:80], names) + tail


def find(text: str, *families: str) -> Entry:
    """The component of ``families`` that the command line calls ``text``.

    Case, hyphens and underscores do not matter. Raises RequestError with the nearest name and
    all choices.
    """
    choices = [entry for entry in entries(*families) if entry.text]
    wanted = _plain(text)
    for entry in choices:
        if wanted in (_plain(entry.text), _plain(entry.name)):
            return entry
    what = " or ".join(family.removesuffix("s") for family in families) or "component"
    raise RequestError(
        f"no {what} is called {brief(text)}.{near(text, [each.text for each in choices])}"
    )


def _plain(text: str) -> str:
    return text.replace("-", "").replace("_", "").casefold()
