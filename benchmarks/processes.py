"""Figures that only a process of its own can give: imports, first steps, memory."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .agreement import check
from .compare import OWN, say
from .settings import Settings
from .timing import paired_ratio, quartiles
from .training.contenders import CONTENDERS, TASKS

__all__ = [
    "ChildFailed",
    "ask",
    "measure_first_step",
    "measure_import",
    "measure_memory",
    "memory_of",
]

_ROOT = Path(__file__).parent.parent


class ChildFailed(Exception):
    """A child process ended without an answer."""


def ask(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    timeout: float = 600,
    *,
    show: bool = False,
) -> tuple[dict[str, Any], float]:
    """Run ``benchmarks.child``; its answer, and the seconds from start to answer.

    ``show``: let its standard error through. Raises ChildFailed with the end of its standard
    error when there is no answer in time.
    """
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        with subprocess.Popen(
            [sys.executable, "-m", "benchmarks.child", *arguments],
            stdout=subprocess.PIPE,
            stderr=None if show else errors,
            env=dict(environment),
            cwd=_ROOT,
            text=True,
        ) as process:
            timer = _Deadline(process, timeout)
            assert process.stdout is not None
            line, took = "", 0.0
            for text in process.stdout:
                if text.strip():
                    line, took = text, time.perf_counter() - start
            code = process.wait()
            timer.cancel()
        if code == 0 and line:
            try:
                found = json.loads(line)
            except json.JSONDecodeError:
                found = None
            if isinstance(found, dict):
                return found, took
        errors.seek(0)
        said = errors.read().strip().splitlines()
    what = "did not answer in time" if timer.over else f"ended with code {code}"
    raise ChildFailed(f"{what}: {' | '.join(said[-3:])[-400:]}" if said else what)


class _Deadline:
    """Kills a process that takes too long."""

    def __init__(self, process: subprocess.Popen[str], seconds: float) -> None:
        import threading

        self.over = False
        self._process = process
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    def _end(self) -> None:
        self.over = True
        self._process.kill()

    def cancel(self) -> None:
        """It was in time."""
        self._timer.cancel()


class _Process:
    """A contender each of whose samples is a process."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        changes: Mapping[str, str] | None = None,
        *,
        emptied: Path | None = None,
        own_clock: bool = False,
    ) -> None:
        self.name = name
        self.arguments = arguments
        self.changes = dict(changes or {})
        self.emptied = emptied
        self.own_clock = own_clock
        self.each: list[float] = []
        self.answer: dict[str, Any] = {}
        self.unavailable: str | None = None

    def sample(self, settings: Settings) -> float:
        """Seconds from start to answer, or what the process itself measured."""
        if self.emptied is not None:
            shutil.rmtree(self.emptied, ignore_errors=True)
        self.answer, took = ask(self.arguments, {**settings.environment(), **self.changes})
        return float(self.answer["seconds"]) if self.own_clock else took


def _take_turns(
    contenders: Sequence[_Process], settings: Settings, against: Sequence[str]
) -> dict[str, Any]:
    """A warm-up of each, which fills the file cache, then turns."""
    contenders = [each for each in contenders if settings.admits(each.name)]
    for each in contenders:
        say(f"  {each.name}")
        try:
            each.sample(settings)
        except ChildFailed as error:
            if each.name == OWN:
                raise
            each.unavailable = str(error)
    ready = [each for each in contenders if each.unavailable is None]
    for _ in range(settings.runs):
        for each in ready:
            each.each.append(each.sample(settings))
    rows: dict[str, Any] = {}
    for each in contenders:
        if each.unavailable is not None:
            rows[each.name] = {"unavailable": each.unavailable}
            continue
        low, middle, high = quartiles(each.each)
        rows[each.name] = {"seconds": middle, "quartiles": [low, high], "samples": each.each}
    own = next(each for each in ready if each.name == OWN)
    peers = [each for each in ready if each.name in against]
    if not peers:
        return {"contenders": rows, "ratio": None, "against": None}
    fastest = min(peers, key=lambda each: quartiles(each.each)[1])
    ratio = paired_ratio(fastest.each, own.each)
    return {"contenders": rows, "ratio": list(ratio), "against": fastest.name}


def measure_import(settings: Settings) -> dict[str, Any]:
    """Importing Trivium against importing PyTorch, each in a fresh process.

    ``import trivium`` alone loads next to nothing, so what counts is the import together with
    all that a fit needs; the bare import is shown beside it.
    """
    statements = {
        OWN: "import trivium as tv; "
        "tv.models, tv.objectives, tv.algorithms, tv.data, tv.fit, tv.Program",
        f"{OWN}, nothing used yet": "import trivium",
        "PyTorch": "import torch",
        "JAX": "import jax",
        "NumPy": "import numpy",
    }
    contenders = [
        _Process(name, ["import", text], own_clock=True) for name, text in statements.items()
    ]
    found = _take_turns(contenders, settings, ["PyTorch"])
    found["notes"] = [f"{OWN}: {statements[OWN]}"]
    return found


def measure_first_step(settings: Settings, caches: str) -> dict[str, Any]:
    """From the start of a process until the first training step is done.

    ``caches``: "none"; "own" (Trivium finds its object code on disk; JAX, as by default, has
    no such cache) or "both" (JAX finds its compiled step in a cache on disk too).
    """
    scratch = Path(tempfile.mkdtemp(dir=settings.scratch or None))
    own, theirs = scratch / "trivium", scratch / "jax"
    ours = {"XDG_CACHE_HOME": str(own), "TRIVIUM_CACHE": str(own / "trivium")}
    jax_cache = {
        "JAX_COMPILATION_CACHE_DIR": str(theirs),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    jax = "JAX, step in jit"
    contenders = [
        _Process(OWN, ["first", OWN], ours, emptied=own if caches == "none" else None),
        _Process(jax, ["first", jax], jax_cache if caches == "both" else None),
        _Process("PyTorch", ["first", "PyTorch"]),
    ]
    try:
        found = _take_turns(contenders, settings, [jax])
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    for each in contenders:
        if each.unavailable is None:
            check(each.name, each.answer["loss"], contenders[0].answer["loss"], 1e-5)
    return found


def memory_of(contender: str, task: str, settings: Settings) -> dict[str, Any]:
    """The memory that a contender needs to train, measured in a child process."""
    answer, _ = ask(["memory", contender, task], settings.environment())
    return answer


def measure_memory(settings: Settings, task: str) -> dict[str, Any]:
    """The most memory resident while training, against PyTorch; less is better."""
    rows: dict[str, Any] = {}
    for name in filter(settings.admits, CONTENDERS):
        say(f"  {name}")
        try:
            rows[name] = memory_of(name, task, settings)
        except ChildFailed as error:
            if name == OWN:
                raise
            rows[name] = {"unavailable": str(error)}
    peer = rows.get("PyTorch", {}).get("bytes")
    ratio = None if peer is None else [rows[OWN]["bytes"] / peer] * 3
    data = sum(array.nbytes for array in TASKS[task].data())
    return {
        "contenders": rows,
        "ratio": ratio,
        "against": "PyTorch",
        "notes": [
            f"all of a process: interpreter, libraries, {data / 2**20:.0f} MiB of data, parameters"
        ],
    }
