"""The vector functions are right to two ulp everywhere, on every target, in both formats.

The arguments are those of ``arguments``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import pytest
from mpmath import mp, mpf

from trivium.engine.backends.native import target, vector_math
from trivium.engine.backends.native.vector_math import lanes
from trivium.engine.errors import BackendError

from .arguments import DENSITY, closest_to_quarter_turns, points
from .kernels import Kernel, emit
from .ulps import Array, Exact, exact, ulps, ulps_of_float32

LIMIT = 2.0  # ulp: the promise of the package
DTYPES = ("float32", "float64")
TWO = {"power", "atan2"}


def available() -> list[str]:
    """The x86-64 levels that this machine runs; elsewhere the machine itself."""
    names = []
    for name in ("sse2", "avx2", "avx512"):
        try:
            target.named(name)
        except BackendError:
            continue
        names.append(name)
    return names or ["native"]


TARGETS = available()
on_every_target = pytest.mark.parametrize("where", TARGETS)
in_both_formats = pytest.mark.parametrize("dtype", DTYPES)
every_function = pytest.mark.parametrize("name", vector_math.FUNCTIONS)


@cache
def kernel(name: str, dtype: str, where: str) -> Kernel:
    table = {**vector_math.FUNCTIONS, **vector_math.CALLS}
    return Kernel(table[name], dtype, target.named(where), 2 if name in TWO else 1)


# The functions on mpmath's numbers.
TRUTH: dict[str, Callable[..., Any]] = {
    "exp": mp.exp,
    "expm1": mp.expm1,
    "log": mp.log,
    "log1p": mp.log1p,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "tanh": mp.tanh,
    "erf": mp.erf,
    # mpmath cannot evaluate it where it underflows even its exponents.
    "erfc": lambda x: mp.erfc(x) if abs(x) < 1000 else mpf(1 - mp.sign(x)),
    "sin": mp.sin,
    "cos": mp.cos,
    "sqrt": mp.sqrt,
    "power": mp.power,
}


@cache
def truth(name: str, dtype: str) -> tuple[tuple[Array, ...], Exact]:
    arguments = points(name, dtype)
    return arguments, exact(TRUTH[name], arguments, dtype)


@on_every_target
@in_both_formats
@every_function
def test_within_two_ulp_of_the_exact_value(name: str, dtype: str, where: str) -> None:
    arguments, exact_values = truth(name, dtype)
    error = ulps(kernel(name, dtype, where)(*arguments), exact_values)
    worst = int(np.argmax(error))
    assert error[worst] <= LIMIT, [float(each[worst]).hex() for each in arguments]


def numpy_in_float64(name: str) -> Callable[..., Array]:
    from scipy import special

    table: dict[str, Callable[..., Array]] = {
        "sigmoid": special.expit,
        "softplus": lambda x: np.logaddexp(x, 0.0),
        "erf": special.erf,
        "erfc": special.erfc,
    }
    return table.get(name) or getattr(np, name)


@on_every_target
@every_function
def test_float32_over_its_bit_patterns(name: str, where: str) -> None:
    """A third of a million numbers, evenly spread over the 2³² bit patterns, NaNs included."""
    step = 12899 // DENSITY | 1
    x = np.arange(0, 2**32, step, dtype=np.uint64).astype(np.uint32).view(np.float32)
    arguments = [x]
    if name == "power":
        arguments.append(np.random.default_rng(1).permutation(x))
    with np.errstate(all="ignore"):
        expected = numpy_in_float64(name)(*[each.astype(np.float64) for each in arguments])
    error = ulps_of_float32(kernel(name, "float32", where)(*arguments), expected)
    worst = int(np.argmax(error))
    assert error[worst] <= LIMIT, [float(each[worst]).hex() for each in arguments]


INF, NAN = math.inf, math.nan
# Argument and value; the sign of a zero counts. C99, annex F.9, and limits.
SPECIAL: dict[str, list[tuple[float, float]]] = {
    "exp": [(0, 1), (-0.0, 1), (INF, INF), (-INF, 0), (1e6, INF), (-1e6, 0)],
    "expm1": [(0, 0), (-0.0, -0.0), (INF, INF), (-INF, -1), (1e6, INF), (-1e6, -1)],
    "log": [(0, -INF), (-0.0, -INF), (1, 0), (INF, INF), (-INF, NAN), (-1, NAN)],
    "log1p": [(0, 0), (-0.0, -0.0), (-1, -INF), (INF, INF), (-INF, NAN), (-1.5, NAN)],
    "sigmoid": [(0, 0.5), (-0.0, 0.5), (INF, 1), (-INF, 0), (1e6, 1), (-1e6, 0)],
    "softplus": [(INF, INF), (-INF, 0), (1e6, 1e6), (-1e6, 0)],
    "tanh": [(0, 0), (-0.0, -0.0), (INF, 1), (-INF, -1), (1e6, 1), (-1e6, -1)],
    "erf": [(0, 0), (-0.0, -0.0), (INF, 1), (-INF, -1), (1e6, 1), (-1e6, -1)],
    "erfc": [(0, 1), (-0.0, 1), (INF, 0), (-INF, 2), (1e6, 0), (-1e6, 2)],
    "sin": [(0, 0), (-0.0, -0.0), (INF, NAN), (-INF, NAN)],
    "cos": [(0, 1), (-0.0, 1), (INF, NAN), (-INF, NAN)],
    "sqrt": [(0, 0), (-0.0, -0.0), (INF, INF), (-INF, NAN), (-1, NAN), (4, 2)],
}


def identical(a: Array, b: Array) -> Array:
    """Equal with the sign of zero; NaN equals NaN."""
    return ((a == b) & (np.signbit(a) == np.signbit(b))) | (np.isnan(a) & np.isnan(b))


@on_every_target
@in_both_formats
@pytest.mark.parametrize("name", SPECIAL)
def test_special_values(name: str, dtype: str, where: str) -> None:
    x, expected = (np.array(each, dtype) for each in zip(*[*SPECIAL[name], (NAN, NAN)]))
    got = kernel(name, dtype, where)(x)
    assert identical(got, expected).all(), list(zip(x, got, expected))


def power_of_c99(x: float, y: float) -> float:
    """The special cases of pow in C99, F.9.4.4, in their order there; NaN stands for none."""
    odd = math.isfinite(y) and y == math.floor(y) and math.fmod(y, 2) != 0
    negative = math.copysign(1, x) < 0
    if x == 1 or y == 0:
        return 1.0
    if math.isnan(x) or math.isnan(y):
        return NAN
    if x == 0:
        size = INF if y < 0 else 0.0
        return -size if odd and negative else size
    if math.isinf(y):
        if x == -1:
            return 1.0
        return INF if (abs(x) > 1) == (y > 0) else 0.0
    if math.isinf(x):
        size = INF if y > 0 else 0.0
        return -size if odd and negative else size
    if x < 0 and y != math.floor(y):
        return NAN
    raise ValueError("no special case")


@on_every_target
@in_both_formats
def test_special_cases_of_power(dtype: str, where: str) -> None:
    info = np.finfo(dtype)
    mantissa = 2.0**info.nmant
    sizes = [0.0, 1.0, 0.5, 2.0, 3.0, 1.5, float(info.max), float(info.smallest_subnormal)]
    sizes += [INF, mantissa - 1, mantissa, mantissa + 1, 2 * mantissa - 1, 2 * mantissa, 0.999]
    values = [*sizes, *[-each for each in sizes], NAN]
    pairs, expected = [], []
    for x in np.array(values, dtype).tolist():
        for y in np.array(values, dtype).tolist():
            try:
                expected.append(power_of_c99(x, y))
            except ValueError:
                continue
            pairs.append((x, y))
    x, y = np.array(pairs, dtype).T.copy()
    got = kernel("power", dtype, where)(x, y)
    wrong = ~identical(got, np.array(expected, dtype))
    assert not wrong.any(), [*zip(x[wrong], y[wrong], got[wrong])][:5]


@on_every_target
@in_both_formats
def test_power_of_negative_numbers_keeps_the_sign_of_odd_exponents(
    dtype: str, where: str
) -> None:
    last = 2.0 ** (np.finfo(dtype).nmant + 1) - 1  # the last odd number
    y = np.array([3, -3, 2, last, last - 1, last + 1, -last], dtype)
    got = kernel("power", dtype, where)(np.full_like(y, -1), y)
    assert got.tolist() == [-1, -1, 1, -1, 1, 1, -1]


@cache
def hard_angles(dtype: str) -> Array:
    info = np.finfo(dtype)
    digits = info.nmant + 1
    step = 1 if dtype == "float32" else max(1, 11 // DENSITY)
    found = []
    for exponent in range(-digits + 1, info.maxexp - digits + 1, step):
        found += closest_to_quarter_turns(digits, exponent)
    x = np.array(found).astype(dtype)
    assert (x.astype(np.float64) == np.array(found)).all()
    return np.concatenate([x, -x])


@cache
def hard_truth(name: str, dtype: str) -> Exact:
    return exact(TRUTH[name], (hard_angles(dtype),), dtype)


@on_every_target
@in_both_formats
@pytest.mark.parametrize("name", ["sin", "cos"])
def test_arguments_next_to_multiples_of_a_quarter_turn(
    name: str, dtype: str, where: str
) -> None:
    """Where all digits cancel: up to the largest numbers, and 2^-62 from a multiple of π/2."""
    x = hard_angles(dtype)
    error = ulps(kernel(name, dtype, where)(x), hard_truth(name, dtype))
    assert error.max() <= LIMIT, float(x[np.argmax(error)]).hex()


@on_every_target
@in_both_formats
@every_function
def test_a_lane_is_bit_identical_to_a_scalar(name: str, dtype: str, where: str) -> None:
    """Tails and blocks may be cut anywhere: neighbours do not matter."""
    compiled = kernel(name, dtype, where)
    arguments = [each[::7].copy() for each in truth(name, dtype)[0]]
    together = compiled(*arguments)
    size = compiled.lanes - 1
    for i in range(0, together.size, size):
        alone = compiled(*[each[i : i + size].copy() for each in arguments])
        assert identical(alone, together[i : i + size]).all()


@on_every_target
@in_both_formats
def test_every_length_leaves_what_follows_alone(dtype: str, where: str) -> None:
    compiled = kernel("exp", dtype, where)
    x = np.linspace(-3, 3, 4 * compiled.lanes).astype(dtype)
    whole = compiled(x)
    for length in range(x.size + 1):
        out = np.full(x.size, 7, dtype)
        compiled.into(out[:length], x[:length])
        assert (out[:length] == whole[:length]).all()
        assert (out[length:] == 7).all()


REGISTER = {128: "xmm", 256: "ymm", 512: "zmm"}


@on_every_target
@in_both_formats
@every_function
def test_assembly_is_vector_code_without_calls(name: str, dtype: str, where: str) -> None:
    compiled = kernel(name, dtype, where)
    called = set(re.findall(r"\bcallq?\s+\*?(\S+)", compiled.assembly))
    called |= set(re.findall(r"\bjmp\s+([a-z]\S*)", compiled.assembly))  # tail calls
    assert all(each.startswith("trivium.") for each in called), called
    assert not called or name in ("sin", "cos")
    if where == "native":
        return
    register = REGISTER[compiled.target.vector_bits]
    suffix = "ps" if dtype == "float32" else "pd"
    arithmetic = rf"\bv?(f?n?m?(add|sub)\d*|mul|sqrt){suffix}\s.*%{register}"
    assert re.search(arithmetic, compiled.assembly), compiled.assembly
    if register == "zmm":  # nothing is split in halves, but float32 computed in float64
        halves = re.findall(rf"\bv(mul|f?n?madd\d*){suffix}\s.*%ymm", compiled.assembly)
        assert not halves


@in_both_formats
@pytest.mark.parametrize("name", vector_math.CALLS)
def test_functions_of_the_c_library_are_called_by_name(name: str, dtype: str) -> None:
    x = np.linspace(0.05, 0.95, 33).astype(dtype) + (name == "acosh")
    arguments = (x, x[::-1].copy()) if name in TWO else (x,)
    compiled = kernel(name, dtype, TARGETS[-1])
    exact_values = exact(getattr(mp, name), arguments, dtype)
    assert ulps(compiled(*arguments), exact_values).max() <= LIMIT
    assert re.search(rf"\b{name}{'f' if dtype == 'float32' else ''}\b", compiled.assembly)


@pytest.mark.parametrize("name", ["exp", "log", "cos"])
def test_older_llvm_is_given_every_lane_of_a_constant(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LLVM 19 reads ``splat (float 1.0)``; before, all elements are spelled out."""
    where = target.host()
    short = emit(vector_math.FUNCTIONS[name], "float64", where)
    monkeypatch.setattr(lanes, "_SPLAT_SYNTAX", False)
    long = emit(vector_math.FUNCTIONS[name], "float64", where)
    assert "splat" not in long
    assert len(long) > len(short)
    assert str(llvm.parse_assembly(long)) == str(llvm.parse_assembly(short))


@pytest.mark.parametrize("count", [2, 4, 16, 32])
def test_lanes_may_be_any_power_of_two(count: int) -> None:
    """Vectors narrower and wider than the registers have the same results."""
    for dtype in DTYPES:
        for name in ("exp", "sin", "power"):
            arguments = [each[: 64 * 3 + 5] for each in truth(name, dtype)[0]]
            function, where = vector_math.FUNCTIONS[name], target.host()
            compiled = Kernel(function, dtype, where, len(arguments), count)
            expected = kernel(name, dtype, "native")(*arguments)
            assert identical(compiled(*arguments), expected).all()
