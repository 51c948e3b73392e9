"""``trivium draw``: the computational graph of a run as a picture."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from trivium.learning.errors import RequestError

from .records import check_is_run
from .running import DONE
from .sources import Reading, read_like
from .terminal import emit_json, note
from .wording import for_the_shell

if TYPE_CHECKING:
    from trivium.learning.fit import Fit

__all__ = ["DrawRequest", "draw_command"]


@dataclass(frozen=True)
class DrawRequest:
    """What ``trivium draw`` was asked."""

    run: str
    data: str | None = None
    detail: Literal["auto", "operation", "value", "layer"] = "auto"
    gradients: bool = True
    out: str | None = None
    json: bool = False
    reading: Reading = field(default_factory=Reading)


def draw_command(request: DrawRequest) -> int:
    """Draw the run's model and objective and write the picture; returns the exit code."""
    path = check_is_run(request.run)
    out = _checked_out(request, path)
    from trivium.insight.drawing import draw
    from trivium.learning.fit import load

    fit = load(path)
    data = _data(request, fit)
    title = f"{os.path.basename(os.path.normpath(path))}: {fit.model!r} with {fit.objective!r}"
    drawing = draw(fit, data, gradients=request.gradients, detail=request.detail, title=title)
    drawing.save(out)
    if request.json:
        emit_json(
            {
                "run": path,
                "data": request.data,
                "out": out,
                "detail": drawing.detail,
                "boxes": len(drawing.graph.boxes),
                "edges": len(drawing.graph.edges),
                "notes": [for_the_shell(each) for each in drawing.notes],
            }
        )
        return DONE
    for each in drawing.notes:
        note(for_the_shell(each))
    boxes = f"{len(drawing.graph.boxes):,} boxes"
    print(f"{boxes}, one for every {drawing.detail}: {out} (open it in a browser)")
    return DONE


def _checked_out(request: DrawRequest, run: str) -> str:
    """The file to write: the run's name in this folder if nothing was said."""
    if request.out is None:
        return f"{os.path.basename(os.path.abspath(run))}.svg"
    out = request.out
    folder = os.path.dirname(os.path.abspath(out))
    if not out.lower().endswith(".svg"):
        raise RequestError(
            f"--out {out}: a picture of a graph is written as .svg, which every browser shows "
            "and prints"
        )
    if not os.path.isdir(folder):
        raise RequestError(f"--out {out}: the folder {folder} does not exist")
    if os.path.isdir(out):
        raise RequestError(f"--out {out} is a folder: give the name of a file in it")
    return out


def _data(request: DrawRequest, fit: Fit) -> Any:
    """The data that were named; None for those of the run."""
    if request.data is None:
        if given := request.reading.options():
            raise RequestError(f"--{next(iter(given))} is for reading DATA, which is not given")
        return None
    return read_like(fit.data_source, request.data, request.reading)
