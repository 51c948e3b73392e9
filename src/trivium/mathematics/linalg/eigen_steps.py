"""What the iterations for one eigenvector share: the steps, rates, reasons, the result."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from ...engine import host_random
from ...engine.errors import ArgumentError
from ...engine.messages import counted
from ...engine.primitives.random import draw
from .arguments import Array, finite_vector, magnitude, square_matrix

__all__ = ["EigenIteration", "EigenStop"]


class EigenStop(Enum):
    """Why an iteration stopped: ``name`` is for files, ``value`` the sentence for people."""

    CONVERGED = "The residual is as small as was asked for."
    EXACT = "The residual is zero: the vector is an eigenvector to the last digit."
    STEPS_DONE = "All allowed steps are done; the residual is still larger than was asked for."
    NO_SINGLE_DIRECTION = (
        "Several eigenvalues are equally favoured, a complex pair or ±λ: the vector turns for ever "
        "and there is no single direction to converge to."
    )
    STALLED = "The residual has stopped falling at the level of rounding."

    @property
    def sentence(self) -> str:
        """The reason in one sentence."""
        return self.value


@dataclass(frozen=True)
class EigenIteration:
    """One eigenpair found by iteration, and how far it can be trusted.

    ``eigenvalue``: the Rayleigh quotient vᵀAv. ``eigenvector``: unit length. ``residual``:
    ‖A v - λ v‖₂; there is an eigenvalue of A within this distance if A is symmetric, and λ is
    one of a matrix that differs from A by as much in any case. ``observed_rate``,
    ``predicted_rate``: by which factor a step shrinks the error of the vector; None where it
    cannot be told, or where every step shrinks it by a smaller one: then ``order`` is the
    exponent p of e' ≈ C eᵖ that was observed, and ``predicted_order`` that of theory.
    ``vectors`` (steps + 1, n), ``eigenvalues``, ``residuals`` (steps + 1,): the trajectory.
    ``notes``: what else to know.
    """

    eigenvalue: float
    eigenvector: Array
    residual: float
    stopped: EigenStop
    steps: int
    observed_rate: float | None
    predicted_rate: float | None
    order: float | None
    predicted_order: float | None
    vectors: Array
    eigenvalues: Array
    residuals: Array
    notes: tuple[str, ...]
    method: str

    @property
    def converged(self) -> bool:
        """Whether the residual is as small as was asked for."""
        return self.stopped in (EigenStop.CONVERGED, EigenStop.EXACT)

    def __str__(self) -> str:
        first = (
            f"{self.method}: λ = {self.eigenvalue:.12g}, ‖Av - λv‖ = {self.residual:.2g} after "
            f"{counted(self.steps, 'step')}. {self.stopped.sentence}"
        )
        if self.predicted_order is None:
            pair = (_rate(self.observed_rate), _rate(self.predicted_rate))
            lines = [first, f"  rate of convergence: observed {pair[0]}, predicted {pair[1]}"]
        else:
            pair = (_rate(self.order), _rate(self.predicted_order))
            lines = [first, f"  order of convergence: observed {pair[0]}, predicted {pair[1]}"]
        return "\n".join([*lines, *[f"  note: {each}" for each in self.notes]])

    __repr__ = __str__


def _rate(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.6g}"


@dataclass(frozen=True)
class Setting:
    """What an iteration starts from: the matrix, its size, the start, the limits.

    ``matrix``: divided by ``scale``, a power of two that makes its largest entry about 1.
    ``size``: its norm.
    """

    matrix: Array
    scale: float
    dtype: np.dtype[Any]
    start: Array
    size: float
    tolerance: float
    steps: int


def prepare(
    asked: str, matrix: Any, start: Any, tolerance: float, steps: int, seed: int
) -> Setting:
    """Read the arguments. Raises ShapeError, DomainError or ArgumentError."""
    given, dtype = square_matrix(asked, matrix)
    if not 0 <= float(tolerance) < 1:
        raise ArgumentError(
            f"{asked}: tolerance is relative to ‖A‖ and must be in [0, 1), not {tolerance!r}"
        )
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise ArgumentError(f"{asked}: steps must be a positive whole number, not {steps!r}")
    n = given.shape[0]
    if start is None:
        uniform = np.asarray(draw(host_random.key(seed), 0, n, np.dtype(np.int64)), np.float64)
        vector = uniform / 2.0**63
        vector = vector if np.any(vector) else np.ones(n)
    else:
        vector = finite_vector(asked, start, n, "the start")
    unit = vector / np.abs(vector).max()
    unit = unit / np.linalg.norm(unit)
    scale = magnitude(given)
    given = given / scale
    size = float(np.linalg.norm(given, 2))
    return Setting(given, scale, dtype, unit, size, float(tolerance), int(steps))


class Recorder:
    """The trajectory: vectors, Rayleigh quotients and residuals of the scaled matrix."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.vectors: list[Array] = []
        self.eigenvalues: list[float] = []
        self.residuals: list[float] = []

    def add(self, vector: Array, image: Array) -> EigenStop | None:
        """Record a unit vector and its image A v; say whether to stop here."""
        value = float(vector @ image)
        residual = float(np.linalg.norm(image - value * vector))
        self.vectors.append(vector)
        self.eigenvalues.append(value)
        self.residuals.append(residual)
        if residual == 0:
            return EigenStop.EXACT
        if residual <= self.setting.tolerance * self.setting.size:
            return EigenStop.CONVERGED
        floor = 4 * len(vector) * float(np.finfo(np.float64).eps) * self.setting.size
        recent = self.residuals[-11:]
        if len(recent) > 10 and max(recent) <= floor and min(recent) >= recent[0] / 2:
            return EigenStop.STALLED
        return None

    def result(
        self,
        stopped: EigenStop,
        method: str,
        predicted: float | None,
        notes: list[str],
        predicted_order: float | None = None,
    ) -> EigenIteration:
        """The result: the vector of least residual seen."""
        best = int(np.argmin(self.residuals))
        dtype, size, scale = self.setting.dtype, self.setting.size, self.setting.scale
        return EigenIteration(
            eigenvalue=self.eigenvalues[best] * scale,
            eigenvector=self.vectors[best].astype(dtype),
            residual=self.residuals[best] * scale,
            stopped=stopped,
            steps=len(self.residuals) - 1,
            observed_rate=observed_rate(self.residuals, size)
            if predicted_order is None
            else None,
            predicted_rate=predicted,
            order=observed_order(self.residuals, size) if predicted_order is not None else None,
            predicted_order=predicted_order,
            vectors=np.array(self.vectors, dtype),
            eigenvalues=np.array(self.eigenvalues) * scale,
            residuals=np.array(self.residuals) * scale,
            notes=tuple(notes),
            method=method,
        )


def observed_rate(residuals: list[float], size: float) -> float | None:
    """The factor per step by which residuals fall, over the last half above rounding.

    The slope of ln residual by least squares, over what is above 100 ε ‖A‖; None for fewer
    than four steps.
    """
    usable = _above_rounding(residuals, size)
    tail = usable[len(usable) // 2 :] if len(usable) >= 8 else usable[-4:]
    if len(tail) < 4:
        return None
    steps = np.arange(len(tail)) - (len(tail) - 1) / 2
    return float(math.exp(float(steps @ np.log(tail)) / float(steps @ steps)))


def observed_order(residuals: list[float], size: float) -> float | None:
    """The order p of e' ≈ C eᵖ from the last three residuals above rounding; None if fewer."""
    usable = _above_rounding(residuals, size)
    if len(usable) < 3:
        return None
    before, middle, after = (math.log(each) for each in usable[-3:])
    return (after - middle) / (middle - before) if after < middle < before else None


def _above_rounding(residuals: list[float], size: float) -> list[float]:
    floor = 100 * float(np.finfo(np.float64).eps) * size
    found = []
    for each in residuals:
        if each <= floor:
            break
        found.append(each)
    return found
