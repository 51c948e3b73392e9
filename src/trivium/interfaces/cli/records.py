"""What there is to say about a run, read from its directory: the base of every output."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trivium.learning.errors import RequestError, RunError
from trivium.learning.runs import RunDirectory
from trivium.learning.stop import Stop

__all__ = ["Record", "check_is_run", "describe_part", "read_record"]

# What runs from the command line keep in run.json besides what ``tv.fit`` writes.
TEST_DATA = "test_data"


@dataclass(frozen=True)
class Record:
    """A run as people and programs are shown it.

    ``status``: running, finished or interrupted. ``metrics``: of the result; before there is
    one those of the last epoch. ``parameters``: how many numbers are learned; None before the
    first state.
    """

    path: str
    status: str
    created: str
    request: dict[str, Any]
    history: list[dict[str, Any]]
    metrics: dict[str, dict[str, float]]
    parameters: int | None
    epochs: int
    steps: int
    seconds: float
    stop: Stop
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def data(self) -> str:
        """The data's name: built-in, or the file's."""
        return data_name(self.request)

    @property
    def target(self) -> str:
        """The target's name."""
        encoder = self.request.get("encoder")
        target = encoder.get("target") if isinstance(encoder, dict) else None
        return str(target.get("name", "")) if isinstance(target, dict) else ""

    def step(self, name: str) -> str:
        """Step 1, 2 or 3 (model, objective, algorithm) as its constructor's call."""
        return describe_part(self.request.get(name))

    def to_json(self) -> dict[str, Any]:
        """The record as one JSON object."""
        return {
            "run": self.path,
            "model": self.step("model"),
            "objective": self.step("objective"),
            "algorithm": self.step("algorithm"),
            "parameters": self.parameters,
            "epochs": self.epochs,
            "best_epoch": self.result.get("best_epoch"),
            "steps": self.steps,
            "seconds": self.seconds,
            "stopped": self.stop.name,
            "reason": self.stop.sentence,
            "metrics": self.metrics,
            "gradient_norm": self.result.get("gradient_norm"),
            "task": self.request.get("task"),
            "data": self.data,
            "target": self.target,
            "seed": self.request.get("seed"),
            "notes": list(self.result.get("notes", [])),
        }


def describe_part(spec: Any) -> str:
    """A specification as the constructor's call; a user's own class as it was printed."""
    from trivium.learning.specification import from_spec

    if not isinstance(spec, dict):
        return "?"
    try:
        return repr(from_spec(spec))
    except RequestError:
        return str(spec.get("shown") or spec.get("kind") or "?")


def data_name(request: dict[str, Any]) -> str:
    """The name of the training data of a run."""
    source = request.get("data")
    if not isinstance(source, dict):
        return "?"
    if source.get("kind") == "file":
        return os.path.basename(str(source.get("path", "?")))
    return str(source.get("name") or source.get("kind") or "?")


def check_is_run(path: str, root: str = "runs") -> str:
    """The path of a run, also of one in ``runs/`` given by its name alone.

    Raises RequestError, with the nearest run, when there is none.
    """
    from trivium.learning.data.words import did_you_mean

    for candidate in (path, os.path.join(root, path)):
        if path and os.path.lexists(os.path.join(candidate, "run.json")):
            return candidate
    folder = os.path.dirname(path.rstrip("/\\")) or root
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.is_dir()]
    except OSError:
        names = []
    near = did_you_mean(os.path.basename(path.rstrip("/\\")), names)
    what = (
        f"{path} is not a run: it has no run.json"
        if os.path.exists(path)
        else f"there is no run at {path!r}"
    )
    raise RequestError(f"{what}.{near} The command `trivium runs` lists those in {root}/.")


def read_record(path: str) -> Record:
    """Read the run at ``path``. Raises RunError when it is damaged."""
    from trivium.learning.runs.lock import writer_of

    run = RunDirectory.open(path)
    result = run.read_result() or {}
    history = run.read_metrics()
    parameters: int | None = None
    counters: dict[str, Any] = {}
    if run.has_state:
        arrays, meta = run.read_state()
        parameters = sum(a.size for name, a in arrays.items() if name.startswith("parameters/"))
        counters = meta.get("counters", {})
        history = history[: int(meta.get("rows", len(history)))]
    running = writer_of(Path(path) / ".lock") is not None
    status = "running" if running else "finished" if result else "interrupted"
    try:
        return Record(
            path=path,
            status=status,
            created=run.created,
            request=run.request,
            history=history,
            metrics=result.get("metrics") or _of_last_row(history),
            parameters=parameters,
            epochs=int(counters.get("epoch", 0)),
            steps=int(result.get("steps", counters.get("step", 0))),
            seconds=float(result.get("seconds", counters.get("seconds", 0.0))),
            stop=Stop[result["stopped"]] if result else Stop.INTERRUPTED,
            result=result,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(
            f"{path} is not a complete run of this version: {type(error).__name__}: {error}"
        ) from error


def _of_last_row(history: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """The measures of the last epoch as metrics of the parts."""
    if not history:
        return {}
    row = history[-1]
    found = {"train": {"loss": row["loss"]}} if "loss" in row else {}
    held = {
        name.removeprefix("validation_"): value
        for name, value in row.items()
        if name.startswith("validation_")
    }
    return {**found, "validation": held} if held else found
