"""The vector functions are right to two ulp everywhere, on every target, in both formats.

HYPOTHESIS_PROFILE=thorough takes a grid that is twenty times as dense.
"""

from __future__ import annotations

import importlib.util
import math
import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import pytest
from mpmath import mp, mpf

from trivium.engine.backends.native import target, vector_math
from trivium.engine.backends.native.vector_math import coefficients, lanes
from trivium.engine.errors import BackendError

from .kernels import Kernel, emit
from .ulps import Array, Exact, exact, ulps, ulps_of_float32

DENSITY = 20 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 1
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

DOMAIN = {
    "log": lambda x: x > 0,
    "log1p": lambda x: x > -1,
    "sqrt": lambda x: x >= 0,
}


def neighbours(values: list[float], dtype: str) -> Array:
    """The values and four numbers of the format on each side."""
    x = np.array(values, dtype)
    below, above, found = x, x, [x]
    with np.errstate(over="ignore", under="ignore"):
        for _ in range(4):
            below = np.nextafter(below, np.array(-np.inf, dtype))
            above = np.nextafter(above, np.array(np.inf, dtype))
            found += [below, above]
    return np.concatenate(found)


def boundaries(dtype: str) -> Array:
    """Where formulas meet: limits of the format and of the range, switches, multiples."""
    info = np.finfo(dtype)
    largest = math.log(float(info.max))
    smallest = math.log(2.0) * (info.minexp - info.nmant)
    switches = [0.25, 0.5, 0.625, 0.875, 1.0, math.sqrt(0.5), math.sqrt(2), 2.0, 4.0, 6.0]
    saturation = [9.0, 18.0, 19.1, 38.0, 10.06, 10.25, 26.6, 27.5, -smallest, largest]
    reduction = [2.0**15, 2.0**20, 2.0**30, 2.0**24, 2.0**53]
    half_ln2 = [math.log(2) / 2 * k for k in range(1, 40)]
    quarter_pi = [math.pi / 4 * k for k in range(1, 40)]
    format_ = [float(info.max), float(info.tiny), float(info.eps), float(info.eps) ** 0.5]
    values = switches + saturation + reduction + half_ln2 + quarter_pi + format_
    x = neighbours(values, dtype)
    x = np.concatenate([x, np.arange(1, 9) * info.smallest_subnormal])
    return x[np.isfinite(x)].astype(dtype)


def points(name: str, dtype: str) -> tuple[Array, ...]:
    """Arguments over all exponents, denser where the function changes, and the boundaries."""
    rng = np.random.default_rng(sum(map(ord, name)))
    if name == "power":
        return power_points(rng, dtype)
    info, n = np.finfo(dtype), 200 * DENSITY

    def spread(low: int, high: int, count: int) -> Array:
        return np.ldexp(rng.uniform(1, 2, count), rng.integers(low, high, count))

    x = np.concatenate(
        [
            spread(info.minexp - info.nmant, info.maxexp, n),
            spread(-6, 8, n),
            spread(-2, 5, n),
            rng.uniform(0, 110 if dtype == "float32" else 750, n),
            rng.uniform(0, 2, n),
        ]
    )
    x = np.concatenate([x.astype(dtype), boundaries(dtype)])
    x = np.concatenate([x, -x])
    return (x[DOMAIN[name](x)] if name in DOMAIN else x,)


def power_points(rng: np.random.Generator, dtype: str) -> tuple[Array, Array]:
    """Pairs whose power lies between the format's limits, near them too, and whole exponents."""
    info, n = np.finfo(dtype), 300 * DENSITY
    spread = np.ldexp(rng.uniform(1, 2, n), rng.integers(info.minexp, info.maxexp, n))
    near_one = 1 + rng.normal(size=n) * 10.0 ** rng.uniform(-info.precision, -1, n)
    moderate = rng.uniform(0.4, 2.5, 2 * n)
    x = np.abs(np.concatenate([spread, near_one, moderate])).astype(dtype)
    size = np.maximum(np.abs(np.log(x.astype(np.float64))), 1e-300)
    exponent = rng.uniform(-1.1, 1.03, x.size) * math.log(float(info.max)) / size
    y = np.clip(exponent, -float(info.max), float(info.max)).astype(dtype)
    whole_x = (rng.normal(size=n) * 4).astype(dtype)
    whole_y = rng.integers(-30, 30, n).astype(dtype)
    tiny = (np.arange(1, 40) * info.smallest_subnormal).astype(dtype)
    ones = np.linspace(-1.03, 1.4, tiny.size).astype(dtype)
    return np.concatenate([x, whole_x, tiny]), np.concatenate([y, whole_y, ones])


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


def closest_to_quarter_turns(digits: int, exponent: int) -> list[float]:
    """Numbers m 2^exponent, m of ``digits`` bits at most, nearest to multiples of π/2.

    They are the denominators of the continued fraction of 2^exponent·2/π.
    """
    with mp.workprec(max(exponent, 0) + 400):
        rest = 2 / mp.pi * mpf(2) ** exponent
        before, m = 0, 1
        found = []
        rest -= mp.floor(rest)
        while rest != 0:
            rest = 1 / rest
            whole = int(mp.floor(rest))
            rest -= whole
            before, m = m, whole * m + before
            if m >= 2**digits:
                break
            found.append(math.ldexp(float(m), exponent))
    return found[-3:]


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


@cache
def script() -> Any:
    path = Path(__file__).parents[3] / "scripts" / "derive_vector_math.py"
    spec = importlib.util.spec_from_file_location("derive_vector_math", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def problems() -> list[Any]:
    return [(p.name, bits) for p in script().PROBLEMS for bits in p.degrees]


@pytest.mark.parametrize(("name", "bits"), problems())
def test_polynomials_leave_less_than_a_fifth_of_an_ulp(name: str, bits: int) -> None:
    """The weighted error of the stored coefficients, as the script defines it."""
    problem = next(each for each in script().PROBLEMS if each.name == name)
    stored = getattr(coefficients, name)[bits]
    assert len(stored) == problem.degrees[bits] + 1
    if bits == 32:
        assert all(np.float32(c) == c for c in stored)
    limit = -29.5 if name.endswith("WIDE") else {32: -26.5, 64: -55.2}[bits]
    with mp.workprec(250):
        exact_coefficients = [mpf(c) for c in stored]
        error = max(
            abs(
                problem.weight(t)
                * (mp.polyval(exact_coefficients[::-1], t) - problem.target(t))
            )
            for t in script().chebyshev(problem.low, problem.high, 150)
        )
    assert mp.log(error, 2) < limit


def test_constants_of_pi_are_what_the_script_says() -> None:
    assert list(coefficients.TWO_OVER_PI) == script().two_over_pi(19)
    assert list(coefficients.HALF_PI_SHORT) == script().parts_of_half_pi([33, 33, 33, 53])
    for bits, digits in ((32, 24), (64, 53)):
        expected = script().parts_of_half_pi([digits] * 3)
        assert list(coefficients.HALF_PI_FUSED[bits]) == expected
