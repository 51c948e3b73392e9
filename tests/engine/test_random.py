"""Random numbers: the published generator, independence of shapes, and the distributions."""

import itertools

import numpy as np
import pytest
from scipy import stats

import trivium as tv
from trivium.engine import host_random
from trivium.engine.primitives.random import draw, philox4x32, random_bits

FLOATS = ["float32", "float64"]
# A p-value below this is no accident: the seeds are fixed, so each test either always passes or
# never does.
SURELY_WRONG = 1e-4


def test_philox_gives_the_published_words():
    """Random123's kat_vectors: counter, key, output of philox4x32 with 10 rounds."""
    for counter, key, expected in [
        ("00000000 00000000 00000000 00000000", "00000000 00000000",
         "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
         "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
         "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ]:  # fmt: skip
        words = [np.array([int(word, 16)], np.uint64) for word in counter.split()]
        halves = tuple(int(word, 16) for word in key.split())
        found = " ".join(f"{int(word[0]):08x}" for word in philox4x32(words, halves))
        assert found == expected


def test_the_primitive_counts_as_documented():
    """The third vector again: 128-bit counter (offset low, stream high) and 64-bit key."""

    def signed(high, low):
        return np.array((high << 32) | low, np.uint64).view(np.int64)

    key = tv.tensor(np.array([signed(0x299F31D0, 0xA4093822), signed(0x03707344, 0x13198A2E)]))
    offset = tv.tensor(signed(0x85A308D3, 0x243F6A88))
    words = random_bits(key, offset, shape=(4,), dtype=np.dtype("int32")).value
    assert [f"{word & 0xFFFFFFFF:08x}" for word in words.tolist()] == [
        "d16cfe09", "94fdcceb", "5001e420", "24126ea1",
    ]  # fmt: skip
    wide = random_bits(key, offset, shape=(2,), dtype=np.dtype("int64")).value.view(np.uint64)
    assert [f"{word:016x}" for word in wide.tolist()] == [
        "94fdccebd16cfe09", "24126ea15001e420",
    ]  # fmt: skip


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_the_counter_carries_and_wraps(dtype):
    """A draw across 2³² and across 2⁶⁴ blocks is the draws of its blocks, one after another."""
    per_block = 16 // np.dtype(dtype).itemsize
    for start in (2**32 - 2, -2):
        together = draw((5, 6), start, 4 * per_block, np.dtype(dtype))
        apart = [draw((5, 6), start + i, per_block, np.dtype(dtype)) for i in range(4)]
        np.testing.assert_array_equal(together, np.concatenate(apart))


KEY = tv.random.key(11)
DRAWS = {
    "bits": lambda shape: tv.random.bits(KEY, shape),
    "bits32": lambda shape: tv.random.bits(KEY, shape, "int32"),
    "uniform": lambda shape: tv.random.uniform(KEY, shape),
    "uniform32": lambda shape: tv.random.uniform(KEY, shape, -1, 2, "float32"),
    "normal": lambda shape: tv.random.normal(KEY, shape),
    "normal32": lambda shape: tv.random.normal(KEY, shape, 3.0, 2.0, "float32"),
    "bernoulli": lambda shape: tv.random.bernoulli(KEY, shape, 0.3),
    "integers": lambda shape: tv.random.integers(KEY, shape, low=-3, high=9),
    "choice": lambda shape: tv.random.choice(KEY, 6, shape),
    "weighted": lambda shape: tv.random.choice(KEY, 3, shape, weights=[1, 2, 3]),
}


@pytest.mark.parametrize("name", DRAWS)
def test_element_i_depends_on_i_alone(name):
    long = DRAWS[name]((9001,)).value
    for shape in [(), (1,), (7,), (3, 5), (2, 3, 4), (0,), (4, 0)]:
        drawn = DRAWS[name](shape)
        assert drawn.shape == shape and drawn.value.dtype == long.dtype
        np.testing.assert_array_equal(drawn.value.reshape(-1), long[: drawn.size])


def test_equal_keys_give_equal_numbers_and_one_expression():
    assert tv.random.key(3) is tv.random.key(3)
    assert tv.random.normal(tv.random.key(3), (4,)) is tv.random.normal(tv.random.key(3), (4,))
    a = tv.random.uniform(tv.random.key(3), (100,)).value
    assert np.all(a != tv.random.uniform(tv.random.key(4), (100,)).value)
    assert np.all(a != tv.random.uniform(tv.random.key(-3), (100,)).value)


@pytest.mark.parametrize("seed", [0, 1, -1, 2**63 - 1, -(2**63), 2**63, 2**64 - 1])
def test_every_64_bit_seed_is_a_key(seed):
    key = tv.random.key(seed)
    assert key.shape == (2,) and key.dtype == tv.int64
    np.testing.assert_array_equal(key.value, host_random.key(seed))
    assert int(key.value[0]) % 2**64 == seed % 2**64


def test_derived_keys_are_distinct_from_each_other_and_from_draws():
    key = tv.random.key(0)
    keys = [tuple(row) for row in tv.random.split(key, 1000).value.tolist()]
    keys += [tuple(tv.random.fold_in(key, i).value.tolist()) for i in range(-500, 500)]
    keys += [tuple(row) for row in tv.random.bits(key, (1000, 2)).value.tolist()]
    words = [word for row in keys for word in row]
    assert len(set(words)) == len(words)
    left, right = tv.random.split(key)
    np.testing.assert_array_equal(left.value, keys[0])
    np.testing.assert_array_equal(right.value, keys[1])
    correlation = np.corrcoef(
        [tv.random.normal(each, (10_000,)).value for each in (key, left, right)]
    )
    assert np.max(np.abs(correlation - np.eye(3))) < 0.04


def test_folding_in_a_variable_draws_afresh_at_every_step():
    step = tv.variable(np.int64(0))
    drawn = tv.random.uniform(tv.random.fold_in(tv.random.key(7), step), (3,))
    first = drawn.value
    step.assign(1)
    second = drawn.value
    assert np.all(first != second)
    np.testing.assert_array_equal(
        second, tv.random.uniform(tv.random.fold_in(tv.random.key(7), 1), (3,)).value
    )


@pytest.mark.parametrize("dtype", FLOATS)
def test_uniform_fills_the_interval_evenly(dtype):
    drawn = tv.random.uniform(tv.random.key(1), (200_000,), dtype=dtype).value
    assert drawn.dtype == dtype and drawn.min() >= 0 and drawn.max() < 1
    assert stats.kstest(drawn.astype(float), "uniform").pvalue > SURELY_WRONG
    bits = 24 if dtype == "float32" else 53
    steps = drawn.astype(float) * 2.0**bits
    np.testing.assert_array_equal(steps, np.floor(steps))
    for place in range(bits):  # every bit of the significand is a fair coin
        heads = np.mean(np.floor(steps / 2.0**place) % 2)
        assert abs(heads - 0.5) < 4.5 * 0.5 / np.sqrt(drawn.size)
    moved = tv.random.uniform(tv.random.key(1), (200_000,), -3, 5, dtype).value
    assert stats.kstest(moved.astype(float), "uniform", (-3, 8)).pvalue > SURELY_WRONG


@pytest.mark.parametrize("dtype", FLOATS)
def test_uniform_never_gives_its_upper_bound(dtype):
    """In [1, 1 + 4ε) rounding would give the bound an eighth of the time; it is even here."""
    eps = float(np.finfo(dtype).eps)
    drawn = tv.random.uniform(tv.random.key(2), (40_000,), 1, 1 + 4 * eps, dtype).value
    steps, counts = np.unique((drawn.astype(float) - 1) / eps, return_counts=True)
    np.testing.assert_array_equal(steps, [0, 1, 2, 3])
    assert stats.chisquare(counts).pvalue > SURELY_WRONG
    only = tv.random.uniform(tv.random.key(2), (1000,), 1, 1 + eps, dtype).value
    assert np.all(only == 1)


@pytest.mark.parametrize("dtype", FLOATS)
def test_normal_is_normal(dtype):
    drawn = tv.random.normal(tv.random.key(3), (200_000,), dtype=dtype).value
    assert drawn.dtype == dtype and np.all(np.isfinite(drawn))
    wide = drawn.astype(float)
    assert stats.kstest(wide, "norm").pvalue > SURELY_WRONG
    assert stats.kstest(wide[0::2], "norm").pvalue > SURELY_WRONG  # the cosines alone
    assert abs(np.corrcoef(wide[0::2] ** 2, wide[1::2] ** 2)[0, 1]) < 0.015
    n = len(wide)
    for moment, expected, variance in [(1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)]:
        assert abs(np.mean(wide**moment) - expected) < 4.5 * np.sqrt(variance / n)
    moved = tv.random.normal(tv.random.key(3), (200_000,), 5.0, 0.5, dtype).value
    np.testing.assert_allclose(moved, 5 + 0.5 * drawn, rtol=1e-6)


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_most_extreme_bits_give_finite_numbers_in_range(dtype, monkeypatch):
    for word in ("zeros", "ones", "lowest", "highest"):

        def extreme(key, shape, kind, word=word):
            info = np.iinfo(kind)
            value = {"zeros": 0, "ones": -1, "lowest": info.min, "highest": info.max}[word]
            return tv.tensor(np.full(shape, value, kind))

        monkeypatch.setattr(tv.random, "_bits", extreme)
        normal = tv.random.normal(KEY, (4,), dtype=dtype).value
        assert np.all(np.isfinite(normal)) and np.max(np.abs(normal)) < 9.5
        fraction = tv.random.uniform(KEY, (4,), dtype=dtype).value
        assert np.all((fraction >= 0) & (fraction < 1))
        assert not tv.random.bernoulli(KEY, (4,), 0.0, dtype).value.any()
        assert tv.random.bernoulli(KEY, (4,), 1.0, dtype).value.all()
        assert 2 <= tv.random.integers(KEY, (), low=2, high=5).item() < 5
        picked = tv.random.choice(KEY, 3, (4,), weights=np.array([0, 0.1, 0], dtype)).value
        assert np.all(picked == 1)


def test_draws_have_gradients_along_their_parameters():
    """With fixed bits x = μ + σ z, so ∂Σx/∂μ = n and ∂Σx/∂σ = Σz."""
    key, mean, std = tv.random.key(4), tv.tensor(1.0), tv.tensor(2.0)
    drawn = tv.random.normal(key, (6,), mean, std)
    along_mean, along_std = tv.gradient(drawn.sum(), [mean, std])
    assert along_mean.item() == 6
    z = tv.random.normal(key, (6,)).value
    np.testing.assert_allclose(along_std.value, z.sum(), rtol=1e-12)
    low, high = tv.tensor(0.0), tv.tensor(3.0)
    drawn = tv.random.uniform(key, (6,), low, high)
    u = tv.random.uniform(key, (6,)).value
    along_low, along_high = tv.gradient(drawn.sum(), [low, high])
    np.testing.assert_allclose([along_low.value, along_high.value], [6 - u.sum(), u.sum()])


@pytest.mark.parametrize("dtype", FLOATS)
def test_bernoulli_has_its_probability(dtype):
    probability = np.array([0.0, 0.01, 0.5, 0.9, 1.0])
    drawn = tv.random.bernoulli(tv.random.key(5), (50_000, 5), probability, dtype).value
    assert drawn.dtype == bool
    spread = np.sqrt(probability * (1 - probability) / len(drawn))
    assert np.all(np.abs(drawn.mean(axis=0) - probability) <= 4.5 * spread)


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0, 2), (-3, 4), (0, 1000), (-(2**40), 2**40)]
)
def test_integers_are_even_on_their_range(low, high):
    drawn = tv.random.integers(tv.random.key(6), (100_000,), low=low, high=high).value
    assert drawn.dtype == np.int64 and drawn.min() >= low and drawn.max() < high
    if high - low <= 1000:
        counts = np.bincount(drawn - low, minlength=high - low)
        assert len(counts) == 1 or stats.chisquare(counts).pvalue > SURELY_WRONG
    else:
        scaled = (drawn - low) / (high - low)
        assert stats.kstest(scaled, "uniform").pvalue > SURELY_WRONG
    if high < 2**31:
        small = tv.random.integers(tv.random.key(6), (9,), low=low, high=high, dtype="int32")
        np.testing.assert_array_equal(small.value, drawn[:9])
        assert small.dtype == tv.int32


@pytest.mark.parametrize("n", [2, 3, 4])
def test_every_permutation_is_equally_likely(n):
    trials = 600 * len(list(itertools.permutations(range(n))))
    keys = tv.random.split(tv.random.key(8), trials).value
    found = [tuple(host_random.permutation(key, n)) for key in keys]
    counts = [found.count(each) for each in itertools.permutations(range(n))]
    assert sum(counts) == trials
    assert stats.chisquare(counts).pvalue > SURELY_WRONG


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10, 1001])
def test_host_and_graph_agree_bit_for_bit(n):
    for seed in (0, 9, -1):
        key, host = tv.random.key(seed), host_random.key(seed)
        np.testing.assert_array_equal(key.value, host)
        for number in (0, 1, -1, 2**40):
            folded, on_host = tv.random.fold_in(key, number), host_random.fold_in(host, number)
            np.testing.assert_array_equal(folded.value, on_host)
            order = host_random.permutation(on_host, n)
            np.testing.assert_array_equal(tv.random.permutation(folded, n).value, order)
            assert order.dtype == np.int64
            np.testing.assert_array_equal(np.sort(order), np.arange(n))


def test_permutation_of_entries_moves_whole_rows():
    rows = np.arange(12.0).reshape(6, 2)
    order = tv.random.permutation(KEY, 6).value
    np.testing.assert_array_equal(tv.random.permutation(KEY, rows).value, rows[order])


def test_choice_follows_its_weights():
    weights = np.array([0.0, 1.0, 0.0, 5.0, 2.0, 0.0])
    for dtype in FLOATS:
        picked = tv.random.choice(KEY, 6, (40_000,), weights=weights.astype(dtype)).value
        counts = np.bincount(picked, minlength=6)
        assert np.all(counts[weights == 0] == 0)
        some = weights > 0
        expected = weights[some] / weights.sum() * len(picked)
        assert stats.chisquare(counts[some], expected).pvalue > SURELY_WRONG


def test_choice_without_replacement_has_no_repeats_and_follows_its_weights():
    weights = np.array([1.0, 2.0, 3.0, 0.0])
    keys = tv.random.split(KEY, 3000)
    first_two = []
    for key in keys.value:
        picked = tv.random.choice(tv.tensor(key), 4, (2,), replace=False, weights=weights).value
        first_two.append(tuple(picked))
    pairs = [(a, b) for a in range(3) for b in range(3) if a != b]
    expected = [weights[a] / 6 * weights[b] / (6 - weights[a]) * 3000 for a, b in pairs]
    counts = [first_two.count(pair) for pair in pairs]
    assert sum(counts) == 3000
    assert stats.chisquare(counts, expected).pvalue > SURELY_WRONG
    everything = tv.random.choice(KEY, 10, (2, 5), replace=False).value
    np.testing.assert_array_equal(np.sort(everything, axis=None), np.arange(10))


def test_choice_picks_entries():
    rows = np.arange(10.0).reshape(5, 2)
    picked = tv.random.choice(KEY, rows, (3, 4))
    assert picked.shape == (3, 4, 2)
    places = tv.random.choice(KEY, 5, (3, 4)).value
    np.testing.assert_array_equal(picked.value, rows[places])
    assert tv.random.choice(KEY, 0, (0,)).shape == (0,)
    assert tv.random.choice(KEY, rows, (0, 3)).shape == (0, 3, 2)


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda: tv.random.key(0.5), TypeError, "a seed must be an integer"),
        (lambda: tv.random.key(2**64), ValueError, "does not fit 64 bits"),
        (lambda: tv.random.uniform(0, (3,)), TypeError, r"tv\.random\.key\(0\)"),
        (lambda: tv.random.uniform(tv.random.split(KEY), (3,)), ValueError, "row of a split"),
        (lambda: tv.random.uniform(tv.tensor([0.0, 1.0]), (3,)), ValueError, "int64 tensor"),
        (lambda: tv.random.uniform(KEY, (-1,)), ValueError, "negative size"),
        (lambda: tv.random.uniform(KEY, (3,), 1, 1), ValueError, "do not bound an interval"),
        (lambda: tv.random.uniform(KEY, (3,), 0, np.nan), ValueError, "do not bound"),
        (
            lambda: tv.random.uniform(KEY, (3,), -3e38, 3e38, "float32"),
            ValueError,
            "high - low finite",
        ),
        (lambda: tv.random.uniform(KEY, (3,), dtype="int32"), TypeError, "float32 or float64"),
        (lambda: tv.random.normal(KEY, (3,), std=-1), ValueError, "0 or more"),
        (lambda: tv.random.normal(KEY, (3,), np.zeros(4)), ValueError, "does not broadcast"),
        (lambda: tv.random.normal(KEY, (3,), np.zeros((2, 3))), ValueError, "not broadcast"),
        (lambda: tv.random.bernoulli(KEY, (3,), 1.5), ValueError, r"not in \[0, 1\]"),
        (lambda: tv.random.bits(KEY, (3,), "float32"), TypeError, "int32 or int64"),
        (lambda: tv.random.integers(KEY, (3,), low=2, high=2), ValueError, "0 integers"),
        (lambda: tv.random.integers(KEY, (3,), high=2**50), ValueError, "2\\*\\*48"),
        (
            lambda: tv.random.integers(KEY, (3,), high=2**40, dtype="int32"),
            ValueError,
            "does not hold",
        ),
        (lambda: tv.random.integers(KEY, (3,), high=2.5), TypeError, "must be an integer"),
        (lambda: tv.random.fold_in(KEY, 0.5), TypeError, "one integer"),
        (lambda: tv.random.fold_in(KEY, [1, 2]), TypeError, "one integer"),
        (lambda: tv.random.split(KEY, -1), ValueError, "negative size"),
        (lambda: tv.random.permutation(KEY, tv.tensor(3)), ValueError, "scalar tensor"),
        (lambda: tv.random.choice(KEY, 0), ValueError, "from 0 items"),
        (lambda: tv.random.choice(KEY, 3, 4, replace=False), ValueError, "4 picks without"),
        (lambda: tv.random.choice(KEY, 3, 4, weights=[1.0, 2.0]), ValueError, r"shape \(3,\)"),
        (lambda: tv.random.choice(KEY, 2, 4, weights=[1.0, -2.0]), ValueError, "not negative"),
    ],
)
def test_requests_without_meaning_say_why(ask, error, words):
    with pytest.raises(error, match=words) as caught:
        ask()
    assert isinstance(caught.value, tv.TriviumError)
