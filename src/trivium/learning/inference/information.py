"""Covariances of estimates: inverse information, sandwiches, posterior curvature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import RequestError
from .maximum import Likelihood, State

__all__ = ["ROBUST", "Information", "information", "sandwich"]

Array = np.ndarray[Any, Any]
ROBUST = ("HC0", "HC1", "HC2", "HC3")
_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Information:
    """An information matrix and its inverse, at φ = 1 where φ is a factor.

    ``condition``: of the weighted design (the square root of that of the matrix), with columns
    scaled to length 1.
    """

    matrix: Array
    inverse: Array
    condition: float
    definite: bool


def information(
    likelihood: Likelihood, state: State, kind: str, phi: float, penalty: Array | None
) -> Information:
    """The ``expected`` or ``observed`` information of all parameters at ``state``.

    ``penalty``: the curvature of a prior, (parameters,), added to the diagonal.
    """
    response = likelihood.response
    if kind == "observed" or response.family is None:
        second = state.pieces.second
    else:
        second = response.expected(state.eta, phi)
    matrix = likelihood.curvature(second)
    if response.joint:
        # The expectation of the mixed derivative is 0: mean and dispersion are orthogonal.
        cross = state.hessian[:-1, -1] if kind == "observed" else np.zeros(len(matrix))
        corner = state.hessian[-1:, -1:]
        matrix = np.block([[matrix, cross[:, None]], [cross[None], corner]])
    if penalty is None and response.outputs == 1 and not response.joint:
        weights = response.weight * second[:, 0, 0]
        if (weights >= 0).all():
            return _by_qr(matrix, np.sqrt(weights)[:, None] * likelihood.rows)
    return _by_eigenvalues(matrix if penalty is None else matrix + np.diag(penalty))


def _by_qr(matrix: Array, rows: Array) -> Information:
    """(AᵀA)⁻¹ = R⁻¹R⁻ᵀ, which does not square the condition number."""
    from scipy.linalg import solve_triangular

    triangle = np.linalg.qr(rows, mode="r") if len(rows) > 1 else rows
    lengths = np.linalg.norm(triangle, axis=0)
    if not lengths.size:
        return Information(matrix, matrix, 1.0, True)
    if not lengths.all() or len(triangle) < len(lengths):
        return _by_eigenvalues(matrix)
    unit = triangle / lengths
    singular = np.linalg.svd(unit, compute_uv=False)
    if singular[-1] <= singular[0] * len(rows) * _EPS:
        return _by_eigenvalues(matrix)
    root = solve_triangular(unit, np.eye(len(unit))) / lengths[:, None]
    return Information(matrix, root @ root.T, float(singular[0] / singular[-1]), True)


def _by_eigenvalues(matrix: Array) -> Information:
    """The (pseudo-)inverse by the eigenvalues of the matrix scaled to a unit diagonal."""
    diagonal = np.sqrt(np.maximum(np.abs(np.diag(matrix)), 1e-300))
    values, vectors = np.linalg.eigh(matrix / diagonal / diagonal[:, None])
    largest = float(np.abs(values).max(initial=0.0))
    good = values > largest * len(values) * 16 * _EPS
    inverted = np.where(good, 1.0 / np.where(good, values, 1.0), 0.0)
    inverse = (vectors * inverted) @ vectors.T / diagonal / diagonal[:, None]
    smallest = float(values[good].min()) if good.any() else largest
    condition = float(np.sqrt(largest / smallest)) if smallest > 0 else 1.0
    definite = bool((values > -1e-10 * max(largest, 1e-300)).all())
    return Information(matrix, inverse, condition, definite)


def sandwich(likelihood: Likelihood, state: State, bread: Array, kind: str) -> Array:
    """B M B with M = Σ u_i² a_i a_iᵀ from the examples' scores: valid under any variances.

    ``kind``: HC0; HC1, times n/(n - p); HC2, u_i²/(1 - h_i); HC3, u_i²/(1 - h_i)², h_i the
    leverage. Source: White (1980), Econometrica 48; MacKinnon & White (1985), J. Econometrics
    29, eq. (7), (12), (16).
    """
    response, rows = likelihood.response, likelihood.rows
    n, m = len(rows), response.outputs
    scores = (rows[:, :, None] * state.pieces.score[:, None, :]).reshape(n, -1)
    if response.joint:
        assert state.pieces.by_omega is not None
        scores = np.concatenate([scores, state.pieces.by_omega[:, None]], axis=1)
    scores = response.weight[:, None] * scores
    if kind in ("HC2", "HC3"):
        if m > 1 or response.joint:
            raise RequestError(
                f"robust={kind!r} needs one leverage for each example, which there is not with "
                f"{'several equations' if m > 1 else 'an estimated dispersion'}; use HC0 or HC1"
            )
        weights = response.weight * state.pieces.second[:, 0, 0]
        leverage = np.einsum("ij,jk,ik->i", rows, bread, rows) * weights
        free = 1.0 - leverage
        if (free < 1e-10).any():
            place = int(np.argmin(free))
            raise RequestError(
                f"robust={kind!r} divides by 1 - leverage, which is 0 for row {place} (counted "
                "from 0): a column belongs to that row alone. Use HC1, or leave the column out"
            )
        scores = scores / (np.sqrt(free) if kind == "HC2" else free)[:, None]
    meat = scores.T @ scores
    if kind == "HC1":
        meat *= n / max(n - bread.shape[0], 1)
    return np.asarray(bread @ meat @ bread)
