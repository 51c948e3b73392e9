"""Factorizations, matrix functions and random bits as source, as in ``python_helpers``."""

from __future__ import annotations

from .python_helpers import helper

helper('''
def lead_signs(vectors):
    """The sign of the largest entry of each column, as 1 or -1."""
    size = np.abs(vectors)
    first = np.argmax(size >= (1 - 1e-6) * size.max(axis=-2, keepdims=True), axis=-2)
    entry = np.take_along_axis(vectors, first[..., None, :], axis=-2)[..., 0, :]
    return np.where(entry < 0, -1, 1).astype(vectors.dtype)
''')

helper('''
def symmetric(a):
    """The symmetric part of matrices."""
    return (a + np.swapaxes(a, -1, -2)) / 2
''')

helper('''
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

helper('''
def eigh(a):
    """Eigenvalues, and eigenvectors whose largest entry is positive."""
    values, vectors = np.linalg.eigh(symmetric(a))
    if vectors.size == 0:
        return values, vectors
    return values, vectors * lead_signs(vectors)[..., None, :]
''', "lead_signs", "symmetric")  # fmt: skip

helper('''
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

helper('''
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

helper('''
def truncated(a, tolerance):
    """U, 1/s and V' of A, 1/s being 0 where s <= tolerance * max(s)."""
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    keep = s > tolerance * s.max(axis=-1, keepdims=True, initial=0)
    return u, np.where(keep, 1 / np.where(keep, s, 1), 0), vh
''')

helper('''
def pinv(a, tolerance):
    """The pseudoinverse of A; singular values up to tolerance * max(s) count as 0."""
    u, inverse, vh = truncated(a, tolerance)
    return (np.swapaxes(vh, -1, -2) * inverse[..., None, :]) @ np.swapaxes(u, -1, -2)
''', "truncated")  # fmt: skip

helper('''
def lstsq(a, b, tolerance):
    """The solution of A X = B by least squares that has the least norm."""
    u, inverse, vh = truncated(a, tolerance)
    return np.swapaxes(vh, -1, -2) @ (inverse[..., None] * (np.swapaxes(u, -1, -2) @ b))
''', "truncated")  # fmt: skip

helper('''
def expm(a):
    """The exponential of matrices: scaling, squaring, Pade's [7/7] approximation."""
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

helper('''
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

helper('''
def outside_ties(x, tied):
    """x, a derivative that is known only if it vanishes where eigenvalues coincide."""
    if np.any(tied & (x != 0) & ~np.isnan(x)):
        raise ValueError("this derivative is not known where eigenvalues coincide")
    return x
''')

helper('''
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
