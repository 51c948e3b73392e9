"""Simulated Pokémon of Pokémon GO: how strong will this one be after its evolution?

Nothing here was observed in the game. Base stats, CP multipliers, heights and weights are
the published ones; species, level and individual values are drawn at random.
"""

from __future__ import annotations

import numpy as np

from trivium.learning.data.column import Column
from trivium.learning.data.generated import generator

__all__ = ["LINES", "combat_power", "hit_points", "multiplier", "pokemon"]

# Attack, defense, stamina of a species and of its evolution, then the species' height (m)
# and weight (kg).
LINES: dict[str, tuple[str, tuple[int, int, int], tuple[int, int, int], float, float]] = {
    "Bulbasaur": ("Ivysaur", (118, 111, 128), (151, 143, 155), 0.7, 6.9),
    "Charmander": ("Charmeleon", (116, 93, 118), (158, 126, 151), 0.6, 8.5),
    "Squirtle": ("Wartortle", (94, 121, 127), (126, 155, 153), 0.5, 9.0),
    "Caterpie": ("Metapod", (55, 55, 128), (45, 80, 137), 0.3, 2.9),
    "Weedle": ("Kakuna", (63, 50, 120), (46, 75, 128), 0.3, 3.2),
    "Pidgey": ("Pidgeotto", (85, 73, 120), (117, 105, 160), 0.3, 1.8),
    "Rattata": ("Raticate", (103, 70, 102), (161, 139, 146), 0.3, 3.5),
    "Eevee": ("Vaporeon", (104, 114, 146), (205, 161, 277), 0.3, 6.5),
    "Machop": ("Machoke", (137, 82, 172), (177, 125, 190), 0.8, 19.5),
    "Geodude": ("Graveler", (132, 132, 120), (164, 164, 146), 0.4, 20.0),
}

# CP multipliers of the whole levels 1 … 30, as published by the game.
MULTIPLIERS = (
    0.094, 0.16639787, 0.21573247, 0.25572005, 0.29024988, 0.3210876, 0.34921268, 0.3752356,
    0.39956728, 0.4225, 0.44310755, 0.4627984, 0.48168495, 0.49985844, 0.51739395, 0.5343543,
    0.5507927, 0.5667545, 0.5822789, 0.5974, 0.6121573, 0.6265671, 0.64065295, 0.65443563,
    0.667934, 0.6811649, 0.69414365, 0.7068842, 0.7193991, 0.7317,
)  # fmt: skip


def multiplier(half_levels: np.ndarray) -> np.ndarray:
    """Return the CP multiplier m of level 1 + half_levels / 2, for 0 ≤ half_levels ≤ 58.

    Between two whole levels a and b the game takes m = √((m_a² + m_b²) / 2).
    """
    squares = np.square(MULTIPLIERS)
    below, above = half_levels // 2, (half_levels + 1) // 2
    return np.sqrt((squares[below] + squares[above]) / 2)


def combat_power(stats: np.ndarray, values: np.ndarray, m: np.ndarray) -> np.ndarray:
    """Return max(10, ⌊(attack) · √(defense) · √(stamina) · m² / 10⌋) as int64 (N,).

    Each stat is the species' base stat plus the individual value; ``stats`` and ``values``
    are (N, 3): attack, defense, stamina.
    """
    attack, defense, stamina = (stats + values).T
    power = attack * np.sqrt(defense) * np.sqrt(stamina) * m**2 / 10
    return np.maximum(10, np.floor(power)).astype(np.int64)


def hit_points(stamina: np.ndarray, m: np.ndarray) -> np.ndarray:
    """Return max(10, ⌊stamina · m⌋) as int64 (N,)."""
    return np.maximum(10, np.floor(stamina * m)).astype(np.int64)


def pokemon(n: int, seed: int) -> tuple[tuple[Column, ...], np.ndarray]:
    """Simulate n Pokémon: species, cp, hp, weight (kg), height (m), and cp_new to predict.

    Uniform are the species, the level (1, 1.5 … 30) and the individual values (0 … 15 for
    each stat); an evolution keeps level and individual values. Height and weight are normal
    around the species' mean with the game's standard deviation, an eighth of it, cut at
    half and double, and rounded to 0.01.
    """
    random = generator(seed)
    names = sorted(LINES)
    species = random.integers(len(names), size=n)
    half_levels = random.integers(59, size=n)
    values = random.integers(16, size=(n, 3))
    before = np.array([LINES[name][1] for name in names])[species]
    after = np.array([LINES[name][2] for name in names])[species]
    means = np.array([LINES[name][3:] for name in names])[species]
    sizes = np.clip(means * (1 + random.standard_normal((n, 2)) / 8), means / 2, means * 2)
    height, weight = np.round(sizes, 2).T
    m = multiplier(half_levels)
    cp = combat_power(before, values, m).astype(np.float64)
    hp = hit_points(before[:, 2] + values[:, 2], m).astype(np.float64)
    columns = (
        Column("species", "category", species.astype(np.int64), tuple(names)),
        Column("cp", "integer", cp),
        Column("hp", "integer", hp),
        Column("weight", "number", np.ascontiguousarray(weight)),
        Column("height", "number", np.ascontiguousarray(height)),
    )
    return columns, combat_power(after, values, m)
