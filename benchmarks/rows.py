"""The rows of the table: what is measured, and what is asked of Trivium there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .settings import Settings

__all__ = ["ROWS", "Row", "measure"]

_TOLERANCE = 1e-3  # of losses, relative; float32 against float64 over a chunk of steps


@dataclass(frozen=True)
class Row:
    """``required``, ``aim``: times faster than the peer; for memory, the share of the peer's.

    ``unit``: what a time is the time of. ``required`` None: shown for comparison.
    """

    name: str
    title: str
    unit: str
    measure: Callable[[Settings], dict[str, Any]]
    required: float | None
    aim: float | None
    at_most: bool = False

    def reached(self, ratio: float, wanted: float | None) -> bool | None:
        """Whether ``wanted`` is reached; None where nothing is asked."""
        if wanted is None:
            return None
        return ratio <= wanted if self.at_most else ratio >= wanted


def _training(task_name: str) -> Callable[[Settings], dict[str, Any]]:
    def run(settings: Settings) -> dict[str, Any]:
        from .compare import OWN, compare, say
        from .processes import ChildFailed, memory_of
        from .training.by_hand import ByHand
        from .training.contenders import CONTENDERS, TASKS, build

        task = TASKS[task_name]
        found = compare(
            [build(name, task) for name in CONTENDERS],
            settings,
            oracle=ByHand(task, "float64"),
            steps=task.chunk,
            tolerance=_TOLERANCE,
            flops=task.flops,
        )
        if settings.peers:  # a look at some contenders, not a measurement of record
            return found
        say("  memory")
        for name in (OWN, found["against"]):
            try:
                found["contenders"][name].update(memory_of(name, task_name, settings))
            except (ChildFailed, KeyError) as error:
                found.setdefault("notes", []).append(f"memory of {name}: {error}")
        return found

    return run


def _products(settings: Settings) -> dict[str, Any]:
    from .products import measure

    return measure(settings)


def _chain(settings: Settings) -> dict[str, Any]:
    from .chain import measure

    return measure(settings)


def _poisson(settings: Settings) -> dict[str, Any]:
    from .poisson import measure

    return measure(settings)


def _components(settings: Settings) -> dict[str, Any]:
    from .components import measure

    return measure(settings)


def _predict(settings: Settings) -> dict[str, Any]:
    from .predict import measure

    return measure(settings)


def _lbfgs(settings: Settings) -> dict[str, Any]:
    from .solving import measure_lbfgs

    return measure_lbfgs(settings)


def _levenberg_marquardt(settings: Settings) -> dict[str, Any]:
    from .solving import measure_levenberg_marquardt

    return measure_levenberg_marquardt(settings)


def _import(settings: Settings) -> dict[str, Any]:
    from .processes import measure_import

    return measure_import(settings)


def _first_step(caches: str) -> Callable[[Settings], dict[str, Any]]:
    def run(settings: Settings) -> dict[str, Any]:
        from .processes import measure_first_step

        return measure_first_step(settings, caches)

    return run


def _threads(settings: Settings) -> dict[str, Any]:
    from .scaling import measure
    from .training.task import WIDE

    return measure(settings, WIDE)


def _memory(settings: Settings) -> dict[str, Any]:
    from .processes import measure_memory

    return measure_memory(settings, "mlp-wide")


_STEP = "training step"
ROWS: dict[str, Row] = {
    row.name: row
    for row in (
        Row("mlp-tiny", "MLP 2-8-8-1, batch 32, Adam", _STEP, _training("mlp-tiny"), 3, 5),
        Row(
            "mlp-mnist",
            "MLP 784-128-64-10, batch 64, Adam",
            _STEP,
            _training("mlp-mnist"),
            1.7,
            2.5,
        ),
        Row(
            "mlp-wide",
            "MLP 784-1024-1024-10, batch 128, Adam",
            _STEP,
            _training("mlp-wide"),
            1.2,
            1.6,
        ),
        Row(
            "mlp-odd",
            "MLP 613-251-97-11, batch 37, SGD with momentum",
            _STEP,
            _training("mlp-odd"),
            1.7,
            2.5,
        ),
        Row(
            "logistic",
            "logistic regression, 100,000 × 50, gradient step",
            _STEP,
            _training("logistic"),
            1.5,
            3,
        ),
        Row(
            "products",
            "matrix products, 30 shapes × 4 transpositions (geometric mean)",
            "product",
            _products,
            0.95,
            1.1,
        ),
        Row(
            "chain",
            "softmax, layer normalisation, GELU, 4096 × 1024, forward + backward",
            "step",
            _chain,
            1.2,
            2,
        ),
        Row(
            "lbfgs",
            "logistic regression, 100,000 × 50, by L-BFGS to the same gradient",
            "minimization",
            _lbfgs,
            1.5,
            3,
        ),
        Row(
            "levenberg-marquardt",
            "curve with 14 parameters, 10,000 residuals, by Levenberg-Marquardt",
            "minimization",
            _levenberg_marquardt,
            2,
            3,
        ),
        Row("poisson", "Poisson regression by Newton, 100,000 × 20", "fit", _poisson, 1, 1.5),
        Row(
            "components",
            "10 randomized principal components of 20,000 × 500",
            "analysis",
            _components,
            1,
            1.5,
        ),
        Row("predict", "predict one row, MLP 784-128-64-10", "call", _predict, 2, 4),
        Row("import", "import trivium against import torch", "import", _import, 4, 8),
        Row(
            "first-step-cold",
            "first training step, 784-128-64-10, cold process, no cache",
            "process until the step is done",
            _first_step("none"),
            1,
            3,
        ),
        Row(
            "first-step-cached",
            "the same, Trivium's code from its disk cache",
            "process until the step is done",
            _first_step("own"),
            5,
            10,
        ),
        Row(
            "first-step-both-cached",
            "the same, JAX with a disk cache too",
            "process until the step is done",
            _first_step("both"),
            None,
            None,
        ),
        Row("threads", "all threads over one, wide MLP", _STEP, _threads, 1.6, 1.85),
        Row(
            "memory",
            "peak memory, wide MLP, against PyTorch",
            "process",
            _memory,
            0.7,
            0.4,
            at_most=True,
        ),
    )
}


def measure(name: str, settings: Settings) -> dict[str, Any]:
    """Measure one row in this process; "peak" is the machine's arithmetic."""
    if name == "peak":
        from .machine import measure_peak

        return measure_peak(settings)
    return ROWS[name].measure(settings)
