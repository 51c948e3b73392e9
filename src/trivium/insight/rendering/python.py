"""Derivation → a Python file that needs only NumPy: forward, backward, one line per equation."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from trivium.engine.tensor import Tensor
from trivium.engine.traversal import topological

from ..derivation.equations import Equation
from ..derivation.symbols import Symbol, shape_text
from ..words import translator
from . import python_helpers_linear  # noqa: F401  (importing it fills the table)
from .equations import Equations, definition_lines
from .python_constants import constant
from .python_helpers import HELPERS, with_needs
from .python_names import Names, comment, printable, quoted
from .python_source import ATOM, Code, call
from .python_writer import File, Writer
from .text import TextAlphabet, columns

if TYPE_CHECKING:
    from ..derivation.derivation import Derivation

__all__ = ["python"]

_WIDTH = 88
_PAD = " " * 4
_RESERVED = (
    *HELPERS, "np", "math", "parameters", "gradients", "loss_and_gradients", "dtype", "n",
    "bool", "float", "int", "len", "range", "reversed", "print", "sum", "max", "min", "abs",
    "_",
)  # fmt: skip
_ARGUMENTS = ("input", "target", "random")


def python(derivation: Derivation) -> str:
    """A Python file with ``loss_and_gradients(parameters, x, y)`` → (loss, {name: gradient}).

    It imports NumPy, and ``math`` of the standard library where a function such as erf needs it.
    Raises ArgumentError where the loss holds what no file can: arrays of other examples.
    """
    return _Rendering(derivation).run()


class _Rendering:
    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.written = Equations(derivation, TextAlphabet(translator("en")))
        self.written.alphabet.limit = _WIDTH - 16.0
        self.symbols = {id(symbol.leaf): symbol for symbol in derivation.symbols}
        self.equations = _needed(derivation)
        self.names = Names(_RESERVED)
        self.arguments = [each for each in derivation.symbols if each.role in _ARGUMENTS]
        self.weights = [each for each in derivation.symbols if each.role == "weight"]
        self.code: dict[int, Code] = {}
        for symbol in (*self.arguments, *self.weights):
            self._name(symbol)
        self.used = self._used_leaves()
        for symbol in self._parameters():
            self._name(symbol)
        for equation in self.equations:
            self._name(equation.defines)
        floating = [each.leaf.dtype for each in derivation.parameters.values()]
        longest = max((len(each.text) for each in self.code.values()), default=0)
        self.file = File(self.names, derivation.batch, reserve=max(longest, 8) + 3)
        if floating:
            self.file.floating = floating[0]

    def _name(self, symbol: Symbol) -> None:
        name = self.names.fresh(symbol.code)
        self.code[id(symbol.leaf)] = Code(name, ATOM, symbol.leaf.shape)

    def _used_leaves(self) -> set[int]:
        roots = [each.expression for each in self.equations]
        return {id(each) for each in topological(roots)}

    def _parameters(self) -> list[Symbol]:
        """The parameters that the code reads: in an equation, or for the shape of a gradient."""
        return [
            symbol
            for path, symbol in self.derivation.parameters.items()
            if id(symbol.leaf) in self.used or path not in self.derivation.gradients
        ]

    def run(self) -> str:
        roots = [each.expression for each in self.equations]
        writer = Writer(self.file, self._leaf, roots)
        for kind, title in (("forward", "Forward"), ("backward", "Backward")):
            part = [
                each
                for each in self.equations
                if (each.kind == "forward") == (kind == "forward")
            ]
            if part:
                writer.lines.extend(["", f"{_PAD}# {title}"])
            for equation in part:
                self._equation(writer, equation)
        writer.lines.extend(["", *self._returned()])
        return self._assembled(writer.lines)

    def _leaf(self, leaf: Tensor) -> Code | None:
        found = self.code.get(id(leaf))
        if found is not None:
            return found
        symbol = self.symbols.get(id(leaf))
        if symbol is None:
            return None
        if symbol.role == "size":
            self.file.uses_size = True
            return Code("n", ATOM, weak=True)
        return self._leaf_of_values(leaf)

    def _leaf_of_values(self, leaf: Tensor) -> Code | None:
        """What is neither a parameter nor data, but has a value, is written out."""
        value = self.derivation.values.get(id(leaf))
        return None if value is None else constant(self._writer, value)

    def _equation(self, writer: Writer, equation: Equation) -> None:
        self._writer = writer
        symbol = equation.defines
        name = self.code[id(symbol.leaf)].text
        before = len(writer.lines)
        made = writer.number(writer.value(equation.expression))
        if equation.kind == "parameter" or equation is self.derivation.forward[-1]:
            made = self._whole(writer, symbol, made)
        statement = f"{_PAD}{name} = {made.text}"
        notes = [comment(line) for line in self._said(equation)]
        beside = f"{statement}  {notes[0]}"
        if len(writer.lines) == before and len(notes) == 1 and columns(beside) <= _WIDTH:
            writer.lines.append(beside)
        else:
            writer.lines[before:before] = [f"{_PAD}{note}" for note in notes]
            writer.lines.append(statement)
        self.code[id(symbol.leaf)] = Code(name, ATOM, made.shape, made.weak)
        writer.define(equation.expression, name)

    def _said(self, equation: Equation) -> list[str]:
        """The equation in lines of text, and what it abbreviates."""
        said = []
        for at, definition in enumerate(self.written.of(equation)):
            left, lines = definition_lines(definition, _WIDTH - len(_PAD) - 4.0)
            left = left if at else equation.defines.text
            lines = [f"{left} = {lines[0]}", *[f"  {line}" for line in lines[1:]]]
            for line in lines:
                said.extend(_wrapped(line))
        return said

    def _whole(self, writer: Writer, symbol: Symbol, made: Code) -> Code:
        """A gradient with the shape of its parameter, whatever the expression left implicit."""
        if made.shape == symbol.leaf.shape:
            return made
        of = self.code.get(id(symbol.of.leaf)) if symbol.of is not None else None
        if of is None:
            return writer.full(made, symbol.leaf.shape, symbol.leaf.dtype)
        return call("np.full_like", of, made, shape=symbol.leaf.shape)

    def _returned(self) -> list[str]:
        loss = self.code[id(self.derivation.loss.leaf)].text
        lines = []
        for path, symbol in self.derivation.parameters.items():
            gradient = self.derivation.gradients.get(path)
            text = (
                f"np.zeros_like({self.code[id(symbol.leaf)].text})"
                if gradient is None
                else self.code[id(gradient.leaf)].text
            )
            lines.append(f"{_PAD * 2}{quoted(path)}: {text},")
        if not lines:
            return [f"{_PAD}return {loss}, {{}}"]
        return [f"{_PAD}gradients = {{", *lines, f"{_PAD}}}", f"{_PAD}return {loss}, gradients"]

    def _assembled(self, body: Sequence[str]) -> str:
        helpers = [HELPERS[name] for name in with_needs(self.file.helpers)]
        head = f"def loss_and_gradients({', '.join(self._signature())}):"
        code = [*self._preamble(), *body]
        blocks = ["\n".join([head, *self._docstring(), *code]) + "\n"]
        blocks = [helper.source for helper in helpers] + blocks
        imports = ["import math\n"] if any(each.uses_math for each in helpers) else []
        if any("np." in line for line in code) or helpers:
            imports.append("import numpy as np\n")
        top = "\n".join([self._module_docstring(), *imports])
        return "\n\n".join([top, *blocks])

    def _signature(self) -> list[str]:
        names = [self.code[id(each.leaf)].text for each in self.arguments]
        weights = [f"{self.code[id(each.leaf)].text}=None" for each in self.weights]
        return ["parameters", *names, *weights]

    def _module_docstring(self) -> str:
        title = _in_docstring(self.derivation.title or "an expression")
        lines = textwrap.wrap(title, _WIDTH, break_long_words=False, break_on_hyphens=False)
        first = '"""A loss and its gradients in NumPy, forward and backward.'
        last = "Written by Trivium from the derivation of these equations."
        for note in self.derivation.notes:
            said = _in_docstring(note.said())
            lines += ["", *textwrap.wrap(said, _WIDTH, break_long_words=False)]
        return "\n".join([first, "", *lines, "", last, '"""', ""])

    def _docstring(self) -> list[str]:
        lines = ['"""The loss and its gradient with respect to each parameter.', ""]
        lines.append("parameters: {name: array}, all of one dtype:")
        for path, symbol in self.derivation.parameters.items():
            lines.append(f"    {_in_docstring(quoted(path))}: {shape_text(symbol.shape)}")
        for symbol in self.arguments:
            name, about = (
                self.code[id(symbol.leaf)].text,
                _about(symbol, bool(self.derivation.model)),
            )
            lines.append(f"{name}: {shape_text(symbol.shape)}{about}")
        for symbol in self.weights:
            name = self.code[id(symbol.leaf)].text
            lines.append(f"{name}: {shape_text(symbol.shape)}, of the examples; None: all 1")
        lines.append("Returns (loss, {name: gradient}), each gradient shaped as its parameter.")
        lines.append('"""')
        return [f"{_PAD}{line}".rstrip() for line in lines]

    def _preamble(self) -> list[str]:
        lines = []
        parameters = self._parameters()
        for symbol in parameters:
            name = self.code[id(symbol.leaf)].text
            lines.append(f"{_PAD}{name} = parameters[{quoted(symbol.path)}]")
        if self.file.uses_dtype or self.weights:
            path, first = next(iter(self.derivation.parameters.items()))
            known = self.code.get(id(first.leaf))
            source = known.text if known is not None else f"parameters[{quoted(path)}]"
            lines.append(f"{_PAD}dtype = {source}.dtype")
        if self.file.uses_size or self.weights:
            lines.append(f"{_PAD}n = {self._size()}")
        for symbol in self.weights:
            name = self.code[id(symbol.leaf)].text
            lines.append(f"{_PAD}if {name} is None:")
            lines.append(f"{_PAD * 2}{name} = np.ones(n, dtype)")
        return lines

    def _size(self) -> str:
        for symbol in self.arguments:
            if "n" in symbol.shape:
                axis, name = symbol.shape.index("n"), self.code[id(symbol.leaf)].text
                return f"len({name})" if axis == 0 else f"{name}.shape[{axis}]"
        raise AssertionError("an expression has examples only through its inputs")


def _needed(derivation: Derivation) -> list[Equation]:
    """The equations that the loss and the gradients need, in order."""
    wanted = {id(derivation.loss.leaf)}
    wanted.update(id(symbol.leaf) for symbol in derivation.gradients.values())
    kept = []
    for equation in reversed(derivation.equations):
        if id(equation.defines.leaf) in wanted:
            kept.append(equation)
            wanted.update(id(each) for each in topological([equation.expression]))
    return kept[::-1]


def _about(symbol: Symbol, of_model: bool) -> str:
    """What an argument holds; a fit may have scaled what its model takes."""
    if symbol.role == "random":
        kind = "True and False" if symbol.leaf.dtype.kind == "b" else "numbers"
        return f", random {kind}, drawn anew for each step"
    if symbol.role == "target" and symbol.leaf.dtype.kind == "i":
        return ", class codes 0, 1, …"
    if symbol.role == "target":
        return ", as the objective takes them"
    return ", as the model takes them" if of_model else ""


def _wrapped(line: str) -> list[str]:
    """``line`` in lines that fit; what has no spaces stays as long as it is."""
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(
        line, _WIDTH - len(_PAD) - 2, subsequent_indent=indent, break_long_words=False
    )


def _in_docstring(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
