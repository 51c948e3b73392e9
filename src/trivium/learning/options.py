"""Checks of hyperparameters: a refusal names the owner, the option, the rule, the value."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

from .errors import RequestError

__all__ = ["flag", "fraction", "non_negative", "number", "positive", "whole"]


def number(owner: str, name: str, value: Any, rule: str = "a finite number") -> float:
    """``value`` as a Python float. Raises RequestError unless it is a finite real number."""
    given = isinstance(value, Real) and not isinstance(value, bool)
    if not given or not math.isfinite(value):
        text = ", which is text and no number" if isinstance(value, str) else ""
        raise RequestError(f"{owner}: {name} must be {rule}, got {value!r}{text}")
    return float(value)


def positive(owner: str, name: str, value: Any) -> float:
    """``value`` as a float > 0. Raises RequestError otherwise."""
    checked = number(owner, name, value, "positive")
    if checked <= 0:
        raise RequestError(f"{owner}: {name} must be positive, got {value!r}")
    return checked


def non_negative(owner: str, name: str, value: Any) -> float:
    """``value`` as a float ≥ 0. Raises RequestError otherwise."""
    checked = number(owner, name, value, "zero or positive")
    if checked < 0:
        raise RequestError(f"{owner}: {name} must be zero or positive, got {value!r}")
    return checked


def fraction(owner: str, name: str, value: Any) -> float:
    """``value`` as a float in [0, 1). Raises RequestError otherwise."""
    checked = number(owner, name, value, "at least 0 and below 1")
    if not 0 <= checked < 1:
        raise RequestError(f"{owner}: {name} must be at least 0 and below 1, got {value!r}")
    return checked


def whole(owner: str, name: str, value: Any, least: int = 1) -> int:
    """``value`` as an int ≥ ``least``. Raises RequestError otherwise (2.0 is accepted as 2)."""
    rule = f"a whole number of at least {least}"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise RequestError(f"{owner}: {name} must be {rule}, got {value!r}")
    return int(value)


def flag(owner: str, name: str, value: Any) -> bool:
    """``value`` as a bool. Raises RequestError for anything but True and False."""
    if not isinstance(value, bool):
        raise RequestError(f"{owner}: {name} must be True or False, got {value!r}")
    return value
