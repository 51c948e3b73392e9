"""From raw figures to the table, as text and for the documentation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .rows import ROWS, Row

__all__ = ["BEGIN", "END", "as_markdown", "as_text", "insert", "size", "time_of"]

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
_HEAD = (
    "workload",
    "Trivium",
    "fastest peer",
    "its figure",
    "ratio",
    "quartiles",
    "required",
    "aim",
    "of peak",
    "memory (peer)",
)
# Processor time of other processes beyond which a row's figures are marked.
_BUSY = 0.1


def time_of(seconds: float) -> str:
    """A time with three digits and its unit."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1:
            return f"{_digits(seconds * factor)} {unit}"
    return f"{_digits(seconds * 1e9)} ns"


def size(count: float) -> str:
    """Bytes in MiB."""
    return f"{count / 2**20:.0f} MiB"


def _digits(value: float) -> str:
    if value == 0 or not math.isfinite(value):
        return str(value)
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{places}f}"


def _figure(contender: Mapping[str, Any] | None) -> str:
    """A contender's figure in its row's unit."""
    if contender is None:
        return "—"
    if "unavailable" in contender:
        return "—"
    if "seconds" in contender:
        return time_of(contender["seconds"])
    if "flops" in contender:
        return f"{_digits(contender['flops'] / 1e9)} GFLOP/s"
    return size(contender["bytes"])


def _compiling(seconds: float) -> str:
    """The time to build and compile; what is less than noise is not given digits."""
    return time_of(seconds) if seconds >= 1e-2 else "< 10 ms"


def _wanted(row: Row, wanted: float | None) -> str:
    if wanted is None:
        return "—"
    return f"{'≤ ' if row.at_most else ''}{wanted:g} ×"


def _cells(result: Mapping[str, Any], peak: float | None) -> list[str]:
    row = ROWS[result["name"]]
    wanted = [_wanted(row, row.required), _wanted(row, row.aim)]
    if result.get("error"):
        return [row.title, "failed", "—", "—", "—", "—", *wanted, "—", "—"]
    contenders = result["contenders"]
    own = contenders.get(result.get("own", "Trivium"))
    against = result.get("against")
    peer = contenders.get(against)
    if peer is None and "flops" in (own or {}):  # the best of several, case by case
        peer = {"flops": own["flops"] / result["ratio"][1]} if own else None
    ratio = result.get("ratio")
    share = own["flops"] / peak if own and peak and "flops" in own else None
    memory = "—"
    if own and "bytes" in own and "seconds" in own:
        theirs = peer.get("bytes") if peer else None
        memory = size(own["bytes"]) + (f" ({size(theirs)})" if theirs else "")
    return [
        row.title,
        _figure(own),
        str(against or "—"),
        _figure(peer),
        "—" if ratio is None else _mark(row, ratio[1]),
        "—" if ratio is None else f"{ratio[0]:.2f}–{ratio[2]:.2f}",
        *wanted,
        "—" if share is None else f"{share:.0%}",
        memory,
    ]


def _mark(row: Row, ratio: float) -> str:
    """The ratio; a word where the required figure is missed."""
    below = row.reached(ratio, row.required) is False
    return f"{ratio:.2f} ×" + (" (missed)" if below else "")


def _details(results: Mapping[str, Any]) -> list[list[str]]:
    """One line for each contender of each row."""
    lines = []
    for result in results["rows"]:
        row = ROWS[result["name"]]
        for name, contender in (result.get("contenders") or {}).items():
            low = high = "—"
            if "quartiles" in contender:
                low, high = map(time_of, contender["quartiles"])
            compiling = contender.get("compile_seconds")
            lines.append(
                [
                    row.name,
                    name,
                    _figure(contender),
                    f"{low} – {high}" if low != "—" else "—",
                    "—" if compiling is None else _compiling(compiling),
                    size(contender["bytes"]) if "bytes" in contender else "—",
                ]
            )
    return lines


_DETAIL_HEAD = ("row", "contender", "median", "quartiles", "compile", "memory")


def _remarks(results: Mapping[str, Any]) -> list[str]:
    """What else was noticed, row by row."""
    found = []
    for result in results["rows"]:
        name = result["name"]
        if result.get("error"):
            found.append(f"{name}: failed: {result['error']}")
        for contender, figures in (result.get("contenders") or {}).items():
            if "unavailable" in figures:
                found.append(f"{name}: {contender}: {figures['unavailable']}")
        found += [f"{name}: {note}" for note in result.get("notes", [])]
        others = result.get("others")
        if others is not None and others > _BUSY:
            found.append(
                f"{name}: the machine was not quiet, other processes used {others:.1f} cores"
            )
    return found


def _machine(results: Mapping[str, Any]) -> list[str]:
    machine, peak = results["machine"], results.get("peak")
    memory = machine.get("memory_bytes")
    lines = [
        f"{machine['processor']}, {machine['cores']} cores"
        + (f", {memory / 2**30:.0f} GiB" if memory else "")
        + f", {machine['system']}",
        f"threads for every contender: {machine['threads']}; Trivium's backend: "
        f"{machine['backend']}",
        f"measured {machine['date']} by `{results['command']}`",
        f"Python {machine['python']}, "
        + ", ".join(f"{name} {version}" for name, version in machine["versions"].items()),
    ]
    if peak:
        lines.append(f"peak: {peak['flops'] / 1e9:.0f} GFLOP/s ({peak['best']})")
    if machine["quick"]:
        lines.append("--quick: the samples are too short for these figures to mean much")
    return lines


def as_text(results: Mapping[str, Any]) -> str:
    """The tables for a terminal."""
    peak = (results.get("peak") or {}).get("flops")
    table = [list(_HEAD), *[_cells(result, peak) for result in results["rows"]]]
    parts = [
        "\n".join(_machine(results)),
        _columns(table),
        _columns([list(_DETAIL_HEAD), *_details(results)]),
    ]
    remarks = _remarks(results)
    return "\n\n".join(parts + (["\n".join(remarks)] if remarks else []))


def _columns(table: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
        for line in table
    ]
    rule = "  ".join("─" * width for width in widths)
    return "\n".join([lines[0], rule, *lines[1:]])


def as_markdown(results: Mapping[str, Any]) -> str:
    """The tables for the documentation."""
    peak = (results.get("peak") or {}).get("flops")
    parts = [
        "\n".join(f"- {line}" for line in _machine(results)),
        _pipes([list(_HEAD), *[_cells(result, peak) for result in results["rows"]]]),
        "### Every contender",
        _pipes([list(_DETAIL_HEAD), *_details(results)]),
    ]
    remarks = _remarks(results)
    if remarks:
        parts += ["### Remarks", "\n".join(f"- {line}" for line in remarks)]
    return "\n\n".join(parts)


def _pipes(table: Sequence[Sequence[str]]) -> str:
    lines = [
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in table
    ]
    return "\n".join([lines[0], "|" + "---|" * len(table[0]), *lines[1:]])


def insert(page: Path, text: str) -> None:
    """Put ``text`` between the page's markers. Raises ValueError when they are missing."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page} has no lines {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
