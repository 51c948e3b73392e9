"""A binary tree of questions x_j ≤ t as arrays, and what pruning does to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

__all__ = ["TreeArrays"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class TreeArrays:
    """m nodes, each after its parent; node 0 is the root.

    Inner node: x[feature] ≤ threshold goes to ``left``, else to ``right``. A leaf is its own
    left and right, so that a descent may go on without moving. ``value`` (m, k): the answer if
    the node is a leaf. ``count`` (m,): the training examples that reach the node.
    """

    feature: Array
    threshold: Array
    left: Array
    right: Array
    value: Array
    count: Array

    def __len__(self) -> int:
        return len(self.left)

    @cached_property
    def is_leaf(self) -> Array:
        """Which nodes are leaves, (m,) bool."""
        found: Array = self.left == np.arange(len(self))
        return found

    @property
    def leaves(self) -> int:
        """The number of leaves."""
        return int(self.is_leaf.sum())

    @cached_property
    def depth(self) -> int:
        """The number of questions on the longest way from the root to a leaf."""
        level = np.zeros(len(self), dtype=np.int64)
        for node in np.flatnonzero(~self.is_leaf):
            level[self.left[node]] = level[self.right[node]] = level[node] + 1
        return int(level.max())

    def descend(self, x: Array) -> Iterator[tuple[Array, Array]]:
        """Level by level the rows of x (N, d) that arrive at new nodes, and these nodes."""
        rows = np.arange(len(x))
        nodes = np.zeros(len(x), dtype=np.int64)
        while len(rows):
            yield rows, nodes
            inner = ~self.is_leaf[nodes]
            rows, nodes = rows[inner], nodes[inner]
            goes_left = x[rows, self.feature[nodes]] <= self.threshold[nodes]
            nodes = np.where(goes_left, self.left[nodes], self.right[nodes])

    def apply(self, x: Array) -> Array:
        """The leaf of each row of x (N, d), (N,)."""
        found = np.zeros(len(x), dtype=np.int64)
        for rows, nodes in self.descend(x):
            found[rows] = nodes
        return found

    def sums(self, x: Array, measure: Callable[[Array, Array], Array]) -> Array:
        """Σ of ``measure(rows, nodes)`` over the rows that reach each node, (m,)."""
        found = np.zeros(len(self))
        for rows, nodes in self.descend(x):
            found += np.bincount(nodes, weights=measure(rows, nodes), minlength=len(self))
        return found

    def cut(self, collapsed: Array) -> TreeArrays:
        """The tree in which the nodes ``collapsed`` (m,) bool are leaves."""
        leaf = self.is_leaf | collapsed
        kept = np.zeros(len(self), dtype=bool)
        kept[0] = True
        for node in range(len(self)):
            if kept[node] and not leaf[node]:
                kept[self.left[node]] = kept[self.right[node]] = True
        place = np.cumsum(kept) - 1
        own = place[kept]
        now_leaf = leaf[kept]
        return TreeArrays(
            feature=np.where(now_leaf, 0, self.feature[kept]),
            threshold=np.where(now_leaf, 0.0, self.threshold[kept]),
            left=np.where(now_leaf, own, place[self.left[kept]]),
            right=np.where(now_leaf, own, place[self.right[kept]]),
            value=self.value[kept],
            count=self.count[kept],
        )
