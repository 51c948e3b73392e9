"""A finished picture."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trivium.engine.errors import ArgumentError

from .graph import Graph
from .layout import Layout
from .values import Flowing

__all__ = ["Drawing"]


@dataclass(frozen=True, eq=False)
class Drawing:
    """A picture of a computational graph.

    ``svg``: the picture, one self-contained document. ``detail``: "operation", "value" or
    "layer". ``notes``: what the reader should know of how it came about: a coarser level, fewer
    rows, why there are no gradients. ``graph``, ``flowing``, ``layout``: what is drawn, with
    which numbers, and where.
    """

    svg: str
    detail: str
    notes: Sequence[str]
    graph: Graph
    flowing: Flowing
    layout: Layout

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a .svg file, which is replaced as a whole.

        Raises ArgumentError for another ending, RunError when the file cannot be written.
        """
        target = Path(path)
        if target.suffix.lower() != ".svg":
            raise ArgumentError(
                f"a drawing is written as .svg, not as {target.suffix or 'a file without ending'}"
                f" ({target}); open the .svg in a browser to print it or to save it as PDF, or "
                "convert it: rsvg-convert drawing.svg -o drawing.png"
            )
        from trivium.learning.runs.files import explained, replace_file

        with explained(f"write the drawing {target}"):
            replace_file(Path(os.path.abspath(target)), [self.svg.encode("utf-8")])

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        boxes, edges = len(self.graph.boxes), len(self.graph.edges)
        lines = [f"<drawing of {boxes} boxes and {edges} edges, every {self.detail}>"]
        return "\n".join([*lines, *(f"  note: {each}" for each in self.notes)])
