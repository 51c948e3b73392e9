"""``trivium draw``."""

from xml.etree import ElementTree

import pytest


@pytest.fixture
def run(cli):
    assert cli("fit", "iris", "--epochs", "5", "--out", "runs/first", "--quiet").code == 0
    return "runs/first"


def test_the_picture_lies_in_this_folder_under_the_name_of_the_run(cli, run, tmp_path):
    done = cli("draw", run)
    assert done.code == 0
    assert done.out.endswith("boxes, one for every value: first.svg (open it in a browser)\n")
    assert "at detail operation there would be" in done.err
    text = (tmp_path / "first.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    assert root.find("{http://www.w3.org/2000/svg}title").text.startswith("first: MLP(")
    for name in ("layers.0.weight", "z[1]", "a[1]", "loss"):
        assert f">{name}</text>" in text


def test_a_run_by_name_with_data_and_a_level(cli, run, tmp_path):
    record = cli("draw", "first", "iris", "--detail", "layer", "--out", "a.svg", "--json").json
    assert record["detail"] == "layer"
    assert record["out"] == "a.svg"
    assert record["boxes"] > 3 and record["edges"] >= record["boxes"] - 1
    assert "layers.0 (Dense)" in (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_without_gradients(cli, run, tmp_path):
    cli("draw", run, "--out", "with.svg")
    assert cli("draw", run, "--no-gradients", "--out", "without.svg").code == 0
    assert 'class="gradient"' in (tmp_path / "with.svg").read_text(encoding="utf-8")
    assert 'class="gradient"' not in (tmp_path / "without.svg").read_text(encoding="utf-8")


def test_data_that_are_gone_leave_shapes(cli, houses, tmp_path):
    fitted = cli(
        "fit", houses, "--target", "price", "--epochs", "5", "--quiet", "--out", "runs/h"
    )
    assert fitted.code == 0
    houses.rename(tmp_path / "elsewhere.csv")
    done = cli("draw", "runs/h")
    assert done.code == 0
    assert "there are no numbers, for there are no data" in done.err
    text = (tmp_path / "h.svg").read_text(encoding="utf-8")
    assert "(n, " in text and "7919" not in text
    again = cli("draw", "runs/h", tmp_path / "elsewhere.csv")
    assert (again.code, "there are no numbers" in again.err) == (0, False)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--out", "a.png"], "written as .svg"),
        (["--out", "missing/a.svg"], "does not exist"),
        (["--out", "runs.svg/"], "--out"),
        (["nothing"], "neither built-in data nor a file"),
        (["diabetes"], "lacks the columns"),
        (["--decimal", ","], "DATA, which is not given"),
        (["new.csv"], "species"),
        (["--detail", "all"], "--detail"),
    ],
)
def test_wrong_requests(cli, run, tmp_path, arguments, words):
    names = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
    (tmp_path / "new.csv").write_text(",".join(names) + "\n5,3,1,0.2\n6,3,4,1.3\n")
    done = cli("draw", run, *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert not list(tmp_path.glob("*.svg"))


def test_no_run(cli):
    done = cli("draw", "runs/nope")
    assert (done.code, done.out) == (2, "")
    assert "there is no run" in done.err
