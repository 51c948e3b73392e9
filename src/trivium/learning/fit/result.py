"""What ``tv.fit`` returns: the chosen function, how it was found, and what it can do."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import indent
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.learning.data import Dataset, Encoder, as_dataset
from trivium.learning.errors import DataError, RequestError
from trivium.learning.fit.evaluation import Evaluator, decode, predicted_by, probabilities
from trivium.learning.fit.history import History
from trivium.learning.fit.nonfinite import BadValue
from trivium.learning.fit.options import Options
from trivium.learning.fit.problem import encode_part
from trivium.learning.stop import Stop

if TYPE_CHECKING:
    from trivium.learning.inference.multivariate import MultivariateSummary
    from trivium.learning.inference.summary import Summary

__all__ = ["Fit"]

Array = np.ndarray[Any, Any]


@dataclass
class Fit:
    """A fitted model with the story of the fit.

    ``model``: the fitted model (the fit's own copy). ``stopped``: why it ended; its value is a
    sentence. ``metrics``: {"train": {...}, "validation": {...}} at the returned parameters.
    ``history``: one row per epoch. ``gradient_norm``: of the objective over the training part
    at the returned parameters. ``bad_value``: where values stopped being finite, if they did.
    ``trajectory``: of solvers that were asked for it, the flat parameters and the objective
    after every iteration.
    ``training``: the training part, kept for ``summary`` of a linear model.
    """

    model: Any
    objective: Any
    algorithm: Any
    options: Options
    task: str
    encoder: Encoder
    data_source: dict[str, Any]
    history: History
    metrics: dict[str, dict[str, float]]
    stopped: Stop
    steps: int
    seconds: float
    best_epoch: int | None
    gradient_norm: float
    bad_value: BadValue | None = None
    notes: list[str] = field(default_factory=list)
    path: str | None = None
    state: tuple[Mapping[str, Array], Mapping[str, Any]] | None = None
    request: dict[str, Any] | None = None
    trajectory: list[tuple[Array, float]] | None = None
    training: Dataset | None = None

    def __post_init__(self) -> None:
        self._evaluator = Evaluator(self.model, self.objective, self.options.dtype)

    def predict(self, data: Any) -> Array:
        """Predictions in the target's own words: labels (N,), or numbers (N,) or (N, k).

        With a link between model and mean (NegativeLogLikelihood) numbers are the means: per
        trial or unit of exposure where the targets are pairs.

        ``data``: a Dataset, a dataframe or an array of features, encoded as in training. Raises
        DataError when columns are missing or have another type.
        """
        outputs = self.outputs(data)
        return decode(outputs, self.model, self.objective, self.task, self.encoder)

    def probabilities(self, data: Any) -> Array:
        """Class probabilities (N, K) in the order of ``fit.classes``.

        Scores go through softmax (K columns) or sigmoid (one column, two classes). Raises
        RequestError for a regression.
        """
        if self.task != "classification":
            raise RequestError("a regression has no class probabilities; use fit.predict")
        return probabilities(*predicted_by(self.outputs(data), self.model, self.objective))

    def outputs(self, data: Any) -> Array:
        """What the model itself returns: logits or probabilities, values in standard units.

        Shapes: (N, …) → (N,) or (N, k).
        """
        dataset = data if isinstance(data, Dataset) else as_dataset(data)
        encoded = self.encoder.transform(dataset, need_target=False)
        return self._evaluator.predict(encoded.x.astype(self.options.dtype))

    @property
    def flow(self) -> list[dict[str, Any]] | None:
        """Norms of values and gradients, a row for each epoch and layer; None unless recorded.

        Made by ``tv.fit(..., record="flow")``: ``epoch`` (0 is before the first step),
        ``layer``, ``value``, ``gradient``; see tv.insight.flow.
        """
        return None if self.state is None else self.state[1].get("flow")

    @property
    def classes(self) -> list[Any] | None:
        """The class labels in code order; None for a regression."""
        return self.encoder.classes

    def score(self, data: Any, target: Any = None) -> dict[str, float]:
        """``loss`` and ``accuracy``, or ``loss``, ``r2`` and ``rmse``, on other data.

        ``data``: a Dataset, a pair (x, y), or a dataframe with ``target=``. r2 and rmse are in
        the target's units; loss is the objective, as in training.
        """
        if target is None and isinstance(data, np.ndarray):
            raise DataError("a score compares with answers: pass a pair (x, y), not x alone")
        dataset = as_dataset(data, self._target(target, data))
        if len(dataset) == 0:
            raise DataError("there are no rows to score")
        part = encode_part(dataset, self.encoder, self.objective, self.options)
        return self._evaluator.scores(part, self.task, self.encoder)

    def _target(self, target: Any, data: Any) -> Any:
        if target is None and not isinstance(data, Dataset | tuple | list):
            return self.data_source.get("target") or None
        return target

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the fit as a run directory; ``tv.load(path)`` reads it again.

        ``overwrite`` replaces a run that lies there. Raises RunError when the directory holds a
        run (without ``overwrite``) or anything else, or cannot be written.
        """
        from trivium.learning.fit.storage import save_fit

        save_fit(self, path, overwrite)

    def plot(self) -> Any:
        """Draw the history (needs matplotlib), the epoch that was kept marked; see
        ``History.plot``."""
        return self.history.plot(best_epoch=self._kept())

    def _kept(self) -> int | None:
        """The epoch whose parameters validation data chose."""
        return self.best_epoch if "validation" in self.metrics else None

    def summary(
        self,
        data: Any = None,
        target: Any = None,
        *,
        level: float = 0.95,
        intervals: str = "wald",
        covariance: str | None = None,
        robust: str | None = None,
        dispersion: str | float | None = None,
    ) -> Summary | MultivariateSummary:
        """Estimates, standard errors, tests and intervals of a linear model, in your units.

        For tv.models.Linear with SquaredError, BinaryCrossEntropy, CrossEntropy or
        NegativeLogLikelihood. ``data``: the training data (default: those still in memory).
        ``level``: of the intervals, which are "wald" or "profile". ``covariance``: the inverse
        of the "expected" (default) or "observed" information. ``robust``: "HC0" … "HC3", the
        sandwich that holds under any variances. ``dispersion``: "pearson" (default where it is
        free), "deviance" or a number; for counts it gives quasi-likelihood errors.

        With a target (N, k) a MultivariateSummary: each response and all of them together. With
        an L2 penalty, posterior standard deviations, said so. Raises RequestError for
        other models, separated classes and combinations without a meaning. Source: McCullagh &
        Nelder (1989), *Generalized Linear Models*, 2nd ed., §2.5 and §4.4.
        """
        from trivium.learning.inference.summarising import summarise

        return summarise(
            self,
            data,
            target,
            level=level,
            intervals=intervals,
            covariance=covariance,
            robust=robust,
            dispersion=dispersion,
        )

    def derive(self, data: Any = None, target: Any = None, *, examples: int = 4) -> Any:
        """The backward pass of this model as equations; see ``tv.insight.derive``.

        ``data``: the first ``examples`` rows give the numbers. Renderings: ``.text()``,
        ``.latex()``, ``.python()``, ``.html()``.
        """
        # The floor above is reached only when somebody asks to see.
        insight = importlib.import_module("trivium.insight")
        return insight.derive(self, data=data, target=target, examples=examples)

    def parameters(self) -> dict[str, Array]:
        """The fitted parameters by attribute path."""
        return {path: each.value for path, each in self.model.parameters().items()}

    def __repr__(self) -> str:
        lines = [
            f"{type(self.model).__name__} × {self.objective!r} × {self.algorithm!r}",
            f"  {self.stopped.value}",
            f"  {self.steps:,} steps in {self.seconds:.1f} s",
        ]
        if self._kept() not in (None, len(self.history)):
            lines.append(f"  kept: epoch {self.best_epoch}, of the lowest validation loss")
        for part, scores in self.metrics.items():
            shown = " · ".join(f"{name} {value:.4g}" for name, value in scores.items())
            lines.append(f"  {part + ':':<12}{shown}")
        lines.append(f"  gradient norm {self.gradient_norm:.3g}")
        lines.extend(f"  note: {note}" for note in self.notes)
        if self.bad_value is not None:
            lines.append(indent(str(self.bad_value), "  "))
        if self.path:
            lines.append(f"  run: {self.path}")
        return "\n".join(lines)
