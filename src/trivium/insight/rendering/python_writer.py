"""From expressions to statements of NumPy: what is shared or too long becomes a variable.

The walk is iterative and linear in the size of the graph: a node's source is made once from the
sources of its inputs, and none of these is longer than a line, because whatever would be is
assigned to a variable first.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trivium.engine.errors import ArgumentError
from trivium.engine.tensor import Tensor
from trivium.engine.traversal import topological

# Importing these fills the table.
from . import python_linear, python_movement, python_reductions  # noqa: F401
from .python_constants import constant
from .python_loops import loop
from .python_names import Names
from .python_operations import OPERATIONS
from .python_source import ATOM, POSTFIX, PRODUCT, Code, attribute, call, indexed, number

__all__ = ["File", "Writer"]

_WIDTH = 88  # what formatters of Python leave alone unless told otherwise
_INDENT = 4
# An operand this short stays where it is, also in a line that is too long.
_SHORT = 12


@dataclass
class File:
    """What all parts of one generated file share.

    ``names``: the identifiers. ``batch``: the size that stands for n (0: none). ``floating``:
    the dtype of the derivation, which the file calls ``dtype``. ``helpers``: the helper
    functions in use. ``uses_size``, ``uses_dtype``: whether n and dtype occur. ``reserve``: how
    many columns the left-hand side of an assignment may take.
    """

    names: Names
    batch: int = 0
    floating: np.dtype[Any] = field(default_factory=lambda: np.dtype(np.float64))
    helpers: set[str] = field(default_factory=set)
    uses_size: bool = False
    uses_dtype: bool = False
    reserve: int = 16
    _counters: dict[int, str] = field(default_factory=dict)

    def counter(self, depth: int) -> str:
        """What loops count their steps by; loops inside each other count by different names."""
        if depth not in self._counters:
            self._counters[depth] = self.names.fresh("t")
        return self._counters[depth]


class Writer:
    """Statements of one block, and the source of the nodes that it has computed.

    ``leaf``: what a leaf that stands for something is called; None for others. ``roots``: all
    expressions that will be asked for, by which sharing is judged.
    """

    def __init__(
        self,
        file: File,
        leaf: Callable[[Tensor], Code | None],
        roots: Iterable[Tensor],
        lines: list[str] | None = None,
        depth: int = 1,
    ) -> None:
        self.file, self.batch, self._leaf = file, file.batch, leaf
        self.lines: list[str] = [] if lines is None else lines
        self.depth = depth
        self._known: dict[int, Code] = {}
        self._tame: dict[int, bool] = {}
        self._parts: dict[int, list[Code | None]] = {}
        self.width = max(_WIDTH - depth * _INDENT - file.reserve, 30)
        roots = list(roots)
        order = topological(roots)
        # Roots are counted as well: what is an equation's right side and part of another one.
        self._uses = Counter(id(each) for node in order for each in node.inputs)
        self._uses.update(id(root) for root in roots)
        self.parts_used: dict[int, set[int]] = {}
        for node in order:
            if node.primitive.name == "project":
                used = self.parts_used.setdefault(id(node.inputs[0]), set())
                used.add(node.attributes.part)

    # --- what emitters ask for ---------------------------------------------------------------

    def line(self, text: str) -> None:
        """Write a statement."""
        self.lines.append(f"{' ' * (_INDENT * self.depth)}{text}")

    def helper(self, name: str) -> str:
        """The name of a helper function, which the file will then hold."""
        self.file.helpers.add(name)
        return name

    def dtype(self, dtype: np.dtype[Any]) -> str:
        """How a dtype is written: that of the derivation is that of the parameters."""
        if dtype == self.file.floating:
            self.file.uses_dtype = True
            return "dtype"
        return "bool" if dtype.kind == "b" else f"np.{dtype}"

    def size(self, size: int) -> str:
        """A size of an axis: multiples of the batch are multiples of n."""
        if not self.batch or size == 0 or size % self.batch:
            return str(size)
        self.file.uses_size = True
        times = size // self.batch
        return "n" if times == 1 else f"{times} * n"

    def sizes(self, shape: Sequence[int], *, bare: bool = False) -> str:
        """A shape as a tuple, or as arguments."""
        inner = ", ".join(self.size(each) for each in shape)
        if bare and shape:
            return inner
        return f"({inner},)" if len(shape) == 1 else f"({inner})"

    def product_of_sizes(self, sizes: Sequence[int]) -> Code:
        """How many elements axes of these sizes have."""
        texts = [self.size(each) for each in sizes if self.size(each) != str(each)]
        rest = math.prod(each for each in sizes if self.size(each) == str(each))
        if not texts:
            return number(rest, np.dtype(np.int64))
        factors = [str(rest)] * (rest != 1) + texts
        level = ATOM if factors == ["n"] else PRODUCT
        return Code(" * ".join(factors), level, weak=True)

    def number(self, code: Code) -> Code:
        """``code`` with True and False made numbers."""
        if not code.truth:
            return code
        return attribute(code, f".astype({self.dtype(self.file.floating)})", code.shape)

    def full(self, code: Code, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Code:
        """``code`` with all elements of ``shape`` there, as an array."""
        code = self.number(code)
        if code.weak and not shape:
            return call("np.asarray", code, self.dtype(dtype), shape=())
        if code.weak and code.value in (0, 1):
            function = "np.ones" if code.value else "np.zeros"
            return call(function, self.sizes(shape), self.dtype(dtype), shape=shape)
        if code.weak:
            return call("np.full", self.sizes(shape), code, self.dtype(dtype), shape=shape)
        if code.shape == shape:
            return code
        lead = len(shape) - len(code.shape)
        if shape[lead:] == code.shape and set(shape[:lead]) == {1}:
            return indexed(code, ["None"] * lead + [":"] * len(code.shape), shape)
        return call("np.broadcast_to", code, self.sizes(shape), shape=shape)

    def temporary(self, code: Code, stem: str = "part") -> Code:
        """``code`` assigned to a new variable."""
        name = self.file.names.numbered(stem)
        self.line(f"{name} = {code.text}")
        return Code(name, ATOM, code.shape, code.weak, truth=code.truth)

    def named(self, code: Code) -> Code:
        """``code`` as it is if writing it twice costs nothing, else a variable."""
        return code if _is_cheap(code) else self.temporary(code)

    def listed(self, codes: Sequence[Code]) -> Code:
        """A list of ``codes``; a long one is put together in several statements."""
        text = f"[{', '.join(each.text for each in codes)}]"
        if len(text) < self.width - 24:
            return Code(text, ATOM)
        pieces = [each if len(each.text) < 24 else self.temporary(each) for each in codes]
        name, operator = self.file.names.numbered("part"), "="
        while pieces:
            row = [pieces.pop(0).text]
            while pieces and len(", ".join([*row, pieces[0].text])) < self.width:
                row.append(pieces.pop(0).text)
            self.line(f"{name} {operator} [{', '.join(row)}]")
            operator = "+="
        return Code(name, ATOM)

    def is_tame(self, node: Tensor) -> bool:
        """Whether ``node`` is finite where what it is made of is."""
        return self._tame.get(id(node), False)

    def operation(self, name: str, node: Tensor, *codes: Code) -> Code:
        """What another operation would write here."""
        return OPERATIONS[name](self, node, *codes)

    # --- the walk ----------------------------------------------------------------------------

    def child(self, leaf: Callable[[Tensor], Code | None], roots: Iterable[Tensor]) -> Writer:
        """A writer of a block inside this one, whose graph has its own leaves."""
        return Writer(self.file, leaf, roots, self.lines, self.depth + 1)

    def define(self, root: Tensor, name: str) -> None:
        """From here on ``root`` is the variable ``name``."""
        code = self._known[id(root)]
        self._known[id(root)] = Code(name, ATOM, code.shape, code.weak)

    def value(self, root: Tensor) -> Code:
        """The source of ``root``; statements that it needs are written before."""
        order = topological([root], lambda node: id(node) not in self._known)
        for node in order:
            self._tame[id(node)] = _keeps_finite(node) and all(
                self._tame.get(id(each), True) for each in node.inputs
            )
            if node.parts is not None:
                self._several(node)
                continue
            made = self._one(node)
            if node is not root and self._uses[id(node)] > 1:
                made = self.named(made)
            self._known[id(node)] = made
        return self._known[id(root)]

    def reused(self, root: Tensor) -> Code:
        """The source of ``root``, as a variable if it is asked for again."""
        made = self.value(root)
        if self._uses[id(root)] > 1:
            made = self._known[id(root)] = self.named(made)
        return made

    def _one(self, node: Tensor) -> Code:
        name = node.primitive.name
        if not node.inputs and name not in OPERATIONS:
            return self._of_leaf(node)
        if name == "project":
            found = self._parts[id(node.inputs[0])][node.attributes.part]
            assert found is not None
            return found
        emit = OPERATIONS.get(name)
        if emit is None:
            raise ArgumentError(f"there is no NumPy source for {name} (line: {node.site})")
        folded = self._folded(node) if node.inputs else None
        if folded is not None:
            return folded
        made = emit(self, node, *self._operands(node))
        while len(made.text) > self.width and self._shorten(node):
            made = emit(self, node, *self._operands(node))
        return made

    def _operands(self, node: Tensor) -> list[Code]:
        return [self._known[id(each)] for each in node.inputs]

    def _of_leaf(self, node: Tensor) -> Code:
        found = self._leaf(node)
        if found is not None:
            return found
        if node.primitive.name == "constant":
            return constant(self, node.attributes.array)
        raise ArgumentError(
            f"the expression uses {node.name or 'a leaf without a name'} of shape {node.shape}, "
            "which the derivation does not know; name what varies with time as a parameter, or "
            "give it as a constant (tv.tensor)"
        )

    def _folded(self, node: Tensor) -> Code | None:
        """An elementwise function of written numbers is a number too."""
        codes = self._operands(node)
        if any(each.value is None for each in codes):
            return None
        if any(each.shape != node.shape for each in node.inputs):
            return None
        if node.primitive.name not in _FOLDED:
            return None
        arrays = [
            np.asarray(code.value, each.dtype)
            for code, each in zip(codes, node.inputs, strict=True)
        ]
        with np.errstate(all="ignore"):
            return number(node.primitive.evaluate(node.attributes, *arrays)[()], node.dtype)

    def _shorten(self, node: Tensor) -> bool:
        """Assign the longest operand of ``node`` to a variable; False if there is none."""
        inputs = [
            each for each in node.inputs if len(self._known[id(each)].text) > _SHORT
            and self._known[id(each)].level < ATOM
        ]  # fmt: skip
        if not inputs:
            return False
        longest = max(inputs, key=lambda each: len(self._known[id(each)].text))
        self._known[id(longest)] = self.temporary(self._known[id(longest)])
        return True

    def _several(self, node: Tensor) -> None:
        """A node with several results: a loop, or a function that returns a tuple."""
        used = self.parts_used.get(id(node), set())
        if node.primitive.name == "scan":
            self._parts[id(node)] = loop(self, node, self._operands(node), used)
            self._known[id(node)] = Code("", ATOM)
            return
        emit = OPERATIONS.get(node.primitive.name)
        if emit is None:
            raise ArgumentError(f"there is no NumPy source for {node.primitive.name}")
        made = emit(self, node, *self._operands(node))
        while len(made.text) > self.width and self._shorten(node):
            made = emit(self, node, *self._operands(node))
        parts: list[Code | None] = [
            Code(self.file.names.numbered("part"), ATOM, part.shape) if i in used else None
            for i, part in enumerate(node.parts or ())
        ]
        left = ", ".join("_" if each is None else each.text for each in parts)
        self.line(f"{left} = {made.text}")
        self._parts[id(node)] = parts
        self._known[id(node)] = Code("", ATOM)


_FOLDED = frozenset(
    {"add", "subtract", "multiply", "divide", "negative", "exp", "log", "sqrt", "square",
     "power", "sin", "cos", "tanh", "log1p", "expm1", "abs", "sign", "maximum", "minimum",
     "cast", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}
)  # fmt: skip


# Operations that give no infinite value for finite ones, short of overflow in sums and products.
_TAME = frozenset(
    {"add", "subtract", "multiply", "negative", "square", "tanh", "sigmoid", "sin", "cos",
     "atan", "erf", "abs", "sign", "maximum", "minimum", "where", "sum", "max", "min",
     "contraction", "reshape", "broadcast", "permute", "slice", "concat", "pad", "flip",
     "gather", "scatter_add", "cast", "label", "stop_gradient", "project", "relu", "step",
     "softmax", "softplus", "input", "chain", "greater", "less", "equal", "scan",
     "greater_equal", "less_equal", "not_equal"}
)  # fmt: skip


def _keeps_finite(node: Tensor) -> bool:
    if node.primitive.name == "constant":
        return bool(np.all(np.isfinite(node.attributes.array)))
    return node.primitive.name in _TAME


def _is_cheap(code: Code) -> bool:
    """Whether writing ``code`` twice computes nothing twice: a name, a number, a view."""
    return code.weak or (code.level >= POSTFIX and "(" not in code.text)
