"""Functions that NumPy lacks, as source that generated files carry when they use them.

Only the standard library's ``math`` stands behind them, besides NumPy. Those of the error function
and of the gamma family compute one element at a time (``np.vectorize``), which takes about 200
times as long as ``np.exp``; their text says so. Factorizations fix the signs that
mathematics leaves open, as the engine does, so that results are functions of the matrix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["HELPERS", "Helper", "helper", "with_needs"]


class Helper(NamedTuple):
    """``source``: the function. ``needs``: other helpers that it calls."""

    source: str
    needs: tuple[str, ...] = ()

    @property
    def uses_math(self) -> bool:
        """Whether the source needs ``import math``."""
        return re.search(r"\bmath\.", self.source) is not None


HELPERS: dict[str, Helper] = {}


def helper(source: str, *needs: str) -> None:
    """Enter a function's source in the table."""
    source = source.strip() + "\n"
    name = source[source.index("def ") + 4 : source.index("(")]
    HELPERS[name] = Helper(source, needs)


def with_needs(names: Iterable[str]) -> list[str]:
    """``names`` and what they need, in the order of the table."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(HELPERS[name].needs)
    return [name for name in HELPERS if name in found]


helper('''
def chain(gradient, factor):
    """gradient * factor, but 0 wherever the gradient is 0, whatever the factor."""
    return np.where(gradient == 0, gradient, gradient * factor)
''')

helper('''
def sigmoid(z):
    """1 / (1 + exp(-z)), without overflow."""
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, small) / (1 + small)
''')

helper('''
def softmax(z, axis):
    """exp(z) / sum(exp(z)), without overflow."""
    powers = np.exp(z - z.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)
''')

helper('''
def log_softmax(z, axis):
    """The logarithm of softmax, without overflow and without loss of small numbers."""
    shifted = z - z.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
''')

helper('''
def log_sum_exp(z, axis):
    """log(sum(exp(z))), without overflow."""
    top = z.max(axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    return np.log(np.exp(z - top).sum(axis=axis)) + top.sum(axis=axis)
''')

helper('''
def integer_power(x, y):
    """x**y of integers; of a negative power the integer part."""
    whole = x ** np.maximum(y, 0)
    unit = np.where(x == -1, np.where(y % 2 == 0, 1, -1), x == 1)
    return np.where(y < 0, unit, whole).astype(x.dtype)
''')

helper('''
def erf(x):
    """The error function, element by element (slow for large arrays)."""
    return np.vectorize(math.erf, otypes=[float])(x).astype(x.dtype)
''')

helper('''
def erfc(x):
    """1 - erf(x) without cancellation, element by element (slow for large arrays)."""
    return np.vectorize(math.erfc, otypes=[float])(x).astype(x.dtype)
''')

helper(
    '''
def normal_density(z):
    """The density of the standard normal distribution."""
    return np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
'''
)

helper(
    '''
def normal_cdf(z):
    """The standard normal distribution function."""
    return erfc(-z / math.sqrt(2)) / 2
''',
    "erfc",
)

helper(
    '''
def log_normal_cdf(z):
    """log(normal_cdf(z)), far in the lower tail by a series (DLMF 7.12.1)."""
    wide = z.astype(float)
    near, far = np.maximum(wide, -30), np.minimum(wide, -30)
    above = np.log1p(-erfc(np.abs(near) / math.sqrt(2)) / 2)
    below = np.log(erfc(-near / math.sqrt(2)) / 2)
    term = total = np.ones_like(far)
    for k in range(1, 9):
        term = -term * (2 * k - 1) / far**2
        total = total + term
    tail = np.log(total / -far) - far**2 / 2 - math.log(2 * math.pi) / 2
    found = np.where(wide < -30, tail, np.where(wide > 0, above, below))
    return found.astype(z.dtype)
''',
    "erfc",
)

helper(
    '''
def log_choose(n, k):
    """The logarithm of the number of ways to choose k of n (slow for large arrays)."""
    n = np.asarray(n, k.dtype)
    return log_gamma(n + 1) - log_gamma(k + 1) - log_gamma(n - k + 1)
''',
    "log_gamma",
)

helper(
    '''
def attains_largest(z, axis):
    """1 where z is largest along the axis, shared evenly among ties."""
    attains = z == z.max(axis=axis, keepdims=True)
    return (attains / attains.sum(axis=axis, keepdims=True)).astype(z.dtype)
'''
)

helper(
    '''
def attains_smallest(z, axis):
    """1 where z is smallest along the axis, shared evenly among ties."""
    return attains_largest(-z, axis)
''',
    "attains_largest",
)

helper(
    '''
def erf_inverse(p, tail):
    """y >= 0 with erf(y) = p, erfc(y) = tail = 1 - p: Halley's method."""
    inside = (p >= 0) & (tail > 0)
    p, rest = np.where(inside, p, 0.5), np.where(inside, tail, 0.5)
    log = np.log(rest * (1 + p))
    middle = 2 / (math.pi * 0.147) + log / 2
    y = np.sqrt(np.maximum(np.sqrt(middle**2 - log / 0.147) - middle, 0))
    for _ in range(3):
        error = np.where(p < 0.5, erf(y) - p, rest - erfc(y))
        step = error * np.exp(y * y) * (math.sqrt(math.pi) / 2)
        y = y - step / (1 + y * step)
    return np.where(inside, y, np.where(tail == 0, np.inf, np.nan))
''',
    "erf",
    "erfc",
)

helper(
    '''
def erfinv(x):
    """The inverse of erf, element by element (slow for large arrays)."""
    p = np.abs(x.astype(float))
    return np.copysign(erf_inverse(p, 1 - p), x).astype(x.dtype)
''',
    "erf_inverse",
)

helper(
    '''
def normal_quantile(p):
    """The inverse of normal_cdf, element by element (slow for large arrays)."""
    wide = p.astype(float)
    y = erf_inverse(np.abs(1 - 2 * wide), 2 * np.minimum(wide, 1 - wide))
    return (math.sqrt(2) * np.copysign(y, wide - 0.5)).astype(p.dtype)
''',
    "erf_inverse",
)

helper('''
def log_gamma(x):
    """log|gamma(x)|, element by element (slow for large arrays)."""

    def one(value):
        pole = value <= 0 and value == np.floor(value)
        return math.inf if pole else math.lgamma(value)

    return np.vectorize(one, otypes=[float])(x).astype(x.dtype)
''')

helper('''
def polygamma(order, x):
    """The derivative of that order of digamma (DLMF 25.11.1, 5.11.2, 5.15.6)."""
    wide = x.astype(float)
    right = np.where(wide > 0, wide, 1 - wide)
    far = right + 16 + order
    terms = (right[..., None] + np.arange(16 + order)) ** -(order + 1.0)
    if order == 0:
        value = np.log(far) - 0.5 / far - terms.sum(axis=-1)
    else:
        value = math.factorial(order) * (terms.sum(axis=-1) + 0.5 / far ** (order + 1))
        value = value + math.factorial(order - 1) / far**order
    bernoulli = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6]
    for k, number in enumerate(bernoulli, start=1):
        factor = math.factorial(2 * k + order - 1) / math.factorial(2 * k)
        term = number * factor / far ** (2 * k + order)
        value = value + (term if order else -term)
    value = value if order % 2 or order == 0 else -value
    if np.all(wide > 0):
        return value.astype(x.dtype)
    slope = np.array([1.0, 0.0])  # the derivative of cot as a polynomial of cot
    for _ in range(order):
        slope = np.polymul([-1.0, 0.0, -1.0], np.polyder(slope))
    rest = wide - np.round(wide)
    cot = np.sin(math.pi * (0.5 - np.abs(rest))) / np.sin(math.pi * rest)
    left = (-1) ** order * value - math.pi ** (order + 1) * np.polyval(slope, cot)
    return np.where(wide > 0, value, left).astype(x.dtype)
''')

helper('''
def gammainc(a, x):
    """The regularised lower incomplete gamma function (slow for large arrays)."""
    return np.vectorize(gamma_parts, otypes=[float, float])(a, x)[0].astype(x.dtype)
''', "gamma_parts")  # fmt: skip

helper('''
def gammaincc(a, x):
    """The regularised upper incomplete gamma function (slow for large arrays)."""
    return np.vectorize(gamma_parts, otypes=[float, float])(a, x)[1].astype(x.dtype)
''', "gamma_parts")  # fmt: skip

helper('''
def gamma_parts(a, x):
    """P(a, x), Q(a, x) = 1 - P: the series DLMF 8.11.4, the fraction 8.9.2."""
    if not (x > 0 and a > 0) or math.isinf(x):
        known = x in (0, math.inf) and a > 0
        return (float(x > 0), float(x == 0)) if known else (math.nan, math.nan)
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        k = a
        while term > 1e-17 * total:
            k += 1
            term *= x / k
            total += term
        return scale * total, 1 - scale * total
    b = x + 1 - a
    c, d = math.inf, 1 / b
    fraction, change, k = d, 0.0, 0
    while abs(change - 1) > 1e-16 and k < 100000:
        k += 1
        b += 2
        d = 1 / (b + k * (a - k) * d)
        c = b + k * (a - k) / c
        change = c * d
        fraction *= change
    return 1 - scale * fraction, scale * fraction
''')
