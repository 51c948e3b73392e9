"""The one node type of every expression: an immutable, hash-consed Tensor.

Structurally equal nodes are one object, so a shared subexpression is shared for free. Leaves
that a user makes (``tensor``, ``input``, ``variable``) are distinct objects even when their
values are equal: a derivative with respect to one must not see the other. Literals inside
expressions (``x * 2``) are interned.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import dtypes
from .aligned import aligned_empty
from .errors import ArgumentError, DTypeError, ShapeError
from .interning import Interned
from .sites import current_origin

if TYPE_CHECKING:
    from .primitive import Primitive
    from .typed import Operators
else:
    Operators = object

__all__ = [
    "Constant",
    "InputName",
    "Part",
    "Tensor",
    "Variable",
    "VariableName",
    "constant",
    "input",
    "literal",
    "node",
    "tensor",
    "variable",
]

Shape = tuple[int, ...]
_counter = itertools.count()
_shape_of, _dtype_of = attrgetter("shape"), attrgetter("dtype")
_TABLE: Interned[Tensor] = Interned()


class Part(NamedTuple):
    """Shape and dtype of one result of a primitive that has several."""

    shape: Shape
    dtype: np.dtype[Any]


class Constant:
    """The value of a constant leaf: a read-only array, equal to those of the same token."""

    __slots__ = ("array", "name", "token")

    def __init__(
        self, array: np.ndarray[Any, Any], token: Any, name: str | None = None
    ) -> None:
        self.array = array
        self.token = token
        self.name = name

    def __hash__(self) -> int:
        return hash(self.token)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self.token == other.token


class InputName(NamedTuple):
    """Attributes of an input leaf: its name and what makes it distinct."""

    name: str
    shape: Shape
    dtype: np.dtype[Any]
    token: int


class VariableName(NamedTuple):
    """Attributes of a variable leaf: what makes it distinct."""

    shape: Shape
    dtype: np.dtype[Any]
    token: int


class _Fields(Operators):
    """What a tensor consists of, while it is made; becoming a Tensor makes it immutable.

    Setting attributes of an object that already refuses it would cost three times as much, and
    this is where the time to build an expression goes.
    """

    __slots__ = (
        "__weakref__",
        "attributes",
        "dtype",
        "inputs",
        "parts",
        "primitive",
        "scope",
        "shape",
        "site",
    )

    def __init__(
        self,
        primitive: Primitive,
        inputs: tuple[Tensor, ...],
        attributes: Any,
        shape: Shape,
        dtype: Any,
        parts: tuple[Part, ...] | None = None,
    ) -> None:
        self.primitive = primitive
        self.inputs = inputs
        self.attributes = attributes
        self.shape = shape
        self.dtype: np.dtype[Any] = dtype  # None for several results
        self.parts = parts
        # Two frames up is whoever called node, literal or input: the user or this package.
        self.site, self.scope = current_origin(2)


class Tensor(_Fields):
    """A value described by an expression: a primitive, its inputs, its attributes.

    ``shape``: tuple of sizes, known when the node is made. ``dtype``: one of the five dtypes.
    ``value``: the NumPy array that the expression stands for. Operators, indexing and methods
    work as in NumPy and build further expressions; nothing is computed until a value is asked.
    """

    __slots__ = ()

    def __init__(self) -> None:
        raise TypeError("make tensors with tv.tensor(data), not with the class itself")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"tensors are immutable: {name!r} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"tensors are immutable: {name!r} cannot be deleted")

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def name(self) -> str | None:
        """The label, input, variable or constant name of this node, if it has one."""
        attributes = self.attributes
        return getattr(attributes, "name", None)

    @property
    def value(self) -> np.ndarray[Any, Any]:
        """The NumPy array that this expression stands for, with the variables' present values.

        Raises UnboundInputError when the expression contains inputs.
        """
        from .evaluate import value_of

        return value_of(self)

    def __copy__(self) -> Tensor:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return self

    def __reduce__(self) -> Any:
        raise TypeError("tensors are not pickled; save their values, or a fit with fit.save")

    __hash__ = object.__hash__


class Variable(Tensor):
    """A named leaf whose value can be replaced: a parameter or a piece of optimiser state."""

    __slots__ = ("_label", "_storage")

    _label: str | None
    _storage: np.ndarray[Any, Any]

    @property
    def name(self) -> str | None:
        """The variable's name, if it has been given one."""
        return self._label

    def rename(self, name: str) -> None:
        """Give the variable the name by which messages and files call it."""
        object.__setattr__(self, "_label", name)

    @property
    def value(self) -> np.ndarray[Any, Any]:
        """A copy of the present value."""
        return self._storage.copy()

    @property
    def storage(self) -> np.ndarray[Any, Any]:
        """The array itself, shared with the programs that update it in place."""
        return self._storage

    def assign(self, value: Any) -> None:
        """Replace the value; shape must be equal and the dtype castable within its kind.

        Raises ShapeError or DTypeError otherwise; the old value then stays.
        """
        given = np.asarray(value.value if isinstance(value, Tensor) else value)
        if given.shape != self.shape:
            raise ShapeError(
                f"the variable {self.name or 'without a name'} has shape {self.shape}; "
                f"a value of shape {given.shape} cannot be assigned to it"
            )
        if not np.can_cast(given.dtype, self.dtype, casting="same_kind"):
            raise DTypeError(
                f"the variable {self.name or 'without a name'} has dtype {self.dtype}; "
                f"a value of dtype {given.dtype} would lose information"
            )
        np.copyto(self._storage, given, casting="same_kind")

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        copied = variable(self._storage, name=self._label)
        memo[id(self)] = copied
        return copied


def _frozen(fields: _Fields) -> Tensor:
    fields.__class__ = Tensor
    return fields  # type: ignore[return-value]


def node(primitive: Primitive, inputs: Sequence[Tensor], attributes: Any) -> Tensor:
    """Return the node that applies ``primitive`` to ``inputs``, made anew or shared.

    Raises ShapeError or DTypeError when the primitive's rules refuse the inputs.
    """
    inputs = tuple(inputs)
    key = (primitive.name, attributes, *map(id, inputs))
    found = _TABLE.get(key)
    if found is not None:
        return found
    shape = primitive.shape(attributes, *map(_shape_of, inputs))
    dtype = primitive.dtype(attributes, *map(_dtype_of, inputs))
    if primitive.parts:
        parts = tuple(Part(s, d) for s, d in zip(shape, dtype, strict=True))
        return _TABLE.add(key, _frozen(_Fields(primitive, inputs, attributes, (), None, parts)))
    return _TABLE.add(key, _frozen(_Fields(primitive, inputs, attributes, shape, dtype)))


def constant(array: np.ndarray[Any, Any], token: Any, name: str | None = None) -> Tensor:
    """Return the constant leaf for a read-only ``array``; equal tokens are one leaf."""
    from .primitives.leaves import CONSTANT

    attributes = Constant(array, token, name)
    key = ("constant", attributes)
    found = _TABLE.get(key)
    if found is not None:
        return found
    return _TABLE.add(key, _frozen(_Fields(CONSTANT, (), attributes, array.shape, array.dtype)))


def literal(value: Any, dtype: np.dtype[Any]) -> Tensor:
    """Return the interned scalar constant ``value`` of ``dtype``."""
    array = np.asarray(value, dtype=dtype)
    array.setflags(write=False)
    return constant(array, ("literal", dtype.str, array.shape, array.tobytes()))


def tensor(data: Any, dtype: Any = None, *, name: str | None = None) -> Tensor:
    """Make a constant from numbers, nested lists or an array (a copy is taken).

    Shapes: that of ``data``. Python floats become float64, integers int64, as in NumPy.
    Each call makes a leaf of its own, so derivatives with respect to it are unambiguous.
    Raises DTypeError for data that are not numbers, ShapeError for ragged lists.
    """
    if isinstance(data, Tensor):
        from . import composites

        result = data if dtype is None else composites.cast(data, dtypes.as_dtype(dtype))
        return result if name is None else composites.label(result, name)
    array = as_array(data)
    if dtype is not None:
        array = array.astype(dtypes.as_dtype(dtype))
    array = np.array(array, order="C")
    array.setflags(write=False)
    return constant(array, next(_counter), name)


def as_array(data: Any) -> np.ndarray[Any, Any]:
    """Return ``data`` as an array of one of the five dtypes; lists may contain tensors."""
    if isinstance(data, list | tuple):
        data = _evaluated(data)
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ShapeError(
            "the data cannot form a rectangular array: every row must have the same length"
        ) from error
    if array.dtype.kind == "O" and array.size:
        foreign = [each for each in array.flat if not isinstance(each, int | float)]
        raise DTypeError(
            f"the data hold Python objects such as {foreign[0]!r}, not numbers"
            if foreign
            else "the data are an array of dtype object; convert it, for example with "
            "array.astype('float64')"
        )
    return dtypes.storable(array)


def _evaluated(data: Any) -> Any:
    if isinstance(data, Tensor):
        return data.value
    if isinstance(data, list | tuple):
        return [_evaluated(each) for each in data]
    return data


def input(
    shape: Sequence[int] | int = (), dtype: Any = dtypes.default_float, *, name: str = "input"
) -> Tensor:
    """Make a leaf whose value is given when a program runs.

    Shapes: ``shape`` is fixed. Raises ShapeError for negative sizes, DTypeError for the dtype.
    """
    from .primitives.leaves import INPUT

    sizes = (shape,) if isinstance(shape, int) else tuple(int(size) for size in shape)
    if any(size < 0 for size in sizes):
        raise ShapeError(f"the input {name} has a negative size in shape {sizes}")
    attributes = InputName(name, sizes, dtypes.as_dtype(dtype), next(_counter))
    return _frozen(_Fields(INPUT, (), attributes, sizes, attributes.dtype))


def _usable(array: np.ndarray[Any, Any], data: Any, kind: np.dtype[Any]) -> Any:
    """The array, if a variable can be the very ``data`` that it was made of."""
    same = isinstance(data, np.ndarray) and np.may_share_memory(array, data)
    flags = array.flags
    if (
        array.dtype == kind
        and flags.c_contiguous
        and flags.aligned
        and (same or not array.size)
    ):
        return array
    raise ArgumentError(
        f"copy=False needs an array of {kind} in row-major order without gaps; this is "
        f"{type(data).__name__}, {array.dtype} of shape {array.shape} with strides "
        f"{array.strides}. Leave copy=False out, or pass numpy.ascontiguousarray(data, "
        f"{kind.name!r})"
    )


def variable(
    data: Any, dtype: Any = None, *, name: str | None = None, copy: bool = True
) -> Variable:
    """Make a named leaf whose value can be replaced: a parameter or optimiser state.

    Shapes: that of ``data``, fixed from then on. ``copy=False``: the variable is the array
    ``data`` itself, which may lie in a memory-mapped file. Errors as for ``tensor``;
    ArgumentError for an array that cannot be used without a copy.
    """
    from .primitives.leaves import VARIABLE

    array = as_array(data.value if isinstance(data, Tensor) else data)
    kind = array.dtype if dtype is None else dtypes.as_dtype(dtype)
    if copy:
        storage = aligned_empty(array.shape, kind)
        np.copyto(storage, array, casting="unsafe")  # as NumPy's own conversion to a dtype
    else:
        storage = _usable(array, data, kind)
    attributes = VariableName(array.shape, kind, next(_counter))
    fields = _Fields(VARIABLE, (), attributes, array.shape, kind)
    made = object.__new__(Variable)
    for field in _Fields.__slots__:
        if field != "__weakref__":
            object.__setattr__(made, field, getattr(fields, field))
    object.__setattr__(made, "_label", name)
    object.__setattr__(made, "_storage", storage)
    return made
