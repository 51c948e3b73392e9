"""Linear least squares by orthogonal transformations: min_θ ‖W^½(Aθ - B)‖² + Σ_j λ_j ‖θ_j‖².

The rows pass through a QR factorisation block by block, [R; block] = QR', so memory follows the
columns and not the rows, and the normal equations, which square the condition number, never
appear. A full-rank system is solved by back substitution; a rank-deficient one by the singular
value decomposition of R, and of all solutions the one of smallest norm is returned.
Source: Golub & Van Loan (2013), *Matrix Computations*, 4th ed., §5.3, §5.5, §6.5.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["MOST", "Fitted", "Relation", "gradient", "in_blocks", "solve"]

Array = np.ndarray[Any, Any]
MOST = 5  # relations among columns that are worth naming
Blocks = Callable[[], Iterator[tuple[Array, Array]]]


@dataclass(frozen=True)
class Relation:
    """A column that is a combination of ``others``, or zero when there are none."""

    column: int
    others: tuple[int, ...]


@dataclass(frozen=True)
class Fitted:
    """The solution θ (p, k), the numerical rank, and what is known about its accuracy.

    ``condition``: of the columns scaled to length 1, over the rank's singular values.
    ``gradient``: of the minimised sum at θ, (p, k). ``relations``: the first dependent columns.
    ``triangle``, ``scale``: R and powers of two s with RᵀR = S(AᵀA + Λ)S, S = diag(s).
    """

    theta: Array
    rank: int
    condition: float
    gradient: Array
    relations: tuple[Relation, ...]
    triangle: Array
    scale: Array


def solve(blocks: Blocks, columns: int, penalty: Array, order: Array | None = None) -> Fitted:
    """Minimise ‖Aθ - B‖² + Σ_j penalty_j ‖θ_j‖² over θ.

    Shapes: ``blocks()`` yields (A, B) as rows (m, p), (m, k), the same at each call;
    ``penalty`` (p,), not negative. ``order``: columns, those first that shall be kept when some
    depend on each other (default: as they stand). Values must be finite.
    """
    scale, count = _scales(blocks, columns, penalty)
    factor = _triangle(blocks, columns, scale, np.sqrt(penalty) * scale)
    top, right = factor[:, :columns], factor[:, columns:]
    lengths = np.linalg.norm(top, axis=0)
    safe = np.where(lengths > 0, lengths, 1.0)
    unit = top / safe
    singular = np.linalg.svd(unit, compute_uv=False)
    largest = singular[0] if singular.size else 0.0
    tolerance = max(count, columns) * np.finfo(np.float64).eps
    rank = int(np.sum(singular > largest * tolerance))
    relations: tuple[Relation, ...] = ()
    if rank == columns:
        theta = _back_substitution(top, right) * scale[:, None]
    else:
        left, singular, rows = np.linalg.svd(unit, full_matrices=False)
        coordinates = (left[:, :rank].T @ right) / singular[:rank, None]
        theta = rows[:rank].T @ coordinates * (scale / safe)[:, None]
        theta = _shortest(theta, rows[:rank] * (safe / scale))
        if len(top) >= columns:
            kept = np.arange(columns) if order is None else order
            relations = tuple(_relations(unit, kept, tolerance))
    condition = float(largest / singular[rank - 1]) if rank else 1.0
    slope = gradient(blocks, theta, penalty)
    return Fitted(theta, rank, condition, slope, relations, top, scale)


def _scales(blocks: Blocks, columns: int, penalty: Array) -> tuple[Array, int]:
    """Powers of two that bring each column's largest entry near 1; and the number of rows.

    They are exact, and squares of the scaled entries neither overflow nor vanish.
    """
    largest, count = np.sqrt(penalty), 0
    for rows, _ in blocks():
        count += len(rows)
        if len(rows):
            largest = np.maximum(largest, np.abs(rows).max(axis=0))
    exponents = np.frexp(largest)[1].astype(np.int64)
    return np.ldexp(np.ones(columns), np.clip(-exponents, -1000, 1000)), count


def _triangle(blocks: Blocks, columns: int, scale: Array, roots: Array) -> Array:
    """[R, QᵀB] of the scaled rows and the penalty's rows, with at most ``columns`` rows."""
    current: Array | None = None
    for rows, right in blocks():
        block = np.concatenate([rows * scale, right], axis=1)
        current = _reduced(block if current is None else np.concatenate([current, block]))
    assert current is not None
    penalised = np.flatnonzero(roots)
    if penalised.size:
        extra = np.zeros((penalised.size, current.shape[1]))
        extra[np.arange(penalised.size), penalised] = roots[penalised]
        current = _reduced(np.concatenate([current, extra]))
    return current[:columns]


def _reduced(rows: Array) -> Array:
    return np.asarray(np.linalg.qr(rows, mode="r")) if len(rows) > 1 else rows


def _back_substitution(top: Array, right: Array) -> Array:
    from scipy.linalg import solve_triangular

    found: Array = solve_triangular(top, right, check_finite=False)
    return found


def _shortest(theta: Array, row_space: Array) -> Array:
    """The part of ``theta`` in the row space: the shortest of all solutions."""
    basis = np.linalg.qr(row_space.T)[0]
    return basis @ (basis.T @ theta)


def _relations(unit: Array, order: Array, tolerance: float) -> Iterator[Relation]:
    """The columns of ``unit`` (of length 1) that depend on those before them in ``order``.

    Gram-Schmidt, each projection done twice, which keeps the basis orthogonal to rounding
    (Giraud, Langou & Rozložník (2005), Comput. Math. Appl. 50). At most ``MOST`` are sought.
    """
    rows, columns = unit.shape
    basis, change = np.zeros((rows, columns)), np.zeros((columns, columns))
    kept: list[int] = []
    found = 0
    for column in order:
        rest, coordinates = unit[:, column].copy(), np.zeros(len(kept))
        for _ in range(2):
            step = basis[:, : len(kept)].T @ rest
            rest -= basis[:, : len(kept)] @ step
            coordinates += step
        length = np.linalg.norm(rest)
        n = len(kept)
        if length > 100 * tolerance:
            basis[:, n] = rest / length
            change[:n, n], change[n, n] = coordinates, length
            kept.append(int(column))
            continue
        weights = _back_substitution(change[:n, :n], coordinates) if n else coordinates
        used = np.flatnonzero(np.abs(weights) > 1e-8)
        yield Relation(int(column), tuple(sorted(kept[i] for i in used)))
        found += 1
        if found == MOST:
            return


def gradient(blocks: Blocks, theta: Array, penalty: Array) -> Array:
    """The gradient of ‖Aθ - B‖² + Σ_j penalty_j ‖θ_j‖², (p, k)."""
    found = 2 * penalty[:, None] * theta
    for rows, right in blocks():
        found = found + 2 * (rows.T @ (rows @ theta - right))
    return found


def in_blocks(rows: int, columns: int, size: int = 2**22) -> Iterable[slice]:
    """Slices of rows with about ``size`` numbers each, and twice as many rows as columns."""
    step = max(size // max(columns, 1), 2 * columns, 1)
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))
