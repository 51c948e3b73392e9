"""Certificates of the objectives that the field knows to be convex, and of those it does not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import trivium as tv
from trivium.mathematics.optimality import Verdict, certify

A, O = tv.array, tv.objectives
RNG = np.random.default_rng(7)
X = RNG.normal(size=(30, 4))
REAL = RNG.normal(size=30)
TWO, THREE = RNG.integers(0, 2, 30), RNG.integers(0, 3, 30)

CONVEX = [
    (O.SquaredError(), REAL, Verdict.STRONGLY_CONVEX),
    (O.SquaredError(), np.stack([REAL, -REAL], axis=1), Verdict.STRONGLY_CONVEX),
    (O.AbsoluteError(), REAL, Verdict.CONVEX),
    (O.Huber(0.7), REAL, Verdict.CONVEX),
    (O.Hinge(), TWO, Verdict.CONVEX),
    (O.Hinge(), THREE, Verdict.CONVEX),
    (O.BinaryCrossEntropy(), TWO, Verdict.STRICTLY_CONVEX),
    (O.BinaryCrossEntropy() + 0.1 * O.L2(biases=True), TWO, Verdict.STRONGLY_CONVEX),
    (O.CrossEntropy(), THREE, Verdict.CONVEX),
    (O.CrossEntropy() + 0.01 * O.L2(), THREE, Verdict.CONVEX),  # equal shifts of the biases
    (O.CrossEntropy() + 0.01 * O.L2(biases=True), THREE, Verdict.STRONGLY_CONVEX),
    (O.SquaredError() + 0.1 * O.L1(), REAL, Verdict.STRONGLY_CONVEX),
    (O.AbsoluteError() + 0.1 * O.L2(biases=True), REAL, Verdict.STRONGLY_CONVEX),
]


@pytest.mark.parametrize(("objective", "y", "verdict"), CONVEX)
def test_losses_of_a_linear_model(objective, y, verdict):
    found = certify(objective, tv.models.Linear(), (X, y))
    assert found.verdict is verdict
    assert found
    assert found.obstacle is None


@pytest.mark.parametrize(("objective", "y", "verdict"), CONVEX)
def test_convexity_needs_no_data(objective, y, verdict):
    model = tv.models.Linear()
    assert certify(objective, model)
    assert not model.parameters()  # it was left as it is


def test_the_modulus_of_least_squares_is_its_least_eigenvalue():
    found = certify(O.SquaredError(), tv.models.Linear(), (X, REAL))
    design = np.column_stack([X, np.ones(30)])
    assert found.modulus == pytest.approx(np.linalg.eigvalsh(2 * design.T @ design / 30)[0])


def test_l2_makes_any_convex_loss_strongly_convex_with_modulus_2_lambda():
    penalty = 0.3 * O.L2(biases=True)
    found = certify(O.BinaryCrossEntropy() + penalty, tv.models.Linear(), (X, TWO))
    assert found.modulus == pytest.approx(0.6)


def test_a_duplicated_feature_takes_strictness_away():
    double = np.column_stack([X, X[:, 0]])
    for objective, y in ((O.SquaredError(), REAL), (O.BinaryCrossEntropy(), TWO)):
        found = certify(objective, tv.models.Linear(), (double, y))
        assert found.verdict is Verdict.CONVEX
        assert found.notes


def test_one_example_is_not_enough_for_strictness():
    found = certify(O.BinaryCrossEntropy(), tv.models.Linear(), (X[:1], TWO[:1]))
    assert found.verdict is Verdict.CONVEX


def test_example_weights_count_and_zero_weights_do_not():
    weight = np.zeros(30)
    weight[0] = 30
    found = certify(O.BinaryCrossEntropy(), tv.models.Linear(), (X, TWO, weight))
    assert found.verdict is Verdict.CONVEX
    assert certify(
        O.BinaryCrossEntropy(), tv.models.Linear(), (X, TWO, np.ones(30))
    ).strictly_convex


@pytest.mark.parametrize(
    ("activation", "primitive"),
    [("relu", "contraction"), ("tanh", "tanh"), ("sigmoid", "sigmoid")],
)
def test_a_hidden_layer_stops_the_argument(activation, primitive):
    model = tv.models.MLP(hidden=[5], activation=activation)
    found = certify(O.SquaredError(), model, (X, REAL))
    assert found.verdict is Verdict.UNKNOWN
    assert not found
    assert found.obstacle.node.primitive.name == primitive
    assert "layers." in found.obstacle.label
    assert __file__ in found.obstacle.line
    assert found.obstacle.formula
    text = str(found)
    assert "layers." in text
    assert primitive in text


def test_layers_without_activation_stop_at_the_product_of_weights():
    model = tv.models.MLP(hidden=[3], activation="identity")
    found = certify(O.SquaredError(), model, (X, REAL))
    assert "layers.1.weight" in found.obstacle.reason


def test_squared_error_of_a_probability_is_not_certified():
    found = certify(O.SquaredError(), tv.models.Linear(output="sigmoid"), (X, TWO))
    assert found.verdict is Verdict.UNKNOWN
    assert found.obstacle.primitive.startswith("sigmoid")


def test_a_formula_is_read_from_its_graph():
    curve = tv.models.Formula(
        lambda x, a, b: a * x[:, 0] ** 2 + b * A.exp(x[:, 1]), a=0.0, b=0.0
    )
    assert certify(O.SquaredError(), curve, (X, REAL)).strongly_convex
    decay = tv.models.Formula(lambda x, a, b: a * A.exp(-b * x[:, 0]), a=1.0, b=0.5)
    found = certify(O.SquaredError(), decay, (X, REAL))
    assert found.obstacle.primitive == "multiply"
    assert "lambda x, a, b: a * A.exp(-b * x[:, 0])" in found.obstacle.line


def test_any_callable_is_an_objective():
    def poisson(model, batch):
        z = model(batch.x)
        return (A.exp(z) - batch.y * z).mean()

    counts = RNG.poisson(2.0, 30).astype(float)
    assert certify(poisson, tv.models.Linear(), (X, counts)).strictly_convex
    assert certify(poisson, tv.models.Linear()).convex

    def gamma(model, batch):
        z = model(batch.x)
        return (z + batch.y * A.exp(-z)).mean()

    assert certify(gamma, tv.models.Linear(), (X, counts + 1)).strictly_convex
    unknown = certify(gamma, tv.models.Linear())  # the sign of y is not known
    assert "one sign" in unknown.obstacle.reason


x = tv.variable(np.zeros(3), name="x")
y = tv.variable(1.0, name="y")
M = RNG.normal(size=(5, 3))

EXPRESSIONS = [
    (A.norm(x), True),
    (A.norm(M @ x), True),
    (A.norm(x, ord=1) + A.norm(x, ord=float("inf")), True),
    (A.logsumexp(M @ x), True),
    (A.log(A.exp(M @ x).sum()), True),
    (-A.log(A.sigmoid(M @ x)).sum(), True),
    (A.log(1 + A.exp(M @ x)).sum(), True),
    (A.sqrt(1 + (M @ x) ** 2).sum(), True),
    (A.max(M @ x) - A.min(M @ x), True),
    (A.relu(A.abs(x) - 1).sum(), True),
    (A.relu(1 - A.abs(x)).sum(), False),
    (-A.log(1 - (x * x).sum()), True),
    (A.exp(A.norm(x) ** 2), True),
    ((A.norm(x) + 1) ** 3, True),
    ((A.norm(x) - 1) ** 2, False),
    (A.where(x > 0, 0.9 * x, -0.1 * x).sum(), True),  # the pinball loss
    (A.where(x > 0, -0.9 * x, 0.1 * x).sum(), False),
    (A.where(x > 0, x + 1, -x).sum(), False),  # a jump
    (A.elu(x).sum(), True),
    (A.silu(x).sum(), False),
    (1 / (y + 3), False),  # -3 may be passed
    (x @ x / y, False),
    (y * A.exp(x[0]), False),
    (tv.stop_gradient(x) @ x, False),
    (A.sin(x).sum(), False),
    (A.round(x).sum(), False),
]


@pytest.mark.parametrize(("f", "convex"), EXPRESSIONS)
def test_expressions(f, convex):
    found = certify(f)
    assert found.convex is convex
    assert (found.obstacle is None) is convex


def test_bounds_make_a_box_in_which_more_is_known():
    assert certify(1 / (y + 3), y, bounds={y: (-2, 9)})
    assert certify(x @ x / y, [x, y], bounds={y: (0, float("inf"))})
    assert certify(A.tanh(y), y, bounds={y: (-9, 0)})
    assert certify(A.tanh(y), y, bounds={y: (0, 9)}).concave
    assert certify(A.log_gamma(y), y, bounds={y: (0, 100)})
    assert certify(A.exp(y), y, bounds={y: (0, 1)}).modulus == pytest.approx(1.0)


def test_concave_affine_and_constant():
    assert certify(A.log(x + 1).sum()).verdict is Verdict.CONCAVE
    assert certify(M @ x @ np.ones(5)).verdict is Verdict.AFFINE
    assert certify(M @ x @ np.ones(5), y).verdict is Verdict.CONSTANT
    assert not certify(A.log(x + 1).sum())


@given(st.integers(1, 6), st.integers(0, 6), st.integers(0, 2**32 - 1))
def test_quadratic_forms_by_their_eigenvalues(n, rank, seed):
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(n, min(rank, n)))
    matrix = half @ half.T
    v = tv.variable(np.zeros(n), name="v")
    found = certify(v @ (matrix @ v) + v.sum(), v)
    assert found.convex
    if rank >= n and np.linalg.cond(matrix) < 1e8:
        assert found.modulus == pytest.approx(2 * np.linalg.eigvalsh(matrix)[0], rel=1e-6)
    indefinite = matrix - np.eye(n) * (np.linalg.eigvalsh(matrix)[0] + 0.5)
    assert not certify(v @ (indefinite @ v), v).convex
    assert certify(-(v @ (matrix @ v)), v).concave  # affine when the rank is 0


def test_an_indefinite_quadratic_says_so():
    found = certify(x[0] * y)
    assert "eigenvalues" in found.obstacle.reason
    assert "depends on x with y" in found.obstacle.reason


def test_the_steps_tell_the_argument():
    found = certify(O.BinaryCrossEntropy(), tv.models.Linear(), (X, TWO))
    assert found.steps[0] == "z: affine"
    assert found.steps[-1] == "loss: convex"


def test_float32_is_certified_too():
    v = tv.variable(np.zeros(3, np.float32))
    assert certify(A.softplus(v).sum() + A.norm(v))


def test_a_constant_that_is_not_finite_is_no_proof():
    found = certify((x * np.array([1.0, np.inf, 1.0])).sum())
    assert not found
    assert "infinity" in found.obstacle.reason


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((x, x), "one floating number"),
        ((A.argmax(x), x), "one floating number"),
        ((x.sum(), [x + 1]), "floating leaves"),
        ((tv.tensor(1.0),), "no tv.variable"),
        ((3, 4), "an expression and its variables"),
        ((O.L2(), tv.models.Linear(), 5), "pair"),
    ],
)
def test_what_cannot_be_certified_is_refused(arguments, words):
    with pytest.raises(tv.TriviumError, match=words):
        certify(*arguments)


def test_bounds_that_are_empty_are_refused():
    with pytest.raises(tv.TriviumError, match="nothing between"):
        certify(x.sum(), x, bounds={x: (1, 0)})


def test_text_labels_become_codes():
    words = np.where(TWO == 1, "yes", "no")
    assert certify(O.BinaryCrossEntropy(), tv.models.Linear(), (X, words)).strictly_convex


def test_a_data_set_is_data():
    data = tv.data.load("breast_cancer")
    found = certify(O.BinaryCrossEntropy() + 0.1 * O.L2(), tv.models.Linear(), data)
    assert found.convex


def test_a_quadratic_form_makes_what_is_added_to_it_strict():
    half = RNG.normal(size=(3, 3))
    found = certify(x @ (half @ half.T @ x) + A.norm(x, ord=1) + A.exp(x[0]), x)
    assert found.modulus == pytest.approx(2 * np.linalg.eigvalsh(half @ half.T)[0], rel=1e-6)
    flat = np.diag([1.0, 1.0, 0.0])
    assert certify(x @ (flat @ x) + A.norm(x, ord=1), x).verdict is Verdict.CONVEX
    assert certify(x @ (flat @ x) + A.exp(x[2]), x).verdict is Verdict.STRICTLY_CONVEX
    # Squares inside a quadratic whose other terms bend the other way prove nothing alone.
    mixed = x[0] ** 2 + x[1] ** 2 - 2 * (x[0] * x[1]) + x[2] ** 2
    assert not certify(mixed + A.exp(x[2]), x).strictly_convex


def test_a_product_of_a_vector_with_itself_is_a_square():
    found = certify(x @ x + A.norm(x, ord=1), x)
    assert found.modulus == pytest.approx(2.0)
    found = certify(A.exp(x).sum() + (M @ x) @ (M @ x), x)
    assert found.modulus == pytest.approx(2 * np.linalg.eigvalsh(M.T @ M)[0])
    rows = tv.variable(np.zeros((2, 3)), name="rows")
    weighted = A.vecdot(rows, rows) @ np.array([1.0, 0.0])
    assert certify(weighted + A.norm(rows, ord=1), rows).verdict is Verdict.CONVEX
    assert certify(A.vecdot(rows, rows).sum() + A.norm(rows, ord=1), rows).modulus == 2.0
