"""How a benchmark is run: how long, on how many threads, with which backend."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

__all__ = ["Settings", "cores"]

# What the libraries read, before they are imported, to know how many threads to use.
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TRIVIUM_THREADS",
)
# Caches of compiled code; each run of the benchmarks has empty ones of its own.
_CACHES = ("TRIVIUM_CACHE", "TORCHINDUCTOR_CACHE_DIR", "JAX_COMPILATION_CACHE_DIR")


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Settings:
    """``rounds``: samples of each contender. ``seconds``: the least length of a sample.

    ``settle``: seconds of silence before a sample, in which the spinning threads of the
    contender before go to sleep. ``runs``: the samples where each is a process of its own.
    ``scratch``: a folder for caches of compiled code. ``peers``: parts of the names of the
    peers that take part (none: all).
    """

    quick: bool = False
    threads: int = field(default_factory=cores)
    backend: str | None = None
    rounds: int = 15
    seconds: float = 0.2
    settle: float = 0.02
    runs: int = 7
    scratch: str = ""
    peers: tuple[str, ...] = ()

    def admits(self, name: str) -> bool:
        """Whether the contender of that name takes part; Trivium always does."""
        wanted = [part.lower() for part in ("Trivium", *self.peers)]
        return not self.peers or any(part in name.lower() for part in wanted)

    @classmethod
    def short(cls, **changes: object) -> Settings:
        """Settings that only show that everything works; their figures mean little."""
        quick = cls(quick=True, rounds=3, seconds=0.02, settle=0.005, runs=2)
        return replace(quick, **changes)  # type: ignore[arg-type]

    def environment(self) -> dict[str, str]:
        """The environment of a child process: equal threads for all, caches of its own."""
        found = {name: value for name, value in os.environ.items() if name not in _CACHES}
        found.update(dict.fromkeys(_THREADS, str(self.threads)))
        found["TORCHINDUCTOR_COMPILE_THREADS"] = "1"
        found["JAX_PLATFORMS"] = "cpu"
        # Installed packages come with their bytecode, so a checkout may keep its own as well.
        found.pop("PYTHONDONTWRITEBYTECODE", None)
        if self.backend is not None:
            found["TRIVIUM_BACKEND"] = self.backend
        if self.scratch:
            found["XDG_CACHE_HOME"] = str(Path(self.scratch, "cache"))
            found["TRIVIUM_CACHE"] = str(Path(self.scratch, "cache", "trivium"))
            found["TORCHINDUCTOR_CACHE_DIR"] = str(Path(self.scratch, "cache", "inductor"))
        return found

    def confine(self) -> None:
        """Leave this process as many cores as there are threads: JAX counts the cores."""
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: self.threads])

    def to_json(self) -> str:
        """The settings as text for a child process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """The settings that ``to_json`` wrote."""
        found = json.loads(text)
        return cls(**{**found, "peers": tuple(found["peers"])})
