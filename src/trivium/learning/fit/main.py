"""The third floor's door: ``fit`` and ``resume``."""

from __future__ import annotations

import os
import signal
import time
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.engine.tensor import variable
from trivium.learning.algorithms import Problem as SolverProblem
from trivium.learning.algorithms import Solver
from trivium.learning.batch import Batch
from trivium.learning.data import Dataset, as_dataset
from trivium.learning.errors import DataError, RequestError, RunError
from trivium.learning.fit.evaluation import Evaluator
from trivium.learning.fit.history import History
from trivium.learning.fit.interrupts import Interrupts
from trivium.learning.fit.options import Options, settled_scale, with_batch_of
from trivium.learning.fit.problem import (
    Part,
    Problem,
    as_validation,
    build_problem,
    check_kinds,
)
from trivium.learning.fit.progress import Display, choose_display
from trivium.learning.fit.result import Fit
from trivium.learning.fit.storage import create_run, describe_problem, reopen, write_outcome
from trivium.learning.fit.trainer import Trainer
from trivium.learning.inference.inspection import inspect
from trivium.learning.models import Linear
from trivium.learning.specification import from_spec
from trivium.learning.stop import Stop

if TYPE_CHECKING:
    from trivium.learning.runs import RunDirectory

__all__ = ["NonFiniteWarning", "fit", "resume"]

Callback = Callable[[dict[str, Any]], bool | None]


class NonFiniteWarning(RuntimeWarning):
    """A fit was stopped because a value became NaN or infinite."""


def fit(
    model: Any,
    objective: Any,
    algorithm: Any,
    data: Any,
    *,
    target: Any = None,
    validation: Any = 0,
    epochs: int = 100,
    batch_size: int | None = 32,
    patience: int | None = None,
    seed: int = 0,
    scale: bool | None = None,
    dtype: str | None = None,
    sample_weight: Any = None,
    callbacks: Sequence[Callback] = (),
    progress: bool | Display = True,
    out: str | os.PathLike[str] | None = None,
    checkpoint_seconds: float = 10.0,
    record: str | None = None,
    extra: dict[str, Any] | None = None,
) -> Fit:
    """Pick the best function of ``model`` by ``objective`` with ``algorithm`` on ``data``.

    ``data``: a Dataset, a pair (x, y) of arrays, or a dataframe with ``target=`` naming a
    column. ``validation``: 0, a fraction, a number of rows (chosen by ``seed``, stratified), or
    data. With validation the parameters of the lowest validation loss are returned.
    ``patience``: epochs without improvement before stopping. ``batch_size``: None for all rows
    at once. ``scale``: standardise features and numeric target (default: for tables and
    built-in data, unless the parameters have units, as those of a Formula). ``dtype``:
    "float32" (default of steppers) or "float64" (default of solvers). ``sample_weight``: (N,).
    ``callbacks``: called after every epoch with its row; one that returns True stops the fit,
    and what one raises ends it (a run on disk can then be resumed from its last checkpoint).
    ``progress``: False is silent. ``out``: a new directory for the run; it is checkpointed and
    can be resumed after Ctrl-C, SIGTERM or a crash. ``record``: "flow" measures the norms of
    values and gradients in every layer after every epoch (see tv.insight.flow). ``extra``:
    further JSON entries for run.json.

    The given model is not changed: ``fit.model`` is a copy. Passing a fitted model goes on from
    its parameters. Raises RequestError when the combination has no meaning, DataError when the
    data cannot be used, RunError when the run cannot be written; all before any work is done.
    """
    check_kinds(model, objective, algorithm)
    watchers = _watchers(callbacks)
    dataset = as_dataset(data, target, sample_weight)
    held, share = _held_out(validation, target)
    options = Options(
        epochs=epochs,
        batch_size=batch_size,
        validation=share,
        patience=patience,
        seed=seed,
        scale=settled_scale(scale, dataset, model),
        dtype=dtype or ("float64" if isinstance(algorithm, Solver) else "float32"),
        checkpoint_seconds=checkpoint_seconds,
        record=record,
    )
    _refuse_record(options, algorithm)
    train = dataset
    if share:
        try:
            train, held = dataset.numbered().split(test=share, seed=options.seed)
        except DataError as error:
            raise DataError(f"validation={share!r} cannot be set aside: {error}") from error
    options = with_batch_of(options, algorithm, len(train))
    problem = build_problem(model, objective, algorithm, train, held, options)
    trainer = _trainer(problem)
    run = None if out is None else create_run(out, describe_problem(problem, extra))
    return _perform(problem, trainer, run, choose_display(progress), watchers, None, extra)


def resume(
    path: str | os.PathLike[str],
    *,
    epochs: int | None = None,
    data: Any = None,
    validation: Any = None,
    target: Any = None,
    sample_weight: Any = None,
    model: Any = None,
    objective: Any = None,
    algorithm: Any = None,
    callbacks: Sequence[Callback] = (),
    progress: bool | Display = True,
) -> Fit:
    """Go on with a run where its newest good state stands, bit for bit as if never stopped.

    ``epochs``: a new total number of epochs, to train a finished run for longer. ``data``,
    ``validation``, ``target``, ``sample_weight``: must be passed again, as they were to fit,
    when they came from memory; their contents are verified, and a fraction for validation is
    set aside again. ``model``, ``objective``, ``algorithm``: must be passed again when they are
    your own code. Raises RunError when the run is finished already, DataError when the data
    have changed.
    """
    from trivium.learning.runs import RunDirectory

    watchers = _watchers(callbacks)
    run = RunDirectory.open(path, writing=True)
    try:
        request = run.request
        finished = run.read_result() is not None
        state = run.read_state() if run.has_state else None
        done = _epochs_done(state)
        if finished and (epochs is None or epochs <= done):
            after = f" ({done} epochs)" if done else ""
            raise RunError(
                f"the run {run.path} is finished{after}; to train it for longer give "
                "a larger number of epochs (epochs=…, on the command line --epochs)"
            )
        train, held = reopen(run, data, validation, target, sample_weight)
        options = Options.from_dict(
            {**request["options"], **({} if epochs is None else {"epochs": epochs})}
        )
        parts = (
            model or from_spec(request["model"]),
            objective or from_spec(request["objective"]),
            algorithm or from_spec(request["algorithm"]),
        )
        check_kinds(*parts)
        problem = build_problem(*parts, train, held, options)
        trainer = _trainer(problem)
        if epochs is not None:
            run.update_request({**request, "options": options.to_dict()})
    except BaseException:
        run.close()
        raise
    return _perform(problem, trainer, run, choose_display(progress), watchers, state, None)


def _epochs_done(state: Any) -> int:
    try:
        return 0 if state is None else int(state[1]["counters"]["epoch"])
    except (KeyError, TypeError, ValueError):
        return 0  # a damaged state is reported when it is restored


def _watchers(callbacks: Any) -> list[Callback]:
    given = [callbacks] if callable(callbacks) else list(callbacks)
    for each in given:
        if not callable(each):
            raise RequestError(
                f"a callback is a function of an epoch's row, not {each!r}; pass callbacks=[f]"
            )
    return given


def _refuse_record(options: Options, algorithm: Any) -> None:
    if options.record is not None and isinstance(algorithm, Solver):
        raise RequestError(
            f"record={options.record!r} measures after every epoch, and {algorithm!r} has no "
            "epochs; leave it out, or use a stepper such as tv.algorithms.Adam()"
        )


def _trainer(problem: Problem) -> Trainer | None:
    """For a stepper, with its step built: what cannot be learned is refused before a run is
    made on disk."""
    if isinstance(problem.algorithm, Solver):
        problem.notes += inspect(problem)
        return None
    trainer = Trainer(problem)
    trainer.check()
    return trainer


def _held_out(validation: Any, target: Any) -> tuple[Dataset | None, Any]:
    if validation is None or validation is False:
        return None, 0
    if isinstance(validation, int | float | np.integer | np.floating):
        return None, validation
    return as_validation(validation, target), 0


def _perform(
    problem: Problem,
    trainer: Trainer | None,
    run: RunDirectory | None,
    display: Display,
    callbacks: Sequence[Callback],
    state: Any,
    extra: dict[str, Any] | None,
) -> Fit:
    interrupts = Interrupts()
    try:
        with interrupts:
            if trainer is None:
                result = _solve(problem, interrupts, state)
                if run is not None:
                    run.truncate_metrics(0)
                    run.append_metrics(result.history)
            else:
                result = _train(trainer, run, display, callbacks, state, interrupts)
            result.request = run.request if run else describe_problem(problem, extra)
            _close_run(run, result)
    finally:
        if run is not None:
            run.close()
    if result.bad_value is not None:
        warnings.warn(str(result.bad_value), NonFiniteWarning, stacklevel=3)
    if interrupts.received == getattr(signal, "SIGTERM", None) is not None:
        raise SystemExit(128 + signal.SIGTERM)
    return result


def _close_run(run: RunDirectory | None, result: Fit) -> None:
    if run is None:
        return
    result.path = str(run.path)
    assert result.state is not None
    arrays, meta = result.state
    if result.stopped is Stop.INTERRUPTED:
        run.write_state(arrays, meta)
        return
    chosen = {f"chosen/{path}": value for path, value in result.parameters().items()}
    run.write_state({**arrays, **chosen}, meta)
    write_outcome(run, result)


def _train(
    trainer: Trainer,
    run: RunDirectory | None,
    display: Display,
    callbacks: Sequence[Callback],
    state: Any,
    interrupts: Interrupts,
) -> Fit:
    problem = trainer.problem
    options = problem.options
    if state is not None:
        trainer.restore(*state)
        rows = int(state[1]["rows"])
        if run is not None:
            run.truncate_metrics(rows)
            trainer.history = History(run.read_metrics())
    elif run is not None:
        run.truncate_metrics(0)
        run.write_state(*trainer.state())
    saved = time.monotonic()

    def tick(rate: float) -> Stop | None:
        nonlocal saved
        display.moved(trainer.counters.epoch, trainer.counters.position, rate)
        if interrupts.received is not None:
            return Stop.INTERRUPTED
        if run is not None and time.monotonic() - saved >= options.checkpoint_seconds:
            run.write_state(*trainer.state())
            saved = time.monotonic()
        return None

    def epoch_done(row: dict[str, Any]) -> Stop | None:
        display.epoch(row)
        if run is not None:
            run.append_metrics([row])
        answers = [callback(dict(row)) for callback in callbacks]
        asked = any(isinstance(each, bool | np.bool_) and bool(each) for each in answers)
        return Stop.CALLBACK if asked else None

    display.start(options.epochs, len(problem.train), trainer.counters.epoch)
    try:
        stop = trainer.run(tick, epoch_done)
        if trainer.bad_value is not None:
            display.note(str(trainer.bad_value))
    finally:
        display.finish()
    final = trainer.state()
    trainer.return_best()
    counters = trainer.progress()
    return _result(
        problem,
        history=trainer.history,
        stopped=stop,
        steps=counters.step,
        seconds=counters.seconds,
        best_epoch=counters.best_epoch or None,
        bad_value=trainer.bad_value,
        state=final,
    )


def _solve(problem: Problem, interrupts: Interrupts, state: Any) -> Fit:
    if state is not None:  # an interrupted solver goes on from the best point that it had seen
        known = {path: state[0].get(f"parameters/{path}") for path in problem.parameters}
        if all(value is not None for value in known.values()):
            problem.model.assign(known)
    started = time.perf_counter()
    solution = problem.algorithm.solve(
        SolverProblem(
            problem.model,
            problem.objective,
            _whole_batch(problem.train),
            problem.parameters,
            problem.encoder.feature_names,
            problem.encoder.classes,
            None if problem.validation is None else _whole_batch(problem.validation),
            lambda: interrupts.received is not None,
        )
    )
    problem.model.assign(solution.values)
    seconds = time.perf_counter() - started
    arrays = {f"parameters/{path}": each.value for path, each in problem.parameters.items()}
    counters = {"epoch": 0, "step": solution.evaluations, "seconds": seconds}
    rows = len(solution.history)
    return _result(
        problem,
        history=History(solution.history),
        stopped=solution.stopped,
        steps=solution.evaluations,
        seconds=seconds,
        best_epoch=None,
        bad_value=None,
        state=(arrays, {"counters": counters, "rows": rows}),
        notes=list(solution.notes),
        trajectory=solution.trajectory,
    )


def _whole_batch(part: Part) -> Batch:
    weight = None if part.weight is None else variable(part.weight, name="weight")
    return Batch(variable(np.asarray(part.x), name="x"), variable(part.y, name="y"), weight)


def _result(problem: Problem, *, notes: Sequence[str] = (), **outcome: Any) -> Fit:
    evaluator = Evaluator(problem.model, problem.objective, problem.options.dtype)
    metrics = {"train": evaluator.scores(problem.train, problem.task, problem.encoder)}
    if problem.validation is not None:
        metrics["validation"] = evaluator.scores(
            problem.validation, problem.task, problem.encoder
        )
    return Fit(
        model=problem.model,
        objective=problem.objective,
        algorithm=problem.algorithm,
        options=problem.options,
        task=problem.task,
        encoder=problem.encoder,
        data_source=problem.train_data.source,
        metrics=metrics,
        gradient_norm=evaluator.gradient_norm(problem.train),
        notes=[*problem.train_data.notes, *problem.notes, *notes],
        training=problem.train_data if isinstance(problem.model, Linear) else None,
        **outcome,
    )
