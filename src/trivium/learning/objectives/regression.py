"""Losses for targets that are numbers."""

from __future__ import annotations

from typing import Any

from trivium.engine import array, dtypes
from trivium.engine.composites import where
from trivium.engine.primitives import arithmetic
from trivium.engine.tensor import Tensor

from ..errors import RequestError
from ..options import positive
from ..specification import component
from .base import DataTerm
from .codes import class_codes

__all__ = ["AbsoluteError", "Huber", "SquaredError"]


class _RegressionTerm(DataTerm):
    """A loss of the residuals r = f(x) - y, summed over the outputs of an example."""

    task = "regression"

    def outputs(self, count: int, y_ndim: int) -> int | None:
        """A vector for a target (N,), one output per column for a target (N, k)."""
        if y_ndim > 2:
            raise RequestError(
                f"{self!r}: a target with {y_ndim} axes does not say how many outputs the "
                "model needs; give the model its own output shape"
            )
        return count if y_ndim == 2 else None

    def refuse_with(self, model: Any, task: str, classes: list[Any] | None) -> None:
        """Refuse class labels: distances between labels have no meaning."""
        if task == "classification":
            raise RequestError(
                f"{self!r} measures distances between numbers, but the target holds class "
                f"labels{_listed(classes)}; use CrossEntropy() (or BinaryCrossEntropy() for "
                "two classes)"
            )

    def residuals(self, prediction: Tensor, target: Tensor) -> Tensor:
        """f(x) - y, with equal shapes enforced."""
        return prediction - self.same_shape(prediction, target)


def _listed(classes: list[Any] | None) -> str:
    if not classes:
        return ""
    shown = ", ".join(map(repr, classes[:4]))
    return f" ({shown}{', …' if len(classes) > 4 else ''})"


def _per_example(elements: Tensor) -> Tensor:
    """The sum over all axes but the first."""
    return elements.sum(axis=tuple(range(1, elements.ndim))) if elements.ndim > 1 else elements


@component()
class SquaredError(_RegressionTerm):
    """The mean squared distance: (1/N) Σ_i ‖f(x_i) - y_i‖².

    Shapes: prediction and target (N,) or (N, k), equal; the squares of one example are added
    up. Units: the target's, squared. There is no factor ½: the gradient at f is 2(f - y)/N.

    On class labels it is defined for models that end in probabilities (the Brier score): codes
    0/1 for a vector (N,), one-hot rows for (N, K). Raises ShapeError for unequal shapes.

    Source: Legendre (1805); Gauss (1809), *Theoria motus*; Brier (1950), Mon. Weather Rev. 78.
    """

    def losses(self, prediction: Tensor, target: Tensor) -> Tensor:
        """The squared distance of each example."""
        return _per_example(arithmetic.square(prediction - self.goal(prediction, target)))

    def goal(self, prediction: Tensor, target: Tensor) -> Tensor:
        """The target as numbers shaped like the prediction; class codes become one-hot rows."""
        if not dtypes.is_floating(target.dtype) and target.ndim == 1 and prediction.ndim == 2:
            if prediction.shape[1] > 1:
                count = prediction.shape[1]
                codes = class_codes(self, target, count)
                return array.one_hot(codes, count, dtype=prediction.dtype)
        return self.same_shape(prediction, target)

    def wanted_task(self, model: Any) -> str | None:
        """Regression; for models that end in probabilities the data decide."""
        return None if getattr(model, "output", None) == "probability" else "regression"

    def outputs(self, count: int, y_ndim: int) -> int | None:
        """As for every regression; more than two classes need one probability each."""
        if y_ndim < 2:
            return count if count > 2 else None
        return super().outputs(count, y_ndim)

    def refuse_with(self, model: Any, task: str, classes: list[Any] | None) -> None:
        """Refuse class labels unless the model ends in probabilities."""
        if task != "classification" or getattr(model, "output", None) == "probability":
            return
        raise RequestError(
            f"{self!r} measures distances between numbers, but the target holds class labels"
            f"{_listed(classes)} and the model's output is not a probability; use "
            "CrossEntropy() (or BinaryCrossEntropy() for two classes), or end the model in "
            "probabilities with "
            'output="sigmoid" or output="softmax"'
        )


@component()
class AbsoluteError(_RegressionTerm):
    """The mean absolute distance: (1/N) Σ_i ‖f(x_i) - y_i‖₁.

    Shapes: prediction and target (N,) or (N, k), equal; the outputs of one example are added
    up. Units: the target's. Its minimum over constants is the median. The derivative at f = y
    is taken as 0. Raises ShapeError for unequal shapes.

    Source: Laplace (1774); Koenker & Bassett (1978), Econometrica 46, with θ = ½.
    """

    def losses(self, prediction: Tensor, target: Tensor) -> Tensor:
        """The absolute distance of each example."""
        return _per_example(abs(self.residuals(prediction, target)))


@component()
class Huber(_RegressionTerm):
    """Quadratic for small residuals, linear for large ones: (1/N) Σ_i Σ_j ρ(f(x_i)_j - y_ij).

    ρ(r) = r²/2 for |r| ≤ δ and δ(|r| - δ/2) beyond. Shapes: prediction and target (N,) or
    (N, k), equal. ``delta``: δ > 0, in the target's units. Raises RequestError for another δ,
    ShapeError for unequal shapes.

    Source: Huber (1964), "Robust estimation of a location parameter", Ann. Math. Stat. 35, with
    k = δ.
    """

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = positive("Huber", "delta", delta)

    def losses(self, prediction: Tensor, target: Tensor) -> Tensor:
        """The Huber loss of each example."""
        residuals = self.residuals(prediction, target)
        size = abs(residuals)
        linear = self.delta * (size - 0.5 * self.delta)
        small = size <= self.delta
        return _per_example(where(small, 0.5 * arithmetic.square(residuals), linear))
