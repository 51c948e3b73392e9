"""Solvers that learn the curvature from gradients: BFGS, L-BFGS, conjugate gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import RequestError
from ..options import number, whole
from ..specification import component
from .minimizing import Callback, Minimizer

if TYPE_CHECKING:
    from trivium.mathematics.minimization import Minimum, Options

__all__ = ["BFGS", "LBFGS", "ConjugateGradient"]


@component()
class BFGS(Minimizer):
    """The Broyden-Fletcher-Goldfarb-Shanno method, for up to some thousand parameters.

    d = -H∇J with H learned by H ← (I - ρsyᵀ)H(I - ρysᵀ) + ρssᵀ, ρ = 1/yᵀs, and a strong Wolfe
    line search. ``gradient_tolerance``, ``iterations``, ``trajectory``: see ``Minimizer``.
    Raises RequestError for other options.

    Source: Nocedal & Wright (2006), *Numerical Optimization*, 2nd ed., algorithm 6.1.
    """

    def run(self, f: Any, start: Any, options: Options) -> Minimum:
        """BFGS from ``start``."""
        from trivium.mathematics.minimization import bfgs

        return bfgs(f, start, **options)


@component()
class LBFGS(Minimizer):
    """Limited-memory BFGS, for any number of parameters; with bounds, L-BFGS-B.

    ``memory``: how many changes of the gradient are kept. ``lower``, ``upper``: bounds for all
    parameters, None for none. ``gradient_tolerance``, ``iterations``, ``trajectory``: see
    ``Minimizer``. Raises RequestError for other options.

    Source: Liu & Nocedal (1989), Math. Program. 45; Byrd, Lu, Nocedal & Zhu (1995), SIAM J. Sci.
    Comput. 16.
    """

    def __init__(
        self,
        memory: int = 10,
        lower: float | None = None,
        upper: float | None = None,
        gradient_tolerance: float = 1e-8,
        iterations: int = 1000,
        trajectory: bool = False,
    ) -> None:
        super().__init__(gradient_tolerance, iterations, trajectory)
        self.memory = whole("LBFGS", "memory", memory)
        self.lower = None if lower is None else number("LBFGS", "lower", lower)
        self.upper = None if upper is None else number("LBFGS", "upper", upper)
        if self.lower is not None and self.upper is not None and self.lower > self.upper:
            raise RequestError(
                f"LBFGS: lower={lower!r} is above upper={upper!r}, so no value is left"
            )

    def minimize(
        self,
        f: Any,
        start: Any = None,
        *,
        callback: Callback | None = None,
        bounds: Any = None,
    ) -> Minimum:
        """As ``Minimizer.minimize``; ``bounds``: a pair (lower, upper) of numbers or arrays like
        the start, None or ±inf where there is none, in place of those of the algorithm."""
        return self._within(f, start, self._options(callback), bounds)

    def run(self, f: Any, start: Any, options: Options) -> Minimum:
        """L-BFGS from ``start``."""
        return self._within(f, start, options, None)

    def _within(self, f: Any, start: Any, options: Options, bounds: Any) -> Minimum:
        from trivium.mathematics.minimization import lbfgs

        own = None if self.lower is None and self.upper is None else (self.lower, self.upper)
        chosen = own if bounds is None else bounds
        return lbfgs(f, start, memory=self.memory, bounds=chosen, **options)


@component()
class ConjugateGradient(Minimizer):
    """Nonlinear conjugate gradients: three vectors of memory, for very many parameters.

    d ← -∇J + βd with Hager and Zhang's β, and a strong Wolfe line search.
    ``gradient_tolerance``, ``iterations``, ``trajectory``: see ``Minimizer``. Raises
    RequestError for other options.

    Source: Hager & Zhang (2005), SIAM J. Optim. 16.
    """

    def run(self, f: Any, start: Any, options: Options) -> Minimum:
        """Conjugate gradients from ``start``."""
        from trivium.mathematics.minimization import nonlinear_cg

        return nonlinear_cg(f, start, **options)
