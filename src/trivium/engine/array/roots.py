"""What lengths and spreads share: a root with a derivative at 0, and a scale for squares."""

from __future__ import annotations

from ..composites import where, zeros_like
from ..primitives import arithmetic, comparison, structure
from ..tensor import Tensor

__all__ = ["safe_sqrt", "scale_of"]


def safe_sqrt(x: Tensor) -> Tensor:
    """√x with derivative 0, not ∞, where x = 0.

    For a length √(Σ xᵢ²) this chooses 0, the element of the subdifferential at the origin that
    keeps a descent step finite (Rockafellar, *Convex Analysis*, §23).
    """
    at_zero = comparison.equal(x, zeros_like(x))
    return where(at_zero, 0.0, arithmetic.sqrt(where(at_zero, 1.0, x)))


def scale_of(largest: Tensor) -> Tensor:
    """What to divide by before squaring: ``largest``, or 1 if that is 0, ∞ or NaN.

    A length does not depend on it, so it is a constant to every derivative.
    """
    usable = comparison.logical_and(
        comparison.greater(largest, zeros_like(largest)), comparison.isfinite(largest)
    )
    return structure.stop_gradient(where(usable, largest, 1.0))
