"""What happens around a model's ``__call__``: names for messages, building, first values.

Every class that defines ``__call__`` (or ``net``) has it wrapped, so that a user's own model
needs nothing but attributes and a formula.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.engine.sites import scope
from trivium.engine.tensor import Tensor, tensor

from ..errors import RequestError
from .parameters import Parameter, building
from .walk import STATE, attributes, walk

if TYPE_CHECKING:
    from .model import Model

__all__ = ["State", "is_outermost", "state_of", "unbuild", "without_values", "wrap"]

Shape = tuple[int, ...]


@dataclass
class State:
    """What Trivium knows about one model.

    ``built``: whether ``build`` has run; ``made``: the attributes that it added. ``output``:
    shape of the last result, and how many examples the outermost model was given then.
    ``seed``: of ``initialise``, if it was called.
    """

    built: bool = False
    made: tuple[str, ...] = ()
    output: tuple[Shape, int | None] | None = None
    seed: int | None = None


def state_of(model: Model) -> State:
    """The state of ``model``; made on first use, because ``__init__`` may not call super's."""
    found = model.__dict__.get(STATE)
    if found is None:
        found = model.__dict__[STATE] = State()
    return found


@dataclass
class _Frame:
    """One model that is being called.

    ``path``: from the outermost one. ``count``: how many examples the outermost one was given.
    """

    model: Model
    path: str
    count: int | None
    below: dict[int, str] = field(default_factory=dict)  # id of a layer → path from this model

    def find(self, layer: Model) -> str | None:
        """The path of ``layer`` from this model, or None when it is no part of it."""
        if id(layer) not in self.below:
            # The ids stay valid while the frame lives, because the model holds its parts.
            self.below = {id(v.value): v.first for v in walk(self.model)}
        return self.below.get(id(layer))


_frames: ContextVar[tuple[_Frame, ...]] = ContextVar("trivium_model_calls", default=())
_keep_values: ContextVar[bool] = ContextVar("trivium_keep_values", default=False)


@contextmanager
def without_values() -> Iterator[None]:
    """Build models inside the block without drawing first values."""
    token = _keep_values.set(True)
    try:
        yield
    finally:
        _keep_values.reset(token)


def is_outermost() -> bool:
    """Whether the model that is being called is called by nothing but the user."""
    return len(_frames.get()) < 2


def wrap(function: FunctionType) -> Callable[..., Any]:
    """``function`` of a model class with the above done around it."""

    @functools.wraps(function)
    def call(self: Model, *arguments: Any, **options: Any) -> Any:
        frames = _frames.get()
        if frames and frames[-1].model is self:  # super().__call__(x), or __call__ using net
            return function(self, *arguments, **options)
        return _enter(self, function, arguments, options, frames)

    return call


def _enter(
    model: Model,
    function: FunctionType,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    frames: tuple[_Frame, ...],
) -> Any:
    if arguments:
        arguments = (_as_features(arguments[0]), *arguments[1:])
    features = arguments[0] if arguments else None
    frame, name = _placed(model, features, frames)
    token = _frames.set((*frames, frame))
    try:
        if not frames:
            model.parameters()  # gives every variable the name of its path
        with scope(name):
            _build_once(model, features, frame.path)
            result = function(model, *arguments, **options)
            _check_result(model, function, result)
    finally:
        _frames.reset(token)
    if isinstance(result, Tensor):
        state_of(model).output = (result.shape, frame.count)
    if not frames and not _keep_values.get():
        _draw_missing(model)
    return result


def _placed(model: Model, features: Any, frames: tuple[_Frame, ...]) -> tuple[_Frame, str]:
    """The frame of ``model`` and its name: ``layers.0 (Dense)``; the outermost is ``Mine``."""
    kind = type(model).__name__
    if not frames:
        shape = getattr(features, "shape", ())
        return _Frame(model, "", shape[0] if shape else None), kind
    count = frames[0].count
    for enclosing in reversed(frames):
        below = enclosing.find(model)
        if below is not None:
            path = f"{enclosing.path}.{below}" if enclosing.path else below
            return _Frame(model, path, count), f"{below} ({kind})"
    return _Frame(model, kind, count), kind


def _as_features(value: Any) -> Any:
    """Arrays, tables, lists and numbers as tensors; whatever else a model takes as it is."""
    if isinstance(value, Tensor | str | bytes | dict | tuple) or value is None:
        return value
    if isinstance(value, list):
        return value if _has_tensor(value) else tensor(value, name="x")
    if isinstance(value, bool | int | float | np.ndarray | np.generic):
        return tensor(value, name="x")
    if hasattr(value, "__array__"):
        return tensor(np.asarray(value), name="x")
    return value


def _has_tensor(value: Any) -> bool:
    return isinstance(value, Tensor) or (
        isinstance(value, list | tuple) and any(map(_has_tensor, value))
    )


def _build_once(model: Model, features: Any, path: str) -> None:
    state = state_of(model)
    if state.built:
        return
    before = set(attributes(model))
    dtype = getattr(features, "dtype", None)
    with building(dtype if dtype is not None else np.dtype(np.float64)):
        model.build(getattr(features, "shape", ()))
    state.made = tuple(name for name in attributes(model) if name not in before)
    state.built = True
    for visit in walk(model):
        if isinstance(visit.value, Parameter):
            visit.value.rename(f"{path}.{visit.first}" if path else visit.first)


def unbuild(model: Model) -> bool:
    """Take back what ``build`` made if none of its values is settled; return whether."""
    state = state_of(model)
    for name in state.made:
        value = getattr(model, name, None)
        if not isinstance(value, Parameter) or not value.pending:
            return False
    for name in state.made:
        delattr(model, name)
    state.made, state.built, state.output = (), False, None
    return True


def _check_result(model: Model, function: FunctionType, result: Any) -> None:
    if result is None:
        raise RequestError(
            f"{type(model).__name__}.{function.__name__} returned None; it must return the "
            "model's output, a Tensor (is a `return` missing?)"
        )


def _draw_missing(model: Model) -> None:
    """Draw the values that a built model still lacks: settled after ``initialise(seed)``."""
    seed = state_of(model).seed
    missing = [
        visit for visit in walk(model)
        if isinstance(visit.value, Parameter) and not visit.value.has_value
    ]  # fmt: skip
    if missing:
        model._draw(seed or 0, settle=seed is not None, only_missing=True)
