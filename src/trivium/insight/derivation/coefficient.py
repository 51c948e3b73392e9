"""Scalar coefficients of tensors: a number times powers of scalar expressions, as in 2/n."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from operator import mul
from typing import Any

import numpy as np

from trivium.engine.composites import broadcast_to
from trivium.engine.primitives import arithmetic
from trivium.engine.tensor import Tensor, literal

__all__ = ["ONE", "Coefficient", "Scaled"]

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Coefficient:
    """number · Π atomᵖ; ``atoms``: id of a scalar expression → (the expression, its power)."""

    number: float = 1.0
    atoms: dict[int, tuple[Tensor, int]] = field(default_factory=dict)

    def __mul__(self, other: Coefficient) -> Coefficient:
        return self._combined(other, 1)

    def __truediv__(self, other: Coefficient) -> Coefficient:
        return self._combined(other, -1)

    def __neg__(self) -> Coefficient:
        return Coefficient(-self.number, self.atoms)

    def _combined(self, other: Coefficient, sign: int) -> Coefficient:
        atoms = dict(self.atoms)
        for key, (atom, power) in other.atoms.items():
            total = atoms.get(key, (atom, 0))[1] + sign * power
            if total:
                atoms[key] = (atom, total)
            else:
                atoms.pop(key, None)
        number = self.number * other.number if sign > 0 else self.number / other.number
        return Coefficient(number, atoms)

    @property
    def powers(self) -> dict[int, int]:
        """The powers by the atoms' ids: two coefficients with equal ones differ by a number."""
        return {key: power for key, (_, power) in self.atoms.items()}

    @property
    def is_one(self) -> bool:
        """Whether this is the number 1."""
        return self.number == 1 and not self.atoms

    def without_sign(self) -> Coefficient:
        """The same with a positive number."""
        return Coefficient(abs(self.number), self.atoms)

    def scalar(self, dtype: np.dtype[Any]) -> Tensor:
        """The coefficient as a scalar expression."""
        above = _product([(atom, p) for atom, p in self.atoms.values() if p > 0])
        below = _product([(atom, -p) for atom, p in self.atoms.values() if p < 0])
        number = literal(self.number, dtype)
        if above is None:
            top = number
        else:
            top = above if self.number == 1 else arithmetic.multiply(number, above)
        return top if below is None else arithmetic.divide(top, below)


def _product(factors: list[tuple[Tensor, int]]) -> Tensor | None:
    powers = [reduce(mul, [atom] * power) for atom, power in factors]
    return reduce(mul, powers) if powers else None


ONE = Coefficient()


@dataclass(frozen=True, eq=False)
class Scaled:
    """``coefficient`` · ``base``; the base None stands for an array of ones."""

    coefficient: Coefficient
    base: Tensor | None

    @property
    def is_zero(self) -> bool:
        """Whether the value is zero whatever the base is."""
        return self.coefficient.number == 0

    def times(self, coefficient: Coefficient) -> Scaled:
        """This value times ``coefficient``."""
        return Scaled(self.coefficient * coefficient, self.base)

    def tensor(self, shape: Shape, dtype: np.dtype[Any]) -> Tensor:
        """The expression: the sign in front, then the coefficient, then the base."""
        if self.base is None or self.is_zero:
            value = self.coefficient if not self.is_zero else Coefficient(0.0)
            return broadcast_to(value.scalar(dtype), shape)
        size = self.coefficient.without_sign()
        result = self.base
        if not size.is_one:
            factor = broadcast_to(size.scalar(dtype), shape)
            result = arithmetic.multiply(factor, result)
        return arithmetic.negative(result) if self.coefficient.number < 0 else result
