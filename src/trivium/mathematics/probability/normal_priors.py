"""Conjugate priors of a normal's mean and spread: normal-inverse-gamma and -Wishart."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trivium.engine import array, random
from trivium.engine.array.arguments import ArrayLike, sizes
from trivium.engine.errors import ArgumentError, ShapeError
from trivium.engine.tensor import Tensor

from .continuous import StudentT
from .distribution import FINITE, POSITIVE, Distribution, Unordered
from .inverse_gamma import InverseGamma, RootInverseGamma
from .multivariate_normal import MultivariateNormal

__all__ = ["NormalInverseGamma", "NormalInverseWishart"]

Array = np.ndarray[Any, Any]


def _keys(name: str, x: Any, *wanted: str) -> None:
    if not isinstance(x, dict) or set(x) != set(wanted):
        shown = ", ".join(f'"{key}": …' for key in wanted)
        raise ArgumentError(
            f"{name} is a distribution of several numbers; give {{{shown}}}, not {str(x)[:40]}"
        )


class _Joint(Unordered):
    """A distribution of a mean and a spread together; ask its marginals for quantiles."""

    instead = "d.marginals()"

    def log_density(self, x: Any) -> Tensor:
        """ln p of one dict with "mean" and the spread; see the class."""
        raise NotImplementedError

    def density(self, x: Any) -> Tensor:
        """p of one dict with "mean" and the spread."""
        return array.exp(self.log_density(x))


class NormalInverseGamma(_Joint):
    """The prior (μ | σ²) ~ N(m, σ²/κ), σ² ~ InverseGamma(a, b) of a normal's two parameters.

    ``mean`` m: the prior's guess of μ. ``strength`` κ: how many observations that guess is
    worth. ``shape`` a and ``rate`` b: 2a observations with squared deviations 2b in all. Raises
    ArgumentError unless m is finite and the others positive and finite. Source: Murphy (2007),
    "Conjugate Bayesian analysis of the Gaussian distribution", §6.
    """

    rules = {"mean": FINITE, "strength": POSITIVE, "shape": POSITIVE, "rate": POSITIVE}

    def __init__(
        self, mean: ArrayLike, strength: ArrayLike, shape: ArrayLike, rate: ArrayLike
    ) -> None:
        super().__init__(mean=mean, strength=strength, shape=shape, rate=rate)

    def log_density(self, x: Any) -> Tensor:
        """ln p(μ, σ²) of ``x = {"mean": μ, "variance": σ²}``."""
        from .continuous import Normal

        own = self.parameters
        _keys(type(self).__name__, x, "mean", "variance")
        variance = array.asarray(x["variance"])
        given = Normal(mean=own["mean"], sd=array.sqrt(variance / own["strength"]))
        spread = InverseGamma(shape=own["shape"], rate=own["rate"])
        return given.log_density(x["mean"]) + spread.log_density(variance)

    @property
    def mean(self) -> Any:
        """E μ, E σ² and E σ, as a dict of Tensors."""
        return {name: each.mean for name, each in self.marginals().items()}

    @property
    def mode(self) -> dict[str, Array]:
        """The mode in (μ, σ²): m and b/(a + 3/2)."""
        own = {name: each.value for name, each in self.parameters.items()}
        return {"mean": own["mean"], "variance": own["rate"] / (own["shape"] + 1.5)}

    def marginals(self) -> dict[str, Distribution]:
        """μ ~ Student's t with 2a degrees of freedom; σ² ~ inverse gamma, σ its root."""
        own = self.parameters
        scale = array.sqrt(own["rate"] / (own["shape"] * own["strength"]))
        return {
            "mean": StudentT(df=2.0 * own["shape"], location=own["mean"], scale=scale),
            "variance": InverseGamma(shape=own["shape"], rate=own["rate"]),
            "sd": RootInverseGamma(shape=own["shape"], rate=own["rate"]),
        }

    def sample(
        self, shape: int | tuple[int, ...] = (), seed: int | None = None, *, key: Any = None
    ) -> Any:
        """Draws of both numbers: a dict with "mean" and "variance"."""
        if (seed is None) == (key is None):
            raise ArgumentError("NormalInverseGamma.sample: give either seed= or key=")
        first, second = random.split(random.key(seed) if key is None else key)  # type: ignore[arg-type]
        own = {name: each.value for name, each in self.parameters.items()}
        variance = self.marginals()["variance"].sample(shape, key=first)
        drawn = random.normal(second, variance.shape).value
        return {
            "mean": own["mean"] + np.sqrt(variance / own["strength"]) * drawn,
            "variance": variance,
        }


class NormalInverseWishart(_Joint):
    """The prior (μ | Σ) ~ N(m, Σ/κ), Σ ~ InverseWishart(ψ, df) of normal vectors.

    ``mean`` m (d,), ``strength`` κ > 0, ``df`` > d - 1, ``scale`` ψ (d, d) positive definite.
    Raises ArgumentError or ShapeError otherwise. Source: Gelman et al. (2013), *Bayesian Data
    Analysis*, 3rd ed., §3.6.
    """

    rules = {"mean": FINITE, "strength": POSITIVE, "df": FINITE, "scale": FINITE}

    def __init__(
        self, mean: ArrayLike, strength: ArrayLike, df: ArrayLike, scale: ArrayLike
    ) -> None:
        super().__init__(strength=strength, df=df)
        self.parameters["mean"] = self._checked("mean", mean)
        self.parameters["scale"] = self._checked("scale", scale)
        centre, psi = self.parameters["mean"], self.parameters["scale"]
        d = centre.shape[0] if centre.ndim == 1 else 0
        if d == 0 or psi.shape != (d, d):
            raise ShapeError(
                "NormalInverseWishart: mean is a vector (d,) and scale a matrix (d, d); got "
                f"{centre.shape} and {psi.shape}"
            )
        self.dimension = d
        degrees = self.parameters["df"].item()
        if not degrees > d - 1:
            raise ArgumentError(
                f"NormalInverseWishart: df must be above d - 1 = {d - 1}, not {degrees:g}; under "
                "a prior without information that needs more observations than variables"
            )
        if MultivariateNormal(centre, psi).singular:
            raise ArgumentError("NormalInverseWishart: scale must be positive definite")

    @property
    def mean(self) -> Any:
        """E μ = m and E Σ = ψ/(df - d - 1) (∞ where df ≤ d + 1), as a dict of Tensors."""
        df, psi = self.parameters["df"], self.parameters["scale"]
        rest = df.item() - self.dimension - 1
        spread = psi / rest if rest > 0 else array.asarray(np.full(psi.shape, math.inf))
        return {"mean": self.parameters["mean"], "covariance": spread}

    @property
    def mode(self) -> dict[str, Array]:
        """The mode in (μ, Σ): m and ψ/(df + d + 2)."""
        own = {name: each.value for name, each in self.parameters.items()}
        return {
            "mean": own["mean"],
            "covariance": own["scale"] / (own["df"] + self.dimension + 2),
        }

    def marginals(self) -> dict[str, Distribution]:
        """Each μ_j ~ Student's t with df - d + 1 degrees of freedom, each Σ_jj ~ inverse gamma."""
        own = {name: each.value for name, each in self.parameters.items()}
        degrees = float(own["df"]) - self.dimension + 1
        found: dict[str, Distribution] = {}
        for j in range(self.dimension):
            size = float(own["scale"][j, j])
            spread = math.sqrt(size / (float(own["strength"]) * degrees))
            found[f"mean {j}"] = StudentT(degrees, float(own["mean"][j]), spread)
        for j in range(self.dimension):
            size = float(own["scale"][j, j])
            found[f"variance {j}"] = InverseGamma(shape=degrees / 2, rate=size / 2)
        return found

    def log_density(self, x: Any) -> Tensor:
        """ln p(μ, Σ) of ``x = {"mean": μ, "covariance": Σ}``."""
        from trivium.mathematics import linalg

        d, own = self.dimension, self.parameters
        _keys(type(self).__name__, x, "mean", "covariance")
        spread = array.asarray(x["covariance"])
        given = MultivariateNormal(own["mean"], spread / own["strength"])
        df, psi = own["df"], own["scale"]
        gammas = array.asarray(0.25 * d * (d - 1) * math.log(math.pi))
        for j in range(d):
            gammas = gammas + array.log_gamma(0.5 * (df - float(j)))
        wishart = (
            0.5 * df * linalg.slogdet(psi)[1]
            - 0.5 * df * d * math.log(2.0)
            - gammas
            - 0.5 * (df + (d + 1.0)) * linalg.slogdet(spread)[1]
            - 0.5 * array.trace(linalg.solve(spread, psi))
        )
        return given.log_density(x["mean"]) + wishart

    def sample(
        self, shape: int | tuple[int, ...] = (), seed: int | None = None, *, key: Any = None
    ) -> Any:
        """Draws of both: a dict with "mean" (…, d) and "covariance" (…, d, d).

        Bartlett's decomposition of Λ = Σ⁻¹ ~ Wishart(ψ⁻¹, df).
        """
        if (seed is None) == (key is None):
            raise ArgumentError("NormalInverseWishart.sample: give either seed= or key=")
        chosen = random.key(seed) if key is None else key  # type: ignore[arg-type]
        first, second, third = random.split(chosen, 3)
        own = {name: each.value for name, each in self.parameters.items()}
        batch = sizes("NormalInverseWishart.sample", shape)
        d = self.dimension
        from .positive import Gamma

        lower = np.tril(random.normal(first, (*batch, d, d)).value, -1)
        for j, each in enumerate(random.split(second, max(d, 2))[:d]):
            square = Gamma(shape=(float(own["df"]) - j) / 2, rate=0.5).sample(batch, key=each)
            lower[..., j, j] = np.sqrt(square)
        # Σ = R A⁻ᵀ A⁻¹ Rᵀ with R Rᵀ = ψ, so no inverse of ψ is formed.
        root = np.linalg.cholesky(own["scale"])
        inverse = np.linalg.inv(lower)
        factor = root @ np.swapaxes(inverse, -1, -2)
        spread = factor @ np.swapaxes(factor, -1, -2)
        drawn = random.normal(third, (*batch, d, 1)).value
        shift = (factor @ drawn)[..., 0] / math.sqrt(float(own["strength"]))
        return {"mean": own["mean"] + shift, "covariance": spread}
