"""Cases: what gets no gradient stays at zero, whatever its slope is."""

import numpy as np
import pytest

import trivium as tv
from tests.insight.random_models import Case, loss_and_gradients, values_for
from trivium.engine.primitives.arithmetic import chain
from trivium.engine.traversal import topological
from trivium.insight.derivation.deriving import derive
from trivium.insight.derivation.simplify import simplify

A = tv.array


@pytest.mark.parametrize(
    "branch",
    [
        lambda x, w: A.sqrt(x) * w,
        lambda x, w: A.log(x * w) + A.sqrt(x * w),
        lambda x, w: w / x.astype("float64") ** 0.5 + A.log(x) ** 2 * w,
    ],
)
def test_a_branch_that_is_not_taken_leaves_no_trace(branch):
    """√x is NaN for the negative half; its gradient there is that of the other branch."""

    def f(x, w, v):
        return A.where(x[:, 0] > 0, branch(x[:, 0], w), v * x[:, 1])

    rng = np.random.default_rng(0)
    case = Case(
        tv.models.Formula(f, w=0.7, v=0.3), tv.objectives.SquaredError(),
        rng.normal(size=(8, 2)), rng.normal(size=8),
    )  # fmt: skip
    derivation = derive(case.model, case.objective, (case.x, case.y), examples=8)
    values = {path: abs(value) + 0.1 for path, value in values_for(derivation, 0).items()}
    space = {}
    exec(derivation.python(), space)
    with np.errstate(all="ignore"):
        loss, gradients = space["loss_and_gradients"](values, case.x, case.y)
        expected, slopes = loss_and_gradients(case, values)
    np.testing.assert_allclose(loss, expected, rtol=1e-12)
    for path, slope in slopes.items():
        assert np.all(np.isfinite(slope))
        np.testing.assert_allclose(gradients[path], slope, rtol=1e-12)


def test_cases_with_a_common_factor_are_a_product():
    """[d if c else 0] + [0 if c else d e^z] = d ⊙ [1 if c else e^z]."""
    d, z = (tv.input((3,), "float64", name=name) for name in "dz")
    test = z > 0
    zero = A.zeros((3,))
    total = A.where(test, d, zero) + chain(A.where(test, zero, d), A.exp(z))
    n = tv.input((), "float64", name="n")
    (found,) = simplify([total], n, 7919)
    assert found.primitive.name == "multiply" and found.inputs[0] is d
    cases = found.inputs[1]
    assert cases.primitive.name == "where" and cases.inputs[2] is A.exp(z)


def test_a_case_inside_the_same_case_is_decided():
    """[0 if y = 0 else y [0 if y = 0 else u]] = [0 if y = 0 else y u]."""
    y, u = (tv.input((3,), "float64", name=name) for name in "yu")
    n, zero = tv.input((), "float64", name="n"), A.zeros((3,))
    test = y == 0
    nested = A.where(test, zero, y * A.where(test, zero, u))
    (found,) = simplify([nested], n, 7919)
    assert found.primitive.name == "where" and found.inputs[2] is y * u
    (found,) = simplify([A.where(test, zero, A.where(test, zero, y))], n, 7919)
    assert found is y


def test_a_test_of_two_numbers_is_decided():
    """The derivative of u^½ asks whether ½ is 0, for exponents that vary."""
    u = tv.input((3,), "float64", name="u")
    n = tv.input((), "float64", name="n")
    slope = tv.gradient((u**0.5).sum(), u)
    (found,) = simplify([slope], n, 7919)
    assert "where" not in {each.primitive.name for each in topological([found])}


def test_a_binomial_coefficient_of_one_number_of_trials_is_recognised():
    objective = tv.objectives.NegativeLogLikelihood("binomial", trials=5)
    derivation = derive(tv.models.Linear(), objective, features=3)
    names = {
        node.primitive.name
        for equation in derivation.forward
        for node in topological([equation.expression])
    }
    assert "log_choose" in names and "log_gamma" not in names
    assert len(derivation.forward) <= 4


def test_what_is_undone_is_not_written():
    """(u − v) + v = u and (u / v) v = u."""
    u, v = (tv.input((3,), "float64", name=name) for name in "uv")
    n = tv.input((), "float64", name="n")
    found = simplify([(u - v) + v, v + (u - v), (u / v) * v, v * (u / v)], n, 7919)
    assert all(each is u for each in found)
