"""Equal expressions that do not overflow, underflow or cancel.

Runs on what the user wrote before it is differentiated, so the derivative is that of the stable
form. Each rule states its identity.
"""

from __future__ import annotations

from ..composites import where
from ..primitives import arithmetic, comparison, exponential, reductions, structure
from ..primitives.reductions import restore
from ..tensor import Tensor
from .rewrite import Counts, Rule, filled_with, rewrite, unwrap

__all__ = ["stabilize"]


def stabilize(outputs: list[Tensor], counts: Counts | None = None) -> list[Tensor]:
    """``outputs`` with unstable patterns replaced by stable equals."""
    return rewrite(outputs, RULES, counts)


def _is(x: Tensor, name: str) -> bool:
    return x.primitive.name == name


def _log_of_exp(node: Tensor) -> Tensor | None:
    """ln eᶻ = z."""
    inner = node.inputs[0]
    return inner.inputs[0] if _is(inner, "exp") else None


def _log_of_quotient(node: Tensor) -> Tensor | None:
    """ln(eᶻ / s) = z − ln s: the logarithm of a softmax."""
    inner = node.inputs[0]
    if not _is(inner, "divide"):
        return None
    top, bottom = inner.inputs
    z = unwrap(top, "label")
    if not _is(z, "exp"):
        return None
    outer = unwrap(bottom, "broadcast", "reshape", "label")
    if not _is(outer, "sum"):
        return None
    return arithmetic.subtract(z.inputs[0], _log_inside(bottom))


def _log_inside(x: Tensor) -> Tensor:
    """ln of a movement of s, taken before the movement (ln commutes with it)."""
    if x.primitive.name in ("broadcast", "reshape", "label"):
        return x.primitive(_log_inside(x.inputs[0]), **x.attributes._asdict())
    return exponential.log(x)


def _log_sum_exp(node: Tensor) -> Tensor | None:
    """ln Σ eᶻ = m + ln Σ e^{z−m} with m = max z."""
    total = node.inputs[0]
    if not _is(total, "sum") or not _is(total.inputs[0], "exp"):
        return None
    z, axes = total.inputs[0].inputs[0], total.attributes.axes
    if any(z.shape[axis] == 0 for axis in axes) or _is_shifted(z, axes):
        return None
    top = structure.stop_gradient(reductions.max_(z, axes=axes))
    m = where(comparison.isfinite(top), top, 0.0)
    shifted = arithmetic.subtract(z, restore(m, axes, z.shape))
    return arithmetic.add(
        exponential.log(reductions.sum_(exponential.exp(shifted), axes=axes)), m
    )


def _is_shifted(z: Tensor, axes: tuple[int, ...]) -> bool:
    if not _is(z, "subtract"):
        return False
    shift = unwrap(z.inputs[1], "broadcast", "reshape", "stop_gradient", "label")
    if _is(shift, "where"):
        shift = shift.inputs[1]
    shift = unwrap(shift, "broadcast", "reshape", "stop_gradient", "label")
    return _is(shift, "max") and shift.attributes.axes == axes


def _log_of_sigmoid(node: Tensor) -> Tensor | None:
    """ln σ(z) = −softplus(−z)."""
    inner = node.inputs[0]
    if not _is(inner, "sigmoid"):
        return None
    return -exponential.softplus(-inner.inputs[0])


def _log_of_one_plus(node: Tensor) -> Tensor | None:
    """ln(1 + x) = log1p(x), ln(1 − x) = log1p(−x)."""
    inner = node.inputs[0]
    if _is(inner, "add"):
        for one, x in (inner.inputs, inner.inputs[::-1]):
            if filled_with(one, 1):
                return exponential.log1p(x)
    if _is(inner, "subtract") and filled_with(inner.inputs[0], 1):
        return exponential.log1p(-inner.inputs[1])
    return None


def _log1p_of_exp(node: Tensor) -> Tensor | None:
    """log1p(eᶻ) = softplus(z)."""
    inner = node.inputs[0]
    return exponential.softplus(inner.inputs[0]) if _is(inner, "exp") else None


def _log1p_of_negative_sigmoid(node: Tensor) -> Tensor | None:
    """ln(1 − σ(z)) = −softplus(z)."""
    inner = node.inputs[0]
    if _is(inner, "negative") and _is(inner.inputs[0], "sigmoid"):
        return -exponential.softplus(inner.inputs[0].inputs[0])
    return None


def _exp_minus_one(node: Tensor) -> Tensor | None:
    """eᶻ − 1 = expm1(z), 1 − σ(z) = σ(−z), 1 − eᶻ = −expm1(z)."""
    x, y = node.inputs
    if _is(x, "exp") and filled_with(y, 1):
        return exponential.expm1(x.inputs[0])
    if filled_with(x, 1) and _is(y, "sigmoid"):
        return exponential.sigmoid(-y.inputs[0])
    if filled_with(x, 1) and _is(y, "exp"):
        return -exponential.expm1(y.inputs[0])
    return None


def _logistic_quotient(node: Tensor) -> Tensor | None:
    """1 / (1 + e^{−z}) = σ(z)."""
    top, bottom = node.inputs
    if not filled_with(top, 1) or not _is(bottom, "add"):
        return None
    for one, x in (bottom.inputs, bottom.inputs[::-1]):
        if filled_with(one, 1) and _is(x, "exp"):
            return exponential.sigmoid(-x.inputs[0])
    return None


RULES: dict[str, tuple[Rule, ...]] = {
    "log": (
        _log_of_exp,
        _log_of_quotient,
        _log_sum_exp,
        _log_of_sigmoid,
        _log_of_one_plus,
    ),
    "log1p": (_log1p_of_exp, _log1p_of_negative_sigmoid),
    "subtract": (_exp_minus_one,),
    "divide": (_logistic_quotient,),
}
