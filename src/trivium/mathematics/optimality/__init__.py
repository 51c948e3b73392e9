"""Optimality: convexity certificates and the kinds of critical points."""

from __future__ import annotations

__all__: list[str] = []
