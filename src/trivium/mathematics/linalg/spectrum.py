"""Eigenvalues and eigenvectors of general matrices, and how far each can be trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ConvergenceError
from .arguments import Array, magnitude, square_matrix, working_unit

__all__ = ["Spectrum", "eig"]


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues of a general matrix, of descending size, with eigenvectors in columns.

    ``eigenvalues``, ``eigenvectors``: real arrays when all eigenvalues are real, else complex;
    of a conjugate pair the one with the positive imaginary part comes first. ``residuals``:
    ‖A v - λ v‖/‖A‖. ``conditions``: 1/|yᴴx| of every eigenvalue, y and x its left and right
    unit eigenvectors: a relative change ε of A moves it by up to ``conditions`` ε ‖A‖.
    ``digits_lost``: log₁₀ of conditions ‖A‖/|λ|. ``vectors_condition``: κ of the
    eigenvectors' matrix. ``digits``: what the dtype has.
    """

    eigenvalues: Array
    eigenvectors: Array
    residuals: Array
    conditions: Array
    digits_lost: Array
    vectors_condition: float
    digits: float

    @property
    def spectral_radius(self) -> float:
        """The largest |λ|."""
        return float(np.abs(self.eigenvalues[0]))

    @property
    def defective(self) -> bool:
        """Whether, to half the working precision, there is no basis of eigenvectors."""
        return not self.vectors_condition < 10.0 ** (self.digits / 2)

    def __str__(self) -> str:
        lines = [f"{'eigenvalue':>28}  {'residual':>9}  {'condition':>10}  digits lost"]
        shown = range(min(len(self.eigenvalues), 12))
        for i in shown:
            lost = self.digits_lost[i]
            lines.append(
                f"{spoken(self.eigenvalues[i]):>28}  {self.residuals[i]:>9.1e}  "
                f"{self.conditions[i]:>10.3g}  "
                f"{f'{lost:.1f}' if lost < self.digits else 'all'} of {self.digits:.1f}"
            )
        if len(shown) < len(self.eigenvalues):
            lines.append(f"  … and {len(self.eigenvalues) - len(shown)} more")
        if self.defective:
            lines.append(
                "  defective, or so near to a defective matrix that there is no usable basis of "
                f"eigenvectors (condition {self.vectors_condition:.2g})"
            )
        return "\n".join(lines)

    __repr__ = __str__


def spoken(value: Any) -> str:
    """A real or complex number in ten digits."""
    if isinstance(value, complex | np.complexfloating) and value.imag != 0:
        return f"{value.real:.10g} {'+' if value.imag >= 0 else '-'} {abs(value.imag):.10g}i"
    return f"{float(np.real(value)):.10g}"


def eig(x: Any, /) -> Spectrum:
    """Eigenvalues and right eigenvectors of one general matrix (n, n): A v = λ v.

    A procedure on values; for symmetric matrices ``eigh`` is an expression with derivatives.
    The entry of largest size of every eigenvector is real and positive. Raises ShapeError for
    what is not one square matrix with entries, DomainError for entries that are not finite.
    Sources: Golub & Van Loan, *Matrix Computations*, 4th ed., §7.2.2 (conditions) and §7.5.
    """
    given, dtype = square_matrix("eig", x)
    size = magnitude(given)
    given = given / size
    from scipy.linalg import eig as routine

    try:
        values, left, right = routine(given, left=True, right=True)
    except np.linalg.LinAlgError as error:
        raise ConvergenceError(
            f"eig: LAPACK's QR iteration did not converge ({error})"
        ) from error
    order = _descending(values)
    values, left, right = values[order], left[:, order], right[:, order]
    if np.all(values.imag == 0):
        values, left, right = values.real, left.real, right.real
    first = np.argmax(np.abs(right), axis=0)
    lead = right[first, np.arange(len(values))]
    right = right * (np.abs(lead) / lead)
    scale = float(np.linalg.norm(given, 2)) or 1.0
    residuals = np.linalg.norm(given @ right - right * values, axis=0) / scale
    overlap = np.abs(np.sum(left.conj() * right, axis=0))
    lengths = np.linalg.norm(left, axis=0) * np.linalg.norm(right, axis=0)
    with np.errstate(divide="ignore", over="ignore"):
        conditions = lengths / overlap
        lost = np.log10(np.maximum(conditions * scale / np.abs(values), 1.0))
    singular = np.linalg.svd(right, compute_uv=False)
    spread = float(singular[0] / singular[-1]) if singular[-1] > 0 else math.inf
    complex_kind = np.complex64 if dtype == np.float32 else np.complex128
    kind = dtype if values.dtype.kind == "f" else np.dtype(complex_kind)
    return Spectrum(
        (values * size).astype(kind), right.astype(kind), residuals, conditions, lost, spread,
        -math.log10(working_unit(dtype)),
    )  # fmt: skip


def _descending(values: Array) -> Array:
    """Positions by descending |λ|; sizes that agree to 10⁻¹² keep pairs and signs in order."""
    size = np.abs(values)
    unit = 1e-12 * max(float(size.max()), np.finfo(np.float64).tiny)
    return np.lexsort((-values.imag, -values.real, -np.round(size / unit)))
