"""Poisson regression by Newton's method: the time until the coefficients are there."""

from __future__ import annotations

from typing import Any

import numpy as np

from .compare import compare
from .settings import Settings
from .timing import Unavailable
from .whole import WholeAnswer

__all__ = ["measure", "poisson_data"]

Array = np.ndarray[Any, Any]
_TOLERANCE = 1e-6  # on every component of the gradient of the mean loss, where a peer has one


def poisson_data(n: int = 100_000, d: int = 20) -> tuple[Array, Array]:
    """x (n, d) and counts y (n,) with the log of the mean linear in x."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, d))
    return x, rng.poisson(np.exp(0.3 + x @ rng.normal(size=d) / 6)).astype(np.float64)


class _Regression(WholeAnswer):
    """The answer is the weights and the intercept, which is the last."""

    def __init__(self, n: int = 100_000) -> None:
        self.n = n

    def prepare(self) -> None:
        """Import, and make the data; a subclass compiles."""
        self.x, self.y = poisson_data(self.n)


class Trivium(_Regression):
    """The objective's programs, compiled in ``prepare`` as in every row, and the iterations."""

    name = "Trivium"

    def prepare(self) -> None:
        import trivium as tv

        super().prepare()
        model = tv.models.Linear().copy(dtype="float64")
        x, y = tv.variable(self.x), tv.variable(self.y)
        model.prepare(tv.input(self.x.shape, "float64", name="x"), None)
        model.initialise(0)
        objective = tv.objectives.NegativeLogLikelihood("poisson")
        objective.prepare(model, self.y, None)
        self.algorithm = tv.algorithms.Newton(gradient_tolerance=_TOLERANCE)
        problem = tv.algorithms.Problem(
            model, objective, tv.Batch(x, y), model.parameters(), None
        )
        self.function: Any = self.algorithm.function(problem)
        self.solve()

    def solve(self) -> Array:
        return np.asarray(self.algorithm.minimize(self.function).x)


class TriviumFit(_Regression):
    """All of ``tv.fit``: data checked and hashed, separation and rank looked for, the fit."""

    name = "Trivium, tv.fit"

    def solve(self) -> Array:
        import trivium as tv

        fit = tv.fit(
            tv.models.Linear(), tv.objectives.NegativeLogLikelihood("poisson"),
            tv.algorithms.Newton(gradient_tolerance=_TOLERANCE), (self.x, self.y),
            progress=False,
        )  # fmt: skip
        return np.concatenate([value.ravel() for value in fit.parameters().values()])


class ScikitLearn(_Regression):
    """PoissonRegressor without a penalty."""

    name = "scikit-learn, newton-cholesky"

    def prepare(self) -> None:
        super().prepare()
        try:
            from sklearn.linear_model import PoissonRegressor
        except ImportError as error:
            raise Unavailable("not installed") from error
        self.estimator = PoissonRegressor(
            alpha=0.0, solver="newton-cholesky", tol=_TOLERANCE, max_iter=100
        )

    def solve(self) -> Array:
        self.estimator.fit(self.x, self.y)
        return np.append(self.estimator.coef_, self.estimator.intercept_)


class Glum(_Regression):
    """glum's iteratively reweighted least squares without a penalty."""

    name = "glum"

    def prepare(self) -> None:
        super().prepare()
        try:
            from glum import GeneralizedLinearRegressor
        except ImportError as error:
            raise Unavailable("not installed") from error
        self.estimator = GeneralizedLinearRegressor(
            family="poisson", alpha=0.0, solver="irls-ls", gradient_tol=_TOLERANCE
        )

    def solve(self) -> Array:
        self.estimator.fit(self.x, self.y)
        return np.append(self.estimator.coef_, self.estimator.intercept_)


class Statsmodels(_Regression):
    """statsmodels' GLM by iteratively reweighted least squares, or its Poisson by Newton."""

    def __init__(self, discrete: bool, n: int = 100_000) -> None:
        super().__init__(n)
        self.discrete = discrete
        self.name = "statsmodels " + ("Poisson, newton" if discrete else "GLM")

    def prepare(self) -> None:
        super().prepare()
        try:
            import statsmodels.api
        except ImportError as error:
            raise Unavailable("not installed") from error
        self.api = statsmodels.api
        self.design = np.column_stack([self.x, np.ones(len(self.x))])

    def solve(self) -> Array:
        if self.discrete:
            found = self.api.Poisson(self.y, self.design).fit(method="newton", disp=False)
        else:
            family = self.api.families.Poisson()
            found = self.api.GLM(self.y, self.design, family=family).fit()
        return np.asarray(found.params)


class ByHand(_Regression):
    """Newton's method in NumPy until nothing changes any more."""

    name = "oracle"

    def solve(self) -> Array:
        design = np.column_stack([self.x, np.ones(len(self.x))])
        theta = np.append(np.zeros(self.x.shape[1]), np.log(self.y.mean()))
        for _ in range(12):
            mean = np.exp(design @ theta)
            curvature = (design * mean[:, None]).T @ design
            theta = theta + np.linalg.solve(curvature, design.T @ (self.y - mean))
        return theta


def measure(settings: Settings) -> dict[str, Any]:
    """Seconds of one Poisson regression, for every contender."""
    return compare(
        [Trivium(), TriviumFit(), ScikitLearn(), Glum(), Statsmodels(False), Statsmodels(True)],
        settings,
        oracle=ByHand(),
        steps=1,
        tolerance=1e-4,
        own_too=["Trivium, tv.fit"],
    )
