"""Which columns of a design are independent, and how the others follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Dependence", "Independent", "independent"]

Array = np.ndarray[Any, Any]
_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Dependence:
    """A column that equals Σ coefficient · column over ``others``; none for a zero column."""

    column: int
    others: tuple[int, ...]
    coefficients: tuple[float, ...]

    def sentence(self, names: Sequence[str]) -> str:
        """The relation in words: ``'a' = 2·'b' - 'c'``."""
        name = names[self.column]
        if not self.others:
            return f"{name} is zero in every row, so it has no effect"
        if len(self.others) == 1 and names[self.others[0]] == "intercept":
            return f"{name} is constant, so it cannot be told apart from the intercept"
        parts = []
        for place, weight in list(zip(self.others, self.coefficients))[:6]:
            size = abs(weight)
            shown = names[place] if abs(size - 1) < 1e-9 else f"{size:.6g}·{names[place]}"
            parts.append((" - " if weight < 0 else " + ") + shown)
        text = "".join(parts)
        text = text[3:] if text.startswith(" + ") else "-" + text[3:]
        more = f" + … ({len(self.others) - 6} more)" if len(self.others) > 6 else ""
        return f"{name} = {text}{more}"


@dataclass(frozen=True)
class Independent:
    """The columns ``kept`` (ascending), and the ``dependences`` of all others on them.

    ``combination``: (kept, dropped), with A_dropped = A_kept · combination. ``condition``: of
    the kept columns scaled to length 1.
    """

    kept: tuple[int, ...]
    dependences: tuple[Dependence, ...]
    combination: Array
    condition: float


def independent(rows: Array, order: Sequence[int] | None = None) -> Independent:
    """Choose independent columns of ``rows`` (N, p), those first in ``order`` first.

    Columns are scaled to length 1 and orthogonalised one by one (QR without column exchange, on
    the triangle of a first QR): one that is shorter than 100·max(N, p)·ε after that depends on
    those before it. Source: Golub & Van Loan (2013), *Matrix Computations*, 4th ed., §5.5.7.
    """
    n, p = rows.shape
    places = list(range(p) if order is None else order)
    largest = np.abs(rows).max(axis=0, initial=0.0)
    scale = np.where(largest > 0, largest, 1.0)
    triangle = np.linalg.qr(rows / scale, mode="r") if n > 1 else rows / scale
    lengths = np.linalg.norm(triangle, axis=0)
    unit = triangle / np.where(lengths > 0, lengths, 1.0)
    tolerance = 100 * max(n, p) * _EPS
    kept: list[int] = []
    dropped: list[int] = []
    basis = np.zeros((len(triangle), min(len(triangle), p)))
    for place in places:
        rest = unit[:, place].copy()
        for _ in range(2):  # once more keeps the basis orthogonal to rounding
            have = basis[:, : len(kept)]
            rest -= have @ (have.T @ rest)
        length = float(np.linalg.norm(rest))
        if length > tolerance and len(kept) < basis.shape[1]:
            basis[:, len(kept)] = rest / length
            kept.append(place)
        else:
            dropped.append(place)
    kept.sort()
    weight = scale * np.where(lengths > 0, lengths, 1.0)
    solved = np.zeros((len(kept), len(dropped)))
    if kept and dropped:
        solved = np.linalg.lstsq(unit[:, kept], unit[:, dropped], rcond=None)[0]
        solved[np.abs(solved) < 1e-9] = 0.0
    combination = solved * weight[dropped] / weight[kept][:, None] if kept else solved
    whole = np.rint(combination)
    rounding = np.abs(combination - whole) < 1e-9 * np.abs(combination)
    combination = np.where(rounding, whole, combination)
    singular = np.linalg.svd(unit[:, kept], compute_uv=False) if kept else np.ones(1)
    dependences = []
    for i, place in enumerate(dropped):
        used = np.flatnonzero(combination[:, i])
        dependences.append(
            Dependence(
                place,
                tuple(kept[j] for j in used),
                tuple(float(combination[j, i]) for j in used),
            )
        )
    return Independent(
        tuple(kept), tuple(dependences), combination, float(singular[0] / singular[-1])
    )
