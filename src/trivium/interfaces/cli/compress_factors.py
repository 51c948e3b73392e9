"""A picture as products of thin matrices: which ones, how many, and what is lost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["LAYOUTS", "Compressed", "Part", "Spectra", "approximate", "spectra_of"]

Array = np.ndarray[Any, Any]

LAYOUTS = ("channels", "stacked")
_NOISE = 1e-7  # singular values below this part of the largest are rounding (λ known to ε λ₁)
_HALF_ERROR = 3e-4  # relative error of factors in float16


@dataclass(frozen=True)
class Part:
    """One matrix of a picture: the channels in it, and its factors (rows, k) and (k, columns)."""

    channels: tuple[int, ...]
    left: Array
    right: Array

    @property
    def rank(self) -> int:
        """k."""
        return self.left.shape[1]

    @property
    def numbers(self) -> int:
        """How many numbers are stored."""
        return self.left.size + self.right.size


@dataclass(frozen=True)
class Compressed:
    """The parts of a picture, how they are laid out, and the best error of such ranks."""

    parts: tuple[Part, ...]
    layout: str
    height: int
    width: int
    bound: float

    @property
    def numbers(self) -> int:
        """How many numbers are stored."""
        return sum(part.numbers for part in self.parts)

    @property
    def ranks(self) -> list[int]:
        """The rank of every part."""
        return [part.rank for part in self.parts]

    def shares(self) -> Array:
        """The picture as float32, (height, width, channels), neither clipped nor rounded."""
        count = sum(len(part.channels) for part in self.parts)
        found = np.empty((self.height, self.width, count), np.float32)
        for part in self.parts:
            product = part.left.astype(np.float32) @ part.right.astype(np.float32)
            for place, channel in enumerate(part.channels):
                found[..., channel] = _piece(product, place, self.height, self.width)
        return found


def part_shape(channels: int, height: int, width: int) -> tuple[int, int]:
    """The shape of the matrix of so many channels: beside each other along the longer side."""
    return (height, channels * width) if height <= width else (channels * height, width)


def _piece(matrix: Array, place: int, height: int, width: int) -> Array:
    if height <= width:
        return matrix[:, place * width : (place + 1) * width]
    return matrix[place * height : (place + 1) * height]


def _matrix(shares: Array, channels: tuple[int, ...]) -> Array:
    pieces = [shares[..., channel] for channel in channels]
    return np.concatenate(pieces, axis=1 if shares.shape[0] <= shares.shape[1] else 0)


@dataclass(frozen=True)
class Spectra:
    """The squared singular values (descending) of the parts of one layout.

    ``grams``: the matrices on the shorter side of the picture whose eigenvalues they are.
    ``colours``: how many parts hold colours; one that holds alpha may follow.
    """

    layout: str
    channels: tuple[tuple[int, ...], ...]
    values: tuple[Array, ...]
    grams: tuple[Array, ...]
    colours: int
    height: int
    width: int

    def cost(self, part: int) -> int:
        """Numbers that one rank of a part takes."""
        return sum(part_shape(len(self.channels[part]), self.height, self.width))

    @property
    def total(self) -> float:
        """The sum of all squared singular values: ‖A‖²."""
        return float(sum(each.sum() for each in self.values))

    def ranks_for_rank(self, rank: int) -> list[int]:
        """The rank asked for, or less where a part has less."""
        return [min(rank, _numerical(values)) for values in self.values]

    def ranks_for_error(self, error: float) -> list[int]:
        """The smallest ranks with ‖A − Â‖ ≤ error ‖A‖: of all colours the largest first."""
        colours = _largest_first(self.values[: self.colours], error)
        alpha = [_largest_first([values], error)[0] for values in self.values[self.colours :]]
        return [*colours, *alpha]

    def numbers(self, ranks: list[int]) -> int:
        """How many numbers these ranks take."""
        return sum(rank * self.cost(part) for part, rank in enumerate(ranks))

    def bound(self, ranks: list[int]) -> float:
        """The Eckart-Young bound √(Σ_{i>k} σᵢ²) over all parts, relative to ‖A‖."""
        left = sum(float(each[rank:].sum()) for each, rank in zip(self.values, ranks))
        return math.sqrt(left / self.total) if self.total else 0.0

    def curve(self) -> tuple[Array, Array]:
        """Numbers stored and relative error for the same rank in every part, from 1 up."""
        most = max(len(each) for each in self.values)
        ranks = range(1, most + 1)
        points = [[min(rank, len(each)) for each in self.values] for rank in ranks]
        numbers = np.array([self.numbers(each) for each in points], np.float64)
        return numbers, np.array([self.bound(each) for each in points])


def _numerical(values: Array) -> int:
    return int((values > _NOISE**2 * values[0]).sum()) if len(values) and values[0] > 0 else 0


def _largest_first(groups: Any, error: float) -> list[int]:
    """How many of each descending group stay when the largest of all stay (equal costs)."""
    every = np.concatenate(groups)
    owner = np.repeat(np.arange(len(groups)), [len(each) for each in groups])
    order = np.argsort(-every, kind="stable")
    left = every.sum() - np.cumsum(every[order])
    allowed = max(error, _NOISE) ** 2 * every.sum()
    reached = left <= allowed
    count = (int(reached.argmax()) + 1 if reached.any() else len(every)) if every.sum() else 0
    return [int((owner[order[:count]] == i).sum()) for i in range(len(groups))]


def spectra_of(shares: Array, colours: int, layouts: tuple[str, ...]) -> list[Spectra]:
    """The spectra of a picture in each of ``layouts``.

    From the Gram matrices on the shorter side, of which that of the stacked channels is the
    sum: an eigenvalue λ = σ² is known to ε λ₁, far below the rounding of pixels. Vectors are
    left to ``approximate``: they take several times as long, and few are kept.
    """
    height, width, count = shares.shape
    grams = [_gram(shares[..., channel]) for channel in range(count)]
    together = tuple(range(colours))
    solved: dict[tuple[int, ...], tuple[Array, Array]] = {}
    found = []
    for layout in layouts:
        groups = [together] if layout == "stacked" else [(each,) for each in together]
        groups += [(each,) for each in range(colours, count)]
        for group in groups:
            if group not in solved:
                gram = np.sum([grams[channel] for channel in group], axis=0)
                solved[group] = np.maximum(np.linalg.eigvalsh(gram)[::-1], 0.0), gram
        found.append(
            Spectra(
                layout,
                tuple(groups),
                tuple(solved[group][0] for group in groups),
                tuple(solved[group][1] for group in groups),
                1 if layout == "stacked" else colours,
                height,
                width,
            )
        )
    return found


def _gram(channel: Array) -> Array:
    plain = np.ascontiguousarray(channel)
    found: Array = plain @ plain.T if len(plain) <= plain.shape[1] else plain.T @ plain
    return found


def _leading_vectors(gram: Array, count: int) -> Array:
    """The eigenvectors of the ``count`` largest eigenvalues, the largest first: columns."""
    from scipy.linalg import eigh

    size = len(gram)
    if 2 * count > size:
        found: Array = np.linalg.eigh(gram)[1][:, ::-1][:, :count]
        return found
    if not count:
        return np.zeros((size, 0))
    _, vectors = eigh(gram, subset_by_index=(size - count, size - 1))
    return np.asarray(vectors)[:, ::-1]


def approximate(
    shares: Array, spectra: Spectra, ranks: list[int], dtype: type[np.floating[Any]]
) -> Compressed:
    """The projections onto the leading singular vectors, as factors in ``dtype``.

    Both factors carry √σ, so that they are of one size and lose the same to rounding.
    """
    parts = []
    upright = spectra.height <= spectra.width
    for group, values, gram, rank in zip(
        spectra.channels, spectra.values, spectra.grams, ranks
    ):
        basis = _leading_vectors(gram, rank)
        root = np.sqrt(np.sqrt(np.maximum(values[:rank], np.finfo(np.float64).tiny)))
        matrix = _matrix(shares, group)
        if upright:
            left, right = basis * root, (basis.T @ matrix) / root[:, None]
        else:
            left, right = (matrix @ basis) / root, (basis * root).T
        parts.append(Part(group, left.astype(dtype), right.astype(dtype)))
    return Compressed(
        tuple(parts), spectra.layout, spectra.height, spectra.width, spectra.bound(ranks)
    )
