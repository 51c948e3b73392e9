"""Indexing is NumPy's: the values, the shapes, the errors, and the transpose as derivative."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import trivium as tv

shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)


@st.composite
def entries(draw, size):
    """One entry that indexes one axis of ``size``."""
    kinds = ["slice", "slice", "mask"] + (["int", "array", "list", "numpy int"] if size else [])
    kind = draw(st.sampled_from(kinds))
    places = st.integers(-size, size - 1)
    if kind == "slice":
        bound = st.none() | st.integers(-size - 2, size + 2)
        step = st.none() | st.integers(-3, 3).filter(bool)
        return slice(draw(bound), draw(bound), draw(step))
    if kind == "int":
        return draw(places)
    if kind == "numpy int":
        return np.int32(draw(places))
    if kind == "list":
        return draw(st.lists(places, max_size=3))
    if kind == "mask":
        return draw(hnp.arrays(bool, size))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
    dtype = draw(st.sampled_from([np.int64, np.int32, np.int8]))
    return draw(hnp.arrays(dtype, shape, elements=places))


@st.composite
def keys(draw, shape):
    """A key with any mixture of entries, None and Ellipsis, and masks of several axes."""
    key, axis = [], 0
    count = draw(st.integers(0, len(shape)))
    hole = draw(st.integers(0, count)) if draw(st.booleans()) else None
    while axis < count:
        wide = draw(st.integers(1, 3)) if hole is None and axis + 3 <= count else 1
        if wide > 1 and draw(st.booleans()):
            key.append(draw(hnp.arrays(bool, shape[axis : axis + wide])))
            axis += wide
            continue
        size = shape[axis] if hole is None or axis < hole else shape[axis - count]
        if hole == axis and Ellipsis not in [e for e in key if e is Ellipsis]:
            key.append(Ellipsis)
        key.append(draw(entries(size)))
        axis += 1
    if hole is not None and not any(entry is Ellipsis for entry in key):
        key.append(Ellipsis)
    for _ in range(draw(st.integers(0, 2))):
        key.insert(draw(st.integers(0, len(key))), None)
    return key[0] if len(key) == 1 and draw(st.booleans()) else tuple(key)


def as_keys(key):
    """The key for NumPy, whose empty lists must be integers."""

    def one(entry):
        return np.asarray(entry, np.int64) if isinstance(entry, list) else entry

    return tuple(one(e) for e in key) if isinstance(key, tuple) else one(key)


@given(st.data())
def test_every_key_selects_what_numpy_selects(data):
    shape = data.draw(shapes)
    x = np.arange(np.prod(shape, dtype=int), dtype=float).reshape(shape)
    key = data.draw(keys(shape))
    try:
        expected = x[as_keys(key)]
    except IndexError:
        assume(False)  # shapes of index arrays that do not broadcast are tested below
    leaf = tv.tensor(x)
    result = leaf[key]
    assert result.shape == expected.shape
    np.testing.assert_array_equal(result.value, expected)
    weights = np.arange(1.0, expected.size + 1).reshape(expected.shape)
    pulled = tv.gradient((result * weights).sum(), leaf)
    scattered = np.zeros(shape)
    np.add.at(scattered, as_keys(key), weights)
    np.testing.assert_array_equal(pulled.value, scattered)


@given(st.data())
def test_keys_may_be_tensors_and_known_only_when_run(data):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    x = np.random.default_rng(0).normal(size=shape)
    size = shape[0]
    places = data.draw(hnp.arrays(np.int64, (3,), elements=st.integers(-size, size - 1)))
    leaf, index = tv.tensor(x), tv.variable(places)
    np.testing.assert_array_equal(leaf[index].value, x[places])
    np.testing.assert_array_equal(leaf[tv.tensor(places)].value, x[places])
    np.testing.assert_array_equal(leaf[..., None][index].value, x[..., None][places])
    mask = x > 0
    np.testing.assert_array_equal(leaf[leaf > 0].value, x[mask])
    if len(shape) > 1:
        other = data.draw(
            hnp.arrays(np.int64, (2, 1), elements=st.integers(-shape[1], shape[1] - 1))
        )
        both = leaf[index, tv.variable(other)]
        np.testing.assert_array_equal(both.value, x[places, other])


@pytest.mark.parametrize(
    "key",
    [
        np.s_[:, [0, 1], :, [0, 1]],
        np.s_[[0, 1], :, :, [0, 1]],
        np.s_[:, 0, :, [0, 1]],
        np.s_[0, :, [0, 1]],
        np.s_[0, [0, 1]],
        np.s_[[0, 1], None, 0],
        np.s_[:, [0, 1], None, [0, 1]],
        np.s_[..., [0, 1], 1:, 0],
        np.s_[[[0], [1]], :, [0, 1]],
        np.s_[1, 1, 1, 1],
        np.s_[::-1, ::-2],
        np.s_[5:1, None],
        np.s_[()],
        np.s_[...],
        np.s_[None, ..., None],
        np.s_[np.zeros(0, int)],
        np.s_[[]],
        np.s_[:, np.array([True, False, True]), :, np.arange(5) % 4 == 0],
        np.s_[np.ones((2, 3), bool), 1],
        np.s_[:, np.eye(3, 4, dtype=bool)],
        np.s_[0, :, np.ones(4, bool)],
        np.s_[..., np.ones(4, bool), 0],
        np.s_[0, ..., np.zeros(5, bool)],
        np.s_[None, 0, :, 1, ..., [0, 1]],
        np.s_[:, 0, 1, ..., [0, 1]],
    ],
    ids=str,
)
def test_where_the_new_axes_of_advanced_indexing_go(key):
    """Separated index arrays put their axes first, adjacent ones put them in place."""
    x = np.arange(120.0).reshape(2, 3, 4, 5)
    np.testing.assert_array_equal(tv.tensor(x)[key].value, x[key])


@pytest.mark.parametrize(
    ("key", "error", "words"),
    [
        (3, IndexError, r"index 3 lies outside axis 0 of shape \(3, 4\)"),
        (-4, IndexError, "index -4 lies outside"),
        ((0, 4), IndexError, "axis 1"),
        ((0, 0, 0), IndexError, "too many indices.*2 axes, but 3"),
        ((..., ...), IndexError, "one ellipsis"),
        ([0, 3], IndexError, "index 3 lies outside an axis of 3"),
        (np.array([-4]), IndexError, "index -4"),
        ((slice(None), [5]), IndexError, "index 5"),
        (np.ones(4, bool), IndexError, "mask of 4 entries"),
        (np.ones((3, 3), bool), IndexError, "mask of 3 entries cannot index axis 1"),
        (([0, 1], [0, 1, 2]), ValueError, "indexing: the shapes do not fit"),
        (1.5, TypeError, "1.5 is not an index"),
        ([0.5], TypeError, "must be integers or bool"),
        ("a", TypeError, "'a' is not an index"),
        (True, TypeError, "single bool"),
        (slice(0.5, 2), TypeError, "not a slice of integers"),
        (slice(None, None, 0), (TypeError, ValueError), "zero"),
    ],
    ids=str,
)
def test_keys_that_mean_nothing_say_why(key, error, words):
    x = tv.tensor(np.zeros((3, 4)))
    with pytest.raises(error, match=words) as caught:
        x[key]
    assert isinstance(caught.value, tv.TriviumError)


def test_indices_known_only_when_run_are_checked_then():
    """An index outside its axis must not spill into the next row."""
    x = tv.tensor(np.arange(12.0).reshape(3, 4))
    for row, column in [(0, 4), (0, -5), (3, 0), (-4, 0), (2**40, 0), (0, 2**40)]:
        first, second = tv.variable(np.array([row])), tv.variable(np.array([column]))
        with pytest.raises(IndexError, match="outside"):
            x[first, second].value
    good = x[tv.variable(np.array([-3, 2])), tv.variable(np.array([3, -4]))]
    np.testing.assert_array_equal(good.value, [3, 8])


def test_a_mask_that_depends_on_an_input_is_refused_with_advice():
    x = tv.input((3,), name="x")
    with pytest.raises(ValueError, match="'x'"):
        x[x > 0]
