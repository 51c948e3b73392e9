"""``trivium show``, ``runs`` and ``data``."""

import pytest

from trivium.interfaces.cli.terminal import spark
from trivium.learning.runs import RunDirectory


@pytest.fixture
def run(cli):
    assert cli("fit", "iris", "--epochs", "30", "--out", "runs/first", "--quiet").code == 0
    return "runs/first"


def test_show_tells_everything(cli, run):
    done = cli("show", run)
    assert done.code == 0
    for words in (
        "runs/first  (finished",
        "iris, target 'species' (classification)",
        "MLP(hidden=[64])",
        "CrossEntropy() + 0.01 * L2()",
        "30 of 30 epochs, 90 steps",
        "All requested epochs are done.",
        "the last 8 of 30 epochs",
        "validation accuracy",
        "trivium predict runs/first DATA",
    ):
        assert words in done.out
    assert done.err == ""
    assert all(line == line.rstrip() for line in done.out.splitlines())


def test_show_as_json(cli, run):
    record = cli("show", run, "--json").json
    assert record["status"] == "finished"
    assert len(record["history"]) == 30
    assert set(record["metrics"]) == {"train", "validation", "test"}
    assert record["options"]["epochs"] == 30
    assert "trivium" in record["versions"]


def test_show_an_interrupted_run(cli, run, tmp_path):
    (tmp_path / run / "result.json").unlink()
    done = cli("show", run)
    assert "(interrupted" in done.out
    assert "Go on: trivium resume runs/first" in done.out
    assert cli("show", run, "--json").json["stopped"] == "INTERRUPTED"


def test_show_a_run_stopped_before_its_first_state(cli, run, tmp_path):
    for name in ("result.json", "state.safetensors", "state.previous.safetensors"):
        (tmp_path / run / name).unlink(missing_ok=True)
    done = cli("show", run)
    assert done.code == 0
    assert "trivium predict" not in done.out


def test_a_damaged_run_is_said_with_exit_code_1(cli, run, tmp_path):
    for name in ("state.safetensors", "state.previous.safetensors"):
        (tmp_path / run / name).write_bytes(b"damaged")
    for command in (("show", run), ("predict", run, "iris")):
        done = cli(*command)
        assert (done.code, done.out) == (1, "")
        assert "state.safetensors" in done.err
    listed = cli("runs")
    assert listed.code == 0
    assert "damaged" in listed.out


def test_a_damaged_state_falls_back_with_a_note(cli, run, tmp_path):
    (tmp_path / run / "state.safetensors").write_bytes(b"damaged")
    done = cli("show", run)
    assert done.code == 0
    assert done.err.startswith("note: ")
    assert "state.previous.safetensors" in done.err


def test_a_run_of_a_class_of_ones_own_is_shown(cli, run):
    with RunDirectory.open(run, writing=True) as directory:
        request = directory.request
        request["model"] = {"kind": "Mine", "own": True, "shown": "Mine(size=3)"}
        directory.update_request(request)
    assert "Mine(size=3)" in cli("show", run).out
    done = cli("predict", run, "iris")
    assert done.code == 2
    assert "class of your own" in done.err


def test_runs_are_listed_oldest_first(cli, run):
    cli("fit", "diabetes", "--quiet")
    done = cli("runs")
    first, second = done.out.splitlines()[1:]
    assert first.startswith("first ")
    assert "test accuracy" in first
    assert second.startswith("diabetes-")
    assert "test R²" in second
    record = cli("runs", "--json").json
    assert [each["data"] for each in record["runs"]] == ["iris", "diabetes"]
    assert {each["status"] for each in record["runs"]} == {"finished"}
    assert record["runs"][0]["run"] == "runs/first"


def test_no_runs(cli, tmp_path):
    done = cli("runs")
    assert done.code == 0
    assert "trivium fit iris" in done.out
    assert cli("runs", "--json").json["runs"] == []
    (tmp_path / "elsewhere").mkdir()
    assert cli("runs", "--root", "elsewhere").code == 0


def test_data_list(cli):
    names = [
        "digits", "iris", "wine", "breast_cancer", "diabetes", "xor", "circles", "moons",
        "spirals", "pokemon",
    ]  # fmt: skip
    done = cli("data", "list")
    assert [line.split()[0] for line in done.out.splitlines()[1:-2]] == names
    assert [each["name"] for each in cli("data", "list", "--json").json["data"]] == names


def test_data_show(cli, houses):
    built_in = cli("data", "show", "iris")
    assert "Fisher" in built_in.out
    assert "trivium fit iris" in built_in.out
    file = cli("data", "show", houses)
    assert "houses.csv: 120 rows" in file.out
    assert "--target COLUMN" in file.out
    record = cli("data", "show", houses, "--target", "price", "--json").json
    assert record["task"] == "regression"
    assert [column["name"] for column in record["columns"] if column["used"]] == [
        "size",
        "city",
        "garden",
    ]
    assert record["columns"][0]["missing"] > 0


def test_a_curve_in_one_line():
    assert spark([3.0, 2.0, 1.0]) == "█▅▁"
    assert len(spark([float(i + 1) for i in range(1000)])) == 40
    assert spark([1.0, 1.0]) == ""
    assert spark([1.0]) == ""
    assert spark([float("nan"), 1.0, 2.0]) == "▁█"
    assert spark([1e-300, 1.0, 1e300])[1] == "▅"
