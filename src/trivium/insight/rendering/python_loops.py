"""A scan as a loop: what is carried is a variable, what is recorded or emitted an array.

Only what somebody uses is computed: reverse mode sums a gradient for every constant of a loop, and
often nobody asks for most of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from trivium.engine.tensor import Tensor
from trivium.engine.traversal import topological

from .python_source import ATOM, Code, indexed

if TYPE_CHECKING:
    from .python_writer import Writer

__all__ = ["loop"]


def loop(w: Writer, node: Tensor, codes: Sequence[Code], used: set[int]) -> list[Code | None]:
    """Write the loop of a scan; the sources of its results, None for unused ones."""
    a = node.attributes
    live, emitted = _alive(node, used)
    counter = w.file.counter(w.depth)
    outputs = [a.outputs[i] for i in live] + [a.outputs[a.carried + i] for i in emitted]
    needed = {id(each) for each in topological(outputs)}
    bound: dict[int, Code] = {}
    parts: list[Code | None] = [None] * len(node.parts or ())
    dtypes = [part.dtype for part in node.parts or ()]

    def recorded(part: int) -> Code:
        """An array with one entry per step for a result."""
        shape = (node.parts or ())[part].shape
        zeros = Code(f"np.empty({w.sizes(shape)}, {w.dtype(dtypes[part])})", ATOM, shape)
        parts[part] = w.temporary(zeros)
        return parts[part] or zeros

    for i, leaf in enumerate(a.inputs[: a.constants]):
        if id(leaf) in needed:
            bound[id(leaf)] = w.named(codes[i])
    states: dict[int, Code] = {}
    for i in live:
        leaf = a.inputs[a.constants + i]
        initial = w.full(codes[a.constants + i], leaf.shape, leaf.dtype)
        states[i] = bound[id(leaf)] = parts[i] = w.temporary(initial, "state")
    for i, leaf in enumerate(a.inputs[a.constants + a.carried :], a.constants + a.carried):
        if id(leaf) in needed:
            bound[id(leaf)] = _slice(w, codes[i], node.inputs[i], counter)
    histories = {i: recorded(a.carried + i) for i in live if a.carried + i in used}
    stacks = {i: recorded(2 * a.carried + i) for i in emitted}

    steps = f"range({w.size(a.length)})"
    w.line(f"for {counter} in {f'reversed({steps})' if a.reverse else steps}:")
    inner = w.child(lambda leaf: bound.get(id(leaf)), outputs)
    for i, history in histories.items():
        inner.line(f"{history.text}[{counter}] = {states[i].text}")
    for i, stack in stacks.items():
        made = inner.reused(a.outputs[a.carried + i])
        inner.line(f"{stack.text}[{counter}] = {made.text}")
    _advance(inner, [(states[i], a.outputs[i]) for i in live])
    return parts


def _slice(w: Writer, code: Code, sequence: Tensor, counter: str) -> Code:
    """The entry of a sequence at a step; what is the same at all steps is its own entry."""
    code = w.number(code)
    if len(code.shape) < sequence.ndim:
        return w.named(code)
    # An axis of size 1 stands for any number of equal entries.
    place = counter if code.shape[0] == sequence.shape[0] else "0"
    items = [place] + [":"] * (sequence.ndim - 1)
    return indexed(w.named(code), items, code.shape[1:])


def _advance(inner: Writer, updates: Sequence[tuple[Code, Tensor]]) -> None:
    """The carried values get their new values, each when no other one needs its old value."""
    waiting = {
        state.text: inner.full(inner.reused(output), output.shape, output.dtype).text
        for state, output in updates
    }
    while waiting:
        free = [
            name
            for name in waiting
            if not any(_reads(text, name) for other, text in waiting.items() if other != name)
        ]
        if not free:
            name, text = next(iter(waiting.items()))
            waiting[name] = inner.temporary(Code(text, ATOM)).text
        for name in free:
            text = waiting.pop(name)
            if text != name:
                inner.line(f"{name} = {text}")


def _reads(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text) is not None


def _alive(node: Tensor, used: set[int]) -> tuple[list[int], list[int]]:
    """Which carried values and which emitted ones somebody needs, directly or in a later step."""
    a = node.attributes
    emitted = [i for i in range(len(a.outputs) - a.carried) if 2 * a.carried + i in used]
    own = {
        id(leaf): i for i, leaf in enumerate(a.inputs[a.constants : a.constants + a.carried])
    }
    waiting = [i for i in range(a.carried) if i in used or a.carried + i in used]
    roots = [a.outputs[a.carried + i] for i in emitted]
    waiting += [own[id(each)] for each in topological(roots) if id(each) in own]
    live: set[int] = set()
    while waiting:
        i = waiting.pop()
        if i not in live:
            live.add(i)
            inside = topological([a.outputs[i]])
            waiting += [own[id(each)] for each in inside if id(each) in own]
    return sorted(live), emitted
