"""What is asked of a summary, checked before any work."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

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
        elif not _positive(self.dispersion):
            raise RequestError(
                f"summary: dispersion must be a positive number, got {self.dispersion!r}"
            )


def _positive(given: Any) -> bool:
    number = isinstance(given, float | int | np.floating | np.integer)
    return number and not isinstance(given, bool) and 0 < given < math.inf


def _one_of(name: str, given: Any, choices: tuple[Any, ...]) -> None:
    if not (given is None or isinstance(given, str)) or given not in choices:
        raise RequestError(
            f"summary: {name} must be one of {', '.join(map(repr, choices))}, not {given!r}"
        )
