"""What happened epoch by epoch, as plain rows that can draw themselves."""

from __future__ import annotations

import math
from typing import Any

from trivium.engine.extras import optional

__all__ = ["History"]


class History(list[dict[str, Any]]):
    """One dict per epoch: ``epoch``, ``step``, ``seconds``, ``loss``, ``validation_loss``, …

    ``loss`` is the mean of the objective over the epoch's steps, while the parameters moved;
    ``validation_…`` are measured at the epoch's end.
    """

    def column(self, name: str) -> list[float]:
        """One quantity over the epochs; NaN where a row lacks it."""
        return [row.get(name, math.nan) for row in self]

    @property
    def names(self) -> list[str]:
        """The quantities that some row has, in order of appearance."""
        return list(dict.fromkeys(name for row in self for name in row))

    def plot(self, axes: Any = None, *, best_epoch: int | None = None) -> Any:
        """Draw losses (and other metrics beside them) over epochs; returns the figure.

        ``best_epoch``: gets a dotted line, as the one whose parameters were kept.
        Needs matplotlib (``pip install trivium[plot]``). Raises MissingPackageError without it and
        ValueError when no epoch has been finished.
        """
        if not self:
            raise ValueError("there is nothing to plot: no epoch has been finished")
        optional("matplotlib", "plot", "drawing")
        from matplotlib.figure import Figure

        others = [
            name for name in self.names
            if name.startswith("validation_") and name != "validation_loss"
        ]  # fmt: skip
        if axes is None:
            figure = Figure(figsize=(5 * (2 if others else 1), 3.6), layout="constrained")
            places = list(figure.subplots(1, 2 if others else 1, squeeze=False)[0])
        else:
            places = [axes, axes.twinx()] if others else [axes]
            figure = axes.figure
        # Rows of a solver have no epochs: they begin with what they are drawn over.
        over = "epoch" if "epoch" in self.names else self.names[0]
        epochs = self.column(over)
        for name in ("loss", "validation_loss"):
            if name in self.names:
                places[0].plot(epochs, self.column(name), label=name.replace("_", " "))
        if all(value > 0 for value in self.column("loss")):
            places[0].set_yscale("log")
        for name in others:
            places[-1].plot(epochs, self.column(name), label=name.replace("_", " "))
        for place in places:
            if best_epoch is not None:
                place.axvline(best_epoch, color="grey", linestyle=":", label="kept")
            place.set_xlabel(over.replace("_", " "))
            place.xaxis.get_major_locator().set_params(integer=over == "epoch")
            place.legend(frameon=False)
            place.grid(alpha=0.3)
        places[0].set_ylabel("objective")
        return figure
