"""What an explanation consists of. Times are in seconds, memory in bytes, arithmetic in flops."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..errors import BackendError

__all__ = [
    "Code",
    "Explanation",
    "KernelRecord",
    "Machine",
    "Measure",
    "MemoryRecord",
    "Parts",
    "PassSummary",
]


class Measure(NamedTuple):
    """What to ask the clock: what the machine can do, and ``steps`` steps on these arrays."""

    steps: int = 0
    arrays: Sequence[np.ndarray[Any, Any]] = ()


@dataclass(frozen=True)
class Machine:
    """What the program runs on.

    ``peak``: float32 operations per second of all threads together; ``bandwidth``: bytes per
    second between registers and working sets of so many bytes, measured too.
    """

    description: str
    target: str = ""
    vector_bits: int = 0
    threads: int = 1
    peak: float | None = None
    bandwidth: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class PassSummary:
    """A pass over the graph: nodes before and after, and how often it applied which rule.

    ``rewrites``: rule → primitive → how often.
    """

    name: str
    before: int
    after: int
    seconds: float
    rewrites: dict[str, dict[str, int]]


@dataclass(frozen=True)
class KernelRecord:
    """One kernel: a piece of work of the step that is done at once.

    ``flops``: one for each addition, multiplication … of an element, whatever it costs; None
    where it is not known (a call). ``bytes``: what must be read and written at least once.
    ``expected``: the longer of arithmetic at the machine's peak and bytes at its bandwidth;
    ``measured``: per step, waiting for other threads included. ``method``: of a matrix product.
    ``calls``: the primitive whose reference function is called, where there is no native code.
    ``operations``: primitive → how often. ``reads``, ``writes``: named memory outside the arena.
    ``scopes``: the parts of the model that it belongs to.
    """

    number: int
    kind: str
    what: str
    shape: tuple[int, ...]
    dtype: str
    flops: int | None
    bytes: int
    expected: float | None = None
    measured: float | None = None
    threads: int = 1
    parts: int = 1
    method: str | None = None
    calls: str | None = None
    operations: dict[str, int] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class MemoryRecord:
    """Where the numbers are.

    ``arena``: for all intermediate values; ``without_reuse``: what it would be if no two shared
    a place. ``scratch``: of each thread. ``in_place``: variables whose new value is written
    straight over the old one; ``copied``: those that are copied at the end of the step.
    """

    arena: int
    without_reuse: int
    buffers: int
    variables: int
    constants: int
    inputs: int
    outputs: int
    scratch: int = 0
    in_place: tuple[str, ...] = ()
    copied: tuple[str, ...] = ()


class Code(NamedTuple):
    """How to get the code: LLVM's language (optimised or not) and the machine's."""

    llvm: Callable[[bool], str]
    assembly: Callable[[], str]


class Parts(NamedTuple):
    """What a backend knows about its executable."""

    machine: Machine
    kernels: list[KernelRecord]
    memory: MemoryRecord
    code: Code | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """What a program consists of and what it costs; ``print`` it, or look inside.

    ``stages``: seconds of compiling, by stage. ``cached``: whether the machine code came from
    the cache on disk; None without machine code. ``kernels`` are in the order of running.
    ``steps``: over how many steps was measured, 0 if not at all.
    """

    backend: str
    chosen_by: str
    machine: Machine
    stages: dict[str, float]
    cached: bool | None
    code_bytes: int
    counts: dict[str, int]
    passes: list[PassSummary]
    kernels: list[KernelRecord]
    memory: MemoryRecord
    steps: int = 0
    notes: tuple[str, ...] = ()
    code: Code | None = field(default=None, repr=False, compare=False)

    @property
    def flops(self) -> int:
        """Additions, multiplications … of a step, as far as they are known."""
        return sum(kernel.flops or 0 for kernel in self.kernels)

    @property
    def bytes(self) -> int:
        """Bytes that the kernels of a step read and write."""
        return sum(kernel.bytes for kernel in self.kernels)

    @property
    def expected(self) -> float | None:
        """Seconds of a step by the model, calls of reference functions not counted."""
        known = [each.expected for each in self.kernels if each.expected is not None]
        return sum(known) if known else None

    @property
    def measured(self) -> float | None:
        """Seconds of a step as measured."""
        known = [each.measured for each in self.kernels if each.measured is not None]
        return sum(known) if known else None

    @property
    def calls(self) -> list[KernelRecord]:
        """The kernels that call a reference function because there is no native code."""
        return [each for each in self.kernels if each.calls is not None]

    def llvm(self, *, optimised: bool = True, kernel: int | None = None) -> str:
        """The program in LLVM's language, after its optimisation or before; of one kernel only.

        Raises BackendError for a backend without machine code and for an unknown kernel.
        """
        text = self._code().llvm(optimised)
        return text if kernel is None else _part(text, self._known(kernel), "define ", "}")

    def assembly(self, *, kernel: int | None = None) -> str:
        """The program in the machine's language; of one kernel only.

        Raises BackendError for a backend without machine code and for an unknown kernel.
        """
        text = self._code().assembly()
        return text if kernel is None else _part(text, self._known(kernel), "", "\t.size\t")

    def _code(self) -> Code:
        if self.code is None:
            raise BackendError(
                f"the {self.backend} backend calls functions of NumPy and makes no code of its "
                "own; compile the program with backend='native'"
            )
        return self.code

    def _known(self, number: int) -> str:
        last = sum(each.kind != "end of step" for each in self.kernels) - 1
        if not 0 <= number <= last:
            raise BackendError(f"there is no kernel {number}; the program has 0 to {last}")
        return f"kernel_{number}"

    def to_dict(self) -> dict[str, Any]:
        """Everything but the code, of types that JSON knows."""
        names = [name for name in self.__dataclass_fields__ if name != "code"]
        found = {name: _plain(getattr(self, name)) for name in names}
        return {**found, "flops": self.flops, "bytes": self.bytes}

    def __str__(self) -> str:
        from .text import render

        return render(self)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _part(text: str, name: str, start: str, end: str) -> str:
    """The functions called ``name`` or ``name``_… in a listing."""
    found: list[str] = []
    inside = False
    for line in text.splitlines():
        if not inside:
            where = line.removeprefix(start) if line.startswith(start) else ""
            if start:
                label = where.partition("@")[2].partition("(")[0].strip('"')
            else:
                label = where.partition(":")[0].strip('"') if ":" in where else ""
            inside = label == name or label.startswith(f"{name}_")
        if inside:
            found.append(line)
            if line.startswith(end):
                inside = False
                found.append("")
    return "\n".join(found)
