"""Matrix completion: the missing cells of a table from a few factors of rows and columns."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from trivium.engine import host_random
from trivium.engine.errors import ArgumentError

from ..errors import DomainError
from .completion_cells import Cells, read_cells
from .completion_solvers import State, alternate, soft_impute
from .low_rank_input import Array, described, positive_integer

__all__ = ["Completion", "complete"]

_RIDGES = (
    0.01,
    0.03,
    0.1,
    0.3,
    1.0,
    3.0,
    10.0,
    30.0,
)  # times the standard deviation of the cells
_TRIAL_SWEEPS = 20


@dataclass(frozen=True, eq=False, repr=False)
class Completion:
    """A table of n rows and d columns as μ + bᵢ + cⱼ + uᵢ·vⱼ, learned from the cells observed.

    ``mean`` μ; ``row_bias`` (n,), ``column_bias`` (d,); ``row_factors`` (n, r) and
    ``column_factors`` (d, r). A row without observed cells has bias and factors 0, so its
    predictions are μ + cⱼ; such rows and columns are listed in ``unobserved_rows`` and
    ``unobserved_columns``.

    Trust: ``error``: root mean square over the observed cells; ``held_out_error``: over
    ``held_out`` cells that a fit of their own did not see (None when none was held out), to be
    compared with ``baseline_error``, the same for μ + bᵢ + cⱼ alone. ``converged``, ``stopped``
    (why), ``iterations``, ``objectives`` (after every sweep, never rising), ``notes``.
    """

    mean: float
    row_bias: Array
    column_bias: Array
    row_factors: Array
    column_factors: Array
    ridge: float
    observed: int
    error: float
    held_out: int
    held_out_error: float | None
    baseline_error: float | None
    method: str
    iterations: int
    converged: bool
    stopped: str
    objectives: tuple[float, ...]
    unobserved_rows: Array
    unobserved_columns: Array
    notes: tuple[str, ...] = ()

    @property
    def rank(self) -> int:
        """r, the number of factors."""
        return self.row_factors.shape[1]

    def predict(self, rows: Any, columns: Any) -> Array:
        """The cells (rows[k], columns[k]): integers (m,) and (m,) → (m,).

        Raises ArgumentError for a row or column that the table does not have.
        """
        i, j = np.asarray(rows), np.asarray(columns)
        for name, given, count in (
            ("row", i, len(self.row_bias)),
            ("column", j, len(self.column_bias)),
        ):
            if given.dtype.kind not in "iu":
                raise ArgumentError(f"predict: {name} numbers are integers, not {given.dtype}")
            wrong = (given < 0) | (given >= count)
            if wrong.any():
                raise ArgumentError(
                    f"predict: there is no {name} {int(given[wrong].ravel()[0])}; the table has "
                    f"{count:,}, counted from 0"
                )
        product = np.einsum("...r,...r->...", self.row_factors[i], self.column_factors[j])
        found: Array = self.mean + self.row_bias[i] + self.column_bias[j] + product
        return found

    def table(self) -> Array:
        """All predictions, (n, d); a cell that was observed has its prediction too."""
        found: Array = self.row_factors @ self.column_factors.T
        found += self.row_bias[:, None]
        found += self.column_bias + self.mean
        return found

    def __str__(self) -> str:
        n, d = len(self.row_bias), len(self.column_bias)
        lines = [
            f"{n:,} × {d:,} table, {self.observed:,} cells observed "
            f"({described(self.observed / (n * d))}): rank {self.rank}, ridge {self.ridge:.4g} "
            f"({self.method})",
            f"  root mean square error on observed cells: {self.error:.4g}",
        ]
        if self.held_out_error is not None:
            cells = "cell" if self.held_out == 1 else "cells"
            lines.append(
                f"  on {self.held_out:,} {cells} held out: {self.held_out_error:.4g}; without "
                f"factors (mean and biases alone): {self.baseline_error:.4g}"
            )
        lines.append(f"  {self.stopped}")
        return "\n".join([*lines, *(f"  note: {each}" for each in self.notes)])

    def __repr__(self) -> str:
        return (
            f"<Completion: {len(self.row_bias)} × {len(self.column_bias)}, rank {self.rank}, "
            f"error {self.error:.3g}, held out {self.held_out_error}>"
        )


def complete(
    table: Any,
    rank: int,
    *,
    mask: Any = None,
    ridge: float | None = None,
    biases: bool = True,
    method: Literal["als", "soft-impute"] = "als",
    held_out: float = 0.1,
    iterations: int = 500,
    tolerance: float = 1e-5,
    seed: int = 0,
) -> Completion:
    """Fill the missing cells of a user-item table with μ + bᵢ + cⱼ + uᵢ·vⱼ.

    ``table``: (n, d) with NaN for the missing; or any values with a ``mask`` that is True where
    a cell was observed; or a SciPy sparse matrix, whose stored cells (zeros too) are the
    observed ones. Minimizes over Ω, the observed cells,

        ½ Σ_Ω (y − μ − bᵢ − cⱼ − uᵢ·vⱼ)² + ½ λ (‖U‖² + ‖V‖² + ‖b‖² + ‖c‖²)

    by alternating exact least squares for (uᵢ, bᵢ) and (vⱼ, cⱼ) ("als"; Hu, Koren and Volinsky
    2008; Koren, Bell and Volinsky 2009), or, with the nuclear norm λ ‖Z‖_* in the place of the
    factors, by soft-thresholded singular values ("soft-impute", for tables that fit in memory;
    Mazumder, Hastie and Tibshirani 2010). Both have one minimum in common when ``rank`` is large
    enough, because ‖Z‖_* = min ½(‖U‖² + ‖V‖²) over Z = U Vᵀ.

    ``ridge``: λ; None tries a few on a tenth of the cells and takes the best. ``held_out``: the
    share of cells whose error is measured by a fit without them; the result is fitted to all.
    A sweep that lowers the objective by less than ``tolerance`` of it ends the search.

    Raises DomainError (infinite values, nothing observed), ShapeError, DTypeError, ArgumentError.
    """
    cells = read_cells(table, mask)
    _check(rank, ridge, held_out, tolerance, method, cells)
    sweeps = positive_integer("complete", "iterations", iterations)
    run = _Run(rank, biases, method, sweeps, tolerance, seed)
    notes = cells.notes()
    spread = float(np.std(cells.values))
    if spread == 0:
        notes += ("all observed cells are equal: there is nothing for factors to explain",)
    train, test = _held_out(cells, held_out, seed, 0)
    if ridge is None:
        ridge = _best_ridge(run, train, seed) if spread > 0 else 1.0
    held_error = baseline = None
    if len(test.values):
        held_error = run.fit(train, ridge).error(test)
        baseline = replace(run, rank=0, method="als").fit(train, ridge).error(test)
    elif held_out > 0:
        notes += (
            "too few cells to hold any out: every one is the only one of its row or column",
        )
    state = run.fit(cells, ridge)
    if spread > 0 and run.rank and not np.any(state.u):
        notes += (f"ridge {ridge:.4g} is so large that the factors are 0: use a smaller one",)
    if not state.converged:
        notes += (f"not converged; allow more than {sweeps} iterations",)
    return _result(state, cells, ridge, len(test.values), (held_error, baseline), method, notes)


def _result(
    state: State,
    cells: Cells,
    ridge: float,
    held_out: int,
    errors: tuple[float | None, float | None],
    method: str,
    notes: tuple[str, ...],
) -> Completion:
    """``errors``: on the cells held out, with factors and without."""
    dtype = cells.dtype
    return Completion(
        mean=state.mean,
        row_bias=state.b.astype(dtype),
        column_bias=state.c.astype(dtype),
        row_factors=state.u.astype(dtype),
        column_factors=state.v.astype(dtype),
        ridge=float(ridge),
        observed=len(cells.values),
        error=state.error(cells),
        held_out=held_out,
        held_out_error=errors[0],
        baseline_error=errors[1],
        method=method,
        iterations=len(state.objectives),
        converged=state.converged,
        stopped=state.stopped,
        objectives=tuple(state.objectives),
        unobserved_rows=cells.unobserved(0),
        unobserved_columns=cells.unobserved(1),
        notes=notes,
    )


@dataclass(frozen=True)
class _Run:
    """What every fit of one call has in common."""

    rank: int
    biases: bool
    method: str
    sweeps: int
    tolerance: float
    seed: int

    def fit(self, cells: Cells, ridge: float) -> State:
        solve = alternate if self.method == "als" else soft_impute
        return solve(
            cells, self.rank, ridge, self.biases, self.sweeps, self.tolerance, self.seed
        )


def _check(
    rank: Any, ridge: Any, held_out: Any, tolerance: Any, method: str, cells: Cells
) -> None:
    positive_integer("complete", "rank", rank)
    n, d = cells.shape
    if rank > min(n, d):
        raise ArgumentError(
            f"complete: rank={rank}, and a {n:,} × {d:,} table has at most rank {min(n, d)}"
        )
    if method not in ("als", "soft-impute"):
        raise ArgumentError(
            f"complete: no method is called {method!r}; choose from als, soft-impute"
        )
    for name, value, low, high in (
        ("ridge", ridge, 0.0, math.inf),
        ("held_out", held_out, 0.0, 0.9),
        ("tolerance", tolerance, 0.0, 1.0),
    ):
        if name == "ridge" and value is None:
            continue
        number = not isinstance(value, bool) and isinstance(value, int | float)
        if not number or not low <= value <= high or not math.isfinite(value):
            raise ArgumentError(
                f"complete: {name} must be a number from {low:g} to {high:g}, not {value!r}"
            )
    if ridge == 0:
        raise ArgumentError(
            "complete: with ridge=0 a row with fewer observed cells than factors has no one "
            "best fit; give a small ridge, or leave it out to have it chosen"
        )
    if method == "soft-impute" and n * d > 50_000_000:
        raise ArgumentError(
            f"complete: soft-impute keeps the whole {n:,} × {d:,} table; method='als' does not"
        )
    if not len(cells.values):
        raise DomainError("complete: no cell of the table is observed")


def _held_out(cells: Cells, share: float, seed: int, number: int) -> tuple[Cells, Cells]:
    """Training and held-out cells; none that is the only one of its row or column."""
    count = round(share * len(cells.values))
    key = host_random.fold_in(host_random.key(seed), number)
    chosen = np.zeros(len(cells.values), bool)
    chosen[host_random.permutation(key, len(cells.values))[:count]] = True
    for index, size in ((cells.rows, cells.shape[0]), (cells.columns, cells.shape[1])):
        left = np.bincount(index[~chosen], minlength=size)
        chosen &= left[index] > 0
    return cells.take(~chosen), cells.take(chosen)


def _best_ridge(run: _Run, cells: Cells, seed: int) -> float:
    """The λ with the smallest error on a further tenth of the cells, after a few sweeps."""
    train, test = _held_out(cells, 0.1, seed, 1)
    spread = float(np.std(cells.values))
    if not len(test.values):
        return spread
    short = replace(run, sweeps=min(_TRIAL_SWEEPS, run.sweeps))
    errors = [short.fit(train, each * spread).error(test) for each in _RIDGES]
    return _RIDGES[int(np.argmin(errors))] * spread
