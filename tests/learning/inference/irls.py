"""Maximum likelihood by Newton's method on the objective's own Hessian, written for the tests."""

from typing import Any

import numpy as np

from trivium.engine.program import Program
from trivium.engine.transforms import gradient, hessian
from trivium.learning.algorithms import Problem, Solution, Solver, Stop


class Iterated(Solver):
    """Newton's method with halved steps, for problems with a few parameters."""

    def solve(self, problem: Problem) -> Solution:
        leaves = list(problem.parameters.values())
        before = [leaf.value for leaf in leaves]
        value = problem.objective(problem.model, problem.batch)
        program = Program(
            [], [value, gradient(value, leaves), hessian(value, leaves)], steps=30
        )
        sizes = np.cumsum([0] + [leaf.size for leaf in leaves])

        def put(point: np.ndarray) -> Any:
            for leaf, start, stop in zip(leaves, sizes, sizes[1:]):
                leaf.assign(point[start:stop].reshape(leaf.shape))
            found, slopes, blocks = program.run()
            matrix = np.block(
                [
                    [np.reshape(b, (one.size, two.size)) for b, two in zip(row, leaves)]
                    for row, one in zip(blocks, leaves)
                ]
            )
            return float(found), np.concatenate([s.ravel() for s in slopes]), matrix

        point = np.concatenate([each.ravel() for each in before])
        here = put(point)
        for _ in range(200):
            values, vectors = np.linalg.eigh(here[2])
            values = np.maximum(np.abs(values), 1e-13 * np.abs(values).max())
            step = -vectors @ ((vectors.T @ here[1]) / values)
            if -here[1] @ step < 1e-28:
                break
            length = 1.0
            while length > 1e-8:
                there = put(point + length * step)
                if there[0] <= here[0]:
                    break
                length /= 2
            if length <= 1e-8:
                break
            point, here = point + length * step, there
        found = {
            path: point[start:stop].reshape(leaf.shape)
            for (path, leaf), start, stop in zip(problem.parameters.items(), sizes, sizes[1:])
        }
        for leaf, old in zip(leaves, before):
            leaf.assign(old)
        return Solution(found, Stop.CONVERGED, float(np.linalg.norm(here[1])), 0)
