"""Rewriting: rules by primitive, applied from the leaves up until none applies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain

import numpy as np

from ..tensor import Tensor
from ..traversal import rebuild, same

__all__ = ["Counts", "Rule", "Rules", "filled_with", "rewrite", "rule_name", "unwrap"]

# A rule looks at a node and returns an equal, better expression, or None.
Rule = Callable[[Tensor], Tensor | None]
Rules = Mapping[str, Sequence[Rule]]
# How often each rule was applied to each primitive.
Counts = Counter[tuple[str, str]]

# A rule that undoes another would run forever; this many rewrites of one node is a defect.
_LIMIT = 50


def rewrite(
    outputs: Sequence[Tensor], rules: Rules, counts: Counts | None = None
) -> list[Tensor]:
    """``outputs`` with the ``rules`` (by primitive name; "*" for all) applied everywhere.

    Sweeps are repeated until one changes nothing, because a rule may build nodes to which other
    rules apply. ``counts`` collects (rule, primitive) → how often.
    """
    current = list(outputs)
    for _ in range(_LIMIT):
        better = _sweep(current, rules, counts)
        if all(new is old for new, old in zip(better, current, strict=True)):
            return better
        current = better
    raise RuntimeError("the rewrite rules do not come to an end")


def _sweep(outputs: Sequence[Tensor], rules: Rules, counts: Counts | None) -> list[Tensor]:
    everywhere = rules.get("*", ())

    def change(old: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        current = same(old, inputs)
        for _ in range(_LIMIT):
            for rule in chain(everywhere, rules.get(current.primitive.name, ())):
                better = rule(current)
                if better is not None:
                    break
            else:
                return current
            if better is current:
                return current
            if counts is not None:
                counts[rule_name(rule), current.primitive.name] += 1
            current = better
        raise RuntimeError(f"the rules for {old.primitive.name} do not come to an end")

    return rebuild(outputs, change)


def rule_name(rule: Rule) -> str:
    """The rule in words: its function's name."""
    name: str = rule.__name__
    return name.strip("_").replace("_", " ")


def unwrap(x: Tensor, *names: str) -> Tensor:
    """``x`` without the outermost applications of the primitives ``names``."""
    while x.primitive.name in names:
        x = x.inputs[0]
    return x


def filled_with(x: Tensor, value: float) -> bool:
    """Whether ``x`` is a constant all of whose elements are ``value``."""
    source = unwrap(x, "broadcast", "reshape")
    if source.primitive.name != "constant" or source.size == 0:
        return False
    array = source.attributes.array
    if array.size == 1:
        return bool(array.item() == value)
    if any(array.strides) and array.flat[0] != value:
        return False
    return bool(np.all(array == value))
