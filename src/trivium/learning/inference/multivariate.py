"""Linear regression of several responses on one design: each by itself, and all together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import RequestError
from ..registry import near
from .setting import Setting
from .summary import Coefficient, Summary, aligned, number, p_value, table_rows

__all__ = ["MultivariateSummary", "MultivariateTest", "together"]

Array = np.ndarray[Any, Any]
_EPS = float(np.finfo(np.float64).eps)
_MOST = 12  # responses whose residual correlations are printed


@dataclass(frozen=True)
class MultivariateTest:
    """That some columns have no effect on any response: Wilks' Λ = |E|/|E + H|, and Rao's F.

    ``name``: the column, or "all features". ``df``: of F, numerator and denominator; exact for
    one column, for one or two responses, and for up to two columns. Source: Rao (1973), *Linear
    Statistical Inference*, 2nd ed., §8c.5.
    """

    name: str
    wilks: float
    f_statistic: float
    df: tuple[float, float]
    p_value: float


@dataclass(frozen=True, eq=False)
class MultivariateSummary:
    """The inference of a linear model with several responses, Y = XB + E.

    ``summaries``: of each response by itself, which is what estimates, standard errors and
    intervals are, as all have the same X; ``summary["y[1]"]`` is the one of that response and
    ``summary["y[1]", "age"]`` a coefficient. ``residual_covariance`` Σ̂ (k, k), over the
    residual degrees of freedom (None where there are none), and ``residual_correlation``: how
    the responses vary together where X is the same. ``covariance``: Σ̂ ⊗ (XᵀX)⁻¹ of all
    estimates, response after response; None with robust errors or a penalty, and then there are
    no ``tests``. ``log_likelihood``, ``aic``, ``bic``: of all responses together, Σ estimated.
    ``tests``: all features, then each column, on all responses at once; none either where the
    residuals of the responses depend on each other. ``notes``: sentences.

    Source: Mardia, Kent & Bibby (1979), *Multivariate Analysis*, chapter 6.
    """

    title: str
    responses: tuple[str, ...]
    summaries: tuple[Summary, ...]
    n: int
    df_model: float
    df_residual: float
    parameters: float
    residual_covariance: Array | None
    residual_correlation: Array
    covariance: Array | None
    log_likelihood: float | None
    aic: float | None
    bic: float | None
    tests: tuple[MultivariateTest, ...]
    notes: tuple[str, ...]

    def __getitem__(self, name: str | tuple[str, str]) -> Summary | Coefficient:
        """The summary of a response, or the coefficient (response, column)."""
        response, column = name if isinstance(name, tuple) else (name, None)
        if response not in self.responses:
            raise RequestError(
                f"there is no response {response!r}.{near(str(response), self.responses)}"
            )
        summary = self.summaries[self.responses.index(response)]
        return summary if column is None else summary[column]

    def __iter__(self) -> Iterator[Coefficient]:
        """All coefficients, response after response; their ``equation`` is the response."""
        for each in self.summaries:
            yield from each

    @property
    def estimates(self) -> Array:
        """The estimates (k, p): a row for each response."""
        return np.stack([each.estimates for each in self.summaries])

    @property
    def standard_errors(self) -> Array:
        """The standard errors (k, p). Raises RequestError where there are none."""
        return np.stack([each.standard_errors for each in self.summaries])

    def __str__(self) -> str:
        rows = [table_rows(each, each.level, each.statistic) for each in self.summaries]
        lines = aligned([rows[0][0], *(row for table in rows for row in table[1:])])
        text = [self.title, *self._facts(), "", lines[0]]
        place = 1
        for response, summary, table in zip(self.responses, self.summaries, rows, strict=True):
            text.append(f"{response}: {_fit(summary)}")
            text += lines[place : place + len(table) - 1]
            place += len(table) - 1
        first = self.summaries[0]
        if first.dropped:
            text.append("")
            text += [f"  {name}: not estimated; {why}" for name, why in first.dropped.items()]
        text += ["", *self._correlations(), *self._tests(), *first.trust()]
        return "\n".join([*text, *(f"note: {note}" for note in self.notes)])

    __repr__ = __str__

    def _facts(self) -> list[str]:
        facts = [f"n = {self.n:,}, residual degrees of freedom {self.df_residual:.6g}"]
        if self.log_likelihood is not None and self.aic is not None and self.bic is not None:
            facts.append(
                f"log-likelihood of all responses {self.log_likelihood:.6g}, AIC "
                f"{self.aic:.6g}, BIC {self.bic:.6g}"
            )
        return facts

    def _correlations(self) -> list[str]:
        if len(self.responses) > _MOST:
            return ["correlations of the residuals: see .residual_correlation", ""]
        rows = [["", *self.responses]]
        for i, name in enumerate(self.responses):
            shown = [f"{value:.3f}" for value in self.residual_correlation[i, : i + 1]]
            rows.append([name, *shown, *[""] * (len(self.responses) - i - 1)])
        return ["correlations of the residuals", *aligned(rows), ""]

    def _tests(self) -> list[str]:
        if not self.tests:
            return []
        rows = [["", "Wilks' Λ", "F", "on", "p"]]
        rows += [
            [each.name, number(each.wilks), number(each.f_statistic),
             f"{each.df[0]:.4g}, {each.df[1]:.4g}", p_value(each.p_value)]
            for each in self.tests
        ]  # fmt: skip
        return ["no effect on any response", *aligned(rows), ""]


def _fit(summary: Summary) -> str:
    """The goodness of one response in a line."""
    parts = []
    if summary.dispersion is not None:
        parts.append(f"residual standard deviation {np.sqrt(summary.dispersion):.6g}")
    if summary.r_squared is not None:
        parts.append(f"R² {summary.r_squared:.6g}")
    if summary.f_statistic is not None:
        parts.append(f"F {summary.f_statistic:.6g} (p {p_value(summary.f_p_value)})")
    return ", ".join(parts)


def together(
    settings: Sequence[Setting], summaries: Sequence[Summary], objective: Any
) -> MultivariateSummary:
    """The summary of all responses from those of each, which share design and weights."""
    names = tuple(each.equations[0] for each in settings)
    first, k = summaries[0], len(settings)
    weight = settings[0].response.weight
    root = np.sqrt(weight)[:, None]
    residuals = root * np.stack([_residuals(each) for each in settings], axis=1)
    lengths = np.linalg.norm(residuals, axis=0)
    unit = residuals / np.where(lengths > 0, lengths, 1.0)
    correlation = unit.T @ unit
    np.fill_diagonal(correlation, 1.0)
    df = first.df_residual
    notes = _notes(names, summaries)
    free = _log_determinant(unit)
    exact = [name for name, each in zip(names, summaries) if each.log_likelihood is None]
    if free is None and not exact:
        notes.append(
            "the residuals of the responses depend on each other: the responses have no joint "
            "likelihood with a density, and no test of all of them at once"
        )
    log_likelihood = None
    parameters = (first.parameters - 1) * k + k * (k + 1) / 2
    total = float(weight.sum())
    if free is not None and not exact:
        scale = free + 2 * float(np.log(lengths).sum()) - k * np.log(total)
        log_likelihood = -0.5 * total * (k * np.log(2 * np.pi) + scale + k)
    spread = np.sqrt([each.dispersion or np.nan for each in summaries])
    covariance = None
    if first.covariance_from.startswith("inverse") and np.isfinite(spread).all():
        assert first.covariance is not None
        shared = first.covariance / spread[0] ** 2
        covariance = np.kron(correlation * np.outer(spread, spread), shared)
    tests: tuple[MultivariateTest, ...] = ()
    if covariance is not None and free is not None and not exact and df >= k:
        tests = _tests(settings, summaries, residuals, root)
    return MultivariateSummary(
        title=f"Multivariate linear regression, {k} responses: {objective!r}",
        responses=names,
        summaries=tuple(summaries),
        n=first.n,
        df_model=first.df_model,
        df_residual=df,
        parameters=parameters,
        residual_covariance=(correlation * np.outer(lengths, lengths) / df if df > 0 else None),
        residual_correlation=correlation,
        covariance=covariance,
        log_likelihood=log_likelihood,
        aic=None if log_likelihood is None else 2 * parameters - 2 * log_likelihood,
        bic=(
            None
            if log_likelihood is None
            else parameters * np.log(first.n) - 2 * log_likelihood
        ),
        tests=tests,
        notes=tuple(notes),
    )


def _residuals(setting: Setting) -> Array:
    rows, theta = setting.design.rows, setting.theta
    return np.asarray(setting.response.y - (rows @ theta)[:, 0] - setting.offset)


def _notes(names: Sequence[str], summaries: Sequence[Summary]) -> list[str]:
    """What all responses say once, the rest with the response's name."""
    found: dict[str, list[str]] = {}
    for name, summary in zip(names, summaries, strict=True):
        for note in summary.notes:
            found.setdefault(note, []).append(name)
    return [
        note if len(where) == len(names) else f"{', '.join(where)}: {note}"
        for note, where in found.items()
    ]


def _log_determinant(columns: Array) -> float | None:
    """ln |CᵀC| for columns of length 1 (or 0); None where it is 0 to rounding."""
    n, k = columns.shape
    if n < k:
        return None
    diagonal = np.abs(np.diag(np.linalg.qr(columns, mode="r")))
    if diagonal.min(initial=1.0) <= 100 * max(n, k) * _EPS:
        return None
    return 2 * float(np.log(diagonal).sum())


def _tests(
    settings: Sequence[Setting], summaries: Sequence[Summary], residuals: Array, root: Array
) -> tuple[MultivariateTest, ...]:
    """Wilks' Λ of all features, and of each column: 1/(1 + bᵀE⁻¹b/a), a of (XᵀX)⁻¹."""
    first, k = summaries[0], len(summaries)
    df = first.df_residual
    found = []
    if first.df_model > 0:
        y = np.stack([each.response.y for each in settings], axis=1)
        bias = settings[0].design.bias
        centre = np.average(y, axis=0, weights=root[:, 0] ** 2) if bias else np.zeros(k)
        offsets = [0.0 if bias else each.offset for each in settings]
        null = root * (y - centre - offsets)
        lengths = np.linalg.norm(null, axis=0)
        lengths = np.where(lengths > 0, lengths, 1.0)
        whole, part = _log_determinant(null / lengths), _log_determinant(residuals / lengths)
        if whole is not None:
            # A fit that leaves next to nothing: Λ is 0 to rounding.
            ratio = 0.0 if part is None else float(np.exp(part - whole))
            found.append(_wilks("all features", ratio, k, round(first.df_model), df))
    assert first.covariance is not None and first.dispersion is not None
    triangle = np.asarray(np.linalg.qr(residuals, mode="r"))
    for j, each in enumerate(first.coefficients):
        if not each.standard_error:
            continue
        effect = np.array([summary.coefficients[j].estimate for summary in summaries])
        half = np.linalg.solve(triangle.T, effect)
        share = float(first.covariance[j, j]) / first.dispersion
        found.append(_wilks(each.name, 1 / (1 + float(half @ half) / share), k, 1, df))
    return tuple(found)


def _wilks(name: str, ratio: float, p: int, q: int, v: float) -> MultivariateTest:
    """Rao's F for Λ of p responses, q columns and v residual degrees of freedom."""
    from scipy import stats

    ratio = min(max(ratio, 0.0), 1.0)
    squares = p * p + q * q - 5
    t = np.sqrt((p * p * q * q - 4) / squares) if squares > 0 else 1.0
    first = p * q
    second = (v - (p - q + 1) / 2) * t - (p * q - 2) / 2
    root = ratio ** (1 / t)
    f = (1 - root) / root * second / first if root > 0 else np.inf
    return MultivariateTest(
        name,
        ratio,
        float(f),
        (float(first), float(second)),
        float(stats.f.sf(f, first, second)),
    )
