"""The layers compute their formulas."""

import math

import numpy as np
import pytest
from scipy import special, stats

from trivium.engine import array, random
from trivium.engine.program import Program
from trivium.engine.tensor import tensor, variable
from trivium.engine.transforms import gradient
from trivium.learning import mode
from trivium.learning.errors import RequestError
from trivium.learning.layers import (
    ACTIVATIONS,
    Activation,
    Dense,
    Dropout,
    Flatten,
    Sequential,
)
from trivium.learning.models import Model

RNG = np.random.default_rng(2)
X = RNG.normal(size=(6, 4))

# Activations (concept M10): an independent definition of each.

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
DEFINITIONS = {
    "identity": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "relu6": lambda x: np.clip(x, 0, 6),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "celu": lambda x: np.maximum(x, 0) + np.minimum(0, np.expm1(x)),
    "selu": lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(x)),
    "gelu": lambda x: x * stats.norm.cdf(x),
    "silu": lambda x: x * special.expit(x),
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "softplus": lambda x: np.logaddexp(0, x),
    "sigmoid": special.expit,
    "log_sigmoid": special.log_expit,
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "tanh": np.tanh,
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "softsign": lambda x: x / (1 + abs(x)),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "softmax": lambda x: special.softmax(x, axis=-1),
    "log_softmax": lambda x: special.log_softmax(x, axis=-1),
    "step": lambda x: np.where(x >= 0, 1.0, 0.0),
}
POINTS = np.array([[-30.0, -7.3, -3.1, -1.01, -0.4, -1e-6], [0.0, 1e-6, 0.7, 2.9, 6.2, 40.0]])


def test_every_activation_has_a_definition_here() -> None:
    assert set(DEFINITIONS) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_activations_are_their_definitions(name: str, dtype: str) -> None:
    x = POINTS.astype(dtype)
    made = Activation(name)(x)
    assert made.dtype == dtype
    expected = DEFINITIONS[name](x.astype(np.float64))
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(made.value, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_have_the_derivatives_of_their_definitions(name: str) -> None:
    smooth = np.array([[-4.3, -2.2, -0.7, -0.3], [0.2, 0.6, 1.7, 5.1]])
    at = tensor(smooth)
    weight = RNG.normal(size=smooth.shape)
    found = gradient((Activation(name)(at) * weight).sum(), at).value
    step = 1e-6
    for index in np.ndindex(smooth.shape):
        high, low = smooth.copy(), smooth.copy()
        high[index] += step
        low[index] -= step
        rise = ((DEFINITIONS[name](high) - DEFINITIONS[name](low)) * weight).sum() / (2 * step)
        assert found[index] == pytest.approx(rise, rel=1e-4, abs=1e-7), (name, index)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_no_activation_overflows_in_value_or_derivative(name: str) -> None:
    at = tensor([[-1e4, -800.0, 0.0, 800.0, 1e4]])
    made = Activation(name)(at)
    assert np.isfinite(made.value).all()
    assert np.isfinite(gradient(made.sum(), at).value).all()


def test_sigmoid_has_the_derivative_of_the_notes() -> None:
    """M1: σ' = σ(1 − σ)."""
    at = tensor(np.linspace(-3, 3, 7))
    s = Activation("sigmoid")(at)
    np.testing.assert_allclose(gradient(s.sum(), at).value, s.value * (1 - s.value))


def test_selu_keeps_mean_zero_and_variance_one() -> None:
    """Klambauer et al. 2017: (0, 1) is a fixed point for normal net inputs."""
    grid = np.linspace(-12, 12, 200_001)
    density = stats.norm.pdf(grid) * (grid[1] - grid[0])
    y = Activation("selu")(grid).value
    assert (y * density).sum() == pytest.approx(0, abs=1e-6)
    assert (y**2 * density).sum() == pytest.approx(1, abs=1e-5)


def test_options_of_activations() -> None:
    x = np.array([-2.0, 3.0])
    np.testing.assert_allclose(Activation("leaky_relu", slope=0.3)(x).value, [-0.6, 3.0])
    np.testing.assert_allclose(
        Activation("celu", alpha=2.0)(x).value, [2 * math.expm1(-1), 3.0]
    )
    assert repr(Activation("elu", alpha=0.5)) == "Activation(function='elu', alpha=0.5)"


def test_any_callable_is_an_activation() -> None:
    def squash(x, scale=1.0):
        return array.atan(x) * scale

    np.testing.assert_allclose(Activation(squash, scale=2.0)(X).value, 2 * np.arctan(X))
    assert repr(Activation(squash)) == "Activation(function=squash)"


def test_aliases_are_one_activation() -> None:
    for alias, name in {"swish": "silu", "hard_swish": "hard_silu", "ReLU": "relu",
                        "leaky-relu": "leaky_relu", "linear": "identity"}.items():  # fmt: skip
        assert Activation(alias).function == name


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Activation("rleu"), r"no activation is called 'rleu'. Did you mean 'relu'\?"),
        (lambda: Activation("sigmiod"), "Did you mean 'sigmoid'?"),
        (lambda: Activation("banana"), "Choose from: identity, relu"),
        (lambda: Activation(3), "no activation is called 3"),
        (lambda: Activation(None), "no activation is called None"),
        (lambda: Activation("elu", alhpa=1), "elu has no option 'alhpa'. Did you mean 'alpha'"),
        (lambda: Activation("relu", slope=1), "relu has no option 'slope'"),
        (lambda: Activation(Dense(3)), "is a layer already"),
        (lambda: Dense(0), "units must be a whole number of at least 1, got 0"),
        (lambda: Dense(-3), "units must be"),
        (lambda: Dense(2.5), "units must be"),
        (lambda: Dense(True), "units must be"),
        (lambda: Dense("3"), "units must be"),
        (lambda: Dense(3, activation="rleu"), "Dense: no activation .* Did you mean 'relu'"),
        (lambda: Dense(3, bias=None), "bias must be True or False"),
        (lambda: Dense(3, init="he_norml"), "Did you mean 'he_normal'"),
        (lambda: Dropout(1.2), "Dropout: rate must be at least 0 and below 1, got 1.2"),
        (lambda: Dropout(1.0), "rate must be"),
        (lambda: Dropout(-0.1), "rate must be"),
        (lambda: Dropout(float("nan")), "rate must be"),
        (lambda: Dropout("0.5"), "rate must be"),
        (lambda: Sequential([Dense(3)]), "with a star"),
        (lambda: Sequential("relu"), r"write tv.layers.Activation\('relu'\)"),
        (lambda: Sequential(np.tanh), r"write tv.layers.Activation\(tanh\)"),
        (lambda: Sequential(Dense), r"the class Dense.*write Dense\(...\)"),
        (lambda: Sequential(Dense(3), 4), "argument 1 is 4, not a layer"),
    ],
)
def test_wrong_layers_are_refused_at_construction(make, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        make()


# Dense


@pytest.mark.parametrize("shape", [(6, 4), (2, 3, 4), (0, 4), (6, 0), (2, 2, 2, 4)])
@pytest.mark.parametrize("units", [None, 3])
def test_dense_acts_on_the_last_axis(shape: tuple[int, ...], units: int | None) -> None:
    x = RNG.normal(size=shape)
    layer = Dense(units, activation="tanh")
    made = layer(x)
    assert made.shape == (shape[:-1] if units is None else (*shape[:-1], units))
    b = RNG.normal(size=layer.bias.shape)
    layer.bias.assign(b)
    np.testing.assert_allclose(made.value, np.tanh(x @ layer.weight.value + b))


def test_dense_without_bias_is_linear_in_the_features() -> None:
    layer = Dense(3, bias=False)
    np.testing.assert_allclose(layer(2 * X).value, 2 * layer(X).value)
    assert list(layer.parameters()) == ["weight"]


def test_the_derivatives_of_a_layer() -> None:
    layer = Dense(3, activation="tanh")
    layer(X)
    x = tensor(X)
    made = layer(x).sum()
    slope = 1 - layer(X).value ** 2
    np.testing.assert_allclose(gradient(made, layer.weight).value, X.T @ slope)
    np.testing.assert_allclose(gradient(made, layer.bias).value, slope.sum(0))
    np.testing.assert_allclose(gradient(made, x).value, slope @ layer.weight.value.T)


def test_a_layer_is_a_probability_when_it_ends_in_one() -> None:
    assert Dense(3, activation="sigmoid").output == "probability"
    assert Dense(3, activation="relu").output == Dense(3).output == "scores"
    assert Activation("softmax").output == "probability"
    assert Sequential(Dense(3), Activation("softmax"), Dropout(0.1)).output == "probability"
    assert Sequential(Activation("sigmoid"), Dense(3)).output == "scores"
    assert Sequential().output == "scores"


# Flatten


@pytest.mark.parametrize("shape", [(5,), (5, 3), (5, 2, 3), (0, 2, 3), (5, 0, 2), (1, 1, 1, 1)])
def test_flatten_keeps_the_examples_apart(shape: tuple[int, ...]) -> None:
    x = RNG.normal(size=shape)
    made = Flatten()(x)
    assert made.shape == (shape[0], math.prod(shape[1:]))
    np.testing.assert_array_equal(made.value, x.reshape(made.shape))


# Dropout


def test_dropout_is_the_identity_outside_training() -> None:
    x = tensor(X)
    assert Dropout(0.5)(x) is x
    with mode.training(random.key(0)):
        assert Dropout(0.0)(x) is x


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dropout_drops_at_its_rate_and_keeps_the_expectation(rate: float, dtype: str) -> None:
    n = 40_000
    x = np.full((n // 100, 100), 3.0, dtype)
    with mode.training(random.key(4)):
        made = Dropout(rate)(x)
    y = made.value
    assert made.dtype == dtype
    kept = y != 0
    np.testing.assert_allclose(y[kept], 3.0 / (1 - rate), rtol=1e-6)
    # Five standard errors of a binomial share.
    assert abs(kept.mean() - (1 - rate)) < 5 * math.sqrt(rate * (1 - rate) / n)
    assert abs(np.corrcoef(kept[:, 0], kept[:, 1])[0, 1]) < 5 / math.sqrt(len(kept))


@pytest.mark.parametrize("x", [np.ones((3, 4), np.int64), np.ones(()), np.ones((0, 5))])
def test_dropout_of_integers_scalars_and_nothing(x: np.ndarray) -> None:
    with mode.training(random.key(0)):
        made = Dropout(0.5)(x)
    assert made.shape == x.shape
    assert set(made.value.ravel()) <= {0.0, 2.0}


def test_dropped_units_pass_no_gradient() -> None:
    x = tensor(X)
    with mode.training(random.key(0)):
        made = Dropout(0.5)(x)
    found = gradient(made.sum(), x).value
    np.testing.assert_array_equal(found, np.where(made.value != 0, 2.0, 0.0))


def test_infinite_units_that_are_dropped_leave_no_nan() -> None:
    with mode.training(random.key(0)):
        made = Dropout(0.5)(np.full(100, np.inf)).value
    assert set(made) == {0.0, np.inf}


def test_every_layer_and_every_key_drops_differently() -> None:
    x = np.ones((20, 20))
    with mode.training(random.key(0)):
        layer = Dropout(0.5)
        masks = [layer(x).value, layer(x).value, Dropout(0.5)(x).value]
    with mode.training(random.key(1)):
        masks.append(Dropout(0.5)(x).value)
    with mode.training(random.key(0)):
        again = Dropout(0.5)(x).value
    for i, one in enumerate(masks):
        for other in masks[i + 1 :]:
            assert 0.3 < (one == other).mean() < 0.7
    np.testing.assert_array_equal(masks[0], again)


def test_a_key_that_counts_steps_drops_anew_at_every_step() -> None:
    step = variable(0)
    with mode.training(random.fold_in(random.key(0), step)):
        made = Dropout(0.5)(np.ones(200))
    runs = Program((), made, {step: step + 1}).run(steps=3)
    assert ((runs[0] != runs[1]).mean(), (runs[1] != runs[2]).mean()) > (0.3, 0.3)


def test_training_modes_nest_and_end() -> None:
    assert not mode.is_training()
    assert mode.next_key() is None
    with mode.training(random.key(0)):
        assert mode.is_training()
        first = mode.next_key().value
        with mode.training(random.key(0)):
            np.testing.assert_array_equal(mode.next_key().value, first)
        assert (mode.next_key().value != first).any()
    with pytest.raises(RuntimeError), mode.training(random.key(0)):
        raise RuntimeError
    assert not mode.is_training()


# Sequential


def test_sequential_composes_in_order() -> None:
    first, second = Dense(3, activation="tanh"), Dense(2)
    both = Sequential(first, second)
    np.testing.assert_array_equal(both(X).value, second(first(X)).value)
    assert list(both.parameters())[:2] == ["layers.0.weight", "layers.0.bias"]
    assert len(both) == 2
    assert both[0] is first
    assert list(both) == [first, second]
    assert list(both[:1]) == [first]
    assert isinstance(both[:1], Sequential)


def test_no_layers_are_the_identity() -> None:
    np.testing.assert_array_equal(Sequential()(X).value, X)


def test_the_open_layer_is_the_last_that_has_a_size() -> None:
    last = Dense()
    assert Sequential(Dense(3), last, Activation("sigmoid"), Dropout(0.1)).open_layer() is last
    assert Sequential(Dense(3), Sequential(last)).open_layer() is last
    assert Sequential(Dense(), Dense(3)).open_layer() is None
    assert Sequential().open_layer() is None


def test_a_layer_in_two_places_is_one_layer() -> None:
    shared = Dense(4)
    twice = Sequential(shared, Activation("tanh"), shared)
    made = twice(X)
    assert list(twice.parameters()) == ["layers.0.weight", "layers.0.bias"]
    w, b = shared.weight.value, shared.bias.value
    np.testing.assert_allclose(made.value, np.tanh(X @ w + b) @ w + b)


def test_own_layers_mix_with_the_others() -> None:
    class Scale(Model):
        def __init__(self):
            self.factor = variable(2.0)

        def __call__(self, x):
            return x * self.factor

    model = Sequential(Flatten(), Scale(), Dense(3))
    model(X)
    assert list(model.parameters()) == ["layers.1.factor", "layers.2.weight", "layers.2.bias"]
