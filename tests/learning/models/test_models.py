"""The models compute their formulas."""

import numpy as np
import pytest

from trivium.engine import array, random
from trivium.engine.tensor import input, tensor, variable
from trivium.engine.transforms import gradient
from trivium.engine.traversal import topological
from trivium.learning import mode
from trivium.learning.errors import RequestError
from trivium.learning.models import MLP, Formula, Linear, Model, ThresholdNeuron, parameter

RNG = np.random.default_rng(1)
X = RNG.normal(size=(9, 5))
IMAGES = RNG.normal(size=(9, 2, 3, 4))


def labels(expression) -> list[str]:
    found = topological([expression])
    return [node.name for node in found if node.primitive.name == "label"]


# Linear


@pytest.mark.parametrize("outputs", [None, 1, 4])
@pytest.mark.parametrize("bias", [True, False])
def test_linear_is_x_w_plus_b(outputs: int | None, bias: bool) -> None:
    model = Linear(outputs, bias=bias, init="he_normal")
    made = model(X)
    w = model.weight.value
    b = RNG.normal(size=model.bias.shape) if bias else 0.0
    if bias:
        model.bias.assign(b)
    assert made.shape == ((9,) if outputs is None else (9, outputs))
    np.testing.assert_allclose(made.value, X @ w + b)
    np.testing.assert_allclose(model.net(X).value, made.value)
    assert list(model.parameters()) == (["weight", "bias"] if bias else ["weight"])
    assert model.output == "scores"


def test_linear_starts_at_zero_alone_and_by_glorot_inside_another_model() -> None:
    class Two(Model):
        def __init__(self):
            self.hidden, self.last = Linear(3), Linear()

        def __call__(self, x):
            return self.last(array.tanh(self.hidden(x)))

    alone, two = Linear(3), Two()
    alone(X)
    two(X)
    alone.initialise(0)
    two.initialise(0)
    assert (alone.weight.value == 0).all()
    assert (two.hidden.weight.value != 0).all()
    # With both at zero every gradient but the last bias's would vanish for ever.
    loss = (two(X) ** 2).sum()
    assert (gradient(loss, two.hidden.weight).value != 0).any()


def test_images_are_flattened_in_row_major_order() -> None:
    flat = IMAGES.reshape(9, -1)
    for model in (Linear(2, init="he_normal"), MLP([3])):
        np.testing.assert_array_equal(model(IMAGES).value, model(flat).value)
    neuron = ThresholdNeuron()
    assert neuron(IMAGES).shape == (9,)
    assert neuron.weight.shape == (24,)


def test_one_number_per_example_is_one_feature() -> None:
    numbers = np.arange(6.0)
    for model in (Linear(init="he_normal"), MLP([3]), ThresholdNeuron()):
        np.testing.assert_array_equal(model(numbers).value, model(numbers[:, None]).value)


@pytest.mark.parametrize("x", [np.ones((0, 5)), np.ones((4, 0)), np.ones((0, 2, 3))])
def test_no_examples_and_no_features(x: np.ndarray) -> None:
    for model in (Linear(), Linear(2), MLP([3], outputs=2), ThresholdNeuron()):
        made = model(x)
        assert made.shape[0] == len(x)
        assert np.isfinite(made.value).all()


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


@pytest.mark.parametrize("make", [Linear, lambda **k: MLP([4], **k)])
def test_outputs_as_probabilities(make) -> None:
    scores, binary = make(init="he_normal"), make(init="he_normal", output="sigmoid")
    np.testing.assert_allclose(binary(X).value, sigmoid(scores(X).value))
    assert binary.output == "probability"
    scores, classes = make(outputs=3), make(outputs=3, output="softmax")
    z = np.exp(scores(X).value)
    np.testing.assert_allclose(classes(X).value, z / z.sum(1, keepdims=True))
    assert make(outputs=3, output="sigmoid")(X).shape == (9, 3)


def test_softmax_over_the_examples_is_refused() -> None:
    for model in (Linear(output="softmax"), MLP([4], output="softmax")):
        with pytest.raises(ValueError, match=r"softmax.*\n.*the scores.*\n.*\(N, K\)"):
            model(X)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Linear(0), "outputs must be a whole number of at least 1, got 0"),
        (lambda: Linear("3"), "outputs must be"),
        (lambda: Linear(output="relu"), "output must be None .* 'sigmoid' .* 'softmax'"),
        (lambda: Linear(bias=1), "bias must be True or False"),
        (lambda: Linear(init="he_uniforn"), "Did you mean 'he_uniform'"),
        (lambda: MLP([0]), "hidden must be the sizes"),
        (lambda: MLP([3, -1]), "hidden must be the sizes"),
        (lambda: MLP("128,64"), "hidden must be the sizes"),
        (lambda: MLP(None), "hidden must be the sizes"),
        (lambda: MLP([3], activation="rleu"), "Did you mean 'relu'?"),
        (lambda: MLP([3], activation=None), "without one all layers together are one linear"),
        (lambda: MLP([3], activation=3), "no activation is called 3"),
        (lambda: MLP([3], dropout=1.2), "dropout must be at least 0 and below 1, got 1.2"),
        (lambda: MLP([3], dropout=1), "dropout must be"),
        (lambda: MLP([3], dropout=-0.1), "dropout must be"),
        (lambda: MLP([3], outputs=0), "outputs must be"),
        (lambda: MLP([3], output="probability"), "output must be"),
    ],
)
def test_wrong_hyperparameters_are_refused_at_construction(make, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        make()


# MLP


def test_an_mlp_is_affine_and_activation_layer_by_layer() -> None:
    model = MLP([6, 4], activation="tanh", outputs=3)
    made = model(X)
    p = {path: each.value for path, each in model.parameters().items()}
    assert list(p) == [f"layers.{i}.{name}" for i in range(3) for name in ("weight", "bias")]
    assert [p[f"layers.{i}.weight"].shape for i in range(3)] == [(5, 6), (6, 4), (4, 3)]
    a = X
    for i in range(2):
        a = np.tanh(a @ p[f"layers.{i}.weight"] + p[f"layers.{i}.bias"])
    np.testing.assert_allclose(made.value, a @ p["layers.2.weight"] + p["layers.2.bias"])
    assert sorted(labels(made)) == ["a[1]", "a[2]", "z[1]", "z[2]", "z[3]"]


def test_an_mlp_without_hidden_layers_is_linear() -> None:
    mlp, linear = MLP([], outputs=3), Linear(3, init="glorot_uniform")
    np.testing.assert_array_equal(mlp(X).value, linear(X).value)


def test_hidden_may_be_one_number_a_tuple_or_numpy_numbers() -> None:
    assert MLP(3).hidden == [3]
    assert MLP((3, 4)).hidden == [3, 4]
    assert MLP([np.int64(3)]).hidden == [3]


def test_the_start_follows_the_activation() -> None:
    x = RNG.normal(size=(2, 400))

    def variance(**options) -> float:
        model = MLP([300, 200], **options)
        model(x)
        return model.layers[0].weight.value.var()

    assert variance(activation="relu") == pytest.approx(2 / 400, rel=0.05)
    assert variance(activation="selu") == pytest.approx(1 / 400, rel=0.05)
    assert variance(activation="tanh") == pytest.approx(2 / 700, rel=0.05)
    assert variance(activation="relu", init="glorot_normal") == pytest.approx(2 / 700, rel=0.05)


def test_an_activation_of_ones_own_may_be_a_function_or_a_layer_with_parameters() -> None:
    class PReLU(Model):
        def __init__(self):
            self.slope = variable(0.25)

        def __call__(self, x):
            return array.where(x > 0, x, self.slope * x)

    plain = MLP([4], activation=lambda z: z * 2.0)
    np.testing.assert_allclose(plain(X).value, MLP([4], activation=lambda z: 2.0 * z)(X).value)
    learned = MLP([4, 4], activation=PReLU())
    learned(X)
    # One layer, shared by both hidden layers.
    assert [p for p in learned.parameters() if "slope" in p] == ["activation.slope"]


def test_the_dropout_of_an_mlp_acts_in_training_only() -> None:
    model = MLP([50, 50], dropout=0.5)
    np.testing.assert_array_equal(model(X).value, model(X).value)
    with mode.training(random.key(0)):
        one, other = model(X).value, model(X).value
    assert (one != other).all()
    with mode.training(random.key(0)):
        np.testing.assert_array_equal(model(X).value, one)


def test_xor_needs_and_has_enough_in_two_hidden_units() -> None:
    """M5: XOR = OR minus AND, each a logistic regression."""
    model = MLP([2], activation="step")
    corners = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    model(corners)
    model.layers[0].weight.assign([[1, 1], [1, 1]])
    model.layers[0].bias.assign([-0.5, -1.5])
    model.layers[1].weight.assign([1, -1])
    np.testing.assert_array_equal(model(corners).value, [0, 1, 1, 0])


# ThresholdNeuron


def test_a_threshold_neuron_fires_when_the_sum_reaches_the_threshold() -> None:
    """M1; McCulloch & Pitts 1943: AND and OR are one neuron with other thresholds."""
    corners = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    neuron = ThresholdNeuron()
    assert neuron(corners).value.tolist() == [1, 1, 1, 1]  # 0 ≥ 0
    neuron.weight.assign([1.0, 1.0])
    neuron.threshold.assign(2.0)
    assert neuron(corners).value.tolist() == [0, 0, 0, 1]
    neuron.threshold.assign(1.0)
    assert neuron(corners).value.tolist() == [0, 1, 1, 1]
    np.testing.assert_array_equal(neuron.net(corners).value, [-1, 0, 0, 1])
    assert neuron.output == "probability"
    assert list(neuron.parameters()) == ["weight", "threshold"]


def test_the_step_passes_no_gradient_but_the_net_input_does() -> None:
    neuron = ThresholdNeuron()
    assert (gradient(neuron(X).sum(), neuron.weight).value == 0).all()
    np.testing.assert_allclose(gradient(neuron.net(X).sum(), neuron.weight).value, X.sum(0))
    assert gradient(neuron.net(X).sum(), neuron.threshold).item() == -9


def test_a_threshold_neuron_has_one_output() -> None:
    assert ThresholdNeuron().prepare(input((9, 5), name="x")).shape == (9,)
    with pytest.raises(RequestError, match=r"gives shape \(N,\).*need \(N, 3\)"):
        ThresholdNeuron().prepare(input((9, 5), name="x"), 3)


# Formula


def test_a_formula_is_its_expression() -> None:
    model = Formula(lambda x, a, b: a * array.exp(-b * x[:, 0]), a=2.0, b=0.5)
    np.testing.assert_allclose(model(X).value, 2 * np.exp(-0.5 * X[:, 0]))
    assert list(model.parameters()) == ["a", "b"]
    assert model.a is model.parameters()["a"]
    assert model.a.name == "a"
    made = model(X).sum()
    np.testing.assert_allclose(gradient(made, model.a).value, np.exp(-0.5 * X[:, 0]).sum())


def test_starts_may_be_whole_numbers_arrays_variables_or_drawn() -> None:
    shared = variable(4.0)
    model = Formula(
        lambda x, whole, array, shared, drawn: x @ array + whole * shared + drawn,
        whole=1, array=np.arange(5), shared=shared, drawn=parameter((), "he_normal"),
    )  # fmt: skip
    assert model.whole.dtype == model.array.dtype == np.float64
    assert model.shared is shared
    model.initialise(0)
    expected = X @ np.arange(5) + 4 + model.drawn.value
    np.testing.assert_allclose(model(X).value, expected)


def test_parameter_names_may_be_those_of_methods_and_of_f_itself() -> None:
    def f(x, f, copy, parameters, output):
        return x[:, 0] * f + copy + parameters + output

    model = Formula(f, f=2.0, copy=1.0, parameters=0.0, output=0.0)
    np.testing.assert_allclose(model(X).value, 2 * X[:, 0] + 1)
    assert list(model.copy().parameters()) == ["f", "copy", "parameters", "output"]


def test_a_formulas_copy_is_independent() -> None:
    model = Formula(lambda x, a: x[:, 0] * a, a=1.0)
    copied = model.copy("float32")
    copied.a.assign(3.0)
    assert copied.a.dtype == np.float32
    assert model.a.item() == 1.0
    np.testing.assert_allclose(copied(X).value, 3 * X[:, 0])


def g(x, alpha, beta, gamma=1.0):
    return x


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda: Formula(g, alpha=1.0),
            r"g\(x, alpha, beta, gamma=1.0\) has the parameter beta without a start",
        ),
        (lambda: Formula(g), r"parameters alpha, beta without a start.*alpha=0.0, beta=0.0"),
        (
            lambda: Formula(g, alpha=1.0, beta=1.0, gama=2.0),
            r"no parameter 'gama'. Did you mean 'gamma'\? Its parameters: alpha, beta, gamma",
        ),
        (lambda: Formula(lambda x, a: x, a=True), "truth value"),
        (lambda: Formula(lambda x, a: x, a="1"), "start of 'a' is no number"),
        (lambda: Formula(lambda x, a: x, a=None), "start of 'a' is no number"),
        (lambda: Formula(lambda x, a: x, a=[[1.0], [2.0, 3.0]]), "start of 'a' is no number"),
        (lambda: Formula(lambda: 0), r"features first.*f\(\)"),
        (lambda: Formula(lambda *, x: 0), "features first"),
        (lambda: Formula(3), "must be a function"),
        (lambda: Formula("a * x", a=1.0), "must be a function"),
    ],
)
def test_formulas_that_do_not_fit_their_parameters_are_refused(make, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        make()


def test_signatures_that_tell_less_are_accepted() -> None:
    np.testing.assert_allclose(Formula(lambda x, **p: x * p["a"], a=2.0)(X).value, 2 * X)
    np.testing.assert_allclose(Formula(lambda *x, a: x[0] * a, a=2.0)(X).value, 2 * X)
    np.testing.assert_allclose(Formula(array.exp)(X).value, np.exp(X))


def test_printed_formulas_show_where_the_parameters_stand() -> None:
    model = Formula(g, alpha=1.5, beta=np.ones(3))
    assert repr(model) == "Formula(g, alpha=1.5, beta=<(3,)>)"
    model.alpha.assign(2.0)
    assert "alpha=2" in repr(model)
    with pytest.raises(AttributeError, match="no attribute or parameter 'delta'"):
        model.delta


def test_a_formula_over_a_model_learns_that_model_too() -> None:
    inner = MLP([3])
    model = Formula(inner)
    model(X)
    assert next(iter(model.parameters())) == "f.layers.0.weight"
    assert model.prepare(input((9, 5), name="x")).shape == (9,)


def test_tensors_made_by_the_user_work_too() -> None:
    x = tensor(X)
    model = Linear()
    np.testing.assert_allclose(gradient(model(x).sum(), x).value, np.zeros((9, 5)))


def test_gradient_descent_from_zero_finds_the_shortest_least_squares_solution() -> None:
    """With fewer examples than features the pseudoinverse's solution is the shortest."""
    from trivium.engine.program import Program

    x, y = RNG.normal(size=(4, 9)), RNG.normal(size=4)
    model = Linear(bias=False)
    loss = ((model(x) - y) ** 2).mean()
    model.initialise(0)
    step = {model.weight: model.weight - 0.1 * gradient(loss, model.weight)}
    Program((), (), step).run(steps=3000)
    np.testing.assert_allclose(model.weight.value, np.linalg.pinv(x) @ y, atol=1e-8)
