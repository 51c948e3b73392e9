"""Minimization of functions of real vectors: what the solvers of floor 3 are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trivium.engine.lazy import lazy

if TYPE_CHECKING:
    from .conjugate import nonlinear_cg
    from .function import Function
    from .least_squares import gauss_newton, levenberg_marquardt
    from .newton import newton
    from .quasi_newton import bfgs, lbfgs
    from .residuals import Residuals
    from .result import Counts, Minimum, Reason
    from .search import Iteration, Options
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "conjugate": ["nonlinear_cg"],
            "function": ["Function"],
            "least_squares": ["gauss_newton", "levenberg_marquardt"],
            "newton": ["newton"],
            "quasi_newton": ["bfgs", "lbfgs"],
            "residuals": ["Residuals"],
            "result": ["Counts", "Minimum", "Reason"],
            "search": ["Iteration", "Options"],
        },
    )

__all__ = [
    "Counts",
    "Function",
    "Iteration",
    "Minimum",
    "Options",
    "Reason",
    "Residuals",
    "bfgs",
    "gauss_newton",
    "lbfgs",
    "levenberg_marquardt",
    "newton",
    "nonlinear_cg",
]
