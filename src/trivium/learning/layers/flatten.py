"""Every example as one vector."""

from __future__ import annotations

import math

from trivium.engine.messages import shape_error
from trivium.engine.tensor import Tensor

from ..models.model import Model
from ..specification import component

__all__ = ["Flatten", "flat"]


def flat(x: Tensor) -> Tensor:
    """``x`` (N, ...) as (N, d), d the product of the other sizes; (N,) becomes (N, 1)."""
    if x.ndim == 2:
        return x
    if x.ndim == 0:
        raise shape_error(
            "flatten", (x,), "the first axis counts the examples, and a scalar has none",
            "give one example as [x]", names=("x",),
        )  # fmt: skip
    return x.reshape((x.shape[0], math.prod(x.shape[1:])))


@component()
class Flatten(Model):
    """y[n, i] = x[n, i₁, i₂, ...]: each example as one vector, in row-major order.

    Shapes: (N, ...) → (N, d), d the product of the other sizes; (N,) → (N, 1).
    """

    def __call__(self, x: Tensor) -> Tensor:
        """``x`` with one axis of features."""
        return flat(x)
