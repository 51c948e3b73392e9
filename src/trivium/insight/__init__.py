"""Floor 4: seeing what a fit does: derivations, pictures, diagnoses and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .derivation.derivation import Derivation
    from .derivation.deriving import derive
    from .drawing import Drawing, Flow, draw, flow
    from .nonfinite import AllFinite, first_nonfinite
else:
    from trivium.engine.lazy import lazy

    __getattr__, __dir__ = lazy(
        __name__,
        {
            "derivation.deriving": ["derive"],
            "derivation.derivation": ["Derivation"],
            "drawing": ["Drawing", "Flow", "draw", "flow"],
            "nonfinite": ["AllFinite", "first_nonfinite"],
        },
    )

__all__ = [
    "AllFinite",
    "Derivation",
    "Drawing",
    "Flow",
    "derive",
    "draw",
    "first_nonfinite",
    "flow",
]
