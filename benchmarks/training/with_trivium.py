"""Trivium: the step that ``tv.fit`` compiles, k steps in one call of the program."""

from __future__ import annotations

from typing import Any

import numpy as np

from .task import MOMENTUM, Task

__all__ = ["WithTrivium"]

Array = np.ndarray[Any, Any]


class WithTrivium:
    """Training steps by a Program: model × objective × algorithm, batches gathered inside."""

    def __init__(self, task: Task, name: str = "Trivium") -> None:
        self.name = name
        self.task = task

    def prepare(self) -> None:
        """Build the expression of a step and compile it."""
        import trivium as tv

        task = self.task
        data = task.data()
        x, y = tv.variable(data.x, name="data.x"), tv.variable(data.y, name="data.y")
        self.cursor = tv.variable(np.int64(0), name="cursor")
        self.count = tv.variable(np.int64(0), name="step")
        batch = (x, y)
        if not task.full_batch:
            order = tv.variable(data.order, name="data.order")
            rows = tv.array.take(order, self.cursor + np.arange(task.batch), axis=0)
            batch = (tv.array.take(x, rows, axis=0), tv.array.take(y, rows, axis=0))
        model, objective, algorithm = self._steps()
        self.program = self._program(model, objective, algorithm, batch)
        self.reset()

    def _steps(self) -> tuple[Any, Any, Any]:
        """The three steps: a model, an objective, an algorithm."""
        from trivium import algorithms, models, objectives

        task = self.task
        outputs = None if task.binary else task.sizes[-1]
        hidden = list(task.sizes[1:-1])
        model = models.MLP(hidden, outputs=outputs) if hidden else models.Linear(outputs)
        objective = objectives.BinaryCrossEntropy if task.binary else objectives.CrossEntropy
        rate = task.learning_rate
        algorithm = {
            "adam": lambda: algorithms.Adam(rate),
            "momentum": lambda: algorithms.SGD(rate, momentum=MOMENTUM),
            "descent": lambda: algorithms.GradientDescent(rate),
        }[task.algorithm]()
        return model, objective(), algorithm

    def _program(self, model: Any, objective: Any, algorithm: Any, batch: Any) -> Any:
        import trivium as tv
        from trivium.learning.batch import Batch

        model = model.copy(dtype="float32")
        example = tv.input((self.task.batch, self.task.sizes[0]), "float32")
        model.prepare(example, None if self.task.binary else self.task.sizes[-1])
        self.parameters = model.parameters()
        self.states = {
            path: {
                slot: tv.variable(value, name=f"{path}.{slot}")
                for slot, value in algorithm.init(parameter).items()
            }
            for path, parameter in self.parameters.items()
        }
        variables = list(self.parameters.values())
        loss, gradients = algorithm.gradients(objective, model, Batch(*batch), variables)
        updates = algorithm.updates(loss, gradients, variables, self.states, self.count)
        updates[self.count] = self.count + 1
        updates[self.cursor] = self.cursor + self.task.batch
        return tv.Program([], loss, updates)

    def reset(self) -> None:
        """Start anew."""
        start = [array for pair in self.task.parameters() for array in pair]
        for variable, value in zip(self.parameters.values(), start, strict=True):
            variable.assign(value.reshape(variable.shape))
        for slots in self.states.values():
            for slot in slots.values():
                slot.assign(np.zeros(slot.shape, slot.dtype))
        self.count.assign(np.int64(0))

    def run(self, chunks: int) -> Any:
        """One call of the program for each chunk, as ``tv.fit`` calls it."""
        losses = []
        for _ in range(chunks):
            self.cursor.assign(np.int64(0))
            losses.append(self.program.run(steps=self.task.chunk))
        return losses

    def losses(self, result: Any) -> Array:
        """The loss of every step."""
        return np.concatenate(result).astype(np.float64)
