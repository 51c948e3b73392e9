"""DATA on the command line: built-in data by name, or a file of a table."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from trivium.learning.errors import DataError, RequestError

from .wording import quoted_word

if TYPE_CHECKING:
    from trivium.learning.data import Dataset

__all__ = ["Reading", "open_data", "read_like", "stem_of"]

_ENDINGS = (".csv", ".tsv", ".txt", ".data", ".parquet", ".pq")


@dataclass(frozen=True)
class Reading:
    """How a file is read; every field is an option of ``tv.data.read``."""

    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    weight: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    names: tuple[str, ...] = ()

    def options(self) -> dict[str, Any]:
        """What was given, as keyword arguments of ``tv.data.read``."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        found = {name: value for name, value in given.items() if value not in (None, ())}
        if found.get("delimiter") in ("tab", "\\t"):
            found["delimiter"] = "\t"
        return found


def open_data(
    data: str, target: str | None, reading: Reading, *, training: bool, needs_target: bool
) -> Dataset:
    """The data that ``data`` names.

    Built-in data bring their target; a file needs one when ``needs_target``. Raises DataError
    when there is neither such built-in data nor such a file, with the nearest of both, and for
    whatever is wrong with a file.
    """
    from trivium.learning.data import names

    name, _, options = data.partition(":")
    if name in names() and os.path.sep + name not in data:
        return _built_in(name, options, target, reading)
    _check_exists(data, names())
    if target is None and needs_target:
        raise _no_target(data, reading)
    from trivium.learning.data import read

    return read(data, target, training=training, **reading.options())


def stem_of(data: str) -> str:
    """What a run on ``data`` is called: the built-in name, or the file's without its ending."""
    base = os.path.basename(data.partition(":")[0] if not os.path.exists(data) else data)
    return os.path.splitext(base)[0] or "run"


def read_like(source: dict[str, Any], data: str, reading: Reading) -> Dataset:
    """A table to predict: read as the training table of ``source`` was, unless told otherwise.

    Words for missing cells, the decimal mark and the names of a file without a header are taken
    over; such a file may also lack its target.
    """
    own = reading.options()
    before = source.get("options") or {}
    if source.get("kind") != "file" or _is_parquet(data):
        before = {}
    taken = {key: tuple(before[key]) for key in ("missing", "names") if before.get(key)}
    if before.get("decimal"):
        taken["decimal"] = before["decimal"]
    merged = Reading(**{**taken, **own})
    try:
        return open_data(data, None, merged, training=False, needs_target=False)
    except DataError:
        if "names" not in taken or "names" in own:
            raise
    rest = tuple(name for name in taken["names"] if name != before.get("target"))
    merged = Reading(**{**taken, "names": rest, **own})
    return open_data(data, None, merged, training=False, needs_target=False)


def _is_parquet(data: str) -> bool:
    return data.lower().endswith((".parquet", ".pq"))


def _built_in(name: str, options: str, target: str | None, reading: Reading) -> Dataset:
    from trivium.learning.data import load

    if given := reading.options():
        raise RequestError(
            f"--{next(iter(given))} is for files; {name} is built-in data, ready to use"
        )
    dataset = load(name, **_made_with(name, options))
    if target not in (None, dataset.target_name):
        raise RequestError(
            f"the target of the built-in data {name} is {dataset.target_name!r}, not "
            f"{target!r}; leave --target out"
        )
    return dataset


def _made_with(name: str, options: str) -> dict[str, Any]:
    """``n=200,noise=0.1`` as keyword arguments."""
    found: dict[str, Any] = {}
    for item in filter(None, options.split(",")):
        key, equals, value = item.partition("=")
        if not equals:
            raise RequestError(
                f"{name}:{options}: write options of built-in data as {name}:n=200,seed=1; "
                f"{item!r} is no option with a value"
            )
        found[key.strip()] = _number(value.strip())
    return found


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _check_exists(data: str, built_in: list[str]) -> None:
    """Raise DataError, saying both, for a name that is neither a file nor built-in."""
    if not data.strip():
        raise DataError("DATA is empty: give the name of built-in data or of a file.")
    looks_like_path = os.path.dirname(data) or data.lower().endswith(_ENDINGS)
    if looks_like_path or os.path.exists(os.path.expanduser(data)) or "://" in data:
        return  # the reader says what is wrong with it
    from trivium.learning.data.words import did_you_mean

    try:
        files = [name for name in os.listdir() if name.lower().endswith(_ENDINGS)]
    except OSError:
        files = []
    near = did_you_mean(data.partition(":")[0], [*built_in, *files])
    raise DataError(
        f"There is neither built-in data nor a file called {data!r}.{near} "
        f"Built-in: {', '.join(built_in)}. A file is given by its path, with its ending "
        "(prices.csv, prices.parquet)."
    )


def _no_target(data: str, reading: Reading) -> RequestError:
    """What to say when nobody said which column is to be learned."""
    from trivium.learning.data import read
    from trivium.learning.data.words import quoted

    options = {key: value for key, value in reading.options().items() if key != "keep"}
    table = read(data, None, training=False, **options)
    columns = [column.name for column in table.columns or ()]
    return RequestError(
        f"which column of {table.name} is to be learned? Say --target COLUMN, for example "
        f"--target {quoted_word(columns[-1])}. Its columns: {quoted(columns, 20)}."
    )
