"""Pictures of a matrix as a transformation: a grid and its image side by side."""

from __future__ import annotations

from itertools import product as pairs
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.errors import ShapeError
from ...engine.extras import optional
from .arguments import Array, finite_matrix
from .transformations import TransformationKind, transformation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_transformation"]

_COLOURS = ("tab:red", "tab:green", "tab:blue")


def draw_transformation(matrix: Any, out: str | Path | None = None) -> Figure:
    """Draw space before and after a matrix (m, n), both dimensions 1 to 3.

    Grid, unit circle (sphere) and basis vectors, and their images; dashed: directions of
    real eigenvectors. ``out``: a file to write, its format by its ending. Needs matplotlib
    (``pip install 'trivium[plot]'``). Raises MissingPackageError without it, ShapeError for other
    dimensions, DomainError for entries that are not finite.
    """
    optional("matplotlib", "plot", "drawing")
    from matplotlib.figure import Figure

    a, _ = finite_matrix("draw_transformation", matrix)
    m, n = a.shape
    if not (1 <= n <= 3 and 1 <= m <= 3):
        raise ShapeError(
            f"draw_transformation: a {m} × {n} matrix cannot be drawn; spaces of 1 to 3 dimensions "
            "can"
        )
    figure = Figure(figsize=(10, 5), layout="constrained")
    same = np.eye(n)
    for place, (map_, title) in enumerate(((same, "before"), (a, "after"))):
        if len(map_) == 3:
            axes: Any = figure.add_subplot(1, 2, place + 1, projection="3d")
        else:
            axes = figure.add_subplot(1, 2, place + 1)
        _draw(axes, map_, _own_directions(a))
        axes.set_title(title)
    figure.suptitle(_caption(a))
    if out is not None:
        figure.savefig(out, dpi=150)
    return figure


def _caption(a: Array) -> str:
    found = transformation(a)
    kinds = ", ".join(each.name.lower().replace("_", " ") for each in found.kinds)
    text = f"{kinds}; scales {', '.join(f'{each:.4g}' for each in found.scales)}"
    if found.kind is TransformationKind.CHANGE_OF_DIMENSION:
        return f"{a.shape[1]} → {a.shape[0]} dimensions: {text}"
    return f"{text}; determinant {found.determinant:.4g}"


def _own_directions(a: Array) -> Array:
    """The real eigenvectors' directions, in rows; none unless the matrix is square."""
    if a.shape[0] != a.shape[1]:
        return np.zeros((0, a.shape[1]))
    values, vectors = np.linalg.eig(a)
    real = np.abs(values.imag) <= 1e-12 * max(float(np.abs(values).max()), 1e-300)
    return np.asarray(vectors[:, real].real.T)


def _draw(axes: Any, map_: Array, own: Array) -> None:
    n, m = map_.shape[1], map_.shape[0]
    for line in _grid(n):
        axes.plot(*_seen(line @ map_.T), color="0.8", linewidth=0.8, zorder=1)
    for line in _circles(n):
        axes.plot(*_seen(line @ map_.T), color="tab:orange", linewidth=1.2, zorder=2)
    for i, arrow in enumerate(map_.T):
        points = _seen(np.array([np.zeros(m), arrow]))
        axes.plot(
            *points, color=_COLOURS[i], linewidth=2.2, marker="o", markevery=[1], zorder=4
        )
    reach = 2.0 * max(float(np.linalg.norm(map_, 2)), 1e-12)
    if len(map_) == map_.shape[1]:
        for direction in own:
            ends = np.array([-direction, direction]) * reach
            axes.plot(*_seen(ends), color="0.3", linestyle="--", linewidth=1.0, zorder=3)
    limits = (-reach, reach)
    axes.set_xlim(*limits)
    axes.set_ylim(*limits)
    if m == 3:
        axes.set_zlim(*limits)
        axes.set_box_aspect((1, 1, 1))
        axes.locator_params(nbins=5)
    else:
        axes.set_aspect("equal")


def _seen(points: Array) -> list[Array]:
    """The coordinates to plot; a line of one dimension lies on the horizontal axis."""
    found = list(points.T)
    return [found[0], np.zeros_like(found[0])] if len(found) == 1 else found


def _grid(n: int) -> list[Array]:
    """Lines through the whole numbers from -1 to 1 (-2 to 2 in a plane), parallel to the axes."""
    ticks = np.arange(-2, 3) if n < 3 else np.arange(-1, 2)
    along = np.linspace(ticks[0], ticks[-1], 2)
    lines = []
    for axis in range(n):
        for fixed in pairs(*[ticks] * (n - 1)):
            line = np.zeros((len(along), n))
            line[:, axis] = along
            line[:, [i for i in range(n) if i != axis]] = fixed
            lines.append(line)
    return lines


def _circles(n: int) -> list[Array]:
    """The unit circle, or three great circles of the sphere, or the ends of a segment."""
    if n == 1:
        return [np.array([[-1.0], [1.0]])]
    turn = np.linspace(0, 2 * np.pi, 121)
    lines = []
    for i in range(n):
        for j in range(i + 1, n):
            line = np.zeros((len(turn), n))
            line[:, i], line[:, j] = np.cos(turn), np.sin(turn)
            lines.append(line)
    return lines
