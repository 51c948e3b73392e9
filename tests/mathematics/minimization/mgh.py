"""The 35 test problems of Moré, Garbow & Hillstrom, written from the paper as residuals.

f(x) = Σ r_i(x)². Source: Moré, Garbow & Hillstrom (1981), "Testing unconstrained optimization
software", ACM Trans. Math. Softw. 7, with its standard starting points and minimal values. In
problem 11 the paper's "y_i m i x_2" is read as y_i - x_2, without which the minimum that it
states is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium import Tensor
from trivium import array as xp

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Problem:
    """``minima``: the values of local minima that the paper knows, the lowest first."""

    number: int
    name: str
    residuals: Callable[[Tensor], Tensor]
    start: tuple[float, ...]
    minima: tuple[float, ...]

    def value(self, x: Tensor) -> Tensor:
        return (self.residuals(x) ** 2).sum()

    def __str__(self) -> str:
        return f"{self.number:02d} {self.name} ({len(self.start)})"


def _stack(*parts: Any) -> Tensor:
    return xp.stack([each if isinstance(each, Tensor) else xp.asarray(each) for each in parts])


def rosenbrock(x: Tensor) -> Tensor:
    return _stack(10 * (x[1] - x[0] ** 2), 1 - x[0])


def freudenstein_roth(x: Tensor) -> Tensor:
    a, b = x[0], x[1]
    return _stack(-13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b)


def powell_badly_scaled(x: Tensor) -> Tensor:
    return _stack(1e4 * x[0] * x[1] - 1, xp.exp(-x[0]) + xp.exp(-x[1]) - 1.0001)


def brown_badly_scaled(x: Tensor) -> Tensor:
    return _stack(x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2)


def beale(x: Tensor) -> Tensor:
    y = (1.5, 2.25, 2.625)
    return _stack(*[y[i] - x[0] * (1 - x[1] ** (i + 1)) for i in range(3)])


def jennrich_sampson(x: Tensor) -> Tensor:
    i = np.arange(1.0, 11.0)
    return 2 + 2 * i - (xp.exp(i * x[0]) + xp.exp(i * x[1]))


def helical_valley(x: Tensor) -> Tensor:
    turn = xp.atan(x[1] / x[0]) / (2 * math.pi) + xp.where(x[0] < 0, 0.5, 0.0)
    radius = xp.sqrt(x[0] ** 2 + x[1] ** 2)
    return _stack(10 * (x[2] - 10 * turn), 10 * (radius - 1), x[2])


_BARD = np.array(
    [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39]
)


def bard(x: Tensor) -> Tensor:
    u = np.arange(1.0, 16.0)
    v = 16 - u
    return _BARD - (x[0] + u / (v * x[1] + np.minimum(u, v) * x[2]))


_GAUSSIAN = np.array([0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989])


def gaussian(x: Tensor) -> Tensor:
    t = (8 - np.arange(1.0, 16.0)) / 2
    y = np.concatenate([_GAUSSIAN, _GAUSSIAN[-2::-1]])
    return x[0] * xp.exp(-x[1] * (t - x[2]) ** 2 / 2) - y


_MEYER = np.array(
    [34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820,
     3307, 2872.0]
)  # fmt: skip


def meyer(x: Tensor) -> Tensor:
    t = 45 + 5 * np.arange(1.0, 17.0)
    return x[0] * xp.exp(x[1] / (t + x[2])) - _MEYER


def gulf(x: Tensor) -> Tensor:
    t = np.arange(1.0, 100.0) / 100
    y = 25 + (-50 * np.log(t)) ** (2 / 3)
    return xp.exp(-(xp.abs(y - x[1]) ** x[2]) / x[0]) - t


def box_3d(x: Tensor) -> Tensor:
    t = 0.1 * np.arange(1.0, 11.0)
    return xp.exp(-t * x[0]) - xp.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def powell_singular(x: Tensor) -> Tensor:
    a, b, c, d = x[0::4], x[1::4], x[2::4], x[3::4]
    parts = [
        a + 10 * b,
        math.sqrt(5) * (c - d),
        (b - 2 * c) ** 2,
        math.sqrt(10) * (a - d) ** 2,
    ]
    return xp.concat(parts)


def wood(x: Tensor) -> Tensor:
    return _stack(
        10 * (x[1] - x[0] ** 2),
        1 - x[0],
        math.sqrt(90) * (x[3] - x[2] ** 2),
        1 - x[2],
        math.sqrt(10) * (x[1] + x[3] - 2),
        (x[1] - x[3]) / math.sqrt(10),
    )


_KOWALIK_Y = np.array(
    [0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246]
)
_KOWALIK_U = np.array([4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])


def kowalik_osborne(x: Tensor) -> Tensor:
    u = _KOWALIK_U
    return _KOWALIK_Y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def brown_dennis(x: Tensor) -> Tensor:
    t = np.arange(1.0, 21.0) / 5
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


_OSBORNE_1 = np.array(
    [0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685,
     0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448,
     0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406]
)  # fmt: skip


def osborne_1(x: Tensor) -> Tensor:
    t = 10 * np.arange(33.0)
    return _OSBORNE_1 - (x[0] + x[1] * xp.exp(-t * x[3]) + x[2] * xp.exp(-t * x[4]))


def biggs_exp6(x: Tensor) -> Tensor:
    t = 0.1 * np.arange(1.0, 14.0)
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    model = x[2] * xp.exp(-t * x[0]) - x[3] * xp.exp(-t * x[1]) + x[5] * xp.exp(-t * x[4])
    return model - y


_OSBORNE_2 = np.array(
    [1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608,
     0.655, 0.616, 0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661,
     0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428,
     0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591, 0.559,
     0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054]
)  # fmt: skip


def osborne_2(x: Tensor) -> Tensor:
    t = np.arange(65.0) / 10
    model = x[0] * xp.exp(-t * x[4])
    for i in range(3):
        model = model + x[i + 1] * xp.exp(-((t - x[i + 8]) ** 2) * x[i + 5])
    return _OSBORNE_2 - model


def watson(x: Tensor) -> Tensor:
    n = x.shape[0]
    t = np.arange(1.0, 30.0)[:, None] / 29
    j = np.arange(n, dtype=float)
    powers = t**j
    slopes = np.concatenate([np.zeros((29, 1)), j[1:] * t ** (j[1:] - 1)], axis=1)
    inner = xp.asarray(slopes) @ x - (xp.asarray(powers) @ x) ** 2 - 1
    return xp.concat([inner, _stack(x[0], x[1] - x[0] ** 2 - 1)])


def extended_rosenbrock(x: Tensor) -> Tensor:
    return xp.concat([10 * (x[1::2] - x[0::2] ** 2), 1 - x[0::2]])


def penalty_1(x: Tensor) -> Tensor:
    return xp.concat([math.sqrt(1e-5) * (x - 1), _stack((x**2).sum() - 0.25)])


def penalty_2(x: Tensor) -> Tensor:
    n, root = x.shape[0], math.sqrt(1e-5)
    i = np.arange(2.0, n + 1)
    y = np.exp(i / 10) + np.exp((i - 1) / 10)
    grown = xp.exp(x / 10)
    parts = [
        _stack(x[0] - 0.2),
        root * (grown[1:] + grown[:-1] - y),
        root * (grown[1:] - math.exp(-0.1)),
        _stack((np.arange(float(n), 0, -1) * x**2).sum() - 1),
    ]
    return xp.concat(parts)


def variably_dimensioned(x: Tensor) -> Tensor:
    total = (np.arange(1.0, x.shape[0] + 1) * (x - 1)).sum()
    return xp.concat([x - 1, _stack(total, total**2)])


def trigonometric(x: Tensor) -> Tensor:
    n = x.shape[0]
    i = np.arange(1.0, n + 1)
    return n - xp.cos(x).sum() + i * (1 - xp.cos(x)) - xp.sin(x)


def brown_almost_linear(x: Tensor) -> Tensor:
    n = x.shape[0]
    product = x[0]
    for j in range(1, n):
        product = product * x[j]
    return xp.concat([x[:-1] + x.sum() - (n + 1), _stack(product - 1)])


def _neighbours(x: Tensor) -> tuple[Tensor, Tensor]:
    zero = np.zeros(1)
    return xp.concat([xp.asarray(zero), x[:-1]]), xp.concat([x[1:], xp.asarray(zero)])


def discrete_boundary_value(x: Tensor) -> Tensor:
    h = 1 / (x.shape[0] + 1)
    t = h * np.arange(1.0, x.shape[0] + 1)
    before, after = _neighbours(x)
    return 2 * x - before - after + h**2 * (x + t + 1) ** 3 / 2


def discrete_integral(x: Tensor) -> Tensor:
    n = x.shape[0]
    h = 1 / (n + 1)
    t = h * np.arange(1.0, n + 1)
    cubes = (x + t + 1) ** 3
    up_to = np.tril(np.ones((n, n)))
    weights = (1 - t)[:, None] * up_to * t + t[:, None] * (1 - up_to) * (1 - t)
    return x + h / 2 * (xp.asarray(weights) @ cubes)


def broyden_tridiagonal(x: Tensor) -> Tensor:
    before, after = _neighbours(x)
    return (3 - 2 * x) * x - before - 2 * after + 1


def broyden_banded(x: Tensor) -> Tensor:
    n = x.shape[0]
    i, j = np.indices((n, n))
    band = ((j >= i - 5) & (j <= i + 1) & (i != j)).astype(float)
    return x * (2 + 5 * x**2) + 1 - xp.asarray(band) @ (x * (1 + x))


def linear_full_rank(x: Tensor) -> Tensor:
    n = x.shape[0]
    m = 2 * n
    shared = 2 / m * x.sum()
    return xp.concat([x - shared - 1, xp.zeros(m - n, dtype="float64") - shared - 1])


def linear_rank_one(x: Tensor) -> Tensor:
    n = x.shape[0]
    total = (np.arange(1.0, n + 1) * x).sum()
    return np.arange(1.0, 2 * n + 1) * total - 1


def linear_rank_one_zeros(x: Tensor) -> Tensor:
    n = x.shape[0]
    j = np.arange(1.0, n + 1)
    j[[0, -1]] = 0
    i = np.arange(0.0, 2 * n)
    i[-1] = 0
    return i * (j * x).sum() - 1


def chebyquad(x: Tensor) -> Tensor:
    n = x.shape[0]
    shifted = 2 * x - 1
    before, now = shifted**0, shifted
    parts = []
    for i in range(1, n + 1):
        integral = 0.0 if i % 2 else -1 / (i * i - 1)
        parts.append(now.sum() / n - integral)
        before, now = now, 2 * shifted * now - before
    return _stack(*parts)


def _t(n: int) -> Array:
    return np.arange(1.0, n + 1) / (n + 1)


def _made(
    number: int, residuals: Callable[[Tensor], Tensor], start: Any, *minima: float
) -> Problem:
    values = tuple(float(each) for each in np.asarray(start, float))
    return Problem(number, residuals.__name__, residuals, values, minima)


#: The problems in the paper's order with its standard sizes (some at a second one).
PROBLEMS: list[Problem] = [
    _made(1, rosenbrock, (-1.2, 1), 0),
    _made(2, freudenstein_roth, (0.5, -2), 0, 48.98425367924),
    _made(3, powell_badly_scaled, (0, 1), 0),
    _made(4, brown_badly_scaled, (1, 1), 0),
    _made(5, beale, (1, 1), 0),
    _made(6, jennrich_sampson, (0.3, 0.4), 124.3621823556),
    _made(7, helical_valley, (-1, 0, 0), 0),
    _made(8, bard, (1, 1, 1), 8.214877306579e-3, 17.42869333),
    _made(9, gaussian, (0.4, 1, 0), 1.127932769619e-8),
    _made(10, meyer, (0.02, 4000, 250), 87.94585517057),
    _made(11, gulf, (5, 2.5, 0.15), 0),
    _made(12, box_3d, (0, 10, 20), 0),
    _made(13, powell_singular, (3, -1, 0, 1), 0),
    _made(14, wood, (-3, -1, -3, -1), 0),
    _made(15, kowalik_osborne, (0.25, 0.39, 0.415, 0.39), 3.075056038492e-4, 1.02734e-3),
    _made(16, brown_dennis, (25, 5, -5, -1), 85822.20162636),
    _made(17, osborne_1, (0.5, 1.5, -1, 0.01, 0.02), 5.464894697483e-5),
    _made(18, biggs_exp6, (1, 2, 1, 1, 1, 1), 0, 5.655649925e-3),
    _made(19, osborne_2, (1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5), 4.013773629355e-2),
    _made(20, watson, np.zeros(6), 2.287670053552e-3),
    _made(20, watson, np.zeros(9), 1.399760138e-6),
    _made(21, extended_rosenbrock, np.tile([-1.2, 1], 5), 0),
    _made(22, powell_singular, np.tile([3.0, -1, 0, 1], 3), 0),
    _made(23, penalty_1, np.arange(1, 5), 2.249977500e-5),
    _made(23, penalty_1, np.arange(1, 11), 7.087651e-5),
    _made(24, penalty_2, np.full(4, 0.5), 9.376293e-6),
    _made(24, penalty_2, np.full(10, 0.5), 2.936605e-4),
    _made(25, variably_dimensioned, 1 - np.arange(1, 11) / 10, 0),
    _made(26, trigonometric, np.full(10, 0.1), 0, 2.795056e-5),
    _made(27, brown_almost_linear, np.full(10, 0.5), 0, 1),
    _made(28, discrete_boundary_value, _t(10) * (_t(10) - 1), 0),
    _made(29, discrete_integral, _t(10) * (_t(10) - 1), 0),
    _made(30, broyden_tridiagonal, np.full(10, -1.0), 0),
    _made(31, broyden_banded, np.full(10, -1.0), 0),
    _made(32, linear_full_rank, np.ones(10), 10),
    _made(33, linear_rank_one, np.ones(10), 20 * 19 / (2 * 41)),
    _made(34, linear_rank_one_zeros, np.ones(10), (20**2 + 3 * 20 - 6) / (2 * 37)),
    _made(35, chebyquad, _t(8), 3.516873725677e-3),
    _made(35, chebyquad, _t(9), 0),
    _made(35, chebyquad, _t(10), 6.503954800e-3, 4.772713e-3),
]
