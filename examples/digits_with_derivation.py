"""Train a small network on handwritten digits, then write down its backward pass three ways.

digits-derivation.html is a page for the browser, digits-derivation.tex a document for LaTeX, and
digits_gradients.py a program that needs nothing but NumPy. The last one is run here on digits that
the network has never seen; its gradients are those that Trivium computes.
"""

from __future__ import annotations

import runpy
import sys

import numpy as np

import trivium as tv


def main() -> int:
    """Train, derive, compare; returns 0 when the gradients agree and the network is good."""
    train, test = tv.data.load("digits").split(test=0.2, seed=0)
    fit = tv.fit(
        tv.models.MLP(hidden=[32], activation="relu"),
        tv.objectives.CrossEntropy() + 1e-3 * tv.objectives.L2(),
        tv.algorithms.Adam(learning_rate=3e-3),
        train, epochs=20, batch_size=64, seed=0, progress=False,
    )  # fmt: skip
    accuracy = fit.score(test)["accuracy"]
    print(f"test accuracy {accuracy:.4f}: {fit.stopped.sentence}")

    derivation = tv.insight.derive(fit, data=test)
    for name in ("digits-derivation.html", "digits-derivation.tex", "digits_gradients.py"):
        derivation.save(name)
        print(f"wrote {name}")

    program = runpy.run_path("digits_gradients.py")
    parameters = {path: value.astype(np.float64) for path, value in fit.parameters().items()}
    numbers = derivation.numbers()
    given = {symbol.role: numbers.of(symbol) for symbol in derivation.symbols}
    loss, gradients = program["loss_and_gradients"](parameters, given["input"], given["target"])
    print(f"loss of {numbers.n} digits: {loss:.6f}")
    for path, symbol in derivation.gradients.items():
        difference = np.abs(gradients[path] - numbers.of(symbol)).max()
        print(f"  ∂loss/∂{path:<18} largest difference {difference:.1e}")
        assert difference < 1e-10
    return 0 if accuracy > 0.9 else 1


if __name__ == "__main__":
    sys.exit(main())
