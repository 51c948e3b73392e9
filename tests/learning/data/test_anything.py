"""Whatever the cells are, the end is finite numbers or a DataError, never another exception."""

import csv
import io
import json

import numpy as np
import pandas
from hypothesis import given, settings
from hypothesis import strategies as st

from trivium.learning.data import Encoder, as_dataset, infer_task, read, reload
from trivium.learning.errors import DataError

WORDS = [
    "", "NA", "?", "-", "+", "0", "1", "-1", "007", "1.5", "2,5", "1,234", "1e5", "1e400",
    "inf", "nan", "yes", "no", "true", "n", "y", "t", "a", "b", "abc", "é", "2020-01-01",
    "12:30", "5%", "$3", " x ", '"', "a,b", "a\nb", "none", "unknown", "9007199254740993", "😀",
]  # fmt: skip
CELL = st.sampled_from(WORDS) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3
)
NAMES = st.sampled_from(["id", "a", "b", "c", "when", "", " a", "x y", "1", "2.5", "é"])


ANY = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(), CELL, st.dates()
)


ANSWERS = st.sampled_from([["u", "v"], ["1.5", "2.5", "0.25"], ["yes", "no"], ["3", "4"], None])


def answers(draw: st.DrawFn, count: int, odd: st.SearchStrategy) -> list:
    """A target that can mostly be learned: a few values in turn, sometimes anything."""
    values = draw(ANSWERS)
    if values is None:
        return [draw(odd) for _ in range(count)]
    return [values[i % len(values)] for i in range(count)]


@st.composite
def files(draw: st.DrawFn) -> bytes:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.strip))
    pools = [draw(st.lists(CELL, min_size=2, max_size=5)) for _ in names]
    count = draw(st.integers(0, 14))
    rows = [
        [pool[(i * i + k) % len(pool)] for k, pool in enumerate(pools)] for i in range(count)
    ]
    target = answers(draw, count, CELL)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=draw(st.sampled_from(",;\t|")))
    writer.writerows([[*names, "target"], *([*row, y] for row, y in zip(rows, target))])
    return buffer.getvalue().encode()


@st.composite
def tables(draw: st.DrawFn) -> list[tuple]:
    count = draw(st.integers(1, 8))
    cells = [draw(st.lists(ANY, min_size=1, max_size=3)) for _ in range(2)]
    rows = [[cell[i % len(cell)] for cell in cells] for i in range(count)]
    return [(*row, y) for row, y in zip(rows, answers(draw, count, ANY))]


def walk(dataset) -> None:
    """Do with a dataset all that a fit would do."""
    assert str(dataset) and repr(dataset)
    json.dumps(dataset.source)
    train, test = dataset.split(test=0.3)
    encoder = Encoder.fit(train, infer_task(train))
    again = Encoder.from_dict(json.loads(json.dumps(encoder.to_dict(), allow_nan=False)))
    for part in (train, test):
        encoded = again.transform(part, need_target=False)
        assert encoded.x.shape == (len(part), *encoder.shape)
        assert np.isfinite(encoded.x).all()
        assert len(encoder.feature_names) == encoded.x.shape[1]


@settings(max_examples=60)
@given(files())
def test_any_file(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    for target in ("target", None):
        try:
            dataset = read(path, target=target)
            assert reload(dataset.source).sha256 == dataset.sha256
            walk(dataset)
        except DataError as error:
            assert str(error)


@settings(max_examples=60)
@given(st.binary(max_size=80))
def test_any_bytes(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    try:
        walk(read(path))
    except DataError as error:
        assert str(error)


@settings(max_examples=60)
@given(tables(), st.booleans())
def test_any_frame_and_any_list(rows, as_frame):
    try:
        if as_frame:
            walk(as_dataset(pandas.DataFrame(rows, columns=["a", "b", "y"]), target="y"))
        else:
            walk(as_dataset(([row[:2] for row in rows], [row[2] for row in rows])))
    except DataError as error:
        assert str(error)
