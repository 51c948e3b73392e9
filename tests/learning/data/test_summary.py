"""What print shows fits the screen and says what matters."""

import numpy as np
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivium.learning.data import as_dataset, load, read
from trivium.learning.data.summary import WIDTH
from trivium.learning.data.words import Places, did_you_mean, nearest, quoted, shortened

HOUSES = """\
area,rooms,street,garden,note,price
55,2,Main,yes,x,120.5
,3,Hill,no,x,180.0
80,3,,no,x,210.5
120,5,Main,yes,x,399.0
"""


def test_a_table(tmp_path):
    (tmp_path / "houses.csv").write_text(HOUSES)
    assert str(read(tmp_path / "houses.csv", target="price")) == (
        """\
houses.csv: 4 rows, 4 features, target 'price' (regression)

  column  type      missing  values
  area    integer         1  55 … 120, mean 85
  rooms   integer            2 … 5, mean 3.25
  street  category        1  2 levels: Hill, Main
  garden  boolean            2 true, 2 false
→ price   number             120.5 … 399, mean 227.5

  notes
  - 'note' set aside: the same value in every row ('x').
  - A missing number becomes the training median, and a column of its own marks it.
  - A missing category is a level of its own."""
    )


def test_an_array():
    x = np.arange(60, dtype=np.uint8).reshape(5, 3, 4)
    text = str(as_dataset((x, list("abcab"))))
    assert text.splitlines()[0] == "arrays: 5 rows, target 'y' (classification)"
    assert "3×4; 0 … 59, mean 29.5" in text and "uint8" in text
    assert "3 classes: a (2), b (2), c (1)" in text


def test_the_short_form_is_one_line():
    assert repr(load("iris")) == "Dataset('iris', 150 rows, 4 columns, target 'species')"
    data = as_dataset(np.zeros((2, 3)))
    assert repr(data) == "Dataset('arrays', 2 rows, x (2, 3) float64)"


def test_a_wide_table_shows_its_ends():
    frame = pandas.DataFrame(np.arange(2000.0).reshape(2, 1000), columns=map(str, range(1000)))
    text = str(as_dataset(frame))
    assert len(text.splitlines()) < 30 and "980 more columns" in text and "  999 " in text


@given(
    st.dictionaries(
        st.text(max_size=50).map(str.strip).filter(bool),
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
            min_size=4,
            max_size=4,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_every_table_fits_the_screen(columns):
    lines = str(as_dataset(pandas.DataFrame(columns))).split("\n")
    assert max(map(len, lines)) <= WIDTH


def test_a_dataset_without_rows_or_with_nothing_but_missing_cells():
    frame = pandas.DataFrame({"a": [None, None], "b": ["x", "y"], "c": [np.nan, 1.0]})
    assert "none" in str(as_dataset(frame))
    assert "0 rows" in str(load("iris").take([]))
    assert "0 rows" in str(as_dataset(np.ones((3, 2))).take([]))


@pytest.mark.parametrize(
    ("word", "choices", "near"),
    [
        ("pric", ["price", "area"], "price"),
        ("PRICE", ["price", "area"], "price"),
        ("zzz", ["price", "area"], None),
        ("", ["price"], None),
        ("sepal", ["sepal length (cm)", "petal length (cm)"], "sepal length (cm)"),
    ],
)
def test_the_nearest_word(word, choices, near):
    assert nearest(word, choices) == near
    assert did_you_mean(word, choices) == (f" Did you mean {near!r}?" if near else "")


def test_lists_and_places_stay_short():
    assert quoted(range(100), 3) == "0, 1, 2 and 97 more"
    assert len(shortened("x" * 1000)) == 40 and shortened("x" * 1000).endswith("…'")
    assert shortened(list(range(100))).endswith("…")
    lines = Places(np.array([5, 7, 9, 11, 13, 15]))
    assert lines.name(1) == "line 7" and lines.names([0, 2]) == "lines 5 and 9"
    assert lines.names([0, 1, 2, 3, 4, 5]) == "lines 5, 7, 9, 11, 13 and 1 more"
    assert Places().name(3) == "row 3 (counted from 0)"


def test_a_narrow_summary_keeps_its_words(tmp_path):
    (tmp_path / "houses.csv").write_text(HOUSES)
    data = read(tmp_path / "houses.csv", target="price")
    narrow = data.describe(60)
    assert max(map(len, narrow.splitlines())) <= 60
    assert narrow.split() == str(data).split()
