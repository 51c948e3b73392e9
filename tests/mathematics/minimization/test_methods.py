"""What every method promises: descent, honesty about the end, points outside the domain."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trivium as tv
from trivium import array as xp
from trivium.engine.errors import ArgumentError, ShapeError, TriviumError
from trivium.mathematics.minimization import (
    Function,
    Reason,
    bfgs,
    gauss_newton,
    lbfgs,
    levenberg_marquardt,
    newton,
    nonlinear_cg,
)


def line_newton(f: Any, start: Any = None, **options: Any) -> Any:
    return newton(f, start, method="line-search", **options)


def product_newton(f: Any, start: Any = None, **options: Any) -> Any:
    return newton(f, start, curvature="products", **options)


def product_line(f: Any, start: Any = None, **options: Any) -> Any:
    return newton(f, start, curvature="products", method="line-search", **options)


def boxed(f: Any, start: Any = None, **options: Any) -> Any:
    return lbfgs(f, start, bounds=(-1e9, 1e9), **options)


METHODS = [bfgs, lbfgs, nonlinear_cg, newton, line_newton, product_newton, product_line, boxed]
SECOND = [newton, line_newton, product_newton, product_line]
every = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)


def reference(f: Any, start: Any) -> Function:
    return Function(f, start, backend="reference")


def bowl(matrix: Any, centre: Any) -> Any:
    a, c = xp.asarray(np.asarray(matrix)), np.asarray(centre)
    return lambda x: 0.5 * (x - c) @ (a @ (x - c))


@every
@given(st.integers(1, 6), st.integers(0, 10**6), st.floats(0, 4))
@settings(max_examples=8, deadline=None)
def test_a_quadratic_is_minimized_at_its_centre(
    method: Any, n: int, seed: int, spread: float
) -> None:
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.normal(size=(n, n)))[0]
    eigenvalues = 10 ** (spread * rng.random(n) - spread / 2)
    matrix, centre = basis * eigenvalues @ basis.T, rng.normal(size=n)
    found = method(reference(bowl(matrix, centre), rng.normal(size=n)), gradient_tolerance=1e-7)
    assert found.converged
    assert found.gradient_norm <= 1e-7 or found.stopped is Reason.PRECISION
    np.testing.assert_allclose(found.x, centre, atol=1e-3)


@every
def test_the_start_may_be_a_minimum_already(method: Any) -> None:
    found = method(reference(lambda x: (x**2).sum(), [0.0, 0.0]))
    assert found.stopped is Reason.CRITICAL_START and found.iterations == 0
    assert found.counts.functions == 1


@every
def test_a_trial_outside_the_domain_is_stepped_back_from(method: Any) -> None:
    """log(x) and √x are not defined left of 0, where the first full steps lead."""
    found = method(reference(lambda x: (x - xp.log(x)).sum(), [1e-3, 30.0]))
    np.testing.assert_allclose(found.x, 1, atol=1e-6)
    found = method(reference(lambda x: (x - 3 * xp.sqrt(x)).sum(), [20.0]))
    np.testing.assert_allclose(found.x, 2.25, rtol=1e-6)


@every
def test_a_function_without_lower_bound_is_said_to_have_none(method: Any) -> None:
    if method is boxed:
        method = lambda f: lbfgs(f, bounds=(None, [1e9, None]))  # noqa: E731
    for f in (lambda x: x.sum(), lambda x: -(x**2).sum(), lambda x: -xp.exp(x).sum()):
        found = method(reference(f, [0.1, 2.0]))
        assert found.stopped is Reason.UNBOUNDED and not found.converged
        assert "no lower bound" in str(found)


@every
def test_a_start_outside_the_domain_is_refused(method: Any) -> None:
    with pytest.raises(ArgumentError, match="at the start"):
        method(reference(lambda x: xp.log(x).sum(), [-1.0]))
    with pytest.raises(ArgumentError, match="at the start"):
        method(reference(lambda x: xp.sqrt(x).sum(), [0.0]))
    with pytest.raises(ArgumentError, match=r"start|function is nan"):
        method(reference(lambda x: (x**2).sum(), [math.nan]))


@every
def test_limits_are_kept_and_said(method: Any) -> None:
    f = lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2  # noqa: E731
    few = method(reference(f, [-1.2, 1.0]), iterations=3)
    assert few.stopped is Reason.ITERATIONS and few.iterations == 3 and not few.converged
    few = method(reference(f, [-1.2, 1.0]), evaluations=6)
    assert few.stopped is Reason.EVALUATIONS and few.counts.functions < 70
    none = method(reference(f, [-1.2, 1.0]), iterations=0)
    assert none.iterations == 0 and none.stopped is Reason.ITERATIONS
    loose = method(reference(f, [-1.2, 1.0]), value_tolerance=0.5)
    assert loose.stopped is Reason.SMALL_DECREASE
    loose = method(reference(f, [-1.2, 1.0]), step_tolerance=1.0)
    assert loose.stopped is Reason.SMALL_STEP


@every
def test_the_trajectory_goes_from_the_start_to_the_answer_and_the_callback_sees_it(
    method: Any,
) -> None:
    f = lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2  # noqa: E731
    seen = []
    found = method(
        reference(f, [-1.2, 1.0]), trajectory=True, callback=lambda each: seen.append(each)
    )
    assert found.trajectory is not None and len(found.trajectory) == found.iterations + 1
    np.testing.assert_array_equal(found.trajectory[0][0], [-1.2, 1.0])
    for (x, value), iteration in zip(found.trajectory[1:], seen, strict=True):
        np.testing.assert_array_equal(x, iteration.x)
        assert value == iteration.value
    values = [value for _, value in found.trajectory]
    assert found.value == min(values)
    stopped = method(reference(f, [-1.2, 1.0]), callback=lambda each: each.number == 2)
    assert stopped.stopped is Reason.CALLBACK and stopped.iterations == 2
    assert method(reference(f, [-1.2, 1.0])).trajectory is None


@every
def test_a_kink_at_the_minimum_does_not_pass_for_convergence(method: Any) -> None:
    found = method(reference(lambda x: abs(x[0] - 1) + x[1] ** 2, [3.3, 1.0]), evaluations=500)
    if not found.stopped.converged:
        assert found.stopped in (Reason.NO_DESCENT, Reason.EVALUATIONS)
    assert found.value <= 3.3


@pytest.mark.parametrize("method", [newton, product_newton], ids=["matrix", "products"])
@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_newtons_trust_region_leaves_saddle_points(method: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]

    def f(x: Any) -> Any:
        z = xp.asarray(turn) @ x
        return z[0] ** 2 - z[1] ** 2 + z[1] ** 4 + 2 * z[2] ** 2

    found = method(reference(f, np.zeros(3)))
    assert found.value == pytest.approx(-0.25, abs=1e-9)
    assert "saddle" in found.notes[0] or "no minimum was left" in found.notes[0]


def test_a_line_search_that_ends_on_a_saddle_says_so() -> None:
    found = line_newton(reference(lambda x: x[0] ** 2 - x[1] ** 2, [0.0, 0.0]))
    assert found.stopped is Reason.CRITICAL_START
    assert "no minimum" in " ".join(found.notes)


@pytest.mark.parametrize("method", SECOND, ids=lambda method: method.__name__)
def test_newton_takes_one_step_on_a_quadratic(method: Any) -> None:
    found = method(reference(bowl(np.diag([1.0, 10.0]), [1.0, 2.0]), [5.0, 5.0]))
    assert found.iterations <= (1 if method in (newton, line_newton) else 3)


def test_the_hessians_condition_and_singularity_are_in_the_notes() -> None:
    (note,) = newton(reference(bowl(np.diag([1.0, 1e4]), [1.0, 2.0]), [5.0, 5.0])).notes
    assert "condition number 1e+04" in note and "about 4 of 16 digits" in note
    (note,) = newton(reference(lambda x: (x[0] - x[1]) ** 2, [5.0, 1.0])).notes
    assert "singular" in note


@given(
    st.lists(st.floats(-3, 3), min_size=4, max_size=4),
    st.lists(st.floats(-3, 3), min_size=4, max_size=4),
)
@settings(max_examples=30, deadline=None)
def test_bounds_are_kept_and_the_answer_is_scipys(start: Any, centre: Any) -> None:
    from scipy.optimize import minimize

    matrix = np.array([[2, 1, 0, 0], [1, 3, 1, 0], [0, 1, 4, 1], [0, 0, 1, 5.0]])
    lower, upper = [-1.0, None, -2.0, -np.inf], [1.0, 0.5, None, np.inf]
    function = reference(bowl(matrix, centre), np.array(start))
    visited = []
    found = lbfgs(
        function, bounds=(lower, upper), trajectory=True, callback=lambda i: visited.append(i.x)
    )
    for x in [found.x, *visited]:
        assert -1 <= x[0] <= 1 and x[1] <= 0.5 and x[2] >= -2
    pairs = [(-1, 1), (None, 0.5), (-2, None), (None, None)]
    best = minimize(
        function.value_and_gradient, start, jac=True, bounds=pairs, method="L-BFGS-B",
        options={"gtol": 1e-10, "ftol": 0},
    )  # fmt: skip
    assert found.value == pytest.approx(best.fun, abs=1e-9)
    np.testing.assert_allclose(found.x, best.x, atol=1e-6)


def test_many_bounds_are_met_at_once() -> None:
    """Half of 400 unknowns end at zero: min ½‖x - c‖² + coupling subject to x ≥ 0."""
    c = np.where(np.arange(400) % 2, 1.0, -1.0)
    found = lbfgs(
        reference(
            lambda x: 0.5 * ((x - c) ** 2).sum() + 0.1 * (x[1:] * x[:-1]).sum(), c * 0 + 2
        ),
        bounds=(0.0, None),
    )
    assert found.converged
    np.testing.assert_allclose(found.x, np.maximum(c, 0), atol=1e-7)
    assert "and 195 more" in found.notes[-1]


@pytest.mark.parametrize(
    "bounds, message",
    [
        ((1.0, 0.0), "no value is left"),
        (([0.0, 1.0, 2.0], None), "3 numbers"),
        ((math.nan, None), "nan"),
        (3.0, "pair"),
    ],
)
def test_bounds_without_meaning_are_refused(bounds: Any, message: str) -> None:
    with pytest.raises(TriviumError, match=message):
        lbfgs(lambda x: (x**2).sum(), [1.0, 2.0], bounds=bounds)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"gradient_tolerance": -1}, "gradient_tolerance"),
        ({"iterations": 1.5}, "iterations"),
        ({"evaluations": -1}, "evaluations"),
        ({"step_tolerance": math.nan}, "step_tolerance"),
        ({"tolerance": 1e-3}, "no option 'tolerance'"),
    ],
)
def test_options_without_meaning_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        bfgs(lambda x: (x**2).sum(), [1.0], **options)


def test_requests_without_meaning_are_refused() -> None:
    square = lambda x: (x**2).sum()  # noqa: E731
    for bad in (
        lambda: newton(square, [1.0], method="trust"),
        lambda: newton(square, [1.0], curvature="dense"),
        lambda: newton(square, [1.0], radius=0.0),
        lambda: lbfgs(square, [1.0], memory=0),
        lambda: lbfgs(square),
        lambda: levenberg_marquardt(lambda x: x, [1.0], factor=0.0),
        lambda: levenberg_marquardt(lambda x: x, [1.0], geodesic=2),  # type: ignore[arg-type]
        lambda: levenberg_marquardt(lambda x: x),
        lambda: newton(Function.from_callables([1.0], value=lambda x: float(x @ x))),
    ):
        with pytest.raises(ArgumentError):
            bad()
    with pytest.raises(ShapeError, match="2 numbers"):
        bfgs(Function(square, [1.0, 2.0, 3.0]), [1.0, 2.0])


def test_the_directions_of_least_squares_do_not_depend_on_units() -> None:
    """Moré's scaling: parameters in other units give the same path."""
    x = np.linspace(0, 3, 20)
    y = 2 * np.exp(-1.5 * x) + 0.1 * np.sin(9 * x)
    plain = levenberg_marquardt(lambda b: b[0] * xp.exp(-b[1] * x) - y, [1.0, 1.0])
    scaled = levenberg_marquardt(
        lambda b: 1e6 * b[0] * xp.exp(-b[1] / 1e5 * x) - y, [1e-6, 1e5]
    )
    assert plain.iterations == scaled.iterations
    np.testing.assert_allclose(scaled.x * [1e6, 1e-5], plain.x, rtol=1e-8)


@pytest.mark.parametrize("method", [gauss_newton, levenberg_marquardt])
def test_dependent_unknowns_are_named_or_counted(method: Any) -> None:
    t = np.arange(5.0)
    found = method(lambda b: (b[0] + b[1]) * t - 3 * t + b[3] - 1, [1.0, 1.0, 7.0, 0.0])
    assert found.value == pytest.approx(0, abs=1e-20)
    assert found.x[2] == 7.0
    notes = " ".join(found.notes)
    assert "x[2] has no effect" in notes and "rank 2 for 4 unknowns" in notes


def test_gauss_newton_and_levenberg_marquardt_step_back_into_the_domain() -> None:
    t = np.array([1.0, 2.0, 4.0])
    for method in (gauss_newton, levenberg_marquardt):
        found = method(lambda b: xp.log(b[0] * t) - np.log(5 * t), [40.0])
        np.testing.assert_allclose(found.x, 5, rtol=1e-10)
    with pytest.raises(ArgumentError, match="at the start"):
        levenberg_marquardt(lambda b: xp.log(b), [-1.0])


def test_fewer_residuals_than_unknowns_have_many_answers() -> None:
    found = levenberg_marquardt(lambda b: b[:1] * b[1] - 6 + 0 * b[2], [1.0, 1.0, 1.0])
    assert found.value == pytest.approx(0, abs=1e-20)
    assert "rank 1 for 3 unknowns" in " ".join(found.notes)


def test_a_minimum_prints_what_matters() -> None:
    found = bfgs(lambda x: ((x - 2) ** 2).sum(), np.ones(3))
    text = str(found)
    assert text.startswith("value ") and "gradient norm" in text and "x = [2., 2., 2.]" in text
    assert found.stopped.sentence in text and repr(found) == text


def test_reasons_are_sentences() -> None:
    for reason in Reason:
        assert reason.sentence.endswith(".") and reason.sentence[0].isupper()


def test_float32_expressions_stop_at_their_own_precision() -> None:
    w = tv.variable(np.full(3, 5.0), "float32", name="w")
    f = ((w - 1) ** 4).sum() + ((w - 1) ** 2).sum() + 1
    for method in (lbfgs, bfgs, newton):
        found = method(f, w)
        assert found.converged
        np.testing.assert_allclose(found.x, 1, atol=1e-3)
        assert found.point.dtype == np.float32 and w.value[0] == 5
