"""Formulas of every kind through derivation and generated file, against the engine."""

import numpy as np
import pytest

import trivium as tv
from tests.insight.random_models import Case, loss_and_gradients, values_for
from trivium.insight.derivation.deriving import derive

A, L = tv.array, tv.linalg
VECTOR, MATRIX = np.ones(4), np.diag([1.0, 2.0, 3.0, 4.0])


def regular(w):
    return w @ w.T + np.eye(4)


def recurrence_over_examples(x, w):
    def step(carry, row):
        carry = 0.5 * carry + (row * w).sum()
        return carry, carry

    return tv.scan(step, A.zeros((), dtype=x.dtype), x)[1]


def loop_in_a_loop(x, w):
    def outer(carry, column):
        def inner(state, _):
            return A.tanh(state * w[0] + column * w[1]), None

        state, _ = tv.scan(inner, carry, length=2)
        return state * w[2], state

    last, every = tv.scan(outer, A.zeros((x.shape[0],), dtype=x.dtype), x.T)
    return last + every.sum(axis=0) * w[3]


def two_states(x, w):
    """Each state needs the old value of the other."""

    def step(carry, column):
        a, b = carry
        return (b * w[0] + column, a * w[1] - b), a * b

    zero = A.zeros((x.shape[0],), dtype=x.dtype)
    (a, b), products = tv.scan(step, (zero, zero + 1.0), x.T, reverse=True)
    return a + b * w[2] + products.mean(axis=0) / w[3]


def infinite_slope_in_a_loop(x, w):
    """√ of what may be zero, in a branch that is then not taken."""

    def step(total, column):
        root = A.where(column > 0, A.sqrt(column) * w[0] + A.log(column), column * w[1])
        return total + root, None

    return tv.scan(step, A.zeros((x.shape[0],), dtype=x.dtype), x.T)[0]


VECTORS = {
    "sort": lambda x, w: A.sort(x * w, axis=1)[:, -2],
    "sort examples": lambda x, w: A.sort((x * w).sum(axis=1)),
    "sum up examples": lambda x, w: A.cumulative_sum((x * w).sum(axis=1)),
    "product so far": lambda x, w: A.cumulative_prod(x * w, axis=1)[:, -1],
    "next example": lambda x, w: A.concat([(x @ w)[1:], (x @ w)[:1]], axis=0),
    "roll": lambda x, w: A.roll(x @ w, 2),
    "flip": lambda x, w: A.flip(x @ w),
    "stride": lambda x, w: (x * w)[:, ::2].sum(axis=1) + (x * w)[:, 1],
    "erfinv": lambda x, w: A.erfinv(A.tanh(x * w) * 0.9).sum(axis=1),
    "gammainc": lambda x, w: A.gammainc(abs(x) + 1, abs(x * w) + 0.1).sum(axis=1),
    "log gamma": lambda x, w: A.log_gamma(abs(x * w) + 0.1).sum(axis=1),
    "atan2": lambda x, w: A.atan2(x * w, x + 1).sum(axis=1),
    "table": lambda x, w: w[A.astype(abs(x[:, 0] * 10) % 4, "int64")],
    "position": lambda x, w: w[A.argmax(x, axis=1)],
    "spread": lambda x, w: (x * w).var(axis=1) + (x * w).std(axis=0).sum(),
    "product": lambda x, w: (x * w).prod(axis=1),
    "power": lambda x, w: (abs(x) ** w).sum(axis=1),
    "branch": lambda x, w: A.where(x[:, 0] > 0, A.sqrt(x[:, 0]) * w[0], w[1]),
    "normalised batch": lambda x, w: ((x - x.mean(axis=0)) / (x.std(axis=0) + 0.1)) @ w,
    "number of examples": lambda x, w: (x @ w) / x.shape[0],
    "place of examples": lambda x, w: (x @ w) * A.arange(x.shape[0]),
    "attention between examples": lambda x, w: A.softmax(x @ x.T, axis=1) @ (x @ w),
    "pairs": lambda x, w: (x * w).reshape((-1, 2, 2)).sum(axis=(1, 2)),
    "examples laid end to end": lambda x, w: (
        (x * w).reshape((-1,)).reshape((4, -1)).sum(axis=0)
    ),
    "loop over examples": recurrence_over_examples,
    "loop in a loop": loop_in_a_loop,
    "two states": two_states,
    "slope in a loop": infinite_slope_in_a_loop,
}
MATRICES = {
    "quadratic form": lambda x, w: ((x @ w) * x).sum(axis=1),
    "outer products": lambda x, w: ((x[:, :, None] * x[:, None, :]) @ w).sum(axis=(1, 2)),
    "solve": lambda x, w: L.solve(regular(w), x.T).T.sum(axis=1),
    "determinant": lambda x, w: x.sum(axis=1) * L.slogdet(regular(w))[1] + L.det(w),
    "cholesky": lambda x, w: x @ L.cholesky(regular(w))[1],
    "eigenvalues": lambda x, w: x @ L.eigh(w + w.T)[0],
    "singular values": lambda x, w: x @ L.svdvals(w),
    "exponential": lambda x, w: x @ L.expm(w)[0],
    "qr": lambda x, w: x @ L.qr(w)[0][1],
    "pseudoinverse": lambda x, w: x @ L.pinv(w)[1],
}
CASES = [(f, VECTOR, name) for name, f in VECTORS.items()]
CASES += [(f, MATRIX, name) for name, f in MATRICES.items()]


@pytest.mark.parametrize(
    ("f", "start"), [case[:2] for case in CASES], ids=[case[2] for case in CASES]
)
def test_formulas(f, start):
    rng = np.random.default_rng(0)
    case = Case(
        tv.models.Formula(f, w=start), tv.objectives.SquaredError(), rng.normal(size=(6, 4)),
        rng.normal(size=6),
    )  # fmt: skip
    derivation = derive(case.model, case.objective, (case.x, case.y))
    source = derivation.python()
    assert "7919" not in source and max(map(len, source.splitlines())) <= 96
    values = {path: abs(value) + 0.3 for path, value in values_for(derivation, 1).items()}
    space = {}
    exec(source, space)
    with np.errstate(all="ignore"):
        loss, gradients = space["loss_and_gradients"](values, case.x, case.y)
        expected, slopes = loss_and_gradients(case, values)
    assert np.isfinite(expected)
    np.testing.assert_allclose(loss, expected, rtol=1e-10)
    scale = max(1.0, np.abs(slopes["w"]).max())
    np.testing.assert_allclose(gradients["w"], slopes["w"], rtol=1e-9, atol=1e-11 * scale)
