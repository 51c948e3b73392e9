"""What is drawn: boxes, and edges along which values flow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from trivium.engine.tensor import Tensor

__all__ = ["Box", "Edge", "Graph", "Kind", "Level"]

Kind = Literal[
    "input", "parameter", "constant", "number", "operation", "value", "layer", "output"
]
Level = Literal["operation", "value", "layer"]


@dataclass
class Box:
    """One thing in the picture.

    ``sign``: what stands inside: a name, a number or the sign of an operation. ``names``: the
    user's names of its value that are not the sign, in the order of writing. ``note``: a second
    line inside. ``members``: the nodes of the expression that it stands for, in their order;
    of an output the output itself. ``parameters``: leaves that a layer has taken in. ``small``:
    an operation that only moves numbers about.
    """

    kind: Kind
    sign: str
    names: list[str] = field(default_factory=list)
    note: str = ""
    members: list[Tensor] = field(default_factory=list)
    parameters: list[Tensor] = field(default_factory=list)
    small: bool = False


@dataclass(frozen=True)
class Edge:
    """The value of one node on its way from box to box (places in ``Graph.boxes``).

    ``uses``: (node, which of its inputs) that take the value along this edge; none for the edge
    to an output. ``output``: which output it leads to, or None.
    """

    source: int
    target: int
    value: Tensor
    uses: tuple[tuple[Tensor, int], ...] = ()
    output: int | None = None


@dataclass
class Graph:
    """Boxes and edges of ``outputs`` at one level of detail; the edges form no cycle.

    ``folded``: ids of the nodes that are part of an edge instead of a box.
    """

    level: Level
    outputs: list[Tensor]
    boxes: list[Box]
    edges: list[Edge]
    folded: frozenset[int]
