"""Generative classifiers: densities by counting and averaging, against independent oracles."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, logsumexp
from scipy.stats import multivariate_normal
from sklearn.datasets import load_digits
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.naive_bayes import BernoulliNB, GaussianNB, MultinomialNB

import trivium as tv
from trivium.learning.errors import RequestError
from trivium.learning.stop import Stop

KINDS = ("shared", "separate", "diagonal", "shared-diagonal")
JOINT = tv.objectives.JointLikelihood()


def fitted(model, data, objective=JOINT, **options):
    algorithm = tv.algorithms.ClosedForm()
    return tv.fit(model, objective, algorithm, data, progress=False, **options)


def blobs(n=90, d=3, k=3, seed=0):
    """Correlated classes of different sizes and shapes."""
    rng = np.random.default_rng(seed)
    y = np.sort(rng.choice(k, size=n, p=np.arange(1, k + 1) / (k * (k + 1) / 2)))
    y[: 5 * k] = np.repeat(np.arange(k), 5)
    x = np.empty((n, d))
    for c in range(k):
        rows = y == c
        mix = np.eye(d) + 0.5 * rng.normal(size=(d, d))
        x[rows] = rng.normal(size=(rows.sum(), d)) @ mix + 2 * rng.normal(size=d)
    return x, y


def densities(x, y, kind, weight=None, at=None):
    """ln p(x, y) from SciPy's normal density and NumPy's weighted covariances."""
    w = np.ones(len(x)) if weight is None else weight
    classes = np.unique(y)
    shares = np.array([w[y == c].sum() for c in classes]) / w.sum()
    means = [np.average(x[y == c], axis=0, weights=w[y == c]) for c in classes]
    own = [np.atleast_2d(np.cov(x[y == c].T, aweights=w[y == c], ddof=0)) for c in classes]
    if kind.startswith("shared"):
        pooled = sum(share * each for share, each in zip(shares, own))
        own = [pooled] * len(classes)
    if kind.endswith("diagonal"):
        own = [np.diag(np.diag(each)) for each in own]
    points = x if at is None else at
    return np.stack(
        [
            np.log(share) + multivariate_normal(mean, cov).logpdf(points)
            for share, mean, cov in zip(shares, means, own)
        ],
        axis=1,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_the_logarithms_of_joint_densities(kind):
    x, y = blobs()
    fit = fitted(tv.models.GaussianClassifier(kind), (x, y))
    expected = densities(x, y, kind)
    np.testing.assert_allclose(fit.outputs(x), expected, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(
        fit.probabilities(x), np.exp(log_softmax(expected, axis=1)), atol=1e-12
    )
    assert fit.metrics["train"]["loss"] == pytest.approx(
        -expected[np.arange(len(y)), y].mean(), rel=1e-12
    )
    assert fit.stopped is Stop.CLOSED_FORM


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_maximum_of_the_likelihood(kind):
    """The gradient of the objective vanishes there, by the engine's own derivatives."""
    fit = fitted(tv.models.GaussianClassifier(kind), blobs(seed=3))
    assert fit.gradient_norm < 1e-10


@pytest.mark.parametrize("kind", KINDS)
def test_a_weight_counts_like_copies(kind):
    x, y = blobs(n=60)
    weight = np.random.default_rng(1).integers(0, 4, size=len(x))
    weight[:15] = 1
    fit = fitted(tv.models.GaussianClassifier(kind), (x, y), sample_weight=weight)
    copies = fitted(
        tv.models.GaussianClassifier(kind), (np.repeat(x, weight, 0), np.repeat(y, weight))
    )
    np.testing.assert_allclose(fit.outputs(x), copies.outputs(x), rtol=1e-9, atol=1e-9)
    expected = densities(x, y, kind, weight.astype(float))
    np.testing.assert_allclose(fit.outputs(x), expected, rtol=1e-9, atol=1e-9)


def test_probabilities_are_those_of_scikit_learn():
    data = tv.data.load("wine")
    codes = np.unique(data.target, return_inverse=True)[1]
    peers = {
        "shared": LinearDiscriminantAnalysis(solver="lsqr"),
        "separate": QuadraticDiscriminantAnalysis(),
        "diagonal": GaussianNB(var_smoothing=0),
    }
    for kind, peer in peers.items():
        fit = fitted(tv.models.GaussianClassifier(kind), data)
        expected = peer.fit(data.x, codes).predict_proba(data.x)
        np.testing.assert_allclose(fit.probabilities(data), expected, atol=1e-8)
    eigen = LinearDiscriminantAnalysis(solver="eigen").fit(data.x, codes)
    fit = fitted(tv.models.GaussianClassifier(), data)
    np.testing.assert_allclose(fit.probabilities(data), eigen.predict_proba(data.x), atol=1e-8)


@pytest.mark.parametrize("strength", [0.1, 0.6, 1.0])
def test_shrinkage_is_scikit_learns_on_features_of_unit_variance_within_classes(strength):
    """There the diagonal of the covariance is a multiple of the identity, their target."""
    x, y = blobs()
    means = np.stack([x[y == c].mean(0) for c in range(3)])
    x = x / (x - means[y]).std(0)
    peer = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=strength).fit(x, y)
    fit = fitted(tv.models.GaussianClassifier(shrinkage=strength), (x, y))
    np.testing.assert_allclose(fit.probabilities(x), peer.predict_proba(x), atol=1e-9)
    separate = fitted(tv.models.GaussianClassifier("separate", shrinkage=1.0), (x, y))
    diagonal = fitted(tv.models.GaussianClassifier("diagonal"), (x, y))
    np.testing.assert_allclose(separate.outputs(x), diagonal.outputs(x), atol=1e-9)


@pytest.mark.parametrize("priors", ["uniform", [0.7, 0.2, 0.1]])
def test_given_priors_move_the_scores_and_nothing_else(priors):
    x, y = blobs()
    learned = fitted(tv.models.GaussianClassifier(), (x, y))
    given_ = fitted(tv.models.GaussianClassifier(priors=priors), (x, y))
    wanted = np.full(3, 1 / 3) if priors == "uniform" else np.array(priors)
    moved = learned.outputs(x) - np.log(np.bincount(y) / len(y)) + np.log(wanted)
    np.testing.assert_allclose(given_.outputs(x), moved, rtol=1e-12)
    assert "log_prior" not in given_.parameters()
    np.testing.assert_allclose(given_.model.prior, wanted)


# The identity: softmax(Wx + b) and σ(w·x + b).


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", [False, True])
@pytest.mark.parametrize("classes", [2, 3])
def test_the_discriminant_gives_the_posterior_in_the_users_units(kind, scale, classes):
    x, y = blobs(k=classes)
    x = x * [1.0, 100.0, 1e-3] + [5.0, -300.0, 0.0]
    fit = fitted(tv.models.GaussianClassifier(kind), (x, y), scale=scale)
    found = tv.models.discriminant(fit)
    np.testing.assert_allclose(found.probabilities(x), fit.probabilities(x), atol=1e-10)
    assert found.difference < 1e-10 and found.probes > 0
    assert found.linear == kind.startswith("shared")
    if classes == 2 and found.linear:
        sigma = 1 / (1 + np.exp(-(x @ found.w + found.b)))
        np.testing.assert_allclose(sigma, fit.probabilities(x)[:, 1], atol=1e-10)
        assert "σ(w·x + b)" in str(found)


def test_w_and_b_are_those_of_the_textbook():
    """Bishop (2006), eqs. (4.65) to (4.67)."""
    x, y = blobs(k=2)
    m0, m1 = x[y == 0].mean(0), x[y == 1].mean(0)
    residual = x - np.stack([m0, m1])[y]
    precision = np.linalg.inv(residual.T @ residual / len(x))
    w = precision @ (m1 - m0)
    b = (
        -m1 @ precision @ m1 / 2
        + m0 @ precision @ m0 / 2
        + np.log((y == 1).sum() / (y == 0).sum())
    )
    fit = fitted(tv.models.GaussianClassifier(), (x, y))
    found = tv.models.discriminant(fit)
    np.testing.assert_allclose(found.w, w, rtol=1e-9)
    assert found.b == pytest.approx(b, rel=1e-9)
    np.testing.assert_allclose(
        fit.model.covariances, np.linalg.inv(precision), rtol=1e-9, atol=1e-12
    )
    peer = LinearDiscriminantAnalysis(solver="lsqr").fit(x, y)
    np.testing.assert_allclose(found.w, peer.coef_[0], rtol=1e-8)
    assert found.b == pytest.approx(peer.intercept_[0], rel=1e-8)


def test_a_discriminant_needs_densities_and_two_classes_for_one_w():
    data = tv.data.load("iris")
    linear = tv.fit(
        tv.models.Linear(), tv.objectives.CrossEntropy(), tv.algorithms.Adam(), data,
        epochs=1, progress=False,
    )  # fmt: skip
    wrong = {
        "densities p.x | y., .* this fit has a Linear": linear,
        "this is a GaussianClassifier without its data": tv.models.GaussianClassifier(),
        "this is a int; tv.fit and tv.load return fits": 3,
    }
    for message, subject in wrong.items():
        for asked in (tv.models.discriminant, tv.models.draw_tree, tv.models.pruning_path):
            kind = message if asked is tv.models.discriminant else message.partition(", .* ")[2]
            with pytest.raises(RequestError, match=kind or message):
                asked(subject)
    three = tv.models.discriminant(fitted(tv.models.GaussianClassifier(), data))
    with pytest.raises(RequestError, match="there are 3"):
        three.w
    with pytest.raises(ValueError, match=r"takes \(N, 4\) numbers"):
        three.scores(np.ones(3))
    assert "sepal length (cm)" in str(three) and "setosa" in str(three)


# Units, offsets, sizes.


@settings(max_examples=15, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    factor=st.floats(1e-9, 1e9),
    offset=st.floats(-1e3, 1e3),
    seed=st.integers(0, 50),
)
def test_units_and_origins_change_no_probability(kind, factor, offset, seed):
    x, y = blobs(n=40, seed=seed)
    moved = (x + offset) * [factor, 1.0, 1.0]
    before = fitted(tv.models.GaussianClassifier(kind), (x, y))
    after = fitted(tv.models.GaussianClassifier(kind), (moved, y))
    np.testing.assert_allclose(after.probabilities(moved), before.probabilities(x), atol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_huge_and_tiny_numbers_stay_finite(kind):
    x, y = blobs()
    for factor in (1e150, 1e-150):
        fit = fitted(tv.models.GaussianClassifier(kind), (x * factor, y))
        plain = fitted(tv.models.GaussianClassifier(kind), (x, y))
        np.testing.assert_allclose(
            fit.probabilities(x * factor), plain.probabilities(x), atol=1e-9
        )
    far = fitted(tv.models.GaussianClassifier(kind), (x, y)).probabilities(
        np.full((1, 3), 1e200)
    )
    np.testing.assert_allclose(far.sum(axis=1), 1)


def test_float32_gives_float32_scores_near_those_of_float64():
    x, y = blobs()
    double = fitted(tv.models.GaussianClassifier(), (x, y))
    single = fitted(tv.models.GaussianClassifier(), (x, y), dtype="float32")
    assert single.outputs(x).dtype == np.float32
    np.testing.assert_allclose(single.outputs(x), double.outputs(x), rtol=2e-5, atol=2e-5)


def test_images_are_flattened():
    data = tv.data.load("digits")
    fit = fitted(tv.models.GaussianClassifier(shrinkage=0.1), data)
    assert fit.metrics["train"]["accuracy"] > 0.9
    assert tv.models.discriminant(fit).weights.shape == (10, 64)


# Singular covariances: repaired, and said.


def test_a_feature_that_follows_from_others_changes_nothing():
    x, y = blobs()
    twice = np.column_stack([x, 2 * x[:, 0] - x[:, 1]])
    plain = fitted(tv.models.GaussianClassifier(), (x, y))
    fit = fitted(tv.models.GaussianClassifier(), (twice, y))
    np.testing.assert_allclose(fit.probabilities(twice), plain.probabilities(x), atol=1e-4)
    assert any("singular (rank 3 for 4 features)" in note for note in fit.notes)
    assert fit.gradient_norm >= 0


def test_a_constant_feature_changes_nothing_and_is_named():
    x, y = blobs()
    wider = np.column_stack([x, np.full(len(x), 7.0)])
    for kind in KINDS:
        plain = fitted(tv.models.GaussianClassifier(kind), (x, y))
        fit = fitted(tv.models.GaussianClassifier(kind), (wider, y))
        np.testing.assert_allclose(fit.probabilities(wider), plain.probabilities(x), atol=1e-9)
        assert any("'x[3]' has the same value in every row" in note for note in fit.notes)


@pytest.mark.parametrize("kind", KINDS)
def test_a_feature_without_variance_within_classes_decides(kind):
    x, y = blobs()
    wider = np.column_stack([x, 10.0 * y])
    fit = fitted(tv.models.GaussianClassifier(kind), (wider, y))
    assert fit.metrics["train"]["accuracy"] == 1
    assert any("same value in all rows of a class" in note for note in fit.notes)


def test_a_class_with_one_example_takes_the_covariance_of_all():
    x, y = blobs(k=2)
    x, y = np.vstack([x, [[50.0, 50.0, 50.0]]]), np.append(y, 2)
    fit = fitted(tv.models.GaussianClassifier("separate"), (x, y))
    assert any("'2' (1)" in note or "2 (1)" in note for note in fit.notes)
    shared = fitted(tv.models.GaussianClassifier("shared"), (x, y))
    np.testing.assert_allclose(fit.model.covariances[2], shared.model.covariances, rtol=1e-9)
    np.testing.assert_allclose(fit.model.mean.value[2], [50.0] * 3)
    assert fit.predict(np.full((1, 3), 50.0)) == [2]
    diagonal = fitted(tv.models.GaussianClassifier("diagonal"), (x, y))
    np.testing.assert_allclose(
        np.diag(diagonal.model.covariances[2]), np.diag(shared.model.covariances), rtol=1e-9
    )
    assert any("variance zero in the class" in note for note in diagonal.notes)


def test_fewer_examples_than_features():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 50)), np.arange(20) % 2
    x[y == 1] += 1
    for kind in KINDS:
        fit = fitted(tv.models.GaussianClassifier(kind), (x, y))
        assert np.isfinite(fit.outputs(x)).all()
        singular = any("singular" in note for note in fit.notes)
        assert singular == (not kind.endswith("diagonal"))
        if singular:
            assert any("too few examples" in note for note in fit.notes)
    steady = fitted(tv.models.GaussianClassifier(shrinkage=0.5), (x, y))
    assert not any("singular" in note for note in steady.notes)


def test_nearly_dependent_features_say_how_many_digits_are_lost():
    x, y = blobs()
    near = np.column_stack([x, x[:, 0] + 1e-4 * np.random.default_rng(0).normal(size=len(x))])
    fit = fitted(tv.models.GaussianClassifier(), (near, y))
    assert any("of 16 digits are lost" in note and "e+0" in note for note in fit.notes)


def test_automatic_shrinkage_is_that_of_the_paper():
    """Schäfer & Strimmer (2005): products of standardised residuals, pair by pair."""
    x, y = blobs(n=40, d=4)
    fit = fitted(tv.models.GaussianClassifier(shrinkage="auto"), (x, y))
    residual = x - np.stack([x[y == c].mean(0) for c in range(3)])[y]
    z = residual / residual.std(0)
    noise = signal = 0.0
    for i, j in itertools.permutations(range(4), 2):
        products = z[:, i] * z[:, j]
        noise += products.var(ddof=1) / len(x)
        signal += products.mean() ** 2
    amount = noise / signal
    assert 0 < amount < 1
    assert any(f"Shrinkage {amount:.3g} was estimated" in note for note in fit.notes)
    given_ = fitted(tv.models.GaussianClassifier(shrinkage=amount), (x, y))
    np.testing.assert_allclose(fit.outputs(x), given_.outputs(x), rtol=1e-9)
    each = fitted(tv.models.GaussianClassifier("separate", shrinkage="auto"), (x, y))
    assert any("was estimated" in note for note in each.notes)


@pytest.mark.parametrize("kind", ["shared", "separate"])
def test_weights_count_like_copies_where_examples_are_few(kind):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(18, 8)), np.arange(18) % 3
    weight = rng.integers(0, 4, size=18)
    weight[:3] = 2
    copies = np.repeat(x, weight, 0), np.repeat(y, weight)
    for shrinkage in (None, "auto"):
        model = tv.models.GaussianClassifier(kind, shrinkage=shrinkage)
        fit = fitted(model, (x, y), sample_weight=weight)
        np.testing.assert_allclose(
            fit.probabilities(x), fitted(model, copies).probabilities(x), atol=1e-9
        )


def test_with_few_examples_shrinking_predicts_better_than_chance():
    few, rest = tv.data.load("digits").split(test=0.95, seed=0)
    fit = fitted(tv.models.GaussianClassifier(), few)
    assert fit.score(rest)["accuracy"] > 0.7


# Naive Bayes.


def counts(seed=0, n=60, d=6, k=3):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % k
    rates = rng.uniform(0.2, 3, size=(k, d))
    return rng.poisson(rates[y]).astype(float), y


@pytest.mark.parametrize("alpha", [1.0, 0.3])
@pytest.mark.parametrize("weighted", [False, True])
def test_naive_bayes_is_scikit_learns(alpha, weighted):
    x, y = counts()
    weight = np.random.default_rng(1).uniform(0.5, 2, size=len(y)) if weighted else None
    if weight is not None:
        weight *= len(weight) / weight.sum()
    cases = [
        ("multinomial", MultinomialNB(alpha=alpha), x),
        ("bernoulli", BernoulliNB(alpha=alpha, binarize=None), (x > 1).astype(float)),
    ]
    for family, peer, features in cases:
        fit = fitted(
            tv.models.NaiveBayes(family, smoothing=alpha), (features, y), sample_weight=weight
        )
        peer.fit(features, y, sample_weight=weight)
        np.testing.assert_allclose(
            fit.probabilities(features), peer.predict_proba(features), atol=1e-12
        )
        np.testing.assert_allclose(
            fit.outputs(features), peer.predict_joint_log_proba(features), rtol=1e-11
        )
        found = tv.models.discriminant(fit)
        assert found.linear and found.difference < 1e-12
        np.testing.assert_allclose(
            found.probabilities(features), fit.probabilities(features), atol=1e-12
        )


def test_gaussian_naive_bayes_is_the_diagonal_classifier_and_scikit_learns():
    x, y = blobs()
    fit = fitted(tv.models.NaiveBayes("gaussian"), (x, y))
    same = fitted(tv.models.GaussianClassifier("diagonal"), (x, y))
    np.testing.assert_array_equal(fit.outputs(x), same.outputs(x))
    peer = GaussianNB(var_smoothing=0).fit(x, y)
    np.testing.assert_allclose(fit.probabilities(x), peer.predict_proba(x), atol=1e-10)
    assert not tv.models.discriminant(fit).linear


def test_digits_as_bits_and_as_counts():
    x, y = load_digits(return_X_y=True)
    bits = fitted(tv.models.NaiveBayes("bernoulli", threshold=7.5), (x, y))
    peer = BernoulliNB(binarize=7.5).fit(x, y)
    np.testing.assert_allclose(bits.probabilities(x), peer.predict_proba(x), atol=1e-10)
    many = fitted(tv.models.NaiveBayes("multinomial"), (x, y))
    np.testing.assert_allclose(
        many.probabilities(x), MultinomialNB().fit(x, y).predict_proba(x), atol=1e-10
    )
    with pytest.raises(RequestError, match="above their threshold"):
        tv.models.discriminant(bits)


def test_without_smoothing_it_is_the_maximum_and_zeros_are_refused():
    x, y = counts(n=300)
    for family, features in (("multinomial", x + 1), ("bernoulli", (x > 0).astype(float))):
        fit = fitted(tv.models.NaiveBayes(family, smoothing=0), (features, y))
        assert fit.gradient_norm < 1e-12
        lacking = features.copy()
        lacking[y == 1, 2] = 0
        with pytest.raises(ValueError, match=r"of 'x\[2\]' in the class 1 is 0.*smoothing=1"):
            fitted(tv.models.NaiveBayes(family, smoothing=0), (lacking, y))
        smoothed = fitted(tv.models.NaiveBayes(family), (lacking, y))
        assert np.isfinite(smoothed.outputs(lacking)).all()
        assert smoothed.gradient_norm > 1e-6
        assert any("Laplace smoothing 1" in note for note in smoothed.notes)


def test_features_that_the_family_does_not_have_are_named():
    x, y = counts()
    negative = x.copy()
    negative[4, 3] = -2
    with pytest.raises(ValueError, match=r"row 4 .*'x\[3\]' is -2.*counts, zero or more"):
        fitted(tv.models.NaiveBayes("multinomial"), (negative, y))
    odd = (x > 1).astype(float)
    odd[7, 1] = 0.5
    with pytest.raises(ValueError, match=r"row 7 .*'x\[1\]' is 0.5.*are 0 or 1.*threshold="):
        fitted(tv.models.NaiveBayes("bernoulli"), (odd, y))


def test_huge_counts_do_not_overflow():
    x, y = counts()
    fit = fitted(tv.models.NaiveBayes("multinomial"), (x * 1e145, y))
    assert np.isfinite(fit.outputs(x)).all()


def test_a_class_with_one_example_and_one_without_counts():
    x, y = counts()
    x[0], y[0] = 0.0, 7
    fit = fitted(tv.models.NaiveBayes("multinomial"), (x, y))
    row = log_softmax(fit.model.logits.value, axis=1)[-1]
    np.testing.assert_allclose(np.exp(row), np.full(6, 1 / 6))
    assert np.isfinite(fit.outputs(x)).all()
    np.testing.assert_allclose(logsumexp(np.log(fit.model.prior)), 0, atol=1e-15)


def test_a_zero_weight_class_is_refused():
    x, y = blobs()
    with pytest.raises(ValueError, match=r"class 1 has no examples with a weight above zero"):
        fitted(tv.models.GaussianClassifier(), (x, y), sample_weight=(y != 1).astype(float))


def test_class_weights_of_the_objective_count():
    x, y = blobs()
    balanced = fitted(
        tv.models.GaussianClassifier(), (x, y), tv.objectives.JointLikelihood("balanced")
    )
    np.testing.assert_allclose(balanced.model.prior, np.full(3, 1 / 3))


def test_no_warnings_from_numpy():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in KINDS:
            fitted(tv.models.GaussianClassifier(kind), blobs(n=20))


# One face: runs, estimators, text forms, derivatives, steps, refusals.


@pytest.mark.parametrize(
    "model",
    [
        tv.models.GaussianClassifier("separate", shrinkage=0.1),
        tv.models.GaussianClassifier(priors=[0.2, 0.3, 0.5]),
        tv.models.NaiveBayes("multinomial", smoothing=0.5),
        tv.models.NaiveBayes("bernoulli", threshold=3.0, priors="uniform"),
    ],
)
def test_a_fit_is_saved_and_loaded(model, tmp_path):
    data = tv.data.load("iris")
    fit = fitted(model, data)
    fit.save(tmp_path / "run")
    again = tv.load(tmp_path / "run")
    np.testing.assert_array_equal(again.outputs(data), fit.outputs(data))
    assert again.model.spec() == model.spec() and again.notes == fit.notes
    assert not fit.options.scale


def test_text_forms_and_defaults():
    data = tv.data.load("iris")
    from trivium.learning.defaults import recommend
    from trivium.learning.specification import parse_model

    for text, model in [
        ("gaussian", tv.models.GaussianClassifier()),
        ("gaussian:covariance=shared-diagonal", tv.models.GaussianClassifier("shared-diagonal")),
        ("gaussian:separate,shrinkage=auto", tv.models.GaussianClassifier(
            "separate", shrinkage="auto")),
        ("gaussian:priors=[0.5,0.5]", tv.models.GaussianClassifier(priors=[0.5, 0.5])),
        ("naive-bayes:bernoulli,threshold=0.5", tv.models.NaiveBayes("bernoulli", threshold=0.5)),
    ]:  # fmt: skip
        made = parse_model(text)
        assert made.spec() == model.spec()
        chosen = recommend(data, made)
        assert chosen.objective == JOINT and not chosen.scale
        assert chosen.algorithm == tv.algorithms.ClosedForm()
    assert isinstance(recommend(data, None, JOINT).model, tv.models.GaussianClassifier)
    steps = recommend(data, tv.models.GaussianClassifier(), None, tv.algorithms.Adam())
    assert steps.objective == tv.objectives.CrossEntropy()


def test_tables_with_text_and_missing_cells():
    """One-hot columns add up to 1, so every covariance is singular."""
    import polars as pl

    rng = np.random.default_rng(0)
    colour = rng.choice(["red", "green", "blue"], size=120)
    size = rng.normal(size=120) + 3 * (colour == "red")
    table = pl.DataFrame(
        {"colour": colour, "size": np.where(rng.random(120) < 0.1, np.nan, size),
         "kind": np.where(size > 1.5, "large", "small")}
    ).with_columns(pl.col("size").fill_nan(None))  # fmt: skip
    for kind in KINDS:
        fit = tv.fit(
            tv.models.GaussianClassifier(kind), JOINT, tv.algorithms.ClosedForm(), table,
            target="kind", progress=False,
        )  # fmt: skip
        assert np.isfinite(fit.outputs(table)).all()
        assert fit.metrics["train"]["accuracy"] > 0.8
        found = tv.models.discriminant(fit)
        assert found.names[0] == "colour=blue" and found.target == "kind"
        assert found.difference < 1e-6


def test_scores_have_derivatives_with_respect_to_x():
    x, y = blobs()
    for kind in KINDS:
        model = fitted(tv.models.GaussianClassifier(kind), (x, y)).model
        at = tv.variable(x[:4])
        tv.check_gradient(lambda at, model=model: model(at)[:, 1].sum(), at)


def test_steps_reach_what_counting_finds():
    """The gradient is that of the same function: from its maximum no step leads away."""
    x, y = blobs()
    for kind in KINDS:
        fit = fitted(tv.models.GaussianClassifier(kind), (x, y))
        on = tv.fit(
            fit.model, JOINT, tv.algorithms.GradientDescent(0.01), (x, y), epochs=5,
            dtype="float64", progress=False,
        )  # fmt: skip
        for path, value in fit.parameters().items():
            np.testing.assert_allclose(on.parameters()[path], value, rtol=1e-9, atol=1e-9)
        worse = tv.fit(
            tv.models.GaussianClassifier(kind), JOINT, tv.algorithms.Adam(0.02), (x, y),
            epochs=30, dtype="float64", progress=False,
        )  # fmt: skip
        assert worse.metrics["train"]["loss"] > fit.metrics["train"]["loss"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_solver_that_knows_nothing_of_gaussians_finds_the_same(kind):
    x, y = blobs(n=60)
    fit = fitted(tv.models.GaussianClassifier(kind), (x, y))
    other = tv.fit(
        tv.models.GaussianClassifier(kind), JOINT, tv.algorithms.LBFGS(), (x, y), progress=False
    )
    assert other.metrics["train"]["loss"] == pytest.approx(
        fit.metrics["train"]["loss"], rel=1e-9
    )
    np.testing.assert_allclose(other.probabilities(x), fit.probabilities(x), atol=1e-5)


def test_it_can_be_trained_to_discriminate():
    x, y = blobs()
    joint = fitted(tv.models.GaussianClassifier(), (x, y))
    cross = tv.objectives.CrossEntropy()
    fit = tv.fit(
        joint.model, cross, tv.algorithms.Adam(0.01), (x, y), epochs=60, progress=False
    )
    before = -np.log(joint.probabilities(x)[np.arange(len(y)), y]).mean()
    assert fit.metrics["train"]["loss"] < before


def test_reading_says_what_is_maximised():
    assert JOINT.reading().startswith("Maximum likelihood under a joint distribution")
    assert "(x, y) ~ p(y; π) p(x | y; θ)" in JOINT.reading()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tv.models.GaussianClassifier("full"), "none of the four kinds"),
        (lambda: tv.models.GaussianClassifier(priors=[0.5, 0.6]), "add up to 1.1"),
        (lambda: tv.models.GaussianClassifier(priors=[1.0, 0.0]), "above zero"),
        (lambda: tv.models.GaussianClassifier(priors="learned"), 'None .*"uniform" or'),
        (lambda: tv.models.GaussianClassifier(shrinkage=1.5), "from 0 .* to 1"),
        (lambda: tv.models.GaussianClassifier("diagonal", shrinkage=0.5), "has none"),
        (lambda: tv.models.NaiveBayes("poisson"), "none of the three"),
        (lambda: tv.models.NaiveBayes("bernoulli", smoothing=-1), "zero or positive"),
        (lambda: tv.models.NaiveBayes("gaussian", smoothing=1), "Gaussian features have none"),
        (lambda: tv.models.NaiveBayes("multinomial", threshold=1), "does not need"),
        (lambda: tv.models.GaussianClassifier()(np.ones((2, 3))), "how many classes"),
    ],
)
def test_options_outside_their_range_are_refused(make, message):
    with pytest.raises(RequestError, match=message):
        make()


def test_combinations_without_meaning_are_refused():
    x, y = blobs()
    closed, adam = tv.algorithms.ClosedForm(), tv.algorithms.Adam()
    gaussian = tv.models.GaussianClassifier
    cases = [
        (tv.models.Linear(), JOINT, closed, (x, y), "says nothing about how features arise"),
        (gaussian(), tv.objectives.CrossEntropy(), closed, (x, y), "joint likelihood alone"),
        (gaussian(), JOINT + tv.objectives.L2(), closed, (x, y), "has L2"),
        (gaussian(), tv.objectives.SquaredError(), adam, (x, y), "one score for"),
        (gaussian(priors=[0.5, 0.5]), JOINT, closed, (x, y), "2 numbers.*3 classes"),
        (gaussian(), tv.objectives.BinaryCrossEntropy(), adam, (x, y == 1), "one score for"),
    ]
    for model, objective, algorithm, data, message in cases:
        with pytest.raises(RequestError, match=message):
            tv.fit(model, objective, algorithm, data, progress=False)
    with pytest.raises(ValueError, match="needs class labels"):
        fitted(gaussian(), (x, x[:, 0]))
    with pytest.raises(ValueError, match="in all 90 rows"):
        fitted(gaussian(), (x, np.zeros(90, int)))
    with pytest.raises(ValueError, match="weights for 3 features, its input has 2"):
        fitted(gaussian(), (x, y)).model(np.ones((2, 2)))


@settings(max_examples=25, deadline=None)
@given(
    x=st.lists(
        st.lists(st.floats(-1e100, 1e100, width=64), min_size=2, max_size=2),
        min_size=8, max_size=8,
    ),
    kind=st.sampled_from(KINDS),
)  # fmt: skip
def test_any_finite_features_give_probabilities(x, kind):
    """Constant, repeated, dependent, tiny and huge columns: an answer, or a clear refusal."""
    x = np.array(x)
    y = np.arange(len(x)) % 2
    try:
        fit = fitted(tv.models.GaussianClassifier(kind), (x, y))
    except tv.TriviumError as error:
        assert len(str(error)) > 40
        return
    found = fit.probabilities(x)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)
