"""The numbers of a picture: the value on every edge, and the gradient that comes back along it.

Every edge gets an identity of its own (a tap), so the gradient on an edge is what comes back
along this edge alone. Where a value is used several times, the gradients on its edges add up to
its gradient: ∂y/∂v = Σ over the edges of v.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.engine import dtypes
from trivium.engine.backends.reference.interpreter import Interpreter
from trivium.engine.composites import label, ones_like, zeros_like
from trivium.engine.errors import NotDifferentiableError
from trivium.engine.reverse import cotangents
from trivium.engine.sites import derivation
from trivium.engine.tensor import Tensor
from trivium.engine.traversal import same, topological

from .graph import Graph
from .levels import path_to_base

__all__ = ["Flowing", "flowing"]

Array = np.ndarray[Any, Any]


@dataclass
class Flowing:
    """What flows along the edges of a graph, in their order; None where nothing does.

    ``note``: why there are no gradients, if they were asked for; else empty.
    """

    values: list[Array | None]
    gradients: list[Array | None]
    note: str = ""


def flowing(
    graph: Graph, inputs: Mapping[Tensor, Array], *, of: int | None, values: bool
) -> Flowing:
    """The values along the edges and the gradients of output number ``of`` (None: without).

    ``inputs``: an array for every input that the outputs depend on. ``values``: False for a
    picture without any numbers.
    """
    count = len(graph.edges)
    nothing: list[Array | None] = [None] * count
    if not values:
        return Flowing(nothing, list(nothing))
    taps, outputs = _tapped(graph)
    found: list[Tensor | None] = [None] * count
    note = ""
    if of is not None:
        try:
            found = _gradients(taps, outputs[of])
        except NotDifferentiableError as error:
            note = f"no gradients: {error}"
    there = [each for each in found if each is not None]
    bound = {id(each): array for each, array in inputs.items()}
    results = iter(Interpreter([*taps, *there], list(inputs)).run(bound))
    forward: list[Array | None] = [next(results) for _ in taps]
    backward = [None if each is None else next(results) for each in found]
    return Flowing(forward, backward, note)


def _tapped(graph: Graph) -> tuple[list[Tensor], list[Tensor]]:
    """A tap for every edge, and the outputs built anew on them."""
    taps: list[Tensor | None] = [None] * len(graph.edges)
    edge_of = {
        (id(node), i): place for place, edge in enumerate(graph.edges) for node, i in edge.uses
    }
    end_of = {
        edge.output: place for place, edge in enumerate(graph.edges) if edge.output is not None
    }
    new: dict[int, Tensor] = {}

    def arriving(given: Tensor, place: int | None) -> Tensor:
        """What arrives as ``given``, through the tap of the edge at ``place``."""
        value, way = path_to_base(given, graph.folded)
        made = new[id(value)] if id(value) in new else same(value, (new[id(value.inputs[0])],))
        if place is not None:
            if taps[place] is None:
                taps[place] = label(made, f"edge {place}")
            made = taps[place]  # type: ignore[assignment]
        for each in way:
            made = same(each, (made,))
        return made

    with derivation() as derive_from:
        for node in topological(graph.outputs):
            if id(node) in graph.folded:
                continue
            derive_from(node)
            arrived = [
                arriving(each, edge_of.get((id(node), i))) for i, each in enumerate(node.inputs)
            ]
            new[id(node)] = same(node, tuple(arrived))
        outputs = [arriving(each, end_of[i]) for i, each in enumerate(graph.outputs)]
    return [each for each in taps if each is not None], outputs


def _gradients(taps: Sequence[Tensor], output: Tensor) -> list[Tensor | None]:
    """The gradient of ``output`` on every tap that leads to it and holds floating numbers.

    A tap from which no derivative comes back, as before stop_gradient, has the gradient zero.
    """
    inside = {id(each) for each in topological([output])}
    asked = [each for each in taps if id(each) in inside and dtypes.is_floating(each.dtype)]
    came = cotangents([output], asked, [ones_like(output)])
    found = {
        id(tap): zeros_like(tap) if each is None else each
        for tap, each in zip(asked, came, strict=True)
    }
    return [found.get(id(each)) for each in taps]
