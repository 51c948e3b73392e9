"""Information from samples: scikit-learn, closed forms, published values, and what is noticed."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression
from sklearn.metrics import mutual_info_score

from trivium import information
from trivium.engine.errors import ArgumentError, DTypeError, ShapeError, TriviumError
from trivium.mathematics.errors import DomainError
from trivium.mathematics.information.counts import METHODS

METHODS_OF_COUNTS = tuple(METHODS)


def gaussian(n, correlation, seed=0, columns=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, columns))
    noise = rng.normal(size=(n, columns))
    return x, correlation * x + math.sqrt(1 - correlation**2) * noise


def bits_of(estimate):
    return estimate.value, estimate.unit


def test_plug_in_is_the_score_of_scikit_learn():
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 5, 200), rng.choice(["a", "b", "c"], 200)
    ours = information.estimate_mutual_information(x, y, method="plug-in")
    assert ours.value == pytest.approx(mutual_info_score(x, y), 1e-12)
    assert ours.uncorrected == ours.value and ours.bias == 0


def test_corrections_by_hand():
    x = np.repeat([0, 1, 2], [4, 2, 1])
    share = np.array([4, 2, 1]) / 7
    plug_in = -(share * np.log(share)).sum()
    value = {m: information.estimate_entropy(x, method=m).value for m in METHODS_OF_COUNTS}
    assert value["plug-in"] == pytest.approx(plug_in, 1e-14)
    assert value["miller-madow"] == pytest.approx(plug_in + 2 / 14, 1e-14)
    # G(1) = -γ - ln 2, G(2) = 2 - γ - ln 2, G(2n) = G(2n + 1): Grassberger (2003), eq. (31-35).
    g1 = -np.euler_gamma - math.log(2)
    g2 = g1 + 2
    g4 = g2 + 2 / 3
    assert value["grassberger"] == pytest.approx(
        math.log(7) - (4 * g4 + 2 * g2 + g1) / 7, 1e-13
    )
    coverage = 1 - 1 / 7
    p = coverage * share
    assert value["chao-shen"] == pytest.approx(
        -(p * np.log(p) / (1 - (1 - p) ** 7)).sum(), 1e-13
    )
    left_out = []
    for i in range(7):
        counts = np.bincount(np.delete(x, i))
        q = counts[counts > 0] / 6
        left_out.append(-(q * np.log(q)).sum())
    assert value["jackknife"] == pytest.approx(7 * plug_in - 6 * np.mean(left_out), 1e-12)


@pytest.mark.parametrize("method", METHODS_OF_COUNTS)
def test_corrections_reduce_the_bias(method):
    truth, found = math.log(20), []
    for seed in range(200):
        x = np.random.default_rng(seed).integers(0, 20, 60)
        found.append(information.estimate_entropy(x, method=method).value)
    bias = abs(np.mean(found) - truth)
    assert bias > 0.1 if method == "plug-in" else bias < 0.05


def test_the_jackknife_error_is_the_spread_over_samples():
    rng = np.random.default_rng(0)
    joint = np.array([[0.3, 0.1], [0.05, 0.25], [0.1, 0.2]])
    values, errors = [], []
    for _ in range(300):
        cells = rng.choice(6, 200, p=joint.ravel())
        found = information.estimate_mutual_information(cells // 2, cells % 2)
        values.append(found.value)
        errors.append(found.standard_error)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)
    assert np.mean(values) == pytest.approx(
        float(information.mutual_information(joint)), abs=0.005
    )


@pytest.mark.parametrize("neighbours", [1, 3, 8])
def test_scikit_learn_agrees_on_points(neighbours):
    x, y = gaussian(300, 0.7)
    ours = information.estimate_mutual_information(
        x, y[:, 0], method="ksg1", neighbours=neighbours
    )
    theirs = mutual_info_regression(x, y[:, 0], n_neighbors=neighbours, random_state=0)
    assert ours.value == pytest.approx(theirs[0], abs=2e-3)  # it adds noise to break ties


def test_scikit_learn_agrees_on_labels_with_points():
    x, y = gaussian(300, 0.7)
    labels = np.digitize(x[:, 0], [-1, 0.3])
    ours = information.estimate_mutual_information(labels, y)
    assert ours.method == "mixed, k = 3"
    theirs = mutual_info_classif(y, labels, n_neighbors=3, random_state=0)
    assert ours.value == pytest.approx(theirs[0], abs=2e-3)
    other = information.estimate_mutual_information(y, labels)
    assert other.value == pytest.approx(ours.value, abs=1e-12)


def test_a_label_seen_once_is_left_out_as_in_scikit_learn():
    x, y = gaussian(100, 0.7)
    labels = np.digitize(x[:, 0], [-1, 0.3])
    labels[17] = 9
    ours = information.estimate_mutual_information(labels, y)
    theirs = mutual_info_classif(y, labels, random_state=0)
    assert ours.value == pytest.approx(theirs[0], abs=5e-3)
    assert "1 of 100 samples" in ours.notes[0]


@pytest.mark.parametrize("method", ["ksg1", "ksg2", "mixed"])
@pytest.mark.parametrize("correlation", [0.0, 0.6, 0.9])
def test_gaussian_closed_form(method, correlation):
    truth = -0.5 * math.log(1 - correlation**2)
    found = [
        information.estimate_mutual_information(
            *gaussian(600, correlation, seed), method=method
        )
        for seed in range(10)
    ]
    values = np.array([each.value for each in found])
    assert values.mean() == pytest.approx(truth, abs=4 * values.std() / math.sqrt(10) + 0.01)


def test_several_columns_count_together():
    x, y = gaussian(1500, 0.6, columns=2)
    truth = -math.log(1 - 0.36)  # two independent pairs
    found = information.estimate_mutual_information(x, y, neighbours=5)
    assert found.value == pytest.approx(truth, abs=0.08)


def test_mixed_gives_the_truth_of_a_mixture():
    # Gao et al. (2017), §4, experiment II: X uniform on {0, …, m - 1}, Y uniform on [X, X + 2].
    m, n, found = 5, 1000, []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        x = rng.integers(0, m, n)
        y = x + rng.uniform(0, 2, n)
        found.append(information.estimate_mutual_information(x.astype(float), y).value)
    assert np.mean(found) == pytest.approx(math.log(m) - (m - 1) * math.log(2) / m, abs=0.05)


def test_mixed_of_points_that_coincide_is_nearly_the_plug_in():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, 2000)
    y = (x + rng.integers(0, 2, 2000)) % 3
    points = information.estimate_mutual_information(x * 1.0, y * 1.0)
    assert points.method.startswith("mixed")
    plug_in = information.estimate_mutual_information(x, y, method="plug-in").value
    assert points.value == pytest.approx(plug_in, abs=5e-3)
    assert points.upper_bound == pytest.approx(math.log(3), abs=0.01)


def test_ksg_by_hand_on_four_points():
    x, y = np.array([0.0, 1.0, 3.0, 7.0]), np.array([0.0, 2.0, 1.0, 7.5])
    sx, sy = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    terms = []
    for i in range(4):
        apart = np.maximum(abs(sx - sx[i]), abs(sy - sy[i]))
        apart[i] = np.inf
        radius = apart.min()
        nx, ny = ((abs(s - s[i]) < radius).sum() - 1 for s in (sx, sy))
        terms.append(digamma(1) + digamma(4) - digamma(nx + 1) - digamma(ny + 1))
    found = information.estimate_mutual_information(x, y, neighbours=1, method="ksg1")
    assert found.value == pytest.approx(np.mean(terms), 1e-13)


def test_scales_and_offsets_do_not_matter():
    x, y = gaussian(200, 0.7)
    plain = information.estimate_mutual_information(x, y).value
    for factor in (1e-300, 1e300, -3.0):
        scaled = information.estimate_mutual_information(x * factor, y + 5).value
        assert scaled == pytest.approx(plain, abs=1e-9)


def test_the_baseline_tells_dependence_from_none():
    x, y = gaussian(120, 0.8)
    found = information.estimate_mutual_information(x, y, permutations=99)
    assert found.p_value == 0.01 and abs(found.baseline.mean) < 0.05
    again = information.estimate_mutual_information(x, y, permutations=99)
    assert again.baseline == found.baseline
    other = information.estimate_mutual_information(x, y, permutations=99, seed=1)
    assert other.baseline != found.baseline
    free = np.random.default_rng(5).normal(size=120)
    assert information.estimate_mutual_information(x, free, permutations=99).p_value > 0.05


def test_p_values_of_independent_labels_are_uniform():
    p = []
    for seed in range(60):
        x, y = np.random.default_rng(seed).integers(0, 3, (2, 40))
        p.append(
            information.estimate_mutual_information(x, y, permutations=19, seed=seed).p_value
        )
    assert 0.4 < np.mean(p) < 0.7 and np.mean(np.array(p) <= 0.05) < 0.17


def test_an_estimate_above_the_entropy_says_so():
    # Points that one label determines, few of them: Ross's estimate overshoots ln 2.
    for apart, expected in ((100, True), (0, False)):
        for seed in range(20):
            rng = np.random.default_rng(seed)
            labels = rng.permutation(10) % 2
            y = labels * apart + rng.normal(size=10)
            found = information.estimate_mutual_information(labels, y)
            assert (found.value > found.upper_bound) == expected
            noticed = any("exceeds the smaller entropy" in note for note in found.notes)
            assert noticed == expected


def test_what_is_noticed():
    x, y = gaussian(60, 0.5)
    constant = information.estimate_mutual_information(x, np.ones(60))
    assert constant.value == 0 and "y is constant" in constant.notes[0]
    column = np.column_stack([x, np.full(60, 1e9)])
    found = information.estimate_mutual_information(column, y)
    assert "column 1 of x is constant" in found.notes[0]
    assert found.value == information.estimate_mutual_information(x, y).value
    labels = information.estimate_mutual_information(np.zeros(60, int), np.arange(60) % 2)
    assert labels.value == 0 and "x is constant" in labels.notes[0]
    wide = np.random.default_rng(0).normal(size=(60, 12))
    found = information.estimate_mutual_information(wide, y)
    assert any("too few to see" in note for note in found.notes)
    assert any("below 0" in note for note in information.estimate_mutual_information(
        np.arange(40) % 2, np.arange(40) // 2 % 2).notes)  # fmt: skip
    few = information.estimate_entropy(np.arange(10))
    assert "seen once" in few.notes[0]
    tied = np.round(x, 1)
    found = information.estimate_mutual_information(tied, y, method="ksg1")
    assert any("x hold equal values" in note for note in found.notes)
    assert "n = 60" in str(found) and float(found) == found.value


@pytest.mark.parametrize("method", ["ksg1", "ksg2", "mixed", *METHODS_OF_COUNTS])
def test_mutual_information_is_symmetric(method):
    x, y = gaussian(150, 0.6)
    if method in METHODS_OF_COUNTS:
        x, y = np.round(x), np.round(y)
    one = information.estimate_mutual_information(x, y, method=method)
    other = information.estimate_mutual_information(y, x, method=method)
    assert one.value == pytest.approx(other.value, abs=1e-12)
    assert one.standard_error == pytest.approx(other.standard_error, abs=1e-12)


def test_units():
    x, y = gaussian(100, 0.7)
    nats = information.estimate_mutual_information(x, y, permutations=5)
    bits = information.estimate_mutual_information(x, y, permutations=5, unit="bits")
    assert bits.unit == "bits" and bits.value == pytest.approx(nats.value / math.log(2))
    assert bits.baseline.mean == pytest.approx(nats.baseline.mean / math.log(2))
    assert information.estimate_entropy([1, 2] * 9, method="plug-in", unit="bits").value == 1


@pytest.mark.parametrize("x, y, options, error, words", [
    ([1, 2], [1, 2, 3], {}, ShapeError, "x holds 2 samples and y 3"),
    ([], [], {}, ShapeError, "at least one"),
    ([1.0, np.nan], [1, 2], {}, DomainError, "row 1"),
    ([None, "a"], [1, 2], {}, DomainError, "row 0"),
    ([1, 2], [1, 2], {"method": "ksg"}, ArgumentError, "ksg1"),
    ([1, 2], [1, 2], {"unit": "bit"}, ArgumentError, "bits"),
    ([1, 2], [1, 2], {"permutations": -1}, ArgumentError, "0 or more"),
    ([1.0, 2.0, 3.0], [1.0, 2.0, 4.0], {}, ShapeError, "at least 5 samples"),
    ([1.0, 2.0], [1.0, 2.0], {"neighbours": 0}, ArgumentError, "at least one"),
    (["a", "b"] * 5, np.arange(10.0), {"method": "ksg1"}, DTypeError, "method='mixed'"),
    (np.repeat([1.0, 2.0], 5), np.repeat([3.0, 5.0], 5), {"method": "ksg2"}, DomainError,
     "coincide"),
])  # fmt: skip
def test_what_is_refused_and_how(x, y, options, error, words):
    with pytest.raises(error, match=words):
        information.estimate_mutual_information(x, y, **options)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=14),
    st.sampled_from(["auto", "ksg1", "ksg2", "mixed", *METHODS_OF_COUNTS]),
    st.sampled_from([int, float, str]),
    st.sampled_from([int, float, str]),
    st.integers(1, 4),
)
def test_whatever_the_samples_the_answer_is_a_number_or_a_reason(pairs, method, a, b, k):
    x, y = (np.array([kind(each) for each in column])
            for kind, column in zip((a, b), zip(*pairs)))  # fmt: skip
    try:
        found = information.estimate_mutual_information(
            x, y, method=method, neighbours=k, permutations=3
        )
    except TriviumError as error:
        assert str(error).startswith("estimate_mutual_information: ")
        return
    assert math.isfinite(found.value) and 0 < found.p_value <= 1
    assert math.isfinite(found.baseline.mean) and "I(X; Y) = " in str(found)
    if found.upper_bound is not None and found.value > found.upper_bound + 1e-9:
        assert any("exceeds the smaller entropy" in note for note in found.notes)


def test_every_public_name_is_there():
    for name in information.__all__:
        assert getattr(information, name) is not None and name in dir(information)
