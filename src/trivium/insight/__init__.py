"""Floor 4: seeing what a fit does: derivations, pictures, diagnoses and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .derivation.derivation import Derivation
    from .derivation.deriving import derive
    from .drawing import Drawing, draw
else:
    from trivium.engine.lazy import lazy

    __getattr__, __dir__ = lazy(
        __name__,
        {
            "derivation.deriving": ["derive"],
            "derivation.derivation": ["Derivation"],
            "drawing": ["Drawing", "draw"],
        },
    )

__all__ = ["Derivation", "Drawing", "derive", "draw"]
