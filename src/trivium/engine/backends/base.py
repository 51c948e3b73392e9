"""What a backend is: something that makes a runnable step from a program's expressions.

Everything above this floor asks for a backend by name and never looks inside.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from ..errors import BackendError
from ..tensor import Tensor, Variable

__all__ = ["Backend", "Executable", "find_backend", "register_backend"]

Array = np.ndarray[Any, Any]


class Executable(Protocol):
    """A compiled program: inputs in, outputs out, variables updated in place."""

    def run(self, inputs: Sequence[Array], steps: int) -> list[Array]:
        """Perform ``steps`` steps; return each output stacked over the steps.

        All updates of a step use the variables' values from before the step.
        """


class Backend(Protocol):
    """A way to run programs."""

    name: str

    def compile(
        self,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        updates: Mapping[Variable, Tensor],
    ) -> Executable:
        """Make the program runnable. The graph has been through the pipeline already."""


_BACKENDS: dict[str, Callable[[], Backend]] = {}


def register_backend(name: str, make: Callable[[], Backend]) -> None:
    """Announce a backend; ``make`` imports what it needs only when it is used."""
    _BACKENDS[name] = make


def find_backend(name: str | None = None) -> Backend:
    """The backend ``name``, else the one of TRIVIUM_BACKEND, else the best there is.

    Raises BackendError for an unknown name.
    """
    wanted = name or os.environ.get("TRIVIUM_BACKEND") or "reference"
    if wanted not in _BACKENDS:
        raise BackendError(
            f"there is no backend {wanted!r}; there are: {', '.join(sorted(_BACKENDS))}"
        )
    return _BACKENDS[wanted]()


def _reference() -> Backend:
    from .reference.interpreter import ReferenceBackend

    return ReferenceBackend()


def _native() -> Backend:
    from .native.backend import NativeBackend

    return NativeBackend()


register_backend("reference", _reference)
register_backend("native", _native)
