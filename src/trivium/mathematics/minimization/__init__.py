"""Minimization of functions of real vectors: what the solvers of floor 3 are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trivium.engine.lazy import lazy

if TYPE_CHECKING:
    from .annealing import annealing
    from .cma_es import cma_es
    from .conjugate import nonlinear_cg
    from .constrained import ConstrainedMinimum, augmented_lagrangian
    from .constrained_projected import projected_gradient
    from .constrained_sets import Ball, Box, ConvexSet, CrossPolytope, Simplex
    from .function import Function
    from .genetic import genetic
    from .least_squares import gauss_newton, levenberg_marquardt
    from .newton import newton
    from .proximal import ProximalMinimum, lasso_gap, proximal_gradient
    from .proximal_penalties import ElasticNet, GroupNorm, L1Norm, ProximalPenalty
    from .quasi_newton import bfgs, lbfgs
    from .residuals import Residuals
    from .result import Counts, Minimum, Reason
    from .search import Iteration, Options
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "annealing": ["annealing"],
            "cma_es": ["cma_es"],
            "conjugate": ["nonlinear_cg"],
            "constrained": ["ConstrainedMinimum", "augmented_lagrangian"],
            "constrained_projected": ["projected_gradient"],
            "constrained_sets": ["Ball", "Box", "ConvexSet", "CrossPolytope", "Simplex"],
            "function": ["Function"],
            "genetic": ["genetic"],
            "least_squares": ["gauss_newton", "levenberg_marquardt"],
            "newton": ["newton"],
            "proximal": ["ProximalMinimum", "lasso_gap", "proximal_gradient"],
            "proximal_penalties": ["ElasticNet", "GroupNorm", "L1Norm", "ProximalPenalty"],
            "quasi_newton": ["bfgs", "lbfgs"],
            "residuals": ["Residuals"],
            "result": ["Counts", "Minimum", "Reason"],
            "search": ["Iteration", "Options"],
        },
    )

__all__ = [
    "Ball",
    "Box",
    "ConstrainedMinimum",
    "ConvexSet",
    "Counts",
    "CrossPolytope",
    "ElasticNet",
    "Function",
    "GroupNorm",
    "Iteration",
    "L1Norm",
    "Minimum",
    "Options",
    "ProximalMinimum",
    "ProximalPenalty",
    "Reason",
    "Residuals",
    "Simplex",
    "annealing",
    "augmented_lagrangian",
    "bfgs",
    "cma_es",
    "gauss_newton",
    "genetic",
    "lasso_gap",
    "lbfgs",
    "levenberg_marquardt",
    "newton",
    "nonlinear_cg",
    "projected_gradient",
    "proximal_gradient",
]
