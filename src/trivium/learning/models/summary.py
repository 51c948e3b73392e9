"""The table that ``print(model)`` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trivium.engine.tensor import Variable

from .calls import state_of
from .walk import walk

if TYPE_CHECKING:
    from .model import Model

__all__ = ["summary"]

_HEAD = ("layer", "output", "parameters")


def summary(model: Model) -> str:
    """Layers, the shapes of their outputs (N examples) and their own numbers of parameters."""
    own: dict[str, int] = {}
    layers: list[tuple[str, Model, str]] = []
    for visit in walk(model):
        if not isinstance(visit.value, Variable):
            layers.append((visit.path, visit.value, visit.first))
        elif visit.path == visit.first:
            own[visit.owner] = own.get(visit.owner, 0) + visit.value.size
    rows = [_HEAD]
    if "" in own or not layers:
        rows.append((type(model).__name__, _output(model), _count(model, own.get("", 0))))
    for path, layer, first in layers:
        count = _count(layer, own.get(path, 0)) if first == path else f"as {first}"
        rows.append((f"{path} ({type(layer).__name__})", _output(layer), count))
    unknown = any(row[2] == "?" for row in rows)
    total = ("total", _output(model), "?" if unknown else f"{sum(own.values()):,}")
    note = ["? is inferred by tv.fit, or at the first call"] if unknown else []
    return "\n".join([repr(model), "", *_table(rows, total), *note])


def _count(layer: Model, own: int) -> str:
    """How many parameters ``layer`` itself has; not known before it is built."""
    from .model import Model

    known = state_of(layer).built or type(layer).build is Model.build
    return f"{own:,}" if known else "?"


def _output(model: Model) -> str:
    known = state_of(model).output
    if known is None:
        return "?"
    shape, count = known
    shown = ["N" if i == 0 and size == count else str(size) for i, size in enumerate(shape)]
    return f"({', '.join(shown)}{',' if len(shown) == 1 else ''})"


def _table(rows: list[tuple[str, str, str]], total: tuple[str, str, str]) -> list[str]:
    widths = [max(len(row[i]) for row in [*rows, total]) for i in range(3)]

    def line(row: tuple[str, str, str]) -> str:
        name, output, count = row
        return f"{name:<{widths[0]}}  {output:<{widths[1]}}  {count:>{widths[2]}}"

    rule = "─" * (sum(widths) + 4)
    return [line(rows[0]), rule, *map(line, rows[1:]), rule, line(total)]
