"""Units left out at random while training."""

from __future__ import annotations

from trivium.engine.composites import where
from trivium.engine.tensor import Tensor

from .. import mode
from ..models.model import Model
from ..options import fraction
from ..specification import component

__all__ = ["Dropout", "dropped"]


def dropped(x: Tensor, rate: float) -> Tensor:
    """``x`` with inverted dropout inside ``mode.training``, else ``x`` itself."""
    if rate == 0:
        return x
    key = mode.next_key()
    if key is None:
        return x
    from trivium.engine import random

    scaled = x / (1 - rate)  # floating, also for integer x
    kept = random.uniform(key, x.shape, dtype=scaled.dtype) >= rate
    return where(kept, scaled, 0.0)


@component()
class Dropout(Model):
    """y = m ⊙ x / (1 − p), m ~ Bernoulli(1 − p) anew at every step; y = x outside training.

    ``rate``: the probability p that a unit is left out, 0 ≤ p < 1. Dividing by 1 − p
    (*inverted* dropout) keeps E[y] = x, so prediction needs no change. Shapes: (...) → (...).
    Raises RequestError for a rate outside [0, 1). Source: Srivastava et al. (2014), "Dropout: a
    simple way to prevent neural networks from overfitting", §4 and §10.
    """

    def __init__(self, rate: float = 0.5) -> None:
        self.rate = fraction("Dropout", "rate", rate)

    def __call__(self, x: Tensor) -> Tensor:
        """``x``, with units left out while training."""
        return dropped(x, self.rate)
