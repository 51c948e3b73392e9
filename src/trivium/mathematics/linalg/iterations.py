"""Power, inverse and shifted iteration: how repeated products find eigenvectors, step by step."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from ...engine.errors import ArgumentError
from .arguments import Array
from .eigen_prediction import Prediction, predict
from .eigen_steps import EigenIteration, EigenStop, Recorder, Setting, prepare

__all__ = ["inverse_iteration", "power_iteration", "shifted_iteration"]

_TURNING = 60  # steps of trajectory that are shown when there is nothing to converge to


def power_iteration(
    matrix: Any,
    start: Any = None,
    *,
    tolerance: float = 1e-12,
    steps: int = 1000,
    seed: int = 0,
) -> EigenIteration:
    """v ← A v/‖A v‖: powers of A turn almost any start towards the dominant eigenvector.

    Shapes: A (n, n), start (n,); without a start it is random from ``seed``. Stops when
    ‖A v - λ v‖ ≤ ``tolerance`` ‖A‖₂ or after ``steps``. The predicted rate is |λ₂/λ₁|, over the
    eigenvalues that the start has a part of. A complex pair, ±λ, a defective eigenvalue and a
    start without the dominant component are recognised and said in ``stopped`` and ``notes``.
    Raises ShapeError for what is not one square matrix with entries, DomainError for entries
    that are not finite or a zero start, ArgumentError for other limits. Source: Golub & Van
    Loan, *Matrix Computations*, 4th ed., §7.3.1.
    """
    setting = prepare("power_iteration", matrix, start, tolerance, steps, seed)
    expected = predict(setting, np.abs, "which is of the largest size")
    return _multiply(setting, 0.0, expected, "power iteration")


def _multiply(
    setting: Setting, shift: float, expected: Prediction, method: str
) -> EigenIteration:
    """Power iteration on A - shift I, recorded for A (both as the setting scales them)."""
    a, record, notes = setting.matrix, Recorder(setting), list(expected.notes)
    vector, stopped = setting.start, None
    limit = setting.steps if expected.single else min(setting.steps, _TURNING)
    for step in range(limit + 1):
        image = a @ vector
        stopped = record.add(vector, image)
        if stopped is not None or step == limit:
            break
        moved = image - shift * vector
        length = float(np.linalg.norm(moved))
        if length == 0:  # A v = shift v, which rounding may hide from the residual
            stopped = EigenStop.EXACT
            break
        vector = moved / length
    if stopped is None:
        stopped = EigenStop.STEPS_DONE if expected.single else EigenStop.NO_SINGLE_DIRECTION
    if stopped is EigenStop.EXACT and record.eigenvalues[-1] == 0:
        notes.append("A v = 0: the vector lies in the null space, its eigenvalue is 0")
    return record.result(stopped, method, expected.rate, notes)


def inverse_iteration(
    matrix: Any,
    start: Any = None,
    *,
    shift: float = 0.0,
    tolerance: float = 1e-12,
    steps: int = 200,
    seed: int = 0,
) -> EigenIteration:
    """v ← (A - σI)⁻¹ v, normalized: converges to the eigenvalue nearest to the shift σ.

    One LU factorization serves all steps. The predicted rate is |λ₁ - σ|/|λ₂ - σ|, λ₁ and λ₂ the
    nearest and second nearest to σ of which the start has a part. A shift that is an eigenvalue
    makes A - σI singular; it is moved by some ε ‖A‖, which is what makes the method so good
    there. Arguments, stopping and errors as for ``power_iteration``. Sources: Golub & Van Loan,
    *Matrix Computations*, 4th ed., §7.6.1; Ipsen, SIAM Review 39 (1997) 254.
    """
    setting = prepare("inverse_iteration", matrix, start, tolerance, steps, seed)
    sigma = _finite_shift("inverse_iteration", shift)
    scaled = sigma / setting.scale

    def factors(values: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray(1 / np.abs(values - scaled))

    expected = predict(setting, factors, f"the nearest to {sigma:.6g}")
    record, notes = Recorder(setting), list(expected.notes)
    solver = _Solver(setting, scaled, notes)
    vector, stopped = setting.start, None
    limit = setting.steps if expected.single else min(setting.steps, _TURNING)
    for step in range(limit + 1):
        stopped = record.add(vector, setting.matrix @ vector)
        if stopped is not None or step == limit:
            break
        vector = solver.step(vector)
    if stopped is None:
        stopped = EigenStop.STEPS_DONE if expected.single else EigenStop.NO_SINGLE_DIRECTION
    return record.result(stopped, "inverse iteration", expected.rate, notes)


def shifted_iteration(
    matrix: Any,
    start: Any = None,
    *,
    shift: float | Literal["rayleigh"] = "rayleigh",
    tolerance: float = 1e-12,
    steps: int = 1000,
    seed: int = 0,
) -> EigenIteration:
    """Iteration with a shift: a number σ, or the Rayleigh quotient of the present vector.

    With a number it is power iteration on A - σI: it converges to the eigenvalue farthest from
    σ at the rate |λ₂ - σ|/|λ₁ - σ|, so a good σ separates eigenvalues of nearly equal size (or ±λ).
    With "rayleigh" each step solves with A - (vᵀAv) I; convergence is cubic for symmetric
    matrices and quadratic for others, to whichever eigenvalue the start is near; ``order`` says
    what was observed beside ``predicted_order``. Arguments, stopping and errors as for
    ``power_iteration``. Sources: Golub & Van Loan, *Matrix Computations*, 4th ed., §8.2.3;
    Parlett, Mathematics of Computation 28 (1974) 679.
    """
    setting = prepare("shifted_iteration", matrix, start, tolerance, steps, seed)
    if shift == "rayleigh":
        return _rayleigh(setting)
    sigma = _finite_shift("shifted_iteration", shift)
    scaled = sigma / setting.scale
    expected = predict(
        setting,
        lambda values: np.abs(values - scaled),
        f"the farthest from {sigma:.6g}",
    )
    return _multiply(setting, scaled, expected, f"power iteration with the shift {sigma:.6g}")


def _rayleigh(setting: Setting) -> EigenIteration:
    record, notes = Recorder(setting), []
    vector, stopped = setting.start, None
    for step in range(setting.steps + 1):
        stopped = record.add(vector, setting.matrix @ vector)
        if stopped is not None or step == setting.steps:
            break
        vector = _Solver(setting, record.eigenvalues[-1], []).step(vector)
        if _stuck(record.residuals):
            stopped = EigenStop.NO_SINGLE_DIRECTION
            notes.append(
                "the Rayleigh quotients do not settle: the start is as near to one eigenvalue as "
                "to another, or to a complex pair, which no real quotient can reach"
            )
            break
    return record.result(
        stopped or EigenStop.STEPS_DONE,
        "Rayleigh quotient iteration",
        None,
        notes,
        predicted_order=3.0 if np.array_equal(setting.matrix, setting.matrix.T) else 2.0,
    )


def _stuck(residuals: list[float]) -> bool:
    """Whether the last 60 residuals are no better than those before them."""
    return len(residuals) > 120 and min(residuals[-60:]) > 0.5 * min(residuals[:-60])


class _Solver:
    """(A - σI)⁻¹, by one LU factorization; a singular one is moved by rounding's size."""

    def __init__(self, setting: Setting, shift: float, notes: list[str]) -> None:
        from scipy.linalg import lapack

        scale = max(setting.size, abs(shift)) or 1.0
        shifted = setting.matrix / scale - shift / scale * np.eye(len(setting.matrix))
        self._lapack, moved = lapack, 0.0
        lu, pivots, info = lapack.dgetrf(shifted)
        while info > 0:  # an exact zero among the pivots
            moved = 4 * moved or float(np.finfo(np.float64).eps)
            lu, pivots, info = lapack.dgetrf(shifted - moved * np.eye(len(shifted)))
        if moved:
            notes.append(
                f"the shift {shift * setting.scale:.6g} is an eigenvalue to the last digit; it was "
                f"moved by {moved * scale * setting.scale:.1g} so that A - σI has an inverse"
            )
        self._lu, self._pivots = lu, pivots

    def step(self, vector: Array) -> Array:
        """The next unit vector."""
        found = self._lapack.dgetrs(self._lu, self._pivots, vector)[0]
        found = found / np.abs(found).max()
        return np.asarray(found / np.linalg.norm(found))


def _finite_shift(asked: str, shift: Any) -> float:
    good = isinstance(shift, int | float | np.number) and not isinstance(shift, bool)
    if not good or not math.isfinite(float(shift)):
        extra = ' or "rayleigh"' if asked == "shifted_iteration" else ""
        raise ArgumentError(f"{asked}: shift must be a finite number{extra}, not {shift!r}")
    return float(shift)
