"""The steps of shifted QR iteration on Hessenberg and tridiagonal matrices."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .arguments import Array

__all__ = ["Deflation", "francis", "split_blocks"]

_UNIT = float(np.finfo(np.float64).eps)


class Deflation(NamedTuple):
    """``step``: when the entry below diagonal element ``place`` became negligible.

    ``size``: how many rows the active block had.
    """

    step: int
    place: int
    size: int


def francis(
    t: Array, q: Array, allowed: int, symmetric: bool
) -> tuple[Array, Array, list[Array], list[Deflation], bool]:
    """Shifted QR steps until T is a real Schur form: T, Q, trajectory, deflations, whether done.

    An active block ends at the last row that is not yet decided; blocks of one or two rows are
    decided.
    """
    t, q = t.copy(), q.copy()
    trajectory = [np.abs(np.diagonal(t, -1)).copy()]
    deflations: list[Deflation] = []
    last, since, step = len(t) - 1, 0, 0
    while True:
        first = _deflate(t, last, step, deflations, symmetric)
        if last <= 0:
            return t, q, trajectory, deflations, True
        if first == last or (not symmetric and first == last - 1):
            last, since = first - 1, 0
            continue
        if step == allowed:
            return t, q, trajectory, deflations, False
        since += 1
        if symmetric:
            _tridiagonal_step(t, q, first, last, exceptional=since % 10 == 0)
        else:
            _double_step(t, q, first, last, exceptional=since % 10 == 0)
        step += 1
        trajectory.append(np.abs(np.diagonal(t, -1)).copy())


def _deflate(
    t: Array, last: int, step: int, deflations: list[Deflation], symmetric: bool
) -> int:
    """Set negligible entries to zero and return where the active block begins."""
    first = last
    while first > 0:
        around = abs(t[first, first]) + abs(t[first - 1, first - 1])
        if around == 0:
            around = float(np.abs(t).max())
        if abs(t[first, first - 1]) <= _UNIT * around:
            if t[first, first - 1] != 0:
                deflations.append(Deflation(step, first - 1, last + 1))
            t[first, first - 1] = 0.0
            if symmetric:
                t[first - 1, first] = 0.0
            break
        first -= 1
    return first


def _tridiagonal_step(t: Array, q: Array, first: int, last: int, *, exceptional: bool) -> None:
    """One implicit step with Wilkinson's shift (Golub & Van Loan, algorithm 8.3.2)."""
    a, b, c = t[last - 1, last - 1], t[last, last - 1], t[last, last]
    half = (a - c) / 2
    sign = 1.0 if half >= 0 else -1.0
    shift = c - b * b / (half + sign * math.hypot(half, b))
    if exceptional:
        shift = c + 1.5 * abs(b)
    x, z = t[first, first] - shift, t[first + 1, first]
    for k in range(first, last):
        size = math.hypot(x, z)
        cosine, sine = (x / size, z / size) if size else (1.0, 0.0)
        turn = np.array([[cosine, sine], [-sine, cosine]])
        low, high = max(k - 1, first), min(k + 3, last + 1)
        t[k : k + 2, low:high] = turn @ t[k : k + 2, low:high]
        t[low:high, k : k + 2] = t[low:high, k : k + 2] @ turn.T
        q[:, k : k + 2] = q[:, k : k + 2] @ turn.T
        if k > first:
            t[k + 1, k - 1] = t[k - 1, k + 1] = 0.0
        if k < last - 1:
            x, z = t[k + 1, k], t[k + 2, k]
    upper = np.diagonal(t, 1)[first:last].copy()
    lower = np.diagonal(t, -1)[first:last].copy()
    mean, rows = (upper + lower) / 2, np.arange(first, last)
    t[rows, rows + 1] = t[rows + 1, rows] = mean


def _double_step(t: Array, q: Array, first: int, last: int, *, exceptional: bool) -> None:
    """One implicit double step by Francis (Golub & Van Loan, algorithm 7.5.1)."""
    n = len(t)
    trace = t[last - 1, last - 1] + t[last, last]
    determinant = t[last - 1, last - 1] * t[last, last] - t[last - 1, last] * t[last, last - 1]
    if exceptional:
        size = abs(t[last, last - 1]) + abs(t[last - 1, last - 2])
        trace, determinant = 1.5 * size, size * size
    h = t[first : first + 3, first : first + 3]
    column = np.array(
        [
            h[0, 0] * h[0, 0] + h[0, 1] * h[1, 0] - trace * h[0, 0] + determinant,
            h[1, 0] * (h[0, 0] + h[1, 1] - trace),
            h[1, 0] * h[2, 1],
        ]
    )
    for k in range(first, last):
        count = min(3, last - k + 1)
        reflect = _reflector(column[:count])
        low, high = max(k - 1, first), min(k + 4, last + 1)
        t[k : k + count, low:n] = reflect @ t[k : k + count, low:n]
        t[:high, k : k + count] = t[:high, k : k + count] @ reflect
        q[:, k : k + count] = q[:, k : k + count] @ reflect
        if k > first:
            t[k + 1 : k + count, k - 1] = 0.0
        column = t[k + 1 : min(k + 4, last + 1), k].copy()


def _reflector(x: Array) -> Array:
    """The symmetric orthogonal matrix that maps x on a multiple of the first unit vector."""
    size = float(np.abs(x).max())
    if size == 0:
        return np.eye(len(x))
    v = x / size
    v[0] += math.copysign(float(np.linalg.norm(v)), v[0])
    return np.asarray(np.eye(len(x)) - np.outer(v, v) * (2 / float(v @ v)))


def split_blocks(t: Array, q: Array) -> tuple[Array, Array]:
    """Make blocks of two rows with real eigenvalues triangular by a rotation."""
    t, q = t.copy(), q.copy()
    for i in range(len(t) - 1):
        alone = (i == 0 or t[i, i - 1] == 0) and (i + 2 >= len(t) or t[i + 2, i + 1] == 0)
        if t[i + 1, i] == 0 or not alone:
            continue
        a, b, c, d = t[i, i], t[i, i + 1], t[i + 1, i], t[i + 1, i + 1]
        half = (a - d) / 2
        under = half * half + b * c
        if under < 0:
            continue
        root = half + math.copysign(math.sqrt(under), half)
        # (root, c) spans the eigenvectors of the eigenvalue d + root.
        size = math.hypot(root, c)
        cosine, sine = root / size, c / size
        turn = np.array([[cosine, sine], [-sine, cosine]])
        t[i : i + 2, i:] = turn @ t[i : i + 2, i:]
        t[: i + 2, i : i + 2] = t[: i + 2, i : i + 2] @ turn.T
        q[:, i : i + 2] = q[:, i : i + 2] @ turn.T
        t[i + 1, i] = 0.0
    return t, q
