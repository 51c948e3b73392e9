"""What a program of the reference backend consists of: primitives, one NumPy call for each node."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...explanation.arithmetic import MOVEMENT, node_bytes, node_flops, result_bytes
from ...explanation.records import KernelRecord, Machine, Measure, MemoryRecord, Parts
from ...tensor import Tensor, Variable
from .interpreter import Interpreter, ReferenceExecutable

__all__ = ["explain"]

_LEAVES = ("constant", "input", "variable")


@dataclass
class _Group:
    """All nodes of one primitive."""

    nodes: list[Tensor] = field(default_factory=list)
    seconds: float = 0.0


def explain(
    executable: ReferenceExecutable,
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    updates: Mapping[Variable, Tensor],
    measure: Measure | None,
) -> Parts:
    """The parts of an explanation that this backend knows: a record for each primitive."""
    order = executable.interpreter.order
    groups: dict[str, _Group] = {}
    for node in order:
        if node.primitive.name not in _LEAVES:
            groups.setdefault(node.primitive.name, _Group()).nodes.append(node)
    timed = measure is not None and measure.steps > 0
    if measure is not None and timed:
        for name, seconds in _measured(executable.interpreter, inputs, measure).items():
            groups[name].seconds = seconds
    ranked = sorted(groups.items(), key=lambda item: -(item[1].seconds or _work(item[1])))
    kernels = [_record(i, name, group, timed) for i, (name, group) in enumerate(ranked)]
    machine = Machine(f"NumPy {np.__version__}, one primitive after the other")
    return Parts(machine, kernels, _memory(order, inputs, outputs, updates))


def _work(group: _Group) -> float:
    return sum(node_bytes(node) for node in group.nodes)


def _record(number: int, name: str, group: _Group, timed: bool) -> KernelRecord:
    flops = [node_flops(node) for node in group.nodes]
    largest = max(group.nodes, key=result_bytes)
    shape, dtype = largest.shape, largest.dtype
    if largest.parts is not None:
        shape, dtype = largest.parts[0].shape, largest.parts[0].dtype
    times = f"{len(group.nodes)} × " if len(group.nodes) > 1 else ""
    up_to = "up to " if len(group.nodes) > 1 else ""
    sizes = "×".join(map(str, shape)) or "scalar"
    return KernelRecord(
        number=number,
        kind="movement" if name in MOVEMENT else "primitive",
        what=f"{times}{name} {up_to}{sizes}",
        shape=tuple(shape),
        dtype=dtype.name,
        flops=None if None in flops else sum(each or 0 for each in flops),
        bytes=sum(map(node_bytes, group.nodes)),
        measured=group.seconds if timed else None,
        operations={name: len(group.nodes)},
        scopes=tuple(dict.fromkeys(" > ".join(n.scope) for n in group.nodes if n.scope)),
    )


def _measured(
    interpreter: Interpreter, inputs: Sequence[Tensor], measure: Measure
) -> dict[str, float]:
    """Seconds per step of each primitive; the variables' new values are not written."""
    values = {id(node): array for node, array in zip(inputs, measure.arrays, strict=True)}
    total: dict[str, float] = {}
    interpreter.run(values)
    last = 0.0

    def watch(node: Tensor, value: Any, sources: Sequence[Any]) -> None:
        nonlocal last
        now = time.perf_counter()
        total[node.primitive.name] = total.get(node.primitive.name, 0.0) + now - last
        last = time.perf_counter()

    for _ in range(measure.steps):
        last = time.perf_counter()
        interpreter.run(values, watch)
    return {name: seconds / measure.steps for name, seconds in total.items()}


def _memory(
    order: Sequence[Tensor],
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    updates: Mapping[Variable, Tensor],
) -> MemoryRecord:
    """The most that is alive at once, views taken for nothing, and all values together."""
    last: dict[int, int] = {}
    for i, node in enumerate(order):
        for each in node.inputs:
            last[id(_owner(each))] = i
    for each in (*outputs, *updates.values()):
        last[id(_owner(each))] = len(order)
    alive = most = total = count = 0
    ends: dict[int, int] = {}
    for i, node in enumerate(order):
        own = 0 if node.primitive.name in (*_LEAVES, *MOVEMENT) else result_bytes(node)
        alive, total, count = alive + own, total + own, count + (own > 0)
        most = max(most, alive)
        if own:
            end = last.get(id(node), i)
            ends[end] = ends.get(end, 0) + own
        alive -= ends.pop(i, 0)
    sizes = dict.fromkeys(_LEAVES, 0)
    for node in order:
        if node.primitive.name in _LEAVES:
            sizes[node.primitive.name] += result_bytes(node)
    return MemoryRecord(
        arena=most,
        without_reuse=total,
        buffers=count,
        variables=sizes["variable"],
        constants=sizes["constant"],
        inputs=sum(result_bytes(each) for each in inputs),
        outputs=sum(result_bytes(each) for each in outputs),
        copied=tuple(each.name or f"variable {each.shape}" for each in updates),
    )


def _owner(node: Tensor) -> Tensor:
    """The node whose memory a view shows."""
    while node.primitive.name in MOVEMENT:
        node = node.inputs[0]
    return node
