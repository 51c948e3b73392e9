"""Quadratics: their constant Hessian, and what its eigenvalues say in spite of rounding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from trivium.engine.composites import zeros_like
from trivium.engine.evaluate import values_of
from trivium.engine.tensor import Tensor
from trivium.engine.transforms import hessian
from trivium.engine.traversal import substitute, topological

__all__ = ["LARGEST", "Spectrum", "constant_hessian", "spectrum_of"]

Array = np.ndarray[Any, Any]

#: The most unknowns for which a dense Hessian is made.
LARGEST = 512


class Spectrum(NamedTuple):
    """The extreme eigenvalues of a symmetric matrix, and how large rounding may have made them."""

    least: float
    largest: float
    tolerance: float

    @property
    def semidefinite(self) -> bool:
        """Whether no eigenvalue has the other sign, as far as rounding lets one see."""
        return self.least >= -self.tolerance or self.largest <= self.tolerance

    @property
    def positive(self) -> bool:
        """Whether all eigenvalues are positive beyond what rounding can do."""
        return self.least > self.tolerance


def spectrum_of(matrix: Array) -> Spectrum:
    """The eigenvalues' ends; the tolerance is n ε ‖H‖, many times the error of the solver.

    Source: Golub & Van Loan (2013), *Matrix Computations*, 4th ed., §8.1.
    """
    if not matrix.size:
        return Spectrum(0.0, 0.0, 0.0)
    if not np.isfinite(matrix).all():
        return Spectrum(-np.inf, np.inf, 0.0)
    values = np.linalg.eigvalsh(matrix)
    size = float(np.abs(values).max())
    eps = float(np.finfo(np.float64).eps)
    return Spectrum(float(values[0]), float(values[-1]), 8 * max(len(values), 4) * eps * size)


def constant_hessian(scalar: Tensor, variables: Sequence[Tensor]) -> Array | None:
    """The Hessian (n, n) of a quadratic, at 0 as anywhere; None when it is too large or data
    that it needs are not known."""
    inside = {id(node) for node in topological([scalar])}
    used = [each for each in variables if id(each) in inside]
    sizes = [each.size for each in variables]
    total = sum(sizes)
    if total > LARGEST or not used:
        return None
    starts = dict(zip(map(id, variables), np.cumsum([0, *sizes[:-1]]).tolist()))
    blocks = [block for row in hessian(scalar, used) for block in row]
    zeros: dict[Tensor, Tensor] = {each: zeros_like(each) for each in used}
    blocks = substitute(blocks, zeros)
    if any(node.primitive.name == "input" for node in topological(blocks)):
        return None
    values = iter(values_of(blocks))
    matrix = np.zeros((total, total))
    for one in used:
        for two in used:
            rows = slice(starts[id(one)], starts[id(one)] + one.size)
            columns = slice(starts[id(two)], starts[id(two)] + two.size)
            matrix[rows, columns] = np.asarray(next(values), np.float64).reshape(
                one.size, two.size
            )
    return np.asarray((matrix + matrix.T) / 2)
