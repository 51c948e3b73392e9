"""One Gaussian per class: linear and quadratic discriminant analysis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.tensor import Tensor

from ..errors import RequestError
from ..layers.dense import check_features
from ..options import number
from ..specification import component, near
from .generative import Array, Estimate, Generative, Sample
from .parameters import Parameter, parameter

__all__ = ["GaussianClassifier", "gaussian_log_density"]

_KINDS = ("shared", "separate", "diagonal", "shared-diagonal")


@component(text="gaussian")
class GaussianClassifier(Generative):
    """p(x, y = k) = π_k N(x; μ_k, Σ_k): a Gaussian for each class.

    ``covariance``: "shared", one Σ for all classes, whose boundaries are linear (linear
    discriminant analysis); "separate", a Σ_k for each, boundaries quadratic (quadratic
    discriminant analysis); "diagonal", a separate Σ_k without correlations (Gaussian naive
    Bayes); "shared-diagonal", one for all. ``priors``: None to learn π, "uniform", or K
    probabilities in the order of the classes. ``shrinkage``: s from 0 to 1 replaces Σ by
    (1 - s) Σ + s diag(Σ), which keeps variances and shrinks correlations; "auto" estimates the
    s of least expected squared error.

    Shapes: x (N, …), each example flattened to d features → ln p(x, y) (N, K). Parameters:
    ``mean`` (K, d); ``root``, the whitening matrix R = L⁻¹ of Σ = L Lᵀ, lower triangular
    (d, d) or (K, d, d), so that (x - μ)ᵀ Σ⁻¹ (x - μ) = ‖R (x - μ)‖², or the inverse standard
    deviations (d,) or (K, d); ``log_prior`` (K,), ln π up to a constant. All in the units of
    the features. A squared distance is at most a quarter of the largest number.

    Fitted by ``JointLikelihood`` and ``ClosedForm``: shares, means and covariances (divided by
    N, as maximum likelihood says), weights of examples counted. A singular covariance is
    repaired and the fit's notes say how: a class that cannot have its own takes that of all
    classes; if that is singular too, its correlations are shrunk as by "auto" where examples
    are fewer than features, else 10⁻⁶ of each variance is added to the diagonal. Raises
    RequestError for options outside their range, ShapeError for features that do not fit.

    Source: Bishop (2006), *Pattern Recognition and Machine Learning*, §4.2.1 and §4.2.2; Fisher
    (1936); shrinkage to the diagonal: Schäfer & Strimmer (2005), Stat. Appl. Genet. Mol. Biol.
    4, target D.
    """

    mean: Parameter
    root: Parameter

    def __init__(
        self,
        covariance: str = "shared",
        priors: Any = None,
        shrinkage: float | str | None = None,
    ) -> None:
        super().__init__(priors)
        known = covariance.replace("_", "-") if isinstance(covariance, str) else ""
        if known not in _KINDS:
            raise RequestError(
                f"GaussianClassifier: covariance {covariance!r} is none of the four kinds."
                f"{near(known, _KINDS)}"
            )
        self.covariance = known
        self.shrinkage = _checked_shrinkage(shrinkage, known)

    def make(self, classes: int, features: int) -> None:
        """Make means at 0 and covariances at the identity; steps would begin there."""
        self.mean = parameter((classes, features), "zeros")
        shape = {
            "shared": (features, features),
            "separate": (classes, features, features),
            "diagonal": (classes, features),
            "shared-diagonal": (features,),
        }[self.covariance]
        if self.covariance.endswith("diagonal"):
            self.root = parameter(shape, "ones")
        else:
            self.root = parameter(shape, "zeros")
            self.root.assign(np.broadcast_to(np.eye(features), shape))

    def log_density(self, x: Tensor) -> Tensor:
        """ln N(x; μ_k, Σ_k) for each class, (N, K)."""
        check_features(self, x, array.matrix_transpose(self.mean))
        return gaussian_log_density(x, self.mean, self.root, self.covariance)

    def estimate(self, sample: Sample) -> Estimate:
        """Class means, and covariances as whitening matrices."""
        from .generative_covariance import gaussian

        return gaussian(sample, self.covariance, self.shrinkage)

    @property
    def covariances(self) -> Array:
        """Σ: (d, d) if it is shared, else (K, d, d). In the units of the features, squared."""
        root = self.root.value
        if self.covariance.endswith("diagonal"):
            variance = 1 / root**2
            return np.eye(root.shape[-1]) * variance[..., None, :]
        factor = np.linalg.inv(np.tril(root))
        return np.asarray(factor @ np.swapaxes(factor, -1, -2))

    def polynomial(self) -> tuple[Array | None, Array, Array]:
        """A_k = -½ Σ_k⁻¹ (None if shared), W_k = Σ_k⁻¹μ_k, b_k = ln π_k - ½(μ_k·W_k + ln|Σ_k|)."""
        return gaussian_polynomial(
            self.mean.value, self.root.value, self.covariance, np.log(self.prior)
        )


def _checked_shrinkage(shrinkage: Any, covariance: str) -> float | str | None:
    if shrinkage is None:
        return None
    rule = 'from 0 (the covariance as it is) to 1 (no correlations), or "auto"'
    auto = isinstance(shrinkage, str) and shrinkage == "auto"
    found = 0.0 if auto else number("GaussianClassifier", "shrinkage", shrinkage, rule)
    if not 0 <= found <= 1:
        raise RequestError(f"GaussianClassifier: shrinkage must be {rule}, got {shrinkage!r}")
    if covariance.endswith("diagonal"):
        raise RequestError(
            f"GaussianClassifier: shrinkage takes correlations away, and covariance="
            f"{covariance!r} has none; leave it out"
        )
    return "auto" if auto else found


def gaussian_log_density(x: Tensor, mean: Tensor, root: Tensor, covariance: str) -> Tensor:
    """ln N(x; μ_k, Σ_k). Shapes: (N, d), (K, d) → (N, K).

    Differences are taken before they are squared, so that no digits are lost far from 0.
    """
    diagonal = covariance.endswith("diagonal")
    factor = root if diagonal else array.tril(root)
    if covariance.startswith("shared"):
        distance = _shared_distance(x, mean, factor)
    elif diagonal:
        z = (x[:, None, :] - mean) * factor
        distance = (z * z).sum(axis=-1)
    else:
        z = (x[None, :, :] - mean[:, None, :]) @ array.matrix_transpose(factor)
        distance = array.matrix_transpose((z * z).sum(axis=-1))
    assert x.dtype is not None
    most = float(np.finfo(x.dtype).max) / 4
    scales = root if diagonal else array.diagonal(root)
    volume = array.log(abs(scales)).sum(axis=-1)
    constant = 0.5 * x.shape[1] * math.log(2 * math.pi)
    return volume - 0.5 * array.minimum(distance, most) - constant


def _shared_distance(x: Tensor, mean: Tensor, factor: Tensor) -> Tensor:
    """‖R(x - μ_k)‖² = ‖a‖² - 2 a·c_k + ‖c_k‖² from the centre of the means, (N, K).

    That needs no array of N × K × d numbers; near the classes a and c_k are of the size of 1.
    """
    centre = mean.mean(axis=0)
    if factor.ndim == 1:
        a, c = (x - centre) * factor, (mean - centre) * factor
    else:
        turn = array.matrix_transpose(factor)
        a, c = (x - centre) @ turn, (mean - centre) @ turn
    squares = (a * a).sum(axis=1, keepdims=True) + (c * c).sum(axis=1)
    return squares - 2 * (a @ array.matrix_transpose(c))


def gaussian_polynomial(
    mean: Array, root: Array, covariance: str, log_prior: Array
) -> tuple[Array | None, Array, Array]:
    """The scores of Gaussians as polynomials; see ``Generative.polynomial``."""
    if covariance.endswith("diagonal"):
        factor = np.eye(root.shape[-1]) * root[..., None, :]
        scales = root
    else:
        factor = np.tril(root)
        scales = np.diagonal(root, axis1=-2, axis2=-1)
    shared = covariance.startswith("shared")
    # From the centre of the means, whose numbers are smaller than those from 0.
    centre = mean.mean(axis=0)
    white = np.einsum("ij,kj->ki" if shared else "kij,kj->ki", factor, mean - centre)
    weights = np.einsum("ij,ki->kj" if shared else "kij,ki->kj", factor, white)
    bias = log_prior - 0.5 * (white**2).sum(axis=1)
    if shared:
        return None, weights, bias - weights @ centre
    quadratic = -0.5 * np.einsum("kij,kil->kjl", factor, factor)
    turned = quadratic @ centre
    bias = bias + np.log(np.abs(scales)).sum(axis=1) - weights @ centre + turned @ centre
    return quadratic, weights - 2 * turned, bias
