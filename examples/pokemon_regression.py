"""How strong will this Pokémon be after its evolution? Regression, from one line to too much.

The data are simulated from the published formulas of Pokémon GO (tv.data.load("pokemon") says how).
The three steps: a set of functions, the goodness of a function, the best function; then larger and
larger sets of functions, which fit the training data better and better and the test data worse
again; then regularization.
"""

from __future__ import annotations

import sys

import numpy as np

import trivium as tv

TRAIN, TEST = 12, 150


def powers(x, degree):
    """The columns x, x², … of standardised x."""
    return np.stack([x**k for k in range(1, degree + 1)], axis=1)


def main() -> int:
    """Print the three parts; returns 0 when the largest set overfits and the penalty mends it."""
    data = tv.data.load("pokemon", n=2000, seed=1)
    columns = {column.name: column for column in data.columns}
    species = columns["species"]
    eevee = np.flatnonzero(species.values == species.levels.index("Eevee"))[: TRAIN + TEST]
    cp, cp_new = columns["cp"].values[eevee], data.target[eevee].astype(float)
    train, test = slice(0, TRAIN), slice(TRAIN, None)
    centre, spread = cp[train].mean(), cp[train].std()
    x = (cp - centre) / spread

    print("1. y = b + w · x_cp, by gradient descent and in closed form")
    line = tv.models.Formula(lambda x, w, b: b + w * x[:, 0], w=0.0, b=0.0)
    squared = tv.objectives.SquaredError()
    arguments = {"scale": False, "dtype": "float64", "progress": False}
    descent = tv.fit(
        line, squared, tv.algorithms.GradientDescent(0.1), (powers(x[train], 1), cp_new[train]),
        epochs=200, **arguments,
    )  # fmt: skip
    closed = tv.fit(
        line,
        squared,
        tv.algorithms.ClosedForm(),
        (powers(x[train], 1), cp_new[train]),
        **arguments,
    )
    for name, fit in (("gradient descent", descent), ("closed form", closed)):
        found = {key: float(value) for key, value in fit.parameters().items()}
        slope = found["w"] / spread
        print(f"  {name:<16} y = {found['b'] - slope * centre:8.2f} + {slope:.4f} · x_cp")

    def errors(degree, weight):
        """Root mean squared errors in CP, of training and of test data."""
        fit = tv.fit(
            tv.models.Linear(), squared + weight * tv.objectives.L2(), tv.algorithms.ClosedForm(),
            (powers(x[train], degree), cp_new[train]),
            scale=True, dtype="float64", progress=False,
        )  # fmt: skip
        return [
            fit.score((powers(x[part], degree), cp_new[part]))["rmse"] for part in (train, test)
        ]

    print("\n2. Larger sets of functions: root mean squared error")
    print("  degree   training      test")
    for degree in (1, 2, 3, 5, 8):
        inside, outside = errors(degree, 0.0)
        print(f"  {degree:>6}   {inside:8.1f}  {outside:8.1f}")

    print("\n3. Degree 8 with a penalty λ‖w‖²: smoother functions")
    print("  λ        training      test")
    table = {weight: errors(8, weight) for weight in (0.0, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)}
    for weight, (inside, outside) in table.items():
        print(f"  {weight:<6}   {inside:8.1f}  {outside:8.1f}")

    overfitted = table[0.0][0] < errors(1, 0.0)[0] and table[0.0][1] > 2 * errors(1, 0.0)[1]
    mended = min(outside for _, outside in table.values()) < table[0.0][1] / 2
    return 0 if overfitted and mended else 1


if __name__ == "__main__":
    sys.exit(main())
