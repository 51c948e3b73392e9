"""From a dataset to the numbers a model sees, learned on the training part alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trivium.learning.data.dataset import Dataset
from trivium.learning.data.features import ArrayFeatures, TableFeatures, features_from_dict
from trivium.learning.data.mapped import ScaledRows
from trivium.learning.data.saved import Saved
from trivium.learning.data.target_codes import ClassTarget, NumberTarget, target_from_dict
from trivium.learning.data.targets import infer_task
from trivium.learning.data.words import counted
from trivium.learning.errors import DataError

__all__ = ["Encoded", "Encoder"]

_FORMAT = "trivium-encoder"
_VERSION = 1


@dataclass(frozen=True, eq=False)
class Encoded:
    """What a model sees: float64 features ``x``, target ``y`` and weights.

    ``x`` is (N, d) for a table, (N, ...) for array data; of an array in a memory-mapped file
    parts are read when they are asked for. ``y`` is int64 class codes (N,) or
    float64 (N,) or (N, k); None where no target was asked for. ``weight`` is float64 (N,) or
    None. ``unseen`` counts, for each column that has any, the cells with a category that the
    training part did not have.
    """

    x: np.ndarray | ScaledRows
    y: np.ndarray | None = None
    weight: np.ndarray | None = None
    unseen: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Encoder:
    """How the training part turns cells into numbers; saved with the model as plain JSON.

    - Numbers: a missing cell becomes the training median, and a further column marks it if
      the training part had missing cells; then (x - mean) / sd if ``scale``, 0 for a
      constant column.
    - Truth values: 0 and 1; missing ones become the more frequent one, marked likewise.
    - Categories: one column for each level (sorted), 1 where the cell has it. A missing cell
      is a level of its own if the training part had any. Of more than 50 levels the 50 most
      frequent have a column, all others share one. A level that the training part did not
      have gives zeros (or counts among the others), and is reported in ``Encoded.unseen``.
    - Array data: as they are, or each feature standardised if ``scale``.
    - Target: class codes 0 … k-1 in the sorted order of the labels; quantities as they are,
      or standardised if ``scale``.

    Medians, means and standard deviations count each row by its weight. Nothing is ever taken
    from data that are only transformed.
    """

    task: str
    scale: bool
    features: TableFeatures | ArrayFeatures
    target: ClassTarget | NumberTarget

    @classmethod
    def fit(
        cls,
        dataset: Dataset,
        task: str | None = None,
        scale: bool = True,
        scale_target: bool = True,
    ) -> Encoder:
        """Learn the encoding from ``dataset``, the training part.

        ``task`` is classification or regression (None: infer_task). ``scale_target=False``
        leaves a quantity in its units whatever ``scale`` says. Raises DataError if the
        target does not fit the task, is constant, or if there are fewer than two rows.
        """
        task = infer_task(dataset, task)
        if len(dataset) < 2:
            raise DataError(
                f"{dataset.name}: {counted(len(dataset), 'row')} only; nothing can be learned "
                "from one sample. Two rows are the least, hundreds are usual."
            )
        assert dataset.target is not None
        target: ClassTarget | NumberTarget
        if task == "classification":
            target = ClassTarget.fit(dataset.target, dataset.target_name)
        else:
            target = NumberTarget.fit(
                dataset.target, dataset.target_name, scale and scale_target, dataset.weight
            )
        features: TableFeatures | ArrayFeatures
        if dataset.columns is not None:
            features = TableFeatures.fit(dataset, scale)
        else:
            assert dataset.array is not None
            features = ArrayFeatures.fit(dataset.array, scale, dataset.weight)
        return cls(task, bool(scale), features, target)

    def transform(self, dataset: Dataset, need_target: bool = True) -> Encoded:
        """Return ``dataset`` in numbers.

        Columns are found by name, in any order; further columns are ignored. With
        ``need_target=False`` the dataset may lack the target, and ``y`` is None.

        Raises DataError naming every missing column, the row of a cell of the wrong type or
        of an unknown class, and the shapes of arrays that do not fit.
        """
        x, unseen = self.features.transform(dataset)
        y = self.target.encode(self._raw_target(dataset), dataset) if need_target else None
        return Encoded(x, y, dataset.weight, unseen)

    def _raw_target(self, dataset: Dataset) -> np.ndarray:
        if dataset.target is not None:
            return dataset.target
        name = self.target.name
        if dataset.is_table and any(column.name == name for column in dataset.columns or ()):
            chosen = dataset.with_target(name, training=False).target
            assert chosen is not None
            return chosen
        raise DataError(f"{dataset.name} has no target {name!r}, which is needed for a score.")

    @property
    def feature_names(self) -> Sequence[str]:
        """The names of the encoded features, in the order of the flattened ``x``."""
        return self.features.names

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one encoded example: (d,) for a table."""
        return self.features.shape

    @property
    def classes(self) -> list[Any] | None:
        """The class labels in the order of their codes, None for a regression."""
        return list(self.target.classes) if isinstance(self.target, ClassTarget) else None

    @property
    def n_outputs(self) -> int:
        """The number of classes, or of target quantities."""
        return self.target.n_outputs

    def decode_target(self, y_encoded: np.ndarray) -> np.ndarray:
        """Return labels for class codes (N,), quantities in the original units otherwise."""
        return self.target.decode(y_encoded)

    def to_dict(self) -> dict[str, Any]:
        """Return the encoding as a JSON-able dictionary; from_dict gives an equal one."""
        return {
            "format": _FORMAT,
            "version": _VERSION,
            "task": self.task,
            "scale": self.scale,
            "features": self.features.to_dict(),
            "target": self.target.to_dict(),
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Encoder:
        """Return the encoder that to_dict described; DataError for anything else."""
        record = Saved(saved, "encoder")
        if record.text("format") != _FORMAT or record.whole("version") != _VERSION:
            raise DataError(
                f"This is no encoder that Trivium can read (format {_FORMAT!r}, version "
                f"{_VERSION} is)."
            )
        task = record.choice("task", ("classification", "regression"))
        target = target_from_dict(record.record("target"))
        if isinstance(target, ClassTarget) != (task == "classification"):
            raise DataError(f"The saved encoder's target does not fit its task ({task}).")
        features = features_from_dict(record.record("features"))
        return cls(task, record.flag("scale"), features, target)
