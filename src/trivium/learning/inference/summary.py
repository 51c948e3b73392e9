"""What ``fit.summary()`` returns: plain data that print as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import RequestError
from ..registry import near

__all__ = ["Coefficient", "Summary", "aligned", "number", "p_value", "table_rows"]

Array = np.ndarray[Any, Any]
_WIDEST = 32


@dataclass(frozen=True)
class Coefficient:
    """One estimated parameter in the user's units.

    ``statistic``: estimate/standard error; ``p_value``: of the hypothesis that the parameter is
    0, two-sided. ``lower``, ``upper``: the interval. What does not exist is None (see the
    summary's notes). ``equation``: which outcome it belongs to where there are several.
    """

    name: str
    estimate: float
    standard_error: float | None
    statistic: float | None
    p_value: float | None
    lower: float | None
    upper: float | None
    equation: str = ""


@dataclass(frozen=True, eq=False)
class Summary:
    """The inference of a linear or generalised linear model, and how far it can be trusted.

    ``coefficients``: in the user's units, the intercept first. ``covariance``: of the
    estimates, in their order, or None. ``dropped``: columns that others determine → the
    relation. ``dispersion``: φ (σ² for the normal family), ``dispersion_from``: where it comes
    from. ``deviance``, ``null_deviance`` (of the model without features), ``pearson``: X².
    ``log_likelihood``: at the maximum over φ where φ is free; ``aic``, ``bic`` count φ then.
    ``parameters``: how many were estimated, φ included (effective ones with a penalty).
    ``r_squared`` …, ``f_statistic``: normal family only; elsewhere ``likelihood_ratio`` against
    the model without features. ``condition``: of the weighted design with columns of length 1;
    ``digits_lost`` = log₁₀ of it. ``gradient_norm``: of the mean loss. ``distance``: how far
    the estimates are from the maximum, at most, in standard errors. ``notes``: sentences.
    """

    title: str
    family: str
    link: str
    coefficients: tuple[Coefficient, ...]
    covariance: Array | None
    covariance_from: str
    intervals: str
    level: float
    statistic: str
    n: int
    df_model: float
    df_residual: float
    parameters: float
    dispersion: float | None
    dispersion_from: str
    deviance: float
    null_deviance: float | None
    pearson: float
    log_likelihood: float | None
    null_log_likelihood: float | None
    aic: float | None
    bic: float | None
    r_squared: float | None
    adjusted_r_squared: float | None
    f_statistic: float | None
    f_p_value: float | None
    likelihood_ratio: float | None
    likelihood_ratio_p_value: float | None
    condition: float
    digits_lost: float
    gradient_norm: float
    distance: float | None
    dropped: dict[str, str]
    notes: tuple[str, ...]

    def __getitem__(self, name: str | tuple[str, str]) -> Coefficient:
        """The coefficient called ``name``, or (equation, name) where there are several."""
        equation, wanted = name if isinstance(name, tuple) else (None, name)
        found = [
            each
            for each in self.coefficients
            if each.name == wanted and equation in (None, each.equation)
        ]
        if len(found) == 1:
            return found[0]
        if found:
            shown = ", ".join(repr((each.equation, each.name)) for each in found[:3])
            raise RequestError(f"{wanted!r} is in several equations: use one of {shown}, …")
        if wanted in self.dropped:
            raise RequestError(f"{wanted!r} has no coefficient: {self.dropped[wanted]}")
        names = list(dict.fromkeys(each.name for each in self.coefficients))
        raise RequestError(f"there is no coefficient {wanted!r}.{near(str(wanted), names)}")

    def __iter__(self) -> Iterator[Coefficient]:
        return iter(self.coefficients)

    @property
    def estimates(self) -> Array:
        """The estimates as an array, in the order of ``coefficients``."""
        return np.array([each.estimate for each in self.coefficients])

    @property
    def standard_errors(self) -> Array:
        """The standard errors as an array. Raises RequestError where there are none."""
        if self.covariance is None:
            raise RequestError(
                "there are no standard errors: " + (self.notes[0] if self.notes else "")
            )
        return np.array([each.standard_error for each in self.coefficients], float)

    def __str__(self) -> str:
        lines = [self.title, *self._facts(), ""]
        equation = None
        for i, line in enumerate(aligned(table_rows(self, self.level, self.statistic))):
            if i and self.coefficients[i - 1].equation != equation:
                equation = self.coefficients[i - 1].equation
                lines.append(equation)
            lines.append(line)
        if self.dropped:
            lines.append("")
            lines += [f"  {name}: not estimated; {why}" for name, why in self.dropped.items()]
        lines += ["", *self.trust(), *(f"note: {note}" for note in self.notes)]
        return "\n".join(lines)

    __repr__ = __str__

    def __rich__(self) -> Any:
        """The same as a rich table."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        heads, *rows = table_rows(self, self.level, self.statistic)
        table = Table(box=None, pad_edge=False)
        table.add_column(heads[0])
        for head in heads[1:]:
            table.add_column(head, justify="right")
        equation = ""
        for row, each in zip(rows, self.coefficients, strict=True):
            if each.equation != equation:
                equation = each.equation
                table.add_row(Text(equation, style="bold"))
            table.add_row(*map(Text, row))
        dropped = [Text(f"{name}: not estimated; {why}") for name, why in self.dropped.items()]
        return Group(
            Text(self.title, style="bold"),
            *map(Text, self._facts()),
            table,
            *dropped,
            *map(Text, self.trust()),
            *(Text(f"note: {note}") for note in self.notes),
        )

    def _facts(self) -> list[str]:
        facts = [f"n = {self.n:,}, residual degrees of freedom {self.df_residual:.6g}"]
        if self.dispersion_from != "fixed by the family":
            shown = "not estimable" if self.dispersion is None else f"{self.dispersion:.6g}"
            facts.append(f"dispersion φ = {shown} ({self.dispersion_from})")
        deviance = f"deviance {self.deviance:.6g}"
        if self.null_deviance is not None:
            deviance += f" (without features {self.null_deviance:.6g})"
        facts.append(f"{deviance}, Pearson χ² {self.pearson:.6g}")
        if self.log_likelihood is not None and self.aic is not None and self.bic is not None:
            facts.append(
                f"log-likelihood {self.log_likelihood:.6g}, AIC {self.aic:.6g}, BIC "
                f"{self.bic:.6g}"
            )
        if self.r_squared is not None:
            line = f"R² {self.r_squared:.6g}"
            if self.adjusted_r_squared is not None:
                line += f", adjusted {self.adjusted_r_squared:.6g}"
            if self.f_statistic is not None:
                line += f", F {self.f_statistic:.6g} (p {p_value(self.f_p_value)})"
            facts.append(line)
        elif self.likelihood_ratio is not None:
            facts.append(
                f"likelihood ratio against no features {self.likelihood_ratio:.6g} (p "
                f"{p_value(self.likelihood_ratio_p_value)})"
            )
        return facts

    def trust(self) -> list[str]:
        """How far the numbers can be trusted, in lines."""
        lines = [f"standard errors: {self.covariance_from}; intervals: {self.intervals}"]
        lines.append(
            f"condition number {self.condition:.2g}: about {self.digits_lost:.0f} of 16 digits "
            f"are lost; gradient norm {self.gradient_norm:.2g}"
        )
        if self.distance is not None:
            lines[-1] += f", at most {self.distance:.1g} standard errors from the maximum"
        return lines


def table_rows(
    coefficients: Iterable[Coefficient], level: float, statistic: str
) -> list[list[str]]:
    """The heads and a row of text for each coefficient."""
    percent = f"{100 * level:g} %"
    rows = [["", "estimate", "std. error", statistic, "p", f"{percent} from", "to"]]
    for each in coefficients:
        name = each.name if len(each.name) <= _WIDEST else each.name[: _WIDEST - 1] + "…"
        rows.append(
            [
                name,
                number(each.estimate),
                number(each.standard_error),
                _ratio(each.statistic),
                "-" if each.p_value is None else p_value(each.p_value),
                number(each.lower),
                number(each.upper),
            ]
        )
    return rows


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        lines.append("  " + "  ".join(cells).rstrip())
    return lines


def number(value: float | None) -> str:
    """Six digits, or a dash for what does not exist."""
    return "-" if value is None else f"{value:.6g}"


def _ratio(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if abs(value) < 1e5 else f"{value:.3g}"


def p_value(value: float | None) -> str:
    """A probability in three digits."""
    if value is None:
        return "-"
    return "< 1e-16" if value < 1e-16 else f"{value:.3g}"
