"""Lasso and ridge along the whole path of penalties, with the penalty chosen by cross-validation.

J_λ(w, b) = (1/N) Σ_i (x_iᵀw + b - y_i)² + λ R(w), the objective SquaredError() + λ·L1() or
λ·L2(), with features that are standardised (each of mean 0 and standard deviation 1, divisor N)
while w is penalised; coefficients are given in the user's units. Sources: Tibshirani (1996), J.
R. Stat. Soc. B 58; Friedman, Hastie & Tibshirani (2010), J. Stat. Softw. 33, §2.5 (grid and
warm starts); Beck & Teboulle (2009), SIAM J. Imaging Sci. 2 (FISTA); Hoerl & Kennard (1970).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.learning.data import Dataset, Encoder, as_dataset
from trivium.learning.data.scaling import centre_and_spread, check_squares
from trivium.learning.data.splitting import permutation

from .errors import DataError, RequestError
from .options import flag, fraction, whole
from .path_solvers import LassoProblem, Proximal, lasso_steps, ridge_steps

__all__ = ["Path", "lasso", "ridge"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Path:
    """Coefficients for every λ, the strongest penalty first, and how well each predicts.

    Shapes for L penalties and d features: ``penalties`` (L,), ``coefficients`` (L, d) and
    ``intercepts`` (L,) in the user's units, ``standardised`` (L, d): of the standardised
    features. ``degrees_of_freedom`` (L,): nonzero coefficients (lasso; Zou, Hastie & Tibshirani
    2007) or Σ s²/(s² + Nλ) (ridge). ``violations`` (L,): how far the Karush-Kuhn-Tucker
    conditions are from exact, as a part of the largest slope of the data term at w = 0.

    With cross-validation: ``errors`` and ``standard_errors`` (L,) of the mean squared error over
    the folds, ``best``: the λ with the smallest error, ``one_standard_error``: the strongest λ
    whose error is within one standard error of it (Breiman et al. 1984, §3.4.3).
    """

    kind: str
    names: tuple[str, ...]
    penalties: Array
    coefficients: Array
    intercepts: Array
    standardised: Array
    degrees_of_freedom: Array
    violations: Array
    errors: Array | None
    standard_errors: Array | None
    best: float | None
    one_standard_error: float | None
    folds: int
    notes: tuple[str, ...]

    def at(self, penalty: float | str) -> tuple[float, dict[str, float]]:
        """The intercept and the coefficients by name at the λ of the grid nearest to ``penalty``.

        ``penalty``: a number, "best" or "one_standard_error". Raises RequestError for another
        word, and for these two without cross-validation.
        """
        place = self._place(penalty)
        named = dict(zip(self.names, self.coefficients[place].tolist(), strict=True))
        return float(self.intercepts[place]), named

    def predict(self, x: Any, penalty: float | str = "one_standard_error") -> Array:
        """Predictions (N,) for features (N, d) in the training order, at ``penalty``."""
        place = self._place(penalty)
        rows = np.asarray(x, np.float64)
        if rows.ndim != 2 or rows.shape[1] != len(self.names):
            raise DataError(
                f"the path has {len(self.names)} features; x has shape {rows.shape}, and (N, "
                f"{len(self.names)}) is needed"
            )
        return np.asarray(rows @ self.coefficients[place] + self.intercepts[place])

    def _place(self, penalty: float | str) -> int:
        if isinstance(penalty, str):
            chosen = {"best": self.best, "one_standard_error": self.one_standard_error}
            if penalty not in chosen:
                raise RequestError(
                    f"a penalty is a number, 'best' or 'one_standard_error', not {penalty!r}"
                )
            if chosen[penalty] is None:
                raise RequestError(
                    f"{penalty!r} is chosen by cross-validation, and folds=0 asked for none"
                )
            penalty = float(chosen[penalty] or 0.0)
        if not penalty >= 0:
            raise RequestError(f"a penalty is not negative, got {penalty!r}")
        with np.errstate(divide="ignore"):
            distances = np.abs(np.log(self.penalties) - np.log(penalty))
        return int(np.argmin(np.where(self.penalties == penalty, -1.0, distances)))

    def __str__(self) -> str:
        lines = [
            f"{self.kind} path: {len(self.penalties)} penalties from {self.penalties[0]:.4g} to "
            f"{self.penalties[-1]:.4g}, {len(self.names)} features, standardised",
            f"  largest violation of the optimality conditions {self.violations.max():.1g}",
        ]
        if self.errors is not None and self.standard_errors is not None:
            for word, value in (
                ("best", self.best),
                ("one standard error", self.one_standard_error),
            ):
                place = self._place(float(value or 0.0))
                lines.append(
                    f"  {word}: λ = {value:.4g}, error {self.errors[place]:.4g} ± "
                    f"{self.standard_errors[place]:.2g} ({self.folds} folds), degrees of "
                    f"freedom {self.degrees_of_freedom[place]:.4g}"
                )
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])

    __repr__ = __str__

    def plot(self) -> Any:
        """The standardised coefficients against λ, and the errors below (needs matplotlib)."""
        from .path_drawing import draw

        return draw(self)


def lasso(
    data: Any,
    target: Any = None,
    *,
    penalties: Sequence[float] | int = 100,
    ratio: float | None = None,
    folds: int = 5,
    seed: int = 0,
    bias: bool = True,
    sample_weight: Any = None,
) -> Path:
    """The lasso path: the minima of SquaredError() + λ·L1() from λ_max, where all are 0, down.

    ``data``: as for tv.fit. ``penalties``: how many, spaced evenly in ln λ down to λ_max·``ratio``
    (default 10⁻⁴, with fewer rows than features 10⁻²), or the values. λ_max = (2/N) max_j
    |z_jᵀ(y - ȳ)| for standardised z. ``folds``: of the cross-validation, 0 for none; rows are
    dealt to them by ``seed``. ``bias``: whether there is an intercept, which is not penalised.

    Each minimum is approached by proximal gradient steps with momentum, compiled as one program,
    from the minimum before it, and finished by solving for the nonzero coefficients; it is kept
    when the Karush-Kuhn-Tucker conditions hold. Raises DataError for data that cannot be used,
    RequestError for wrong options.
    """
    return _path("lasso", data, target, penalties, ratio, folds, seed, bias, sample_weight)


def ridge(
    data: Any,
    target: Any = None,
    *,
    penalties: Sequence[float] | int = 100,
    ratio: float | None = None,
    folds: int = 5,
    seed: int = 0,
    bias: bool = True,
    sample_weight: Any = None,
) -> Path:
    """The ridge path: the minima of SquaredError() + λ·L2(), all from one SVD of the features.

    Options as for ``lasso``; the grid begins at 10³ times the lasso's λ_max over the standard
    deviation of y, where the coefficients are nearly 0, and ``ratio`` is 10⁻⁸ by default. w(λ) =
    V diag(s/(s² + Nλ)) Uᵀy. Source: Golub & Van Loan (2013), *Matrix Computations*, §6.1.4.
    """
    return _path("ridge", data, target, penalties, ratio, folds, seed, bias, sample_weight)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Standardised features and centred responses, with weights of mean 1."""

    z: Array
    y: Array
    weight: Array
    centre: Array
    spread: Array
    middle: float


def _path(
    kind: str, data: Any, target: Any, penalties: Any, ratio: Any, folds: int, seed: int,
    bias: bool, sample_weight: Any,
) -> Path:  # fmt: skip
    bias = flag(kind, "bias", bias)
    dataset = as_dataset(data, target, sample_weight)
    x, y, weight, names = _numbers(dataset)
    rows = _standardised(x, y, weight, bias)
    count = len(y)
    folds = whole(kind, "folds", folds, 0)
    if folds == 1 or folds > count:
        raise RequestError(f"{kind}: folds is 0, or from 2 to the {count} rows, not {folds}")
    grid = _grid(kind, rows, penalties, ratio)
    programs: dict[tuple[int, ...], Proximal] = {}
    standardised, violations = _solve(kind, rows, grid, programs)
    safe = np.where(rows.spread > 0, rows.spread, 1.0)
    coefficients = np.where(rows.spread > 0, standardised / safe, 0.0)
    chosen = None
    if folds:
        chosen = _validated(kind, x, y, weight, bias, grid, folds, seed, programs)
    errors, spreads, best, simple = chosen or (None, None, None, None)
    return Path(
        kind=kind,
        names=tuple(names),
        penalties=grid,
        coefficients=coefficients,
        intercepts=rows.middle - coefficients @ rows.centre,
        standardised=standardised,
        degrees_of_freedom=_freedom(kind, rows, grid, standardised),
        violations=violations,
        errors=errors,
        standard_errors=spreads,
        best=best,
        one_standard_error=simple,
        folds=folds,
        notes=_notes(names, rows, grid, violations, best),
    )


def _notes(
    names: Sequence[str], rows: _Rows, grid: Array, violations: Array, best: float | None
) -> tuple[str, ...]:
    notes = []
    flat = [name for name, s in zip(names, rows.spread, strict=True) if s == 0]
    if flat:
        notes.append(f"constant, so without a coefficient: {', '.join(flat[:5])}")
    if violations.max() > 1e-6:
        notes.append(
            f"at {int((violations > 1e-6).sum())} penalties the optimality conditions hold only "
            f"to {violations.max():.1g}; columns that nearly depend on others are the cause"
        )
    if len(grid) > 1 and best in (grid[0], grid[-1]):
        end, beyond = ("largest", "larger") if best == grid[0] else ("smallest", "smaller")
        notes.append(
            f"the best penalty is the {end} of the grid: {beyond} ones may be better still "
            "(penalties and ratio decide the grid)"
        )
    return tuple(notes)


def _numbers(dataset: Dataset) -> tuple[Array, Array, Array, list[str]]:
    if dataset.target is not None and dataset.target.ndim > 1:
        raise DataError(
            f"a path has one response, but the target has {dataset.target.shape[1]} columns: "
            "call it for each of them"
        )
    encoder = Encoder.fit(dataset, "regression", scale=False)
    encoded = encoder.transform(dataset)
    assert encoded.y is not None
    x = np.asarray(encoded.x, np.float64).reshape(len(encoded.y), -1)
    check_squares("the target", encoded.y)
    weight = np.ones(len(x)) if encoded.weight is None else encoded.weight
    return x, encoded.y, weight * (len(weight) / weight.sum()), list(encoder.feature_names)


def _standardised(x: Array, y: Array, weight: Array, bias: bool) -> _Rows:
    if bias:
        centre, spread = centre_and_spread(x, weight)
        middle = float(np.average(y, weights=weight))
    else:
        centre, middle = np.zeros(x.shape[1]), 0.0
        spread = np.sqrt(np.average(x**2, axis=0, weights=weight))
    z = np.where(spread > 0, (x - centre) / np.where(spread > 0, spread, 1.0), 0.0)
    return _Rows(z, y - middle, weight, centre, spread, middle)


def _largest(rows: _Rows) -> float:
    """λ_max: the largest slope of the data term at w = 0."""
    n = len(rows.y)
    return float(np.abs(2 / n * rows.z.T @ (rows.weight * rows.y)).max(initial=0.0))


def _grid(kind: str, rows: _Rows, penalties: Any, ratio: Any) -> Array:
    if not isinstance(penalties, int | np.integer) or isinstance(penalties, bool):
        try:
            given = np.asarray(penalties, np.float64).ravel()
        except (TypeError, ValueError):
            given = np.array([np.nan])
        if not given.size or not np.isfinite(given).all() or (given < 0).any():
            raise RequestError(
                f"{kind}: penalties is their number, or values that are finite and not "
                f"negative, not {penalties!r}"
            )
        return np.sort(given)[::-1].copy()
    count = whole(kind, "penalties", penalties, 2)
    top = _largest(rows)
    if top == 0:
        raise DataError(
            f"{kind}: no feature is correlated with the target, so every coefficient is 0 for "
            "every penalty"
        )
    wide = rows.z.shape[1] > len(rows.y)
    if kind == "ridge":
        top *= 1e3 / float(np.sqrt(np.average(rows.y**2, weights=rows.weight)))
    default = 1e-8 if kind == "ridge" else (1e-2 if wide else 1e-4)
    share = default if ratio is None else fraction(kind, "ratio", ratio)
    if not share > 0:
        raise RequestError(f"{kind}: ratio must be above 0 and below 1, got {ratio!r}")
    return np.asarray(top * share ** np.linspace(0.0, 1.0, count))


def _solve(
    kind: str, rows: _Rows, grid: Array, programs: dict[tuple[int, ...], Proximal]
) -> tuple[Array, Array]:
    root = np.sqrt(rows.weight)
    z, y = root[:, None] * rows.z, root * rows.y
    if kind == "ridge":
        return ridge_steps(z, y, grid)
    return lasso_steps(LassoProblem.of(z, y), grid, programs)


def _freedom(kind: str, rows: _Rows, grid: Array, standardised: Array) -> Array:
    if kind == "lasso":
        return np.count_nonzero(standardised, axis=1).astype(np.float64)
    singular = np.linalg.svd(np.sqrt(rows.weight)[:, None] * rows.z, compute_uv=False)
    squares = singular[singular > singular.max(initial=0.0) * 1e-12] ** 2
    return np.asarray((squares / (squares + len(rows.y) * grid[:, None])).sum(axis=1))


def _validated(
    kind: str,
    x: Array,
    y: Array,
    weight: Array,
    bias: bool,
    grid: Array,
    folds: int,
    seed: int,
    programs: dict[tuple[int, ...], Proximal],
) -> tuple[Array, Array, float, float]:
    """Errors over the folds, standardising within each; the best λ and the one-SE λ."""
    n = len(y)
    order = permutation(n, seed)
    means = np.empty((folds, len(grid)))
    shares = np.empty(folds)
    for k in range(folds):
        held = np.zeros(n, bool)
        held[order[k::folds]] = True
        counted = weight[~held]
        if not counted.any() or not weight[held].any():
            raise DataError(
                f"{kind}: a fold holds no row with a weight above 0; use fewer folds"
            )
        counted = counted * (len(counted) / counted.sum())
        rows = _standardised(x[~held], y[~held], counted, bias)
        found, _ = _solve(kind, rows, grid, programs)
        safe = np.where(rows.spread > 0, rows.spread, 1.0)
        scaled = np.where(rows.spread > 0, (x[held] - rows.centre) / safe, 0.0)
        rest = y[held, None] - rows.middle - scaled @ found.T
        means[k] = np.average(rest**2, axis=0, weights=weight[held])
        shares[k] = weight[held].sum()
    errors = np.average(means, axis=0, weights=shares)
    variance = np.average((means - errors) ** 2, axis=0, weights=shares)
    spreads = np.sqrt(variance / (folds - 1))
    place = int(np.argmin(errors))
    simple = int(np.flatnonzero(errors <= errors[place] + spreads[place])[0])
    return errors, spreads, float(grid[place]), float(grid[simple])
