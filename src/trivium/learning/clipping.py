"""Gradient clipping: bounds on the step that one bad batch can cause."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from numbers import Real
from typing import Any

from trivium.engine import array, dtypes
from trivium.engine.composites import cast
from trivium.engine.tensor import Tensor

from .errors import RequestError
from .options import positive
from .specification import Component, component

__all__ = ["Clip", "ClipByNorm", "ClipByValue", "as_clip", "global_norm"]


class Clip(Component):
    """A map from the gradients of all parameters to bounded ones.

    A NaN in a gradient is still one afterwards: clipping does not hide that a fit went wrong.
    """

    def __call__(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        """The clipped gradients; shapes and dtypes stay."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Clip) and self.spec() == other.spec()

    def __hash__(self) -> int:
        return hash(repr(self))


@component()
class ClipByNorm(Clip):
    """Shorten the whole gradient to a norm of at most ``max_norm``; its direction stays.

    With g all gradients as one vector and c = max_norm: g ← g · min(1, c / ‖g‖₂). Raises
    RequestError unless c > 0.

    Source: Pascanu, Mikolov & Bengio (2013), "On the difficulty of training recurrent neural
    networks", Algorithm 1.
    """

    def __init__(self, max_norm: float) -> None:
        self.max_norm = positive("ClipByNorm", "max_norm", max_norm)

    def __call__(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        """g · c / max(‖g‖, c) for each parameter's part."""
        norm = global_norm(gradients)
        factor = self.max_norm / array.maximum(norm, self.max_norm)
        return [gradient * cast(factor, gradient.dtype) for gradient in gradients]


@component()
class ClipByValue(Clip):
    """Limit each element of the gradient to [-limit, limit]; the direction may change.

    Raises RequestError unless limit > 0. Source: Mikolov (2012), *Statistical Language Models
    Based on Neural Networks*.
    """

    def __init__(self, limit: float) -> None:
        self.limit = positive("ClipByValue", "limit", limit)

    def __call__(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        """min(max(g, -limit), limit), element by element."""
        return [array.clip(gradient, -self.limit, self.limit) for gradient in gradients]


def global_norm(gradients: Sequence[Tensor]) -> Tensor:
    """‖g‖₂ of all gradients as one vector: a float64 scalar, without overflow on the way."""
    norms = [cast(array.norm(each), dtypes.float64) for each in gradients]
    return array.norm(array.stack(norms)) if len(norms) > 1 else reduce(array.add, norms)


def as_clip(owner: str, clip: Any) -> Clip | None:
    """``clip`` as a Clip: itself, None, or ClipByNorm for a number.

    Raises RequestError for anything else.
    """
    if clip is None or isinstance(clip, Clip):
        return clip
    if isinstance(clip, Real):
        return ClipByNorm(positive(owner, "clip", clip))
    raise RequestError(
        f"{owner}: clip must be None, a number (the largest norm of the gradient), "
        f"ClipByNorm(…) or ClipByValue(…), got {clip!r}"
    )
