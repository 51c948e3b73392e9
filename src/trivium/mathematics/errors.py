"""Errors of the mathematics floor.

The engine's factorizations raise them too, so they are defined with the engine's errors.
"""

from __future__ import annotations

from ..engine.errors import ConvergenceError, DomainError, SingularError

__all__ = ["ConvergenceError", "DomainError", "SingularError"]
