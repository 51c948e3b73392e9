"""Where everything goes: columns from left to right, nothing on top of anything else.

Every edge carries its numbers, so they are a place of their own between the two boxes; where an
edge passes a column, it has a place there too. The library fast-sugiyama decides which place
lies in which column and in which order (Sugiyama, Tagawa & Toda 1981, "Methods for visual
understanding of hierarchical system structures"). It knows no sizes, so heights are settled here:
a linear program makes edges as straight as the order and the sizes allow (Gansner, Koutsofios,
North & Vo 1993, "A technique for drawing directed graphs", §4.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from trivium.engine.extras import optional

__all__ = ["Layout", "Order", "Place", "arrange", "order"]

Link = tuple[int, int]
Array = np.ndarray[Any, Any]

_BETWEEN = 14.0  # free height between two places of a column
# Weights of a hop between two places on edges, one at a box, two boxes; of a box in the middle.
_STRAIGHT = (8.0, 2.0, 1.0)
_CENTRED = 1.5
_PASSING = 5.0  # half the height of an edge that passes a column
_GAP = (26.0, 90.0)  # least and greatest free width between two columns
_SLOPE = 0.16  # of the steepest edge in a gap, as a share that widens it


@dataclass(frozen=True)
class Place:
    """What takes room: so wide, so much above and below its middle line."""

    width: float
    above: float
    below: float


@dataclass
class Layout:
    """Where places lie: the middle (``x``, ``y``) of each, boxes first, then the numbers.

    ``sides``: left and right of each column. ``routes``: for each edge the columns and heights
    that it comes through, from its source to its target.
    """

    x: list[float]
    y: list[float]
    sides: list[tuple[float, float]]
    routes: list[list[tuple[int, float]]]
    width: float
    height: float


@dataclass(frozen=True)
class Order:
    """Which places lie in which column, from top to bottom, and what is joined to what.

    Places are the boxes, the numbers of the edges, and where edges pass a column. ``hops`` join
    neighbouring columns; ``chains``: of each edge the places from its source to its target.
    """

    boxes: int
    columns: list[list[int]]
    hops: list[Link]
    chains: list[list[int]]

    def above(self, first: int, second: int) -> bool:
        """Whether edge ``first`` comes to the box that both lead to above edge ``second``."""
        ends = self.chains[first][-2], self.chains[second][-2]
        column = next(each for each in self.columns if ends[0] in each)
        return column.index(ends[0]) < column.index(ends[1])


def order(boxes: int, ends: Sequence[Link]) -> Order:
    """The order of so many boxes and of the numbers on the edges between them (``ends``)."""
    links: list[Link] = []
    for i, (source, target) in enumerate(ends):
        links += [(source, boxes + i), (boxes + i, target)]
    columns, hops = _ordered(links, boxes + len(ends), ends)
    return Order(boxes, columns, hops, _chains(hops, ends, boxes))


def arrange(found: Order, boxes: Sequence[Place], labels: Sequence[Place]) -> Layout:
    """Lay out boxes of these sizes and the numbers (``labels``) on the edges between them."""
    columns, hops = found.columns, found.hops
    sizes = [*boxes, *labels]
    shown = range(len(sizes))
    most = max(max(column) for column in columns)
    sizes += [Place(0.0, _PASSING, _PASSING)] * (most + 1 - len(sizes))
    y = _heights(columns, hops, sizes, found.boxes)
    column_of = {each: i for i, column in enumerate(columns) for each in column}
    sides = _sides(columns, hops, sizes, y, column_of)
    x = [sum(sides[column_of[i]]) / 2 for i in shown]
    routes = [[(column_of[each], float(y[each])) for each in way] for way in found.chains]
    every = [each for column in columns for each in column]
    bottom = max(y[each] + sizes[each].below for each in every)
    return Layout(x, [float(y[i]) for i in shown], sides, routes, sides[-1][1], float(bottom))


def _chains(hops: Sequence[Link], ends: Sequence[Link], count: int) -> list[list[int]]:
    """Of each edge the places from its source to its target."""
    # Of boxes these are the last of many neighbours, but only the others are asked for.
    forth = dict(hops)
    back = {target: source for source, target in hops}
    found = []
    for i, (source, target) in enumerate(ends):
        chain = [count + i]
        while chain[-1] != source:
            chain.append(back[chain[-1]])
        chain.reverse()
        while chain[-1] != target:
            chain.append(forth[chain[-1]])
        found.append(chain)
    return found


def _ordered(
    links: Sequence[Link], count: int, ends: Sequence[Link]
) -> tuple[list[list[int]], list[Link]]:
    """The columns from left to right, each from top to bottom, and the hops between them.

    Places from ``count`` on are those of edges that pass a column. Parts that do not hang
    together lie one below the other.
    """
    from_edges = optional("fast_sugiyama", "plot", "the layout of a graph").from_edges

    parts: list[tuple[list[list[int]], list[Link]]] = []
    used = count
    for found, _, _, joined in from_edges(
        links, dummy_vertices=True, ranking_type="minimize", check_layout=False
    ):
        where = {int(node): place for node, place in found}
        # The library numbers passing places without regard to the other parts.
        extra = sorted(node for node in where if node >= count)
        name = {node: used + i for i, node in enumerate(extra)}
        used += len(extra)
        ranks = {height: i for i, height in enumerate(sorted({-y for _, y in where.values()}))}
        columns: list[list[int]] = [[] for _ in ranks]
        for node in sorted(where, key=lambda each: where[each][0]):
            columns[ranks[-where[node][1]]].append(name.get(node, node))
        hops = [(int(a), int(b)) for a, b in joined or ()]
        hops = [(name.get(a, a), name.get(b, b)) for a, b in hops]
        parts.append((_as_written(columns, ends, count - len(ends)), hops))
    parts.sort(key=lambda part: min(map(min, part[0])))
    whole: list[list[int]] = [[] for _ in range(max(len(columns) for columns, _ in parts))]
    for columns, _ in parts:
        for column, added in zip(whole, columns, strict=False):
            column += added
    return whole, [hop for _, hops in parts for hop in hops]


def _as_written(columns: list[list[int]], ends: Sequence[Link], boxes: int) -> list[list[int]]:
    """The columns, or their mirror image, if more operands then stand in the written order."""
    place = {each: (i, j) for i, column in enumerate(columns) for j, each in enumerate(column)}
    into: dict[int, list[int]] = {}
    for i, (_, target) in enumerate(ends):
        into.setdefault(target, []).append(boxes + i)
    agreement = 0
    for edges in into.values():
        for first, second in pairwise(edges):
            if first in place and place[first][0] == place[second][0]:
                agreement += 1 if place[first][1] < place[second][1] else -1
    return columns if agreement >= 0 else [column[::-1] for column in columns]


def _heights(
    columns: Sequence[Sequence[int]],
    hops: Sequence[Link],
    sizes: Sequence[Place],
    boxes: int,
) -> Array:
    """The middle lines; the highest place touches 0.

    The least Σ w |y_a − y_b| over the hops, long edges weighted most, and Σ |y_b − mean of what
    comes in| over the boxes, such that nothing in a column touches (Gansner et al. 1993, §4.2,
    who solve it as a network; here it is a linear program).
    """
    from scipy.optimize import linprog

    terms: list[tuple[float, list[tuple[int, float]]]] = []
    into: dict[int, list[int]] = {}
    for a, b in hops:
        ends = (a < boxes) + (b < boxes)
        terms.append((_STRAIGHT[ends], [(a, 1.0), (b, -1.0)]))
        if b < boxes:
            into.setdefault(b, []).append(a)
    for box, sources in into.items():
        if len(sources) > 1:
            terms.append((_CENTRED, [(box, 1.0), *[(a, -1 / len(sources)) for a in sources]]))
    count, many = len(sizes), len(terms)
    # Σ of a term = p − q with p, q ≥ 0, so that |Σ| is the least p + q.
    equal = _sparse(
        [
            [*parts, (count + i, -1.0), (count + many + i, 1.0)]
            for i, (_, parts) in enumerate(terms)
        ],
        count + 2 * many,
    )
    pairs = [pair for column in columns for pair in pairwise(column)]
    apart = _sparse([[(a, 1.0), (b, -1.0)] for a, b in pairs], count + 2 * many)
    room = [-(sizes[a].below + _BETWEEN + sizes[b].above) for a, b in pairs]
    weights = [weight for weight, _ in terms]
    solution = linprog(
        np.concatenate([np.zeros(count), weights, weights]),
        A_ub=apart, b_ub=room, A_eq=equal, b_eq=np.zeros(many), method="highs-ds",
    )  # fmt: skip
    y: Array = solution.x[:count]
    every = [each for column in columns for each in column]
    return y - min(y[i] - sizes[i].above for i in every)


def _sparse(rows: Sequence[Sequence[tuple[int, float]]], width: int) -> Any:
    """The matrix whose row i has the given (column, entry)."""
    from scipy.sparse import csr_array

    cells = [(i, place, factor) for i, row in enumerate(rows) for place, factor in row]
    if not cells:
        return csr_array((0, width))
    i, places, factors = zip(*cells, strict=True)
    return csr_array((factors, (i, places)), shape=(len(rows), width))


def _sides(
    columns: Sequence[Sequence[int]],
    hops: Sequence[Link],
    sizes: Sequence[Place],
    y: Array,
    column_of: dict[int, int],
) -> list[tuple[float, float]]:
    """Left and right of each column; the gap before it is wider where edges are steep."""
    steepest = [0.0] * len(columns)
    for a, b in hops:
        i = column_of[b]
        steepest[i] = max(steepest[i], abs(float(y[a] - y[b])))
    sides: list[tuple[float, float]] = []
    left = 0.0
    for i, column in enumerate(columns):
        if i:
            left += min(max(_SLOPE * steepest[i], _GAP[0]), _GAP[1])
        right = left + max(sizes[each].width for each in column)
        sides.append((left, right))
        left = right
    return sides
