"""XOR with two hidden neurons: every number of the backward pass by hand, then by Trivium.

The four points of XOR cannot be separated by a line. A network 2-2-1 can: this script computes
its loss and all gradients with NumPy, one line for each equation, compares them with Trivium's,
prints the equations that Trivium derives for the same network, and lets it learn.
"""

from __future__ import annotations

import sys

import numpy as np

import trivium as tv

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([0.0, 1.0, 1.0, 0.0])


def by_hand(w1, b1, w2, b2):
    """The loss and its gradients: forward from X to the loss, backward from the loss to w1."""
    n = len(X)
    z1 = X @ w1 + b1
    a1 = np.tanh(z1)
    z2 = a1 @ w2 + b2
    loss = np.mean((z2 - Y) ** 2)

    d_z2 = 2 / n * (z2 - Y)  # the square, averaged over n points
    d_w2 = a1.T @ d_z2  # a product: each weight sees what it was multiplied with
    d_b2 = d_z2.sum()  # b2 was added to every point
    d_a1 = np.outer(d_z2, w2)
    d_z1 = d_a1 * (1 - a1**2)  # tanh' = 1 - tanh²
    d_w1 = X.T @ d_z1
    d_b1 = d_z1.sum(axis=0)
    return loss, [d_w1, d_b1, d_w2, d_b2]


def main() -> int:
    """Compare, print the equations, learn; returns 0 when the network computes XOR."""
    model = tv.models.MLP(hidden=[2], activation="tanh")
    objective = tv.objectives.SquaredError()
    derivation = tv.insight.derive(model, objective, (X, Y))

    start = np.random.default_rng(0)
    values = [start.normal(size=shape) for shape in ((2, 2), (2,), (2,), ())]
    variables = [tv.variable(each) for each in values]
    w1, b1, w2, b2 = variables
    loss = tv.array.mean((tv.array.tanh(X @ w1 + b1) @ w2 + b2 - Y) ** 2)
    expected, gradients = by_hand(*values)
    print(f"loss by hand {expected:.6f}, by Trivium {float(loss):.6f}")
    for name, ours, theirs in zip(
        ["w1", "b1", "w2", "b2"], gradients, tv.gradient(loss, variables), strict=True
    ):
        difference = np.abs(ours - theirs.value).max()
        print(f"∂loss/∂{name}: largest difference {difference:.1e}")
        assert difference < 1e-12

    print(f"\nThe same, derived by Trivium:\n\n{derivation.python()}")

    fit = tv.fit(
        model, objective, tv.algorithms.Adam(learning_rate=0.05), (X, Y),
        epochs=500, batch_size=None, seed=3, progress=False,
    )  # fmt: skip
    for point, answer in zip(X, fit.predict(X), strict=True):
        print(f"{point[0]:.0f} xor {point[1]:.0f} = {answer:5.2f}")
    return 0 if np.array_equal(np.round(fit.predict(X)), Y) else 1


if __name__ == "__main__":
    sys.exit(main())
