"""Check that a graph keeps the engine's invariants; runs between passes in the tests."""

from __future__ import annotations

from ..errors import VerificationError
from ..primitive import table
from ..primitives.control import Scan
from ..tensor import Constant, InputName, Tensor, VariableName
from ..traversal import topological

__all__ = ["verify"]


def verify(outputs: list[Tensor]) -> list[Tensor]:
    """Return ``outputs`` unchanged. Raises VerificationError naming the node that is wrong."""
    known = table()
    for node in topological(outputs):
        primitive = node.primitive
        if known.get(primitive.name) is not primitive:
            raise VerificationError(f"{primitive.name} is not in the table of primitives")
        if not isinstance(node.attributes, primitive.attributes):
            raise VerificationError(
                f"{primitive.name} has attributes {node.attributes!r}, which are not "
                f"{primitive.attributes.__name__}"
            )
        if isinstance(node.attributes, Constant | InputName | VariableName):
            continue
        shape = primitive.shape(node.attributes, *[each.shape for each in node.inputs])
        dtype = primitive.dtype(node.attributes, *[each.dtype for each in node.inputs])
        found: object
        expected: object
        if node.parts is not None:
            found = tuple((part.shape, part.dtype) for part in node.parts)
            expected = tuple(zip(shape, dtype, strict=True))
        else:
            found, expected = (node.shape, node.dtype), (shape, dtype)
        if found != expected:
            raise VerificationError(
                f"{primitive.name} carries {found} but its rules give {expected}"
            )
        if primitive.name != "project" and any(each.parts for each in node.inputs):
            raise VerificationError(f"{primitive.name} uses a node with several results")
        if isinstance(node.attributes, Scan):
            _verify_body(node.attributes)
    return outputs


def _verify_body(body: Scan) -> None:
    own = {id(leaf) for leaf in body.inputs}
    for node in topological(body.outputs):
        if node.primitive.name in ("input", "variable") and id(node) not in own:
            raise VerificationError(f"the body of a scan uses {node!r} without receiving it")
    verify(list(body.outputs))
