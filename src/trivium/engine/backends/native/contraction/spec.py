"""What a product is: shapes, strides, and the same product seen in a simpler form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ....errors import ArgumentError

__all__ = ["Spec"]

Strides = tuple[int, int, int]


@dataclass(frozen=True)
class Spec:
    """out[b, i, j] = Σ_k left[b, i, k] · right[b, k, j], sizes at least 1.

    ``left`` and ``right`` are the strides of (batch, m, k) and (batch, k, n) in elements and may
    be anything, zero and negative too; out is contiguous (batch, m, n). dtype is float32,
    float64, int32 or int64 (integers wrap around). Raises ArgumentError otherwise.
    """

    dtype: np.dtype[Any]
    batch: int
    m: int
    n: int
    k: int
    left: Strides
    right: Strides

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", np.dtype(self.dtype))
        if self.dtype.name not in ("float32", "float64", "int32", "int64"):
            raise ArgumentError(
                f"there is no native product of {self.dtype.name}; cast both operands to "
                "float32, float64, int32 or int64"
            )
        if min(self.batch, self.m, self.n, self.k) < 1:
            raise ArgumentError(
                f"a product {self} with an axis of length 0 has nothing to compute: fill the "
                "output with zeros"
            )

    def __str__(self) -> str:
        batch = f"{self.batch}×" if self.batch > 1 else ""
        return f"{batch}[{self.m}×{self.k} · {self.k}×{self.n}] {self.dtype.name}"

    @property
    def flops(self) -> int:
        """Multiplications and additions."""
        return 2 * self.batch * self.m * self.n * self.k

    @property
    def bytes(self) -> int:
        """What must be read and written at least once."""
        left = _distinct((self.batch, self.m, self.k), self.left)
        right = _distinct((self.batch, self.k, self.n), self.right)
        return (left + right + self.batch * self.m * self.n) * self.dtype.itemsize

    def folded(self) -> Spec:
        """The same numbers with the batch in the rows, where all of it shares one right operand."""
        rows_follow = self.m == 1 or self.left[0] == self.m * self.left[1]
        if self.batch == 1 or self.right[0] != 0 or not rows_follow:
            return self
        step = self.left[0] if self.m == 1 else self.left[1]
        return replace(
            self,
            batch=1,
            m=self.batch * self.m,
            left=(0, step, self.left[2]),
            right=(0, *self.right[1:]),
        )

    def transposed(self) -> Spec:
        """The product whose result is outᵀ: left and right change places."""
        (left_batch, left_m, left_k), (right_batch, right_k, right_n) = self.left, self.right
        return replace(
            self,
            m=self.n,
            n=self.m,
            left=(right_batch, right_n, right_k),
            right=(left_batch, left_k, left_m),
        )

    def tidied(self) -> Spec:
        """The same numbers with a standard stride for axes of length 1, whose stride is unused."""
        (left_batch, left_m, left_k), (right_batch, right_k, right_n) = self.left, self.right
        if self.batch == 1:
            left_batch = right_batch = 0
        if self.m == 1:
            left_m = 0
        if self.n == 1:
            right_n = 1
        if self.k == 1:
            left_k, right_k = 1, 0
        return replace(
            self, left=(left_batch, left_m, left_k), right=(right_batch, right_k, right_n)
        )


def _distinct(shape: Strides, strides: Strides) -> int:
    """Elements of a view that are not repeated by a stride of zero."""
    count = 1
    for size, step in zip(shape, strides):
        count *= size if step else 1
    return count
