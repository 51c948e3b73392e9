"""First values: the variances of the papers, and where the draws come from."""

import math

import numpy as np
import pytest
from scipy import stats

from trivium.engine import random
from trivium.learning import initializers as book
from trivium.learning.errors import RequestError
from trivium.learning.models import parameter

FAN_IN, FAN_OUT = 160, 240


def drawn(how: book.Initializer, shape: tuple[int, ...] = (FAN_IN, FAN_OUT), seed: int = 0):
    value = parameter(shape, how)
    value.draw(random.key(seed))
    return value.value


@pytest.mark.parametrize(
    ("how", "variance"),
    [
        (book.GlorotUniform(), 2 / (FAN_IN + FAN_OUT)),
        (book.GlorotNormal(), 2 / (FAN_IN + FAN_OUT)),
        (book.HeUniform(), 2 / FAN_IN),
        (book.HeNormal(), 2 / FAN_IN),
        (book.LeCunUniform(), 1 / FAN_IN),
        (book.LeCunNormal(), 1 / FAN_IN),
        (book.Uniform(-0.3, 0.3), 0.6**2 / 12),
        (book.Normal(0.0, 0.2), 0.2**2),
    ],
    ids=repr,
)
def test_mean_variance_and_distribution_are_the_papers(
    how: book.Initializer, variance: float
) -> None:
    sample = drawn(how).ravel()
    deviation = math.sqrt(variance)
    # Five standard errors: a right implementation fails once in a million seeds.
    n = sample.size
    assert abs(sample.mean()) < 5 * deviation / math.sqrt(n)
    assert abs(sample.var() / variance - 1) < 5 * math.sqrt(2 / n)
    if "Uniform" in type(how).__name__:
        bound = math.sqrt(3) * deviation
        law = stats.uniform(-bound, 2 * bound)
        assert np.abs(sample).max() <= bound
    else:
        law = stats.norm(0, deviation)
    assert stats.kstest(sample, law.cdf).pvalue > 1e-4


def test_the_signal_keeps_its_size_through_deep_layers() -> None:
    """He et al. 2015, eq. 9: with relu, E[z²] is the same in every layer."""
    x = np.random.default_rng(0).normal(size=(500, 300))
    first = (x**2).mean()
    for seed in range(10):
        x = np.maximum(x, 0) @ drawn(book.HeNormal(), (300, 300), seed)
    # The logarithm of the ratio has deviation √(5·10/300) ≈ 0.4; half the variance gives 2⁻¹⁰.
    assert 0.2 < (x**2).mean() / first < 5


def test_fans_of_matrices_vectors_scalars_and_kernels() -> None:
    assert book.fans((30, 10)) == (30, 10)
    assert book.fans((30,)) == (30, 1)
    assert book.fans(()) == (1, 1)
    assert book.fans((3, 3, 16, 32)) == (9 * 16, 9 * 32)
    assert book.fans((0, 4)) == (1, 4)


@pytest.mark.parametrize("shape", [(40, 40), (50, 20), (20, 50), (2, 5, 7), (6,), (), (3, 0)])
def test_orthogonal_matrices_have_orthonormal_rows_or_columns(shape: tuple[int, ...]) -> None:
    value = drawn(book.Orthogonal(2.0), shape)
    assert value.shape == shape
    if not value.size:
        return
    matrix = value.reshape(-1, shape[-1]) if shape else value.reshape(1, 1)
    short = matrix if len(matrix) <= len(matrix.T) else matrix.T
    np.testing.assert_allclose(short @ short.T, 4 * np.eye(len(short)), atol=1e-12)


def test_orthogonal_matrices_are_spread_evenly() -> None:
    """Without the sign rule QR would favour one half: the diagonal's sign would be fixed."""
    corners = np.array([drawn(book.Orthogonal(), (3, 3), seed)[0, 0] for seed in range(400)])
    # An entry of a uniform rotation of 3-space is uniform on [-1, 1] (Archimedes).
    assert stats.kstest(corners, stats.uniform(-1, 2).cdf).pvalue > 1e-3


@pytest.mark.parametrize("name", ["he_normal", "orthogonal", "lecun_uniform"])
def test_the_draw_depends_on_the_key_alone(name: str) -> None:
    how = book.initializer(name)
    one, again, other = drawn(how), drawn(how), drawn(how, seed=1)
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_both_dtypes_start_at_the_same_value_up_to_rounding() -> None:
    single = parameter((20, 30), "he_normal", "float32")
    single.draw(random.key(3))
    assert single.value.dtype == np.float32
    np.testing.assert_array_equal(
        single.value, drawn(book.HeNormal(), (20, 30), 3).astype(np.float32)
    )


def test_constants() -> None:
    assert (drawn(book.Zeros(), (2, 3)) == 0).all()
    assert (drawn(book.Ones(), (2, 3)) == 1).all()
    assert (drawn(book.initializer(0.25), (2, 3)) == 0.25).all()
    assert (drawn(book.Normal(1.5, 0.0), (2, 3)) == 1.5).all()
    assert (drawn(book.Uniform(2.0, 2.0), (2, 3)) == 2).all()


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("glorot_uniform", book.GlorotUniform),
        ("xavier-uniform", book.GlorotUniform),
        ("Xavier_Normal", book.GlorotNormal),
        ("kaiming_normal", book.HeNormal),
        ("HeUniform", book.HeUniform),
        ("lecun_normal", book.LeCunNormal),
        ("zeros", book.Zeros),
    ],
)
def test_names(name: str, cls: type) -> None:
    assert type(book.initializer(name)) is cls


@pytest.mark.parametrize(
    ("init", "says"),
    [
        ("golrot_uniform", "Did you mean 'glorot_uniform'?"),
        ("banana", "Choose from: glorot_uniform, glorot_normal, he_uniform"),
        ("constant", "init=0.1"),
        ("constant_value", "init=0.1"),
        (None, "must be a name"),
        (True, "must be a name"),
        (float("nan"), "must be a finite number"),
        (book.Zeros, "must be a name"),
    ],
)
def test_wrong_initialisers_are_refused(init: object, says: str) -> None:
    with pytest.raises(RequestError) as refusal:
        parameter((2,), init)
    assert says in str(refusal.value)


def test_wrong_options_are_refused() -> None:
    for wrong in (
        lambda: book.Normal(std=-1),
        lambda: book.Uniform(1, 0),
        lambda: book.Orthogonal(float("inf")),
        lambda: book.ConstantValue("3"),
    ):
        with pytest.raises(RequestError):
            wrong()


def test_an_initialiser_of_ones_own() -> None:
    class Diagonal(book.Initializer):
        def draw(self, key, shape):
            return np.eye(*shape)

    class Broken(book.Initializer):
        def draw(self, key, shape):
            return np.zeros((1, 1))

    np.testing.assert_array_equal(drawn(Diagonal(), (3, 4)), np.eye(3, 4))
    with pytest.raises(RequestError, match=r"Broken\(\) .* gave shape \(1, 1\)"):
        drawn(Broken(), (3, 4))


def test_the_activation_chooses_the_rule() -> None:
    assert isinstance(book.initializer_for("relu"), book.HeNormal)
    assert isinstance(book.initializer_for("gelu"), book.HeNormal)
    assert isinstance(book.initializer_for("selu"), book.LeCunNormal)
    assert isinstance(book.initializer_for("tanh"), book.GlorotUniform)
    assert isinstance(book.initializer_for(None), book.GlorotUniform)
