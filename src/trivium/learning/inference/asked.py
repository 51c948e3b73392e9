"""What is asked of a summary, checked before any work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import RequestError
from ..options import fraction
from .information import ROBUST

__all__ = ["Asked"]


@dataclass(frozen=True)
class Asked:
    """The options of ``Fit.summary``."""

    level: float
    intervals: str
    covariance: str | None
    robust: str | None
    dispersion: str | float | None

    def check(self) -> None:
        """Raise RequestError for what is no option."""
        if not fraction("summary", "level", self.level) > 0:
            raise RequestError(f"summary: level must be between 0 and 1, got {self.level!r}")
        _one_of("intervals", self.intervals, ("wald", "profile"))
        _one_of("covariance", self.covariance, (None, "expected", "observed"))
        _one_of("robust", self.robust, (None, *ROBUST))
        if self.robust is not None and self.intervals == "profile":
            raise RequestError(
                "summary: a profile interval trusts the variances of the family and robust= does "
                "not; ask for one of them"
            )
        if isinstance(self.dispersion, str) or self.dispersion is None:
            _one_of("dispersion", self.dispersion, (None, "pearson", "deviance"))
        elif isinstance(self.dispersion, bool) or not self.dispersion > 0:
            raise RequestError(f"summary: dispersion must be positive, got {self.dispersion!r}")


def _one_of(name: str, given: Any, choices: tuple[Any, ...]) -> None:
    if given not in choices:
        raise RequestError(
            f"summary: {name} must be one of {', '.join(map(repr, choices))}, not {given!r}"
        )
