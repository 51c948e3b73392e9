"""Whole minimizations: from a start to the same gradient, the time until the answer is there."""

from __future__ import annotations

from typing import Any

import numpy as np

from .compare import compare
from .settings import Settings
from .timing import Unavailable
from .whole import WholeAnswer

__all__ = ["measure_lbfgs", "measure_levenberg_marquardt"]

Array = np.ndarray[Any, Any]
_TOLERANCE = 1e-6  # on every component of the gradient, for all
_PENALTY = 1e-3


def logistic_data(n: int = 100_000, d: int = 50) -> tuple[Array, Array]:
    """x (n, d) and labels y (n,) in {0, 1} from a logistic model."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, d))
    scores = x @ rng.normal(size=d) / 5 + 0.3
    return x, (rng.random(n) < 1 / (1 + np.exp(-scores))).astype(np.int64)


class _Logistic(WholeAnswer):
    def prepare(self) -> None:
        self.x, self.y = logistic_data()


class _Trivium(_Logistic):
    """The objective's program and the iterations; compiled in ``prepare``, as in every row."""

    name = "Trivium"

    def prepare(self) -> None:
        import trivium as tv
        from trivium.mathematics.minimization import Function

        super().prepare()
        model = tv.models.Linear().copy(dtype="float64")
        model.prepare(tv.input(self.x.shape, "float64", name="x"), None)
        model.initialise(0)
        loss = _objective()(model, tv.Batch(tv.variable(self.x), tv.variable(self.y)))
        self.algorithm = tv.algorithms.LBFGS(gradient_tolerance=_TOLERANCE)
        self.function = Function(loss, list(model.parameters().values()))
        self.function.value_and_gradient(self.function.start)

    def solve(self) -> Array:
        return np.asarray(self.algorithm.minimize(self.function).x)


class _TriviumFit(_Logistic):
    """All of ``tv.fit``: data checked and hashed, the objective compiled, the fit measured."""

    name = "Trivium, tv.fit"

    def solve(self) -> Array:
        import trivium as tv

        algorithm = tv.algorithms.LBFGS(gradient_tolerance=_TOLERANCE)
        fit = tv.fit(
            tv.models.Linear(), _objective(), algorithm, (self.x, self.y), progress=False
        )
        return np.concatenate([value.ravel() for value in fit.parameters().values()])


def _objective() -> Any:
    import trivium as tv

    return tv.objectives.BinaryCrossEntropy() + _PENALTY * tv.objectives.L2()


class _ScikitLearn(_Logistic):
    name = "scikit-learn"

    def prepare(self) -> None:
        super().prepare()
        try:
            from sklearn.linear_model import LogisticRegression
        except ImportError as error:
            raise Unavailable("not installed") from error
        # Its objective is ½‖w‖²/(C N) + the mean loss, its tolerance that of the gradient.
        strength = 1 / (2 * _PENALTY * len(self.y))
        self.estimator = LogisticRegression(C=strength, tol=_TOLERANCE, max_iter=1000)

    def solve(self) -> Array:
        self.estimator.fit(self.x, self.y)
        return np.concatenate([self.estimator.coef_[0], self.estimator.intercept_])


class _SciPy(_Logistic):
    name = "SciPy"

    def solve(self) -> Array:
        from scipy.optimize import minimize

        found = minimize(
            self._value_and_gradient, np.zeros(self.x.shape[1] + 1), jac=True,
            method="L-BFGS-B", options={"gtol": _TOLERANCE, "ftol": 0.0},
        )  # fmt: skip
        return np.asarray(found.x)

    def _value_and_gradient(self, theta: Array) -> tuple[float, Array]:
        from scipy.special import expit

        w, n = theta[:-1], len(self.y)
        z = self.x @ w + theta[-1]
        value = float((np.logaddexp(0, z) - self.y * z).mean()) + _PENALTY * float(w @ w)
        slope = (expit(z) - self.y) / n
        return value, np.append(self.x.T @ slope + 2 * _PENALTY * w, slope.sum())


class _Newton(_SciPy):
    """The answer to many digits, by Newton's method in NumPy."""

    name = "oracle"

    def solve(self) -> Array:
        from scipy.special import expit

        ones = np.column_stack([self.x, np.ones(len(self.x))])
        theta = np.zeros(ones.shape[1])
        ridge = np.diag([2 * _PENALTY] * self.x.shape[1] + [0.0])
        for _ in range(8):
            p = expit(ones @ theta)
            hessian = (ones * (p * (1 - p))[:, None]).T @ ones / len(p) + ridge
            theta = theta - np.linalg.solve(hessian, self._value_and_gradient(theta)[1])
        return theta


def measure_lbfgs(settings: Settings) -> dict[str, Any]:
    """Seconds of one logistic regression by L-BFGS, for every contender."""
    return compare(
        [_Trivium(), _TriviumFit(), _ScikitLearn(), _SciPy()],
        settings,
        oracle=_Newton(),
        steps=1,
        tolerance=1e-4,
        own_too=["Trivium, tv.fit"],
    )


_TIMES = np.linspace(0, 10, 10_000)
# Four peaks (height, place, width) on a decay: the parameters, and where the fits begin.
_TRUE = np.array([2.0, 1.5, 0.3, 3.0, 4.0, 0.6, 1.0, 6.5, 0.4, 2.5, 8.0, 0.5, 1.5, 0.3])
_START = np.array([1.5, 1.4, 0.4, 2.0, 4.2, 0.5, 1.5, 6.3, 0.5, 2.0, 8.2, 0.4, 1.0, 0.2])


def _curve(xp: Any, b: Any, t: Any) -> Any:
    total = b[12] * xp.exp(-b[13] * t)
    for k in range(0, 12, 3):
        total = total + b[k] * xp.exp(-(((t - b[k + 1]) / b[k + 2]) ** 2))
    return total


_NOISE = 0.1 * np.random.default_rng(0).normal(size=_TIMES.size)
_DATA = _curve(np, _TRUE, _TIMES) + _NOISE


class _TriviumCurve(WholeAnswer):
    name = "Trivium"

    def prepare(self) -> None:
        import trivium as tv
        from trivium.mathematics.minimization import Residuals

        self.algorithm = tv.algorithms.LevenbergMarquardt()
        self.residuals = Residuals(
            lambda b: _curve(tv.array, b, _TIMES) - _DATA, _START, evaluations=100_000
        )

    def solve(self) -> Array:
        return np.asarray(self.algorithm.minimize(self.residuals).x)


class _SciPyCurve(WholeAnswer):
    """``method``: of least_squares. ``exact``: with the Jacobian by hand, else differences."""

    def __init__(self, method: str, exact: bool) -> None:
        self.method, self.exact = method, exact
        self.name = f"SciPy {method}" + (", Jacobian by hand" if exact else "")

    def solve(self) -> Array:
        from scipy.optimize import least_squares

        found = least_squares(
            lambda b: _curve(np, b, _TIMES) - _DATA,
            _START,
            jac=_jacobian if self.exact else "2-point",
            method=self.method,
        )
        return np.asarray(found.x)


def _jacobian(b: Array) -> Array:
    t, columns = _TIMES, []
    for k in range(0, 12, 3):
        z = (t - b[k + 1]) / b[k + 2]
        peak = np.exp(-(z**2))
        slope = 2 * b[k] / b[k + 2] * z * peak
        columns += [peak, slope, slope * z]
    decay = np.exp(-b[13] * t)
    return np.stack([*columns, decay, -b[12] * t * decay], axis=1)


class _Exact(_SciPyCurve):
    def __init__(self) -> None:
        super().__init__("lm", True)

    def solve(self) -> Array:
        from scipy.optimize import least_squares

        found = least_squares(
            lambda b: _curve(np, b, _TIMES) - _DATA, _START, jac=_jacobian, method="lm",
            xtol=1e-15, ftol=1e-15, gtol=1e-15,
        )  # fmt: skip
        return np.asarray(found.x)


def measure_levenberg_marquardt(settings: Settings) -> dict[str, Any]:
    """Seconds of one curve fit with 10,000 residuals and 14 parameters, for every contender."""
    pairs = [("lm", True), ("lm", False), ("trf", True), ("trf", False)]
    return compare(
        [_TriviumCurve(), *[_SciPyCurve(*pair) for pair in pairs]],
        settings,
        oracle=_Exact(),
        steps=1,
        tolerance=1e-6,
    )
