"""The likelihood of examples and labels together."""

from __future__ import annotations

from typing import Any

from trivium.engine.tensor import Tensor

from ..errors import RequestError
from ..specification import component
from .base import DataTerm
from .classification import check_logit_rows
from .codes import chosen, class_codes
from .weights import checked_class_weight

__all__ = ["JointLikelihood"]


@component()
class JointLikelihood(DataTerm):
    """The mean surprise at features and class together: (1/N) Σ_i -ln p(x_i, y_i; θ), in nats.

    For models of p(x, y): ``GaussianClassifier``, ``NaiveBayes``. Where ``CrossEntropy`` asks
    only for p(y | x), this also asks how the features arise, p(x, y) = p(y) p(x | y); the
    maximum of this likelihood is found by counting and averaging (``ClosedForm``). Densities
    of continuous features may exceed 1, so the value may be negative.

    Shapes: ln p(x, y = k) (N, K); codes (N,), integers 0 … K - 1. ``class_weight``: None,
    "balanced" (N / (K N_c) for class c) or a mapping label → weight. Raises ShapeError,
    DTypeError, IndexRangeError for targets that are not such codes, RequestError for models
    whose output is no log density.

    Source: Bishop (2006), *Pattern Recognition and Machine Learning*, eq. (4.71); Ng & Jordan
    (2001), "On discriminative vs. generative classifiers", NIPS 14.
    """

    task = "classification"

    def __init__(self, class_weight: Any = None) -> None:
        self.class_weight = checked_class_weight("JointLikelihood", class_weight)

    def losses(self, prediction: Tensor, target: Tensor) -> Tensor:
        """-ln p(x, y) of each example."""
        check_logit_rows(self, prediction)
        codes = class_codes(self, target, prediction.shape[1])
        return -chosen(prediction, codes)

    def outputs(self, count: int, y_ndim: int) -> int | None:
        """One log density for each class."""
        return count

    def refuse_with(self, model: Any, task: str, classes: list[Any] | None) -> None:
        """Refuse continuous targets, a single class, and models that are no density of x."""
        from ..models.generative import Generative

        if task != "classification":
            raise RequestError(
                f"{self!r} needs class labels, but the target is continuous; if the numbers "
                "are labels, give them as text or whole numbers and ask for classification"
            )
        if classes is not None and len(classes) < 2:
            raise RequestError(
                f"{self!r} needs at least two classes, but the target has "
                f"{'only ' + repr(classes[0]) if classes else 'none'}; nothing can be told "
                "apart"
            )
        if not isinstance(model, Generative):
            raise RequestError(
                f"{self!r} is the likelihood of features and class together, and "
                f"{type(model).__name__} says nothing about how features arise; use "
                "CrossEntropy(), or a model of p(x, y): GaussianClassifier(), NaiveBayes()"
            )
