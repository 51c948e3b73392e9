"""Optimality: convexity certificates, the kinds of critical points, and pictures of descent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trivium.engine.lazy import lazy

__all__ = [
    "Certificate",
    "Comparison",
    "Correspondence",
    "CriticalPoint",
    "Kind",
    "Obstacle",
    "Trajectory",
    "Verdict",
    "as_function",
    "certify",
    "classify",
    "compare_searches",
    "draw_trajectory",
    "penalty_as_constraint",
    "record",
]

if TYPE_CHECKING:
    from .certificate import Certificate, Verdict, certify
    from .comparison import Comparison, compare_searches
    from .correspondence import Correspondence, penalty_as_constraint
    from .critical import CriticalPoint, Kind, classify
    from .describe import Obstacle
    from .drawing import draw_trajectory
    from .objectives import as_function
    from .trajectory import Trajectory, record
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "certificate": ["Certificate", "Verdict", "certify"],
            "comparison": ["Comparison", "compare_searches"],
            "correspondence": ["Correspondence", "penalty_as_constraint"],
            "critical": ["CriticalPoint", "Kind", "classify"],
            "describe": ["Obstacle"],
            "drawing": ["draw_trajectory"],
            "objectives": ["as_function"],
            "trajectory": ["Trajectory", "record"],
        },
    )
