"""A formula of your own as a set of functions: fit it, read it, see its derivative.

Enzymes turn a substrate over at the speed v = V · s / (K + s) (Michaelis & Menten, 1913). V and K
are learned from the six speeds of an experiment that is made up here, with noise of 2 %.
"""

from __future__ import annotations

import sys

import numpy as np

import trivium as tv

SUBSTRATE = np.array([0.5, 1.0, 2.0, 4.0, 8.0, 16.0])
SPEED = 10 * SUBSTRATE / (3 + SUBSTRATE) * (1 + 0.02 * np.array([1, -1, 0.5, -0.5, 1, -1]))


def speed(x, V, K):
    """V · s / (K + s)."""
    s = x[:, 0]
    return V * s / (K + s)


def main() -> int:
    """Fit, check, derive; returns 0 when V and K are found to a tenth."""
    model = tv.models.Formula(speed, V=1.0, K=1.0)
    objective = tv.objectives.SquaredError()
    data = (SUBSTRATE[:, None], SPEED)
    fit = tv.fit(model, objective, tv.algorithms.LevenbergMarquardt(), data, progress=False)
    found = {name: float(value) for name, value in fit.parameters().items()}
    print(f"v = {found['V']:.3f} · s / ({found['K']:.3f} + s)   ({fit.stopped.sentence})")

    derivation = tv.insight.derive(model, objective, data)
    numbers = derivation.numbers()
    print("\nThe gradient at V = K = 1, and its relative difference to finite differences:")
    for path, symbol in derivation.gradients.items():
        check = numbers.check(symbol).relative
        print(f"  ∂loss/∂{path} = {float(numbers.of(symbol)):9.5f}   {check:.0e}")
        assert check < 1e-6
    print(f"\nAs a program that needs nothing but NumPy:\n\n{derivation.python()}")

    print("Where s = −K the formula divides by zero; Trivium says so:\n")
    x = tv.tensor(np.array([[1.0], [-1.0]]), name="x")
    print(tv.insight.first_nonfinite(speed(x, tv.variable(2.0, name="V"), 1.0)))
    return 0 if abs(found["V"] - 10) < 1 and abs(found["K"] - 3) < 0.3 else 1


if __name__ == "__main__":
    sys.exit(main())
