"""What runs in a process of its own: ``python -m benchmarks.child KIND ARGUMENTS``.

The last line on standard output is the answer, one JSON object. Nothing is imported here that
the kind does not need, since some kinds are measured from the process's start.
"""

from __future__ import annotations

import json
import sys

__all__ = ["main"]


def _answer(**values: object) -> None:
    print(json.dumps(values), flush=True)


def _import(statement: str) -> None:
    """How long an import takes."""
    import time

    code = compile(statement, "import", "exec")
    start = time.perf_counter()
    exec(code, {})
    _answer(seconds=time.perf_counter() - start)


def _first(contender: str) -> None:
    """The first training step of the middle network; the parent's clock is running."""
    from benchmarks.training.contenders import FIRST, build

    each = build(contender, FIRST)
    each.prepare()
    loss = float(each.losses(each.run(1))[0])
    _answer(loss=loss)


def _memory(contender: str, task: str) -> None:
    """The most memory resident while training, and how much the imports alone take."""
    from benchmarks.machine import peak_bytes
    from benchmarks.training.contenders import TASKS, build, import_library

    import_library(contender)
    before = peak_bytes()
    each = build(contender, TASKS[task])
    each.prepare()
    each.reset()
    loss = float(each.losses(each.run(2))[-1])
    _answer(bytes=peak_bytes(), imports_bytes=before, loss=loss)


def _row(name: str, settings: str) -> None:
    """A whole row of the table."""
    import traceback

    from benchmarks.rows import measure
    from benchmarks.settings import Settings

    chosen = Settings.from_json(settings)
    chosen.confine()
    try:
        found = measure(name, chosen)
    except Exception as error:  # the other rows go on, and the table says why
        traceback.print_exc()
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{place.filename.rpartition('/')[2]}, line {place.lineno}"
        found = {"error": f"{type(error).__name__}: {error} ({where})"}
    _answer(**found)


def main(arguments: list[str]) -> None:
    """Do what was asked."""
    kinds = {"import": _import, "first": _first, "memory": _memory, "row": _row}
    kinds[arguments[0]](*arguments[1:])  # type: ignore[operator]


if __name__ == "__main__":
    main(sys.argv[1:])
