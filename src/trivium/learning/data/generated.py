"""Data made by a rule and a seed: shapes in the plane that tell models apart."""

from __future__ import annotations

import numpy as np

from trivium.learning.data.column import Column
from trivium.learning.data.splitting import permutation

__all__ = ["circles", "generator", "moons", "spirals", "table_of", "xor"]

DECIMALS = 6  # values are rounded, so that the last bit of a platform's sine does not show


def generator(seed: int) -> np.random.Generator:
    """Return the random generator of generated data: counter-based, the same everywhere."""
    return np.random.Generator(np.random.Philox(seed))


def table_of(**columns: np.ndarray) -> tuple[Column, ...]:
    """Return named columns of numbers, rounded."""
    return tuple(
        Column(name, "number", np.round(values, DECIMALS) + 0.0)
        for name, values in columns.items()
    )


def _mixed(
    points: np.ndarray, labels: np.ndarray, noise: float, seed: int
) -> tuple[tuple[Column, ...], np.ndarray]:
    """Add Gaussian noise of standard deviation ``noise`` and shuffle the rows."""
    shaken = points + noise * generator(seed).standard_normal(points.shape)
    order = permutation(len(labels), seed + 1)
    shaken = shaken[order]
    return table_of(x1=shaken[:, 0], x2=shaken[:, 1]), labels[order]


def xor(n: int, noise: float, seed: int) -> tuple[tuple[Column, ...], np.ndarray]:
    """Make four clouds around (±1, ±1); the class is 1 where the signs differ.

    No straight line parts the classes (Minsky and Papert, "Perceptrons", 1969).
    """
    corner = np.arange(n) % 4
    signs = np.stack([np.where(corner % 2, 1.0, -1.0), np.where(corner // 2, 1.0, -1.0)], 1)
    return _mixed(signs, (signs[:, 0] != signs[:, 1]).astype(np.int64), noise, seed)


def circles(n: int, noise: float, seed: int) -> tuple[tuple[Column, ...], np.ndarray]:
    """Make two circles around the origin: outer of radius 1, inner of radius 1/2."""
    inner = np.arange(n) % 2 == 1
    angle = 2 * np.pi * (np.arange(n) // 2) / max(1, (n + 1) // 2)
    radius = np.where(inner, 0.5, 1.0)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return _mixed(points, np.where(inner, "inner", "outer"), noise, seed)


def moons(n: int, noise: float, seed: int) -> tuple[tuple[Column, ...], np.ndarray]:
    """Make two half circles that interlock: (cos t, sin t) and (1 - cos t, 1/2 - sin t)."""
    lower = np.arange(n) % 2 == 1
    t = np.pi * (np.arange(n) // 2) / max(1, (n + 1) // 2 - 1)
    x = np.where(lower, 1 - np.cos(t), np.cos(t))
    y = np.where(lower, 0.5 - np.sin(t), np.sin(t))
    return _mixed(np.stack([x, y], 1), np.where(lower, "lower", "upper"), noise, seed)


def spirals(
    n: int, noise: float, seed: int, arms: int, turns: float
) -> tuple[tuple[Column, ...], np.ndarray]:
    """Make spiral arms r = t, φ = 2π (turns · t + k / arms) for t from 0.1 to 1, arm k.

    After Lang and Witbrock, "Learning to tell two spirals apart", Proceedings of the 1988
    Connectionist Models Summer School.
    """
    arm = np.arange(n) % arms
    t = 0.1 + 0.9 * (np.arange(n) // arms) / max(1, (n + arms - 1) // arms - 1)
    angle = 2 * np.pi * (turns * t + arm / arms)
    points = np.stack([t * np.cos(angle), t * np.sin(angle)], axis=1)
    return _mixed(points, arm.astype(np.int64), noise, seed)
