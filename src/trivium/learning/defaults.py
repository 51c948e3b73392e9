"""Defaults chosen from the data: what to do when the user has not said.

One rule, the same for the command line and the estimators (n: rows to train on):

- model: Linear, unless a curved regression removes more than a tenth of a linear one's
  leave-one-out error (``linearity``); then MLP([64]). For more than 2,000 rows a twentieth is
  enough, and it is MLP([128, 64]). At most 500 rows are looked at.
- objective: cross-entropy for classes, squared error for quantities; plus λ L2 with λ = 1/n,
  for linear regression the λ that leave-one-out errors prefer.
- models of p(x, y) (generative classifiers): joint likelihood, in closed form. Decision trees:
  grown and pruned by cost-complexity on the validation part; without one, the share of 5 rows in
  every leaf at least.
- algorithm: closed form for linear regression; else Adam with rate 0.01 for linear models,
  0.003 for others, 0.001 for more than 2,000 rows.
- batch size: 32; for more than 2,000 rows 64, than 20,000 256, than 200,000 1,024.
- epochs: as many as make 3,000 steps, but from 20 to 500.
- validation: a fifth of the rows; none below 20 rows or when a part would miss a class.
- patience: an eighth of the epochs, at least 10; none without validation.
- scale: yes, unless the model's parameters have units (Formula).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.learning.algorithms import (
    Adam,
    Algorithm,
    ClosedForm,
    DeltaRule,
    Growing,
    Solver,
)
from trivium.learning.data import Dataset, Encoder, infer_task
from trivium.learning.data.splitting import part_size, permutation
from trivium.learning.data.words import counted
from trivium.learning.linearity import ROWS, Linearity, linearity
from trivium.learning.models import (
    MLP,
    DecisionTree,
    GaussianClassifier,
    Linear,
    Model,
    Sequential,
    ThresholdNeuron,
)
from trivium.learning.models.generative import Generative
from trivium.learning.models.model import has_units
from trivium.learning.objectives import (
    L2,
    CrossEntropy,
    JointLikelihood,
    Objective,
    SquaredError,
)

__all__ = ["Recommendation", "recommend"]

LARGE = 2_000  # more rows teach a network of two layers
# The share of the linear model's error that a curved one must leave to be needed: a network
# loses less of its advantage to noise where there are many rows.
CURVED, CURVED_LARGE = 0.9, 0.95
FEWEST = 20  # rows below which a validation part says nothing

_SHARE = 0.2
_STEPS = 3_000
_EPOCHS = (20, 500)
_BATCHES = ((200_000, 1_024), (20_000, 256), (LARGE, 64), (0, 32))


@dataclass(frozen=True)
class Recommendation:
    """A complete request: the three steps and the options of ``tv.fit``, chosen or as given.

    ``reasons``: for each of model, objective and algorithm that was chosen and not given, one
    sentence why. ``task``: "classification" or "regression".
    """

    task: str
    model: Model
    objective: Objective
    algorithm: Algorithm
    epochs: int
    batch_size: int | None
    validation: float | int
    patience: int | None
    scale: bool
    reasons: dict[str, str]

    def options(self) -> dict[str, Any]:
        """The options as keyword arguments of ``tv.fit``."""
        return {
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "validation": self.validation,
            "patience": self.patience,
            "scale": self.scale,
        }


def recommend(
    dataset: Dataset,
    model: Model | None = None,
    objective: Objective | None = None,
    algorithm: Algorithm | None = None,
    *,
    validation: float | int | None = None,
) -> Recommendation:
    """Choose from ``dataset``, the training data, whatever is not given.

    The same data give the same choice: nothing is random and nothing is trained. What is given
    is kept, and the rest chosen to fit it. ``validation``: a fraction or number of rows, if it
    is settled already. Raises DataError when the target cannot be learned.
    """
    wanted = None if objective is None else objective.wanted_task(model)
    task = infer_task(dataset, wanted)
    share = _validation(dataset, task) if validation is None else validation
    rows = len(dataset) - _held_out(dataset, share)
    reasons: dict[str, str] = {}
    found: Linearity | None = None
    if model is None:
        model, found, reasons["model"] = _model(dataset, task, objective, algorithm, rows)
    if objective is None:
        if found is None and task == "regression" and isinstance(model, Linear):
            found = _examine(dataset, task)
        objective, reasons["objective"] = _objective(model, task, algorithm, found, rows)
    if algorithm is None:
        algorithm, reasons["algorithm"] = _algorithm(model, objective, task, rows, share)
    batch_size, epochs = _walk(algorithm, rows)
    stepping = not isinstance(algorithm, Solver)
    return Recommendation(
        task=task,
        model=model,
        objective=objective,
        algorithm=algorithm,
        epochs=epochs,
        batch_size=batch_size,
        validation=share,
        patience=max(10, epochs // 8) if share and stepping else None,
        scale=not has_units(model),
        reasons=reasons,
    )


def _validation(dataset: Dataset, task: str) -> float:
    """A fifth, or 0 where it would be too small or could not hold every class."""
    n = len(dataset)
    if n < FEWEST:
        return 0
    if task == "classification":
        assert dataset.target is not None
        counts = np.unique(dataset.target, return_counts=True)[1]
        if counts.min() < 2 or part_size(_SHARE, n) < len(counts):
            return 0
    return _SHARE


def _held_out(dataset: Dataset, share: float | int) -> int:
    return part_size(share, len(dataset), "validation") if share else 0


def _examine(dataset: Dataset, task: str) -> Linearity | None:
    """The comparison on at most ROWS rows, or None where they have but one class or value."""
    part = dataset.take(np.sort(permutation(len(dataset), 0)[:ROWS]))
    assert part.target is not None
    if len(part) < len(dataset) and len(np.unique(part.target, axis=0)) < 2:
        return None
    encoder = Encoder.fit(part, task, scale=True)
    encoded = encoder.transform(part)
    assert encoded.y is not None
    y = encoded.y
    if encoder.classes is not None:
        y = np.eye(len(encoder.classes))[y]
    x = np.asarray(encoded.x)
    return linearity(x.reshape(len(part), -1), y.reshape(len(part), -1).astype(float))


def _model(
    dataset: Dataset,
    task: str,
    objective: Objective | None,
    algorithm: Algorithm | None,
    rows: int,
) -> tuple[Model, Linearity | None, str]:
    if objective is not None and _is_joint(objective):
        return GaussianClassifier(), None, f"{objective!r} needs a model of p(x, y)"
    if isinstance(algorithm, DeltaRule) and task == "classification":
        return ThresholdNeuron(), None, "the delta rule teaches a single neuron"
    if isinstance(algorithm, Growing):
        return DecisionTree(), None, f"{algorithm!r} grows trees"
    if isinstance(algorithm, ClosedForm | DeltaRule):
        return Linear(), None, f"{algorithm!r} needs a model that is linear"
    large = len(dataset) > LARGE
    found = _examine(dataset, task)
    if found is None:
        return MLP([128, 64]), None, f"{counted(rows, 'row')} can teach a network of this size"
    if found.ratio >= (CURVED_LARGE if large else CURVED):
        gain = max(0.0, 1 - found.ratio)
        return (
            Linear(),
            found,
            f"a curved regression would remove {gain:.0%} of a linear one's error, too little "
            f"to need more (leave-one-out, {counted(found.rows, 'row')})",
        )
    return (
        MLP([128, 64]) if large else MLP([64]),
        found,
        f"a curved regression removes {1 - found.ratio:.0%} of a linear one's error "
        f"(leave-one-out, {counted(found.rows, 'row')})",
    )


def _is_joint(objective: Objective) -> bool:
    return any(isinstance(term, JointLikelihood) for weight, term in objective.terms())


def _objective(
    model: Model, task: str, algorithm: Algorithm | None, found: Linearity | None, rows: int
) -> tuple[Objective, str]:
    if isinstance(model, Generative) and isinstance(algorithm, ClosedForm | None):
        return JointLikelihood(), "counting and averaging give the most likely p(x, y)"
    if getattr(model, "output", None) == "probability":
        loss: Objective = SquaredError()
        reason = "squared error suits a model that ends in probabilities"
    elif task == "classification":
        loss, reason = CrossEntropy(), "the target is a class"
    else:
        loss, reason = SquaredError(), "the target is a quantity"
    if isinstance(model, ThresholdNeuron) or isinstance(algorithm, DeltaRule):
        return loss, reason  # the delta rule knows no penalty
    if not isinstance(model, Linear | MLP | Sequential):
        return loss, reason  # a penalty on parameters whose meaning is unknown has none
    if found is not None and task == "regression" and isinstance(model, Linear):
        # The same prior, whose weight against the data shrinks as these grow.
        strength, source = found.penalty * found.rows / rows, "leave-one-out errors"
    else:
        strength, source = 1 / rows, f"1 / {counted(rows, 'row')}"
    return loss + float(f"{strength:.0e}") * L2(), f"{reason}; λ from {source}"


def _algorithm(
    model: Model, objective: Objective, task: str, rows: int, validation: float | int
) -> tuple[Algorithm, str]:
    if isinstance(model, DecisionTree):
        return _growing(objective, rows, validation)
    losses = {type(term) for weight, term in objective.terms() if weight > 0}
    squares = SquaredError in losses and losses <= {SquaredError, L2}
    if isinstance(model, ThresholdNeuron) and losses == {SquaredError}:
        return DeltaRule(), "a threshold has no gradient to follow"
    if isinstance(model, Generative) and losses == {JointLikelihood}:
        return ClosedForm(), "the most likely parameters can be computed"
    if isinstance(model, Linear) and model.output == "scores":
        if squares and task == "regression":
            return ClosedForm(), "the minimum of squares of a linear model can be computed"
        return Adam(learning_rate=0.01), "one minimum, reached by steps"
    rate = 1e-3 if rows > LARGE else 3e-3
    return Adam(learning_rate=rate), "many parameters of different scales"


def _two_digits_down(share: float) -> float:
    """A positive number in two decimal digits, not above it: 0.02809 → 0.028."""
    places = 1 - math.floor(math.log10(share))
    return math.floor(share * 10**places + 1e-9) / 10**places


def _growing(objective: Objective, rows: int, validation: float | int) -> tuple[Algorithm, str]:
    surprise = any(isinstance(term, CrossEntropy) for weight, term in objective.terms())
    smoothing = 1.0 if surprise else 0.0  # of a class that a leaf lacks it would be infinite
    if validation:
        reason = "a tree is grown, then pruned by its errors on the validation part"
        return Growing(prune="cost-complexity", smoothing=smoothing), reason
    # A share and not a number, so that weights count as copies of a row would.
    share = min(0.5, _two_digits_down(5 / rows))
    reason = (
        f"a tree is grown, and leaves of one example are noise: 5 of {counted(rows, 'row')}"
    )
    return Growing(min_leaf=share, smoothing=smoothing), reason


def _walk(algorithm: Algorithm, rows: int) -> tuple[int | None, int]:
    """Batch size and epochs."""
    if isinstance(algorithm, Solver):
        return None, 1
    size = next(size for least, size in _BATCHES if rows > least)
    full = bool(getattr(algorithm, "full_batch", False)) or rows <= size
    steps = 1 if full else -(-rows // size)
    least, most = _EPOCHS
    return (None if full else size), int(min(max(_STEPS // steps, least), most))
