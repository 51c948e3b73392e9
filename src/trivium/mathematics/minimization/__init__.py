"""Minimization of functions of real vectors: what the solvers of floor 3 are made of."""

from __future__ import annotations

__all__: list[str] = []
