"""A loss and its gradients in NumPy, forward and backward.

MLP × BinaryCrossEntropy()

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
        "layers.0.weight": (2, 2)
        "layers.0.bias": (2,)
        "layers.1.weight": (2,)
        "layers.1.bias": ()
    x: (n, 2), as the model takes them
    y: (n,), class codes 0, 1, …
    Returns (loss, {name: gradient}), each gradient shaped as its parameter.
    """
    W1 = parameters["layers.0.weight"]
    b1 = parameters["layers.0.bias"]
    w2 = parameters["layers.1.weight"]
    b2 = parameters["layers.1.bias"]
    dtype = W1.dtype
    n = len(x)

    # Forward
    z1 = x @ W1 + b1  # z[1] = X W[1] + 𝟏 b[1]ᵀ
    a1 = sigmoid(z1)  # a[1] = σ(z[1])
    z2 = a1 @ w2 + b2  # z[2] = a[1] w[2] + b[2]
    p = sigmoid(z2)  # p = σ(z[2])
    # L = (1/n) Σᵢ₌₁ⁿ (ln(1 + e^(z[2]ᵢ)) − yᵢ z[2]ᵢ)
    part1 = y.astype(dtype)
    loss = (np.logaddexp(z2, 0) - part1 * z2).sum() / n

    # Backward
    d_z2 = (p - part1) / n  # Δ[2] = (1/n) (p − y)
    d_w2 = a1.T @ d_z2  # ∂L/∂w[2] = a[1]ᵀ Δ[2]
    d_b2 = d_z2.sum()  # ∂L/∂b[2] = Σᵢ₌₁ⁿ Δ[2]ᵢ
    d_a1 = np.outer(d_z2, w2)  # ∂L/∂a[1] = Δ[2] w[2]ᵀ
    d_z1 = d_a1 * (a1 * (1 - a1))  # Δ[1] = (∂L/∂a[1]) ⊙ a[1] ⊙ (1 − a[1])
    d_W1 = x.T @ d_z1  # ∂L/∂W[1] = Xᵀ Δ[1]
    d_b1 = d_z1.sum(axis=0)  # ∂L/∂b[1] = Δ[1]ᵀ 𝟏

    gradients = {
        "layers.0.weight": d_W1,
        "layers.0.bias": d_b1,
        "layers.1.weight": d_w2,
        "layers.1.bias": d_b2,
    }
    return loss, gradients
