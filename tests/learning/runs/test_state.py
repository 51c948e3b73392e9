"""Arrays and meta come back bit for bit, and no damage to the file goes unnoticed."""

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load_file

from trivium.learning.errors import RunError
from trivium.learning.runs import state
from trivium.learning.runs.files import DamagedFileError
from trivium.learning.runs.state import check_state_header, read_state_file, state_chunks

DTYPES = ["bool", "float16", "float32", "float64"] + [
    f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)
]
arrays = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0))
)
names = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda n: n != "__metadata__")


def save(path: Path, content: dict[str, Any], meta: dict[str, Any]) -> Path:
    path.write_bytes(b"".join(state_chunks(content, meta)))
    return path


def assert_same(read: np.ndarray, written: np.ndarray) -> None:
    assert read.dtype == written.dtype.newbyteorder("=") and read.shape == written.shape
    assert read.tobytes() == written.astype(read.dtype).tobytes()


@given(st.dictionaries(names, arrays, max_size=6))
def test_any_arrays_come_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, np.ndarray]
) -> None:
    path = save(tmp_path_factory.getbasetemp() / "any.safetensors", content, {"step": 1})
    read, meta = read_state_file(path)
    assert meta == {"step": 1} and set(read) == set(content)
    for name, array in content.items():
        assert_same(read[name], array)


def test_payloads_of_nan_and_signs_of_zero_survive(tmp_path: Path) -> None:
    bits = np.array([0x7FF8000000000001, 0xFFF0000000000001, 1 << 63, 1], np.uint64)
    read, _ = read_state_file(save(tmp_path / "s", {"x": bits.view(np.float64)}, {}))
    assert (read["x"].view(np.uint64) == bits).all()


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a.T,
        lambda a: a[::2, ::-1],
        lambda a: a[1:1],
        lambda a: np.asfortranarray(a),
        lambda a: a.astype(">f8"),
        lambda a: np.broadcast_to(a[0], (3, 6)),
        lambda a: a[2, 3],
        lambda a: np.array(a[2, 3]),
    ],
    ids=[
        "transposed",
        "strided",
        "empty",
        "fortran",
        "big-endian",
        "repeated",
        "scalar",
        "0-d",
    ],
)
def test_layout_does_not_matter(tmp_path: Path, view: Any) -> None:
    array = view(np.arange(24.0).reshape(4, 6))
    read, _ = read_state_file(save(tmp_path / "s", {"x": array}, {}))
    assert_same(read["x"], array)


def test_what_is_read_is_writable_and_does_not_touch_the_file(tmp_path: Path) -> None:
    path = save(tmp_path / "s", {"x": np.zeros(3)}, {})
    first, _ = read_state_file(path)
    first["x"] += 1
    assert (read_state_file(path)[0]["x"] == 0).all()


def test_contiguous_arrays_are_not_copied() -> None:
    array = np.arange(10.0)
    content = memoryview(state_chunks({"x": array}, {})[-1])
    assert np.shares_memory(np.frombuffer(content, np.uint8), array)


def test_meta_comes_back(tmp_path: Path) -> None:
    meta = {"loss": math.inf, "counter": 2**64 - 1, "name": "účel \udcff", "order": [3, 1, 2]}
    assert read_state_file(save(tmp_path / "s", {}, meta)) == ({}, meta)


def test_the_safetensors_library_reads_the_file(tmp_path: Path) -> None:
    content = {"b": np.arange(3, dtype=np.int32), "a": np.eye(2), "flag": np.array(True)}
    path = save(tmp_path / "s", content, {"step": 1})
    read = load_file(path)
    assert set(read) == set(content)
    for name, array in content.items():
        assert_same(read[name], array)


def test_arrays_are_aligned_for_mapping(tmp_path: Path) -> None:
    content = {"a": np.ones(3, bool), "b": np.ones(1, np.float32), "c": np.ones(2)}
    data = save(tmp_path / "s", content, {}).read_bytes()
    n = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + n])
    for name, array in content.items():
        assert (8 + n + header[name]["data_offsets"][0]) % array.itemsize == 0


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    content = {"w": np.arange(3.0), "ü": np.array([True, False]), "n": np.array(7, np.uint64)}
    path = save(tmp_path / "s", content, {"step": 12, "loss": 0.5})
    data = path.read_bytes()
    with open(path, "r+b", buffering=0) as file:
        for i in range(8 * len(data)):
            byte = data[i // 8]
            os.pwrite(file.fileno(), bytes([byte ^ 1 << i % 8]), i // 8)
            with pytest.raises(DamagedFileError):
                read_state_file(path)
            os.pwrite(file.fileno(), bytes([byte]), i // 8)
    assert read_state_file(path)[1] == {"step": 12, "loss": 0.5}


def test_every_truncation_and_any_growth_is_found(tmp_path: Path) -> None:
    path = save(tmp_path / "s", {"w": np.arange(3.0), "v": np.zeros(0)}, {"step": 12})
    data = path.read_bytes()
    for part in [*(data[:n] for n in range(len(data))), data + b"\0", data + data]:
        path.write_bytes(part)
        for read in (read_state_file, check_state_header):
            with pytest.raises(DamagedFileError):
                read(path)


def container(header: bytes, content: bytes = b"") -> bytes:
    return len(header).to_bytes(8, "little") + header + content


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 64,
        container(b"[" * 100_000 + b"]" * 100_000),
        container(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
        container(b"{}"),
        container(b'{"__metadata__": {"format": "1"}}'),
        container(b'{"__metadata__": {"format": "2", "meta": "{}", "crc32": "0"}}'),
        container(b'{"a": {"dtype": "F8_E5M2", "shape": [1], "data_offsets": [0, 1]}}', b"1"),
        container(b'{"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}', b"11"),
        container(b'{"a": {"dtype": "F32", "shape": [%d], "data_offsets": [0, 0]}}' % 2**62),
        container(
            b'{"a": {"dtype": "F32", "shape": [0%s], "data_offsets": [0, 0]}}' % (b", 1" * 99)
        ),
        container(b'{"a": {"dtype": "F32", "shape": [0, %d], "data_offsets": [0, 0]}}' % 2**63),
        b"\x80\x04\x95\x0f" + b"\0" * 7 + b"\x8c\x02os\x8c\x06system\x93.",  # a pickle
    ],
    ids=lambda data: f"{len(data)}-bytes",
)
def test_hostile_files_are_damage(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "s"
    path.write_bytes(data)
    with pytest.raises(DamagedFileError, match="damaged"):
        read_state_file(path)


@pytest.mark.parametrize(
    "meta", ["[1]", "{", '{"a": NaN}', '{"a":' * 50_000 + "1" + "}" * 50_000]
)
def test_a_meta_that_is_no_object_is_damage(tmp_path: Path, meta: str) -> None:
    metadata = {"format": "1", "meta": meta, "crc32": state._checksum({}, meta)}
    path = tmp_path / "s"
    path.write_bytes(container(json.dumps({"__metadata__": metadata}).encode()))
    with pytest.raises(DamagedFileError, match="meta is not"):
        read_state_file(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"x": [1.0]}, "'x' is a list"),
        ({"x": np.array([len])}, "dtype object"),
        ({"x": np.array(["a"])}, "dtype <U1"),
        ({"x": np.zeros(1, complex)}, "dtype complex128"),
        ({"x": np.zeros(1, "M8[s]")}, "datetime64"),
        ({"x": np.zeros(1, [("a", "f8")])}, "f8"),
        ({"x": np.ma.masked_array([1.0], [True])}, "MaskedArray"),
        ({"__metadata__": np.zeros(1)}, "__metadata__"),
        ({"\udcff": np.zeros(1)}, "surrogate"),
        ({3: np.zeros(1)}, "names are texts"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(content: Any, words: str) -> None:
    with pytest.raises(RunError) as caught:
        state_chunks(content, {})
    assert words in str(caught.value)


def test_a_header_the_format_cannot_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "_HEADER_LIMIT", 2000)
    state_chunks({}, {"text": "x" * 1000})
    with pytest.raises(RunError, match="Put what is large among the arrays"):
        state_chunks({}, {"text": "x" * 2000})
