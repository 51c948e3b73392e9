"""A delimited text is read as Python's csv module reads it, with every row's line."""

import csv
import io

import numpy as np
import pandas
import polars
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from trivium.learning.data.delimited import parse_table
from trivium.learning.data.records import find_records, sniff_delimiter
from trivium.learning.errors import DataError

ANY_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8
)
NASTY = st.text(st.sampled_from("ab1,;\t|\"\n\r 'é–"), max_size=6)
CELL = st.one_of(NASTY, ANY_TEXT)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 5))
    row = st.lists(CELL, min_size=width, max_size=width)
    rows = draw(st.lists(row, min_size=1, max_size=8))
    assume(width > 1 or rows[0][0].strip(" \t") or not rows[0][0])  # blanks are no header
    return rows


def written(rows: list[list[str]], **form: object) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, **form).writerows(rows)
    return buffer.getvalue().encode()


@given(
    rows=tables(),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
)
def test_what_the_csv_module_writes_reads_back_identical(rows, delimiter, quoting):
    data = written(rows, delimiter=delimiter, quoting=quoting, lineterminator="\r\n")
    table = parse_table(data, "t.csv", delimiter)
    assert [table.names, *map(list, table.cells.rows())] == rows


@given(rows=tables(), delimiter=st.sampled_from(",;\t|"))
def test_each_row_begins_on_the_line_that_csv_counts(rows, delimiter):
    data = written(rows, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    # Inside quotes a lone CR is no line break here; make csv count LF alone as well.
    data = data.replace(b"\r", b" ")
    reader = csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter)
    starts, previous = [], 0
    for _ in reader:
        starts.append(previous + 1)
        previous = reader.line_num
    assert parse_table(data, "t.csv", delimiter).lines.tolist() == starts[1:]


@given(st.binary(max_size=60).map(lambda raw: raw.replace(b"\0", b"")), st.sampled_from(",;"))
def test_any_bytes_are_a_table_or_a_data_error(raw, delimiter):
    text = raw.decode("latin-1").encode()
    try:
        table = parse_table(text, "t.csv", delimiter)
    except DataError as error:
        assert "t.csv" in str(error)
    else:
        assert table.cells.shape == (len(table.lines), len(table.names))


@given(st.text(st.sampled_from('a1,"\n \r'), max_size=30))
@example(' \r" "')
def test_short_texts_are_read_as_the_csv_module_reads_them(text):
    """Whatever is accepted agrees with csv in strict mode (blank lines left out)."""
    try:
        table = parse_table(text.encode(), "t.csv", ",")
    except DataError:
        return
    spaced = ', "' in text and not find_records(text.encode(), ",").regular
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=spaced)
    rows = [row for row in reader if row]
    wide = len(table.names) > 1
    rows = [row for row in rows if len(row) > 1 or not wide or row[0].strip()]
    # Before the header of a single column blank lines are left out; a quoted blank is a name.
    if not wide:
        while len(rows) > 1 + table.cells.height and not rows[0][0].strip():
            rows.pop(0)
    assert [table.names, *map(list, table.cells.rows())] == rows


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_every_line_ending_with_and_without_a_last_one(end, last):
    data = end.join(["a,b", "1,2", "", "3,4"]) + end * last
    table = parse_table(data.encode(), "t.csv")
    assert table.names == ["a", "b"]
    assert table.cells.rows() == [("1", "2"), ("3", "4")]
    assert table.lines.tolist() == [2, 4]


def test_quoted_line_breaks_belong_to_the_field_and_count_as_lines():
    data = b'a,b\n1,"x\n\ny"\n2,"say ""hi"""\n'
    table = parse_table(data, "t.csv")
    assert table.cells.rows() == [("1", "x\n\ny"), ("2", 'say "hi"')]
    assert table.lines.tolist() == [2, 5]


def test_a_quote_inside_an_unquoted_field_is_a_character():
    table = parse_table(b'size,price\n5" pipe,1\n"6"" pipe",2\n', "t.csv")
    assert table.cells.rows() == [('5" pipe', "1"), ('6" pipe', "2")]


def test_blanks_after_the_delimiter_before_a_quote():
    table = parse_table(b'a, b\n1, "x, y"\n2, "z"\n', "t.csv")
    assert table.cells.rows() == [("1", "x, y"), ("2", "z")]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b,c\n1,2,3\n", ","),
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";"),
        ("1,5;2,5\n3,5;4,5\n", ";"),
        ("a\tb\n1,2\t3\n", "\t"),
        ("a|b|c\n1|2|3\n", "|"),
        ('"a,x";b\n1;2\n', ";"),
        ("name,comment\nx,a;b;c\ny,d\n", ","),
        ("only\n1\n2\n", ","),
        ("only\n1,5\n2,5\n", ","),
    ],
)
def test_the_delimiter_is_the_one_that_every_line_agrees_on(text, delimiter):
    assert sniff_delimiter(text.encode()) == (delimiter, 0)


def test_the_line_that_spreadsheets_write_first():
    table = parse_table(b"sep=;\r\na;b\r\n1;2,5\r\n", "t.csv")
    assert table.names == ["a", "b"]
    assert table.cells.rows() == [("1", "2,5")]
    assert (table.header_line, table.lines.tolist()) == (2, [3])


def test_names_for_a_file_without_header():
    table = parse_table(b"1,2\n3,4\n", "t.csv", names=["a", "b"])
    assert table.cells.rows() == [("1", "2"), ("3", "4")]
    assert table.lines.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a,b\n1,2\n3,4,5\n6,7\n", ["line 3", "3 fields", "2 columns", "line 1"]),
        (b"a,b\n1,2\n\n3\n4\n", ["line 4", "1 field,", "2 lines"]),
        (b"a,b\n1,2,3\n4,5,6\n", ["every row has 3 fields", "first column", "header"]),
        (b'a,b\n1,"x\n2,3\n', ["line 2", "never closes"]),
        (b'a,b\n1,2\n3,"x"y\n', ["line 3", "closing quote"]),
        (b"\n  \n", ["empty"]),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(data, said):
    with pytest.raises(DataError) as caught:
        parse_table(data, "t.csv")
    for words in ["t.csv", *said]:
        assert words in str(caught.value)


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "é", "\r"])
def test_a_delimiter_is_one_ascii_character(delimiter):
    with pytest.raises(DataError, match="delimiter"):
        parse_table(b"a,b\n1,2\n", "t.csv", delimiter)


def test_a_large_table_agrees_with_pandas_and_polars():
    random = np.random.default_rng(0)
    rows = [["x", "word", "note"]]
    for i in range(5_000):
        number = repr(float(random.normal() * 10.0 ** random.integers(-9, 9)))
        rows.append([number, f"w{i % 7}", f'line one\nsays "{i}", twice'])
    data = written(rows, lineterminator="\n")
    table = parse_table(data, "t.csv")
    oracle = pandas.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False)
    assert table.cells.to_series(2).to_list() == oracle["note"].tolist()
    other = polars.read_csv(data, infer_schema=False)
    assert table.cells.to_series(0).to_list() == other["x"].to_list()
    assert table.lines.tolist() == list(range(2, 2 + 2 * 5_000, 2))


def test_a_field_longer_than_the_csv_modules_limit():
    limit = csv.field_size_limit()
    long = "x" * (limit + 1)
    table = parse_table(f'a,b\n5" pipe,{long}\n'.encode(), "t.csv")
    assert table.cells.rows() == [('5" pipe', long)]
    assert csv.field_size_limit() == limit
