"""Source of factorizations, of what is solved with them, and of random bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trivium.engine.tensor import Tensor

from .python_operations import emits
from .python_source import Code, attribute, binary, call

if TYPE_CHECKING:
    from .python_writer import Writer


def _operands(w: Writer, node: Tensor, codes: tuple[Code, ...]) -> list[Code]:
    return [
        w.full(code, each.shape, each.dtype)
        for code, each in zip(codes, node.inputs, strict=True)
    ]


@emits("det", "solve", "cholesky", "eigvalsh", "svdvals")
def _linalg(w: Writer, node: Tensor, *codes: Code) -> Code:
    operands = _operands(w, node, codes)
    name = node.primitive.name
    if name == "svdvals":
        return call("np.linalg.svd", *operands, "compute_uv=False", shape=node.shape)
    if name in ("cholesky", "eigvalsh"):
        operands = [call(w.helper("symmetric"), *operands, shape=node.shape)]
    return call(f"np.linalg.{name}", *operands, shape=node.shape)


@emits("adjugate", "pinv", "lstsq", "expm", "commutator_solve")
def _helper(w: Writer, node: Tensor, *codes: Code) -> Code:
    name = w.helper(node.primitive.name)
    return call(name, *_operands(w, node, codes), shape=node.shape)


@emits("outside_ties")
def _outside_ties(w: Writer, node: Tensor, x: Code, tied: Code) -> Code:
    if not node.attributes.derivative:
        return x
    operands = _operands(w, node, (x, tied))
    return call(w.helper("outside_ties"), *operands, shape=node.shape)


@emits("spectral_sum")
def _spectral_sum(
    w: Writer, node: Tensor, vectors: Code, weights: Code, values: Code, x: Code
) -> Code:
    """V diag(g) V'; the matrix and its eigenvalues matter to derivatives only."""
    v, g = _operands(w, node, (vectors, weights, values, x))[:2]
    v = w.named(v)
    return binary("@", _scaled(v, g), attribute(v, ".swapaxes(-1, -2)", v.shape), node.shape)


@emits("singular_sum")
def _singular_sum(
    w: Writer, node: Tensor, u: Code, weights: Code, s: Code, vh: Code, x: Code
) -> Code:
    operands = _operands(w, node, (u, weights, s, vh, x))
    return binary("@", _scaled(operands[0], operands[1]), operands[3], node.shape)


def _scaled(vectors: Code, weights: Code) -> Code:
    return binary("*", vectors, attribute(weights, "[..., None, :]", ()), vectors.shape)


@emits("qr", "eigh", "svd")
def _factors(w: Writer, node: Tensor, x: Code) -> Code:
    (operand,) = _operands(w, node, (x,))
    name = node.primitive.name
    if name == "qr":
        mode = "complete" if node.attributes.full else "reduced"
        return call(w.helper("qr"), operand, f'"{mode}"', shape=())
    if name == "svd":
        return call(w.helper("svd"), operand, str(node.attributes.full), shape=())
    return call(w.helper("eigh"), operand, shape=())


@emits("slogdet")
def _slogdet(w: Writer, node: Tensor, x: Code) -> Code:
    return call("np.linalg.slogdet", *_operands(w, node, (x,)), shape=())


@emits("random_bits")
def _random_bits(w: Writer, node: Tensor, key: Code, offset: Code) -> Code:
    operands = _operands(w, node, (key, offset))
    shape, dtype = w.sizes(node.shape), w.dtype(node.dtype)
    return call(w.helper("random_bits"), *operands, shape, dtype, shape=node.shape)
