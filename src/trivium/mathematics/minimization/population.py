"""What searches without derivatives share: chance by counter, and the best point seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from trivium.engine.dtypes import int64
from trivium.engine.errors import ArgumentError
from trivium.engine.host_random import key
from trivium.engine.primitives.random import draw

from .function import Function
from .quasi_newton_bounds import Bounds
from .result import Minimum, Reason
from .search import Iteration, as_function, largest

__all__ = ["Chance", "Seen"]

Array = np.ndarray[Any, Any]
_BUFFER = 4096
#: About how many evaluations such a search takes: whether machine code pays is judged by it.
LIKELY = 5000


class Chance:
    """A stream of random numbers that is a pure function of ``seed`` (Philox by counter).

    Raises ArgumentError for a seed that does not fit 64 bits, DTypeError for no whole number.
    """

    def __init__(self, seed: int) -> None:
        self._key = key(seed)
        self._block = 0
        self._held: Array = np.zeros(0)

    def uniform(self, *shape: int) -> Array:
        """Numbers in [0, 1), multiples of 2⁻⁵³, of the given shape."""
        count = math.prod(shape)
        while len(self._held) < count:
            size = max(_BUFFER, count)
            bits = draw(self._key, self._block, size, int64)
            self._block += (size + 1) // 2  # a block of the generator gives two
            fresh = ((bits >> 11) & (2**53 - 1)) * 2.0**-53
            self._held = np.concatenate([self._held, fresh])
        taken, self._held = self._held[:count], self._held[count:]
        return taken.reshape(shape)

    def normal(self, *shape: int) -> Array:
        """Standard normal numbers (Box & Muller 1958, Ann. Math. Stat. 29)."""
        count = math.prod(shape)
        pairs = (count + 1) // 2
        radius = np.sqrt(-2.0 * np.log(1.0 - self.uniform(pairs)))
        angle = 2.0 * math.pi * self.uniform(pairs)
        both = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])
        return both[:count].reshape(shape)

    def whole(self, below: int, *shape: int) -> Array:
        """Whole numbers from 0 to ``below`` - 1."""
        return np.asarray((self.uniform(*shape) * below).astype(np.int64))


class Seen:
    """Evaluates points, remembers the best, and says when a limit is reached.

    Values that are not finite count as +∞: such points are never kept.
    """

    def __init__(
        self,
        f: Any,
        start: Any,
        *,
        bounds: Any = None,
        evaluations: int,
        target: float | None = None,
        trajectory: bool = False,
        callback: Callable[[Iteration], bool | None] | None = None,
    ) -> None:
        self.function: Function
        if not isinstance(f, Function) and start is not None:
            f, start = Function(f, start, evaluations=min(int(evaluations), LIKELY)), None
        self.function, x = as_function(f, start)
        if not np.isfinite(x).all():
            raise ArgumentError("the start holds values that are not finite")
        if int(evaluations) < 1:
            raise ArgumentError(f"evaluations must be at least 1, got {evaluations!r}")
        self.bounds = Bounds.of((None, None) if bounds is None else bounds, x.size)
        self.start = self.bounds.project(x)
        self.evaluations = int(evaluations)
        self.iterations = 0
        self.best, self.best_value = self.start.copy(), math.inf
        self._target = -math.inf if target is None else float(target)
        self._callback = callback
        self._before = self.function.counts
        self._trajectory: list[tuple[Array, float]] | None = [] if trajectory else None

    @property
    def size(self) -> int:
        """n, the number of unknowns."""
        return self.start.size

    @property
    def spent(self) -> int:
        """How many evaluations there have been."""
        return (self.function.counts - self._before).evaluations

    @property
    def left(self) -> int:
        """How many evaluations are left."""
        return max(self.evaluations - self.spent, 0)

    def value(self, x: Array) -> float:
        """f(x), +∞ where it is not finite."""
        value = self.function.value(x)
        if not math.isfinite(value):
            return math.inf if value != -math.inf else -math.inf
        if value < self.best_value:
            self.best, self.best_value = x.copy(), value
        return value

    def begin(self) -> float:
        """The value at the start."""
        value = self.value(self.start)
        if self._trajectory is not None:
            self._trajectory.append((self.start.copy(), value))
        return value

    def moved(self, x: Array, value: float) -> Reason | None:
        """An iteration ended at ``x``: why to stop now, or None."""
        self.iterations += 1
        if self._trajectory is not None:
            self._trajectory.append((x.copy(), value))
        callback = self._callback
        asked = callback is not None and callback(
            Iteration(self.iterations, x.copy(), value, math.nan)
        )
        if self.best_value <= self._target:
            return Reason.TARGET
        if asked:
            return Reason.CALLBACK
        return Reason.EVALUATIONS if self.left == 0 else None

    def finish(self, reason: Reason, notes: Sequence[str] = ()) -> Minimum:
        """The best point seen, with the gradient there when it can be had."""
        if not math.isfinite(self.best_value):
            reason = Reason.NON_FINITE
        norm, gradient = math.nan, None
        if self.function.has_gradient and math.isfinite(self.best_value):
            _, gradient = self.function.value_and_gradient(self.best)
            norm = largest(self.bounds.projected_gradient(self.best, gradient))
        more = self.bounds.note(self.best) if self.bounds.some else []
        return Minimum(
            x=self.best.copy(),
            value=self.best_value,
            gradient_norm=norm,
            stopped=reason,
            iterations=self.iterations,
            counts=self.function.counts - self._before,
            trajectory=self._trajectory,
            notes=(*notes, *more),
            gradient=gradient,
            point=self.function.arrange(self.best),
        )
