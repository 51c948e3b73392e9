"""The nearest matrix of a given rank, with the best possible error beside the achieved one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from trivium.engine.errors import ArgumentError

from ..errors import ConvergenceError
from .low_rank_input import Array, first_signs, positive_integer
from .low_rank_krylov import leading
from .low_rank_operators import frobenius, frobenius_error, gram, read, spectral_error

__all__ = ["LowRank", "eckart_young", "truncated_svd"]

Norm = Literal["frobenius", "spectral"]
Method = Literal["auto", "lapack", "lanczos", "randomized"]

_METHODS = ("auto", "lapack", "lanczos", "randomized")
_NORMS = ("frobenius", "spectral")
_FULL = 1500  # smaller sides than this are decomposed completely by "auto"


@dataclass(frozen=True, eq=False, repr=False)
class LowRank:
    """U S Vᵀ of rank k, near to a matrix A (n, d).

    ``u`` (n, k), ``s`` (k,) descending, ``vh`` (k, d); the rows of ``vh`` follow the sign rule of
    ``PCA``. ``norm_frobenius``: ‖A‖_F.

    No matrix of rank k is nearer to A than ``bound_frobenius`` = √(Σ_{i>k} σᵢ²) and
    ``bound_spectral`` = σ_{k+1} (Eckart and Young 1936; Mirsky 1960). ``error_frobenius`` and
    ``error_spectral`` are what U S Vᵀ achieves, measured on A itself. ``exact``: the bounds come
    from all singular values; otherwise from the leading ones and their residuals, and are
    lower estimates. ``uncertainty``: how far rounding can move the Frobenius error.
    ``passes``: how often A was read to find U S Vᵀ; 0 for LAPACK, which keeps it.
    """

    u: Array
    s: Array
    vh: Array
    norm_frobenius: float
    bound_frobenius: float
    error_frobenius: float
    bound_spectral: float
    error_spectral: float
    exact: bool
    uncertainty: float
    method: str
    passes: int

    @property
    def rank(self) -> int:
        """k, the number of singular values kept."""
        return len(self.s)

    @property
    def relative_error(self) -> float:
        """‖A − U S Vᵀ‖_F / ‖A‖_F; 0 for the zero matrix."""
        return self.error_frobenius / self.norm_frobenius if self.norm_frobenius else 0.0

    @property
    def storage_share(self) -> float:
        """k (n + d + 1) numbers over the n d of A."""
        n, d = len(self.u), self.vh.shape[1]
        return self.rank * (n + d + 1) / (n * d)

    def matrix(self) -> Array:
        """U S Vᵀ, (n, d)."""
        found: Array = (self.u * self.s) @ self.vh
        return found

    def __str__(self) -> str:
        n, d = len(self.u), self.vh.shape[1]
        achieved = f"{self.error_frobenius:.6g}"
        if self.uncertainty and self.error_frobenius <= self.uncertainty:
            achieved = f"below {self.uncertainty:.2g}"
        kind = "best possible" if self.exact else "best possible, at least"
        return "\n".join(
            [
                f"rank {self.rank} of a {n:,} × {d:,} matrix ({self.method}), "
                f"{100 * self.storage_share:.1f} % of its storage",
                f"  norm       achieved error  {kind}",
                f"  Frobenius  {achieved:<14}  {self.bound_frobenius:.6g}"
                f"  (relative {self.relative_error:.3g})",
                f"  spectral   {self.error_spectral:<14.6g}  {self.bound_spectral:.6g}",
            ]
        )

    def __repr__(self) -> str:
        return (
            f"<LowRank: rank {self.rank} of {len(self.u)} × {self.vh.shape[1]}, relative error "
            f"{self.relative_error:.3g}, {self.method}>"
        )


def eckart_young(singular_values: Any, rank: int, norm: Norm = "frobenius") -> float:
    """The smallest error that a matrix of rank ``rank`` can have: √(Σ_{i>k} σᵢ²), or σ_{k+1}.

    ``singular_values``: all of them, in any order. Raises ArgumentError for an unknown norm or
    a negative rank. Source: Eckart and Young, Psychometrika 1 (1936); Mirsky (1960), theorem 2.
    """
    if norm not in _NORMS:
        raise ArgumentError(f"eckart_young: norm must be one of {_NORMS}, not {norm!r}")
    positive_integer("eckart_young", "rank", rank, 0)
    left = np.sort(np.asarray(singular_values, np.float64))[::-1][rank:]
    if norm == "spectral":
        return float(left[0]) if len(left) else 0.0
    return float(np.linalg.norm(left))


def truncated_svd(
    a: Any,
    rank: int | None = None,
    *,
    error: float | None = None,
    norm: Norm = "frobenius",
    method: Method = "auto",
    oversampling: int = 10,
    passes: int = 5,
    seed: int = 0,
) -> LowRank:
    """U S Vᵀ from the leading singular triples of A, the nearest matrix of that rank.

    ``a``: (n, d), dense or SciPy sparse. Give ``rank``, at most min(n, d), or a relative
    ``error`` in [0, 1): the smallest rank with ‖A − U S Vᵀ‖ ≤ error · ‖A‖ in ``norm``
    (error=0: the numerical rank). ``method``: "lapack" decomposes A completely; "lanczos" finds
    the leading triples of a sparse or huge matrix (ARPACK); "randomized" takes ``passes`` + 1
    passes over A with ``rank`` + ``oversampling`` directions (Halko, Martinsson and Tropp 2011);
    "auto": LAPACK when min(n, d) ≤ 1,500 (sparse: 200) or, of a dense matrix, more than a tenth
    of the directions is asked for; else randomized (dense) or Lanczos (sparse).

    Raises ArgumentError when both or neither of rank and error are given or out of range,
    ShapeError, DTypeError, DomainError for what is no finite real matrix, ConvergenceError.
    """
    _check(rank, error, norm, method)
    matrix, exponent = read("truncated_svd", a)
    least = min(matrix.shape)
    if rank is not None and rank > least:
        raise ArgumentError(
            f"truncated_svd: rank={rank}, and a matrix of shape {matrix.shape} has at most "
            f"rank {least}"
        )
    chosen = _choose(matrix, rank, method)
    size = frobenius(matrix)
    target = 0.0 if error is None else error
    if chosen == "lapack":
        dense = matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
        u, s, vh = _lapack(dense)
        count = rank if rank is not None else _rank_for(s, target, norm, dense.shape)
        return _measured(matrix, (u, s, vh), count, size, s, True, chosen, 0, exponent, seed)
    search = rank if rank is not None else min(16, max(least - 2, 1))
    while True:
        if chosen == "lanczos":
            triples, slack, passes_used = _lanczos(matrix, search + 1, seed)
        else:
            triples, slack, passes_used = _randomized(
                matrix, search, oversampling, passes, seed
            )
        reached = rank if rank is not None else _reached(triples[1], size, target, norm)
        if reached is not None:
            break
        if search == least or 4 * search > least:
            return truncated_svd(a, error=error, norm=norm, method="lapack", seed=seed)
        search = min(2 * search, least)
    return _measured(
        matrix, triples, reached, size, slack, False, chosen, passes_used, exponent, seed
    )


def _check(rank: Any, error: Any, norm: str, method: str) -> None:
    if (rank is None) == (error is None):
        given = "both are given" if rank is not None else "neither is given"
        raise ArgumentError(f"truncated_svd: give either rank=R or error=E (relative); {given}")
    if rank is not None:
        positive_integer("truncated_svd", "rank", rank)
    if error is not None and (
        isinstance(error, bool) or not isinstance(error, int | float) or not 0 <= error < 1
    ):
        raise ArgumentError(
            f"truncated_svd: error is relative to ‖A‖ and lies in [0, 1), not {error!r}; 0.1 "
            "allows a tenth"
        )
    if norm not in _NORMS:
        raise ArgumentError(f"truncated_svd: norm must be one of {_NORMS}, not {norm!r}")
    if method not in _METHODS:
        raise ArgumentError(
            f"truncated_svd: no method is called {method!r}; choose from {', '.join(_METHODS)}"
        )


def _choose(matrix: Any, rank: int | None, method: str) -> str:
    """The method. Raises ArgumentError for Lanczos where it cannot find as many triples."""
    least, dense = min(matrix.shape), isinstance(matrix, np.ndarray)
    if method == "lanczos" and (rank or 1) + 1 >= least:
        raise ArgumentError(
            f"truncated_svd: Lanczos finds at most min(n, d) − 2 = {max(least - 2, 0)} singular "
            "triples and the one that bounds the error, which is too few here; use "
            "method='lapack'"
        )
    if method != "auto":
        return method
    if least <= (_FULL if dense else 200):
        return "lapack"
    if dense:
        return "lapack" if rank is not None and 10 * rank > least else "randomized"
    return "lanczos" if rank is None or rank + 1 < least else "lapack"


def _lapack(dense: Array) -> tuple[Array, Array, Array]:
    try:
        u, s, vh = np.linalg.svd(dense, full_matrices=False)
    except np.linalg.LinAlgError as failure:
        raise ConvergenceError(
            f"truncated_svd: LAPACK's SVD of a {dense.shape} matrix did not converge "
            f"({failure}); method='randomized' takes another way"
        ) from failure
    return u, s, vh


def _rank_for(s: Array, error: float, norm: str, shape: tuple[int, ...]) -> int:
    """The smallest rank whose Eckart-Young error is at most ``error`` of the norm."""
    floor = s[0] * max(shape) * float(np.finfo(s.dtype).eps) if s[0] else 0.0
    numerical = int((s > floor).sum())
    if error == 0:
        return numerical
    if norm == "spectral":
        return min(int((s > error * s[0]).sum()), numerical)
    tails = np.sqrt(np.cumsum(s[::-1].astype(np.float64) ** 2)[::-1])
    return min(int((tails > error * tails[0]).sum()), numerical)


def _reached(s: Array, size: float, error: float, norm: str) -> int | None:
    """The rank among the leading values that reaches the error; None when more are needed."""
    if size == 0:
        return 0
    if norm == "spectral":
        enough = s <= error * s[0]
        return int(enough.argmax()) if enough.any() else None
    left = size**2 - np.cumsum(s.astype(np.float64) ** 2)
    # Below this the difference of squares is rounding: only all singular values can tell.
    if (error * size) ** 2 < 64 * float(np.finfo(s.dtype).eps) * size**2:
        return None
    enough = left <= (error * size) ** 2
    return int(enough.argmax()) + 1 if enough.any() else None


def _lanczos(matrix: Any, count: int, seed: int) -> tuple[Any, Array, int]:
    """``count`` leading triples by ARPACK; the last is there for the bound."""
    from scipy.sparse.linalg import ArpackError, svds

    from .low_rank_krylov import gaussian

    start = gaussian(seed, 0, (min(matrix.shape),)).astype(matrix.dtype)
    if frobenius(matrix) == 0:
        n, d = matrix.shape
        zero = np.zeros(count, matrix.dtype)
        return (np.eye(n, count), zero, np.eye(count, d)), zero, 1
    try:
        u, s, vh = svds(matrix, k=count, v0=start)
    except ArpackError as failure:
        raise ConvergenceError(
            f"truncated_svd: Lanczos found no {count} singular values ({failure}); "
            "method='randomized' gives estimates with their residuals"
        ) from failure
    order = np.argsort(s)[::-1]
    u, s, vh = u[:, order], s[order], vh[order]
    residuals = np.linalg.norm(matrix.T @ u - vh.T * s, axis=0)
    return (u, s, vh), s + residuals, 0


def _randomized(
    matrix: Any, rank: int, oversampling: int, passes: int, seed: int
) -> tuple[Any, Array, int]:
    """Leading triples from a Krylov basis V and one more pass: the SVD of A V."""
    n, width = matrix.shape
    if n < width:  # the basis of the shorter side is cheaper
        (u, s, vh), upper, read = _randomized(matrix.T, rank, oversampling, passes, seed)
        return (vh.T, s, u.T), upper, read
    positive_integer("truncated_svd", "oversampling", oversampling, 0)
    positive_integer("truncated_svd", "passes", passes)
    block = min(rank + oversampling, *matrix.shape)
    ritz = leading(lambda v: gram(matrix, v), width, block, passes, seed, block, matrix.dtype)
    basis = ritz.vectors[:, :block].astype(matrix.dtype)
    u, s, inner = np.linalg.svd(matrix @ basis, full_matrices=False)
    vh = inner @ basis.T
    # Some σᵢ² lies within the residual of each squared value found.
    upper = np.sqrt(s.astype(np.float64) ** 2 + ritz.residuals[:block])
    return (u, s, vh), upper, ritz.passes + 1


def _measured(
    matrix: Any,
    triples: tuple[Array, Array, Array],
    count: int,
    size: float,
    known: Array,
    exact: bool,
    method: str,
    passes: int,
    exponent: int,
    seed: int,
) -> LowRank:
    """Cut the triples at ``count``, fix the signs, measure what was achieved.

    ``known``: all singular values when ``exact``, else upper estimates of the leading ones.
    """
    u, s, vh = (part.astype(matrix.dtype) for part in triples)
    next_value = float(triples[1][count]) if len(s) > count else 0.0
    u, s, vh = u[:, :count], s[:count], vh[:count]
    signs = first_signs(vh)
    u, vh = np.ascontiguousarray(u * signs), np.ascontiguousarray(vh * signs[:, None])
    if exact:
        bound = eckart_young(known, count)
    else:
        upper = known[:count].astype(np.float64)
        bound = math.sqrt(max(size**2 - float(upper @ upper), 0.0))
    error, uncertainty = frobenius_error(matrix, u, s, vh)
    spectral, _ = spectral_error(matrix, u, s, vh, seed)
    scale = 2.0**exponent
    return LowRank(
        u=u,
        s=np.ldexp(s, exponent),
        vh=vh,
        norm_frobenius=size * scale,
        bound_frobenius=bound * scale,
        error_frobenius=error * scale,
        bound_spectral=next_value * scale,
        # The estimate is from below, and no error is smaller than the bound.
        error_spectral=max(spectral, next_value) * scale,
        exact=exact,
        uncertainty=uncertainty * scale,
        method=method,
        passes=passes,
    )
