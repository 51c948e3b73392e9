"""The signs in boxes of several operations, as a textbook would write them.

ReLU is a comparison and a choice to the engine, the logarithm of softmax six operations. A box
that stands for many names them as derivations do.
"""

from __future__ import annotations

from trivium.insight.derivation.raising import raise_operations

from .graph import Graph
from .levels import graph_of

__all__ = ["sign_as_textbooks"]

# Larger expressions are not searched: what is in their boxes is not read one by one.
_MOST = 4000
_NO_BATCH = 2**61 - 1  # a number of examples that occurs in no expression


def sign_as_textbooks(graph: Graph) -> None:
    """Rewrite the signs and notes of a graph of named values."""
    if sum(len(box.members) for box in graph.boxes) > _MOST:
        return
    raised = graph_of(raise_operations(graph.outputs, _NO_BATCH).outputs, graph.level)
    notes = {box.sign: box.note for box in raised.boxes if box.kind == "value"}
    for box in graph.boxes:
        if box.kind == "value":
            box.note = notes.get(box.sign, box.note)
    ends = {edge.output: edge.source for edge in raised.edges if edge.output is not None}
    for edge in graph.edges:
        if edge.output is not None and graph.boxes[edge.source].kind == "operation":
            graph.boxes[edge.source].sign = raised.boxes[ends[edge.output]].sign
