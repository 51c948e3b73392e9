"""Pruning a decision tree, with the errors of every tree on the way.

A node's *risk* is what its training examples would add to the objective if it were a leaf, so
that the objective of a tree is the sum of the risks of its leaves; its *errors* are the wrong
answers (for quantities the squared errors) that it would give, in training and validation.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .tree_arrays import TreeArrays

__all__ = ["Measured", "Pruned", "by_cost_complexity", "by_leaf_size", "by_reduced_error"]

Array = np.ndarray[Any, Any]
Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Measured:
    """A grown tree with what each node would add as a leaf, (m,) each; shares of the whole.

    ``risk``: to the objective. ``errors``: to the training error. Of the validation part, if
    there is one: ``held_risk``, ``held_errors``, ``held_squares`` (to the mean of the squared
    errors of examples) and ``held_size``, how many examples it is worth.
    """

    tree: TreeArrays
    risk: Array
    errors: Array
    held_risk: Array | None = None
    held_errors: Array | None = None
    held_squares: Array | None = None
    held_size: float = 0.0

    def quantities(self) -> Array:
        """All that is added up over leaves, (m, 3) or (m, 6): counts, risks and errors."""
        held = (self.held_risk, self.held_errors, self.held_squares)
        known = [each for each in held if each is not None]
        return np.column_stack([np.ones(len(self.tree)), self.risk, self.errors, *known])

    def row(self, sums: Array, **more: float) -> Row:
        """The row of a tree whose leaves have the ``sums`` of these quantities."""
        leaves, risk, errors, *held = (float(each) for each in sums)
        found: Row = {"leaves": round(leaves), **more, "loss": risk, "training_error": errors}
        if held:
            held_risk, mean, squares = held
            spread = max(squares - mean**2, 0.0)
            found["validation_loss"] = held_risk
            found["validation_error"] = mean
            found["validation_standard_error"] = math.sqrt(spread / max(self.held_size, 1.0))
        return found


@dataclass(frozen=True, eq=False)
class Pruned:
    """The nodes that became leaves, and the path: a row for each tree, from large to small."""

    collapsed: Array
    rows: list[Row]


class _Trimming:
    """A tree whose inner nodes become leaves one after the other.

    ``below`` (m, q): the quantities summed over the leaves that each node has now.
    """

    def __init__(self, measured: Measured) -> None:
        tree = measured.tree
        self.tree = tree
        self.own = measured.quantities()
        self.inner = np.flatnonzero(~tree.is_leaf)
        self.alive = ~tree.is_leaf
        self.parent = np.full(len(tree), -1)
        self.parent[tree.left[self.inner]] = self.inner
        self.parent[tree.right[self.inner]] = self.inner
        self.below = self.own.copy()
        for node in self.inner[::-1]:
            self.below[node] = self.below[tree.left[node]] + self.below[tree.right[node]]

    def collapse(self, node: int) -> list[int]:
        """Make ``node`` a leaf; returns its ancestors, whose sums have changed."""
        stack = [node]
        while stack:
            each = stack.pop()
            if self.alive[each]:
                self.alive[each] = False
                stack += [int(self.tree.left[each]), int(self.tree.right[each])]
        change = self.own[node] - self.below[node]
        self.below[node] = self.own[node]
        above = []
        up = int(self.parent[node])
        while up >= 0:
            self.below[up] += change
            above.append(up)
            up = int(self.parent[up])
        return above

    def strength(self, node: int) -> float:
        """How much the objective grows for each leaf less if ``node`` becomes one."""
        leaves, risk = self.below[node, :2]
        return float((self.own[node, 1] - risk) / (leaves - 1))


def by_reduced_error(measured: Measured) -> Pruned:
    """The smallest of the subtrees with the fewest validation errors.

    From the leaves up, a subtree becomes a leaf unless it has fewer errors than that leaf. One
    pass finds the optimum over all ways to prune, because the errors of a tree are the sum
    over its leaves. Source: Quinlan (1987), "Simplifying decision trees", Int. J. Man-Machine
    Studies 27, §2.2; optimality: Esposito, Malerba & Semeraro (1997), IEEE TPAMI 19, theorem 1.
    """
    errors = measured.held_errors
    assert errors is not None
    trimming = _Trimming(measured)
    collapsed = np.zeros(len(errors), dtype=bool)
    rows = [measured.row(trimming.below[0])]
    # Sums of the same weights in another order differ by rounding.
    slack = 1e-12 * float(np.abs(errors).max())
    for node in trimming.inner[::-1]:
        if errors[node] <= trimming.below[node, 4] + slack:
            trimming.collapse(int(node))
            collapsed[node] = True
            rows.append(measured.row(trimming.below[0]))
    rows[-1]["chosen"] = True
    return Pruned(collapsed, rows)


def by_cost_complexity(measured: Measured, penalty: float | None, rule: str) -> Pruned:
    """The tree of least J + α·leaves, for each α from 0 on, and the choice among them.

    The weakest inner node t has the smallest α = (risk(t) - risk of its leaves)/(leaves - 1),
    at which it is no worse as a leaf; collapsing the weakest again and again gives the best
    subtree for every α. ``penalty``: α itself; None lets the validation error choose:
    ``rule`` "best" takes the fewest errors, "one-se" the smallest tree whose errors exceed that
    by at most one standard error. Source: Breiman et al. (1984), §3.3 and §3.4.3.
    """
    trimming = _Trimming(measured)
    present = {node: trimming.strength(node) for node in map(int, trimming.inner)}
    queue = [(strength, node) for node, strength in present.items()]
    heapq.heapify(queue)
    # Differences of risks that are equal on paper.
    slack = 1e-13 * float(measured.risk[0])
    step = np.full(len(measured.tree), -1)
    rows: list[Row] = []
    alpha = 0.0
    while True:
        while queue and queue[0][0] <= alpha + slack:
            strength, node = heapq.heappop(queue)
            if not trimming.alive[node] or strength != present[node]:
                continue  # it has changed since, and waits in its new place
            step[node] = len(rows)
            for above in trimming.collapse(node):
                present[above] = trimming.strength(above)
                heapq.heappush(queue, (present[above], above))
        rows.append(measured.row(trimming.below[0], penalty=alpha))
        while queue and (
            not trimming.alive[queue[0][1]] or queue[0][0] != present[queue[0][1]]
        ):
            heapq.heappop(queue)
        if not queue:
            break
        alpha = queue[0][0]
    if penalty is None:
        chosen = _choice(rows, rule)
    else:
        chosen = max(i for i, row in enumerate(rows) if row["penalty"] <= penalty)
    rows[chosen]["chosen"] = True
    return Pruned((step >= 0) & (step <= chosen), rows)


def by_leaf_size(measured: Measured, rule: str) -> Pruned:
    """The trees whose leaves hold at least s training examples, for each s, and the choice.

    For each s, from the leaves up, an inner node with a leaf of fewer than s examples becomes
    a leaf itself. ``rule`` as for cost-complexity.
    """
    tree = measured.tree
    trimming = _Trimming(measured)
    # The s at which a node becomes a leaf: a child must be one, and hold fewer examples.
    turns = np.zeros(len(tree))
    for node in trimming.inner[::-1]:
        children = (int(tree.left[node]), int(tree.right[node]))
        turns[node] = min(max(turns[each], tree.count[each] + 1) for each in children)
    sizes = np.unique(turns[trimming.inner])
    ends = [*(sizes - 1), tree.count[0]]
    rows = [measured.row(trimming.below[0], leaf_size=int(ends[0]))]
    for size, end in zip(sizes, ends[1:]):
        for node in trimming.inner[turns[trimming.inner] == size]:
            if trimming.alive[node]:
                trimming.collapse(int(node))
        row = measured.row(trimming.below[0], leaf_size=int(end))
        if row["leaves"] == rows[-1]["leaves"]:
            rows.pop()
        rows.append(row)
    chosen = _choice(rows, rule)
    rows[chosen]["chosen"] = True
    collapsed = (turns > 0) & (turns <= rows[chosen]["leaf_size"])
    return Pruned(collapsed, rows)


def _choice(rows: Sequence[Row], rule: str) -> int:
    """The smallest tree of the fewest validation errors, or within one standard error of it."""
    errors = np.array([row["validation_error"] for row in rows])
    slack = 1e-12 * float(np.abs(errors).max())
    best = int(np.flatnonzero(errors <= errors.min() + slack)[-1])
    if rule == "best":
        return best
    limit = errors[best] + rows[best]["validation_standard_error"]
    return int(np.flatnonzero(errors <= limit + slack)[-1])
