"""Expectations that have no closed form, as sums of a few hundred smooth terms.

The trapezoidal rule in u = ln t converges exponentially here: the integrands are analytic for
|Im u| < π/2 and vanish at both ends. Source: Trefethen & Weideman (2014), SIAM Review 56, §5.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.tensor import Tensor, tensor

__all__ = ["expected_log_gamma", "scaled_exponential_integral"]

STEP = 0.2


@lru_cache(maxsize=4)
def _nodes(dtype: str, low: float, high: float) -> Tensor:
    times: np.ndarray[Any, Any] = np.exp(np.arange(low, high, STEP))
    return tensor(times.astype(dtype))


def expected_log_gamma(
    offset: Tensor | float, mean: Tensor, log_laplace: Callable[[Tensor], Tensor]
) -> Tensor:
    """E ln Γ(X + a) for X ≥ 0 from its mean and ln E e^(-tX), for the offset a > 0.

    Malmstén's formula (DLMF 5.9.16): ln Γ(z) = ∫₀^∞ ((z - 1) e⁻ᵗ - (e⁻ᵗ - e⁻ᶻᵗ)/(1 - e⁻ᵗ)) dt/t,
    whose expectation needs the Laplace transform only. ``log_laplace`` takes t of shape (T, 1,
    …). The error is about 10⁻¹⁴ times the mean.
    """
    t = _nodes(str(mean.dtype), -80.0, 14.0).reshape((-1, *[1] * mean.ndim))
    extra = offset - 1.0
    falling = array.exp(-t)
    gap = -array.expm1(log_laplace(t) - extra * t)
    inside = (mean + extra) * falling - falling * gap / -array.expm1(-t)
    return STEP * inside.sum(axis=0)


def scaled_exponential_integral(x: Tensor) -> Tensor:
    """eˣ E₁(x) = ∫₀^∞ e⁻ᵗ/(x + t) dt for x > 0 (DLMF 6.2.2)."""
    t = _nodes(str(x.dtype), -60.0, 7.0).reshape((-1, *[1] * x.ndim))
    return STEP * (array.exp(-t) * t / (x + t)).sum(axis=0)
