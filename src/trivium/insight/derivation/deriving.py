"""``derive``: from a model and an objective, a fit or an expression to its derivation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from trivium.engine import random
from trivium.engine.tensor import Tensor
from trivium.learning import mode
from trivium.learning.fit.result import Fit
from trivium.learning.options import whole

from . import naming
from .backward import backward_equations
from .cutting import Cut, Step, cut
from .derivation import Derivation
from .equations import Equation
from .notes import unreached
from .raising import raise_operations
from .sharing import share
from .simplify import simplify
from .subjects import BATCH, Leaf, Subject, of_expression, of_fit, of_model

__all__ = ["derive"]

# More examples than anybody reads numbers of; the first ones are taken.
_EXAMPLES = 4


def derive(
    subject: Any,
    objective: Any = None,
    data: Any = None,
    *,
    target: Any = None,
    features: int | Sequence[int] | None = None,
    outputs: int | None = None,
    examples: int = _EXAMPLES,
    training: bool = False,
    with_respect_to: Mapping[str, Tensor] | Sequence[Tensor] | None = None,
) -> Derivation:
    """The forward and backward pass of a model, a fit or an expression as equations.

    ``subject``: a model (then ``objective`` is needed), a fit, or a scalar expression; then
    ``with_respect_to`` are the tensors to differentiate by, best by name (default: its
    variables, or else the tensors that it was made of). ``data``: a pair (x, y), a Dataset or
    a dataframe with ``target``; the first ``examples`` rows give the numbers. Without data the
    sizes of a model that has not been called come from ``features``, the size or shape of one
    example, and ``outputs``.
    ``training``: with what is random in training only, such as the masks of dropout.

    Raises RequestError when model and objective do not fit together or sizes are unknown,
    DataError for data that cannot be used, ShapeError for an expression that is no scalar,
    NotDifferentiableError where a derivative does not exist. Source: Rumelhart, Hinton &
    Williams (1986), "Learning representations by back-propagating errors", Nature 323; the
    equations per layer as in Goodfellow, Bengio & Courville (2016), *Deep Learning*, §6.5.
    """
    whole("derive", "examples", examples)
    with mode.training(random.key(0)) if training else nullcontext():
        if isinstance(subject, Tensor):
            found = of_expression(subject, objective, data, with_respect_to)
        elif isinstance(subject, Fit):
            found = of_fit(subject, data, target, examples)
        else:
            found = of_model(subject, objective, data, target, features, outputs, examples)
    return _derivation(found)


def _derivation(subject: Subject) -> Derivation:
    outputs = (
        [subject.loss] if subject.prediction is None else [subject.loss, subject.prediction]
    )
    raised = raise_operations(outputs, BATCH)
    loss = raised.outputs[0]
    prediction = raised.outputs[1] if subject.prediction is not None else None
    leaves: list[Leaf] = [(raised.size, "size", naming.Name("n", "n", "n")), *subject.leaves]
    made = cut(loss, prediction, leaves, subject.parameters, BATCH)
    expressions = simplify(
        [step.expression for step in made.steps], raised.size, BATCH, cases=False
    )
    made.steps = [
        Step(step.symbol, expression, step.active, step.line)
        for step, expression in zip(made.steps, expressions, strict=True)
    ]
    forward = [
        Equation(step.symbol, step.expression, "forward", line=step.line) for step in made.steps
    ]
    backward = backward_equations(made, raised.size, BATCH)
    equations = share(made, forward + backward, BATCH)
    return _assembled(subject, made, equations)


def _assembled(subject: Subject, made: Cut, equations: list[Equation]) -> Derivation:
    gradients = {
        each.defines.path: each.defines for each in equations if each.kind == "parameter"
    }
    values = dict(subject.values)
    for path, variable in subject.parameters.items():
        values[id(made.parameters[path].leaf)] = variable.value
    values.update(made.constants)
    unused = tuple(path for path in subject.parameters if path not in gradients)
    return Derivation(
        symbols=made.symbols,
        forward=tuple(each for each in equations if each.kind == "forward"),
        backward=tuple(each for each in equations if each.kind != "forward"),
        parameters=made.parameters,
        gradients=gradients,
        batch=BATCH,
        title=subject.title,
        model=subject.model,
        objective=subject.objective,
        algorithm=subject.algorithm,
        notes=(unreached(unused),) if unused else (),
        values=values,
        random=made.random,
    )
