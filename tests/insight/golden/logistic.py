"""A loss and its gradients in NumPy, forward and backward.

Linear × BinaryCrossEntropy()

Written by Trivium from the derivation of these equations.
"""

import numpy as np


def sigmoid(z):
    """1 / (1 + exp(-z)), without overflow."""
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, small) / (1 + small)


def loss_and_gradients(parameters, x, y):
    """The loss and its gradient with respect to each parameter.

    parameters: {name: array}, all of one dtype:
        "weight": (2,)
        "bias": ()
    x: (n, 2), as the model takes them
    y: (n,), class codes 0, 1, …
    Returns (loss, {name: gradient}), each gradient shaped as its parameter.
    """
    w = parameters["weight"]
    b = parameters["bias"]
    dtype = w.dtype
    n = len(x)

    # Forward
    z = x @ w + b  # z = X w + b
    p = sigmoid(z)  # p = σ(z)
    # L = (1/n) Σᵢ₌₁ⁿ (ln(1 + e^(zᵢ)) − yᵢ zᵢ)
    part1 = y.astype(dtype)
    loss = (np.logaddexp(z, 0) - part1 * z).sum() / n

    # Backward
    d_z = (p - part1) / n  # Δ = (1/n) (p − y)
    d_w = x.T @ d_z  # ∂L/∂w = Xᵀ Δ
    d_b = d_z.sum()  # ∂L/∂b = Σᵢ₌₁ⁿ Δᵢ

    gradients = {
        "weight": d_w,
        "bias": d_b,
    }
    return loss, gradients
