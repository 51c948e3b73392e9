"""Information: entropy, divergence and mutual information, exact and from samples.

Functions of probabilities (``entropy``, ``kl_divergence``, ``mutual_information`` …) take arrays
or tensors and give tensors, named with their unit, that can be differentiated. Functions of
samples (``estimate_entropy``, ``estimate_mutual_information``) give an ``Estimate`` that shows
its bias, its spread and what to beware of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trivium.engine.lazy import lazy

__all__ = [
    "Estimate",
    "UNITS",
    "conditional_entropy",
    "conditional_mutual_information",
    "cross_entropy",
    "entropy",
    "estimate_entropy",
    "estimate_mutual_information",
    "jensen_shannon_distance",
    "jensen_shannon_divergence",
    "joint_entropy",
    "kl_divergence",
    "mutual_information",
    "total_correlation",
]

if TYPE_CHECKING:
    from .divergences import (
        cross_entropy,
        entropy,
        jensen_shannon_distance,
        jensen_shannon_divergence,
        kl_divergence,
    )
    from .estimate import Estimate
    from .joint import (
        conditional_entropy,
        conditional_mutual_information,
        joint_entropy,
        mutual_information,
        total_correlation,
    )
    from .sampling import estimate_entropy, estimate_mutual_information
    from .units import UNITS
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "divergences": [
                "cross_entropy",
                "entropy",
                "jensen_shannon_distance",
                "jensen_shannon_divergence",
                "kl_divergence",
            ],
            "estimate": ["Estimate"],
            "joint": [
                "conditional_entropy",
                "conditional_mutual_information",
                "joint_entropy",
                "mutual_information",
                "total_correlation",
            ],
            "sampling": ["estimate_entropy", "estimate_mutual_information"],
            "units": ["UNITS"],
        },
    )
