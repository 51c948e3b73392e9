"""Matrices for the tests of linear algebra: drawn, awkward, with chosen spectra."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp


def numbers(dtype=np.float64):
    """Numbers of sizes between 10⁻³ and 10³, zeros and repetitions included."""
    small = st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5])
    return st.one_of(small, st.floats(-1e3, 1e3, width=32, allow_subnormal=False)).map(
        lambda x: 0.0 if abs(x) < 1e-3 else x
    )


@st.composite
def shaped(draw, square=False, batch=True, largest=5):
    """Matrices of any shape, empty ones included, with batch axes or without."""
    n = draw(st.integers(0, largest))
    m = n if square else draw(st.integers(0, largest))
    lead = (
        draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3)) if batch else ()
    )
    return draw(hnp.arrays(np.float64, (*lead, n, m), elements=numbers()))


def orthogonal(rng, *shape):
    return np.linalg.qr(rng.normal(size=shape))[0]


def with_eigenvalues(values, seed=0):
    """A symmetric matrix with these eigenvalues, and its eigenvectors."""
    vectors = orthogonal(np.random.default_rng(seed), len(values), len(values))
    return (vectors * np.asarray(values, float)) @ vectors.T, vectors


def with_singular_values(values, n, m, seed=0):
    """A matrix (n, m) with these singular values, and its singular vectors."""
    rng = np.random.default_rng(seed)
    u, v = orthogonal(rng, n, n)[:, : len(values)], orthogonal(rng, m, m)[:, : len(values)]
    return (u * np.asarray(values, float)) @ v.T, u, v


def similar(block, seed=0):
    """A matrix similar to ``block`` by a well-conditioned change of basis."""
    rng = np.random.default_rng(seed)
    n = len(block)
    basis = orthogonal(rng, n, n) @ np.diag(np.linspace(1, 2, n)) @ orthogonal(rng, n, n)
    return basis @ np.asarray(block, float) @ np.linalg.inv(basis)


def size(x):
    """The largest entry by size, or 1 if that is 0 or there is none."""
    return max(float(np.max(np.abs(x), initial=0.0)), 1e-300)
