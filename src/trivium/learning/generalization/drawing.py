"""Axes to draw on: the given ones, or those of a new figure."""

from __future__ import annotations

from typing import Any

from trivium.engine.extras import optional

__all__ = ["axes_of", "panels"]


def axes_of(axes: Any, size: tuple[float, float] = (5.5, 3.8)) -> tuple[Any, Any]:
    """The axes and their figure. Raises MissingPackageError without matplotlib."""
    if axes is not None:
        return axes, axes.figure
    optional("matplotlib", "plot", "drawing")
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    return figure.subplots(), figure


def panels(count: int) -> tuple[Any, list[Any]]:
    """A new figure with ``count`` axes side by side; MissingPackageError without matplotlib."""
    place, figure = axes_of(None, (4.2 * count, 3.6))
    if count == 1:
        return figure, [place]
    figure.clear()
    return figure, list(figure.subplots(1, count, sharey=True))
