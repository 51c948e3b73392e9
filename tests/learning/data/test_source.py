"""A reference fetches exactly the same data again, and notices when they are others."""

import json

import numpy as np
import pandas
import pytest

from trivium.learning.data import as_dataset, load, read, reload
from trivium.learning.errors import DataError


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,x,c,w,y\n" + "".join(
        f"{i},{i * 7 % 11},{'uvw'[i % 3]},{i + 1},{'ab'[i % 2]}\n" for i in range(40)
    ))  # fmt: skip
    return path


def again(dataset):
    return reload(json.loads(json.dumps(dataset.source)))


def test_built_in_data_come_back(table):
    for data in (load("iris"), load("spirals", n=60, arms=3, seed=7)):
        assert again(data).sha256 == data.sha256
        assert again(data).source == data.source


def test_a_file_comes_back_with_its_options(table):
    data = read(table, target="y", weight="w", drop=["x"], keep=["id"])
    other = again(data)
    assert other.sha256 == data.sha256 and other.weight.tolist() == data.weight.tolist()
    assert [column.name for column in other.columns] == ["id", "c"]


def test_parts_come_back(table):
    for data in (read(table, target="y"), load("wine"), read(table).with_target("y")):
        train, test = data.split(test=0.3, seed=4)
        inner, validation = train.split(test=7, seed=1, stratify=False)
        odd = inner.take(np.arange(1, len(inner), 2))
        few = inner.take([3, 1, 2, 2])
        back = inner.take(np.arange(len(inner))[::-1])
        for part in (train, test, inner, validation, odd, few, back, few.take([0])):
            assert again(part).sha256 == part.sha256
    assert len(json.dumps(odd.source)) < 1000


def test_a_changed_file_is_noticed(table):
    source = read(table, target="y").source
    table.write_text(table.read_text().replace("0,0,u", "0,5,u"))
    with pytest.raises(DataError, match="has changed since"):
        reload(source)


def test_a_file_that_is_gone_is_named(table):
    source = read(table, target="y").source
    table.unlink()
    with pytest.raises(DataError, match=r"no file .*t\.csv"):
        reload(source)


def test_built_in_data_that_differ_are_noticed():
    source = load("iris").source
    with pytest.raises(DataError, match="not the same"):
        reload({**source, "sha256": "0" * 64})


def test_data_from_memory_must_be_passed_again():
    x, y = np.arange(12.0).reshape(6, 2), [1, 2, 1, 2, 1, 2]
    frame = pandas.DataFrame({"a": [1.0, 2, 3], "y": [1.5, 2, 3]})
    for data in (as_dataset((x, y)), as_dataset(frame, target="y")):
        with pytest.raises(DataError, match="pass the same data"):
            reload(data.source)
        json.dumps(data.source)
    first, second = as_dataset((x, y)), as_dataset((x.copy(), list(y)))
    assert first.source == second.source
    x[0, 0] += 1e-9
    assert as_dataset((x, y)).source["sha256"] != first.source["sha256"]


def test_weights_from_memory_make_the_data_memory():
    data = as_dataset(load("iris"), sample_weight=np.arange(150) + 1)
    assert data.source["kind"] == "memory"


def test_a_long_selection_is_not_written_down():
    data = load("moons", n=300_000)
    rows = np.random.default_rng(0).integers(0, 300_000, 150_000)
    assert data.take(rows).source["kind"] == "memory"


@pytest.mark.parametrize("change", ["name", "kind", "values", "target", "weight", "levels"])
def test_the_hash_sees_everything(change):
    frame = pandas.DataFrame({"a": [1, 2, 3, 4], "c": list("uvuv")})
    y, weight = [1, 2, 1, 2], [1.0, 2, 3, 4]
    first = as_dataset((frame, y), sample_weight=weight)
    if change == "name":
        frame = frame.rename(columns={"a": "b"})
    if change == "kind":
        frame["a"] = frame["a"] * 1.0
    if change == "values":
        frame.loc[0, "a"] = 7
    if change == "levels":
        frame["c"] = list("uwuw")
    if change == "target":
        y = [1, 2, 1, 3]
    if change == "weight":
        weight = [1.0, 2, 3, 5]
    assert as_dataset((frame, y), sample_weight=weight).sha256 != first.sha256


BAD = [
    None, [], "x", {}, {"kind": "other"}, {"kind": "builtin"},
    {"kind": "builtin", "name": "iris"}, {"kind": "builtin", "name": 3, "sha256": "x"},
    {"kind": "builtin", "name": "iris", "options": [], "sha256": "x"},
    {"kind": "builtin", "name": "iris", "options": {"n": 1}, "sha256": "x"},
    {"kind": "file"}, {"kind": "file", "path": "a\0b", "sha256": "x"},
    {"kind": "file", "path": "/nowhere/x.csv", "sha256": "x"},
]  # fmt: skip
PARTS = [
    None, 3, {"split": 3}, {"split": {}}, {"split": {"test": "x"}, "part": "train"},
    {"split": {"test": 0.2}, "part": "other"}, {"split": {"nonsense": 1}, "part": "train"},
    {"take": "abc"}, {"take": [10**9]}, {"take": [10**40]}, {"take": [[1]]}, {"rows": [0]},
    {"rows": [0, 1, 10**18]}, {"rows": [0, 1, 10**30]}, {"rows": ["a", "b", "c"]},
    {"target": "x"}, {"target": 3, "training": 1},
]  # fmt: skip


@pytest.mark.parametrize("source", BAD)
def test_what_is_no_reference(source):
    with pytest.raises(DataError):
        reload(source)


@pytest.mark.parametrize("part", PARTS)
def test_what_is_no_part(part):
    with pytest.raises(DataError):
        reload({**load("iris").source, "parts": [part]})


def test_options_of_a_reference_are_checked(table):
    source = read(table, target="y").source
    with pytest.raises(DataError, match="options"):
        reload({**source, "options": {"nonsense": 1}})
