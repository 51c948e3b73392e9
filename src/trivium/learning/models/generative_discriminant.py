"""Generative classifiers read as discriminants: w and b of σ(w·x + b), from μ and Σ.

ln p(x, y = k) of a Gaussian is a quadratic polynomial in x. Where all classes share Σ, the
quadratic term is the same for all and cancels in Bayes' rule, so that p(y = k | x) =
softmax(Wx + b)_k with W_k = Σ⁻¹μ_k and b_k = ln π_k - ½ μ_kᵀ Σ⁻¹ μ_k. The same holds for every
exponential family whose base measure the classes share: Bernoulli and multinomial naive Bayes.
Source: Bishop (2006), *Pattern Recognition and Machine Learning*, eqs. (4.65) to (4.70).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.engine.tensor import tensor

from ..errors import DataError, RequestError
from .fitted import model_of
from .generative import Array, Generative

if TYPE_CHECKING:
    from ..fit.result import Fit

__all__ = ["Discriminant", "discriminant"]

_ROWS = 40  # features that are printed
_MATRIX = 8  # features up to which a quadratic form is printed
_PROBES = 2_000


@dataclass(frozen=True, eq=False)
class Discriminant:
    """The class probabilities of a generative classifier as softmax(xᵀA_k x + W_k·x + b_k).

    ``weights`` W (K, d) and ``bias`` b (K,), for the encoded features ``names`` in the user's
    own units, also if the fit standardised them; ``quadratic`` A (K, d, d), or None where the
    boundaries are linear. A term that all classes share cancels and is chosen freely: Gaussians
    with one Σ have W_k = Σ⁻¹(μ_k - m), m being the mean of the μ_k. ``difference``: the
    largest difference between these probabilities and those of the densities, over ``probes``
    points around the classes.
    """

    target: str
    classes: list[Any]
    names: list[str]
    weights: Array
    bias: Array
    quadratic: Array | None
    difference: float
    probes: int

    @property
    def linear(self) -> bool:
        """Whether the boundaries are linear."""
        return self.quadratic is None

    @property
    def w(self) -> Array:
        """w of σ(w·x + b), the probability of the second of two classes, (d,)."""
        self._require_two()
        return np.asarray(self.weights[1] - self.weights[0])

    @property
    def b(self) -> float:
        """b of σ(w·x + b). Raises RequestError for more than two classes."""
        self._require_two()
        return float(self.bias[1] - self.bias[0])

    def _require_two(self) -> None:
        if len(self.classes) != 2:
            raise RequestError(
                f"σ(w·x + b) tells two classes apart, and there are {len(self.classes)}: use "
                ".weights and .bias of softmax(Wx + b)"
            )

    def scores(self, x: Any) -> Array:
        """xᵀA_k x + W_k·x + b_k. Shapes: encoded features (N, d) in their units → (N, K)."""
        points = np.asarray(x, dtype=np.float64)
        if points.ndim < 2 or int(np.prod(points.shape[1:])) != len(self.names):
            raise DataError(
                f"the discriminant takes (N, {len(self.names)}) numbers, the encoded features "
                f"{', '.join(self.names[:3])}, …; got shape {points.shape}"
            )
        points = points.reshape(len(points), -1)
        found = points @ self.weights.T + self.bias
        if self.quadratic is not None:
            found += np.einsum("ni,kij,nj->nk", points, self.quadratic, points, optimize=True)
        return np.asarray(found)

    def probabilities(self, x: Any) -> Array:
        """p(y = k | x). Shapes: (N, d) → (N, K)."""
        return _softmax(self.scores(x))

    def __str__(self) -> str:
        two = len(self.classes) == 2
        form = "w·x + b" if two else "Wx + b"
        form = form if self.linear else f"xᵀAx + {form}"
        given = f"{self.target} = {self.classes[1]!r}" if two else f"{self.target} = k"
        lines = [f"p({given} | x) = {'σ' if two else 'softmax'}({form})", ""]
        heads = ["w"] if two else [str(each) for each in self.classes]
        columns = self.w[:, None] if two else self.weights.T
        last = np.array([[self.b]]) if two else self.bias[None, :]
        shown = columns[:_ROWS]
        rows = [[name, *map(_number, row)] for name, row in zip(self.names, shown)]
        if len(columns) > _ROWS:
            rows.append([f"… and {len(columns) - _ROWS:,} more", *[""] * len(heads)])
        rows.append(["b", *map(_number, last[0])])
        lines += _table(["", *heads], rows)
        lines += ["", *self._quadratic_lines(two)] if not self.linear else [""]
        lines.append(
            f"largest difference from the densities' probabilities: {self.difference:.1e} "
            f"({self.probes:,} points)"
        )
        return "\n".join(lines)

    def _quadratic_lines(self, two: bool) -> list[str]:
        assert self.quadratic is not None
        if len(self.names) > _MATRIX:
            where = ".quadratic[1] - .quadratic[0]" if two else ".quadratic"
            return [f"A: {len(self.names)} × {len(self.names)} numbers, in {where}", ""]
        found = []
        matrices = [self.quadratic[1] - self.quadratic[0]] if two else list(self.quadratic)
        for k, matrix in enumerate(matrices):
            heads = ["A" if two else f"A of {self.classes[k]}", *self.names]
            rows = [[n, *map(_number, row)] for n, row in zip(self.names, matrix)]
            found += [*_table(heads, rows), ""]
        return found


def discriminant(fit: Fit) -> Discriminant:
    """The posterior of a fitted generative classifier as a discriminant, and the check of it.

    ``fit``: what ``tv.fit`` returned for a ``GaussianClassifier`` or ``NaiveBayes``. Raises
    RequestError for other models.
    """
    model: Generative = model_of(
        "discriminant",
        fit,
        Generative,
        "a model of densities p(x | y), such as GaussianClassifier",
    )
    quadratic, weights, bias = (
        None if each is None else np.asarray(each, dtype=np.float64)
        for each in model.polynomial()
    )
    assert weights is not None and bias is not None
    centre, factor = _units(fit.encoder, weights.shape[1])
    # x_encoded = factor · (x - centre)
    if quadratic is not None:
        quadratic = quadratic * factor * factor[:, None]
        turned = quadratic @ centre
        weights = weights * factor
        bias = bias - weights @ centre + turned @ centre
        weights = weights - 2 * turned
    else:
        weights = weights * factor
        bias = bias - weights @ centre
    found = Discriminant(
        target=fit.encoder.target.name or "y",
        classes=list(fit.classes or []),
        names=[str(name) for name in fit.encoder.feature_names],
        weights=weights,
        bias=bias,
        quadratic=quadratic,
        difference=0.0,
        probes=0,
    )
    return _checked(found, model, fit, centre, factor)


def _checked(
    found: Discriminant, model: Generative, fit: Fit, centre: Array, factor: Array
) -> Discriminant:
    """With the largest difference from the model's own probabilities, near the classes."""
    from dataclasses import replace

    points = _probes(model)
    if not len(points):
        return found
    shaped = points.reshape(len(points), *fit.encoder.shape).astype(fit.options.dtype)
    theirs = _softmax(np.asarray(model(tensor(shaped)).value, dtype=np.float64))
    divisor = np.where(factor == 0, 1.0, factor)
    ours = found.probabilities(shaped.reshape(len(points), -1) / divisor + centre)
    difference = float(np.abs(ours - theirs).max())
    return replace(found, difference=difference, probes=len(points))


def _probes(model: Generative) -> Array:
    """Points around the classes, as the model sees them: the places where they differ."""
    values = {path: each.value.astype(np.float64) for path, each in model.parameters().items()}
    if "mean" in values:
        means = values["mean"]
        between = [(a + b) / 2 for i, a in enumerate(means) for b in means[:i]]
        spread = means.std(axis=0)
        beside = [mean + sign * spread for mean in means for sign in (-0.5, 0.5)]
        return np.array([*means, *between[:_PROBES], *beside])
    count = values["logits"].shape[1]
    rng = np.random.Generator(np.random.Philox(key=0))
    return rng.integers(0, 2, size=(64, count)).astype(np.float64)


def _units(encoder: Any, count: int) -> tuple[Array, Array]:
    """Centre and factor with encoded = factor · (x - centre), for each encoded feature."""
    centre, factor = np.zeros(count), np.ones(count)
    features = encoder.features
    codes: Sequence[Any] | None = getattr(features, "codes", None)
    if codes is None:
        if features.centre is not None and features.spread is not None:
            centre, spread = features.centre.ravel(), features.spread.ravel()
            factor = _inverse(spread)
        return centre, factor
    place = 0
    for code in codes:
        if hasattr(code, "spread"):
            centre[place] = code.centre
            factor[place] = _inverse(np.array([code.spread]))[0]
        place += code.width
    return centre, factor


def _inverse(spread: Array) -> Array:
    """1/spread; 0 where a feature was constant and is encoded as 0 whatever its value."""
    return np.where(spread == 0, 0.0, 1 / np.where(spread == 0, 1.0, spread))


def _softmax(scores: Array) -> Array:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _number(value: float) -> str:
    return f"{float(value) + 0.0:.6g}"


def _table(heads: list[str], rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in [heads, *rows]
    ]
