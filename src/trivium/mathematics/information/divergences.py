"""Entropies and divergences of distributions that are given as probabilities."""

from __future__ import annotations

from trivium.engine import array
from trivium.engine.array.arguments import ArrayLike, Axes
from trivium.engine.array.shared import safe_sqrt
from trivium.engine.composites import as_tensor, broadcast_shapes, broadcast_to, label
from trivium.engine.tensor import Tensor

from .terms import excess, in_unit, probabilities, surprise, widest

__all__ = [
    "cross_entropy",
    "entropy",
    "jensen_shannon_distance",
    "jensen_shannon_divergence",
    "kl_divergence",
]


def entropy(p: ArrayLike, *, axis: Axes = None, unit: str = "nats") -> Tensor:
    """The mean surprise of a distribution: H(X) = -Σ p ln p, with 0 ln 0 = 0.

    Shapes: ``p`` of any shape; the axes in ``axis`` (None: all, so a joint distribution gives
    its joint entropy) hold the outcomes and vanish, the others are a batch. ``unit``: "nats",
    "bits" or "bans"; the result is named with it. From 0 (one certain outcome) to ln K (K equal
    ones). The derivative is -ln p - 1; at p = 0, where it is infinite, it is taken as 0. float32
    gives float32, computed in float64. Raises DomainError unless p ≥ 0 sums to 1, ShapeError
    for an axis that does not exist, ArgumentError for the unit.

    Source: Shannon (1948), Bell System Technical Journal 27, §6; Cover & Thomas (2006),
    *Elements of Information Theory*, 2nd ed., eq. (2.1).
    """
    found = probabilities("entropy", "p", p, axis)
    return in_unit("entropy", array.sum(surprise(found, found), axis=axis), unit, widest(p))


def _pair(asked: str, p: ArrayLike, q: ArrayLike, axis: Axes) -> tuple[Tensor, Tensor]:
    left, right = as_tensor(p), as_tensor(q)
    shape = broadcast_shapes(asked, (left, right))
    return (
        probabilities(asked, "p", broadcast_to(left, shape), axis),
        probabilities(asked, "q", broadcast_to(right, shape), axis),
    )


def cross_entropy(
    p: ArrayLike, q: ArrayLike, *, axis: Axes = None, unit: str = "nats"
) -> Tensor:
    """The mean surprise at outcomes of p for one who expects q: H(p, q) = -Σ p ln q.

    H(p, q) = H(p) + KL(p ‖ q); ∞ where q excludes what p allows; 0 ln 0 = 0. Shapes: p and q
    broadcast; axes, units and errors as for ``entropy``.

    Source: Bishop (2006), *Pattern Recognition and Machine Learning*, §1.6.
    """
    left, right = _pair("cross_entropy", p, q, axis)
    total = array.sum(surprise(left, right), axis=axis)
    return in_unit("cross_entropy", total, unit, widest(p, q))


def kl_divergence(
    p: ArrayLike, q: ArrayLike, *, axis: Axes = None, unit: str = "nats"
) -> Tensor:
    """The Kullback-Leibler divergence KL(p ‖ q) = Σ p ln(p/q), never negative.

    0 only where p = q; ∞ where q excludes what p allows (q = 0 < p); p = 0 contributes 0. It
    is computed as Σ [p ln(p/q) - p + q], whose terms are never negative, and so keeps its
    digits for nearly equal distributions. Its derivatives are those of that form, ln(p/q) and
    1 - p/q: for a change that keeps the sums they are the textbook's ln(p/q) + 1 and -p/q.
    Shapes: p and q broadcast; axes, units and errors as for ``entropy``.

    Source: Kullback & Leibler (1951), Annals of Mathematical Statistics 22; Cover &
    Thomas (2006), eq. (2.26).
    """
    left, right = _pair("kl_divergence", p, q, axis)
    total = array.sum(excess(left, right), axis=axis)
    return in_unit("kl_divergence", total, unit, widest(p, q))


def _jensen_shannon(asked: str, p: ArrayLike, q: ArrayLike, axis: Axes) -> Tensor:
    left, right = _pair(asked, p, q, axis)
    # KL(p ‖ (p+q)/2) = Σ excess(2p, p+q) / 2: the sum cannot underflow where p does not.
    both = left + right
    terms = excess(2.0 * left, both) + excess(2.0 * right, both)
    return array.sum(terms, axis=axis) * 0.25


def jensen_shannon_divergence(
    p: ArrayLike, q: ArrayLike, *, axis: Axes = None, unit: str = "nats"
) -> Tensor:
    """JS(p, q) = ½ KL(p ‖ m) + ½ KL(q ‖ m) with m = (p + q)/2: symmetric, from 0 to ln 2.

    ln 2 (1 bit) where p and q have no outcome in common; always finite. Shapes: p and q
    broadcast; axes, units and errors as for ``entropy``.

    Source: Lin (1991), IEEE Transactions on Information Theory 37.
    """
    total = _jensen_shannon("jensen_shannon_divergence", p, q, axis)
    return in_unit("jensen_shannon_divergence", total, unit, widest(p, q))


def jensen_shannon_distance(
    p: ArrayLike, q: ArrayLike, *, axis: Axes = None, unit: str = "nats"
) -> Tensor:
    """√JS(p, q), a metric: symmetric, 0 only where p = q, with the triangle inequality.

    The root is taken of the divergence in ``unit``, so the distance is in √nats, √bits … and
    at most √ln 2 (1 in √bits). Its derivative at p = q is taken as 0. Shapes: p and q
    broadcast; axes and errors as for ``entropy``.

    Source: Endres & Schindelin (2003), IEEE Transactions on Information Theory 49.
    """
    divergence = jensen_shannon_divergence(p, q, axis=axis, unit=unit)
    return label(safe_sqrt(divergence), f"jensen_shannon_distance [√{unit}]")
