"""What a user asks of a fit besides model, objective and algorithm, checked before any work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.learning.algorithms import Solver
from trivium.learning.errors import RequestError
from trivium.learning.models.model import has_units

if TYPE_CHECKING:
    from trivium.learning.data import Dataset

__all__ = ["Options", "settled_scale", "with_batch_of"]


@dataclass(frozen=True)
class Options:
    """How the examples are walked and when the walk ends.

    ``epochs``: passes over the training part. ``batch_size``: examples per step (None: all).
    ``validation``: fraction or number of rows set aside, 0 for none. ``patience``: epochs
    without a better validation loss before stopping (None: never). ``scale``: standardise
    features and numeric targets. ``dtype``: of parameters and data. ``checkpoint_seconds``:
    between two saved states of a run on disk. ``record``: "flow" for norms per layer and epoch.
    """

    epochs: int = 100
    batch_size: int | None = 32
    validation: float | int = 0
    patience: int | None = None
    seed: int = 0
    scale: bool = False
    dtype: str = "float32"
    checkpoint_seconds: float = 10.0
    record: str | None = None

    def __post_init__(self) -> None:
        for name, least in (("epochs", 0), ("batch_size", 1), ("patience", 1), ("seed", 0)):
            value = getattr(self, name)
            if value is not None or name in ("epochs", "seed"):
                self._set(name, _whole(name, value, least))
        self._set("dtype", _floating(self.dtype))
        if isinstance(self.validation, np.integer | np.floating):
            self._set("validation", self.validation.item())
        pause = self.checkpoint_seconds
        if not (isinstance(pause, int | float) and pause >= 0):
            raise RequestError(f"checkpoint_seconds must be a number from 0 on, got {pause!r}")
        if self.record not in (None, "flow"):
            raise RequestError(
                f"record={self.record!r}: what can be recorded is 'flow', the norms of values "
                "and gradients in every layer"
            )
        share = self.validation
        if isinstance(share, bool) or not isinstance(share, int | float) or not share >= 0:
            raise RequestError(
                "validation must be a fraction of the rows (0.2), a number of rows, or data of "
                f"their own, got {share!r}"
            )
        if isinstance(share, float) and share >= 1:
            raise RequestError(f"validation={share} leaves no rows to train on; use 0.2, say")

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # while it is made; frozen from then on

    def to_dict(self) -> dict[str, Any]:
        """The options as JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Options:
        """The options that ``to_dict`` wrote. Raises RequestError for unknown fields."""
        unknown = set(record) - set(cls.__dataclass_fields__)
        if unknown:
            raise RequestError(f"unknown fit options: {', '.join(sorted(map(str, unknown)))}")
        return cls(**record)


def settled_scale(scale: bool | None, dataset: Dataset, model: Any) -> bool:
    """Whether features are standardised, where nobody said it."""
    if scale is not None:
        return bool(scale)
    known = dataset.is_table or dataset.source.get("kind") == "builtin"
    return known and not has_units(model)


def with_batch_of(options: Options, algorithm: Any, rows: int) -> Options:
    """``options`` with the batch that the algorithm needs, on so many rows."""
    if isinstance(algorithm, Solver) or algorithm.full_batch:
        return replace(options, batch_size=None)
    # The default batch fits small data too; a batch that was asked for is checked later.
    default = Options.__dataclass_fields__["batch_size"].default
    if options.batch_size == default and rows < default:
        return replace(options, batch_size=rows)
    return options


def _floating(dtype: Any) -> str:
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = ""
    if dtype is None or name not in ("float32", "float64"):
        raise RequestError(f"dtype must be 'float32' or 'float64', got {dtype!r}")
    return name


def _whole(name: str, value: object, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise RequestError(f"{name} must be a whole number, got {value!r}")
    if value < least:
        raise RequestError(f"{name} must be at least {least}, got {value}")
    if value > 2**62:
        raise RequestError(f"{name}={value} is beyond what can be counted")
    return int(value)
