"""The arguments and options of the commands, with their help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter, Token

from . import completion

__all__ = [
    "RESULT",
    "Algorithm",
    "BatchSize",
    "CompressRank",
    "Curve",
    "Data",
    "Detail",
    "DrawnData",
    "Dtype",
    "Epochs",
    "FileOptions",
    "Gradients",
    "Image",
    "ImageError",
    "Input",
    "Json",
    "Lang",
    "Layout",
    "MoreEpochs",
    "Model",
    "Objective",
    "OutDrawing",
    "OutFile",
    "OutPicture",
    "OutRun",
    "Patience",
    "Probabilities",
    "Quiet",
    "Root",
    "Run",
    "Scale",
    "Seed",
    "Stratify",
    "Symbol",
    "TableOptions",
    "Target",
    "Test",
    "Validation",
    "option",
    "whole",
]

_DATA = Group.create_ordered("Data")
_STEPS = Group.create_ordered("The three steps (left out: chosen from the data)")
_TRAINING = Group.create_ordered("Training")
_APPROXIMATION = Group.create_ordered("Approximation (one of the first two)")
RESULT = Group.create_ordered("Result")
_READING = Group.create_ordered("Reading a file")


def whole(kind: Any, tokens: Sequence[Token]) -> int:
    """The whole number that is written; cyclopts alone would round 3.5 to 4."""
    text = tokens[0].value
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is no whole number.") from None


def option(group: Group, help: str, **more: Any) -> Parameter:
    """An option with its help; nothing is said about its default or a negative form."""
    return Parameter(group=group, help=help, **{"show_default": False, "negative": "", **more})


Data = Annotated[
    str,
    Parameter(
        help="The name of built-in data (trivium data list), with options as in "
        "spirals:n=1000,arms=3, or a CSV or Parquet file.",
        completer=completion.data,
    ),
]
Run = Annotated[
    str,
    Parameter(help="The directory of a run, or its name in runs/.", completer=completion.runs),
]
Target = Annotated[
    str | None,
    option(
        _DATA,
        "The column to be learned. Built-in data have theirs.",
        metavar="COLUMN",
        completer=completion.columns,
    ),
]

Model = Annotated[
    str | None,
    option(
        _STEPS,
        "A set of functions: linear, threshold, mlp:128,64 (the sizes of its hidden layers), "
        "mlp:64,activation=tanh …",
        metavar="MODEL",
        completer=completion.models,
    ),
]
Objective = Annotated[
    str | None,
    option(
        _STEPS,
        "The goodness of a function: cross-entropy, binary-cross-entropy, hinge, "
        "squared-error, absolute-error, huber:delta=1.5; plus penalties, as in "
        "cross-entropy+1e-4*l2.",
        metavar="OBJECTIVE",
        completer=completion.objectives,
    ),
]
Algorithm = Annotated[
    str | None,
    option(
        _STEPS,
        "How the best function is found: adam:learning_rate=0.001, adamw, "
        "sgd:learning_rate=0.1,momentum=0.9, gradient-descent, rmsprop, adagrad, delta-rule, "
        "closed-form.",
        metavar="ALGORITHM",
        completer=completion.algorithms,
    ),
]

Epochs = Annotated[
    int | None,
    option(
        _TRAINING,
        "Passes over the training part, at most. Left out: by its size.",
        metavar="N",
        converter=whole,
    ),
]
BatchSize = Annotated[
    int | None,
    option(_TRAINING, "Rows in a step. Left out: by the size.", metavar="N", converter=whole),
]
Validation = Annotated[
    str | None,
    option(
        _TRAINING,
        "Part of the training rows that decides when to stop: a fraction, a number of rows, or "
        "0. Left out: 0.2, or 0 for very small tables.",
        metavar="PART",
        allow_leading_hyphen=True,
    ),
]
Test = Annotated[
    str,
    option(
        _TRAINING,
        "Part of all rows that is put aside and scored at the end: a fraction, a number of "
        "rows, or 0.",
        metavar="PART",
        allow_leading_hyphen=True,
        show_default=True,
    ),
]
Patience = Annotated[
    int | None,
    option(
        _TRAINING,
        "Stop after this many epochs without a better validation loss. Left out: an eighth of "
        "the epochs.",
        metavar="N",
        converter=whole,
    ),
]
Seed = Annotated[
    int,
    option(
        _TRAINING,
        "Decides the split, the first values and the order of the rows.",
        metavar="N",
        converter=whole,
        show_default=True,
    ),
]
Stratify = Annotated[
    bool | None,
    option(
        _TRAINING,
        "Give every class its share in every part. Left out: yes for classes.",
        negative=None,
    ),
]
Scale = Annotated[
    bool | None,
    option(
        _TRAINING,
        "Standardise features and numeric targets. Left out: yes.",
        negative=None,
    ),
]
Dtype = Annotated[
    Literal["float32", "float64"] | None,
    option(_TRAINING, "Precision. Left out: float32, in closed form float64."),
]
MoreEpochs = Annotated[
    int | None,
    option(
        _TRAINING,
        "A new total number of epochs, to train a finished run for longer.",
        metavar="N",
        converter=whole,
    ),
]

OutRun = Annotated[
    str | None,
    option(RESULT, "The directory of the run. Left out: runs/NAME-DATE-NUMBER.", metavar="DIR"),
]
OutFile = Annotated[
    str | None,
    option(
        RESULT,
        "A .csv or .parquet file to write. Left out: CSV on standard output.",
        metavar="FILE",
    ),
]
Probabilities = Annotated[bool, option(RESULT, "Also the probability of every class.")]
Input = Annotated[bool, option(RESULT, "Also the columns of DATA, in front.")]
Json = Annotated[bool, option(RESULT, "Print the result as one JSON object.")]
Quiet = Annotated[
    bool, option(RESULT, "Nothing but the result and errors.", name=("--quiet", "-q"))
]
Root = Annotated[
    str | None,
    option(RESULT, "The directory that holds the runs. Left out: runs.", metavar="DIR"),
]


Image = Annotated[
    str,
    Parameter(
        help="A picture (JPEG, PNG, TIFF, WebP, BMP …), or a .lowrank file that this command has "
        "written: that is restored.",
        completer=completion.pictures,
    ),
]
CompressRank = Annotated[
    int | None,
    option(
        _APPROXIMATION,
        "Keep this many singular values of every channel.",
        metavar="R",
        converter=whole,
        allow_leading_hyphen=True,
    ),
]
ImageError = Annotated[
    float | None,
    option(
        _APPROXIMATION,
        "Keep as few as give a relative error of at most E, between 0 and 1.",
        metavar="E",
        allow_leading_hyphen=True,
    ),
]
Layout = Annotated[
    Literal["auto", "channels", "stacked"],
    option(
        _APPROXIMATION,
        "A matrix for each channel, or all colours side by side in one. auto: what takes less "
        "storage for --error; channels for --rank.",
        show_default=True,
    ),
]
OutPicture = Annotated[
    str | None,
    option(
        RESULT,
        "The picture to write (.png, .jpg, .webp, .tif, .bmp); the compressed file and the curve "
        "get the same name. Left out: IMAGE-rankR.png in this folder.",
        metavar="FILE",
    ),
]
Curve = Annotated[
    str | None,
    option(
        RESULT,
        "The curve of error against storage (.png, .svg, .pdf). Left out: NAME-curve.png.",
        metavar="FILE",
    ),
]
DrawnData = Annotated[
    str | None,
    Parameter(
        help="The data whose numbers are drawn, with their target: built-in data, or a CSV or "
        "Parquet file. Left out: the training data of the run.",
        completer=completion.data,
    ),
]
Detail = Annotated[
    Literal["auto", "operation", "value", "layer"],
    option(
        RESULT,
        "What becomes a box: every operation, every named value, every layer. auto: the finest "
        "that stays readable.",
        show_default=True,
    ),
]
Gradients = Annotated[
    bool,
    option(RESULT, "Gradients below the edges. Left out: yes.", negative=None),
]
OutDrawing = Annotated[
    str | None,
    option(
        RESULT,
        "The picture to write (.svg). Left out: RUN.svg in this folder.",
        metavar="FILE",
    ),
]
Symbol = Annotated[
    str | None,
    Parameter(help="A symbol, or a word in its meaning. Left out: the whole table."),
]
Lang = Annotated[
    Literal["en", "zh"],
    option(RESULT, "The language of the words: English or Chinese.", show_default=True),
]


@Parameter(name="*", group=_READING, negative="", show_default=False)
@dataclass(frozen=True)
class FileOptions:
    """How any file is read."""

    missing: Annotated[
        tuple[str, ...],
        Parameter(
            help="A further word for a missing cell, besides an empty one, NA, NaN, null, ? "
            "(may be repeated).",
            metavar="WORD",
            allow_leading_hyphen=True,
        ),
    ] = ()
    delimiter: Annotated[
        str | None,
        Parameter(
            help="What separates the cells: , ; | or tab. Left out: guessed.", metavar="SIGN"
        ),
    ] = None
    decimal: Annotated[
        Literal[".", ","] | None, Parameter(help="The decimal mark. Left out: guessed.")
    ] = None
    names: Annotated[
        str | None,
        Parameter(
            help="The columns' names, for a file without a header line.",
            metavar="NAME,NAME,…",
        ),
    ] = None


@Parameter(name="*", group=_READING, negative="", show_default=False)
@dataclass(frozen=True)
class TableOptions(FileOptions):
    """How a file to learn from is read."""

    drop: Annotated[
        tuple[str, ...],
        Parameter(help="Leave this column out (may be repeated).", metavar="COLUMN"),
    ] = ()
    keep: Annotated[
        tuple[str, ...],
        Parameter(
            help="Use this column although it looks like an identifier.", metavar="COLUMN"
        ),
    ] = ()
    categories: Annotated[
        tuple[str, ...],
        Parameter(help="Read the numbers of this column as labels.", metavar="COLUMN"),
    ] = ()
    weight: Annotated[
        str | None, Parameter(help="The column with each row's weight.", metavar="COLUMN")
    ] = None
