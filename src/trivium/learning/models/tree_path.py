"""The trees that pruning went through, with their errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trivium.engine.extras import optional

from ..errors import RequestError
from .fitted import model_of
from .tree import DecisionTree

if TYPE_CHECKING:
    from ..fit.result import Fit

__all__ = ["PruningPath", "pruning_path"]

_HEADS = (
    ("leaves", "leaves"),
    ("penalty", "penalty"),
    ("leaf_size", "leaf size"),
    ("loss", "objective"),
    ("training_error", "training error"),
    ("validation_error", "validation error"),
    ("validation_standard_error", "± (1 s.e.)"),
)
_ROWS = 30


class PruningPath(list[dict[str, Any]]):
    """One dict per tree, from the largest to the smallest that was looked at.

    ``leaves``; ``penalty`` (the α from which on the tree is best) or ``leaf_size`` (the fewest
    examples in a leaf); ``loss``, the objective in training; ``training_error`` and, with a
    validation part, ``validation_loss``, ``validation_error`` and its
    ``validation_standard_error``: shares of wrong answers, or mean squared (absolute) errors of
    quantities in the units of the target as it was learned; ``chosen``: in the row of the tree
    that was taken.
    """

    @property
    def chosen(self) -> dict[str, Any]:
        """The row of the tree that was taken."""
        return next(row for row in self if row.get("chosen"))

    def column(self, name: str) -> list[Any]:
        """One quantity along the path; None where a row lacks it."""
        return [row.get(name) for row in self]

    def plot(self, axes: Any = None) -> Any:
        """Draw training and validation error over the number of leaves; returns the figure.

        Needs matplotlib (``pip install trivium[plot]``). Raises MissingPackageError without it.
        """
        optional("matplotlib", "plot", "drawing")
        from matplotlib.figure import Figure

        if axes is None:
            axes = Figure(figsize=(5.5, 3.6), layout="constrained").subplots()
        leaves = self.column("leaves")
        axes.plot(leaves, self.column("training_error"), ".-", label="training")
        if "validation_error" in self[0]:
            axes.errorbar(
                leaves,
                self.column("validation_error"),
                yerr=self.column("validation_standard_error"),
                fmt=".-",
                capsize=2,
                label="validation ± 1 s.e.",
            )
        axes.axvline(self.chosen["leaves"], color="grey", linestyle=":", label="chosen")
        if max(leaves) > 30:
            axes.set_xscale("log")
        axes.set_xlabel("leaves")
        axes.set_ylabel("error")
        axes.legend(frameon=False)
        axes.grid(alpha=0.3)
        return axes.figure

    def __str__(self) -> str:
        heads = [(key, shown) for key, shown in _HEADS if any(key in row for row in self)]
        rows = [["", *(shown for _, shown in heads)]]
        for row in self._shown():
            mark = "→" if row.get("chosen") else ""
            rows.append([mark, *(_number(row.get(key)) for key, _ in heads)])
        widths = [max(len(row[i]) for row in rows) for i in range(len(heads) + 1)]
        lines = [
            "  ".join(cell.rjust(width) for cell, width in zip(row, widths)).rstrip()
            for row in rows
        ]
        left_out = len(self) - len(rows) + 1
        return "\n".join([*lines, f"({left_out:,} trees more)"] if left_out else lines)

    def _shown(self) -> list[dict[str, Any]]:
        """At most ``_ROWS`` rows, spread over the path, the chosen one among them."""
        if len(self) <= _ROWS:
            return list(self)
        wanted = {round(i * (len(self) - 1) / (_ROWS - 2)) for i in range(_ROWS - 1)}
        wanted.add(self.index(self.chosen))
        return [self[i] for i in sorted(wanted)]


def _number(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def pruning_path(fit: Fit) -> PruningPath:
    """The path of a tree that was fitted with ``Growing(prune=…)``, also of a loaded run.

    Raises RequestError for other models, and for a tree that was not pruned.
    """
    model_of("pruning_path", fit, DecisionTree, "a DecisionTree")
    if not fit.history:
        raise RequestError(
            "this tree was not pruned, so there is no path: fit it with "
            "tv.algorithms.Growing(prune='cost-complexity') and validation=0.2, say"
        )
    return PruningPath(dict(row) for row in fit.history)
