"""Trajectories drawn on the contours of a function of two unknowns (needs matplotlib)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from trivium.engine.composites import as_tensor
from trivium.engine.errors import ArgumentError, ShapeError, TriviumError
from trivium.engine.evaluate import value_of
from trivium.engine.extras import optional
from trivium.engine.program import Program
from trivium.engine.tensor import Tensor, input, tensor

from .trajectory import Trajectory

__all__ = ["draw_trajectory"]

Array = np.ndarray[Any, Any]

# Okabe & Ito (2008), "Color universal design": told apart with every kind of colour vision.
_COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_STYLES = ("-", "--", "-.", ":")


def draw_trajectory(
    f: Callable[[Tensor], Any],
    trajectories: Any,
    *,
    limits: tuple[tuple[float, float], tuple[float, float]] | None = None,
    minimum: Any = None,
    levels: int = 14,
    grid: int = 160,
    axes: Any = None,
    labels: Sequence[str] = ("x₁", "x₂"),
    title: str | None = None,
) -> Any:
    """Draw paths on the contours of ``f``; returns the matplotlib Figure.

    ``f``: a function of a vector of two unknowns. ``trajectories``: one or several of
    ``Trajectory`` (from ``record``), ``Minimum`` with a trajectory, or arrays (T, 2); a mapping
    name → one of these gives the legend its words. ``limits``: ((x₁ from, to), (x₂ from, to));
    by default what holds all the paths. ``minimum``: a point (2,) to be marked, if known. The
    contours lie at values spaced evenly in the logarithm of f minus its least value in the
    picture, so that narrow valleys show. A circle marks each start, a square each end. ``axes``:
    matplotlib axes to draw on; otherwise a new figure is made. ``grid``: points along each side.

    Raises ArgumentError for what is no trajectory, ShapeError for one that is not of two
    unknowns, MissingPackageError without matplotlib (``pip install trivium[plot]``).
    """
    paths = _paths(trajectories)
    ranges = _ranges(paths, minimum) if limits is None else _checked(limits)
    x, y = (np.linspace(*each, grid) for each in ranges)
    surface = _surface(f, x, y)
    if axes is None:
        optional("matplotlib", "plot", "drawing")
        from matplotlib.figure import Figure

        axes = Figure(figsize=(6.4, 5.0), layout="constrained").subplots()
    _contours(axes, x, y, surface, levels)
    for i, (name, points) in enumerate(paths):
        _path(axes, name, points, _COLOURS[i % len(_COLOURS)], _STYLES[i % len(_STYLES)])
    if minimum is not None:
        at = _pair(np.asarray(minimum, np.float64))
        axes.plot(*at, marker="*", markersize=14, color="white", markeredgecolor="black",
                  linestyle="none", label="minimum", zorder=5)  # fmt: skip
    axes.set_xlim(*ranges[0])
    axes.set_ylim(*ranges[1])
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    if title:
        axes.set_title(title)
    axes.legend(loc="best", framealpha=0.9, fontsize="small")
    return axes.figure


def _paths(given: Any) -> list[tuple[str, Array]]:
    if isinstance(given, Mapping):
        pairs = [(str(name), each) for name, each in given.items()]
    elif isinstance(given, list | tuple) and not _is_path(given):
        pairs = [("", each) for each in given]
    else:
        pairs = [("", given)]
    found = []
    for i, (name, each) in enumerate(pairs):
        fallback = f"path {i + 1}" if len(pairs) > 1 else "path"
        found.append((name or getattr(each, "name", None) or fallback, _points(each)))
    if not found:
        raise ArgumentError("there is no trajectory to draw")
    return found


def _is_path(given: Any) -> bool:
    """Whether a list is one path of points, or the (x, value) pairs of a minimization."""
    if not given:
        return False
    first: Any = given[0]
    if isinstance(first, tuple) and len(first) == 2 and np.ndim(first[0]) == 1:
        return True
    return np.ndim(first) == 1 and np.size(first) == 2 and not isinstance(first, list | tuple)


def _points(given: Any) -> Array:
    if isinstance(given, Trajectory):
        return _pairs(given.points)
    kept = getattr(given, "trajectory", given)
    if kept is None:
        raise ArgumentError(
            "this result has kept no trajectory; ask for it: minimize with an algorithm of "
            "trajectory=True, or record(algorithm, f, start)"
        )
    if isinstance(kept, list) and kept and isinstance(kept[0], tuple):
        kept = [x for x, _ in kept]
    try:
        return _pairs(np.asarray(kept, np.float64))
    except (TypeError, ValueError) as error:
        if isinstance(error, TriviumError):
            raise
        raise ArgumentError(f"a trajectory is an array (T, 2), not {given!r}") from error


def _pairs(points: Array) -> Array:
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ShapeError(
            f"a picture has two axes, so a trajectory has shape (T, 2) with T > 0, not "
            f"{points.shape}"
        )
    return points


def _pair(point: Array) -> Array:
    if point.shape != (2,):
        raise ShapeError(f"the minimum to mark has shape {point.shape}, not (2,)")
    return point


def _checked(limits: Any) -> list[tuple[float, float]]:
    found = [(float(low), float(high)) for low, high in limits]
    if len(found) != 2 or any(not low < high for low, high in found):
        raise ArgumentError(
            f"limits are ((x₁ from, to), (x₂ from, to)) with from < to, got {limits!r}"
        )
    return found


def _ranges(paths: Sequence[tuple[str, Array]], minimum: Any) -> list[tuple[float, float]]:
    """What holds all finite points, with some room."""
    every = np.concatenate([points for _, points in paths])
    if minimum is not None:
        every = np.concatenate([every, _pair(np.asarray(minimum, np.float64))[None]])
    every = every[np.isfinite(every).all(axis=1)]
    if not len(every):
        raise ArgumentError("no point of the trajectories is finite; give limits=")
    ranges = []
    for column in every.T:
        low, high = float(column.min()), float(column.max())
        room = 0.15 * (high - low) or 0.5 * max(abs(low), 1.0)
        ranges.append((low - room, high + room))
    return ranges


def _surface(f: Callable[[Tensor], Any], x: Array, y: Array) -> Array:
    """f on the grid, (len(y), len(x)): at once where f takes arrays elementwise, else one by
    one."""
    across, up = np.meshgrid(x, y)
    try:
        whole = value_of(as_tensor(f(tensor(np.stack([across, up])))))
        if whole.shape == across.shape:
            places = [(0, 0), (len(y) // 2, len(x) // 3), (-1, -1)]
            single = [float(as_tensor(f(tensor([across[p], up[p]]))).value) for p in places]
            if np.allclose([whole[p] for p in places], single, equal_nan=True):
                return whole
    except (TriviumError, TypeError, ValueError, IndexError):
        pass  # f is one that takes a vector only
    point = input((2,), name="x")
    expression = as_tensor(f(point))
    if expression.shape != ():
        raise ShapeError(
            f"the function must return a scalar, but it returns shape {expression.shape}"
        )
    program = Program([point], expression, steps=across.size)
    flat = [float(program.run(np.array(pair))) for pair in zip(across.ravel(), up.ravel())]
    return np.array(flat).reshape(across.shape)


def _contours(axes: Any, x: Array, y: Array, surface: Array, levels: int) -> None:
    finite = np.ma.masked_invalid(surface)
    if finite.count() == 0:
        raise ArgumentError("the function is nowhere finite within the limits of the picture")
    least, most = float(finite.min()), float(finite.max())
    height = most - least
    if height == 0:
        axes.text(0.5, 0.5, "constant", transform=axes.transAxes, ha="center", color="grey")
        return
    above = finite - least
    # The lowest line encloses about one part in a thousand of the picture.
    low = float(np.quantile(above.compressed(), 1e-3)) or height * 1e-6
    marks = np.geomspace(max(low, height * 1e-8), height, levels)
    bottom = float(marks[0]) / 2
    filled = np.ma.maximum(above, bottom)
    axes.contourf(
        x, y, filled, levels=[bottom, *marks], cmap="Greys_r", alpha=0.35, norm=_log(marks)
    )
    axes.contour(x, y, above, levels=marks, colors="0.45", linewidths=0.6)


def _log(marks: Array) -> Any:
    from matplotlib.colors import LogNorm

    return LogNorm(vmin=float(marks[0]) / 2, vmax=float(marks[-1]))


def _path(axes: Any, name: str, points: Array, colour: str, style: str) -> None:
    axes.plot(points[:, 0], points[:, 1], color=colour, linestyle=style, linewidth=1.5,
              marker=".", markersize=3.5, label=name, zorder=3)  # fmt: skip
    axes.plot(*points[0], marker="o", markersize=8, markerfacecolor="white",
              markeredgecolor=colour, markeredgewidth=1.6, linestyle="none", zorder=4)  # fmt: skip
    axes.plot(*points[-1], marker="s", markersize=7, markerfacecolor=colour,
              markeredgecolor="white", linestyle="none", zorder=4)  # fmt: skip
