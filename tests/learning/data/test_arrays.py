"""Arrays come in with any shape and dtype of numbers; what may not says which cell and why."""

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trivium.learning.data import as_dataset
from trivium.learning.errors import DataError

X = np.arange(12.0).reshape(4, 3)


@given(
    hnp.arrays(
        st.one_of(hnp.boolean_dtypes(), hnp.integer_dtypes(), hnp.unsigned_integer_dtypes()),
        hnp.array_shapes(max_dims=4),
    )
)
def test_features_come_in_as_they_are(x):
    data = as_dataset(x)
    assert len(data) == len(x) and not data.is_table and data.target is None
    assert data.x.dtype == x.dtype
    np.testing.assert_array_equal(data.x, x)


@pytest.mark.parametrize(
    ("y", "dtype"),
    [
        (["a", "b", "c", "a"], "U"),
        (np.array(["a", "b", "c", "a"], dtype=object), "U"),
        (np.array([b"a", b"b", b"c", b"a"]), "U"),
        ([1, 2, 3, 4], "i"),
        (np.array([1, 2, 3, 4], dtype=np.uint8), "i"),
        (np.array([1, 2, 3, 4], dtype=object), "i"),
        ([True, False, True, True], "b"),
        (np.array([True, False, True, True], dtype=object), "b"),
        ([1.5, 2, 3, 4], "f"),
        (np.array([1.5, 2, 3, 4], dtype=np.float16), "f"),
        (np.array([1.5, 2, 3, 4], dtype=object), "f"),
        (np.ones((4, 2)), "f"),
        (np.ones((4, 2), dtype=int), "f"),
        ([["a"], ["b"], ["a"], ["b"]], "U"),
    ],
)
def test_targets_have_one_of_four_types(y, dtype):
    data = as_dataset((X, y))
    assert data.target.dtype.kind == dtype
    assert data.target.dtype.itemsize == 8 or dtype in "Ub"
    np.testing.assert_array_equal(
        data.y, np.asarray(y, dtype=data.y.dtype).reshape(data.y.shape)
    )
    assert data.target_name == "y"


def test_lists_and_foreign_arrays():
    class Foreign:
        def __array__(self, dtype=None, copy=None):
            return X

    for x in (X.tolist(), tuple(map(tuple, X.tolist())), Foreign()):
        pair = (list(x) if isinstance(x, tuple) else x, [1, 2, 3, 4])
        np.testing.assert_array_equal(as_dataset(pair).x, X)


def broken(value: float) -> np.ndarray:
    x = X.copy()
    x[2, 1] = value
    return x


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (broken(np.nan), r"x\[2, 1\] \(row 2, column 1\) is NaN; 1 entry of 12"),
        (broken(np.inf), r"x\[2, 1\] .*infinite"),
        (np.full((2, 2, 2), np.nan), r"x\[0, 0, 0\] \(row 0\) is NaN; 8 entries"),
        (np.ones((0, 3)), r"no rows \(shape \(0, 3\)\)"),
        ([], "no rows"),
        (np.ones((3, 0)), r"without any entry \(\(3, 0\)\)"),
        (np.float64(3), "one entry for each"),
        ("abc", "name, not data"),
        (None, "no data"),
        ([[1, 2], [3]], "row 0 has 2 entries, row 1 has 1"),
        ([[1, 2], 3], "differ"),
        ([[1, "b"], [3, 4]], r"x\[0, 1\] \(row 0, column 1\) is 'b', of type str"),
        (np.array([["1", "2"]]), r"x\[0, 0\] .*'1'.*dataframe"),
        (np.array([[1, None]], dtype=object), r"x\[0, 1\] .*missing"),
        (np.array([[1, {}]], dtype=object), "of type dict"),
        (np.array([1 + 2j]), "complex.*x.real"),
        (np.array([[1, 2j]], dtype=object), "complex"),
        (np.array(["2020-01-01"], dtype="M8[D]"), "dates"),
        (np.array([1], dtype="m8[s]"), "durations"),
        (np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]), "records"),
        (scipy.sparse.eye(3), r"sparse.*toarray"),
        (np.ma.array([1.0, 2.0], mask=[0, 1]), "masked array with 1 masked cell"),
        ({"a": [1, 2]}, "dictionary"),
        ([10**400, 1], "float64"),
    ],
)
def test_features_that_are_refused(x, said):
    with pytest.raises(DataError, match=said):
        as_dataset(x)


@pytest.mark.parametrize(
    ("y", "said"),
    [
        ([1, 2, 3], r"x has 4 rows, but y has 3 \(shape \(3,\)\)"),
        (np.ones((4, 2, 2)), r"shape \(4, 2, 2\)"),
        (np.ones((4, 0)), "at least one column"),
        ([1.0, np.nan, 2, 3], r"y\[1\] \(row 1\) is NaN"),
        ([1, None, 2, 3], r"y\[1\] .*missing"),
        (["a", None, "b", "a"], r"y\[1\] is missing, but y\[0\] is the text 'a'"),
        (np.array(["a", 3, "b", "a"], dtype=object), "all text or all numbers"),
        (np.ones(4) * 1j, "complex"),
        ([["a", "b"]] * 4, "one label for each row"),
        (None, "no y"),
        (7, r"y is 7 \(int\): an array with one entry for each"),
        (np.array([2**64 - 1] * 4, dtype=np.uint64), "64-bit"),
    ],
)
def test_targets_that_are_refused(y, said):
    with pytest.raises(DataError, match=said):
        as_dataset((X, y))


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        ([1, 2, 3], r"shape \(3,\).*4 rows"),
        ([1, -2, 3, 4], r"\[1\] is -2"),
        ([1, np.nan, 3, 4], "NaN"),
        ([0, 0, 0, 0], "zero for all"),
        (list("abcd"), "real number"),
        ([[1], [1], [1], [1]], "shape"),
    ],
)
def test_weights_that_are_refused(weight, said):
    with pytest.raises(DataError, match=said):
        as_dataset((X, [1, 2, 3, 4]), sample_weight=weight)


@pytest.mark.parametrize(
    ("data", "target", "said"),
    [
        ((X, X, X), None, "3.*sample_weight"),
        ((X,), None, "has 1"),
        ((X, [1, 2, 3, 4]), "y", "target already"),
        (X, "price", "no named columns"),
    ],
)
def test_what_is_no_pair(data, target, said):
    with pytest.raises(DataError, match=said):
        as_dataset(data, target)


def test_an_array_as_target():
    np.testing.assert_array_equal(as_dataset(X, target=[1, 2, 3, 4]).target, [1, 2, 3, 4])


def test_a_dataset_passes_through():
    data = as_dataset((X, [1, 2, 3, 4]))
    assert as_dataset(data) is data
    weighted = as_dataset(data, sample_weight=[1, 2, 3, 4])
    assert weighted.weight.tolist() == [1, 2, 3, 4]
    with pytest.raises(DataError, match="no column|without named columns"):
        as_dataset(data, target="z")
