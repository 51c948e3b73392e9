"""Derivatives of factorizations: against differences, and where values coincide or vanish."""

import numpy as np
import pytest

import trivium as tv
from trivium.mathematics.errors import SingularError

from .matrices import with_eigenvalues, with_singular_values

L = tv.linalg
RNG = np.random.default_rng(5)
WEIGHTS = RNG.normal(size=(4, 4))


def check(function, *points, order=2):
    outcome = tv.check_gradient(
        function, [np.asarray(p, float) for p in points], order=order, elements=0, directions=1
    )
    assert outcome, outcome


def joined(*parts):
    return tv.array.concat([part.flatten() for part in parts])


CHOSEN, _ = with_eigenvalues([1.0, 2.0, 3.5, 5.0])
SQUARE, _, _ = with_singular_values([4.0, 2.5, 1.5, 0.7], 4, 4)
TALL, _, _ = with_singular_values([3.0, 2.0, 1.0], 5, 3)

FUNCTIONS = {
    "cholesky": (lambda x: L.cholesky(x), CHOSEN),
    "upper cholesky": (lambda x: L.cholesky(x, upper=True), CHOSEN),
    "eigenvalues": (lambda x: L.eigvalsh(x), CHOSEN),
    "projector": (lambda x: (lambda v: v @ v.mT)(L.eigh(x).eigenvectors[:, :2]), CHOSEN),
    "svd": (lambda x: joined(*L.svd(x)), TALL),
    "svd of a wide matrix": (lambda x: joined(*L.svd(x.T)), TALL),
    "qr": (lambda x: joined(*L.qr(x)), TALL),
    "qr of a wide matrix": (lambda x: joined(*L.qr(x.T)), TALL),
    "complement": (lambda x: (lambda q: q @ q.mT)(L.qr(x, mode="complete").Q[:, 3:]), TALL),
    "full svd": (lambda x: (lambda u: u @ u.mT)(L.svd(x, full_matrices=True).U[:, 3:]), TALL),
    "inv": (lambda x: L.inv(x), SQUARE),
    "slogdet": (lambda x: L.slogdet(x).logabsdet, SQUARE),
    "det": (lambda x: L.det(x), SQUARE),
    "adjugate": (lambda x: L.adjugate(x), SQUARE),
    "pinv": (lambda x: L.pinv(x), TALL),
    "expm": (lambda x: L.expm(x * 0.3), SQUARE),
    "matrix_power": (lambda x: L.matrix_power(x, -3), SQUARE),
    "cond": (lambda x: L.cond(x), TALL),
    "effective rank": (lambda x: L.effective_rank(x), TALL),
    "stable rank": (lambda x: L.stable_rank(x), TALL),
    "nuclear norm": (lambda x: L.matrix_norm(x, ord="nuc"), TALL),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_first_and_second_derivatives(name):
    function, point = FUNCTIONS[name]
    check(function, point)


def test_solutions():
    check(lambda a, b: L.solve(a, b), SQUARE, RNG.normal(size=4))
    check(lambda a, b: L.lstsq(a, b).x, TALL, RNG.normal(size=(5, 2)))
    check(lambda a, b: L.lstsq(a.T, b).x, TALL, RNG.normal(size=3))


# --- coinciding and vanishing values ----------------------------------------------------------

REPEATED = [
    [1.0, 1.0, 2.0, 2.0],
    [3.0, 3.0, 3.0, 5.0],
    [0.0, 0.0, 0.0, 1.0],
    [2.0, 2.0, 2.0, 2.0],
]


@pytest.mark.parametrize("values", REPEATED, ids=str)
def test_spectral_functions_of_repeated_eigenvalues(values):
    """∇ tr f(A) = f'(A), the gradient of a sum of eigenvalues is the projector on their space."""
    a, vectors = with_eigenvalues(values)
    x = tv.tensor(a)
    slope = tv.gradient(tv.array.exp(L.eigh(x).eigenvalues).sum(), x).value
    np.testing.assert_allclose(slope, (vectors * np.exp(values)) @ vectors.T, atol=1e-12)
    top = [i for i, value in enumerate(values) if value == max(values)]
    slope = tv.gradient(L.eigvalsh(x)[-len(top) :].sum(), x).value
    np.testing.assert_allclose(slope, vectors[:, top] @ vectors[:, top].T, atol=1e-12)


@pytest.mark.parametrize("values", REPEATED[:3], ids=str)
def test_projectors_on_whole_eigenspaces(values):
    """dP = Σ_{i inside, j outside} (vᵢvⱼᵀ + vⱼvᵢᵀ) (vᵢᵀ dA vⱼ)/(λᵢ - λⱼ)."""
    a, vectors = with_eigenvalues(values)
    inside = [i for i, value in enumerate(values) if value == values[0]]
    x = tv.tensor(a)
    basis = L.eigh(x).eigenvectors[:, : len(inside)]
    symmetric = WEIGHTS + WEIGHTS.T
    slope = tv.gradient((basis @ basis.mT * symmetric).sum(), x).value
    turned, expected = vectors.T @ symmetric @ vectors, np.zeros((4, 4))
    for i in inside:
        for j in set(range(4)) - set(inside):
            expected[i, j] = expected[j, i] = turned[i, j] / (values[i] - values[j])
    np.testing.assert_allclose(slope, vectors @ expected @ vectors.T, atol=1e-11)


TIED = [[1.0, 2.0, 3.5, 5.0], [1.0, 1.0, 4.0, 4.0], [3.0, 3.0, 3.0, 3.0], [2.0, 2.0, 2.0, 7.0]]
SPECTRAL = {
    "log det": lambda values: tv.array.log(values).sum(),
    "logsumexp": lambda values: tv.array.logsumexp(values, axis=-1),
    "product": lambda values: values.prod(),
    "two traces": lambda values: (values**3).sum() * tv.array.exp(values * 0.1).sum(),
}


@pytest.mark.parametrize("values", TIED, ids=str)
@pytest.mark.parametrize("name", SPECTRAL)
def test_second_derivatives_of_symmetric_functions_of_eigenvalues(name, values):
    a, _ = with_eigenvalues(values)
    by_name = L.eigvalsh if name != "product" else lambda x: L.eigh(x).eigenvalues
    check(lambda x: SPECTRAL[name](by_name(x)), a)


def test_second_derivatives_of_projectors_on_whole_eigenspaces():
    a, _ = with_eigenvalues([1.0, 1.0, 4.0, 4.0])

    def projector(x):
        values, vectors = L.eigh(x)
        return vectors[:, :2] @ vectors[:, :2].mT * tv.array.exp(values[2:].sum() * 0.1)

    check(projector, a)
    together = np.stack([a, np.eye(4), np.diag([1.0, 2.0, 2.0, 2.0])])
    check(lambda x: (tv.array.log(L.eigvalsh(x)).sum(axis=-1) ** 2).sum(), together)


def test_the_hessian_of_log_det_through_eigenvalues_is_that_through_lu():
    for a in (np.eye(3), with_eigenvalues([2.0, 2.0, 5.0])[0]):
        x = tv.tensor(a)
        by_values = tv.hessian(tv.array.log(L.eigvalsh(x)).sum(), x).value
        symmetric = (x + x.mT) * 0.5
        by_lu = tv.hessian(L.slogdet(symmetric).logabsdet, x).value
        np.testing.assert_allclose(by_values, by_lu, atol=1e-12)


@pytest.mark.parametrize("values", TIED, ids=str)
def test_functions_of_matrices(values):
    """The square root's square is A, log and exp invert each other, derivatives at ties too."""
    a, vectors = with_eigenvalues(values)
    root = L.matrix_function(tv.array.sqrt, a).value
    np.testing.assert_allclose(root @ root, a, atol=1e-13)
    np.testing.assert_allclose(root, (vectors * np.sqrt(values)) @ vectors.T, atol=1e-13)
    log = L.matrix_function(tv.array.log, a)
    np.testing.assert_allclose(L.expm(log).value, a, atol=1e-12)
    order = 2 if len(set(values)) == 4 else 1
    check(lambda x: L.matrix_function(tv.array.sqrt, x), a, order=order)
    check(lambda x: L.matrix_function(tv.array.log, x), a, order=order)
    # Daleckii and Krein: of the exponential it is what the exponential's own rule says.
    x = tv.tensor(a)
    weights = WEIGHTS + WEIGHTS.T
    one, other = (
        tv.gradient((each * weights).sum(), x).value
        for each in (L.matrix_function(tv.array.exp, x), L.expm((x + x.mT) * 0.5))
    )
    np.testing.assert_allclose(one, other, atol=1e-11 * np.abs(other).max())


def test_functions_of_stacks_and_what_is_no_function():
    a = np.stack([np.eye(3), np.diag([4.0, 4.0, 9.0])])
    check(lambda x: L.matrix_function(tv.array.sqrt, x), a, order=1)
    with pytest.raises(tv.TriviumError, match="one number for every eigenvalue"):
        L.matrix_function(lambda values: values.sum(), a)


SINGULAR = [[3.0, 2.0, 1.0], [2.0, 2.0, 1.0], [2.0, 2.0, 2.0], [2.0, 0.0, 0.0], [3.0, 3.0, 0.0]]


@pytest.mark.parametrize("values", [*SINGULAR, [0.0, 0.0, 0.0]], ids=str)
@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (3, 4)], ids=str)
def test_second_derivatives_at_singular_values_that_coincide_or_vanish(values, shape):
    a = with_singular_values(values, *shape)[0]
    check(lambda x: tv.array.cosh(L.svdvals(x)).sum(), a)
    check(lambda x: (L.svd(x).S ** 2).sum() ** 2 + (L.svd(x).S ** 2).sum(), a)
    top = values.count(values[0])
    if values[0] > 0 and top < 3:
        check(lambda x: (lambda u: u @ u.mT)(L.svd(x).U[:, :top]), a)
        check(lambda x: (lambda v: v.mT @ v)(L.svd(x).Vh[:top]), a)
        check(lambda x: L.svd(x).U[:, :top] @ L.svd(x).Vh[:top] * L.svd(x).S[:top].mean(), a)
    if values[-1] > 0:
        check(lambda x: L.matrix_norm(x, ord="nuc"), a)


def test_eigenvectors_of_repeated_eigenvalues_never_give_nan():
    for a in (np.eye(3), np.zeros((3, 3)), np.ones((3, 3)), 1e-200 * np.eye(3)):
        x = tv.tensor(a)
        slope = tv.gradient((L.eigh(x).eigenvectors * WEIGHTS[:3, :3]).sum(), x).value
        assert np.all(np.isfinite(slope))


@pytest.mark.parametrize(
    "values", [[2.0, 2.0, 2.0], [2.0, 0.0, 0.0], [3.0, 3.0, 0.0], [0.0, 0.0, 0.0]], ids=str
)
@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (3, 4)], ids=str)
def test_singular_values_that_coincide_or_vanish(values, shape):
    """The best approximation of lower rank and projectors move as exact formulas say."""
    a, u, v = with_singular_values(values, *shape)
    x = tv.tensor(a)
    for part in (*L.svd(x), *L.svd(x, full_matrices=True)):
        slope = tv.gradient((part * part * 0.5 + part).sum(), x).value
        assert np.all(np.isfinite(slope))
    slope = tv.gradient((L.svdvals(x) ** 2).sum(), x).value  # ∇‖A‖² = 2A
    np.testing.assert_allclose(slope, 2 * a, atol=1e-12)
    top = int(np.sum(np.array(values) == values[0]))
    if values[0] > 0 and top < 3:
        left = L.svd(x).U[:, :top]
        weights = np.random.default_rng(0).normal(size=(shape[0], shape[0]))
        weights = weights + weights.T
        slope = tv.gradient((left @ left.mT * weights).sum(), x).value
        # P = projector on the top left space: that of A Aᵀ, whose eigenvalues are σ² and 0.
        inside, outside = u[:, :top], np.eye(shape[0]) - u[:, :top] @ u[:, :top].T
        assert values[top] == 0
        expected = 2 * outside @ weights @ inside / values[0] @ v[:, :top].T
        np.testing.assert_allclose(slope, expected, atol=1e-11)


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_determinants_have_derivatives_at_every_rank(rank):
    """∂det/∂aᵢⱼ is the cofactor, whatever the rank; so are the second derivatives right."""
    values = [3.0, 2.0, 1.5][:rank]
    a = with_singular_values(values, 3, 3)[0] if rank else np.zeros((3, 3))
    x = tv.tensor(a)
    cofactors = np.array(
        [
            [
                (-1) ** (i + j) * np.linalg.det(np.delete(np.delete(a, i, 0), j, 1))
                for j in range(3)
            ]
            for i in range(3)
        ]
    )
    np.testing.assert_allclose(tv.gradient(L.det(x), x).value, cofactors, atol=1e-13)
    np.testing.assert_allclose(L.adjugate(x).value, cofactors.T, atol=1e-13)
    # ∂²det/∂aᵢⱼ∂aₖₗ = ± the entry that both minors leave.
    bends = tv.hessian(L.det(x), x).value
    parity = np.zeros((3, 3, 3))
    parity[[0, 1, 2], [1, 2, 0], [2, 0, 1]] = 1
    parity[[0, 2, 1], [2, 1, 0], [1, 0, 2]] = -1
    expected = np.einsum("ikm,jln,mn->ijkl", parity, parity, a)
    np.testing.assert_allclose(bends, expected, atol=1e-12)


def test_an_exponential_has_derivatives_at_defective_and_repeated_matrices():
    """d tr(C e^A) at A = aI is eᵃ Cᵀ."""
    jordan = np.diag([1.0, 1.0], 1)
    check(lambda x: L.expm(x), jordan)
    x = tv.tensor(2.0 * np.eye(3))
    weights = WEIGHTS[:3, :3]
    slope = tv.gradient((L.expm(x) * weights).sum(), x).value
    np.testing.assert_allclose(slope, np.exp(2.0) * weights, rtol=1e-12)


def test_the_derivative_of_an_exponential_does_not_depend_on_the_cotangents_size():
    x = tv.tensor(SQUARE / 3)
    one = tv.gradient((L.expm(x) * WEIGHTS).sum(), x).value
    huge = tv.gradient((L.expm(x) * (WEIGHTS * 1e200)).sum(), x).value
    np.testing.assert_allclose(huge / 1e200, one, rtol=1e-12)


def test_the_pseudoinverse_at_constant_rank():
    """Along a path that keeps the rank, differences agree with the rule."""
    left, right = RNG.normal(size=(4, 2)), RNG.normal(size=(2, 3))
    check(lambda a, b: L.pinv(a @ b), left, right)
    check(lambda a, b: L.lstsq(a @ b, WEIGHTS[:, :2]).x, left, right)


def test_what_has_no_derivative_says_so():
    x = tv.tensor(np.ones((2, 2)))
    assert L.slogdet(x).logabsdet.value == -np.inf and L.slogdet(x).sign.value == 0
    with pytest.raises(SingularError, match="singular"):
        _ = tv.gradient(L.slogdet(x).logabsdet, x).value
    with pytest.raises(SingularError, match="singular"):
        _ = tv.gradient(L.qr(x).Q.sum(), x).value


def test_gradients_of_log_determinants_and_inverses_are_the_known_matrices():
    x = tv.tensor(SQUARE)
    inverse = np.linalg.inv(SQUARE)
    np.testing.assert_allclose(
        tv.gradient(L.slogdet(x).logabsdet, x).value, inverse.T, rtol=1e-12, atol=1e-13
    )
    np.testing.assert_allclose(
        tv.gradient(L.trace(L.inv(x)), x).value, -(inverse @ inverse).T, rtol=1e-11, atol=1e-13
    )
