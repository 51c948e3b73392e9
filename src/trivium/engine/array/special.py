"""The error function and the gamma family; integers become float64."""

from __future__ import annotations

from ..composites import binary, unary_float
from ..primitives import special
from ..tensor import Tensor
from .arguments import ArrayLike, floating, floating_pair, integer

__all__ = [
    "digamma",
    "erf",
    "erfc",
    "erfinv",
    "gammainc",
    "gammaincc",
    "log_gamma",
    "polygamma",
]


def erf(x: ArrayLike, /) -> Tensor:
    """The error function 2/√π ∫₀ˣ e^(-t²) dt (DLMF 7.2.1)."""
    return unary_float(special.erf, x)


def erfc(x: ArrayLike, /) -> Tensor:
    """1 - erf x, exact also where erf x is near 1 (DLMF 7.2.2)."""
    return unary_float(special.erfc, x)


def erfinv(x: ArrayLike, /) -> Tensor:
    """The inverse of erf; ±∞ at ±1, NaN outside (DLMF 7.17.1)."""
    return unary_float(special.erfinv, x)


def log_gamma(x: ArrayLike, /) -> Tensor:
    """ln |Γ(x)|; ∞ at 0, -1, -2, … (DLMF 5.2.1)."""
    return unary_float(special.log_gamma, x)


def digamma(x: ArrayLike, /) -> Tensor:
    """ψ(x), the derivative of ln Γ(x) (DLMF 5.2.2)."""
    return polygamma(0, x)


def polygamma(n: int, x: ArrayLike, /) -> Tensor:
    """ψ⁽ⁿ⁾(x), derivative number n + 1 of ln Γ(x) (DLMF 5.15).

    Raises ArgumentError for an order below 0 or above 100.
    """
    return special.polygamma(floating(x), order=integer("polygamma", "the order", n))


def gammainc(a: ArrayLike, x: ArrayLike, /) -> Tensor:
    """The regularised lower incomplete gamma function P(a, x) = γ(a, x) / Γ(a) (DLMF 8.2.4).

    Has a derivative in ``x`` only.
    """
    return binary(special.gammainc, *floating_pair(a, x))


def gammaincc(a: ArrayLike, x: ArrayLike, /) -> Tensor:
    """Q(a, x) = 1 - P(a, x), exact also where P(a, x) is near 1 (DLMF 8.2.4).

    Has a derivative in ``x`` only.
    """
    return binary(special.gammaincc, *floating_pair(a, x))
