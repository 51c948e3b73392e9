"""The methods of Tensor are the functions of the same name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trivium.engine import array
from trivium.engine.operators import _METHODS
from trivium.engine.tensor import tensor

from .helpers import agree

ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "clip": (-1.0, 2.0),
    "cumulative_prod": (0,),
    "cumulative_sum": (1,),
    "repeat": (2,),
    "swapaxes": (0, 1),
}


@pytest.mark.parametrize("name", _METHODS)
def test_method_and_function_are_one_expression(name: str) -> None:
    x = tensor(np.random.default_rng(0).normal(size=(2, 3)) * 3)
    arguments = ARGUMENTS.get(name, ())
    assert getattr(x, name)(*arguments) is getattr(array, name)(x, *arguments)


def test_methods_as_numpy_users_call_them() -> None:
    data = np.random.default_rng(0).normal(size=(2, 3))
    x = tensor(data)
    agree(x.sum(0), data.sum(0))
    agree(x.mean(axis=(0, 1), keepdims=True), data.mean(axis=(0, 1), keepdims=True), ulp=2)
    agree(x.max(axis=-1), data.max(axis=-1))
    agree(x.reshape(3, 2).flatten(), data.flatten())
    agree(x.reshape((-1,)), data.reshape(-1))
    agree(x.clip(max=0.5), data.clip(max=0.5))
    agree((x > 0).all(), (data > 0).all())
    agree(x.argsort(axis=0), data.argsort(axis=0))
    agree(x.round(), data.round())
