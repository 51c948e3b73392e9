"""Least-squares solutions corrected by residuals that are computed twice as precisely.

The augmented system r + Aθ = b, Aᵀr - Λθ = 0 is solved again for its own residuals, which are
evaluated as sums of two float64 numbers. With the triangle R of a QR factorisation at hand a
correction costs two passes over the rows; it converges where κ(A)² ε < 1, and the result then
no longer loses κ² times the size of the residuals. Source: Björck (1967), "Iterative refinement
of linear least squares solutions I", BIT 7; Björck (1996), *Numerical Methods for Least Squares
Problems*, §2.9.3 and §6.6.5; sums after Ogita, Rump & Oishi (2005), SIAM J. Sci. Comput. 26.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["refined"]

Array = np.ndarray[Any, Any]
_SPLIT = 2.0**27 + 1
_STEPS = 10


def refined(
    rows: Array,
    right: Array,
    weight: Array | None,
    penalty: Array,
    triangle: Array,
    theta: Array,
) -> Array:
    """``theta`` (p, k), a minimum of Σ_i w_i ‖A_iθ - B_i‖² + Σ_j penalty_j ‖θ_j‖², corrected.

    Shapes: ``rows`` A (n, p), ``right`` B (n, k), ``weight`` (n,) or None for 1, ``penalty``
    (p,), ``triangle`` (p, p) upper triangular with RᵀR = AᵀWA + diag(penalty). Columns should
    have largest entries near 1. Corrections that do not shrink, or are not finite, are dropped.
    """
    found = np.stack(
        [
            _column(rows, right[:, k], weight, penalty, triangle, theta[:, k])
            for k in range(theta.shape[1])
        ],
        axis=1,
    )
    return np.where(np.isfinite(found).all(axis=0), found, theta)


def _column(
    rows: Array, b: Array, weight: Array | None, penalty: Array, triangle: Array, theta: Array
) -> Array:
    from scipy.linalg import solve_triangular

    def weighted(r: Array) -> Array:
        return r if weight is None else weight * r

    with np.errstate(over="ignore", invalid="ignore"):
        rest, last = b - rows @ theta, np.inf
        for _ in range(_STEPS):
            above = _residual(b, rest, rows, theta)
            below = _slope(rows, weighted(rest), penalty, theta)
            side = rows.T @ weighted(above) + below
            half = solve_triangular(triangle, side, trans="T", check_finite=False)
            step = solve_triangular(triangle, half, check_finite=False)
            size = float(np.abs(step).max(initial=0.0))
            if not size < last / 2:
                break
            theta, rest, last = theta + step, rest + (above - rows @ step), size
            if size <= 1e-17 * float(np.abs(theta).max(initial=0.0)):
                break
    return theta


def _two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """a·b as p + e exactly (Dekker 1971)."""
    p = a * b
    c = _SPLIT * a
    high = c - (c - a)
    low = a - high
    d = _SPLIT * b
    top = d - (d - b)
    bottom = b - top
    return p, low * bottom - (((p - high * top) - low * top) - high * bottom)


def _two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """a + b as s + e exactly (Knuth 1969)."""
    s = a + b
    part = s - a
    return s, (a - (s - part)) + (b - part)


def _residual(b: Array, rest: Array, rows: Array, theta: Array) -> Array:
    """b - rest - rows · theta, rounded once at the end."""
    total, error = _two_sum(b, -rest)
    for j in range(rows.shape[1]):
        product, lost = _two_product(rows[:, j], np.full(len(rows), -theta[j]))
        total, carried = _two_sum(total, product)
        error += lost + carried
    return total + error


def _slope(rows: Array, rest: Array, penalty: Array, theta: Array) -> Array:
    """rowsᵀ rest - penalty · theta, by a tree of exact sums over the rows."""
    total, error = _two_product(rows, rest[:, None])
    while len(total) > 1:
        half = (len(total) + 1) // 2
        right, carried = np.zeros_like(total[:half]), error[:half].copy()
        right[: len(total) - half] = total[half:]
        carried[: len(total) - half] += error[half:]
        total, lost = _two_sum(total[:half], right)
        error = carried + lost
    product, lost = _two_product(-penalty, theta)
    final, carried = _two_sum(total[0], product)
    return final + (error[0] + lost + carried)
