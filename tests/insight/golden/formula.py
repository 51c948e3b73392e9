"""A loss and its gradients in NumPy, forward and backward.

Formula × SquaredError()

Written by Trivium from the derivation of these equations.
"""

import numpy as np


def loss_and_gradients(parameters, x, y):
    """The loss and its gradient with respect to each parameter.

    parameters: {name: array}, all of one dtype:
        "a": ()
        "b": ()
    x: (n, 1), as the model takes them
    y: (n,), as the objective takes them
    Returns (loss, {name: gradient}), each gradient shaped as its parameter.
    """
    a = parameters["a"]
    b = parameters["b"]
    n = len(x)

    # Forward
    q_1 = np.exp(-(b * x[:, 0]))  # q_1 = exp(−b X)
    prediction = a * q_1  # ŷ = a q_1
    residual = prediction - y  # r = ŷ − y
    loss = (residual**2).sum() / n  # L = (1/n) ‖r‖²

    # Backward
    d_prediction = 2 / n * residual  # ∂L/∂ŷ = (2/n) r
    g_1 = d_prediction * q_1  # g_1 = (∂L/∂ŷ) ⊙ q_1
    d_a = g_1.sum()  # ∂L/∂a = Σᵢ₌₁ⁿ g_1ᵢ
    d_b = -(a * (g_1 * x[:, 0]).sum())  # ∂L/∂b = −a Σᵢ₌₁ⁿ g_1ᵢ Xᵢ

    gradients = {
        "a": d_a,
        "b": d_b,
    }
    return loss, gradients
