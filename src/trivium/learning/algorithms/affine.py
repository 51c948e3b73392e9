"""A certificate that predictions are affine in the parameters, or the node where they are not.

The graph is walked once from the leaves. A node keeps f(θ) = Aθ + b when its primitive is
affine in all inputs together, or linear in the one input that depends on θ while the others
stay fixed; compositions of such nodes are affine (Boyd & Vandenberghe (2004), *Convex
Optimization*, §2.3.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from trivium.engine import dtypes
from trivium.engine.primitive import Unsupported
from trivium.engine.tensor import Tensor
from trivium.engine.traversal import depends_on, topological

__all__ = ["Obstacle", "find_obstacle"]


class Obstacle(NamedTuple):
    """The first node at which predictions stop being affine in the parameters.

    ``varying``: the inputs of ``node`` that depend on the parameters.
    """

    node: Tensor
    varying: tuple[int, ...]

    def describe(self, model: Any, parameters: Mapping[str, Tensor]) -> str:
        """What stands in the way, where in the model and on which line of the user."""
        place = self.node.scope[-1].split(" ")[0] if len(self.node.scope) > 1 else ""
        what = self._product(parameters) or self._activation(model, place)
        layer = f" at {place}" if place else ""
        line = f" (your line: {self.node.site})" if self.node.site else ""
        return f"{what or self.node.primitive.name}{layer}{line}"

    def _product(self, parameters: Mapping[str, Tensor]) -> str:
        """The two sides of a product of values that both depend on parameters."""
        curvature = self.node.primitive.curvature
        if isinstance(curvature, Unsupported) or len(self.varying) < 2:
            return ""
        if not set(self.varying) <= set(curvature.linear_in):
            return ""
        sides = [_named(self.node.inputs[i], parameters) for i in self.varying[:2]]
        return f"the product ({self.node.primitive.name}) of {sides[0]} with {sides[1]}"

    @staticmethod
    def _activation(model: Any, place: str) -> str:
        """The name of the activation of the layer at ``place``, if it has one."""
        layers = model.sublayers() if callable(getattr(model, "sublayers", None)) else {}
        layer = layers.get(place, model)
        for attribute in ("activation", "function", "_activation"):
            found = getattr(layer, attribute, None)
            if isinstance(found, str):
                return found
        return ""


def _named(side: Tensor, parameters: Mapping[str, Tensor]) -> str:
    inside = {id(node) for node in topological([side])}
    names = [path for path, parameter in parameters.items() if id(parameter) in inside]
    if len(names) == 1 and id(side) == id(parameters[names[0]]):
        return names[0]
    return f"values that depend on {', '.join(names[:4])}{', …' if len(names) > 4 else ''}"


def find_obstacle(output: Tensor, parameters: Mapping[str, Tensor]) -> Obstacle | None:
    """The first node, in evaluation order, at which ``output`` stops being affine; or None."""
    order = topological([output])
    leaves = {id(parameter) for parameter in parameters.values()}
    reached = depends_on(order, parameters.values())
    for node in order:
        if id(node) not in reached or id(node) in leaves:
            continue
        varying = tuple(i for i, each in enumerate(node.inputs) if id(each) in reached)
        if not _keeps_affine(node, varying):
            return Obstacle(node, varying)
    return None


def _keeps_affine(node: Tensor, varying: tuple[int, ...]) -> bool:
    if node.parts is not None or not dtypes.is_floating(node.dtype):
        return False
    curvature = node.primitive.curvature
    if isinstance(curvature, Unsupported):
        return False
    linear = set(varying) <= set(curvature.linear_in)
    if curvature.shape == "affine":
        return linear or not curvature.linear_in
    return linear and len(varying) == 1
