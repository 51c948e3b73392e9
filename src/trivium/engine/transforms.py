"""Derivatives as the user asks for them: of expressions, or of Python functions.

Every result is an expression again, so transforms nest to any order.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np

from . import dtypes
from .composites import as_tensor, cast, ones_like
from .errors import DTypeError, ShapeError, UnboundInputError
from .loops import scan
from .passes.pipeline import improve
from .reverse import gradients
from .tensor import Tensor, constant, input
from .tensor import _counter as _tokens
from .tracing import traced_arguments
from .traversal import substitute
from .trees import flatten, leaves_like, unflatten

__all__ = [
    "grad",
    "gradient",
    "hessian",
    "hessian_vector_product",
    "jacobian",
    "jvp",
    "value_and_grad",
    "vjp",
]

Argnums = int | Sequence[int]


@overload
def gradient(output: Tensor, targets: Tensor) -> Tensor: ...
@overload
def gradient(output: Tensor, targets: Sequence[Tensor]) -> list[Tensor]: ...
def gradient(output: Tensor, targets: Any) -> Any:
    """The gradient ∂output/∂target as an expression, for one target or for each of several.

    Shapes: ``output`` is a scalar; each result has its target's shape. Targets are any nodes:
    variables, tensors made by ``tv.tensor``, or results in between. A target that the output
    does not depend on has gradient zero. Source: Griewank & Walther (2008), §3.2. Raises
    ShapeError for a non-scalar output, DTypeError for targets that are not floating,
    NotDifferentiableError where no derivative exists.
    """
    leaves = flatten(targets)
    return unflatten(targets, gradients([_stable(output, leaves)], leaves))


def _stable(output: Tensor, targets: Sequence[Tensor]) -> Tensor:
    """The form of ``output`` to differentiate: stable (log softmax …), unless a target is a
    result in between, which a rewrite could take out of the expression."""
    return output if any(target.inputs for target in targets) else improve([output])[0]


class _Traced:
    """A call of a user's function with leaves of its own in place of some arguments.

    The leaves are distinct from everything else, so a constant inside the function that happens
    to be equal to an argument is not mistaken for it. They carry the arguments' values when
    these are known, so a Python ``if`` on them takes the branch of the point asked about.
    ``outputs`` are in stable form (log softmax …): values and derivatives are those of the same
    expression.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        argnums: Argnums,
        arguments: tuple[Any, ...],
        options: dict[str, Any],
    ) -> None:
        numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        for number in numbers:
            if not -len(arguments) <= number < len(arguments):
                raise ShapeError(
                    f"the derivative with respect to argument {number} was asked for, but the "
                    f"function was called with {len(arguments)} positional arguments"
                )
        self.single = isinstance(argnums, int)
        self.trees = [arguments[number] for number in numbers]
        self.points = [_floating(leaf) for tree in self.trees for leaf in flatten(tree)]
        self.leaves = [_fresh(point) for point in self.points]
        traced = list(arguments)
        place = 0
        for number, tree in zip(numbers, self.trees, strict=True):
            count = len(flatten(tree))
            traced[number] = unflatten(tree, self.leaves[place : place + count])
            place += count
        with traced_arguments(self.leaves):
            self.result = function(*traced, **options)
        self.outputs = improve([as_tensor(leaf) for leaf in flatten(self.result)])

    def bind(self, expressions: Sequence[Tensor]) -> list[Tensor]:
        """Put the arguments back in place of the leaves."""
        return substitute(expressions, dict(zip(self.leaves, self.points, strict=True)))

    def arrange(self, per_leaf: Sequence[Any]) -> Any:
        """One entry per leaf, shaped as the arguments."""
        answers, place = [], 0
        for tree in self.trees:
            count = len(flatten(tree))
            answers.append(unflatten(tree, per_leaf[place : place + count]))
            place += count
        return answers[0] if self.single else tuple(answers)

    def only(self, what: str) -> Tensor:
        """The single output. Raises ShapeError when there are several."""
        if len(self.outputs) != 1:
            raise ShapeError(
                f"{what} needs a function with one result, not {len(self.outputs)}"
            )
        return self.outputs[0]


def _floating(leaf: Any) -> Tensor:
    point = as_tensor(leaf)
    python_number = isinstance(leaf, int) and not isinstance(leaf, bool)
    return cast(point, dtypes.default_float) if python_number else point


def _fresh(point: Tensor) -> Tensor:
    try:
        value = point.value
    except UnboundInputError:
        return input(point.shape, point.dtype, name=point.name or "x")
    value.setflags(write=False)
    return constant(value, next(_tokens), point.name)


def value_and_grad(
    function: Callable[..., Any], argnums: Argnums = 0, *, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns (value, gradient) of a scalar ``function``.

    The gradient has the structure of the argument ``argnums`` (a number or several; arguments
    may be nested tuples, lists, dicts). With ``has_aux`` the function returns (scalar, anything
    else) and so does the value. Raises ShapeError when the result is not a scalar.
    """

    @functools.wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        traced = _Traced(function, argnums, arguments, options)
        if has_aux:
            if not isinstance(traced.result, tuple) or len(traced.result) != 2:
                raise ShapeError("with has_aux=True the function must return (scalar, more)")
            if len(flatten(traced.result[0])) != 1:
                raise ShapeError("with has_aux=True the first result must be the scalar")
            output = traced.outputs[0]
        else:
            output = traced.only("a gradient")
        found = gradients([output], traced.leaves)
        bound = traced.bind([*traced.outputs, *found])
        values = unflatten(traced.result, bound[: len(traced.outputs)])
        return values, traced.arrange(bound[len(traced.outputs) :])

    return call


def grad(
    function: Callable[..., Any], argnums: Argnums = 0, *, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns the gradient of a scalar ``function``; see ``value_and_grad``."""
    both = value_and_grad(function, argnums, has_aux=has_aux)

    @functools.wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        value, gradient_tree = both(*arguments, **options)
        return (gradient_tree, value[1]) if has_aux else gradient_tree

    return call


def vjp(function: Callable[..., Any], *arguments: Any) -> tuple[Any, Callable[[Any], Any]]:
    """The value at ``arguments`` and the map ū ↦ Jᵀū (vector-Jacobian product).

    Shapes: the map takes cotangents shaped as the result and returns a tuple shaped as the
    arguments. Source: Griewank & Walther (2008), §3.2.
    """
    traced = _Traced(function, tuple(range(len(arguments))), arguments, {})
    value = unflatten(traced.result, traced.bind(traced.outputs))

    def pull(cotangent: Any) -> Any:
        given = leaves_like(traced.result, cotangent, "cotangent")
        seeds = _matching(given, traced.outputs, "cotangent")
        return traced.arrange(traced.bind(gradients(traced.outputs, traced.leaves, seeds)))

    return value, pull


def jvp(
    function: Callable[..., Any], arguments: Sequence[Any], tangents: Sequence[Any]
) -> tuple[Any, Any]:
    """The value at ``arguments`` and the directional derivative J·v (Jacobian-vector product).

    Shapes: tangents as arguments; both results as the function's. Jᵀu is linear in u, so its
    own transpose is J: J·v = ∂(uᵀJv)/∂u (Christianson 1992).
    """
    traced = _Traced(function, tuple(range(len(arguments))), tuple(arguments), {})
    given = leaves_like(traced.trees, tuple(tangents), "tangents")
    directions = _matching(given, traced.leaves, "tangent")
    forward = _forward(traced.outputs, traced.leaves, directions)
    bound = traced.bind([*traced.outputs, *forward])
    count = len(traced.outputs)
    return unflatten(traced.result, bound[:count]), unflatten(traced.result, bound[count:])


def _forward(
    outputs: Sequence[Tensor], points: Sequence[Tensor], directions: Sequence[Tensor]
) -> list[Tensor]:
    smooth = [output for output in outputs if dtypes.is_floating(output.dtype)]
    dummies = [input(output.shape, output.dtype, name="u") for output in smooth]
    pulled = gradients(smooth, points, dummies)
    pushed = gradients(pulled, dummies, directions)
    # Jᵀu is linear, so J·v depends on no u; but only where u is not 0 does an infinite local
    # derivative show.
    ones = {dummy: ones_like(dummy) for dummy in dummies}
    found = iter(substitute(pushed, ones))
    return [
        next(found) if dtypes.is_floating(output.dtype) else output * 0 for output in outputs
    ]


def _matching(given: Sequence[Any], like: Sequence[Tensor], what: str) -> list[Tensor]:
    made = []
    for value, want in zip(given, like, strict=True):
        have = as_tensor(value)
        if have.shape != want.shape:
            raise ShapeError(f"a {what} has shape {have.shape} but must have {want.shape}")
        made.append(cast(have, want.dtype))
    return made


def jacobian(subject: Any, argument: Any = 0) -> Any:
    """All partial derivatives: J[i…, j…] = ∂y[i…]/∂x[j…].

    ``jacobian(y, x)`` for expressions, or ``jacobian(function, argnum)`` for a function that
    takes the point. Shapes: y.shape + x.shape. Several results or targets (tuples, lists,
    dicts, several argnums) give the structure of the results with that of the targets in every
    place. The loop over rows (or over columns when there are fewer) is one scan, so the
    expression stays small. Raises DTypeError for results or targets that are not floating.
    """
    if isinstance(subject, Tensor):
        leaves = flatten(argument)
        output = _stable(subject, leaves)
        return unflatten(argument, [_jacobian(output, leaf) for leaf in leaves])

    @functools.wraps(subject)
    def call(*arguments: Any, **options: Any) -> Any:
        traced = _Traced(subject, argument, arguments, options)
        return unflatten(
            traced.result,
            [
                traced.arrange(traced.bind([_jacobian(output, leaf) for leaf in traced.leaves]))
                for output in traced.outputs
            ],
        )

    return call


def _jacobian(output: Tensor, target: Tensor) -> Tensor:
    if not dtypes.is_floating(output.dtype):
        raise DTypeError(f"an output of dtype {output.dtype} has no Jacobian")
    shape = (*output.shape, *target.shape)
    if output.shape == ():
        return gradients([output], [target])[0]
    if target.size < output.size:
        columns = _one_by_one(
            target, lambda direction: _forward([output], [target], [direction])[0]
        )
        moved = columns.reshape((target.size, output.size)).T
        return moved.reshape(shape)
    rows = _one_by_one(output, lambda seed: gradients([output], [target], [seed])[0])
    return rows.reshape(shape)


def _one_by_one(like: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    """``function`` of each unit tensor shaped as ``like``, stacked."""
    positions = as_tensor(np.arange(like.size))

    def step(carry: Any, position: Tensor) -> tuple[Any, Tensor]:
        unit = cast(positions == position, like.dtype).reshape(like.shape)
        return carry, function(unit)

    return scan(step, (), positions)[1]


def hessian(subject: Any, argument: Any = 0) -> Any:
    """All second derivatives of a scalar: H[i…, j…] = ∂²y/∂x[i…]∂x[j…].

    ``hessian(y, x)`` for expressions or ``hessian(function, argnum)``. Shapes: x.shape +
    x.shape. Several targets (tuples, lists, dicts, several argnums) give a block for each pair:
    the structure of the targets in every place of that structure. Raises ShapeError when y is
    not a scalar, DTypeError for targets that are not floating.
    """
    if isinstance(subject, Tensor):
        leaves = flatten(argument)
        slopes = gradients([_stable(subject, leaves)], leaves)
        rows = [[_jacobian(slope, leaf) for leaf in leaves] for slope in slopes]
        return unflatten(argument, [unflatten(argument, row) for row in rows])
    return jacobian(grad(subject, argument), argument)


def hessian_vector_product(output: Tensor, target: Tensor, vector: Any) -> Tensor:
    """H·v without H: the gradient of (∇y)ᵀv. Shapes: ``vector`` and result as ``target``.

    Source: Pearlmutter (1994), "Fast exact multiplication by the Hessian".
    """
    (direction,) = _matching([vector], [target], "vector")
    first = gradients([_stable(output, [target])], [target])[0]
    return gradients([first], [target], [direction])[0]
