"""The rules that the steps of a backward pass are called by, and why each holds.

A step goes from one named value to another. Its rule is read off the operations that lie on the
path between them; the first rule that fits is the one that a textbook would name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from trivium.engine.tensor import Tensor
from trivium.engine.traversal import depends_on, topological

from ..words import mark

__all__ = ["RULES", "Rule", "rule_between"]


class Rule(NamedTuple):
    """A rule: its name and one sentence of why, in English (the keys of the translations)."""

    name: str
    why: str


#: id → rule. The sentences are the messages of the catalogues.
RULES: dict[str, Rule] = {
    "softmax-cross-entropy": Rule(
        mark("softmax with cross-entropy"),
        mark(
            "The logarithm undoes the exponential of softmax, so what is left is the predicted "
            "probability minus the true one."
        ),
    ),
    "sigmoid-cross-entropy": Rule(
        mark("sigmoid with cross-entropy"),
        mark(
            "The logarithm undoes the exponential of the sigmoid, so what is left is the predicted "
            "probability minus the true one."
        ),
    ),
    "squared-error": Rule(
        mark("square of a difference"),
        mark(
            "The derivative of r² is 2r: the further off a prediction is, the stronger "
            "it is pulled."
        ),
    ),
    "absolute-error": Rule(
        mark("absolute value"),
        mark(
            "The derivative of |r| is its sign: every prediction is pulled with the same strength."
        ),
    ),
    "penalty-square": Rule(
        mark("penalty on squares"),
        mark(
            "The derivative of w² is 2w: every weight is pulled towards zero in proportion to its "
            "size."
        ),
    ),
    "penalty-absolute": Rule(
        mark("penalty on absolute values"),
        mark(
            "The derivative of |w| is the sign of w: every weight is pulled towards zero with the "
            "same strength."
        ),
    ),
    "hinge": Rule(
        mark("hinge"),
        mark("Only examples whose margin is too small contribute, each with slope one."),
    ),
    "cases": Rule(
        mark("case by case"),
        mark("Every element follows the case that it is in, so its gradient is that case's."),
    ),
    "recurrence": Rule(
        mark("backpropagation through time"),
        mark(
            "The loop is run backwards: each step passes its gradient on to the step before it."
        ),
    ),
    "product-left": Rule(
        mark("product with a matrix, left factor"),
        mark(
            "In Z = A W every element of A reaches Z through one row of W, so its gradient is the "
            "gradient of Z times W transposed."
        ),
    ),
    "product-right": Rule(
        mark("product with a matrix, right factor"),
        mark(
            "In Z = A W every weight multiplies one column of A, so its gradient is A transposed "
            "times the gradient of Z: a sum over the examples."
        ),
    ),
    "batch-sum": Rule(
        mark("sum over the batch"),
        mark(
            "It was repeated for every example, so its gradient is the sum of their gradients."
        ),
    ),
    "broadcast-sum": Rule(
        mark("sum over what was repeated"),
        mark("It was repeated along an axis, so its gradient is the sum along that axis."),
    ),
    "elementwise": Rule(
        mark("chain rule, element by element"),
        mark(
            "Every element depends on one element only, so its gradient is multiplied by the "
            "function's derivative there."
        ),
    ),
    "softmax": Rule(
        mark("softmax"),
        mark(
            "Every probability depends on every score of its row: the gradient is taken relative "
            "to its mean under the probabilities."
        ),
    ),
    "maximum": Rule(
        mark("maximum"),
        mark(
            "Only the largest element matters, so the gradient goes to it alone; ties share it."
        ),
    ),
    "selection": Rule(
        mark("selection"),
        mark(
            "Only what was selected matters, so the gradient goes back to its place and the rest "
            "gets zero."
        ),
    ),
    "rearrangement": Rule(
        mark("rearrangement"),
        mark("The elements were only moved, so their gradients move back."),
    ),
    "sum": Rule(
        mark("sum"),
        mark("Every summand contributes with slope one, so each gets the gradient of the sum."),
    ),
    "linear-algebra": Rule(
        mark("differential of a matrix function"),
        mark("The rule follows from the differential of the defining equation."),
    ),
    "chain": Rule(
        mark("chain rule"),
        mark("The gradient of what comes later is multiplied by the derivative of this step."),
    ),
    "shared": Rule(
        mark("common part"),
        mark("Several gradients need it, so it is computed once."),
    ),
    "paths": Rule(
        mark("sum over paths"),
        mark("It is used more than once, so the gradients along all paths add up."),
    ),
}

_MOVEMENTS = frozenset({"reshape", "permute", "flip", "concat", "cast", "label", "broadcast"})
_LINEAR = frozenset({"add", "subtract", "negative"})
_SELECTIONS = frozenset({"slice", "gather", "pad", "scatter_add", "pick"})
_MATRIX = frozenset(
    {"cholesky", "qr", "eigh", "eigvalsh", "svd", "svdvals", "solve", "det", "slogdet", "expm"}
)


class _Path(NamedTuple):
    """What lies between a value or ``parameter`` and what is made of it."""

    output: Tensor
    source: Tensor
    parameter: bool
    nodes: list[Tensor]
    names: frozenset[str]


def _on_path(output: Tensor, source: Tensor, parameter: bool) -> _Path:
    order = topological([output])
    reached = depends_on(order, [source])
    nodes = [each for each in order if id(each) in reached and each is not source]
    return _Path(
        output, source, parameter, nodes, frozenset(each.primitive.name for each in nodes)
    )


def _is_factor(place: int) -> Callable[[_Path], bool]:
    def holds(path: _Path) -> bool:
        products = [each for each in path.nodes if each.primitive.name == "contraction"]
        if len(products) != 1 or not path.names <= {
            *_MOVEMENTS,
            *_LINEAR,
            "contraction",
            "multiply",
        }:
            return False
        inputs = products[0].inputs
        inside = {id(each) for each in path.nodes} | {id(path.source)}
        return id(inputs[place]) in inside and id(inputs[1 - place]) not in inside

    return holds


def _is_batch_sum(path: _Path) -> bool:
    if not path.names <= {*_MOVEMENTS, *_LINEAR, "multiply"} or "broadcast" not in path.names:
        return False
    return any(
        each.primitive.name == "broadcast"
        and each.shape[:1] == path.output.shape[:1]
        and (each.inputs[0].ndim < each.ndim or each.inputs[0].shape[0] == 1)
        for each in path.nodes
    )


def _elementwise(path: _Path) -> bool:
    return path.output.shape == path.source.shape and all(
        each.shape == path.source.shape and each.primitive.name not in _NOT_ELEMENTWISE
        for each in path.nodes
    )


_NOT_ELEMENTWISE = frozenset(
    {"softmax", "log_softmax", "contraction", "permute", "flip", "gather", "cumulative_sum",
     "cumulative_prod", "sort", "solve", "cholesky", "inv", "expm"}
)  # fmt: skip


def _has(*names: str) -> Callable[[_Path], bool]:
    return lambda path: set(names) <= path.names


def _squares_difference(path: _Path) -> bool:
    return path.output.shape == () and (
        _ends_in(path, "square", "subtract")
        or ("square" in path.names and _only("square", "sum")(path))
    )


def _ends_in(path: _Path, function: str, inner: str) -> bool:
    """Whether ``function`` is applied on the path to an ``inner`` of the source."""
    return any(
        each.primitive.name == function and each.inputs[0].primitive.name == inner
        for each in path.nodes
    )


def _is_penalty(name: str) -> Callable[[_Path], bool]:
    """A sum over a function of the parameter itself."""

    def holds(path: _Path) -> bool:
        return (
            path.parameter
            and path.output.shape == ()
            and any(
                each.primitive.name == name and each.inputs[0] is path.source
                for each in path.nodes
            )
        )

    return holds


def _only(*names: str) -> Callable[[_Path], bool]:
    allowed = {*names, *_MOVEMENTS, *_LINEAR, "multiply", "divide"}
    return lambda path: path.names <= allowed


def _all(*tests: Callable[[_Path], bool]) -> Callable[[_Path], bool]:
    return lambda path: all(test(path) for test in tests)


def _any_of(names: frozenset[str]) -> Callable[[_Path], bool]:
    return lambda path: bool(path.names & names)


# In this order: the first that fits is the one that a textbook would name.
_TESTS: tuple[tuple[str, Callable[[_Path], bool]], ...] = (
    ("recurrence", _has("scan")),
    ("penalty-square", _is_penalty("square")),
    ("penalty-absolute", _is_penalty("abs")),
    ("softmax-cross-entropy", _has("log_softmax", "pick")),
    ("sigmoid-cross-entropy", _has("softplus", "multiply", "subtract", "sum")),
    ("hinge", _has("relu", "sum")),
    ("linear-algebra", _any_of(_MATRIX)),
    ("product-left", _is_factor(0)),
    ("product-right", _is_factor(1)),
    ("cases", _has("where", "sum")),
    ("squared-error", _squares_difference),
    ("absolute-error", _all(_has("abs", "subtract"), _only("abs", "sum"))),
    ("batch-sum", _is_batch_sum),
    ("rearrangement", _all(_only(), lambda path: path.names <= _MOVEMENTS - {"broadcast"})),
    ("elementwise", _elementwise),
    ("softmax", _any_of(frozenset({"softmax", "log_softmax", "log_sum_exp"}))),
    ("maximum", _any_of(frozenset({"largest", "smallest", "maximum", "minimum"}))),
    ("selection", _all(_any_of(_SELECTIONS), _only(*_SELECTIONS))),
    ("broadcast-sum", _all(_has("broadcast"), _only())),
    ("sum", _all(_has("sum"), _only("sum"))),
)


def rule_between(output: Tensor, source: Tensor, *, parameter: bool = False) -> str:
    """The id of the rule by which a gradient goes from ``output`` to its leaf ``source``.

    ``parameter``: whether the source is a parameter, so that a sum of its squares is a penalty.
    """
    path = _on_path(output, source, parameter)
    return next((name for name, holds in _TESTS if holds(path)), "chain")
