"""The training part as leaves of the step's expression, and the batches gathered from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium.engine.composites import as_tensor
from trivium.engine.primitives.indexing import gather
from trivium.engine.tensor import Tensor, Variable, variable
from trivium.learning.batch import Batch
from trivium.learning.data.mapped import ScaledRows
from trivium.learning.data.words import Places
from trivium.learning.fit.problem import Part

__all__ = ["Examples"]

Array = np.ndarray[Any, Any]


class Examples:
    """A part of the data that steps are taken on.

    ``x``, ``y``, ``weight``: its leaves. ``order``: the order of the epoch. ``cursor``: how many
    examples of it are done. ``places``: how its rows are called. ``what``: what they are rows of.
    """

    def __init__(self, part: Part, places: Places, what: str = "the training data") -> None:
        self.count, self.what = len(part), what
        self.places = places
        self._scaled = part.x if isinstance(part.x, ScaledRows) else None
        # Features in a file are read there, by every step what it needs.
        source = part.x.rows.source if isinstance(part.x, ScaledRows) else part.x
        self.x = variable(source, name="data.x", copy=self._scaled is None)
        self.y = variable(part.y, name="data.y")
        self.weight = None if part.weight is None else variable(part.weight, name="data.weight")
        self.order = variable(np.arange(self.count), name="data.order")
        self.cursor = variable(np.int64(0), name="cursor")

    def batch(self, size: int) -> Batch:
        """The next ``size`` examples of the epoch; all of them are taken as they lie."""
        if size == self.count:
            return Batch(self._features(None), self.y, self.weight)
        places = gather(self.order, self.cursor + np.arange(size))
        weight = None if self.weight is None else gather(self.weight, places)
        return Batch(self._features(places), gather(self.y, places), weight)

    def _features(self, places: Tensor | None) -> Tensor:
        """The features of the examples at ``places``, or of all."""
        if self._scaled is None:
            return self.x if places is None else gather(self.x, places)
        rows = self._scaled.rows.rows
        if rows is not None:  # the training part is some of the file's rows
            chosen = as_tensor(rows)
            places = chosen if places is None else gather(chosen, places)
        raw = self.x if places is None else gather(self.x, places)
        return self._scaled.encoded(raw)

    def leaves(self) -> tuple[tuple[Variable, Array | None], ...]:
        """Features and targets; for each, which of its rows are the examples (None: all)."""
        rows = None if self._scaled is None else self._scaled.rows.rows
        return (self.x, rows), (self.y, None)
