"""Names for what several equations say: P for the probabilities, Y for the one-hot targets, …

What two equations have in common is computed once, so it is written once. An expression of the
forward pass that a gradient needs again is replaced by its name; other common expressions get
one. The result is a list of equations in which every expression is written out once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from trivium.engine import dtypes
from trivium.engine.primitives import exponential
from trivium.engine.tensor import Tensor, input
from trivium.engine.traversal import depends_on, same, topological

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
        self.made, self.equations, self.batch = made, equations, batch
        self.order = topological([each.expression for each in equations])
        self.late = {
            id(node)
            for node in topological([e.expression for e in equations if e.kind != "forward"])
        }
        self.of_gradients = depends_on(
            self.order, [each.leaf for each in made.symbols if each.role == "gradient"]
        )
        self.counts = {"q": 0, "g": 0}

    def run(self) -> list[Equation]:
        named = self._to_name()
        new: dict[int, Tensor] = {}
        common: dict[int, Equation] = {}  # by the leaf of their symbol
        for node in self.order:
            made = same(node, tuple(new[id(each)] for each in node.inputs))
            if id(node) in named:
                equation = self._equation(node, made)
                made = equation.defines.leaf
                common[id(made)] = equation
            new[id(node)] = made
        rewritten = [replace(e, expression=new[id(e.expression)]) for e in self.equations]
        return [self._named(each) for each in _in_order(rewritten, common)]

    def _to_name(self) -> set[int]:
        """The expressions that are used more than once, and those that always have a name.

        What is not worth a name is written out wherever it is used, so what is in it is used
        there too.
        """
        defined = {id(each.expression) for each in self.equations}
        uses: dict[int, int] = {}
        named: set[int] = set()
        for node in reversed(self.order):
            times = uses.get(id(node), 0)
            if id(node) in defined:
                times = 1
            elif _has_own_name(node, id(node) in self.late) or (
                times > 1 and _worth_a_name(node)
            ):
                named.add(id(node))
                times = 1
            for each in node.inputs:
                uses[id(each)] = uses.get(id(each), 0) + times
        return named

    def _equation(self, node: Tensor, expression: Tensor) -> Equation:
        """The equation of a common expression; its symbol gets its names in reading order."""
        forward = id(node) not in self.of_gradients
        leaf = input(node.shape, node.dtype, name="shared")
        shape = symbolic(node.shape, self.batch)
        role: Role = "value" if forward else "gradient"
        symbol = self.made.symbols.add(Symbol(leaf, "", "", "", shape, role))
        if forward:
            return Equation(symbol, expression, "forward")
        return Equation(symbol, expression, "backward", ("shared",))

    def _named(self, equation: Equation) -> Equation:
        if equation.defines.text:
            return equation
        latex, text, code = self.made.names.unique(self._name_for(equation))
        symbol = replace(equation.defines, latex=latex, text=text, code=code)
        self.made.symbols.add(symbol)
        return replace(equation, defines=symbol)

    def _name_for(self, equation: Equation) -> naming.Name:
        node, forward = equation.expression, equation.kind == "forward"
        own = _NAMES.get(node.primitive.name)
        if own is not None and (forward or node.primitive.name != "project"):
            return own
        if node.primitive.name == "subtract" and all(
            self.made.symbols.of(each) for each in node.inputs
        ):
            return naming.Name("r", "r", "residual")
        letter = "q" if forward else "g"
        self.counts[letter] += 1
        return naming.label_name(f"{letter}_{self.counts[letter]}")


_NAMES = {
    "softmax": naming.Name("P", "P", "p"),
    "sigmoid": naming.Name("p", "p", "p"),
    "one_hot": naming.Name("Y", "Y", "y_one_hot"),
    "project": naming.Name("H", "H", "states"),
    "sign_of_code": naming.Name("s", "s", "sign"),
}


def _in_order(equations: Sequence[Equation], common: Mapping[int, Equation]) -> list[Equation]:
    """``equations`` with each of the ``common`` ones before the first that uses it.

    Values of the forward pass that only gradients use stand at its end, before the loss.
    """
    forward: list[Equation] = []
    backward: list[Equation] = []
    last = max(i for i, each in enumerate(equations) if each.kind == "forward")
    written: set[int] = set()

    place = {key: i for i, key in enumerate(common)}  # they were made from the leaves up

    def needed(equation: Equation) -> list[Equation]:
        """The common equations that ``equation`` needs and that are not written yet."""
        found: set[int] = set()
        stack = [equation]
        while stack:
            for each in topological([stack.pop().expression]):
                if id(each) in common and id(each) not in written:
                    written.add(id(each))
                    found.add(id(each))
                    stack.append(common[id(each)])
        return [common[key] for key in sorted(found, key=place.__getitem__)]

    for i, equation in enumerate(equations):
        before = needed(equation)
        values = [each for each in before if each.kind == "forward"]
        if i <= last:
            forward += [*values, equation]
        else:
            forward[-1:-1] = values
            backward += [each for each in before if each.kind != "forward"] + [equation]
    return forward + backward


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
