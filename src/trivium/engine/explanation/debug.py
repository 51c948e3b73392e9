"""TRIVIUM_DEBUG=1 … 5: every program that is compiled says what it consists of.

1: one line; 2: what each pass did; 3: kernels and memory; 4: LLVM's language; 5: the machine's.
Each level prints what the lower ones print, to standard error; with TRIVIUM_DEBUG_DIR all but
the line goes to files of that directory.
"""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError
from ..sites import current_site
from . import explain_program
from .records import Explanation
from .text import headline, passes_text, render

if TYPE_CHECKING:
    from ..program import Program

__all__ = ["level", "report"]

_LEVELS = {
    "1": "one line for each program",
    "2": "what each pass did",
    "3": "kernels and memory",
    "4": "LLVM's language",
    "5": "assembly",
}
_numbers = itertools.count(1)


def level() -> int:
    """The number in TRIVIUM_DEBUG, 0 if there is none. Raises ArgumentError for anything else."""
    asked = os.environ.get("TRIVIUM_DEBUG", "").strip()
    if asked in ("", "0"):
        return 0
    if asked not in _LEVELS:
        allowed = ", ".join(f"{number} ({what})" for number, what in _LEVELS.items())
        raise ArgumentError(
            f"TRIVIUM_DEBUG={asked} has no meaning; it may be 0 (nothing), {allowed}, each with "
            "all before it"
        )
    return int(asked)


def report(program: Program, executable: Any) -> None:
    """Say about a program that has just been compiled what TRIVIUM_DEBUG asks for."""
    depth = level()
    if not depth:
        return
    found = explain_program(program, executable, None, expected=depth >= 3)
    number = next(_numbers)
    site = current_site()
    where = f" ({os.path.basename(site.file)}, line {site.line})" if site is not None else ""
    _say(f"[trivium {number}] {headline(found)}{where}")
    listings = _listings(found, depth)
    directory = os.environ.get("TRIVIUM_DEBUG_DIR")
    if directory and listings:
        _store(Path(directory), number, listings)
        return
    for text in listings.values():
        _say(f"\n{text}\n")


def _listings(found: Explanation, depth: int) -> dict[str, str]:
    """The texts of a level by the ending of their files."""
    texts: dict[str, str] = {}
    if depth == 2:
        texts["txt"] = passes_text(found)
    if depth >= 3:
        texts["txt"] = render(found)
    if found.code is None:
        return texts
    if depth >= 4:
        texts["before.ll"] = found.llvm(optimised=False)
        texts["ll"] = found.llvm()
    if depth >= 5:
        texts["s"] = found.assembly()
    return texts


def _store(directory: Path, number: int, listings: dict[str, str]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for ending, text in listings.items():
        path = directory / f"program-{os.getpid()}-{number:03}.{ending}"
        path.write_text(text + "\n", encoding="utf-8")
        _say(f"  {path}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
