"""A row counts once its line end is written; whatever else the file holds does no harm."""

import math
import os
from pathlib import Path

import pytest

from trivium.learning.errors import RunError
from trivium.learning.runs import RunWarning, metrics
from trivium.learning.runs.files import DamagedFileError

ROWS = [{"step": i, "loss": 1 / (i + 1), "note": "π"} for i in range(5)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.jsonl"


def test_rows_come_back_in_order(path: Path) -> None:
    metrics.append_rows(path, ROWS[:2])
    metrics.append_rows(path, [])
    metrics.append_rows(path, (row for row in ROWS[2:]))
    assert metrics.read_rows(path) == ROWS
    assert metrics.last_row(path) == ROWS[-1]


def test_no_file_is_no_rows(path: Path) -> None:
    assert metrics.read_rows(path) == [] and metrics.last_row(path) == {}
    metrics.append_rows(path, [])
    metrics.keep_rows(path, 0)
    metrics.sync_rows(path)
    assert not path.exists()


def test_numbers_that_are_not_finite_come_back(path: Path) -> None:
    metrics.append_rows(path, [{"loss": math.nan, "norm": math.inf, "class": "NaN"}])
    (row,) = metrics.read_rows(path)
    assert math.isnan(row["loss"]) and row["norm"] == math.inf and row["class"] == "NaN"
    assert path.read_text() == '{"loss": "NaN", "norm": "Infinity", "class": "~NaN"}\n'


def test_a_text_with_line_ends_stays_on_one_line(path: Path) -> None:
    row = {"text": "a\nb\r\n\u2028c"}
    metrics.append_rows(path, [row, row])
    assert metrics.read_rows(path) == [row, row]
    assert path.read_bytes().count(b"\n") == 2


def test_a_row_cut_anywhere_is_ignored_and_repaired_by_the_next_append(path: Path) -> None:
    metrics.append_rows(path, ROWS[:3])
    whole = path.read_bytes()
    begin = whole[:-1].rfind(b"\n") + 1
    for end in range(begin, len(whole)):
        path.write_bytes(whole[:end])
        assert metrics.read_rows(path) == ROWS[:2]
        assert metrics.last_row(path) == ROWS[1]
        assert path.read_bytes() == whole[:end], "reading must not write"
        metrics.append_rows(path, ROWS[2:])
        assert metrics.read_rows(path) == ROWS


def test_a_first_row_cut_in_the_middle_is_no_row(path: Path) -> None:
    path.write_bytes(b'{"step"')
    assert metrics.read_rows(path) == [] and metrics.last_row(path) == {}
    metrics.append_rows(path, ROWS)
    assert metrics.read_rows(path) == ROWS


@pytest.mark.parametrize("n_rows", range(6))
def test_keeping_the_first_rows(path: Path, n_rows: int) -> None:
    metrics.append_rows(path, ROWS)
    with open(path, "ab") as file:
        file.write(b'{"step": 5, "lo')
    metrics.keep_rows(path, n_rows)
    assert metrics.read_rows(path) == ROWS[:n_rows]
    assert path.read_bytes() == b"" or path.read_bytes().endswith(b"\n")


def test_keeping_rows_of_a_file_longer_than_a_block(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for block in range(1, 90):
        path.unlink(missing_ok=True)
        metrics.append_rows(path, ROWS)
        monkeypatch.setattr(metrics, "_BLOCK", block)
        metrics.keep_rows(path, 3)
        assert metrics.read_rows(path) == ROWS[:3]
        with open(path, "ab") as file:
            file.write(b'{"cut')
        assert metrics.last_row(path) == ROWS[2]


def test_keeping_more_rows_than_there_are_warns(path: Path) -> None:
    metrics.append_rows(path, ROWS)
    with pytest.warns(RunWarning, match="holds 5 rows where the state was saved after 7"):
        metrics.keep_rows(path, 7)
    assert metrics.read_rows(path) == ROWS
    path.unlink()
    with pytest.warns(RunWarning, match="holds 0 rows"):
        metrics.keep_rows(path, 7)


@pytest.mark.parametrize(
    "line",
    [b"{broken\n", b"\xff\xfe\n", b"[1]\n", b"\n", b'{"a": NaN}\n', b"[" * 10**5 + b"\n"],
)
def test_a_damaged_line_is_left_out_with_a_warning(path: Path, line: bytes) -> None:
    metrics.append_rows(path, ROWS[:2])
    with open(path, "ab") as file:
        file.write(line)
    assert metrics.last_row(path) == {}
    metrics.append_rows(path, ROWS[2:])
    with pytest.warns(RunWarning, match="line 3 is damaged"):
        assert metrics.read_rows(path) == ROWS


def test_many_damaged_lines_make_one_warning(path: Path) -> None:
    path.write_bytes(b"\x00\x01\n" * 1000)
    with pytest.warns(RunWarning, match="line 1 is damaged .* and 999 more") as caught:
        assert metrics.read_rows(path) == []
    assert len(caught) == 1


def test_all_rows_of_an_append_are_written_or_none(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics.append_rows(path, ROWS[:2])
    before = path.read_bytes()
    with pytest.raises(RunError, match="a row of metrics"):
        metrics.append_rows(path, [{"step": 2}, {"step": len}])
    assert path.read_bytes() == before

    write, calls = os.write, []

    def full(descriptor: int, data: memoryview) -> int:
        calls.append(len(data))
        if len(calls) > 1:
            raise KeyboardInterrupt
        return write(descriptor, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(KeyboardInterrupt):
        metrics.append_rows(path, ROWS[2:])
    assert len(calls) == 2 and path.read_bytes() == before


def test_a_link_to_another_file_is_neither_read_nor_written(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "precious"
    other.write_text("mine\n")
    path.symlink_to(other)
    for use in (
        lambda: metrics.append_rows(path, ROWS),
        lambda: metrics.read_rows(path),
        lambda: metrics.last_row(path),
        lambda: metrics.keep_rows(path, 1),
        lambda: metrics.sync_rows(path),
    ):
        with pytest.raises(DamagedFileError, match="symbolic link"):
            use()
    assert other.read_text() == "mine\n"
