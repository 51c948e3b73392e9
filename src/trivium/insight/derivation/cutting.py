"""Cutting: which values of a forward pass get a name, and the equation that makes each of them.

Labels are names already. Where a model has none, the values get them that a textbook would name:
what a layer computes before its activation (z), what the activation makes of it (a), and whatever
would otherwise be written out in full more than once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trivium.engine import dtypes
from trivium.engine.tensor import Tensor, Variable, input
from trivium.engine.traversal import depends_on, same, topological, users

from . import naming
from .symbols import Role, Size, Symbol, Symbols

__all__ = ["Cut", "Step", "cut"]

# A value that is used twice gets a name if writing it out takes more operations than this, and
# every value does beyond the second number.
_SHARED_SIZE = 8
_LARGEST_SIZE = 30
_WEIGHTLESS = frozenset({"broadcast", "reshape", "cast", "label", "constant", "stop_gradient"})
_AFFINE = frozenset({"add", "subtract"})


@dataclass(frozen=True, eq=False)
class Step:
    """A named value and the expression that makes it from other named values."""

    symbol: Symbol
    expression: Tensor
    active: bool
    line: str


@dataclass
class Cut:
    """A forward pass in steps: ``steps`` in the order of computation, the loss last.

    ``constants``: the values of variables that are no parameters, by the id of their leaf.
    ``random``: expressions of the values that are drawn, such as the masks of dropout, likewise.
    """

    symbols: Symbols
    names: naming.Names
    steps: list[Step] = field(default_factory=list)
    parameters: dict[str, Symbol] = field(default_factory=dict)
    constants: dict[int, np.ndarray[Any, Any]] = field(default_factory=dict)
    random: dict[int, Tensor] = field(default_factory=dict)


def cut(
    loss: Tensor,
    prediction: Tensor | None,
    leaves: Sequence[tuple[Tensor, Role, naming.Name]],
    parameters: Mapping[str, Variable],
    batch: int,
) -> Cut:
    """The steps of ``loss``.

    ``prediction``: the model's output, a node of ``loss``. ``leaves``: the inputs with their
    roles and names. ``batch``: the size of the axis of the examples, shown as "n".
    """
    return _Cutter(loss, prediction, leaves, parameters, batch).run()


class _Cutter:
    def __init__(
        self,
        loss: Tensor,
        prediction: Tensor | None,
        leaves: Sequence[tuple[Tensor, Role, naming.Name]],
        parameters: Mapping[str, Variable],
        batch: int,
    ) -> None:
        self.loss, self.prediction, self.parameters, self.batch = (
            loss,
            prediction,
            parameters,
            batch,
        )
        self.order = topological([loss])
        self.active = depends_on(self.order, list(parameters.values()))
        self.users = users(self.order)
        self.cut = Cut(Symbols(), naming.Names())
        for leaf, role, name in leaves:
            shape = symbolic(leaf.shape, batch)
            taken = self.cut.names.reserve(name)
            self.cut.symbols.add(Symbol(leaf, *taken, shape, role, name.code))
        self.affine = self._affine_sums()
        self.letters = {"z": 0, "a": 0, "h": 0, "u": 0, "c": 0, "M": 0}
        self.drawn = _drawn(self.order)

    def run(self) -> Cut:
        wanted = self._wanted()
        self._name_parameters(wanted)
        new: dict[int, Tensor] = {}
        size: dict[int, int] = {}
        for node in self.order:
            if isinstance(node, Variable):
                new[id(node)] = self._variable(node)
                size[id(node)] = 1
                continue
            if self._is_drawn(node):
                new[id(node)], size[id(node)] = self._random(node), 1
                continue
            made = same(node, tuple(new[id(each)] for each in node.inputs))
            weight = 0 if node.primitive.name in _WEIGHTLESS else 1
            size[id(node)] = weight + sum(size[id(each)] for each in node.inputs)
            name = wanted.get(id(node)) or self._too_long(node, size[id(node)])
            if name is not None:
                inner = made.inputs[0] if made.primitive.name == "label" else made
                made = self._step(node, name, inner)
                size[id(node)] = 1
            new[id(node)] = made
        if not self.cut.steps or new[id(self.loss)] is not self.cut.steps[-1].symbol.leaf:
            self._step(self.loss, naming.label_name("loss"), new[id(self.loss)])
        return self.cut

    def _step(self, node: Tensor, name: naming.Name, expression: Tensor) -> Tensor:
        leaf = input(node.shape, node.dtype, name=name.text)
        symbol = Symbol(
            leaf, *self.cut.names.unique(name), symbolic(node.shape, self.batch), "value",
            node.name if isinstance(node.name, str) else "",
        )  # fmt: skip
        self.cut.symbols.add(symbol)
        line = str(node.site) if node.site else ""
        self.cut.steps.append(Step(symbol, expression, id(node) in self.active, line))
        return leaf

    def _wanted(self) -> dict[int, naming.Name]:
        """The names of the values that are cut in any case, by node."""
        found: dict[int, naming.Name] = {}
        labels = [each for each in self.order if each.primitive.name == "label"]
        below = {id(each.inputs[0]) for each in labels}
        for each in labels:
            if id(each) not in below:  # of a value with two labels the outer one counts
                found[id(each)] = naming.label_name(each.attributes.name)
                self._count(each.attributes.name)
        for node in self.order:
            if id(node) in found or id(node) in below or not self._may_cut(node):
                continue
            if self._is_affine(node):
                found[id(node)] = self._next("z")
            elif self._is_activation(node):
                found[id(node)] = self._next("h" if node.primitive.name == "project" else "a")
        if self._unnamed_prediction(found, below):
            assert self.prediction is not None
            found[id(self.prediction)] = naming.label_name("ŷ")
        found[id(self.loss)] = naming.label_name("loss")
        return found

    def _unnamed_prediction(self, found: Mapping[int, object], below: Iterable[int]) -> bool:
        node = self.prediction
        return (
            node is not None
            and id(node) not in found
            and id(node) not in below
            and self._may_cut(node)
        )

    def _may_cut(self, node: Tensor, active: bool = True) -> bool:
        return (
            (id(node) in self.active or not active)
            and node.parts is None
            and bool(node.inputs)
            and dtypes.is_floating(node.dtype)
            and node is not self.loss
        )

    def _is_affine(self, node: Tensor) -> bool:
        """The end of a sum with a product with a parameter in it: x W + b, x W + h U + b."""
        if id(node) not in self.affine:
            return False
        users = self.users.get(id(node), [])
        return not users or any(id(user) not in self.affine for user in users)

    def _affine_sums(self) -> set[int]:
        """The products with parameters, and the sums that they are summands of."""
        found: set[int] = set()
        beyond = set() if self.prediction is None else depends_on(self.order, [self.prediction])
        for node in self.order:
            if id(node) in beyond and node is not self.prediction:
                continue
            if self._is_product(node) or (
                node.primitive.name in _AFFINE
                and node.ndim
                and any(id(each) in found for each in node.inputs)
            ):
                found.add(id(node))
        return found

    def _is_product(self, node: Tensor) -> bool:
        return node.primitive.name == "contraction" and any(
            isinstance(_bare(each), Variable) for each in node.inputs
        )

    def _is_activation(self, node: Tensor) -> bool:
        """What a product with a parameter takes in, if it was computed from parameters."""
        if node.primitive.name in _WEIGHTLESS:
            return False
        return any(
            user.primitive.name == "contraction" and self._is_product(user)
            for user in self.users.get(id(node), [])
        )

    def _too_long(self, node: Tensor, size: int) -> naming.Name | None:
        if node.primitive.name == "stop_gradient" and id(node) in self.active:
            return self._next("c")
        if node.primitive.name in _WEIGHTLESS or not self._may_cut(node, active=False):
            return None
        if any(user.primitive.name == "label" for user in self.users.get(id(node), [])):
            return None
        shared = len(self.users.get(id(node), [])) > 1
        if size > _LARGEST_SIZE or (shared and size > _SHARED_SIZE):
            return self._next("u" if id(node) in self.active else "c")
        return None

    def _is_drawn(self, node: Tensor) -> bool:
        """Whether this is random and what uses it is not: a mask, not the bits behind it."""
        return id(node) in self.drawn and not all(
            id(user) in self.drawn for user in self.users.get(id(node), [])
        )

    def _random(self, node: Tensor) -> Tensor:
        leaf = input(node.shape, node.dtype, name="random")
        name = self.cut.names.unique(self._next("M"))
        shape = symbolic(node.shape, self.batch)
        self.cut.random[id(leaf)] = node
        return self.cut.symbols.add(Symbol(leaf, *name, shape, "random")).leaf

    def _count(self, label: str) -> None:
        letter, _, rest = label.partition("[")
        number = rest.rstrip("]")
        if letter in self.letters and number.isdigit():
            self.letters[letter] = max(self.letters[letter], int(number))

    def _next(self, letter: str) -> naming.Name:
        self.letters[letter] += 1
        number = self.letters[letter]
        if letter in ("u", "c"):
            return naming.label_name(f"{letter}_{number}")
        return naming.numbered(letter, number)

    def _name_parameters(self, wanted: Mapping[int, naming.Name]) -> None:
        layers = self._layers(wanted)
        lasts = [path.rpartition(".")[2] for path in self.parameters]
        for path, variable in self.parameters.items():
            own = layers.get(id(variable), set())
            layer = next(iter(own)) if len(own) == 1 else None
            alone = lasts.count(path.rpartition(".")[2]) == 1
            name = naming.parameter_name(path, variable.ndim, layer, alone)
            self.cut.parameters[path] = self._parameter(variable, path, name)

    def _layers(self, wanted: Mapping[int, naming.Name]) -> dict[int, set[str | None]]:
        """The numbers of the values z that each parameter goes into directly."""
        found: dict[int, set[str | None]] = {}
        reaches: dict[int, set[int]] = {}
        for node in self.order:
            if isinstance(node, Variable):
                reaches[id(node)] = {id(node)}
                continue
            own = set().union(*(reaches.get(id(each), set()) for each in node.inputs))
            name = wanted.get(id(node))
            if name is None:
                reaches[id(node)] = own
                continue
            inside = name.text.partition("[")[2].rstrip("]")
            for each in own:
                if node is not self.loss:
                    found.setdefault(each, set()).add(inside or None)
        return found

    def _parameter(self, variable: Variable, path: str, name: naming.Name) -> Symbol:
        leaf = input(variable.shape, variable.dtype, name=path)
        shape = tuple(variable.shape)
        taken = self.cut.names.unique(name)
        return self.cut.symbols.add(Symbol(leaf, *taken, shape, "parameter", path))

    def _variable(self, variable: Variable) -> Tensor:
        for path, each in self.parameters.items():
            if each is variable:
                return self.cut.parameters[path].leaf
        path = variable.name or "constant"
        name = naming.label_name(path)
        leaf = input(variable.shape, variable.dtype, name=path)
        symbol = Symbol(
            leaf, *self.cut.names.unique(name), tuple(variable.shape), "constant", path
        )
        self.cut.constants[id(leaf)] = variable.value
        return self.cut.symbols.add(symbol).leaf


def symbolic(shape: Sequence[int], batch: int) -> tuple[Size, ...]:
    """``shape`` with n in place of the unusual size that stands for the examples."""
    return tuple(_size(each, batch) for each in shape)


def _size(size: int, batch: int) -> Size:
    if size == 0 or size % batch:
        return size
    return "n" if size == batch else f"{size // batch}n"


def _drawn(order: Sequence[Tensor]) -> set[int]:
    """The nodes that depend on random bits and on nothing that is given."""
    drawn: set[int] = set()
    given: set[int] = set()
    for node in order:
        if node.primitive.name in ("input", "variable") or any(
            id(i) in given for i in node.inputs
        ):
            given.add(id(node))
        elif node.primitive.name == "random_bits" or any(id(i) in drawn for i in node.inputs):
            drawn.add(id(node))
    return drawn


def _bare(node: Tensor) -> Tensor:
    while node.primitive.name in ("reshape", "permute", "cast", "broadcast", "label"):
        node = node.inputs[0]
    return node
