"""Rewrites that make an expression's curvature visible: what was put in for rounding's sake goes.

The engine shifts exponents (logsumexp) and scales lengths (norms) so that nothing overflows.
The shift and the scale cancel in exact arithmetic, and only there is curvature defined. Each
rule is an identity of real numbers; none is for computing.
"""

from __future__ import annotations

from collections.abc import Sequence

from trivium.engine.passes.pipeline import improve
from trivium.engine.passes.rewrite import Rule, filled_with, rewrite, unwrap
from trivium.engine.primitives import arithmetic, exponential, movement, reductions
from trivium.engine.tensor import Tensor

__all__ = ["simplify"]


def simplify(outputs: Sequence[Tensor]) -> list[Tensor]:
    """``outputs`` in stable form, then without shifts and scales that cancel."""
    return rewrite(improve(list(outputs)), RULES)


def _is(x: Tensor, name: str) -> bool:
    return x.primitive.name == name


def _total(x: Tensor) -> Tensor | None:
    """The sum below labels and reshapes, when it is one of exponentials over something."""
    inner = unwrap(x, "reshape", "label")
    if not _is(inner, "sum") or not _is(unwrap(inner.inputs[0], "label"), "exp"):
        return None
    shape = inner.inputs[0].shape
    return None if any(shape[axis] == 0 for axis in inner.attributes.axes) else inner


def _shift_of(z: Tensor, axes: tuple[int, ...]) -> tuple[Tensor, Tensor] | None:
    """u and r of z = u - r with r repeated along ``axes``."""
    if not _is(z, "subtract"):
        return None
    shift = unwrap(z.inputs[1], "label")
    source = shift.inputs[0] if _is(shift, "broadcast") else shift
    lead = z.ndim - source.ndim
    if any(axis >= lead and source.shape[axis - lead] != 1 for axis in axes):
        return None
    return z.inputs[0], source


def _unshift(node: Tensor) -> Tensor | None:
    """ln Σ e^{u−r} = ln Σ eᵘ − r where r does not change along the sum."""
    inner = _total(node.inputs[0])
    if inner is None:
        return None
    power, axes = unwrap(inner.inputs[0], "label"), inner.attributes.axes
    found = _shift_of(power.inputs[0], axes)
    if found is None:
        return None
    u, shift = found
    total = _reshaped(reductions.sum_(exponential.exp(u), axes=axes), node.shape)
    if shift.size != node.size:  # repeated along kept axes too
        kept = tuple(1 if axis in axes else size for axis, size in enumerate(u.shape))
        shift = movement.broadcast(shift, shape=kept)
    return arithmetic.subtract(exponential.log(total), _reshaped(shift, node.shape))


def _reshaped(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    return x if x.shape == shape else movement.reshape(x, shape=shape)


def _cancel_in_difference(node: Tensor) -> Tensor | None:
    """(a − b) − (c − b) = a − c."""
    x, y = node.inputs
    if _is(x, "subtract") and _is(y, "subtract") and x.inputs[1] is y.inputs[1]:
        return arithmetic.subtract(x.inputs[0], y.inputs[0])
    return None


def _cancel_in_sum(node: Tensor) -> Tensor | None:
    """(a − b) + b = a."""
    for x, y in (node.inputs, node.inputs[::-1]):
        if _is(x, "subtract") and x.inputs[1] is y:
            return x.inputs[0]
    return None


def _move_difference(node: Tensor) -> Tensor | None:
    """A movement of a − b is the difference of the movements; only where a logarithm's shift
    is on its way out."""
    inner = node.inputs[0]
    if not _is(inner, "subtract") or not _is(unwrap(inner.inputs[0], "reshape"), "log"):
        return None
    options = node.attributes._asdict()
    first, second = (node.primitive(each, **options) for each in inner.inputs)
    return arithmetic.subtract(first, second)


def _drop_movement(node: Tensor) -> Tensor | None:
    """A reshape or broadcast to the shape that is there; two in a row are one."""
    source = node.inputs[0]
    if source.shape == node.shape:
        return source
    if source.primitive is node.primitive:
        return node.primitive(source.inputs[0], shape=node.shape)
    return None


def _restored(node: Tensor) -> Tensor | None:
    """broadcast(reshape(r)) = broadcast(r) when the reshape put axes of size 1 in front."""
    inner = node.inputs[0]
    if _is(inner, "reshape"):
        source = inner.inputs[0]
        lead = inner.ndim - source.ndim
        if lead >= 0 and inner.shape == (1,) * lead + source.shape:
            return movement.broadcast(source, shape=node.shape)
    return None


def _never_zero(node: Tensor) -> Tensor | None:
    """Σ eᶻ is not 0, and √x is its own safe form: √0 = 0."""
    condition, x, y = node.inputs
    if not _is(condition, "equal") or not filled_with(condition.inputs[1], 0):
        return None
    tested = condition.inputs[0]
    if _total(tested) is not None:
        return y
    if filled_with(x, 0) and _is(y, "sqrt") and y.inputs[0] is tested:
        return y
    return None


def _safe_root(node: Tensor) -> Tensor | None:
    """where(x = 0, 0, √where(x = 0, 1, x)) = √x."""
    condition, zero, root = node.inputs
    if not (_is(condition, "equal") and filled_with(condition.inputs[1], 0)):
        return None
    if not (filled_with(zero, 0) and _is(root, "sqrt") and _is(root.inputs[0], "where")):
        return None
    inner, tested = root.inputs[0], condition.inputs[0]
    if inner.inputs[0] is condition and filled_with(inner.inputs[1], 1):
        if inner.inputs[2] is tested:
            return arithmetic.sqrt(tested)
    return None


def _unscale(node: Tensor) -> Tensor | None:
    """s √Σ (x/s)² = √Σ x² for the scale s > 0 of a length."""
    for root, scale in (node.inputs, node.inputs[::-1]):
        root = unwrap(root, "label")
        if not _is(root, "sqrt") or not _is_scale(unwrap(scale, "broadcast", "reshape")):
            continue
        total = unwrap(root.inputs[0], "reshape", "label")
        if not _is(total, "sum") or not _is(total.inputs[0], "square"):
            continue
        quotient = total.inputs[0].inputs[0]
        if not _is(quotient, "divide"):
            continue
        x, divisor = quotient.inputs
        source = divisor.inputs[0] if _is(divisor, "broadcast") else divisor
        kept = tuple(
            1 if axis in total.attributes.axes else size for axis, size in enumerate(x.shape)
        )
        if source.shape != kept or unwrap(scale, "reshape") is not unwrap(source, "reshape"):
            continue
        plain = reductions.sum_(arithmetic.square(x), axes=total.attributes.axes)
        return arithmetic.sqrt(movement.reshape(plain, shape=node.shape))
    return None


def _is_scale(x: Tensor) -> bool:
    """Whether ``x`` is what lengths are divided by: a size where it is positive, else 1."""
    if not _is(x, "stop_gradient") or not _is(x.inputs[0], "where"):
        return False
    condition, size, one = x.inputs[0].inputs
    if not filled_with(one, 1) or not _is(condition, "logical_and"):
        return False
    test = condition.inputs[0]
    return _is(test, "greater") and test.inputs[0] is size and filled_with(test.inputs[1], 0)


RULES: dict[str, tuple[Rule, ...]] = {
    "log": (_unshift,),
    "subtract": (_cancel_in_difference,),
    "add": (_cancel_in_sum,),
    "reshape": (_drop_movement, _move_difference),
    "broadcast": (_drop_movement, _restored, _move_difference),
    "where": (_never_zero, _safe_root),
    "multiply": (_unscale,),
}
