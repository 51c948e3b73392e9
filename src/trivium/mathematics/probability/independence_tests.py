"""Tests of independence and of conditional independence, with effect sizes.

Source: Agresti (2013), *Categorical Data Analysis*, 3rd ed., ch. 2-3 and 6.4; Székely, Rizzo &
Bakirov (2007), Ann. Statist. 35, 2769 (distance correlation).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trivium.engine.array.arguments import ArrayLike
from trivium.engine.errors import ArgumentError, DomainError, ShapeError

from .distribution import Interval
from .support import as_array, as_data, whole_count

__all__ = ["IndependenceTest", "conditional_independence", "contingency", "independence"]

Array = np.ndarray[Any, Any]
METHODS = ("chi-squared", "g", "fisher", "permutation", "distance")
LARGEST_DISTANCE = 3000


@dataclass(frozen=True)
class IndependenceTest:
    """A test of independence.

    ``statistic`` with ``df`` degrees of freedom (None where it has none), ``p_value``, ``effects``:
    effect sizes by name, ``intervals`` of effects, ``n``, ``table`` for categories, and what the
    test ``assumes``, with warnings about these data.
    """

    method: str
    statistic: float
    df: int | None
    p_value: float
    effects: dict[str, float]
    n: int
    assumptions: tuple[str, ...]
    table: Array | None = None
    intervals: dict[str, Interval] = field(default_factory=dict)

    def __str__(self) -> str:
        freedom = "" if self.df is None else f", {self.df} degrees of freedom"
        lines = [
            f"{self.method}: statistic {self.statistic:.6g}{freedom}, p = {self.p_value:.4g} "
            f"(n = {self.n})"
        ]
        for name, value in self.effects.items():
            ends = self.intervals.get(name)
            more = "" if ends is None else f"  95 % interval {ends[0]:.4g} … {ends[1]:.4g}"
            lines.append(f"  {name} = {value:.4g}{more}")
        return "\n".join([*lines, *(f"  assumes: {each}" for each in self.assumptions)])


def contingency(x: Any, y: Any) -> Array:
    """The table of counts of two label vectors, rows by the sorted labels of x, columns of y."""
    first, second = _labels(x, "x"), _labels(y, "y")
    if len(first) != len(second):
        raise ShapeError(f"x has {len(first)} labels and y {len(second)}; they come in pairs")
    rows, i = np.unique(first, return_inverse=True)
    columns, j = np.unique(second, return_inverse=True)
    table = np.zeros((len(rows), len(columns)))
    np.add.at(table, (i, j), 1.0)
    return table


def _labels(x: Any, what: str) -> Array:
    values = as_array(x, f"labels {what}")
    if values.ndim != 1 or not values.size:
        raise ShapeError(f"{what} must be a vector of labels that is not empty")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ArgumentError(f"{what} holds NaN or infinite values; they are no categories")
    if values.dtype.kind == "O":
        values = values.astype(str)
    return values


def _table(x: Any, y: Any) -> Array:
    if y is not None:
        table = contingency(x, y)
    else:
        table = as_data(x, "table of counts")
        if table.ndim != 2:
            raise ShapeError(
                "independence: give two vectors of labels, or one table of counts with two axes"
            )
        if (table < 0).any() or (table != np.floor(table)).any():
            raise ArgumentError("a table holds counts: whole numbers, 0 or more")
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape, default=0) < 2:
        raise DomainError(
            f"independence: after dropping empty rows and columns the table is {table.shape}; a "
            "variable with one value is independent of everything, and there is nothing to test"
        )
    return table


def independence(
    x: Any,
    y: Any = None,
    *,
    method: str = "chi-squared",
    permutations: int = 9999,
    seed: int = 0,
) -> IndependenceTest:
    """Test whether two variables are independent.

    Categories (two label vectors, or one table of counts): "chi-squared" (Pearson), "g" (the
    likelihood ratio), "fisher" (exact, 2×2), "permutation" (of χ², exact up to Monte Carlo
    error). Numbers (two vectors): "distance", a permutation test of the distance correlation,
    which finds every kind of dependence. ``permutations`` and ``seed`` for the latter two.
    Raises ArgumentError for another method or counts that are none, DomainError when a variable
    does not vary.
    """
    if not isinstance(method, str) or method not in METHODS:
        from .naming import unknown_name

        raise unknown_name("method of independence", method, METHODS)
    if method in ("permutation", "distance"):
        permutations = whole_count("independence", "permutations", permutations, 1)
    if method == "distance":
        return _distance(x, y, permutations, seed)
    table = _table(x, y)
    if method == "fisher":
        return _fisher(table)
    if method == "permutation":
        return _permuted(table, permutations, seed)
    return _asymptotic(table, method)


def _expected(table: Array) -> Array:
    return np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()


def _chi_squared(table: Array) -> float:
    expected = _expected(table)
    return float(((table - expected) ** 2 / expected).sum())


def _likelihood(table: Array) -> float:
    from scipy import special

    expected = _expected(table)
    # each term x ln(x/e) - x + e is not negative
    return 2.0 * float(special.kl_div(table, expected).sum())


def _upper_chi_squared(statistic: float, freedom: int) -> float:
    from scipy import special

    return float(special.gammaincc(freedom / 2, statistic / 2))


def _asymptotic(table: Array, method: str) -> IndependenceTest:
    statistic = _chi_squared(table) if method == "chi-squared" else _likelihood(table)
    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    small = int((_expected(table) < 5).sum())
    words = ["independent observations, and expected counts of about 5 or more"]
    if small:
        words.append(
            f"not met: {small} of {table.size} expected counts are below 5; prefer "
            + ('method="fisher"' if table.shape == (2, 2) else 'method="permutation"')
        )
    effects, intervals = _effects(table)
    return IndependenceTest(
        "Pearson's χ² test" if method == "chi-squared" else "G test (likelihood ratio)",
        statistic, freedom, _upper_chi_squared(statistic, freedom), effects,
        int(table.sum()), tuple(words), table, intervals,
    )  # fmt: skip


def _effects(table: Array) -> tuple[dict[str, float], dict[str, Interval]]:
    """Cramér's V, plain and corrected for bias (Bergsma 2013), and the odds ratio of a 2×2."""
    n, (rows, columns) = table.sum(), table.shape
    square = _chi_squared(table) / n
    effects = {"Cramér's V": math.sqrt(square / (min(rows, columns) - 1))}
    if n > 1:
        corrected = max(0.0, square - (rows - 1) * (columns - 1) / (n - 1))
        shrunk = min(each - (each - 1) ** 2 / (n - 1) for each in (rows, columns))
        if shrunk > 1:
            effects["Cramér's V, bias corrected"] = math.sqrt(corrected / (shrunk - 1))
    intervals: dict[str, Interval] = {}
    if table.shape == (2, 2):
        (a, b), (c, d) = table
        with np.errstate(divide="ignore", invalid="ignore"):
            effects["odds ratio"] = float(np.float64(a * d) / np.float64(b * c))
            error = math.sqrt(float((1.0 / table).sum())) if (table > 0).all() else math.inf
        if math.isfinite(error):
            centre, reach = math.log(effects["odds ratio"]), 1.959963984540054 * error
            intervals["odds ratio"] = math.exp(centre - reach), math.exp(centre + reach)
        else:
            intervals["odds ratio"] = 0.0, math.inf
    return effects, intervals


def _fisher(table: Array) -> IndependenceTest:
    """The hypergeometric probabilities of all tables that are not more probable than this one."""
    if table.shape != (2, 2):
        raise ArgumentError(
            f'method="fisher" is for 2×2 tables; this one is {table.shape[0]}×{table.shape[1]}. '
            'Use method="permutation"'
        )
    from scipy import special

    top, left, n = table[0].sum(), table[:, 0].sum(), table.sum()
    first = np.arange(max(0.0, top + left - n), min(top, left) + 1)

    def log_choose(m: Any, k: Any) -> Any:
        return -np.log1p(m) - special.betaln(m - k + 1, k + 1)

    logs = log_choose(left, first) + log_choose(n - left, top - first)
    probabilities = np.exp(logs - special.logsumexp(logs))
    here = probabilities[int(table[0, 0] - first[0])]
    p_value = float(probabilities[probabilities <= here * (1 + 1e-7)].sum())
    effects, intervals = _effects(table)
    return IndependenceTest(
        "Fisher's exact test", float(table[0, 0]), None, min(p_value, 1.0), effects, int(n),
        ("both margins fixed, or conditioned on; independent observations",), table, intervals,
    )  # fmt: skip


def _permuted(table: Array, permutations: int, seed: int) -> IndependenceTest:
    counts = table.astype(int)
    rows = np.repeat(np.arange(table.shape[0]), counts.sum(axis=1))
    columns = np.repeat(np.arange(table.shape[1]), counts.sum(axis=0))
    statistic, expected = _chi_squared(table), _expected(table)
    reached = 0
    for order in _orders(seed, permutations, len(columns)):
        drawn = np.bincount(rows * table.shape[1] + columns[order], minlength=table.size)
        gap = drawn.reshape(table.shape) - expected
        reached += float((gap**2 / expected).sum()) >= statistic * (1 - 1e-12)
    effects, intervals = _effects(table)
    words = f"exchangeable observations; {permutations} random permutations (seed {seed})"
    return IndependenceTest(
        "Permutation test of χ²", statistic, None, (1 + reached) / (1 + permutations), effects,
        int(table.sum()), (words,), table, intervals,
    )  # fmt: skip


def _orders(seed: int, permutations: int, count: int) -> Iterator[Array]:
    """Random orders, number i of which depends on the seed and on i alone."""
    from trivium.engine import host_random

    root = host_random.key(seed)
    for i in range(permutations):
        yield host_random.permutation(host_random.fold_in(root, i), count)


def _distance(x: Any, y: Any, permutations: int, seed: int) -> IndependenceTest:
    """n·dCov² over permutations of y (Székely, Rizzo & Bakirov 2007)."""
    if y is None:
        raise ArgumentError('method="distance" needs two vectors of numbers, x and y')
    first, second = as_data(x, "values of x"), as_data(y, "values of y")
    if first.shape != second.shape or first.ndim != 1:
        raise ShapeError(
            f"x and y must be vectors of one length, not {first.shape}, {second.shape}"
        )
    n = len(first)
    if not 4 <= n <= LARGEST_DISTANCE:
        raise ArgumentError(
            f"the distance test takes from 4 to {LARGEST_DISTANCE} pairs (its cost grows with "
            f"n²), not {n}; draw a subsample"
        )
    a, b = _centred_distances(first), _centred_distances(second)
    own = math.sqrt(float((a * a).mean()) * float((b * b).mean()))
    if own == 0:
        raise DomainError("independence: one of x and y is constant; nothing to test")
    statistic = float((a * b).mean())
    reached = 0
    for order in _orders(seed, permutations, n):
        reached += float((a * b[np.ix_(order, order)]).mean()) >= statistic * (1 - 1e-12)
    words = f"exchangeable pairs; {permutations} random permutations (seed {seed})"
    return IndependenceTest(
        "Permutation test of the distance covariance", n * statistic, None,
        (1 + reached) / (1 + permutations),
        {"distance correlation": math.sqrt(max(statistic, 0.0) / own)}, n, (words,),
    )  # fmt: skip


def _centred_distances(x: Array) -> Array:
    if not float(x.max()) - float(x.min()) < 1e150:
        raise DomainError(
            "independence: distances above 1e150 are too large; divide the variable by a number"
        )
    distances = np.abs(x[:, None] - x[None, :])
    mean = distances.mean(axis=0)
    return distances - mean[:, None] - mean[None, :] + distances.mean()


def conditional_independence(
    x: ArrayLike, y: ArrayLike, given: Any, *, method: str = "auto", level: float = 0.95
) -> Any:
    """Test whether x and y are independent given a third variable.

    "stratified": labels; χ² and its degrees of freedom added over the strata. "cmh": the
    Cochran-Mantel-Haenszel test of 2×2 tables with the common odds ratio. "partial": numbers;
    the partial correlation, a Moment (``given``: (n,) or (n, k)). "auto": "partial" if x and y
    are floating, else "cmh" for two labels each, else "stratified". Raises DomainError when no
    stratum has both variables varying.
    """
    if method == "auto":
        floating = all(as_array(each, "variable").dtype.kind == "f" for each in (x, y))
        two = not floating and all(len(np.unique(_labels(each, "x"))) == 2 for each in (x, y))
        method = "partial" if floating else "cmh" if two else "stratified"
    if method == "partial":
        from .moments import partial_correlation

        return partial_correlation(x, y, given, level=level)
    if method not in ("stratified", "cmh"):
        from .naming import unknown_name

        known = ("auto", "cmh", "partial", "stratified")
        raise unknown_name("method of conditional independence", method, known)
    first, second, third = _labels(x, "x"), _labels(y, "y"), _labels(given, "given")
    if not len(first) == len(second) == len(third):
        raise ShapeError(
            f"x, y and given have {len(first)}, {len(second)} and {len(third)} labels; they come "
            "in triples"
        )
    return (_stratified if method == "stratified" else _cmh)(first, second, third)


def _stratified(x: Array, y: Array, given: Array) -> IndependenceTest:
    total, freedom, used, small, cells = 0.0, 0, 0, 0, 0
    values = np.unique(given)
    for value in values:
        chosen = given == value
        table = contingency(x[chosen], y[chosen])
        if min(table.shape) < 2:
            continue
        used += 1
        total += _chi_squared(table)
        freedom += (table.shape[0] - 1) * (table.shape[1] - 1)
        expected = _expected(table)
        small, cells = small + int((expected < 5).sum()), cells + expected.size
    if not used:
        raise DomainError("in no stratum do both x and y vary, so there is nothing to test")
    words = ["independent observations and expected counts of about 5 in every stratum"]
    if small:
        words.append(f"not met: {small} of {cells} expected counts are below 5")
    if used < len(values):
        words.append(f"{len(values) - used} strata in which x or y does not vary say nothing")
    return IndependenceTest(
        "Stratified χ² test", total, freedom, _upper_chi_squared(total, freedom),
        {"√(χ²/n)": math.sqrt(total / len(x))}, len(x), tuple(words),
    )  # fmt: skip


def _cmh(x: Array, y: Array, given: Array) -> IndependenceTest:
    """Mantel & Haenszel (1959), without continuity correction.

    The odds ratio's variance is that of Robins, Breslow & Greenland (1986), Biometrics 42, 311.
    """
    rows, columns = np.unique(x), np.unique(y)
    if len(rows) != 2 or len(columns) != 2:
        raise ArgumentError(
            f'method="cmh" is for two labels each; x has {len(rows)}, y {len(columns)}. Use '
            'method="stratified"'
        )
    gap = variance = top = bottom = 0.0
    parts = np.zeros(3)
    for value in np.unique(given):
        i, j = (x[given == value] == rows[1]), (y[given == value] == columns[1])
        a, b = float((~i & ~j).sum()), float((~i & j).sum())
        c, d = float((i & ~j).sum()), float((i & j).sum())
        n = a + b + c + d
        if n < 2:
            continue
        gap += a - (a + b) * (a + c) / n
        variance += (a + b) * (c + d) * (a + c) * (b + d) / (n * n * (n - 1))
        r, s, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
        top, bottom = top + r, bottom + s
        parts += [p * r, p * s + q * r, q * s]
    if variance == 0:
        raise DomainError("in no stratum do both x and y vary, so there is nothing to test")
    statistic = gap * gap / variance
    ratio = top / bottom if bottom > 0 else math.inf
    ends = (0.0, math.inf)
    if top > 0 and bottom > 0:
        error = math.sqrt(
            parts[0] / (2 * top**2) + parts[1] / (2 * top * bottom) + parts[2] / (2 * bottom**2)
        )
        reach = 1.959963984540054 * error
        ends = (ratio * math.exp(-reach), ratio * math.exp(reach))
    words = (
        "independent observations and one odds ratio in all strata: opposite dependences in "
        "different strata cancel, and are then not found"
    )
    return IndependenceTest(
        "Cochran-Mantel-Haenszel test", statistic, 1, _upper_chi_squared(statistic, 1),
        {"common odds ratio": ratio}, len(x), (words,), None, {"common odds ratio": ends},
    )  # fmt: skip
