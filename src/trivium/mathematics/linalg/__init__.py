"""Linear algebra: factorizations, eigenvalues, rank, norms, projections, principal components."""

from __future__ import annotations

__all__: list[str] = []
