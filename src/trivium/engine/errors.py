"""Errors of the engine; what Trivium raises on purpose inherits ``TriviumError``."""

from __future__ import annotations

__all__ = [
    "ArgumentError",
    "BackendError",
    "ConvergenceError",
    "DTypeError",
    "DomainError",
    "IndexRangeError",
    "MissingPackageError",
    "NotDifferentiableError",
    "ShapeError",
    "SingularError",
    "TriviumError",
    "UnboundInputError",
    "VerificationError",
]


class TriviumError(Exception):
    """Base of all errors whose message alone says what is wrong and what to do."""


class ArgumentError(TriviumError, ValueError):
    """An argument has a value for which the operation has no meaning."""


class ShapeError(TriviumError, ValueError):
    """The shapes of the operands do not fit the operation."""


class DTypeError(TriviumError, TypeError):
    """The dtypes of the operands do not fit the operation."""


class IndexRangeError(TriviumError, IndexError):
    """An index lies outside the axis that it indexes."""


class NotDifferentiableError(TriviumError, TypeError):
    """A derivative was asked for where the mathematics has none."""


class UnboundInputError(TriviumError, ValueError):
    """A value was asked of an expression that still contains unbound inputs."""


class VerificationError(TriviumError):
    """A graph breaks an invariant of the engine: a defect in a primitive or a pass."""


class BackendError(TriviumError, RuntimeError):
    """A backend is unknown or cannot run the program on this machine."""


class SingularError(TriviumError, ValueError):
    """A matrix has no inverse, or none that the working precision could tell from others."""


class DomainError(TriviumError, ValueError):
    """An argument lies outside the set on which the function is defined."""


class MissingPackageError(TriviumError, ImportError):
    """What was asked needs a package that is not installed."""


class ConvergenceError(TriviumError, ArithmeticError):
    """An iteration ended without a result that deserves the name."""
