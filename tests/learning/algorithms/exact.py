"""Least squares without rounding: the normal equations in rational numbers."""

from fractions import Fraction
from typing import Any

import numpy as np


def exact_least_squares(rows: Any, target: Any) -> np.ndarray:
    """The solution for these very floating-point numbers, rounded once at the end."""
    a = [[Fraction(float(value)) for value in row] for row in rows]
    b = [Fraction(float(value)) for value in target]
    p = len(a[0])
    system = [
        [sum(row[i] * row[j] for row in a) for j in range(p)]
        + [sum(row[i] * value for row, value in zip(a, b))]
        for i in range(p)
    ]
    for i in range(p):
        pivot = max(range(i, p), key=lambda k: abs(system[k][i]))
        system[i], system[pivot] = system[pivot], system[i]
        system[i] = [value / system[i][i] for value in system[i]]
        for k in range(p):
            if k != i:
                factor = system[k][i]
                system[k] = [u - factor * v for u, v in zip(system[k], system[i])]
    return np.array([float(row[-1]) for row in system])


def digits(found: Any, true: Any) -> float:
    """The least number of correct decimal digits (NIST's LRE: -log10 of the relative error)."""
    error = np.abs(np.asarray(found) - true) / np.abs(true)
    return float(-np.log10(np.maximum(error, 1e-17)).max())


# Longley (1967), J. Am. Stat. Assoc. 62, as in NIST's Statistical Reference Datasets: total
# employment, then GNP deflator, GNP, unemployed, armed forces, population, year.
LONGLEY = np.array(
    [
        [60323, 83.0, 234289, 2356, 1590, 107608, 1947],
        [61122, 88.5, 259426, 2325, 1456, 108632, 1948],
        [60171, 88.2, 258054, 3682, 1616, 109773, 1949],
        [61187, 89.5, 284599, 3351, 1650, 110929, 1950],
        [63221, 96.2, 328975, 2099, 3099, 112075, 1951],
        [63639, 98.1, 346999, 1932, 3594, 113270, 1952],
        [64989, 99.0, 365385, 1870, 3547, 115094, 1953],
        [63761, 100.0, 363112, 3578, 3350, 116219, 1954],
        [66019, 101.2, 397469, 2904, 3048, 117388, 1955],
        [67857, 104.6, 419180, 2822, 2857, 118734, 1956],
        [68169, 108.4, 442769, 2936, 2798, 120445, 1957],
        [66513, 110.8, 444546, 4681, 2637, 121950, 1958],
        [68655, 112.6, 482704, 3813, 2552, 123366, 1959],
        [69564, 114.2, 502601, 3931, 2514, 125368, 1960],
        [69331, 115.7, 518173, 4806, 2572, 127852, 1961],
        [70551, 116.9, 554894, 4007, 2827, 130081, 1962],
    ]
)
LONGLEY_CERTIFIED = np.array(
    [
        -3482258.63459582, 15.0618722713733, -0.358191792925910e-01, -2.02022980381683,
        -1.03322686717359, -0.511041056535807e-01, 1829.15146461355,
    ]
)  # fmt: skip
