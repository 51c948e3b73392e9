"""Inference for linear and generalised linear models: how sure the estimates are.

``fit.summary()`` is the door: coefficients in the user's units with standard errors, tests and
intervals, the goodness of the fit, and how far all that can be trusted. Before a solver runs,
``inspect`` finds designs of deficient rank and separated classes, and names the columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trivium.engine.lazy import lazy

__all__ = [
    "Coefficient", "MultivariateSummary", "MultivariateTest", "Separation", "Summary", "inspect",
    "separation", "summarise",
]  # fmt: skip

if TYPE_CHECKING:
    from .inspection import inspect
    from .multivariate import MultivariateSummary, MultivariateTest
    from .separating import Separation, separation
    from .summarising import summarise
    from .summary import Coefficient, Summary
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "inspection": ["inspect"],
            "multivariate": ["MultivariateSummary", "MultivariateTest"],
            "separating": ["Separation", "separation"],
            "summary": ["Coefficient", "Summary"],
            "summarising": ["summarise"],
        },
    )
