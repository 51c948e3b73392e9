"""Densities of posteriors over positive parameters: value, derivatives, peaks, draws."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np

from trivium.engine import array, random
from trivium.engine.errors import ArgumentError, DomainError
from trivium.engine.program import Program
from trivium.engine.tensor import Tensor, input, tensor
from trivium.engine.transforms import gradient, hessian

from .exponential_family import ExponentialFamily
from .posterior_grid import MOST_DIMENSIONS, Grid, Peak, grid_of

__all__ = ["Kernel", "drawn", "integrated"]

Array = np.ndarray[Any, Any]
_DRAWS = 40_000
_LEAST_DRAWS = 1_000
_ROWS = 2048
_FAR = 8.0  # from the peak, in units of its width


class Kernel:
    """ln p(u) up to a constant, u = ln of the usual parameters, with its derivatives."""

    def __init__(
        self, family: ExponentialFamily, chi: Array, nu: float, jeffreys: bool
    ) -> None:
        self.family, self.chi, self.nu, self.jeffreys = family, chi, nu, jeffreys
        self.d = family.size
        u = input((self.d,), "float64", name="log_parameters")
        value = self._plain(u)
        outputs = [value, gradient(value, u), hessian(value, u)]
        self._program = Program([u], outputs, backend="reference")

    def natural(self, usual: Tensor) -> Tensor:
        """η of usual parameters (…, d)."""
        names = self.family.parameters
        if len(names) == 1:
            return self.family.natural(**{names[0]: usual})
        return self.family.natural(**{name: usual[..., i] for i, name in enumerate(names)})

    def _plain(self, u: Tensor) -> Tensor:
        """⟨η, χ⟩ - ν A(η) + Σu: the last is ln |∂η/∂u|."""
        eta = self.natural(array.exp(u))
        inner = (eta * tensor(self.chi)).sum(axis=-1)
        return inner - self.nu * self.family.log_partition(eta) + u.sum(axis=-1)

    @cached_property
    def _rows(self) -> Program:
        """ln p without Jeffreys' factor, and ∇²A with it, for _ROWS points at once."""
        u = input((_ROWS, self.d), "float64", name="log_parameters")
        outputs = [self._plain(u)]
        if self.jeffreys:
            outputs.append(self.family.covariance_statistic(self.natural(array.exp(u))))
        return Program([u], outputs, backend="reference")

    def __call__(self, u: Array) -> Array:
        """(m, d) → (m,); Jeffreys' factor is ½ ln |∇²A|."""
        found = np.empty(len(u))
        for start in range(0, len(u), _ROWS):
            part = u[start : start + _ROWS]
            rows = np.zeros((_ROWS, self.d))
            rows[: len(part)] = part
            value, *matrices = self._rows.run(rows)
            if matrices:
                with np.errstate(all="ignore"):
                    sign, log_det = np.linalg.slogdet(matrices[0])
                value = value + np.where(sign > 0, 0.5 * log_det, -np.inf)
            found[start : start + len(part)] = value[: len(part)]
        return found

    @property
    def words(self) -> str:
        """What it is, for messages."""
        return f"the posterior of the {self.family.name} family"

    def peak(self) -> Peak:
        """The maximum over u (without Jeffreys' factor), by damped Newton steps."""
        u, curve = self._climb(self._program, np.zeros(self.d))
        try:
            np.linalg.cholesky(-curve)
            return Peak(u, np.linalg.cholesky(np.linalg.inv(-curve)))
        except np.linalg.LinAlgError:
            raise DomainError(
                f"{self.words} has no peak that can be found: give more observations or a "
                "stronger prior"
            ) from None

    def mode(self) -> Array:
        """The usual parameters (d,) at which their density is highest.

        Raises ArgumentError where it grows without bound, as it may at 0 under Jeffreys' prior.
        """
        u = input((self.d,), "float64", name="log_parameters")
        value = self._plain(u) - u.sum()
        program = Program(
            [u], [value, gradient(value, u), hessian(value, u)], backend="reference"
        )
        peak = self.peak()
        try:
            best, _ = self._climb(program, peak.place)
            if self.jeffreys:
                best = self._climb_with_jeffreys(best)
        except np.linalg.LinAlgError:
            best = np.full(self.d, -np.inf)
        far = np.abs(np.linalg.solve(peak.spread, best - peak.place)).max()
        if not far < _FAR:
            raise ArgumentError(
                f"{self.words} has no mode: the density of the parameters grows without bound "
                "towards 0. Ask for its mean, give a prior, or use more observations"
            )
        return np.exp(best)

    def _climb(self, program: Program, u: Array) -> tuple[Array, Array]:
        """Damped Newton steps up: where they end, and the Hessian there."""
        value, slope, curve = (np.asarray(each) for each in program.run(u))
        for _ in range(200):
            values, vectors = np.linalg.eigh(-curve)
            values = np.maximum(np.abs(values), 1e-12 * np.abs(values).max())
            step = vectors @ ((vectors.T @ slope) / values)
            gain = float(slope @ step)
            if gain < 1e-11 * max(abs(float(value)), 1.0):
                return u + step, curve  # this last step squares what is left
            step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-300))
            for _ in range(60):
                there = [np.asarray(each) for each in program.run(u + step)]
                if there[0] >= value and np.isfinite(there[0]):
                    break
                step = step / 2
            else:
                break
            u, (value, slope, curve) = u + step, there
        return u, curve

    def _climb_with_jeffreys(self, start: Array) -> Array:
        """The same with ½ ln |∇²A|, by BFGS with differences: about six digits."""
        from scipy.optimize import minimize

        def depth(u: Array) -> float:
            with np.errstate(all="ignore"):
                found = float(self(u[None])[0] - u.sum())
            return -found if math.isfinite(found) else 1e300

        return np.asarray(minimize(depth, start, method="BFGS", options={"gtol": 1e-7}).x)


def integrated(kernel: Kernel) -> tuple[float, float, Array, Array, Grid | None]:
    """ln ∫, its relative error, and points u with weights; the grid where it is one."""
    peak = kernel.peak()
    if kernel.d <= MOST_DIMENSIONS:
        grid = grid_of(kernel, peak, 0, kernel.words)
        return grid.log_total, max(grid.error, 1e-12), grid.nodes, grid.weights, grid
    return (*drawn(kernel, peak), None)


def drawn(kernel: Kernel, peak: Peak) -> tuple[float, float, Array, Array]:
    """Importance sampling from Student's t (8 degrees of freedom) around the peak."""
    d, df = kernel.d, 8.0
    first, second = random.split(random.key(0))
    normal = random.normal(first, (_DRAWS, d)).value
    from scipy import special

    chi_square = 2 * special.gammaincinv(df / 2, random.uniform(second, (_DRAWS,)).value)
    t = normal * np.sqrt(df / chi_square)[:, None]
    u = peak.place + t @ peak.spread.T
    proposal = (
        special.gammaln((df + d) / 2)
        - special.gammaln(df / 2)
        - d / 2 * math.log(df * math.pi)
        - float(np.log(np.diag(peak.spread)).sum())
        - (df + d) / 2 * np.log1p((t**2).sum(axis=1) / df)
    )
    logs = kernel(u) - proposal
    logs = np.where(np.isfinite(logs), logs, -np.inf)
    top = logs.max()
    weights = np.exp(logs - top)
    effective = weights.sum() ** 2 / (weights**2).sum()
    if effective < _LEAST_DRAWS:
        raise DomainError(
            f"{kernel.words} with {d} parameters is too far from normal for importance "
            f"sampling ({effective:.0f} effective draws of {_DRAWS:,}): give more observations or "
            "a stronger prior"
        )
    log_total = top + math.log(weights.mean())
    return float(log_total), float(1 / math.sqrt(effective)), u, weights / weights.sum()
