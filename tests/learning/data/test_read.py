"""What a user gets from a file: types, notes, and only the columns that can be features."""

import numpy as np
import polars as pl
import pytest

from trivium.learning.data import Dataset, as_dataset, infer_task, read
from trivium.learning.errors import DataError

HOUSES = "area,rooms,street,garden,price\n" + "".join(
    f"{50 + 7 * i % 60},{i % 5 + 1},{'ABC'[i % 3]},{['yes', 'no'][i * i % 7 % 2]},"
    f"{100 + i * i}.5\n"
    for i in range(30)
)
MIXED = "Id,name,age,city,const,empty,y\n" + "".join(
    f"{i + 1},Person {i},{'' if i % 7 == 0 else 20 + i},{['Wien', 'Graz', ''][i % 3]},7,,"
    f"{'ab'[i % 2]}\n"
    for i in range(40)
)


@pytest.fixture
def file(tmp_path):
    def write(text, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def kinds(dataset: Dataset) -> dict[str, str]:
    return {column.name: column.kind for column in dataset.columns or ()}


def test_types_target_and_rows(file):
    houses = read(file(HOUSES, "houses.csv"), target="price")
    assert houses.name == "houses.csv" and len(houses) == houses.n == 30
    assert kinds(houses) == {
        "area": "integer", "rooms": "integer", "street": "category", "garden": "boolean"
    }  # fmt: skip
    assert houses.target_name == "price" and houses.target.dtype == np.float64
    np.testing.assert_array_equal(houses.y, [100 + i * i + 0.5 for i in range(30)])
    assert infer_task(houses) == "regression"
    assert houses.is_table and houses.notes == ()


def test_columns_that_cannot_be_features_are_set_aside_and_reported(file):
    data = read(file(MIXED), target="y")
    assert list(kinds(data)) == ["age", "city"]
    assert [column.name for column in data.set_aside] == ["Id", "name", "const", "empty"]
    notes = "\n".join(data.notes)
    for words in ["'Id'", "'name'", "'const'", "'empty'", "identifier", "same value"]:
        assert words in notes


def test_keep_brings_a_column_back_and_drop_takes_one_out(file):
    data = read(file(MIXED), target="y", keep=["Id", "name"], drop=["age"])
    assert list(kinds(data)) == ["Id", "name", "city"]


def test_without_a_target_every_row_and_column_stays(file):
    data = read(file(MIXED + ",,,,,,\n"))
    assert len(data) == 41 and len(data.columns) == 7 and data.target is None
    chosen = data.with_target("y")
    same = read(file(MIXED + ",,,,,,\n"), target="y")
    assert chosen.sha256 == same.sha256 and len(chosen) == 40
    assert as_dataset(data, target="y").sha256 == same.sha256


def test_rows_without_any_value_are_left_out(file):
    data = read(file("a,y\n1,2\n,\n3,4\n , \n"), target="y")
    assert data.column("a").values.tolist() == [1, 3]
    assert any("lines 3 and 5" in note for note in data.notes)


def test_a_table_to_score_keeps_what_training_would_drop(file):
    path = file("Id,const,y\n1,7,a\n")
    data = read(path, target="y", training=False)
    assert kinds(data) == {"Id": "integer", "const": "integer"} and data.target.tolist() == [
        "a"
    ]
    with pytest.raises(DataError, match="one row"):
        read(path, target="y")


@pytest.mark.parametrize(
    ("cells", "dtype", "task"),
    [
        (["a", "b"], "U", "classification"),
        (["yes", "no"], "U", "classification"),
        (["0", "1"], "i", "classification"),
        (["1.5", "2.5"], "f", "regression"),
    ],
)
def test_the_target_keeps_the_words_of_the_file(file, cells, dtype, task):
    text = "x,y\n" + "".join(f"{i % 7},{cells[i % 2]}\n" for i in range(20))
    data = read(file(text), target="y")
    assert data.target.dtype.kind == dtype
    assert [str(label) for label in data.target[:2].tolist()] == cells
    assert infer_task(data) == task


def test_truth_values_of_a_target_are_spelled_as_they_come_first(file):
    data = read(file("x,y\n1,Yes\n2,no\n3,YES\n4,No\n"), target="y")
    assert data.target.tolist() == ["Yes", "no", "Yes", "no"]


def test_weights_come_from_a_column(file):
    data = read(file("x,w,y\n1,2,3\n2,0.5,4\n"), target="y", weight="w")
    assert kinds(data) == {"x": "integer"} and data.weight.tolist() == [2, 0.5]


@pytest.mark.parametrize("cell", ["", "-1", "abc", "inf"])
def test_a_weight_is_a_number_from_zero_on(file, cell):
    with pytest.raises(DataError, match=r"weight|'w'"):
        read(file(f"x,w,y\n1,2,3\n2,{cell},4\n"), target="y", weight="w")


def test_a_feature_that_knows_the_answer_is_reported(file):
    rows = "".join(f"{i},{i % 3},{'abc'[i % 3]},{'abc'[i % 3]},{i % 2}\n" for i in range(30))
    data = read(file("x,code,copy,y,other\n" + rows), target="y")
    told = [note for note in data.notes if "answer" in note]
    assert [note.split("'")[1] for note in told] == ["code", "copy"]
    assert "one to one" in told[0] and "identical" in told[1]


def test_a_numeric_copy_of_a_quantity_is_reported(file):
    rows = "".join(f"{i % 5},{i * 0.5},{i * 0.5}\n" for i in range(30))
    data = read(file("x,copy,y\n" + rows), target="y")
    assert any("'copy' is identical" in note for note in data.notes)


def test_columns_without_a_name_get_one(file):
    data = read(file(",x,y\n0,1.5,2\n1,2.5,4\n2,0.5,5\n"), target="y")
    assert kinds(data) == {"x": "number"}
    assert any("column_1" in note and "identifier" in note for note in data.notes)


@pytest.mark.parametrize(
    "name", ["id", "ID", "index", "PassengerId", "customer_id", "Unnamed: 0", "No", "row", "#"]
)
def test_names_of_identifiers(file, name):
    rows = "".join(f"{(7 * i) % 30 + 100},{i % 4},{i % 3}.5\n" for i in range(30))
    data = read(file(f"{name},x,y\n{rows}"), target="y")
    assert list(kinds(data)) == ["x"]


def test_numbers_too_long_for_a_float_are_identifiers(file):
    rows = "".join(f"{10**18 + i},{i % 4},{i % 3}.5\n" for i in range(30))
    data = read(file(f"tweet,x,y\n{rows}"), target="y")
    assert list(kinds(data)) == ["x"] and "'tweet' set aside: an identifier" in data.notes[0]


@pytest.mark.parametrize("name", ["humid", "grid", "year", "t", "x_index"])
def test_whole_numbers_that_never_repeat_may_be_a_feature(file, name):
    rows = "".join(f"{i + 100},{i % 4},{i % 3}.5\n" for i in range(30))
    data = read(file(f"{name},x,y\n{rows}"), target="y")
    assert list(kinds(data)) == [name, "x"]


def test_a_category_with_many_levels_is_reported_and_free_text_is_set_aside(file):
    rows = "".join(f"z{i % 80},t{i % 150},{i % 9}.5\n" for i in range(200))
    data = read(file("zip,text,y\n" + rows), target="y")
    assert list(kinds(data)) == ["zip"]
    assert any("'zip' has 80 levels" in note for note in data.notes)
    assert any("'text' set aside: 150 different" in note for note in data.notes)


def test_names_without_header_and_other_delimiters(file):
    data = read(file("1;2,5;a\n2;3,5;b\n3;1,0;a\n"), target="y", names=["x", "z", "y"])
    np.testing.assert_array_equal(data.column("z").values, [2.5, 3.5, 1.0])
    assert any("decimal commas" in note for note in data.notes)


def test_a_byte_order_mark_is_no_part_of_the_first_name(file):
    data = read(file(b"\xef\xbb\xbfx,y\r\n1,2.5\r\n2,3.5\r\n"), target="y")
    assert kinds(data) == {"x": "integer"}


def test_parquet_keeps_its_types(tmp_path):
    frame = pl.DataFrame(
        {
            "n": [1.5, None, 2.5, 0.5],
            "flag": [True, False, None, True],
            "word": ["a", "b", None, "a"],
            "count": [1, 2, 3, 1],
            "y": [0, 1, 0, 1],
        }
    )
    frame.write_parquet(tmp_path / "t.parquet")
    data = read(tmp_path / "t.parquet", target="y")
    assert kinds(data) == {
        "n": "number", "flag": "boolean", "word": "category", "count": "integer"
    }  # fmt: skip
    assert data.column("n").missing.tolist() == [False, True, False, False]
    assert data.source["format"] == "parquet"


def test_thousands_of_rows_agree_with_polars(file):
    random = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "x": random.normal(size=20_000),
            "k": random.integers(0, 9, 20_000),
            "c": random.choice(["u", "v w", "é"], 20_000),
            "y": random.normal(size=20_000),
        }
    )
    data = read(file(frame.write_csv()), target="y")
    np.testing.assert_array_equal(data.column("x").values, frame["x"].to_numpy())
    np.testing.assert_array_equal(data.column("k").values, frame["k"].to_numpy())
    assert data.column("c").texts().tolist() == frame["c"].to_list()
    np.testing.assert_array_equal(data.target, frame["y"].to_numpy())


def test_hundreds_of_columns(file):
    names = ",".join(f"g{i}" for i in range(2_000))
    rows = "\n".join(",".join(str((i * j) % 7 + i) for i in range(2_000)) for j in range(4))
    data = read(file(f"{names}\n{rows}\n"), target="g1")
    assert len(data.columns) + len(data.set_aside) == 1_999
    assert len(data.notes) < 20


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"drop": ["zz"]}, "'zz'"),
        ({"drop": "x"}, r"drop=\[…\]"),
        ({"keep": ["zz"]}, "'zz'"),
        ({"categories": ["zz"]}, "'zz'"),
        ({"weight": "zz"}, "'zz'"),
        ({"weight": "y"}, "at once"),
        ({"missing": [3]}, "list of texts"),
        ({"decimal": "x"}, "decimal"),
        ({"names": ["a"]}, "1 name"),
    ],
)
def test_options_that_make_no_sense(file, options, said):
    with pytest.raises(DataError, match=said):
        read(file("x,y\n1,2\n2,3\n"), target="y", **options)
