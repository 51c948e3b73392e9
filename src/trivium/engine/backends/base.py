"""What a backend is: something that makes a runnable step from a program's expressions.

Everything above this floor asks for a backend by name and never looks inside.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..errors import BackendError
from ..tensor import Tensor, Variable

if TYPE_CHECKING:
    from ..explanation.records import Measure, Parts

__all__ = [
    "Backend",
    "Compilation",
    "Executable",
    "chosen_by",
    "find_backend",
    "register_backend",
]

Array = np.ndarray[Any, Any]


@dataclass
class Compilation:
    """What making a program took: seconds by stage, and the code that came out of it.

    ``cached``: whether the code came from the cache on disk; None without machine code.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    cached: bool | None = None
    code_bytes: int = 0
    since: float = field(default_factory=time.perf_counter)

    def end(self, stage: str) -> None:
        """The time since the last stage ended belongs to ``stage``."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self.since
        self.since = now


class Executable(Protocol):
    """A compiled program: inputs in, outputs out, variables updated in place."""

    compilation: Compilation

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

    def explain(
        self,
        executable: Any,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        updates: Mapping[Variable, Tensor],
        measure: Measure | None,
    ) -> Parts:
        """What the executable does, which this backend made of this graph.

        ``measure``: say too how long everything should take and, if it asks for steps, how long
        it takes on copies of the variables; without it no clock is asked.
        """


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


def chosen_by(name: str | None) -> str:
    """Why ``find_backend(name)`` takes the backend that it takes."""
    if name:
        return "asked for by backend="
    return "TRIVIUM_BACKEND" if os.environ.get("TRIVIUM_BACKEND") else "the default"


def _reference() -> Backend:
    from .reference.interpreter import ReferenceBackend

    return ReferenceBackend()


def _native() -> Backend:
    from .native.backend import NativeBackend

    return NativeBackend()


register_backend("reference", _reference)
register_backend("native", _native)
