"""Randomized principal components: the time until a few directions of tall data are there."""

from __future__ import annotations

from typing import Any

import numpy as np

from .compare import compare
from .settings import Settings
from .timing import Unavailable
from .whole import WholeAnswer

__all__ = ["measure", "tall_data"]

Array = np.ndarray[Any, Any]
_COMPONENTS = 10


def tall_data(n: int = 20_000, d: int = 500) -> Array:
    """x (n, d) whose k-th direction has a standard deviation in proportion to 1/k."""
    rng = np.random.default_rng(0)
    directions, _ = np.linalg.qr(rng.normal(size=(d, d)))
    return (rng.normal(size=(n, d)) * (10 / np.arange(1, d + 1))) @ directions.T + 1.0


class _Analysis(WholeAnswer):
    """The answer is the variances of the first components."""

    def prepare(self) -> None:
        """Make the data."""
        self.x = tall_data()


class Trivium(_Analysis):
    """tv.linalg.pca with the method named."""

    name = "Trivium"

    def solve(self) -> Array:
        import trivium as tv

        found = tv.linalg.pca(self.x, _COMPONENTS, method="randomized", seed=0)
        return np.asarray(found.explained_variance)


class ScikitLearn(_Analysis):
    """``solver``: scikit-learn's name of the method."""

    def __init__(self, solver: str) -> None:
        self.solver = solver
        self.name = f"scikit-learn, {solver}"

    def prepare(self) -> None:
        super().prepare()
        try:
            from sklearn.decomposition import PCA
        except ImportError as error:
            raise Unavailable("not installed") from error
        self.estimator = PCA(_COMPONENTS, svd_solver=self.solver, random_state=0)

    def solve(self) -> Array:
        self.estimator.fit(self.x)
        return np.asarray(self.estimator.explained_variance_)


class Exact(_Analysis):
    """The eigenvalues of the covariance matrix."""

    name = "oracle"

    def solve(self) -> Array:
        return np.linalg.eigvalsh(np.cov(self.x.T))[::-1][:_COMPONENTS]


def measure(settings: Settings) -> dict[str, Any]:
    """Seconds of one randomized analysis; the exact one is shown beside it."""
    return compare(
        [Trivium(), ScikitLearn("randomized"), ScikitLearn("covariance_eigh")],
        settings,
        oracle=Exact(),
        steps=1,
        tolerance=1e-2,
        against=["scikit-learn, randomized"],
    )
