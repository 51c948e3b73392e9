"""Contenders that take turns inside one process, and what their samples say.

A B C A B C …: whatever slows the machine for a while slows all contenders alike, and ratios are
taken within a round, so that they are unmoved by it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from .settings import Settings

__all__ = ["Contender", "Samples", "Unavailable", "alternate", "paired_ratio", "quartiles"]


class Unavailable(Exception):
    """A contender that cannot take part on this machine, with the reason."""


class Contender(Protocol):
    """Something that performs steps of work that all contenders perform alike."""

    name: str

    def prepare(self) -> None:
        """Import, build and compile. Raises Unavailable where that is impossible."""

    def reset(self) -> None:
        """Go back to the start, so that every sample does the same work."""

    def run(self, chunks: int) -> Any:
        """Do the work ``chunks`` times; it is done when this returns."""


@dataclass
class Samples:
    """The times of one contender. ``each``: seconds per chunk, one entry for each round.

    ``compiling``: seconds until the first chunk was done, in seconds, imports not counted.
    """

    name: str
    each: list[float] = field(default_factory=list)
    chunks: int = 1
    compiling: float = 0.0
    unavailable: str | None = None

    @property
    def median(self) -> float:
        """The median, in seconds per chunk."""
        return float(np.median(self.each))

    def to_dict(self, steps_per_chunk: float = 1) -> dict[str, Any]:
        """As JSON, in seconds per step."""
        if self.unavailable is not None:
            return {"unavailable": self.unavailable}
        each = [value / steps_per_chunk for value in self.each]
        low, middle, high = quartiles(each)
        return {
            "seconds": middle,
            "quartiles": [low, high],
            "samples": each,
            "steps_per_sample": self.chunks * steps_per_chunk,
            "compile_seconds": self.compiling,
        }


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """The lower quartile, the median and the upper quartile."""
    low, middle, high = np.quantile(np.asarray(values, np.float64), [0.25, 0.5, 0.75])
    return float(low), float(middle), float(high)


def paired_ratio(peer: Sequence[float], own: Sequence[float]) -> tuple[float, float, float]:
    """Quartiles of how many times faster ``own`` is: peer / own, round by round."""
    return quartiles([theirs / ours for theirs, ours in zip(peer, own, strict=True)])


def alternate(
    contenders: Sequence[Contender],
    settings: Settings,
    *,
    samples: Mapping[str, Samples] | None = None,
    clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Samples]:
    """Time contenders that are prepared already, in turns.

    Before every sample the contender before is given time to fall silent, and the one that is
    measured runs once to have its data in the caches again; neither is timed.
    """
    found = {each.name: Samples(each.name) for each in contenders}
    found.update(samples or {})
    for each in contenders:
        found[each.name].chunks = _enough(each, settings, clock)
    for _ in range(settings.rounds):
        for each in contenders:
            own = found[each.name]
            sleep(settings.settle)
            each.reset()
            each.run(1)
            each.reset()
            start = clock()
            each.run(own.chunks)
            own.each.append((clock() - start) / own.chunks)
    return found


def _enough(contender: Contender, settings: Settings, clock: Callable[[], float]) -> int:
    """How many chunks make a sample long enough."""
    chunks = 1
    while True:
        contender.reset()
        start = clock()
        contender.run(chunks)
        took = clock() - start
        if took >= settings.seconds:
            return chunks
        # Aim a little beyond what is needed, but do not trust very short times too far.
        factor = 1.2 * settings.seconds / max(took, 1e-9)
        chunks = max(chunks + 1, int(chunks * min(factor, 100)))
