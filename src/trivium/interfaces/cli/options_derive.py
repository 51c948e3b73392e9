"""The arguments and options of ``trivium derive``, with their help."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Group, Parameter

from . import completion
from .options import RESULT, option, whole

__all__ = [
    "DerivedData",
    "DerivedObjective",
    "DerivedTarget",
    "Example",
    "Features",
    "Format",
    "OutDerivation",
    "Outputs",
    "Subject",
]

_MODEL = Group.create_ordered("A model instead of a run")

Subject = Annotated[
    str,
    Parameter(
        help="The directory of a run or its name in runs/, or a model: linear, mlp:8,4, "
        "mlp:hidden=8,activation=tanh …",
        completer=completion.subjects,
    ),
]
DerivedData = Annotated[
    str | None,
    Parameter(
        help="The data whose numbers are shown, with their target: built-in data, or a CSV or "
        "Parquet file.",
        completer=completion.data,
    ),
]
Features = Annotated[
    int | None,
    option(_MODEL, "How many features, without DATA.", metavar="N", converter=whole),
]
Outputs = Annotated[
    int | None,
    option(
        _MODEL,
        "How many classes or target columns, without DATA.",
        metavar="N",
        converter=whole,
    ),
]
DerivedObjective = Annotated[
    str | None,
    option(
        _MODEL,
        "The loss, as for trivium fit: cross-entropy+1e-4*l2. Left out: chosen from DATA.",
        metavar="OBJECTIVE",
        completer=completion.objectives,
    ),
]
DerivedTarget = Annotated[
    str | None,
    option(
        _MODEL,
        "The column of DATA to be learned. Built-in data have theirs.",
        metavar="COLUMN",
        completer=completion.columns,
    ),
]
Example = Annotated[
    int | None,
    option(
        RESULT,
        "Show the numbers of this row of DATA, or of the training data of the run, counted "
        "from 0. Left out: the first rows of DATA.",
        metavar="N",
        converter=whole,
        allow_leading_hyphen=True,
    ),
]
Format = Annotated[
    Literal["text", "latex", "html", "python"] | None,
    option(
        RESULT,
        "How the equations are written; python: a program that needs only NumPy. Left out: by "
        "the ending of --out, else text.",
    ),
]
OutDerivation = Annotated[
    str | None,
    option(
        RESULT,
        "The file to write (.txt, .tex, .html, .py). Left out: standard output.",
        metavar="FILE",
    ),
]
