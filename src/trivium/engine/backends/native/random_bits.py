"""Code for a RandomKernel: Philox4x32-10, a vector of blocks at a time.

The blocks' numbers and the four words of each are vectors of 64-bit integers that hold 32 bits,
so that a product of two words is one multiplication. See ``primitives/random.py`` for the
algorithm and its source; the results are the same to the last bit.
"""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ir
import numpy as np

from ...primitives.random import MULTIPLIERS, ROUNDS, WEYL
from .emitter import I32, I64, Emitter
from .kernels import RandomKernel, View
from .layout import RANDOM_PART

__all__ = ["emit_random"]

_WORD = 0xFFFFFFFF


def emit_random(emitter: Emitter, name: str, kernel: RandomKernel, bits: int) -> ir.Function:
    """The function ``name(table, begin, end)`` that draws the parts from begin to end."""
    return _Random(emitter, kernel, bits // 64).emit(name)


class _Random:
    def __init__(self, emitter: Emitter, kernel: RandomKernel, lanes: int) -> None:
        assert kernel.key is not None and kernel.offset is not None and kernel.out is not None
        self.e, self.b = emitter, emitter.b
        self.key, self.offset, self.out = kernel.key, kernel.offset, kernel.out
        self.lanes = lanes
        self.kind = ir.VectorType(I64, lanes)

    def emit(self, name: str) -> ir.Function:
        e, b = self.e, self.b
        function = e.kernel_function(name)
        table, begin, end = function.args
        place = e.base(table, self.out)
        seed, stream = (self.number(table, self.key, i) for i in (0, 1))
        start = self.number(table, self.offset, None)
        keys = self.round_keys(seed)
        upper = [self.low(e.splat(stream, self.lanes)), self.high(e.splat(stream, self.lanes))]
        each = 16 // self.out.dtype.itemsize  # numbers of a block
        blocks = -(-self.out.size // each)
        numbers = ir.Constant(self.kind, [e.i64(i) for i in range(self.lanes)])

        def vector(first: Any) -> None:
            block = b.add(e.splat(b.add(first, start), self.lanes), numbers)
            words = self.philox([self.low(block), self.high(block), *upper], keys)
            found = self.interleaved(words)
            at = b.mul(first, e.i64(each))
            size, width = self.out.size, self.lanes * each
            if size % width == 0:
                e.store_vector(place, at, found, self.out.dtype, width, None)
                return
            with b.if_else(b.icmp_signed("<=", b.add(at, e.i64(width)), e.i64(size))) as (
                inside,
                last,
            ):
                with inside:
                    e.store_vector(place, at, found, self.out.dtype, width, None)
                with last:
                    mask = e.mask_below(b.sub(e.i64(size), at), width)
                    e.store_vector(place, at, found, self.out.dtype, width, mask)

        stop = e.minimum(b.mul(end, e.i64(RANDOM_PART)), e.i64(blocks))
        e.loop(b.mul(begin, e.i64(RANDOM_PART)), stop, self.lanes, vector)
        b.ret_void()
        return function

    def number(self, table: Any, view: View, index: int | None) -> Any:
        step = 0 if index is None else view.strides[0] * index
        at = self.e.i64(view.offset + step)
        return self.e.load_scalar(self.e.base(table, view.buffer), at, np.dtype(np.int64))

    def round_keys(self, seed: Any) -> list[tuple[Any, Any]]:
        """The two words of the key in each round."""
        b, e = self.b, self.e
        words = [b.and_(seed, e.i64(_WORD)), b.lshr(seed, e.i64(32))]
        found = []
        for turn in range(ROUNDS):
            stepped = [
                b.and_(b.add(word, e.i64(step * turn & _WORD)), e.i64(_WORD))
                for word, step in zip(words, WEYL, strict=True)
            ]
            found.append((e.splat(stepped[0], self.lanes), e.splat(stepped[1], self.lanes)))
        return found

    def philox(self, counter: list[Any], keys: list[tuple[Any, Any]]) -> list[Any]:
        b, (one, two) = self.b, (self.constant(each) for each in MULTIPLIERS)
        x, y, z, w = counter
        for first, second in keys:
            high, low = b.mul(x, one), b.mul(z, two)
            x, y, z, w = (
                b.xor(b.xor(self.high(low), y), first),
                self.low(low),
                b.xor(b.xor(self.high(high), w), second),
                self.low(high),
            )
        return [x, y, z, w]

    def interleaved(self, words: list[Any]) -> Any:
        """The numbers of all blocks, block by block, as one vector."""
        b = self.b
        if self.out.dtype.itemsize == 8:
            half = self.constant(32)
            pairs = zip(words[::2], words[1::2], strict=True)
            words = [b.or_(low, b.shl(high, half)) for low, high in pairs]
        else:
            words = [b.trunc(word, ir.VectorType(I32, self.lanes)) for word in words]
        while (
            len(words) > 1
        ):  # pair what is half of all apart: x0 z0 x1 z1, y0 w0 …, then x y z w
            half_way = len(words) // 2
            words = [
                self.alternating(x, y)
                for x, y in zip(words[:half_way], words[half_way:], strict=True)
            ]
        return words[0]

    def alternating(self, x: Any, y: Any) -> Any:
        count = x.type.count
        chosen = [ir.Constant(I32, i // 2 + (count if i % 2 else 0)) for i in range(2 * count)]
        return self.b.shuffle_vector(x, y, ir.Constant(ir.VectorType(I32, 2 * count), chosen))

    def constant(self, number: int) -> Any:
        return ir.Constant(self.kind, [self.e.i64(number)] * self.lanes)

    def low(self, x: Any) -> Any:
        return self.b.and_(x, self.constant(_WORD))

    def high(self, x: Any) -> Any:
        return self.b.lshr(x, self.constant(32))
