"""Calculus: integrals, definite and indefinite; derivatives are ``tv.grad`` and its relatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trivium.engine.lazy import lazy

__all__ = ["Antiderivative", "Integral", "antiderivative", "integral"]

if TYPE_CHECKING:
    from .antiderivatives import Antiderivative, antiderivative
    from .quadrature import Integral, integral
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "antiderivatives": ["Antiderivative", "antiderivative"],
            "quadrature": ["Integral", "integral"],
        },
    )
