"""Random numbers as expressions: pure functions of a key, so equal keys give equal numbers.

A key is two int64: a seed and a stream. Nothing is hidden: to draw different numbers, use
different keys, derived with ``split`` and ``fold_in``. Element i of a draw depends on the key
and on i alone, never on the shape, so a longer draw begins with the shorter one. The same
functions on plain arrays, for host code, are in ``host_random``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import array, dtypes
from .array.arguments import ArrayLike, floating, integer, positions, sizes
from .composites import as_tensor, broadcast_to, cast, full, where
from .errors import ArgumentError, DTypeError, ShapeError
from .primitives import arithmetic, exponential, indexing, movement, ordering, trigonometry
from .primitives.random import random_bits
from .tensor import Tensor, literal

__all__ = [
    "bernoulli",
    "bits",
    "choice",
    "fold_in",
    "integers",
    "key",
    "normal",
    "permutation",
    "split",
    "uniform",
]

Shape = tuple[int, ...]

# Streams of derived keys differ from streams of draws by these words (the first digits of π),
# so a derived key is never a number that was drawn.
FOLD = 0x243F6A8885A308D3
SPLIT = 0x13198A2E03707344
LARGEST_RANGE = 2**48


def seed_words(seed: Any) -> tuple[int, int]:
    """The two int64 of the key for ``seed``; see ``key``."""
    number = integer("random.key", "a seed", seed)
    if not -(2**63) <= number < 2**64:
        raise ArgumentError(f"random.key: the seed {seed} does not fit 64 bits")
    return (number if number < 2**63 else number - 2**64), 0


def key(seed: int) -> Tensor:
    """The key for a seed, an integer of at most 64 bits.

    Shapes: (2,), int64. Equal seeds give the same expression. Raises DTypeError for a seed that
    is no integer, ArgumentError for one that needs more than 64 bits.
    """
    return literal(seed_words(seed), dtypes.int64)


def _checked(asked: str, given: Any) -> Tensor:
    if isinstance(given, int):
        raise DTypeError(
            f"random.{asked}: {given!r} is a seed, not a key; write tv.random.key({given!r})"
        )
    found = as_tensor(given)
    if found.shape != (2,) or found.dtype != dtypes.int64:
        raise ShapeError(
            f"random.{asked}: a key is an int64 tensor of shape (2,), not {found.dtype} of "
            f"shape {found.shape}; make one with tv.random.key(seed), or take a row of a split"
        )
    return found


def _derived(parent: Tensor, domain: int) -> Tensor:
    return parent ^ literal([0, domain], dtypes.int64)


def fold_in(key: Tensor, number: ArrayLike) -> Tensor:
    """The key for ``number`` (a step, an epoch, a layer …) below ``key``.

    Shapes: key (2,), number () → (2,), int64. ``number`` may be any integer tensor, such as a
    step counter, so one program draws afresh at every step. Different numbers give independent
    keys, all of them different from those of ``split``. Raises ShapeError or DTypeError.
    """
    parent = _checked("fold_in", key)
    count = as_tensor(number)
    if count.shape != () or not dtypes.is_integer(count.dtype):
        raise DTypeError(
            f"random.fold_in: the number must be one integer, not {count.dtype} of shape "
            f"{count.shape}"
        )
    below = cast(count, dtypes.int64)
    return random_bits(_derived(parent, FOLD), below, shape=(2,), dtype=dtypes.int64)


def split(key: Tensor, count: int = 2) -> Tensor:
    """``count`` independent keys below ``key``; ``a, b = split(key)`` takes them apart.

    Shapes: key (2,) → (count, 2), int64. Raises ShapeError for a negative count.
    """
    parent = _derived(_checked("split", key), SPLIT)
    return _bits(parent, (*sizes("random.split", count), 2), dtypes.int64)


def _bits(key: Tensor, shape: Shape, dtype: np.dtype[Any]) -> Tensor:
    return random_bits(key, literal(0, dtypes.int64), shape=shape, dtype=dtype)


def bits(key: Tensor, shape: int | Shape = (), dtype: Any = dtypes.int64) -> Tensor:
    """Uniform random integers of the full range of ``dtype``, int32 or int64.

    Shapes: key (2,) → ``shape``. Source: Philox4x32-10; Salmon et al., SC'11. Raises DTypeError
    for another dtype.
    """
    chosen = dtypes.as_dtype(dtype)
    return _bits(_checked("bits", key), sizes("random.bits", shape), chosen)


def _fraction(key: Tensor, shape: Shape, dtype: np.dtype[Any]) -> Tensor:
    """Multiples of 2⁻²⁴ (float32) or 2⁻⁵³ (float64) in [0, 1), all equally likely."""
    if dtype == dtypes.float32:
        return cast((_bits(key, shape, dtypes.int32) >> 8) & (2**24 - 1), dtype) * 2.0**-24
    return cast((_bits(key, shape, dtypes.int64) >> 11) & (2**53 - 1), dtype) * 2.0**-53


def _floating_dtype(asked: str, dtype: Any) -> np.dtype[Any]:
    found = dtypes.as_dtype(dtype)
    if not dtypes.is_floating(found):
        raise DTypeError(f"random.{asked}: the dtype must be float32 or float64, not {found}")
    return found


def _parameter(asked: str, name: str, value: ArrayLike, shape: Shape, dtype: Any) -> Tensor:
    given = cast(as_tensor(value), dtype)
    try:
        fits = np.broadcast_shapes(given.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"random.{asked}: {name} of shape {given.shape} does not broadcast to the shape "
            f"{shape} of the draw"
        )
    return broadcast_to(given, shape)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def uniform(
    key: Tensor,
    shape: int | Shape = (),
    low: ArrayLike = 0.0,
    high: ArrayLike = 1.0,
    dtype: Any = dtypes.default_float,
) -> Tensor:
    """Uniform numbers in [low, high): ``high`` itself never occurs, whatever the rounding.

    Shapes: key (2,) → ``shape``; low and high broadcast to it and may have gradients. The
    fraction has a full significand of random bits (24 or 53). Raises ArgumentError unless low <
    high (checked when both are numbers), DTypeError for a dtype that is not floating.
    """
    given, wanted = _checked("uniform", key), sizes("random.uniform", shape)
    chosen = _floating_dtype("uniform", dtype)
    if _is_number(low) and _is_number(high):
        with np.errstate(over="ignore"):
            span = chosen.type(high) - chosen.type(low)
        if not 0 < span < np.inf:
            raise ArgumentError(
                f"random.uniform: low = {low} and high = {high} do not bound an interval of "
                f"{chosen}; low must be less than high and high - low finite"
            )
        if low == 0 and high == 1:
            return _fraction(given, wanted, chosen)
    first = _parameter("uniform", "low", low, wanted, chosen)
    last = _parameter("uniform", "high", high, wanted, chosen)
    drawn = first + (last - first) * _fraction(given, wanted, chosen)
    # What rounds up to high belongs to the half step above the last number below it; the half
    # step above low has lost as much, so there it keeps the distribution even.
    return where(drawn < last, drawn, first)


def normal(
    key: Tensor,
    shape: int | Shape = (),
    mean: ArrayLike = 0.0,
    std: ArrayLike = 1.0,
    dtype: Any = dtypes.default_float,
) -> Tensor:
    """Normal numbers with the given mean and standard deviation, always finite.

    Shapes: key (2,) → ``shape``; mean and std broadcast to it and may have gradients. Equation:
    with u in (0, 1) and v in [0, 1), √(-2 ln u) cos 2πv and √(-2 ln u) sin 2πv are independent
    standard normals; the largest possible is 6.7 (float32) or 9.5 (float64). Source: Box &
    Muller, Annals of Mathematical Statistics 29 (1958) 610. Raises ArgumentError for a negative
    std (checked when it is a number), DTypeError for a dtype that is not floating.
    """
    given, wanted = _checked("normal", key), sizes("random.normal", shape)
    chosen = _floating_dtype("normal", dtype)
    if _is_number(std) and not 0 <= float(std) < np.inf:  # type: ignore[arg-type]
        raise ArgumentError(f"random.normal: the standard deviation {std} must be 0 or more")
    result = _standard_normal(given, wanted, chosen)
    if not (_is_number(std) and std == 1):
        result = result * _parameter("normal", "std", std, wanted, chosen)
    if not (_is_number(mean) and mean == 0):
        result = result + _parameter("normal", "mean", mean, wanted, chosen)
    return result


def _standard_normal(key: Tensor, shape: Shape, dtype: np.dtype[Any]) -> Tensor:
    count = math.prod(shape)
    pairs = (count + 1) // 2
    # One integer in two gives the radius, the next the angle, so the draw's length does not
    # matter. The radius uses all bits but the sign's: more than a significand reaches the tail.
    wide, width = (dtypes.int32, 32) if dtype == dtypes.float32 else (dtypes.int64, 64)
    drawn = _bits(key, (pairs, 2), wide)
    fraction = cast(drawn[:, 0] & (2 ** (width - 1) - 1), dtype)
    radius = arithmetic.sqrt(
        -2.0 * exponential.log(fraction * 2.0 ** (1 - width) + 2.0**-width)
    )
    angle = cast(drawn[:, 1], dtype) * (2 * math.pi * 2.0**-width)
    both = [radius * trigonometry.cos(angle), radius * trigonometry.sin(angle)]
    columns = [movement.reshape(each, shape=(pairs, 1)) for each in both]
    flat = movement.reshape(movement.concat(*columns, axis=1), shape=(2 * pairs,))
    return movement.reshape(flat[:count], shape=shape)


def bernoulli(
    key: Tensor,
    shape: int | Shape = (),
    probability: ArrayLike = 0.5,
    dtype: Any = dtypes.default_float,
) -> Tensor:
    """True with the given probability.

    Shapes: key (2,) → ``shape``, bool; the probability broadcasts to it. 0 never gives True, 1
    always. ``dtype``: of the uniform number that is compared; float32 is faster and resolves
    2⁻²⁴. Raises ArgumentError for a number outside [0, 1].
    """
    given, wanted = _checked("bernoulli", key), sizes("random.bernoulli", shape)
    chosen = _floating_dtype("bernoulli", dtype)
    if _is_number(probability) and not 0 <= float(probability) <= 1:  # type: ignore[arg-type]
        raise ArgumentError(f"random.bernoulli: the probability {probability} is not in [0, 1]")
    threshold = _parameter("bernoulli", "probability", probability, wanted, chosen)
    return _fraction(given, wanted, chosen) < threshold


def integers(
    key: Tensor, shape: int | Shape = (), *, low: int = 0, high: int, dtype: Any = dtypes.int64
) -> Tensor:
    """Uniform integers from ``low`` to ``high`` - 1.

    Shapes: key (2,) → ``shape``. They are remainders of 63 random bits, so no integer's
    probability is off by more than the fraction (high - low) / 2⁶³ of itself; ranges over 2⁴⁸
    (2⁻¹⁵) are refused. Raises ArgumentError for an empty or too long range or one that
    ``dtype`` does not hold, DTypeError for a dtype that is no integer.
    """
    given, wanted = _checked("integers", key), sizes("random.integers", shape)
    first = integer("random.integers", "low", low)
    end = integer("random.integers", "high", high)
    chosen = dtypes.as_dtype(dtype)
    if not dtypes.is_integer(chosen):
        raise DTypeError(f"random.integers: the dtype must be int32 or int64, not {chosen}")
    if not 0 < end - first <= LARGEST_RANGE:
        raise ArgumentError(
            f"random.integers: from {first} to below {end} there are {end - first} integers; "
            "there must be from 1 to 2**48 (tv.random.bits gives the full range)"
        )
    if first < np.iinfo(chosen).min or end - 1 > np.iinfo(chosen).max:
        raise ArgumentError(f"random.integers: {chosen} does not hold {first} … {end - 1}")
    return cast(_below(given, wanted, end - first) + first, chosen)


def _below(key: Tensor, shape: Shape, end: int) -> Tensor:
    return (_bits(key, shape, dtypes.int64) & (2**63 - 1)) % end


def permutation(key: Tensor, items: int | ArrayLike) -> Tensor:
    """The numbers 0 … n - 1, or the entries of a tensor along its first axis, in random order.

    Shapes: n → (n,), int64; or (n, …) → (n, …). It is the stable order of n random 64-bit
    integers; two of them are equal with probability below n² / 2⁶⁵. Raises ShapeError for a
    negative number or a scalar tensor.
    """
    given = _checked("permutation", key)
    if isinstance(items, int):
        (count,) = sizes("random.permutation", items)
        return ordering.argsort(_bits(given, (count,), dtypes.int64), axis=0)
    entries = _entries("permutation", items)
    return indexing.gather(entries, permutation(given, entries.shape[0]))


def _entries(asked: str, items: ArrayLike) -> Tensor:
    found = as_tensor(items)
    if found.ndim == 0:
        raise ShapeError(
            f"random.{asked}: a scalar tensor has no entries; give a Python int or a tensor "
            "with a first axis"
        )
    return found


def choice(
    key: Tensor,
    items: int | ArrayLike,
    shape: int | Shape = (),
    *,
    replace: bool = True,
    weights: ArrayLike | None = None,
) -> Tensor:
    """Random picks from 0 … n - 1, or from the entries of a tensor along its first axis.

    Shapes: n → ``shape``, int64; or (n, …) → (``shape``, …). ``weights``: (n,), not negative,
    in proportion to the probabilities (of the next pick, without replacement); None: all equal.
    With replacement by inversion of the distribution function; without, the smallest of
    exponential numbers over weights (Efraimidis & Spirakis, Inf. Process. Lett. 97 (2006)
    181). Raises ArgumentError when there are not enough items, ShapeError for weights of
    another shape.
    """
    given, wanted = _checked("choice", key), sizes("random.choice", shape)
    entries = positions(items) if isinstance(items, int) else _entries("choice", items)
    count, picks = entries.shape[0], math.prod(wanted)
    if picks and (count == 0 or (not replace and picks > count)):
        raise ArgumentError(
            f"random.choice: {picks} picks {'with' if replace else 'without'} replacement from "
            f"{count} items"
        )
    chances = None if weights is None else _weights(weights, count)
    if picks == 0:
        places = full(wanted, 0, dtypes.int64)
    elif not replace:
        order = _race(given, count, chances)
        places = movement.reshape(order[:picks], shape=wanted)
    elif chances is None:
        places = _below(given, wanted, count)
    else:
        total = array.cumulative_sum(chances)
        drawn = _fraction(given, wanted, total.dtype) * total[-1]
        places = array.searchsorted(total, drawn, side="right")
    return indexing.gather(entries, places)


def _race(key: Tensor, count: int, weights: Tensor | None) -> Tensor:
    if weights is None:
        return permutation(key, count)
    arrivals = -exponential.log1p(-_fraction(key, (count,), weights.dtype)) / weights
    # A weight of zero arrives last even when its number is zero (0 / 0).
    return ordering.argsort(where(weights > 0, arrivals, math.inf), axis=0)


def _weights(weights: ArrayLike, count: int) -> Tensor:
    found = floating(weights)
    if found.shape != (count,):
        raise ShapeError(
            f"random.choice: {count} items need weights of shape ({count},), not {found.shape}"
        )
    if found.primitive.name == "constant":
        known = found.value
        if not (np.all(known >= 0) and np.all(np.isfinite(known)) and np.sum(known) > 0):
            raise ArgumentError(
                "random.choice: the weights must be finite, not negative, and not all zero"
            )
    return found
