"""PyTorch: eager, and with everything compiled that torch.compile can take at once."""

from __future__ import annotations

import functools
import os
from typing import Any

import numpy as np

from ..timing import Unavailable
from .task import BETA1, BETA2, EPSILON, MOMENTUM, Task

__all__ = ["TorchCompiledLoss", "TorchCompiledStep", "TorchEager", "import_torch"]

Array = np.ndarray[Any, Any]


@functools.cache
def import_torch() -> Any:
    """PyTorch with as many threads as all. Raises Unavailable where it is not installed."""
    try:
        import torch
    except ImportError as error:
        raise Unavailable("not installed") from error
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1))
    return torch


class _Torch:
    """What both have in common: data, parameters and the loss."""

    name = "PyTorch"

    def __init__(self, task: Task) -> None:
        self.task = task

    def prepare(self) -> None:
        """Make tensors of data and parameters."""
        torch = import_torch()
        x, y, order = self.task.data()
        target = y.astype(np.float32) if self.task.binary else y
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(target)
        self.order = torch.from_numpy(order)
        self.parameters = [
            torch.from_numpy(array.copy())
            for weight, bias in self.task.parameters()
            for array in (np.ascontiguousarray(weight.T), bias)  # as torch.nn.Linear keeps it
        ]
        self.count = 0

    def restart(self) -> None:
        """The parameters' first values, in place."""
        torch = import_torch()
        start = [array for w, b in self.task.parameters() for array in (w.T.copy(), b)]
        with torch.no_grad():
            for each, value in zip(self.parameters, start, strict=True):
                each.copy_(torch.from_numpy(value))
        self.count = 0

    def loss(self, parameters: Any, x: Any, y: Any) -> Any:
        """The mean loss of a batch."""
        from torch.nn import functional

        last = len(parameters) - 2
        for i in range(0, last + 1, 2):
            x = functional.linear(x, parameters[i], parameters[i + 1])
            if i < last:
                x = functional.relu(x)
        if self.task.binary:
            return functional.binary_cross_entropy_with_logits(x[:, 0], y)
        return functional.cross_entropy(x, y)

    def batch(self) -> tuple[Any, Any]:
        """The examples of the next step."""
        self.count += 1
        if self.task.full_batch:
            return self.x, self.y
        rows = self.task.rows_of(self.order, self.count - 1)
        return self.x[rows], self.y[rows]

    def run(self, chunks: int) -> Any:
        """Perform ``chunks`` chunks of steps."""
        return [self.step() for _ in range(chunks * self.task.chunk)]

    def step(self) -> Any:
        """One step; returns the loss as a tensor, which nothing waits for."""
        raise NotImplementedError

    def losses(self, result: Any) -> Array:
        """The loss of every step."""
        return np.asarray([float(each) for each in result])


class TorchEager(_Torch):
    """Autograd and torch.optim; Adam in its fused form, the fastest that there is."""

    def prepare(self) -> None:
        """Make the optimiser."""
        optim = import_torch().optim
        super().prepare()
        for each in self.parameters:
            each.requires_grad_()
        rate = self.task.learning_rate
        self.optimiser = {
            "adam": lambda: optim.Adam(
                self.parameters, rate, betas=(BETA1, BETA2), eps=EPSILON, fused=True
            ),
            "momentum": lambda: optim.SGD(self.parameters, rate, MOMENTUM, fused=True),
            "descent": lambda: optim.SGD(self.parameters, rate, fused=True),
        }[self.task.algorithm]()

    def reset(self) -> None:
        """Start anew: values and state in place."""
        self.restart()
        for state in self.optimiser.state.values():
            for each in state.values():
                if each is not None:
                    each.zero_()

    def step(self) -> Any:
        """zero_grad, forward, backward, step."""
        x, y = self.batch()
        self.optimiser.zero_grad()
        loss = self.loss(self.parameters, x, y)
        loss.backward()
        self.optimiser.step()
        return loss.detach()


class TorchCompiledLoss(TorchEager):
    """Forward and backward under torch.compile (inductor, C++), the fused optimiser as it is."""

    name = "PyTorch, loss compiled"

    def prepare(self) -> None:
        """Trace nothing yet: torch.compile works when the loss is first asked for."""
        super().prepare()
        self.loss = import_torch().compile(self.loss)  # type: ignore[method-assign]


class TorchCompiledStep(_Torch):
    """Forward, backward and update as one function under torch.compile."""

    name = "PyTorch, step compiled"

    def prepare(self) -> None:
        """Trace nothing yet: torch.compile works when the step first runs."""
        torch = import_torch()
        super().prepare()
        self.first = [torch.zeros_like(each) for each in self.parameters]
        self.second = [torch.zeros_like(each) for each in self.parameters]
        self.steps = torch.zeros(())
        self.compiled = torch.compile(self._whole)

    def _whole(self, x: Any, y: Any) -> Any:
        import torch

        task, rate = self.task, self.task.learning_rate
        gradients, loss = torch.func.grad_and_value(self.loss)(self.parameters, x, y)
        self.steps.add_(1)
        a, b = 1 - BETA1**self.steps, 1 - BETA2**self.steps
        for value, m, v, g in zip(self.parameters, self.first, self.second, gradients):
            if task.algorithm == "adam":
                m.mul_(BETA1).add_((1 - BETA1) * g)
                v.mul_(BETA2).add_((1 - BETA2) * g * g)
                value.sub_(rate * (m / a) / ((v / b).sqrt() + EPSILON))
            elif task.algorithm == "momentum":
                m.mul_(MOMENTUM).sub_(rate * g)
                value.add_(m)
            else:
                value.sub_(rate * g)
        return loss

    def reset(self) -> None:
        """Start anew."""
        self.restart()
        for each in (*self.first, *self.second, self.steps):
            each.zero_()

    def step(self) -> Any:
        """One call of the compiled function."""
        with import_torch().no_grad():
            return self.compiled(*self.batch())
