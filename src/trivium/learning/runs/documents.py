"""The small JSON files of a run, ``run.json`` and ``result.json``, each with its format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trivium.learning.errors import RunError
from trivium.learning.runs.codec import decode, encode
from trivium.learning.runs.files import DamagedFileError, read_limited, replace_file

__all__ = ["FORMAT", "read_document", "write_document"]

FORMAT = 1
_LIMIT = 64 << 20  # bytes; these files are some kilobytes


def write_document(path: Path, time_name: str, time: str, name: str, content: object) -> Any:
    """Replace `path` with a document of two fields, and return `content` as reading will."""
    document = {"format": FORMAT, time_name: time, name: content}
    text = encode(document, name, indent=2) + "\n"
    data = text.encode()
    if len(data) > _LIMIT:
        raise RunError(
            f"{path.name} would take {len(data) / 2**20:,.0f} MiB and may take "
            f"{_LIMIT // 2**20}: keep what is large in the state's arrays."
        )
    replace_file(path, [data])
    return decode(text)[name]


def read_document(path: Path, time_name: str, name: str) -> tuple[str, dict[str, Any]]:
    """The time and the content of a document; raise `RunError` saying what is wrong with it."""
    try:
        document = decode(read_limited(path, _LIMIT))
        if not isinstance(document, dict):
            raise ValueError(f"it holds a {type(document).__name__} where an object belongs")
        number = document.get("format")
        if type(number) is not int or number < 1:
            raise ValueError(f'its "format" is {number!r} where a number from 1 belongs')
        if number > FORMAT:
            raise RunError(
                f"{path} has format {number}; this version of Trivium reads up to {FORMAT}. A "
                "newer version wrote it: upgrade with `pip install --upgrade trivium`."
            )
        for field, kind in ((time_name, str), (name, dict)):
            if not isinstance(document.get(field), kind):
                raise ValueError(f'its "{field}" is missing or of the wrong type')
    except ValueError as error:
        raise DamagedFileError(
            f"{path} cannot be used: {error}. Restore it from a copy of the run; the other "
            "files of the run are not affected."
        ) from None
    return document[time_name], document[name]
