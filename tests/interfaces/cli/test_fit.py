"""``trivium fit``: a table goes in, a run and its metrics come out."""

import re

import numpy as np
import pytest

import trivium as tv
from trivium.learning.runs import RunDirectory

QUICK = ("--epochs", "3", "--quiet")
KEYS = {
    "run", "model", "objective", "algorithm", "parameters", "steps", "seconds", "stopped",
    "metrics",
}  # fmt: skip


def test_json_of_a_classification(cli):
    done = cli("fit", "iris", "--epochs", "3", "--json")
    record = done.json
    assert done.code == 0
    assert set(record) >= KEYS
    assert re.fullmatch(r"runs/iris-\d{4}-\d\d-\d\d-001", record["run"])
    assert record["model"] == "MLP(hidden=[64])"
    assert record["parameters"] == 4 * 64 + 64 + 64 * 3 + 3
    assert (record["steps"], record["stopped"]) == (9, "EPOCHS_DONE")
    assert set(record["metrics"]) == {"train", "validation", "test"}
    for part in record["metrics"].values():
        assert set(part) == {"loss", "accuracy"}
        assert 0 <= part["accuracy"] <= 1


def test_json_of_a_regression(cli):
    done = cli("fit", "diabetes", "--json")
    assert done.code == 0
    assert set(done.json["metrics"]) == {"train", "validation", "test"}
    for part in done.json["metrics"].values():
        assert set(part) == {"loss", "r2", "rmse"}
    assert done.json["stopped"] == "CLOSED_FORM"
    assert done.json["parameters"] == 11


def test_the_words_for_people_name_the_run_and_what_to_do_next(cli):
    done = cli("fit", "diabetes")
    (run,) = re.findall(r"runs/diabetes-\S+-001", done.out.splitlines()[-1])
    assert f"trivium show {run}" in done.out
    assert f"trivium predict {run} DATA" in done.out
    assert re.search(r"^test +0\.\d+ +0\.\d{4} +\d", done.out, re.MULTILINE)
    assert "283 to train on, 71 to validate, 88 to test" in done.err
    assert "Linear()" in done.err
    assert "leave-one-out" in done.err


def test_quiet_leaves_standard_error_empty(cli):
    assert cli("fit", "diabetes", "--quiet").err == ""


def test_runs_are_numbered(cli):
    names = [cli("fit", "diabetes", "--json").json["run"][-3:] for _ in range(3)]
    assert names == ["001", "002", "003"]


def test_the_directory_can_be_chosen(cli, tmp_path):
    done = cli("fit", "diabetes", "--out", "deep/er/run", "--json")
    assert done.json["run"] == "deep/er/run"
    assert (tmp_path / "deep/er/run/result.json").exists()
    assert not (tmp_path / "runs").exists()


def test_the_run_holds_the_test_scores_and_the_reasons(cli):
    record = cli("fit", "diabetes", "--json").json
    run = RunDirectory.open(record["run"])
    assert run.read_result()["metrics"]["test"] == record["metrics"]["test"]
    assert set(run.request["chosen"]) == {"model", "objective", "algorithm"}


def test_python_finds_the_same_model(cli):
    """The run loads, and scores the same rows as the command line did."""
    record = cli("fit", "wine", *QUICK, "--json").json
    _, test = tv.data.load("wine").split(test=0.2, seed=0)
    loaded = tv.load(record["run"])
    assert loaded.score(test) == pytest.approx(record["metrics"]["test"])
    assert loaded.metrics["test"] == record["metrics"]["test"]


def test_the_same_seed_gives_the_same_result(cli):
    first, second = (cli("fit", "iris", *QUICK, "--json").json["metrics"] for _ in range(2))
    assert first == second
    assert cli("fit", "iris", *QUICK, "--json", "--seed", "1").json["metrics"] != first


def test_every_step_can_be_chosen(cli):
    done = cli(
        "fit", "iris", "--model", "mlp:8,4,activation=tanh", "--objective",
        "cross-entropy+1e-4*l2", "--algorithm", "sgd:learning_rate=0.1,momentum=0.9",
        "--epochs", "2", "--batch-size", "10", "--validation", "20", "--test", "0.1",
        "--seed", "3", "--patience", "1", "--dtype", "float64", "--json",
    )  # fmt: skip
    record = done.json
    assert record["model"] == "MLP(hidden=[8, 4], activation='tanh')"
    assert record["objective"] == "CrossEntropy() + 0.0001 * L2()"
    assert record["algorithm"] == "SGD(learning_rate=0.1, momentum=0.9)"
    assert record["seed"] == 3
    options = RunDirectory.open(record["run"]).request["options"]
    assert (options["batch_size"], options["patience"], options["dtype"]) == (10, 1, "float64")
    assert "115 to train on, 20 to validate, 15 to test" in done.err


def test_parts_can_be_left_out(cli):
    record = cli("fit", "iris", *QUICK, "--test", "0", "--validation", "0", "--json").json
    assert set(record["metrics"]) == {"train"}


def test_a_threshold_neuron(cli):
    record = cli("fit", "breast_cancer", "--model", "threshold", "--epochs", "5", "--json").json
    assert record["algorithm"].startswith("DeltaRule")
    assert record["metrics"]["test"]["accuracy"] > 0.8


def test_a_table_of_mixed_types(cli, houses):
    done = cli("fit", houses, "--target", "price", "--json")
    record = done.json
    assert record["metrics"]["test"]["r2"] > 0.5  # a tenth of the sizes is missing
    assert record["data"] == "houses.csv"
    assert record["target"] == "price"
    assert "'id' set aside: an identifier" in done.err
    assert re.fullmatch(r"runs/houses-.*-001", record["run"])


def test_columns_can_be_dropped_and_kept(cli, houses):
    base = ("fit", houses, "--target", "price", "--json", "--quiet", "--model", "linear")
    everything = cli(*base).json["parameters"]
    assert cli(*base, "--drop", "city", "--drop", "garden").json["parameters"] == everything - 4
    assert cli(*base, "--keep", "id").json["parameters"] == everything + 1


def test_reading_options_reach_the_reader(cli, tmp_path):
    rows = "\n".join(f"{i},5;{'?' if i % 7 else 'none'};{i % 2}" for i in range(40))
    (tmp_path / "odd.txt").write_text(rows)
    done = cli(
        "fit", "odd.txt", "--target", "y", "--names", "a,b,y", "--delimiter", ";",
        "--decimal", ",", "--missing", "none", "--epochs", "1", "--json",
    )  # fmt: skip
    assert done.code == 0
    assert "'b' set aside: no value in any row" in done.err


def test_weights_are_a_column(cli, tmp_path):
    generator = np.random.default_rng(0)
    rows = [
        f"{x:.3f},{int(x > 0)},{1 + i % 3}" for i, x in enumerate(generator.normal(size=60))
    ]
    (tmp_path / "weighted.csv").write_text("\n".join(["x,y,w", *rows]))
    record = cli("fit", "weighted.csv", "--target", "y", "--weight", "w", *QUICK, "--json").json
    assert record["parameters"] in (4, 258)  # one feature: the weight is none


def test_parquet(cli, tmp_path):
    import polars as pl

    generator = np.random.default_rng(0)
    x = generator.normal(size=80)
    pl.DataFrame({"x": x, "y": 2 * x + 1}).write_parquet(tmp_path / "line.parquet")
    record = cli("fit", "line.parquet", "--target", "y", "--json").json
    assert record["metrics"]["test"]["r2"] > 0.99


def test_built_in_data_take_options(cli):
    done = cli("fit", "spirals:n=90,arms=3", *QUICK, "--json")
    assert done.json["parameters"] == 2 * 64 + 64 + 64 * 3 + 3
    assert "classes" not in done.err


def test_a_quantity_of_few_whole_numbers_is_not_stratified(cli, tmp_path):
    """A rare value of a quantity is no class with one example."""
    rows = [f"{i / 40:.3f},{min(i // 10, 4)}" for i in range(40)] + ["2.0,9"]
    (tmp_path / "grades.csv").write_text("\n".join(["x,grade", *rows]))
    refused = cli("fit", "grades.csv", "--target", "grade")
    assert refused.code == 2
    assert "--no-stratify" in refused.err
    done = cli(
        "fit", "grades.csv", "--target", "grade", "--objective", "squared-error", "--json"
    )
    assert done.code == 0
    assert "r2" in done.json["metrics"]["test"]


def test_a_rare_class_without_strata(cli, tmp_path):
    """Without strata the rare class may land in one part only, which is said if it matters."""
    rows = [f"{i / 40:.3f},{'ab'[i % 2]}" for i in range(40)] + ["2.0,c"]
    (tmp_path / "rare.csv").write_text("\n".join(["x,letter", *rows]))
    codes = set()
    for seed in range(8):
        done = cli(
            "fit", "rare.csv", "--target", "letter", "--no-stratify", "--seed", seed, *QUICK,
            "--validation", "0", "--json",
        )  # fmt: skip
        codes.add(done.code)
        assert done.code == 0 or "'c' of target 'letter' is only in the test part" in done.err
    assert 0 in codes


def test_a_value_that_explodes_ends_with_1_and_keeps_the_last_good_parameters(cli):
    done = cli(
        "fit", "diabetes", "--objective", "squared-error", "--algorithm",
        "sgd:learning_rate=10", "--json",
    )  # fmt: skip
    assert done.code == 1
    assert done.json["stopped"] == "NON_FINITE"
    assert "step 12" in done.err
    assert "smaller learning rate" in done.err
    assert "your line" not in done.err
    assert np.isfinite(done.json["metrics"]["train"]["loss"])


def test_refused_fits_leave_no_directory(cli, tmp_path):
    assert cli("fit", "iris", "--algorithm", "closed-form").code == 2
    assert cli("fit", "iris", "--model", "threshold").code == 2
    assert not (tmp_path / "runs").exists()
    (tmp_path / "mine").mkdir()
    assert cli("fit", "iris", "--algorithm", "closed-form", "--out", "mine").code == 2
    assert list((tmp_path / "mine").iterdir()) == []


def test_a_model_beyond_all_memory(cli, tmp_path):
    done = cli("fit", "iris", "--model", "mlp:10000000000000")
    assert done.code == 2
    assert "more than there is" in done.err
    assert not (tmp_path / "runs").exists()


def test_a_read_only_folder_is_said_with_exit_code_1(cli, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", str(tmp_path / "runs"))

    monkeypatch.setattr("os.makedirs", refuse)
    done = cli("fit", "diabetes")
    assert done.code == 1
    assert "Permission denied" in done.err
