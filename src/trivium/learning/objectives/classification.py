"""Losses for targets that are class labels, given as codes 0 … K - 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.composites import as_tensor
from trivium.engine.messages import shape_error
from trivium.engine.primitives import indexing
from trivium.engine.tensor import Tensor

from ..errors import RequestError
from ..specification import component
from .base import DataTerm
from .codes import chosen, class_codes
from .weights import checked_class_weight

__all__ = ["BinaryCrossEntropy", "CrossEntropy", "Hinge"]


class _ClassificationTerm(DataTerm):
    """A loss of scores (logits) against class codes."""

    task = "classification"

    def __init__(self, class_weight: Any = None) -> None:
        self.class_weight = checked_class_weight(type(self).__name__, class_weight)

    def refuse_with(self, model: Any, task: str, classes: list[Any] | None) -> None:
        """Refuse continuous targets, a single class, and outputs that are probabilities."""
        if task != "classification":
            raise RequestError(
                f"{self!r} needs class labels, but the target is continuous; use "
                "SquaredError(), AbsoluteError() or Huber(), or, if the numbers are labels, "
                "give them as text or whole numbers and ask for classification"
            )
        if classes is not None and len(classes) < 2:
            raise RequestError(
                f"{self!r} needs at least two classes, but the target has "
                f"{'only ' + repr(classes[0]) if classes else 'none'}; nothing can be told "
                "apart"
            )
        if getattr(model, "output", None) == "probability":
            option = getattr(model, "for_scores", "output=None")
            raise RequestError(
                f"{self!r} takes logits, but the output of {type(model).__name__} is already a "
                f"probability: {self._twice} Leave the model's output as scores "
                f"({option}); the probabilities belong to this objective"
            )

    _twice = "it would be squashed twice."


@component()
class CrossEntropy(_ClassificationTerm):
    """The mean surprise at the true class: (1/N) Σ_i -ln softmax(f(x_i))_{y_i}, in nats.

    Shapes: logits (N, K), any real numbers; codes (N,), integers 0 … K - 1. It is computed as
    ln Σ_j e^{z_j - m} - (z_y - m) with z = f(x), m = max_j z_j, so no exponential overflows.

    ``class_weight``: None, "balanced" (N / (K N_c) for class c) or a mapping label → weight.
    Raises ShapeError, DTypeError, IndexRangeError for targets that are not such codes.

    Source: Bishop (2006), *Pattern Recognition and Machine Learning*, eqs. (4.104), (4.108).
    """

    _twice = "softmax would be applied twice."

    def losses(self, prediction: Tensor, target: Tensor) -> Tensor:
        """The negative log-probability of each example's class."""
        check_logit_rows(self, prediction)
        codes = class_codes(self, target, prediction.shape[1])
        return -chosen(array.log_softmax(prediction, axis=1), codes)

    def outputs(self, count: int, y_ndim: int) -> int | None:
        """One logit for each class."""
        return count


@component()
class BinaryCrossEntropy(_ClassificationTerm):
    """The mean surprise at the true one of two classes, from one logit, in nats.

    (1/N) Σ_i ln(1 + e^{-s_i z_i}) with z = f(x) and s = ±1 for code 1/0; the probability of
    code 1 is σ(z). Shapes: logits (N,), codes (N,). The form is exact for logits of any size.

    ``class_weight``: None, "balanced" or a mapping label → weight. Raises ShapeError,
    DTypeError, IndexRangeError for other targets.

    Source: Bishop (2006), *Pattern Recognition and Machine Learning*, eqs. (4.87), (4.90).
    """

    _twice = "the sigmoid would be applied twice."

    def losses(self, prediction: Tensor, target: Tensor) -> Tensor:
        """The negative log-probability of each example's class."""
        check_logit_vector(self, prediction)
        return array.softplus(-signed(self, target, prediction) * prediction)

    def outputs(self, count: int, y_ndim: int) -> int | None:
        """A vector: one logit."""
        return None

    def refuse_with(self, model: Any, task: str, classes: list[Any] | None) -> None:
        """Refuse, beyond the common reasons, any number of classes but two."""
        super().refuse_with(model, task, classes)
        if classes is not None and len(classes) > 2:
            raise RequestError(
                f"{self!r} tells two classes apart, but the target has {len(classes)}; use "
                "CrossEntropy()"
            )


@component()
class Hinge(_ClassificationTerm):
    """The mean shortfall of the margin: how far the true class is from winning by 1.

    Two classes, scores (N,): (1/N) Σ_i max(0, 1 - s_i z_i), s = ±1 for code 1/0.

    More, scores (N, K): (1/N) Σ_i max_j (z_j + 1[j ≠ y_i]) - z_{y_i}.

    Codes: (N,). At a margin of exactly 1 the derivative is 0; classes that tie share it.
    ``class_weight``: None, "balanced" or a mapping label → weight. Raises ShapeError,
    DTypeError, IndexRangeError for other targets.

    Source: Cortes & Vapnik (1995), Mach. Learn. 20; Crammer & Singer (2001), JMLR 2.
    """

    _twice = "a margin of 1 between probabilities asks for certainty."

    def losses(self, prediction: Tensor, target: Tensor) -> Tensor:
        """The hinge loss of each example."""
        if prediction.ndim == 1:
            return array.relu(1 - signed(self, target, prediction) * prediction)
        check_logit_rows(self, prediction)
        count = prediction.shape[1]
        codes = class_codes(self, target, count)
        lead = prediction - chosen(prediction, codes).reshape((-1, 1))
        return (lead + (1 - array.one_hot(codes, count, dtype=lead.dtype))).max(axis=1)

    def outputs(self, count: int, y_ndim: int) -> int | None:
        """A vector for two classes, one score for each of more classes."""
        return None if count == 2 else count


def signed(term: DataTerm, target: Tensor, like: Tensor) -> Tensor:
    """Codes 0/1 as -1/+1 in the dtype of ``like``; other codes fail."""
    codes = class_codes(term, target, 2)
    return indexing.gather(as_tensor(np.array([-1, 1], dtype=like.dtype)), codes)


def check_logit_rows(term: DataTerm, prediction: Tensor) -> None:
    """Raise ShapeError unless ``prediction`` is (N, K) with K ≥ 2."""
    if prediction.ndim != 2 or prediction.shape[1] < 2:
        raise shape_error(
            f"{term!r}",
            (prediction,),
            "it takes one logit for each class: (N, K) with K ≥ 2",
            "give the model as many outputs as there are classes"
            + (", or use BinaryCrossEntropy()" if prediction.ndim == 1 else ""),
            ("the model's output",),
        )


def check_logit_vector(term: DataTerm, prediction: Tensor) -> None:
    """Raise ShapeError unless ``prediction`` is (N,)."""
    if prediction.ndim == 1:
        return
    column = prediction.ndim == 2 and prediction.shape[1] == 1
    raise shape_error(
        f"{term!r}",
        (prediction,),
        "it takes one logit for each example: a vector (N,)",
        "drop the model's last axis with [:, 0]"
        if column
        else "give the model one output (outputs=None), or use CrossEntropy()",
        ("the model's output",),
    )
