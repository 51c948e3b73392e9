"""NIST's nonlinear regression problems: data, starts and certified values, and the models.

``data/strd.json`` holds the numbers of the 27 files of the Statistical Reference Datasets,
https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml (NIST, public domain): certified to 11
digits by quadruple precision.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trivium import Tensor
from trivium import array as xp

Array = np.ndarray[Any, Any]
Model = Callable[[Tensor, Array], Tensor]


@dataclass(frozen=True)
class Problem:
    name: str
    starts: tuple[Array, Array]
    certified: Array
    deviations: Array
    sum_of_squares: float
    y: Array
    x: Array
    model: Model

    def residuals(self, b: Tensor) -> Tensor:
        return self.model(b, self.x) - (np.log(self.y) if self.name == "Nelson" else self.y)

    def digits(self, found: Array) -> float:
        """The correct digits of the worst parameter: the log relative error."""
        error = np.abs(found - self.certified) / np.abs(self.certified)
        return float(-np.log10(max(error.max(), 1e-11)))


def _gauss(b: Tensor, x: Array) -> Tensor:
    return (
        b[0] * xp.exp(-b[1] * x)
        + b[2] * xp.exp(-((x - b[3]) ** 2) / b[4] ** 2)
        + b[5] * xp.exp(-((x - b[6]) ** 2) / b[7] ** 2)
    )


def _cubic(b: Tensor, x: Array) -> Tensor:
    top = b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3
    return top / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


def _chwirut(b: Tensor, x: Array) -> Tensor:
    return xp.exp(-b[0] * x) / (b[1] + b[2] * x)


def _exponentials(b: Tensor, x: Array) -> Tensor:
    parts = [b[i] * xp.exp(-b[i + 1] * x) for i in (0, 2, 4)]
    return parts[0] + parts[1] + parts[2]


def _saturation(b: Tensor, x: Array) -> Tensor:
    return b[0] * (1 - xp.exp(-b[1] * x))


def _enso(b: Tensor, x: Array) -> Tensor:
    turn = 2 * math.pi * x
    return (
        b[0]
        + b[1] * np.cos(turn / 12)
        + b[2] * np.sin(turn / 12)
        + b[4] * xp.cos(turn / b[3])
        + b[5] * xp.sin(turn / b[3])
        + b[7] * xp.cos(turn / b[6])
        + b[8] * xp.sin(turn / b[6])
    )


MODELS: dict[str, Model] = {
    "Bennett5": lambda b, x: b[0] * (b[1] + x) ** (-1 / b[2]),
    "BoxBOD": _saturation,
    "Chwirut1": _chwirut,
    "Chwirut2": _chwirut,
    "DanWood": lambda b, x: b[0] * xp.asarray(x) ** b[1],
    "ENSO": _enso,
    "Eckerle4": lambda b, x: b[0] / b[1] * xp.exp(-0.5 * ((x - b[2]) / b[1]) ** 2),
    "Gauss1": _gauss,
    "Gauss2": _gauss,
    "Gauss3": _gauss,
    "Hahn1": _cubic,
    "Kirby2": lambda b, x: (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2),
    "Lanczos1": _exponentials,
    "Lanczos2": _exponentials,
    "Lanczos3": _exponentials,
    "MGH09": lambda b, x: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    "MGH10": lambda b, x: b[0] * xp.exp(b[1] / (x + b[2])),
    "MGH17": lambda b, x: b[0] + b[1] * xp.exp(-x * b[3]) + b[2] * xp.exp(-x * b[4]),
    "Misra1a": _saturation,
    "Misra1b": lambda b, x: b[0] * (1 - (1 + b[1] * x / 2) ** -2.0),
    "Misra1c": lambda b, x: b[0] * (1 - (1 + 2 * b[1] * x) ** -0.5),
    "Misra1d": lambda b, x: b[0] * b[1] * x / (1 + b[1] * x),
    "Nelson": lambda b, x: b[0] - b[1] * x[0] * xp.exp(-b[2] * x[1]),
    "Rat42": lambda b, x: b[0] / (1 + xp.exp(b[1] - b[2] * x)),
    "Rat43": lambda b, x: b[0] / (1 + xp.exp(b[1] - b[2] * x)) ** (1 / b[3]),
    "Roszman1": lambda b, x: b[0] - b[1] * x - xp.atan(b[2] / (x - b[3])) / math.pi,
    "Thurber": _cubic,
}


def _read() -> list[Problem]:
    path = Path(__file__).parent / "data" / "strd.json"
    return [
        Problem(
            name,
            (np.array(each["start_1"], float), np.array(each["start_2"], float)),
            np.array(each["certified"], float),
            np.array(each["deviations"], float),
            each["sum_of_squares"],
            np.array(each["y"], float),
            np.array(each["x"], float),
            MODELS[name],
        )
        for name, each in json.loads(path.read_text(encoding="utf-8")).items()
    ]


PROBLEMS = _read()
