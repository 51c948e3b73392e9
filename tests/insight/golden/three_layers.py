"""A loss and its gradients in NumPy, forward and backward.

MLP × CrossEntropy()

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
        "layers.0.weight": (2, 3)
        "layers.0.bias": (3,)
        "layers.1.weight": (3, 2)
        "layers.1.bias": (2,)
        "layers.2.weight": (2, 3)
        "layers.2.bias": (3,)
    x: (n, 2), as the model takes them
    y: (n,), class codes 0, 1, …
    Returns (loss, {name: gradient}), each gradient shaped as its parameter.
    """
    W1 = parameters["layers.0.weight"]
    b1 = parameters["layers.0.bias"]
    W2 = parameters["layers.1.weight"]
    b2 = parameters["layers.1.bias"]
    W3 = parameters["layers.2.weight"]
    b3 = parameters["layers.2.bias"]
    dtype = W1.dtype
    n = len(x)

    # Forward
    z1 = x @ W1 + b1  # z[1] = X W[1] + 𝟏 b[1]ᵀ
    a1 = np.maximum(z1, 0)  # a[1] = ReLU(z[1])
    z2 = a1 @ W2 + b2  # z[2] = a[1] W[2] + 𝟏 b[2]ᵀ
    a2 = np.maximum(z2, 0)  # a[2] = ReLU(z[2])
    z3 = a2 @ W3 + b3  # z[3] = a[2] W[3] + 𝟏 b[3]ᵀ
    p = softmax(z3, axis=1)  # P = softmax(z[3])
    y_one_hot = np.eye(3, dtype=dtype)[y]  # Y = onehot(y)
    # L = −(1/n) Σᵢ₌₁ⁿ ln P[i, yᵢ]
    loss = -(log_softmax(z3, axis=1)[np.arange(n), y].sum() / n)

    # Backward
    d_z3 = (p - y_one_hot) / n  # Δ[3] = (1/n) (P − Y)
    d_W3 = a2.T @ d_z3  # ∂L/∂W[3] = a[2]ᵀ Δ[3]
    d_b3 = d_z3.sum(axis=0)  # ∂L/∂b[3] = Δ[3]ᵀ 𝟏
    d_a2 = d_z3 @ W3.T  # ∂L/∂a[2] = Δ[3] W[3]ᵀ
    d_z2 = d_a2 * (z2 > 0)  # Δ[2] = (∂L/∂a[2]) ⊙ 𝟙[z[2] > 0]
    d_W2 = a1.T @ d_z2  # ∂L/∂W[2] = a[1]ᵀ Δ[2]
    d_b2 = d_z2.sum(axis=0)  # ∂L/∂b[2] = Δ[2]ᵀ 𝟏
    d_a1 = d_z2 @ W2.T  # ∂L/∂a[1] = Δ[2] W[2]ᵀ
    d_z1 = d_a1 * (z1 > 0)  # Δ[1] = (∂L/∂a[1]) ⊙ 𝟙[z[1] > 0]
    d_W1 = x.T @ d_z1  # ∂L/∂W[1] = Xᵀ Δ[1]
    d_b1 = d_z1.sum(axis=0)  # ∂L/∂b[1] = Δ[1]ᵀ 𝟏

    gradients = {
        "layers.0.weight": d_W1,
        "layers.0.bias": d_b1,
        "layers.1.weight": d_W2,
        "layers.1.bias": d_b2,
        "layers.2.weight": d_W3,
        "layers.2.bias": d_b3,
    }
    return loss, gradients
