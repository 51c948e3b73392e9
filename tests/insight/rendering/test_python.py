"""The generated NumPy file: it runs, and computes what the engine computes."""

import ast
import functools
import json
import subprocess
import sys

import numpy as np
import pytest

import trivium as tv
from tests.insight.random_models import (
    Case,
    loss_and_gradients,
    random_case,
    values_for,
)
from trivium.engine.errors import ArgumentError, TriviumError
from trivium.engine.tensor import input as engine_input
from trivium.insight.derivation.deriving import derive
from trivium.insight.rendering.python_helpers import HELPERS
from trivium.insight.rendering.python_names import Names
from trivium.insight.rendering.python_source import ATOM, Code
from trivium.insight.rendering.python_writer import File, Writer

SEEDS = range(60)


def loaded(source):
    """The function that a generated file defines."""
    space = {}
    exec(compile(source, "generated.py", "exec"), space)
    return space["loss_and_gradients"]


def compare(found, expected, rtol=1e-10):
    (loss, gradients), (true_loss, true_gradients) = found, expected
    np.testing.assert_allclose(loss, true_loss, rtol=rtol, atol=rtol)
    assert list(gradients) == list(true_gradients)
    for path, true in true_gradients.items():
        assert np.shape(gradients[path]) == true.shape, path
        # A gradient may be a small difference of large terms.
        scale = max(1.0, abs(float(true_loss)), np.abs(true).max(initial=0))
        np.testing.assert_allclose(
            gradients[path], true, rtol=rtol, atol=rtol * 1e-2 * scale, err_msg=path
        )


def check(case, values_seed=0, rtol=1e-10):
    derivation = derive(case.model, case.objective, (case.x, case.y))
    source = derivation.python()
    assert "7919" not in source
    values = values_for(derivation, values_seed)
    with np.errstate(all="ignore"):
        found = loaded(source)(values, case.x, case.y)
        compare(found, loss_and_gradients(case, values), rtol)
    return derivation, source, values


@pytest.mark.parametrize("seed", SEEDS)
def test_random_models(seed):
    check(random_case(seed), seed)


def test_single_precision_stays_single_and_agrees():
    for seed in range(0, 16):
        case = random_case(seed)
        derivation = derive(case.model, case.objective, (case.x, case.y))
        run = loaded(derivation.python())
        narrow = values_for(derivation, seed, "float32")
        wide = {path: value.astype("float64") for path, value in narrow.items()}
        x = case.x.astype("float32")
        y = case.y.astype("float32") if case.y.dtype.kind == "f" else case.y
        with np.errstate(all="ignore"):
            loss, gradients = run(narrow, x, y)
            true, slopes = run(wide, x.astype("float64"), y)
        assert np.asarray(loss).dtype == np.float32, case
        np.testing.assert_allclose(loss, true, rtol=2e-4)
        for path, slope in slopes.items():
            assert np.asarray(gradients[path]).dtype == np.float32, (case, path)
            scale = max(1.0, np.abs(slope).max(initial=0))
            np.testing.assert_allclose(gradients[path], slope, rtol=2e-3, atol=2e-4 * scale)


@pytest.mark.parametrize("count", [1, 2, 31])
def test_any_number_of_examples(count):
    """A file derived from seven examples runs on any number of them."""
    for seed in (2, 3, 5, 9, 12, 21):
        case = random_case(seed)
        derivation = derive(case.model, case.objective, (case.x, case.y))
        rows = np.random.default_rng(seed).integers(0, len(case.x), count)
        values = values_for(derivation, seed)
        found = loaded(derivation.python())(values, case.x[rows], case.y[rows])
        # The codes of all classes must be there for the engine to see how many there are.
        other = Case(case.model, case.objective, case.x[rows], case.y[rows])
        if case.y.dtype.kind == "i" and set(case.y[rows]) != set(case.y):
            assert np.isfinite(found[0])
            continue
        compare(found, loss_and_gradients(other, values))


def test_gradients_are_those_of_finite_differences():
    case = random_case(2)
    derivation = derive(case.model, case.objective, (case.x, case.y))
    run, values = loaded(derivation.python()), values_for(derivation, 3)
    _, gradients = run(values, case.x, case.y)
    step = 1e-6
    for path, value in values.items():
        for place in np.ndindex(value.shape):
            ends = []
            for sign in (1, -1):
                moved = value.copy()
                moved[place] += sign * step
                ends.append(run({**values, path: moved}, case.x, case.y)[0])
            slope = (ends[0] - ends[1]) / (2 * step)
            np.testing.assert_allclose(gradients[path][place], slope, rtol=1e-5, atol=1e-8)


def test_the_file_runs_where_there_is_only_numpy(tmp_path):
    """In a process of its own, in which nothing but NumPy and the standard library loads."""
    case = random_case(5)
    _, source, values = check(case)
    (tmp_path / "generated.py").write_text(source, encoding="utf-8")
    np.savez(tmp_path / "data.npz", x=case.x, y=case.y, **values)
    script = f"""
import sys, json
sys.path.insert(0, {str(tmp_path)!r})
import numpy as np
before = set(sys.modules)
import generated
extra = {{name.partition(".")[0] for name in set(sys.modules) - before}}
data = np.load({str(tmp_path / "data.npz")!r})
values = {{name: data[name] for name in data.files if name not in "xy"}}
loss, gradients = generated.loss_and_gradients(values, data["x"], data["y"])
loaded = sorted(name for name in ("trivium", "scipy", "pandas") if name in sys.modules)
print(json.dumps([sorted(extra), loaded, float(loss), sorted(gradients)]))
"""
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    )
    extra, modules, loss, paths = json.loads(done.stdout)
    assert set(extra) <= {"generated", "math"} and not modules
    assert paths == sorted(values)
    assert loss == pytest.approx(loss_and_gradients(case, values)[0], rel=1e-12)


@functools.cache
def sources():
    cases = [random_case(seed) for seed in range(100, 130)]
    return [derive(each.model, each.objective, (each.x, each.y)).python() for each in cases]


def test_files_are_formatted_and_lint_clean(tmp_path):
    ruff = pytest.importorskip("ruff")
    helpers = "\n\n".join(each.source for each in HELPERS.values())
    every = f"import math\n\nimport numpy as np\n\n\n{helpers}"
    for number, source in enumerate([every, *sources()]):
        (tmp_path / f"generated_{number}.py").write_text(source, encoding="utf-8")
    for command in (
        ["format", "--diff"],
        ["check", "--select", "E,F,W,I,B,C4,SIM,RET,PIE,NPY"],
    ):
        done = subprocess.run(
            [ruff.find_ruff_bin(), *command, "--isolated", "--no-cache", str(tmp_path)],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_no_line_is_unused():
    for source in sources():
        for function in ast.parse(source).body:
            if not isinstance(function, ast.FunctionDef):
                continue
            names = [each for each in ast.walk(function) if isinstance(each, ast.Name)]
            stored = {each.id for each in names if isinstance(each.ctx, ast.Store)} - {"_"}
            read = {each.id for each in names if isinstance(each.ctx, ast.Load)}
            assert stored <= read, (stored - read, source)


def test_imports_are_those_that_are_needed():
    for source in sources():
        tree = ast.parse(source)
        imported = [each for each in ast.walk(tree) if isinstance(each, ast.Import)]
        assert not any(isinstance(each, ast.ImportFrom) for each in ast.walk(tree))
        assert {each.names[0].name for each in imported} <= {"numpy", "math"}


def test_a_perceptron_takes_about_thirty_lines():
    model = tv.models.MLP(hidden=[16, 8], activation="relu")
    source = derive(model, tv.objectives.CrossEntropy(), features=4, outputs=3).python()
    body = source[source.index("# Forward") :].splitlines()
    assert len([line for line in body if line.strip()]) <= 34
    assert "z1 = x @ W1 + b1" in source and "d_z1 = d_a1 * (z1 > 0)" in source
    assert "d_W1 = x.T @ d_z1" in source and "d_z3 = (p - y_one_hot) / n" in source


# --- names ----------------------------------------------------------------------------------

HOSTILE = [
    'quote"s', "it's", '"""', "back\\slash", "new\nline", "lambda", "np", "n", "parameters",
    "权重", "a b", "__import__('os').system('false')", "\u202eevil", "x", "y", "1", "", "loss",
    "\x00", "sigmoid", "ﬁ", "fi",
]  # fmt: skip


class Hostile(tv.Model):
    """Parameters and labels with names that no identifier may have."""

    def __init__(self, names):
        self.parts = {name: tv.variable(np.full(2, 0.1 + i)) for i, name in enumerate(names)}

    def __call__(self, x):
        total = 0.0
        for name, variable in self.parts.items():
            total = total + tv.label(tv.array.tanh(x @ variable), name)
        return total


def test_names_of_users_never_become_code():
    rng = np.random.default_rng(0)
    usable = []
    for name in HOSTILE:  # what a model itself refuses is not the renderer's matter
        try:
            Hostile([name]).parameters()
        except TriviumError:
            continue
        usable.append(name)
    assert len(usable) >= len(HOSTILE) - 4
    case = Case(
        Hostile(usable),
        tv.objectives.SquaredError(),
        rng.normal(size=(5, 2)),
        rng.normal(size=5),
    )
    _, source, values = check(case)
    assert set(values) == {f"parts.{name}" for name in usable}
    tree = ast.parse(source)
    names = {each.id for each in ast.walk(tree) if isinstance(each, ast.Name)}
    assert not names & {"__import__", "os", "eval", "exec"}
    assert all(each == "\n" or each.isprintable() for each in source)
    called = {ast.unparse(each.func) for each in ast.walk(tree) if isinstance(each, ast.Call)}
    assert called <= {"np.tanh", "len", "np.outer"} | {
        each for each in called if each.endswith(".sum")
    }


def test_what_no_file_can_hold_is_refused_in_words():
    rng = np.random.default_rng(0)
    table = tv.tensor(rng.normal(size=200_000))
    model = tv.models.Formula(
        lambda x, a: a * x[:, 0] + table.sum() * 0 + (table * a).sum(), a=1.0
    )
    derivation = derive(model, tv.objectives.SquaredError(), features=1)
    with pytest.raises(ArgumentError, match="constant of shape"):
        derivation.python()


def test_constants_are_written_in_lines_that_formatters_leave_alone():
    rng = np.random.default_rng(0)
    table = tv.tensor(rng.normal(size=(12, 3)))
    case = Case(
        tv.models.Formula(lambda x, a: (x @ table.T * a).sum(axis=1), a=1.0),
        tv.objectives.SquaredError(), rng.normal(size=(5, 3)), rng.normal(size=5),
    )  # fmt: skip
    _, source, _ = check(case)
    assert "# fmt: skip" in source and max(map(len, source.splitlines())) <= 88


# --- larger and stranger --------------------------------------------------------------------


def test_a_deep_expression_is_linear_and_needs_no_recursion():
    leaf = engine_input((3,), "float64", name="x")
    total = leaf
    for _ in range(5000):
        total = tv.array.sin(total * 0.9) + total
    writer = Writer(
        File(Names(["x"])),
        lambda each: Code("x", ATOM, (3,)) if each is leaf else None,
        [total],
    )
    result = writer.value(total).text
    lines = [*writer.lines, f"    return {result}"]
    assert max(map(len, lines)) <= 88 and len(lines) < 15_000
    space = {"np": np}
    exec("def run(x):\n" + "\n".join(lines), space)
    x = expected = np.array([0.1, 0.5, -2.0])
    for _ in range(5000):
        expected = np.sin(expected * 0.9) + expected
    np.testing.assert_allclose(space["run"](x), expected, rtol=1e-12)


def test_random_masks_are_arguments():
    model = tv.models.MLP([6], "tanh", dropout=0.5)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 3)), rng.normal(size=8)
    derivation = derive(model, tv.objectives.SquaredError(), (x, y), training=True)
    source = derivation.python()
    mask = next(each for each in derivation.symbols if each.role == "random")
    assert f"parameters, x, y, {mask.code})" in source and "random True and False" in source
    run, values = loaded(source), values_for(derivation, 0)
    drawn = rng.random((8, 6)) < 0.5
    loss, gradients = run(values, x, y, drawn)
    W, b, w, c = values.values()
    prediction = (np.tanh(x @ W + b) * drawn * 2) @ w + c
    np.testing.assert_allclose(loss, np.mean((prediction - y) ** 2))
    assert np.all(gradients["layers.1.weight"][~drawn.any(axis=0)] == 0)


def test_example_weights_are_optional():
    objective = tv.objectives.BinaryCrossEntropy(class_weight="balanced")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 3)), np.array([0, 0, 0, 0, 1, 1])
    derivation = derive(tv.models.Linear(), objective, (x, y))
    source = derivation.python()
    assert "x, y, weight=None)" in source
    run, values = loaded(source), values_for(derivation, 0)
    ones = run(values, x, y)
    compare(ones, run(values, x, y, np.ones(6)))
    weighted = run(values, x, y, np.array([0.75] * 4 + [1.5] * 2))
    case = Case(tv.models.Linear(), tv.objectives.BinaryCrossEntropy(), x, y)
    compare(ones, loss_and_gradients(case, values))
    assert weighted[0] != ones[0]


def test_second_derivatives_run_too():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 3)), rng.normal(size=6)
    derivation = derive(tv.models.MLP([3], "tanh"), tv.objectives.SquaredError(), (x, y))
    run, values = loaded(derivation.python()), values_for(derivation, 0)
    second = loaded(derivation.second().python())
    _, products = second(values, x, y)
    # The derivative of Σ ∂L/∂θ is the Hessian times ones.
    step = 1e-5
    up = run({path: value + step for path, value in values.items()}, x, y)[1]
    down = run({path: value - step for path, value in values.items()}, x, y)[1]
    for path, product in products.items():
        np.testing.assert_allclose(product, (up[path] - down[path]) / (2 * step), rtol=1e-6)


def test_an_expression_without_examples():
    w = tv.variable(np.diag([2.0, 3.0]) + 0.1, name="w")
    scale = tv.variable(0.5, name="scale")
    loss = tv.linalg.slogdet(w)[1] * scale + (tv.linalg.inv(w) ** 2).sum()
    run = loaded(derive(loss).python())
    values = {"w": w.value, "scale": scale.value}
    found, gradients = run(values)
    np.testing.assert_allclose(found, loss.value)
    for variable in (w, scale):
        np.testing.assert_allclose(
            gradients[variable.name], tv.gradient(loss, variable).value, rtol=1e-12
        )


def test_a_parameter_without_influence_has_a_zero_gradient():
    model = tv.models.Formula(lambda x, a, b: a * x[:, 0], a=1.0, b=[1.0, 2.0])
    derivation = derive(model, tv.objectives.SquaredError(), features=1)
    _, gradients = loaded(derivation.python())(
        {"a": np.float64(2.0), "b": np.ones(2)}, np.ones((3, 1)), np.zeros(3)
    )
    assert "No gradient reaches b" in derivation.python()
    np.testing.assert_array_equal(gradients["b"], [0, 0])
    assert gradients["a"] == 4


def test_inputs_of_an_expression_are_arguments_whatever_they_are_called():
    a = tv.input((4, 3), "float64", name="parameters")
    b = tv.input((4,), "float64", name="np")
    w = tv.variable(np.array([1.0, -2.0, 0.5]), name="x")
    derivation = derive(((a @ w - b) ** 2).mean())
    source = derivation.python()
    assert "def loss_and_gradients(parameters, parameters_2, np_2):" in source
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(4, 3)), rng.normal(size=4)
    loss, gradients = loaded(source)({"x": w.value}, left, right)
    residual = left @ w.value - right
    np.testing.assert_allclose(loss, np.mean(residual**2))
    np.testing.assert_allclose(gradients["x"], left.T @ residual / 2)


def test_variables_that_are_no_parameters_are_written_as_they_are():
    fixed = tv.variable(np.array([0.25, -4.0]), name="fixed")
    model = tv.models.Formula(lambda x, a: a * x @ tv.stop_gradient(fixed), a=1.0)
    rng = np.random.default_rng(0)
    case = Case(
        model, tv.objectives.SquaredError(), rng.normal(size=(5, 2)), rng.normal(size=5)
    )
    _, source, _ = check(case)
    assert "np.array([0.25, -4], dtype)" in source
