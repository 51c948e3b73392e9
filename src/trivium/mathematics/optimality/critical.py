"""Critical points and their kinds: minimum, saddle, maximum, from the spectrum of the Hessian."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from trivium.engine.errors import ArgumentError
from trivium.engine.tensor import Tensor

from ..errors import ConvergenceError
from ..minimization.function import Function
from .objectives import as_function, is_model

__all__ = ["CriticalPoint", "Kind", "classify"]

Array = np.ndarray[Any, Any]

#: The most unknowns for which the whole spectrum is computed.
DENSE = 300


class Kind(Enum):
    """What a point is; the value is the sentence for people."""

    MINIMUM = "A local minimum: the function rises in every direction."
    MAXIMUM = "A local maximum: the function falls in every direction."
    SADDLE = "A saddle point: the function falls in some directions and rises in others."
    DEGENERATE = (
        "Degenerate: along some direction the function is flat to second order, so its kind "
        "cannot be told from the Hessian."
    )
    NOT_CRITICAL = "Not a critical point: the gradient is not zero here."


@dataclass(frozen=True, eq=False)
class CriticalPoint:
    """A point, the gradient there, and how the function bends around it.

    ``eigenvalues``: of the Hessian, ascending; all n of them, or the few smallest and largest
    when n is large (``complete`` says which). ``tolerance``: eigenvalues up to this size count
    as zero. ``negative``, ``zero``, ``positive``: how many there are of each, of those known.
    ``direction``: the unit eigenvector of the smallest eigenvalue (n,): the way down from a
    saddle. ``distance``: ‖H⁺∇f‖, about how far the critical point proper is. ``notes``: what is
    uncertain.
    """

    kind: Kind
    x: Array
    value: float
    gradient_norm: float
    gradient_tolerance: float
    eigenvalues: Array
    complete: bool
    tolerance: float
    direction: Array
    distance: float
    notes: tuple[str, ...] = ()

    @property
    def negative(self) -> int:
        """How many of the known eigenvalues are negative (the index of a saddle)."""
        return int((self.eigenvalues < -self.tolerance).sum())

    @property
    def zero(self) -> int:
        """How many of the known eigenvalues are zero within the tolerance."""
        return int((np.abs(self.eigenvalues) <= self.tolerance).sum())

    @property
    def positive(self) -> int:
        """How many of the known eigenvalues are positive."""
        return int((self.eigenvalues > self.tolerance).sum())

    @property
    def condition(self) -> float:
        """The largest |eigenvalue| over the smallest, of those known; infinite with a zero."""
        sizes = np.abs(self.eigenvalues)
        return float(sizes.max() / sizes.min()) if sizes.min() > 0 else math.inf

    def __str__(self) -> str:
        known = "all" if self.complete else "the outermost"
        lines = [
            self.kind.value,
            f"  value {self.value + 0.0:.10g}, gradient norm {self.gradient_norm:.3g} (zero is "
            f"≤ {self.gradient_tolerance:.2g})",
            f"  Hessian: eigenvalues from {self.eigenvalues[0]:.6g} to "
            f"{self.eigenvalues[-1]:.6g} ({known} {len(self.eigenvalues)} of {len(self.x)}); "
            f"{self.negative} negative, {self.zero} zero (≤ {self.tolerance:.2g}), "
            f"{self.positive} positive",
        ]
        lines.extend(f"  note: {note}" for note in self.notes)
        return "\n".join(lines)

    __repr__ = __str__


def classify(
    function: Callable[..., Any] | Tensor,
    at: Any,
    data: Any = None,
    point: Any = None,
    *,
    tolerance: float = 1e-8,
    gradient_tolerance: float = 1e-5,
    dense: int = DENSE,
    outermost: int = 3,
    seed: int = 0,
) -> CriticalPoint:
    """What kind of point ``at`` is: minimum, saddle, maximum, degenerate, or none of them.

    ``classify(function, point)``: a Python function of Tensors and a point in the structure of
    its argument, or an expression and its tv.variable's, at their present values.
    ``classify(objective, model, data)``: an objective in the model's parameters, at their
    present values or at ``point``, a mapping name → value or one flat vector.

    ``tolerance``: an eigenvalue is zero when it is at most this share of the largest (in size).
    ``gradient_tolerance``: the point is critical when ‖∇f‖_∞ ≤ this · max(1, |f|). Up to
    ``dense`` unknowns the Hessian is formed and all its eigenvalues are computed; beyond, the
    ``outermost`` ones at both ends by Lanczos with Hessian-vector products, started from
    ``seed``. Raises ArgumentError for a point that is not finite or does not fit,
    ConvergenceError where Lanczos does not converge.

    Source: Nocedal & Wright (2006), *Numerical Optimization*, 2nd ed., theorems 2.3-2.4;
    Pearlmutter (1994), "Fast exact multiplication by the Hessian"; Lehoucq, Sorensen & Yang
    (1998), *ARPACK Users' Guide*.
    """
    _check(tolerance, gradient_tolerance, dense, outermost)
    if is_model(at):
        f, present, names = as_function(function, at, data)
        made = Function(f, present if point is None else _point(point, at, present, names))
    else:
        if data is not None or point is not None:
            raise ArgumentError(
                "data and point belong to classify(objective, model, data, point); a plain "
                "function is classified at its second argument: classify(function, point)"
            )
        made = Function(function, at)
    x = made.start.copy()
    if not np.isfinite(x).all():
        raise ArgumentError("the point holds infinity or NaN, so nothing lies around it")
    value, gradient = made.value_and_gradient(x)
    if not (math.isfinite(value) and np.isfinite(gradient).all()):
        raise ArgumentError(
            f"the function is {value} at the point"
            + (" and its gradient is not finite" if math.isfinite(value) else "")
            + ", so its kind has no meaning"
        )
    return _classified(
        made, x, value, gradient, tolerance, gradient_tolerance, dense, outermost, seed
    )


def _check(tolerance: float, gradient_tolerance: float, dense: int, outermost: int) -> None:
    for name, given in (("tolerance", tolerance), ("gradient_tolerance", gradient_tolerance)):
        if not 0 <= float(given) < math.inf:
            raise ArgumentError(f"classify: {name} must be zero or positive, got {given!r}")
    if dense < 1 or outermost < 1:
        raise ArgumentError("classify: dense and outermost count at least one")


def _point(point: Any, model: Any, present: Array, names: Any) -> Array:
    if not isinstance(point, Mapping):
        flat = np.asarray(point, np.float64).ravel()
        if flat.size != present.size:
            raise ArgumentError(
                f"the point has {flat.size} numbers, but the model has {present.size} "
                f"parameters: {', '.join(names[:4])}{', …' if len(names) > 4 else ''}"
            )
        return flat
    parts = []
    parameters = model.parameters()
    unknown = [name for name in point if name not in parameters]
    if unknown:
        raise ArgumentError(
            f"the model has no parameter {unknown[0]!r}; it has {', '.join(parameters)}"
        )
    for name, each in parameters.items():
        given = np.asarray(point.get(name, each.value), np.float64)
        if given.shape != each.shape:
            raise ArgumentError(
                f"the parameter {name} has shape {each.shape}, the point gives {given.shape}"
            )
        parts.append(given.ravel())
    return np.concatenate(parts)


def _classified(
    made: Function,
    x: Array,
    value: float,
    gradient: Array,
    tolerance: float,
    gradient_tolerance: float,
    dense: int,
    outermost: int,
    seed: int,
) -> CriticalPoint:
    notes: list[str] = []
    if x.size <= max(dense, 2 * outermost + 1):
        matrix = made.hessian(x)
        if not np.isfinite(matrix).all():
            raise ArgumentError("the Hessian holds infinity or NaN at this point")
        values, vectors = np.linalg.eigh(matrix)
        complete = True
        size = float(np.abs(values).max())
        kept = np.abs(values) > tolerance * size
        slopes = vectors.T @ gradient
        distance = (
            float(np.linalg.norm(slopes[kept] / values[kept])) if kept.any() else math.inf
        )
    else:
        values, vectors, error = _outermost(made, x, outermost, seed)
        complete = False
        size = float(np.abs(values).max())
        steepest = float(np.abs(values).min())
        distance = float(np.linalg.norm(gradient) / steepest) if steepest > 0 else math.inf
        notes.append(
            f"Lanczos found the {outermost} smallest and largest of {x.size} eigenvalues, with "
            f"residuals up to {error:.2g}; those between them lie between them"
        )
    zero = tolerance * size
    norm = float(np.abs(gradient).max())
    limit = gradient_tolerance * max(1.0, abs(value))
    kind = _kind(values, zero, norm <= limit)
    if kind is Kind.NOT_CRITICAL:
        notes.append(
            f"to first order it falls along -∇f; a Newton step from here has length {distance:.3g}"
        )
    elif norm > 0 and distance > 1e-3 * (1 + float(np.linalg.norm(x))):
        notes.append(
            f"the critical point itself may be about {distance:.2g} away, where the Hessian can "
            "differ: minimize further before trusting the kind"
        )
    close = np.abs(np.abs(values) - zero) <= 0.9 * zero
    if kind is not Kind.DEGENERATE and zero > 0 and bool(close.any()):
        notes.append(
            "some eigenvalue is within a factor of ten of the tolerance: the kind may change "
            "with it"
        )
    direction = vectors[:, 0]
    pivot = int(np.argmax(np.abs(direction)))
    direction = direction if direction[pivot] > 0 else -direction
    return CriticalPoint(
        kind, x, value, norm, limit, values, complete, zero, direction, distance, tuple(notes)
    )


def _kind(values: Array, zero: float, critical: bool) -> Kind:
    if not critical:
        return Kind.NOT_CRITICAL
    if values[0] < -zero and values[-1] > zero:
        return Kind.SADDLE
    if values[0] > zero:
        return Kind.MINIMUM
    return Kind.MAXIMUM if values[-1] < -zero else Kind.DEGENERATE


def _outermost(made: Function, x: Array, count: int, seed: int) -> tuple[Array, Array, float]:
    """The ``count`` smallest and largest eigenvalues, their vectors, and the largest residual."""
    from scipy.sparse.linalg import ArpackError

    from trivium.engine.dtypes import int64
    from trivium.engine.host_random import key
    from trivium.engine.primitives.random import draw

    start = draw(key(seed), 0, x.size, int64) / 2.0**63
    size = float(np.linalg.norm(made.hessian_vector(x, start)) / np.linalg.norm(start))
    if not size:  # of a vector drawn at random: H itself is 0
        vectors = np.eye(x.size, 2 * count)
        return np.zeros(2 * count), vectors, 0.0
    try:
        # ARPACK's tolerance is absolute for small numbers: divided by their size they are not.
        low, high = (_end(made, x, count, sign / size, start) for sign in (1.0, -1.0))
    except ArpackError as error:
        raise ConvergenceError(
            f"Lanczos did not find the outermost eigenvalues of the Hessian of {x.size} unknowns "
            f"({error}); with dense={x.size} all of them are computed from the whole matrix"
        ) from error
    values = np.concatenate([low[0], -high[0][::-1]]) * size
    vectors = np.concatenate([low[1], high[1][:, ::-1]], axis=1)
    images = np.stack([made.hessian_vector(x, vector) for vector in vectors.T], axis=1)
    return values, vectors, float(np.abs(images - vectors * values).max())


def _end(
    made: Function, x: Array, count: int, factor: float, start: Array
) -> tuple[Array, Array]:
    """The ``count`` smallest eigenvalues of factor · H, ascending, with their vectors.

    Lanczos from one vector sees equal eigenvalues once, so it is repeated from another vector,
    with what was found moved to the other end, until nothing smaller comes.
    """
    from scipy.sparse.linalg import LinearOperator, eigsh

    values, vectors = np.zeros(0), np.zeros((x.size, 0))

    def product(v: Array) -> Array:
        flat = np.ravel(v)
        return factor * made.hessian_vector(x, flat) + vectors @ (away * (vectors.T @ flat))

    operator = LinearOperator((x.size, x.size), matvec=product, dtype=np.float64)
    away = 0.0
    for turn, wanted in enumerate([count, *[1] * count]):
        fresh = eigsh(
            operator,
            k=wanted,
            which="SA",
            v0=np.roll(start, turn),
            maxiter=50 * x.size,
            tol=1e-10,
        )
        if len(values) == count and fresh[0][0] >= values[-1] - 1e-9 * np.abs(values).max():
            break
        values = np.concatenate([values, fresh[0]])
        vectors = np.linalg.qr(np.concatenate([vectors, fresh[1]], axis=1))[0]
        order = np.argsort(values, kind="stable")[:count]
        values, vectors = values[order], vectors[:, order]
        away = 4 * float(np.abs(values).max())
    return values, vectors
