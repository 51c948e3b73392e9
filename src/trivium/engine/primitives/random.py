"""Random bits by counter: a pure function of a key and a position, so any part can be redrawn.

Philox4x32-10 of Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3",
SC'11, §3.3 and table 2: ten rounds of a 4×32-bit Feistel-like network whose mixing is a 32×32
to 64 bit product.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes
from ..errors import DTypeError, ShapeError
from ..primitive import Curvature, Primitive, Sample, by_input
from . import rules

Shape = tuple[int, ...]

_WORD = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
WEYL = 0x9E3779B9, 0xBB67AE85  # golden ratio and √3 - 1: the key's step from round to round
ROUNDS = 10
_ALL = 0xFFFFFFFFFFFFFFFF
_PIECE = 4096  # blocks at a time, so that the words stay in the cache


class Draw(NamedTuple):
    """Attributes of random_bits: shape and dtype (int32 or int64) of the result."""

    shape: Shape
    dtype: np.dtype[Any]


def philox4x32(counter: Any, key: tuple[int, int]) -> list[Any]:
    """The four 32-bit words of each block, as uint64 arrays.

    ``counter``: four uint64 arrays, each holding 32-bit words, least significant word first.
    ``key``: two 32-bit words. Every block of four words has its own counter.
    """
    a, b, c, d = counter
    first, second = key
    one, two = (np.uint64(each) for each in MULTIPLIERS)
    for _ in range(ROUNDS):
        high, low = a * one, c * two
        a, b, c, d = (
            (low >> _HALF) ^ b ^ np.uint64(first),
            low & _WORD,
            (high >> _HALF) ^ d ^ np.uint64(second),
            high & _WORD,
        )
        first, second = (first + WEYL[0]) & 0xFFFFFFFF, (second + WEYL[1]) & 0xFFFFFFFF
    return [a, b, c, d]


def draw(key: Any, offset: int, count: int, dtype: np.dtype[Any]) -> Any:
    """``count`` integers of ``dtype`` from the blocks ``offset``, ``offset`` + 1, …

    The 128-bit counter of a block is its number (low 64 bits, modulo 2⁶⁴) and the key's stream
    (high 64 bits); the generator's key is the seed. A block gives four int32 or two int64 (the
    first word is the low half), so element i depends on i alone, not on ``count``.
    """
    seed, stream = (int(word) & _ALL for word in key)
    halves = seed & 0xFFFFFFFF, seed >> 32
    start = np.uint64(int(offset) & _ALL)
    blocks = -(-count * dtype.itemsize // 16)
    found = np.empty((blocks, 16 // dtype.itemsize), f"u{dtype.itemsize}")
    for first in range(0, blocks, _PIECE):
        piece = found[first : first + _PIECE]
        block = np.arange(first, first + len(piece), dtype=np.uint64) + start
        high = np.full_like(block, stream)
        counter = [block & _WORD, block >> _HALF, high & _WORD, high >> _HALF]
        words = philox4x32(counter, halves)
        if dtype.itemsize == 8:
            words = [words[0] | (words[1] << _HALF), words[2] | (words[3] << _HALF)]
        for i, word in enumerate(words):
            piece[:, i] = word
    return found.view(dtype).reshape(-1)[:count]


def _shape(attributes: Draw, key: Shape, offset: Shape) -> Shape:
    if key != (2,) or offset != ():
        raise ShapeError(
            f"random bits need a key of shape (2,) and a scalar offset, got {key} and {offset};"
            " make the key with tv.random.key(seed)"
        )
    return attributes.shape


def _dtype(attributes: Draw, key: Any, offset: Any) -> Any:
    if attributes.dtype not in (dtypes.int32, dtypes.int64):
        raise DTypeError(f"random bits are int32 or int64, not {attributes.dtype}")
    if key != dtypes.int64 or offset != dtypes.int64:
        raise DTypeError(
            f"a random key and its offset are int64, got {key} and {offset}; make the key with "
            "tv.random.key(seed)"
        )
    return attributes.dtype


def _evaluate(attributes: Draw, key: Any, offset: Any) -> Any:
    count = math.prod(attributes.shape)
    return draw(key, int(offset), count, attributes.dtype).reshape(attributes.shape)


def _samples(rng: np.random.Generator) -> list[Sample]:
    keys = [np.array([0, 0]), np.array([-1, -1]), rng.integers(-(2**63), 2**63, 2)]
    offsets = [np.array(0), np.array(-1), np.array(7)]
    return [
        Sample((key, offset), Draw(shape, dtype))
        for key, offset in zip(keys, offsets, strict=True)
        for shape in [(), (5,), (3, 2), (2, 0)]
        for dtype in (dtypes.int32, dtypes.int64)
    ]


random_bits = Primitive(
    name="random_bits",
    notation=r"\operatorname{{bits}}({0}, {1})",
    attributes=Draw,
    shape=_shape,
    dtype=_dtype,
    evaluate=_evaluate,
    vjp=by_input(rules.zero, rules.zero),
    curvature=Curvature("neither", ("neither", "neither")),
    samples=_samples,
    native=rules.REFERENCE_ONLY,
)
