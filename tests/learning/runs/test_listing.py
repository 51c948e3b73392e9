"""Finding runs in any condition, and naming new ones without collisions."""

import datetime
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from trivium.learning.errors import RunError
from trivium.learning.runs import RunDirectory, RunSummary, find_runs, new_run_path

DAY = datetime.date(2026, 11, 20)


def begin(root: Path, name: str, states: int = 2) -> RunDirectory:
    run = RunDirectory.create(root / name, {"model": name})
    for step in range(states):
        run.write_state({"w": np.arange(3.0)}, {"step": step})
        run.append_metrics([{"step": step, "loss": 0.5}])
    return run


def find(root: Path) -> dict[str, RunSummary]:
    return {summary.name: summary for summary in find_runs(root)}


def test_every_condition_has_its_status(tmp_path: Path) -> None:
    finished = begin(tmp_path, "finished")
    finished.write_result({"metrics": {"test": {"accuracy": 0.98}}, "stopped": "epochs"})
    finished.close()
    begin(tmp_path, "interrupted").close()
    begin(tmp_path, "before the first state", states=0).close()
    running = begin(tmp_path, "running")
    found = find(tmp_path)
    assert list(found) == ["finished", "interrupted", "before the first state", "running"]
    assert {name: summary.status for name, summary in found.items()} == {
        "finished": "finished",
        "interrupted": "interrupted",
        "before the first state": "interrupted",
        "running": "running",
    }
    assert found["finished"].metrics == {"test": {"accuracy": 0.98}}
    assert found["interrupted"].metrics == {"step": 1, "loss": 0.5}
    assert found["interrupted"].has_state and not found["before the first state"].has_state
    assert found["before the first state"].metrics == {}
    assert found["running"].request == {"model": "running"}
    assert found["running"].path == tmp_path / "running"
    assert found["running"].time == datetime.datetime.fromisoformat(running.created)
    assert all(summary.problem is None for summary in found.values())


def test_a_result_without_metrics_is_shown_whole(tmp_path: Path) -> None:
    with begin(tmp_path, "a") as run:
        run.write_result({"accuracy": 0.5})
    assert find(tmp_path)["a"].metrics == {"accuracy": 0.5}


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("run.json", None, "has no run.json"),
        ("run.json", b"", "cannot be used"),
        ("run.json", b'{"format": 2, "created": "", "request": {}}', "upgrade"),
        ("run.json", b'{"format": 1, "created": "once", "request": {}}', "time of creation"),
        (
            "run.json",
            b'{"format": 1, "created": "0001-01-01T00:00:00+23:59", "request": {}}',
            "ti",
        ),
        ("result.json", b"[]", "cannot be used"),
    ],
)
def test_a_damaged_run_is_listed_with_its_problem(
    tmp_path: Path, file: str, content: bytes | None, problem: str
) -> None:
    begin(tmp_path, "damaged").close()
    begin(tmp_path, "good").close()
    if content is None:
        (tmp_path / "damaged" / file).unlink()
    else:
        (tmp_path / "damaged" / file).write_bytes(content)
    found = find(tmp_path)
    assert found["good"].status == "interrupted"
    assert found["damaged"].status == "damaged"
    assert problem in str(found["damaged"].problem)


def test_a_run_counts_as_damaged_when_no_state_is_whole(tmp_path: Path) -> None:
    begin(tmp_path, "a").close()
    os.truncate(tmp_path / "a" / "state.safetensors", 90)
    assert find(tmp_path)["a"].status == "interrupted", "the previous state is whole"
    os.truncate(tmp_path / "a" / "state.previous.safetensors", 90)
    summary = find(tmp_path)["a"]
    assert summary.status == "damaged" and summary.request == {"model": "a"}
    assert "state.safetensors is damaged" in str(summary.problem)


def test_what_is_no_run_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "data.csv").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    begin(tmp_path / "elsewhere", "real").close()
    (tmp_path / "latest").symlink_to(tmp_path / "elsewhere" / "real")
    assert list(find(tmp_path)) == ["latest"]


def test_no_directory_is_no_runs(tmp_path: Path) -> None:
    assert find_runs(tmp_path / "runs") == []


def test_a_listing_changes_nothing(tmp_path: Path) -> None:
    begin(tmp_path, "a").close()
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (tmp_path / "a").iterdir()}
    find_runs(tmp_path)
    after = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (tmp_path / "a").iterdir()}
    assert after == before


def test_new_runs_are_numbered_by_day(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "runs"
    names = [new_run_path(root, "digits", today=DAY).name for _ in range(3)]
    assert names == [f"digits-2026-11-20-00{i}" for i in (1, 2, 3)]
    later = new_run_path(root, "digits", today=DAY + datetime.timedelta(days=1))
    assert later.name == "digits-2026-11-21-001"
    (root / "digits-2026-11-20-001").rmdir()
    assert new_run_path(root, "digits", today=DAY).name == "digits-2026-11-20-004"
    (root / "digits-2026-11-20-999").touch()
    assert new_run_path(root, "digits", today=DAY).name == "digits-2026-11-20-1000"
    RunDirectory.create(later, {}).close()


@pytest.mark.parametrize(
    ("stem", "begin"),
    [
        ("my table (final).csv", "my-table-final-.csv"),
        ("../../etc/passwd", "etc-passwd"),
        ("účel 目標", "účel-目標"),
        ("", "run"),
        ("...", "run"),
        ("\0\n/", "run"),
        ("\udcff", "run"),
        ("目" * 300, "目" * 40),
    ],
)
def test_any_stem_makes_a_name(tmp_path: Path, stem: str, begin: str) -> None:
    path = new_run_path(tmp_path, stem, today=DAY)
    assert path.parent == tmp_path and path.is_dir()
    assert path.name == f"{begin}-2026-11-20-001"


def test_many_processes_get_different_directories(tmp_path: Path) -> None:
    script = (
        "import sys, datetime; from trivium.learning.runs import new_run_path\n"
        "for _ in range(100):\n"
        "    print(new_run_path(sys.argv[1], 'a', today=datetime.date(2026, 11, 20)))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    names = [line for p in processes for line in p.communicate()[0].splitlines()]
    assert len(names) == len(set(names)) == 400
    assert all(process.returncode == 0 for process in processes)


def test_a_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="Not a directory"):
        find_runs(tmp_path / "file")
    with pytest.raises(RunError, match="choose another name"):
        new_run_path(tmp_path / "file", "a")
