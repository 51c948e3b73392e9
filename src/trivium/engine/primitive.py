"""What a primitive operation is: one frozen record that says everything about it.

Nothing about a primitive lives elsewhere. A test walks ``table()`` and fails for any record
with a field that is missing without being an explicit ``NotDifferentiable`` or ``Unsupported``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from .tensor import Tensor, node

__all__ = [
    "Curvature",
    "Elementwise",
    "NoAttributes",
    "NotDifferentiable",
    "Primitive",
    "Region",
    "Sample",
    "Unsupported",
    "by_input",
    "table",
]

Shape = tuple[int, ...]
Vjp = Callable[[Tensor, Tensor, int], "Tensor | None"]


class NoAttributes(NamedTuple):
    """The attributes of a primitive that has none."""


_NO_ATTRIBUTES = NoAttributes()


class NotDifferentiable(NamedTuple):
    """Says why a primitive has no derivative. A zero derivative is not this: it is a rule."""

    reason: str


class Unsupported(NamedTuple):
    """Says why a field of a record does not apply."""

    reason: str


class Elementwise(NamedTuple):
    """Native emission of an elementwise primitive.

    ``emit``: (builder, attributes, *values) → value. The builder offers arithmetic on the values
    of one vector of elements; primitives know nothing else of the code generator.
    ``floating_only``: integers are left to the reference function.
    """

    emit: Callable[..., Any]
    floating_only: bool = False

    def covers(self, dtype: np.dtype[Any]) -> bool:
        """Whether code can be emitted for results of this dtype."""
        return dtype.kind == "f" or not self.floating_only


Shaped = Literal["affine", "convex", "concave", "neither"]
Sloped = Literal["increasing", "decreasing", "neither"]


class Region(NamedTuple):
    """On [low, high] a function of one variable has this shape and this slope."""

    low: float
    high: float
    shape: Shaped
    slope: Sloped


class Curvature(NamedTuple):
    """How a primitive bends, for certificates of convexity and of linearity.

    It speaks of floating results; of others (a comparison, a cast to int64) nothing is claimed.
    ``shape``: in all floating inputs jointly, on the primitive's whole domain.
    ``slope``: one entry per input (the last one repeats for variadic primitives).
    ``linear_in``: the inputs in which the primitive is affine while the others stay fixed.
    Of a function of one variable also: ``regions``, what holds on parts of its domain, or
    attributes → regions; ``strict``, (low, high) → the least |f″| there of one that bends strictly
    wherever ``shape`` says that it bends; 0 says strictly, but by no fixed amount.
    """

    shape: Shaped
    slope: tuple[Sloped, ...] = ("neither",)
    linear_in: tuple[int, ...] = ()
    regions: Sequence[Region] | Callable[[Any], Sequence[Region]] = ()
    strict: Callable[[float, float], float] | None = None

    def regions_for(self, attributes: Any) -> Sequence[Region]:
        """The regions of the primitive with these attributes."""
        return self.regions(attributes) if callable(self.regions) else self.regions

    def on(self, attributes: Any, low: float, high: float) -> tuple[Shaped, Sloped]:
        """Shape and slope of a function of one variable whose argument lies in [low, high]."""
        for region in self.regions_for(attributes):
            if region.low <= low and high <= region.high:
                return region.shape, region.slope
        return self.shape, self.slope[0]


class Sample(NamedTuple):
    """One point of a primitive's domain for the tests that walk the table.

    ``inputs``: arrays (floating ones are float64; tests cast them to each floating dtype).
    ``attributes``: the attributes record. ``smooth``: the inputs along which derivatives may be
    compared with finite differences here.
    """

    inputs: tuple[np.ndarray[Any, Any], ...]
    attributes: Any = NoAttributes()
    smooth: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Primitive:
    """One primitive operation.

    ``name``: as in the Python Array API standard where it has one.
    ``notation``: LaTeX with {0}, {1}, … for the inputs, or (attributes, *latex) → str.
    ``attributes``: a NamedTuple class; its values are hashable and contain no floats.
    ``shape``, ``dtype``: rules (attributes, *shapes) → shape and (attributes, *dtypes) → dtype;
    they raise ShapeError or DTypeError. With ``parts`` they return a tuple of results.
    ``evaluate``: (attributes, *arrays) → array: the definition. With ``parts`` it may be told
    by ``wanted`` which of its results anybody asks for, and give None for the others.
    ``vjp``: (node, cotangent, i) → cotangent of input i, built from primitives; None is zero.
    With ``parts``: (node, cotangents of all results) → cotangents of all inputs.
    ``native``: emission for the native backend.
    ``curvature``: see Curvature.
    ``samples``: generator → samples.
    ``ulp``: error allowed to ``evaluate`` against exact arithmetic, in units in the last place.
    """

    name: str
    notation: str | Callable[..., str]
    shape: Callable[..., Any]
    dtype: Callable[..., Any]
    evaluate: Callable[..., Any]
    vjp: Callable[..., Any] | NotDifferentiable
    curvature: Curvature | Unsupported
    samples: Callable[[np.random.Generator], Sequence[Sample]] | Unsupported
    native: Elementwise | Unsupported
    attributes: type = NoAttributes
    ulp: float = 4.0
    parts: bool = False

    def __post_init__(self) -> None:
        if self.name in _TABLE:
            raise ValueError(f"the primitive {self.name} is defined twice")
        _TABLE[self.name] = self

    def __call__(self, *inputs: Tensor, **attributes: Any) -> Tensor:
        """Build the node that applies this primitive to ``inputs``."""
        if attributes or self.attributes is not NoAttributes:
            return node(self, inputs, self.attributes(**attributes))
        return node(self, inputs, _NO_ATTRIBUTES)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __hash__(self) -> int:
        return hash(self.name)

    def __deepcopy__(self, memo: dict[int, Any]) -> Primitive:
        return self


_TABLE: dict[str, Primitive] = {}


def table() -> dict[str, Primitive]:
    """All primitives by name, in the order of definition."""
    from . import primitives  # noqa: F401  (importing the rooms fills the table)

    return dict(_TABLE)


def by_input(*rules: Callable[[Tensor, Tensor], Tensor | None] | None) -> Vjp:
    """Combine one rule (node, cotangent) → cotangent per input into a vjp; None means zero."""

    def vjp(node: Tensor, cotangent: Tensor, i: int) -> Tensor | None:
        rule = rules[i]
        return None if rule is None else rule(node, cotangent)

    return vjp
