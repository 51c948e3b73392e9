"""Pictures: the graph of an expression, and how far values and gradients reach in a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trivium.engine.lazy import lazy

__all__ = ["Drawing", "Flow", "draw", "flow"]

if TYPE_CHECKING:
    from .draw import draw
    from .flow import Flow, flow
    from .result import Drawing
else:
    __getattr__, __dir__ = lazy(
        __name__, {"draw": ["draw"], "flow": ["Flow", "flow"], "result": ["Drawing"]}
    )
