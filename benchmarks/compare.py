"""One row of the table: prepare all contenders, check that they agree, then time them."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Sequence
from typing import Any

from .agreement import Disagreement, check
from .settings import Settings
from .timing import Contender, Samples, Unavailable, alternate, paired_ratio

__all__ = ["OWN", "compare", "import_everything"]

OWN = "Trivium"

# Imported before anything is timed, so that preparing means building and compiling alone.
_MODULES = (
    "numpy",
    "scipy.special",
    "trivium.engine.program",
    "trivium.engine.backends.native.backend",
    "trivium.models",
    "trivium.objectives",
    "trivium.algorithms",
    "sklearn.neural_network",
    "torch",
    "jax",
    "onnxruntime",
)


def import_everything() -> None:
    """Load every library that is installed."""
    import trivium

    for name in _MODULES:
        package, _, rest = name.partition(".")
        try:
            if package == "trivium" and hasattr(trivium, rest):
                getattr(trivium, rest)
            else:
                importlib.import_module(name)
        except ImportError:
            continue


def compare(
    contenders: Sequence[Any],
    settings: Settings,
    *,
    oracle: Any,
    steps: int,
    tolerance: float,
    flops: float | None = None,
    against: Sequence[str] | None = None,
    own_too: Sequence[str] = (),
) -> dict[str, Any]:
    """Time contenders, of which "Trivium" must be one, against the fastest of the others.

    ``oracle``: computes in float64 what all must agree with, within ``tolerance``. ``steps``:
    steps in a chunk; ``flops``: of one step. ``against``: the peers that count (default: all).
    ``own_too``: further forms of Trivium, which are shown but are no peers. Raises what
    Trivium raises; a peer that fails is reported as unavailable.
    """
    import_everything()
    oracle.prepare()
    oracle.reset()
    expected = oracle.losses(oracle.run(1))
    del oracle
    ready: list[Contender] = []
    found: dict[str, Samples] = {}
    differences: dict[str, float] = {}
    for each in contenders:
        if not settings.admits(each.name):
            continue
        say(f"  {each.name}")
        own = each.name == OWN
        try:
            start = time.perf_counter()
            each.prepare()
            each.reset()
            result = each.run(1)
            compiling = time.perf_counter() - start
            differences[each.name] = check(each.name, each.losses(result), expected, tolerance)
        except Unavailable as error:
            found[each.name] = Samples(each.name, unavailable=str(error))
            continue
        except Exception as error:  # a peer's failure must not hide the others' figures
            if own:
                raise
            reason = str(error) if isinstance(error, Disagreement) else _short(error)
            found[each.name] = Samples(each.name, unavailable=reason)
            continue
        found[each.name] = Samples(each.name, compiling=compiling)
        ready.append(each)
    found = alternate(ready, settings, samples=found)
    for each in ready:  # the first chunk's own time is no compiling
        own_samples = found[each.name]
        own_samples.compiling = max(0.0, own_samples.compiling - own_samples.median)
    return _summary(found, differences, steps, flops, against, own_too)


def _summary(
    found: dict[str, Samples],
    differences: dict[str, float],
    steps: int,
    flops: float | None,
    against: Sequence[str] | None,
    own_too: Sequence[str],
) -> dict[str, Any]:
    rows = {name: samples.to_dict(steps) for name, samples in found.items()}
    for name, difference in differences.items():
        rows[name]["difference"] = difference
        if flops is not None and "seconds" in rows[name]:
            rows[name]["flops"] = flops / rows[name]["seconds"]
    peers = [
        name
        for name, samples in found.items()
        if samples.unavailable is None
        and name not in (OWN, *own_too)
        and (against is None or name in against)
    ]
    if not peers:
        return {"contenders": rows, "ratio": None, "against": None}
    fastest = min(peers, key=lambda name: found[name].median)
    ratio = paired_ratio(found[fastest].each, found[OWN].each)
    return {"contenders": rows, "ratio": list(ratio), "against": fastest}


def _short(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}".strip()
    first = text.splitlines()[0]
    return f"failed: {first[:200]}"


def say(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)
