"""Threads share a program's work without changing a bit, and survive what befalls a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import trivium as tv
from trivium.engine.backends.native.threads import default_threads, perform
from trivium.engine.primitives.indexing import gather, scatter_add
from trivium.engine.program import Program

# The last is a repetition: run to run the bits are the same too.
COUNTS = (1, 2, 3, 2)


def mlp() -> tuple[list[Any], dict[Any, Any]]:
    """Adam on a network wide enough for its products and its updates to be shared."""
    rng = np.random.default_rng(0)
    sizes = (64, 211, 149, 10)
    data = tv.tensor(rng.normal(size=(1000, sizes[0])).astype(np.float32))
    labels = tv.tensor(rng.integers(0, sizes[-1], 1000))
    step = tv.variable(np.int64(0), name="step")
    rows = tv.random.integers(tv.random.fold_in(tv.random.key(1), step), (48,), high=1000)
    h, y, parameters = data[rows], labels[rows], []
    for i, (a, b) in enumerate(pairwise(sizes)):
        w = tv.variable((rng.normal(size=(a, b)) / np.sqrt(a)).astype(np.float32), name=f"w{i}")
        bias = tv.variable(np.zeros(b, np.float32), name=f"b{i}")
        parameters += [w, bias]
        h = h @ w + bias
        h = tv.array.maximum(h, 0) if i < 2 else h
    chosen = tv.array.take_along_axis(h, y[:, None], axis=1)[:, 0]
    loss = (tv.array.logsumexp(h, axis=1) - chosen).mean()
    updates = {step: step + 1}
    for p, g in zip(parameters, tv.gradient(loss, parameters), strict=True):
        m, v = (tv.variable(np.zeros(p.shape, np.float32)) for _ in range(2))
        updates[m], updates[v] = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        updates[p] = p - 0.01 * updates[m] / (tv.array.sqrt(updates[v]) + 1e-8)
    return [loss], updates


def reductions() -> tuple[list[Any], dict[Any, Any]]:
    rng = np.random.default_rng(1)
    x = tv.tensor(rng.normal(size=(217, 33, 29)))
    y = tv.tensor(rng.normal(size=(100_003,)).astype(np.float32))
    outputs = [x.sum(axis=axis) for axis in (None, 0, 1, 2, (0, 1), (1, 2), (0, 2))]
    outputs += [y.sum(), (y * y).mean(), y.max(), y.std(), tv.array.softmax(x, axis=1)]
    outputs += [tv.array.logsumexp(x, axis=(0, 2)), (x - x.mean(axis=0)).min(axis=2)]
    return outputs, {}


def contractions() -> tuple[list[Any], dict[Any, Any]]:
    rng = np.random.default_rng(2)
    a, b = (tv.tensor(rng.normal(size=s).astype("f4")) for s in ((613, 251), (251, 97)))
    c, d = (tv.tensor(rng.normal(size=s)) for s in ((5, 67, 129), (5, 129, 71)))
    tall, vector = tv.tensor(rng.normal(size=(30_011, 7))), tv.tensor(rng.normal(size=30_011))
    w = tv.variable(np.ones((251, 97), np.float32))
    outputs = [a @ b, b.T @ a.T, tv.array.exp(a @ w), c @ d, tall.T @ tall, vector @ tall]
    outputs += [tall[:700] @ tall[:900].T]
    return outputs, {w: w * 0.5 + a.T @ (a @ b) * 1e-4}


def rows() -> tuple[list[Any], dict[Any, Any]]:
    rng = np.random.default_rng(3)
    table = tv.variable(rng.normal(size=(301, 129)).astype(np.float32))
    index = tv.tensor(rng.integers(0, 301, (40, 50)))
    picked = gather(table, index)
    added = scatter_add(tv.array.tanh(picked), index, rows=301)
    scores = tv.tensor(rng.normal(size=(2000, 37)))
    outputs = [
        picked,
        added,
        tv.array.sort(scores, axis=0),
        tv.array.cumulative_sum(scores, axis=1),
    ]
    return outputs, {table: table - 0.1 * added}


@pytest.mark.parametrize("workload", [mlp, reductions, contractions, rows])
def test_any_number_of_threads_gives_the_same_bits(
    monkeypatch: pytest.MonkeyPatch, workload: Callable[[], Any]
) -> None:
    results = []
    for count in COUNTS:
        monkeypatch.setenv("TRIVIUM_THREADS", str(count))
        outputs, updates = workload()
        program = Program([], outputs, updates, backend="native")
        found = program.run(steps=4)
        assert program._executable._threads == count  # the work is large enough to be shared
        results.append([a.tobytes() for a in found] + [v.value.tobytes() for v in updates])
    for count, result in zip(COUNTS, results, strict=True):
        assert result == results[0], f"{count} threads"


@pytest.mark.parametrize("workload", [mlp, reductions, contractions, rows])
def test_the_shared_work_is_right(
    monkeypatch: pytest.MonkeyPatch, workload: Callable[[], Any]
) -> None:
    monkeypatch.setenv("TRIVIUM_THREADS", "3")
    results = []
    for backend in ("native", "reference"):
        outputs, updates = workload()
        results.append(Program([], outputs, updates, backend=backend).run(steps=2))
    for native, reference in zip(*results, strict=True):
        single = native.dtype == np.float32
        tolerance = 2e-3 if workload is mlp else 2e-4 if single else 1e-10
        np.testing.assert_allclose(native, reference, rtol=tolerance, atol=tolerance)


def test_the_number_of_threads_is_that_of_the_processors_one_may_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for nothing in ("", None):
        if nothing is None:
            monkeypatch.delenv("TRIVIUM_THREADS", raising=False)
        else:
            monkeypatch.setenv("TRIVIUM_THREADS", nothing)
        assert default_threads() >= 1
        if hasattr(os, "sched_getaffinity"):
            assert default_threads() == len(os.sched_getaffinity(0))
    monkeypatch.setenv("TRIVIUM_THREADS", "7")
    assert default_threads() == 7


def test_every_call_is_made_once_at_the_same_time() -> None:
    together = threading.Barrier(4, timeout=30)  # broken unless all four are there
    seen: list[int] = []

    def meet(i: int) -> None:
        together.wait()
        seen.append(i)

    for _ in range(20):
        perform(meet, [(i,) for i in range(4)])
    assert sorted(seen) == sorted([0, 1, 2, 3] * 20)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX signals")
def test_interruptions_leave_no_call_half_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C at any moment: each step has been performed by all threads or by none."""
    monkeypatch.setenv("TRIVIUM_THREADS", "3")
    v = tv.variable(np.zeros((300, 300)))
    program = Program([], v.sum(axis=1), {v: v + 1}, backend="native")
    main, over = threading.main_thread().ident, threading.Event()
    assert main is not None

    def interrupt() -> None:
        for _ in range(100):
            time.sleep(0.002)
            signal.pthread_kill(main, signal.SIGINT)
        over.set()

    whole = interrupted = 0
    thread = threading.Thread(target=interrupt)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        thread.start()
        while not over.is_set():
            try:
                program.run(steps=5)
                whole += 1
            except KeyboardInterrupt:
                interrupted += 1
    except KeyboardInterrupt:  # it came between two calls
        interrupted += 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        thread.join()
        signal.signal(signal.SIGINT, before)
    assert interrupted
    values = np.unique(v.value)
    assert values.size == 1 and values[0] % 5 == 0
    assert 5 * whole <= values[0] <= 5 * (whole + interrupted)
    program.run()
    np.testing.assert_array_equal(v.value, values[0] + 1)


FORK = """
import os
os.environ["TRIVIUM_THREADS"] = "3"
import numpy as np, trivium as tv
from trivium.engine.program import Program
v = tv.variable(np.zeros((300, 300)))
program = Program([], v.sum(axis=1), {v: v + 1}, backend="native")
program.run()
child = os.fork()
program.run(steps=2)
assert np.all(v.value == 3)
if child:
    assert os.waitpid(child, 0)[1] == 0
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_process_has_threads_of_its_own() -> None:
    subprocess.run([sys.executable, "-c", FORK], check=True, timeout=60)
