"""What an objective is: a sum of weighted terms, each a loss on the data or a penalty."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from trivium.engine import dtypes
from trivium.engine.composites import as_tensor, cast, full, label, strict_broadcasting
from trivium.engine.errors import DTypeError
from trivium.engine.messages import shape_error
from trivium.engine.tensor import Tensor

from ..errors import RequestError
from ..specification import Component

__all__ = ["LOG_DISPERSION", "DataTerm", "Objective", "Penalty", "Term", "weight_of"]

Parameters = Mapping[str, Tensor]

#: The parameter beside the model's own where a likelihood's dispersion is estimated: ln φ.
LOG_DISPERSION = "log_dispersion"


class Objective(Component):
    """The goodness of a function: J(θ) = Σ_k c_k · term_k, to be minimised.

    Objectives form an algebra: ``a + b``, ``2 * a``, ``a / 2``; like terms are collected.
    Weights are finite and not negative, because the negative of a loss or penalty has no
    minimum; a weight of 0 switches a term off and keeps it in ``terms()``.
    """

    # NumPy scalars on the left of an operator must defer to the reflected operators here.
    __array_ufunc__ = None

    def terms(self) -> list[tuple[float, Term]]:
        """The weights and terms of the sum, in the order in which they were added."""
        raise NotImplementedError

    def __call__(self, model: Any, batch: Any) -> Tensor:
        """The objective of ``model`` on ``batch``, as a scalar expression labelled ``loss``.

        Shapes: ``batch`` has x (N, …), y (N, …) and weight (N,) or None. Errors as for
        ``value``.
        """
        prediction = model(as_tensor(batch.x))
        return label(self.value(prediction, batch, model.parameters()), "loss")

    def value(self, prediction: Tensor, batch: Any, parameters: Parameters) -> Tensor:
        """The objective of predictions that have been computed already: a scalar expression.

        The dtype is that of ``prediction``; targets and weights are converted to it. Raises
        ShapeError or DTypeError when prediction, target and weight do not fit each other,
        RequestError when a penalty finds no parameter to penalise.
        """
        total: Tensor | None = None
        with strict_broadcasting(f"the objective {self!r}"):
            for weight, term in self.terms():
                if weight == 0:
                    continue
                part = cast(term.measure(prediction, batch, parameters), prediction.dtype)
                part = part if weight == 1 else weight * part
                total = part if total is None else total + part
        return full((), 0, prediction.dtype) if total is None else total

    @property
    def data_terms(self) -> list[tuple[float, DataTerm]]:
        """The terms that compare predictions with targets, and their weights."""
        return [(c, term) for c, term in self.terms() if isinstance(term, DataTerm)]

    @property
    def data_term(self) -> DataTerm:
        """The one term that compares predictions with targets.

        Raises RequestError when the objective has none, or several different ones.
        """
        found = self.data_terms
        if len(found) != 1:
            count = "no data term" if not found else f"{len(found)} data terms"
            raise RequestError(
                f"the objective {self!r} has {count} where one is needed; a data term compares "
                "predictions with targets, for example SquaredError() or CrossEntropy()"
            )
        return found[0][1]

    @property
    def penalties(self) -> list[tuple[float, Penalty]]:
        """The terms that depend on the parameters only, and their weights."""
        return [(c, term) for c, term in self.terms() if isinstance(term, Penalty)]

    @property
    def task(self) -> str | None:
        """``"classification"`` or ``"regression"``; None when there is no data term."""
        return self.data_terms[0][1].task if self.data_terms else None

    def wanted_task(self, model: Any) -> str | None:
        """The task that this objective needs with ``model``; None when either has a meaning."""
        wanted = {term.wanted_task(model) for _, term in self.data_terms} - {None}
        return wanted.pop() if len(wanted) == 1 else None

    def n_outputs(self, count: int, y_ndim: int = 1) -> int | None:
        """How many outputs the model needs: None for a vector (N,), k for a matrix (N, k).

        ``count``: the number of classes, or of target columns. ``y_ndim``: the target's axes.
        Raises RequestError when the data terms disagree.
        """
        needed = {term: term.outputs(count, y_ndim) for _, term in self.data_terms}
        if not needed:
            self.data_term  # noqa: B018  (raises with the reason)
        if len(set(needed.values())) > 1:
            words = ", ".join(f"{term!r} needs {k or 'a vector'}" for term, k in needed.items())
            raise RequestError(
                f"the terms of {self!r} need different outputs of one model: {words}"
            )
        return next(iter(needed.values()))

    def refuse(self, model: Any, task: str, classes: Sequence[Any] | None = None) -> None:
        """Raise RequestError, with the reason, when the combination has no meaning.

        ``task``: "classification" or "regression", what the target is. ``classes``: its labels.
        """
        if not any(weight > 0 for weight, _ in self.data_terms):
            raise RequestError(
                f"the objective {self!r} never looks at the data: add a data term with a "
                "positive weight, for example SquaredError() or CrossEntropy()"
            )
        for _, term in self.data_terms:
            term.refuse_with(model, task, None if classes is None else list(classes))

    @property
    def scales_target(self) -> bool:
        """Whether a standardised target asks for the same function."""
        return all(term.scaled_target for _, term in self.data_terms)

    def check_target(self, target: Any, row: Callable[[int], str], name: str) -> None:
        """Raise DataError for raw targets that the data terms have no meaning for.

        ``row``: position → the words for that row, such as "line 3".
        """
        for _, term in self.data_terms:
            term.check_values(target, row, name)

    def prepare(self, model: Any, target: Any, weight: Any) -> None:
        """Give a sized ``model`` what the objective needs; the data are encoded, to train on."""
        for _, term in self.data_terms:
            term.attach(model)
            term.start(model, target, weight)

    def attach(self, model: Any) -> None:
        """Only what ``prepare`` adds to the model's parameters."""
        for _, term in self.data_terms:
            term.attach(model)

    def means(self, outputs: Any) -> Any:
        """What the model's outputs predict: their means, where a link lies between."""
        return self.data_terms[0][1].means_of(outputs) if self.data_terms else outputs

    def observed(self, target: Any) -> Any:
        """The targets as ``means`` predicts them."""
        return self.data_terms[0][1].observed(target) if self.data_terms else target

    def class_weights(self, classes: Sequence[Any], codes: Any) -> np.ndarray[Any, Any] | None:
        """The weight of each example by its class, (N,) float64; None when no weights are set.

        ``codes``: (N,) positions in ``classes``. Raises RequestError for labels that the target
        does not have, and when two data terms weight the classes differently.
        """
        found = [term for _, term in self.data_terms if term.class_weight is not None]
        if not found:
            return None
        if len(found) < len(self.data_terms) or any(
            term.class_weight != found[0].class_weight for term in found
        ):
            raise RequestError(
                f"the data terms of {self!r} must weight the classes alike: one fit has one "
                "weight per example"
            )
        from .weights import by_class

        return by_class(repr(found[0]), found[0].class_weight, list(classes), np.asarray(codes))

    def reading(self, n: int | None = None) -> str:
        """What minimising this objective means in statistics' words.

        ``n``: the number of examples, to state the prior's variance as a number.
        """
        from .reading import reading

        return reading(self, n)

    def __add__(self, other: Any) -> Objective:
        from .combination import Combination

        if isinstance(other, Objective):
            return Combination([*self.terms(), *other.terms()])
        if isinstance(other, Real) and not isinstance(other, bool) and other == 0:
            return self  # so that sum([...]) works
        raise RequestError(
            f"{self!r} + {other!r}: only objectives can be added to an objective; to weight a "
            "term multiply it by a number, as in 1e-4 * L2()"
        )

    __radd__ = __add__

    def __mul__(self, factor: Any) -> Objective:
        from .combination import Combination

        weight = weight_of(self, factor)
        return Combination([(weight * c, term) for c, term in self.terms()])

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> Objective:
        if isinstance(divisor, Real) and divisor == 0:
            raise RequestError(f"{self!r} cannot be divided by zero")
        return self * (1 / divisor if isinstance(divisor, Real) else divisor)

    def __sub__(self, other: Any) -> Objective:
        raise RequestError(
            f"{self!r} - {other!r}: a term with a negative weight has no minimum; objectives "
            "are sums of terms with weights of zero or more"
        )

    def __neg__(self) -> Objective:
        return self * -1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Objective) and self.spec() == other.spec()

    def __hash__(self) -> int:
        return hash(repr(self))


def weight_of(objective: Objective, factor: Any) -> float:
    """``factor`` as a weight of an objective. Raises RequestError unless it can be one."""
    number = isinstance(factor, Real) and not isinstance(factor, bool | np.bool_)
    if not number:
        raise RequestError(
            f"{objective!r} can only be multiplied by a number, not by {factor!r}; objectives "
            "are added, not multiplied"
        )
    if not math.isfinite(factor) or factor < 0:
        raise RequestError(
            f"the weight of {objective!r} must be zero or positive, got {float(factor)}: the "
            "negative of a loss or penalty has no minimum"
        )
    return float(factor)


class Term(Objective):
    """One term of an objective."""

    def terms(self) -> list[tuple[float, Term]]:
        """The term itself, with weight 1."""
        return [(1.0, self)]

    def measure(self, prediction: Tensor, batch: Any, parameters: Parameters) -> Tensor:
        """The unweighted value of the term: a scalar expression."""
        raise NotImplementedError


class DataTerm(Term):
    """A mean over examples of a loss: (1/N) Σ_i w_i · loss(f(x_i), y_i).

    A subclass gives ``losses``; the mean, the examples' weights w_i and the strict check of
    shapes are here. Weights are not normalised: with mean 1 they leave the scale as it is.
    """

    task: str = "regression"
    class_weight: Any = None
    #: Whether a fit may standardise the target: whether its units have no meaning of their own.
    scaled_target: bool = True
    #: Whether outputs are linear predictors, whose means are probabilities of the second class.
    linked: bool = False

    def losses(self, prediction: Tensor, target: Tensor) -> Tensor:
        """The loss of each example. Shapes: (N, …), (N, …) → (N,)."""
        raise NotImplementedError

    def losses_of(self, prediction: Tensor, target: Tensor, parameters: Parameters) -> Tensor:
        """The loss of each example, where it may have parameters of its own."""
        return self.losses(prediction, target)

    def measure(self, prediction: Tensor, batch: Any, parameters: Parameters) -> Tensor:
        """The weighted mean of the losses over the batch."""
        target = as_tensor(batch.y)
        self._check(prediction, target)
        losses = self.losses_of(prediction, target, parameters)
        if batch.weight is not None:
            weight = as_tensor(batch.weight)
            if weight.shape != losses.shape:
                raise shape_error(
                    f"{self!r}",
                    (losses, weight),
                    "there is one weight for each example",
                    f"give weights of shape {losses.shape}",
                    names=("the losses of the examples", "the weights"),
                )
            losses = cast(weight, losses.dtype) * losses
        return losses.sum() / float(losses.shape[0])

    def _check(self, prediction: Tensor, target: Tensor) -> None:
        names = ("the model's output", "the target")
        if not dtypes.is_floating(prediction.dtype):
            raise DTypeError(
                f"{self!r} needs a floating output of the model, got {prediction.dtype}; give "
                "the model floating x, or convert its output with .astype('float64')"
            )
        if not prediction.shape or not target.shape or prediction.shape[0] != target.shape[0]:
            raise shape_error(
                f"{self!r}",
                (prediction, target),
                "the first axis counts the examples, so it must be the same in both",
                "check that x and y hold the same rows, and that the model keeps the first "
                "axis",
                names,
            )
        if not prediction.shape[0]:
            raise shape_error(
                f"{self!r}",
                (prediction, target),
                "a mean over no examples does not exist",
                "give at least one example",
                names,
            )

    def same_shape(self, prediction: Tensor, target: Tensor) -> Tensor:
        """``target`` in the prediction's dtype. Raises ShapeError for unequal shapes."""
        if prediction.shape != target.shape:
            raise shape_error(
                f"{self!r}",
                (prediction, target),
                "prediction and target are compared element by element, so their shapes must "
                "be equal",
                _shape_fix(prediction, target),
                ("the model's output", "the target"),
            )
        return cast(target, prediction.dtype)

    def wanted_task(self, model: Any) -> str | None:
        """The task that this term needs with ``model``; None when either has a meaning."""
        return self.task

    def outputs(self, count: int, y_ndim: int) -> int | None:
        """How many outputs the model needs; see ``Objective.n_outputs``."""
        raise NotImplementedError

    def refuse_with(self, model: Any, task: str, classes: list[Any] | None) -> None:
        """Raise RequestError, with the reason, when the term has no meaning here."""

    def check_values(self, target: Any, row: Callable[[int], str], name: str) -> None:
        """Raise DataError for targets that the loss has no meaning for."""

    def attach(self, model: Any) -> None:
        """Add the loss's own parameters to a model, if it has any."""

    def start(self, model: Any, target: Any, weight: Any) -> None:
        """Move a model that has not been fitted to where the loss is finite."""

    def means_of(self, outputs: Any) -> Any:
        """What outputs predict."""
        return outputs

    def observed(self, target: Any) -> Any:
        """The targets as ``means_of`` predicts them."""
        return target


def _shape_fix(prediction: Tensor, target: Tensor) -> str:
    n = target.shape[0]
    if prediction.shape == (n, 1) and target.shape == (n,):
        return (
            "drop the model's last axis with [:, 0], or give the target that axis with [:, "
            "None]; broadcasting would compare every prediction with every target"
        )
    if prediction.shape == (n,) and target.shape == (n, 1):
        return "drop the target's last axis with [:, 0]"
    if target.ndim == 2 and prediction.ndim <= 2:
        return f"give the model {target.shape[1]} outputs, one for each column of the target"
    if target.ndim == 1 and prediction.ndim == 2:
        return "give the model one output, as a vector (outputs=None)"
    return "reshape one of them; nothing is broadcast here"


class Penalty(Term):
    """A term that depends on the parameters only: it prefers some functions before any data."""

    def of(self, parameters: Parameters) -> Tensor:
        """The penalty of named parameters: a scalar expression."""
        raise NotImplementedError

    def measure(self, prediction: Tensor, batch: Any, parameters: Parameters) -> Tensor:
        """The penalty; predictions and data play no part."""
        return self.of(parameters)
