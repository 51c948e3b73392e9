"""The commands, as ``trivium --help`` shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyclopts import App

from trivium import __version__

from . import options, options_derive

if TYPE_CHECKING:
    from .sources import Reading

__all__ = ["app"]

_INTRODUCTION = """\
Machine learning in three steps: model × objective × algorithm.

A table goes in, a fitted model comes out; every fit leaves a run on disk that can be looked \
at, resumed and used to predict."""

_EXAMPLES = """\
Examples

  trivium fit iris
  trivium fit houses.csv --target price
  trivium fit digits --model mlp:128,64 --epochs 30
  trivium predict runs/houses-2026-11-20-001 new.csv --out predictions.csv
  trivium draw runs/houses-2026-11-20-001
  trivium runs
  trivium derive mlp:8 --objective squared-error --features 3
  trivium data list
  trivium compress photo.jpg --rank 40
  trivium notation Hessian

Results go to standard output, everything else to standard error; with --json the result is \
one JSON object. Exit codes: 0 done, 1 failed while running, 2 the request or the data is \
wrong, 130 interrupted (trivium resume goes on)."""

_FIT = """\
Examples

  trivium fit iris
  trivium fit houses.csv --target price
  trivium fit houses.csv --target price --drop id --objective huber:delta=2
  trivium fit digits --model mlp:128,64,dropout=0.1 \\
      --objective cross-entropy+1e-4*l2 --algorithm adam:learning_rate=0.001 \\
      --epochs 30 --json > result.json

The rows are split by --seed into a test part that is only scored, a validation part that \
decides when to stop, and the rest, which is learned from. Ctrl-C leaves a run that trivium \
resume goes on with, bit for bit."""

_PREDICT = """\
Examples

  trivium predict runs/houses-2026-11-20-001 new.csv
  trivium predict runs/houses-2026-11-20-001 new.csv --out all.csv --input
  trivium predict runs/iris-2026-11-20-001 iris --probabilities --json

One prediction for each row, in the same order. Columns are found by name; a missing cell is \
filled as in training. If the table has the target too, the predictions are scored."""

_RESUME = """\
Examples

  trivium resume runs/digits-2026-11-20-001
  trivium resume runs/digits-2026-11-20-001 --epochs 200

A run that was interrupted (Ctrl-C, kill, power cut) goes on where its last saved state \
stands, and ends bit for bit as if it had never stopped."""

_SHOW = """\
Examples

  trivium show runs/digits-2026-11-20-001
  trivium show runs/digits-2026-11-20-001 --json"""

_RUNS = """\
Examples

  trivium runs
  trivium runs --root experiments --json"""

_LIST = """\
Examples

  trivium data list
  trivium data list --json"""

_DATA = """\
Examples

  trivium data list
  trivium data show iris
  trivium data show houses.csv
  trivium data show houses.csv --target price"""

_COMPRESS = """\
Examples

  trivium compress photo.jpg --rank 40
  trivium compress photo.jpg --error 0.05 --out small.png
  trivium compress small.lowrank --out again.png

Three files are written: the picture of lower rank, a curve of error against storage, and the \
factors themselves (.lowrank), which the command turns back into a picture."""

_NOTATION = """\
Examples

  trivium notation
  trivium notation Hessian
  trivium notation --lang zh --json

Every call in the table was run to make its result; in Python: import trivium as tv."""

_DERIVE = """\
Examples

  trivium derive runs/iris-2026-11-20-001
  trivium derive runs/iris-2026-11-20-001 --example 7 --out iris.html
  trivium derive mlp:8 --objective squared-error --features 3
  trivium derive mlp:8,activation=tanh iris --format latex --lang zh --out iris.tex
  trivium derive linear houses.csv --target price --format python

Every equation of the forward pass and, from the loss back to each parameter, of the backward \
pass, with its rule and its shapes; with DATA the numbers of every equation and each gradient \
beside finite differences."""

_DRAW = """\
Examples

  trivium draw runs/iris-2026-11-20-001
  trivium draw runs/iris-2026-11-20-001 new.csv --detail layer --out graph.svg

The values that go forward stand above the edges, the gradients that come back below them; the \
numbers are those of the first rows of DATA, at most 256."""

app = App(
    name="trivium",
    help=_INTRODUCTION,
    help_epilogue=_EXAMPLES,
    help_format="plaintext",
    version=__version__,
    version_format="plaintext",
    suppress_keyboard_interrupt=False,
)
app["--help"].group = app["--version"].group = "Help"

data_app = App(
    name="data",
    help="Look at data: the built-in ones, or a file.",
    help_epilogue=_DATA,
    sort_key=9,
)
app.command(data_app)


def _reading(given: options.FileOptions | None) -> Reading:
    from .sources import Reading

    if given is None:
        return Reading()
    fields = {name: getattr(given, name) for name in type(given).__dataclass_fields__}
    names = tuple(given.names.split(",")) if given.names is not None else ()
    return Reading(**{**fields, "names": names})


@app.command(sort_key=1, help_epilogue=_FIT)
def fit(
    data: options.Data,
    /,
    *,
    target: options.Target = None,
    model: options.Model = None,
    objective: options.Objective = None,
    algorithm: options.Algorithm = None,
    epochs: options.Epochs = None,
    batch_size: options.BatchSize = None,
    validation: options.Validation = None,
    test: options.Test = "0.2",
    patience: options.Patience = None,
    seed: options.Seed = 0,
    stratify: options.Stratify = None,
    scale: options.Scale = None,
    dtype: options.Dtype = None,
    out: options.OutRun = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    reading: options.TableOptions | None = None,
) -> int:
    """Fit a model to a table, and leave a run."""
    from .fitting import FitRequest, fit_command

    return fit_command(
        FitRequest(
            data=data,
            target=target,
            model=model,
            objective=objective,
            algorithm=algorithm,
            epochs=epochs,
            batch_size=batch_size,
            validation=validation,
            test=test,
            patience=patience,
            seed=seed,
            stratify=stratify,
            scale=scale,
            dtype=dtype,
            out=out,
            json=json,
            quiet=quiet,
            reading=_reading(reading),
        )
    )


@app.command(sort_key=2, help_epilogue=_PREDICT)
def predict(
    run: options.Run,
    data: options.Data,
    /,
    *,
    out: options.OutFile = None,
    probabilities: options.Probabilities = False,
    input: options.Input = False,
    json: options.Json = False,
    reading: options.FileOptions | None = None,
) -> int:
    """Predict the rows of a table with a fitted model."""
    from .predicting import PredictRequest, predict_command

    return predict_command(
        PredictRequest(run, data, out, probabilities, input, json, _reading(reading))
    )


@app.command(sort_key=3, help_epilogue=_RESUME)
def resume(
    run: options.Run,
    /,
    *,
    epochs: options.MoreEpochs = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Go on with an interrupted run, or train a finished one for longer."""
    from .fitting import resume_command

    return resume_command(run, epochs, as_json=json, quiet=quiet)


@app.command(sort_key=4, help_epilogue=_SHOW)
def show(run: options.Run, /, *, json: options.Json = False) -> int:
    """Show a run: what was asked, how it went, how good it is."""
    from .looking import show_command

    return show_command(run, as_json=json)


@app.command(sort_key=5, help_epilogue=_RUNS)
def runs(*, root: options.Root = None, json: options.Json = False) -> int:
    """List the runs in a directory."""
    from .looking import runs_command

    return runs_command(root or "runs", as_json=json, given=root is not None)


@app.command(sort_key=6, help_epilogue=_DERIVE)
def derive(
    subject: options_derive.Subject,
    data: options_derive.DerivedData = None,
    /,
    *,
    objective: options_derive.DerivedObjective = None,
    target: options_derive.DerivedTarget = None,
    features: options_derive.Features = None,
    outputs: options_derive.Outputs = None,
    example: options_derive.Example = None,
    format: options_derive.Format = None,
    lang: options.Lang = "en",
    out: options_derive.OutDerivation = None,
    json: options.Json = False,
    reading: options.FileOptions | None = None,
) -> int:
    """Derive the backward pass of a run or a model, as equations."""
    from .deriving import DeriveRequest, derive_command

    return derive_command(
        DeriveRequest(
            subject=subject,
            data=data,
            target=target,
            objective=objective,
            features=features,
            outputs=outputs,
            example=example,
            format=format,
            lang=lang,
            out=out,
            json=json,
            reading=_reading(reading),
        )
    )


@app.command(sort_key=6, help_epilogue=_DRAW)
def draw(
    run: options.Run,
    data: options.DrawnData = None,
    /,
    *,
    detail: options.Detail = "auto",
    gradients: options.Gradients = True,
    out: options.OutDrawing = None,
    json: options.Json = False,
    reading: options.FileOptions | None = None,
) -> int:
    """Draw the computational graph of a run, with values and gradients."""
    from .drawing import DrawRequest, draw_command

    return draw_command(DrawRequest(run, data, detail, gradients, out, json, _reading(reading)))


@app.command(sort_key=7, help_epilogue=_COMPRESS)
def compress(
    image: options.Image,
    /,
    *,
    rank: options.CompressRank = None,
    error: options.ImageError = None,
    layout: options.Layout = "auto",
    out: options.OutPicture = None,
    curve: options.Curve = None,
    json: options.Json = False,
) -> int:
    """Compress a picture by its singular values, or restore a compressed one."""
    from .compress import CompressRequest, compress_command

    return compress_command(CompressRequest(image, rank, error, out, curve, layout, json))


@app.command(sort_key=8, help_epilogue=_NOTATION)
def notation(
    symbol: options.Symbol = None,
    /,
    *,
    lang: options.Lang = "en",
    json: options.Json = False,
) -> int:
    """Show the notation of the field: symbol, meaning, call, and the call's result."""
    from .notation import notation_command

    return notation_command(symbol, lang, as_json=json)


@data_app.command(name="list", sort_key=1, help_epilogue=_LIST)
def list_data(*, json: options.Json = False) -> int:
    """List the built-in data."""
    from .looking import data_list

    return data_list(as_json=json)


@data_app.command(name="show", sort_key=2, help_epilogue=_DATA)
def show_data(
    data: options.Data,
    /,
    *,
    target: options.Target = None,
    json: options.Json = False,
    reading: options.TableOptions | None = None,
) -> int:
    """Show what a table holds: rows, columns, types, missing cells, what was noticed."""
    from .looking import data_show

    return data_show(data, target, _reading(reading), as_json=json)


app.register_install_completion_command(
    help="Install completion of commands, options, data and runs for your shell.",
    help_epilogue="",
    group="Help",
)
