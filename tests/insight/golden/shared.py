"""A loss and its gradients in NumPy, forward and backward.

Shared × SquaredError()

Written by Trivium from the derivation of these equations.
"""

import numpy as np


def loss_and_gradients(parameters, x, y):
    """The loss and its gradient with respect to each parameter.

    parameters: {name: array}, all of one dtype:
        "step.weight": (2, 2)
        "step.bias": (2,)
        "last.weight": (2,)
        "last.bias": ()
    x: (n, 2), as the model takes them
    y: (n,), as the objective takes them
    Returns (loss, {name: gradient}), each gradient shaped as its parameter.
    """
    step_W = parameters["step.weight"]
    step_b = parameters["step.bias"]
    w3 = parameters["last.weight"]
    b3 = parameters["last.bias"]
    n = len(x)

    # Forward
    z1 = x @ step_W + step_b  # z[1] = X W[step] + 𝟏 b[step]ᵀ
    a1 = np.tanh(z1)  # a[1] = tanh z[1]
    z2 = a1 @ step_W + step_b  # z[2] = a[1] W[step] + 𝟏 b[step]ᵀ
    a2 = np.tanh(z2)  # a[2] = tanh z[2]
    z3 = a2 @ w3 + b3  # z[3] = a[2] w[3] + b[3]
    residual = z3 - y  # r = z[3] − y
    loss = (residual**2).sum() / n  # L = (1/n) ‖r‖²

    # Backward
    d_z3 = 2 / n * residual  # Δ[3] = (2/n) r
    d_w3 = a2.T @ d_z3  # ∂L/∂w[3] = a[2]ᵀ Δ[3]
    d_b3 = d_z3.sum()  # ∂L/∂b[3] = Σᵢ₌₁ⁿ Δ[3]ᵢ
    d_a2 = np.outer(d_z3, w3)  # ∂L/∂a[2] = Δ[3] w[3]ᵀ
    d_z2 = d_a2 * (1 - a2**2)  # Δ[2] = (∂L/∂a[2]) ⊙ (1 − a[2]²)
    d_a1 = d_z2 @ step_W.T  # ∂L/∂a[1] = Δ[2] W[step]ᵀ
    d_z1 = d_a1 * (1 - a1**2)  # Δ[1] = (∂L/∂a[1]) ⊙ (1 − a[1]²)
    d_step_W = a1.T @ d_z2 + x.T @ d_z1  # ∂L/∂W[step] = a[1]ᵀ Δ[2] + Xᵀ Δ[1]
    d_step_b = d_z2.sum(axis=0) + d_z1.sum(axis=0)  # ∂L/∂b[step] = Δ[2]ᵀ 𝟏 + Δ[1]ᵀ 𝟏

    gradients = {
        "step.weight": d_step_W,
        "step.bias": d_step_b,
        "last.weight": d_w3,
        "last.bias": d_b3,
    }
    return loss, gradients
