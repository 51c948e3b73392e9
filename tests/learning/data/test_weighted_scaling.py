"""Weights count rows: an encoder fitted with weight k is one fitted with the row k times."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivium.learning.data import Encoder, as_dataset
from trivium.learning.data.scaling import centre_and_spread


@given(
    rows=st.lists(
        st.tuples(st.floats(-1e6, 1e6), st.integers(0, 4)), min_size=1, max_size=30
    ).filter(lambda rows: any(count for _, count in rows))
)
def test_a_weight_is_a_number_of_copies(rows: list[tuple[float, int]]) -> None:
    values = np.array([value for value, _ in rows])
    counts = np.array([count for _, count in rows])
    weighted = centre_and_spread(values, counts.astype(float))
    repeated = centre_and_spread(np.repeat(values, counts))
    np.testing.assert_allclose(weighted[0], repeated[0], rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(weighted[1], repeated[1], rtol=1e-7, atol=1e-9)


def test_huge_weights_do_not_overflow() -> None:
    centre, spread = centre_and_spread(np.array([0.0, 2.0]), np.array([1e308, 1e308]))
    assert (float(centre), float(spread)) == (1.0, 1.0)


@pytest.mark.parametrize("named", [False, True])
def test_the_encoder_scales_features_and_target_by_weight(named: bool) -> None:
    x = np.array([[0.0, 1.0], [1.0, 5.0], [4.0, 2.0], [100.0, -50.0]])
    y = np.array([0.5, 1.5, 4.0, 1e6])
    counts = np.array([1, 3, 2, 0])

    def fitted(rows: np.ndarray, target: np.ndarray, weight: np.ndarray | None) -> Encoder:
        features = pd.DataFrame(rows, columns=["a", "b"]) if named else rows
        return Encoder.fit(as_dataset((features, target), sample_weight=weight), "regression")

    weighted = fitted(x, y, counts)
    repeated = fitted(np.repeat(x, counts, axis=0), np.repeat(y, counts), None)
    probe = as_dataset((x[:3], y[:3]))
    mine, theirs = weighted.transform(probe), repeated.transform(probe)
    np.testing.assert_allclose(mine.x, theirs.x, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(mine.y, theirs.y, rtol=1e-12, atol=1e-12)


@given(
    rows=st.lists(
        st.tuples(st.floats(-1e6, 1e6), st.integers(0, 4)), min_size=1, max_size=30
    ).filter(lambda rows: any(count for _, count in rows))
)
def test_a_missing_number_becomes_the_weighted_median(rows: list[tuple[float, int]]) -> None:
    values = np.array([np.nan, *(value for value, _ in rows)])
    counts = np.array([1, *(count for _, count in rows)])
    table = as_dataset(
        (pd.DataFrame({"a": values}), np.arange(len(values)) / 3),
        sample_weight=counts,
        training=False,
    )
    fitted = Encoder.fit(table, "regression", scale=False)
    expected = np.median(np.repeat(values[1:], counts[1:]))
    assert fitted.transform(table).x[0].tolist() == [expected, 1.0]


def test_a_part_in_which_no_row_counts_is_counted_as_if_all_did() -> None:
    x, y = np.array([[0.0], [2.0], [4.0], [6.0]]), np.array([1.0, 2.5, 3.0, 4.0])
    data = as_dataset((x, y), sample_weight=[0, 0, 1, 1]).take([0, 1])
    assert Encoder.fit(data).transform(data).x.tolist() == [[-1.0], [1.0]]
