"""Parameters: variables that know how their first value is drawn."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from trivium.engine import dtypes
from trivium.engine.aligned import aligned_empty
from trivium.engine.errors import DTypeError, UnboundInputError
from trivium.engine.tensor import Tensor, Variable, variable

from ..errors import RequestError
from ..initializers import Initializer, initializer

__all__ = ["Parameter", "building", "parameter"]

Shape = tuple[int, ...]

# The dtype of the features, while a layer builds its parameters.
_dtype: ContextVar[np.dtype[Any]] = ContextVar(
    "trivium_parameter", default=dtypes.default_float
)


class Parameter(Variable):
    """A variable that is learned, and how its first value is drawn.

    It has no value before one is drawn or assigned. A value drawn by ``initialise`` or given by
    ``assign`` is settled; one drawn only because a model was called is provisional, so that
    looking at a model does not change what a later fit with its own seed starts from.
    """

    __slots__ = ("_initializer", "_pending")

    _initializer: Initializer
    _pending: bool

    @property
    def initializer(self) -> Initializer:
        """How the first value is drawn."""
        return self._initializer

    @property
    def pending(self) -> bool:
        """Whether ``initialise`` would still draw the value."""
        return self._pending

    @property
    def has_value(self) -> bool:
        """Whether a value has been drawn or assigned."""
        return self._storage is not None

    @property
    def storage(self) -> np.ndarray[Any, Any]:
        """The array itself. Raises UnboundInputError before there is one."""
        if self._storage is None:
            raise UnboundInputError(
                f"the parameter {self.name or 'without a name'} of shape {self.shape} has no "
                "value yet: draw the values with model.initialise(seed), call the model on "
                "data, or give one with .assign(value)"
            )
        return self._storage

    @property
    def value(self) -> np.ndarray[Any, Any]:
        """A copy of the present value. Raises UnboundInputError before there is one."""
        return self.storage.copy()

    def assign(self, value: Any) -> None:
        """Replace the value, which is then settled; errors as for every variable."""
        fresh = self._storage is None
        if fresh:
            self._put(_storage=self._room())
        try:
            super().assign(value)
        except BaseException:
            if fresh:
                self._put(_storage=None)
            raise
        self._put(_pending=False)

    def draw(self, key: Any, *, settle: bool = True) -> None:
        """Draw the value from ``key``; with ``settle=False`` it stays provisional."""
        room = self._room() if self._storage is None else self._storage
        try:
            drawn = self._initializer.checked(key, self.shape, self.name)
        except MemoryError as error:
            raise self._too_large() from error
        np.copyto(room, drawn, casting="same_kind")
        self._put(_storage=room, _pending=not settle)

    def duplicate(self, dtype: np.dtype[Any] | None = None) -> Parameter:
        """A new parameter with this one's value, in ``dtype`` if given, pending if this is."""
        made = _make(self.shape, self._initializer, dtype or self.dtype)
        room = None
        if self._storage is not None:
            room = made._room()
            room[...] = self._storage
        made._put(_pending=self._pending, _storage=room, _label=self.name)
        return made

    def _room(self) -> np.ndarray[Any, Any]:
        try:
            return aligned_empty(self.shape, self.dtype)
        except (MemoryError, ValueError) as error:
            raise self._too_large() from error

    def _too_large(self) -> RequestError:
        needed = math.prod(self.shape) * self.dtype.itemsize / 2**30
        return RequestError(
            f"the parameter {self.name or 'without a name'} of shape {self.shape} needs "
            f"{needed:,.1f} GiB, more than there is"
        )

    def _put(self, **fields: Any) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        copied = self.duplicate()
        memo[id(self)] = copied
        return copied


def _make(shape: Shape, how: Initializer, dtype: np.dtype[Any]) -> Parameter:
    # The engine makes the leaf, so that it is distinct from every other; it is a scalar because
    # no memory is wanted before there is a value.
    leaf = variable(dtype.type(0))
    made = object.__new__(Parameter)
    for cls in Variable.__mro__:
        for field in cls.__dict__.get("__slots__", ()):
            if field != "__weakref__":
                object.__setattr__(made, field, getattr(leaf, field))
    made._put(
        shape=shape,
        attributes=leaf.attributes._replace(shape=shape),
        _storage=None,
        _initializer=how,
        _pending=True,
    )
    return made


@contextmanager
def building(dtype: np.dtype[Any]) -> Iterator[None]:
    """Make parameters in ``dtype`` inside the block, unless they ask for another."""
    token = _dtype.set(dtype if dtypes.is_floating(dtype) else dtypes.default_float)
    try:
        yield
    finally:
        _dtype.reset(token)


def parameter(
    shape: int | Sequence[int] = (), init: Any = "glorot_uniform", dtype: Any = None
) -> Parameter:
    """Make a parameter of a model: a value of ``shape`` to be learned.

    ``init``: how the first value is drawn: a name (``"glorot_uniform"``, ``"he_normal"``,
    ``"zeros"``, …), an ``Initializer``, or a number for a constant. ``dtype``: float32 or
    float64; by default that of the features where a layer builds itself, else float64 (a fit
    converts to its own dtype). Raises RequestError for a shape or an initialiser that does not
    exist, DTypeError for a dtype that has no derivatives.
    """
    how = initializer(init)
    sizes = _sizes(shape)
    chosen = _dtype.get() if dtype is None else dtypes.as_dtype(dtype)
    if not dtypes.is_floating(chosen):
        raise DTypeError(
            f"a parameter is learned by derivatives, which {chosen} does not have; "
            "use float32 or float64"
        )
    return _make(sizes, how, chosen)


def _sizes(shape: Any) -> Shape:
    given = shape if isinstance(shape, list | tuple) else (shape,)
    try:
        sizes = tuple(operator.index(size) for size in given)
    except TypeError:
        sizes = (-1,)
    if isinstance(shape, bool | Tensor) or any(size < 0 for size in sizes):
        raise RequestError(
            f"the shape of a parameter is a tuple of sizes ≥ 0, such as (30, 1), not {shape!r}"
        )
    return sizes
