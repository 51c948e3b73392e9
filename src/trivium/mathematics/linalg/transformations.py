"""A matrix as a transformation of space: what it does to points, and of what kind it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from ...engine.array.arguments import ArrayLike, floating_pair, refused
from ...engine.composites import matmul
from ...engine.errors import ShapeError
from ...engine.primitives.factorizations import transposed
from ...engine.tensor import Tensor
from .arguments import Array, finite_matrix, working_unit

__all__ = ["Transformation", "TransformationKind", "transform", "transformation"]


def transform(points: ArrayLike, matrix: ArrayLike, /) -> Tensor:
    """The images A x of points, one per row: (…, n) and A (m, n) → (…, m). Differentiable.

    Raises ShapeError when the points do not have as many coordinates as the matrix columns.
    """
    given, a = floating_pair(points, matrix)
    if a.ndim != 2:
        raise refused("transform", [given, a], "the transformation must be one matrix")
    if not given.ndim or given.shape[-1] != a.shape[1]:
        raise refused(
            "transform",
            [given, a],
            f"the points must have as many coordinates as the matrix has columns ({a.shape[1]})",
            "points are rows: transpose them, or the matrix",
        )
    return matmul(given, transposed(a))


class TransformationKind(Enum):
    """What a matrix does to space; every member's value is the phrase for people."""

    IDENTITY = "leaves every point where it is"
    ZERO = "maps every point to the origin"
    UNIFORM_SCALING = "scales all directions by one factor"
    SCALING = "scales along the coordinate axes"
    STRETCH = "scales along orthogonal axes of its own"
    ROTATION = "rotates"
    REFLECTION = "reflects"
    ROTOREFLECTION = "rotates and reflects"
    SIMILARITY = "rotates or reflects and scales uniformly, so that shapes are kept"
    SHEAR = "shears: moves points along a fixed direction"
    ORTHOGONAL_PROJECTION = "projects at right angles"
    OBLIQUE_PROJECTION = "projects at an angle"
    COLLAPSE = "flattens space: some directions are lost"
    CHANGE_OF_DIMENSION = "maps to a space of another dimension"
    GENERAL = "rotates, scales and shears"


@dataclass(frozen=True)
class Transformation:
    """One matrix A (m, n) taken apart as a transformation of space.

    ``kinds``: all that it is, the most special first. Singular values: ``scales``, the factors
    by which the orthogonal directions ``directions`` (n, k), in columns, are stretched. Polar
    decomposition A = U P: ``orthogonal`` U and ``stretch`` P (None when A is not square;
    U is not unique, and None, when A is singular). ``angle``: of U in radians, for 2 and 3
    dimensions; ``axis``: the unit vector it turns around (3 dimensions), or that spans the mirror
    line (2 dimensions, U a reflection). QR decomposition A = Q D S: ``axis_scales`` D, and
    ``shear``, the unit upper triangle S (None when A is singular or not square).
    ``determinant``: the factor by which volumes grow, negative if orientation turns (±∞ where
    it is beyond double precision); None when A is not square. ``rank``: the dimension of the
    image.
    """

    matrix: Array
    kinds: tuple[TransformationKind, ...]
    rank: int
    scales: Array
    directions: Array
    determinant: float | None
    orthogonal: Array | None
    stretch: Array | None
    angle: float | None
    axis: Array | None
    axis_scales: Array | None
    shear: Array | None

    @property
    def kind(self) -> TransformationKind:
        """The most special thing that it is."""
        return self.kinds[0]

    def __str__(self) -> str:
        m, n = self.matrix.shape
        what = "; ".join(each.value for each in self.kinds)
        lines = [f"a {m} × {n} matrix that {what}"]
        lines.append(
            f"  stretches orthogonal directions by {_list(self.scales)}; the image has dimension "
            f"{self.rank}"
        )
        if self.determinant is not None:
            turned = ", orientation is reversed" if self.determinant < 0 else ""
            lines.append(f"  volumes × {abs(self.determinant):.6g}{turned}")
        if self.angle is not None:
            reflected = self.orthogonal is not None and np.linalg.det(self.orthogonal) < 0
            lines.append("  " + _turn(self.angle, self.axis, reflected, n))
        if self.shear is not None and self.axis_scales is not None:
            above = self.shear[np.triu_indices(n, 1)]
            shear = f", shear {_list(above)}" if n > 1 else ""
            lines.append(f"  as Q D S: scales {_list(self.axis_scales)}{shear}")
        return "\n".join(lines)

    __repr__ = __str__


def _list(values: Array) -> str:
    return "[" + ", ".join(f"{each:.6g}" for each in np.asarray(values) + 0.0) + "]"


def _turn(angle: float, axis: Array | None, reflected: bool, n: int) -> str:
    degrees = f"{math.degrees(angle):.6g}°"
    if n == 2:
        return (
            f"polar: reflects in the line along {_list(axis)}" if reflected and axis is not None
            else f"polar: rotates by {degrees}"
        )  # fmt: skip
    still = angle == 0 and not reflected
    around = "" if axis is None or still else f" around {_list(axis)}"
    also = " and reflects in the plane across it" if reflected else ""
    return f"polar: rotates by {degrees}{around}{also}"


def transformation(matrix: Any, /) -> Transformation:
    """Take one matrix (m, n) apart: kind, scales, rotation, shear, reflection, projection.

    Equalities are judged to 16 max(m, n) ε ‖A‖; scales up to that are zero. Raises ShapeError
    for what is not one matrix with entries, DomainError for entries that are not finite.
    Sources: Golub & Van Loan, *Matrix Computations*, 4th ed., §2.4, §5.2 and §9.4.3 (polar
    decomposition).
    """
    a, dtype = finite_matrix("transformation", matrix)
    if not a.size:
        raise ShapeError(f"transformation: a matrix of shape {a.shape} transforms nothing")
    m, n = a.shape
    u, s, vh = np.linalg.svd(a)
    unit = 16 * max(m, n) * working_unit(dtype)
    rank = int(np.sum(s > unit * s[0]))
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows equals nothing
        kinds = _kinds(a, s, rank, unit)
    s[rank:] = 0.0
    scales, directions = s.astype(dtype), vh[: len(s)].T.astype(dtype)
    if m != n:
        return Transformation(
            a.astype(dtype), kinds, rank, scales, directions,
            None, None, None, None, None, None, None,
        )  # fmt: skip
    with np.errstate(over="ignore"):
        determinant = float(np.linalg.det(a)) if rank == n else 0.0
    stretch = (vh.T * s) @ vh
    if rank < n:
        return Transformation(
            a.astype(dtype), kinds, rank, scales, directions,
            determinant, None, stretch.astype(dtype), None, None, None, None,
        )  # fmt: skip
    orthogonal = u @ vh
    angle, axis = _rotation(orthogonal)
    if angle is not None and abs(angle) <= unit:
        angle = 0.0
    _, upper = np.linalg.qr(a)
    upper = upper * np.where(np.diagonal(upper) < 0, -1.0, 1.0)[:, None]
    axis_scales = np.diagonal(upper).copy()
    return Transformation(
        a.astype(dtype), kinds, rank, scales, directions, determinant,
        orthogonal.astype(dtype), stretch.astype(dtype), angle, axis,
        axis_scales.astype(dtype), (upper / axis_scales[:, None]).astype(dtype),
    )  # fmt: skip


def _kinds(a: Array, s: Array, rank: int, unit: float) -> tuple[TransformationKind, ...]:
    kind = TransformationKind
    m, n = a.shape
    size = float(s[0])
    if size == 0:
        return (kind.ZERO,) if m == n else (kind.ZERO, kind.CHANGE_OF_DIMENSION)
    found: list[TransformationKind] = []

    def equal(x: Array, y: Array | float) -> bool:
        return bool(np.abs(x - y).max() <= unit * max(size, 1.0))

    if m != n:
        collapse = (kind.COLLAPSE,) if rank < n else ()
        return (kind.CHANGE_OF_DIMENSION, *collapse)
    one = np.eye(n)
    symmetric = bool(np.abs(a - a.T).max() <= unit * size)
    if equal(a, one):
        return (kind.IDENTITY,)
    if bool(np.abs(a - a[0, 0] * one).max() <= unit * size):
        found.append(kind.UNIFORM_SCALING)
    if bool(np.abs(s - s[0]).max() <= unit * size):  # AᵀA = s² I
        if equal(s, 1.0):
            found.append(_orthogonal_kind(a, symmetric))
        elif not found:
            found.append(kind.SIMILARITY)
    if rank < n and equal(a @ a, a):
        found.append(kind.ORTHOGONAL_PROJECTION if symmetric else kind.OBLIQUE_PROJECTION)
    moved = a - one
    if not symmetric and equal(moved @ moved, 0.0) and _rank(moved, unit * max(size, 1.0)) == 1:
        found.append(kind.SHEAR)
    if not found and bool(np.abs(a - np.diag(np.diagonal(a))).max() <= unit * size):
        found.append(kind.SCALING)
    elif not found and symmetric:
        found.append(kind.STRETCH)
    if rank < n:
        found.append(kind.COLLAPSE)
    return tuple(found) or (kind.GENERAL,)


def _orthogonal_kind(a: Array, symmetric: bool) -> TransformationKind:
    kind = TransformationKind
    if np.linalg.det(a) > 0:
        return kind.ROTATION
    mirrors = int(np.sum(np.linalg.eigvalsh((a + a.T) / 2) < 0)) if symmetric else 0
    return kind.REFLECTION if mirrors == 1 else kind.ROTOREFLECTION


def _rank(x: Array, limit: float) -> int:
    return int(np.sum(np.linalg.svd(x, compute_uv=False) > limit))


def _rotation(u: Array) -> tuple[float | None, Array | None]:
    """Angle and axis of an orthogonal matrix of two or three dimensions, with a mirror or not."""
    n, proper = len(u), np.linalg.det(u) > 0
    if n == 2 and proper:
        return math.atan2(u[1, 0], u[0, 0]), None
    if n == 2:
        half = math.atan2(u[1, 0], u[0, 0]) / 2
        return 0.0, np.array([math.cos(half), math.sin(half)])
    if n != 3:
        return None, None
    sign = 1.0 if proper else -1.0
    turned = np.array([u[2, 1] - u[1, 2], u[0, 2] - u[2, 0], u[1, 0] - u[0, 1]])
    angle = math.atan2(float(np.linalg.norm(turned)) / 2, (float(np.trace(u)) - sign) / 2)
    # The axis is what U leaves (proper) or turns into its opposite (with a mirror).
    axis = np.linalg.svd(u - sign * np.eye(3))[2][-1]
    lead = axis[np.argmax(np.abs(axis))]
    along = float(turned @ axis)
    flip = along < 0 if abs(along) > 1e-12 else lead < 0
    return angle, -axis if flip else axis
