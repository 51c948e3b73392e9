"""Floor 3: the three steps, model, objective and algorithm, and the data they meet."""

from __future__ import annotations

import importlib
from typing import Any


def __getattr__(name: str) -> Any:
    """A room of this floor, loaded when it is first used: ``tv.learning.generalization``."""
    module = f"{__name__}.{name}"
    if not name.startswith("_"):
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:  # something that the room itself imports
                raise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
