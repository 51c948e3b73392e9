"""What an objective sees of the data at once."""

from __future__ import annotations

from typing import NamedTuple

from trivium.engine.tensor import Tensor

__all__ = ["Batch"]


class Batch(NamedTuple):
    """Some examples: features, targets and how much each example counts.

    Shapes: ``x`` (N, ...), ``y`` (N,) or (N, k), ``weight`` (N,) or None (all count alike).
    ``weight`` multiplies each example's loss.
    """

    x: Tensor
    y: Tensor
    weight: Tensor | None = None
