"""Train a network on the embedded digits, keep the run on disk, and say what to try next."""

from __future__ import annotations

import sys

import trivium as tv
from trivium.learning.runs import new_run_path


def main() -> int:
    """Three steps on 1,797 handwritten digits; returns 0 when the test accuracy is good."""
    train, test = tv.data.load("digits").split(test=0.2, seed=0)

    model = tv.models.MLP(hidden=[128, 64], activation="relu")
    objective = tv.objectives.CrossEntropy() + 1e-4 * tv.objectives.L2()
    algorithm = tv.algorithms.Adam(learning_rate=1e-3)

    print("1 a set of functions     ", model)
    print("2 goodness of a function ", objective)
    print("3 pick the best one      ", algorithm)
    print(f"  which means: {objective.reading()}\n")

    run = new_run_path("runs", "digits")
    fit = tv.fit(model, objective, algorithm, train, epochs=30, batch_size=64, seed=0, out=run)
    accuracy = fit.score(test)["accuracy"]

    print(f"\n{fit.stopped.value}")
    print(f"test accuracy {accuracy:.4f} on {len(test)} digits that it has never seen")
    print(f"trained in {fit.seconds:.1f} s, {fit.steps:,} steps; the run lies in {fit.path}\n")
    print("Try next:")
    print(f"  .venv/bin/trivium show {fit.path}")
    print("  .venv/bin/trivium data list")
    print("  .venv/bin/trivium fit iris")
    print("  .venv/bin/trivium fit --help")
    return 0 if accuracy >= 0.97 else 1


if __name__ == "__main__":
    sys.exit(main())
