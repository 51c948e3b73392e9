"""Strict JSON for everything a run keeps as text: one exact, unambiguous encoding.

JSON has no NaN and no infinities, so a float that is not finite is written as the text
``"NaN"``, ``"Infinity"`` or ``"-Infinity"``; a real text that reads so gets one ``~`` in front
(and one more if it has some already), which reading takes away. Every finite float, every
integer and every text, lone surrogates included, comes back exactly. A tuple comes back as a
list and a NumPy scalar as the Python number.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from trivium.learning.errors import RunError

__all__ = ["decode", "encode"]

_RESERVED = re.compile(r"~*(NaN|-?Infinity)")
_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def encode(value: object, name: str, *, indent: int | None = None) -> str:
    """Write `value` as JSON text; the text is always valid UTF-8.

    `value` is built from mappings with text keys, lists, tuples, texts, booleans, numbers and
    None; `name` is what it is called in errors. Raises `RunError` naming the element that is
    something else.
    """
    try:
        text = json.dumps(
            _to_json(value, name), ensure_ascii=False, allow_nan=False, indent=indent
        )
    except RecursionError:
        raise RunError(
            f"{name} cannot be written: it is nested too deeply or contains itself. "
            "Make it flatter."
        ) from None
    except ValueError as error:  # an integer with more digits than Python converts
        raise RunError(f"{name} cannot be written as JSON: {error}.") from error
    # A lone surrogate (Python's stand-in for a byte of a file name that is not UTF-8) only ever
    # stands inside a JSON string, where "\\udc80" is exactly the JSON escape for it.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def decode(text: str | bytes) -> Any:
    """Read what `encode` wrote; raise `ValueError` with the reason if it is not strict JSON."""
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")  # json itself would guess among the encodings
        return _from_json(json.loads(text, parse_constant=_refuse_constant))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _to_json(value: object, name: str) -> object:
    if value is None or isinstance(value, bool | np.bool_):
        return None if value is None else bool(value)
    if isinstance(value, str):
        return f"~{value}" if _RESERVED.fullmatch(value) else str(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.float16 | np.float32):
        return _float_to_json(float(value))
    if isinstance(value, Mapping):
        return {
            _key(key, name): _to_json(item, f"{name}[{key!r}]") for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_to_json(item, f"{name}[{i}]") for i, item in enumerate(value)]
    remedy = (
        "put arrays among the state's arrays"
        if isinstance(value, np.ndarray)
        else "turn it into one of these first"
    )
    raise RunError(
        f"{name} is a {type(value).__name__} and cannot be kept in a run, which holds texts, "
        f"numbers, booleans, None, lists and mappings with text keys: {remedy}."
    )


def _float_to_json(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _key(key: object, name: str) -> str:
    if not isinstance(key, str):
        raise RunError(
            f"{name} has the key {key!r}, a {type(key).__name__}: the keys of what is kept in "
            f"a run are texts. Write {str(key)!r}, or a list of pairs."
        )
    return str(key)


def _from_json(value: Any) -> Any:
    if isinstance(value, str):
        if value in _NON_FINITE:
            return _NON_FINITE[value]
        return value[1:] if _RESERVED.fullmatch(value) else value
    if isinstance(value, dict):
        return {key: _from_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_from_json(item) for item in value]
    return value


def _refuse_constant(word: str) -> float:
    raise ValueError(f"it holds a bare {word}, which is not JSON")
