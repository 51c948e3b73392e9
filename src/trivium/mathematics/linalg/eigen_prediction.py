"""What theory says of an iteration before it runs: who wins, how fast, and what stands in the way.

The iterations multiply every eigencomponent of the start by a factor per step. The largest
factor wins, and the ratio of the second to it is the rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .arguments import Array
from .eigen_steps import Setting
from .spectrum import spoken

__all__ = ["Prediction", "predict"]

_LARGEST = 1500  # rows; past that the whole spectrum costs too much for a remark


@dataclass(frozen=True)
class Prediction:
    """The winner, the rate, whether there is a single direction to converge to, and remarks."""

    rate: float | None
    single: bool
    notes: tuple[str, ...]


def predict(setting: Setting, factors: Callable[[Array], Array], favour: str) -> Prediction:
    """The prediction for an iteration with ``factors`` (λ/scale → size of the factor).

    ``favour``: what the largest factor means, in words.
    """
    matrix, start, scale = setting.matrix, setting.start, setting.scale
    n = len(matrix)
    if n > _LARGEST:
        return Prediction(
            None,
            True,
            (f"the rate is not predicted for matrices of more than {_LARGEST} rows",),
        )
    from scipy.linalg import eig as routine

    values, left, right = routine(matrix, left=True, right=True)
    sizes = np.asarray(factors(values), float)
    overlap = np.abs(np.sum(left.conj() * right, axis=0))
    shares = np.abs(left.conj().T @ start)
    # Of an eigenvalue that has no eigenvector of its own nothing can be said by components.
    simple = overlap > 1e-6
    present = ~simple | (shares > 1e-10)
    notes: list[str] = []
    order = np.argsort(-sizes, kind="stable")
    first = order[0]
    if not present[first]:
        missed = spoken(_plain(values[first] * scale))
        notes.append(
            f"the start is orthogonal to the (left) eigenvector of {missed}, {favour}: in exact "
            "arithmetic the iteration never sees it, and converges to another eigenvalue or, when "
            "rounding lets it in, converges late. Try another start"
        )
    rivals = [int(i) for i in order if present[i]] or [int(first)]
    rate, single, remark = _among(setting, values, sizes, simple, rivals)
    return Prediction(rate, single, (*notes, remark) if remark else tuple(notes))


def _among(
    setting: Setting, values: Array, sizes: Array, simple: Array, rivals: list[int]
) -> tuple[float, bool, str]:
    """Rate, whether there is a single direction, and what to remark, among ``rivals``."""
    matrix, size, scale = setting.matrix, setting.size, setting.scale
    best = rivals[0]
    top = float(sizes[best])
    apart = np.abs(values - values[best])
    close = np.where(simple | simple[best], 1e-9, 1e-3) * size  # a defective one spreads
    same = [i for i in rivals if apart[i] <= close[i]]
    others = [i for i in rivals if i not in same]
    if top == 0:
        return 0.0, True, ""
    if len(same) > 1 and not all(simple[i] for i in same):
        centre = complex(np.mean(values[same]))
        shifted = matrix - centre * np.eye(len(matrix))
        if int(np.sum(np.linalg.svd(shifted, compute_uv=False) <= 1e-7 * size)) < len(same):
            remark = (
                f"the eigenvalue {spoken(_plain(centre * scale))} is defective (it has fewer "
                f"eigenvectors than its multiplicity {len(same)}): convergence is not geometric, "
                "the error falls like 1/step, and the eigenvalue can be known to about "
                f"1/{len(same)} of the digits only"
            )
            return 1.0, True, remark
    if not others or not np.isfinite(top):
        return 0.0, True, ""
    second = others[0]
    rate = float(sizes[second]) / top
    if rate >= 1 - 1e-10:
        one, other = (spoken(_plain(values[i] * scale)) for i in (best, second))
        return 1.0, False, f"the eigenvalues {one} and {other} are equally favoured"
    return rate, True, ""


def _plain(value: complex) -> complex | float:
    return float(value.real) if value.imag == 0 else value
