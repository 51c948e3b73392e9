"""Vectors of residuals as least squares sees them: flat vectors in, residuals and Jacobian out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.composites import cast
from trivium.engine.dtypes import float64
from trivium.engine.errors import ArgumentError
from trivium.engine.program import Program
from trivium.engine.reverse import gradients
from trivium.engine.tensor import Tensor, input, tensor
from trivium.engine.transforms import jacobian, jvp
from trivium.engine.traversal import substitute, topological

from .function_point import EVALUATIONS, Counted, trace

__all__ = ["Residuals"]

Array = np.ndarray[Any, Any]
# Up to so many columns, and nodes of all of them together, the Jacobian is one expression.
_FEW, _NODES = 32, 2000


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
        self.start = self._point.start
        self._expression = self._point.scatter(self._expression)
        self.epsilon = float(np.finfo(self._expression.dtype).eps)
        self._few = self.size <= min(_FEW, self.length) and (
            self.size * len(topological([self._expression])) <= _NODES
        )
        self._programs: dict[str, Program] = {}

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
        """J(x) (m, n): few columns in one sweep, else by columns or rows, whichever are fewer."""
        self.count(jacobians=1)
        self._point.move(x)
        if self._few:
            return np.asarray(self._program("rows").run()[:-1].T)
        parts = self._program("jacobian").run()
        return np.concatenate(
            [
                np.asarray(part, np.float64).reshape(self.length, leaf.size)
                for part, leaf in zip(parts, self._point.leaves, strict=True)
            ],
            axis=1,
        )

    def gram(self, x: Array) -> tuple[Array, Array, Array | None]:
        """r (m,) and [J, r]ᵀ[J, r] (n + 1, n + 1) at x; and J (m, n) if it was made for them.

        With few columns one program adds the products up, and J never leaves its memory.
        """
        if self._few:
            self.count(residuals=1, jacobians=1)
            self._point.move(x)
            r, products = self._program("gram").run()
            return r, products, None
        found, r = self.jacobian(x), self.residuals(x)
        both = np.concatenate([found, r[:, None]], axis=1)
        return r, both.T @ both, found

    def pulled(self, x: Array, u: Array) -> Array:
        """J(x)ᵀu (n,) for u (m,), by reverse mode and without J."""
        self.count(products=1)
        self._point.move(x)
        program = self._program("pulled")
        return np.asarray(program.run(u.reshape(self._expression.shape)), np.float64)

    def _rows(self) -> Tensor:
        """[J, r]ᵀ (n + 1, m), in float64."""
        parts = [cast(each, float64).reshape((1, self.length)) for each in self._columns()]
        r = cast(self._expression, float64).reshape((1, self.length))
        return array.concat([*parts, r])

    def _columns(self) -> tuple[Tensor, ...]:
        """∂r/∂x_j for every j. What they have in common is computed once, unlike in a loop."""
        columns = []
        for leaf in self._point.leaves:

            def moved(x: Tensor, leaf: Tensor = leaf) -> Tensor:
                return substitute([self._expression], {leaf: x})[0]

            for unit in np.eye(leaf.size, dtype=leaf.dtype):
                direction = tensor(unit.reshape(leaf.shape))
                columns.append(jvp(moved, (leaf,), (direction,))[1])
        return tuple(columns)

    def _program(self, name: str) -> Program:
        if name not in self._programs:
            outputs, inputs = self._outputs(name)
            self._programs[name] = Program(
                inputs, outputs, backend=self._backend, steps=self._evaluations
            )
        return self._programs[name]

    def _outputs(self, name: str) -> tuple[Any, list[Tensor]]:
        """What the program computes, and its inputs."""
        r, leaves = self._expression, list(self._point.leaves)
        if name == "rows":
            return self._rows(), []
        if name == "gram":
            rows = self._rows()
            return (rows[-1], array.matmul(rows, rows.T)), []
        if name == "jacobian":
            return jacobian(r, leaves), []
        if name == "pulled":
            seed = input(r.shape, r.dtype, name="u")
            found = gradients([r], leaves, [seed])
            return array.concat([each.reshape((each.size,)) for each in found]), [seed]
        return r, []
