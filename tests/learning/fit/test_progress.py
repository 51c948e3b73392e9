"""What a fit shows: a bar that fits its terminal, and few plain lines elsewhere."""

from __future__ import annotations

import io
import re

import pytest

from trivium.learning.fit.progress import LiveDisplay, PlainDisplay, choose_display

ROW = {"step": 450, "loss": 2.123, "validation_loss": 1.498, "validation_accuracy": 0.5682}


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_the_bar_and_the_measures_fit_the_terminal(columns, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = Terminal()
    display = choose_display(True, stream)
    assert isinstance(display, LiveDisplay)
    display.start(30, 1438, 0)
    display.moved(10, 640, 12_345.0)
    display.epoch({"epoch": 11, **ROW})
    display.note("step 7: [log] became NaN")
    display.finish()
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())
    assert "…" not in shown
    assert max(map(len, re.split(r"[\r\n]+", shown))) <= columns
    assert re.search(r"epoch 11/30 .* 37% 12,345 steps/s \d:\d\d:\d\d left", shown)
    assert "loss 2.123 · validation loss 1.498 · validation accuracy 0.5682" in shown
    assert "step 7: [log] became NaN" in shown


def plain(last: int, epochs: int) -> list[str]:
    stream = io.StringIO()
    display = choose_display(True, stream)
    assert isinstance(display, PlainDisplay)
    display.start(epochs, 1438, 0)
    for number in range(1, last + 1):
        display.epoch({"epoch": number, **ROW})
    display.finish()
    return stream.getvalue().splitlines()


def test_plain_lines_are_few_and_end_with_the_last_epoch() -> None:
    lines = plain(1000, 1000)
    assert lines[0] == "1000 epochs over 1,438 rows"
    assert lines[1].startswith("epoch 1/1000 · loss 2.123 · validation loss 1.498")
    assert lines[-1].startswith("epoch 1000/1000") and len(lines) < 30
    assert plain(37, 1000)[-1].startswith("epoch 37/1000")  # stopped early
    assert [line.split(" ·")[0] for line in plain(2, 2)[1:]] == ["epoch 1/2", "epoch 2/2"]
    assert plain(0, 0) == ["0 epochs over 1,438 rows"]
