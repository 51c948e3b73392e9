"""The text forms of components, as typed on the command line.

    component   name[:item,item,...]           mlp:128,64,activation=tanh
    item        value | option=value
    value       number | true | false | none | word | [value,...] | name(item,...)
    sum         term+term...                   cross-entropy+1e-4*l2
    term        [number*]component[*number]

Names are in kebab case; case, hyphens and underscores do not matter. Unnamed values fill the
constructor's parameters in order, or together the one field that takes a list.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from .errors import RequestError
from .registry import Entry, call, check_fields, find, near, signature_of

__all__ = ["parse", "parse_sum"]

_LONGEST = 10_000
_DEEPEST = 16
_NUMBER = re.compile(r"[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|inf)", re.IGNORECASE)
_EXPONENT = re.compile(r"[0-9.][eE]$")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_CONSTANTS: dict[str, Any] = {"true": True, "false": False, "none": None}
_CLOSING = {"(": ")", "[": "]"}


def parse(text: str, *families: str) -> Any:
    """The component of ``families`` that ``text`` describes.

    Raises RequestError for unknown names and options (with the nearest right one) and for
    values that the constructor refuses.
    """
    _check_text(text)
    name, _, rest = text.strip().partition(":")
    return _component(name.strip(), rest, text, families, 0)


def parse_sum(text: str, *families: str) -> Any:
    """The weighted sum of components that ``text`` describes; errors as for ``parse``."""
    _check_text(text)
    total: Any = None
    for term in _split(text, "+", text):
        made = _term(term, text, families)
        total = made if total is None else total + made
    return total


def _term(term: str, text: str, families: tuple[str, ...]) -> Any:
    factors = [factor.strip() for factor in _split(term, "*", text)]
    names = [factor for factor in factors if not _NUMBER.fullmatch(factor)]
    if len(names) != 1 or not names[0]:
        raise RequestError(
            f"{text!r}: each term is a name with an optional factor, as in 'cross-entropy' or "
            f"'1e-4*l2'; {term.strip()!r} is not"
        )
    made = parse(names[0], *families)
    for factor in factors:
        if factor is not names[0]:
            made = float(factor) * made
    return made


def _check_text(text: Any) -> None:
    if not isinstance(text, str):
        raise RequestError(f"a text form is needed, such as 'adam', not {text!r}")
    if not text.strip():
        raise RequestError(
            "the text is empty; write a name, for example 'mlp:128,64' or 'adam'"
        )
    if len(text) > _LONGEST:
        raise RequestError(
            f"the text has {len(text):,} characters; at most {_LONGEST:,} are read"
        )


def _split(text: str, separator: str, whole: str) -> list[str]:
    """``text`` cut at ``separator`` outside brackets; the + of an exponent does not cut."""
    parts, start, waiting = [], 0, []
    for i, letter in enumerate(text):
        if letter in _CLOSING:
            waiting.append(_CLOSING[letter])
        elif letter in _CLOSING.values():
            if not waiting or waiting.pop() != letter:
                raise RequestError(f"{whole!r}: the {letter!r} closes nothing")
        elif letter == separator and not waiting:
            if (
                letter == "+"
                and _EXPONENT.search(text, max(0, i - 2), i)
                and text[i + 1 : i + 2].isdigit()
            ):
                continue  # the + of 1e+4
            parts.append(text[start:i])
            start = i + 1
    if waiting:
        raise RequestError(f"{whole!r}: a {waiting[-1]!r} is missing")
    return [*parts, text[start:]]


def _component(name: str, items: str, whole: str, families: tuple[str, ...], depth: int) -> Any:
    if depth > _DEEPEST:
        raise RequestError(f"{whole[:80]!r}: nested more than {_DEEPEST} deep")
    if not _NAME.fullmatch(name):
        raise RequestError(f"{whole[:200]!r}: {name[:80]!r} is not a name")
    entry = find(name, *families)
    unnamed: list[Any] = []
    fields: dict[str, Any] = {}
    for item in _split(items, ",", whole) if items.strip() else []:
        option, equals, value = _cut(item)
        if not equals:
            if fields:
                raise RequestError(
                    f"{whole!r}: the unnamed value {item.strip()!r} stands after a named one; "
                    "write unnamed values first, or a list as [1,2]"
                )
            word = item.strip().replace("-", "_")
            if word in signature_of(entry.cls):
                raise RequestError(f"{whole!r}: the option {word} needs a value: {word}=...")
            unnamed.append(_value(item, whole, depth))
            continue
        key = _option(entry, option)
        if key in fields:
            raise RequestError(f"{whole!r}: the option {key} is given twice")
        fields[key] = _listed(entry, key, _value(value, whole, depth))
    placed = _placed(entry, unnamed, fields, whole)
    check_fields(entry, placed, entry.text)
    return call(entry, placed, entry.text)


def _cut(item: str) -> tuple[str, str, str]:
    """An item at its first = outside brackets."""
    opened = min((item.find(each) for each in _CLOSING if each in item), default=len(item))
    at = item.find("=")
    return (item[:at], "=", item[at + 1 :]) if 0 <= at < opened else ("", "", item)


def _option(entry: Entry, written: str) -> str:
    known = signature_of(entry.cls)
    key = written.strip().replace("-", "_")
    if key not in known:
        defaults = [
            name if parameter.default is parameter.empty else f"{name}={parameter.default}"
            for name, parameter in known.items()
        ]
        raise RequestError(
            f"{entry.text} has no option {written.strip()[:80]!r}."
            f"{near(key, known, listed=False)} Its options: {', '.join(defaults) or 'none'}"
        )
    return key


def _listed(entry: Entry, key: str, value: Any) -> Any:
    return [value] if key == entry.values and not isinstance(value, list) else value


def _placed(
    entry: Entry, unnamed: list[Any], fields: dict[str, Any], whole: str
) -> dict[str, Any]:
    """The unnamed values under the names of the parameters that they fill."""
    if not unnamed:
        return fields
    known = signature_of(entry.cls)
    if entry.values is not None:
        placed: dict[str, Any] = {entry.values: unnamed}
    else:
        names = [
            name
            for name, parameter in known.items()
            if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        ]
        if len(unnamed) > len(names):
            raise RequestError(
                f"{whole!r}: {entry.text} takes at most {len(names)} unnamed values "
                f"({', '.join(names) or 'none'}), got {len(unnamed)}"
            )
        placed = dict(zip(names, unnamed))
    for key in placed:
        if key in fields:
            raise RequestError(f"{whole!r}: the option {key} is given twice")
    return {**placed, **fields}


def _value(text: str, whole: str, depth: int) -> Any:
    word = text.strip()
    if depth > _DEEPEST:
        raise RequestError(f"{whole[:80]!r}: nested more than {_DEEPEST} deep")
    if _NUMBER.fullmatch(word):
        # Python reads integers of at most 4,300 digits; a float says "too large" by being inf.
        return int(word) if word.lstrip("+-").isdigit() and len(word) < 400 else float(word)
    if word.casefold() in _CONSTANTS:
        return _CONSTANTS[word.casefold()]
    if word.startswith("[") and word.endswith("]"):
        inner = word[1:-1]
        parts = _split(inner, ",", whole) if inner.strip() else []
        return [_value(part, whole, depth + 1) for part in parts]
    if word.endswith(")") and "(" in word:
        name, _, inner = word[:-1].partition("(")
        return _component(name.strip(), inner, whole, (), depth + 1)
    if _NAME.fullmatch(word):
        return word
    raise RequestError(
        f"{whole[:200]!r}: {word[:80]!r} is not a value; values are numbers, true, false, "
        "none, words, lists as [1,2] and components as name(value,option=value)"
    )
