"""``trivium fit`` and ``trivium resume``."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from trivium.learning.errors import DataError, RequestError
from trivium.learning.stop import Stop

from .printing import heading_of, outcome
from .records import TEST_DATA, Record, check_is_run, read_record
from .running import DONE, FAILED, INTERRUPTED
from .sources import Reading, open_data, stem_of
from .terminal import complain, emit_json, say
from .wording import quoted_word

if TYPE_CHECKING:
    from trivium.learning.data import Dataset
    from trivium.learning.defaults import Recommendation
    from trivium.learning.fit import Fit

    from .progress import Announced

__all__ = ["FitRequest", "fit_command", "resume_command"]

ROOT = "runs"


@dataclass(frozen=True)
class FitRequest:
    """What ``trivium fit`` was asked; None leaves a choice to the data."""

    data: str
    target: str | None = None
    model: str | None = None
    objective: str | None = None
    algorithm: str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    validation: str | None = None
    test: str = "0.2"
    patience: int | None = None
    seed: int = 0
    stratify: bool | None = None
    scale: bool | None = None
    dtype: str | None = None
    out: str | None = None
    json: bool = False
    quiet: bool = False
    reading: Reading = field(default_factory=Reading)


def fit_command(request: FitRequest) -> int:
    """Fit, leave a run, print the outcome; returns the exit code."""
    from trivium.learning.data import infer_task
    from trivium.learning.specification import parse_algorithm, parse_model, parse_objective

    model = parse_model(request.model) if request.model is not None else None
    objective = parse_objective(request.objective) if request.objective is not None else None
    algorithm = parse_algorithm(request.algorithm) if request.algorithm is not None else None
    test_share = _share("--test", request.test)
    validation = (
        None if request.validation is None else _share("--validation", request.validation)
    )
    _check_out(request.out)
    dataset = open_data(
        request.data, request.target, request.reading, training=True, needs_target=True
    )
    wanted = None if objective is None else objective.wanted_task(model)
    task = infer_task(dataset, wanted, objective=request.objective)
    stratify = task == "classification" if request.stratify is None else request.stratify
    train, test = _split(dataset, test_share, request.seed, stratify)

    from trivium.learning.defaults import recommend

    if validation:
        _split(train, validation, request.seed, stratify)  # refused here in its own words
    chosen = recommend(train, model, objective, algorithm, validation=validation)
    fitted, held = _split(train, chosen.validation, request.seed, stratify)
    chosen = _with_options(chosen, request, len(fitted))
    if test is not None:
        _check_classes(fitted, test, task)
    heading = heading_of(dataset, chosen, len(fitted), held, test)
    return _fit(request, chosen, fitted, held, test, heading)


def _share(option: str, text: str) -> float | int:
    """A fraction, a number of rows, or 0."""
    try:
        value: float | int = int(text) if text.strip().lstrip("+-").isdigit() else float(text)
    except ValueError:
        value = -1
    if value == 0:
        return 0
    if value > 0 and (isinstance(value, int) or value < 1):
        return value
    raise RequestError(
        f"{option} is a fraction of the rows (0.2 is a fifth), a number of rows (50), or 0 for "
        f"none, not {text!r}"
    )


def _check_out(out: str | None) -> None:
    """Refuse, before any work, a directory that is taken."""
    if out is not None and not out.strip():
        raise RequestError("--out is empty: give the name of a directory")
    if out is None or not os.path.lexists(out):
        return
    if not os.path.isdir(out):
        raise RequestError(
            f"--out {out} is a file, and a run is a directory: choose another name"
        )
    if os.path.lexists(os.path.join(out, "run.json")):
        raise RequestError(
            f"--out {out} already holds a run. Go on with it (trivium resume "
            f"{quoted_word(out)}), or choose another directory"
        )
    with suppress(OSError):
        if os.listdir(out):
            raise RequestError(
                f"--out {out} is not empty: a run needs a directory of its own, choose another"
            )


def _split(
    dataset: Dataset, share: float | int, seed: int, stratify: bool
) -> tuple[Dataset, Dataset | None]:
    if not share:
        return dataset, None
    return dataset.split(test=share, seed=seed, stratify=stratify)


def _with_options(chosen: Recommendation, request: FitRequest, rows: int) -> Recommendation:
    """The recommendation with what was asked for on the command line."""
    if request.batch_size is not None and request.batch_size > rows:
        raise RequestError(
            f"--batch-size {request.batch_size} is larger than the training part, which has "
            f"{rows:,} rows; use --batch-size {rows} or less"
        )
    asked: dict[str, Any] = {
        "epochs": request.epochs,
        "batch_size": request.batch_size,
        "patience": request.patience,
        "scale": request.scale,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    return replace(chosen, **given)


def _check_classes(train: Dataset, test: Dataset, task: str) -> None:
    """Refuse a test part with a class that cannot be learned; only without strata."""
    if task != "classification" or train.target is None or test.target is None:
        return
    unknown = sorted(set(test.target.tolist()) - set(train.target.tolist()))
    if unknown:
        raise DataError(
            f"the class {unknown[0]!r} of target {train.target_name!r} is only in the test "
            "part, so it could not be learned; leave --no-stratify out, choose another "
            "--seed, or --test 0"
        )


def _fit(
    request: FitRequest,
    chosen: Recommendation,
    train: Dataset,
    held: Dataset | None,
    test: Dataset | None,
    heading: list[str],
) -> int:
    from trivium.learning.fit import fit

    from .progress import Announced

    options = chosen.options()
    options["validation"] = held if held is not None else 0
    extra: dict[str, Any] = {"chosen": chosen.reasons}
    if test is not None:
        extra[TEST_DATA] = test.source
    display = Announced([] if request.quiet else heading, quiet=request.quiet)
    with _place(request.out, stem_of(request.data)) as path:

        def work() -> Fit:
            return fit(
                chosen.model,
                chosen.objective,
                chosen.algorithm,
                train,
                seed=request.seed,
                dtype=request.dtype,
                out=path,
                progress=display,
                extra=extra,
                **options,
            )

        return _finish(path, work, test, display, as_json=request.json)


@contextmanager
def _place(out: str | None, stem: str) -> Iterator[str]:
    """The directory of a new run; removed again if nothing worth keeping was written to it."""
    from trivium.learning.runs import new_run_path

    existed = out is not None and os.path.lexists(out)
    first = not os.path.lexists(ROOT)
    path = str(new_run_path(ROOT, stem)) if out is None else out
    try:
        yield path
    except BaseException:
        kept = ("state.safetensors", "result.json")
        if not any(os.path.lexists(os.path.join(path, name)) for name in kept):
            shutil.rmtree(path, ignore_errors=True)
            with suppress(OSError):
                if existed:
                    os.mkdir(path)
                elif out is None and first:
                    os.rmdir(ROOT)
        raise


def _finish(
    path: str,
    work: Callable[[], Fit],
    test: Dataset | None,
    display: Announced,
    *,
    as_json: bool,
) -> int:
    """Do the work, score the test part, print; returns the exit code."""
    try:
        try:
            result = work()
        except SystemExit as stop:
            # How ``tv.fit`` ends on SIGTERM, after the state was saved.
            if stop.code != 128 + signal.SIGTERM:
                raise
            raise KeyboardInterrupt from None
        if result.stopped is Stop.INTERRUPTED:
            raise KeyboardInterrupt
        if test is not None:
            _add_test(path, result.score(test))
    except KeyboardInterrupt:
        return _interrupted(path, as_json)
    display.announce()
    record = read_record(path)
    outcome(record, as_json=as_json)
    if result.stopped is Stop.NON_FINITE:
        # The line that made the value is Trivium's own here.
        where = result.bad_value and replace(result.bad_value, line="")
        rate = where is None or "learning rate" in where.remedy
        lines = [result.stopped.sentence, *([] if where is None else [str(where)])]
        if rate:
            lines.append("A smaller learning rate: --algorithm adam:learning_rate=0.0001")
        complain("\n".join(lines))
        return FAILED
    return DONE


def _add_test(path: str, scores: dict[str, float]) -> None:
    """Write the scores on the test part into the run's result."""
    from trivium.learning.runs import RunDirectory

    with RunDirectory.open(path, writing=True) as run:
        result = run.read_result() or {}
        metrics = {**result.get("metrics", {}), "test": scores}
        run.write_result({**result, "metrics": metrics})


def _interrupted(path: str, as_json: bool) -> int:
    """Say how to go on."""
    if not os.path.lexists(os.path.join(path, "run.json")):
        say("Interrupted before the fit began; nothing was saved.")
        raise KeyboardInterrupt
    record = read_record(path)
    if as_json:
        emit_json(record.to_json())
    say(
        f"Interrupted after epoch {record.epochs} ({record.steps:,} steps); everything is "
        f"saved.\nGo on with: trivium resume {quoted_word(path)}"
    )
    return INTERRUPTED


def resume_command(path: str, epochs: int | None, *, as_json: bool, quiet: bool) -> int:
    """Go on with a run until it is finished, test scores included; returns the exit code."""
    from trivium.learning.fit import load, resume

    from .progress import Announced

    path = check_is_run(path)
    record = read_record(path)
    test = _test_data(record)
    unscored = test is not None and "test" not in record.metrics
    if record.status == "finished" and epochs is None and not unscored:
        raise RequestError(
            f"the run {path} is finished. To train it for longer say --epochs N with N above "
            f"{record.epochs}; trivium show {quoted_word(path)} shows it"
        )
    if epochs is not None:
        _check_longer(record, epochs)
    going_on = f"{path}: going on after epoch {record.epochs} ({record.steps:,} steps)"
    display = Announced([going_on] if record.steps and not quiet else [], quiet=quiet)

    def work() -> Fit:
        if record.status == "finished" and epochs is None:
            return load(path)
        return resume(path, epochs=epochs, progress=display)

    return _finish(path, work, test, display, as_json=as_json)


def _check_longer(record: Record, epochs: int) -> None:
    from trivium.learning.algorithms import Solver
    from trivium.learning.specification import from_spec

    if epochs <= record.epochs:
        raise RequestError(
            f"--epochs is the new total, and {record.path} has {record.epochs} epochs behind "
            f"it: give more than that, not {epochs}"
        )
    if isinstance(from_spec(record.request["algorithm"]), Solver):
        raise RequestError(
            f"{record.step('algorithm')} computes the minimum at once and has no epochs: leave "
            "--epochs out"
        )


def _test_data(record: Record) -> Dataset | None:
    """The test part that was put aside when the run began."""
    from trivium.learning.data import reload

    source = record.request.get(TEST_DATA)
    if not isinstance(source, dict):
        return None
    try:
        return reload(source)
    except DataError as error:
        raise DataError(f"the test data of the run {record.path}: {error}") from error
