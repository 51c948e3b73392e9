"""Information: entropy, divergence and mutual information, exact and from samples."""

from __future__ import annotations

__all__: list[str] = []
