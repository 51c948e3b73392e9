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

__all__ = ["Fitted", "Relation", "solve"]

Array = np.ndarray[Any, Any]
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
    ``gradient``: of the minimised sum at θ, (p, k). ``relations``: the dependent columns.
    """

    theta: Array
    rank: int
    condition: float
    gradient: Array
    relations: tuple[Relation, ...]


def solve(blocks: Blocks, columns: int, penalty: Array, order: Array | None = None) -> Fitted:
    """Minimise ‖Aθ - B‖² + Σ_j penalty_j ‖θ_j‖² over θ.

    Shapes: ``blocks()`` yields (A, B) as rows (m, p), (m, k), the same at each call;
    ``penalty`` (p,), not negative. ``order``: columns, those first that shall be kept when some
    depend on each other (default: as they stand). Values must be finite.
    """
    scale = _power_of_two_scales(blocks, columns, penalty)
    roots = np.sqrt(penalty) * scale
    factor = _triangle(blocks, columns, scale, roots)
    top, right = factor[:, :columns], factor[:, columns:]
    lengths = np.linalg.norm(top, axis=0)
    safe = np.where(lengths > 0, lengths, 1.0)
    left, singular, rows = np.linalg.svd(top / safe, full_matrices=False)
    largest = singular[0] if singular.size else 0.0
    rank = int(np.sum(singular > largest * columns * np.finfo(np.float64).eps * 4))
    if rank == columns:
        phi = _back_substitution(top, right)
    else:
        projected = left[:, :rank].T @ right
        phi = (rows[:rank].T @ (projected / singular[:rank, None])) / safe[:, None]
    theta = phi * scale[:, None]
    relations: tuple[Relation, ...] = ()
    if rank < columns:
        theta = _shortest(theta, rows[:rank] * (safe / scale))
        if len(top) >= columns:
            relations = _relations(
                rows[rank:].T, np.arange(columns) if order is None else order
            )
    condition = float(largest / singular[rank - 1]) if rank else 1.0
    return Fitted(theta, rank, condition, _gradient(blocks, theta, penalty), relations)


def _power_of_two_scales(blocks: Blocks, columns: int, penalty: Array) -> Array:
    """Exact factors that bring every column's largest entry near 1: nothing overflows."""
    largest = np.sqrt(penalty)
    for rows, _ in blocks():
        if len(rows):
            largest = np.maximum(largest, np.abs(rows).max(axis=0))
    exponents = np.zeros(columns, dtype=np.int64)
    np.frexp(largest, out=(np.empty(columns), exponents))
    return np.ldexp(np.ones(columns), np.clip(-exponents, -1000, 1000))


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


def _relations(null: Array, order: Array) -> tuple[Relation, ...]:
    """Which columns depend on which, from a basis of the null space, by elimination.

    Of the columns in a relation the last one in ``order`` is called the dependent one.
    """
    rank_of = np.empty(len(order), dtype=np.int64)
    rank_of[order] = np.arange(len(order))
    rest = null.copy()
    pivots: list[int] = []
    for i in range(rest.shape[1]):
        sizes = np.abs(rest[:, i:]).max(axis=1)
        clear = np.flatnonzero(sizes > 0.1 * sizes.max())
        pivot = int(clear[np.argmax(rank_of[clear])])
        j = i + int(np.argmax(np.abs(rest[pivot, i:])))
        rest[:, [i, j]] = rest[:, [j, i]]
        rest[:, i] /= rest[pivot, i]
        others = [k for k in range(rest.shape[1]) if k != i]
        rest[:, others] -= np.outer(rest[:, i], rest[pivot, others])
        pivots.append(pivot)
    return tuple(
        Relation(
            pivot,
            tuple(int(k) for k in np.flatnonzero(np.abs(rest[:, i]) > 1e-8) if k != pivot),
        )
        for i, pivot in enumerate(pivots)
    )


def _gradient(blocks: Blocks, theta: Array, penalty: Array) -> Array:
    found = 2 * penalty[:, None] * theta
    for rows, right in blocks():
        found = found + 2 * (rows.T @ (rows @ theta - right))
    return found


def in_blocks(rows: int, columns: int, size: int = 2**22) -> Iterable[slice]:
    """Slices of rows with about ``size`` numbers each, and twice as many rows as columns."""
    step = max(size // max(columns, 1), 2 * columns, 1)
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))
