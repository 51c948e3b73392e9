"""Probability: exponential families, distributions, estimation."""

from __future__ import annotations

__all__: list[str] = []
