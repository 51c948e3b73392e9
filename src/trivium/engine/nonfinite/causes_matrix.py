"""Causes that are matrices: determinants of singular ones, numbers beyond the dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import factorizations_determinant as determinant
from ..primitives import factorizations_solving as solving
from ..primitives.control import results
from ..tensor import Tensor, variable
from .causes import Case, Cause
from .formula import number

__all__ = ["CAUSES"]


def _matrix(value: float, dtype: Any, size: int = 40) -> Tensor:
    return variable(np.eye(size, dtype=dtype) * value, name="A")


def _magnitude(case: Case) -> str:
    return number(float(np.abs(case.arrays[0]).max(initial=0)))


def _size(case: Case) -> int:
    return int(case.arrays[0].shape[-1])


def _beyond(case: Case) -> str:
    return f"beyond the largest {case.dtype}, {case.largest}"


CAUSES: tuple[Cause, ...] = (
    Cause(
        "logarithm of the determinant of a singular matrix",
        ("slogdet",),
        lambda case: bool(np.isneginf(case.value)),
        lambda case: (
            f"the determinant of {case.text(0)} is 0, because its rows depend on each other, and "
            "ln 0 is −∞"
        ),
        lambda case: "add a small multiple of the identity: A + 1e-6 * tv.array.eye(n)",
        lambda dtype: results(determinant.slogdet(_matrix(0.0, dtype)))[1],
    ),
    Cause(
        "overflow of a determinant",
        ("det", "adjugate"),
        lambda case: bool(np.isfinite(case.arrays[0]).all()),
        lambda case: (
            f"a determinant of size {_size(case)} is a sum of products of {_size(case)} elements, "
            f"here of magnitudes up to {_magnitude(case)}: {_beyond(case)}"
        ),
        lambda case: "take its logarithm: tv.linalg.slogdet does not overflow",
        lambda dtype: determinant.det(_matrix(1e10, dtype)),
    ),
    Cause(
        "overflow of a matrix exponential",
        ("expm",),
        lambda case: bool(np.isfinite(case.arrays[0]).all()),
        lambda case: (
            f"e to the power of a matrix grows with its largest eigenvalue; elements of "
            f"magnitudes up to {_magnitude(case)} lead {_beyond(case)}"
        ),
        lambda case: "scale the matrix, or subtract a multiple of the identity first",
        lambda dtype: solving.expm(_matrix(1000.0, dtype, 2)),
    ),
    Cause(
        "overflow of an inverse",
        ("pinv", "lstsq", "solve"),
        lambda case: all(np.isfinite(each).all() for each in case.arrays),
        lambda case: (
            f"{case.text(0)} has magnitudes of at most {_magnitude(case)}; the inverse of so "
            f"small numbers is {_beyond(case)}"
        ),
        lambda case: (
            "scale the matrix: its units may be chosen so that its elements are near 1"
        ),
        lambda dtype: solving.pinv(
            _matrix(float(np.finfo(dtype).tiny) / 64, dtype, 2),
            variable(np.array(1e-6, dtype), name="tolerance"),
        ),
    ),
)
