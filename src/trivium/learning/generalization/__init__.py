"""Learning theory, measured: learning curves, bias and variance, bounds beside the gap.

Everything here answers one question: what does an error on the data at hand say about data
still to come? Measurements state how many repeats they rest on, bounds state what they assume,
and a bound of 1 or more is called vacuous.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trivium.engine.lazy import lazy

__all__ = [
    "BiasVariance",
    "Bound",
    "Capacity",
    "Comparison",
    "Complexity",
    "GeneralizationGap",
    "LearningCurves",
    "NoFreeLunch",
    "binary_kl",
    "bias_variance",
    "capacity",
    "compare",
    "generalization_gap",
    "kl_inverse",
    "learning_curves",
    "no_free_lunch",
    "occam_bound",
    "pac_bayes",
    "pac_bayes_bound",
    "rademacher_bound",
    "rademacher_finite",
    "rademacher_fitted",
    "rademacher_linear",
    "test_set_bound",
    "vc_bound",
]

if TYPE_CHECKING:
    from .bounds import (
        Bound,
        occam_bound,
        pac_bayes_bound,
        rademacher_bound,
        test_set_bound,
        vc_bound,
    )
    from .comparison import Comparison, compare
    from .curves import LearningCurves, learning_curves
    from .decomposition import BiasVariance, bias_variance
    from .free_lunch import NoFreeLunch, no_free_lunch
    from .gap import GeneralizationGap, generalization_gap
    from .growth import Capacity, capacity
    from .inversion import binary_kl, kl_inverse
    from .posterior import pac_bayes
    from .rademacher import Complexity, rademacher_finite, rademacher_fitted, rademacher_linear
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "bounds": [
                "Bound",
                "occam_bound",
                "pac_bayes_bound",
                "rademacher_bound",
                "test_set_bound",
                "vc_bound",
            ],
            "growth": ["Capacity", "capacity"],
            "comparison": ["Comparison", "compare"],
            "curves": ["LearningCurves", "learning_curves"],
            "decomposition": ["BiasVariance", "bias_variance"],
            "free_lunch": ["NoFreeLunch", "no_free_lunch"],
            "gap": ["GeneralizationGap", "generalization_gap"],
            "inversion": ["binary_kl", "kl_inverse"],
            "posterior": ["pac_bayes"],
            "rademacher": [
                "Complexity",
                "rademacher_finite",
                "rademacher_fitted",
                "rademacher_linear",
            ],
        },
    )
