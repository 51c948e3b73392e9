"""Random expressions for tests of pictures."""

import numpy as np
from hypothesis import strategies as st

import trivium as tv
from trivium.engine.sites import scope

NAMES = ["z", "a<b", 'q"&', "层 1", "x" * 60, "\x00\ud800", "two\nlines", "‮reversed"]


def smooth(x, y):
    return [x + y, x * y, x - y, x / (2 + tv.array.cos(y)), tv.array.where(x < y, x, y)]


def one_of(kind, x, y, dtype, draw):
    """A value made of ``x`` and perhaps ``y``, of ten kinds."""
    if kind < 5:
        return smooth(x, y)[kind]
    if kind == 5:
        return tv.array.tanh(x) * 2
    if kind == 6:
        return tv.label(x, draw(st.sampled_from(NAMES)))
    if kind == 7:
        return x + x.sum()
    if kind == 8:
        return tv.stop_gradient(x) + tv.array.exp(-x * x)
    return x.astype("float64").reshape((1, *x.shape))[0].astype(dtype)


@st.composite
def expressions(draw, most=14):
    """A scalar expression of variables, constants and literals, some values named and shared."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(1, 4))
    dtype = draw(st.sampled_from(["float32", "float64"]))
    base = draw(st.sampled_from([(), (3,), (2, 3)]))
    made = [
        tv.variable(rng.uniform(0.5, 2, base).astype(dtype), name=f"v{i}") for i in range(count)
    ]
    for _ in range(draw(st.integers(1, most))):
        x = made[draw(st.integers(0, len(made) - 1))]
        y = made[draw(st.integers(0, len(made) - 1))]
        kind = draw(st.integers(0, 9))
        with scope(draw(st.sampled_from(["left (Layer)", "right (Layer)"]))):
            made.append(one_of(kind, x, y, dtype, draw))
    return tv.label((made[-1] * 1.5 + made[draw(st.integers(0, len(made) - 1))]).sum(), "end")
