"""The base of every model and layer: parameters as attributes, a formula as ``__call__``."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from types import FunctionType
from typing import Any

from trivium.engine import dtypes
from trivium.engine.tensor import Tensor, Variable
from trivium.engine.traversal import topological

from ..errors import RequestError
from ..specification import Component
from .calls import state_of, without_values, wrap
from .copying import Copier
from .parameters import Parameter
from .walk import walk

__all__ = ["Model", "has_units"]


class Model(Component):
    """A set of functions: a formula with parameters. Layers are models too.

    A model of your own is a subclass with parameters and layers as attributes (also inside
    lists, tuples and dicts) and a formula; nothing else is needed:

        class Mine(tv.Model):
            def __init__(self):
                self.w = tv.parameter((30, 1))
                self.b = tv.variable(0.0)

            def __call__(self, x):
                return (x @ self.w + self.b)[:, 0]

    Shapes: the first argument of ``__call__`` is (N, ...), N examples; the result has one row
    or number per example. Arrays, tables and lists become tensors. Where sizes depend on the
    data, define ``build(input_shape)``: it runs once, before the first call. A model that was
    called without ``initialise`` has provisional values, those of seed 0; ``tv.fit`` draws its
    own.
    """

    #: What the model returns: ``"scores"`` (values or logits) or ``"probability"``.
    output: str = "scores"
    #: Whether the parameters have the features' units, so that standardising changes them.
    has_units: bool = False
    #: How the model is asked for scores instead of probabilities.
    for_scores: str = "output=None"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in ("__call__", "net"):
            function = cls.__dict__.get(name)
            if isinstance(function, FunctionType):
                setattr(cls, name, wrap(function))

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _METHODS:
            raise RequestError(
                f"{type(self).__name__}.{name} cannot be an attribute, because every model has "
                f"a method of that name; call it something else, for example self.my_{name}"
            )
        super().__setattr__(name, value)

    def __call__(self, x: Any) -> Any:
        """The model's output for features ``x``, as an expression."""
        raise RequestError(
            f"{type(self).__name__} has no formula: define __call__(self, x) that returns a "
            "Tensor"
        )

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make the parameters whose sizes depend on the features; runs once, before a call."""

    def named_parts(self) -> Mapping[str, Any]:
        """What the model consists of, by name: its attributes."""
        return self.__dict__

    def parameters(self) -> dict[str, Variable]:
        """The variables that are learned, by attribute path, in the order of the attributes.

        A shared variable appears once, under its first path; every variable is given its path
        as name. Layers that take their sizes from the data have none before the first call.
        Raises RequestError when two variables have one path.
        """
        found: dict[str, Variable] = {}
        for visit in walk(self):
            if not isinstance(visit.value, Variable) or visit.path != visit.first:
                continue
            if visit.path in found:
                raise RequestError(
                    f"two parameters of {type(self).__name__} have the path {visit.path!r}; "
                    "rename one of the attributes or dict keys"
                )
            found[visit.path] = visit.value
            visit.value.rename(visit.path)
        return found

    def sublayers(self) -> dict[str, Model]:
        """The layers below this model by attribute path; a shared one under its first path."""
        return {
            visit.path: visit.value
            for visit in walk(self)
            if isinstance(visit.value, Model) and visit.path == visit.first
        }

    def initialise(self, seed: int) -> None:
        """Draw the value of every parameter that was neither drawn so before nor assigned.

        The i-th parameter in path order is drawn from ``fold_in(key(seed), i)``: it depends on
        the seed, its place and its shape alone, so layers without parameters and whatever comes
        later do not matter. Layers not yet built draw with the same seed when they are. Raises
        RequestError for a seed that is not a whole number from 0 to 2⁶⁴ − 1.
        """
        state_of(self).seed = _whole_seed(seed)
        self._draw(_whole_seed(seed), settle=True)

    def _draw(self, seed: int, *, settle: bool, only_missing: bool = False) -> None:
        from trivium.engine import random

        base = random.key(seed)
        for i, variable in enumerate(self.parameters().values()):
            if not isinstance(variable, Parameter) or not variable.pending:
                continue
            if not (only_missing and variable.has_value):
                variable.draw(random.fold_in(base, i), settle=settle)

    def copy(self, dtype: Any = None) -> Model:
        """A copy with variables of its own; floating ones in ``dtype`` if given.

        What is shared stays shared, what awaits its first value still does. Attributes that are
        neither layers, tensors nor containers of them are shared with the original.
        """
        made: Model = Copier(dtype).copy(self)
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Model:
        return self.copy()

    def refuse(self, algorithm: Any, objective: Any) -> None:
        """Raise RequestError, with the reason, when ``algorithm`` cannot fit this model."""

    def assign(self, values: Mapping[str, Any]) -> None:
        """Give parameters their values by path; errors as for a variable's ``assign``.

        A model whose parameters' sizes the algorithm decides takes those of the values.
        """
        own = self.parameters()
        for path, value in values.items():
            own[path].assign(value)

    def open_layer(self) -> Model | None:
        """The last layer if its size is left open, so that the target decides it; else None.

        A model of your own may leave one open: ``return self.last`` with a ``Dense()``.
        """
        return None

    def resize(self, n_outputs: int | None) -> None:
        """Set the size of a layer that is its own ``open_layer``."""
        raise RequestError(
            f"{type(self).__name__} is an open layer without a method resize(self, n_outputs)"
        )

    def prepare(self, x: Tensor, n_outputs: int | None = None) -> Tensor:
        """Settle all sizes for features ``x`` and check the output; no values are drawn.

        Shapes: ``x`` (N, ...) → (N,) when ``n_outputs`` is None, else (N, n_outputs). Returns
        the output's expression. Raises RequestError when the output has another shape, is not a
        floating tensor, or depends on variables that are no attributes of the model.
        """
        if not x.shape:
            raise RequestError("features have a first axis of examples; x is a scalar")
        layer = self.open_layer()
        if layer is not None:
            layer.resize(n_outputs)
        with without_values():
            made = self(x)
        _check_output(self, made, x, n_outputs)
        _check_parameters(self, made)
        output: Tensor = made
        return output

    def summary(self) -> str:
        """A table of the layers, their outputs' shapes and their numbers of parameters."""
        from .summary import summary

        return summary(self)

    def __str__(self) -> str:
        return self.summary()


def has_units(model: Any) -> bool:
    """Whether a fit leaves the features of ``model`` in their units unless told otherwise."""
    return bool(getattr(model, "has_units", False))


# Attributes of these names would hide what fit calls.
_METHODS = frozenset(
    name
    for name, value in vars(Model).items()
    if isinstance(value, FunctionType) and not name.startswith("__")
) | {"spec", "hyperparameters"}


def _whole_seed(seed: Any) -> int:
    try:
        whole = operator.index(seed)
    except TypeError:
        whole = -1
    if isinstance(seed, bool) or not 0 <= whole < 2**64:
        raise RequestError(f"a seed is a whole number from 0 to 2**64 - 1, not {seed!r}")
    return whole


def _check_output(model: Model, output: Any, x: Tensor, n_outputs: int | None) -> None:
    name = type(model).__name__
    if not isinstance(output, Tensor):
        raise RequestError(
            f"{name} returned {type(output).__name__}; a model returns one Tensor with a row "
            "or a number per example"
        )
    if not dtypes.is_floating(output.dtype):
        raise RequestError(
            f"{name} returned {output.dtype}, which has no derivatives; return the scores "
            "themselves, and leave argmax, rounding and comparison to the prediction"
        )
    count = x.shape[0]
    wanted = (count,) if n_outputs is None else (count, n_outputs)
    if output.shape == wanted:
        return
    each = "one number" if n_outputs is None else f"{n_outputs} numbers"
    raise RequestError(
        f"{name} gives shape {_with_n(output.shape, count)} for features of shape "
        f"{_with_n(x.shape, count)}, but the objective and the target need "
        f"{_with_n(wanted, count)}: {each} per example. To mend it: "
        f"{_output_fix(output.shape, wanted, n_outputs)}"
    )


def _with_n(shape: tuple[int, ...], count: int) -> str:
    shown = ["N" if i == 0 and size == count else str(size) for i, size in enumerate(shape)]
    return f"({', '.join(shown)}{',' if len(shown) == 1 else ''})"


def _output_fix(shape: tuple[int, ...], wanted: tuple[int, ...], n_outputs: int | None) -> str:
    if shape == (*wanted, 1):
        return "drop the last axis with [:, 0], or leave the size of the last layer open (None)"
    if not shape or shape[0] != wanted[0]:
        return "keep the first axis, that of the examples; reduce over the other axes only"
    if n_outputs is not None:
        return f"give the last layer {n_outputs} outputs, or leave its size open (None)"
    return "leave the size of the last layer open (None), or choose an objective for several"


def _check_parameters(model: Model, output: Tensor) -> None:
    known = {id(each) for each in model.parameters().values()}
    for variable in model.parameters().values():
        if not dtypes.is_floating(variable.dtype):
            raise RequestError(
                f"the parameter {variable.name} is {variable.dtype} and cannot be learned by "
                "derivatives; write tv.variable(0.0) instead of tv.variable(0), or tv.tensor "
                "for a constant"
            )
    # What stands behind stop_gradient is not learned on purpose.
    reached = topological([output], lambda node: node.primitive.name != "stop_gradient")
    for node in reached:
        if isinstance(node, Variable) and id(node) not in known:
            where = f", made at {node.site}" if node.site else ""
            raise RequestError(
                f"{type(model).__name__} uses the variable {node.name or 'without a name'} of "
                f"shape {node.shape}{where}, which is no attribute of the model, so it would "
                "never be learned. Make layers and parameters in __init__ and keep them as "
                "attributes (self.w = ...); for a fixed value use tv.tensor or "
                "tv.stop_gradient"
            )
