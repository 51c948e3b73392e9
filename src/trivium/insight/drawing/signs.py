"""The signs of operations in pictures, and the one line that says what an operation is."""

from __future__ import annotations

import os

from trivium.engine.tensor import Tensor

from .words import shape_text

__all__ = ["is_small", "is_symmetric", "sign_of", "words_of"]

_SIGNS = {
    "add": "+", "subtract": "−", "multiply": "×", "chain": "×", "divide": "÷",
    "negative": "−x", "power": "xʸ", "square": "x²", "sqrt": "√", "abs": "|x|",
    "floor_divide": "⌊÷⌋", "remainder": "mod", "floor": "⌊x⌋", "ceil": "⌈x⌉",
    "maximum": "max", "minimum": "min", "exp": "exp", "log": "ln", "log2": "log₂",
    "log10": "log₁₀", "expm1": "eˣ−1", "log1p": "ln(1+x)", "sigmoid": "σ",
    "softplus": "ln(1+eˣ)", "sum": "Σ", "prod": "Π", "equal": "=", "not_equal": "≠",
    "less": "<", "less_equal": "≤", "greater": ">", "greater_equal": "≥",
    "logical_and": "∧", "logical_or": "∨", "logical_not": "¬", "logical_xor": "xor",
    "bitwise_and": "&", "bitwise_or": "|", "bitwise_xor": "xor", "bitwise_invert": "~",
    "bitwise_left_shift": "≪", "bitwise_right_shift": "≫",
    "where": "if", "gather": "x[i]", "scatter_add": "x[i] +", "slice": "x[a:b]",
    "concat": "[x, y]", "cumulative_sum": "cumsum", "cumulative_prod": "cumprod",
    "random_bits": "random", "stop_gradient": "stop", "log_gamma": "ln Γ",
    "polygamma": "ψ", "solve": "A⁻¹b", "pinv": "A⁺", "lstsq": "A⁺b", "expm": "eᴬ",
    # operations as textbooks write them
    "relu": "ReLU", "log_softmax": "ln softmax", "log_sum_exp": "ln Σ exp", "pick": "xᵢ",
    "one_hot": "one-hot", "log_factorial": "ln n!", "normal_density": "φ", "normal_cdf": "Φ",
    "log_normal_cdf": "ln Φ", "log_choose": "ln (n over k)", "sign_of_code": "±1",
    "largest": "max", "smallest": "min", "counting": "0, 1, …",
    "eigvalsh": "λ", "svdvals": "σᵢ", "slogdet": "ln |det|",
}  # fmt: skip

# Operations that move numbers and compute nothing.
_MOVING = frozenset(
    ("reshape", "permute", "broadcast", "pad", "slice", "flip", "cast", "concat", "gather",
     "scatter_add", "project")
)  # fmt: skip
# Operations that do not ask which operand is which.
_SYMMETRIC = frozenset(
    ("add", "multiply", "chain", "maximum", "minimum", "equal", "not_equal", "logical_and",
     "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor")
)  # fmt: skip

_LONGEST = 160  # of what is said about a line


def is_symmetric(node: Tensor) -> bool:
    """Whether the operands may change places."""
    return node.primitive.name in _SYMMETRIC


def sign_of(node: Tensor) -> str:
    """The mathematical sign of the operation of ``node``, else its name."""
    name = node.primitive.name
    if name == "contraction":
        return _contraction(node)
    if name == "permute":
        return "xᵀ" if node.ndim == 2 else "permute"
    return _SIGNS.get(name, name)


def _contraction(node: Tensor) -> str:
    """@ for products of matrices and vectors, ⊗ for outer ones, einsum for the others."""
    attributes = node.attributes
    summed = set(attributes.left) & set(attributes.right) - set(attributes.out)
    batch = set(attributes.left) & set(attributes.right) & set(attributes.out)
    if len(summed) == 1:
        return "@"
    return "⊗" if not summed and not batch else "einsum"


def is_small(node: Tensor) -> bool:
    """Whether the operation only moves numbers about."""
    return node.primitive.name in _MOVING


def words_of(node: Tensor, batch: int | None = None) -> str:
    """``multiply → (3, 2) float64``, and the user's line where it is known."""
    shape = "" if node.dtype is None else f" → {shape_text(node.shape, batch)} {node.dtype}"
    return f"{node.primitive.name}{shape}{_line(node)}"


def _line(node: Tensor) -> str:
    """The user's line; of the file the name only, for pictures are shown to others."""
    site = node.site
    if site is None:
        return ""
    text = f": {site.text}" if site.text else ""
    return f", {os.path.basename(site.file)}, line {site.line}{text}"[:_LONGEST]
