"""Runs are interrupted by signals and end as if they had never been."""

import json
import signal
import time

import pytest

from trivium.learning.runs import RunDirectory

LONG = ("fit", "spirals:n=200", "--epochs", "4000", "--patience", "4000", "--out", "run")


def wait_for(path, seconds=60):
    """Until ``path`` exists and has something in it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if path.exists() and path.stat().st_size > 0:
            return
        time.sleep(0.02)
    raise AssertionError(f"{path} did not appear")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("json_", [False, True])
def test_signals_end_a_fit_with_130_and_say_how_to_go_on(process, tmp_path, number, json_):
    command = process(*LONG, *(["--json"] if json_ else []))
    wait_for(tmp_path / "run" / "metrics.jsonl")
    command.send_signal(number)
    out, err = command.communicate(timeout=60)
    assert command.returncode == 130, err
    assert "Traceback" not in err
    assert "Go on with: trivium resume run" in err
    if json_:
        record = json.loads(out)
        assert record["stopped"] == "INTERRUPTED"
        assert record["run"] == "run"
        assert record["epochs"] < 4000
        assert "loss" in record["metrics"]["train"]
    else:
        assert out == ""


def test_an_interrupted_run_ends_as_an_uninterrupted_one(cli, process, tmp_path):
    """Also the scores on the test part, which are made at the end."""
    arguments = ("fit", "spirals:n=200", "--epochs", "150", "--patience", "150", "--quiet")
    whole = cli(*arguments, "--json", "--out", "whole").json
    command = process(*arguments, "--out", "run")
    wait_for(tmp_path / "run" / "metrics.jsonl")
    command.send_signal(signal.SIGTERM)
    command.communicate(timeout=60)
    assert command.returncode in (130, 0)
    if command.returncode == 130:
        done = cli("resume", "run", "--json")
        assert done.code == 0
        assert "going on after epoch" in done.err
    resumed = cli("show", "run", "--json").json
    assert resumed["metrics"] == whole["metrics"]
    assert resumed["steps"] == whole["steps"]
    assert set(resumed["metrics"]) == {"train", "validation", "test"}


def test_killed_before_the_test_was_scored(cli):
    """What is missing is made up for, without training again."""
    whole = cli("fit", "diabetes", "--out", "run", "--json").json
    with RunDirectory.open("run", writing=True) as run:
        result = run.read_result()
        del result["metrics"]["test"]
        run.write_result(result)
    done = cli("resume", "run", "--json")
    assert done.code == 0
    assert done.json["metrics"] == whole["metrics"]
    assert done.json["steps"] == whole["steps"]


def test_a_finished_run_can_be_trained_for_longer(cli):
    base = ("fit", "iris", "--quiet", "--json", "--patience", "100")
    longer = cli(*base, "--epochs", "8", "--out", "longer").json
    assert cli(*base, "--epochs", "3", "--out", "run").code == 0
    done = cli("resume", "run", "--epochs", "8", "--json", "--quiet")
    assert done.json["metrics"] == longer["metrics"]
    assert done.json["epochs"] == 8


def test_requests_without_a_meaning(cli):
    cli("fit", "iris", "--epochs", "3", "--out", "run", "--quiet")
    cli("fit", "diabetes", "--out", "solved", "--quiet")
    for arguments, words in [
        (("run",), ["is finished", "--epochs N", "above 3"]),
        (("run", "--epochs", "2"), ["the new total", "3 epochs behind"]),
        (("solved", "--epochs", "9"), ["ClosedForm()", "no epochs"]),
        (("rum", "--epochs", "9"), ["no run at 'rum'"]),
    ]:
        done = cli("resume", *arguments)
        assert (done.code, done.out) == (2, "")
        for word in words:
            assert word in done.err


def test_changed_data_are_refused(cli, houses):
    cli("fit", houses, "--target", "price", "--model", "mlp:4", "--epochs", "2", "--out", "run")
    houses.write_text(houses.read_text() + "1,2,Rome,yes,3\n")
    done = cli("resume", "run", "--epochs", "4")
    assert done.code == 2
    assert "has changed" in done.err


def test_a_run_that_is_being_written_is_left_alone(cli):
    cli("fit", "iris", "--epochs", "2", "--out", "run", "--quiet")
    with RunDirectory.open("run", writing=True):
        assert cli("show", "run", "--json").json["status"] == "running"
        done = cli("resume", "run", "--epochs", "4")
    assert done.code == 1
    assert "process" in done.err


def test_interrupted_while_reading_the_data(cli, monkeypatch, tmp_path):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("trivium.learning.data.load", interrupt)
    done = cli("fit", "iris")
    assert (done.code, done.out) == (130, "")
    assert "Interrupted" in done.err
    assert not (tmp_path / "runs").exists()
