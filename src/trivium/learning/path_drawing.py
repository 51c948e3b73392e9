"""Pictures of regularisation paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.engine.extras import optional

if TYPE_CHECKING:
    from .paths import Path

__all__ = ["draw"]

Array = np.ndarray[Any, Any]
_NAMED = 8  # features that get a name at the end of their line
_APART = 0.055  # between two names, as a part of the height


def draw(path: Path) -> Any:
    """A matplotlib figure: coefficients against λ, and below the cross-validated errors.

    Raises MissingPackageError without matplotlib.
    """
    optional("matplotlib", "plot", "drawing")
    from matplotlib.figure import Figure

    below = path.errors is not None
    figure = Figure(figsize=(7, 6 if below else 4), layout="constrained")
    axes = figure.subplots(2 if below else 1, 1, sharex=True, squeeze=False)[:, 0]
    positive = path.penalties > 0  # λ = 0 has no place on a logarithmic axis
    penalties = path.penalties[positive]
    axes[0].plot(penalties, path.standardised[positive], linewidth=1)
    axes[0].set_ylabel("coefficient (standardised feature)")
    if positive.any():
        _name_lines(axes[0], path, path.standardised[positive])
    if below and path.errors is not None and path.standard_errors is not None:
        axes[1].errorbar(
            penalties, path.errors[positive], path.standard_errors[positive], fmt=".-"
        )
        axes[1].set_ylabel("mean squared error")
    for each in axes:
        each.set_xscale("log")
        for value, style in ((path.best, "--"), (path.one_standard_error, ":")):
            if value:
                each.axvline(value, color="gray", linestyle=style)
    axes[-1].set_xlabel("λ (dashed: best; dotted: one standard error)" if below else "λ")
    axes[0].invert_xaxis()
    return figure


def _name_lines(axes: Any, path: Path, lines: Array) -> None:
    """Names beside the ends of the largest lines, in their colours, none upon another."""
    last = lines[-1]
    named = [int(j) for j in np.argsort(-np.abs(last))[:_NAMED] if last[j]]
    apart = _APART * float(np.ptp(lines)) if named else 0.0
    below = -np.inf
    for j in sorted(named, key=lambda j: last[j]):
        below = max(float(last[j]), below + apart)
        axes.annotate(
            path.names[j],
            (1.01, below),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize="small",
            color=axes.lines[j].get_color(),
            annotation_clip=False,
        )
