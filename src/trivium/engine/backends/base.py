"""What a backend is: something that makes a runnable step from a program's expressions.

Everything above this floor asks for a backend by name and never looks inside.
"""

from __future__ import annotations

import functools
import os
import time
import warnings
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
    "runs_here",
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

    def short(
        self, inputs: Sequence[Tensor]
    ) -> Callable[[Sequence[Any]], list[Array] | None] | None:
        """A quicker way of one step, if there is one.

        It returns None, having done nothing, for anything but plain arrays of the shapes and
        dtypes of ``inputs``.
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


#: What runs programs when nobody asks: a name, or "auto" for the best that runs here.
DEFAULT = "auto"
_BEST_FIRST = ("native", "reference")

_BACKENDS: dict[str, Callable[[], Backend]] = {}
_OBSTACLES: dict[str, Callable[[], str | None]] = {}


def register_backend(
    name: str, make: Callable[[], Backend], obstacle: Callable[[], str | None] | None = None
) -> None:
    """Announce a backend; ``make`` imports what it needs only when it is used.

    ``obstacle``: says why the backend cannot run on this machine, None if it can.
    """
    _BACKENDS[name] = make
    _OBSTACLES[name] = obstacle or (lambda: None)


def find_backend(name: str | None = None, little_work: bool = False) -> Backend:
    """The backend ``name``, else the one of TRIVIUM_BACKEND, else the default.

    "auto" is the native backend where it runs; elsewhere the reference backend, with a warning
    that says what is missing. With ``little_work``, which compiling would not pay for, it is the
    reference backend. Raises BackendError for an unknown name, and for a backend that
    was asked for by its name and cannot run here.
    """
    wanted = name or os.environ.get("TRIVIUM_BACKEND") or DEFAULT
    if wanted == "auto":
        return _BACKENDS[_BEST_FIRST[-1]]() if little_work else _best()
    if wanted not in _BACKENDS:
        raise BackendError(
            f"there is no backend {wanted!r}; there are: auto, {', '.join(sorted(_BACKENDS))}"
        )
    reason = _OBSTACLES[wanted]()
    if reason is not None:
        raise BackendError(
            f"the {wanted} backend cannot run here: {reason}. The reference backend "
            "(TRIVIUM_BACKEND=reference, or backend='reference') computes the same, more slowly"
        )
    return _BACKENDS[wanted]()


def runs_here(name: str) -> bool:
    """Whether there is a backend ``name`` that can run on this machine."""
    return name in _BACKENDS and _OBSTACLES[name]() is None


def _best() -> Backend:
    for name in _BEST_FIRST[:-1]:
        reason = _OBSTACLES[name]()
        if reason is None:
            return _BACKENDS[name]()
        _warn(name, reason)
    return _BACKENDS[_BEST_FIRST[-1]]()


@functools.cache  # once for a reason, not for every program
def _warn(name: str, reason: str) -> None:
    warnings.warn(
        f"the {name} backend cannot run here: {reason}. Programs run on the reference backend "
        "instead, with the same results, more slowly; TRIVIUM_BACKEND=reference says that this "
        "is meant",
        RuntimeWarning,
        stacklevel=5,
    )


def chosen_by(name: str | None, little_work: bool = False) -> str:
    """Why ``find_backend(name, little_work)`` takes the backend that it takes."""
    asked = name or os.environ.get("TRIVIUM_BACKEND")
    if little_work and (asked or DEFAULT) == "auto":
        return "too little work to compile for"
    if name:
        return "asked for by backend="
    return "TRIVIUM_BACKEND" if asked else "the default"


def _reference() -> Backend:
    from .reference.interpreter import ReferenceBackend

    return ReferenceBackend()


def _native() -> Backend:
    from .native.backend import NativeBackend

    return NativeBackend()


@functools.cache
def _native_obstacle() -> str | None:
    try:
        from .native import backend  # noqa: F401  (loads llvmlite and LLVM)
        from .native.target import obstacle
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        first = str(error).strip().partition("\n")[0] or type(error).__name__
        return (
            f"llvmlite, which makes machine code, cannot be loaded ({first}); "
            "`pip install --upgrade llvmlite` may help"
        )
    return obstacle()


register_backend("reference", _reference)
register_backend("native", _native, _native_obstacle)
