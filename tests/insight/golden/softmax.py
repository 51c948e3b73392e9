"""A loss and its gradients in NumPy, forward and backward.

Linear × CrossEntropy()

Written by Trivium from the derivation of these equations.
"""

import numpy as np


def softmax(z, axis):
    """exp(z) / sum(exp(z)), without overflow."""
    powers = np.exp(z - z.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def log_softmax(z, axis):
    """The logarithm of softmax, without overflow and without loss of small numbers."""
    shifted = z - z.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def loss_and_gradients(parameters, x, y):
    """The loss and its gradient with respect to each parameter.

    parameters: {name: array}, all of one dtype:
        "weight": (2, 3)
        "bias": (3,)
    x: (n, 2), as the model takes them
    y: (n,), class codes 0, 1, …
    Returns (loss, {name: gradient}), each gradient shaped as its parameter.
    """
    W = parameters["weight"]
    b = parameters["bias"]
    dtype = W.dtype
    n = len(x)

    # Forward
    z = x @ W + b  # z = X W + 𝟏 bᵀ
    p = softmax(z, axis=1)  # P = softmax(z)
    y_one_hot = np.eye(3, dtype=dtype)[y]  # Y = onehot(y)
    # L = −(1/n) Σᵢ₌₁ⁿ ln P[i, yᵢ]
    loss = -(log_softmax(z, axis=1)[np.arange(n), y].sum() / n)

    # Backward
    d_z = (p - y_one_hot) / n  # Δ = (1/n) (P − Y)
    d_W = x.T @ d_z  # ∂L/∂W = Xᵀ Δ
    d_b = d_z.sum(axis=0)  # ∂L/∂b = Δᵀ 𝟏

    gradients = {
        "weight": d_W,
        "bias": d_b,
    }
    return loss, gradients
