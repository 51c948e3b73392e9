"""QR iteration: all eigenvalues at once, from products R Q, plain or with shifts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

import numpy as np

from ...engine.errors import ArgumentError
from ...engine.messages import counted
from .arguments import Array, magnitude, square_matrix
from .schur_steps import Deflation, francis, split_blocks
from .spectrum import spoken

__all__ = ["QRIteration", "QRStop", "qr_iteration"]


class QRStop(Enum):
    """Why QR iteration stopped; every member's value is the sentence for people."""

    CONVERGED = "All entries below the blocks of the diagonal are negligible."
    STEPS_DONE = "All allowed steps are done; some entries below the diagonal are left."

    @property
    def sentence(self) -> str:
        """The reason in one sentence."""
        return self.value


@dataclass(frozen=True)
class QRIteration:
    """The real Schur form A = Q T Qᵀ by QR iteration, and how it came about.

    ``eigenvalues``: real, or complex if there are pairs, in the order of the diagonal.
    ``triangle``: T, with 2×2 blocks for complex pairs. ``vectors``: Q; for a symmetric matrix
    its columns are eigenvectors. ``residual``: ‖A Q - Q T‖/‖A‖. ``orthogonality``: ‖QᵀQ - I‖₂.
    ``steps``: QR steps in all. ``subdiagonals`` (steps + 1, n - 1): the trajectory, the sizes of
    the entries below the diagonal before every step. ``deflations``: when which entry became
    negligible. ``observed_rates``, ``predicted_rates`` (n - 1,): of those entries, without
    shifts |λᵢ₊₁/λᵢ| (NaN where nothing can be observed); with shifts None, for then every step has
    a rate of its own, |λₙ - σ|/|λₙ₋₁ - σ| with σ near λₙ, and two or three steps end at rounding.
    """

    eigenvalues: Array
    triangle: Array
    vectors: Array
    residual: float
    orthogonality: float
    stopped: QRStop
    steps: int
    subdiagonals: Array
    deflations: tuple[Deflation, ...]
    observed_rates: Array | None
    predicted_rates: Array | None
    notes: tuple[str, ...]
    symmetric: bool

    @property
    def converged(self) -> bool:
        """Whether T is a Schur form to rounding."""
        return self.stopped is QRStop.CONVERGED

    def __str__(self) -> str:
        kind = "symmetric" if self.symmetric else "general"
        shown = ", ".join(spoken(each) for each in self.eigenvalues[:8])
        more = ", …" if len(self.eigenvalues) > 8 else ""
        n = len(self.eigenvalues)
        lines = [
            f"QR iteration on a {kind} {n} × {n} matrix: {counted(self.steps, 'step')} "
            f"({self.steps / n:.1f} per eigenvalue). {self.stopped.sentence}",
            f"  eigenvalues {shown}{more}",
            f"  ‖AQ - QT‖/‖A‖ = {self.residual:.2g}, ‖QᵀQ - I‖ = {self.orthogonality:.2g}",
        ]
        if n > 1 and self.observed_rates is not None and self.predicted_rates is not None:
            pairs = zip(self.observed_rates, self.predicted_rates, strict=True)
            rates = "; ".join(
                f"{'unknown' if math.isnan(o) else f'{o:.4g}'} ({p:.4g})"
                for o, p in list(pairs)[:6]
            )
            lines.append(f"  rates of the entries below the diagonal (predicted): {rates}")
        return "\n".join([*lines, *[f"  note: {each}" for each in self.notes]])

    __repr__ = __str__


def qr_iteration(
    matrix: Any,
    /,
    *,
    shifts: Literal["wilkinson", "none"] = "wilkinson",
    steps: int | None = None,
) -> QRIteration:
    """All eigenvalues of one real matrix (n, n) by QR iteration on its Hessenberg form.

    ``shifts``: "wilkinson" takes the eigenvalues of the trailing 2×2 block: for symmetric
    matrices the one nearer to the corner (cubic convergence), for others both at once, complex
    or not, in real arithmetic (Francis' double step); a block that resists gets an exceptional
    shift every ten steps. "none" is A ← R Q, which shows |λᵢ₊₁/λᵢ| at work and cannot separate
    eigenvalues of equal size. ``steps``: allowed in all; default 30 n with shifts, 500 without.
    Raises ShapeError for what is not one square matrix with entries, DomainError for entries
    that are not finite, ArgumentError for other options. Sources: Golub & Van Loan, *Matrix
    Computations*, 4th ed., algorithms 7.4.2, 7.5.1, 7.5.2 and 8.3.3; Wilkinson, *The Algebraic
    Eigenvalue Problem* (1965), ch. 8.
    """
    given, dtype = square_matrix("qr_iteration", matrix)
    if shifts not in ("wilkinson", "none"):
        raise ArgumentError(
            f'qr_iteration: shifts must be "wilkinson" or "none", not {shifts!r}'
        )
    n = len(given)
    allowed = _allowed(steps, 30 * n if shifts == "wilkinson" else 500)
    from scipy.linalg import hessenberg

    symmetric = bool(np.array_equal(given, given.T))
    scale = magnitude(given)
    given = given / scale
    t, q = hessenberg(given, calc_q=True)
    if symmetric:
        t = np.triu(np.tril(t, 1), -1)
        t = (t + t.T) / 2
    run = francis if shifts == "wilkinson" else _plain
    t, q, trajectory, deflations, done = run(t, q, allowed, symmetric)
    observed = predicted = None
    notes: list[str] = []
    if shifts == "none":
        observed, predicted = _rates(trajectory, given, notes)
    t, q = split_blocks(t, q)
    converged = done or _is_schur(t)
    size = float(np.linalg.norm(given, 2)) or 1.0
    return QRIteration(
        eigenvalues=_eigenvalues(t, scale, dtype),
        triangle=(t * scale).astype(dtype),
        vectors=q.astype(dtype),
        residual=float(np.linalg.norm(given @ q - q @ t, 2)) / size,
        orthogonality=float(np.linalg.norm(q.T @ q - np.eye(n), 2)),
        stopped=QRStop.CONVERGED if converged else QRStop.STEPS_DONE,
        steps=len(trajectory) - 1,
        subdiagonals=np.array(trajectory).reshape(len(trajectory), n - 1) * scale,
        deflations=tuple(deflations),
        observed_rates=observed,
        predicted_rates=predicted,
        notes=tuple(notes),
        symmetric=symmetric,
    )


def _allowed(steps: int | None, default: int) -> int:
    if steps is None:
        return default
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 0:
        raise ArgumentError(f"qr_iteration: steps must be a whole number, not {steps!r}")
    return int(steps)


def _plain(
    t: Array, q: Array, allowed: int, symmetric: bool
) -> tuple[Array, Array, list[Array], list[Deflation], bool]:
    """A ← R Q, without shifts, until no entry below the diagonal is left."""
    n = len(t)
    trajectory = [np.abs(np.diagonal(t, -1)).copy()]
    deflations: list[Deflation] = []
    gone: set[int] = set()
    unit = float(np.finfo(np.float64).eps)
    for step in range(allowed + 1):
        below = np.abs(np.diagonal(t, -1))
        around = np.abs(np.diagonal(t))
        small = below <= unit * (around[:-1] + around[1:])
        for place in map(int, np.flatnonzero(small)):
            if place not in gone:
                gone.add(place)
                deflations.append(Deflation(step, place, n))
        if small.all():
            t = t.copy()
            t[np.arange(1, n), np.arange(n - 1)] = 0.0
            return t, q, trajectory, deflations, True
        if step == allowed:
            break
        factor, upper = np.linalg.qr(t)
        signs = np.where(np.diagonal(upper) < 0, -1.0, 1.0)
        factor, upper = factor * signs, upper * signs[:, None]
        t, q = np.triu(upper @ factor, -1), q @ factor
        if symmetric:
            t = np.tril(t, 1)
        trajectory.append(np.abs(np.diagonal(t, -1)).copy())
    t = t.copy()
    for i in gone:
        if np.abs(t[i + 1, i]) <= unit * (abs(t[i, i]) + abs(t[i + 1, i + 1])):
            t[i + 1, i] = 0.0
    return t, q, trajectory, deflations, False


def _rates(trajectory: list[Array], given: Array, notes: list[str]) -> tuple[Array, Array]:
    """Of every entry below the diagonal: the observed factor per step, and |λᵢ₊₁/λᵢ|."""
    sizes = np.sort(np.abs(np.linalg.eigvals(given)))[::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        predicted = np.where(sizes[:-1] > 0, sizes[1:] / sizes[:-1], 0.0)
    history = np.array(trajectory).reshape(len(trajectory), -1)
    observed = np.full(predicted.shape, math.nan)
    for i, entries in enumerate(history.T):
        usable = entries[: np.argmax(entries <= 1e-13) if np.any(entries <= 1e-13) else None]
        tail = usable[len(usable) // 2 :]
        if len(tail) >= 4:
            steps = np.arange(len(tail)) - (len(tail) - 1) / 2
            observed[i] = math.exp(float(steps @ np.log(tail)) / float(steps @ steps))
    tied = [int(i) for i in np.flatnonzero(predicted >= 1 - 1e-10)]
    if tied and len(sizes) > 1:
        notes.append(
            f"eigenvalues {', '.join(f'{i + 1} and {i + 2}' for i in tied)} have equal size: "
            "without shifts the entries between them do not vanish; a block of 2 × 2 stays "
            "(a complex pair) or shifts are needed (±λ)"
        )
    return observed, predicted


def _is_schur(t: Array) -> bool:
    """Whether no two neighbouring entries below the diagonal are left, and no real pair."""
    below = np.diagonal(t, -1) != 0
    return not np.any(below[1:] & below[:-1])


def _eigenvalues(t: Array, scale: float, dtype: Any) -> Array:
    """Of scale · t with blocks of 1 and 2 on its diagonal; what is larger goes to LAPACK."""
    n, found, i = len(t), [], 0
    while i < n:
        j = i
        while j < n - 1 and t[j + 1, j] != 0:
            j += 1
        block = t[i : j + 1, i : j + 1]
        values = block[0, :1].astype(complex) if i == j else np.linalg.eigvals(block)
        found.extend(sorted(values, key=lambda each: -complex(each).imag))
        i = j + 1
    values = np.array(found, complex) * scale
    if np.all(values.imag == 0):
        return values.real.astype(dtype)
    return values.astype(np.complex64 if dtype == np.float32 else np.complex128)
