"""A loss and its gradients in NumPy, forward and backward.

Linear × SquaredError() + 0.1 * L2()

Written by Trivium from the derivation of these equations.
"""


def loss_and_gradients(parameters, x, y):
    """The loss and its gradient with respect to each parameter.

    parameters: {name: array}, all of one dtype:
        "weight": (2,)
        "bias": ()
    x: (n, 2), as the model takes them
    y: (n,), as the objective takes them
    Returns (loss, {name: gradient}), each gradient shaped as its parameter.
    """
    w = parameters["weight"]
    b = parameters["bias"]
    n = len(x)

    # Forward
    z = x @ w + b  # z = X w + b
    residual = z - y  # r = z − y
    loss = (residual**2).sum() / n + 0.1 * (w**2).sum()  # L = (1/n) ‖r‖² + 0.1 ‖w‖²

    # Backward
    d_z = 2 / n * residual  # Δ = (2/n) r
    d_w = 0.2 * w + x.T @ d_z  # ∂L/∂w = 0.2 w + Xᵀ Δ
    d_b = d_z.sum()  # ∂L/∂b = Σᵢ₌₁ⁿ Δᵢ

    gradients = {
        "weight": d_w,
        "bias": d_b,
    }
    return loss, gradients
