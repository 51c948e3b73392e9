"""The benchmarks: ``make bench``, or ``python -m benchmarks --only mlp-tiny --quick``."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from .machine import busy_seconds, describe
from .report import as_markdown, as_text, insert
from .rows import ROWS
from .settings import Settings, cores

__all__ = ["main"]

_ROOT = Path(__file__).parent.parent
_PAGE = _ROOT / "docs" / "performance.md"
_RESULTS = _ROOT / ".benchmarks"
_LIMIT = 1800.0  # seconds that a row may take


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Trivium side by side with other libraries. Rows: " + ", ".join(ROWS),
    )
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=list(ROWS))
    parser.add_argument("--skip", nargs="+", metavar="ROW", choices=list(ROWS), default=[])
    parser.add_argument("--quick", action="store_true", help="short samples, to see it work")
    parser.add_argument("--backend", metavar="NAME", help="Trivium's: native or reference")
    parser.add_argument("--threads", type=int, default=cores(), help="for every contender")
    parser.add_argument(
        "--peers", nargs="+", metavar="NAME", default=[], help="only these, by part of a name"
    )
    parser.add_argument("--rounds", type=int, help="samples of each contender")
    parser.add_argument("--markdown", action="store_true", help=f"write {_PAGE.name} too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the figures go")
    parser.add_argument(
        "--show", type=Path, metavar="FILE", help="measure nothing; show the figures of a file"
    )
    parser.add_argument("--list", action="store_true", help="the names of the rows")
    found = parser.parse_args(given)
    if not 1 <= found.threads <= cores():
        parser.error(f"--threads must be from 1 to {cores()}, the cores here")
    return found


def _measure(name: str, settings: Settings) -> dict[str, Any]:
    """A row in a process of its own: a crash or a hang costs only that row."""
    from .processes import ChildFailed, ask

    settings = replace(settings, scratch=str(Path(settings.scratch, name)))  # empty caches
    Path(settings.scratch).mkdir(exist_ok=True)
    before, others = busy_seconds(), _children()
    start = time.perf_counter()
    try:
        found, _ = ask(
            ["row", name, settings.to_json()], settings.environment(), _LIMIT, show=True
        )
    except ChildFailed as error:
        found = {"error": str(error)}
    took = time.perf_counter() - start
    after = busy_seconds()
    if before is not None and after is not None:
        found["others"] = max(0.0, (after - before) - (_children() - others)) / took
    found["took"] = took
    return found


def _children() -> float:
    """Processor seconds of the child processes that have ended."""
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _run(names: list[str], settings: Settings, command: str) -> dict[str, Any]:
    results: dict[str, Any] = {
        "command": command,
        "machine": describe(settings),
        "rows": [],
    }
    peaks = [_peak(settings)]
    for name in names:
        print(ROWS[name].title, file=sys.stderr, flush=True)
        results["rows"].append({"name": name, **_measure(name, settings)})
    peaks.append(_peak(settings))
    known = [each for each in peaks if "flops" in each]
    if known:
        results["peak"] = max(known, key=lambda each: each["flops"])
    return results


def _peak(settings: Settings) -> dict[str, Any]:
    """Measured before and after the rows, since the machine may be slowed at any time."""
    print("the machine's arithmetic", file=sys.stderr, flush=True)
    found = _measure("peak", settings)
    if "error" in found:
        print(f"  {found['error']}", file=sys.stderr)
    return found


def main(given: list[str] | None = None) -> int:
    """Measure, print the table, write the figures; 1 when a row failed."""
    asked = _arguments(given)
    if asked.list:
        print("\n".join(f"{row.name:24}{row.title}" for row in ROWS.values()))
        return 0
    if asked.show:
        results = json.loads(asked.show.read_text(encoding="utf-8"))
    else:
        names = [name for name in (asked.only or ROWS) if name not in asked.skip]
        make = Settings.short if asked.quick else Settings
        with tempfile.TemporaryDirectory(prefix="trivium-benchmarks-") as scratch:
            settings = make(
                threads=asked.threads,
                backend=asked.backend,
                peers=tuple(asked.peers),
                scratch=scratch,
            )
            if asked.rounds:
                settings = replace(settings, rounds=asked.rounds, runs=asked.rounds)
            command = shlex.join(["python", "-m", "benchmarks", *(given or sys.argv[1:])])
            results = _run(names, settings, command)
        path = asked.json or _RESULTS / time.strftime("%Y-%m-%d-%H%M%S.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(results, indent=1, ensure_ascii=False), encoding="utf-8")
        print(f"figures: {path}", file=sys.stderr)
    print(as_text(results))
    if asked.markdown:
        insert(_PAGE, as_markdown(results))
    return int(any("error" in row for row in results["rows"]))


if __name__ == "__main__":
    sys.exit(main())
