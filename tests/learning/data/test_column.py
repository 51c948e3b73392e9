"""One column means the same however it was written: text, numbers, truth values, levels."""

import numpy as np
import pandas
import pytest

from trivium.learning.data import Column, Encoder, as_dataset, load, read
from trivium.learning.data.column import number_text
from trivium.learning.errors import DataError

NAN = np.nan


def numbers(kind: str, values: list[float]) -> Column:
    return Column("c", kind, np.array(values, dtype=float))


def words(*cells: str | None) -> Column:
    levels = tuple(sorted({cell for cell in cells if cell is not None}))
    codes = [-1 if cell is None else levels.index(cell) for cell in cells]
    return Column("c", "category", np.array(codes, dtype=np.int64), levels)


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        (numbers("number", [1.5, NAN, 2.0]), ["1.5", None, "2"]),
        (numbers("integer", [1, -3, 1e15]), ["1", "-3", "1000000000000000"]),
        (numbers("boolean", [1, 0, NAN]), ["true", "false", None]),
        (words("b", None, "a"), ["b", None, "a"]),
        (words(None, None), [None, None]),
    ],
)
def test_every_column_reads_as_text_and_as_levels(column, texts):
    assert column.texts().tolist() == texts and len(column) == len(texts)
    levels, places = column.coded()
    assert list(levels) == sorted(levels)
    assert [levels[place] if place >= 0 else None for place in places] == texts
    rows = np.array([1, 0, 1])
    assert column.take(rows).texts().tolist() == [texts[row] for row in rows]
    assert column.missing.tolist() == [text is None for text in texts]


@pytest.mark.parametrize(
    ("column", "values", "misfit"),
    [
        (words("007", None, "1e3"), [7, NAN, 1000], None),
        (words("1", "x", None), [1, NAN, NAN], 1),
        (words("1_000"), [NAN], 0),
        (words("nan"), [NAN], None),
        (numbers("boolean", [1, 0]), [1, 0], None),
        (words(None), [NAN], None),
    ],
)
def test_text_reads_as_numbers_where_it_can(column, values, misfit):
    got, row = column.numbers()
    np.testing.assert_array_equal(got, values)
    assert row == misfit


@pytest.mark.parametrize(
    ("column", "values", "misfit"),
    [
        (words("Yes", "no", None), [1, 0, NAN], None),
        (words("T", "f", "1", "0.0"), [1, 0, 1, 0], None),
        (words("yes", "maybe"), [1, 0], 1),
        (numbers("integer", [1, 0, NAN]), [1, 0, NAN], None),
        (numbers("number", [1, 0.5]), [1, 0.5], 1),
    ],
)
def test_truth_values_are_read_from_words_and_from_zero_and_one(column, values, misfit):
    got, row = column.truths()
    np.testing.assert_array_equal(got, values)
    assert row == misfit


def test_words_of_a_file_are_kept_and_follow_their_rows(tmp_path):
    (tmp_path / "t.csv").write_text("n,f,y\n007,Yes,1.5\n 8.50 ,no,2.5\n,,3.5\n")
    data = read(tmp_path / "t.csv")
    assert data.column("f").texts().tolist() == ["Yes", "no", None]
    part = data.take([2, 1]).take([1, 1, 0])
    assert part.column("f").texts().tolist() == ["no", "no", None]
    assert part.column("n").texts().tolist() == ["8.50", "8.50", None]
    assert part.places.name(0) == "line 3" and part.places.name(2) == "line 4"
    assert data.column("f").numbers()[1] == 0  # words are no numbers, truth or not


def test_whole_numbers_are_written_without_a_point():
    assert [number_text(value) for value in (2.0, -0.0, 2.5, 1e300)] == [
        "2", "0", "2.5", "1e+300"
    ]  # fmt: skip


def test_a_column_is_constant_if_nothing_in_it_changes():
    assert numbers("number", [3, 3]).is_constant and words("a", "a").is_constant
    assert numbers("number", [NAN, NAN]).is_constant and words(None).is_constant
    assert not numbers("number", [3, NAN]).is_constant and not words("a", None).is_constant
    assert numbers("number", []).is_constant
    assert words("a", "b", "c").take(np.array([2, 0])).present_levels == ("a", "c")


def test_the_matrix_of_a_table_is_its_numbers():
    frame = pandas.DataFrame({"a": [1.5, None], "f": [True, False]})
    np.testing.assert_array_equal(as_dataset(frame).x, [[1.5, 1], [NAN, 0]])
    with pytest.raises(DataError, match=r"'species' holds text.*Encoder"):
        _ = load("pokemon").x
    with pytest.raises(DataError, match=r"no column 'petal'.*Did you mean 'petal "):
        load("iris").column("petal")


def test_weights_given_later():
    data = load("iris").with_weight(np.ones(150))
    assert data.weight.tolist() == [1.0] * 150 and data.source["kind"] == "memory"
    with pytest.raises(DataError, match="shape"):
        load("iris").with_weight([1, 2])
    series = pandas.Series([1.0, 2, 3])
    assert as_dataset(np.eye(3), sample_weight=series).weight.tolist() == [1, 2, 3]


def test_series_are_arrays():
    data = as_dataset(
        (pandas.Series([1.0, 2, 3], name="x"), pandas.Series([2, 4, 7], name="z"))
    )
    assert data.x.tolist() == [1, 2, 3] and data.target_name == "z"
    assert as_dataset(pandas.Series([1.0, 2])).x.tolist() == [1, 2]


def test_tables_do_not_fit_every_array():
    images = Encoder.fit(as_dataset((np.arange(24.0).reshape(4, 2, 3), [1.5, 2, 3, 4])))
    table = pandas.DataFrame(np.arange(12.0).reshape(2, 6), columns=list("abcdef"))
    flat = images.transform(as_dataset(table), need_target=False)
    assert flat.x.shape == (2, 2, 3)
    with pytest.raises(DataError, match=r"\(N, 2, 3\).*6 columns.*5 columns"):
        images.transform(as_dataset(table.drop(columns="f")), need_target=False)
    with pytest.raises(DataError, match=r"row 1 .*'c' is missing.*nothing is imputed"):
        images.transform(as_dataset(table.replace(8.0, NAN)), need_target=False)


def test_a_flag_of_another_meaning_is_named():
    flags = pandas.DataFrame({"f": [True, False, True], "y": [1.5, 2.5, 3.5]})
    encoder = Encoder.fit(as_dataset(flags, target="y"))
    with pytest.raises(DataError, match=r"row 1 .*'f' holds 'maybe'.*truth values"):
        encoder.transform(as_dataset(pandas.DataFrame({"f": ["yes", "maybe"]})), False)


@pytest.mark.parametrize(
    ("labels", "other", "codes"),
    [
        ([1, 2], ["2", "1"], [1, 0]),
        ([True, False], ["yes", "No"], [1, 0]),
        ([True, False], [1.0, 0.0], [1, 0]),
        (["true", "false"], [True, False], [1, 0]),
    ],
)
def test_labels_written_another_way(labels, other, codes):
    encoder = Encoder.fit(as_dataset((np.arange(4), labels * 2)))
    assert encoder.transform(as_dataset((np.arange(2), other))).y.tolist() == codes


@pytest.mark.parametrize(
    ("labels", "other", "said"),
    [
        ([1, 2], ["a", "1"], "'a', a class"),
        ([1, 2], [1.5, 1.0], "1.5, a class"),
        ([True, False], [3, 1], "3, a class"),
        ([1, 2], np.ones((2, 2)), "one label for each row"),
        ([1.5, 2.5], ["a", "b"], "trained on numbers"),
        ([1.5, 2.5], np.ones((2, 2)), r"\(N,\)"),
        (np.arange(8).reshape(4, 2) / 3, [1.5, 2.5], r"2 numbers for each row: \(N, 2\)"),
    ],
)
def test_targets_of_another_kind_are_named(labels, other, said):
    labels = labels if len(labels) == 4 else labels * 2
    encoder = Encoder.fit(as_dataset((np.arange(4), labels)))
    with pytest.raises(DataError, match=said):
        encoder.transform(as_dataset((np.arange(2), other)))


def test_predictions_of_another_shape_are_refused():
    encoder = Encoder.fit(as_dataset((np.arange(4), np.arange(8).reshape(4, 2) / 3)))
    with pytest.raises(DataError, match=r"shape \(3,\) do not fit.*\(N, 2\)"):
        encoder.decode_target(np.ones(3))
