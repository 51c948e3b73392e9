"""``trivium show``, ``runs`` and ``data``: looking without changing anything."""

from __future__ import annotations

import datetime
import os
from typing import TYPE_CHECKING, Any

from trivium.learning.data.words import counted
from trivium.learning.errors import RequestError

from .printing import measure, metrics_table
from .records import Record, check_is_run, data_name, describe_part, read_record
from .running import DONE
from .sources import Reading, open_data
from .terminal import Screen, emit_json, shown, spark, table, terminal_width
from .wording import for_the_shell, quoted_word

if TYPE_CHECKING:
    from trivium.learning.data import Dataset
    from trivium.learning.runs import RunSummary

__all__ = ["data_list", "data_show", "runs_command", "show_command"]

_WIDEST = 96  # columns of a description, however wide the terminal is
_TAIL = 8  # epochs at the end of the history that are shown


def show_command(path: str, *, as_json: bool) -> int:
    """Everything about one run; returns the exit code."""
    record = read_record(check_is_run(path))
    if as_json:
        more = {
            "status": record.status,
            "created": record.created,
            "reasons": record.request.get("chosen", {}),
            "options": record.request.get("options"),
            "versions": record.request.get("versions"),
            "history": record.history,
        }
        emit_json({**record.to_json(), **more})
        return DONE
    screen = Screen()
    screen.print(f"{record.path}  ({record.status}, {_when(record.created)})", style="bold")
    screen.print()
    _print_request(screen, record)
    if record.metrics:
        screen.print()
        screen.print(metrics_table(record.metrics))
    _print_history(screen, record)
    if record.result.get("bad_value"):
        screen.print()
        screen.print(f"not finite: {_bad_value(record.result['bad_value'])}")
    _print_notes(screen, record)
    _print_next(screen, record)
    return DONE


def _bad_value(fields: Any) -> Any:
    """What a run says about its first NaN or infinity; older runs hold a sentence."""
    if not isinstance(fields, dict):
        return fields
    from trivium.engine.nonfinite import BadValue

    return BadValue.from_dict({**fields, "line": ""})


def _when(text: str) -> str:
    """A moment in UTC as the user's clock shows it."""
    try:
        return datetime.datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return text


def _print_request(screen: Screen, record: Record) -> None:
    options = record.request.get("options") or {}
    rows = [
        ("data", f"{record.data}, target {record.target!r} ({record.request.get('task')})"),
        *((name, record.step(name)) for name in ("model", "objective", "algorithm")),
    ]
    if record.parameters is not None:
        rows.append(("parameters", shown(record.parameters)))
    if record.steps:
        walked = counted(record.steps, "step")
        if record.history and record.epochs:
            total = options.get("epochs", record.epochs)
            walked = f"{record.epochs} of {total} epochs, {walked}"
        rows.append(("trained", f"{walked}, {record.seconds:.1f} s"))
    rows.append(("seed", str(record.request.get("seed"))))
    rows.append(("ended", "not yet" if record.status == "running" else record.stop.sentence))
    screen.print(table(("", ""), rows))


def _print_history(screen: Screen, record: Record) -> None:
    if not record.history:
        return
    names = list(dict.fromkeys(name for row in record.history for name in row))
    names = [name for name in names if name not in ("step", "seconds")]
    screen.print()
    for name in ("loss", "validation_loss"):
        curve = spark([row.get(name, float("nan")) for row in record.history])
        if curve:
            screen.print(f"{name.replace('_', ' '):<16} {curve}")
    rows = [[shown(row.get(name, "")) for name in names] for row in record.history[-_TAIL:]]
    left_out = len(record.history) - len(rows)
    screen.print()
    if left_out > 0:
        what = "epochs" if record.epochs else "rows"
        screen.print(f"the last {len(rows)} of {len(record.history)} {what}")
    heads = [name.replace("_", " ") for name in names]
    screen.print(table(heads, rows, right=range(len(heads))))


def _print_notes(screen: Screen, record: Record) -> None:
    notes = list(record.result.get("notes", []))
    if notes:
        screen.print()
    for each in notes:
        screen.print(f"note: {each}")


def _print_next(screen: Screen, record: Record) -> None:
    run = quoted_word(record.path)
    screen.print()
    if record.status == "interrupted":
        screen.print(f"Go on: trivium resume {run}")
    if record.parameters is not None:
        screen.print(f"Predict: trivium predict {run} DATA --out predictions.csv")
        screen.print(f"In Python: tv.load({record.path!r})")


def runs_command(root: str, *, as_json: bool, given: bool) -> int:
    """The runs in a directory; returns the exit code."""
    from trivium.learning.runs import find_runs

    if given and not os.path.isdir(root):
        raise RequestError(f"there is no directory {root!r} with runs")
    runs = find_runs(root)
    if as_json:
        emit_json({"root": root, "runs": [_run_json(root, run) for run in runs]})
        return DONE
    screen = Screen()
    if not runs:
        screen.print(f"There are no runs in {root}/. Make one: trivium fit iris")
        return DONE
    rows = [
        (
            run.name,
            run.status,
            _when(run.time.isoformat()),
            data_name(run.request) if run.request else "?",
            describe_part(run.request.get("model")),
            _score_text(run),
        )
        for run in runs
    ]
    heads = ("run", "status", "began", "data", "model", "score")
    kept = list(range(len(heads)))
    if (terminal_width() or _WIDEST) < _WIDEST:  # a default name has the day in it
        kept = [place for place in kept if heads[place] != "began"]
    picked = [[row[place] for place in kept] for row in rows]
    screen.print(table([heads[place] for place in kept], picked, whole=(0, 1)))
    damaged = [run for run in runs if run.problem]
    for run in damaged:
        screen.print(f"{run.name}: {run.problem}")
    return DONE


def _parts(run: RunSummary) -> dict[str, dict[str, Any]]:
    """The metrics of a listed run by part."""
    if all(isinstance(value, dict) for value in run.metrics.values()):
        return run.metrics
    found = {name: value for name, value in run.metrics.items() if name == "loss"}
    held = {
        name.removeprefix("validation_"): value
        for name, value in run.metrics.items()
        if name.startswith("validation_")
    }
    return {**({"train": found} if found else {}), **({"validation": held} if held else {})}


def _score_text(run: RunSummary) -> str:
    """The measure that counts, of the part that counts."""
    parts = _parts(run)
    for part in ("test", "validation", "train"):
        for name in ("accuracy", "r2", "loss"):
            if name in parts.get(part, {}):
                return f"{part} {name.replace('r2', 'R²')} {measure(name, parts[part][name])}"
    return ""


def _run_json(root: str, run: RunSummary) -> dict[str, Any]:
    request = run.request
    return {
        "run": os.path.join(root, run.name),
        "status": run.status,
        "created": run.time.isoformat(),
        "data": data_name(request) if request else None,
        "task": request.get("task"),
        **{
            name: describe_part(request[name]) if name in request else None
            for name in ("model", "objective", "algorithm")
        },
        "metrics": _parts(run),
        "problem": run.problem,
    }


def data_list(*, as_json: bool) -> int:
    """The built-in data; returns the exit code."""
    from trivium.learning.data.builtin import BUILTIN

    if as_json:
        every = [
            {
                "name": each.name,
                "title": each.title,
                "task": each.task,
                "target": each.target,
                "options": each.options,
                "origin": each.origin,
            }
            for each in BUILTIN.values()
        ]
        emit_json({"data": every})
        return DONE
    screen = Screen()
    rows = [(each.name, each.title, each.task, each.target) for each in BUILTIN.values()]
    screen.print(table(("name", "what it is", "task", "target"), rows))
    screen.print()
    screen.print("More about one: trivium data show NAME. Fit a model: trivium fit NAME")
    return DONE


def data_show(data: str, target: str | None, reading: Reading, *, as_json: bool) -> int:
    """What a table holds; returns the exit code."""
    from trivium.learning.data import describe, names

    training = target is not None
    dataset = open_data(data, target, reading, training=training, needs_target=False)
    if as_json:
        emit_json(_dataset_json(dataset))
        return DONE
    screen = Screen()
    width = min(terminal_width() or _WIDEST, _WIDEST)
    text = describe(data, width) if data in names() else dataset.describe(width)
    screen.print(for_the_shell(text))
    if dataset.source.get("kind") == "file":
        screen.print()
        chosen = quoted_word(target) if target else "COLUMN"
        screen.print(f"Fit a model: trivium fit {quoted_word(data)} --target {chosen}")
    else:
        screen.print()
        screen.print(f"Fit a model: trivium fit {quoted_word(data)}")
    return DONE


def _dataset_json(dataset: Dataset) -> dict[str, Any]:
    from trivium.learning.data.targets import quiet_task

    columns = [
        {
            "name": column.name,
            "kind": column.kind,
            "missing": int(column.missing.sum()),
            "levels": len(column.present_levels) if column.is_text else None,
            "used": place < len(dataset.columns or ()),
        }
        for place, column in enumerate((*(dataset.columns or ()), *dataset.set_aside))
    ]
    return {
        "name": dataset.name,
        "rows": len(dataset),
        "columns": columns,
        "target": dataset.target_name or None,
        "task": quiet_task(dataset),
        "notes": list(dataset.notes),
        "source": dataset.source,
    }
