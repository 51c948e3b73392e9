"""The first bad number: which node made the first NaN or infinity that reaches a result, and why.

``spreading``: which values a value depends on; ``finding``: the first node; ``formula``: how it is
written; ``zeros``, ``causes``: the mathematics of why; ``record``: what is told.
"""

from typing import TYPE_CHECKING

from ..lazy import lazy

__all__ = [
    "BadValue",
    "Found",
    "Names",
    "Operand",
    "Run",
    "describe",
    "first_bad_value",
    "influence",
    "locate",
    "number",
]

if TYPE_CHECKING:
    from .describing import describe, first_bad_value, locate
    from .finding import Found, Run
    from .formula import Names, number
    from .influence import influence
    from .record import BadValue, Operand
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "describing": ["describe", "first_bad_value", "locate"],
            "finding": ["Found", "Run"],
            "formula": ["Names", "number"],
            "influence": ["influence"],
            "record": ["BadValue", "Operand"],
        },
    )
