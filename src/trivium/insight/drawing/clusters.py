"""Which nodes of an expression are drawn as one box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trivium.engine.tensor import Tensor

__all__ = ["Cluster", "by_layer", "by_name", "each_alone"]

# node id → the nodes that it takes as inputs, folded ones skipped
Uses = Mapping[int, Sequence[Tensor]]


@dataclass
class Cluster:
    """Nodes of one box in their order; ``absorbed``: leaves that only they use."""

    members: list[Tensor]
    absorbed: list[Tensor] = field(default_factory=list)


def each_alone(nodes: Sequence[Tensor]) -> list[Cluster]:
    """Every node is a box."""
    return [Cluster([each]) for each in nodes]


def by_name(nodes: Sequence[Tensor], inputs: Uses, ends: set[int]) -> list[Cluster]:
    """A box for every leaf, label and output (``ends``), and for what several of them use.

    An operation without a name belongs to the one box that everything made from it leads to.
    Contracting such sets leaves no cycle: all ways out of a box start at its last node.
    """
    head: dict[int, int] = {}
    led_to: dict[int, set[int]] = {}
    for node in reversed(nodes):
        targets = led_to.get(id(node), set())
        anchor = node.primitive.name == "label" or node.parts is not None or id(node) in ends
        if node.inputs:
            anchor = anchor or len(targets) != 1
        else:
            anchor = anchor or len(targets) != 1 or not _is_plain(node)
        head[id(node)] = id(node) if anchor else next(iter(targets))
        for each in inputs[id(node)]:
            led_to.setdefault(id(each), set()).add(head[id(node)])
    clusters: dict[int, Cluster] = {}
    for node in nodes:
        found = clusters.setdefault(head[id(node)], Cluster([]))
        alone = head[id(node)] == id(node)
        (found.members if node.inputs or alone else found.absorbed).append(node)
    return list(clusters.values())


def _is_plain(node: Tensor) -> bool:
    return node.primitive.name == "constant" and not node.name


def by_layer(nodes: Sequence[Tensor], inputs: Uses, depth: int | None) -> list[Cluster]:
    """A box for every call of a layer, and leaves for what does not belong to one alone.

    A layer that is called again after others is another box, so that the picture has no cycle:
    along every edge the number of changes of layer does not fall, and it rises wherever the
    layer changes.
    """
    scope = {id(each): each.scope[:depth] for each in nodes}
    changes = _changes(nodes, inputs, scope)
    key = {each: (scope[each], number) for each, number in changes.items()}
    group = _components(nodes, inputs, key)
    clusters: dict[int, Cluster] = {}
    users: dict[int, set[int]] = {}
    for node in nodes:
        if node.inputs:
            clusters.setdefault(group[id(node)], Cluster([])).members.append(node)
        for each in inputs[id(node)]:
            if not each.inputs:
                users.setdefault(id(each), set()).add(group[id(node)])
    leaves = []
    for node in nodes:
        if node.inputs:
            continue
        owners = users.get(id(node), set())
        taken = node.primitive.name == "variable" or _is_plain(node)
        if taken and len(owners) == 1:
            clusters[owners.pop()].absorbed.append(node)
        else:
            leaves.append(Cluster([node]))
    return [*leaves, *clusters.values()]


def _changes(
    nodes: Sequence[Tensor], inputs: Uses, scope: Mapping[int, object]
) -> dict[int, int]:
    """How often the layer changes on the longest way to each operation.

    What only its own layer uses is counted with its use, so that a side branch that begins
    earlier, such as the handling of the target in a loss, is not torn off.
    """
    found: dict[int, int] = {}
    for node in nodes:
        if node.inputs:
            before = [each for each in inputs[id(node)] if each.inputs]
            steps = [found[id(e)] + (scope[id(e)] != scope[id(node)]) for e in before]
            found[id(node)] = max(steps, default=0)
    latest: dict[int, int] = {}
    elsewhere: set[int] = set()
    for node in reversed(nodes):
        if id(node) in latest and id(node) not in elsewhere:
            found[id(node)] = latest[id(node)]
        for each in inputs[id(node)]:
            if scope[id(each)] != scope[id(node)]:
                elsewhere.add(id(each))
            elif each.inputs:
                used = found[id(node)]
                latest[id(each)] = min(latest.get(id(each), used), used)
    return found


def _components(
    nodes: Sequence[Tensor], inputs: Uses, key: Mapping[int, object]
) -> dict[int, int]:
    """Node id → group: nodes of one key that are connected."""
    parent = {each: each for each in key}

    def root(each: int) -> int:
        while parent[each] != each:
            parent[each] = parent[parent[each]]
            each = parent[each]
        return each

    for node in nodes:
        for each in inputs[id(node)]:
            if id(each) in key and key[id(each)] == key[id(node)]:
                parent[root(id(each))] = root(id(node))
    return {each: root(each) for each in key}
