"""The state of a run in one safetensors file: arrays, JSON, and a checksum over both.

The header's metadata holds ``format``, ``meta`` (JSON text) and ``crc32`` (over the metadata
and over every name, dtype, shape and content), so that one flipped bit in any of them is found.
It finds damage, not forgery.

Writing streams the arrays from where they lie. The safetensors library could write as well, but
into a file of its own naming, without a sync, and reporting a full disk only as a text. The
format is a header and the bytes (https://huggingface.co/docs/safetensors), and the library
reads what is written here.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trivium.learning.errors import RunError
from trivium.learning.runs.codec import decode, encode
from trivium.learning.runs.files import DamagedFileError, check_regular

__all__ = ["check_state_header", "read_state_file", "state_chunks"]

_FORMAT = "1"
_CODES = {
    "bool": "BOOL",
    "int8": "I8", "int16": "I16", "int32": "I32", "int64": "I64",
    "uint8": "U8", "uint16": "U16", "uint32": "U32", "uint64": "U64",
    "float16": "F16", "float32": "F32", "float64": "F64",
}  # fmt: skip
_HEADER_LIMIT = 100_000_000  # bytes; safetensors refuses to read a longer one

Array = NDArray[Any]


def state_chunks(
    arrays: Mapping[str, Array], meta: Mapping[str, object]
) -> list[bytes | memoryview]:
    """The file's content in pieces: the header, then a view of each array's memory.

    Only arrays that are not contiguous or not little-endian are copied.
    """
    plain = {_checked_name(name): _plain(name, array) for name, array in arrays.items()}
    # Wide dtypes first keeps every array aligned for readers that map the file.
    order = sorted(plain, key=lambda name: (-plain[name].itemsize, name))
    meta_text = encode(meta, "meta")
    header: dict[str, object] = {
        "__metadata__": {
            "format": _FORMAT,
            "meta": meta_text,
            "crc32": _checksum(plain, meta_text),
        }
    }
    end = 0
    for name in order:
        array, start = plain[name], end
        end += array.nbytes
        header[name] = {
            "dtype": _CODES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > _HEADER_LIMIT:
        raise RunError(
            f"the state's names and meta take {len(text) / 1e6:,.0f} MB as text and the format "
            f"allows {_HEADER_LIMIT / 1e6:,.0f} MB. Put what is large among the arrays."
        )
    return [len(text).to_bytes(8, "little"), text, *(_content(plain[name]) for name in order)]


def read_state_file(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays, writable and of this process, and the meta, exactly as they were written.

    Raises `DamagedFileError` if a bit differs, and `OSError` if the file cannot be opened.
    """
    arrays, metadata = _load(path, only_header=False)
    meta_text = metadata.get("meta", "")
    if metadata["crc32"] != _checksum(arrays, meta_text):
        raise DamagedFileError(
            f"{path} is damaged: its content does not have the checksum written with it"
        )
    try:
        meta = decode(meta_text)
    except ValueError as error:
        raise DamagedFileError(
            f"{path} is damaged: its meta is not readable ({error})"
        ) from None
    if not isinstance(meta, dict):
        raise DamagedFileError(f"{path} is damaged: its meta is not a JSON object")
    return arrays, meta


def check_state_header(path: Path) -> None:
    """Raise `DamagedFileError` if the header is damaged or the file cut; read no array."""
    _load(path, only_header=True)


def _load(path: Path, *, only_header: bool) -> tuple[dict[str, Array], dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    check_regular(path)
    with open(path, "rb"):
        pass  # a missing permission is an OSError here; the library reports it like damage
    try:
        # "pread": a mapped file with a bad sector, or cut meanwhile, would kill the process.
        file = safe_open(os.fspath(path), framework="numpy", backend="pread")
    except SafetensorError as error:
        raise DamagedFileError(f"{path} is damaged: {error}") from error
    try:
        with file:
            metadata = file.metadata() or {}
            names = [] if only_header else file.keys()
            arrays = {name: file.get_tensor(name) for name in names}
    except (SafetensorError, AttributeError, TypeError, ValueError) as error:
        # Besides its own error, the library lets through NumPy's about dtypes and shapes.
        raise DamagedFileError(f"{path} is damaged: {error}") from error
    except MemoryError as error:
        raise RunError(
            f"{path} ({path.stat().st_size / 1e6:,.0f} MB) does not fit into the memory that "
            "is free. Close other programs, or load it on a larger machine."
        ) from error
    if metadata.get("format") != _FORMAT or "crc32" not in metadata:
        raise DamagedFileError(
            f"{path} is damaged, or was not written by this version of Trivium: its header "
            f"names the format {metadata.get('format')!r} where {_FORMAT!r} belongs"
        )
    return arrays, metadata


def _checked_name(name: object) -> str:
    if not isinstance(name, str):
        raise RunError(f"the state has an array named {name!r}: names are texts.")
    if name == "__metadata__":
        raise RunError(
            "the state has an array named '__metadata__', which safetensors keeps for itself. "
            "Choose another name."
        )
    try:
        name.encode()
    except UnicodeEncodeError:
        raise RunError(
            f"the state has an array named {name!r}, which is not valid Unicode (a lone "
            "surrogate). Choose another name."
        ) from None
    return name


def _plain(name: str, array: object) -> Array:
    """`array` itself, or its copy in C order and little-endian."""
    if isinstance(array, np.ma.MaskedArray) or not isinstance(array, np.ndarray | np.generic):
        raise RunError(
            f"the state's {name!r} is a {type(array).__name__}, not a NumPy array: convert it "
            "with numpy.asarray, or put it into meta."
        )
    if array.dtype.name not in _CODES:
        raise RunError(
            f"the state's {name!r} has the dtype {array.dtype}, which a run cannot keep: it "
            f"keeps {', '.join(_CODES)}."
        )
    return _little_endian(np.asarray(array, order="C"))


def _little_endian(array: Array) -> Array:
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


def _content(array: Array) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def _checksum(arrays: Mapping[str, Array], meta_text: str) -> str:
    crc = zlib.crc32(f"{_FORMAT}\0{meta_text}\0".encode())
    for name in sorted(arrays):
        array = arrays[name]
        kind = [name, array.dtype.name, list(array.shape)]
        crc = zlib.crc32(json.dumps(kind).encode(), crc)
        crc = zlib.crc32(_content(_little_endian(array)), crc)
    return f"{crc:08x}"
