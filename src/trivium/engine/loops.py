"""``scan``: a loop over steps as one node, whatever the number of steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import dtypes
from .composites import as_tensor, cast
from .errors import DTypeError, ShapeError
from .primitives.control import Scan, results
from .primitives.control import scan as scan_primitive
from .tensor import Tensor, input, node
from .traversal import depends_on, substitute, topological
from .trees import flatten, leaves_like, unflatten

__all__ = ["scan"]


def scan(
    step: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    *,
    length: int | None = None,
    reverse: bool = False,
) -> tuple[Any, Any]:
    """Run ``carry, y = step(carry, x)`` over the first axis of ``xs``; return carry and all y.

    c_{t+1}, y_t = step(c_t, x_t).

    Shapes: every leaf of ``xs`` is (T, …) and ``step`` sees (…); the carry keeps its shapes and
    dtypes; the y leaves come back as (T, …). Without ``xs`` the number of steps is ``length``
    and ``step`` gets None. ``reverse`` runs from the last step to the first; y_t stays at index
    t. Derivatives of any order pass through. Raises ShapeError when lengths differ or the carry
    changes its structure or shapes, DTypeError when a carried dtype changes.
    """
    sequences = [as_tensor(leaf) for leaf in flatten(xs)]
    start = [as_tensor(leaf) for leaf in flatten(init)]
    steps = _length(sequences, length)
    carried = [input(leaf.shape, leaf.dtype, name="carry") for leaf in start]
    slices = [input(leaf.shape[1:], leaf.dtype, name="x") for leaf in sequences]
    answer = step(unflatten(init, carried), unflatten(xs, slices) if sequences else None)
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise ShapeError("the step of a scan must return two things: the new carry and y")
    carry_tree, emitted_tree = answer
    new = _same_state(
        start, [as_tensor(leaf) for leaf in leaves_like(init, carry_tree, "carry")]
    )
    emitted = [as_tensor(leaf) for leaf in flatten(emitted_tree)]
    outer, inner, outputs = _close([*new, *emitted], [*carried, *slices])
    body = Scan([*inner, *carried, *slices], outputs, len(inner), len(carried), steps, reverse)
    parts = results(node(scan_primitive, [*outer, *start, *sequences], body))
    count = len(carried)
    return unflatten(init, parts[:count]), unflatten(emitted_tree, parts[2 * count :])


def _length(sequences: Sequence[Tensor], length: int | None) -> int:
    if any(not leaf.shape for leaf in sequences):
        raise ShapeError("a scalar cannot be scanned over; xs need a first axis of steps")
    if length is not None and not isinstance(length, int | np.integer):
        raise DTypeError(f"the length of a scan is a whole number of steps, not {length!r}")
    if length is not None and length < 0:
        raise ShapeError(f"the length of a scan must not be negative, got {length}")
    sizes = {leaf.shape[0] for leaf in sequences} | ({length} if length is not None else set())
    if len(sizes) != 1:
        raise ShapeError(
            f"the sequences of a scan have different lengths: {sorted(sizes)}"
            if sizes
            else "a scan without xs needs length=, the number of steps"
        )
    return int(sizes.pop())


def _same_state(start: Sequence[Tensor], new: Sequence[Tensor]) -> list[Tensor]:
    if [leaf.shape for leaf in start] != [leaf.shape for leaf in new]:
        raise ShapeError(
            "the carry must keep its shapes; it starts as "
            f"{[leaf.shape for leaf in start]} and step returns {[leaf.shape for leaf in new]}"
        )
    for before, after in zip(start, new, strict=True):
        if dtypes.promote(before.dtype, after.dtype) != before.dtype:
            raise DTypeError(
                f"the carry starts as {before.dtype} but step returns {after.dtype}; start "
                f"with that dtype, for example init.astype('{after.dtype}')"
            )
    return [cast(after, before.dtype) for before, after in zip(start, new, strict=True)]


def _is_literal(x: Tensor) -> bool:
    """A number written inside an expression; it stays in the body. A leaf that the user made is
    passed to the body, so that derivatives reach it."""
    return x.primitive.name == "constant" and isinstance(x.attributes.token, tuple)


def _close(
    outputs: Sequence[Tensor], own: Sequence[Tensor]
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Turn what the body uses from outside into inputs of the body.

    Whatever does not depend on the body's own inputs is computed once, outside the loop.
    Returns the outer tensors, the inputs that stand for them, and the outputs rewritten.
    """
    order = topological(outputs)
    inside = depends_on(order, own)
    own_ids = {id(leaf) for leaf in own}
    border: dict[int, Tensor] = {}
    for current in order:
        if id(current) in inside and id(current) not in own_ids:
            for source in current.inputs:
                if id(source) not in inside:
                    border.setdefault(id(source), source)
    for output in outputs:
        if id(output) not in inside:
            border.setdefault(id(output), output)
    outer = [each for each in border.values() if not _is_literal(each)]
    # A project of an outer loop is an ordinary tensor; a node with parts is not passed itself.
    inner = [input(each.shape, each.dtype, name=each.name or "outer") for each in outer]
    rewritten = substitute(outputs, dict(zip(outer, inner, strict=True)))
    return outer, inner, rewritten
