"""What every exact function shares: checked distributions, and sums that are never negative."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from trivium.engine import array, dtypes
from trivium.engine.array.arguments import ArrayLike, Axes, floating, some_axes
from trivium.engine.composites import cast, label, where
from trivium.engine.errors import ShapeError, UnboundInputError
from trivium.engine.primitives import comparison
from trivium.engine.tensor import Tensor
from trivium.mathematics.errors import DomainError

from .units import nats_in

__all__ = ["excess", "given_as", "in_unit", "probabilities", "surprise", "widest"]

# Relative change below which the logarithm of a ratio is summed as a series, and the series'
# coefficients 1/3, 1/5, …: with |u| ≤ 1/15, u^14 is below the last place of float64.
_NEAR = 0.125
_SERIES = tuple(1 / (2 * k + 3) for k in range(8))


def probabilities(asked: str, name: str, given: ArrayLike, axis: Axes = None) -> Tensor:
    """``given`` as float64 probabilities, checked where their values are known.

    Raises DomainError for an entry that is negative or not finite, and where the sum over
    ``axis`` is not 1 within √ε of the dtype; ShapeError where there is nothing to sum.
    """
    found = floating(given)
    axes = some_axes(asked, found, axis)
    if not axes or any(found.shape[each] == 0 for each in axes):
        raise ShapeError(
            f"{asked}: {name} has shape {found.shape}: a distribution has at least one "
            "outcome along the axes that are summed over"
        )
    try:
        values = found.value
    except UnboundInputError:
        return cast(found, dtypes.float64)  # they are given when the program runs
    _check_values(asked, name, values, axes)
    return cast(found, dtypes.float64)


def _check_values(asked: str, name: str, values: np.ndarray[Any, Any], axes: Any) -> None:
    bad = ~(values >= 0) | ~np.isfinite(values)
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        raise DomainError(
            f"{asked}: {name}{list(place)} is {values[place]}; a probability is a number from "
            "0 to 1"
        )
    total = values.sum(axis=axes, dtype=np.float64)
    off = np.abs(total - 1)
    if off.size and off.max() > np.sqrt(np.finfo(values.dtype).eps):
        where_ = tuple(int(i) for i in np.unravel_index(int(off.argmax()), off.shape))
        place_ = f" (at {list(where_)} of the other axes)" if where_ else ""
        raise DomainError(
            f"{asked}: {name} sums to {np.asarray(total)[where_]:.10g} over the axes "
            f"{tuple(axes)}{place_}, not to 1; divide it by its sum, or name the axis of the "
            "outcomes with axis="
        )


def widest(*given: ArrayLike) -> np.dtype[Any]:
    """The dtype of a result: float32 where every operand is float32, else float64."""
    return dtypes.promote(*[floating(each).dtype for each in given])


def in_unit(asked: str, nats: Tensor, unit: str, dtype: np.dtype[Any]) -> Tensor:
    """``nats`` in ``unit`` and ``dtype``, labelled ``asked [unit]``."""
    size = nats_in(asked, unit)
    value = nats if size == 1 else nats / size
    return label(cast(value, dtype), f"{asked} [{unit}]")


def surprise(p: Tensor, q: Tensor) -> Tensor:
    """p ln(1/q) elementwise, with 0 · ln(1/0) = 0; ∞ where only q is 0.

    The derivatives at p = 0 are taken as 0: an impossible outcome stays out of the sum.
    """
    possible = comparison.greater(p, p * 0)
    return where(possible, -p * array.log(where(possible, q, 1.0)), 0.0)


def excess(p: Tensor, q: Tensor, log_q: Tensor | None = None) -> Tensor:
    """p ln(p/q) - p + q elementwise: 0 where p = q, else positive; ∞ where only q is 0.

    Summed over two distributions it is their divergence, because Σp = Σq; but no term is
    negative, so nothing cancels and the sum keeps its digits where p and q are close:
    with d = (q-p)/p and u = d/(2+d), each term is p (du - 2u³ (1/3 + u²/5 + …)).
    ``log_q``: ln q where q itself may underflow. Derivatives: ln(p/q) and 1 - p/q; those
    with respect to p = 0 and its q are 0 and 1. Source: Csiszár (1991), Annals of Statistics
    19 (the I-divergence of measures).
    """
    possible = comparison.greater(p, p * 0)
    base = where(possible, p, 1.0)
    near = array.logical_and(possible, array.abs(q - base) <= _NEAR * base)
    d = where(near, (q - base) / base, 0.0)
    u = d / (2.0 + d)
    square = u * u
    series: Tensor | float = 0.0
    for coefficient in reversed(_SERIES):
        series = series * square + coefficient
    close = base * (d * u - 2.0 * u * square * series)
    # Far from each other the ratio's logarithm is exact enough, unless the ratio overflows.
    ratio = q / base
    usable = array.logical_and(comparison.greater(ratio, ratio * 0), array.isfinite(ratio))
    other = array.log(where(usable, 1.0, q)) if log_q is None else where(usable, 0.0, log_q)
    log_ratio = where(usable, array.log(where(usable, ratio, 1.0)), other - array.log(base))
    far = q - base - base * log_ratio
    return where(possible, where(near, close, far), q)


def given_as(asked: str, ndim: int, axes: int | Sequence[int], name: str) -> tuple[int, ...]:
    """``axes`` of a joint distribution as a sorted tuple, each counted from the front."""
    several: Any = axes if isinstance(axes, Sequence | np.ndarray) else (axes,)
    try:
        many = [operator.index(each) for each in several]
    except TypeError:
        raise ShapeError(
            f"{asked}: {name} = {axes!r} must be the number of an axis, or several"
        ) from None
    found = []
    for number in many:
        if not -ndim <= number < ndim:
            raise ShapeError(
                f"{asked}: {name} = {axes!r} names axis {number}, but the joint distribution "
                f"has {ndim} axes, 0 to {ndim - 1}: one for each variable"
            )
        found.append(number % ndim)
    if len(set(found)) != len(found):
        raise ShapeError(f"{asked}: {name} = {axes!r} names one variable twice")
    return tuple(sorted(found))
