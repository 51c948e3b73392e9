"""Nodes in the user's words: labels, names, lines, formulas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trivium.engine import dtypes
from trivium.engine.passes.rewrite import unwrap
from trivium.engine.tensor import Tensor
from trivium.engine.traversal import topological

if TYPE_CHECKING:
    from .analysis import Analysis

__all__ = ["Obstacle", "formula", "obstacle", "steps"]

_DEPTH = 3
_MOST = 40


@dataclass(frozen=True, eq=False)
class Obstacle:
    """The node at which an argument stops.

    ``node``: the expression itself. ``primitive``: its name. ``label``: the label, variable or
    layer that it belongs to, if any. ``line``: the user's file, line and text. ``formula``:
    LaTeX. ``reason``: why the argument stops there, in a sentence.
    """

    node: Tensor
    primitive: str
    label: str
    line: str
    formula: str
    reason: str

    def __str__(self) -> str:
        place = f" at {self.label}" if self.label else ""
        line = f"\n  your line: {self.line}" if self.line else ""
        return f"{self.primitive}{place}: {self.reason}\n  formula: {self.formula}{line}"

    __repr__ = __str__


def obstacle(
    node: Tensor,
    reason: str,
    output: Tensor,
    named: Sequence[tuple[str, Tensor]],
    model: Any = None,
) -> Obstacle:
    """The obstacle ``node`` on the way to ``output``, told with the variables' names."""
    names = {id(variable): name for name, variable in named}
    layer = node.scope[-1].split(" ")[0] if len(node.scope) > 1 else ""
    label = _label_of(node, output)
    sides = _sides(node, named)
    activation = _activation(model, layer)
    where = " of ".join(each for each in (label, layer) if each)
    return Obstacle(
        node,
        f"{activation} ({node.primitive.name})"
        if activation and not sides
        else node.primitive.name,
        where,
        str(node.site) if node.site else "",
        formula(node, names),
        reason + (f": {sides}" if sides else ""),
    )


def _sides(node: Tensor, named: Sequence[tuple[str, Tensor]]) -> str:
    """What the two sides of a product or quotient depend on."""
    if node.primitive.name not in ("multiply", "contraction", "divide", "chain"):
        return ""
    told = []
    for side in node.inputs:
        inside = {id(each) for each in topological([side])}
        names = [name for name, variable in named if id(variable) in inside]
        if not names:
            return ""
        if len(names) == 1 and any(side is variable for _, variable in named):
            told.append(names[0])
        else:
            more = ", …" if len(names) > 4 else ""
            told.append(f"a value that depends on {', '.join(names[:4])}{more}")
    return f"{told[0]} with {told[1]}"


def _activation(model: Any, layer: str) -> str:
    """The name of the activation of the layer, if it has one."""
    sublayers = getattr(model, "sublayers", None)
    if not callable(sublayers) or not layer:
        return ""
    for attribute in ("activation", "function", "_activation"):
        found = getattr(sublayers().get(layer), attribute, None)
        if isinstance(found, str):
            return found
    return ""


def _label_of(node: Tensor, output: Tensor) -> str:
    """The node's own name, or the label that its value gets next."""
    if node.name:
        return str(node.name)
    for each in topological([output]):
        if each.primitive.name == "label" and each.inputs[0] is node:
            return str(each.name)
    return ""


def formula(node: Tensor, names: Mapping[int, str], depth: int = _DEPTH) -> str:
    """The node as LaTeX, its inputs by their names where they have any, else to some depth."""
    name = names.get(id(node)) or (node.name if node.primitive.name != "constant" else None)
    if name and depth < _DEPTH:
        return _latex_name(str(name))
    if not node.inputs:
        return _leaf(node, name)
    if node.primitive.name in ("label", "broadcast", "reshape", "cast"):
        return formula(node.inputs[0], names, depth)
    if depth == 0:
        return r"\cdots"
    parts = [formula(each, names, depth - 1) for each in node.inputs]
    if node.primitive.name in (
        "multiply",
        "contraction",
        "negative",
        "divide",
        "power",
        "square",
    ):
        divides = node.primitive.name == "divide"
        parts = [
            part if divides or _named(each, names) else rf"\left({part}\right)"
            for part, each in zip(parts, node.inputs)
        ]
    notation = node.primitive.notation
    if callable(notation):
        return str(notation(node.attributes, *parts))
    return notation.format(*parts)


def _named(node: Tensor, names: Mapping[int, str]) -> bool:
    bare = unwrap(node, "broadcast", "reshape", "cast")
    return not bare.inputs or id(bare) in names or bool(bare.name)


def _leaf(node: Tensor, name: str | None) -> str:
    if name:
        return _latex_name(str(name))
    if node.primitive.name == "constant" and node.size == 1:
        return f"{float(node.attributes.array.reshape(())):.4g}"
    return r"\mathrm{const}"


def _latex_name(name: str) -> str:
    return name if len(name) == 1 else rf"\mathrm{{{name.replace('_', chr(92) + '_')}}}"


def steps(analysis: Analysis, output: Tensor, names: Mapping[int, str]) -> tuple[str, ...]:
    """The argument: every node that has a label or bends other than its inputs, in order."""
    lines = []
    for node in analysis.order:
        if not analysis.varies(node) or not node.inputs or not _floating(node):
            continue
        state = analysis[node]
        if state.bend == "unknown" and analysis[output].bend != "unknown":
            continue  # seen through by a rule that looks at more than one node
        before = {analysis[each].bend for each in node.inputs if analysis.varies(each)}
        labelled = node.primitive.name == "label"
        if (
            not labelled
            and node is not output
            and state.bend in before | {"affine", "constant"}
        ):
            continue
        what = str(node.name) if labelled else formula(node, names, 2)
        lines.append(f"{what}: {state.bend}")
        if state.bend == "unknown":
            break
    if len(lines) > _MOST:
        lines = [*lines[: _MOST - 1], f"… and {len(lines) - _MOST + 1} more"]
    return tuple(lines)


def _floating(node: Tensor) -> bool:
    return node.dtype is not None and dtypes.is_floating(node.dtype)
