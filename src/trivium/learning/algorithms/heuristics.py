"""Searches without derivatives: simulated annealing, a genetic algorithm, CMA-ES.

They see values only, so the objective may have kinks, jumps and many local minima, and the model
thresholds. Where the objective is smooth, methods that follow the gradient need far fewer
evaluations, the more so the more parameters there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import RequestError
from ..objectives import Objective
from ..options import flag, number, positive, whole
from ..specification import component
from .base import Problem, Solution, Solver
from .minimizing import Callback
from .searching import answered

if TYPE_CHECKING:
    from trivium.mathematics.minimization import Minimum

__all__ = ["CMAES", "Genetic", "SimulatedAnnealing"]

#: With more parameters than this a search without derivatives gets nowhere.
MOST = 10_000


class Heuristic(Solver):
    """A search by values alone. A subclass gives ``search``.

    ``seed``: what is drawn depends on it alone. ``evaluations``: the most there may be.
    ``lower``, ``upper``: bounds for all parameters. ``trajectory``: keep every iterate.
    """

    seed: int
    evaluations: int
    lower: float | None
    upper: float | None
    trajectory: bool

    def _settle(
        self,
        seed: int,
        evaluations: int,
        lower: float | None,
        upper: float | None,
        trajectory: bool,
    ) -> None:
        owner = type(self).__name__
        self.seed = whole(owner, "seed", seed, 0)
        self.evaluations = whole(owner, "evaluations", evaluations)
        self.lower = None if lower is None else number(owner, "lower", lower)
        self.upper = None if upper is None else number(owner, "upper", upper)
        if self.lower is not None and self.upper is not None and self.lower > self.upper:
            raise RequestError(
                f"{owner}: lower={lower!r} is above upper={upper!r}, so no value is left"
            )
        self.trajectory = flag(owner, "trajectory", trajectory)

    def search(self, f: Any, start: Any, **options: Any) -> Minimum:
        """The search itself, on a function and a start."""
        raise NotImplementedError

    def minimize(
        self,
        f: Any,
        start: Any = None,
        *,
        bounds: Any = None,
        target: float | None = None,
        callback: Callback | None = None,
    ) -> Minimum:
        """Minimize a plain function ``f`` of Tensors, or an expression, from ``start``.

        ``f``: takes Tensors in the structure of ``start`` and returns a scalar; for one in plain
        NumPy see ``Function.from_callables``. ``bounds``: a pair (lower, upper) in place of
        those of the algorithm. ``target``: stop at a value this low. ``callback``: sees every
        ``Iteration``; one that returns True stops.
        """
        if bounds is None and (self.lower is not None or self.upper is not None):
            bounds = (self.lower, self.upper)
        return self.search(
            f, start, bounds=bounds, target=target, callback=callback, seed=self.seed,
            evaluations=self.evaluations, trajectory=self.trajectory,
        )  # fmt: skip

    def refuse(self, model: Any, objective: Objective) -> None:
        """Refuse models of so many parameters that a search by values alone is hopeless."""
        count = sum(each.size for each in model.parameters().values())
        if count > MOST:
            raise self._too_many(count)

    def _too_many(self, count: int) -> RequestError:
        return RequestError(
            f"{self!r} tries out values of {count:,} parameters without a gradient; beyond "
            f"{MOST:,} that gets nowhere. Use an algorithm that follows the gradient, such as "
            "Adam() or LBFGS()"
        )

    def solve(self, problem: Problem) -> Solution:
        """The best parameters seen. The problem's variables keep their values."""
        from trivium.mathematics.minimization import Function

        if not problem.parameters:
            raise RequestError("the model has no parameters, so there is nothing to fit")
        count = sum(each.size for each in problem.parameters.values())
        if count > MOST:
            raise self._too_many(count)
        loss = problem.objective(problem.model, problem.batch)
        function = Function(
            loss, list(problem.parameters.values()), evaluations=self.evaluations
        )
        return answered(
            problem, function, lambda watch: self.minimize(function, None, callback=watch)
        )


@component()
class SimulatedAnnealing(Heuristic):
    """Random moves, of which those uphill are taken with probability e^{-ΔJ/T} while T falls.

    ``step``: the first length of a move, adjusted so that about half of them are taken.
    ``temperature``: T₀ (default: the spread of J around the start). ``cooling``, ``temperatures``:
    T_k = T₀ · coolingᵏ for k < temperatures; never reheated. ``seed``, ``evaluations``,
    ``lower``, ``upper``, ``trajectory``: see ``Heuristic``. Raises RequestError for options
    outside their range.

    Source: Kirkpatrick, Gelatt & Vecchi (1983), Science 220; Corana, Marchesi, Martini &
    Ridella (1987), ACM Trans. Math. Softw. 13.
    """

    def __init__(
        self,
        step: float = 1.0,
        temperature: float | None = None,
        cooling: float = 0.85,
        temperatures: int = 150,
        seed: int = 0,
        evaluations: int = 100_000,
        lower: float | None = None,
        upper: float | None = None,
        trajectory: bool = False,
    ) -> None:
        owner = "SimulatedAnnealing"
        self.step = positive(owner, "step", step)
        self.temperature = (
            None if temperature is None else positive(owner, "temperature", temperature)
        )
        self.cooling = positive(owner, "cooling", cooling)
        if self.cooling >= 1:
            raise RequestError(f"{owner}: cooling must lie between 0 and 1, got {cooling!r}")
        self.temperatures = whole(owner, "temperatures", temperatures)
        self._settle(seed, evaluations, lower, upper, trajectory)

    def search(self, f: Any, start: Any, **options: Any) -> Minimum:
        """The annealing from ``start``."""
        from trivium.mathematics.minimization import annealing

        return annealing(
            f, start, step=self.step, temperature=self.temperature, cooling=self.cooling,
            temperatures=self.temperatures, **options,
        )  # fmt: skip


@component()
class Genetic(Heuristic):
    """A population whose better members have children, which cross and mutate.

    Tournaments of two, simulated binary crossover, polynomial mutation, elite of two.
    ``population``: λ (default 10 for each parameter, from 40 to 200). ``generations``: the most
    there may be. ``spread``: the first generation lies within this distance of the start, or
    between the bounds. ``mutation``: the probability for each parameter (default 1/n). ``seed``,
    ``evaluations``, ``lower``, ``upper``, ``trajectory``: see ``Heuristic``. Raises RequestError
    for options outside their range.

    Source: Deb & Agrawal (1995), Complex Systems 9; Deb & Goyal (1996).
    """

    def __init__(
        self,
        population: int | None = None,
        generations: int = 500,
        spread: float = 5.0,
        mutation: float | None = None,
        seed: int = 0,
        evaluations: int = 100_000,
        lower: float | None = None,
        upper: float | None = None,
        trajectory: bool = False,
    ) -> None:
        owner = "Genetic"
        self.population = (
            None if population is None else whole(owner, "population", population, 4)
        )
        self.generations = whole(owner, "generations", generations)
        self.spread = positive(owner, "spread", spread)
        self.mutation = None if mutation is None else positive(owner, "mutation", mutation)
        if self.mutation is not None and self.mutation > 1:
            raise RequestError(f"{owner}: mutation is a probability, got {mutation!r}")
        self._settle(seed, evaluations, lower, upper, trajectory)

    def search(self, f: Any, start: Any, **options: Any) -> Minimum:
        """The generations around ``start``."""
        from trivium.mathematics.minimization import genetic

        return genetic(
            f, start, population=self.population, generations=self.generations,
            spread=self.spread, mutation=self.mutation, **options,
        )  # fmt: skip


@component(text="cma-es")
class CMAES(Heuristic):
    """A normal distribution that learns the shape of the objective from ranked samples.

    ``step``: the first standard deviation σ₀, about a third of the distance to the minimum
    (default: 0.3 of the range of the bounds, or 0.5). ``population``: λ (default 4 + 3 ln n).
    ``restarts``: how often to begin anew with twice the population. ``seed``, ``evaluations``,
    ``lower``, ``upper``, ``trajectory``: see ``Heuristic``. The covariance is an (n, n) matrix:
    for up to some hundred parameters. Raises RequestError for options outside their range.

    Source: Hansen (2016), "The CMA evolution strategy: a tutorial", arXiv:1604.00772; Auger &
    Hansen (2005), CEC, for the restarts.
    """

    def __init__(
        self,
        step: float | None = None,
        population: int | None = None,
        restarts: int = 0,
        seed: int = 0,
        evaluations: int = 100_000,
        lower: float | None = None,
        upper: float | None = None,
        trajectory: bool = False,
    ) -> None:
        owner = "CMAES"
        self.step = None if step is None else positive(owner, "step", step)
        self.population = (
            None if population is None else whole(owner, "population", population, 4)
        )
        self.restarts = whole(owner, "restarts", restarts, 0)
        self._settle(seed, evaluations, lower, upper, trajectory)

    def search(self, f: Any, start: Any, **options: Any) -> Minimum:
        """The generations from ``start``."""
        from trivium.mathematics.minimization import cma_es

        return cma_es(
            f, start, step=self.step, population=self.population, restarts=self.restarts,
            **options,
        )  # fmt: skip
