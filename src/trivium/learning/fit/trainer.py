"""The loop that runs a stepper: epochs of compiled steps, best point kept, resumable anywhere.

All that the future of a fit depends on is in ``Trainer.state()``: two trainers with the same
problem and the same state go on bit for bit alike, whatever the sizes of their calls.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from trivium.engine import random
from trivium.engine.backends.base import runs_here
from trivium.engine.passes.rewrite import filled_with
from trivium.engine.program import Program
from trivium.engine.tensor import Variable, variable
from trivium.learning.errors import RunError
from trivium.learning.fit.evaluation import Evaluator
from trivium.learning.fit.examples import Examples
from trivium.learning.fit.flow import FlowRecorder
from trivium.learning.fit.history import History
from trivium.learning.fit.nonfinite import BadValue, StepGraph, bad_value_of_step, magnitudes
from trivium.learning.fit.problem import Problem, check_reached
from trivium.learning.mode import training
from trivium.learning.stop import Stop

__all__ = ["Counters", "Trainer"]

Array = np.ndarray[Any, Any]

# One call of the program should take about this long: rare enough to cost nothing, often enough
# for the display, Ctrl-C and checkpoints.
_CALL_SECONDS = 0.05


@dataclass
class Counters:
    """Where a fit stands. ``position``: examples of the present epoch that are done."""

    epoch: int = 0
    position: int = 0
    step: int = 0
    loss_sum: float = 0.0
    best: float | None = None
    best_epoch: int = 0
    waited: int = 0
    seconds: float = 0.0


def _usable(backends: Mapping[str, str]) -> dict[int, str]:
    """The backends of a saved state, unless another one is asked for or they cannot run here."""
    if os.environ.get("TRIVIUM_BACKEND", "auto") != "auto":
        return {}
    return {int(size): name for size, name in backends.items() if runs_here(name)}


class Trainer:
    """Steps a problem's parameters along its algorithm."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.counters = Counters()
        self.history = History()
        self.bad_value: BadValue | None = None
        self.parameters = problem.parameters
        self._start = magnitudes(self.parameters)
        self._n = len(problem.train)
        whole = problem.algorithm.full_batch or problem.options.batch_size is None
        self.batch_size = self._n if whole else int(problem.options.batch_size or self._n)
        places = problem.train_data.places
        what = "the training data" if places.rows is None else "the data"
        self.examples = Examples(problem.train, places, what)
        self._step = variable(np.int64(0), name="step")
        self.states = self._algorithm_state()
        self._best: dict[str, Array] = {}
        self._programs: dict[int, Program] = {}
        self._backends: dict[int, str] = {}
        self._graphs: dict[int, StepGraph] = {}
        self._seconds_per_step = 0.0
        options = problem.options
        self.evaluator = Evaluator(
            problem.model, problem.objective, options.dtype, calls=options.epochs
        )
        self.flow = FlowRecorder(problem) if options.record == "flow" else None

    def _algorithm_state(self) -> dict[str, dict[str, Variable]]:
        return {
            path: {
                slot: variable(value, name=f"{path}.{slot}")
                for slot, value in self.problem.algorithm.init(parameter).items()
            }
            for path, parameter in self.parameters.items()
        }

    # The step as an expression.

    def _graph(self, size: int) -> StepGraph:
        if size not in self._graphs:
            self._graphs[size] = self._build(size)
        return self._graphs[size]

    def _build(self, size: int) -> StepGraph:
        problem = self.problem
        batch = self.examples.batch(size)
        key = random.fold_in(random.key(problem.options.seed), self._step)
        paths = list(self.parameters)
        with training(key):
            loss, gradients = problem.algorithm.gradients(
                problem.objective, problem.model, batch, list(self.parameters.values())
            )
        found = {
            path: None if filled_with(gradient, 0) else gradient
            for path, gradient in zip(paths, gradients, strict=True)
        }
        check_reached(found, paths, problem.algorithm)
        updates = dict(
            problem.algorithm.updates(
                loss, gradients, list(self.parameters.values()), self.states, self._step
            )
        )
        updates[self._step] = self._step + 1
        updates[self.examples.cursor] = self.examples.cursor + size
        return StepGraph(loss, updates, dict(zip(paths, gradients, strict=True)), batch)

    def _program(self, size: int) -> Program:
        if size not in self._programs:
            graph = self._graph(size)
            # A resumed fit keeps its backend: others round differently.
            backend = self._backends.get(size)
            calls = self._n // self.batch_size if size == self.batch_size else 1
            steps = self.problem.options.epochs * calls
            made = Program([], graph.loss, graph.updates, backend=backend, steps=steps)
            self._backends[size] = made.backend.name
            self._programs[size] = made
        return self._programs[size]

    def check(self) -> None:
        """Build the first step. Raises RequestError for a parameter that cannot be learned."""
        self._graph(self.batch_size)

    # The state, to the last bit.

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """All arrays and counters that the future depends on."""
        arrays = {f"parameters/{path}": each.value for path, each in self.parameters.items()}
        for path, slots in self.states.items():
            for slot, each in slots.items():
                arrays[f"algorithm/{path}/{slot}"] = each.value
        for path, array in self._best.items():
            arrays[f"best/{path}"] = array
        meta: dict[str, Any] = {
            "counters": asdict(self.counters),
            "rows": len(self.history),
            "backends": {str(size): name for size, name in self._backends.items()},
        }
        if self.flow is not None:
            meta["flow"] = list(self.flow.rows)
        return arrays, meta

    def restore(self, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
        """Go back to a state. Raises RunError when it does not fit this problem."""
        # A state need not have a best point yet; a finished one also has the point chosen.
        optional = ("best/", "chosen/")
        expected = {name for name in self.state()[0] if not name.startswith(optional)}
        given = {name for name in arrays if not name.startswith(optional)}
        if expected != given:
            odd = sorted(expected ^ given)
            raise RunError(
                f"the saved state does not fit the model and algorithm: {', '.join(odd[:5])} "
                f"{'is' if len(odd) == 1 else 'are'} on one side only"
            )
        try:
            for path, each in self.parameters.items():
                each.assign(arrays[f"parameters/{path}"])
            for path, slots in self.states.items():
                for slot, each in slots.items():
                    each.assign(arrays[f"algorithm/{path}/{slot}"])
            self.counters = Counters(**meta["counters"])
            self._backends = _usable(meta.get("backends", {}))
        except (TypeError, ValueError, KeyError) as error:
            raise RunError(f"the saved state does not fit the model: {error}") from error
        self._best = {
            name.removeprefix("best/"): np.array(array)
            for name, array in arrays.items()
            if name.startswith("best/")
        }
        if self.flow is not None:
            self.flow.rows = list(meta.get("flow", []))
        self._enter()

    def _enter(self) -> None:
        """Give the program the counters and the present epoch's order."""
        self._step.assign(np.int64(self.counters.step))
        self.examples.cursor.assign(np.int64(self.counters.position))
        if self.batch_size != self._n:
            seed, epoch = self.problem.options.seed, self.counters.epoch
            self.examples.order.assign(epoch_order(self._n, seed, epoch))

    # The loop.

    def run(
        self,
        tick: Callable[[float], Stop | None],
        epoch_done: Callable[[dict[str, float]], Stop | None],
    ) -> Stop:
        """Train until something says stop.

        ``tick`` is called between two calls of the program with the steps per second, and
        ``epoch_done`` after each epoch with the new row of the history.
        """
        options = self.problem.options
        last = time.perf_counter()
        if self.flow is not None and not self.flow.rows:
            self.flow.measure(0)
        while self.counters.epoch < options.epochs:
            if self._exhausted:  # a run that was killed between its end and its outcome
                return Stop.NO_IMPROVEMENT
            self._enter()
            before = self._snapshot() if self._judged_before_steps else {}
            while self.counters.position < self._n:
                failed = self._advance()
                now = time.perf_counter()
                self.counters.seconds += now - last
                last = now
                if failed:
                    return Stop.NON_FINITE
                if self.counters.position < self._n:
                    stop = tick(1 / max(self._seconds_per_step, 1e-9))
                    if stop is not None:
                        return stop
            row = self._finish_epoch(before)
            now = time.perf_counter()
            self.counters.seconds += now - last
            last = now
            row["seconds"] = self.counters.seconds
            self.history.append(row)
            stop = epoch_done(row) or (Stop.NO_IMPROVEMENT if self._exhausted else None)
            stop = stop or tick(1 / max(self._seconds_per_step, 1e-9))
            if stop is not None:
                return stop
        return Stop.EPOCHS_DONE

    @property
    def _exhausted(self) -> bool:
        patience = self.problem.options.patience
        return patience is not None and self.counters.waited >= patience

    @property
    def _judged_before_steps(self) -> bool:
        """A full-batch loss is that of the parameters before the step."""
        return self.batch_size == self._n and self.problem.validation is None

    def _advance(self) -> bool:
        """One call of the program; True when a value stopped being finite."""
        counters = self.counters
        left = self._n - counters.position
        size = min(self.batch_size, left)
        steps = max(1, min(left // size, self._steps_per_call()))
        good = self._everything()
        program = self._program(size)
        started = time.perf_counter()
        losses = program.run(steps=steps)
        self._seconds_per_step = (time.perf_counter() - started) / steps
        if not (np.isfinite(losses).all() and self._parameters_finite()):
            self._find_bad_value(good, program, size, steps)
            return True
        for loss in losses:
            counters.loss_sum += float(loss) * size
        counters.position += steps * size
        counters.step += steps
        return False

    def _steps_per_call(self) -> int:
        if self._seconds_per_step == 0:
            return 1
        return max(1, int(_CALL_SECONDS / self._seconds_per_step))

    def _finish_epoch(self, before: dict[str, Array]) -> dict[str, Any]:
        counters, problem = self.counters, self.problem
        row: dict[str, Any] = {
            "epoch": counters.epoch + 1,
            "step": counters.step,
            "loss": counters.loss_sum / self._n,
        }
        monitored = row["loss"]
        if problem.validation is not None:
            scores = self.evaluator.scores(problem.validation, problem.task, problem.encoder)
            row.update({f"validation_{name}": value for name, value in scores.items()})
            monitored = scores["loss"]
        counters.epoch += 1
        if self.flow is not None:
            self.flow.measure(counters.epoch)
        first = counters.best is None and not math.isnan(monitored)
        if first or (counters.best is not None and monitored < counters.best):
            counters.best, counters.best_epoch, counters.waited = monitored, counters.epoch, 0
            self._best = before or self._snapshot()
        else:
            counters.waited += 1
        counters.position, counters.loss_sum = 0, 0.0
        return row

    # The best point.

    def _snapshot(self) -> dict[str, Array]:
        return {path: each.value for path, each in self.parameters.items()}

    def return_best(self) -> None:
        """Put the best parameters seen into the model.

        With validation data the best are those of the lowest validation loss. Without, the best
        recorded and the last are both measured on the training part and the better one stays.
        """
        if not self._best:
            return
        last = self._snapshot()
        if self.problem.validation is not None:
            self._put(self._best)
            return
        of_last = self.evaluator.measure(self.problem.train)[1]
        self._put(self._best)
        of_best = self.evaluator.measure(self.problem.train)[1]
        if of_last <= of_best:
            self._put(last)

    def _put(self, values: Mapping[str, Array]) -> None:
        for path, each in self.parameters.items():
            each.assign(values[path])

    # When values stop being finite.

    def _everything(self) -> list[tuple[Variable, Array]]:
        moving = [*self.parameters.values(), self.examples.cursor, self._step]
        moving += [each for slots in self.states.values() for each in slots.values()]
        return [(each, each.value) for each in moving]

    def _parameters_finite(self) -> bool:
        return all(np.isfinite(each.storage).all() for each in self.parameters.values())

    def _find_bad_value(
        self, good: list[tuple[Variable, Array]], program: Program, size: int, steps: int
    ) -> None:
        """Replay from the last good point to the first bad step and stay before it."""
        for each, value in good:
            each.assign(value)
        counters = self.counters
        for _ in range(steps):
            here = self._everything()
            loss = program.run()
            if not (np.isfinite(loss) and self._parameters_finite()):
                now = magnitudes(self.parameters)
                bad = {"loss": float(loss), **now}
                for each, value in here:
                    each.assign(value)
                self.bad_value = bad_value_of_step(
                    self._graph(size),
                    self.parameters,
                    self.examples,
                    start=self._start,
                    rate=self._rate(),
                    step=counters.step + 1,
                    bad={name: each for name, each in bad.items() if not np.isfinite(each)},
                )
                return
            counters.loss_sum += float(loss) * size
            counters.position += size
            counters.step += 1

    def _rate(self) -> float | None:
        """The learning rate of the next step."""
        schedule = getattr(self.problem.algorithm, "schedule", None)
        return None if schedule is None else float(schedule(self.counters.step + 1).value)

    def progress(self) -> Counters:
        """A copy of the counters."""
        return replace(self.counters)


def epoch_order(n: int, seed: int, epoch: int) -> Array:
    """The order of the examples in an epoch: from seed and epoch alone, the same everywhere."""
    words = np.random.Philox(key=(seed % 2**64) + (epoch << 64)).random_raw(n)
    return np.argsort(words, kind="stable").astype(np.int64)
