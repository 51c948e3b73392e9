"""What a shell offers when Tab is pressed: names that depend on the folder and the registry."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

__all__ = [
    "algorithms",
    "columns",
    "data",
    "models",
    "objectives",
    "pictures",
    "runs",
    "subjects",
]

_TABLES = (".csv", ".tsv", ".txt", ".data", ".parquet", ".pq")
_PICTURES = (".bmp", ".gif", ".jpeg", ".jpg", ".lowrank", ".png", ".tif", ".tiff", ".webp")


def data(context: Any) -> Iterable[str | tuple[str, str]]:
    """Built-in data, and the tables and folders that the word begins."""
    from trivium.learning.data.builtin import BUILTIN

    typed = context.incomplete
    if not os.path.dirname(typed):
        yield from ((each.name, each.title) for each in BUILTIN.values())
    yield from _paths(typed, lambda entry: entry.name.lower().endswith(_TABLES))


def runs(context: Any) -> Iterable[str]:
    """The runs in ``runs/``, and the folders that the word begins."""
    typed = context.incomplete
    if not typed or "runs/".startswith(typed):
        typed = "runs/"
    yield from _paths(typed, lambda entry: False)


def pictures(context: Any) -> Iterable[str]:
    """The pictures and folders that the word begins."""
    yield from _paths(context.incomplete, lambda entry: entry.name.lower().endswith(_PICTURES))


def _paths(typed: str, wanted: Any) -> Iterable[str]:
    folder = os.path.dirname(typed)
    try:
        entries = sorted(os.scandir(folder or "."), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = os.path.join(folder, entry.name)
        if entry.is_dir():
            is_run = os.path.lexists(os.path.join(path, "run.json"))
            yield path if is_run else path + "/"
        elif wanted(entry):
            yield path


def columns(context: Any) -> Iterable[str]:
    """The columns of the table that was given as DATA."""
    from trivium.learning.data import names, read

    given = context["data"].raw
    if given and given not in names():
        yield from (column.name for column in read(given, training=False).columns or ())


def models(context: Any) -> Iterable[tuple[str, str]]:
    """The names of models."""
    return _components("models")


def subjects(context: Any) -> Iterable[str | tuple[str, str]]:
    """What can be derived: runs, and models in their text form."""
    yield from runs(context)
    yield from models(context)


def objectives(context: Any) -> Iterable[tuple[str, str]]:
    """The names of losses and penalties."""
    return _components("objectives")


def algorithms(context: Any) -> Iterable[tuple[str, str]]:
    """The names of algorithms."""
    return _components("algorithms")


def _components(family: str) -> Iterable[tuple[str, str]]:
    from trivium.learning.registry import entries

    for entry in entries(family):
        if entry.text:  # what has none cannot be written on the command line
            first = (entry.cls.__doc__ or "").strip().partition("\n")[0]
            yield entry.text, first.rstrip(".")
