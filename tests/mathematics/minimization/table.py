"""Which problems each method solves and with how many evaluations, beside SciPy's namesake.

``python -m tests.mathematics.minimization.table`` prints it.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.mathematics.minimization.mgh import PROBLEMS, Problem
from trivium.mathematics.minimization import Function, bfgs, lbfgs, newton, nonlinear_cg

GRADIENT = 1e-6  # the largest |∂f/∂x_j| with which a method may stop, the same for both sides
MOST = 5000


@dataclass
class Row:
    """``functions``: evaluations of f until the method stopped. ``solved``: at a known minimum."""

    functions: int
    value: float
    gradient: float
    solved: bool


def solved(problem: Problem, value: float) -> bool:
    return any(
        value - minimum <= 1e-5 * max(1e-3, abs(minimum)) for minimum in problem.minima
    ) and np.isfinite(value)


def ours(method: Callable[..., Any], problem: Problem, function: Function) -> Row:
    found = method(
        function,
        np.array(problem.start),
        gradient_tolerance=GRADIENT,
        evaluations=MOST,
        iterations=MOST,
    )
    good = solved(problem, found.value)
    return Row(found.counts.functions, found.value, found.gradient_norm, good)


@functools.cache
def scipys(name: str, problem: Problem) -> Row:
    """The row of SciPy's method called ``name``."""
    from scipy.optimize import minimize

    function = Function(problem.value, np.array(problem.start), backend="reference")
    more: dict[str, Any] = {}
    options: dict[str, Any] = {"maxiter": MOST, "gtol": GRADIENT}
    if name == "L-BFGS-B":
        options.update(ftol=0.0, maxfun=MOST)
    if name == "trust-exact":
        more["hess"] = function.hessian
    if name == "Newton-CG":
        more["hessp"] = function.hessian_vector
        options = {"maxiter": MOST, "xtol": 1e-8}
    counted = [0]
    best = [np.inf]

    def both(x: Any) -> Any:
        counted[0] += 1
        value, gradient = function.value_and_gradient(x)
        best[0] = min(best[0], value) if np.isfinite(value) else best[0]
        return value, gradient

    with np.errstate(all="ignore"):
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = minimize(
                    both,
                    np.array(problem.start),
                    jac=True,
                    method=name,
                    options=options,
                    **more,
                )
                value, gradient = float(found.fun), np.asarray(found.jac)
            except (ValueError, np.linalg.LinAlgError):
                value, gradient = best[0], np.array([np.nan])
    size = float(np.abs(gradient).max())
    return Row(counted[0], value, size, solved(problem, value))


def newton_line(function: Function, start: Any, **options: Any) -> Any:
    return newton(function, start, method="line-search", **options)


def newton_products(function: Function, start: Any, **options: Any) -> Any:
    return newton(function, start, curvature="products", **options)


PAIRS: dict[str, tuple[Callable[..., Any], str]] = {
    "lbfgs": (lbfgs, "L-BFGS-B"),
    "bfgs": (bfgs, "BFGS"),
    "cg": (nonlinear_cg, "CG"),
    "newton": (newton, "trust-exact"),
    "newton line search": (newton_line, "trust-exact"),
    "newton products": (newton_products, "Newton-CG"),
}


def compare(name: str) -> list[tuple[Problem, Row, Row]]:
    """Each problem with our row and SciPy's."""
    method, theirs = PAIRS[name]
    rows = []
    for problem in PROBLEMS:
        function = Function(problem.value, np.array(problem.start), backend="reference")
        rows.append((problem, ours(method, problem, function), scipys(theirs, problem)))
    return rows


def main() -> None:
    for name in sys.argv[1:] or PAIRS:
        rows = compare(name)
        print(f"\n{name} | {PAIRS[name][1]}")
        for problem, mine, theirs in rows:
            print(
                f"{problem!s:34} {mine.functions:6} {mine.value:12.6g} {mine.gradient:8.1e} "
                f"{'ok' if mine.solved else '--'} | {theirs.functions:6} {theirs.value:12.6g} "
                f"{theirs.gradient:8.1e} {'ok' if theirs.solved else '--'}"
            )
        print(
            f"solved {sum(m.solved for _, m, _ in rows)} | {sum(t.solved for _, _, t in rows)}; "
            f"evaluations {sum(m.functions for _, m, _ in rows)} | "
            f"{sum(t.functions for _, _, t in rows)}; where both solve "
            f"{sum(m.functions for _, m, t in rows if m.solved and t.solved)} | "
            f"{sum(t.functions for _, m, t in rows if m.solved and t.solved)}"
        )


if __name__ == "__main__":
    main()
