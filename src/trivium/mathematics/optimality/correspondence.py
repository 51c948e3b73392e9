"""A penalty and a constraint are two ways to say the same: λ‖w‖² and ‖w‖² ≤ r²."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.engine.errors import ArgumentError
from trivium.engine.tensor import Tensor, tensor

from ..minimization.constrained import ConstrainedMinimum, augmented_lagrangian
from ..minimization.quasi_newton import lbfgs
from ..minimization.result import Minimum

__all__ = ["Correspondence", "penalty_as_constraint"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Correspondence:
    """The minimum of f + λ‖w‖² beside that of f subject to ‖w‖² ≤ r², r the length of the first.

    ``weight``: λ. ``radius``: r = ‖w‖ at the penalised minimum. ``multiplier``: μ of the
    constraint; it equals λ. ``distance``: between the two minima. ``penalised``,
    ``constrained``: the results in full.
    """

    weight: float
    radius: float
    multiplier: float
    distance: float
    penalised: Minimum
    constrained: ConstrainedMinimum

    def __str__(self) -> str:
        return (
            f"minimum of f + {self.weight:.6g} ‖w‖²: ‖w‖ = {self.radius:.8g}\n"
            f"minimum of f subject to ‖w‖ ≤ {self.radius:.8g}: multiplier {self.multiplier:.8g}\n"
            f"  λ - μ = {self.weight - self.multiplier:.2g}; the minima are {self.distance:.2g} "
            "apart"
        )

    __repr__ = __str__


def penalty_as_constraint(
    f: Callable[[Tensor], Any], start: Any, weight: float, *, chosen: Any = None
) -> Correspondence:
    """Show that the penalty λ‖w‖² is the constraint ‖w‖² ≤ r² with the multiplier μ = λ.

    At the minimum of f + λ‖w‖² the gradient is ∇f + 2λw = 0; with r = ‖w‖ this is the KKT
    condition of min f subject to ‖w‖² - r² ≤ 0 with μ = λ. For convex f the two problems have
    the same minimum. ``f``: a function of one vector (n,). ``weight``: λ > 0. ``chosen``: which
    elements form w, (n,) of bool; by default all. Raises ArgumentError for λ ≤ 0.

    Source: Boyd & Vandenberghe (2004), *Convex Optimization*, §5.5.3; Hastie, Tibshirani &
    Friedman (2009), *The Elements of Statistical Learning*, eqs. (3.41) and (3.42).
    """
    if not 0 < float(weight) < math.inf:
        raise ArgumentError(f"the weight λ must be positive, got {weight!r}")
    first = np.asarray(start.value if isinstance(start, Tensor) else start, np.float64)
    mask = np.ones(first.shape) if chosen is None else np.asarray(chosen, np.float64)
    if mask.shape != first.shape:
        raise ArgumentError(f"chosen has shape {mask.shape}, the start {first.shape}")
    inside = tensor(mask)
    penalised = lbfgs(
        lambda x: f(x) + weight * (inside * x * x).sum(), first, gradient_tolerance=1e-10
    )
    radius = float(np.linalg.norm(mask * penalised.x))
    constrained = augmented_lagrangian(
        f, penalised.x, inequalities=lambda x: (inside * x * x).sum() - radius**2,
        gradient_tolerance=1e-9, constraint_tolerance=1e-10 * max(radius**2, 1e-6),
        penalty=max(10.0, 10.0 * weight / max(radius**2, 1e-6)),
    )  # fmt: skip
    return Correspondence(
        float(weight),
        radius,
        float(constrained.inequality_multipliers[0]),
        float(np.linalg.norm(penalised.x - constrained.x)),
        penalised,
        constrained,
    )
