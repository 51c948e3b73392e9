"""The point at which a user's function is evaluated, and the expression that it becomes there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from trivium.engine import dtypes
from trivium.engine.composites import as_tensor
from trivium.engine.errors import ArgumentError, DTypeError, ShapeError, UnboundInputError
from trivium.engine.passes.pipeline import improve
from trivium.engine.tensor import Tensor, Variable, as_array, input, variable
from trivium.engine.traversal import substitute, topological
from trivium.engine.trees import flatten, unflatten

from .result import Counts

__all__ = ["EVALUATIONS", "Counted", "Point", "flat", "trace"]

Array = np.ndarray[Any, Any]
#: About how many evaluations a minimization takes: whether machine code pays is judged by it.
EVALUATIONS = 200
_SHORT = 64  # elements of a vector that may become leaves of their own


class Counted:
    """Counts evaluations; ``counts`` is a snapshot."""

    def __init__(self) -> None:
        self.counts = Counts()

    def count(self, **more: int) -> None:
        """Add to the counts by name."""
        self.counts = replace(
            self.counts, **{name: getattr(self.counts, name) + n for name, n in more.items()}
        )


class Point:
    """Where a function is evaluated: one flat float64 vector, kept in leaves of any structure.

    ``start``: the flat vector of the first point (n,).
    """

    def __init__(self, start: Any) -> None:
        self.structure = start
        if isinstance(start, dict) or _holds_arrays(start):
            parts = flatten(start)
        else:
            self.structure, parts = 0, [start]
        self.leaves: list[Variable] = [_starting(each) for each in parts]
        vectors = [leaf.value.astype(np.float64).ravel() for leaf in self.leaves]
        self.start: Array = np.concatenate(vectors) if vectors else np.zeros(0)
        self._parts = list(self.leaves)
        self._slices = _places(self.leaves)

    def move(self, x: Array) -> None:
        """Make ``x`` the point at which programs are run."""
        for leaf, place in zip(self.leaves, self._slices, strict=True):
            np.copyto(leaf.storage, x[place].reshape(leaf.shape), casting="same_kind")

    def split(self, x: Array) -> list[Array]:
        """``x`` as one array for each leaf, in the leaf's shape and dtype."""
        return [
            x[place].reshape(leaf.shape).astype(leaf.dtype, copy=False)
            for leaf, place in zip(self.leaves, self._slices, strict=True)
        ]

    def arrange(self, x: Array) -> Any:
        """``x`` in the structure of the start: arrays in place of its leaves."""
        arrays = [
            x[place].reshape(part.shape).astype(part.dtype)
            for part, place in zip(self._parts, _places(self._parts), strict=True)
        ]
        return unflatten(self.structure, arrays)

    def scatter(self, expression: Tensor) -> Tensor:
        """``expression`` with short vectors of which only elements are used taken apart.

        Each element becomes a leaf of its own, so that derivatives with respect to it pass by no
        vector that is zero elsewhere.
        """
        order = topological([expression])
        leaves: list[Variable] = []
        replaced: dict[Tensor, Tensor] = {}
        for leaf in self.leaves:
            uses = [node for node in order if any(each is leaf for each in node.inputs)]
            single = all(node.primitive.name == "slice" and node.size == 1 for node in uses)
            if not (leaf.ndim == 1 and 1 < leaf.size <= _SHORT and uses and single):
                leaves.append(leaf)
                continue
            apart = [variable(each, name=leaf.name) for each in leaf.value]
            leaves += apart
            for node in uses:
                element = apart[node.attributes.start[0]]
                replaced[node] = element.reshape(node.shape)
        self.leaves, self._slices = leaves, _places(leaves)
        return substitute([expression], replaced)[0] if replaced else expression


def _places(leaves: Sequence[Tensor]) -> list[slice]:
    """Where each leaf stands in the flat vector."""
    ends = np.cumsum([0, *[leaf.size for leaf in leaves]])
    return [slice(int(a), int(b)) for a, b in pairwise(ends)]


def _holds_arrays(start: Any) -> bool:
    """Whether a tuple or list is a structure of arrays and not one vector of numbers."""
    if not isinstance(start, tuple | list):
        return False
    return any(
        isinstance(each, dict | tuple | Variable)
        or (isinstance(each, Tensor | np.ndarray) and each.shape != ())
        for each in start
    )


def _starting(given: Any) -> Variable:
    """A leaf of our own for one part of the start, so that the caller's stay as they are."""
    if isinstance(given, Variable):
        if not dtypes.is_floating(given.dtype):
            raise DTypeError(
                f"the variable {given.name or 'without a name'} is {given.dtype}; a function "
                "is minimized over floating variables: make it with dtype 'float64'"
            )
        return variable(given.storage, name=given.name)
    array = as_array(given.value if isinstance(given, Tensor) else given)
    name = given.name if isinstance(given, Tensor) else None
    return variable(array.astype(np.float64), name=name or "x")


def trace(f: Any, start: Any) -> tuple[Point, Tensor]:
    """The point and the expression of ``f`` there, in stable form."""
    if isinstance(f, Tensor):
        targets = flatten(start)
        wrong = [each for each in targets if not isinstance(each, Variable)]
        if wrong or not targets:
            raise ArgumentError(
                "an expression is minimized over its variables: pass the tv.variable's that it "
                f"is made of, not {wrong[0] if wrong else start!r}"
            )
        point = Point(list(targets))
        point.structure = start
        pairs = dict(zip(targets, point.leaves, strict=True))
        (expression,) = substitute([f], pairs)
    elif callable(f):
        point = Point(start)
        found, inputs = _called(f, point)
        if len(found) != 1:
            raise ShapeError(
                f"the function must return one Tensor, but it returned {len(found)} results"
            )
        (expression,) = substitute([found[0]], dict(zip(inputs, point.leaves, strict=True)))
    else:
        raise ArgumentError(
            "what is minimized is a Python function of Tensors or an expression of variables, "
            f"not {f!r}"
        )
    if not point.start.size:
        raise ArgumentError("the start holds no numbers, so there is nothing to vary")
    (expression,) = improve([expression])
    if not dtypes.is_floating(expression.dtype):
        raise DTypeError(
            f"the function's values are {expression.dtype}, which have no derivative; make "
            "them floating with .astype('float64')"
        )
    return point, expression


def _called(f: Any, point: Point) -> tuple[list[Tensor], list[Tensor]]:
    """The results of ``f`` at inputs, and these: no Python ``if`` may look at where they stand."""
    inputs = [input(each.shape, each.dtype, name=each.name or "x") for each in point.leaves]
    try:
        result = f(unflatten(point.structure, inputs))
    except UnboundInputError as error:
        raise UnboundInputError(
            "the function is traced once for every point, so Python cannot look at the value of "
            "its argument (an if, float(x), math.sin(x), a NumPy function); use tv.array, such "
            f"as tv.array.where for an if: {error}"
        ) from error
    return [as_tensor(each) for each in flatten(result)], inputs


def flat(parts: Sequence[Any]) -> Array:
    """The parts one after the other, as one float64 vector."""
    return np.concatenate([np.asarray(each, np.float64).ravel() for each in parts])
