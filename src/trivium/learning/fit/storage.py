"""Fits as run directories: what was asked, the state, the rows, and reading them back."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.engine.nonfinite import BadValue
from trivium.engine.tensor import input
from trivium.learning.data import Dataset, Encoder, as_dataset, reload
from trivium.learning.errors import DataError, RequestError, RunError
from trivium.learning.fit.history import History
from trivium.learning.fit.options import Options
from trivium.learning.fit.problem import Problem, as_validation
from trivium.learning.fit.result import Fit
from trivium.learning.specification import from_spec
from trivium.learning.stop import Stop

if TYPE_CHECKING:
    from trivium.learning.runs import RunDirectory

__all__ = ["create_run", "describe_problem", "load", "reopen", "save_fit", "write_outcome"]


@cache
def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)


def _versions() -> dict[str, str]:
    found = {name: _version(name) for name in ("trivium", "numpy", "scipy")}
    return {**found, "python": platform.python_version()}


def describe_problem(
    problem: Problem, extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What was asked, as JSON: enough to build the same problem again from the same data."""
    part = problem.train
    held = problem.validation_data
    return {
        "data": problem.train_data.source,
        "validation_data": None if held is None else held.source,
        "task": problem.task,
        "encoder": problem.encoder.to_dict(),
        "input_shape": list(part.x.shape[1:]),
        "outputs": _outputs(problem),
        "model": problem.model.spec(),
        "objective": problem.objective.spec(),
        "algorithm": problem.algorithm.spec(),
        "seed": problem.options.seed,
        "options": problem.options.to_dict(),
        **(extra or {}),
    }


def _outputs(problem: Problem) -> int | None:
    classes = problem.encoder.classes
    y = problem.train.y
    count = len(classes) if classes is not None else (y.shape[1] if y.ndim > 1 else 1)
    outputs: int | None = problem.objective.n_outputs(count, y.ndim)
    return outputs


def create_run(path: str | os.PathLike[str], request: dict[str, Any]) -> RunDirectory:
    """A new run; it says which versions made it, as a request from another run does already."""
    from trivium.learning.runs import RunDirectory

    if "versions" not in request:
        request = {**request, "versions": _versions()}
    return RunDirectory.create(path, request)


def write_outcome(run: RunDirectory, fit: Fit) -> None:
    """Write the result that makes a run count as finished."""
    run.write_result(
        {
            "stopped": fit.stopped.name,
            "metrics": fit.metrics,
            "steps": fit.steps,
            "seconds": fit.seconds,
            "best_epoch": fit.best_epoch,
            "gradient_norm": fit.gradient_norm,
            "notes": fit.notes,
            "bad_value": None if fit.bad_value is None else fit.bad_value.to_dict(),
        }
    )


def save_fit(fit: Fit, path: str | os.PathLike[str], overwrite: bool) -> None:
    """Write a fit to ``path``; saving where the fit's own run lies changes nothing."""
    if fit.path is not None and os.path.realpath(path) == os.path.realpath(fit.path):
        return
    if fit.request is None or fit.state is None:
        raise RunError("this fit holds no state to save")
    from trivium.learning.runs.directory import REQUEST_FILE

    target = os.path.abspath(path)
    if not os.path.lexists(os.path.join(target, REQUEST_FILE)):
        _write(fit, target)
    elif not overwrite:
        raise RunError(
            f"{target} already holds a run; choose another directory, or replace it with "
            "fit.save(path, overwrite=True)"
        )
    else:
        import shutil
        import tempfile

        # The new run is complete before the old one goes, so there is one at every moment.
        beside = tempfile.mkdtemp(
            prefix=f".{os.path.basename(target)}-", dir=os.path.dirname(target)
        )
        try:
            _write(fit, os.path.join(beside, "new"))
            os.replace(target, os.path.join(beside, "old"))
            os.replace(os.path.join(beside, "new"), target)
        except OSError as error:
            raise RunError(f"cannot replace the run {target}: {error}") from error
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    fit.path = target


def _write(fit: Fit, path: str) -> None:
    assert fit.request is not None and fit.state is not None
    arrays, meta = fit.state
    with create_run(path, fit.request) as run:
        run.append_metrics(fit.history)
        run.write_state({**arrays, **_chosen(fit)}, meta)
        if fit.stopped is not Stop.INTERRUPTED:
            write_outcome(run, fit)


def _chosen(fit: Fit) -> dict[str, np.ndarray[Any, Any]]:
    return {f"chosen/{path}": value for path, value in fit.parameters().items()}


def _component(spec: Any, given: Any, what: str, kind: type | None = None) -> Any:
    """The component that a run names, built from its description or passed by the user."""
    if given is not None:
        return given
    try:
        return from_spec(spec)
    except RequestError as error:
        raise RequestError(
            f"the run's {what} cannot be built from its description ({error}). A run holds "
            f"no code, so pass {what}=..., made as for the fit"
        ) from error


def load(
    path: str | os.PathLike[str],
    *,
    model: Any = None,
    objective: Any = None,
    algorithm: Any = None,
) -> Fit:
    """Read a fit from a run directory: to predict, to score, to look at its history.

    The parameters are those that the fit chose, or for a run that has not finished the best
    (else the last) of its newest good state. ``model`` (and the others) must be passed when the
    run was made with a class or function of your own, because loading executes no code from the
    run. Raises RunError for a directory that is no run or is damaged, RequestError when a
    component must be passed.
    """
    from trivium.learning.runs import RunDirectory

    run = RunDirectory.open(path)
    request = run.request
    arrays, meta = run.read_state()
    result = run.read_result() or {}
    return _fit_of(run, request, arrays, meta, result, model, objective, algorithm)


def _fit_of(
    run: RunDirectory, request: dict[str, Any], arrays: Any, meta: Any, result: dict[str, Any],
    model: Any, objective: Any, algorithm: Any,
) -> Fit:  # fmt: skip
    try:
        options = Options.from_dict(request["options"])
        encoder = Encoder.from_dict(request["encoder"])
        own = _component(request["model"], model, "model").copy(dtype=options.dtype)
        own.prepare(
            input((1, *request["input_shape"]), options.dtype, name="x"), request["outputs"]
        )
        asked = _component(request["objective"], objective, "objective")
        asked.attach(own)
        chosen = _chosen_arrays(arrays, own.parameters())
        own.assign(chosen)
        counters = meta["counters"]
        history = History(run.read_metrics()[: int(meta["rows"])])
        stop = Stop[result["stopped"]] if "stopped" in result else Stop.INTERRUPTED
        return Fit(
            model=own,
            objective=asked,
            algorithm=_component(request["algorithm"], algorithm, "algorithm"),
            options=options,
            task=str(request["task"]),
            encoder=encoder,
            data_source=dict(request["data"]),
            history=history,
            metrics=dict(result.get("metrics", {})),
            stopped=stop,
            steps=int(counters["step"]),
            seconds=float(counters["seconds"]),
            best_epoch=result.get("best_epoch"),
            gradient_norm=float(result.get("gradient_norm", float("nan"))),
            bad_value=_bad_value(result),
            notes=list(result.get("notes", [])),
            path=str(run.path),
            state=(arrays, meta),
            request=request,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, RunError | RequestError | DataError):
            raise
        raise RunError(
            f"{run.path} is not a complete run of this version: {type(error).__name__}: {error}"
        ) from error


def _bad_value(result: Mapping[str, Any]) -> BadValue | None:
    fields = result.get("bad_value")
    return BadValue.from_dict(fields) if isinstance(fields, Mapping) else None


def _chosen_arrays(arrays: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    for prefix in ("chosen/", "best/", "parameters/"):
        found = {path: arrays.get(prefix + path) for path in parameters}
        if all(value is not None for value in found.values()):
            return found
    missing = [path for path in parameters if f"parameters/{path}" not in arrays]
    raise RunError(f"the state lacks the parameters {', '.join(missing[:5])} of this model")


def reopen(
    run: RunDirectory, data: Any, validation: Any, target: Any, sample_weight: Any
) -> tuple[Dataset, Dataset | None]:
    """The data that a run was asked to fit, fetched again or passed by the user as to fit."""
    request = run.request
    source, held_source = request["data"], request.get("validation_data")
    train = None if data is None else as_dataset(data, target, sample_weight)
    held = None if validation is None else as_validation(validation, target)
    share = request["options"]["validation"]
    if train is not None and held is None and share and not _is(train, source):
        train, held = train.numbered().split(test=share, seed=request["options"]["seed"])
    train = _again(source, train, "the training data", "data")
    if held_source is None:
        return train, None
    return train, _again(held_source, held, "the validation data", "validation")


def _is(dataset: Dataset, source: Mapping[str, Any]) -> bool:
    return bool(dataset.source.get("sha256") == source.get("sha256"))


def _again(source: dict[str, Any], given: Dataset | None, what: str, name: str) -> Dataset:
    if given is None:
        try:
            return reload(source)
        except DataError as error:
            raise DataError(f"{what} of the run: {error} (in Python: {name}=...)") from error
    if not _is(given, source):
        raise DataError(
            f"{what} are not those of the run: their contents or weights differ. Resuming "
            "would mix two fits; start a new one with tv.fit"
        )
    return given
