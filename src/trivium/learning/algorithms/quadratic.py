"""The minimum of an objective that is quadratic in parameters, by linear least squares."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trivium.engine.composites import as_tensor, zeros_like
from trivium.engine.evaluate import value_of
from trivium.engine.tensor import Tensor
from trivium.engine.transforms import jacobian
from trivium.engine.traversal import substitute

from ..data.scaling import check_squares
from ..errors import NonFiniteError, RequestError
from ..objectives import L2, SquaredError, is_bias
from ..stop import Stop
from .affine import find_obstacle
from .base import Problem, Solution
from .least_squares import MOST, Fitted, Relation, gradient, in_blocks, solve

__all__ = ["minimum"]

Array = np.ndarray[Any, Any]
_REFINED = 2**18  # numbers in the rows of problems whose solution is refined


def minimum(problem: Problem) -> Solution:
    """The parameters at the minimum, with rank, condition and lost digits in the notes.

    Raises RequestError where predictions are not affine in the parameters, NonFiniteError for
    data that are not finite, DataError for targets whose squares float64 cannot hold.
    """
    check_squares("the target", np.asarray(value_of(as_tensor(problem.batch.y))))
    x = as_tensor(problem.batch.x)
    prediction = problem.model(x)
    # Builds the objective only for its checks of shapes, targets and penalties.
    problem.objective.value(prediction, problem.batch, problem.parameters)
    _require_affine(problem, prediction)
    design = _design(problem, prediction, x)
    fitted = solve(
        design.blocks,
        len(design.names),
        design.penalty,
        np.argsort(~design.biases, kind="stable"),
    )
    if fitted.rank == len(design.names):
        fitted = _refined(design, fitted)
    values = design.assemble(fitted.theta)
    if not all(np.isfinite(value).all() for value in values.values()):
        raise NonFiniteError(
            "the solution is not finite: the numbers of x or y are too large or too small "
            "for float64; scale the columns"
        )
    return Solution(
        values=values,
        stopped=Stop.CLOSED_FORM,
        gradient_norm=float(np.linalg.norm(fitted.gradient)),
        evaluations=design.evaluations,
        notes=_notes(fitted, design.names),
    )


def _require_affine(problem: Problem, prediction: Tensor) -> None:
    if not problem.parameters:
        raise RequestError("no closed form: the model has no parameters to solve for")
    obstacle = find_obstacle(prediction, problem.parameters)
    if obstacle is not None:
        raise RequestError(
            "no closed form: the objective is not quadratic in θ because of "
            f"{obstacle.describe(problem.model, problem.parameters)}, after which the "
            "predictions are no longer affine in the parameters; use an algorithm that takes "
            "steps, such as Adam()"
        )


@dataclass(frozen=True)
class _Design:
    """The problem ‖D(Aθ - B)‖² + Σ penalty θ²: a row per example, a column per unknown.

    ``rows`` (m, p) and ``target`` (m, k); ``ones``: whether a column of ones comes before those
    of ``rows``; ``root`` (m,): the diagonal of D. ``shapes``: of the parameters, in column
    order.
    """

    rows: Array
    target: Array
    ones: bool
    root: Array
    names: list[str]
    biases: Array
    penalty: Array
    shapes: dict[str, tuple[int, ...]]
    evaluations: int

    def blocks(self) -> Iterator[tuple[Array, Array]]:
        """The weighted rows of A and B, a block at a time."""
        for part in in_blocks(len(self.rows), len(self.names)):
            root = self.root[part, None]
            rows = self.rows[part] * root
            yield (
                np.concatenate([root, rows], axis=1) if self.ones else rows,
                self.target[part] * root,
            )

    def assemble(self, theta: Array) -> dict[str, Array]:
        """The columns' solution as one array for each parameter."""
        found, start = {}, 0
        for path, shape in self.shapes.items():
            stop = start + math.prod(shape) // theta.shape[1]
            found[path] = theta[start:stop].reshape(shape)
            start = stop
        return found


def _refined(design: _Design, fitted: Fitted) -> Fitted:
    """``fitted`` with the digits that rounding in the factorisation cost, where that is cheap.

    The squared condition number must leave digits for the corrections to converge.
    """
    small = design.rows.size * design.target.shape[1] <= _REFINED
    if not small or fitted.condition > 1e7 or not len(design.root):
        return fitted
    from .refinement import refined

    rows = design.rows
    if design.ones:
        rows = np.concatenate([np.ones((len(rows), 1)), rows], axis=1)
    # Weights that are all equal are left out: the numbers themselves have no rounding errors.
    top = float(design.root.max())
    if not top > 0:
        return fitted
    equal = bool((design.root == top).all())
    scale = fitted.scale
    theta = refined(
        rows * scale,
        design.target,
        None if equal else (design.root / top) ** 2,
        (np.sqrt(design.penalty) * scale / top) ** 2,
        fitted.triangle / top,
        fitted.theta / scale[:, None],
    )
    theta = theta * scale[:, None]
    slope = gradient(design.blocks, theta, design.penalty)
    return replace(fitted, theta=theta, gradient=slope)


def _design(problem: Problem, prediction: Tensor, x: Tensor) -> _Design:
    ((weight, term),) = [each for each in problem.objective.data_terms if each[0] > 0]
    assert isinstance(term, SquaredError)
    goal = value_of(term.goal(prediction, as_tensor(problem.batch.y))).astype(np.float64)
    if not goal.size:
        raise RequestError("no closed form: the target has no columns, so nothing is asked for")
    given = problem.batch.weight
    counts = np.ones(len(goal)) if given is None else value_of(as_tensor(given))
    if (counts < 0).any():
        raise RequestError(
            "no closed form: an example's weight is negative, so J has no minimum"
        )
    root = np.sqrt(weight / len(goal)) * np.sqrt(counts.astype(np.float64))
    _require_finite("the target y", goal, None)
    _require_finite("the weights", root, None)
    if _is_plain_linear(problem):
        return _linear_design(problem, value_of(x), goal, root)
    return _jacobian_design(problem, prediction, goal, root)


def _is_plain_linear(problem: Problem) -> bool:
    from ..models import Linear

    plain = type(problem.model) is Linear and problem.model.output == "scores"
    return plain and set(problem.parameters) <= {"weight", "bias"}


def _linear_design(problem: Problem, x: Array, goal: Array, root: Array) -> _Design:
    """[1, x] serves all outputs at once: their columns are the same."""
    rows = x.reshape(len(x), -1).astype(np.float64, copy=False)
    features = _feature_names(problem.feature_names, rows.shape[1])
    _require_finite("x", rows, features)
    ones = "bias" in problem.parameters
    ordered = [path for path in ("bias", "weight") if path in problem.parameters]
    penalties = _penalties(problem)
    widths = {"bias": 1, "weight": rows.shape[1]}
    return _Design(
        rows=rows,
        target=goal.reshape(len(goal), -1),
        ones=ones,
        root=root,
        names=[*["bias"] * ones, *features],
        biases=np.arange(len(features) + ones) < ones,
        penalty=np.concatenate([np.full(widths[path], penalties[path]) for path in ordered]),
        shapes={path: problem.parameters[path].shape for path in ordered},
        evaluations=1,
    )


def _jacobian_design(problem: Problem, prediction: Tensor, goal: Array, root: Array) -> _Design:
    """The Jacobian of the predictions, the same at every θ, and the predictions at θ = 0."""
    parameters = problem.parameters
    sizes = {path: each.size for path, each in parameters.items()}
    _require_memory(goal.size, sum(sizes.values()))
    columns = [
        value_of(jacobian(prediction, each)).reshape(goal.size, each.size)
        for each in parameters.values()
    ]
    rows = np.concatenate(columns, axis=1).astype(np.float64, copy=False)
    nothing: dict[Tensor, Tensor] = {each: zeros_like(each) for each in parameters.values()}
    offset = value_of(substitute([prediction], nothing)[0]).astype(np.float64)
    names = [
        name for path, each in parameters.items() for name in _element_names(problem, path)
    ]
    _require_finite("the predictions' dependence on θ", rows, names)
    _require_finite("the prediction at θ = 0", offset, None)
    penalties = _penalties(problem)
    repeated = goal.size // len(goal)
    return _Design(
        rows=rows,
        target=(goal - offset).reshape(-1, 1),
        ones=False,
        root=np.repeat(root, repeated),
        names=names,
        biases=np.repeat(
            [is_bias(path, each) for path, each in parameters.items()], list(sizes.values())
        ),
        penalty=np.repeat([penalties[path] for path in parameters], list(sizes.values())),
        shapes={path: each.shape for path, each in parameters.items()},
        evaluations=1 + min(rows.shape),
    )


def _penalties(problem: Problem) -> dict[str, float]:
    """λ for each parameter by path."""
    found = dict.fromkeys(problem.parameters, 0.0)
    for weight, penalty in problem.objective.penalties:
        if weight > 0 and isinstance(penalty, L2):
            for path in penalty.penalised(problem.parameters):
                found[path] += weight
    return found


def _feature_names(names: Sequence[str] | None, count: int) -> list[str]:
    if names is not None and len(names) == count:
        return [repr(str(name)) for name in names]
    return [f"feature {i}" for i in range(count)]


def _element_names(problem: Problem, path: str) -> list[str]:
    """One name for each element of a parameter: by feature where its first axis counts them."""
    shape = problem.parameters[path].shape
    if not shape:
        return [path]
    names = problem.feature_names
    if names is not None and len(names) == shape[0]:
        firsts = [f"{path}[{str(name)!r}" for name in names]
    else:
        firsts = [f"{path}[{i}" for i in range(shape[0])]
    rest = [", ".join(map(str, index)) for index in np.ndindex(*shape[1:])]
    return [f"{first}{', ' if tail else ''}{tail}]" for first in firsts for tail in rest]


def _require_finite(what: str, values: Array, names: Sequence[str] | None) -> None:
    if np.isfinite(values).all():
        return
    place = np.argwhere(~np.isfinite(values))[0]
    where = f"row {int(place[0])}" + (f", {names[int(place[1])]}" if names else "")
    raise NonFiniteError(
        f"no closed form: {what} is {values[tuple(place)]} at {where}; a least-squares "
        "solution needs finite numbers"
    )


def _require_memory(rows: int, columns: int) -> None:
    import os

    needed = 3 * 8 * rows * columns  # the matrix, its copy in float64 and its factorisation
    try:
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not known on this system
        return
    if needed > physical:
        raise RequestError(
            f"no closed form here: the design matrix of {rows:,} × {columns:,} numbers needs "
            f"about {needed / 2**30:.0f} GiB of memory, more than this machine has; use a "
            "Linear model, which is solved in blocks, or an algorithm that takes steps, such "
            "as Adam()"
        )


def _notes(fitted: Fitted, names: Sequence[str]) -> list[str]:
    lost = math.log10(max(fitted.condition, 1.0))
    notes = []
    if fitted.rank == len(names):
        notes.append(
            f"Solved by QR: full rank {fitted.rank}, condition number of the scaled design "
            f"{fitted.condition:.2g}, so about {round(lost)} of 16 digits are lost."
        )
        if lost > 8:
            notes.append(
                "Some columns nearly depend on others: the solution reacts strongly to small "
                "changes of the data. A penalty such as 1e-4 * L2() steadies it."
            )
        return notes
    notes.append(
        f"Solved by SVD: the design has rank {fitted.rank} for {len(names)} unknowns, so the "
        "minimum is attained by many parameters; the shortest of them were taken. Condition "
        f"number within the rank {fitted.condition:.2g}: about {round(lost)} of 16 digits "
        "are lost."
    )
    notes += [_sentence(relation, names) for relation in fitted.relations]
    more = len(names) - fitted.rank - len(fitted.relations)
    if more > 0 and fitted.relations:
        what = "more column depends" if more == 1 else "more columns depend"
        notes.append(f"{more} {what} on others in the same way.")
    if not fitted.relations:
        notes.append("There are more unknowns than examples (times outputs).")
    return notes


def _sentence(relation: Relation, names: Sequence[str]) -> str:
    name = names[relation.column]
    if not relation.others:
        return f"{name} has no effect on the predictions: its column is zero."
    if [names[i] for i in relation.others] == ["bias"]:
        return f"{name} is constant, so it cannot be told apart from the bias."
    shown = ", ".join(names[i] for i in relation.others[:MOST])
    more = len(relation.others) - MOST
    tail = f" and {more} more" if more > 0 else ""
    return f"{name} is a linear combination of {shown}{tail}."
