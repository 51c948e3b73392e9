"""Functions as algorithms see them: flat vectors in, numbers out, every evaluation counted.

A Python function of Tensors, or an expression of Variables, is traced once; value, gradient,
Hessian and Hessian-vector products are programs made when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.composites import cast
from trivium.engine.dtypes import float64
from trivium.engine.errors import ArgumentError, ShapeError
from trivium.engine.program import Program
from trivium.engine.reverse import gradients
from trivium.engine.tensor import Tensor, as_array, input, variable

from .function_point import EVALUATIONS, Counted, flat, trace

__all__ = ["Function"]

Array = np.ndarray[Any, Any]
_PER_HESSIAN = 8  # of the evaluations that are expected, for each Hessian: whether code pays


class Function(Counted):
    """A scalar function of one flat float64 vector x (n,), with derivatives.

    ``f``: a Python function that takes Tensors in the structure of ``start`` (an array, a list
    of numbers, or tuples and dicts of arrays) and returns a scalar Tensor; or an expression,
    and then ``start`` is its tv.variable or several of them, whose present values are the
    start. ``evaluations``: about how many there will be; machine code is made where that pays.

    ``start``: (n,). ``epsilon``: the relative rounding error of one operation in f.

    Values and derivatives that are not finite are returned as they are: what to do about them
    is the algorithm's business. Raises ShapeError when the function is no scalar, DTypeError
    when it is not floating, ArgumentError for what is no function and for an empty start.
    """

    def __init__(
        self,
        f: Callable[[Any], Any] | Tensor,
        start: Any,
        *,
        backend: str | None = None,
        evaluations: int = EVALUATIONS,
    ) -> None:
        super().__init__()
        self._point, self._expression = trace(f, start)
        if self._expression.shape != ():
            raise ShapeError(
                "what is minimized is a scalar, but the function returns shape "
                f"{self._expression.shape}; reduce it, for example with .sum(), or use least "
                "squares for a vector of residuals"
            )
        self._backend, self._evaluations = backend, evaluations
        self._programs: dict[str, Program] = {}
        self._directions: list[Tensor] = []
        self._slopes: list[Tensor] | None = None
        self._place = variable(np.int64(0), name="row")
        self.start = self._point.start
        self.epsilon = float(np.finfo(self._expression.dtype).eps)

    @classmethod
    def from_callables(
        cls,
        start: Any,
        *,
        value: Callable[[Array], float] | None = None,
        value_and_gradient: Callable[[Array], tuple[float, Any]] | None = None,
        hessian: Callable[[Array], Any] | None = None,
        hessian_vector: Callable[[Array, Array], Any] | None = None,
    ) -> Function:
        """A function from plain NumPy code of its own, each callable of a flat x (n,).

        ``start``: (n,). At least one of ``value`` and ``value_and_gradient`` is needed. A
        Hessian that is missing is left to those who need none, products to the Hessian.
        """
        return _Plain(start, value, value_and_gradient, hessian, hessian_vector)

    @property
    def size(self) -> int:
        """n, the number of unknowns."""
        return self.start.size

    @property
    def has_gradient(self) -> bool:
        """Whether there is a gradient."""
        return True

    @property
    def has_hessian(self) -> bool:
        """Whether there is a Hessian as a matrix."""
        return True

    @property
    def has_products(self) -> bool:
        """Whether there are products of the Hessian with vectors."""
        return True

    def arrange(self, x: Array) -> Any:
        """``x`` in the structure of the start."""
        return self._point.arrange(x)

    def value(self, x: Array) -> float:
        """f(x)."""
        self.count(functions=1)
        self._point.move(x)
        return float(self._program("value", lambda: self._expression).run())

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        """f(x) and ∇f(x) (n,), from one program."""
        self.count(functions=1, gradients=1)
        self._point.move(x)
        both = self._program("gradient", lambda: (self._expression, *self._gradients()))
        value, *slopes = both.run()
        return float(value), flat(slopes)

    def hessian(self, x: Array) -> Array:
        """∇²f(x) (n, n), symmetric to the last bit."""
        self.count(hessians=1)
        self._point.move(x)
        program = self._programs.get("hessian") or self._rows()
        self._place.assign(np.int64(0))
        matrix = np.asarray(program.run(steps=self.size))
        return np.asarray((matrix + matrix.T) / 2)

    def hessian_vector(self, x: Array, v: Array) -> Array:
        """∇²f(x) v (n,) without the matrix (Pearlmutter 1994)."""
        self.count(products=1)
        self._point.move(x)
        product = self._program("product", self._product)
        return flat(product.run(*self._point.split(v)))

    def _gradients(self) -> list[Tensor]:
        if self._slopes is None:
            self._slopes = gradients([self._expression], self._point.leaves)
        return self._slopes

    def _rows(self) -> Program:
        """Every step gives one more row of ∇²f, that of ``_place``: its product with a unit."""
        leaves, begins, units = self._point.leaves, 0, []
        for leaf in leaves:
            unit = array.arange(begins, begins + leaf.size) == self._place
            units.append(cast(unit, leaf.dtype).reshape(leaf.shape))
            begins += leaf.size
        parts = gradients(self._gradients(), leaves, units)
        row = array.concat([cast(part, float64).reshape((part.size,)) for part in parts])
        steps = self._evaluations * self.size // _PER_HESSIAN
        moved = {self._place: self._place + 1}
        made = self._programs["hessian"] = Program(
            [], row, moved, backend=self._backend, steps=steps
        )
        return made

    def _product(self) -> tuple[Tensor, ...]:
        leaves = self._point.leaves
        self._directions = [input(each.shape, each.dtype, name="v") for each in leaves]
        return tuple(gradients(self._gradients(), leaves, self._directions))

    def _program(self, name: str, outputs: Callable[[], Any]) -> Program:
        if name not in self._programs:
            made = outputs()
            inputs = self._directions if name == "product" else []
            self._programs[name] = Program(
                inputs, made, backend=self._backend, steps=self._evaluations
            )
        return self._programs[name]


class _Plain(Function):
    """A function whose value and derivatives are plain Python callables."""

    def __init__(
        self,
        start: Any,
        value: Callable[[Array], float] | None,
        value_and_gradient: Callable[[Array], tuple[float, Any]] | None,
        hessian: Callable[[Array], Any] | None,
        hessian_vector: Callable[[Array, Array], Any] | None,
    ) -> None:
        Counted.__init__(self)
        if value is None and value_and_gradient is None:
            raise ArgumentError("a function needs value= or value_and_gradient=")
        given = np.asarray(as_array(start), np.float64)
        if not given.size:
            raise ArgumentError("the start holds no numbers, so there is nothing to vary")
        self._shape = given.shape
        self.start = given.ravel().copy()
        self._value, self._both = value, value_and_gradient
        self._hessian, self._hessian_vector = hessian, hessian_vector
        self.epsilon = float(np.finfo(np.float64).eps)

    @property
    def has_gradient(self) -> bool:
        """Whether value_and_gradient was given."""
        return self._both is not None

    @property
    def has_hessian(self) -> bool:
        """Whether hessian was given."""
        return self._hessian is not None

    @property
    def has_products(self) -> bool:
        """Whether there is a way to products: hessian_vector or hessian."""
        return self._hessian is not None or self._hessian_vector is not None

    def arrange(self, x: Array) -> Array:
        """``x`` in the shape of the start."""
        return x.reshape(self._shape).copy()

    def value(self, x: Array) -> float:
        """f(x)."""
        if self._value is None:
            return self.value_and_gradient(x)[0]
        self.count(functions=1)
        return float(self._value(x.copy()))

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        """f(x) and ∇f(x) (n,)."""
        if self._both is None:
            raise _missing("value_and_gradient")
        self.count(functions=1, gradients=1)
        value, slope = self._both(x.copy())
        return float(value), self._shaped(slope, (self.size,), "gradient")

    def hessian(self, x: Array) -> Array:
        """∇²f(x) (n, n), made symmetric."""
        if self._hessian is None:
            raise _missing("hessian")
        self.count(hessians=1)
        matrix = self._shaped(self._hessian(x.copy()), (self.size, self.size), "Hessian")
        return np.asarray((matrix + matrix.T) / 2)

    def hessian_vector(self, x: Array, v: Array) -> Array:
        """∇²f(x) v (n,)."""
        if self._hessian_vector is None:
            return np.asarray(self.hessian(x) @ v)
        self.count(products=1)
        found = self._hessian_vector(x.copy(), v.copy())
        return self._shaped(found, (self.size,), "Hessian-vector product")

    def _shaped(self, given: Any, shape: tuple[int, ...], what: str) -> Array:
        array = np.array(given, np.float64)
        if array.size != np.prod(shape):
            raise ShapeError(
                f"the {what} has shape {array.shape}, but for {self.size} unknowns it has "
                f"shape {shape}"
            )
        return array.reshape(shape)


def _missing(name: str) -> ArgumentError:
    return ArgumentError(
        f"this algorithm needs {name}=, which Function.from_callables was not given; pass it, "
        "or give the function in Tensors, whose derivatives are known"
    )
