"""``trivium notation``: the notation table, every call of which is run to show its result."""

from __future__ import annotations

from typing import Any

from trivium.learning.errors import RequestError
from trivium.mathematics.notation import GROUPS, NOTATION, Row, find

from .running import DONE
from .terminal import Screen, emit_json, table

__all__ = ["notation_command", "result_of"]

_HEADS = {
    "en": ("symbol", "meaning", "call", "result"),
    "zh": ("符号", "含义", "调用", "结果"),
}


def result_of(row: Row) -> Any:
    """What the call of a row gives, as numbers and lists."""
    import trivium

    value = eval(row.call, {"tv": trivium})  # the table's own text, nothing that anyone typed
    return _plain(value)


def _plain(value: Any) -> Any:
    import numpy as np

    found = getattr(value, "value", value)
    if isinstance(found, np.ndarray | np.generic):
        return found.tolist()
    if isinstance(found, list | tuple):
        return [_plain(each) for each in found]
    return found


def notation_command(symbol: str | None, language: str, *, as_json: bool) -> int:
    """The whole table, or the rows of one symbol; returns the exit code."""
    rows = NOTATION if symbol is None else find(symbol)
    if not rows:
        raise RequestError(_unknown(symbol or ""))
    results = [result_of(row) for row in rows]
    if as_json:
        emit_json({"notation": [_record(*pair, language) for pair in zip(rows, results)]})
        return DONE
    screen = Screen()
    place = int(language == "zh")
    shown = [
        (row.symbol, row.meaning(language), row.call, text_of(result))
        for row, result in zip(rows, results)
    ]
    for name, titles in GROUPS.items():
        group = [cells for row, cells in zip(rows, shown) if row.group == name]
        if not group:
            continue
        if len(rows) > 1:
            screen.print(titles[place], style="bold")
        screen.print(table(_HEADS[language], group))
        screen.print()
    return DONE


def _unknown(symbol: str) -> str:
    from trivium.learning.data.words import did_you_mean

    known = [word for row in NOTATION for word in (row.symbol, *row.words)]
    symbols = ", ".join(row.symbol for row in NOTATION)
    return (
        f"{symbol!r} is neither a symbol of the table nor in a meaning."
        f"{did_you_mean(symbol, known)} The symbols: {symbols}"
    )


def _record(row: Row, result: Any, language: str) -> dict[str, Any]:
    return {
        "symbol": row.symbol,
        "latex": row.latex,
        "meaning": row.meaning(language),
        "call": row.call,
        "result": result,
        "group": GROUPS[row.group][int(language == "zh")],
    }


def text_of(result: Any) -> str:
    """A result for people: six digits."""
    if isinstance(result, list):
        return "[" + ", ".join(map(text_of, result)) + "]"
    if isinstance(result, float):
        return f"{result:.6g}"
    return str(result)
