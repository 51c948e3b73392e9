"""Vectors of residuals as least squares sees them: flat vectors in, residuals and Jacobian out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from trivium.engine.errors import ArgumentError
from trivium.engine.program import Program
from trivium.engine.tensor import Tensor, input, tensor
from trivium.engine.transforms import jacobian, jvp
from trivium.engine.traversal import substitute

from .function_point import EVALUATIONS, Counted, trace

__all__ = ["Residuals"]

Array = np.ndarray[Any, Any]


class Residuals(Counted):
    """A vector of residuals r(x) (m,) and its Jacobian J = ∂r/∂x (m, n), for least squares.

    ``r``: a Python function of Tensors or an expression, as for ``Function``; its result may
    have any shape and is read row by row. Raises DTypeError when it is not floating,
    ArgumentError when it has no elements.
    """

    def __init__(
        self,
        r: Callable[[Any], Any] | Tensor,
        start: Any,
        *,
        backend: str | None = None,
        evaluations: int = EVALUATIONS,
    ) -> None:
        super().__init__()
        self._point, self._expression = trace(r, start)
        if not self._expression.size:
            raise ArgumentError("there are no residuals: the function's result is empty")
        self._backend, self._evaluations = backend, evaluations
        self._programs: dict[str, Program] = {}
        self._directions: list[Tensor] = []
        self.start = self._point.start
        self.epsilon = float(np.finfo(self._expression.dtype).eps)

    @property
    def size(self) -> int:
        """n, the number of unknowns."""
        return self.start.size

    @property
    def length(self) -> int:
        """m, the number of residuals."""
        return self._expression.size

    def arrange(self, x: Array) -> Any:
        """``x`` in the structure of the start."""
        return self._point.arrange(x)

    def residuals(self, x: Array) -> Array:
        """r(x) (m,)."""
        self.count(residuals=1)
        self._point.move(x)
        return np.asarray(self._program("residuals").run(), np.float64).ravel()

    def jacobian(self, x: Array) -> Array:
        """J(x) (m, n): by columns or by rows, whichever are fewer."""
        self.count(jacobians=1)
        self._point.move(x)
        parts = self._program("jacobian").run()
        return np.concatenate(
            [
                np.asarray(part, np.float64).reshape(self.length, leaf.size)
                for part, leaf in zip(parts, self._point.leaves, strict=True)
            ],
            axis=1,
        )

    def second_directional(self, x: Array, v: Array) -> Array:
        """d²r(x + tv)/dt² at t = 0 (m,): how the residuals bend along ``v``."""
        self.count(products=1)
        self._point.move(x)
        bend = self._program("bend").run(*self._point.split(v))
        return np.asarray(bend, np.float64).ravel()

    def _bend(self) -> Tensor:
        leaves = self._point.leaves
        self._directions = [input(each.shape, each.dtype, name="v") for each in leaves]
        one = tensor(1.0, self._expression.dtype)

        def along(t: Tensor) -> Tensor:
            moved: dict[Tensor, Tensor] = {
                leaf: leaf + t.astype(leaf.dtype) * v
                for leaf, v in zip(leaves, self._directions, strict=True)
            }
            return substitute([self._expression], moved)[0]

        def slope(t: Tensor) -> Tensor:
            found: Tensor = jvp(along, (t,), (one,))[1]
            return found

        bend: Tensor = jvp(slope, (tensor(0.0, self._expression.dtype),), (one,))[1]
        return bend

    def _program(self, name: str) -> Program:
        if name not in self._programs:
            outputs: Any = self._expression
            inputs: list[Tensor] = []
            if name == "bend":
                outputs, inputs = self._bend(), self._directions
            if name == "jacobian":
                outputs = jacobian(self._expression, list(self._point.leaves))
            self._programs[name] = Program(
                inputs, outputs, backend=self._backend, steps=self._evaluations
            )
        return self._programs[name]
