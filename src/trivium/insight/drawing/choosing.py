"""Which level of detail is drawn."""

from __future__ import annotations

from typing import cast

from trivium.engine.errors import ArgumentError

from .graph import Graph, Level
from .levels import graph_of
from .subjects import Subject
from .textbook_signs import sign_as_textbooks

__all__ = ["chosen_graph"]

# By itself every operation is drawn up to so many boxes, of a model with named values up to fewer;
# then named values and layers up to so many; more than the last are not drawn at all.
_OPERATIONS, _OF_MODELS, _VALUES, _LAYERS, _MOST = 40, 15, 60, 150, 1000
_COARSER: tuple[Level, ...] = ("value", "layer")


def chosen_graph(found: Subject, detail: str) -> tuple[Graph, list[str]]:
    """The graph at the level asked for, or at the finest that stays readable, and what to say.

    Raises ArgumentError for one that nobody could read.
    """
    if detail == "auto":
        graph, notes = _readable(found)
    else:
        graph, notes = graph_of(found.outputs, cast("Level", detail)), []
    if len(graph.boxes) > _MOST:
        raise ArgumentError(_too_many(found, graph))
    if graph.level == "value":
        sign_as_textbooks(graph)
    return graph, notes


def _readable(found: Subject) -> tuple[Graph, list[str]]:
    finest = graph_of(found.outputs, "operation")
    count = len(finest.boxes)
    named = graph_of(found.outputs, "value")
    has_names = any(box.kind == "value" and box.sign not in found.given for box in named.boxes)
    if count <= (_OF_MODELS if found.is_model and has_names else _OPERATIONS):
        return finest, []
    note = f"at detail operation there would be {count:,} boxes"
    if count > _MOST:
        note += ", too many to be drawn"
    layers = _layers(found, finest)
    # Values without names say less than layers.
    several = sum(box.kind == "layer" for box in layers.boxes) > 1
    if len(named.boxes) <= _VALUES and (has_names or not several):
        return named, [f"named values are drawn; {note}"]
    return layers, [f"layers are drawn; {note}"]


def _layers(found: Subject, finest: Graph) -> Graph:
    """The layers, as deep as they stay readable and tell anything apart."""
    depth = max(len(each.scope) for box in finest.boxes for each in box.members)
    deepest = graph = graph_of(found.outputs, "layer", depth)
    while len(graph.boxes) > _LAYERS and depth > 1:
        depth -= 1
        graph = graph_of(found.outputs, "layer", depth)
    told_apart = sum(box.kind == "layer" for box in graph.boxes) > 2
    return graph if told_apart or len(deepest.boxes) > _MOST else deepest


def _too_many(found: Subject, graph: Graph) -> str:
    others: list[Level] = [each for each in _COARSER if each != graph.level]
    coarser = {level: len(graph_of(found.outputs, level).boxes) for level in others}
    options = [f"detail={level!r} gives {count:,}" for level, count in coarser.items()]
    return (
        f"the picture would have {len(graph.boxes):,} boxes at detail={graph.level!r}, and more "
        f"than {_MOST:,} cannot be read; {', '.join(options)}. Or draw a part: any value in "
        "between is an expression too"
    )
