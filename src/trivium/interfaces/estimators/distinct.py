"""The different examples of a dataset: what choices by the amount of data are based on."""

from __future__ import annotations

import numpy as np

from trivium.learning.data import Dataset

__all__ = ["distinct"]

# Beyond it the number of copies hardly changes a choice, and sorting would take a while.
_MOST = 20_000


def distinct(dataset: Dataset) -> Dataset:
    """Every different example once, without weights, in an order that depends on nothing else.

    So weight 2 and two copies of a row lead to the same choices. Larger data stay as they are.
    """
    if len(dataset) > _MOST:
        return dataset
    columns = dataset.columns
    features = [dataset.x.reshape(len(dataset), -1)] if columns is None else []
    features += [column.values[:, None] for column in columns or ()]
    assert dataset.target is not None
    codes = np.unique(dataset.target, axis=0, return_inverse=True)[1]
    # Rows are compared as bytes, which is fast; adding zero makes -0 the same as 0.
    table = np.ascontiguousarray(np.column_stack([*features, codes.ravel()]), np.float64) + 0.0
    rows = table.view(np.dtype((np.void, table.itemsize * table.shape[1])))
    first = np.unique(rows, return_index=True)[1]
    # Of one example nothing can be said; fit tells what is wrong with copies of it.
    return dataset.take(first) if len(first) > 1 else dataset
