"""Alternating least squares and soft-impute, on one objective."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .completion_cells import Cells
from .low_rank_input import Array
from .low_rank_krylov import leading

__all__ = ["State", "alternate", "soft_impute"]

_CHUNK = 2**22  # numbers in the normal matrices that are made at a time


@dataclass
class State:
    """μ, biases and factors, and how the search went."""

    mean: float
    b: Array
    c: Array
    u: Array
    v: Array
    objectives: list[float] = field(default_factory=list)
    converged: bool = False
    stopped: str = ""

    def residual(self, cells: Cells) -> Array:
        """y − μ − bᵢ − cⱼ − uᵢ·vⱼ for every cell."""
        i, j = cells.rows, cells.columns
        product = np.einsum("mr,mr->m", self.u[i], self.v[j])
        found: Array = cells.values - self.mean - self.b[i] - self.c[j] - product
        return found

    def error(self, cells: Cells) -> float:
        """The root mean square over ``cells``."""
        return float(np.sqrt(np.mean(self.residual(cells) ** 2)))

    def ended(self, tolerance: float, sweeps: int) -> bool:
        """Whether the last sweep was the last that is needed; notes why."""
        if len(self.objectives) < 2:
            self.stopped = f"Stopped after {sweeps} sweeps without converging."
            return False
        before, now = self.objectives[-2:]
        if before - now <= tolerance * before:
            self.converged = True
            self.stopped = (
                f"Converged: sweep {len(self.objectives)} lowered the objective by no more than "
                f"{tolerance:g} of it."
            )
        return self.converged


def alternate(
    cells: Cells,
    rank: int,
    ridge: float,
    biases: bool,
    sweeps: int,
    tolerance: float,
    seed: int,
) -> State:
    """Alternating least squares: rows given columns, columns given rows, until it stops."""
    n, d = cells.shape
    mean = float(cells.values.mean())
    state = State(mean, np.zeros(n), np.zeros(d), np.zeros((n, rank)), np.zeros((d, rank)))
    by_column = np.argsort(cells.columns, kind="stable")
    turned = Cells(
        (d, n), cells.columns[by_column], cells.rows[by_column], cells.values[by_column],
        cells.dtype,
    )  # fmt: skip
    if biases:
        _, state.b = _side(cells, state.v[:, :0], state.c, mean, ridge, True)
        _, state.c = _side(turned, state.u[:, :0], state.b, mean, ridge, True)
    state.v = _start(cells, state, seed)
    rows, columns = _seen(cells, 0), _seen(cells, 1)
    for _ in range(sweeps):
        state.u, state.b = _side(cells, state.v, state.c, mean, ridge, biases)
        state.v, state.c = _side(turned, state.u, state.b, mean, ridge, biases)
        _rebalance(state, biases, rows, columns)
        rest = state.residual(cells)
        parts = (state.u, state.v, state.b, state.c)
        size = sum(float(np.sum(part**2)) for part in parts)
        state.objectives.append(0.5 * float(rest @ rest) + 0.5 * ridge * size)
        if state.ended(tolerance, sweeps):
            break
    return state


def _start(cells: Cells, state: State, seed: int) -> Array:
    """Column factors from the leading singular vectors of what the biases leave, 0 if missing.

    A random start would do, but can lead to a worse local minimum and takes longer.
    """
    from scipy.sparse import csr_array

    n, d = cells.shape
    rank = state.v.shape[1]
    rest = csr_array((state.residual(cells), (cells.rows, cells.columns)), shape=(n, d))
    found = leading(lambda v: rest.T @ (rest @ v), d, rank + 10, 4, seed, wanted=rank)
    # Missing cells count as 0 here, so the singular values fall short by the share observed.
    size = np.sqrt(found.values[:rank]) * (n * d / len(cells.values))
    start: Array = found.vectors[:, :rank] * np.sqrt(size)
    return start


def _seen(cells: Cells, axis: int) -> Array:
    """1 for the rows (columns) with observed cells, 0 for the others: (n,)."""
    found = np.ones(cells.shape[axis])
    found[cells.unobserved(axis)] = 0.0
    return found


def _rebalance(state: State, biases: bool, rows: Array, columns: Array) -> None:
    """The smallest factors and biases with the same predictions, in closed form.

    The sweeps alone creep along these directions, in which only the penalty changes: moving
    the mean of a factor into the other side's bias, a constant from one bias into the other,
    and U → U T, V → V T⁻ᵀ. What is not observed keeps its zeros.
    """
    if biases:
        state.u, state.c = _shifted(state.u, state.v, state.c, rows)
        state.v, state.b = _shifted(state.v, state.u, state.b, columns)
        _level(state, rows, columns)
    if state.u.shape[1]:
        (left, upper), (right, lower) = np.linalg.qr(state.u), np.linalg.qr(state.v)
        outer, singular, inner = np.linalg.svd(upper @ lower.T)
        root = np.sqrt(singular)
        state.u, state.v = left @ (outer * root), right @ (inner.T * root)


def _shifted(u: Array, v: Array, c: Array, seen: Array) -> tuple[Array, Array]:
    """u − 1aᵀ and c + V a with the a that makes ‖u − 1aᵀ‖² + ‖c + V a‖² smallest."""
    normal = seen.sum() * np.eye(u.shape[1]) + v.T @ v
    a = np.linalg.solve(normal, u.sum(axis=0) - v.T @ c)
    return u - np.outer(seen, a), c + v @ a


def _level(state: State, rows: Array, columns: Array) -> None:
    """b + α and c − α with the α that makes ‖b + α‖² + ‖c − α‖² smallest."""
    shift = (state.c.sum() - state.b.sum()) / (rows.sum() + columns.sum())
    state.b = state.b + shift * rows
    state.c = state.c - shift * columns


def _side(
    cells: Cells, other: Array, offset: Array, mean: float, ridge: float, biases: bool
) -> tuple[Array, Array]:
    """Factors and biases of the rows of ``cells``, given those of its columns: (n, r), (n,).

    For each row (AᵀA + λ I) x = Aᵀ t, A holding [vⱼ, 1] of its observed cells.
    """
    n, rank = cells.shape[0], other.shape[1]
    features = np.hstack([other, np.ones((len(other), int(biases)))])
    width = features.shape[1]
    found = np.zeros((n, width))
    if width:
        target = cells.values - mean - offset[cells.columns]
        starts = np.searchsorted(cells.rows, np.arange(n + 1))
        step = max(_CHUNK // (width * width), 1)  # cells at a time
        first = 0
        while first < n:
            last = int(np.searchsorted(starts, starts[first] + step, side="right")) - 1
            last = min(max(last, first + 1), n)
            found[first:last] = _solve(
                features, cells.columns, target, starts[first : last + 1], ridge
            )
            first = last
    if biases:
        return found[:, :rank], found[:, rank]
    return found, np.zeros(n)


def _solve(
    features: Array, columns: Array, target: Array, starts: Array, ridge: float
) -> Array:
    """The ridge solutions of the rows whose cells lie between successive ``starts``."""
    width = features.shape[1]
    rows = features[columns[starts[0] : starts[-1]]]
    goal = target[starts[0] : starts[-1]]
    edges = starts - starts[0]
    count = len(edges) - 1
    normal = np.zeros((count, width, width))
    right = np.zeros((count, width))
    filled = np.flatnonzero(np.diff(edges))
    if len(filled) and len(rows) > 32 * len(filled):  # long rows: one product each
        for i in filled:
            part = rows[edges[i] : edges[i + 1]]
            normal[i] = part.T @ part
            right[i] = goal[edges[i] : edges[i + 1]] @ part
    elif len(filled):
        at = edges[filled]
        normal[filled] = np.add.reduceat(rows[:, :, None] * rows[:, None, :], at, axis=0)
        right[filled] = np.add.reduceat(rows * goal[:, None], at, axis=0)
    normal += ridge * np.eye(width)
    solved: Array = np.linalg.solve(normal, right[:, :, None])[:, :, 0]
    return solved


def soft_impute(
    cells: Cells,
    rank: int,
    ridge: float,
    biases: bool,
    sweeps: int,
    tolerance: float,
    seed: int,
) -> State:
    """Fill, decompose, shrink the singular values by λ, again; at most ``rank`` of them stay.

    A sweep minimizes a majorant of the objective, which therefore never rises (Mazumder et al.
    2010, lemma 2). ``seed`` is not used: nothing is random here.
    """
    n, d = cells.shape
    state = State(
        float(cells.values.mean()), np.zeros(n), np.zeros(d), np.zeros((n, rank)),
        np.zeros((d, rank)),
    )  # fmt: skip
    i, j = cells.rows, cells.columns
    rows = np.bincount(i, minlength=n) + ridge
    columns = np.bincount(j, minlength=d) + ridge
    seen = _seen(cells, 0), _seen(cells, 1)
    for _ in range(sweeps):
        if biases:
            state.b += (np.bincount(i, state.residual(cells), n) - ridge * state.b) / rows
            state.c += (np.bincount(j, state.residual(cells), d) - ridge * state.c) / columns
            _level(state, *seen)
        filled = state.u @ state.v.T
        filled[i, j] += state.residual(cells)
        left, singular, right = np.linalg.svd(filled, full_matrices=False)
        shrunk = np.maximum(singular[:rank] - ridge, 0.0)
        root = np.sqrt(shrunk)
        state.u, state.v = left[:, :rank] * root, right[:rank].T * root
        rest = state.residual(cells)
        size = float(state.b @ state.b + state.c @ state.c)
        state.objectives.append(
            0.5 * float(rest @ rest) + ridge * (float(shrunk.sum()) + 0.5 * size)
        )
        if state.ended(tolerance, sweeps):
            break
    return state
