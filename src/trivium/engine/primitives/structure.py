"""Choice, names, casts and the end of gradients."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import dtypes
from ..errors import DTypeError
from ..primitive import Curvature, Elementwise, Primitive, Sample, by_input
from . import rules


class LabelName(NamedTuple):
    """Attributes of a label: the name that derivations and pictures print."""

    name: str


class CastTo(NamedTuple):
    """Attributes of a cast: the dtype to convert to."""

    dtype: np.dtype[Any]


def _where_dtype(attributes: Any, condition: Any, x: Any, y: Any) -> Any:
    if not dtypes.is_boolean(condition):
        raise DTypeError(f"the condition of where must be bool, got {condition}")
    return rules.any_dtype(attributes, x, y)


def _where_samples(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((rng.random(s) < 0.5, rng.normal(size=s), rng.normal(size=s)), smooth=(1, 2))
        for s in rules.SHAPES
    ]


def _zeros_like(x: Any) -> Any:
    from ..composites import zeros_like

    return zeros_like(x)


where = Primitive(
    name="where",
    notation=r"\begin{{cases}} {1} & {0} \\ {2} & \text{{otherwise}} \end{{cases}}",
    shape=rules.same_shape,
    dtype=_where_dtype,
    evaluate=lambda a, condition, x, y: np.where(condition, x, y),
    vjp=by_input(
        rules.zero,
        lambda n, c: where(n.inputs[0], c, _zeros_like(c)),
        lambda n, c: where(n.inputs[0], _zeros_like(c), c),
    ),
    curvature=Curvature("affine", ("neither", "increasing", "increasing"), linear_in=(1, 2)),
    samples=_where_samples,
    native=Elementwise(lambda b, a, c, x, y: b.select(c, x, y)),
)

label = Primitive(
    name="label",
    notation="{0}",
    attributes=LabelName,
    shape=rules.same_shape,
    dtype=rules.any_dtype,
    evaluate=lambda a, x: x,
    vjp=by_input(lambda n, c: c),
    curvature=Curvature("affine", ("increasing",)),
    samples=lambda rng: [Sample((rng.normal(size=(2, 3)),), LabelName("z"), (0,))],
    native=rules.REFERENCE_ONLY,
)

stop_gradient = Primitive(
    name="stop_gradient",
    notation=r"\operatorname{{sg}}({0})",
    shape=rules.same_shape,
    dtype=rules.any_dtype,
    evaluate=lambda a, x: x,
    vjp=by_input(rules.zero),
    curvature=Curvature("affine", ("increasing",)),
    samples=rules.uniform((-2, 2), smooth=False),
    native=rules.REFERENCE_ONLY,
)


def _cast_samples(rng: np.random.Generator) -> list[Sample]:
    values = rng.uniform(-3, 3, (2, 3))
    smooth = {dtypes.float32: (0,), dtypes.float64: (0,)}
    return [
        *[Sample((values,), CastTo(dtype), smooth.get(dtype, ())) for dtype in dtypes.DTYPES],
        *[Sample((rng.integers(-9, 9, 4),), CastTo(dtype)) for dtype in dtypes.DTYPES],
        Sample((values > 0,), CastTo(dtypes.float32)),
    ]


def _cast(attributes: CastTo, x: Any) -> Any:
    return x.astype(attributes.dtype)


cast = Primitive(
    name="cast",
    notation="{0}",
    attributes=CastTo,
    shape=rules.same_shape,
    dtype=lambda a, dtype: a.dtype,
    evaluate=_cast,
    vjp=by_input(lambda n, c: c.astype(n.inputs[0].dtype)),
    curvature=Curvature("affine", ("increasing",)),
    samples=_cast_samples,
    native=Elementwise(lambda b, a, x: b.cast(x, a.dtype)),
)
