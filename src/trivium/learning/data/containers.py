"""Whether data are a dataframe or a series of any library, and their plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["frame_arrays", "is_frame", "is_series", "series_array"]


def is_frame(data: object) -> bool:
    """Whether ``data`` is an eager or lazy dataframe that narwhals knows."""
    if isinstance(data, np.ndarray | list | tuple | dict | str) or data is None:
        return False
    import narwhals as nw

    try:
        native = nw.from_native(data, pass_through=True)
    except nw.exceptions.DuplicateError:
        return True  # frame_columns says which names occur twice
    return isinstance(native, nw.DataFrame | nw.LazyFrame)


def is_series(data: object) -> bool:
    """Whether ``data`` is a series that narwhals knows."""
    if isinstance(data, np.ndarray | list | tuple | dict | str) or data is None:
        return False
    import narwhals as nw

    native = nw.from_native(data, pass_through=True, allow_series=True)
    return isinstance(native, nw.Series)


def series_array(series: Any) -> tuple[np.ndarray, str]:
    """Return the cells of a series as an array, and its name (empty if it has none)."""
    import narwhals as nw

    known = nw.from_native(series, series_only=True)
    return np.asarray(known.to_numpy()), "" if known.name is None else str(known.name)


def frame_arrays(frame: Any) -> list[np.ndarray]:
    """Return the columns of a dataframe as arrays."""
    import narwhals as nw

    eager = nw.from_native(frame)
    if isinstance(eager, nw.LazyFrame):
        eager = eager.collect()
    return [eager[:, place].to_numpy() for place in range(len(eager.columns))]
