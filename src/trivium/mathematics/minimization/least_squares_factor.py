"""The triangle of a linearized least-squares problem: R with RᵀR = JᵀJ, and Qᵀr.

From the Gram matrix by Cholesky where its condition leaves digits enough, else from J by QR.
Cholesky takes n³/3 operations once JᵀJ is there, which a program adds up while it computes J;
QR passes over the m rows of J again, with 2mn² operations. What it costs: with the columns
scaled to length 1, the step by Cholesky has a relative error of about κ(J)²ε, that by QR of
κ(J)ε. The gradient 2Jᵀr is the same sum in both, so where a minimization stops does not change.
Source: Golub & Van Loan (2013), *Matrix Computations*, 4th ed., §5.2 and §5.3.8; Björck (1996),
*Numerical Methods for Least Squares Problems*, §2.2.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Factor", "by_cholesky", "by_qr"]

Array = np.ndarray[Any, Any]
_BLOCK = 9000  # elements of a block of rows
# The least 1/κ₁ of JᵀJ, columns scaled, for Cholesky: eight digits of the step are right then.
_LEAST_RECIPROCAL = 1e-7
# Squared lengths in this range neither overflow nor lose parts of themselves to underflow.
_SMALLEST, _LARGEST = 1e-280, 1e280


class Factor(NamedTuple):
    """R (k, n) and Qᵀr (k,), k ≤ n; ``lengths`` ‖J_j‖ (n,) of the columns; ``pulled`` Jᵀr (n,).

    ``regular``: whether the condition is one for Cholesky.
    """

    triangle: Array
    right: Array
    lengths: Array
    pulled: Array
    regular: bool


def by_cholesky(gram: Array) -> Factor | None:
    """The factor from [J, r]ᵀ[J, r] (n + 1, n + 1).

    None where the condition is too large, and where a column is zero or its square is beyond
    the numbers.
    """
    from scipy.linalg import lapack

    n = len(gram) - 1
    squares = gram.diagonal()
    # Written so that NaN is refused, too.
    if not (squares.min() >= _SMALLEST and squares.max() <= _LARGEST):
        return None
    lengths = np.sqrt(squares[:n])
    unit = gram[:n, :n] / np.outer(lengths, lengths)
    upper, failed = lapack.dpotrf(unit)
    if failed:
        return None
    reciprocal, _ = lapack.dpocon(upper, float(np.abs(unit).sum(axis=0).max()))
    if not reciprocal >= _LEAST_RECIPROCAL:
        return None
    pulled = gram[:n, n].copy()
    right, _ = lapack.dtrtrs(upper, pulled / lengths, trans=1)
    return Factor(upper * lengths, right, lengths, pulled, regular=True)


def by_qr(jacobian: Array, r: Array) -> Factor:
    """The factor from J (m, n) and r (m,)."""
    n = jacobian.shape[1]
    both = _triangle(jacobian, r)
    top, right = both[:n, :n], both[:n, n]
    # QᵀQ = I, so R has the columns' lengths and Rᵀ(Qᵀr) is Jᵀr.
    lengths: Array = np.linalg.norm(top, axis=0)
    return Factor(top, right, lengths, top.T @ right, _regular(top, lengths))


def _regular(top: Array, lengths: Array) -> bool:
    """Whether 1/κ₁ of R, columns scaled, is that of a JᵀJ which Cholesky may factor."""
    from scipy.linalg import lapack

    if len(top) < len(lengths) or not lengths.min() > 0:  # NaN, too
        return False
    reciprocal, _ = lapack.dtrcon(top / lengths)
    return bool(reciprocal**2 >= _LEAST_RECIPROCAL)


def _triangle(jacobian: Array, r: Array) -> Array:
    """The triangle of the QR factorisation of [J, r], at most n + 1 rows.

    A tall matrix goes through in blocks of rows, [R; block] of all of them again: each block
    stays in the cache, and is too small for LAPACK's threads to wait for each other.
    """
    rows, n = jacobian.shape
    block = _BLOCK // (n + 1)
    if block < 4 * (n + 1) or rows < 2 * block:
        block = rows
    parts = [_joined(jacobian[i : i + block], r[i : i + block]) for i in range(0, rows, block)]
    while len(parts) > 1:  # as many triangles at a time as make a block
        count = max(2, block // (n + 1))
        parts = [
            _reduced(np.asfortranarray(np.concatenate(parts[i : i + count])))
            for i in range(0, len(parts), count)
        ]
    return parts[0]


def _joined(jacobian: Array, r: Array) -> Array:
    """The triangle of one block of [J, r]."""
    rows, n = jacobian.shape
    both = np.empty((rows, n + 1), order="F")
    both[:, :n], both[:, n] = jacobian, r
    return _reduced(both)


def _reduced(rows: Array) -> Array:
    """The triangle of ``rows``, which are overwritten."""
    from scipy.linalg import lapack  # numpy.linalg.qr takes four times as long for tall ones

    factor: Array = lapack.dgeqrf(rows, overwrite_a=1)[0]
    top = factor[: rows.shape[1]]
    return np.asarray(top * _upper(*top.shape))


@functools.cache
def _upper(rows: int, columns: int) -> Array:
    """Ones on and above the diagonal: what QR leaves below it are reflectors."""
    return np.triu(np.ones((rows, columns)))
