"""Closed form: NIST's digits, outside libraries, and the conditions of a minimum."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, Ridge

from tests.learning.algorithms.exact import (
    LONGLEY,
    LONGLEY_CERTIFIED,
    digits,
    exact_least_squares,
)
from trivium.engine.errors import ShapeError
from trivium.engine.tensor import input, variable
from trivium.learning.algorithms import ClosedForm, Problem, Solution, Stop, least_squares
from trivium.learning.batch import Batch
from trivium.learning.errors import NonFiniteError, RequestError
from trivium.learning.models import MLP, Formula, Linear
from trivium.learning.objectives import L1, L2, AbsoluteError, Huber, SquaredError

rng = np.random.default_rng(2)
X = rng.normal(size=(40, 4))
Y = X @ [1.0, -2.0, 0.5, 3.0] + 4 + rng.normal(size=40)
MANY = np.stack([Y, 2 * Y + X[:, 0], X[:, 1] - 1], axis=1)
WEIGHT = rng.uniform(0, 2, 40)


def problem(
    model: Any, objective: Any, x: Any, y: Any, weight: Any = None, names: Any = None
) -> Problem:
    x, y = np.asarray(x), np.asarray(y)
    model.prepare(input(x.shape, x.dtype, name="x"), None if y.ndim == 1 else y.shape[1])
    model.initialise(1)
    batch = Batch(variable(x), variable(y), None if weight is None else variable(weight))
    return Problem(model, objective, batch, model.parameters(), names)


def solve(*arguments: Any, **options: Any) -> Solution:
    given = problem(*arguments, **options)
    before = {path: each.value for path, each in given.parameters.items()}
    found = ClosedForm().solve(given)
    assert found.stopped is Stop.CLOSED_FORM
    assert found.values.keys() == given.parameters.keys()
    for path, each in given.parameters.items():
        np.testing.assert_array_equal(each.value, before[path])  # a solver assigns nothing
        assert found.values[path].shape == each.shape
    return found


def flat(solution: Solution) -> np.ndarray:
    return np.r_[solution.values["bias"].ravel(), solution.values["weight"].ravel()]


def test_longley_keeps_nine_digits_of_the_certified_values() -> None:
    exact = exact_least_squares(np.c_[np.ones(16), LONGLEY[:, 1:]], LONGLEY[:, 0])
    assert digits(LONGLEY_CERTIFIED, exact) > 13  # the data above are those of NIST
    found = solve(Linear(), SquaredError(), LONGLEY[:, 1:], LONGLEY[:, 0])
    assert digits(flat(found), LONGLEY_CERTIFIED) > 9
    assert "condition number of the scaled design 4.3e+04" in found.notes[0]
    assert "5 of 16 digits" in found.notes[0]


def test_norris_keeps_twelve_digits_of_the_certified_values() -> None:
    from importlib.resources import files

    source = files("scipy.stats.tests.data.nist_linregress").joinpath("Norris.dat")
    if not source.is_file():
        pytest.skip("this build of SciPy comes without NIST's data")
    lines = source.read_text().splitlines()
    table = np.array([line.split() for line in lines[60:96]], dtype=float)
    found = solve(Linear(), SquaredError(), table[:, 1:], table[:, 0])
    assert digits(flat(found), [-0.262323073774029, 1.00211681802045]) > 12


POWERS = np.arange(21.0)
WAMPLER = [np.ones(6), 0.1 ** np.arange(6)]


@pytest.mark.parametrize("true", WAMPLER, ids=["Wampler1", "Wampler2"])
@pytest.mark.parametrize("through", ["Linear", "Formula"])
def test_wamplers_polynomials_keep_nine_digits(true: np.ndarray, through: str) -> None:
    """NIST's Wampler1 and Wampler2: polynomials of degree 5 with known coefficients."""
    y = sum(c * POWERS**k for k, c in enumerate(true))
    if through == "Linear":
        powers = np.stack([POWERS**k for k in range(1, 6)], axis=1)
        assert digits(flat(solve(Linear(), SquaredError(), powers, y)), true) > 9
        return
    names = [f"c{k}" for k in range(6)]
    model = Formula(
        lambda x, c0, c1, c2, c3, c4, c5: (
            c0
            + x[:, 0] * (c1 + x[:, 0] * (c2 + x[:, 0] * (c3 + x[:, 0] * (c4 + x[:, 0] * c5))))
        ),
        **dict.fromkeys(names, 7.0),
    )
    values = solve(model, SquaredError(), POWERS[:, None], y).values
    assert digits([values[name] for name in names], true) > 9


def test_a_nearly_dependent_polynomial_loses_the_digits_that_are_announced() -> None:
    """Like NIST's Filip: degree 10, condition 4.5e9 after scaling."""
    x = np.linspace(-8.8, -3.1, 82)
    y = 0.8 + 0.1 * np.sin(x) + 0.001 * np.random.default_rng(0).normal(size=82)
    powers = np.stack([x**k for k in range(1, 11)], axis=1)
    exact = exact_least_squares(np.c_[np.ones(82), powers], y)
    found = solve(Linear(), SquaredError(), powers, y)
    assert digits(flat(found), exact) > 16 - 10 - 1
    assert "10 of 16 digits" in found.notes[0] and "L2()" in found.notes[1]


@pytest.mark.parametrize("target", [Y, Y[:, None], MANY], ids=["(N,)", "(N, 1)", "(N, 3)"])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize("penalty", [0.0, 0.3])
@pytest.mark.parametrize("bias", [True, False])
def test_the_solution_is_that_of_scikit_learn(
    target: np.ndarray, weight: Any, penalty: float, bias: bool
) -> None:
    objective = 0.5 * SquaredError() + penalty * L2()
    found = solve(Linear(bias=bias), objective, X, target, weight=weight).values
    # Theirs: Σ w r² + α ‖w‖² without the intercept; ours: 0.5/N of the first sum.
    other: Any = LinearRegression(fit_intercept=bias)
    if penalty:
        other = Ridge(alpha=penalty * 40 / 0.5, fit_intercept=bias, solver="svd")
    other.fit(X, target, sample_weight=weight)
    coefficients = np.reshape(other.coef_, found["weight"].T.shape)
    np.testing.assert_allclose(found["weight"].T, coefficients, rtol=1e-9, atol=1e-12)
    if bias:
        np.testing.assert_allclose(found["bias"], other.intercept_, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("biases", [False, True])
def test_any_model_that_is_affine_gives_what_linear_gives(biases: bool) -> None:
    objective = 2 * SquaredError() + 0.3 * L2(biases) + 0.1 * L2()
    linear = solve(Linear(), objective, X, MANY, weight=WEIGHT).values
    layers = solve(MLP([]), objective, X, MANY, weight=WEIGHT).values
    formula = solve(
        Formula(lambda x, weight, bias: (x @ weight) / 2 * 2 + (bias - 3) + 3,
                weight=np.ones((4, 3)), bias=np.zeros(3)),
        objective, X, MANY, weight=WEIGHT,
    ).values  # fmt: skip
    for name in ("weight", "bias"):
        np.testing.assert_allclose(layers[f"layers.0.{name}"], linear[name], rtol=1e-9)
        np.testing.assert_allclose(formula[name], linear[name], rtol=1e-9)


def test_parts_of_the_prediction_without_parameters_are_subtracted_first() -> None:
    """f = w x₀ + 100 sin(x₁): the known part belongs to the target's side."""
    from trivium.engine import array

    model = Formula(lambda x, w: w * x[:, 0] + 100 * array.sin(x[:, 1]), w=0.0)
    found = solve(model, SquaredError(), X, Y).values["w"]
    rest = Y - 100 * np.sin(X[:, 1])
    assert found == pytest.approx(X[:, 0] @ rest / (X[:, 0] @ X[:, 0]), rel=1e-12)


def test_examples_of_any_shape_are_flattened() -> None:
    boxes = X.reshape(40, 2, 2)
    found = solve(Linear(), SquaredError(), boxes, Y)
    np.testing.assert_allclose(flat(found), flat(solve(Linear(), SquaredError(), X, Y)))


def test_the_number_of_blocks_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = solve(Linear(), SquaredError() + 0.1 * L2(), X, MANY, weight=WEIGHT)
    small = least_squares.in_blocks
    monkeypatch.setattr(
        "trivium.learning.algorithms.quadratic.in_blocks",
        lambda rows, columns: small(rows, columns, size=7),
    )
    assert len(list(small(40, 5, size=7))) == 4
    parts = solve(Linear(), SquaredError() + 0.1 * L2(), X, MANY, weight=WEIGHT)
    np.testing.assert_allclose(flat(parts), flat(whole), rtol=1e-12)


matrices = st.tuples(
    st.integers(1, 8), st.integers(1, 5), st.integers(0, 4), st.integers(0, 2**32 - 1)
)


@given(matrices, st.sampled_from([0.0, 1e-3, 1.0]))
def test_the_gradient_vanishes_and_no_shorter_solution_exists(
    size: tuple[int, int, int, int], penalty: float
) -> None:
    """Also with fewer rows than columns and with columns that depend on each other."""
    n, d, rank, seed = size
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(n, rank)) @ draw.integers(-2, 3, size=(rank, d))
    x = x * 10.0 ** draw.integers(-3, 4, size=d)
    y = draw.normal(size=n)
    found = solve(Linear(), SquaredError() + penalty * L2(), x, y)
    w, b = found.values["weight"], found.values["bias"]
    residual = x @ w + b - y
    slope = np.r_[2 * residual.mean(), 2 * x.T @ residual / n + 2 * penalty * w]
    reach = 1 + np.abs(x).max(initial=0) ** 2 * np.abs(w).max() + np.abs(x).max(initial=0)
    assert np.abs(slope).max() <= 1e-10 * reach
    assert found.gradient_norm <= 1e-10 * reach * (d + 1)
    if not penalty:
        columns = np.c_[np.ones(n), x]
        scale = np.linalg.norm(columns, axis=0)
        scale[scale == 0] = 1
        true_rank = np.linalg.matrix_rank(columns / scale, tol=1e-10)
        # A shorter solution would differ by a part outside the row space.
        basis = np.linalg.qr((columns.T)[:, _independent(columns, true_rank)])[0]
        outside = flat(found) - basis @ (basis.T @ flat(found))
        assert np.abs(outside).max() <= 1e-8 * max(np.abs(flat(found)).max(), 1e-300)


def _independent(columns: np.ndarray, rank: int) -> list[int]:
    """Rows of the matrix that span its row space."""
    chosen: list[int] = []
    for i in range(len(columns)):
        trial = columns[[*chosen, i]]
        lengths = np.linalg.norm(trial, axis=1, keepdims=True)
        if np.linalg.matrix_rank(trial / lengths, tol=1e-9) > len(chosen):
            chosen.append(i)
        if len(chosen) == rank:
            break
    return chosen


def test_dependent_columns_are_named_in_the_users_words() -> None:
    x = np.c_[X, X[:, 0] + 2 * X[:, 2], np.full(40, 7.0), np.zeros(40)]
    names = ["age", "height", "weight", "dose", "age+2weight", "hospital", "spare"]
    found = solve(Linear(), SquaredError(), x, Y, names=names)
    notes = "\n".join(found.notes)
    assert "rank 5 for 8 unknowns" in notes and "shortest" in notes
    assert "'age+2weight' is a linear combination of 'age', 'weight'." in notes
    assert "'hospital' is constant, so it cannot be told apart from the bias." in notes
    assert "'spare' has no effect on the predictions" in notes
    predicted = x @ found.values["weight"] + found.values["bias"]
    smaller = solve(Linear(), SquaredError(), X, Y).values
    np.testing.assert_allclose(predicted, X @ smaller["weight"] + smaller["bias"], atol=1e-10)


def test_all_indicators_of_a_category_and_a_bias_are_dependent() -> None:
    kind = np.arange(40) % 3
    x = np.c_[np.eye(3)[kind], X[:, :1]]
    names = ["kind=a", "kind=b", "kind=c", "size"]
    notes = "\n".join(solve(Linear(), SquaredError(), x, Y, names=names).notes)
    assert "'kind=c' is a linear combination of bias, 'kind=a', 'kind=b'." in notes
    # With a penalty every weight is determined, and nothing is dependent.
    steady = solve(Linear(), SquaredError() + 1e-3 * L2(), x, Y, names=names)
    assert "full rank 5" in steady.notes[0]


def test_of_columns_that_depend_on_each_other_the_later_ones_are_named() -> None:
    free = np.random.default_rng(1).normal(size=(200, 50))
    x = np.concatenate([free, free[:, :40] + free[:, 1:41]], axis=1)
    found = solve(Linear(), SquaredError(), x, free[:, 0])
    for i, note in enumerate(found.notes[1:6]):
        assert (
            note == f"feature {50 + i} is a linear combination of feature {i}, feature {i + 1}."
        )
    assert found.notes[6] == "35 more columns depend on others in the same way."


def test_many_dependent_columns_are_not_all_listed() -> None:
    found = solve(Linear(), SquaredError(), np.tile(X[:, :1], (1, 12)), Y)
    assert len(found.notes) == 7 and "6 more columns" in found.notes[-1]
    wide = solve(Linear(), SquaredError(), rng.normal(size=(5, 60)), Y[:5])
    assert "more unknowns than examples" in wide.notes[-1]
    np.testing.assert_allclose(wide.gradient_norm, 0, atol=1e-12)


def test_a_parameter_without_effect_is_named_by_its_path() -> None:
    model = Formula(lambda x, a, b: a * x[:, 0] + b * (x[:, 0] * 0), a=0.0, b=0.0)
    notes = solve(model, SquaredError(), X, Y).notes
    assert any(note.startswith("b has no effect") for note in notes)


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e30, 1e140])
def test_columns_of_any_size_are_solved(scale: float) -> None:
    x = X * np.array([scale, 1, 1, 1])
    found = solve(Linear(), SquaredError(), x, Y).values["weight"]
    plain = solve(Linear(), SquaredError(), X, Y).values["weight"]
    np.testing.assert_allclose(found * [scale, 1, 1, 1], plain, rtol=1e-9)


def test_numbers_that_are_not_finite_are_named() -> None:
    broken = X.copy()
    broken[3, 1] = np.inf
    with pytest.raises(NonFiniteError, match=r"x is inf at row 3, 'b'"):
        solve(Linear(), SquaredError(), broken, Y, names=list("abcd"))
    with pytest.raises(NonFiniteError, match=r"target y is nan at row 5"):
        solve(Linear(), SquaredError(), X, np.where(np.arange(40) == 5, np.nan, Y))
    with pytest.raises(NonFiniteError, match="predictions. dependence|prediction at"):
        solve(Formula(lambda x, w: w * x[:, 1], w=0.0), SquaredError(), broken, Y)


def test_float32_data_are_solved_in_float64() -> None:
    found = solve(Linear(), SquaredError(), X.astype("float32"), Y.astype("float32"))
    exact = exact_least_squares(np.c_[np.ones(40), X.astype("float32")], Y.astype("float32"))
    assert digits(flat(found), exact) > 12


@pytest.mark.parametrize(
    ("model", "objective", "words"),
    [
        (MLP([3]), SquaredError(), ["because of relu at layers.0 (your line:", "Adam()"]),
        (MLP([3, 2], activation="tanh"), SquaredError(), ["because of tanh at layers.0"]),
        (
            MLP([3], activation="identity"),
            SquaredError(),
            ["product (contraction) of values that depend on layers.0.weight, layers.0.bias "
             "with layers.1.weight at layers.1"],
        ),
        (Linear(output="sigmoid"), SquaredError(), ["because of sigmoid"]),
        (
            Formula(lambda x, w: x[:, 0] * w * w, w=1.0),
            SquaredError(),
            ["the product (multiply)", "depend on w", "Formula(lambda x, w"],
        ),
        (Formula(lambda x, w: abs(w) * x[:, 0], w=1.0), SquaredError(), ["because of abs"]),
        (Linear(), AbsoluteError(), ["AbsoluteError() is not the square of a residual"]),
        (Linear(), Huber(), ["Huber(delta=1.0) is not the square of a residual"]),
        (Linear(), SquaredError() + L1(), ["L1() is not a square of parameters"]),
        (Linear(), SquaredError() + AbsoluteError(), ["AbsoluteError() is not the square"]),
        (Linear(), L2(), ["no data term"]),
    ],
)  # fmt: skip
def test_where_there_is_no_closed_form_the_reason_is_named(
    model: Any, objective: Any, words: list[str]
) -> None:
    with pytest.raises(RequestError) as caught:
        solve(model, objective, X, Y)
    message = str(caught.value)
    assert message.startswith("no closed form: ")
    assert ("is not quadratic in θ because" in message) or "data term" in message
    for word in words:
        assert word in message, message


def test_terms_with_weight_zero_do_not_matter() -> None:
    found = solve(Linear(), SquaredError() + 0 * L1() + 0 * AbsoluteError(), X, Y)
    np.testing.assert_allclose(flat(found), flat(solve(Linear(), SquaredError(), X, Y)))


def test_shapes_that_do_not_fit_are_refused_before_any_work() -> None:
    given = problem(Linear(), SquaredError(), X, Y)
    with pytest.raises(ShapeError, match="the target"):
        ClosedForm().solve(
            Problem(given.model, given.objective, Batch(given.batch.x, variable(MANY)),
                    given.parameters)
        )  # fmt: skip
    negative = problem(Linear(), SquaredError(), X, Y, weight=-WEIGHT)
    with pytest.raises(RequestError, match="weight is negative"):
        ClosedForm().solve(negative)


def test_a_design_larger_than_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", lambda name: 8)
    with pytest.raises(RequestError, match=r"40 × 5 .* memory"):
        solve(MLP([]), SquaredError(), X, Y)
