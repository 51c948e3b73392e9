"""Every kind of bad file ends in one DataError that says where it is and what to do."""

import gzip
import io
import os
import pickle
import zipfile

import numpy as np
import pytest

from trivium.learning.data import infer_task, read
from trivium.learning.errors import DataError


def workbook() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "x")
        archive.writestr("xl/workbook.xml", "x")
    return buffer.getvalue()


def numpy_file() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ones(3))
    return buffer.getvalue()


WIDE = ",".join(f"c{i}" for i in range(10_000)) + "\n" + ",".join(["1"] * 10_000) + "\n"
BAD = {
    "empty": (b"", ["empty", "0 bytes"]),
    "blank": (b"\n \n\n", ["empty"]),
    "only a byte order mark": (b"\xef\xbb\xbf", ["empty"]),
    "header only": (b"a,y\n", ["2 columns", "no rows"]),
    "header and blank lines": (b"a,y\n\n\n", ["no rows"]),
    "constant target": (b"a,y\n1,5\n2,5\n3,5\n", ["'y'", "5 in all 3 rows"]),
    "missing target": (b"a,y\n1,5\n2,\n3,NA\n4,1\n", ["'y'", "lines 3 and 4"]),
    "no target value at all": (b"a,y\n1,\n2,\n", ["'y'", "no value in any row"]),
    "one row": (b"a,y\n1,2\n", ["one row"]),
    "ten thousand columns of one row": (WIDE.replace("c7,", "y,"), ["one row", "10,000"]),
    "ragged": (b"a,b,y\n1,2,3\n1,2\n", ["line 3", "2 fields", "3 columns"]),
    "text among numbers": (
        "a,y\n" + "".join(f"{i},{i % 4}\n" for i in range(30)) + "abc,1\n",
        ["'a'", "line 32", "'abc'"],
    ),
    "text in a numeric target": (
        "a,y\n" + "".join(f"{i % 9},{i}.5\n" for i in range(30)) + "3,abc\n",
        ["target", "'y'", "line 32", "'abc'"],
    ),
    "infinity": (b"a,y\n1,2\ninf,3\n", ["'a'", "line 3", "infinite"]),
    "overflow": (b"a,y\n1,2\n1e400,3\n", ["'a'", "line 3", "1e400"]),
    "infinite target": (b"a,y\n1,2\n2,-inf\n", ["'y'", "line 3", "infinite"]),
    "dates": (b"a,y\n2020-01-01,2\n2021-02-03,3\n", ["'a'", "line 2", "dates", "drop"]),
    "duplicate names": (b"a,b,a,y\n1,2,3,4\n2,3,4,5\n", ["'a'", "columns 1, 3", "line 1"]),
    "duplicates but for blanks": (b"a, a,y\n1,2,4\n2,3,5\n", ["'a'", "columns 1, 2"]),
    "Latin-1": ("a,y\ncafé,1\nx,2\n".encode("latin-1"), ["line 2", "0xe9", "iconv"]),
    "cut in a character": (b"a,y\n1,2\n2,\xc3", ["line 3", "0xc3"]),
    "UTF-16": ("a,y\n1,2\n".encode("utf-16"), ["UTF-16", "iconv"]),
    "zero byte": (b"a,y\n1,\x00\n", ["line 2", "byte 6", "binary"]),
    "gzip": (gzip.compress(b"a,y\n1,2\n"), ["gzip", "gunzip"]),
    "workbook": (workbook(), ["Excel", "CSV"]),
    "zip": (b"PK\x03\x04" + b"x" * 90, ["zip"]),
    "Parquet": (b"PAR1" + b"x" * 90, ["Parquet", ".parquet"]),
    "PNG": (b"\x89PNG\r\n\x1a\n", ["PNG"]),
    "PDF": (b"%PDF-1.7\n", ["PDF"]),
    "pickle": (pickle.dumps({"a": [1] * 300}, protocol=4), ["pickle"]),
    "NumPy": (numpy_file(), ["NumPy", "numpy.load"]),
    "HTML": (b"\n<!DOCTYPE html><html></html>", ["web page"]),
    "JSON": (b'[{"a": 1, "y": 2}]', ["JSON"]),
    "pointer": (b"version https://git-lfs.github.com/spec/v1\n", ["git lfs pull"]),
    "no header": (b"5.1,3.5,a\n4.9,3.0,b\n", ["line 1", "names=["]),
    "open quote": (b'a,y\n1,"2\n3,4\n', ["line 2", "never closes"]),
    "no feature": (b"y\n1\n2\n", ["no feature"]),
    "no feature left": (b"a,y\n1,1\n1,2\n", ["no feature", "'a'"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_content(case, tmp_path):
    content, said = BAD[case]
    path = tmp_path / "bad.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(DataError) as caught:
        read(path, target="y")
    for words in ["bad.csv", *said]:
        assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_path_to_nothing_suggests_the_nearest(tmp_path):
    (tmp_path / "houses.csv").write_text("a,y\n1,2\n")
    with pytest.raises(DataError, match=r"Did you mean 'houses.csv'"):
        read(tmp_path / "house.csv", target="y")
    with pytest.raises(DataError, match=r"Tables in that folder: 'houses.csv'"):
        read(tmp_path / "zzz", target="y")
    with pytest.raises(DataError, match="its folder .* does not exist"):
        read(tmp_path / "nowhere" / "x.csv", target="y")


def test_a_folder_names_the_tables_in_it(tmp_path):
    (tmp_path / "houses.csv").write_text("a,y\n1,2\n")
    with pytest.raises(DataError, match=r"is a folder.*'houses.csv'"):
        read(tmp_path, target="y")


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="pipe"):
        read(tmp_path / "pipe.csv", target="y")


def test_a_path_that_the_system_refuses(tmp_path):
    with pytest.raises(DataError, match="Cannot read .*name too long"):
        read(tmp_path / ("x" * 300), target="y")


@pytest.mark.parametrize("path", ["https://example.org/a.csv", "a\0b.csv", 3, b"x.csv"])
def test_what_is_no_path(path):
    with pytest.raises(DataError):
        read(path, target="y")


def test_a_missing_target_suggests_the_nearest_and_lists_the_columns(tmp_path):
    (tmp_path / "t.csv").write_text("area,rooms,price\n1,2,3\n2,3,4\n")
    with pytest.raises(DataError, match=r"Did you mean 'price'.*'area', 'rooms', 'price'"):
        read(tmp_path / "t.csv", target="Prise")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1xxxxxxxxPAR1", b"a,y\n1,2\n"])
def test_a_damaged_parquet_file(content, tmp_path):
    path = tmp_path / "t.parquet"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"t\.parquet"):
        read(path, target="y")


def test_labels_as_floats_are_not_guessed(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,y\n" + "".join(f"{i},{i % 3}.0\n" for i in range(30)))
    data = read(path, target="y")
    with pytest.raises(DataError, match="whole numbers or as text"):
        infer_task(data)
    with pytest.raises(DataError, match="objective cross-entropy needs class labels"):
        infer_task(data, "classification", objective="cross-entropy")
    assert infer_task(data, "regression") == "regression"
