"""Targets as numbers: class codes, or quantities in standard units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.learning.data.column import FALSE_WORDS, TRUE_WORDS, number_text
from trivium.learning.data.dataset import Dataset
from trivium.learning.data.saved import Saved
from trivium.learning.data.scaling import centre_and_spread, standardise, unstandardise
from trivium.learning.data.targets import target_kind
from trivium.learning.data.words import counted, did_you_mean, quoted, shortened
from trivium.learning.errors import DataError

__all__ = ["ClassTarget", "NumberTarget", "target_from_dict"]

_DTYPES = {"category": str, "integer": np.int64, "boolean": bool}


def _as_kind(label: Any, kind: str) -> Any:
    """Return a label of one table as the label of the same meaning of another: 3 as '3'."""
    if kind == "category":
        if isinstance(label, bool):
            return "true" if label else "false"
        return label if isinstance(label, str) else number_text(float(label))
    if isinstance(label, str):
        word = label.strip().casefold()
        if kind == "boolean":
            return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None
        return int(word) if word.removeprefix("-").isdecimal() else None
    if isinstance(label, float) and not label.is_integer():
        return None
    if kind == "boolean":
        return bool(label) if label in (0, 1) else None
    return int(label)


@dataclass(frozen=True)
class ClassTarget:
    """Class labels: ``classes`` sorted, all text, all int or all bool; code = place."""

    name: str
    classes: tuple[Any, ...]
    kind: str

    @classmethod
    def fit(cls, target: np.ndarray, name: str) -> ClassTarget:
        """Learn the classes; DataError if there is only one."""
        classes = np.unique(target).tolist()
        if len(classes) < 2:
            raise DataError(
                f"Target {name!r} is {shortened(classes[0])} in all {len(target):,} rows of "
                "the training part: one class only, so there is nothing to learn. Add rows of "
                "another class, or split with strata."
            )
        return cls(name, tuple(classes), target_kind(target))

    @property
    def n_outputs(self) -> int:
        """The number of classes."""
        return len(self.classes)

    def encode(self, target: np.ndarray, dataset: Dataset) -> np.ndarray:
        """Return the codes int64 (N,); DataError for a label that training did not have."""
        if target.ndim != 1:
            raise DataError(
                f"Target {self.name!r} has shape {target.shape}; one label for each row is "
                "needed, (N,)."
            )
        labels, places = np.unique(target, return_inverse=True)
        known = {label: code for code, label in enumerate(self.classes)}
        codes = np.array(
            [known.get(_as_kind(label, self.kind), -1) for label in labels.tolist()],
            dtype=np.int64,
        )
        encoded = codes[places] if len(codes) else np.zeros(0, dtype=np.int64)
        unknown = np.flatnonzero(encoded < 0)
        if len(unknown):
            word = target[unknown[0]].item()
            near = did_you_mean(str(word), [str(label) for label in self.classes])
            raise DataError(
                f"{dataset.name}, {dataset.places.name(int(unknown[0]))}: target "
                f"{self.name!r} is {shortened(word)}, a class that the training part did not "
                f"have ({counted(len(unknown), 'such row')}). Its classes: "
                f"{quoted(self.classes)}.{near}"
            )
        return encoded

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return the labels of class codes (N,), in the dtype that the target had."""
        codes = np.asarray(codes)
        outside = codes.dtype.kind not in "iu" or (
            codes.size > 0 and (codes.min() < 0 or codes.max() >= len(self.classes))
        )
        if outside:
            raise DataError(
                f"Class codes are whole numbers from 0 to {len(self.classes) - 1}, not "
                f"{shortened(codes)}."
            )
        return np.array(self.classes, dtype=_DTYPES[self.kind])[codes]

    def to_dict(self) -> dict[str, Any]:
        """Return the target as a JSON-able dictionary."""
        return {"kind": self.kind, "name": self.name, "classes": list(self.classes)}


@dataclass(frozen=True, eq=False)
class NumberTarget:
    """Quantities: ``shape`` is () for one, (k,) for k; ``centre`` and ``spread`` their units.

    Without scaling the centre is 0 and the spread 1.
    """

    name: str
    centre: np.ndarray
    spread: np.ndarray

    @classmethod
    def fit(
        cls, target: np.ndarray, name: str, scale: bool, weight: np.ndarray | None = None
    ) -> NumberTarget:
        """Learn mean and standard deviation of a target (N,) or (N, k)."""
        values = np.asarray(target, dtype=np.float64)
        if (values == values[0]).all():
            raise DataError(
                f"Target {name!r} is {shortened(target[0].tolist())} in all {len(values):,} "
                "rows of the training part, so there is nothing to learn."
            )
        if not scale:
            return cls(name, np.zeros(values.shape[1:]), np.ones(values.shape[1:]))
        centre, spread = centre_and_spread(values, weight)
        # A constant one of several targets keeps its value: unit spread around it.
        return cls(name, centre, np.where(spread == 0, 1.0, spread))

    @property
    def n_outputs(self) -> int:
        """The number of quantities."""
        return int(self.centre.size)

    def encode(self, target: np.ndarray, dataset: Dataset) -> np.ndarray:
        """Return float64 (N,) or (N, k) in standard units; DataError if it is no number."""
        if target_kind(target) in ("category", "boolean"):
            raise DataError(
                f"{dataset.name}, {dataset.places.name(0)}: target {self.name!r} is "
                f"{shortened(target[0].item())}, but the model was trained on numbers."
            )
        if target.shape[1:] != self.centre.shape:
            raise DataError(
                f"Target {self.name!r} has shape {target.shape}, but the model was trained on "
                f"{counted(self.n_outputs, 'number')} for each row: (N{self._tail()})."
            )
        return standardise(target, self.centre, self.spread, "y")

    def _tail(self) -> str:
        return f", {self.n_outputs}" if self.centre.ndim else ",)"[:1]

    def decode(self, values: np.ndarray) -> np.ndarray:
        """Return quantities in the original units."""
        values = np.asarray(values, dtype=np.float64)
        if values.shape[1:] != self.centre.shape:
            raise DataError(
                f"Predictions of shape {values.shape} do not fit a target of "
                f"{counted(self.n_outputs, 'number')} for each row: (N{self._tail()})."
            )
        return unstandardise(values, self.centre, self.spread)

    def to_dict(self) -> dict[str, Any]:
        """Return the target as a JSON-able dictionary."""
        return {
            "kind": "number",
            "name": self.name,
            "shape": list(self.centre.shape),
            "centre": self.centre.ravel().tolist(),
            "spread": self.spread.ravel().tolist(),
        }


def target_from_dict(saved: Saved) -> ClassTarget | NumberTarget:
    """Return the target that to_dict described; DataError for anything else."""
    kind = saved.choice("kind", ("number", *_DTYPES))
    name = saved.text("name")
    if kind == "number":
        shape = saved.sizes("shape", 1)
        if len(shape) > 1:
            raise DataError(f"The saved {saved.path}.shape is () or (k,), not {shape}.")
        count = int(np.prod(shape, dtype=np.int64))
        centre = saved.numbers("centre", count).reshape(shape)
        spread = saved.numbers("spread", count, least=0.0).reshape(shape)
        if not spread.all():
            raise DataError(f"The saved {saved.path}.spread is not above zero.")
        return NumberTarget(name, centre, spread)
    classes = saved.items("classes")
    wanted: type = _DTYPES[kind] if kind != "integer" else int
    fits = all(
        type(label) is wanted and (not isinstance(label, int) or -(2**63) <= label < 2**63)
        for label in classes
    )
    if not fits or len(classes) < 2 or sorted(set(classes)) != classes:
        raise DataError(f"The saved {saved.path}.classes are not sorted labels of kind {kind}.")
    return ClassTarget(name, tuple(classes), kind)
