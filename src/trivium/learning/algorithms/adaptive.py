"""Steppers that give every parameter element a step size of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.tensor import Tensor, Variable

from ..clipping import Clip
from ..objectives import is_bias
from ..options import flag, fraction, non_negative, positive
from ..schedules import Schedule
from ..specification import component
from .base import State, Stepper, unbiased, zeros_for

__all__ = ["AdaGrad", "Adam", "AdamW", "RMSProp"]


@component(text="adagrad")
class AdaGrad(Stepper):
    """Steps that shrink where gradients have been large: by the root of their summed squares.

    G_t = G_{t-1} + g_t², G_0 = 0; θ_t = θ_{t-1} - η_t g_t / (δ + √G_t), element by element.

    ``learning_rate``: η, a number > 0 or a schedule. ``epsilon``: δ > 0. ``clip``: see
    ``Stepper``. Raises RequestError for other options.

    Source: Duchi, Hazan & Singer (2011), "Adaptive subgradient methods", JMLR 12, Figure 1 with
    the diagonal H_t = δI + diag(s_t), s_t = √G_t, and no regulariser.
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.01,
        epsilon: float = 1e-8,
        clip: Clip | float | None = None,
    ) -> None:
        super().__init__(learning_rate, clip)
        self.epsilon = positive("AdaGrad", "epsilon", epsilon)

    def init(self, parameter: Variable) -> dict[str, np.ndarray[Any, Any]]:
        """The sum of squares G_0 = 0."""
        return zeros_for(parameter, "sum_of_squares")

    def update(
        self, gradient: Tensor, parameter: Variable, state: State, step: Tensor, rate: Tensor
    ) -> tuple[Tensor, State]:
        """θ - η g / (δ + √G)."""
        total = state["sum_of_squares"] + array.square(gradient)
        moved = parameter - rate * gradient / (self.epsilon + array.sqrt(total))
        return moved, {"sum_of_squares": total}


@component(text="rmsprop")
class RMSProp(Stepper):
    """Steps divided by a running root mean square of the gradient.

    s_t = ρ s_{t-1} + (1 - ρ) g_t², s_0 = 0; θ_t = θ_{t-1} + Δ_t, Δ_0 = 0.

    Plain: Δ_t = μ Δ_{t-1} - η_t g_t / √(s_t + ε).

    Centered: Δ_t = μ Δ_{t-1} - η_t g_t / √(s_t - m_t² + ε) with m_t = ρ m_{t-1} + (1 - ρ) g_t,
    m_0 = 0. s_t - m_t² is a variance; where rounding makes it negative, it is taken as 0.

    ``learning_rate``: η, a number > 0 or a schedule. ``decay``: ρ in [0, 1). ``epsilon``: ε >
    0, inside the root. ``momentum``: μ in [0, 1). ``clip``: see ``Stepper``. Raises
    RequestError for other options.

    Source: Tieleman & Hinton (2012), *Neural Networks for Machine Learning*, lecture 6.5, which
    has neither ε nor μ; Graves (2013), "Generating sequences with recurrent neural networks",
    eqs. (38)-(41), for the centered form, ε and μ.
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        decay: float = 0.9,
        epsilon: float = 1e-8,
        momentum: float = 0.0,
        centered: bool = False,
        clip: Clip | float | None = None,
    ) -> None:
        super().__init__(learning_rate, clip)
        self.decay = fraction("RMSProp", "decay", decay)
        self.epsilon = positive("RMSProp", "epsilon", epsilon)
        self.momentum = fraction("RMSProp", "momentum", momentum)
        self.centered = flag("RMSProp", "centered", centered)

    def init(self, parameter: Variable) -> dict[str, np.ndarray[Any, Any]]:
        """The mean square s_0 = 0; the mean m_0 and the last move Δ_0 where they are used."""
        names = ["mean_square"]
        names += ["mean"] if self.centered else []
        names += ["move"] if self.momentum else []
        return zeros_for(parameter, *names)

    def update(
        self, gradient: Tensor, parameter: Variable, state: State, step: Tensor, rate: Tensor
    ) -> tuple[Tensor, State]:
        """One step scaled by the root mean square."""
        keep, add = self.decay, 1 - self.decay
        mean_square = keep * state["mean_square"] + add * array.square(gradient)
        new = {"mean_square": mean_square}
        spread = mean_square
        if self.centered:
            mean = keep * state["mean"] + add * gradient
            new["mean"] = mean
            spread = array.maximum(mean_square - array.square(mean), 0.0)
        move = -rate * gradient / array.sqrt(spread + self.epsilon)
        if self.momentum:
            move = self.momentum * state["move"] + move
            new["move"] = move
        return parameter + move, new


@component()
class Adam(Stepper):
    """Adaptive moments: the mean gradient divided by its root mean square, both unbiased.

    m_t = β₁ m_{t-1} + (1 - β₁) g_t and v_t = β₂ v_{t-1} + (1 - β₂) g_t², m_0 = v_0 = 0;
    m̂_t = m_t / (1 - β₁ᵗ), v̂_t = v_t / (1 - β₂ᵗ); θ_t = θ_{t-1} - η_t m̂_t / (√v̂_t + ε).

    ``learning_rate``: η (the paper's α), a number > 0 or a schedule. ``beta1``, ``beta2``: in
    [0, 1). ``epsilon``: ε > 0, outside the root. ``clip``: see ``Stepper``. Raises RequestError
    for other options.

    Source: Kingma & Ba (2015), "Adam: a method for stochastic optimization", Algorithm 1,
    arXiv:1412.6980v9.
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        clip: Clip | float | None = None,
    ) -> None:
        super().__init__(learning_rate, clip)
        owner = type(self).__name__
        self.beta1 = fraction(owner, "beta1", beta1)
        self.beta2 = fraction(owner, "beta2", beta2)
        self.epsilon = positive(owner, "epsilon", epsilon)

    def init(self, parameter: Variable) -> dict[str, np.ndarray[Any, Any]]:
        """The moments m_0 = v_0 = 0."""
        return zeros_for(parameter, "m", "v")

    def direction(self, gradient: Tensor, state: State, step: Tensor) -> tuple[Tensor, State]:
        """m̂ / (√v̂ + ε) and the new moments."""
        m = self.beta1 * state["m"] + (1 - self.beta1) * gradient
        v = self.beta2 * state["v"] + (1 - self.beta2) * array.square(gradient)
        root = array.sqrt(unbiased(v, self.beta2, step))
        return unbiased(m, self.beta1, step) / (root + self.epsilon), {"m": m, "v": v}

    def update(
        self, gradient: Tensor, parameter: Variable, state: State, step: Tensor, rate: Tensor
    ) -> tuple[Tensor, State]:
        """θ - η m̂ / (√v̂ + ε)."""
        direction, new = self.direction(gradient, state, step)
        return parameter - rate * direction, new


@component(text="adamw")
class AdamW(Adam):
    """Adam with decoupled weight decay: θ_t = θ_{t-1} - η_t (m̂_t / (√v̂_t + ε) + λ θ_{t-1}).

    m̂ and v̂ are those of ``Adam``. The decay does not pass through the moments, unlike the
    gradient of a penalty λ·L2 in the objective. This is the paper's algorithm with α = 1, so
    that the scheduled multiplier η_t is the whole learning rate, as is usual; a λ of the
    paper's with another α is α times this λ.

    ``weight_decay``: λ ≥ 0. ``decay_biases``: as in the paper every parameter decays; False
    leaves biases out (see ``objectives.is_bias``). Other options and errors as for ``Adam``.

    Source: Loshchilov & Hutter (2019), "Decoupled weight decay regularization", Algorithm 2,
    arXiv:1711.05101v3.
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        decay_biases: bool = True,
        clip: Clip | float | None = None,
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon, clip)
        self.weight_decay = non_negative("AdamW", "weight_decay", weight_decay)
        self.decay_biases = flag("AdamW", "decay_biases", decay_biases)

    def update(
        self, gradient: Tensor, parameter: Variable, state: State, step: Tensor, rate: Tensor
    ) -> tuple[Tensor, State]:
        """θ - η (m̂ / (√v̂ + ε) + λ θ)."""
        direction, new = self.direction(gradient, state, step)
        if self.decay_biases or not is_bias(str(parameter.name), parameter):
            direction = direction + self.weight_decay * parameter
        return parameter - rate * direction, new
