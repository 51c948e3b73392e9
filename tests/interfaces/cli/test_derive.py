"""``trivium derive``: runs and models, four formats, two languages, numbers of one row."""

import runpy

import numpy as np
import pytest

import trivium as tv

MODEL = ("derive", "mlp:3,activation=tanh", "--objective", "squared-error", "--features", "2")


@pytest.fixture
def run(tmp_path):
    train = tv.data.load("iris")
    fit = tv.fit(
        tv.models.MLP(hidden=[3]), tv.objectives.CrossEntropy(), tv.algorithms.Adam(),
        train, epochs=2, progress=False, out=tmp_path / "runs" / "iris",
    )  # fmt: skip
    return fit.path


def test_a_model_in_its_text_form_needs_no_data(cli):
    done = cli(*MODEL)
    assert (done.code, done.err) == (0, "")
    for formula in ("a[1] = tanh z[1]", "Δ[2]", "∂L/∂W[1] = Xᵀ Δ[1]", "(n, 3)"):
        assert formula in done.out


def test_the_program_gives_the_gradients_of_the_engine(cli, tmp_path):
    done = cli(*MODEL, "--out", "gradients.py")
    assert done.code == 0 and "gradients.py" in done.out and "NumPy" in done.out
    program = runpy.run_path(str(tmp_path / "gradients.py"))
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 2)), rng.normal(size=5)
    model = tv.models.MLP(hidden=[3], activation="tanh")
    model(tv.tensor(x))
    loss = tv.objectives.SquaredError()(model, tv.Batch(tv.tensor(x), tv.tensor(y)))
    parameters = model.parameters()
    found, gradients = program["loss_and_gradients"](
        {path: each.value for path, each in parameters.items()}, x, y
    )
    assert found == pytest.approx(float(loss))
    for path, slope in zip(
        parameters, tv.gradient(loss, list(parameters.values())), strict=True
    ):
        np.testing.assert_allclose(gradients[path], slope.value, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("format", "ending", "sign"),
    [
        ("text", ".txt", "softmax"),
        ("latex", ".tex", r"\begin{document}"),
        ("html", ".html", "<!doctype html>"),
        ("python", ".py", "def loss_and_gradients"),
    ],
)
def test_a_run_is_derived_in_every_format_by_name_or_by_ending(cli, run, format, ending, sign):
    printed = cli("derive", run, "--format", format)
    assert printed.code == 0 and sign.lower() in printed.out.lower()
    written = cli("derive", "iris", "--out", f"pass{ending}")
    assert written.code == 0
    with open(f"pass{ending}", encoding="utf-8") as file:
        assert sign.lower() in file.read().lower()


def test_chinese(cli, run):
    done = cli("derive", run, "--lang", "zh")
    assert done.code == 0 and "反向传播" in done.out and "softmax" in done.out
    assert "Backward pass" not in done.out
    program = cli("derive", run, "--lang", "zh", "--format", "python")
    assert program.code == 0 and "--lang" in program.err


def test_the_numbers_are_those_of_the_row(cli, run):
    """Row 3 of the training data of the run, and of data that are named."""
    train = tv.data.load("iris")
    for arguments in (("derive", run), ("derive", run, "iris")):
        done = cli(*arguments, "--example", "3", "--json")
        assert done.code == 0
        assert done.json["example"] == 3
        assert max(done.json["checks"].values()) < 1e-5
    fit = tv.load(run)
    expected = tv.insight.derive(fit, data=train.take([3]))
    assert cli("derive", run, "iris", "--example", "3").out.rstrip() == expected.text().rstrip()
    other = cli("derive", run, "iris", "--example", "80").out
    assert other != cli("derive", run, "iris", "--example", "3").out


def test_a_model_with_data_learns_its_sizes_and_objective_from_them(cli, houses):
    done = cli("derive", "linear", houses, "--target", "price", "--json")
    assert done.code == 0
    assert done.json["objective"].startswith("SquaredError()")
    assert done.json["gradients"] == {"weight": "∂L/∂w", "bias": "∂L/∂b"}
    classes = cli("derive", "mlp:4", "iris", "--example", "149", "--json").json
    assert classes["objective"].startswith("CrossEntropy()")
    assert set(classes["checks"]) == set(classes["gradients"])


def test_the_number_of_classes_can_be_said(cli):
    done = cli("derive", "linear", "--objective", "cross-entropy", "--features", "4",
               "--outputs", "3")  # fmt: skip
    assert done.code == 0 and "(4, 3)" in done.out
    two = cli("derive", "linear", "--objective", "squared-error", "--features", "4",
              "--outputs", "2")  # fmt: skip
    assert two.code == 0 and "(4, 2)" in two.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["derive", "mlp:3"], "--objective"),
        (["derive", "mlp:3", "--objective", "squared-error"], "--features 4"),
        (["derive", "nothing"], "neither a run nor a model"),
        (["derive", "runs/none"], "there is no run"),
        (["derive", "linear", "--objective", "cross-entropy", "--features", "2"], "--outputs"),
        ([*MODEL, "--example", "1"], "row of DATA"),
        ([*MODEL, "--target", "y"], "--target is for reading DATA"),
        ([*MODEL, "--out", "a.pdf"], ".tex"),
        ([*MODEL, "--out", "a.tex", "--format", "html"], "ending"),
        ([*MODEL, "--out", "none/a.tex"], "does not exist"),
        (["derive", "linear", "iris", "--features", "4"], "leave it out"),
        (["derive", "linear", "iris", "--example", "150"], "counted from 0"),
        (["derive", "linear", "iris", "--example", "-1"], "counted from 0"),
        (["derive", "linear", "houses.csv"], "houses.csv"),
        (["derive", "linear", "iris", "--lang", "fr"], "lang"),
    ],
)
def test_what_cannot_be_derived_is_refused_in_words(cli, arguments, said):
    done = cli(*arguments)
    assert done.code == 2 and done.out == ""
    assert said in done.err, done.err


def test_a_run_knows_its_objective(cli, run):
    done = cli("derive", run, "--objective", "hinge")
    assert done.code == 2 and "leave it out" in done.err
