"""Which rows go where when data are split in two: seeded, stratified, the same everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium.learning.data.words import Places, counted, quoted, shortened
from trivium.learning.errors import DataError

__all__ = ["check_seed", "part_size", "permutation", "split_rows"]


def check_seed(seed: Any) -> int:
    """Return ``seed`` as an int, or raise DataError if it is not a whole number from 0 on."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise DataError(f"seed is a whole number from 0 on, not {seed!r}.")
    return int(seed)


def permutation(n: int, seed: int) -> np.ndarray:
    """Return the numbers 0 … n-1 in an order that depends on n and the seed alone.

    The order sorts n 64-bit words of the counter-based generator Philox4x64-10 (Salmon et
    al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). NumPy guarantees these
    words, not its shuffles, so the order is the same on every platform and version.
    """
    return np.argsort(np.random.Philox(seed).random_raw(n), kind="stable").astype(np.int64)


def part_size(part: Any, n: int, name: str = "test") -> int:
    """Return the number of rows that ``part`` of n rows means: a fraction or a count.

    Raises DataError unless 0 < fraction < 1 or 0 < count < n. A fraction is rounded to the
    nearest count that leaves both parts at least one row.
    """
    if n < 2:
        raise DataError(f"{counted(n, 'row')} cannot be split in two parts: at least 2 needed.")
    if isinstance(part, int | np.integer) and not isinstance(part, bool):
        if 0 < part < n:
            return int(part)
        raise DataError(
            f"{name}={part} rows of {n:,}: both parts need at least one row, so the count is "
            f"from 1 to {n - 1:,} (or a fraction between 0 and 1)."
        )
    if isinstance(part, float | np.floating) and 0 < part < 1:
        return int(min(max(np.floor(float(part) * n + 0.5), 1), n - 1))
    raise DataError(
        f"{name} is a fraction between 0 and 1 (0.2 is a fifth) or a number of rows, "
        f"not {part!r}."
    )


def split_rows(
    n: int, size: int, seed: int, classes: np.ndarray | None, places: Places, target: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of the first part (n - size) and of the second (size), both shuffled.

    With ``classes`` (N,) every class has its share of the second part, within one row, and
    at least one row in both parts (proportional allocation by largest remainders).

    Raises DataError for a class with one example, and for a part too small to hold every
    class.
    """
    order = permutation(n, seed)
    if classes is None:
        return order[size:], order[:size]
    labels, codes = np.unique(classes, return_inverse=True)
    counts = np.bincount(codes)
    _check_classes(labels, codes, counts, size, places, target)
    take = _shares(counts, size)
    chosen = np.zeros(n, dtype=bool)
    ordered = codes[order]
    for code, quota in enumerate(take):
        chosen[order[np.flatnonzero(ordered == code)[:quota]]] = True
    inside = chosen[order]
    return order[~inside], order[inside]


def _shares(counts: np.ndarray, size: int) -> np.ndarray:
    """Divide ``size`` among classes in proportion to counts, each from 1 to its count - 1."""
    exact = counts * (size / counts.sum())
    take = np.clip(np.floor(exact).astype(np.int64), 1, counts - 1)
    while (short := size - int(take.sum())) != 0:
        # Hand out (or take back) one row at a time where the share is furthest off.
        room = take < counts - 1 if short > 0 else take > 1
        off = np.where(room, (exact - take) * np.sign(short), -np.inf)
        chosen = np.argsort(-off, kind="stable")[: min(abs(short), int(room.sum()))]
        take[chosen] += np.sign(short)
    return take


def _check_classes(
    labels: np.ndarray,
    codes: np.ndarray,
    counts: np.ndarray,
    size: int,
    places: Places,
    target: str,
) -> None:
    single = np.flatnonzero(counts == 1)
    if len(single):
        row = int(np.flatnonzero(codes == single[0])[0])
        first = shortened(labels[single[0]].item())
        more = f" (so have {quoted(labels[single[1:]].tolist(), 4)})" if len(single) > 1 else ""
        raise DataError(
            f"Target {target!r}: class {first} has one example ({places.name(row)}){more}, but "
            "a stratified split needs every class in both parts. Add examples, remove the "
            f"class, or split without strata (stratify=False), also if {target!r} is a "
            "quantity."
        )
    least = min(size, len(codes) - size)
    if least < len(labels):
        raise DataError(
            f"A part of {counted(least, 'row')} cannot hold all {len(labels)} classes of "
            f"target {target!r}: take at least {len(labels)} rows for each part, or split "
            "without strata (stratify=False)."
        )
