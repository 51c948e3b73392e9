"""The type of a column of text follows from its cells alone."""

import math

import numpy as np
import pandas
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivium.learning.data.column import Column
from trivium.learning.data.inference import (
    MISSING,
    MISSING_AMONG_NUMBERS,
    Rules,
    infer_columns,
)
from trivium.learning.data.words import Places

NAN = math.nan


def infer(cells: list[str], **rules: object) -> Column:
    places = Places(np.arange(len(cells)) + 2)
    table = pl.DataFrame({"c": pl.Series(cells, dtype=pl.String)})
    return infer_columns(["c"], table, Rules(**rules), places)[0]


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "-2", "+3"], "integer", [1, -2, 3]),
        (["1", " 2 ", ""], "integer", [1, 2, NAN]),
        (["0", "10", "-0"], "integer", [0, 10, 0]),
        (["1.0", "2.0"], "number", [1, 2]),
        (["1e3", ".5", "5."], "number", [1000, 0.5, 5]),
        (["1.5", "NA", "n/a", "NaN", "null", "?", "-", "<NA>"], "number", [1.5] + [NAN] * 7),
        (["1", "unknown", "None", "."], "integer", [1, NAN, NAN, NAN]),
        (["yes", "No", ""], "boolean", [1, 0, NAN]),
        (["TRUE", "true"], "boolean", [1, 1]),
        (["y", "N", "y"], "boolean", [1, 0, 1]),
        (["t", "f"], "boolean", [1, 0]),
        (["1,5", "2,25", "3"], "number", [1.5, 2.25, 3]),
        (["1.234,5", "2,0"], "number", [1234.5, 2]),
        (["1,234.5", "12"], "number", [1234.5, 12]),
        (["1,234,567", "12"], "integer", [1234567, 12]),
        (["1.5", "1,234"], "number", [1.5, 1234]),
        (["0,123", "0,5"], "number", [0.123, 0.5]),
        (["", "NA"], "number", [NAN, NAN]),
        (["123456789012345678901234567890"], "integer", [123456789012345678901234567890]),
    ],
)
def test_numbers_and_truth_values(cells, kind, values):
    column = infer(cells)
    assert column.kind == kind
    np.testing.assert_array_equal(column.values, np.array(values, dtype=float))
    assert column.trouble == ""


@pytest.mark.parametrize(
    ("cells", "levels", "codes"),
    [
        (["b", "a", "", "b"], ("a", "b"), [1, 0, -1, 1]),
        (["x", " x", "NA"], ("x",), [0, 0, -1]),
        (["y", "y"], ("y",), [0, 0]),
        (["none", "mild"], ("mild", "none"), [1, 0]),
        (["+", "-", "+"], ("+", "-"), [0, 1, 0]),
        (["a", "-"], ("a",), [0, -1]),
        (["007", "123"], ("007", "123"), [0, 1]),
        (["1", "2", "x"], ("1", "2", "x"), [0, 1, 2]),
        (["1.2.3", "2.0.1"], ("1.2.3", "2.0.1"), [0, 1]),
        (["Zoë", "Ärger", "Zoe"], ("Zoe", "Zoë", "Ärger"), [1, 2, 0]),
    ],
)
def test_everything_else_is_a_category(cells, levels, codes):
    column = infer(cells)
    assert (column.kind, column.levels, column.values.tolist()) == ("category", levels, codes)
    assert column.trouble == ""


@pytest.mark.parametrize(
    "cell",
    [
        "2020-01-31", "2020/1/3", "31.01.2020", "1/2/20", "2020-01-31 12:30",
        "2020-01-31T12:30:59.123Z", "2020-01-31T12:30:59+02:00", "5 Jan 2020", "03-Feb-21",
        "Feb 3, 2021", "12:30", "1:05 PM", "23:59:59",
    ],
)  # fmt: skip
def test_dates_and_times_say_what_to_do(cell):
    column = infer([cell, "", cell])
    assert column.kind == "date"
    for words in ["'c'", cell, "line 2", "drop=['c']", "weekday"]:
        assert words in column.trouble


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([*map(str, range(20)), "abc", "x y"], ["20 numbers", "'abc' on line 22", "'x y' on"]),
        ([*map(str, range(12)), *"abcdefgh"], ["12 numbers", "'a' on line 14", "5 more"]),
        (["1,234", "2,345"], ["'1,234' on line 2", "decimal"]),
        (["1.5", "1,5"], ["'1,5' on line 3", "decimal"]),
        (["$12", "$1,200"], ["'$12' on line 2", "unit or currency"]),
        (["5%", "7 %"], ["'5%' on line 2", "unit or currency"]),
    ],
)
def test_numbers_that_are_not_quite_say_where(cells, said):
    column = infer(cells)
    assert column.kind == "mixed"
    for words in ["'c'", *said]:
        assert words in column.trouble
    assert column.texts().tolist() == cells


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999"])
def test_infinity_is_no_value(cell):
    column = infer(["1", cell])
    assert "line 3" in column.trouble and cell in column.trouble


@pytest.mark.parametrize(
    ("cells", "rules", "values"),
    [
        (["1,234", "2,345"], {"decimal": ","}, [1.234, 2.345]),
        (["1,234", "2,345"], {"decimal": "."}, [1234, 2345]),
        (["1.234", "2"], {"decimal": ","}, [1234, 2]),
        (["1", "-9"], {"missing": frozenset({"-9"})}, [1, NAN]),
    ],
)
def test_the_reader_may_decide(cells, rules, values):
    np.testing.assert_array_equal(infer(cells, **rules).values, values)


def test_a_missing_word_of_the_reader_need_not_be_a_number():
    column = infer(["1", "absent", "2"], missing=frozenset({"absent"}))
    assert column.kind == "integer" and np.isnan(column.values[1])


def test_a_point_is_no_decimal_mark_where_the_comma_is():
    column = infer(["1.5", "2,5"], decimal=",")
    assert column.is_text  # never 15


def test_numbers_become_labels_when_told():
    column = infer(["12", "7", "NA"], categories=["c"])
    assert (column.kind, column.levels) == ("category", ("12", "7"))


@given(
    st.lists(
        st.floats(allow_nan=False, allow_infinity=False)
        | st.integers(-(10**18), 10**18)
        | st.none(),
        min_size=1,
    )
)
def test_numbers_are_what_python_reads(numbers):
    cells = ["" if number is None else repr(number) for number in numbers]
    values = infer(cells).values
    expected = [NAN if number is None else float(number) for number in numbers]
    if any(cell.lstrip("-").startswith("0") and cell.lstrip("-").isdigit() and len(
        cell.lstrip("-")) > 1 for cell in cells):  # fmt: skip
        return
    np.testing.assert_array_equal(values, np.array(expected, dtype=float))


@given(st.lists(st.sampled_from(["red", "green", "blue", "", "NA", "null"]), min_size=1))
def test_categories_agree_with_pandas(cells):
    column = infer(cells)
    frame = (
        pandas.Series(cells).replace({"NA": None, "null": None, "": None}).astype("category")
    )
    if frame.cat.categories.size:
        assert list(column.levels or ()) == frame.cat.categories.tolist()
        assert column.values.tolist() == frame.cat.codes.tolist()


def test_the_words_for_missing_are_lower_case_and_apart():
    for word in MISSING | MISSING_AMONG_NUMBERS:
        assert word == word.lower().strip()
    assert not MISSING & MISSING_AMONG_NUMBERS
