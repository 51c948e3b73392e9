"""Functions that NumPy lacks, as source that generated files carry when they use them.

Only the standard library's ``math`` stands behind them, besides NumPy. Those of the error function
and of the gamma family compute one element at a time (``np.vectorize``), which takes about 100
times as long as a function of NumPy; their text says so. Factorizations fix the signs that
mathematics leaves open, as the engine does, so that results are functions of the matrix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["HELPERS", "Helper", "with_needs"]


class Helper(NamedTuple):
    """``source``: the function. ``needs``: other helpers that it calls."""

    source: str
    needs: tuple[str, ...] = ()

    @property
    def uses_math(self) -> bool:
        """Whether the source needs ``import math``."""
        return re.search(r"\bmath\.", self.source) is not None


HELPERS: dict[str, Helper] = {}


def _helper(source: str, *needs: str) -> None:
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


_helper('''
def chain(gradient, factor):
    """gradient * factor, but 0 wherever the gradient is 0, whatever the factor."""
    return np.where(gradient == 0, gradient, gradient * factor)
''')

_helper('''
def sigmoid(z):
    """1 / (1 + exp(-z)), without overflow."""
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, small) / (1 + small)
''')

_helper('''
def softmax(z, axis):
    """exp(z) / sum(exp(z)), without overflow."""
    powers = np.exp(z - z.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)
''')

_helper('''
def log_softmax(z, axis):
    """The logarithm of softmax, without overflow and without loss of small numbers."""
    shifted = z - z.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
''')

_helper('''
def log_sum_exp(z, axis):
    """log(sum(exp(z))), without overflow."""
    top = z.max(axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    return np.log(np.exp(z - top).sum(axis=axis)) + top.sum(axis=axis)
''')

_helper('''
def integer_power(x, y):
    """x**y of integers; of a negative power the integer part."""
    whole = x ** np.maximum(y, 0)
    unit = np.where(x == -1, np.where(y % 2 == 0, 1, -1), x == 1)
    return np.where(y < 0, unit, whole).astype(x.dtype)
''')

_helper('''
def erf(x):
    """The error function, element by element (slow for large arrays)."""
    return np.vectorize(math.erf, otypes=[float])(x).astype(x.dtype)
''')

_helper('''
def erfc(x):
    """1 - erf(x) without cancellation, element by element (slow for large arrays)."""
    return np.vectorize(math.erfc, otypes=[float])(x).astype(x.dtype)
''')

_helper(
    '''
def normal_density(z):
    """The density of the standard normal distribution."""
    return np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
'''
)

_helper(
    '''
def normal_cdf(z):
    """The standard normal distribution function."""
    return erfc(-z / math.sqrt(2)) / 2
''',
    "erfc",
)

_helper(
    '''
def attains_largest(z, axis):
    """1 where z is largest along the axis, shared evenly among ties."""
    attains = z == z.max(axis=axis, keepdims=True)
    return (attains / attains.sum(axis=axis, keepdims=True)).astype(z.dtype)
'''
)

_helper(
    '''
def attains_smallest(z, axis):
    """1 where z is smallest along the axis, shared evenly among ties."""
    return attains_largest(-z, axis)
''',
    "attains_largest",
)

_helper(
    '''
def erf_inverse(p, tail):
    """y >= 0 with erf(y) = p, erfc(y) = tail = 1 - p: Halley from Winitzki's formula."""
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

_helper(
    '''
def erfinv(x):
    """The inverse of erf, element by element (slow for large arrays)."""
    p = np.abs(x.astype(float))
    return np.copysign(erf_inverse(p, 1 - p), x).astype(x.dtype)
''',
    "erf_inverse",
)

_helper(
    '''
def normal_quantile(p):
    """The inverse of normal_cdf, element by element (slow for large arrays)."""
    wide = p.astype(float)
    y = erf_inverse(np.abs(1 - 2 * wide), 2 * np.minimum(wide, 1 - wide))
    return (math.sqrt(2) * np.copysign(y, wide - 0.5)).astype(p.dtype)
''',
    "erf_inverse",
)

_helper('''
def log_gamma(x):
    """log|gamma(x)|, element by element (slow for large arrays)."""

    def one(value):
        pole = value <= 0 and value == np.floor(value)
        return math.inf if pole else math.lgamma(value)

    return np.vectorize(one, otypes=[float])(x).astype(x.dtype)
''')

_helper('''
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

_helper('''
def gammainc(a, x):
    """The regularised lower incomplete gamma function (slow for large arrays)."""
    return np.vectorize(gamma_parts, otypes=[float, float])(a, x)[0].astype(x.dtype)
''', "gamma_parts")  # fmt: skip

_helper('''
def gammaincc(a, x):
    """The regularised upper incomplete gamma function (slow for large arrays)."""
    return np.vectorize(gamma_parts, otypes=[float, float])(a, x)[1].astype(x.dtype)
''', "gamma_parts")  # fmt: skip

_helper('''
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

_helper('''
def lead_signs(vectors):
    """The sign of the largest entry of each column, as 1 or -1."""
    size = np.abs(vectors)
    first = np.argmax(size >= (1 - 1e-6) * size.max(axis=-2, keepdims=True), axis=-2)
    entry = np.take_along_axis(vectors, first[..., None, :], axis=-2)[..., 0, :]
    return np.where(entry < 0, -1, 1).astype(vectors.dtype)
''')

_helper('''
def symmetric(a):
    """The symmetric part of matrices."""
    return (a + np.swapaxes(a, -1, -2)) / 2
''')

_helper('''
def qr(a, mode):
    """Q R = A with a diagonal of R that is not negative."""
    q, r = np.linalg.qr(a, mode=mode)
    count = min(a.shape[-2:])
    diagonal = np.diagonal(r, axis1=-2, axis2=-1)
    diagonal = np.where(diagonal < 0, -1, 1).astype(a.dtype)
    rest = lead_signs(q[..., count:]) if q.shape[-1] > count else diagonal[..., :0]
    signs = np.concatenate([diagonal, rest], axis=-1)
    return q * signs[..., None, :], r * signs[..., :, None]
''', "lead_signs")  # fmt: skip

_helper('''
def eigh(a):
    """Eigenvalues, and eigenvectors whose largest entry is positive."""
    values, vectors = np.linalg.eigh(symmetric(a))
    if vectors.size == 0:
        return values, vectors
    return values, vectors * lead_signs(vectors)[..., None, :]
''', "lead_signs", "symmetric")  # fmt: skip

_helper('''
def svd(a, full):
    """A = U diag(s) V', the largest entry of each column of U being positive."""
    u, s, vh = np.linalg.svd(a, full_matrices=full)
    if u.size == 0 or vh.size == 0:
        return u, s, vh
    count = s.shape[-1]
    left = lead_signs(u)
    rest = lead_signs(np.swapaxes(vh, -1, -2))[..., count:]
    right = np.concatenate([left[..., :count], rest], axis=-1)
    return u * left[..., None, :], s, vh * right[..., :, None]
''', "lead_signs")  # fmt: skip

_helper('''
def adjugate(a):
    """det(A) times the inverse of A, also where there is none (Stewart 1998)."""
    u, s, vh = np.linalg.svd(a)
    sign = np.round(np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    ones = np.ones_like(s[..., :1])
    before = np.cumprod(np.concatenate([ones, s[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([ones, s[..., :0:-1]], axis=-1), axis=-1)
    others = before * after[..., ::-1]  # products of all singular values but one
    inner = others[..., None, :] * np.swapaxes(vh, -1, -2)
    return sign * (inner @ np.swapaxes(u, -1, -2))
''')

_helper('''
def truncated(a, tolerance):
    """U, 1/s and V' of A, 1/s being 0 where s <= tolerance * max(s)."""
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    keep = s > tolerance * s.max(axis=-1, keepdims=True, initial=0)
    return u, np.where(keep, 1 / np.where(keep, s, 1), 0), vh
''')

_helper('''
def pinv(a, tolerance):
    """The pseudoinverse of A; singular values up to tolerance * max(s) count as 0."""
    u, inverse, vh = truncated(a, tolerance)
    return (np.swapaxes(vh, -1, -2) * inverse[..., None, :]) @ np.swapaxes(u, -1, -2)
''', "truncated")  # fmt: skip

_helper('''
def lstsq(a, b, tolerance):
    """The solution of A X = B by least squares that has the least norm."""
    u, inverse, vh = truncated(a, tolerance)
    return np.swapaxes(vh, -1, -2) @ (inverse[..., None] * (np.swapaxes(u, -1, -2) @ b))
''', "truncated")  # fmt: skip

_helper('''
def expm(a):
    """The exponential of matrices: scaling, squaring, and Pade's [7/7] approximation."""
    size = np.abs(a).sum(axis=-2).max(initial=0)
    squarings = max(0, math.ceil(math.log2(size / 0.5))) if size > 0.5 else 0
    a = a / 2**squarings
    one, power, sign = np.eye(a.shape[-1], dtype=a.dtype), a, -1
    top, bottom = one + a / 2, one - a / 2
    factor = 0.5
    for k in range(2, 8):
        factor *= (8 - k) / (k * (15 - k))
        power, sign = power @ a, -sign
        top, bottom = top + factor * power, bottom + sign * factor * power
    result = np.linalg.solve(bottom, top)
    for _ in range(squarings):
        result = result @ result
    return result
''')

_helper('''
def commutator_solve(m, y):
    """X with X M - M X = Y where diagonal entries of M differ, 0 where they do not."""
    n = m.shape[-1]
    values = np.diagonal(m, axis1=-2, axis2=-1)
    gaps = values[..., None, :] - values[..., :, None]
    largest = np.abs(values).max(axis=-1, initial=0)[..., None, None]
    limit = 8 * n * np.finfo(m.dtype).eps * largest
    apart = np.abs(gaps) > limit
    found = np.where(apart, y / np.where(apart, gaps, 1), 0)
    rest = np.abs(m - values[..., None] * np.eye(n)) > 8 * limit
    for place in np.argwhere(rest.any(axis=(-2, -1))):
        at = tuple(place)
        system = np.kron(np.eye(n), m[at].T) - np.kron(m[at], np.eye(n))
        wanted = np.flatnonzero(apart[at])
        found[at] = 0
        inner, right = system[np.ix_(wanted, wanted)], y[at].ravel()[wanted]
        np.put(found[at], wanted, np.linalg.solve(inner, right))
    return found
''')

_helper('''
def outside_ties(x, tied):
    """x, a derivative that is known only if it vanishes where eigenvalues coincide."""
    if np.any(tied & (x != 0) & ~np.isnan(x)):
        raise ValueError("this derivative is not known where eigenvalues coincide")
    return x
''')

_helper('''
def random_bits(key, offset, shape, dtype):
    """Random integers by Philox4x32-10 (Salmon et al., SC'11), counted from offset."""
    word, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    seed, stream = (int(each) & 0xFFFFFFFFFFFFFFFF for each in key)
    first, second = seed & 0xFFFFFFFF, seed >> 32
    count = math.prod(shape)
    blocks = -(-count * np.dtype(dtype).itemsize // 16)
    start = np.uint64(int(offset) & 0xFFFFFFFFFFFFFFFF)
    block = np.arange(blocks, dtype=np.uint64) + start
    a, b = block & word, block >> half
    c, d = (np.full_like(block, each) for each in (stream & 0xFFFFFFFF, stream >> 32))
    for _ in range(10):
        high, low = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
        a, b = (low >> half) ^ b ^ np.uint64(first), low & word
        c, d = (high >> half) ^ d ^ np.uint64(second), high & word
        first, second = (first + 0x9E3779B9) % 2**32, (second + 0xBB67AE85) % 2**32
    words = np.stack([a, b, c, d], axis=1).astype("<u4")
    return words.reshape(-1).view(dtype)[:count].reshape(shape)
''')
