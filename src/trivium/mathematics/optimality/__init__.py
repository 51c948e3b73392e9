"""Optimality: convexity certificates, the kinds of critical points, and pictures of descent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trivium.engine.lazy import lazy

__all__ = [
    "Certificate",
    "CriticalPoint",
    "Kind",
    "Obstacle",
    "Verdict",
    "as_function",
    "certify",
    "classify",
]

if TYPE_CHECKING:
    from .certificate import Certificate, Verdict, certify
    from .critical import CriticalPoint, Kind, classify
    from .describe import Obstacle
    from .objectives import as_function
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "certificate": ["Certificate", "Verdict", "certify"],
            "critical": ["CriticalPoint", "Kind", "classify"],
            "describe": ["Obstacle"],
            "objectives": ["as_function"],
        },
    )
