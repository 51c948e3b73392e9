"""Loops with other bodies."""

from __future__ import annotations

from collections.abc import Sequence

from trivium.engine.primitives.control import Scan
from trivium.engine.tensor import Tensor, node
from trivium.engine.traversal import substitute

__all__ = ["with_body", "with_literals"]


def with_body(
    loop: Tensor, inputs: Sequence[Tensor], outputs: Sequence[Tensor], *constants: Tensor
) -> Tensor:
    """The scan ``loop`` of ``inputs`` with ``outputs`` as the results of its body.

    ``constants``: leaves of the body that it did not have before; what they stand for comes
    first in ``inputs``.
    """
    body = loop.attributes
    attributes = Scan(
        (*constants, *body.inputs),
        outputs,
        len(constants) + body.constants,
        body.carried,
        body.length,
        body.reverse,
    )
    return node(loop.primitive, inputs, attributes)


def with_literals(loop: Tensor, inputs: Sequence[Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """``loop`` of ``inputs`` with the numbers that its body gets as constants written in it."""
    body = loop.attributes
    constants, rest = list(inputs[: body.constants]), tuple(inputs[body.constants :])
    literal = [_is_literal(each) for each in constants]
    if not any(literal):
        return loop, tuple(inputs)
    leaves = body.inputs[: body.constants]
    written = {
        leaf: value for leaf, value, yes in zip(leaves, constants, literal, strict=True) if yes
    }
    kept = [i for i, yes in enumerate(literal) if not yes]
    attributes = Scan(
        (*[leaves[i] for i in kept], *body.inputs[body.constants :]),
        substitute(list(body.outputs), written),
        len(kept),
        body.carried,
        body.length,
        body.reverse,
    )
    given = (*[constants[i] for i in kept], *rest)
    return node(loop.primitive, given, attributes), given


def _is_literal(value: Tensor) -> bool:
    """Whether this is one number, or an array filled with it."""
    while value.primitive.name in ("broadcast", "reshape"):
        value = value.inputs[0]
    return value.primitive.name == "constant" and value.size == 1
