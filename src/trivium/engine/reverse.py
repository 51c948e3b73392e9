"""Reverse-mode derivatives: expressions in, expressions out, so derivatives of any order exist.

For an output y and a node v the cotangent is v̄ = ∂y/∂v. Walking from y back to the targets,
each node passes its cotangent to its inputs by its primitive's vjp, and contributions add up
(Griewank & Walther, *Evaluating Derivatives*, 2nd ed., §3.2). Only nodes on a path from output
to targets are visited.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import dtypes
from .composites import ones_like, zeros_like
from .errors import DTypeError, NotDifferentiableError, ShapeError
from .primitive import NotDifferentiable
from .sites import derivative
from .tensor import Tensor
from .traversal import depends_on, topological

__all__ = ["cotangents", "gradients"]


def gradients(
    outputs: Sequence[Tensor], targets: Sequence[Tensor], seeds: Sequence[Tensor] | None = None
) -> list[Tensor]:
    """The vector-Jacobian product: Σ_o seed_o · ∂o/∂t for every target t.

    Shapes: seeds as outputs (default: ones, for scalar outputs only); results as targets.
    A target that no output depends on gets zeros. Raises DTypeError for targets that are not
    floating, ShapeError for a default seed of a non-scalar output, NotDifferentiableError where
    a primitive on the path has no derivative.
    """
    for target in targets:
        if target.dtype is None or not dtypes.is_floating(target.dtype):
            raise DTypeError(
                f"a derivative needs a floating target; {target.name or 'the target'} is "
                f"{target.dtype}. Convert it with .astype('float64') before it is used"
            )
    if seeds is None:
        seeds = [_default_seed(output) for output in outputs]
    found = cotangents(outputs, targets, seeds)
    return [zeros_like(t) if c is None else c for t, c in zip(targets, found, strict=True)]


def _default_seed(output: Tensor) -> Tensor:
    if output.shape != ():
        raise ShapeError(
            f"a gradient is that of a scalar, but the output has shape {output.shape}; reduce "
            "it first, for example with .sum() or .mean(), or give the weights of its elements "
            "with tv.vjp, or ask for all of them with tv.jacobian"
        )
    if not dtypes.is_floating(output.dtype):
        raise DTypeError(f"an output of dtype {output.dtype} has no gradient")
    return ones_like(output)


def cotangents(
    outputs: Sequence[Tensor], targets: Sequence[Tensor], seeds: Sequence[Tensor]
) -> list[Tensor | None]:
    """Like ``gradients``, with None for targets that the outputs do not depend on."""
    order = topological(outputs)
    on_path = depends_on(order, targets)
    wanted = {id(target) for target in targets}
    total: dict[int, Tensor] = {}
    parts: dict[int, dict[int, Tensor]] = {}  # of nodes with several results, by result
    result: dict[int, Tensor] = {}

    def receive(to: Tensor, cotangent: Tensor) -> None:
        have = total.get(id(to))
        total[id(to)] = cotangent if have is None else have + cotangent

    for output, seed in zip(outputs, seeds, strict=True):
        receive(output, seed)
    with derivative() as derive_from:
        for current in reversed(order):
            if id(current) not in on_path:
                total.pop(id(current), None)
                continue
            derive_from(current)
            if current.parts is not None:
                received = parts.pop(id(current), None)
                if received is None:
                    continue
                everything = [received.get(i) for i in range(len(current.parts))]
                shares = _rule(current)(current, everything)
            else:
                cotangent = total.pop(id(current), None)
                if cotangent is None:
                    continue
                if id(current) in wanted:
                    result[id(current)] = cotangent
                if current.primitive.name == "project":
                    siblings = parts.setdefault(id(current.inputs[0]), {})
                    siblings[current.attributes.part] = cotangent
                    continue
                if not current.inputs:
                    continue
                rule = _rule(current)
                shares = [
                    rule(current, cotangent, i)
                    if id(source) in on_path and dtypes.is_floating(source.dtype)
                    else None
                    for i, source in enumerate(current.inputs)
                ]
            for source, share in zip(current.inputs, shares, strict=True):
                if share is not None and id(source) in on_path:
                    receive(source, share)
    return [result.get(id(target)) for target in targets]


def _rule(node: Tensor) -> Any:
    vjp = node.primitive.vjp
    if isinstance(vjp, NotDifferentiable):
        where = f" (your line: {node.site})" if node.site else ""
        raise NotDifferentiableError(
            f"{node.primitive.name} has no derivative: {vjp.reason}{where}. Wrap it in "
            "tv.stop_gradient if no gradient should pass"
        )
    return vjp
