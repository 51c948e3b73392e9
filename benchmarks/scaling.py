"""The same training on one thread and on all of them, in turns inside one process."""

from __future__ import annotations

import os
from typing import Any

from .agreement import check
from .compare import OWN, import_everything, say
from .settings import Settings
from .timing import Samples, Unavailable, alternate, paired_ratio
from .training.by_hand import ByHand
from .training.task import Task
from .training.with_torch import TorchEager, import_torch
from .training.with_trivium import WithTrivium

__all__ = ["measure"]


class _Trivium(WithTrivium):
    """A program for a given number of threads."""

    def __init__(self, task: Task, threads: int) -> None:
        super().__init__(task, f"{OWN}, {_threads(threads)}")
        self.threads = threads

    def prepare(self) -> None:
        before = os.environ.get("TRIVIUM_THREADS")
        os.environ["TRIVIUM_THREADS"] = str(self.threads)
        try:
            super().prepare()
        finally:
            if before is None:
                del os.environ["TRIVIUM_THREADS"]
            else:
                os.environ["TRIVIUM_THREADS"] = before


class _Torch(TorchEager):
    """PyTorch, whose number of threads can be changed at any time."""

    def __init__(self, task: Task, threads: int) -> None:
        super().__init__(task)
        self.threads = threads
        self.name = f"PyTorch, {_threads(threads)}"

    def run(self, chunks: int) -> Any:
        torch = import_torch()
        torch.set_num_threads(self.threads)
        return super().run(chunks)


class _Numpy(ByHand):
    """NumPy, whose products OpenBLAS computes."""

    def __init__(self, task: Task, threads: int) -> None:
        super().__init__(task)
        self.threads = threads
        self.name = f"NumPy, {_threads(threads)}"

    def run(self, chunks: int) -> Any:
        from threadpoolctl import threadpool_limits

        with threadpool_limits(self.threads, user_api="blas"):
            return super().run(chunks)


def _threads(count: int) -> str:
    return f"{count} thread" + "s" * (count > 1)


def measure(settings: Settings, task: Task) -> dict[str, Any]:
    """How many times faster all threads are than one."""
    many = settings.threads
    if many < 2:
        return {"contenders": {}, "ratio": None, "notes": ["needs two threads or more"]}
    import_everything()
    oracle = ByHand(task, "float64")
    oracle.prepare()
    expected = oracle.losses(oracle.run(1))
    ready, found, exact = [], {}, []
    for kind in (_Trivium, _Torch, _Numpy):
        for threads in (1, many):
            each = kind(task, threads)
            say(f"  {each.name}")
            try:
                each.prepare()
            except Unavailable as error:
                found[each.name] = Samples(each.name, unavailable=str(error))
                continue
            each.reset()
            losses = each.losses(each.run(1))
            check(each.name, losses, expected, 1e-3)
            if kind is _Trivium:
                exact.append(losses.tobytes())
            ready.append(each)
    found = alternate(ready, settings, samples=found)
    rows = {name: samples.to_dict(task.chunk) for name, samples in found.items()}
    one, all_of_them = (found[f"{OWN}, {_threads(count)}"] for count in (1, many))
    notes = ["the losses are bit for bit the same" if exact[0] == exact[1] else
             "THE LOSSES DIFFER between the numbers of threads"]  # fmt: skip
    for kind in ("PyTorch", "NumPy"):
        pair = [found[f"{kind}, {_threads(count)}"] for count in (1, many)]
        if all(each.unavailable is None for each in pair):
            gain = paired_ratio(pair[0].each, pair[1].each)[1]
            notes.append(f"{kind}: {_threads(many)} are {gain:.2f} times as fast as one")
    ratio = paired_ratio(one.each, all_of_them.each)
    return {
        "contenders": rows,
        "ratio": list(ratio),
        "against": one.name,
        "own": all_of_them.name,
        "notes": notes,
    }
