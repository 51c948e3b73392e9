"""A run keeps what was asked, the newest two states, the rows and the outcome."""

import json
import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trivium.learning.errors import RunError
from trivium.learning.runs import RunDirectory, RunWarning

REQUEST = {
    "data": {"name": "digits", "sha256": "0" * 64},
    "model": ["mlp", [128, 64]],
    "clip": math.inf,
    "seed": 0,
}
STATE, PREVIOUS = "state.safetensors", "state.previous.safetensors"


def weights(step: int) -> dict[str, np.ndarray]:
    return {"layers.0.weight": np.full((3, 2), float(step)), "step": np.array(step)}


def write(run: RunDirectory, step: int) -> None:
    run.write_state(weights(step), {"step": step})


def step_of(run: RunDirectory) -> int:
    arrays, meta = run.read_state()
    assert arrays["step"] == meta["step"] == arrays["layers.0.weight"][0, 0]
    return int(meta["step"])


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(tmp_path / "run", REQUEST)


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-3] ^= 4
    path.write_bytes(data)


def contents(root: Path) -> dict[str, tuple[bytes, int]]:
    return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in sorted(root.iterdir())}


def test_a_run_is_readable_by_eye(run: RunDirectory) -> None:
    document = json.loads((run.path / "run.json").read_text())
    assert document["format"] == 1 and document["created"] == run.created
    assert document["request"] == REQUEST | {"clip": "Infinity"}


def test_everything_comes_back(run: RunDirectory) -> None:
    write(run, 1)
    write(run, 2)
    run.append_metrics([{"step": 1}, {"step": 2}])
    run.write_result({"metrics": {"test": {"accuracy": 0.98}}})
    run.close()
    again = RunDirectory.open(run.path)
    assert again.request == REQUEST == run.request and again.created == run.created
    assert step_of(again) == 2
    assert again.read_metrics() == [{"step": 1}, {"step": 2}]
    assert again.read_result() == {"metrics": {"test": {"accuracy": 0.98}}}


def test_the_request_is_a_copy(run: RunDirectory) -> None:
    run.request["data"]["name"] = "iris"
    assert run.request == REQUEST


def test_the_request_can_be_replaced(run: RunDirectory) -> None:
    run.update_request(REQUEST | {"epochs": (1, 2)})
    assert run.request == REQUEST | {"epochs": [1, 2]} == RunDirectory.open(run.path).request
    assert RunDirectory.open(run.path).created == run.created


def test_a_run_without_a_state_says_so(run: RunDirectory) -> None:
    assert not run.has_state and run.read_result() is None and run.read_metrics() == []
    with pytest.raises(RunError, match="stopped before the first one was saved"):
        run.read_state()
    write(run, 1)
    assert run.has_state


def test_resuming_cuts_the_rows_after_the_state(run: RunDirectory) -> None:
    run.append_metrics([{"step": i} for i in range(10)])
    run.close()
    with RunDirectory.open(run.path, writing=True) as again:
        again.truncate_metrics(4)
        again.append_metrics([{"step": "four"}])
        assert again.read_metrics() == [{"step": i} for i in range(4)] + [{"step": "four"}]
        with pytest.raises(RunError, match="-1 rows"):
            again.truncate_metrics(-1)


def test_a_result_belongs_to_the_state_before_it(run: RunDirectory) -> None:
    write(run, 1)
    run.write_result({"metrics": {}})
    write(run, 2)
    assert run.read_result() is None


@pytest.mark.parametrize("damage", [flip_a_bit, lambda p: os.truncate(p, 99), Path.unlink])
def test_a_damaged_state_falls_back_to_the_one_before(run: RunDirectory, damage: Any) -> None:
    write(run, 1)
    write(run, 2)
    damage(run.path / STATE)
    with pytest.warns(RunWarning, match=rf"{STATE} is (damaged|missing).*{PREVIOUS}"):
        assert step_of(RunDirectory.open(run.path)) == 1


@pytest.mark.parametrize("read_first", [True, False])
def test_a_damaged_state_never_pushes_out_the_good_one(
    run: RunDirectory, read_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(run, 1)
    write(run, 2)
    run.close()
    flip_a_bit(run.path / STATE)
    again = RunDirectory.open(run.path, writing=True)
    if read_first:
        with pytest.warns(RunWarning):
            assert step_of(again) == 1

    def fail(source: str, target: str) -> None:
        raise OSError(5, "the machine dies here", str(source))

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(RunError, match="the machine dies here"):
            write(again, 3)
    with pytest.warns(RunWarning):
        assert step_of(again) == 1, "the last good state must still be there"
    write(again, 3)
    assert step_of(again) == 3
    flip_a_bit(run.path / STATE)
    with pytest.warns(RunWarning):
        assert step_of(again) == 1


def test_when_no_state_is_good_both_files_are_named(run: RunDirectory) -> None:
    write(run, 1)
    write(run, 2)
    flip_a_bit(run.path / STATE)
    os.truncate(run.path / PREVIOUS, 5)
    with pytest.raises(RunError) as caught:
        run.read_state()
    message = str(caught.value)
    assert f"{run.path / STATE} is damaged" in message
    assert f"{run.path / PREVIOUS} is damaged" in message
    assert "Restore one of these files" in message


def no_links(source: Path, target: Path) -> None:
    raise OSError(1, "Operation not permitted", str(source))


def test_without_hard_links_a_write_cut_short_does_not_block_the_next(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", no_links)
    write(run, 1)
    replace = os.replace

    def fail_for_newest(source: Path, target: Path) -> None:
        if target.name == STATE:
            raise OSError(5, "Input/output error", str(source))
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail_for_newest)
        with pytest.raises(RunError, match="Input/output error"):
            write(run, 2)
    with pytest.warns(RunWarning, match=f"{STATE} is missing"):
        assert step_of(RunDirectory.open(run.path)) == 1
    write(run, 2)
    assert step_of(run) == 2


def test_a_file_system_without_hard_links_is_enough(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", no_links)
    for step in (1, 2, 3):
        write(run, step)
    assert step_of(run) == 3
    flip_a_bit(run.path / STATE)
    with pytest.warns(RunWarning):
        assert step_of(run) == 2


def test_a_writer_killed_between_its_two_renames_leaves_nothing_for_the_next(
    run: RunDirectory,
) -> None:
    """Then both names belong to one file, and a rename between them does nothing."""
    write(run, 1)
    os.link(run.path / STATE, run.path / PREVIOUS)
    write(run, 2)
    assert step_of(run) == 2 and not list(run.path.glob("*.tmp"))


def test_reading_never_writes(run: RunDirectory) -> None:
    write(run, 1)
    write(run, 2)
    run.append_metrics([{"step": 1}])
    run.write_result({})
    run.close()
    (run.path / f"{STATE}.tmp").write_bytes(b"left by a killed process")
    with open(run.path / "metrics.jsonl", "ab") as file:
        file.write(b'{"cut')
    before = contents(run.path)
    with RunDirectory.open(run.path) as again:
        assert step_of(again) == 2 and again.read_metrics() == [{"step": 1}]
        assert again.read_result() == {} and again.has_state
    assert contents(run.path) == before


def test_opening_for_writing_removes_what_a_killed_process_left(run: RunDirectory) -> None:
    write(run, 1)
    run.close()
    files = set(os.listdir(run.path))
    for name in (STATE, PREVIOUS, "run.json", "result.json"):
        (run.path / f"{name}.tmp").write_bytes(b"half")
    (run.path / "notes.tmp").write_bytes(b"the user's own")
    RunDirectory.open(run.path, writing=True).close()
    assert set(os.listdir(run.path)) == files | {"notes.tmp"}


@pytest.mark.parametrize(
    "use",
    [
        lambda run: write(run, 3),
        lambda run: run.append_metrics([{}]),
        lambda run: run.truncate_metrics(0),
        lambda run: run.update_request({}),
        lambda run: run.write_result({}),
    ],
    ids=["state", "append", "truncate", "request", "result"],
)
def test_only_a_writer_writes(run: RunDirectory, use: Any) -> None:
    run.close()
    assert not run.writing
    with pytest.raises(RunError, match="was closed"):
        use(run)
    before = contents(run.path)
    with pytest.raises(RunError, match="opened for reading"):
        use(RunDirectory.open(run.path))
    assert contents(run.path) == before


def test_a_later_change_of_directory_does_not_move_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with RunDirectory.create("runs/a", {}) as run:
        monkeypatch.chdir("/")
        write(run, 1)
    assert step_of(RunDirectory.open(tmp_path / "runs" / "a")) == 1


def test_names_may_hold_anything_a_file_system_allows(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path / "účel 目標 'quoted' \"\n" / "x", {}) as run:
        write(run, 1)
    assert step_of(RunDirectory.open(run.path)) == 1


def test_an_interrupt_leaves_no_temporary_file(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(run, 1)

    def interrupt(descriptor: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write(run, 2)
    assert not list(run.path.glob("*.tmp")) and step_of(run) == 1


def test_a_state_reaches_the_disk_before_it_takes_the_name(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What makes a power cut harmless: the content is synced before its name, then the name."""
    write(run, 1)
    run.append_metrics([{"step": 1}])
    events: list[str] = []
    fsync, replace = os.fsync, os.replace

    def name_of(descriptor: int) -> str:
        number = os.fstat(descriptor).st_ino
        places = [run.path, *run.path.iterdir()]
        return next(p.name for p in places if p.stat().st_ino == number)

    def log_fsync(descriptor: int) -> None:
        fsync(descriptor)
        events.append(f"sync {name_of(descriptor)}")

    def log_replace(source: Path, target: Path) -> None:
        replace(source, target)
        events.append(f"name {target.name}")

    monkeypatch.setattr(os, "fsync", log_fsync)
    monkeypatch.setattr(os, "replace", log_replace)
    write(run, 2)
    assert events == [
        f"sync {STATE}.tmp",
        "sync metrics.jsonl",
        f"name {PREVIOUS}",
        f"name {STATE}",
        "sync run",
    ]


def test_the_example_of_the_documentation_runs(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (repository / "docs" / "runs.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"weight": np.eye(2)}
    exec(example, names)
    assert [run.status for run in names["find_runs"]("runs")] == ["finished"]
    assert (names["arrays"]["layers.0.weight"] == np.eye(2)).all()
    assert names["run"].read_metrics() == [{"epoch": 1, "loss": 0.31}]
