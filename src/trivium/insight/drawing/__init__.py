"""The picture of an expression: values going forward, gradients coming back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trivium.engine.lazy import lazy

__all__ = ["Drawing", "draw"]

if TYPE_CHECKING:
    from .draw import draw
    from .result import Drawing
else:
    __getattr__, __dir__ = lazy(__name__, {"draw": ["draw"], "result": ["Drawing"]})
