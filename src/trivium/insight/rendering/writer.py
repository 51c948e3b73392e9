"""The walk that writes expressions: one for all alphabets, from the leaves up.

Every node is written once, from what is written of its inputs. What would become wider than a
line gets a name of its own, a definition beside the expression; so the walk takes time in
proportion to the graph, however deep it is and however much it shares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from trivium.engine.primitives import rules
from trivium.engine.tensor import Tensor
from trivium.engine.traversal import topological

from ..derivation.symbols import Symbol, Symbols
from . import numbers
from .alphabet import Alphabet
from .notation import Layout, template
from .precedence import Binding
from .recurrence import Loop
from .written import Sum, Written, begins, filled, product

__all__ = ["Definition", "Writer", "known_softmax"]

if TYPE_CHECKING:
    from ..derivation.derivation import Derivation

Form = Callable[["Writer", Tensor, "list[Written]"], Written]
_LEAVES = frozenset({"constant", "input", "variable"})
_WORTH_A_NAME = 10.0  # narrower operands are not replaced by a name
_WORTH_SHARING = 24.0  # what occurs twice and is wider gets a name


@dataclass(frozen=True)
class Definition:
    """``name`` = ``value``, for the steps that ``when`` says."""

    name: Written
    value: Written
    when: Written | None = None


def known_softmax(derivation: Derivation) -> dict[int, Symbol]:
    """log_softmax(z) → P, where an equation of ``derivation`` says P = softmax(z).

    The keys are ids of nodes, which live as long as the derivation's equations do.
    """
    made: dict[tuple[int, Any], Symbol] = {}
    for each in derivation.equations:
        if each.expression.primitive.name == "softmax":
            (z,) = each.expression.inputs
            made[id(z), each.expression.attributes] = each.defines
    return {
        id(node): made[id(node.inputs[0]), node.attributes]
        for node in topological([each.expression for each in derivation.equations])
        if node.primitive.name == "log_softmax"
        and (id(node.inputs[0]), node.attributes) in made
    }


class Writer:
    """Writes expressions whose leaves are constants, symbols, inputs and variables.

    ``definitions``: the names that it gave, in the order of need. ``known``: notations of
    operations on leaves, such as ln P for log_softmax(z) where P is known.
    """

    def __init__(
        self, alphabet: Alphabet, symbols: Symbols, known: Mapping[int, Symbol] | None = None
    ) -> None:
        self.alphabet = alphabet
        self.symbols = symbols
        self.known = known or {}
        self.definitions: list[Definition] = []
        self.done: dict[int, Written] = {}
        self.kept: list[Tensor] = []  # ids in ``done`` stay those of these nodes
        self.taken = {each.latex for each in symbols}
        self.symbols_taken = frozenset(self.taken)
        self.names: dict[str, int] = {}
        self.sizes: dict[int, str] = {}
        for each in symbols:
            for size, literal in zip(each.shape, each.leaf.shape):
                if isinstance(size, str) and literal > 1:
                    self.sizes[literal] = size
        self.loops: dict[int, Loop] = {}
        self.parts: dict[int, set[int]] = {}  # which results of a node with several are used
        self.step = ""  # in the body of a loop, the letter that counts its steps
        self._constants = 0

    # --- the walk -----------------------------------------------------------------------------

    def write(self, expression: Tensor) -> Written:
        """``expression`` as it is written, with the names of ``definitions`` in it."""
        return self.write_all([expression])[0]

    def write_all(self, expressions: Sequence[Tensor]) -> list[Written]:
        """Several expressions; what they share is named once."""
        order = topological(expressions, lambda each: id(each) not in self.done)
        uses: dict[int, int] = {}
        for each in order:
            if each.primitive.name == "project":
                self.parts.setdefault(id(each.inputs[0]), set()).add(each.attributes.part)
            for source in each.inputs:
                uses[id(source)] = uses.get(id(source), 0) + 1
        for each in order:
            written = self.node(each)
            if uses.get(id(each), 0) > 1 and written.box.width > _WORTH_SHARING:
                written = self.named(written)
            self.keep(each, written)
        return [self.done[id(each)] for each in expressions]

    def keep(self, node: Tensor, written: Written) -> None:
        """From now on ``node`` is written so."""
        self.done[id(node)] = written
        self.kept.append(node)

    def node(self, node: Tensor) -> Written:
        """One node, all of whose inputs are written."""
        if id(node) in self.known:
            return filled(self.alphabet, r"\ln {0}", self.symbol(self.known[id(node)]))
        if node.primitive.name in _LEAVES:
            return self.leaf(node)
        operands = [self.done[id(each)] for each in node.inputs]
        written = self.compose(node, operands)
        while not isinstance(written, Sum) and written.box.width > self.alphabet.limit:
            widest = max(range(len(operands)), key=lambda i: operands[i].box.width)
            if operands[widest].symbol or operands[widest].box.width <= _WORTH_A_NAME:
                return self.named(written)
            name = self.named(operands[widest])
            for i, each in enumerate(node.inputs):
                if each is node.inputs[widest]:
                    operands[i] = name
            self.keep(node.inputs[widest], name)
            written = self.compose(node, operands)
        return written

    def compose(self, node: Tensor, operands: list[Written]) -> Written:
        """``node`` of what is written of its operands."""
        from .forms import FORMS

        form = FORMS.get(node.primitive.name)
        if form is not None:
            return form(self, node, operands)
        return self.by_record(node, operands)

    def by_record(self, node: Tensor, operands: list[Written]) -> Written:
        """As the notation of the primitive's record says."""
        layout = template(node.primitive.notation, node.attributes, len(operands))
        if node.primitive.shape is rules.same_shape:
            return self.fill(layout, *operands, scalar=all(each.scalar for each in operands))
        arrays = [
            self.as_array(written, source.ndim)
            for written, source in zip(operands, node.inputs, strict=True)
        ]
        return self.fill(layout, *arrays, scalar=node.parts is None and not node.shape)

    def fill(self, notation: str | Layout, *operands: Written, scalar: bool = False) -> Written:
        """``notation`` with operands in its places."""
        return filled(self.alphabet, notation, *operands, scalar=scalar)

    # --- names --------------------------------------------------------------------------------

    def named(self, written: Written) -> Written:
        """A name for ``written``, which becomes a definition."""
        name = replace(self.fresh("tuvwsq"), scalar=written.scalar)
        if Binding.LIST < written.binding <= Binding.RELATION:  # u = [x = 0], not u = x = 0
            written = self.fill(r"\left[ {0} \right]", written, scalar=written.scalar)
        self.define(name, written)
        return name

    def define(self, name: Written, value: Written, when: Written | None = None) -> None:
        """Add a definition to those that stand beside the expression."""
        self.definitions.append(Definition(name, value, when))

    def fresh(self, letters: str) -> Written:
        """A letter with a number that nothing else has."""
        free = [x for x in letters if not any(begins(name, x) for name in self.symbols_taken)]
        letter = (free or [r"\tau"])[0]
        if self.step:
            return self.letter(f"{self.unused('abdefk')}_{{{self.step}}}")
        i = self.names[letter] = self.names.get(letter, 0) + 1
        return self.letter(f"{letter}_{{{i}}}")

    def unused(self, letters: Sequence[str]) -> str:
        """The first of ``letters`` that names nothing yet; from now on it does."""
        for letter in letters:
            if not any(begins(name, letter) for name in self.taken):
                self.taken.add(letter)
                return letter
        found = self.distinct(letters[0])
        self.taken.add(found)
        return found

    def letter(self, latex: str) -> Written:
        """The symbol ``latex``, which nothing else may use from now on."""
        self.taken.add(latex)
        return self.alphabet.named(latex)

    def index(self, among: str, used: Sequence[str] = ()) -> str:
        """A letter for an index that neither a symbol nor another index has."""
        for letter in among + "abcdefghijklmnopqrsuvwxyz":
            if letter not in self.taken and letter not in used:
                return letter
        return rf"\iota_{{{len(used)}}}"

    def size(self, count: int) -> str:
        """The size of an axis: a number, or n and its multiples."""
        if count in self.sizes:
            return self.sizes[count]
        for literal, name in self.sizes.items():
            if literal > 100 and count and count % literal == 0:
                return f"{count // literal} {name}"
        return str(count)

    # --- leaves -------------------------------------------------------------------------------

    def leaf(self, node: Tensor) -> Written:
        """A leaf: a symbol, a constant, or an input or variable by its name."""
        symbol = self.symbols.of(node)
        if symbol is not None:
            return self.symbol(symbol)
        if node.primitive.name == "constant":
            return self.constant(node)
        from .names import name_of

        latex = name_of(node.name, r"\theta" if node.primitive.name == "variable" else "x")
        return self.by_name(latex, node)

    def by_name(self, latex: str, node: Tensor) -> Written:
        """A leaf that somebody named; words of theirs are read as they are in plain text."""
        distinct = self.distinct(latex)
        words = latex.startswith(r"\text") and distinct == latex
        self.taken.add(distinct)
        written = self.alphabet.named(distinct, (node.name or "") if words else "")
        return replace(written, tightness=Binding.ATOM, scalar=not node.shape, symbol=True)

    def distinct(self, latex: str) -> str:
        """``latex``, with a number where another leaf has that name."""
        found, i = latex, 1
        while found in self.taken:
            i += 1
            found = rf"{{{latex}}}_{{({i})}}" if "_" in latex else f"{latex}_{{({i})}}"
        return found

    def symbol(self, symbol: Symbol) -> Written:
        """A symbol as the derivation writes it."""
        written = self.alphabet.named(symbol.latex, symbol.text)
        return replace(written, scalar=not symbol.shape, symbol=True)

    def constant(self, node: Tensor) -> Written:
        """A number, a known array, or a name with the array's shape."""
        values: Any = node.attributes.array
        if node.name is None:
            short = numbers.array(self.alphabet, values) if values.ndim else None
            if short is not None:
                return short
            if not values.ndim:
                return numbers.number(self.alphabet, values[()])
        from .names import name_of

        if node.name is not None:
            return self.by_name(name_of(node.name, "C"), node)
        self._constants += 1
        shape = r" \times ".join(map(self.size, values.shape))
        return self.letter(self.distinct(f"C_{{{self._constants}}}^{{({shape})}}"))

    # --- scalars and arrays -------------------------------------------------------------------

    def as_array(self, written: Written, ndim: int) -> Written:
        """An array of equal numbers as the number times ones, where the shape matters."""
        if not (written.scalar and ndim):
            return written
        from .forms import ones

        whole = product(written.negative, (written.signed(False),), (), (ones(self, ndim),))
        if written.literal and written.box.string == "1" and not written.negative:
            return ones(self, ndim)
        return whole

    def atomic(self, written: Written) -> bool:
        """Whether ``written`` is one symbol."""
        return written.binding == Binding.ATOM and not written.negative
