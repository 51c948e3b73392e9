"""Messages for operands that do not fit: the user's words, shapes, line, the rule and a fix."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import ShapeError
from .sites import current_scope, current_site
from .tensor import Tensor

__all__ = ["counted", "describe_origin", "shape_error"]


def counted(n: int, noun: str, plural: str = "") -> str:
    """Return ``1 row`` or ``2,000 rows``."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def describe_origin(tensor: Tensor) -> str:
    """What a tensor is, in a few words: ``parameter layers.0.weight``, ``input x``, …"""
    kind = tensor.primitive.name
    if kind in ("input", "variable"):
        return f"{'parameter' if kind == 'variable' else 'input'} {tensor.name or '(unnamed)'}"
    if kind == "constant":
        return f"constant {tensor.name}" if tensor.name else "a constant"
    if kind == "label":
        return f"the value {tensor.name}"
    return f"a result of {kind}"


def shape_error(
    asked: str, operands: Sequence[Tensor], rule: str, fix: str = "", names: Sequence[str] = ()
) -> ShapeError:
    """The error for an operation ``asked`` whose ``operands`` break ``rule``.

    Operands are called as in the user's source line when it is available, else by origin.
    """
    site = current_site()
    written = list(names) or (site.operands() if site else [])
    # A method call x.op(y) has one written argument fewer than the operation has operands.
    if len(written) != len(operands):
        written = [tensor.name or f"operand {i + 1}" for i, tensor in enumerate(operands)]
    width = max(map(len, written), default=0)
    lines = [f"{asked}: the shapes do not fit."]
    for name, operand in zip(written, operands, strict=True):
        lines.append(
            f"  {name:<{width}}  has shape {operand.shape}, {operand.dtype}"
            f"  ({describe_origin(operand)})"
        )
    lines.append(f"  rule: {rule}")
    if current_scope():
        lines.append(f"  layer: {' > '.join(current_scope())}")
    if site:
        lines.append(f"  your line: {site}")
    if fix:
        lines.append(f"  to mend it: {fix}")
    return ShapeError("\n".join(lines))
