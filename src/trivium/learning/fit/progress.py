"""What a fit shows while it runs: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import Any, TextIO

__all__ = ["Display", "LiveDisplay", "PlainDisplay", "choose_display"]

# At most about this many plain lines for a fit, however many epochs it has.
_LINES = 25


class Display:
    """Shows nothing; the base of the others."""

    def start(self, epochs: int, examples: int, done: int) -> None:
        """A fit of ``epochs`` epochs over ``examples`` rows begins; ``done`` are behind."""

    def moved(self, epoch: int, position: int, rate: float) -> None:
        """``position`` examples of the present epoch are done; ``rate`` is steps per second."""

    def epoch(self, row: dict[str, Any]) -> None:
        """An epoch is done; ``row`` is its line of the history."""

    def note(self, text: str) -> None:
        """Something that the user should read."""

    def finish(self) -> None:
        """The fit is over."""


def choose_display(progress: bool | Display | None, stream: TextIO | None = None) -> Display:
    """A display for ``progress``: an own one, none (False), or what suits the error stream."""
    if isinstance(progress, Display):
        return progress
    if progress is False:
        return Display()
    target = stream or sys.stderr
    if target.isatty():
        return LiveDisplay(target)
    return PlainDisplay(target)


def measures_text(row: dict[str, Any]) -> str:
    """``loss 0.123 · validation accuracy 0.950``: the row's measures in reading order."""
    names = [name for name in row if name not in ("epoch", "step", "seconds")]
    return " · ".join(f"{name.replace('_', ' ')} {row[name]:.4g}" for name in names)


class PlainDisplay(Display):
    """A line for some epochs: the first, the last, and evenly between."""

    _pending: dict[str, Any] | None = None

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._every, self._epochs, self._rate = 1, 0, 0.0

    def start(self, epochs: int, examples: int, done: int) -> None:
        """Say what begins."""
        self._epochs = epochs
        self._every = max(1, -(-epochs // _LINES))
        print(f"{epochs} epochs over {examples:,} rows", file=self._stream, flush=True)

    def moved(self, epoch: int, position: int, rate: float) -> None:
        """Remember the rate for the next line."""
        self._rate = rate

    def epoch(self, row: dict[str, Any]) -> None:
        """Write the line if it is this epoch's turn."""
        number = row["epoch"]
        if number % self._every and number not in (1, self._epochs):
            self._pending = row
            return
        self._write(row)

    def finish(self) -> None:
        """Write the last epoch's line, if the fit ended before its turn."""
        if self._pending is not None:
            self._write(self._pending)

    def _write(self, row: dict[str, Any]) -> None:
        self._pending = None
        rate = f" · {self._rate:,.0f} steps/s" if self._rate else ""
        line = f"epoch {row['epoch']}/{self._epochs} · {measures_text(row)}{rate}"
        print(line, file=self._stream, flush=True)

    def note(self, text: str) -> None:
        """Write the note."""
        print(text, file=self._stream, flush=True)


class LiveDisplay(Display):
    """A progress bar with rate and time left, and the measures in a line below it (rich).

    Two lines, because one with everything does not fit a terminal of 80 columns.
    """

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console, RenderableType
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.text import Text

        class Bar(Progress):
            measures = ""

            def get_renderables(self) -> Iterable[RenderableType]:
                yield self.make_tasks_table(self.tasks)
                if self.measures:
                    yield Text(self.measures, no_wrap=True, overflow="ellipsis")

        self._progress = Bar(
            TextColumn("[bold]epoch {task.fields[epoch]}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]}", style="dim"),
            TimeElapsedColumn(),
            TextColumn("left", style="dim"),
            TimeRemainingColumn(),
            console=Console(file=stream),
            refresh_per_second=8,
        )
        self._task: Any = None
        self._epochs, self._examples, self._shown = 0, 1, 0.0

    def start(self, epochs: int, examples: int, done: int) -> None:
        """Show the empty bar."""
        self._epochs, self._examples = epochs, examples
        self._task = self._progress.add_task(
            "", total=epochs * examples, completed=done * examples,
            epoch=f"{done}/{epochs}", rate="",
        )  # fmt: skip
        self._progress.start()

    def moved(self, epoch: int, position: int, rate: float) -> None:
        """Move the bar, at most about twenty times a second."""
        now = time.monotonic()
        if now - self._shown > 0.05:
            self._shown = now
            self._progress.update(
                self._task,
                completed=epoch * self._examples + position,
                rate=f"{rate:,.0f} steps/s",
            )

    def epoch(self, row: dict[str, Any]) -> None:
        """Show the epoch's measures."""
        self._progress.measures = measures_text(row)
        self._progress.update(
            self._task,
            completed=row["epoch"] * self._examples,
            epoch=f"{row['epoch']}/{self._epochs}",
        )

    def note(self, text: str) -> None:
        """Print the note above the bar."""
        self._progress.console.print(text, markup=False, highlight=False)

    def finish(self) -> None:
        """Leave the bar as it stands."""
        self._progress.stop()
