"""Data: built-in tables, files, dataframes and arrays, and how they become numbers.

``load`` built-in data, ``read`` a file, or hand anything else to ``as_dataset``: all give a
``Dataset``, which splits (seeded, stratified), describes itself when printed, and never
changes. An ``Encoder`` learns from the training part how to turn it into numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trivium.engine.lazy import lazy

__all__ = [
    "Column",
    "Dataset",
    "Encoded",
    "Encoder",
    "as_dataset",
    "describe",
    "infer_task",
    "load",
    "names",
    "read",
    "reload",
]

if TYPE_CHECKING:
    from trivium.learning.data.accepting import as_dataset
    from trivium.learning.data.builtin import describe, load, names
    from trivium.learning.data.column import Column
    from trivium.learning.data.dataset import Dataset
    from trivium.learning.data.encoder import Encoded, Encoder
    from trivium.learning.data.reading import read
    from trivium.learning.data.source import reload
    from trivium.learning.data.targets import infer_task
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "accepting": ["as_dataset"],
            "builtin": ["describe", "load", "names"],
            "column": ["Column"],
            "dataset": ["Dataset"],
            "encoder": ["Encoded", "Encoder"],
            "reading": ["read"],
            "source": ["reload"],
            "targets": ["infer_task"],
        },
    )
