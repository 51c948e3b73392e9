"""From a path to bytes: what is there, what it seems to be, and whether it is UTF-8 text."""

from __future__ import annotations

import hashlib
import os
import stat

from trivium.learning.data.words import did_you_mean, quoted
from trivium.learning.errors import DataError

__all__ = ["PARQUET", "as_text", "file_bytes", "file_path", "sha256_of"]

PARQUET = b"PAR1"

_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (PARQUET, "a Parquet file", "Rename it to end in .parquet."),
    (b"\x1f\x8b", "a gzip archive", "Unpack it first (gunzip)."),
    (b"BZh", "a bzip2 archive", "Unpack it first (bunzip2)."),
    (b"\xfd7zXZ\x00", "an xz archive", "Unpack it first (unxz)."),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "Unpack it first (unzstd)."),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it first."),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file", "Save the sheet as CSV (UTF-8)."),
    (b"\x89PNG", "a PNG image", ""),
    (b"\xff\xd8\xff", "a JPEG image", ""),
    (b"GIF8", "a GIF image", ""),
    (b"%PDF", "a PDF document", "Extract the table first."),
    (b"\x89HDF", "an HDF5 file", "Export the table as CSV or Parquet."),
    (b"ARROW1", "an Arrow (Feather) file", "Save it as Parquet."),
    (b"FEA1", "a Feather file", "Save it as Parquet."),
    (b"ORC", "an ORC file", "Save it as Parquet."),
    (b"Obj\x01", "an Avro file", "Save it as Parquet."),
    (b"SQLite format 3", "an SQLite database", "Export the table as CSV."),
    (b"\x93NUMPY", "a NumPy array", "Load it with numpy.load and pass the array."),
    (b"\x7fELF", "a program", ""),
)
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04\x95", b"\x80\x05\x95")
_WIDE = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


def file_path(path: str | os.PathLike[str]) -> str:
    """Return the absolute path of a regular file, or raise DataError saying what is there."""
    try:
        given = os.fspath(path)
    except TypeError:
        raise DataError(
            f"A path is text or a pathlib.Path, not {type(path).__name__}. For arrays and "
            "dataframes use tv.data.as_dataset."
        ) from None
    if not isinstance(given, str) or "\0" in given:
        raise DataError(f"{given!r} is no path of a file.")
    if given.startswith(("http://", "https://", "s3://", "ftp://", "gs://")):
        raise DataError(f"{given} is an address on the network: download the file first.")
    full = os.path.abspath(os.path.expanduser(given))
    try:
        mode = os.stat(full).st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(_no_such_file(given, full)) from None
    except OSError as error:
        raise DataError(f"Cannot read {given}: {error.strerror or error}.") from None
    if stat.S_ISDIR(mode):
        inside = _tables(full)
        raise DataError(
            f"{given} is a folder, not a table."
            + (f" Tables in it: {quoted(inside)}." if inside else " It holds no table.")
        )
    if not stat.S_ISREG(mode):
        raise DataError(f"{given} is no regular file (a pipe or a device): save it first.")
    return full


def _tables(folder: str) -> list[str]:
    endings = (".csv", ".tsv", ".txt", ".data", ".parquet", ".pq")
    try:
        return sorted(name for name in os.listdir(folder) if name.lower().endswith(endings))
    except OSError:
        return []


def _no_such_file(given: str, full: str) -> str:
    folder, name = os.path.split(full)
    if not os.path.isdir(folder):
        return f"There is no file {given}: its folder {folder} does not exist."
    try:
        names = os.listdir(folder)
    except OSError:
        names = []
    hint = did_you_mean(name, names)
    if not hint and (tables := _tables(folder)):
        hint = f" Tables in that folder: {quoted(tables)}."
    return f"There is no file {given}.{hint}"


def file_bytes(path: str) -> bytes:
    """Return the content of a file; DataError if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror or error}.") from None
    except MemoryError:
        raise DataError(f"{path} does not fit into memory.") from None


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _what_binary(data: bytes) -> tuple[str, str] | None:
    if data.startswith(b"PK\x03\x04"):
        if b"xl/" in data[:4000] or b"xl/" in data[-4000:]:
            return "an Excel workbook", "Save the sheet as CSV (UTF-8)."
        if b"opendocument.spreadsheet" in data[:200]:
            return "an OpenDocument spreadsheet", "Save the sheet as CSV (UTF-8)."
        return "a zip archive", "Unpack it first (unzip)."
    for magic, what, advice in _MAGIC:
        if data.startswith(magic):
            return what, advice
    if data.startswith(_PICKLES):
        return "a Python pickle", "Trivium opens no pickles: they can run code. Save as CSV."
    return None


def as_text(data: bytes, name: str) -> bytes:
    """Return the bytes of a text table as UTF-8 without byte order mark.

    Raises DataError if the file is empty, is something else than a text table (saying what
    it seems to be), or is not UTF-8 (saying the first offending byte and its line).
    """
    if not data:
        raise DataError(f"{name} is empty (0 bytes).")
    if (binary := _what_binary(data)) is not None:
        what, advice = binary
        raise DataError(f"{name} is not a text table: it seems to be {what}. {advice}".strip())
    for mark, encoding in _WIDE.items():
        if data.startswith(mark):
            raise DataError(
                f"{name} is written in {encoding}, not in UTF-8. Convert it: "
                f"iconv -f {encoding} -t UTF-8 {name} > new.csv"
            )
    data = data.removeprefix(b"\xef\xbb\xbf")
    zero = data.find(b"\0")
    if zero >= 0:
        raise DataError(
            f"{name}, line {data.count(10, 0, zero) + 1}: byte {zero:,} is zero, so this is a "
            "binary file and not a text table (or text in UTF-16: convert it with iconv)."
        )
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(10, 0, error.start) + 1
        raise DataError(
            f"{name}, line {line}: byte {error.start:,} (0x{data[error.start]:02x}) is not "
            "UTF-8. The file is probably in a Windows or Latin encoding; convert it: "
            f"iconv -f WINDOWS-1252 -t UTF-8 {name} > new.csv"
        ) from None
    if not data.strip():
        raise DataError(f"{name} is empty: it holds nothing but blanks.")
    start = data[:2000].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise DataError(f"{name} is a web page or XML, not a table: download the data itself.")
    if start.startswith(b"version https://git-lfs"):
        raise DataError(f"{name} is a pointer to a large file: run git lfs pull first.")
    if start.startswith((b"[{", b'{"', b"{\n", b"[\n", b"[[")):
        raise DataError(
            f"{name} seems to be JSON, not a table: convert it, for example with "
            "pandas.read_json, and pass the dataframe with target=…"
        )
    return data
