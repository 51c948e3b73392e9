"""The square root whose derivative at 0 is 0, for lengths and spreads."""

from __future__ import annotations

from ..composites import where, zeros_like
from ..primitives import arithmetic, comparison
from ..tensor import Tensor

__all__ = ["safe_sqrt"]


def safe_sqrt(x: Tensor) -> Tensor:
    """√x with derivative 0, not ∞, where x = 0.

    For a length √(Σ xᵢ²) this chooses 0, the element of the subdifferential at the origin that
    keeps a descent step finite (Rockafellar, *Convex Analysis*, §23).
    """
    at_zero = comparison.equal(x, zeros_like(x))
    return where(at_zero, 0.0, arithmetic.sqrt(where(at_zero, 1.0, x)))
