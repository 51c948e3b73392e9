"""The Hessian of an objective whose predictions are affine in the parameters: AᵀDA.

With f(θ) = Aθ + b and J(θ) = Σ_i ℓ_i(f_i) + R(θ), ∇²J = Aᵀ diag(ℓ_i''(f_i)) A + ∇²R. A is
computed once, and each Hessian takes one pass over the data instead of one per parameter. Where
the losses see parameters τ beside the predictions (an estimated dispersion) their rows and columns
Aᵀ ∂²J/∂f∂τ and ∂²J/∂τ² are added.
Source: McCullagh & Nelder (1989), *Generalized Linear Models*, 2nd ed., §2.5.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.composites import as_tensor
from trivium.engine.passes.pipeline import improve
from trivium.engine.program import Program
from trivium.engine.reverse import gradients
from trivium.engine.tensor import Tensor, input
from trivium.engine.transforms import jacobian
from trivium.engine.traversal import substitute, topological
from trivium.mathematics.minimization import Function

from ..objectives import Combination
from ..registry import entry_of
from .affine import find_obstacle
from .base import Problem

__all__ = ["with_affine_curvature"]

Array = np.ndarray[Any, Any]
_MOST = 2**30  # bytes of A
_BLOCK = 2048  # rows of A that are multiplied at a time: they stay in the cache
_MOST_DIRECT = 8  # parameters that the losses may see beside the predictions


def with_affine_curvature(problem: Problem, function: Function) -> Function:
    """``function`` with the Hessian AᵀDA + ∇²R, where predictions are affine; else unchanged.

    Only for one prediction per example, (N,). That no example's loss depends on another's
    prediction is the contract of the library's own data terms; for a user's own it is checked by
    a product with the exact Hessian, at the start.
    """
    x = as_tensor(problem.batch.x)
    prediction = problem.model(x)
    rows = prediction.shape[0] if prediction.ndim == 1 else 0
    if not 0 < 8 * rows * function.size <= _MOST:
        return function
    if find_obstacle(prediction, problem.parameters) is not None:
        return function
    losses = _Losses(problem, prediction)
    if losses.direct > _MOST_DIRECT:
        return function
    made = _AffineCurvature(problem, function, prediction, losses)
    own = [term for _, term in problem.objective.data_terms if entry_of(type(term)) is None]
    if own and not made.exact():
        return function
    return Function.from_callables(
        function.start,
        value=function.value,
        value_and_gradient=function.value_and_gradient,
        hessian=made.hessian,
        hessian_vector=function.hessian_vector,
    )


class _AffineCurvature:
    def __init__(
        self, problem: Problem, function: Function, prediction: Tensor, losses: _Losses
    ) -> None:
        self.function, self.losses = function, losses
        parameters = list(problem.parameters.values())
        plain = _plain_design(problem)
        self.design = _general_design(problem, prediction) if plain is None else plain
        self.offset: Array | float = 0.0
        if plain is None:
            here = np.concatenate([each.value.ravel() for each in parameters])
            self.offset = np.asarray(prediction.value, np.float64) - self.design @ here
        self._penalty = _penalty(problem)

    def exact(self) -> bool:
        """Whether AᵀDA v is H v for some vector at the start."""
        start = self.function.start
        v = np.random.Philox(key=1).random_raw(start.size) / 2.0**64 - 0.5
        want = self.function.hessian_vector(start, v)
        have = self.hessian(start) @ v
        if not (np.isfinite(want).all() and np.isfinite(have).all()):
            return False
        error = float(np.linalg.norm(want - have))
        return error <= 1e-6 * max(float(np.linalg.norm(want)), 1e-300)

    def hessian(self, theta: Array) -> Array:
        """∇²J(θ) (p, p)."""
        bends, mixed, corner = self.losses.second(self.design @ theta + self.offset, theta)
        total = np.zeros((theta.size, theta.size))
        convex = bool(bends.min(initial=0.0) >= 0)
        roots = np.sqrt(bends) if convex else bends
        for start in range(0, len(self.design), _BLOCK):
            rows = self.design[start : start + _BLOCK]
            scaled = roots[start : start + _BLOCK, None] * rows
            total += scaled.T @ (scaled if convex else rows)  # the square takes half the work
        if self.losses.direct:
            places = self.losses.places
            across = self.design.T @ mixed
            total[:, places] += across
            total[places] += across.T
            total[np.ix_(places, places)] += corner
        return total if self._penalty is None else total + self._penalty.hessian(theta)


def _plain_design(problem: Problem) -> Array | None:
    """[x, 1] in the order of the parameters for a Linear model, None for any other."""
    from ..models import Linear

    model, paths = problem.model, list(problem.parameters)
    if type(model) is not Linear or model.output != "scores":
        return None
    if not set(paths) <= {"weight", "bias"}:
        return None
    x = np.asarray(as_tensor(problem.batch.x).value, np.float64)
    x = x.reshape(len(x), -1)
    blocks = {"weight": x, "bias": np.ones((len(x), 1))}
    return np.concatenate([blocks[path] for path in paths], axis=1)


def _general_design(problem: Problem, prediction: Tensor) -> Array:
    """∂f/∂θ (N, p), the same at every θ."""
    parameters = list(problem.parameters.values())
    parts = Program([], jacobian(prediction, parameters), steps=1).run()
    rows = prediction.shape[0]
    return np.concatenate(
        [np.asarray(part, np.float64).reshape(rows, -1) for part in parts], axis=1
    )


class _Losses:
    """The data terms as a function of the predictions f (N,) and of parameters τ beside them.

    ``direct``: how many numbers τ has; ``places``: where they are among all parameters.
    """

    def __init__(self, problem: Problem, prediction: Tensor) -> None:
        self._f = input(prediction.shape, prediction.dtype, name="prediction")
        data = Combination(problem.objective.data_terms)
        (loss,) = improve([data.value(self._f, problem.batch, problem.parameters)])
        parameters = list(problem.parameters.values())
        order = topological([loss])
        known = {id(node) for node in order}
        self._beside, places, start = [], [np.zeros(0, int)], 0
        for each in parameters:
            if id(each) in known:
                self._beside.append(each)
                places.append(np.arange(start, start + each.size))
            start += each.size
        self.places = np.concatenate(places)
        self.direct = len(self.places)
        if self.direct <= _MOST_DIRECT:
            self._program = self._compile(loss)

    def _compile(self, loss: Tensor) -> Program:
        """ℓ_i''(f_i), the gradient of Σ ∂J/∂f_i as no ℓ_i sees another f; ∂²J/∂f∂τ; ∂²J/∂τ²."""
        slope, *by_direct = gradients([loss], [self._f, *self._beside])
        (bend,) = gradients([slope.sum()], [self._f])
        mixed, corner = [], []
        for each in by_direct:
            entries = array.reshape(each, (each.size,))
            for j in range(each.size):
                across, *rest = gradients([entries[j]], [self._f, *self._beside])
                mixed.append(across)
                corner.append(array.concat([array.reshape(r, (r.size,)) for r in rest]))
        inputs = [input(each.shape, each.dtype, name="beside") for each in self._beside]
        outputs = substitute([bend, *mixed, *corner], dict(zip(self._beside, inputs)))
        return Program([self._f, *inputs], outputs)

    def second(self, f: Array, theta: Array) -> tuple[Array, Array, Array]:
        """(N,), (N, direct) and (direct, direct) at predictions ``f`` and parameters."""
        values, start = [], 0
        for each in self._beside:
            block = theta[self.places[start : start + each.size]]
            values.append(block.reshape(each.shape))
            start += each.size
        k = self.direct
        found = [np.asarray(part, np.float64) for part in self._program.run(f, *values)]
        mixed = np.stack(found[1 : 1 + k], axis=1) if k else np.zeros((len(f), 0))
        corner = np.stack(found[1 + k :]) if k else np.zeros((0, 0))
        return found[0], mixed, corner


def _penalty(problem: Problem) -> Function | None:
    """R(θ) as a function of its own, None where there is none."""
    active = [(weight, term) for weight, term in problem.objective.penalties if weight > 0]
    if not active:
        return None
    total = Combination(active).value(
        next(iter(problem.parameters.values())), problem.batch, problem.parameters
    )
    return Function(total, list(problem.parameters.values()))
