"""Gradient descent: plain, stochastic, with momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium.engine.tensor import Tensor, Variable

from ..clipping import Clip
from ..errors import RequestError
from ..options import flag, fraction
from ..schedules import Schedule
from ..specification import component
from .base import State, Stepper, zeros_for

__all__ = ["SGD", "GradientDescent"]


@component()
class GradientDescent(Stepper):
    """Downhill along the gradient of all examples: θ_t = θ_{t-1} - η_t ∇J(θ_{t-1}).

    Every step uses the whole training set, so there is no chance in it. It converges on a
    convex J whose gradient is L-Lipschitz for every η < 2/L.

    ``learning_rate``: η, a number > 0 or a schedule. ``clip``: see ``Stepper``. Raises
    RequestError for other options.

    Source: Cauchy (1847), C. R. Acad. Sci. Paris 25; Nocedal & Wright (2006), *Numerical
    Optimization*, 2nd ed., §2.2.
    """

    full_batch = True

    def __init__(
        self, learning_rate: float | Schedule = 0.1, clip: Clip | float | None = None
    ) -> None:
        super().__init__(learning_rate, clip)

    def update(
        self, gradient: Tensor, parameter: Variable, state: State, step: Tensor, rate: Tensor
    ) -> tuple[Tensor, State]:
        """θ - η g."""
        return parameter - rate * gradient, {}


@component()
class SGD(Stepper):
    """Stochastic gradient descent with momentum: g_t is the gradient of a mini-batch.

    Plain (μ = 0): θ_t = θ_{t-1} - η_t g_t.

    Momentum: v_t = μ v_{t-1} - η_t g_t, θ_t = θ_{t-1} + v_t, v_0 = 0.

    Nesterov: v_t = μ v_{t-1} - η_t ∇J(θ_{t-1} + μ v_{t-1}), θ_t = θ_{t-1} + v_t. The parameters
    kept are φ_t = θ_t + μ v_t, where the gradient is taken; in them the same recurrence is
    φ_t = φ_{t-1} + μ v_t - η_t g(φ_{t-1}).

    With a constant rate this equals v ← μ v + g, θ ← θ - η v, the form of other libraries; when
    the rate changes, velocity already gained keeps the old rate here, as in the papers.

    ``learning_rate``: η, a number > 0 or a schedule. ``momentum``: μ in [0, 1). ``nesterov``:
    whether to look ahead; needs momentum. ``clip``: see ``Stepper``. Raises RequestError for
    other options.

    Source: Robbins & Monro (1951), Ann. Math. Stat. 22; Polyak (1964), USSR Comput. Math. Math.
    Phys. 4 (5); Sutskever, Martens, Dahl & Hinton (2013), "On the importance of initialization
    and momentum in deep learning", eqs. (1)-(4); Bengio, Boulanger-Lewandowski & Pascanu
    (2013), "Advances in optimizing recurrent networks", §3.5, for φ.
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        clip: Clip | float | None = None,
    ) -> None:
        super().__init__(learning_rate, clip)
        self.momentum = fraction("SGD", "momentum", momentum)
        self.nesterov = flag("SGD", "nesterov", nesterov)
        if nesterov and not self.momentum:
            raise RequestError(
                "SGD: nesterov=True looks ahead along the momentum, so momentum must be "
                "positive, for example 0.9"
            )

    def init(self, parameter: Variable) -> dict[str, np.ndarray[Any, Any]]:
        """The velocity v_0 = 0, if there is momentum."""
        return zeros_for(parameter, "velocity") if self.momentum else {}

    def update(
        self, gradient: Tensor, parameter: Variable, state: State, step: Tensor, rate: Tensor
    ) -> tuple[Tensor, State]:
        """One step along the velocity."""
        move = -rate * gradient
        if not self.momentum:
            return parameter + move, {}
        velocity = self.momentum * state["velocity"] + move
        if self.nesterov:
            return parameter + self.momentum * velocity + move, {"velocity": velocity}
        return parameter + velocity, {"velocity": velocity}
