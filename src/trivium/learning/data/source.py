"""Where data came from: a reference that fetches them again and notices any change."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.learning.data.mapped import MappedRows
from trivium.learning.errors import DataError

if TYPE_CHECKING:
    from trivium.learning.data.dataset import Dataset

__all__ = ["MEMORY", "Origin", "content_hash", "recorded_rows", "reload"]

LONGEST_SELECTION = 100_000  # a longer selection of rows is not written down


@dataclass(frozen=True)
class Origin:
    """How to get data again: ``details`` (kind ``builtin`` or ``file``), then the parts taken.

    Data from memory have no details: they can be recognised by their hash, not fetched.
    """

    details: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""
    parts: tuple[Mapping[str, Any], ...] = ()

    def then(self, part: Mapping[str, Any] | None) -> Origin:
        """Return the origin of a part; None is a part that cannot be written down."""
        if part is None or not self.details:
            return MEMORY
        return Origin(self.details, self.sha256, (*self.parts, part))

    def reference(self, dataset: Dataset) -> dict[str, Any]:
        """Return the reference of ``dataset`` as a new JSON-able dictionary."""
        if not self.details:
            return {
                "kind": "memory",
                "rows": len(dataset),
                "target": dataset.target_name,
                "sha256": dataset.sha256,
            }
        parts = [dict(part) for part in self.parts]
        return {**self.details, "sha256": self.sha256, "parts": parts}


MEMORY = Origin()


def recorded_rows(rows: np.ndarray) -> dict[str, Any] | None:
    """Return a selection of rows as a JSON-able part, None if it is too long to write down."""
    if len(rows) > 1:
        steps = np.diff(rows)
        if (steps == steps[0]).all() and steps[0] != 0:
            return {"rows": [int(rows[0]), int(steps[0]), len(rows)]}
    if len(rows) > LONGEST_SELECTION:
        return None
    return {"take": rows.tolist()}


def content_hash(dataset: Dataset) -> str:
    """Return the SHA-256 of everything that ``dataset`` holds, the same on every platform."""
    import hashlib  # loads OpenSSL

    digest = hashlib.sha256(b"trivium data 1")
    if dataset.columns is None:
        _add_array(digest, "x", dataset.array)
    for column in dataset.columns or ():
        _add_text(digest, f"{column.name}\0{column.kind}")
        _add_array(digest, "values", column.values)
        _add_text(digest, "\0".join(column.levels or ()))
    _add_text(digest, dataset.target_name)
    _add_array(digest, "target", dataset.target)
    _add_array(digest, "weight", dataset.weight)
    return digest.hexdigest()


def _add_text(digest: Any, text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    digest.update(len(data).to_bytes(8, "little") + data)


def _add_array(digest: Any, name: str, array: np.ndarray | MappedRows | None) -> None:
    if isinstance(array, MappedRows):
        _add_text(digest, f"{name} {array.dtype.newbyteorder('<').str} {array.shape}")
        for piece in array.pieces():
            digest.update(np.ascontiguousarray(piece, array.dtype.newbyteorder("<")).data)
        return
    if array is None:
        _add_text(digest, f"{name} none")
        return
    if array.dtype.kind == "U":
        _add_text(digest, f"{name} text {array.shape}")
        _add_text(digest, "\0".join(array.ravel().tolist()))
        return
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    _add_text(digest, f"{name} {little.dtype.str} {array.shape}")
    digest.update(little.data if little.size else b"")


def reload(source: Mapping[str, Any]) -> Dataset:
    """Return the data that ``dataset.source`` refers to, exactly as they were.

    Built-in data are made again and files are read again with the same options, the hash is
    verified, then the same parts are taken (splits, selections of rows).

    Raises DataError if the file is gone or has changed, if the data came from memory (pass
    them again) and if ``source`` is not a reference.
    """
    if not isinstance(source, Mapping):
        raise DataError(f"A data reference is a dictionary, not {type(source).__name__}.")
    kind = source.get("kind")
    if kind == "memory":
        raise DataError(
            "These data were passed from memory (arrays or a dataframe), so they cannot be "
            "fetched again: pass the same data."
        )
    if kind == "builtin":
        dataset = _load_again(source)
    elif kind == "file":
        dataset = _read_again(source)
    else:
        raise DataError(f"A data reference has kind builtin, file or memory, not {kind!r}.")
    parts = source.get("parts", [])
    if not isinstance(parts, list):
        raise DataError(f"The parts of a data reference are a list, not {parts!r}.")
    for part in parts:
        dataset = _take_again(dataset, part)
    return dataset


def _text(source: Mapping[str, Any], key: str) -> str:
    value = source.get(key)
    if not isinstance(value, str) or not value or "\0" in value:
        raise DataError(f"The data reference lacks {key!r} (text), it has {value!r}.")
    return value


def _options(source: Mapping[str, Any]) -> dict[str, Any]:
    options = source.get("options", {})
    if not isinstance(options, Mapping) or not all(isinstance(key, str) for key in options):
        raise DataError(f"The options of a data reference are a dictionary, not {options!r}.")
    return dict(options)


def _load_again(source: Mapping[str, Any]) -> Dataset:
    from trivium.learning.data.builtin import load

    name = _text(source, "name")
    dataset = load(name, **_options(source))
    if dataset.source["sha256"] != _text(source, "sha256"):
        raise DataError(
            f"The built-in data {name!r} are not the same as they were (another version of "
            "scikit-learn or NumPy made them): the run cannot continue on them."
        )
    return dataset


def _read_again(source: Mapping[str, Any]) -> Dataset:
    from trivium.learning.data.reading import read

    path, wanted = _text(source, "path"), _text(source, "sha256")
    options = _options(source)
    from trivium.learning.data.files import file_bytes, sha256_of

    if os.path.isfile(path) and (found := sha256_of(file_bytes(path))) != wanted:
        raise DataError(
            f"{path} has changed since it was read (its SHA-256 was {wanted[:12]}…, now "
            f"{found[:12]}…): put the old file back, or start a new run."
        )
    try:
        return read(path, **options)
    except TypeError as error:
        raise DataError(f"The options of the data reference are wrong: {error}.") from None


def _options_of(part: Mapping[str, Any]) -> dict[str, Any]:
    training, keep = part.get("training", True), part.get("keep", [])
    if not isinstance(training, bool) or not isinstance(keep, list):
        raise TypeError("training is a truth value, keep a list")
    return {"training": training, "keep": keep}


def _take_again(dataset: Dataset, part: object) -> Dataset:
    from trivium.learning.data.review import choose_target

    if isinstance(part, Mapping):
        try:
            if isinstance(part.get("split"), Mapping):
                first, second = dataset.split(**part["split"])
                return {"train": first, "test": second}[part["part"]]
            if "rows" in part:
                start, step, count = part["rows"]
                return dataset.take(start + step * np.arange(count, dtype=np.int64))
            if isinstance(part.get("target"), str):
                return choose_target(dataset, part["target"], **_options_of(part))
            if "take" in part:
                return dataset.take(np.array(part["take"], dtype=np.int64))
        except (KeyError, TypeError, ValueError, OverflowError, MemoryError) as error:
            if isinstance(error, DataError):
                raise
    raise DataError(f"A data reference holds a part that makes no sense: {part!r:.80}.")
