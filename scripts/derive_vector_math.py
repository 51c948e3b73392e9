"""Derive the polynomials of the native vector functions and print their module.

    cd src/trivium/engine/backends/native/vector_math
    python /path/to/scripts/derive_vector_math.py > coefficients.py

Every polynomial P is the one with the least maximum of |weight(t) (P(t) - target(t))| on its
interval. The weight turns the error of P into the relative error of the function that is built
with it, so the figure printed beside each polynomial is that function's relative error of
approximation. Method: Remez' exchange algorithm on a dense grid of Chebyshev points with 80
decimals (E. W. Cheney, Introduction to Approximation Theory, chapter 3, section 8). Coefficients
are rounded to the format one after the other, the lowest first, and the rest is fitted again, so
that rounding costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import mpmath
import numpy as np
from mpmath import mp, mpf

mp.dps = 80
Function = Callable[[mpf], mpf]


class Problem(NamedTuple):
    """One polynomial: its name, target, weight, interval and degree in both formats."""

    name: str
    meaning: str
    target: Function
    weight: Function
    low: mpf
    high: mpf
    degrees: dict[int, int]


LN2 = mp.log(2)
# One part in 10⁴ beyond the exact interval: reduction rounds to the nearest multiple inexactly.
SLACK = mpf("1.0001")
HALF_LN2 = LN2 / 2 * SLACK
QUARTER_PI = mp.pi / 4 * mpf("1.01")
FOLD = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)  # the largest (m-1)/(m+1) for m in [√½, √2]


def scaled_erfc(center: float) -> Function:
    """t ↦ (1 + 2 x) e^(x²) erfc x, where t = (x - center) / (x + center)."""

    def function(t: mpf) -> mpf:
        x = center * (1 + t) / (1 - t)
        return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)

    return function


def folded(center: float, x: float) -> mpf:
    """t of ``scaled_erfc``."""
    return (mpf(x) - center) / (mpf(x) + center)


def root(function: Function) -> Function:
    """t ↦ function(√t), for even functions written in t = x²."""
    return lambda t: function(mp.sqrt(t))


PROBLEMS = [
    Problem(
        "EXP",
        "e^r = 1 + r + r² P(r); relative to e^r - 1, |r| ≤ ln 2 / 2",
        lambda r: (mp.expm1(r) - r) / r**2,
        lambda r: r**2 / mp.expm1(r),
        -HALF_LN2,
        HALF_LN2,
        {32: 5, 64: 10},
    ),
    Problem(
        "EXP_WIDE",
        "e^r = 1 + r + r² P(r) for float32 results computed in float64",
        lambda r: (mp.expm1(r) - r) / r**2,
        lambda r: r**2 / mp.exp(r),
        -HALF_LN2,
        HALF_LN2,
        {64: 5},
    ),
    Problem(
        "LOG",
        "log(1 + f) = f - f²/2 + f³ P(f), √½ ≤ 1 + f ≤ √2",
        lambda f: (mp.log1p(f) - f + f**2 / 2) / f**3,
        lambda f: f**3 / mp.log1p(f),
        mp.sqrt(0.5) - 1,
        mp.sqrt(2) - 1,
        {32: 7},
    ),
    Problem(
        "LOG_FOLDED",
        "2 artanh s = 2 s + s z P(z), z = s², s = f / (2 + f)",
        root(lambda s: (2 * mp.atanh(s) / s - 2) / s**2),
        root(lambda s: s**3 / (2 * mp.atanh(s))),
        mpf(0),
        FOLD**2,
        {64: 6},
    ),
    Problem(
        "TANH",
        "tanh x = x + x z P(z), z = x², |x| ≤ 0.625",
        root(lambda x: (mp.tanh(x) / x - 1) / x**2),
        root(lambda x: x**3 / mp.tanh(x)),
        mpf(0),
        mpf("0.625") ** 2,
        {32: 4, 64: 10},
    ),
    Problem(
        "SIN",
        "sin r = r + r z P(z), z = r², |r| ≤ π/4",
        root(lambda r: (mp.sin(r) / r - 1) / r**2),
        root(lambda r: r**3 / mp.sin(r)),
        mpf(0),
        QUARTER_PI**2,
        {32: 2, 64: 5},
    ),
    Problem(
        "COS",
        "cos r = 1 - z/2 + z² P(z), z = r², |r| ≤ π/4",
        root(lambda r: (mp.cos(r) - 1 + r**2 / 2) / r**4),
        root(lambda r: r**4 / mp.cos(r)),
        mpf(0),
        QUARTER_PI**2,
        {32: 2, 64: 5},
    ),
    Problem(
        "ERF",
        "erf x = x + x P(z), z = x², |x| ≤ 1",
        root(lambda x: mp.erf(x) / x - 1),
        root(lambda x: x / mp.erf(x)),
        mpf(0),
        mpf(1),
        {32: 6, 64: 11},
    ),
    Problem(
        "ERF_TAIL",
        "erf x = 1 - e^-P(x), 1 ≤ x ≤ 4 (float32) or 6 (float64)",
        lambda x: -mp.log(mp.erfc(x)),
        lambda x: mp.erfc(x) / mp.erf(x),
        mpf(1),
        mpf(6),
        {32: 7, 64: 18},
    ),
    Problem(
        "ERFC",
        "(1 + 2 x) e^(x²) erfc x = P(t), t = (x - 3.5) / (x + 3.5), 0.5 ≤ x ≤ 27.5",
        scaled_erfc(3.5),
        lambda t: 1 / scaled_erfc(3.5)(t),
        folded(3.5, 0.5),
        folded(3.5, 27.5),
        {64: 21},
    ),
    Problem(
        "ERFC_WIDE",
        "the same with 2.5 to 10.25 for float32 results computed in float64",
        scaled_erfc(2.5),
        lambda t: 1 / scaled_erfc(2.5)(t),
        folded(2.5, 0.5),
        folded(2.5, 10.25),
        {64: 9},
    ),
    Problem(
        "LOG_WIDE",
        "2 artanh s = 2 s + s z P(z) for float32 results computed in float64",
        root(lambda s: (2 * mp.atanh(s) / s - 2) / s**2),
        root(lambda s: s**3 / (2 * mp.atanh(s))),
        mpf(0),
        FOLD**2,
        {64: 3},
    ),
    Problem(
        "LOG_DOUBLED",
        "artanh s = s + s z (1/3 + z P(z)), for logarithms with 68 bits",
        root(lambda s: (mp.atanh(s) / s - 1 - s**2 / 3) / s**4),
        root(lambda s: s**5 / mp.atanh(s)),
        mpf(0),
        FOLD**2,
        {64: 6},
    ),
]


def chebyshev(low: mpf, high: mpf, count: int) -> list[mpf]:
    """Points of [low, high], denser at the ends, never at the exact middle or ends."""
    return [
        (low + high) / 2 + (high - low) / 2 * mp.cos(mp.pi * (i + mpf(1) / 3) / count)
        for i in range(count)
    ][::-1]


def evaluate(coefficients: list[mpf], t: mpf) -> mpf:
    """The polynomial with ascending ``coefficients`` at t."""
    return mpmath.polyval(coefficients[::-1], t)


def remez(
    points: list[mpf], target: list[mpf], weight: list[mpf], first: int, n: int
) -> list[mpf]:
    """The n best coefficients of t^first, t^(first+1), … on the grid."""
    size = len(points)
    chosen = [round((i + 0.5) * size / (n + 1) - 0.5) for i in range(n + 1)]
    coefficients: list[mpf] = []
    for _ in range(60):
        rows = [
            [points[i] ** (first + j) for j in range(n)] + [(-1) ** k / weight[i]]
            for k, i in enumerate(chosen)
        ]
        solution = mp.lu_solve(mp.matrix(rows), mp.matrix([target[i] for i in chosen]))
        coefficients, level = list(solution)[:n], abs(solution[n])
        error = [
            weight[i] * (evaluate(coefficients, points[i]) * points[i] ** first - target[i])
            for i in range(size)
        ]
        if max(abs(e) for e in error) <= level * (1 + mpf(10) ** -6):
            break
        chosen = alternating(error, n + 1)
    return coefficients


def alternating(error: list[mpf], count: int) -> list[int]:
    """The ``count`` consecutive sign changes of the error with the largest extrema."""
    extrema: list[int] = []
    for i, e in enumerate(error):
        if extrema and (e > 0) == (error[extrema[-1]] > 0):
            if abs(e) > abs(error[extrema[-1]]):
                extrema[-1] = i
        else:
            extrema.append(i)
    while len(extrema) > count:
        smallest = min(range(len(extrema)), key=lambda k: abs(error[extrema[k]]))
        if 0 < smallest < len(extrema) - 1 and len(extrema) - count >= 2:
            worse = min((smallest - 1, smallest + 1), key=lambda k: abs(error[extrema[k]]))
            for k in sorted((smallest, worse), reverse=True):
                del extrema[k]
        else:
            end = 0 if abs(error[extrema[0]]) < abs(error[extrema[-1]]) else -1
            del extrema[end]
    if len(extrema) < count:
        raise ArithmeticError("the error has too few extrema: refine the grid")
    return extrema


def rounded(value: mpf, bits: int) -> mpf:
    """The nearest number of the format."""
    with mp.workprec(53):
        wide = float(value)
    return mpf(float(np.float32(wide))) if bits == 32 else mpf(wide)


def two_over_pi(words: int) -> list[int]:
    """Words of 64 bits of 2/π after the binary point, the highest first; one of zeros before."""
    with mp.workprec(64 * words + 64):
        whole = int(mp.floor(mpf(2) / mp.pi * mpf(2) ** (64 * words)))
    return [0] + [whole >> 64 * i & (1 << 64) - 1 for i in reversed(range(words))]


def parts_of_half_pi(bits: list[int]) -> list[float]:
    """Numbers of these many bits whose sum is π/2, each rounded to nearest."""
    rest, parts = mp.pi / 2, []
    for count in bits:
        with mp.workprec(count):
            parts.append(+rest)
        rest -= parts[-1]
    return [float(part) for part in parts]


def derive(problem: Problem, bits: int) -> tuple[list[float], float]:
    """The coefficients in the format, and the largest weighted error they leave."""
    terms = problem.degrees[bits] + 1
    points = chebyshev(problem.low, problem.high, 40 * (terms + 2))
    weight = [problem.weight(t) for t in points]
    target = [problem.target(t) for t in points]
    rest, fixed = target, []
    for first in range(terms):
        best = remez(points, rest, weight, first, terms - first)
        fixed.append(rounded(best[0], bits))
        rest = [r - fixed[-1] * t**first for r, t in zip(rest, points, strict=True)]
    check = chebyshev(problem.low, problem.high, 401)
    worst = max(
        abs(problem.weight(t) * (evaluate(fixed, t) - problem.target(t))) for t in check
    )
    return [float(c) for c in fixed], float(mp.log(worst, 2))


def main() -> None:
    """Print the module."""
    print('"""Minimax polynomials of the vector functions, lowest coefficient first.')
    print()
    print("Written by scripts/derive_vector_math.py, which says how. The figure after each")
    print("format is log₂ of the largest relative error of approximation; tests check it.")
    print('"""')
    print()
    print("# fmt: off")
    for problem in PROBLEMS:
        print(f"\n# {problem.meaning}")
        print(f"{problem.name} = {{")
        for bits in problem.degrees:
            coefficients, error = derive(problem, bits)
            print(f"    {bits}: (  # {error:.1f}")
            for c in coefficients:
                print(f"        {c!r},")
            print("    ),")
        print("}")
    print("\n# Parts whose sum is π/2: of 24 and 53 bits, and such that multiples are exact")
    print("HALF_PI_FUSED = {")
    print(f"    32: {tuple(parts_of_half_pi([24, 24, 24]))},")
    print(f"    64: {tuple(parts_of_half_pi([53, 53, 53]))},")
    print("}")
    print("HALF_PI_SHORT = (")
    for part in parts_of_half_pi([33, 33, 33, 53]):
        print(f"    {part!r},")
    print(")")
    print("\n# The binary digits of 2/π in words of 64, after one word of zeros")
    print("TWO_OVER_PI = (")
    for word in two_over_pi(19):
        print(f"    0x{word:016X},")
    print(")")


if __name__ == "__main__":
    main()
