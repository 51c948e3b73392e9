"""What a model sees: scikit-learn's numbers, learned on the training part alone."""

import json

import numpy as np
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from trivium.learning.data import Encoder, as_dataset, load
from trivium.learning.errors import DataError

FLOATS = st.floats(-1e6, 1e6)


def frame(**columns) -> pandas.DataFrame:
    return pandas.DataFrame(columns)


def encoded(data, part=None, **options):
    return Encoder.fit(data, **options).transform(part if part is not None else data)


@pytest.mark.parametrize("name", ["iris", "wine", "digits", "breast_cancer", "diabetes"])
def test_numbers_are_those_of_standard_scaler(name):
    train, test = load(name).split(test=0.3, seed=1)
    encoder = Encoder.fit(train)
    scaler = StandardScaler().fit(train.x)
    for part in (train, test):
        expected = scaler.transform(part.x)
        expected[:, scaler.var_ == 0] = 0  # a constant column teaches nothing
        np.testing.assert_allclose(encoder.transform(part).x, expected, rtol=1e-9, atol=1e-12)


def test_missing_numbers_are_the_training_median_and_marked():
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 2)) * [1, 100] + [5, -3]
    x[random.random((60, 2)) < 0.2] = np.nan
    data = as_dataset((pandas.DataFrame(x, columns=["a", "b"]), np.arange(60) * 0.5))
    imputer = SimpleImputer(strategy="median", add_indicator=True).fit(x)
    filled = imputer.transform(x)
    scaled = StandardScaler().fit_transform(filled[:, :2])
    got = encoded(data, task="regression")
    np.testing.assert_allclose(got.x[:, [0, 2]], scaled, rtol=1e-9)
    np.testing.assert_array_equal(got.x[:, [1, 3]], filled[:, 2:])
    names = Encoder.fit(data, "regression").feature_names
    assert list(names) == ["a", "a is missing", "b", "b is missing"]
    raw = encoded(data, task="regression", scale=False)
    np.testing.assert_allclose(raw.x[:, [0, 2]], filled[:, :2])


def test_categories_are_those_of_one_hot_encoder():
    words = np.array(["red", "green", "blue", "red"] * 6)
    y = np.arange(24) * 0.5
    data = as_dataset((frame(c=words), y))
    test = as_dataset(frame(c=["blue", "violet", "red", None]))
    oracle = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(words[:, None])
    encoder = Encoder.fit(data, "regression")
    np.testing.assert_array_equal(encoder.transform(data).x, oracle.transform(words[:, None]))
    got = encoder.transform(test, need_target=False)
    expected = oracle.transform(np.array([["blue"], ["violet"], ["red"], ["?"]], dtype=object))
    np.testing.assert_array_equal(got.x, expected)
    assert got.unseen == {"c": 2} and got.y is None
    assert list(encoder.feature_names) == ["c=blue", "c=green", "c=red"]


def test_a_missing_category_seen_in_training_is_a_level():
    data = as_dataset((frame(c=["a", None, "b", "a"] * 3), np.arange(12) * 0.5))
    encoder = Encoder.fit(data, "regression")
    assert list(encoder.feature_names) == ["c=a", "c=b", "c is missing"]
    got = encoder.transform(as_dataset(frame(c=[None, "z"])), need_target=False)
    assert got.x.tolist() == [[0, 0, 1], [0, 0, 0]] and got.unseen == {"c": 1}


def test_truth_values_are_zero_and_one_and_missing_ones_the_more_frequent():
    flags = pandas.array([True, True, False, None] * 3, dtype="boolean")
    data = as_dataset((pandas.DataFrame({"f": flags}), np.arange(12) * 0.5))
    got = encoded(data, task="regression")
    assert got.x[:4].tolist() == [[1, 0], [1, 0], [0, 0], [1, 1]]


def test_beyond_fifty_levels_the_rarest_share_a_column():
    words = [f"w{i:02d}" for i in range(60) for _ in range(3 if i < 50 else 1)]
    data = as_dataset((frame(c=words), np.arange(len(words)) * 0.5))
    encoder = Encoder.fit(data, "regression")
    assert len(encoder.feature_names) == 51 and encoder.feature_names[50] == "c is another"
    x = encoder.transform(data).x
    assert (x.sum(axis=1) == 1).all() and x[:, 50].sum() == 10
    got = encoder.transform(as_dataset(frame(c=["w55", "new"])), need_target=False)
    assert got.x[:, 50].tolist() == [1, 1] and got.unseen == {"c": 1}


def test_only_the_training_part_is_learned():
    train, test = load("pokemon").split(test=0.3)
    encoder = Encoder.fit(train)
    before = json.dumps(encoder.to_dict())
    encoder.transform(test)
    assert json.dumps(encoder.to_dict()) == before
    assert abs(encoder.transform(train).x[:, 10:].mean(axis=0)).max() < 1e-12
    assert abs(encoder.transform(test).x[:, 10:].mean(axis=0)).max() > 1e-3


def test_levels_that_only_the_test_part_has_get_no_column():
    data = as_dataset((frame(c=["a", "b", "a", "b", "z"]), [1.5, 2.5, 3.5, 4.5, 5.5]))
    encoder = Encoder.fit(data.take([0, 1, 2, 3]), "regression")
    assert list(encoder.feature_names) == ["c=a", "c=b"]
    assert encoder.transform(data.take([4])).unseen == {"c": 1}


def test_labels_are_codes_in_sorted_order():
    for labels, classes in [
        (["b", "a", "c", "b"], ["a", "b", "c"]),
        ([3, -1, 3, 7], [-1, 3, 7]),
        ([True, False, True, True], [False, True]),
    ]:
        data = as_dataset((np.arange(4), labels))
        encoder = Encoder.fit(data, "classification")
        got = encoder.transform(data).y
        assert encoder.classes == classes and encoder.n_outputs == len(classes)
        assert got.dtype == np.int64
        back = encoder.decode_target(got)
        assert back.tolist() == labels and back.dtype == data.target.dtype


def test_quantities_come_back_in_their_units():
    y = np.array([[100.0, 5], [300, 5], [500, 8]])
    data = as_dataset((np.arange(3), y))
    encoder = Encoder.fit(data)
    assert encoder.n_outputs == 2 and encoder.classes is None
    scaled = encoder.transform(data).y
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=0), 1)
    np.testing.assert_allclose(encoder.decode_target(scaled), y)
    raw = Encoder.fit(data, scale=False)
    np.testing.assert_array_equal(raw.transform(data).y, y)


def test_one_target_in_a_column_is_one_target():
    data = as_dataset((np.arange(4), np.array([[1.5], [2.5], [0.5], [4.5]])))
    assert data.target.shape == (4,) and Encoder.fit(data).n_outputs == 1


@given(
    hnp.arrays(np.float64, st.tuples(st.integers(2, 20), st.integers(1, 3)), elements=FLOATS)
)
def test_standardising_has_mean_zero_and_deviation_one_or_zero(x):
    got = encoded(as_dataset((x, np.arange(len(x)) * 0.5)), task="regression").x
    spread = x.max(axis=0) - x.min(axis=0)
    clear = spread > 1e-6 * np.maximum(1e-300, np.abs(x).max(axis=0))
    np.testing.assert_allclose(got.mean(axis=0), 0, atol=1e-8)
    np.testing.assert_allclose(got.std(axis=0)[clear], 1, rtol=1e-6)
    assert (got[:, spread == 0] == 0).all()


@pytest.mark.parametrize(
    "values",
    [
        [1e308, -1e308, 1.7e308, 0.0],
        [1e-307, 3e-307, 2e-307, 5e-307],
        [1e-200, 3e-200, 2e-200, 5e-200],
        [1.7e9 + 1, 1.7e9, 1.7e9 + 2, 1.7e9 + 5],
    ],
)
def test_tiny_and_huge_values_are_safe(values):
    from fractions import Fraction

    x = np.array(values)
    got = encoded(as_dataset((x, [1.5, 2.5, 3.5, 4.5]))).x
    exact = [Fraction(value) for value in values]
    mean = sum(exact) / 4
    variance = sum((value - mean) ** 2 for value in exact) / 4
    scale = max(abs(value - mean) for value in exact)
    deviation = float(variance / scale**2) ** 0.5
    expected = [float((value - mean) / scale) / deviation for value in exact]
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    "x", [[0.1 + 0.2, 0.3, 0.3, 0.1 + 0.2], [1e16, 1e16 + 2, 1e16, 1e16], [5e-324, 0.0, 0, 0]]
)
def test_rounding_noise_is_a_constant(x):
    x = np.array(x)
    assert (encoded(as_dataset((x, [1.5, 2.5, 3.5, 4.5]))).x == 0).all()


def test_a_value_too_far_from_training_is_refused():
    train = as_dataset((np.array([0.0, 1e-300]), [1.5, 2.5]))
    with pytest.raises(DataError, match=r"x\[0\] .* too far"):
        Encoder.fit(train).transform(as_dataset(np.array([1e300])), need_target=False)


@pytest.mark.parametrize("shape", [(6,), (6, 3), (6, 2, 4), (6, 1, 2, 3)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", "int64", "bool"])
def test_arrays_of_any_shape_and_dtype(shape, dtype):
    x = (np.arange(np.prod(shape)).reshape(shape) % 5 % 2).astype(dtype)
    data = as_dataset((x, np.arange(6) * 0.5))
    plain = Encoder.fit(data, "regression", scale=False)
    got = plain.transform(data).x
    assert got.dtype == np.float64 and got.shape == shape and plain.shape == shape[1:]
    np.testing.assert_array_equal(got, x)
    assert encoded(data, task="regression").x.shape == shape


def test_names_of_array_features_are_made_when_asked():
    names = Encoder.fit(as_dataset((np.ones((2, 1000, 1000)), [1.5, 2.5])), scale=False)
    names = names.feature_names
    assert len(names) == 1_000_000
    assert (names[0], names[1001], names[-1]) == ("x[0, 0]", "x[1, 1]", "x[999, 999]")
    assert names[2:4] == ("x[0, 2]", "x[0, 3]")
    with pytest.raises(IndexError):
        names[1_000_000]
    flat = Encoder.fit(as_dataset((np.arange(6).reshape(2, 3), [1.5, 2.5]))).feature_names
    assert list(flat) == ["x[0]", "x[1]", "x[2]"]
    assert list(Encoder.fit(as_dataset(([1.0, 2.0], [1.5, 2.5]))).feature_names) == ["x"]


def test_columns_are_found_by_name():
    train = frame(a=[1.0, 2, 4, 3], c=list("uvuv"), y=[1.5, 2.5, 0.5, 3.5])
    encoder = Encoder.fit(as_dataset(train, target="y"))
    other = train[["y", "c", "a"]].assign(more="x")
    got = encoder.transform(as_dataset(other), need_target=False)
    np.testing.assert_array_equal(got.x, encoder.transform(as_dataset(train, target="y")).x)
    # The target is found among the columns of a table that was read without one.
    np.testing.assert_array_equal(
        encoder.transform(as_dataset(other)).y, encoder.transform(as_dataset(train, "y")).y
    )


def test_every_missing_column_is_named():
    encoder = Encoder.fit(load("wine"))
    table = frame(Alcohol=[1.0], ash=[2.0])
    with pytest.raises(DataError, match=r"'alcohol', 'malic_acid'.*Did you mean 'Alcohol'"):
        encoder.transform(as_dataset(table), need_target=False)


def test_columns_set_aside_in_one_table_serve_a_model_that_knows_them():
    train = frame(a=[1.0, 2, 4, 3], b=[0.0, 1, 0, 1], y=[1.5, 2.5, 0.5, 3.5])
    encoder = Encoder.fit(as_dataset(train, target="y"))
    test = as_dataset(train.assign(b=1.0), target="y")
    assert [column.name for column in test.set_aside] == ["b"]
    assert encoder.transform(test).x.shape == (4, 2)


@pytest.mark.parametrize(
    ("cells", "row"),
    [(["1", "2", "x"], 2), ([1.0, np.inf, 2.0], 1), (["a", "b", "c"], 0)],
)
def test_a_cell_of_the_wrong_type_is_named(cells, row):
    encoder = Encoder.fit(as_dataset(frame(a=[1.0, 2, 4], y=[1.5, 2.5, 0.5]), target="y"))
    with pytest.raises(DataError, match=f"row {row} .*'a'"):
        encoder.transform(as_dataset(frame(a=cells)), need_target=False)


def test_text_and_numbers_of_one_meaning_agree(tmp_path):
    from trivium.learning.data import read

    (tmp_path / "train.csv").write_text("zip,flag,n,y\n" + "".join(
        f"{z},{f},{n},{i}.5\n" for i, (z, f, n) in enumerate(
            [("007", "yes", 3), ("012", "no", 4), ("007", "yes", 5), ("x1", "no", 6)] * 3
        )
    ))  # fmt: skip
    encoder = Encoder.fit(read(tmp_path / "train.csv", target="y"))
    assert encoder.feature_names[:3] == ("zip=007", "zip=012", "zip=x1")
    (tmp_path / "new.csv").write_text("n,zip,flag\n03,007,1\n4,012,0\n")
    got = encoder.transform(read(tmp_path / "new.csv"), need_target=False)
    assert got.x[:, :4].tolist() == [[1, 0, 0, 1], [0, 1, 0, 0]] and not got.unseen
    same = frame(zip=["007", "012"], flag=[True, False], n=[3, 4])
    np.testing.assert_array_equal(
        encoder.transform(as_dataset(same), need_target=False).x, got.x
    )


def test_arrays_and_tables_take_each_others_place_in_order():
    iris = load("iris")
    encoder = Encoder.fit(iris)
    x = encoder.transform(as_dataset(iris.x), need_target=False).x
    np.testing.assert_array_equal(x, encoder.transform(iris).x)
    arrays = Encoder.fit(as_dataset((iris.x, iris.y)))
    np.testing.assert_allclose(arrays.transform(iris).x, x, rtol=1e-9, atol=1e-12)
    with pytest.raises(DataError, match=r"4 columns.*shape \(2, 3\)"):
        encoder.transform(as_dataset(np.ones((2, 3))), need_target=False)
    with pytest.raises(DataError, match=r"shape \(4,\).*shape \(3,\)"):
        arrays.transform(as_dataset(np.ones((2, 3))), need_target=False)


def test_a_class_that_training_did_not_have_is_named():
    train = as_dataset((np.arange(4), ["Yes", "No", "Yes", "No"]))
    encoder = Encoder.fit(train)
    with pytest.raises(DataError, match=r"row 1 .*'yes'.*Did you mean 'Yes'"):
        encoder.transform(as_dataset((np.arange(2), ["No", "yes"])))


def test_labels_of_one_meaning_agree():
    number = Encoder.fit(as_dataset((np.arange(4), [1, 2, 1, 2])))
    assert number.transform(as_dataset((np.arange(2), [2.0, 1.0]))).y.tolist() == [1, 0]
    text = Encoder.fit(as_dataset((np.arange(4), ["1", "2", "x", "1"])))
    assert text.transform(as_dataset((np.arange(2), [2, 1]))).y.tolist() == [1, 0]
    truth = Encoder.fit(as_dataset((np.arange(4), [True, False, True, True])))
    assert truth.transform(as_dataset((np.arange(2), [1, 0]))).y.tolist() == [1, 0]


@pytest.mark.parametrize("codes", [[2], [-1], [0.5], ["a"]])
def test_only_codes_decode_to_labels(codes):
    encoder = Encoder.fit(as_dataset((np.arange(4), list("abab"))))
    with pytest.raises(DataError, match="codes"):
        encoder.decode_target(np.array(codes))


@pytest.mark.parametrize(
    ("data", "task", "said"),
    [
        (as_dataset((np.ones((3, 2)), list("aaa"))), None, "one class only"),
        (as_dataset((np.ones((3, 2)), [1.5] * 3)), None, "nothing to learn"),
        (as_dataset((np.ones((1, 2)), [1.5])), None, "one sample"),
        (as_dataset((np.ones((3, 2)), list("aba"))), "regression", "needs numbers"),
        (as_dataset((np.ones((3, 2)), [1.5, 2.5, 1.5])), "classification", "class labels"),
        (as_dataset(np.ones((3, 2))), None, "no target"),
        (as_dataset((np.ones((3, 2)), [0.0, 1.0, 0.0])), None, "labels or a quantity"),
    ],
)
def test_what_cannot_be_learned(data, task, said):
    with pytest.raises(DataError, match=said):
        Encoder.fit(data, task)


def test_a_score_needs_a_target():
    encoder = Encoder.fit(load("iris"))
    with pytest.raises(DataError, match="no target 'species'"):
        encoder.transform(as_dataset(load("iris").x))
