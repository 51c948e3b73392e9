"""Critical points of functions whose Hessians are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import trivium as tv
from trivium.mathematics.optimality import Kind, as_function, classify

A, O = tv.array, tv.objectives
ONES = (np.ones((3, 1)), np.ones(3))


@given(st.lists(st.sampled_from([-3.0, -0.5, 0.0, 0.25, 2.0]), min_size=1, max_size=6),
       st.integers(0, 2**32 - 1))  # fmt: skip
def test_a_quadratic_is_what_its_eigenvalues_say(values, seed):
    rng = np.random.default_rng(seed)
    q, _ = np.linalg.qr(rng.normal(size=(len(values), len(values))))
    matrix, centre = q * values @ q.T, rng.normal(size=len(values))

    def f(x):
        return 0.5 * (x - centre) @ (tv.tensor(matrix) @ (x - centre))

    found = classify(f, centre)
    assert found.complete
    np.testing.assert_allclose(found.eigenvalues, sorted(values), atol=1e-12)
    signs = np.sign(values)
    expected = (
        Kind.SADDLE if signs.min() < 0 < signs.max()
        else Kind.DEGENERATE if 0 in signs
        else Kind.MINIMUM if signs.min() > 0
        else Kind.MAXIMUM
    )  # fmt: skip
    if not any(values):
        expected = Kind.DEGENERATE
    assert found.kind is expected
    assert (found.negative, found.positive) == ((signs < 0).sum(), (signs > 0).sum())
    assert found.direction @ matrix @ found.direction == pytest.approx(min(values), abs=1e-12)


def himmelblau(x):
    return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2


@pytest.mark.parametrize(
    ("point", "kind"),
    [
        ((3.0, 2.0), Kind.MINIMUM),
        ((-0.270845, -0.923039), Kind.MAXIMUM),
        ((0.0866775, 2.884255), Kind.SADDLE),
        ((1.0, 1.0), Kind.NOT_CRITICAL),
    ],
)
def test_himmelblau(point, kind):
    found = classify(himmelblau, np.array(point), gradient_tolerance=1e-3)
    assert found.kind is kind
    assert kind.value in str(found)


def test_the_way_down_from_a_saddle():
    found = classify(lambda x: x[0] ** 2 - 3 * x[1] ** 2, [0.0, 0.0])
    assert found.kind is Kind.SADDLE
    np.testing.assert_allclose(np.abs(found.direction), [0, 1], atol=1e-12)
    assert (found.negative, found.positive) == (1, 1)
    assert found.condition == pytest.approx(3)


@pytest.mark.parametrize("power", [3, 4])
def test_what_is_flat_to_second_order_is_degenerate(power):
    found = classify(lambda x: x[0] ** 2 + x[1] ** power, [0.0, 0.0])
    assert found.kind is Kind.DEGENERATE
    assert found.zero == 1


def test_away_from_a_critical_point_the_distance_is_told():
    found = classify(lambda x: ((x - 1) ** 2).sum(), np.zeros(2))
    assert found.kind is Kind.NOT_CRITICAL
    assert found.distance == pytest.approx(np.sqrt(2))
    assert "Newton step" in str(found)


def test_lanczos_agrees_with_the_whole_spectrum():
    rng = np.random.default_rng(3)
    weights = np.concatenate([[-2.0, -1.0], rng.uniform(0.5, 3, 60), [9.0]])

    def f(x):
        return 0.5 * (tv.tensor(weights) * x * x).sum() + 0.01 * (x**4).sum()

    dense = classify(f, np.zeros(63))
    sparse = classify(f, np.zeros(63), dense=10)
    assert not sparse.complete
    assert sparse.kind is dense.kind is Kind.SADDLE
    np.testing.assert_allclose(sparse.eigenvalues[:3], dense.eigenvalues[:3], atol=1e-8)
    np.testing.assert_allclose(sparse.eigenvalues[-3:], dense.eigenvalues[-3:], atol=1e-8)
    assert "Lanczos" in str(sparse)


def test_the_origin_of_a_deep_linear_network_is_a_saddle():
    def loss(p):
        return ((p["a"] * p["b"] - 1) ** 2).sum()

    at_zero = classify(loss, {"a": np.zeros(1), "b": np.zeros(1)})
    assert at_zero.kind is Kind.SADDLE
    at_one = classify(loss, {"a": np.ones(1), "b": np.ones(1)})
    assert at_one.kind is Kind.DEGENERATE  # a whole curve a·b = 1 of minima


def test_a_fitted_model_stands_at_a_minimum():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    fit = tv.fit(
        tv.models.Linear(), O.SquaredError(), tv.algorithms.ClosedForm(), (x, y),
        scale=False, progress=False,
    )  # fmt: skip
    found = classify(O.SquaredError(), fit.model, (x, y))
    assert found.kind is Kind.MINIMUM
    design = np.column_stack([x, np.ones(40)])
    np.testing.assert_allclose(found.eigenvalues, np.linalg.eigvalsh(design.T @ design / 20))
    moved = classify(O.SquaredError(), fit.model, (x, y), {"bias": 5.0})
    assert moved.kind is Kind.NOT_CRITICAL
    flat = classify(O.SquaredError(), fit.model, (x, y), found.x)
    assert flat.kind is Kind.MINIMUM


def test_an_objective_as_a_function_of_one_vector():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(10, 2)), rng.normal(size=10)
    f, start, names = as_function(O.SquaredError(), tv.models.Linear(), (x, y))
    assert names == ["weight[0]", "weight[1]", "bias"]
    theta = np.array([1.0, -2.0, 0.5])
    expected = np.mean((x @ theta[:2] + 0.5 - y) ** 2)
    assert float(f(tv.tensor(theta))) == pytest.approx(expected)
    assert start.shape == (3,)


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((himmelblau, [np.nan, 0.0]), {}, "nothing lies around"),
        ((lambda x: A.log(x).sum(), [-1.0]), {}, "no meaning"),
        ((himmelblau, [0.0, 0.0]), {"tolerance": -1}, "zero or positive"),
        ((himmelblau, [0.0, 0.0], 3), {}, "data and point belong"),
        (
            (O.SquaredError(), tv.models.Linear(), (np.ones((3, 1)), np.ones(3)), [1.0]),
            {},
            "2 param",
        ),
        ((O.SquaredError(), tv.models.Linear(), ONES, {"v": 1}), {}, "no parameter 'v'"),
    ],
)
def test_points_that_make_no_sense_are_refused(arguments, options, words):
    with pytest.raises(tv.TriviumError, match=words):
        classify(*arguments, **options)


def test_a_large_function_without_curvature_is_degenerate():
    found = classify(lambda x: (x * 0).sum(), np.ones(400))
    assert found.kind is Kind.DEGENERATE
    assert not found.complete
    slope = classify(lambda x: x.sum(), np.ones(400))
    assert slope.kind is Kind.NOT_CRITICAL


@pytest.mark.parametrize("scale", [1.0, 1e-20, 1e12])
def test_equal_eigenvalues_are_counted_as_often_as_they_occur(scale):
    """Lanczos from one vector sees an eigenspace once; what is found is moved out of its way."""
    entries = np.r_[[-1.0] * 3, np.arange(1.0, 398.0)] * scale
    found = classify(lambda x: (x**2 * tv.tensor(entries)).sum(), np.zeros(400))
    np.testing.assert_allclose(found.eigenvalues[:3], -2 * scale, rtol=1e-6)
    np.testing.assert_allclose(
        found.eigenvalues[3:], np.array([790, 792, 794]) * scale, rtol=1e-6
    )
    assert (found.negative, found.positive) == (3, 3)
    assert found.kind is Kind.SADDLE
