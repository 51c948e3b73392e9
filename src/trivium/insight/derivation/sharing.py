"""Names for what several equations say: P for the probabilities, Y for the one-hot targets, …

What two equations have in common is computed once, so it is written once. An expression of the
forward pass that a gradient needs again is replaced by its name; other common expressions get
one. The result is a list of equations in which every expression is written out once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trivium.engine import dtypes
from trivium.engine.primitives import exponential
from trivium.engine.tensor import Tensor, input
from trivium.engine.traversal import same, topological

from . import naming, textbook
from .cutting import Cut, symbolic
from .equations import Equation
from .symbols import Role, Symbol

__all__ = ["share"]

_CHEAP = frozenset(
    {"broadcast", "reshape", "permute", "cast", "negative", "constant", "input", "slice", "flip",
     "stop_gradient", "where"}
)  # fmt: skip
_COMPARISONS = frozenset(
    {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "step"}
)


def share(made: Cut, equations: Sequence[Equation], batch: int) -> list[Equation]:
    """``equations`` with names for what they have in common, and what each reuses."""
    known = _by_names(made, equations)
    added = _Namer(made, known, batch).run()
    return [replace(each, uses=_uses(made, each)) for each in added]


def _by_names(made: Cut, equations: Sequence[Equation]) -> list[Equation]:
    """Expressions that an earlier equation defines, replaced by its symbol."""
    defined: dict[int, Tensor] = {}
    result = []
    for each in equations:
        expression = _replaced(each.expression, defined)
        if expression.inputs and _worth_a_name(expression):
            defined.setdefault(id(each.expression), each.defines.leaf)
        result.append(replace(each, expression=expression))
    return result


def _replaced(expression: Tensor, by: dict[int, Tensor]) -> Tensor:
    new: dict[int, Tensor] = {}
    for node in topological([expression]):
        found = by.get(id(node))
        new[id(node)] = (
            same(node, tuple(new[id(each)] for each in node.inputs)) if found is None else found
        )
    return new[id(expression)]


def _worth_a_name(node: Tensor) -> bool:
    """Whether writing the node again would be more than writing a name for it."""
    if not node.inputs or node.parts is not None or node.primitive.name in _CHEAP:
        return False
    if not dtypes.is_floating(node.dtype) or node.primitive.name in _COMPARISONS:
        return False
    if node.primitive.name in ("multiply", "divide", "square") and not node.shape:
        return False
    return _reads_a_value(node)


def _reads_a_value(node: Tensor) -> bool:
    """Whether there is an input in the expression; the first one found is enough."""
    stack, seen = [node], {id(node)}
    while stack:
        current = stack.pop()
        if current.primitive.name == "input":
            return True
        for each in current.inputs:
            if id(each) not in seen:
                seen.add(id(each))
                stack.append(each)
    return False


class _Namer:
    """Finds the common expressions and puts an equation for each before its first use."""

    def __init__(self, made: Cut, equations: Sequence[Equation], batch: int) -> None:
        self.made, self.equations, self.batch = made, list(equations), batch
        self.found: dict[int, tuple[Tensor, bool]] = {}
        self.counts = {"q": 0, "g": 0}
        # Walks of expressions that stay while others are cut, by id; a walk keeps its nodes.
        self._orders: dict[int, list[Tensor]] = {}

    def _order(self, expression: Tensor) -> list[Tensor]:
        found = self._orders.get(id(expression))
        if found is None:
            found = self._orders[id(expression)] = topological([expression])
        return found

    def run(self) -> list[Equation]:
        while (node := self._next()) is not None:
            self._cut(node)
        return [self._named(each) for each in self.equations]

    def _next(self) -> Tensor | None:
        """The next expression to name: those that always have one, then the largest common."""
        uses: dict[int, int] = {}
        nodes: dict[int, Tensor] = {}
        defined = {id(each.expression) for each in self.equations}
        for equation in self.equations:
            order = self._order(equation.expression)
            inside = {id(equation.expression): 1}
            for node in reversed(order):
                for each in node.inputs:
                    inside[id(each)] = inside.get(id(each), 0) + 1
            for node in order:
                nodes[id(node)] = node
                uses[id(node)] = uses.get(id(node), 0) + inside[id(node)]
        backward = topological([e.expression for e in self.equations if e.kind != "forward"])
        late = {id(node) for node in backward}
        always = [
            node
            for key, node in nodes.items()
            if key not in defined and _has_own_name(node, key in late)
        ]
        if always:
            return always[0]
        common = [
            node
            for key, node in nodes.items()
            if uses[key] > 1 and key not in defined and _worth_a_name(node)
        ]
        return max(common, key=lambda node: len(self._order(node)), default=None)

    def _cut(self, node: Tensor) -> None:
        """Put an equation for ``node`` before its first use; names come when all are there."""
        forward = not any(
            (found := self.made.symbols.of(each)) is not None and found.role == "gradient"
            for each in topological([node])
        )
        leaf = input(node.shape, node.dtype, name="shared")
        self.found[id(leaf)] = node, forward
        shape = symbolic(node.shape, self.batch)
        role: Role = "value" if forward else "gradient"
        symbol = self.made.symbols.add(Symbol(leaf, "", "", "", shape, role))
        users = [
            i
            for i, each in enumerate(self.equations)
            if any(inner is node for inner in self._order(each.expression))
        ]
        first = users[0]
        if forward and self.equations[first].kind != "forward":
            first = self._end_of_forward()
        rewritten = list(self.equations)
        for i in users:
            expression = _replaced(rewritten[i].expression, {id(node): leaf})
            rewritten[i] = replace(rewritten[i], expression=expression)
        added = (
            Equation(symbol, node, "forward")
            if forward
            else Equation(symbol, node, "backward", ("shared",))
        )
        rewritten.insert(first, added)
        self.equations = rewritten

    def _named(self, equation: Equation) -> Equation:
        found = self.found.get(id(equation.defines.leaf))
        if found is None:
            return equation
        latex, text, code = self.made.names.unique(self._name_for(*found))
        symbol = replace(equation.defines, latex=latex, text=text, code=code)
        self.made.symbols.add(symbol)
        return replace(equation, defines=symbol)

    def _end_of_forward(self) -> int:
        """Before the loss, the last equation of the forward pass."""
        return max(i for i, each in enumerate(self.equations) if each.kind == "forward")

    def _name_for(self, node: Tensor, forward: bool) -> naming.Name:
        name = node.primitive.name
        if name == "softmax":
            return naming.Name("P", "P", "p")
        if name == "sigmoid":
            return naming.Name("p", "p", "p")
        if name == "one_hot":
            return naming.Name("Y", "Y", "y_one_hot")
        if name == "project" and forward:
            return naming.Name("H", "H", "states")
        if name == "sign_of_code":
            return naming.Name("s", "s", "sign")
        if name == "subtract" and all(self.made.symbols.of(each) for each in node.inputs):
            return naming.Name("r", "r", "residual")
        letter = "q" if forward else "g"
        self.counts[letter] += 1
        return naming.label_name(f"{letter}_{self.counts[letter]}")


def _has_own_name(node: Tensor, in_backward: bool) -> bool:
    """Probabilities and one-hot targets have a name even where they occur once."""
    if node.primitive is textbook.one_hot:
        return True
    if not node.inputs or node.inputs[0].primitive.name != "input":
        return False
    return node.primitive is textbook.softmax or (
        in_backward and node.primitive is exponential.sigmoid and node.ndim > 0
    )


def _uses(made: Cut, equation: Equation) -> tuple[Symbol, ...]:
    """The values of the forward pass that an equation of the backward pass reads."""
    if equation.kind == "forward":
        return ()
    found = [made.symbols.of(each) for each in topological([equation.expression])]
    return tuple(each for each in found if each is not None and each.role == "value")
