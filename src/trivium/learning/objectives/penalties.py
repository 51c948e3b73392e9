"""Penalties on the parameters: L1 and L2, without the biases unless told otherwise."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import add

from trivium.engine.primitives import arithmetic
from trivium.engine.tensor import Tensor

from ..errors import RequestError
from ..options import flag
from ..specification import component
from .base import LOG_DISPERSION, Parameters, Penalty

__all__ = ["L1", "L2", "is_bias"]

_BIAS_NAMES = ("b", "intercept", "threshold")


def is_bias(path: str, parameter: Tensor) -> bool:
    """Whether the parameter called ``path`` is a bias: what shifts an output.

    The last part of the path decides: ``bias`` and names that end in ``_bias``; and ``b``,
    ``intercept`` and ``threshold`` when they are scalars or vectors.
    """
    last = path.rpartition(".")[2]
    if last == "bias" or last.endswith("_bias"):
        return True
    return last in _BIAS_NAMES and parameter.ndim <= 1


class _Norm(Penalty):
    """A penalty that sums a function of every element of the penalised parameters."""

    def __init__(self, biases: bool = False) -> None:
        self.biases = flag(type(self).__name__, "biases", biases)

    def penalised(self, parameters: Parameters) -> dict[str, Tensor]:
        """The parameters that the penalty counts, by path."""
        return {
            path: parameter
            for path, parameter in parameters.items()
            if path != LOG_DISPERSION and (self.biases or not is_bias(path, parameter))
        }

    def _sum(self, function: Callable[[Tensor], Tensor], parameters: Parameters) -> Tensor:
        chosen = self.penalised(parameters)
        if not chosen:
            have = ", ".join(parameters) or "none"
            raise RequestError(
                f"{self!r} finds nothing to penalise: the model's parameters are {have}, and "
                "biases are left out; use biases=True to include them, or drop the penalty"
            )
        return reduce(add, [function(parameter).sum() for parameter in chosen.values()])


@component()
class L1(_Norm):
    """The sum of the parameters' absolute values: R(θ) = Σ_j |w_j|.

    It drives parameters to exactly zero. The derivative at w = 0 is taken as 0. ``biases``:
    whether biases (see ``is_bias``) are counted too. Raises RequestError when no parameter is
    left to penalise.

    Source: Tibshirani (1996), "Regression shrinkage and selection via the lasso", J. R. Stat.
    Soc. B 58, eq. (1).
    """

    def of(self, parameters: Parameters) -> Tensor:
        """Σ_j |w_j| over the penalised parameters."""
        return self._sum(arithmetic.absolute, parameters)


@component()
class L2(_Norm):
    """The sum of the parameters' squares: R(θ) = Σ_j w_j².

    There is no factor ½: λ·L2() has the gradient 2λw. ``biases``: whether biases (see
    ``is_bias``) are counted too. Raises RequestError when no parameter is left to penalise.

    Source: Hoerl & Kennard (1970), "Ridge regression", Technometrics 12, §2.
    """

    def of(self, parameters: Parameters) -> Tensor:
        """Σ_j w_j² over the penalised parameters."""
        return self._sum(arithmetic.square, parameters)
