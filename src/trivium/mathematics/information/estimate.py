"""What an estimate from samples says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan

__all__ = ["Baseline", "Estimate"]


@dataclass(frozen=True)
class Baseline:
    """The same estimate on permuted samples, where X and Y are independent by construction.

    ``permutations``: how many. ``mean``, ``deviation``: of the estimates. ``p_value``: the
    share of arrangements, the observed one included, that give at least the estimate: (1 +
    #{I_b ≥ I}) / (1 + B), never 0 (Phipson & Smyth 2010, Statistical Applications in Genetics
    and Molecular Biology 9, 39).
    """

    permutations: int
    mean: float
    deviation: float
    p_value: float


@dataclass(frozen=True)
class Estimate:
    """An information estimated from samples, and how far it can be trusted.

    ``value``: the estimate in ``unit``. ``uncorrected``: the plug-in value before the
    correction for bias, or None where the method has no such form; ``bias`` is what the
    correction took away, uncorrected - value. ``standard_error``: by the jackknife (from
    counts) or from the spread of the local terms (from neighbours), for independent samples;
    what is left of the bias is not in it, and neighbours' terms, which are not quite
    independent, make it about a fifth too small. ``samples``: n. ``upper_bound``: min(H(X), H(Y)),
    which a mutual information cannot exceed, estimated from the same samples; None where it is
    infinite, and for entropies. ``baseline``: the estimate on permuted samples, if asked for.
    ``notes``: what was noticed, in sentences.
    """

    quantity: str
    value: float
    unit: str
    method: str
    samples: int
    uncorrected: float | None
    standard_error: float
    upper_bound: float | None
    baseline: Baseline | None = None
    notes: tuple[str, ...] = ()

    @property
    def bias(self) -> float | None:
        """The bias that was taken away: uncorrected - value; None where nothing was."""
        return None if self.uncorrected is None else self.uncorrected - self.value

    @property
    def p_value(self) -> float | None:
        """Of the permutation test of independence; None where none was asked for."""
        return None if self.baseline is None else self.baseline.p_value

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        # A single sample has no spread.
        spread = " ± ?" if isnan(self.standard_error) else f" ± {self.standard_error:.2g}"
        lines = [
            f"{self.quantity} = {self.value:.4g}{spread} {self.unit} "
            f"({self.method}, n = {self.samples:,})"
        ]
        if self.uncorrected is not None and self.bias:
            lines.append(
                f"  uncorrected {self.uncorrected:.4g}; a bias of {self.bias:+.2g} was removed"
            )
        if self.upper_bound is not None:
            lines.append(f"  at most {self.upper_bound:.4g} {self.unit} is possible")
        if self.baseline is not None:
            lines.append(
                f"  without dependence: {self.baseline.mean:.4g} ± "
                f"{self.baseline.deviation:.2g} in {self.baseline.permutations} permutations, "
                f"p = {self.baseline.p_value:.2g}"
            )
        lines.extend(f"  note: {note}" for note in self.notes)
        return "\n".join(lines)

    __repr__ = __str__
