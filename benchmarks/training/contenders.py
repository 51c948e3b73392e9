"""The contenders of the training rows, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .task import MNIST, TASKS, Task

__all__ = ["CONTENDERS", "FIRST", "TASKS", "build", "import_library"]

# The task whose first step is timed in a cold process: little data, one step in a chunk.
FIRST = replace(MNIST, batches=2, chunk=1)


def _trivium(task: Task) -> Any:
    from .with_trivium import WithTrivium

    return WithTrivium(task)


def _eager(task: Task) -> Any:
    from .with_torch import TorchEager

    return TorchEager(task)


def _compiled_loss(task: Task) -> Any:
    from .with_torch import TorchCompiledLoss

    return TorchCompiledLoss(task)


def _compiled_step(task: Task) -> Any:
    from .with_torch import TorchCompiledStep

    return TorchCompiledStep(task)


def _jax_steps(task: Task) -> Any:
    from .with_jax import JaxSteps

    return JaxSteps(task)


def _jax_loop(task: Task) -> Any:
    from .with_jax import JaxLoop

    return JaxLoop(task)


def _jax_laid_out(task: Task) -> Any:
    from .with_jax import JaxLoop

    return JaxLoop(task, laid_out=True)


def _sklearn(task: Task) -> Any:
    from .with_sklearn import WithScikitLearn

    return WithScikitLearn(task)


def _numpy(task: Task) -> Any:
    from .by_hand import ByHand

    return ByHand(task)


# Name → how it is built, and the module that it imports.
CONTENDERS: dict[str, tuple[Callable[[Task], Any], str]] = {
    "Trivium": (_trivium, "trivium"),
    "JAX, loop in jit": (_jax_loop, "jax"),
    "JAX, loop in jit, batches laid out": (_jax_laid_out, "jax"),
    "JAX, step in jit": (_jax_steps, "jax"),
    "PyTorch": (_eager, "torch"),
    "PyTorch, loss compiled": (_compiled_loss, "torch"),
    "PyTorch, step compiled": (_compiled_step, "torch"),
    "scikit-learn": (_sklearn, "sklearn.neural_network"),
    "NumPy": (_numpy, "numpy"),
}


def build(name: str, task: Task) -> Any:
    """The contender of that name, not prepared yet."""
    return CONTENDERS[name][0](task)


def import_library(name: str) -> None:
    """Import what the contender imports."""
    __import__(CONTENDERS[name][1])
