"""The computational graph of a page: nodes and edges that are placed already, as inline SVG."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

__all__ = ["GAP", "NAME", "SMALL", "Graph", "GraphEdge", "GraphNode", "Point", "graph_svg"]

#: Sizes of letters, as in the style sheet, and the gap between a name and its shape.
NAME, SMALL, GAP = 15.0, 12.0, 6.0

Point = tuple[float, float]


@dataclass(frozen=True)
class GraphNode:
    """A named value, an input or a parameter: ``text`` and ``shape`` around the point (x, y).

    ``gradient``: how the gradient of the objective with respect to it is written, if there is one.
    """

    key: str
    text: str
    shape: str
    kind: Literal["input", "parameter", "value", "objective"]
    x: float
    y: float
    width: float
    height: float
    gradient: str = ""


@dataclass(frozen=True)
class GraphEdge:
    """The value of ``source`` enters ``target``; ``points`` lead from one box to the other."""

    source: str
    target: str
    points: tuple[Point, ...]
    has_gradient: bool


@dataclass(frozen=True)
class Graph:
    """A placed graph; the drawing is ``width`` by ``height`` CSS pixels."""

    width: float
    height: float
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]


def graph_svg(
    graph: Graph, equations: Mapping[str, tuple[int, str]], translate: Callable[[str], str]
) -> str:
    """The graph as an SVG element whose nodes are links.

    ``equations``: key of a node → number and key of the equation that defines it; a node without
    one (an input) is a link to itself, so that the keyboard reaches it too.
    """
    width, height = _number(graph.width), _number(graph.height)
    parts = [
        f'<svg class="graph" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="group" aria-labelledby="graph-title">',
        _markers(),
    ]
    parts += [_edge(edge) for edge in graph.edges]
    parts += [_node(node, equations.get(node.key), translate) for node in graph.nodes]
    parts.append("</svg>")
    return "\n".join(parts)


def _markers() -> str:
    """Heads of arrows, in the colours that the style sheet gives them."""
    return (
        "<defs>"
        + "".join(
            f'<marker id="head-{kind}" class="head {kind}" viewBox="0 0 10 10" refX="9" refY="5" '
            'markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
            '<path d="M0 1 10 5 0 9z"/></marker>'
            for kind in ("forward", "backward")
        )
        + ("</defs>")
    )


def _edge(edge: GraphEdge) -> str:
    """Two lines side by side: the value going forward, the gradient coming back."""
    ends = f'data-from="{_escaped(edge.source)}" data-to="{_escaped(edge.target)}"'
    shift = 3.0 if edge.has_gradient else 0.0
    lines = [
        f'<path class="forward" d="{_path(edge.points, shift)}" marker-end="url(#head-forward)"/>'
    ]
    if edge.has_gradient:
        back = tuple(reversed(edge.points))
        lines.append(
            f'<path class="backward" d="{_path(back, shift)}" '
            'marker-end="url(#head-backward)"/>'
        )
    return f'<g class="edge" aria-hidden="true" {ends}>{"".join(lines)}</g>'


def _path(points: tuple[Point, ...], shift: float) -> str:
    """A curve through ``points`` that leaves and enters them upright, moved by ``shift``."""
    down = points[-1][1] > points[0][1]
    moved = [(x - shift if down else x + shift, y) for x, y in points]
    way = [f"M{_number(moved[0][0])} {_number(moved[0][1])}"]
    for (x0, y0), (x1, y1) in pairwise(moved):
        middle = _number((y0 + y1) / 2)
        end = f"{_number(x1)} {_number(y1)}"
        bend = f"C{_number(x0)} {middle} {_number(x1)} {middle} {end}"
        way.append(f"L{end}" if abs(x0 - x1) < 0.05 else bend)
    return " ".join(way)


def _node(
    node: GraphNode, equation: tuple[int, str] | None, translate: Callable[[str], str]
) -> str:
    name = f"{node.text}, {translate('shape')} {node.shape}"
    target = f"node-{node.key}"
    if equation is not None:
        number, target = equation
        name += ", " + translate("Equation {number}").format(number=number)
    x, y = node.x - node.width / 2, node.y - node.height / 2
    radius = {"value": 8, "objective": 8, "input": 2, "parameter": node.height / 2}[node.kind]
    low = y + node.height - 8
    gradient = ""
    if node.gradient:
        gradient = (
            f'<text class="gradient" x="{_number(node.x)}" y="{_number(low)}">'
            f"{_raised(node.gradient)}</text>"
        )
    line = _number(y + 18.5 if gradient else node.y + 5)
    return (
        f'<a class="node {node.kind}" id="node-{_escaped(node.key)}" href="#{_escaped(target)}" '
        f'data-key="{_escaped(node.key)}" aria-label="{_escaped(name)}">'
        f'<rect x="{_number(x)}" y="{_number(y)}" width="{_number(node.width)}" '
        f'height="{_number(node.height)}" rx="{_number(radius)}"/>'
        f'<text class="name" x="{_number(node.x)}" y="{line}">{_raised(node.text)}'
        f'<tspan class="size" dx="{_number(GAP)}">{_escaped(node.shape)}</tspan></text>'
        f"{gradient}</a>"
    )


def _raised(text: str) -> str:
    """``z[1]`` and ``q_2`` with their indices above and below, as the formulas write them."""
    made = ""
    for piece in re.split(r"(\[[^\]]*\]|_\d+)", text):
        if piece.startswith("["):
            made += _index(piece, -0.4)
        elif re.fullmatch(r"_\d+", piece):
            made += _index(piece[1:], 0.3)
        else:
            made += _escaped(piece)
    return made


def _index(text: str, shift: float) -> str:
    """Small letters off the line by ``shift``; what follows them is on the line again."""
    back = f'<tspan class="index" dy="{-shift}em">&#8203;</tspan>'
    return f'<tspan class="index" dy="{shift}em">{_escaped(text)}</tspan>{back}'


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _escaped(text: str) -> str:
    return html.escape(text, quote=True)
