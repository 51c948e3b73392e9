"""The standard's namespace is whole: every name is there, or left out with a reason."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import array_api_strict as standard
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivium.engine import array, dtypes
from trivium.engine.array.absent import ELSEWHERE, OMITTED
from trivium.engine.errors import ArgumentError, DTypeError
from trivium.engine.tensor import Tensor, tensor

from .helpers import ALL, FLOATING, INTEGER, agree, arrays, few, quiet

# What the reference implementation holds beside the standard 2024.12.
NOT_STANDARD = {
    "ArrayAPIStrictFlags", "Device", "__version__", "broadcast_shapes", "isin",
    "get_array_api_strict_flags", "reset_array_api_strict_flags", "set_array_api_strict_flags",
}  # fmt: skip
STANDARD = sorted(set(standard.__all__) - NOT_STANDARD)
FUNCTIONS = [
    name for name in STANDARD
    if name not in OMITTED and inspect.isfunction(getattr(standard, name))
]  # fmt: skip


def test_every_standard_name_is_there_or_left_out_with_a_reason() -> None:
    missing = [name for name in STANDARD if not hasattr(array, name)]
    assert missing == [name for name in STANDARD if name in OMITTED]
    assert set(OMITTED) <= set(STANDARD)
    assert array.__array_api_version__ == "2024.12"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_calls_that_the_standard_allows_are_allowed(name: str) -> None:
    """Same parameters, same defaults; more may be positional. Devices do not exist."""
    wanted = inspect.signature(getattr(standard, name)).parameters
    found = inspect.signature(getattr(array, name)).parameters
    keywords = [p for p in wanted.values() if p.kind is not p.POSITIONAL_ONLY]
    for parameter in keywords:
        if parameter.name == "device":
            continue
        assert parameter.name in found
        required = parameter.default is parameter.empty
        if not required and name != "from_dlpack":  # whose default is a sentinel there
            assert found[parameter.name].default == parameter.default

    def places(parameters: Any) -> int:
        return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)

    assert places(found.values()) >= places(wanted.values())


def test_every_public_function_is_described() -> None:
    for name in array.__all__:
        value = getattr(array, name)
        if inspect.isfunction(value):
            assert value.__doc__, name


def test_the_namespace_is_what_its_modules_define() -> None:
    helpers = {"absent", "arguments", "shared"}
    found = []
    for module in pkgutil.iter_modules(array.__path__):
        if module.name not in helpers:
            found += importlib.import_module(f"{array.__name__}.{module.name}").__all__
    assert sorted(found) == sorted(array.__all__)
    assert set(found) <= set(dir(array))


@pytest.mark.parametrize("name", ELSEWHERE)
def test_names_of_other_libraries_lead_to_the_standard_one(name: str) -> None:
    assert hasattr(array, ELSEWHERE[name])
    with pytest.raises(AttributeError, match=f"called {ELSEWHERE[name]}$"):
        getattr(array, name)


def test_absent_names_are_explained() -> None:
    with pytest.raises(AttributeError, match="no complex dtypes"):
        array.complex64  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="did you mean logsumexp"):
        array.logsumexpp  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="no zzzzzz$"):
        array.zzzzzz  # type: ignore[attr-defined]


def test_constants() -> None:
    assert (array.e, array.pi, array.inf) == (np.e, np.pi, np.inf)
    assert np.isnan(array.nan)
    assert array.newaxis is None
    assert [np.dtype(getattr(array, name)) for name in ALL] == list(dtypes.DTYPES)


@pytest.mark.parametrize("left", ALL)
@pytest.mark.parametrize("right", ALL)
def test_promotion_is_the_standards_within_a_kind(left: str, right: str) -> None:
    found = array.result_type(left, right)
    assert (
        array.where(True, array.ones(1, dtype=left), array.ones(1, dtype=right)).dtype == found
    )
    try:
        wanted = standard.result_type(getattr(standard, left), getattr(standard, right))
    except TypeError:  # the standard leaves mixed kinds open: the higher kind wins
        order = ["bool", "int32", "int64", "float32", "float64"]
        assert found == max(left, right, key=order.index)
        return
    assert found.name == str(wanted).rpartition(".")[2]


def test_promotion_with_python_numbers() -> None:
    assert array.result_type(np.float32, 1.5) == np.float32
    assert array.result_type(np.int32, 7) == np.int32
    assert array.result_type(np.int32, 1.5) == np.float64
    assert array.result_type(np.bool_, 3) == np.int64
    assert array.result_type(tensor([1], "int32"), np.ones(1, np.float32)) == np.float32
    assert array.result_type(True, 2) == np.int64
    with pytest.raises(DTypeError, match="at least one"):
        array.result_type()


@few
@given(x=arrays(), dtype=st.sampled_from(ALL))
def test_astype(x: Any, dtype: str) -> None:
    x = np.where(np.abs(quiet(x.astype, np.float64)) < 1e9, x, 0).astype(x.dtype)
    agree(array.astype(x, dtype), x.astype(dtype))
    made = tensor(x)
    assert array.astype(made, x.dtype) is made


def test_can_cast_follows_promotion() -> None:
    assert array.can_cast("int32", "int64")
    assert array.can_cast(tensor([1.0], "float32"), np.float64)
    assert not array.can_cast("float64", "float32")
    assert not array.can_cast("float32", "int64")
    assert array.can_cast("bool", "bool")


@pytest.mark.parametrize("dtype", FLOATING)
def test_limits_of_floating_numbers(dtype: str) -> None:
    found, wanted = array.finfo(dtype), np.finfo(dtype)
    for field in ("bits", "eps", "max", "min", "smallest_normal", "dtype"):
        assert getattr(found, field) == getattr(wanted, field)
    assert isinstance(found.eps, float)
    assert array.finfo(tensor(1.0, dtype)) == found
    with pytest.raises(DTypeError, match="iinfo"):
        array.finfo("int32")


@pytest.mark.parametrize("dtype", INTEGER)
def test_limits_of_integers(dtype: str) -> None:
    found, wanted = array.iinfo(dtype), np.iinfo(dtype)
    assert (found.bits, found.max, found.min) == (wanted.bits, wanted.max, wanted.min)
    with pytest.raises(DTypeError, match="finfo"):
        array.iinfo("float32")


@pytest.mark.parametrize("dtype", ALL)
@pytest.mark.parametrize(
    "kind",
    ["bool", "signed integer", "unsigned integer", "integral", "real floating",
     "complex floating", "numeric"],
)  # fmt: skip
def test_kinds_of_dtypes(dtype: str, kind: str) -> None:
    wanted = standard.isdtype(getattr(standard, dtype), kind)
    assert array.isdtype(np.dtype(dtype), kind) == wanted
    assert array.isdtype(dtype, (kind, np.dtype(dtype)))
    with pytest.raises(ArgumentError, match="'real' is none of"):
        array.isdtype(dtype, "real")


def test_results_are_tensors_that_a_derivative_can_pass() -> None:
    """A spot check that nothing evaluates on the way: all of this works on an unbound input."""
    from trivium.engine.tensor import input as make_input

    x = make_input((3, 4), name="x")
    for f in (
        array.std, array.softmax, array.sort, array.norm, array.flip, array.mean,
        lambda t: array.einsum("ij,kj->ik", t, t), lambda t: array.searchsorted(t[0], t),
        lambda t: array.take(t, array.argmax(t, axis=1), axis=1), array.tril, array.diff,
        lambda t: array.full((2, 2), t[0, 0]), lambda t: array.pad(t, 2, mode="wrap"),
    ):  # fmt: skip
        assert isinstance(f(x), Tensor)
