"""Principal components of data that arrive in batches and never lie in memory together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from trivium.engine.errors import ShapeError

from ..errors import DomainError
from .low_rank_input import Array, blocks, checked_magnitude, real_matrix
from .pca_methods import Spectrum, from_factor

__all__ = ["Merged", "batches_of"]

_LARGE = 1e140  # squares of more than this overflow


class Merged:
    """The factor R with RᵀR = Σ (x − μ)(x − μ)ᵀ over all rows so far, and their mean.

    A batch B joins by the QR or SVD of the rows [R; B − mean(B); √(nm/(n+m)) (μ − mean(B))]:
    Ross, Lim, Lin and Yang, Int. J. Computer Vision 77 (2008), §2.1.2. Nothing is squared. While
    no more than ``keep`` directions occur the result is that of all rows at once, up to
    rounding; what is left out beyond that is counted in ``discarded``, the sum of the largest
    squared singular values left out, which bounds the error of every eigenvalue (Weyl).
    """

    def __init__(self, keep: int | None) -> None:
        self.keep = keep
        self.rows = 0
        self.discarded = 0.0
        self.mean = np.zeros(0)
        self.squares = np.zeros(0)
        self.factor = np.zeros((0, 0))
        self.dtype = np.dtype(np.float32)

    def add(self, batch: Array) -> None:
        """Join the rows of ``batch`` (m, d)."""
        count, width = batch.shape
        if not self.rows:
            self.mean, self.squares = batch[0].astype(np.float64), np.zeros(width)
            self.factor = np.zeros((0, width))
        self.dtype = np.result_type(self.dtype, batch.dtype)
        # Relative to the mean so far, so that constant columns stay exactly constant.
        shifted = batch - self.mean
        step = shifted.mean(axis=0)
        shifted -= step
        weight = self.rows * count / (self.rows + count)
        self.squares += np.einsum("ij,ij->j", shifted, shifted) + weight * step**2
        parts = [self.factor, shifted]
        if self.rows:
            parts.append(np.sqrt(weight) * step[None])
        self.rows += count
        self.mean = self.mean + step * (count / self.rows)
        self._shrink(np.vstack(parts))

    def _shrink(self, stacked: Array) -> None:
        """At most d rows, or ``keep``, with the same RᵀR."""
        rows, width = stacked.shape
        if rows > width:
            stacked = np.asarray(np.linalg.qr(stacked, mode="r"))
        if self.keep is not None and len(stacked) > self.keep:
            _, singular, vectors = np.linalg.svd(stacked, full_matrices=False)
            self.discarded += float(singular[self.keep] ** 2)
            stacked = singular[: self.keep, None] * vectors[: self.keep]
        self.factor = stacked

    def spectrum(self) -> Spectrum:
        """Eigenvalues and directions of the covariance matrix of all rows."""
        variances = self.squares / (self.rows - 1)
        found = from_factor(self.factor, self.rows, variances, "incremental")
        lost = self.discarded / (self.rows - 1)
        most = min(self.rows - 1, len(self.mean))
        return Spectrum(
            values=found.values,
            vectors=found.vectors,
            total=found.total,
            noise=found.noise + lost,
            method="incremental",
            complete=not lost and len(found.values) == most,
            variances=variances,
        )


def batches_of(data: Any, rows: int | None) -> Iterator[Array]:
    """Checked float matrices with one number of columns, from an array or from batches.

    ``rows``: rows at a time of an array. Batches without rows are passed over. Raises ShapeError
    and DomainError that name the batch.
    """
    width = None
    for name, piece in _pieces(data, rows):
        if isinstance(piece, np.ndarray) and piece.ndim == 2 and not len(piece):
            continue
        batch = real_matrix("pca", name, piece)
        if width is None:
            width = batch.shape[1]
        if batch.shape[1] != width:
            raise ShapeError(
                f"pca: {name} has {batch.shape[1]} columns and those before it have {width}; "
                "all batches must have the same columns"
            )
        magnitude = checked_magnitude("pca", name, batch)
        if magnitude > _LARGE:
            raise DomainError(
                f"pca: {name} holds {magnitude:.3g}, whose square is not a finite number; divide "
                "the data by a constant first"
            )
        yield batch
    if width is None:
        raise ShapeError("pca: there was no batch with rows in the data")


def _pieces(data: Any, rows: int | None) -> Iterable[tuple[str, Any]]:
    if not hasattr(data, "shape"):
        for number, piece in enumerate(data):
            yield f"batch {number} (counted from 0)", piece
        return
    width = data.shape[1] if len(data.shape) == 2 else 1
    step = rows or max(blocks(data) if len(data) else 1, 2 * width)
    for start in range(0, max(len(data), 1), step):
        yield f"data[{start}:{start + step}]", data[start : start + step]
