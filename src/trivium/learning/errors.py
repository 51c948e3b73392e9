"""Errors of the learning floor."""

from __future__ import annotations

from trivium.engine.errors import TriviumError

__all__ = ["DataError", "NonFiniteError", "RequestError", "RunError"]


class DataError(TriviumError, ValueError):
    """The data cannot be used as given; the message names file, row and column."""


class RequestError(TriviumError, ValueError):
    """A combination of model, objective, algorithm and options has no meaning."""


class RunError(TriviumError, OSError):
    """A run on disk cannot be written or read; the last good state stays intact."""


class NonFiniteError(TriviumError, ArithmeticError):
    """A value became NaN or infinite where a finite one is needed."""
