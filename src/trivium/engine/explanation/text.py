"""An explanation as text for a terminal of 100 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .records import Explanation, KernelRecord, Machine, PassSummary

__all__ = [
    "bytes_text",
    "count_text",
    "headline",
    "kernels_text",
    "memory_text",
    "passes_text",
    "render",
    "seconds_text",
]

_WIDTH = 100
_NAME = 42  # of the column that says what a kernel is
_PLAIN = ("primitive", "movement")  # what a backend without kernels lists
_LISTED = 4  # names and operations that are listed before "and 7 more"


def render(found: Explanation) -> str:
    """Header, passes, kernels, memory and the sum of it."""
    parts = [
        header_text(found),
        passes_text(found),
        kernels_text(found),
        memory_text(found),
        totals_text(found),
    ]
    return "\n\n".join(part for part in parts if part)


def headline(found: Explanation) -> str:
    """One line: what was compiled and how long it took."""
    native = found.cached is not None
    kind = "kernel" if native else "primitive"
    count = sum(each.kind != "end of step" for each in found.kernels)
    took = f"{count} {kind}{'s' if count != 1 else ''} in {seconds_text(_compile_time(found))}"
    origin = ""
    if native:
        origin = ", from the cache" if found.cached else ", compiled"
        origin += f", {bytes_text(found.code_bytes)} of code"
    calls = sorted({each.calls for each in found.calls if each.calls})
    called = f", calls the reference functions {', '.join(calls)}" if calls else ""
    return f"{found.backend} program: {took}{origin}{called}"


def _compile_time(found: Explanation) -> float:
    return sum(found.stages.values())


# The parts.


def header_text(found: Explanation) -> str:
    """What it was compiled for, how and how fast."""
    lines = [_title("PROGRAM")]
    counts = ", ".join(_plural(n, what) for what, n in found.counts.items())
    lines.append(_pair("what", counts))
    lines.append(_pair("backend", f"{found.backend} ({found.chosen_by})"))
    lines.append(_pair("machine", _machine_text(found.machine)))
    if found.machine.peak is not None:
        peak = f"{found.machine.peak / 1e9:.0f} Gflop/s in float32 (measured now)"
        speeds = [
            f"{speed / 1e9:.0f} in {bytes_text(size)}"
            for size, speed in found.machine.bandwidth.items()
        ]
        lines.append(_pair("arithmetic", peak))
        lines += _wrapped("  bandwidth    GB/s: ", speeds, " " * 15)
    stages = ", ".join(f"{name} {seconds_text(t)}" for name, t in found.stages.items())
    lines.append(_pair("compiled in", f"{seconds_text(_compile_time(found))}: {stages}"))
    if found.cached is not None:
        origin = "from the cache on disk" if found.cached else "made anew"
        lines.append(_pair("code", f"{bytes_text(found.code_bytes)}, {origin}"))
    return "\n".join(lines)


def _machine_text(machine: Machine) -> str:
    if not machine.vector_bits:
        return machine.description
    name = machine.description
    if machine.target != "native":
        name += f" (TRIVIUM_TARGET={machine.target})"
    threads = _plural(machine.threads, "threads")
    return f"{name}, vectors of {machine.vector_bits} bits, {threads}"


def passes_text(found: Explanation) -> str:
    """What each pass did to the graph."""
    lines = [_title("PASSES", "over the graph: nodes before → after, and the rules applied")]
    name_width = max((len(each.name) for each in found.passes), default=0)
    for each in found.passes:
        size = f"{each.before:>5} → {each.after:<5}"
        front = f"  {each.name:<{name_width}}  {size}"
        lines += _wrapped(front + "  ", _rules(each), " " * (len(front) + 2))
    return "\n".join(lines)


def _rules(each: PassSummary) -> list[str]:
    if not each.rewrites:
        return ["–" if each.before == each.after else ""]
    found = []
    for rule, primitives in sorted(each.rewrites.items(), key=lambda x: -sum(x[1].values())):
        total = sum(primitives.values())
        listed = ", ".join(
            f"{name} {n}" for name, n in sorted(primitives.items(), key=lambda x: -x[1])
        )
        where = f" ({listed})" if len(primitives) > 1 else f" ({next(iter(primitives))})"
        found.append(f"{rule} ×{total}{where}")
    return ", ".join(found).split(", ")


def kernels_text(found: Explanation) -> str:
    """The table of kernels, in the order of running."""
    title = _title("PRIMITIVES", "the calls of one step, most work first")
    if found.machine.vector_bits:
        title = _title("KERNELS", "of one step, in the order of running")
    lines = [title, _head(found)]
    whole = found.measured or found.expected
    for each in found.kernels:
        lines += _row(each, found, whole)
        for name, text in _details(each):
            lines += _wrapped(f"      {name:<9}", text, " " * 15)
    return "\n".join(lines)


def _head(found: Explanation) -> str:
    cells = [f"  {'#':>3} {'kernel':<{_NAME}}", f"{'flops':>8}", f"{'bytes':>8}"]
    if found.expected is not None:
        cells.append(f"{'expected':>8}")
    if found.steps:
        cells.append(f"{'measured':>8}")
    if found.expected is not None or found.steps:
        cells.append(f"{'share':>6}")
    if found.machine.vector_bits:
        cells.append("threads")
    return " ".join(cells)


def _row(each: KernelRecord, found: Explanation, whole: float | None) -> list[str]:
    number = "" if each.kind == "end of step" else str(each.number)
    what = f"{each.what} {each.dtype}".rstrip()
    flops = "?" if each.flops is None else count_text(each.flops)
    cells = [f"{flops:>8}", f"{bytes_text(each.bytes):>8}"]
    own = each.measured if found.steps else each.expected
    if found.expected is not None:
        cells.append(f"{'?' if each.expected is None else seconds_text(each.expected):>8}")
    if found.steps:
        cells.append(f"{seconds_text(each.measured or 0.0):>8}")
    if found.expected is not None or found.steps:
        cells.append(f"{'?' if own is None or not whole else f'{100 * own / whole:.0f} %':>6}")
    if found.machine.vector_bits:
        cells.append(f"{each.threads:>7}")
    front = f"  {number:>3} "
    if len(what) > _NAME:
        return [front + what, " " * len(front) + " " * _NAME + " " + " ".join(cells)]
    return [f"{front}{what:<{_NAME}} " + " ".join(cells)]


def _details(each: KernelRecord) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    if each.calls is not None:
        text = f"calls the reference function {each.calls}: Python, on one thread"
        found.append(("NO CODE", [text]))
    if each.method is not None:
        found.append(("method", each.method.split(", ")))
    if each.kind not in (*_PLAIN, "call", "gather", "scatter") and each.operations:
        names = [f"{n}×" * (n > 1) + name for name, n in each.operations.items()]
        found.append(
            ("then" if each.kind in ("product", "partial sums") else "computes", names)
        )
    if each.scopes and each.kind not in _PLAIN:
        found.append(("of", _few(each.scopes)))
    if each.reads:
        found.append(("reads", _few(each.reads)))
    if each.writes:
        found.append(("writes", _few(each.writes)))
    return found


def _few(names: Sequence[str]) -> list[str]:
    if len(names) <= _LISTED + 1:
        return list(names)
    return [*names[:_LISTED], f"and {len(names) - _LISTED} more"]


def memory_text(found: Explanation) -> str:
    """Where the numbers are."""
    memory = found.memory
    lines = [_title("MEMORY")]
    values = _plural(memory.buffers, "intermediate values")
    reuse = f"({bytes_text(memory.without_reuse)} if none made room for another)"
    what = "arena" if found.machine.vector_bits else "at most"
    lines.append(_pair(what, f"{bytes_text(memory.arena)} for {values} {reuse}"))
    kept = {
        "variables": memory.variables,
        "constants": memory.constants,
        "inputs": memory.inputs,
        "outputs": memory.outputs,
    }
    there = [f"{name} {bytes_text(size)}" for name, size in kept.items() if size]
    lines.append(_pair("beside it", ", ".join(there) or "nothing"))
    if memory.scratch:
        threads = found.machine.threads
        owners = f"each of {threads} threads" if threads > 1 else "the thread"
        each = f"{bytes_text(memory.scratch)} for {owners}, where products copy operands"
        lines.append(_pair("scratch", each))
    if memory.in_place:
        lines += _wrapped("  in place     ", _few(memory.in_place), " " * 15)
    if memory.copied:
        lines += _wrapped("  copied       ", _few(memory.copied), " " * 15)
    return "\n".join(lines)


def totals_text(found: Explanation) -> str:
    """One step: what it is, what it should take, what it takes."""
    lines = [_title("STEP")]
    work = f"{count_text(found.flops)} flops, {bytes_text(found.bytes)} read and written"
    lines.append(_pair("work", work))
    if found.machine.peak:
        seconds = found.flops / found.machine.peak
        alone = f"arithmetic alone {seconds_text(seconds)} at the peak"
        speed = found.machine.bandwidth[max(found.machine.bandwidth)]
        far = found.bytes / speed
        lines.append(
            _pair(
                "floor", f"{alone}; bytes alone {seconds_text(far)} if all came from far away"
            )
        )
    if found.expected is not None:
        lines.append(_pair("expected", seconds_text(found.expected)))
    if found.measured is not None:
        text = f"{seconds_text(found.measured)} a step, over {_plural(found.steps, 'steps')}"
        if found.expected:
            text += f": {found.measured / found.expected:.1f} × the expected"
        lines.append(_pair("measured", text))
    calls = [each for each in found.kernels if each.calls]
    if calls:
        names = ", ".join(dict.fromkeys(str(each.calls) for each in calls))
        lines.append(_pair("calls", f"{len(calls)} of reference functions: {names}"))
    elif found.cached is not None:
        lines.append(_pair("calls", "none: everything is native code"))
    lines += [_pair("note", note) for note in found.notes]
    return "\n".join(lines)


# Words and numbers.


def _title(name: str, what: str = "") -> str:
    return f"{name}  {what}".rstrip()


def _pair(name: str, text: str) -> str:
    return "\n".join(_wrapped(f"  {name:<13}", text.split(" "), " " * 15, " "))


def _wrapped(
    first: str, pieces: Iterable[str], indent: str, separator: str = ", "
) -> list[str]:
    lines = [first]
    fresh = True
    for piece in pieces:
        gap = "" if fresh else separator
        if not fresh and len(lines[-1]) + len(gap) + len(piece) > _WIDTH:
            lines[-1] += separator.rstrip()
            lines.append(indent)
            gap = ""
        lines[-1] += gap + piece
        fresh = False
    return [line.rstrip() for line in lines]


def _plural(count: int, what: str) -> str:
    """1 thread, 2 threads; ``what`` is the plural."""
    return f"{count} {what.removesuffix('s') if count == 1 else what}"


def count_text(count: float) -> str:
    """A number of operations: 950, 1.2 k, 34 M."""
    return _scaled(count, 1000, ("", " k", " M", " G", " T"))


def bytes_text(count: float) -> str:
    """Bytes in powers of 1024: 512 B, 1.5 KiB, 64 MiB."""
    return _scaled(count, 1024, (" B", " KiB", " MiB", " GiB", " TiB"))


def _scaled(count: float, base: int, units: Sequence[str]) -> str:
    power = 0
    while count >= 0.9995 * base and power < len(units) - 1:
        count, power = count / base, power + 1
    digits = 0 if count == int(count) or count >= 99.95 else 1
    return f"{count:.{digits}f}{units[power]}"


def seconds_text(seconds: float) -> str:
    """A time: 0.03 µs, 1.2 ms, 3.4 s."""
    if seconds < 0.9995e-3:
        digits = 2 if seconds < 9.995e-6 else 1 if seconds < 99.95e-6 else 0
        return f"{1e6 * seconds:.{digits}f} µs"
    if seconds < 0.9995:
        return f"{1e3 * seconds:.{1 if seconds < 99.95e-3 else 0}f} ms"
    return f"{seconds:.1f} s"
