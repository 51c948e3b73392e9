"""The graph of a derivation's named values, placed from top to bottom for its page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from trivium.engine.traversal import topological

from ..derivation.equations import Equation
from ..derivation.symbols import Symbol, shape_text
from ..drawing.layout import Layout, Order, Place, arrange, order
from ..drawing.metrics import clean, shortened, text_width
from .page_graph import GAP, NAME, SMALL, Graph, GraphEdge, GraphNode, Point

if TYPE_CHECKING:
    from ..derivation.derivation import Derivation

__all__ = ["MOST", "Keys", "leaves_of", "placed", "too_large"]

#: More values than this are not drawn; their layout would take minutes.
MOST = 250
_HEIGHT = 44.0
_MARGIN = 10.0
_ROOM = 150.0  # no name is wider
_PORTS = 18.0  # between two edges where they meet a box
_BEND = 5.0  # half the width that an edge takes where it passes a row


def leaves_of(equation: Equation, derivation: Derivation) -> list[Symbol]:
    """The symbols in the right side of ``equation``, each once, in the order of their use."""
    found = []
    for node in topological([equation.expression]):
        symbol = None if node.inputs else derivation.symbols.of(node)
        if symbol is not None and symbol.role != "size":
            found.append(symbol)
    return found


class Keys:
    """The keys of the nodes that symbols belong to.

    The gradient of a value stands at the node of the value. Only in a derivation of second
    derivatives, whose forward pass computes gradients, are those values of their own.
    """

    def __init__(self, derivation: Derivation) -> None:
        self.computed = {id(each.defines) for each in derivation.forward}

    def of(self, symbol: Symbol) -> str:
        """The key of the node for ``symbol``."""
        while symbol.of is not None and id(symbol) not in self.computed:
            symbol = symbol.of
        return symbol.code


def too_large(derivation: Derivation) -> bool:
    """Whether the graph has more values than a reader could tell apart."""
    return len(derivation.forward) > MOST


def placed(derivation: Derivation) -> Graph | None:
    """The graph; None when no value depends on another one, or when there are too many."""
    if too_large(derivation):
        return None
    keys = Keys(derivation)
    links = [
        (keys.of(leaf), keys.of(equation.defines))
        for equation in derivation.forward
        for leaf in leaves_of(equation, derivation)
    ]
    if not links:
        return None
    gradients = {keys.of(each.defines): each.defines for each in derivation.backward}
    carrying = _carrying(links, set(gradients), keys.of(derivation.loss))
    joined = {key for link in links for key in link}
    nodes = {each.code: each for each in derivation.symbols if each.code in joined}
    number = {key: i for i, key in enumerate(nodes)}
    widths = [_width(symbol, gradients.get(key)) for key, symbol in nodes.items()]
    # The layout runs from left to right, so a box lies on its side there: its width is a height.
    boxes = [Place(_HEIGHT, width / 2, width / 2) for width in widths]
    labels = [Place(0.0, _BEND, _BEND) for _ in links]
    ends = [(number[source], number[target]) for source, target in links]
    found = order(len(nodes), ends)
    _balance(found, ends)
    layout = arrange(found, boxes, labels)
    return Graph(
        width=layout.height + 2 * _MARGIN,
        height=layout.width + 2 * _MARGIN,
        nodes=tuple(
            _node(derivation, symbol, gradients.get(key), widths[i],
                  layout.y[i] + _MARGIN, layout.x[i] + _MARGIN)
            for i, (key, symbol) in enumerate(nodes.items())
        ),
        edges=tuple(
            GraphEdge(source, target, way, source in carrying and target in carrying)
            for (source, target), way in zip(links, _ways(layout, ends, widths), strict=True)
        ),
    )  # fmt: skip


def _balance(found: Order, ends: Sequence[tuple[int, int]]) -> None:
    """Put parameters on both sides of the value that they meet, so that chains go straight down.

    In the order a, W, b every layer of a network would stand to the right of the layer before.
    Boxes move only within neighbours that lead to the same box, and what starts at them moves
    with them in the row below.
    """
    into: dict[int, list[int]] = {}
    for source, target in ends:
        if source not in into.setdefault(target, []):
            into[target].append(source)
    row_of = {place: row for row in found.columns for place in row}
    below: dict[
        int, list[int]
    ] = {}  # box → the places in the next row that its edges begin with
    for chain in found.chains:
        below.setdefault(chain[0], []).append(chain[1])
    for places in below.values():
        places.sort(key=lambda place: row_of[place].index(place))
    for sources in into.values():
        leaves = [each for each in sources if each not in into]
        values = [each for each in sources if each in into]
        if len(leaves) < 2 or len(values) != 1:
            continue
        half = len(leaves) // 2
        wanted = [*leaves[:half], *values, *leaves[half:]]
        next_row = [place for each in wanted for place in below[each]]
        upper, lower = row_of[wanted[0]], row_of[next_row[0]]
        if _beside(wanted, upper) and _beside(next_row, lower):
            for row, places in ((upper, wanted), (lower, next_row)):
                first = min(row.index(place) for place in places)
                row[first : first + len(places)] = places


def _beside(places: Sequence[int], row: Sequence[int]) -> bool:
    """Whether all ``places`` are in ``row``, with nothing between them."""
    if not set(places) <= set(row):
        return False
    at = [row.index(place) for place in places]
    return max(at) - min(at) == len(at) - 1


def _carrying(links: Sequence[tuple[str, str]], gradients: set[str], loss: str) -> set[str]:
    """The nodes that gradients come to or pass, on their way back from the loss."""
    after = _reached({loss}, [(target, source) for source, target in links])
    return after & _reached(gradients, links) | {loss}


def _reached(starts: set[str], links: Sequence[tuple[str, str]]) -> set[str]:
    """``starts`` and all that ``links`` lead to from there."""
    following: dict[str, list[str]] = {}
    for source, target in links:
        following.setdefault(source, []).append(target)
    found, waiting = set(starts), list(starts)
    while waiting:
        for target in following.get(waiting.pop(), ()):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def _width(symbol: Symbol, gradient: Symbol | None) -> float:
    shape = text_width(shape_text(symbol.shape), SMALL)
    name = text_width(_short(symbol.text), NAME) + GAP + shape
    below = text_width(_short(gradient.text), SMALL) if gradient is not None else 0.0
    return max(name, below) + 20.0


def _short(text: str) -> str:
    return shortened(clean(text), NAME, _ROOM)


def _node(
    derivation: Derivation,
    symbol: Symbol,
    gradient: Symbol | None,
    width: float,
    x: float,
    y: float,
) -> GraphNode:
    kind: Literal["input", "parameter", "value", "objective"] = "input"
    if symbol is derivation.loss:
        kind = "objective"
    elif symbol.role in ("parameter", "value"):
        kind = "parameter" if symbol.role == "parameter" else "value"
    return GraphNode(
        key=symbol.code,
        text=_short(symbol.text),
        shape=shape_text(symbol.shape),
        kind=kind,
        x=x,
        y=y,
        width=width,
        height=_HEIGHT,
        gradient=_short(gradient.text) if gradient is not None else "",
    )


def _ways(
    layout: Layout, ends: Sequence[tuple[int, int]], widths: Sequence[float]
) -> list[tuple[Point, ...]]:
    """From the lower side of the upper box to the upper side of the lower one."""
    inner = []
    for edge in range(len(ends)):
        points: list[Point] = []
        for column, across in layout.routes[edge][1:-1]:
            top, bottom = layout.sides[column]
            points += [(across, top), (across, bottom)] if bottom > top else [(across, top)]
        inner.append(points)
    leaving: dict[int, float] = {}
    entering: dict[int, float] = {}
    for box in range(len(widths)):
        for side, ports, first in ((0, leaving, 0), (1, entering, -1)):
            edges = [edge for edge in range(len(ends)) if ends[edge][side] == box]
            edges.sort(key=lambda edge: inner[edge][first])
            step = min(_PORTS, 0.8 * widths[box] / max(len(edges), 1))
            for place, edge in enumerate(edges):
                ports[edge] = layout.y[box] + (place - (len(edges) - 1) / 2) * step
    return [
        tuple(
            (x + _MARGIN, y + _MARGIN)
            for x, y in (
                (leaving[edge], layout.x[source] + _HEIGHT / 2),
                *inner[edge],
                (entering[edge], layout.x[target] - _HEIGHT / 2 - 1),
            )
        )
        for edge, (source, target) in enumerate(ends)
    ]
