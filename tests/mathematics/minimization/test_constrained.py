"""Constraints: the collection of Hock & Schittkowski, KKT conditions, exact projections."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

import trivium as tv
from trivium.mathematics.minimization import (
    Ball,
    Box,
    CrossPolytope,
    Reason,
    Simplex,
    augmented_lagrangian,
    projected_gradient,
)

A = tv.array

# Hock & Schittkowski (1981), Test Examples for Nonlinear Programming Codes: number, f, h, g ≤ 0,
# bounds, start, minimal value.
PROBLEMS = [
    (6, lambda x: (1 - x[0]) ** 2, lambda x: 10 * (x[1] - x[0] ** 2), None, None, [-1.2, 1], 0),
    (7, lambda x: A.log(1 + x[0] ** 2) - x[1], lambda x: (1 + x[0] ** 2) ** 2 + x[1] ** 2 - 4,
     None, None, [2, 2], -np.sqrt(3)),
    (12, lambda x: 0.5 * x[0] ** 2 + x[1] ** 2 - x[0] * x[1] - 7 * x[0] - 7 * x[1], None,
     lambda x: 4 * x[0] ** 2 + x[1] ** 2 - 25, None, [0, 0], -30),
    (22, lambda x: (x[0] - 2) ** 2 + (x[1] - 1) ** 2, None,
     [lambda x: x[0] + x[1] - 2, lambda x: x[0] ** 2 - x[1]], None, [2, 2], 1),
    (28, lambda x: (x[0] + x[1]) ** 2 + (x[1] + x[2]) ** 2,
     lambda x: x[0] + 2 * x[1] + 3 * x[2] - 1, None, None, [-4, 1, 1], 0),
    (35, lambda x: 9 - 8 * x[0] - 6 * x[1] - 4 * x[2] + 2 * x[0] ** 2 + 2 * x[1] ** 2 + x[2] ** 2
     + 2 * x[0] * x[1] + 2 * x[0] * x[2], None, lambda x: x[0] + x[1] + 2 * x[2] - 3, (0, None),
     [0.5, 0.5, 0.5], 1 / 9),
    (43, lambda x: x[0] ** 2 + x[1] ** 2 + 2 * x[2] ** 2 + x[3] ** 2 - 5 * x[0] - 5 * x[1]
     - 21 * x[2] + 7 * x[3], None,
     [lambda x: x[0] ** 2 + x[1] ** 2 + x[2] ** 2 + x[3] ** 2 + x[0] - x[1] + x[2] - x[3] - 8,
      lambda x: x[0] ** 2 + 2 * x[1] ** 2 + x[2] ** 2 + 2 * x[3] ** 2 - x[0] - x[3] - 10,
      lambda x: 2 * x[0] ** 2 + x[1] ** 2 + x[2] ** 2 + 2 * x[0] - x[1] - x[3] - 5],
     None, [0, 0, 0, 0], -44),
    (71, lambda x: x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2], lambda x: (x * x).sum() - 40,
     lambda x: 25 - A.prod(x), (1, 5), [1, 5, 5, 1], 17.0140173),
]  # fmt: skip


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: f"HS{p[0]}")
def test_hock_and_schittkowski(problem):
    _, f, h, g, bounds, start, value = problem
    found = augmented_lagrangian(f, np.array(start, float), h, g, bounds=bounds)
    assert found.stopped is Reason.CONVERGED
    assert found.value == pytest.approx(value, abs=1e-6)
    assert found.infeasibility <= 1e-8
    assert found.stationarity <= 1e-8
    assert found.complementarity <= 1e-7
    assert (found.inequality_multipliers >= 0).all()
    assert "KKT" in str(found)


def test_multipliers_are_the_rates_at_which_the_minimum_changes():
    def minimum(right):
        return augmented_lagrangian(
            lambda x: (x[0] - 2) ** 2 + A.exp(x[1]), np.zeros(2),
            equalities=lambda x: x[0] + x[1] - right, inequalities=lambda x: x[0] ** 2 - 1,
        )  # fmt: skip

    here, more = minimum(0.5), minimum(0.5 + 1e-4)
    assert -here.equality_multipliers[0] == pytest.approx(
        (more.value - here.value) / 1e-4, rel=1e-3
    )
    assert here.inequality_multipliers[0] > 0


def test_constraints_that_contradict_each_other_are_reported():
    found = augmented_lagrangian(
        lambda x: (x * x).sum(), np.array([3.0, 1.0]),
        inequalities=[lambda x: 1 - x[0], lambda x: x[0] + 1],
    )  # fmt: skip
    assert found.stopped is Reason.INFEASIBLE
    assert "contradict" in " ".join(found.notes)
    assert found.infeasibility == pytest.approx(1.0, abs=1e-6)


def test_no_lower_bound_is_reported():
    found = augmented_lagrangian(
        lambda x: -x.sum(), np.array([3.0, 1.0]), inequalities=lambda x: 1 - x[0]
    )
    assert found.stopped is Reason.UNBOUNDED


def test_dependent_constraints_have_no_multipliers_and_that_is_said():
    # x² ≤ 0 leaves the one point x = 0, where its gradient vanishes.
    found = augmented_lagrangian(
        lambda x: x[0] + x[1] ** 2, np.ones(2), inequalities=lambda x: x[0] ** 2
    )
    assert not (found.converged and found.infeasibility > 1e-8)
    assert found.stopped is not Reason.CONVERGED or "very large" in " ".join(found.notes)


def test_the_trajectory_and_the_callback_see_the_multipliers_moves():
    seen = []
    found = augmented_lagrangian(
        PROBLEMS[0][1], np.array([-1.2, 1.0]), PROBLEMS[0][2], trajectory=True,
        callback=lambda each: seen.append(each.number),
    )  # fmt: skip
    assert len(found.trajectory) == found.iterations + 1
    assert len(seen) in (found.iterations, found.iterations - 1)


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((lambda x: x.sum(), [1.0]), {}, "no constraints"),
        ((lambda x: x.sum(), None, lambda x: x), {}, "needs a start"),
        ((3, [1.0], lambda x: x), {}, "Python functions"),
        ((lambda x: x.sum(), [1.0], 4), {}, "Python functions"),
        ((lambda x: A.log(x).sum(), [-1.0], lambda x: x), {}, "not finite at the start"),
        ((lambda x: x.sum(), [1.0], lambda x: x), {"penalty": 0}, "penalty must be"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, options, words):
    with pytest.raises(tv.TriviumError, match=words):
        augmented_lagrangian(*arguments, **options)


VECTORS = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=12).map(np.array)


@given(VECTORS, st.floats(0.01, 100), st.integers(0, 2**32 - 1))
def test_projections_are_the_nearest_points(x, size, seed):
    """⟨x - P(x), z - P(x)⟩ ≤ 0 for all z of the set characterises the projection."""
    rng = np.random.default_rng(seed)
    inside = {
        Ball(size): lambda: _unit(rng, x.size) * size * rng.uniform(),
        CrossPolytope(size): lambda: _simplex(rng, x.size) * size * rng.choice([-1, 1], x.size),
        Simplex(size): lambda: _simplex(rng, x.size) * size,
        Box(-size, 2 * size): lambda: rng.uniform(-size, 2 * size, x.size),
    }
    for convex, draw in inside.items():
        projected = convex.project(x)
        assert convex.contains(projected)
        np.testing.assert_allclose(convex.project(projected), projected, atol=1e-9 * (1 + size))
        room = 1e-10 * (1 + np.abs(x).max()) * (1 + size) * x.size
        for _ in range(5):
            assert (x - projected) @ (draw() - projected) <= room


def _unit(rng, n):
    v = rng.normal(size=n)
    return v / max(np.linalg.norm(v), 1e-12)


def _simplex(rng, n):
    v = rng.exponential(size=n)
    return v / v.sum()


def test_known_projections():
    np.testing.assert_allclose(Simplex().project(np.array([0.5, 0.5, 2.0])), [0, 0, 1])
    np.testing.assert_allclose(Simplex().project(np.array([0.4, 0.4])), [0.5, 0.5])
    np.testing.assert_allclose(CrossPolytope(1.0).project(np.array([3.0, -1.0])), [1, 0])
    np.testing.assert_allclose(
        Ball(1.0, centre=np.ones(2)).project(np.array([1.0, 4.0])), [1, 2]
    )
    np.testing.assert_allclose(Simplex().project(np.array([1e9, 1e9 + 0.5])), [0.25, 0.75])
    np.testing.assert_allclose(CrossPolytope(0.0).project(np.array([3.0, -1.0])), [0, 0])


@pytest.mark.parametrize("convex", [Ball(0.3), CrossPolytope(0.5), Simplex(), Box(0, 0.1)])
def test_projected_gradient_solves_what_slsqp_solves(convex):
    rng = np.random.default_rng(4)
    m, b = rng.normal(size=(30, 6)), rng.normal(size=30)
    found = projected_gradient(
        lambda x: 0.5 * ((m @ x - b) ** 2).sum(), np.ones(6), onto=convex, trajectory=True
    )
    assert found.stopped is Reason.CONVERGED
    assert found.gradient_norm <= 1e-8
    assert all(convex.contains(x, 1e-12) for x, _ in found.trajectory)
    at = {
        Ball: {"type": "ineq", "fun": lambda x: 0.09 - x @ x},
        Simplex: {"type": "eq", "fun": lambda x: x.sum() - 1},
    }.get(type(convex))
    if type(convex) is CrossPolytope:  # split into positive and negative parts
        split = optimize.minimize(
            lambda s: 0.5 * ((m @ (s[:6] - s[6:]) - b) ** 2).sum(), np.full(12, 0.01),
            method="SLSQP", bounds=[(0, None)] * 12, options={"ftol": 1e-14, "maxiter": 500},
            constraints={"type": "ineq", "fun": lambda s: 0.5 - s.sum()},
        )  # fmt: skip
        value = split.fun
    else:
        limits = {Simplex: (0, None), Box: (0, 0.1)}.get(type(convex))
        value = optimize.minimize(
            lambda x: 0.5 * ((m @ x - b) ** 2).sum(), np.full(6, 0.05), method="SLSQP",
            bounds=None if limits is None else [limits] * 6, options={"ftol": 1e-14},
            constraints=[] if at is None else [at],
        ).fun  # fmt: skip
    assert found.value == pytest.approx(value, rel=1e-7)


def test_projected_gradient_where_nothing_is_active_and_where_it_is_said():
    free = projected_gradient(lambda x: ((x - 1) ** 2).sum(), np.zeros(2), onto=Ball(9.0))
    np.testing.assert_allclose(free.x, 1, atol=1e-8)
    assert not free.notes
    edge = projected_gradient(lambda x: ((x - 1) ** 2).sum(), np.zeros(2), onto=Ball(1.0))
    assert "edge" in edge.notes[0]


@pytest.mark.parametrize("given_set", [None, 3])
def test_projected_gradient_needs_a_set(given_set):
    with pytest.raises(tv.TriviumError, match="convex set"):
        projected_gradient(lambda x: x.sum(), np.zeros(2), onto=given_set)


@pytest.mark.parametrize("make", [Ball, CrossPolytope, Simplex])
def test_sets_of_negative_size_are_refused(make):
    with pytest.raises(tv.TriviumError, match="zero or positive"):
        make(-1.0)
