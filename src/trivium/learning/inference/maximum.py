"""The log-likelihood of a linear model's parameters, and Newton's method on it.

The predictors are η = Aθ + offset, so gradient and Hessian are Aᵀs and AᵀWA with the examples'
scores s and curvatures W.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .response import Pieces, Response

__all__ = ["Likelihood", "Maximum", "State", "maximise"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class State:
    """The weighted negative log-likelihood at some parameters, and its derivatives there.

    Parameters are θ (p, m) flattened by rows, then ω where the dispersion is one of them.
    """

    value: float
    gradient: Array
    hessian: Array
    pieces: Pieces
    eta: Array


class Likelihood:
    """-Σ_i w_i ln p(y_i | A_iθ + offset_i) for a design A (N, p) and a response."""

    def __init__(self, response: Response, rows: Array, offset: Array | float = 0.0) -> None:
        self.response, self.rows = response, rows
        self.offset = np.broadcast_to(
            np.asarray(offset, np.float64), (len(rows), response.outputs)
        )

    @property
    def size(self) -> int:
        """The number of parameters, ω included."""
        return self.rows.shape[1] * self.response.outputs + self.response.joint

    def eta(self, parameters: Array) -> Array:
        """The predictors (N, m)."""
        m = self.response.outputs
        count = self.rows.shape[1] * m
        return np.asarray(self.rows @ parameters[:count].reshape(-1, m) + self.offset)

    @np.errstate(all="ignore")
    def at(self, parameters: Array) -> State:
        """Value, gradient and observed Hessian; not finite where these parameters have none."""
        response, joint = self.response, self.response.joint
        eta = self.eta(parameters)
        fixed = response.dispersion if isinstance(response.dispersion, float) else 1.0
        omega = float(parameters[-1]) if joint else float(np.log(fixed))
        pieces = response.pieces(eta, omega)
        weight = response.weight
        value = float(weight @ pieces.losses)
        slope = (self.rows.T @ (weight[:, None] * pieces.score)).ravel()
        matrix = self.curvature(pieces.second)
        if not joint:
            return State(value, slope, matrix, pieces, eta)
        assert pieces.by_omega is not None and pieces.mixed is not None
        assert pieces.omega_second is not None
        cross = (self.rows.T @ (weight[:, None] * pieces.mixed)).ravel()
        slope = np.r_[slope, weight @ pieces.by_omega]
        corner = weight @ pieces.omega_second
        matrix = np.block([[matrix, cross[:, None]], [cross[None], np.array([[corner]])]])
        return State(value, slope, matrix, pieces, eta)

    def curvature(self, second: Array) -> Array:
        """Σ_i w_i A_iᵀ second_i A_i for all pairs of outputs, (p m, p m)."""
        p, m = self.rows.shape[1], self.response.outputs
        found = np.empty((p, m, p, m))
        for k in range(m):
            for j in range(k, m):
                weights = self.response.weight * second[:, k, j]
                block = self.rows.T @ (weights[:, None] * self.rows)
                found[:, k, :, j] = block
                found[:, j, :, k] = block.T
        return found.reshape(p * m, p * m)


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where ``maximise`` ended. ``converged``: whether the Newton decrement is negligible."""

    parameters: Array
    state: State
    converged: bool


@np.errstate(all="ignore")
def maximise(
    likelihood: Likelihood, start: Array, basis: Array | None = None, steps: int = 100
) -> Maximum:
    """The maximum of the likelihood over start + span(``basis``), by damped Newton steps.

    ``basis``: (parameters, k), default all directions. Where the Hessian is not positive
    definite the shift of its spectrum makes it so; steps are halved until the value falls.
    Source: Nocedal & Wright (2006), *Numerical Optimization*, 2nd ed., §3.4.
    """
    point = np.asarray(start, np.float64).copy()
    directions = np.eye(len(point)) if basis is None else basis
    state = likelihood.at(point)
    if not directions.shape[1]:
        return Maximum(point, state, True)
    for _ in range(steps):
        slope = directions.T @ state.gradient
        if not np.isfinite(slope).all():
            return Maximum(point, state, False)
        step = _newton_step(directions.T @ state.hessian @ directions, slope)
        decrement = float(-slope @ step)
        if decrement <= 1e-20 + 1e-15 * abs(state.value) * 1e-6:
            return Maximum(point, state, True)
        length, following = 1.0, None
        while length > 1e-10:
            candidate = point + length * (directions @ step)
            there = likelihood.at(candidate)
            if there.value <= state.value - 1e-4 * length * decrement:
                following = candidate, there
                break
            if decrement < 1e-9 * max(1.0, abs(state.value)) and np.isfinite(there.value):
                # The gain is below the rounding of the value; trust the step if the slope falls.
                if np.abs(directions.T @ there.gradient).max() < np.abs(slope).max():
                    following = candidate, there
                    break
            length /= 2
        if following is None:
            return Maximum(point, state, decrement < 1e-9 * max(1.0, abs(state.value)))
        point, state = following
    return Maximum(point, state, False)


def _newton_step(matrix: Array, slope: Array) -> Array:
    """-H⁻¹g with H shifted until it is positive definite; scaled to a unit diagonal first."""
    diagonal = np.sqrt(np.maximum(np.abs(np.diag(matrix)), 1e-300))
    scaled = matrix / diagonal / diagonal[:, None]
    values, vectors = np.linalg.eigh(scaled)
    safe = np.maximum(np.abs(values), 1e-14 * np.abs(values).max(initial=1e-300))
    return np.asarray(-(vectors @ ((vectors.T @ (slope / diagonal)) / safe)) / diagonal)
