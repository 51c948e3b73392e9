"""Sorting along an axis, and what is distinct."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..composites import as_tensor
from ..primitives import arithmetic, movement, ordering
from ..tensor import Tensor, tensor
from .arguments import ArrayLike, known, one_axis
from .indexing import take
from .manipulation import flatten

__all__ = [
    "UniqueAll",
    "UniqueCounts",
    "UniqueInverse",
    "argsort",
    "sort",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
]


def sort(
    x: ArrayLike, /, axis: int = -1, *, descending: bool = False, stable: bool = True
) -> Tensor:
    """The elements along ``axis`` in ascending (or ``descending``) order.

    Shapes: that of ``x``. NaN is the largest value. The derivative goes to where each element
    came from. Sorting is always stable, so ``stable`` changes nothing. Raises ShapeError for an
    axis that does not exist.
    """
    given = as_tensor(x)
    along = one_axis("sort", given, axis)
    result = ordering.sort(given, axis=along)
    return movement.flip(result, axes=(along,)) if descending else result


def argsort(
    x: ArrayLike, /, axis: int = -1, *, descending: bool = False, stable: bool = True
) -> Tensor:
    """The indices along ``axis`` that put the elements in order; int64.

    Equal elements keep their order, also when ``descending``. Shapes, NaN and errors as for
    ``sort``.
    """
    given = as_tensor(x)
    along = one_axis("argsort", given, axis)
    if not descending:
        return ordering.argsort(given, axis=along)
    # Counted from the end twice, so that equal elements keep their order.
    backwards = ordering.argsort(movement.flip(given, axes=(along,)), axis=along)
    last = as_tensor(given.shape[along] - 1)
    places = movement.flip(backwards, axes=(along,))
    return arithmetic.subtract(movement.broadcast(last, shape=places.shape), places)


class UniqueAll(NamedTuple):
    """What ``unique_all`` returns."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """What ``unique_counts`` returns."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """What ``unique_inverse`` returns."""

    values: Tensor
    inverse_indices: Tensor


def _unique(asked: str, x: ArrayLike) -> UniqueAll:
    given = as_tensor(x)
    _, indices, inverse, counts = np.unique(
        known(asked, given),
        return_index=True,
        return_inverse=True,
        return_counts=True,
        equal_nan=False,
    )
    first = tensor(indices, np.int64)
    inverse = inverse.reshape(given.shape)
    return UniqueAll(
        take(flatten(given), first), first, tensor(inverse, np.int64), tensor(counts, np.int64)
    )


def unique_all(x: ArrayLike, /) -> UniqueAll:
    """The distinct elements in ascending order: values, first places, inverse, counts.

    Shapes: (k,), (k,), that of ``x``, (k,); the places count in the flattened ``x``, and
    ``values[inverse_indices]`` is ``x``. Every NaN is distinct. k depends on the values, so
    they must be known when the expression is built; the derivative of a value goes to its first
    place. Raises UnboundInputError when ``x`` depends on inputs.
    """
    return _unique("unique_all", x)


def unique_counts(x: ArrayLike, /) -> UniqueCounts:
    """The distinct elements in ascending order and their frequencies; see ``unique_all``."""
    found = _unique("unique_counts", x)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x: ArrayLike, /) -> UniqueInverse:
    """The distinct elements in ascending order and where they go; see ``unique_all``."""
    found = _unique("unique_inverse", x)
    return UniqueInverse(found.values, found.inverse_indices)


def unique_values(x: ArrayLike, /) -> Tensor:
    """The distinct elements in ascending order, (k,); see ``unique_all``."""
    return _unique("unique_values", x).values
