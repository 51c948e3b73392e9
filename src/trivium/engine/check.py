"""Derivatives compared with numbers: finite differences, and the complex step where it applies.

The numbers are independent of every derivative rule: they only evaluate the expression.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from . import dtypes
from .composites import as_tensor
from .errors import ArgumentError, DTypeError
from .tensor import Tensor, Variable, tensor
from .transforms import gradient
from .traversal import depends_on, rebuild, same, topological
from .trees import flatten

__all__ = ["Comparison", "GradientCheck", "check_gradient", "ridders"]

Array = np.ndarray[Any, Any]
Method = Literal["auto", "differences", "complex"]

# Primitives whose evaluation is holomorphic in their floating inputs, as NumPy computes it.
HOLOMORPHIC = frozenset(
    """acos acosh add asin asinh atan atanh broadcast chain concat contraction cos cosh
    cumulative_prod cumulative_sum divide exp expm1 flip gather label log log1p multiply
    negative pad permute prod reshape scatter_add sin sinh slice sqrt square subtract sum tan
    tanh where""".split()  # noqa: SIM905
)

TOLERANCE = {"complex": 1e-9, "float64": 1e-6, "float32": 2e-3}


@dataclass(frozen=True)
class Comparison:
    """One derivative, by the rules and by numbers.

    ``index``: the element of the target, or None for a random direction. ``uncertainty``: what
    the extrapolation estimates for ``numeric``. ``error``: their difference relative to the
    largest derivative along the target.
    """

    order: int
    target: str
    index: tuple[int, ...] | None
    analytic: float
    numeric: float
    uncertainty: float
    error: float

    def __str__(self) -> str:
        along = "along a random direction" if self.index is None else f"at {list(self.index)}"
        place = f"order {self.order}, {self.target}"
        place += "" if self.index == () else f" {along}"
        return (
            f"{place}: rules {self.analytic:.9g}, numbers {self.numeric:.9g} "
            f"± {self.uncertainty:.1g}, relative error {self.error:.2g}"
        )


@dataclass(frozen=True)
class GradientCheck:
    """The outcome of ``check_gradient``; true when every comparison is within the tolerance."""

    comparisons: tuple[Comparison, ...]
    tolerance: float
    method: str

    @property
    def max_error(self) -> float:
        """The largest relative error; 0 when there was nothing to compare."""
        return self.worst.error if self.comparisons else 0.0

    @property
    def worst(self) -> Comparison:
        """The comparison with the largest error."""
        return max(self.comparisons, key=lambda each: each.error)

    @property
    def where(self) -> str:
        """The worst comparison in words."""
        return str(self.worst) if self.comparisons else "no elements to compare"

    @property
    def passed(self) -> bool:
        """Whether every error is within the tolerance."""
        return self.max_error <= self.tolerance

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        verdict = "agree" if self.passed else "do NOT agree"
        text = (
            f"derivatives and {self.method} {verdict} (tolerance {self.tolerance:g}, "
            f"{len(self.comparisons)} comparisons). Worst: {self.where}"
        )
        if not self.passed and self.worst.uncertainty > self.tolerance * abs(
            self.worst.numeric
        ):
            text += (
                ". The numbers themselves are uncertain here: a kink or a jump is near, or "
                "rounding dominates"
            )
        return text

    __repr__ = __str__


def check_gradient(
    subject: Tensor | Callable[..., Any],
    targets: Any,
    *,
    order: int = 1,
    tolerance: float | None = None,
    elements: int = 64,
    directions: int = 4,
    method: Method = "auto",
    seed: int = 0,
) -> GradientCheck:
    """Compare the derivatives of an expression, or of a function, with numerical ones.

    ``subject``: an expression and ``targets`` the tensors in it (one or several), or a function
    and ``targets`` the arrays at which to call it. An output that is no scalar is projected on
    a random vector. Targets of up to ``elements`` elements are compared element by element,
    larger ones along ``directions`` random directions. ``order`` 2 also checks the derivatives
    of a random projection of the gradient. ``method``: "differences" are central, extrapolated
    to step 0 by Ridders' method; "complex" is Im f(x + ih) / h with h = 10⁻³⁰; "auto" takes the
    complex step when all primitives on the path are holomorphic and float64. ``tolerance``:
    relative; default 1e-9 (complex), 1e-6 (float64) or 2e-3 (float32). What stop_gradient wraps
    stays fixed. Sources: Ridders, Advances in Engineering Software 4 (1982) 75; Squire & Trapp,
    SIAM Review 40 (1998) 110. Raises DTypeError for targets that are not floating,
    UnboundInputError for an expression with inputs, ArgumentError for another order or method.
    """
    if order not in (1, 2) or method not in ("auto", "differences", "complex"):
        raise ArgumentError(
            f"check_gradient: order {order!r} and method {method!r} were asked for; order is 1 "
            'or 2, method is "auto", "differences" or "complex"'
        )
    rng = np.random.default_rng(seed)
    output, leaves, names = _subject(subject, targets)
    expression = _projected(output, rng)
    comparisons: list[Comparison] = []
    used, narrow = "complex", False
    for level in range(1, order + 1):
        found = gradient(expression, leaves)
        fixed = _fixed([expression])[0]
        path = _path(fixed, leaves)
        how = _method(method, path)
        used = how if how != "complex" else used
        narrow |= any(node.dtype == dtypes.float32 for node in path)
        for leaf, slope, name in zip(leaves, found, names, strict=True):
            tried = _directions(leaf, elements, directions, rng)
            numbers = _Numbers(fixed, leaf, how, float(np.finfo(_width(narrow)).eps))
            comparisons += _compare(numbers, slope, name, level, tried)
        expression = sum(
            (_projected(slope, rng) for slope in found),
            start=as_tensor(0.0).astype(output.dtype),
        )
    if tolerance is None:
        tolerance = TOLERANCE["complex" if used == "complex" else _width(narrow)]
    what = "the complex step" if used == "complex" else "finite differences"
    return GradientCheck(tuple(comparisons), tolerance, what)


def _subject(subject: Any, targets: Any) -> tuple[Tensor, list[Tensor], list[str]]:
    given = flatten(targets if isinstance(targets, tuple | list | dict) else [targets])
    if isinstance(subject, Tensor):
        output, leaves = subject, [as_tensor(each) for each in given]
    else:
        leaves = [
            tensor(as_tensor(each).value, name=getattr(each, "name", None)) for each in given
        ]
        output = as_tensor(subject(*leaves))
    names = [leaf.name or f"target {i}" for i, leaf in enumerate(leaves)]
    for leaf, name in zip([*leaves, output], [*names, "the output"], strict=True):
        if not dtypes.is_floating(leaf.dtype):
            raise DTypeError(f"check_gradient: {name} is {leaf.dtype}, which has no derivative")
    return output, leaves, names


def _projected(output: Tensor, rng: np.random.Generator) -> Tensor:
    if output.shape == ():
        return output
    weights = rng.uniform(0.5, 1.5, output.shape) * rng.choice([-1.0, 1.0], output.shape)
    return (output * weights.astype(output.dtype)).sum()


def _fixed(outputs: Sequence[Tensor]) -> list[Tensor]:
    """``outputs`` with the values of stop_gradient in place of what it wraps."""

    def change(old: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        return tensor(old.value) if old.primitive.name == "stop_gradient" else same(old, inputs)

    return rebuild(outputs, change)


def _width(narrow: bool) -> str:
    return "float32" if narrow else "float64"


def _path(output: Tensor, leaves: Sequence[Tensor]) -> list[Tensor]:
    order = topological([output])
    reached = depends_on(order, leaves)
    return [node for node in order if id(node) in reached]


def _method(asked: Method, path: Sequence[Tensor]) -> str:
    obstacles = {
        node.primitive.name
        for node in path
        if (node.inputs and node.primitive.name not in HOLOMORPHIC)
        or node.dtype != dtypes.float64
    }
    if asked == "complex" and obstacles:
        raise ArgumentError(
            "check_gradient: the complex step needs holomorphic primitives of float64, and "
            f'{", ".join(sorted(obstacles))} are not. Use method="differences"'
        )
    return "differences" if obstacles or asked == "differences" else "complex"


def _directions(
    leaf: Tensor, elements: int, directions: int, rng: np.random.Generator
) -> list[tuple[tuple[int, ...] | None, Array]]:
    if leaf.size > elements:
        return [(None, rng.normal(size=leaf.shape)) for _ in range(directions)]
    made: list[tuple[tuple[int, ...] | None, Array]] = []
    for index in np.ndindex(leaf.shape):
        unit = np.zeros(leaf.shape)
        unit[index] = 1.0
        made.append((tuple(int(i) for i in index), unit))
    return made


def _compare(
    numbers: _Numbers,
    slope: Tensor,
    name: str,
    order: int,
    tried: Sequence[tuple[tuple[int, ...] | None, Array]],
) -> list[Comparison]:
    slopes = slope.value.astype(np.float64)
    found = []
    for index, direction in tried:
        moved = direction != 0  # 0 · ∞ elsewhere is no part of the sum
        analytic = float(np.sum(slopes[moved] * direction[moved]))
        found.append((index, analytic, *numbers.along(direction)))
    largest = [abs(analytic) for _, analytic, _, _ in found if math.isfinite(analytic)]
    scale = max([numbers.noise, *largest])
    return [
        Comparison(order, name, index, a, n, uncertainty, _relative(a, n, max(scale, abs(n))))
        for index, a, n, uncertainty in found
    ]


def _relative(analytic: float, numeric: float, scale: float) -> float:
    if not (math.isfinite(analytic) and math.isfinite(numeric)):
        return math.inf
    return abs(analytic - numeric) / scale if analytic != numeric else 0.0


class _Numbers:
    """Derivatives of the scalar ``output`` along directions of ``leaf``, by evaluation alone.

    ``eps``: of the narrowest dtype on the path. ``noise``: the size of the derivatives that
    rounding of a value as large as the output's can hide.
    """

    def __init__(self, output: Tensor, leaf: Tensor, method: str, eps: float) -> None:
        self._output, self._leaf, self._method, self._eps = output, leaf, method, eps
        order = topological([output])
        moving = depends_on(order, [leaf])
        self._moving = [node for node in order if id(node) in moving and node is not leaf]
        self._known: dict[int, Any] = {}
        for node in order:
            if id(node) not in moving:
                self._known[id(node)] = _value(node, self._known)
        self._point = leaf.value
        self._size = abs(float(self._evaluate(self._point)))
        self.noise = self._size * (eps if method == "complex" else eps ** (1 / 3))

    def _evaluate(self, value: Array) -> Any:
        now = {**self._known, id(self._leaf): value}
        for node in self._moving:
            now[id(node)] = _value(node, now)
        return now[id(self._output)]

    def along(self, direction: Array) -> tuple[float, float]:
        """The derivative along ``direction`` and how uncertain it is."""
        if self._method == "complex":
            return float(self._evaluate(self._point + 1e-30j * direction).imag) * 1e30, 0.0
        moved = direction != 0
        size = float(np.max(np.abs(self._point), where=moved, initial=0.0))
        best, best_error = math.nan, math.inf
        # First as the point's own scale suggests, which a pole or the domain's edge at 0 may
        # set; then from 1 down, to keep clear of kinks and edges elsewhere.
        first = [0.05 * size] if 0 < size < 1 else []
        for step in first + [0.05 * max(1.0, size) / 32**i for i in range(8)]:
            numeric, error = ridders(lambda h: self._difference(direction, moved, h), step)
            error += self._eps * self._size / step
            if error < best_error:
                best, best_error = numeric, error
            if best_error <= self._eps**0.6 * max(abs(best), self._eps * self._size):
                break
        return best, best_error

    def _difference(self, direction: Array, moved: Array, h: float) -> float:
        point = self._point
        forward = (point + h * direction).astype(point.dtype)
        backward = (point - h * direction).astype(point.dtype)
        # The step that rounding really made, as a share of the step that was meant.
        made = (forward.astype(np.float64) - backward)[moved] / (2 * h * direction[moved])
        share = float(np.mean(made))
        change = float(self._evaluate(forward)) - float(self._evaluate(backward))
        return change / (2 * h * share) if share else math.nan


def _value(node: Tensor, known: Mapping[int, Any]) -> Any:
    if isinstance(node, Variable) or not node.inputs:
        return node.value
    with np.errstate(all="ignore"):
        return node.primitive.evaluate(node.attributes, *[known[id(i)] for i in node.inputs])


def ridders(difference: Callable[[float], float], step: float) -> tuple[float, float]:
    """The limit of ``difference(h)`` for h → 0 and its estimated error.

    ``difference``: central, so that its error is a series in h²; the steps shrink by 1.4 from
    ``step`` and Neville's scheme extrapolates. Of all estimates the one is taken that its
    neighbours differ least from. Source: Ridders, Advances in Engineering Software 4 (1982) 75.
    """
    ratio, rows = 1.4, 12
    best, best_error = math.nan, math.inf
    previous: list[float] = []
    for i in range(rows):
        current = [difference(step / ratio**i)]
        for j, older in enumerate(previous):
            factor = ratio ** (2 * (j + 1))
            current.append((factor * current[j] - older) / (factor - 1))
            error = max(abs(current[-1] - current[j]), abs(current[-1] - older))
            if error <= best_error:
                best, best_error = current[-1], error
        if previous and abs(current[-1] - previous[-1]) > 2 * best_error and i > 3:
            break  # higher orders only amplify rounding from here
        previous = current
    return best, best_error
