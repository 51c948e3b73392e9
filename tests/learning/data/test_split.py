"""A split partitions the rows, keeps every class's share, and depends on the seed alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from trivium.learning.data import as_dataset, load
from trivium.learning.data.splitting import permutation
from trivium.learning.errors import DataError

LABELS = st.integers(2, 5).flatmap(
    lambda k: st.lists(st.integers(0, k - 1), min_size=2 * k, max_size=60).map(
        lambda y: [*range(k), *range(k), *y]
    )
)


def numbered(y) -> object:
    """A dataset whose x is the row's number, so that parts can be traced."""
    return as_dataset((np.arange(len(y)), y))


@given(n=st.integers(2, 200), test=st.floats(0.01, 0.99), seed=st.integers(0, 2**64))
def test_the_parts_hold_every_row_once(n, test, seed):
    train, held = numbered(np.arange(n) * 0.5).split(test=test, seed=seed)
    rows = np.concatenate([train.x, held.x])
    assert sorted(rows.tolist()) == list(range(n))
    assert len(held) == min(max(round(test * n), 1), n - 1) or abs(len(held) - test * n) <= 1
    np.testing.assert_array_equal(held.target, held.x * 0.5)


@given(y=LABELS, test=st.floats(0.3, 0.7), seed=st.integers(0, 99))
def test_every_class_has_its_share_within_a_row(y, test, seed):
    data = numbered(np.array(y))
    k = len(set(y))
    if min(round(test * len(y)), len(y) - round(test * len(y))) < k:
        return
    train, held = data.split(test=test, seed=seed, stratify=True)
    counts = np.bincount(y, minlength=k)
    got = np.bincount(held.target, minlength=k)
    assert got.sum() == len(held)
    share = counts * len(held) / len(y)
    if (share >= 1).all() and (share <= counts - 1).all():
        assert ((got >= np.floor(share)) & (got <= np.ceil(share))).all()
    assert (got >= 1).all() and (np.bincount(train.target, minlength=k) >= 1).all()


@pytest.mark.parametrize("name", ["iris", "wine", "digits", "breast_cancer"])
def test_the_shares_are_those_of_scikit_learn(name):
    data = load(name)
    _, held = data.split(test=0.25, seed=3)
    _, other = train_test_split(
        data.target, test_size=len(held), stratify=data.target, random_state=3
    )
    classes = np.unique(data.target)
    mine = [int((held.target == label).sum()) for label in classes]
    theirs = [int((other == label).sum()) for label in classes]
    assert np.abs(np.subtract(mine, theirs)).max() <= 1


def test_the_same_seed_gives_the_same_parts_for_ever():
    """Words of Philox are guaranteed by NumPy, so this order may never change."""
    assert permutation(10, 0).tolist() == [0, 8, 9, 3, 7, 5, 1, 2, 6, 4]
    first, again = load("iris").split(seed=5), load("iris").split(seed=5)
    assert [part.sha256 for part in first] == [part.sha256 for part in again]
    assert load("iris").split(seed=6)[0].sha256 != first[0].sha256


@given(st.integers(0, 500), st.integers(0, 2**70))
def test_a_permutation_has_every_number_once(n, seed):
    assert sorted(permutation(n, seed).tolist()) == list(range(n))


def test_a_count_is_a_count():
    train, held = load("iris").split(test=30)
    assert (len(train), len(held)) == (120, 30)
    assert np.unique(held.target, return_counts=True)[1].tolist() == [10, 10, 10]


def test_a_quantity_is_not_stratified():
    data = numbered(np.arange(40) * 0.25)
    assert data.split(test=0.5)[0].source == data.split(test=0.5, stratify="auto")[0].source
    train, _ = numbered(np.arange(100) + 1000).split()
    assert len(train) == 80


@pytest.mark.parametrize("y", [["a"] * 9 + ["b"], [0] * 9 + [1]])
def test_a_class_with_one_example_names_it(y):
    with pytest.raises(DataError, match=r"class ('b'|1) has one example \(row 9"):
        numbered(y).split()
    train, held = numbered(y).split(stratify=False)
    assert len(train) + len(held) == 10


def test_a_part_too_small_for_every_class():
    with pytest.raises(DataError, match="cannot hold all 3 classes"):
        load("iris").split(test=2)
    with pytest.raises(DataError, match="cannot hold all 3 classes"):
        load("iris").split(test=148)


@pytest.mark.parametrize("test", [0, 1.0, -0.1, 1.5, 150, -3, True, "0.2", None, float("nan")])
def test_a_part_that_would_be_empty_is_refused(test):
    with pytest.raises(DataError, match="test"):
        load("iris").split(test=test)


@pytest.mark.parametrize("seed", [-1, 1.5, "0", None, True])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(DataError, match="seed"):
        load("iris").split(seed=seed)


def test_one_row_cannot_be_split():
    with pytest.raises(DataError, match="1 row cannot be split"):
        as_dataset(np.ones((1, 3))).split()


def test_insisting_on_strata_needs_labels():
    with pytest.raises(DataError, match="several targets"):
        numbered(np.ones((6, 2))).split(stratify=True)
    with pytest.raises(DataError, match="no target"):
        as_dataset(np.ones((6, 2))).split(stratify=True)
    with pytest.raises(DataError, match="stratify"):
        load("iris").split(stratify="yes")


def test_take_selects_rows_in_order():
    data = numbered(np.arange(10) * 1.5)
    assert data.take([3, 1, 1]).x.tolist() == [3, 1, 1]
    assert data.take(np.arange(10) % 2 == 0).target.tolist() == [0, 3, 6, 9, 12]
    assert len(data.take([])) == 0


@pytest.mark.parametrize("rows", [[10], [-1], [0.5], "abc", [[1]], [True], None, [None]])
def test_take_refuses_what_is_no_row(rows):
    with pytest.raises(DataError):
        numbered(np.arange(10) * 1.5).take(rows)


def test_weights_follow_their_rows():
    data = as_dataset((np.arange(20), np.arange(20) * 0.5), sample_weight=np.arange(20) + 1.0)
    for part in data.split(test=0.3):
        np.testing.assert_array_equal(part.weight, part.x + 1)


def test_a_dataset_never_changes():
    x, y = np.ones((4, 2)), np.array([0.5, 1.5, 2.5, 3.5])
    data = as_dataset((x, y))
    x[0, 0], y[0] = 9, 9
    assert data.x[0, 0] == 1 and data.y[0] == 0.5
    for array in (data.x, data.y):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 3
    with pytest.raises(AttributeError):
        data.name = "other"
