"""Arrays of every kind for hypothesis, and what it means that a result agrees with NumPy's."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trivium.engine.dtypes import promote
from trivium.engine.reverse import gradients
from trivium.engine.tensor import Tensor, tensor

# There are many small functions: two fifths of the examples that the profile asks for each.
few = settings(max_examples=settings.default.max_examples * 2 // 5)

BOOL, INTEGER, FLOATING = ("bool",), ("int32", "int64"), ("float32", "float64")
REAL = INTEGER + FLOATING
ALL = BOOL + REAL

SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e30, -1e30, 1e-30, 0.5, 2.0]


def elements(dtype: str, small: bool = False) -> st.SearchStrategy[Any]:
    """Numbers of ``dtype``: all of them, or those whose sums and products stay exact enough."""
    if dtype == "bool":
        return st.booleans()
    if dtype in INTEGER:
        limits = np.iinfo(dtype)
        return st.integers(-9, 9) if small else st.integers(int(limits.min), int(limits.max))
    width = 32 if dtype == "float32" else 64
    if small:
        return st.integers(-64, 64).map(lambda i: i / 16)
    return st.sampled_from(SPECIAL) | st.floats(width=width)


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 0) -> st.SearchStrategy[Any]:
    return hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=4)


@st.composite
def arrays(
    draw: st.DrawFn,
    dtypes: tuple[str, ...] = ALL,
    shape: Any = None,
    small: bool = False,
    **limits: int,
) -> np.ndarray[Any, Any]:
    """An array of one of ``dtypes``, of a given shape or of one drawn within ``limits``."""
    dtype = draw(st.sampled_from(dtypes))
    drawn = shapes(**limits) if shape is None else shape
    # NumPy's casts of 1e30 to float32 and the like are meant.
    return draw(hnp.arrays(np.dtype(dtype), drawn, elements=elements(dtype, small)))


def quiet(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """NumPy's answer without its warnings about overflow and invalid values."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, **options)


def as_float(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """What a floating function makes of ``x``: integers and booleans become float64."""
    return x if x.dtype.kind == "f" else x.astype(np.float64)


def promoted(*operands: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    """The operands in the dtype in which they are combined."""
    dtype = promote(*[x.dtype for x in operands])
    return [quiet(x.astype, dtype) for x in operands]


def agree(got: Tensor, expected: Any, ulp: float = 0.0, atol: float = 0.0) -> None:
    """Same shape, dtype and values; up to ``ulp`` units in the last place of the dtype."""
    wanted = np.asarray(expected)
    assert isinstance(got, Tensor)
    value = got.value
    assert got.shape == value.shape == wanted.shape
    assert got.dtype == value.dtype == wanted.dtype
    if ulp == 0.0 and atol == 0.0:
        np.testing.assert_array_equal(value, wanted)
        return
    eps = float(np.finfo(wanted.dtype).eps) if wanted.dtype.kind == "f" else 0.0
    np.testing.assert_allclose(value, wanted, rtol=ulp * eps, atol=atol)


def numeric_gradient(
    f: Callable[[np.ndarray[Any, Any]], float], x: Any, h: float = 1e-6
) -> Any:
    """Central differences of a scalar function at the float64 point ``x``."""
    x = np.asarray(x, np.float64)
    result = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        result[i] = (f(x + step) - f(x - step)) / (2 * h)
    return result


def check_gradient(
    f: Callable[[Tensor], Tensor], x: Any, *, second: bool = True, tolerance: float = 1e-6
) -> None:
    """The derivative of a random projection of f, at first and second order, by differences."""
    point = np.asarray(x, np.float64)
    rng = np.random.default_rng(7)
    leaf = tensor(point)
    weights = rng.normal(size=f(leaf).shape)

    def first(data: Any) -> float:
        return float(np.sum(weights * f(tensor(data)).value))

    def slope(at: Tensor) -> Tensor:
        return gradients([(f(at) * weights).sum()], [at])[0]

    np.testing.assert_allclose(
        slope(leaf).value, numeric_gradient(first, point), rtol=tolerance, atol=tolerance
    )
    if not second:
        return
    direction = rng.normal(size=point.shape)

    def along(data: Any) -> float:
        return float(np.sum(direction * slope(tensor(data)).value))

    product = gradients([(slope(leaf) * direction).sum()], [leaf])[0]
    np.testing.assert_allclose(
        product.value, numeric_gradient(along, point), rtol=10 * tolerance, atol=10 * tolerance
    )


def gradient_at(f: Callable[[Tensor], Tensor], x: Any, dtype: str = "float64") -> Any:
    """The derivative of the sum of f's elements at ``x``."""
    leaf = tensor(np.asarray(x, dtype))
    return gradients([f(leaf).sum()], [leaf])[0].value
