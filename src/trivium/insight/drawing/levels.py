"""An expression as boxes and edges: every operation, every named value, or every layer.

Casts, broadcasts and axes of size 1 that come and go are no boxes: they are part of the edge on
which they lie, as in a formula that nobody would write them in. A literal number is a box of its
own wherever it is used, for an edge from one far away would say nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trivium.engine.tensor import Tensor
from trivium.engine.traversal import topological

from .clusters import Cluster, by_layer, by_name, each_alone
from .graph import Box, Edge, Graph, Kind, Level
from .signs import is_small, sign_of
from .words import number

__all__ = ["graph_of", "path_to_base"]

_LEAVES: dict[str, Kind] = {"input": "input", "variable": "parameter", "constant": "constant"}
_WORDS = {"input": "input", "parameter": "parameter", "constant": "constant"}
_LISTED = 4  # signs of operations that a box lists


def graph_of(outputs: Sequence[Tensor], level: Level, depth: int | None = None) -> Graph:
    """The boxes and edges of ``outputs``; ``depth``: how deep layers are told apart."""
    return _Builder(outputs, level, depth).build()


def path_to_base(node: Tensor, folded: frozenset[int]) -> tuple[Tensor, list[Tensor]]:
    """The value that arrives as ``node`` and the folded nodes on its way, the nearest first.

    The value is the first node that is not folded, or one result of one that has several.
    """
    way: list[Tensor] = []
    while id(node) in folded:
        way.append(node)
        node = node.inputs[0]
    way.reverse()
    if node.parts is not None and way:
        return way[0], way[1:]
    return node, way


class _Builder:
    def __init__(self, outputs: Sequence[Tensor], level: Level, depth: int | None) -> None:
        self.outputs = list(outputs)
        self.level = level
        self.depth = depth
        self.order = topological(self.outputs)
        self.folded = _folded(self.order, self.outputs, keep_labels=level == "value")
        shown = {id(self._base(each)) for each in self.order if _is_label(each)}
        shown |= {id(self._base(each)) for each in self.outputs}
        self.numbers = {
            id(each) for each in self.order if _is_literal(each) and id(each) not in shown
        }
        self.nodes = [
            each
            for each in self.order
            if id(each) not in self.folded and id(each) not in self.numbers
        ]
        self.boxes: list[Box] = []
        self.edges: list[Edge] = []
        self.owner: dict[int, int] = {}

    def _base(self, node: Tensor) -> Tensor:
        """The node that is not folded behind ``node``."""
        while id(node) in self.folded:
            node = node.inputs[0]
        return node

    def build(self) -> Graph:
        for cluster in self._clusters():
            for member in cluster.members:
                self.owner[id(member)] = len(self.boxes)
            for leaf in cluster.absorbed:
                self.owner[id(leaf)] = len(self.boxes)
            self.boxes.append(self._box(cluster))
        self._name()
        self._connect()
        self._end()
        return Graph(self.level, self.outputs, self.boxes, self.edges, frozenset(self.folded))

    def _clusters(self) -> list[Cluster]:
        if self.level == "operation":
            return each_alone(self.nodes)
        drawn = {id(each) for each in self.nodes}
        inputs = {}
        for node in self.nodes:
            bases = map(self._base, node.inputs)
            inputs[id(node)] = [each for each in bases if id(each) in drawn]
        if self.level == "value":
            ends = {id(self._base(each)) for each in self.outputs}
            return by_name(self.nodes, inputs, ends)
        return by_layer(self.nodes, inputs, self.depth)

    # Boxes.

    def _box(self, cluster: Cluster) -> Box:
        first = cluster.members[0]
        kind = _LEAVES.get(first.primitive.name)
        if kind is not None:
            return Box(kind, _leaf_sign(first, kind), members=[first])
        if self.level == "layer":
            scope = first.scope[: self.depth]
            return Box(
                "layer" if scope else "operation",
                _path(scope) if scope else _signs(cluster.members),
                members=cluster.members,
                parameters=cluster.absorbed,
            )
        last = cluster.members[-1]
        if _is_label(last):
            rest = [each for each in cluster.members if not _is_label(each)]
            name = (last.name or "").strip() or "value"
            return Box("value", name, note=_signs(rest), members=cluster.members)
        return Box(
            "operation",
            _signs(cluster.members),
            members=cluster.members,
            small=len(cluster.members) == 1 and is_small(first),
        )

    def _name(self) -> None:
        """Write the labels that are no boxes beside the boxes of their values."""
        ends = {id(each) for each in self.outputs}
        for each in self.order:
            if not _is_label(each) or id(each) not in self.folded or id(each) in ends:
                continue
            box = self.boxes[self.owner[id(self._base(each))]]
            name = each.name or ""
            if name.strip() and name not in (*box.names, box.sign) and self.level != "layer":
                box.names.append(name)

    # Edges.

    def _connect(self) -> None:
        """The edges between boxes, in the order of writing."""
        alone = self.level == "operation"
        uses: dict[tuple[int, int], list[tuple[Tensor, int]]] = {}
        ends: dict[tuple[int, int], tuple[int, Tensor]] = {}
        folded = frozenset(self.folded)
        for node in self.nodes:
            target = self.owner[id(node)]
            for i, each in enumerate(node.inputs):
                value, _ = path_to_base(each, folded)
                if id(value) in self.numbers:
                    if not alone:
                        continue  # inside a group of operations nothing is drawn
                    source = len(self.boxes)
                    sign = number(value.attributes.array)
                    self.boxes.append(Box("number", sign, members=[value]))
                else:
                    source = self.owner[id(self._base(each))]
                if source != target:
                    key = (id(node), i) if alone else (id(value), target)
                    uses.setdefault(key, []).append((node, i))
                    ends.setdefault(key, (source, value))
        for key, found in uses.items():
            source, value = ends[key]
            target = self.owner[id(found[0][0])]
            self.edges.append(Edge(source, target, value, tuple(found)))

    def _end(self) -> None:
        """The outputs, each with a box and an edge of its own."""
        for place, output in enumerate(self.outputs):
            value = path_to_base(output, frozenset(self.folded))[0]
            source = self.owner[id(self._base(output))]
            fallback = "output" if len(self.outputs) == 1 else f"output {place}"
            name = output.name if _is_label(output) and (output.name or "").strip() else None
            box = self.boxes[source]
            if box.kind == "value" and box.sign == name:  # the output bears the name
                box.kind, box.sign, box.note = "operation", box.note or "=", ""
            self.edges.append(Edge(source, len(self.boxes), value, (), place))
            self.boxes.append(Box("output", name or fallback, members=[output]))


def _is_label(node: Tensor) -> bool:
    return node.primitive.name == "label"


def _is_literal(node: Tensor) -> bool:
    if node.primitive.name != "constant" or node.shape != ():
        return False
    token = node.attributes.token
    return isinstance(token, tuple) and token[:1] == ("literal",)


def _folded(
    order: Sequence[Tensor], outputs: Iterable[Tensor], *, keep_labels: bool
) -> set[int]:
    """Ids of the nodes that are part of an edge.

    What changes a value's form stays a box where the result has a name or is an output.
    """
    shown = {id(each) for each in outputs}
    shown |= {id(each.inputs[0]) for each in order if _is_label(each)}
    found = set()
    for each in order:
        name = each.primitive.name
        if name == "label":
            # A second name, or a name for a leaf, is no value of its own.
            before = each.inputs[0]
            if not keep_labels or not before.inputs or _is_label(before):
                found.add(id(each))
        elif name == "project" or (
            id(each) not in shown and (name in ("cast", "broadcast") or _only_units(each))
        ):
            found.add(id(each))
    return found


def _only_units(node: Tensor) -> bool:
    """Whether a reshape does nothing but add or drop axes of size 1."""
    if node.primitive.name != "reshape":
        return False
    before, after = node.inputs[0].shape, node.shape
    return [size for size in before if size != 1] == [size for size in after if size != 1]


def _path(scope: Sequence[str]) -> str:
    """``blocks.0 › layers.1 (Dense)`` for (Deep, blocks.0 (MLP), layers.1 (Dense))."""
    if len(scope) < 2:
        return scope[0]
    around = [each.rpartition(" (")[0] or each for each in scope[1:-1]]
    return " › ".join([*around, scope[-1]])


def _leaf_sign(leaf: Tensor, kind: Kind) -> str:
    if leaf.name and leaf.name.strip():
        return leaf.name
    if kind == "constant" and leaf.shape == ():
        return number(leaf.attributes.array)
    return _WORDS[kind]


def _signs(members: Sequence[Tensor]) -> str:
    """The signs of the operations in order, some of them if there are many."""
    found: list[str] = []
    for each in members:
        if not _is_label(each) and (len(members) == 1 or not is_small(each)):
            sign = sign_of(each)
            if found[-1:] != [sign]:
                found.append(sign)
    if not found and members:
        found = [sign_of(members[-1])] if not _is_label(members[-1]) else []
    return " ".join(found[:_LISTED]) + (" …" if len(found) > _LISTED else "")
