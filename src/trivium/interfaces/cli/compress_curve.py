"""The picture of error against storage."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.learning.errors import RequestError

if TYPE_CHECKING:
    from .compress_factors import Spectra

__all__ = ["CURVES", "check_plotting", "finite_decibels", "write_curve"]

CURVES = (".png", ".svg", ".pdf")


def check_plotting() -> None:
    """Raise RequestError without matplotlib: before any work, not after all of it."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise RequestError(
            "the curve is drawn by matplotlib, which is not installed: "
            "pip install 'trivium[plot]'"
        )


def write_curve(
    path: str,
    spectra: list[Spectra],
    raw_bytes: int,
    item_bytes: int,
    chosen: tuple[float, float],
    title: str,
) -> None:
    """Draw the Eckart-Young error of every rank against the share of storage; mark the choice.

    ``raw_bytes``: of the pixels; ``item_bytes``: of a stored number; ``chosen``: the share of
    storage and the relative error that were achieved. ``check_plotting`` comes before.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter

    from trivium.learning.runs.files import explained, replace_file

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes: Any = figure.subplots()
    words = {"channels": "a matrix for each channel", "stacked": "all colours in one matrix"}
    for each, style in zip(spectra, ("-", "--")):
        numbers, errors = each.curve()
        shares = numbers * item_bytes / raw_bytes
        drawn = errors > 1e-6
        axes.plot(100 * shares[drawn], errors[drawn], style, label=words[each.layout])
    axes.plot(
        100 * chosen[0], max(chosen[1], 1e-6), "o", color="black",
        label=f"written: {100 * chosen[0]:.1f} % storage, error {chosen[1]:.3g}",
    )  # fmt: skip
    axes.axvline(100, color="0.7", linewidth=1)
    axes.text(99, 0.03, "raw pixels", transform=axes.get_xaxis_transform(), rotation=90,
              ha="right", va="bottom", color="0.4", fontsize=8)  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("storage, % of the raw pixels")
    axes.set_ylabel("relative error  ‖A − Â‖ / ‖A‖")
    axes.set_title(title)
    axes.grid(True, which="both", alpha=0.2)
    axes.legend(fontsize=8)
    buffer = io.BytesIO()
    kind = os.path.splitext(path)[1].lower().removeprefix(".")
    # No date in the file: equal pictures give equal files.
    metadata: dict[str, Any] = {} if kind == "png" else {
        "Date" if kind == "svg" else "CreationDate": None
    }  # fmt: skip
    figure.savefig(buffer, format=kind, dpi=150, metadata=metadata)
    with explained(f"write the curve {path}"):
        replace_file(Path(os.path.abspath(path)), [buffer.getvalue()])


def finite_decibels(value: float) -> str:
    """A peak signal-to-noise ratio for people."""
    return f"{value:.1f} dB" if np.isfinite(value) else "infinite: not one pixel differs"
