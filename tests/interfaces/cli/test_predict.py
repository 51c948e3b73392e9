"""``trivium predict``: missing columns are named, unseen categories counted, files whole."""

import csv
import io

import numpy as np
import pytest

import trivium as tv


@pytest.fixture
def run(cli, houses):
    """A linear run on houses.csv, whose city is Bern, Rome or Oslo."""
    done = cli("fit", houses, "--target", "price", "--out", "run", "--json", "--quiet")
    assert done.code == 0
    return "run"


@pytest.fixture
def flowers(cli):
    """A run on iris."""
    assert cli("fit", "iris", "--epochs", "20", "--out", "flowers", "--quiet").code == 0
    return "flowers"


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_predictions_go_to_standard_output_as_csv(cli, run, tmp_path):
    (tmp_path / "new.csv").write_text("city,garden,size\nRome,yes,100\nBern,no,80\n")
    done = cli("predict", run, "new.csv")
    assert done.code == 0
    first, second = (float(row["prediction"]) for row in rows(done.out))
    assert first == pytest.approx(325, abs=15)
    assert second == pytest.approx(320, abs=15)
    assert done.err == ""


def test_predictions_are_those_of_python(cli, run, houses):
    fit = tv.load(run)
    ours = cli("predict", run, houses, "--json").json["predictions"]
    np.testing.assert_array_equal(ours, fit.predict(tv.data.read(houses, training=False)))


def test_a_table_with_the_target_is_scored(cli, run, houses):
    done = cli("predict", run, houses, "--json")
    assert set(done.json["metrics"]) == {"loss", "r2", "rmse"}
    text = cli("predict", run, houses)
    assert "score on houses.csv: loss" in text.err
    assert len(rows(text.out)) == 120


def test_missing_columns_are_named(cli, run, tmp_path):
    (tmp_path / "new.csv").write_text("size,town\n100,Rome\n")
    done = cli("predict", run, "new.csv")
    assert (done.code, done.out) == (2, "")
    assert "lacks the columns 'city', 'garden'" in done.err
    assert "Its columns: 'size', 'town'" in done.err


def test_unseen_categories_are_counted(cli, run, tmp_path):
    (tmp_path / "new.csv").write_text(
        "size,city,garden\n100,Paris,yes\n90,Rome,no\n80,Nice,no\n"
    )
    done = cli("predict", run, "new.csv", "--json")
    assert done.json["unseen"] == {"city": 2}
    assert "column 'city': 2 of 3 rows hold a category" in done.err
    assert np.isfinite(done.json["predictions"]).all()


def test_missing_cells_are_filled(cli, run, tmp_path):
    (tmp_path / "new.csv").write_text("size,city,garden\n,Rome,yes\n90,,no\n,,\n")
    done = cli("predict", run, "new.csv", "--json")
    assert len(done.json["predictions"]) == 3
    assert np.isfinite(done.json["predictions"]).all()


def test_a_wrong_type_is_named_with_its_line(cli, run, tmp_path):
    (tmp_path / "new.csv").write_text("size,city,garden\n100,Rome,yes\nlarge,Rome,yes\n")
    done = cli("predict", run, "new.csv")
    assert done.code == 2
    for word in ("new.csv", "line 3", "'size'", "'large'"):
        assert word in done.err


def test_a_target_that_cannot_be_scored_is_a_note(cli, run, tmp_path):
    (tmp_path / "new.csv").write_text("size,city,garden,price\n100,Rome,yes,\n90,Rome,no,300\n")
    done = cli("predict", run, "new.csv", "--json")
    assert done.code == 0
    assert done.json["metrics"] is None
    assert "no score" in done.err
    assert "missing in 1 row" in done.err


def test_one_row_and_no_rows(cli, run, tmp_path):
    (tmp_path / "one.csv").write_text("size,city,garden\n100,Rome,yes\n")
    assert len(rows(cli("predict", run, "one.csv").out)) == 1
    (tmp_path / "none.csv").write_text("size,city,garden\n")
    done = cli("predict", run, "none.csv")
    assert done.code == 2
    assert "no rows" in done.err


def test_files_are_written_whole_or_not_at_all(cli, run, houses, tmp_path, monkeypatch):
    done = cli("predict", run, houses, "--out", "all.csv", "--input")
    assert done.code == 0
    assert "120 predictions written to all.csv" in done.out
    written = rows((tmp_path / "all.csv").read_text())
    assert list(written[0]) == ["id", "size", "city", "garden", "price", "prediction"]
    assert written[5]["id"] == "1005"
    before = (tmp_path / "all.csv").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.write", full)
    done = cli("predict", run, houses, "--out", "all.csv")
    monkeypatch.undo()
    assert done.code == 1
    assert "No space left" in done.err
    assert (tmp_path / "all.csv").read_bytes() == before
    assert not list(tmp_path.glob("*.tmp"))


def test_parquet_keeps_types(cli, flowers, tmp_path):
    import polars as pl

    done = cli("predict", flowers, "iris", "--out", "all.parquet", "--probabilities", "--json")
    assert done.json["out"] == "all.parquet"
    assert "predictions" not in done.json
    frame = pl.read_parquet(tmp_path / "all.parquet")
    assert frame.schema["prediction"] == pl.String
    assert frame.schema["probability_setosa"] == pl.Float64
    assert frame.height == 150


def test_probabilities(cli, flowers):
    record = cli("predict", flowers, "iris", "--probabilities", "--json").json
    assert record["classes"] == ["setosa", "versicolor", "virginica"]
    np.testing.assert_allclose(np.sum(record["probabilities"], axis=1), 1)
    best = np.argmax(record["probabilities"], axis=1)
    assert [record["classes"][i] for i in best] == record["predictions"]
    head = cli("predict", flowers, "iris", "--probabilities").out.splitlines()[0]
    assert head == "prediction,probability_setosa,probability_versicolor,probability_virginica"


def test_an_input_column_called_prediction_is_kept(cli, tmp_path):
    generator = np.random.default_rng(0)
    lines = [f"{x:.3f},{2 * x:.3f}" for x in generator.normal(size=50)]
    (tmp_path / "t.csv").write_text("\n".join(["prediction,y", *lines]))
    assert cli("fit", "t.csv", "--target", "y", "--out", "t", "--quiet").code == 0
    head = cli("predict", "t", "t.csv", "--input").out.splitlines()[0]
    assert head == "prediction,y,prediction_"


def test_a_file_is_read_as_the_training_file_was(cli, tmp_path):
    """The decimal mark, the words for missing cells and the names of a file without a header."""
    rows_ = [f"{i},5;{'none' if i % 4 == 0 else f'{i},25'};{3 * i}" for i in range(40)]
    (tmp_path / "train.txt").write_text("\n".join(rows_))
    done = cli(
        "fit", "train.txt", "--target", "y", "--names", "a,b,y", "--decimal", ",",
        "--missing", "none", "--objective", "squared-error", "--out", "odd", "--quiet",
    )  # fmt: skip
    assert done.code == 0, done.err
    (tmp_path / "new.txt").write_text("7,5;7,25\n1,234;none\n")
    done = cli("predict", "odd", "new.txt", "--json")
    assert done.code == 0, done.err
    assert done.json["predictions"][0] == pytest.approx(21, abs=1)
    assert done.json["predictions"][1] == pytest.approx(3 * 0.734, abs=1)
    (tmp_path / "again.txt").write_text("7,5;7,25;21\n")
    assert cli("predict", "odd", "again.txt", "--json").json["metrics"] is not None


def test_requests_without_a_meaning(cli, run, houses, tmp_path):
    for arguments, word in [
        ((run, houses, "--probabilities"), "is for classes"),
        ((run, houses, "--out", "x.xlsx"), ".csv or .parquet"),
        ((run, houses, "--out", "no/x.csv"), "does not exist"),
        ((run, houses, "--out", houses), "would replace the data"),
        ((run, "iris"), "lacks the columns"),
        ((houses, houses), "is not a run"),
        (("rnu", houses), "Did you mean 'run'?"),
    ]:
        if arguments[0] == "rnu":
            (tmp_path / "runs").mkdir()
            (tmp_path / "run").rename(tmp_path / "runs" / "run")
        done = cli("predict", *arguments)
        assert (done.code, done.out) == (2, "")
        assert word in done.err


def test_a_run_is_found_by_its_name(cli, houses):
    name = cli("fit", "diabetes", "--json").json["run"].removeprefix("runs/")
    assert cli("predict", name, "diabetes").code == 0


def test_cells_unlike_those_of_training_are_told(cli, tmp_path):
    lines = [f"{i},{'ab'[i % 2]},{2 * i}" for i in range(1, 41)]
    (tmp_path / "line.csv").write_text("\n".join(["size,kind,price", *lines]) + "\n")
    assert cli("fit", "line.csv", "--target", "price", "--out", "run", "--quiet").code == 0
    (tmp_path / "new.csv").write_text("size,kind\n,a\n3,\n5,c\n")
    done = cli("predict", "run", "new.csv")
    assert done.code == 0 and len(done.out.splitlines()) == 4
    notes = [line for line in done.err.splitlines() if line.startswith("note: ")]
    assert len(notes) == 3
    assert "'size': 1 of 3 rows hold no value" in notes[0] and "training median" in notes[0]
    assert "'kind': 1 of 3 rows hold no value" in notes[1] and "no known category" in notes[1]
    assert "'kind': 1 of 3 rows hold a category" in notes[2]


def test_a_score_on_the_rows_of_training_is_not_taken_for_more(cli, tmp_path):
    cli("fit", "iris", "--epochs", "2", "--out", "run", "--quiet")
    assert "so this score flatters it; trivium show run" in cli("predict", "run", "iris").err
    cli("fit", "moons", "--epochs", "2", "--out", "moons", "--quiet")
    done = cli("predict", "moons", "moons:seed=5")
    assert "score on moons" in done.err and "flatters" not in done.err
