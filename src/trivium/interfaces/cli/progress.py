"""The display of a fit on the command line: what is fitted, then its progress."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trivium.learning.fit.progress import Display, choose_display

from .terminal import say

__all__ = ["Announced"]


class Announced(Display):
    """Says ``lines`` when the fit begins, which is when nothing can be refused any more."""

    def __init__(self, lines: Sequence[str], *, quiet: bool) -> None:
        self._lines = list(lines)
        self._display = choose_display(not quiet)

    def announce(self) -> None:
        """Say the lines, if that has not been done."""
        for line in self._lines:
            say(line)
        self._lines.clear()

    def start(self, epochs: int, examples: int, done: int) -> None:
        """Say the lines and show the progress."""
        self.announce()
        self._display.start(epochs, examples, done)

    def moved(self, epoch: int, position: int, rate: float) -> None:
        """Pass on."""
        self._display.moved(epoch, position, rate)

    def epoch(self, row: dict[str, Any]) -> None:
        """Pass on."""
        self._display.epoch(row)

    def note(self, text: str) -> None:
        """Leave it to the end, where the command says what went wrong."""

    def finish(self) -> None:
        """Pass on."""
        self._display.finish()
