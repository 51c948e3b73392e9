"""Random expressions for tests of pictures."""

import numpy as np
from hypothesis import strategies as st

import trivium as tv

SHAPES = [(), (3,), (2, 3), (2, 1), (1,), (5, 2)]
NAMES = ["z", "a<b", 'q"&', "层 1", "x" * 60, "\x00\ud800", "two\nlines", "‮reversed"]


def smooth(x, y):
    return [x + y, x * y, x - y, x / (2 + tv.array.cos(y)), tv.array.where(x < y, x, y)]


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
        if kind < 5:
            value = smooth(x, y)[kind]
        elif kind == 5:
            value = tv.array.tanh(x) * 2
        elif kind == 6:
            value = tv.label(x, draw(st.sampled_from(NAMES)))
        elif kind == 7:
            value = x + x.sum()
        elif kind == 8:
            value = tv.stop_gradient(x) + tv.array.exp(-x * x)
        else:
            value = x.astype("float64").reshape((1, *x.shape))[0].astype(dtype)
        made.append(value)
    return tv.label((made[-1] * 1.5 + made[draw(st.integers(0, len(made) - 1))]).sum(), "end")
