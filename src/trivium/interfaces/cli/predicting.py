"""``trivium predict``: a table in, the same table's predictions out."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.learning.data.words import counted
from trivium.learning.errors import DataError, RequestError

from .records import check_is_run
from .running import DONE
from .sources import Reading, read_like
from .terminal import emit_json, note, say, shown, write_bytes
from .wording import quoted_word

if TYPE_CHECKING:
    from trivium.learning.data import Dataset
    from trivium.learning.fit import Fit

__all__ = ["PredictRequest", "predict_command"]

_TABLES = (".csv", ".parquet", ".pq")


@dataclass(frozen=True)
class PredictRequest:
    """What ``trivium predict`` was asked."""

    run: str
    data: str
    out: str | None = None
    probabilities: bool = False
    input: bool = False
    json: bool = False
    reading: Reading = field(default_factory=Reading)


@dataclass(frozen=True)
class _Predictions:
    """Predictions of N rows: labels or numbers, (N,) or (N, k), and perhaps probabilities."""

    values: np.ndarray[Any, Any]
    probabilities: np.ndarray[Any, Any] | None
    classes: list[Any] | None
    unseen: dict[str, int]
    metrics: dict[str, float] | None


def predict_command(request: PredictRequest) -> int:
    """Predict, write or print the predictions; returns the exit code."""
    path = check_is_run(request.run)
    _check_out(request)
    from trivium.learning.fit import load

    fit = load(path)
    if request.probabilities and fit.task != "classification":
        raise RequestError(
            f"--probabilities is for classes, and {path} predicts the quantity "
            f"{fit.encoder.target.name!r}: leave it out"
        )
    dataset = read_like(fit.data_source, request.data, request.reading)
    found = _predict(fit, dataset, request.probabilities)
    _note_new_cells(fit, dataset, found.unseen)
    columns = _columns(found, dataset if request.input else None)
    if request.out is not None:
        _write(request.out, columns)
    _print(request, path, fit, dataset, found, columns)
    return DONE


def _note_new_cells(fit: Fit, dataset: Dataset, unseen: dict[str, int]) -> None:
    """Say which cells are of a sort that the training part did not have."""
    from trivium.learning.data.codes import CategoryCode

    rows = f"of {counted(len(dataset), 'row')}"
    table = {column.name: column for column in (*dataset.set_aside, *(dataset.columns or ()))}
    for code in getattr(fit.encoder.features, "codes", ()):
        empty = 0
        if code.name in table and not code.marks_missing:
            empty = int(table[code.name].missing.sum())
        new = unseen.get(code.name, 0)
        if isinstance(code, CategoryCode):
            new -= empty
        if empty:
            stands = "no known category"
            if not isinstance(code, CategoryCode):
                stands = f"the training median, {shown(code.fill)}"
            note(
                f"column {code.name!r}: {empty:,} {rows} hold no value, and the training part "
                f"always had one; an empty cell counts as {stands}"
            )
        if new:
            note(
                f"column {code.name!r}: {new:,} {rows} hold a category that the training part "
                "did not have; it counts as none of the known ones"
            )


def _check_out(request: PredictRequest) -> None:
    out = request.out
    if out is None:
        return
    folder = os.path.dirname(os.path.abspath(out))
    if not out.lower().endswith(_TABLES):
        raise RequestError(f"--out {out}: predictions are written as .csv or .parquet")
    if not os.path.isdir(folder):
        raise RequestError(f"--out {out}: the folder {folder} does not exist")
    if os.path.isdir(out):
        raise RequestError(f"--out {out} is a folder: give the name of a file in it")
    if os.path.exists(request.data) and os.path.exists(out):
        if os.path.samefile(request.data, out):
            raise RequestError(
                f"--out {out} would replace the data to predict: choose another name"
            )


def _predict(fit: Fit, dataset: Dataset, with_probabilities: bool) -> _Predictions:
    unseen = fit.encoder.transform(dataset, need_target=False).unseen
    return _Predictions(
        values=fit.predict(dataset),
        probabilities=fit.probabilities(dataset) if with_probabilities else None,
        classes=fit.classes,
        unseen=unseen,
        metrics=_score(fit, dataset),
    )


def _score(fit: Fit, dataset: Dataset) -> dict[str, float] | None:
    """The score, if the table has the target; one that is of no use is a note, no error."""
    name = fit.encoder.target.name
    has_target = dataset.target is not None or any(
        column.name == name for column in dataset.columns or ()
    )
    if not has_target or len(dataset) == 0:
        return None
    try:
        return fit.score(dataset)
    except DataError as error:
        note(f"no score: {error}")
        return None


def _columns(found: _Predictions, table: Dataset | None) -> dict[str, list[Any]]:
    """The table that is written: copied input, predictions, probabilities."""
    columns: dict[str, list[Any]] = {}
    if table is not None:
        for column in table.columns or ():
            columns[column.name] = column.texts().tolist()
        if table.target is not None:
            columns[table.target_name] = table.target.tolist()
    values = found.values
    if values.ndim == 1:
        columns[_unused("prediction", columns)] = values.tolist()
    else:
        for place in range(values.shape[1]):
            columns[_unused(f"prediction_{place}", columns)] = values[:, place].tolist()
    if found.probabilities is not None:
        for place, label in enumerate(found.classes or ()):
            name = _unused(f"probability_{_text(label)}", columns)
            columns[name] = found.probabilities[:, place].tolist()
    return columns


def _unused(name: str, columns: dict[str, list[Any]]) -> str:
    while name in columns:
        name += "_"
    return name


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    # Nine digits tell all float32 numbers apart.
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _csv(columns: dict[str, list[Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_text(value) for value in row] for row in zip(*columns.values()))
    return text.getvalue().encode("utf-8", "surrogatepass")


def _write(out: str, columns: dict[str, list[Any]]) -> None:
    """Replace the file at once, so that it never holds half of the predictions."""
    from trivium.learning.runs.files import explained, replace_file

    if out.lower().endswith(".csv"):
        data = _csv(columns)
    else:
        import polars as pl

        buffer = io.BytesIO()
        pl.DataFrame(columns).write_parquet(buffer)
        data = buffer.getvalue()
    with explained(f"write the predictions {out}"):
        replace_file(Path(os.path.abspath(out)), [data])


def _print(
    request: PredictRequest,
    path: str,
    fit: Fit,
    dataset: Dataset,
    found: _Predictions,
    columns: dict[str, list[Any]],
) -> None:
    score = " · ".join(
        f"{name} {shown(value)}" for name, value in (found.metrics or {}).items()
    )
    if request.json:
        record: dict[str, Any] = {
            "run": path,
            "data": dataset.name,
            "rows": len(dataset),
            "task": fit.task,
            "target": fit.encoder.target.name,
            "classes": found.classes,
            "unseen": found.unseen,
            "metrics": found.metrics,
            "out": request.out,
        }
        if request.out is None:
            record["predictions"] = found.values.tolist()
            if found.probabilities is not None:
                record["probabilities"] = found.probabilities.tolist()
        emit_json(record)
    elif request.out is None:
        write_bytes(_csv(columns))
    else:
        print(f"{len(dataset):,} predictions written to {request.out}")
    if score and not request.json:
        say(f"score on {dataset.name}: {score}")
        if dataset.source.get("sha256") == fit.data_source.get("sha256"):
            note(
                f"the model was trained on part of {dataset.name}, so this score flatters it; "
                f"trivium show {quoted_word(path)} has the score on rows kept aside"
            )
