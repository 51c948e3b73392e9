"""Derivatives beyond the second where eigenvalues coincide: right, or refused, never wrong."""

import itertools

import numpy as np
import pytest

import trivium as tv
from trivium.engine.errors import NotDifferentiableError

from .matrices import orthogonal

L = tv.linalg
SPECTRA = ([2.0, 2.0, 1.0], [1.0, 1.0, 1.0], [3.0, -1.0, 0.5])


def derivative(function, x, directions):
    """The derivative of a number in the directions, one after the other, in reverse mode."""
    nested = function
    for each in directions:

        def nested(x, inner=nested, each=each):
            return (tv.grad(inner)(x) * each).sum()

    return float(nested(tv.tensor(x)).value)


def of_trace_of_power(x, power, directions):
    """The same of tr Xᵖ: the sum over all ways to put the directions in place of factors."""
    total = 0.0
    for places in itertools.combinations(range(power), len(directions)):
        for order in itertools.permutations(directions):
            factors = [x] * power
            for place, each in zip(places, order, strict=True):
                factors[place] = each
            total += float(np.trace(np.linalg.multi_dot(factors)))
    return total


def _directions(rng, basis, count):
    """Symmetric ones of several kinds: full, diagonal in the eigenbasis, with a single entry."""
    for _ in range(count):
        full = rng.normal(size=basis.shape)
        kind = rng.integers(4)
        chosen = [full, np.diag(np.diag(full)), full * (rng.random(full.shape) < 0.3),
                  np.eye(len(basis))][kind]  # fmt: skip
        yield basis @ (chosen + chosen.T) @ basis.T / 2


@pytest.mark.parametrize("values", SPECTRA)
@pytest.mark.parametrize(
    ("function", "power"),
    [
        (lambda x: (L.eigvalsh(x) ** 2).sum(), 2),
        (lambda x: (L.eigvalsh(x) ** 3).sum(), 3),
        (lambda x: L.trace(L.matrix_function(lambda v: v**4, x)), 4),
        (lambda x: (L.svdvals(x) ** 4).sum(), 4),
    ],
)
def test_third_derivatives_are_right_or_refused(function, power, values):
    rng = np.random.default_rng(power)
    refused = 0
    for trial in range(8):
        basis = np.eye(3) if trial % 2 else orthogonal(rng, 3, 3)
        x = (basis * values) @ basis.T
        directions = list(_directions(rng, basis, 3))
        expected = of_trace_of_power(x, power, directions)
        try:
            found = derivative(function, x, directions)
        except NotDifferentiableError as error:
            assert "coincide" in str(error) and len(set(values)) < 3
            refused += 1
            continue
        assert found == pytest.approx(expected, rel=1e-8, abs=1e-8)
    assert refused < 8


@pytest.mark.parametrize("point", ["simple zero", "zero", "ties", "orthogonal"])
@pytest.mark.parametrize("shape", [(2, 2), (3, 2), (2, 3), (3, 3)])
def test_third_derivatives_of_singular_values_are_right_or_refused(shape, point):
    rng = np.random.default_rng(sum(shape))
    turn = orthogonal(rng, *shape) if shape[0] >= shape[1] else orthogonal(rng, *shape[::-1]).T
    x = {"simple zero": np.ones(shape), "zero": np.zeros(shape), "ties": np.eye(*shape),
         "orthogonal": turn}[point]  # fmt: skip
    directions = [rng.normal(size=shape) for _ in range(3)]

    def by_values(x):
        return (L.svdvals(x) ** 4).sum()

    def by_products(x):
        square = x.mT @ x
        return (square * square).sum()

    for count in (1, 2):
        found = derivative(by_values, x, directions[:count])
        assert found == pytest.approx(derivative(by_products, x, directions[:count]), abs=1e-9)
    try:
        found = derivative(by_values, x, directions)
    except NotDifferentiableError:
        assert point != "simple zero" or shape != (2, 2)
    else:
        assert found == pytest.approx(derivative(by_products, x, directions), abs=1e-9)


def test_the_second_derivative_of_a_matrix_function_is_refused_at_once():
    first, second = np.array([[0.3, 1.0], [1.0, 0.2]]), np.array([[1.0, 2.0], [2.0, 3.0]])

    def corner(x):
        return L.matrix_function(tv.array.exp, x)[0, 1]

    assert derivative(corner, np.eye(2), [first]) == pytest.approx(np.e * first[0, 1])
    with pytest.raises(NotDifferentiableError, match="matrix_function the first"):
        derivative(corner, np.eye(2), [first, second])
    exact = derivative(lambda x: L.expm(x)[0, 1], np.eye(2), [first, second])
    assert exact == pytest.approx(np.e * (first @ second + second @ first)[0, 1] / 2)


@pytest.mark.parametrize("rank", range(4))
def test_third_derivatives_of_determinants_are_right_or_refused(rank):
    """Against the mixed discriminant: det is multilinear in its columns."""
    rng = np.random.default_rng(rank)
    x = rng.normal(size=(3, rank)) @ rng.normal(size=(rank, 3))
    directions = [rng.normal(size=(3, 3)) for _ in range(3)]
    exact = sum(
        float(np.linalg.det(np.stack([directions[k][:, i] for i, k in enumerate(order)], 1)))
        for order in itertools.permutations(range(3))
    )
    if rank < 2:  # two singular values are zero
        with pytest.raises(NotDifferentiableError, match="det where it is singular"):
            derivative(L.det, x, directions)
    else:
        assert derivative(L.det, x, directions) == pytest.approx(exact, rel=1e-6)
