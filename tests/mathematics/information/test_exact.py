"""Entropies and divergences of given distributions: identities, SciPy, mpmath, derivatives."""

import math

import mpmath
import numpy as np
import pytest
import scipy.spatial.distance
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import trivium as tv
from trivium import information
from trivium.engine.errors import ArgumentError, ShapeError
from trivium.mathematics.errors import DomainError

LN2 = math.log(2)


@st.composite
def distributions(draw, shape, zeros=True):
    """Probabilities of a shape; some exactly zero, some tiny."""
    low = 0.0 if zeros else 1e-3
    weight = st.one_of(st.just(low), st.floats(1e-12, 1e-6), st.floats(1e-3, 1.0))
    size = math.prod(shape)
    values = np.array(draw(st.lists(weight, min_size=size, max_size=size))).reshape(shape)
    values.flat[draw(st.integers(0, size - 1))] += 1.0
    return values / values.sum()


def nats(tensor):
    return float(tensor)


@pytest.mark.parametrize("unit, base", [("nats", math.e), ("bits", 2), ("bans", 10)])
def test_scipy_agrees_in_every_unit(unit, base):
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(7), size=(2, 5))
    ours = information.entropy(p, axis=-1, unit=unit)
    np.testing.assert_allclose(ours.value, scipy.stats.entropy(p, base=base, axis=-1), 1e-13)
    ours = information.kl_divergence(p, q, axis=-1, unit=unit)
    np.testing.assert_allclose(ours.value, scipy.stats.entropy(p, q, base=base, axis=-1), 1e-12)
    ours = information.jensen_shannon_distance(p, q, axis=-1, unit=unit).value
    theirs = scipy.spatial.distance.jensenshannon(p, q, base=base, axis=-1)
    np.testing.assert_allclose(ours, theirs, 1e-12)


def test_the_result_is_named_with_its_unit():
    assert information.entropy([0.5, 0.5], unit="bits").name == "entropy [bits]"
    assert information.mutual_information(np.eye(2) / 2).name == "mutual_information [nats]"
    distance = information.jensen_shannon_distance([1.0, 0.0], [0.0, 1.0], unit="bits")
    assert distance.name == "jensen_shannon_distance [√bits]" and nats(distance) == 1


def test_zeros_are_exact():
    assert nats(information.entropy([1.0, 0.0, 0.0])) == 0
    assert nats(information.kl_divergence([1.0, 0.0], [0.5, 0.5])) == pytest.approx(LN2, 1e-15)
    assert nats(information.kl_divergence([0.5, 0.5], [1.0, 0.0])) == math.inf
    assert nats(information.cross_entropy([0.5, 0.5], [1.0, 0.0])) == math.inf
    assert nats(information.cross_entropy([1.0, 0.0], [1.0, 0.0])) == 0
    assert nats(information.jensen_shannon_divergence([1, 0.0], [0, 1.0], unit="bits")) == 1
    assert nats(information.conditional_entropy(np.eye(3) / 3)) == 0


@settings(max_examples=20)
@given(distributions((5,)), distributions((5,)))
def test_divergences_keep_their_bounds(p, q):
    kl, js = information.kl_divergence(p, q), information.jensen_shannon_divergence(p, q)
    assert nats(kl) >= 0 and 0 <= nats(js) <= LN2 * (1 + 1e-15)
    assert nats(information.kl_divergence(p, p)) == 0
    assert nats(js) == pytest.approx(nats(information.jensen_shannon_divergence(q, p)), 1e-14)
    total = nats(information.entropy(p) + kl)
    assert nats(information.cross_entropy(p, q)) == pytest.approx(total, 1e-12, 1e-12)


@settings(max_examples=20)
@given(distributions((4,)), distributions((4,)), distributions((4,)))
def test_the_jensen_shannon_distance_is_a_metric(p, q, r):
    def d(a, b):
        return nats(information.jensen_shannon_distance(a, b))

    assert d(p, r) <= d(p, q) + d(q, r) + 1e-12


@settings(max_examples=20)
@given(distributions((2, 3, 4)))
def test_chain_rules_and_symmetry(p):
    h, i = information.joint_entropy, information.mutual_information
    near = {"rel": 1e-11, "abs": 1e-13}
    assert nats(h(p)) == pytest.approx(
        nats(h(p, 0)) + nats(information.conditional_entropy(p, (1, 2), 0)), **near
    )
    assert nats(i(p, 0, 1)) == pytest.approx(nats(i(p, 1, 0)), **near)
    assert nats(i(p, 0, 1)) == pytest.approx(
        nats(h(p, 0)) + nats(h(p, 1)) - nats(h(p, (0, 1))), **near
    )
    both, one = nats(i(p, 0, (1, 2))), nats(i(p, 0, 2))
    conditional = nats(information.conditional_mutual_information(p, 0, 1, 2))
    assert conditional >= 0
    assert both == pytest.approx(one + conditional, **near)
    parts = sum(nats(h(p, k)) for k in range(3))
    assert nats(information.total_correlation(p)) == pytest.approx(parts - nats(h(p)), **near)


@settings(max_examples=20)
@given(distributions((3, 4)))
def test_bounds_of_mutual_information(p):
    value = nats(information.mutual_information(p))
    entropies = [nats(information.joint_entropy(p, k)) for k in (0, 1)]
    assert 0 <= value <= min(entropies) + 1e-13
    left = nats(information.conditional_entropy(p, 0))
    assert 0 <= left <= entropies[0] + 1e-13
    assert value == pytest.approx(entropies[0] - left, 1e-11, 1e-13)


@settings(max_examples=20)
@given(distributions((3, 4)), st.lists(distributions((3,)), min_size=4, max_size=4))
def test_processing_cannot_add_information(joint, channel):
    processed = joint @ np.array(channel)  # X → Y → Z
    before = nats(information.mutual_information(joint))
    assert nats(information.mutual_information(processed / processed.sum())) <= before + 1e-12


@settings(max_examples=20)
@given(distributions((3,)), distributions((4,)))
def test_independent_variables_share_nothing(p, q):
    joint = np.outer(p, q)
    assert nats(information.mutual_information(joint / joint.sum())) < 1e-15


@pytest.mark.parametrize("step", [1e-3, 1e-6, 1e-9, 1e-12, 0.05, 0.3])
def test_nearly_equal_distributions_keep_their_digits(step):
    q = np.array([0.25, 0.25, 0.5])
    p = q + step * np.array([0.25, -0.5, 0.25])
    with mpmath.workdps(60):
        exact = mpmath.fsum(
            mpmath.mpf(float(a)) * mpmath.log(mpmath.mpf(float(a)) / mpmath.mpf(float(b)))
            - mpmath.mpf(float(a)) + mpmath.mpf(float(b))
            for a, b in zip(p, q, strict=True)
        )  # fmt: skip
    assert nats(information.kl_divergence(p, q)) == pytest.approx(float(exact), rel=1e-13)


def test_what_underflows_does_not_become_infinite():
    tiny = np.diag([1e-200, 1 - 1e-200])
    expected = 1e-200 * 200 * math.log(10) + 1e-200
    assert nats(information.mutual_information(tiny)) == pytest.approx(expected, 1e-12)
    p = np.array([5e-324, 1.0])
    assert nats(information.jensen_shannon_divergence(p, [0.0, 1.0])) <= 1e-323
    assert math.isfinite(nats(information.kl_divergence(p, [0.5, 0.5])))
    assert math.isfinite(nats(information.kl_divergence([0.5, 0.5], [1e-310, 1.0])))


def test_derivatives_are_the_textbooks():
    p = tv.variable(np.array([0.2, 0.3, 0.5]), name="p")
    q = tv.variable(np.array([0.21, 0.6, 0.19]), name="q")
    (slope,) = tv.gradient(information.entropy(p), [p])
    np.testing.assert_allclose(slope.value, -np.log(p.value) - 1, 1e-14)
    by_p, by_q = tv.gradient(information.kl_divergence(p, q), [p, q])
    np.testing.assert_allclose(by_p.value, np.log(p.value / q.value), 1e-12)
    np.testing.assert_allclose(by_q.value, 1 - p.value / q.value, 1e-12)


@pytest.mark.parametrize("name", [
    "mutual_information", "total_correlation", "conditional_entropy",
    "conditional_mutual_information", "joint_entropy",
])  # fmt: skip
def test_derivatives_through_a_softmax_agree_with_differences(name):
    rng = np.random.default_rng(3)
    z = tv.variable(rng.normal(size=12), name="z")
    joint = tv.array.softmax(z).reshape((2, 3, 2))
    assert tv.check_gradient(getattr(information, name)(joint), [z], order=2)


def test_a_gradient_at_zero_probability_is_finite():
    p = tv.variable(np.array([0.0, 0.4, 0.6]))
    q = tv.variable(np.array([0.0, 0.5, 0.5]))
    for value in (information.entropy(p), information.kl_divergence(p, q),
                  information.jensen_shannon_distance(p, p)):  # fmt: skip
        assert np.isfinite(tv.gradient(value, [p])[0].value).all()


def test_float32_is_computed_in_float64():
    p = np.full(4, 0.25, np.float32)
    value = information.entropy(p)
    assert value.dtype == np.float32 and float(value) == np.float32(math.log(4))
    assert information.kl_divergence(p, np.full(4, 0.25)).dtype == np.float64


def test_inputs_are_accepted_before_their_values_are_known():
    p = tv.input((3,), name="p")
    program = tv.Program([p], information.entropy(p, unit="bits"))
    assert float(program.run(np.array([0.5, 0.25, 0.25]))) == 1.5


@pytest.mark.parametrize("call, error, words", [
    (lambda: information.entropy([0.5, 0.4]), DomainError, "sums to 0.9"),
    (lambda: information.entropy([1.5, -0.5]), DomainError, r"p\[1\] is -0.5"),
    (lambda: information.entropy([np.nan, 1.0]), DomainError, r"p\[0\] is nan"),
    (lambda: information.entropy([]), ShapeError, "at least one outcome"),
    (lambda: information.entropy(1.0), ShapeError, "at least one outcome"),
    (lambda: information.entropy([1.0], unit="bytes"), ArgumentError, "'bits'"),
    (lambda: information.entropy(np.eye(2)), DomainError, "name the axis"),
    (lambda: information.entropy(np.eye(2), axis=2), ShapeError, "no axis 2"),
    (lambda: information.kl_divergence([1.0], [0.5, 0.4]), DomainError, "sums to"),
    (lambda: information.kl_divergence([0.2, 0.3, 0.5], [0.5, 0.5]), ShapeError, "shapes"),
    (lambda: information.mutual_information([0.5, 0.5]), ShapeError, "at least 2 variables"),
    (lambda: information.mutual_information(np.eye(2) / 2, 0, 0), ShapeError, "both x= and y="),
    (lambda: information.mutual_information(np.eye(2) / 2, 2), ShapeError, "2 axes"),
    (lambda: information.conditional_entropy(np.eye(2) / 2, (0, 1)), ShapeError, "none is left"),
    (lambda: information.joint_entropy(np.eye(2) / 2, (0, 0)), ShapeError, "twice"),
])  # fmt: skip
def test_what_is_refused_and_how(call, error, words):
    with pytest.raises(error, match=words):
        call()
