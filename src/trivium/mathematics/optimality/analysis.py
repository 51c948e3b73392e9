"""How every node of an expression bends in its variables, and where the argument stops."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trivium.engine import dtypes
from trivium.engine.evaluate import values_of
from trivium.engine.tensor import Tensor, Variable
from trivium.engine.traversal import depends_on, topological

from .intervals import bounds_of, bounds_of_array
from .quadratic import constant_hessian, spectrum_of
from .rules import transfer
from .state import Bend, State

__all__ = ["Analysis"]

# A quadratic vector is looked at element by element up to this many.
_ELEMENTS = 32
_DEPTH = 6


class Analysis:
    """The states of all nodes that ``outputs`` need, as functions of ``variables`` jointly.

    ``bounds``: of variables that are known to lie between two numbers. Everything else is
    constant: constants and other variables with their present values, inputs with unknown ones.
    ``resolved``: the quadratics whose curvature was read off their Hessian, and that Hessian.
    """

    def __init__(
        self,
        outputs: Sequence[Tensor],
        variables: Sequence[Tensor],
        bounds: Mapping[Tensor, tuple[float, float]] | None = None,
        depth: int = 0,
    ) -> None:
        self.variables = list(variables)
        self.order = topological(outputs)
        self.depth = depth
        self.resolved: dict[int, tuple[Tensor, np.ndarray[Any, Any]]] = {}
        self._states: dict[int, State] = {}
        self._limits = {id(key): value for key, value in (bounds or {}).items()}
        self._varying = depends_on(self.order, self.variables)
        self._constants()
        for node in self.order:
            if id(node) in self._varying:
                self._states[id(node)] = self._state(node)
        for output in outputs:
            self.resolve(output)

    def __getitem__(self, node: Tensor) -> State:
        return self._states[id(node)]

    def varies(self, node: Tensor) -> bool:
        """Whether the node depends on the variables."""
        return id(node) in self._varying

    # Constants: their values where they are known, else bounds of them.

    def _constants(self) -> None:
        unbound = {id(node) for node in self.order if node.primitive.name == "input"}
        unknown = depends_on(self.order, [n for n in self.order if id(n) in unbound])
        edge = self._edge()
        known = [
            node
            for node in self.order
            if id(node) in edge and id(node) not in unknown and node.parts is None
        ]
        arrays = {id(node): _array(node) for node in known if not node.inputs}
        compound = [node for node in known if node.inputs]
        arrays |= dict(zip(map(id, compound), values_of(compound) if compound else []))
        for node in self.order:
            if id(node) in self._varying:
                continue
            array = arrays.get(id(node))
            if array is not None:
                self._states[id(node)] = _constant(*bounds_of_array(array), _finite(array))
            elif id(node) in unknown and node.inputs and node.parts is None:
                inputs = [self._states[id(each)] for each in node.inputs]
                self._states[id(node)] = _constant(*bounds_of(node, inputs))
            elif not node.inputs and id(node) not in unbound:
                self._states[id(node)] = _constant(*bounds_of_array(_array(node)))
            else:
                self._states[id(node)] = _constant(-math.inf, math.inf)

    def _edge(self) -> set[int]:
        """The constant nodes that some varying node uses, and the outputs that are constant."""
        edge = {
            id(each)
            for node in self.order
            if id(node) in self._varying
            for each in node.inputs
            if id(each) not in self._varying
        }
        return edge | {id(node) for node in self.order[-1:] if id(node) not in self._varying}

    # Nodes that vary.

    def _state(self, node: Tensor) -> State:
        if any(node is each for each in self.variables):
            low, high = self._limits.get(id(node), (-math.inf, math.inf))
            return State("affine", low, high, slope="increasing", quadratic=True)
        inputs = [self._states[id(each)] for each in node.inputs]
        if node.primitive.name == "where" and inputs[0].varies and self.depth < _DEPTH:
            from .piecewise import piecewise

            found = piecewise(self, node)
            if found is not None:
                return found
        made = transfer(node, inputs)
        open_ = [
            i for i, each in enumerate(inputs) if each.bend == "unknown" and each.quadratic
        ]
        if open_ and not made.quadratic:
            for i in open_:
                self.resolve(node.inputs[i])
            made = transfer(node, [self._states[id(each)] for each in node.inputs])
        return made

    def resolve(self, node: Tensor) -> State:
        """The state of a quadratic that no rule could tell, from its constant Hessian."""
        state = self._states[id(node)]
        if state.bend != "unknown" or not state.quadratic:
            return state
        made = self._from_hessian(node, state)
        self._states[id(node)] = made
        return made

    def _from_hessian(self, node: Tensor, state: State) -> State:
        if node.size > _ELEMENTS or node.size == 0:
            return replace(state, quadratic=False)
        elements = (
            [node] if node.shape == () else [node.reshape(-1)[i] for i in range(node.size)]
        )
        found: set[str] = set()
        for element in elements:
            matrix = constant_hessian(element, self.variables)
            if matrix is None:
                return replace(state, quadratic=False)
            spectrum = spectrum_of(matrix)
            if not spectrum.semidefinite:
                reason = (
                    f"this quadratic curves both ways: the eigenvalues of its Hessian go from "
                    f"{spectrum.least:.3g} to {spectrum.largest:.3g}"
                )
                return replace(state, quadratic=False, reason=reason)
            if matrix.any():
                found.add("convex" if spectrum.least >= -spectrum.tolerance else "concave")
            if node.shape == ():
                self.resolved[id(node)] = (node, matrix)
        if len(found) > 1:
            reason = "some elements of this quadratic are convex, others concave"
            return replace(state, quadratic=False, reason=reason)
        bend: Bend = "affine" if not found else "convex" if "convex" in found else "concave"
        return replace(state, bend=bend, reason="")

    def obstacle(self, output: Tensor) -> tuple[Tensor, str]:
        """The node at which the argument stops, and why; for an output of unknown curvature."""
        node, spectrum = output, ""
        while True:
            state = self._states[id(node)]
            spectrum = state.reason if "eigenvalues" in state.reason else spectrum
            worse = [
                each
                for each in state.causes
                if self._states[id(each)].bend == "unknown" and each is not node
            ]
            if not worse:
                reason = state.reason or f"{node.primitive.name} makes no claim here"
                more = f" ({spectrum})" if spectrum and spectrum != reason else ""
                return node, reason + more
            node = worse[0]


def _array(leaf: Tensor) -> np.ndarray[Any, Any]:
    if isinstance(leaf, Variable):
        return leaf.storage
    found: np.ndarray[Any, Any] = leaf.attributes.array
    return found


def _finite(array: np.ndarray[Any, Any]) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _constant(low: float, high: float, finite: bool = True) -> State:
    if not finite:
        return State("unknown", low, high, reason="a constant holds infinity or NaN")
    return State(
        "constant",
        low,
        high,
        slope="constant",
        squares=low >= 0,
        log_convex=low > 0,
        quadratic=True,
    )


def is_floating(node: Tensor) -> bool:
    """Whether the node has one result and that is floating."""
    return node.dtype is not None and dtypes.is_floating(node.dtype)
