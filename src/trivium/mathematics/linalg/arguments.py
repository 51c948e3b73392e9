"""How the functions of linear algebra read their arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...engine.array.arguments import ArrayLike, floating, refused
from ...engine.errors import ArgumentError, ShapeError
from ...engine.messages import counted
from ...engine.tensor import Tensor, as_array
from ..errors import DomainError

__all__ = [
    "Array",
    "finite_matrix",
    "finite_vector",
    "magnitude",
    "matrices",
    "relative_tolerance",
    "square_matrices",
    "square_matrix",
    "working_unit",
]

Array = np.ndarray[Any, Any]


def matrices(asked: str, x: ArrayLike) -> Tensor:
    """``x`` as a floating tensor of matrices (…, n, m). Raises ShapeError for fewer axes."""
    given = floating(x)
    if given.ndim < 2:
        raise refused(asked, [given], "a matrix has two axes", "add one: x[:, None]")
    return given


def square_matrices(asked: str, x: ArrayLike) -> Tensor:
    """``x`` as a floating tensor of square matrices. Raises ShapeError otherwise."""
    given = matrices(asked, x)
    if given.shape[-1] != given.shape[-2]:
        raise refused(
            asked,
            [given],
            "the last two axes must be equal: the matrix must be square",
            "tv.linalg.svd, pinv and lstsq take matrices of any shape",
        )
    return given


def finite_matrix(asked: str, x: Any, what: str = "the matrix") -> tuple[Array, np.dtype[Any]]:
    """``x`` as one matrix of finite float64 numbers, and the dtype that results should have.

    Raises ShapeError when it is not a matrix, DomainError for an entry that is not finite.
    """
    given = as_array(x.value if isinstance(x, Tensor) else x)
    if given.ndim != 2:
        raise ShapeError(
            f"{asked}: {what} has shape {given.shape}, but one matrix with two axes is needed"
            + ("; add an axis with x[:, None]" if given.ndim == 1 else "")
        )
    return _finite(asked, given, what), _result_dtype(given)


def square_matrix(asked: str, x: Any) -> tuple[Array, np.dtype[Any]]:
    """Like ``finite_matrix``, square and not empty."""
    given, dtype = finite_matrix(asked, x)
    if given.shape[0] != given.shape[1]:
        raise ShapeError(
            f"{asked}: the matrix has shape {given.shape}, but only a square matrix maps a space "
            "into itself, so only a square one has eigenvalues; tv.linalg.svd takes any shape"
        )
    if not given.size:
        raise ShapeError(f"{asked}: the matrix of shape (0, 0) has no eigenvalues")
    return given, dtype


def finite_vector(asked: str, x: Any, size: int, what: str) -> Array:
    """``x`` as a vector of ``size`` finite float64 numbers, not all of them zero."""
    given = as_array(x.value if isinstance(x, Tensor) else x)
    if given.shape != (size,):
        raise ShapeError(f"{asked}: {what} has shape {given.shape}, but must have ({size},)")
    found = _finite(asked, given, what)
    if not np.any(found):
        raise DomainError(
            f"{asked}: {what} is the zero vector, which has no direction; leave it out for a "
            "random one"
        )
    return found


def _finite(asked: str, given: Array, what: str) -> Array:
    found = given.astype(np.float64)
    bad = np.argwhere(~np.isfinite(found))
    if len(bad):
        place = [int(i) for i in bad[0]]
        raise DomainError(
            f"{asked}: {what} has {counted(len(bad), 'entry', 'entries')} that "
            f"{'is' if len(bad) == 1 else 'are'} not finite, the first at {place} "
            f"({found[tuple(bad[0])]}); remove or replace "
            f"{'it' if len(bad) == 1 else 'them'} first"
        )
    return found


def _result_dtype(given: Array) -> np.dtype[Any]:
    return given.dtype if given.dtype.kind == "f" else np.dtype(np.float64)


def magnitude(given: Array) -> float:
    """The power of two that brings the largest entry to about 1; 1 for zeros.

    Division by it is exact, and squares of what is left neither overflow nor vanish (LAPACK's
    own scaling in ``geev`` is not relied upon: some builds return wrong eigenvalues there).
    """
    largest = float(np.abs(given).max(initial=0.0))
    return 2.0 ** max(math.frexp(largest)[1] - 1, -1021) if largest else 1.0


def relative_tolerance(asked: str, rtol: Any, default: float) -> float:
    """The tolerance that was given, or the default. Raises ArgumentError for no such number."""
    if rtol is None:
        return default
    number = isinstance(rtol, int | float | np.number) and not isinstance(rtol, bool)
    if not number or not 0 <= float(rtol) < math.inf:
        raise ArgumentError(f"{asked}: rtol must be a finite number of 0 or more, not {rtol!r}")
    return float(rtol)


def working_unit(dtype: np.dtype[Any]) -> float:
    """The unit ε of the numbers: the distance from 1 to the next larger one."""
    return float(np.finfo(dtype).eps)
