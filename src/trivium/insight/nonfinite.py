"""The first bad number of a program, an expression or a fit."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trivium.engine.errors import ArgumentError, DTypeError, ShapeError, UnboundInputError
from trivium.engine.nonfinite import BadValue, Run, first_bad_value, number
from trivium.engine.program import CompiledFunction, Program
from trivium.engine.tensor import Tensor, Variable, as_array
from trivium.engine.traversal import topological
from trivium.engine.trees import flatten
from trivium.learning.data import Dataset, as_dataset
from trivium.learning.errors import DataError
from trivium.learning.fit.examples import Examples
from trivium.learning.fit.nonfinite import bad_value_on
from trivium.learning.fit.problem import encode_part
from trivium.learning.fit.result import Fit

__all__ = ["AllFinite", "first_nonfinite"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, repr=False)
class AllFinite:
    """Nothing is bad; false in a condition, where a ``BadValue`` is true.

    ``what``: the computation, in words. ``steps``: how many steps of it were run. ``largest``: the
    largest magnitude among its results, None where it was not run again.
    """

    what: str
    steps: int = 1
    largest: float | None = None

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        steps = f" in {self.steps} steps" if self.steps > 1 else ""
        size = (
            ""
            if self.largest is None
            else f"; the largest magnitude among the results is {number(self.largest)}"
        )
        return f"{self.what}: all numbers that reach a result are finite{steps}{size}"


def first_nonfinite(
    subject: Any,
    *arguments: Any,
    values: Mapping[Any, Any] | None = None,
    steps: int = 1,
) -> BadValue | AllFinite:
    """The first NaN or infinity that reaches a result: where, from what numbers, and why.

    Returns a ``BadValue``, or an ``AllFinite``, which is false in a condition.

    ``subject``: a ``Program`` or a function made by ``tv.compile`` (with the ``arguments`` that it
    is called with), an expression, or a list, tuple or dict of them, or a fit. ``values``: of
    inputs and variables of expressions, by the leaf or by its name. ``steps``: of a program with
    updates, so many are performed one after the other until one goes wrong.

    The computation is run again by the reference backend, one operation after the other, and no
    variable changes. Of a program it is what its passes made of the expressions; of expressions,
    what ``.value`` computes. "First" is the first operation, in the order forward pass, backward
    pass, update, that makes a bad element from finite ones which reaches a result; an infinite
    constant that is masked away is not blamed. A fit has looked for it when it stopped; with
    data as the argument, the loss of its model on these, and the gradient, are looked at.

    Raises ArgumentError for anything else, a number of steps below 1 and names that do not
    occur, UnboundInputError for an input without a value, ShapeError and DTypeError for values
    that do not fit, DataError for data that a fit cannot use.
    """
    if isinstance(subject, Fit):
        return _of_fit(subject, arguments, values, steps)
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise ArgumentError(f"first_nonfinite: steps is a whole number from 1, not {steps!r}")
    if isinstance(subject, CompiledFunction):
        program, leaves = subject._program((arguments, {}))
        names = _parameter_names(subject, arguments, program)
        return _of_program(program, leaves, values, int(steps), names)
    if isinstance(subject, Program):
        return _of_program(subject, subject._bind(arguments), values, int(steps))
    if callable(subject) and not isinstance(subject, Tensor):
        raise ArgumentError(
            f"first_nonfinite: {subject!r} is a function; pass the expression that it returns, "
            "first_nonfinite(f(x)), or tv.compile(f) with its arguments"
        )
    if steps != 1:
        raise ArgumentError("first_nonfinite: only a program has steps; leave steps out")
    if arguments:
        raise ArgumentError(
            "first_nonfinite: an expression takes no arguments; give its inputs as "
            "values={'x': array}"
        )
    return _of_expressions(subject, values)


def _parameter_names(
    function: CompiledFunction, arguments: Sequence[Any], program: Program
) -> dict[Tensor, str]:
    """The inputs of the program by the names of the function's parameters."""
    try:
        bound = inspect.signature(function).bind(*arguments).arguments
    except (TypeError, ValueError):  # a builtin, or an object without a signature
        return {}
    if len(bound) != len(program.inputs):
        return {}
    return dict(zip(program.inputs, bound, strict=True))


def _of_fit(
    fit: Fit, data: Sequence[Any], values: Mapping[Any, Any] | None, steps: int
) -> BadValue | AllFinite:
    """What a fit found when it stopped, or the loss and gradient of its model on other data."""
    if values or steps != 1 or len(data) > 1:
        raise ArgumentError(
            "first_nonfinite: a fit holds what it found when it stopped; what can be given beside "
            "it is data to measure its model on, first_nonfinite(fit, data)"
        )
    if not data:
        return fit.bad_value or AllFinite(f"The fit, {fit.steps:,} steps")
    named = isinstance(data[0], Dataset | tuple | list)
    dataset = as_dataset(data[0], None if named else fit.data_source.get("target"))
    if len(dataset) == 0:
        raise DataError("first_nonfinite: there are no rows to measure the model on")
    part = encode_part(dataset, fit.encoder, fit.objective, fit.options)
    examples = Examples(part, dataset.places, "the data")
    found = bad_value_on(fit.model, fit.objective, examples)
    return found or AllFinite("The loss on the data and its gradient")


def _of_expressions(subject: Any, values: Mapping[Any, Any] | None) -> BadValue | AllFinite:
    outputs = [each for each in flatten(subject) if isinstance(each, Tensor)]
    if not outputs or len(outputs) < len(flatten(subject)):
        raise ArgumentError(
            f"first_nonfinite looks at expressions, programs and fits, not at {subject!r}"
        )
    run = _bound(outputs, values or {})
    for leaf in topological(outputs):
        if leaf.primitive.name == "input" and id(leaf) not in run.arrays:
            raise UnboundInputError(
                f"first_nonfinite: the input {leaf.name} has no value; give it with "
                f"values={{{leaf.name!r}: array}}"
            )
    found = first_bad_value(outputs, run)
    return found or AllFinite("The expression", largest=_largest(run.values(outputs)))


def _of_program(
    program: Program,
    arrays: Sequence[Array],
    values: Mapping[Any, Any] | None,
    steps: int,
    names: Mapping[Tensor, str] | None = None,
) -> BadValue | AllFinite:
    outputs = [*program.outputs, *program.updates.values()]
    given = dict(zip(program.inputs, arrays, strict=True))
    run = _bound(outputs, {**given, **(values or {})})
    known = {id(leaf): leaf for leaf in run.leaves}
    state = dict(run.arrays)
    for step in range(1, steps + 1):
        run = Run(tuple(known.values()), state)
        found = first_bad_value(outputs, run, compiled=True, names=names)
        if found is not None:
            return replace(found, step=step) if steps > 1 else found
        fresh = run.values(outputs)
        for variable, array in zip(program.updates, fresh[len(program.outputs) :], strict=True):
            known[id(variable)] = variable
            state[id(variable)] = np.array(array)
    return AllFinite("The program", steps, _largest(fresh))


def _bound(outputs: Sequence[Tensor], values: Mapping[Any, Any]) -> Run:
    """The leaves of ``outputs`` that ``values`` names, with arrays that fit them."""
    leaves = [
        each
        for each in topological(outputs)
        if isinstance(each, Variable) or each.primitive.name == "input"
    ]
    chosen: dict[int, Tensor] = {}
    arrays: dict[int, Array] = {}
    for key, value in values.items():
        for leaf in _called(key, leaves):
            chosen[id(leaf)] = leaf
            arrays[id(leaf)] = _fitting(leaf, value)
    return Run(tuple(chosen.values()), arrays)


def _called(key: Any, leaves: Sequence[Tensor]) -> list[Tensor]:
    if isinstance(key, Tensor):
        return [key]
    found = [leaf for leaf in leaves if leaf.name == key]
    if len(found) != 1:
        names = ", ".join(repr(leaf.name) for leaf in leaves if leaf.name) or "none with a name"
        problem = "no leaf is" if not found else f"{len(found)} leaves are"
        raise ArgumentError(
            f"first_nonfinite: {problem} called {key!r}; inputs and variables here: {names}. "
            "A leaf itself can be the key too"
        )
    return found


def _fitting(leaf: Tensor, value: Any) -> Array:
    array = as_array(value.value if isinstance(value, Tensor) else value)
    if array.shape != leaf.shape:
        raise ShapeError(
            f"{leaf.name or 'the leaf'} has shape {leaf.shape}, got an array of shape "
            f"{array.shape}"
        )
    if not np.can_cast(array.dtype, leaf.dtype, casting="same_kind"):
        raise DTypeError(
            f"{leaf.name or 'the leaf'} is {leaf.dtype}, got an array of {array.dtype}"
        )
    return array.astype(leaf.dtype, copy=False)


def _largest(arrays: Sequence[Array]) -> float | None:
    sizes = [float(np.abs(a).max()) for a in arrays if a.size and a.dtype.kind == "f"]
    return max(sizes, default=None)
