"""Mutual information from distances between neighbours, for continuous and mixed variables."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Space", "ksg", "mixed"]

Array = np.ndarray[Any, Any]


class Space:
    """One variable's samples: points (n, d) with the maximum norm, or labels (n,).

    Labels have the discrete metric: different ones are farther apart than any two points.
    """

    def __init__(self, points: Array, labels: bool = False) -> None:
        self.labels = labels
        self.points = points if points.ndim == 2 else points[:, None]
        self._tree: Any = None

    def permuted(self, order: Array) -> Space:
        """The same samples in another order."""
        return Space(self.points[order], self.labels)

    def closer(self, radius: Array) -> Array:
        """How many samples are closer than ``radius`` to each one, itself included.

        Shapes: radius (n,) → (n,). A radius of 0 counts the samples in the same place.
        """
        if self.labels:
            _, codes, counts = np.unique(
                self.points[:, 0], return_inverse=True, return_counts=True
            )
            return counts[codes.ravel()]
        if self._tree is None:
            from scipy.spatial import cKDTree

            self._tree = cKDTree(self.points)
        inside = np.where(radius > 0, np.nextafter(radius, 0), 0)
        found: Array = self._tree.query_ball_point(
            self.points, inside, p=np.inf, return_length=True
        )
        return found


def joint_points(x: Space, y: Space) -> Array:
    """Both variables' points side by side. Shapes: (n, d), (n, e) → (n, d + e)."""
    return np.concatenate([x.points, y.points], axis=1)


def ksg(x: Space, y: Space, k: int, algorithm: int) -> tuple[Array, Array]:
    """The local terms whose mean is the estimate, in nats, and each one's distance ε/2.

    Shapes: n samples → (n,), (n,). ψ(k) + ψ(n) - ψ(n_x + 1) - ψ(n_y + 1), with n_x and n_y the
    samples strictly closer in x and in y than the k-th neighbour in both (algorithm 1, eq. 8);
    or ψ(k) - 1/k + ψ(n) - ψ(n_x) - ψ(n_y), with those within the x and the y side of the
    smallest rectangle around the k neighbours (algorithm 2, eq. 9).

    Source: Kraskov, Stögbauer & Grassberger (2004), Physical Review E 69, 066138.
    """
    from scipy.spatial import cKDTree
    from scipy.special import digamma

    both = joint_points(x, y)
    n = len(both)
    distance, neighbour = cKDTree(both).query(both, k=k + 1, p=np.inf)
    radius = distance[:, k]
    if algorithm == 1:
        local = (
            digamma(k) + digamma(n)
            - digamma(x.closer(radius)) - digamma(y.closer(radius))
        )  # fmt: skip
        return local, radius
    counted = []
    for space in (x, y):
        apart = np.abs(space.points[neighbour] - space.points[:, None]).max(axis=2)
        side = apart.max(axis=1)
        # "Within" includes the border, so the next number up is the strict limit; the sample
        # itself is not counted.
        counted.append(space.closer(np.nextafter(side, np.inf)) - 1)
    local = digamma(k) - 1 / k + digamma(n) - digamma(counted[0]) - digamma(counted[1])
    return local, radius


def mixed(x: Space, y: Space, k: int) -> tuple[Array, Array]:
    """The local terms for variables that are discrete, continuous or both, in nats.

    Shapes: n samples → (n,), (n,) as for ``ksg``. ψ(k̃) + ψ(n) - ψ(n_x) - ψ(n_y): k̃ is k, or
    where the k-th neighbour is in the same place, the number of samples there; n_x and n_y
    count what is closer, itself included. Of continuous samples this is algorithm 1 of Kraskov
    et al., of labels with continuous samples it is Ross's estimate (with k at most one less
    than the label's count; samples whose label was seen once are left out), of labels alone
    nearly the plug-in.

    Source: Gao, Kannan, Oh & Viswanath (2017), "Estimating mutual information for
    discrete-continuous mixtures", NeurIPS 30, algorithm 1, with ψ for the logarithms as in
    Kraskov et al.; Ross (2014), PLoS ONE 9, e87357.
    """
    from scipy.special import digamma

    if x.labels or y.labels:
        return _with_labels(*((x, y) if x.labels else (y, x)), k)
    both = Space(joint_points(x, y))
    radius, used = _inside(both, k)
    local = (
        digamma(used) + digamma(len(radius))
        - digamma(x.closer(radius)) - digamma(y.closer(radius))
    )  # fmt: skip
    return local, radius


def _with_labels(labels: Space, other: Space, k: int) -> tuple[Array, Array]:
    """Neighbours are looked for among the samples of the same label only.

    A label that was seen once is left out: there are no terms for it.
    """
    from scipy.special import digamma

    _, codes, counts = np.unique(labels.points[:, 0], return_inverse=True, return_counts=True)
    kept = counts[codes.ravel()] > 1
    if not kept.any():
        return np.zeros(0), np.zeros(0)
    labels, other = labels.permuted(kept), other.permuted(kept)
    codes = codes.ravel()[kept]
    radius, used = np.zeros(len(codes)), np.zeros(len(codes))
    order = np.argsort(codes, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        radius[rows], used[rows] = _inside(other.permuted(rows), k)
    local = (
        digamma(used) + digamma(len(codes))
        - digamma(labels.closer(radius)) - digamma(other.closer(radius))
    )  # fmt: skip
    return local, radius


def _inside(space: Space, k: int) -> tuple[Array, Array]:
    """The k-th neighbour's distance, and k or, where that is 0, how many are in the same place."""
    n = len(space.points)
    if space.labels:
        return np.zeros(n), space.closer(np.zeros(n))
    from scipy.spatial import cKDTree

    nearest = min(k, n - 1)
    found = cKDTree(space.points).query(space.points, k=[nearest + 1], p=np.inf)[0][:, 0]
    return found, np.where(found > 0, nearest, space.closer(np.zeros(n)))
