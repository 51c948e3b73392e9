"""Every dataframe library gives the same dataset as the file with the same cells."""

import datetime
import decimal

import numpy as np
import pandas
import polars
import pyarrow
import pytest

from trivium.learning.data import as_dataset, read
from trivium.learning.errors import DataError

N = 24
COLUMNS = {
    "n": [None if i % 5 == 0 else i / 4 for i in range(N)],
    "k": list(range(N)),
    "flag": [i % 3 == 0 for i in range(N)],
    "word": [None if i % 7 == 0 else "abc"[i % 3] for i in range(N)],
    "y": ["no" if i % 2 else "yes" for i in range(N)],
}
FRAMES = {
    "pandas": pandas.DataFrame(COLUMNS),
    "pandas with Arrow": pandas.DataFrame(COLUMNS).convert_dtypes(dtype_backend="pyarrow"),
    "pandas nullable": pandas.DataFrame(COLUMNS).convert_dtypes(),
    "pandas objects": pandas.DataFrame(COLUMNS, dtype=object),
    "Polars": polars.DataFrame(COLUMNS),
    "Polars lazy": polars.LazyFrame(COLUMNS),
    "Arrow": pyarrow.table(COLUMNS),
}  # fmt: skip


@pytest.mark.parametrize("library", FRAMES)
def test_every_library_gives_the_same_dataset(library, tmp_path):
    data = as_dataset(FRAMES[library], target="y")
    assert [(column.name, column.is_text) for column in data.columns] == [
        ("n", False), ("k", False), ("flag", False), ("word", True)
    ]  # fmt: skip
    (tmp_path / "t.csv").write_text(polars.DataFrame(COLUMNS).write_csv())
    file = read(tmp_path / "t.csv", target="y")
    for mine, theirs in zip(data.columns, file.columns):
        np.testing.assert_array_equal(mine.values, theirs.values)
        assert mine.levels == theirs.levels
    assert data.target.tolist() == file.target.tolist() == COLUMNS["y"]


@pytest.mark.parametrize("library", FRAMES)
def test_the_second_of_a_pair_may_be_a_column(library):
    frame = FRAMES[library]
    if library == "Polars lazy":
        frame = frame.collect()
    features = frame.drop(columns="y") if "pandas" in library else frame.drop("y") if (
        library != "Arrow") else frame.drop_columns(["y"])  # fmt: skip
    data = as_dataset((features, frame["y"]))
    assert data.target.tolist() == COLUMNS["y"] and len(data.columns) == 4
    assert data.target_name == "y"


def test_categoricals_stay_categories():
    frame = pandas.DataFrame(
        {
            "size": pandas.Categorical([3, 1, None, 3], categories=[1, 2, 3]),
            "word": pandas.Categorical(["1", "2", "1", "2"]),
            "y": [1.5, 2.5, 0.5, 3.5],
        }
    )
    data = as_dataset(frame, target="y")
    assert [column.kind for column in data.columns] == ["category", "category"]
    assert data.column("size").texts().tolist() == ["3", "1", None, "3"]


def test_text_in_a_frame_is_read_like_text_in_a_file():
    frame = pandas.DataFrame({"a": ["1", "2.5", "NA"], "b": ["x", "", "y"], "y": [1.5, 2, 3]})
    data = as_dataset(frame, target="y")
    assert [column.kind for column in data.columns] == ["number", "category"]
    assert data.column("b").missing.tolist() == [False, True, False]


def test_decimals_and_small_types():
    frame = polars.DataFrame(
        {
            "d": [decimal.Decimal("1.5"), decimal.Decimal("2.5"), None],
            "u": polars.Series([1, 2, 3], dtype=polars.UInt8),
            "f": polars.Series([1.5, 2, 3], dtype=polars.Float32),
            "y": [1.5, 2.5, 3.5],
        }
    )
    data = as_dataset(frame, target="y")
    assert [column.kind for column in data.columns] == ["number", "integer", "number"]
    np.testing.assert_array_equal(data.column("d").values, [1.5, 2.5, np.nan])


def test_names_that_are_numbers_become_text():
    data = as_dataset(pandas.DataFrame(np.arange(6.0).reshape(3, 2) % 4), target="1")
    assert [column.name for column in data.columns] == ["0"]


@pytest.mark.parametrize(
    "column",
    [
        polars.Series([datetime.date(2020, 1, i + 1) for i in range(3)]),
        polars.Series([datetime.datetime(2020, 1, 1, i) for i in range(3)]),
        polars.Series([datetime.timedelta(i + 1) for i in range(3)]),
        polars.Series(["2020-01-01", "2020-02-01", None]),
    ],
)
def test_dates_are_refused_with_a_remedy(column):
    frame = polars.DataFrame({"when": column, "x": [1.0, 2, 3], "y": [1.5, 2.5, 3.5]})
    for table in (frame, frame.to_pandas(), frame.to_arrow()):
        with pytest.raises(DataError, match=r"'when'.*row 0.*drop=\['when'\]"):
            as_dataset(table, target="y")
        assert len(as_dataset(table, target="y", drop=["when"]).columns) == 1


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pandas.DataFrame({"y": []}), "no rows"),
        (pandas.DataFrame(), "no columns"),
        (pandas.DataFrame([[1, 2, 3]], columns=["a", "a", "y"]), "more than one.*'a'"),
        (polars.DataFrame({"a": [[1], [2]], "y": [1, 2]}), r"'a' holds List.*row 0"),
        (polars.DataFrame({"a": [{"b": 1}], "y": [1]}), "'a' holds Struct|one row"),
        (pandas.DataFrame({"a": [1, {}], "y": [1, 2]}), r"row 1.*'a'.*dict"),
        (pandas.DataFrame({"a": [1, 2], "y": [1, None]}), r"'y' is missing in 1 row \(row 1"),
        (pandas.DataFrame({"a": [1, np.inf], "y": [1, 2]}), r"'a', row 1.*infinite"),
        (pandas.DataFrame({"a": [1, 2], "y": [3, 3]}), "3 in all 2 rows"),
        (pandas.DataFrame({"a": [1], "y": [3]}), "one row"),
        (pandas.DataFrame({"a": [1, 2], "z": [3, 4]}), "no target column 'y'"),
    ],
)
def test_frames_that_are_refused(frame, said):
    with pytest.raises(DataError, match=said):
        as_dataset(frame, target="y")


def test_a_frame_to_score_is_not_reviewed():
    frame = pandas.DataFrame({"a": [1], "y": [3]})
    data = as_dataset(frame, target="y", training=False)
    assert len(data) == 1 and data.target.tolist() == [3]


def test_several_targets_in_a_frame():
    x = pandas.DataFrame({"a": [1.0, 2, 3]})
    y = pandas.DataFrame({"u": [1.0, 2, 3], "v": [2.0, 4, 6]})
    assert as_dataset((x, y)).target.tolist() == [[1, 2], [2, 4], [3, 6]]


def test_the_index_of_pandas_is_no_column():
    frame = pandas.DataFrame({"a": [1.0, 2, 3], "y": [1.5, 2, 3]}, index=[7, 7, 9])
    assert [column.name for column in as_dataset(frame, target="y").columns] == ["a"]
