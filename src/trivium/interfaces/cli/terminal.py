"""Where the words go: results to standard output, the rest to standard error."""

from __future__ import annotations

import codecs
import json
import math
import os
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

__all__ = [
    "Screen",
    "can_encode",
    "complain",
    "emit_json",
    "note",
    "prepare_streams",
    "say",
    "shown",
    "silence_stdout",
    "spark",
    "table",
    "terminal_width",
    "write_bytes",
]

_PLAIN = str.maketrans(
    {"→": "->", "…": "...", "·": "-", "×": "x", "−": "-", "–": "-", "≤": "<=", "≥": ">=",
     "∞": "inf", "λ": "lambda", "²": "2", "─": "-", "━": "-", "‖": "|", "⏎": " ", "“": '"',
     "”": '"', "’": "'"}
)  # fmt: skip
_ERRORS = "trivium.plain"
_WIDE = 10_000  # columns of an output that is no terminal: nothing is wrapped or cut there


def _plain(error: UnicodeError) -> tuple[str, int]:
    """The characters that an encoding lacks, in the nearest plain ones."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end].translate(_PLAIN)
    encoded = signs.encode(error.encoding, "replace")
    return encoded.decode(error.encoding), error.end


def prepare_streams() -> None:
    """Let no character that a terminal or file lacks end in an error."""
    codecs.register_error(_ERRORS, _plain)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=_ERRORS)


def can_encode(text: str, stream: TextIO | None = None) -> bool:
    """Whether ``stream`` (standard output) has the characters of ``text``."""
    try:
        text.encode((stream or sys.stdout).encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _coloured(stream: TextIO) -> bool:
    return (
        stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def terminal_width() -> int | None:
    """The columns of standard output, if it is a terminal."""
    return _columns(sys.stdout) if sys.stdout.isatty() else None


def _columns(stream: TextIO) -> int:
    given = os.environ.get("COLUMNS", "")
    try:
        told = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        told = 0
    return (int(given) if given.isdecimal() else 0) or told or 80


def say(text: str = "") -> None:
    """Lines on standard error; a terminal gets them broken between words, never within."""
    print(_broken(text), file=sys.stderr, flush=True)


def _broken(text: str) -> str:
    if not sys.stderr.isatty():
        return text
    width = max(_columns(sys.stderr), 20)
    lines: list[str] = []
    for line in text.split("\n"):
        start = line[: len(line) - len(line.lstrip())]
        lines += textwrap.wrap(
            line, width, subsequent_indent=f"{start}  ", break_on_hyphens=False,
            break_long_words=False,
        ) or [""]  # fmt: skip
    return "\n".join(lines)


def note(text: str) -> None:
    """Something that the user should know, on standard error."""
    _marked("note", "33", text)


def complain(text: str) -> None:
    """The message of a command that fails, on standard error."""
    _marked("error", "1;31", text)


def _marked(word: str, colour: str, text: str) -> None:
    mark = f"{word}:"
    lines = _broken(f"{mark} {text}")
    if _coloured(sys.stderr):
        lines = f"\033[{colour}m{mark}\033[0m{lines.removeprefix(mark)}"
    print(lines, file=sys.stderr, flush=True)


class Screen:
    """Standard output for people; where it is no terminal, plain lines that nothing cuts."""

    def __init__(self) -> None:
        from rich.console import Console

        self._terminal = sys.stdout.isatty()
        width = None if self._terminal else _WIDE
        self._console = Console(
            file=sys.stdout, width=width, highlight=False, markup=False, emoji=False
        )

    def print(self, what: Any = "", *, style: str | None = None) -> None:
        """Print a text or a table."""
        if self._terminal:
            self._console.print(what, style=style)
            return
        with self._console.capture() as captured:
            self._console.print(what)
        # Tables fill their cells with blanks, which would end up in files.
        print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    right: Iterable[int] = (),
    whole: Iterable[int] = (0,),
) -> Any:
    """A table without lines; the columns whose places are in ``right`` are set to the right,
    and those in ``whole`` are the last to be broken in a narrow terminal."""
    from rich.table import Table
    from rich.text import Text

    made = Table(
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="bold",
        show_header=any(heads),
    )
    to_the_right, unbroken = set(right), set(whole)
    for place, head in enumerate(heads):
        justify: Any = "right" if place in to_the_right else "left"
        made.add_column(head, justify=justify, overflow="fold", no_wrap=place in unbroken)
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made


def emit_json(record: Mapping[str, Any]) -> None:
    """The one JSON object of a command on standard output; no NaN, which JSON lacks: null."""
    text = json.dumps(
        _finite(record), allow_nan=False, indent=2, ensure_ascii=not can_encode("日本é→")
    )
    print(text, flush=True)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value


def write_bytes(data: bytes) -> None:
    """Bytes on standard output, as they are: tables are UTF-8 whatever the terminal is."""
    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(data.decode("utf-8"))
    else:
        buffer.write(data)
    sys.stdout.flush()


def silence_stdout() -> None:
    """Point standard output nowhere, so that the interpreter's last flush does not fail."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):
        return


def shown(value: Any) -> str:
    """A number for people: four digits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}"


def spark(values: Sequence[float], width: int = 40) -> str:
    """A curve in one line of text; empty where the terminal lacks the signs or it is flat."""
    signs = "▁▂▃▄▅▆▇█"
    finite = [value for value in values if math.isfinite(value)]
    if len(finite) < 2 or not can_encode(signs):
        return ""
    picked = [finite[round(i * (len(finite) - 1) / (width - 1))] for i in range(width)]
    picked = picked if len(finite) > width else finite
    if min(picked) > 0 and max(picked) / min(picked) > 20:
        picked = [math.log(value) for value in picked]
    low, high = min(picked), max(picked)
    if high == low:
        return ""
    return "".join(signs[round((value - low) / (high - low) * 7)] for value in picked)
