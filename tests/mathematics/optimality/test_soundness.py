"""What is claimed of random expressions holds at random points: nothing false is certified."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import trivium as tv
from trivium.engine.evaluate import values_of
from trivium.engine.traversal import substitute
from trivium.mathematics.optimality import certify
from trivium.mathematics.optimality.analysis import Analysis
from trivium.mathematics.optimality.simplify import simplify

A = tv.array
SIZE = 3

UNARY = (
    A.exp, A.expm1, A.abs, A.square, A.sqrt, A.log, A.log1p, A.sinh, A.cosh, A.tanh, A.sigmoid,
    A.softplus, A.relu, A.elu, A.leaky_relu, A.hard_tanh, A.softsign, A.gelu, A.silu, A.atan,
    A.asinh, A.sin, A.erf, A.erfc, A.log_gamma, A.sign, A.floor, A.logsumexp, A.log_softmax,
    A.softmax, A.sum, A.mean, A.max, A.min, A.norm, A.cumulative_sum, A.sort, A.negative,
    A.log_sigmoid, A.acosh, A.asin, A.reciprocal, tv.stop_gradient, A.flip, A.prod,
    lambda v: v**3, lambda v: v**4, lambda v: v**1.5, lambda v: v**0.5, lambda v: v**-1.0,
    lambda v: v**-2.0, lambda v: 2.0**v, lambda v: A.clip(v, -1.0, 1.0),
    lambda v: A.where(A.abs(v) <= 0.7, 0.5 * v * v, 0.7 * (A.abs(v) - 0.35)),
    lambda v: A.where(A.abs(v) <= 0.7, 0.5 * v * v, 0.6 * (A.abs(v) - 0.35)),
    lambda v: A.where(v < 0.5, v * v, v + 0.25), lambda v: A.where(v < 0.5, v * v, v - 0.25),
    lambda v: A.where(v >= 0.0, 0.9 * v, -0.1 * v), lambda v: v[:2].sum() if v.ndim else v,
    lambda v: A.concat([v, -v]) if v.ndim else v, lambda v: v * A.arange(v.size, dtype="float64"),
    lambda v: A.sqrt(1.0 + (v * v)), lambda v: A.log(A.exp(v).sum()),
)  # fmt: skip
BINARY = (
    A.add, A.subtract, A.multiply, A.divide, A.maximum, A.minimum, A.hypot,
    lambda u, v: (u * v).sum(), lambda u, v: A.where(u > 0, u, v),
    lambda u, v: A.where(A.arange(1)[0] > 0, u, v), lambda u, v: A.logaddexp(u, v),
)  # fmt: skip


@st.composite
def expressions(draw):
    """A random expression of a variable (3,), and a generator for points."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = tv.variable(np.zeros(SIZE), name="x")

    def leaf():
        kind = draw(st.integers(0, 5))
        if kind == 0:
            return tv.tensor(rng.normal(size=SIZE))
        if kind == 1:
            return tv.tensor(np.abs(rng.normal(size=SIZE)) + 0.1)
        if kind == 2:
            return x
        if kind == 3:
            return x - rng.normal(size=SIZE)
        return A.matmul(rng.normal(size=(SIZE, SIZE)).round(2), x) + rng.normal(size=SIZE)

    def build(depth):
        kind = draw(st.integers(0, 9)) if depth else 0
        if kind == 0:
            return leaf()
        if kind <= 6:
            return draw(st.sampled_from(UNARY))(build(depth - 1))
        left, right = build(depth - 1), build(depth - 1)
        if left.shape != right.shape and left.shape and right.shape:
            left, right = left.sum(), right.sum()
        return draw(st.sampled_from(BINARY))(left, right)

    try:
        made = build(draw(st.integers(1, 5)))
    except tv.TriviumError:  # a function of vectors met a scalar
        assume(False)
    return x, made, rng


def values_at(nodes, x, point):
    return values_of(substitute(nodes, {x: tv.tensor(point)}))


@settings(max_examples=2 * settings.default.max_examples)
@given(expressions())
def test_every_claim_about_every_node_holds_at_random_points(case):
    x, made, rng = case
    assume(made.dtype == np.float64)
    output = simplify([made.sum()])[0]
    analysis = Analysis([output], [x])
    nodes = [
        node
        for node in analysis.order
        if node.parts is None and node.dtype == np.float64 and analysis.varies(node)
    ]
    for _ in range(4):
        spread = float(rng.choice([0.5, 2.0, 5.0]))
        p, q = rng.normal(size=SIZE) * spread, rng.normal(size=SIZE) * spread
        share = float(rng.uniform(0.05, 0.95))
        mean = share * p + (1 - share) * q
        with np.errstate(all="ignore"):
            both = [values_at(nodes, x, each) for each in (p, q, mean)]
        for node, at_p, at_q, at_mean in zip(nodes, *both, strict=True):
            check(node, analysis[node], at_p, at_q, at_mean, share)


def check(node, state, at_p, at_q, at_mean, share):
    # Jensen's inequality for all points of the domain (where the function is finite).
    fine = np.isfinite(at_p) & np.isfinite(at_q)
    if state.bend in ("affine", "convex", "concave"):
        # The domain of a convex function is convex.
        assert not (fine & np.isnan(at_mean)).any(), (node, state)
    slack = 1e-9 * (1 + np.abs(at_p) + np.abs(at_q))
    with np.errstate(all="ignore"):
        chord = share * at_p + (1 - share) * at_q
        over, under = at_mean - chord > slack, chord - at_mean > slack
    if state.bend in ("affine", "convex"):
        assert not (fine & over).any(), (node, state)
    if state.bend in ("affine", "concave"):
        assert not (fine & under).any(), (node, state)
    for values in (at_p, at_q, at_mean):
        known = values[np.isfinite(values)]
        room = 1e-12 * (1 + np.abs(known))
        assert (known >= state.low - room).all(), (node, state)
        assert (known <= state.high + room).all(), (node, state)
        if state.squares or state.log_convex:
            assert (known >= 0).all(), (node, state)


@given(expressions(), st.floats(0.01, 2))
def test_the_modulus_of_strong_convexity_is_a_lower_bound(case, weight):
    x, made, rng = case
    assume(made.dtype == np.float64)
    f = made.sum() + weight * (x * x).sum()
    found = certify(f, x)
    for _ in range(4):
        p, q = rng.normal(size=SIZE) * 2, rng.normal(size=SIZE) * 2
        share = float(rng.uniform(0.1, 0.9))
        with np.errstate(all="ignore"):
            at = [
                float(values_at([f], x, each)[0])
                for each in (p, q, share * p + (1 - share) * q)
            ]
        if not np.isfinite(at).all() or not found.convex:
            continue
        gap = share * at[0] + (1 - share) * at[1] - at[2]
        needed = 0.5 * (found.modulus or 0.0) * share * (1 - share) * ((p - q) ** 2).sum()
        assert gap >= needed - 1e-9 * (1 + np.abs(at).max())
        if found.strictly_convex and np.abs(at).max() < 1e3:
            assert gap > -1e-12
