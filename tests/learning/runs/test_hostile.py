"""A run from somebody else, or edited by hand: refused with a reason, and that is all."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trivium.learning.errors import RunError
from trivium.learning.runs import RunDirectory, RunWarning, find_runs

GOOD: dict[str, Any] = {"format": 1, "created": "2026-11-20T10:00:00+00:00", "request": {}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with RunDirectory.create(tmp_path / "runs" / "a", {"seed": 0}) as run:
        run.write_state({"w": np.arange(3.0)}, {"step": 1})
        run.append_metrics([{"step": 1}])
        run.write_result({"metrics": {}})
    return run.path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Expecting value"),
        ("\0" * 100, "Expecting value"),
        ("[1, 2]", "holds a list"),
        ("null", "holds a NoneType"),
        (json.dumps(GOOD | {"format": 2}), "format 2; this version of Trivium reads up to 1"),
        (json.dumps(GOOD | {"format": 10**30}), "upgrade"),
        (json.dumps(GOOD | {"format": 0}), 'its "format" is 0'),
        (json.dumps(GOOD | {"format": True}), 'its "format" is True'),
        (json.dumps(GOOD | {"format": "1"}), "its \"format\" is '1'"),
        (json.dumps(GOOD | {"format": 1.0}), 'its "format" is 1.0'),
        (json.dumps({"format": 1}), 'its "created" is missing or of the wrong type'),
        (json.dumps(GOOD | {"created": 5}), 'its "created"'),
        (json.dumps(GOOD | {"request": []}), 'its "request"'),
        ('{"format": NaN}', "bare NaN"),
        ('{"format": ' + "9" * 10_000 + "}", "limit"),
        ('{"request": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        (json.dumps(GOOD).encode("utf-16").decode("latin-1"), "cannot be used"),
        (json.dumps(GOOD)[:-1], "cannot be used"),
    ],
    ids=range(18),
)
def test_a_foreign_run_json_is_refused_with_the_reason(
    root: Path, text: str, words: str
) -> None:
    (root / "run.json").write_bytes(text.encode("latin-1"))
    state = (root / "state.safetensors").read_bytes()
    for writing in (False, True):
        with pytest.raises(RunError) as caught:
            RunDirectory.open(root, writing=writing)
        assert words in str(caught.value) and str(root / "run.json") in str(caught.value)
    assert [run.status for run in find_runs(root.parent)] == ["damaged"]
    assert (root / "state.safetensors").read_bytes() == state


def test_a_huge_run_json_is_refused_before_it_is_read(root: Path) -> None:
    os.truncate(root / "run.json", 1 << 30)
    with pytest.raises(RunError, match="larger than 64 MiB"):
        RunDirectory.open(root)


def test_a_request_too_large_to_be_read_again_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="keep what is large in the state's arrays"):
        RunDirectory.create(tmp_path / "a", {"text": "x" * (65 << 20)})


def test_a_run_json_cannot_lead_outside(root: Path, tmp_path: Path) -> None:
    """No file name is ever taken from a file of the run."""
    other = tmp_path / "other"
    other.mkdir()
    paths = {name: str(other) for name in ("path", "state", "metrics", "result", "root")}
    (root / "run.json").write_text(json.dumps(GOOD | paths | {"request": paths}))
    with RunDirectory.open(root, writing=True) as run:
        assert run.request == paths and run.path == root
        run.write_state({}, {})
        run.append_metrics([{}])
        run.write_result({})
    assert os.listdir(other) == []


@pytest.mark.parametrize(
    "name", ["run.json", "state.safetensors", "metrics.jsonl", "result.json", ".lock"]
)
def test_a_symbolic_link_is_not_followed(root: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / "target"
    shutil.move(root / name, target)
    before = target.read_bytes()
    (root / name).symlink_to(target)
    with pytest.raises(RunError, match=f"{name} is a symbolic link"):
        with RunDirectory.open(root, writing=True) as run:
            run.read_state()
            run.append_metrics([{"step": 2}])
            run.read_result()
    assert target.read_bytes() == before


def test_links_under_the_names_of_temporary_files_are_removed_not_written(
    root: Path, tmp_path: Path
) -> None:
    target = tmp_path / "precious"
    target.write_text("mine")
    with RunDirectory.open(root, writing=True) as run:
        for name in ("state.safetensors", "state.previous.safetensors", "run.json"):
            (root / f"{name}.tmp").symlink_to(target)
        run.write_state({}, {"step": 2})
        run.write_state({}, {"step": 3})
        run.update_request({})
        assert run.read_state() == ({}, {"step": 3})
    assert target.read_text() == "mine" and not list(root.glob("*.tmp"))


def test_the_run_itself_may_be_reached_through_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(root)
    with RunDirectory.open(tmp_path / "latest", writing=True) as run:
        assert run.read_state()[1] == {"step": 1}
        with pytest.raises(RunError, match="is being written"):
            RunDirectory.open(root, writing=True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("name", ["run.json", "state.safetensors", "metrics.jsonl", ".lock"])
def test_a_named_pipe_does_not_hang(root: Path, name: str) -> None:
    (root / name).unlink()
    os.mkfifo(root / name)
    with pytest.raises(RunError, match=f"{name} is a special file"):
        with RunDirectory.open(root, writing=True) as run:
            run.read_state()
            run.read_metrics()
    find_runs(root.parent)


@pytest.mark.parametrize("name", ["run.json", "state.safetensors", "metrics.jsonl", ".lock"])
def test_a_directory_in_place_of_a_file(root: Path, name: str) -> None:
    (root / name).unlink()
    (root / name).mkdir()
    with pytest.raises(RunError, match=f"{name} is a directory"):
        with RunDirectory.open(root, writing=True) as run:
            run.read_state()
            run.read_metrics()


def test_a_state_that_is_a_link_falls_back_like_a_damaged_one(
    root: Path, tmp_path: Path
) -> None:
    with RunDirectory.open(root, writing=True) as run:
        run.write_state({}, {"step": 2})
    shutil.move(root / "state.safetensors", tmp_path / "target")
    (root / "state.safetensors").symlink_to(tmp_path / "target")
    with pytest.warns(RunWarning, match="symbolic link"):
        assert RunDirectory.open(root).read_state()[1] == {"step": 1}


def test_a_pickle_in_place_of_a_state_is_not_run(root: Path, tmp_path: Path) -> None:
    import pickle

    class Evil:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "pwned"),)

    (root / "state.safetensors").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(RunError, match="damaged"):
        RunDirectory.open(root).read_state()
    np.save(root / "x.npy", np.array([Evil()], object), allow_pickle=True)
    shutil.move(root / "x.npy", root / "state.safetensors")
    with pytest.raises(RunError, match="damaged"):
        RunDirectory.open(root).read_state()
    assert not (tmp_path / "pwned").exists()


def test_code_beside_a_run_is_not_run(root: Path) -> None:
    """Neither from the run nor from the directory one stands in."""
    for name in ("__init__.py", "safetensors.py", "json.py", "sitecustomize.py", "run.py"):
        (root / name).write_text("raise SystemExit('code from the run was run')")
    script = (
        "from trivium.learning.runs import RunDirectory, find_runs\n"
        f"run = RunDirectory.open({str(root)!r}); run.read_state(); run.read_metrics()\n"
        f"assert [r.status for r in find_runs({str(root.parent)!r})] == ['finished']\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", script], cwd=root, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: None, "there is no run at"),
        (lambda p: p.touch(), "is a file and a run is a directory"),
        (lambda p: p.mkdir(), "has no run.json"),
        (lambda p: p.symlink_to(p), "cannot open the run|there is no run"),
    ],
    ids=["missing", "file", "empty", "circle"],
)
def test_a_path_that_is_no_run(tmp_path: Path, make: Any, words: str) -> None:
    path = tmp_path / "path"
    make(path)
    for writing in (False, True):
        with pytest.raises(RunError, match=words):
            RunDirectory.open(path, writing=writing)


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_a_path_that_is_no_name(path: str) -> None:
    for use in (RunDirectory.open, lambda p: RunDirectory.create(p, {})):
        with pytest.raises(RunError, match="is not the name of a directory"):
            use(path)


def test_a_name_too_long(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="Choose a shorter name"):
        RunDirectory.create(tmp_path / ("x" * 300), {})
    with pytest.raises(RunError, match="Choose a shorter name"):
        RunDirectory.open(tmp_path / ("x" * 300))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: p.touch(), "not a directory has that name"),
        (lambda p: p.symlink_to("nowhere"), "not a directory has that name"),
        (lambda p: (p.mkdir(), (p / "thesis.tex").touch()), "is not empty .*'thesis.tex'"),
        (lambda p: RunDirectory.create(p, {}).close(), "already holds a run.*trivium resume"),
    ],
    ids=["file", "dangling link", "other files", "run"],
)
def test_a_run_is_not_created_over_anything(tmp_path: Path, make: Any, words: str) -> None:
    path = tmp_path / "path"
    make(path)
    before = sorted(os.listdir(path)) if path.is_dir() else None
    with pytest.raises(RunError, match=words):
        RunDirectory.create(path, {})
    assert (sorted(os.listdir(path)) if path.is_dir() else None) == before


def test_a_path_through_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="A part of the path is a file"):
        RunDirectory.create(tmp_path / "file" / "run", {})


def test_a_refused_request_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"request\['f'\] is a builtin_function"):
        RunDirectory.create(tmp_path / "runs" / "a", {"f": len})
    assert os.listdir(tmp_path) == []


def test_a_deleted_run_is_an_error_for_its_writer(root: Path) -> None:
    with RunDirectory.open(root, writing=True) as run:
        shutil.rmtree(root)
        for use in (
            lambda: run.write_state({}, {}),
            lambda: run.append_metrics([{}]),
            lambda: run.write_result({}),
        ):
            with pytest.raises(RunError, match="No such file or directory"):
                use()
