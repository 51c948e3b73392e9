"""The linear model of least squares: from JᵀJ or from J, with the same steps."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mathematics.minimization import strd
from trivium import array as xp
from trivium.mathematics.minimization import Residuals, levenberg_marquardt
from trivium.mathematics.minimization.least_squares_factor import by_cholesky, by_qr


def system(seed, rows, columns, condition, scales):
    """J with columns of given lengths' order, and r; ``condition``: before the scaling."""
    rng = np.random.default_rng(seed)
    left = np.linalg.qr(rng.normal(size=(rows, columns)))[0]
    right = np.linalg.qr(rng.normal(size=(columns, columns)))[0]
    singular = np.logspace(0, -np.log10(condition), columns)
    return (left * singular) @ right.T * scales, rng.normal(size=rows)


def gram(jacobian, r):
    both = np.column_stack([jacobian, r])
    return both.T @ both


@given(
    st.integers(0, 2**32),
    st.integers(1, 8),
    st.floats(0, 3),
    st.lists(st.floats(-100, 100), min_size=8, max_size=8),
)
def test_both_ways_give_the_same_step(seed, n, digits, powers):
    scales = 10.0 ** np.array(powers[:n])
    jacobian, r = system(seed, 40, n, 10**digits, scales)
    found, want = by_cholesky(gram(jacobian, r)), by_qr(jacobian, r)
    # With its columns scaled J may be worse by √n than the best scaling, which the test's is.
    if found is None:
        assert digits > 2.5
        return
    np.testing.assert_allclose(found.lengths, want.lengths, rtol=1e-14)
    sizes = want.lengths * np.linalg.norm(r)
    np.testing.assert_allclose(found.pulled / sizes, want.pulled / sizes, atol=1e-14)
    steps = [
        np.linalg.solve(each.triangle / want.lengths, each.right) for each in (found, want)
    ]
    error = np.linalg.norm(steps[0] - steps[1])
    assert error <= 1e-13 * 10 ** (2 * digits) * max(np.linalg.norm(steps[1]), 1)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda j, r: (j * np.nan, r),
        lambda j, r: (j * np.array([1, 0, 1.0]), r),
        lambda j, r: (j * np.array([1, 1e-150, 1.0]), r),
        lambda j, r: (j * np.array([1, 1e150, 1.0]), r),
        lambda j, r: (j, r * 1e-150),
        lambda j, r: (j, r * np.inf),
        lambda j, r: (np.column_stack([j[:, 0], j[:, 1], j[:, 0] + j[:, 1]]), r),
        lambda j, r: (np.column_stack([j[:, 0], j[:, 1], j[:, 0] + 1e-5 * j[:, 1]]), r),
        lambda j, r: (j[:2], r[:2]),
    ],
    ids=["nan", "zero", "tiny", "huge", "tiny r", "infinite r", "dependent", "near", "wide"],
)
def test_products_that_lose_digits_are_refused(spoil):
    jacobian, r = spoil(*system(0, 30, 3, 2.0, np.ones(3)))
    with np.errstate(all="ignore"):
        assert by_cholesky(gram(jacobian, r)) is None


def test_whether_products_would_do_is_known_after_qr_too():
    for condition, regular in ((1e2, True), (1e5, False)):
        jacobian, r = system(1, 50, 4, condition, np.ones(4))
        assert by_qr(jacobian, r).regular is regular
        assert (by_cholesky(gram(jacobian, r)) is not None) is regular
    assert not by_qr(np.zeros((5, 2)), np.ones(5)).regular
    assert not by_qr(np.ones((1, 2)), np.ones(1)).regular


@pytest.mark.parametrize("backend", ["reference", "native"])
@pytest.mark.parametrize("n", [3, 40], ids=["few", "many"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_program_of_products_is_that_of_the_jacobian(backend, n, dtype):
    t = np.linspace(0, 1, 50).astype(dtype)
    powers = np.arange(n).astype(dtype)

    def residuals(x):
        return xp.exp(-(t[:, None] * powers * x.astype(dtype)).sum(1)) - t

    x = 0.1 * np.ones(n) / n
    model = Residuals(residuals, x, backend=backend)
    r, jacobian = model.residuals(x), model.jacobian(x)
    again, found, made = model.gram(x)
    np.testing.assert_allclose(again, r, rtol=1e-6 if dtype == "float32" else 1e-14)
    assert (made is None) == (n == 3)
    np.testing.assert_allclose(found, gram(jacobian, r), rtol=1e-12 if n == 3 else 1e-13)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(model.pulled(x, r), jacobian.T @ r, rtol=tolerance)
    assert model.counts.residuals == model.counts.jacobians == 2 and model.counts.products == 1


@pytest.mark.parametrize("name", ["Bennett5", "Hahn1", "Lanczos3", "MGH17", "Thurber"])
def test_hard_problems_of_many_rows_keep_their_digits(name):
    """NIST's data so often that products are tried: the sum is a multiple, the minimum the same."""
    (problem,) = [each for each in strd.PROBLEMS if each.name == name]
    times = -(-5000 // len(problem.y))
    long = replace(problem, x=np.tile(problem.x, times), y=np.tile(problem.y, times))
    found = levenberg_marquardt(
        Residuals(long.residuals, problem.starts[1], backend="reference")
    )
    assert found.converged
    assert problem.digits(found.x) >= 6
    assert found.value == pytest.approx(times * problem.sum_of_squares, rel=1e-8)


def test_a_tall_fit_makes_no_jacobian():
    """Products alone: as many as accepted points; and SciPy's answer."""
    from scipy.optimize import least_squares

    t = np.linspace(0, 4, 3000)
    y = 2 * np.exp(-1.3 * t) + 0.3 + 0.01 * np.cos(1000 * t)
    model = Residuals(lambda x: x[0] * xp.exp(-x[1] * t) + x[2] - y, np.array([1.0, 1.0, 0.0]))
    found = levenberg_marquardt(model)
    assert "rows" not in model._programs and found.converged
    assert found.counts.jacobians == found.iterations + 1
    theirs = least_squares(
        lambda x: x[0] * np.exp(-x[1] * t) + x[2] - y, [1.0, 1, 0], xtol=1e-15, ftol=1e-15
    )
    np.testing.assert_allclose(found.x, theirs.x, rtol=1e-7)
