"""Losses against outside numbers, finite differences and the limits of floating point."""

from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special
from sklearn import metrics

from tests.learning.objectives.helpers import Batch, loss_of, slope_of
from trivium.engine.errors import DTypeError, IndexRangeError, ShapeError
from trivium.engine.reverse import gradients
from trivium.engine.tensor import input, tensor, variable
from trivium.learning.objectives import (
    AbsoluteError,
    BinaryCrossEntropy,
    CrossEntropy,
    Hinge,
    Huber,
    SquaredError,
)

N = 40
rng = np.random.default_rng(7)
WEIGHT = rng.uniform(0.1, 3, N)
CODES = rng.permutation(np.arange(N) % 4)
LOGITS = rng.normal(size=(N, 4)) * 3
SCORES = rng.normal(size=N) * 3
BINARY = rng.permutation(np.arange(N) % 2)
GUESS, TRUTH = rng.normal(size=(N, 3)), rng.normal(size=(N, 3))


def softmax_log_loss(weight: Any) -> float:
    return metrics.log_loss(CODES, special.softmax(LOGITS, axis=1), sample_weight=weight)


def huber(weight: Any) -> float:
    return np.average(special.huber(0.7, GUESS - TRUTH).sum(axis=1), weights=weight)


# name: (objective, prediction, target, the outside value of the weighted mean)
CASES: dict[str, tuple[Any, Any, Any, Any]] = {
    "squared": (
        SquaredError(), GUESS[:, 0], TRUTH[:, 0],
        lambda w: metrics.mean_squared_error(TRUTH[:, 0], GUESS[:, 0], sample_weight=w),
    ),
    "squared, three outputs": (
        SquaredError(), GUESS, TRUTH,
        lambda w: 3 * metrics.mean_squared_error(TRUTH, GUESS, sample_weight=w),
    ),
    "squared, two classes": (
        SquaredError(), special.expit(SCORES), BINARY,
        lambda w: metrics.brier_score_loss(BINARY, special.expit(SCORES), sample_weight=w),
    ),
    "squared, four classes": (
        SquaredError(), special.softmax(LOGITS, axis=1), CODES,
        lambda w: 4 * metrics.mean_squared_error(
            np.eye(4)[CODES], special.softmax(LOGITS, axis=1), sample_weight=w
        ),
    ),
    "absolute": (
        AbsoluteError(), GUESS, TRUTH,
        lambda w: 3 * metrics.mean_absolute_error(TRUTH, GUESS, sample_weight=w),
    ),
    "huber": (Huber(delta=0.7), GUESS, TRUTH, huber),
    "cross-entropy": (CrossEntropy(), LOGITS, CODES, softmax_log_loss),
    "binary cross-entropy": (
        BinaryCrossEntropy(), SCORES, BINARY,
        lambda w: metrics.log_loss(BINARY, special.expit(SCORES), sample_weight=w),
    ),
    "hinge": (
        Hinge(), SCORES, BINARY,
        lambda w: metrics.hinge_loss(BINARY, SCORES, sample_weight=w),
    ),
    "hinge, four classes": (
        Hinge(), LOGITS, CODES, lambda w: metrics.hinge_loss(CODES, LOGITS, sample_weight=w),
    ),
}  # fmt: skip
every_case = pytest.mark.parametrize("name", CASES)


@every_case
@pytest.mark.parametrize("weighted", [False, True])
def test_the_value_is_that_of_an_outside_library(name: str, weighted: bool) -> None:
    objective, prediction, target, outside = CASES[name]
    # The libraries divide by the sum of the weights; with mean 1 that is a division by N.
    weight = WEIGHT / WEIGHT.mean() if weighted else None
    found = loss_of(objective, prediction, target, weight)
    assert found == pytest.approx(outside(weight), rel=1e-12)


@every_case
def test_the_derivative_is_that_of_finite_differences(name: str) -> None:
    objective, prediction, target, _ = CASES[name]
    direction = np.random.default_rng(1).normal(size=prediction.shape)
    h = 1e-6
    ahead = loss_of(objective, prediction + h * direction, target, WEIGHT)
    behind = loss_of(objective, prediction - h * direction, target, WEIGHT)
    slope = np.sum(slope_of(objective, prediction, target, WEIGHT) * direction)
    assert slope == pytest.approx((ahead - behind) / (2 * h), rel=1e-6, abs=1e-8)


@every_case
def test_the_second_derivative_is_that_of_finite_differences(name: str) -> None:
    objective, prediction, target, _ = CASES[name]
    leaf = tensor(prediction)
    direction = np.random.default_rng(2).normal(size=prediction.shape)
    first = gradients([objective.value(leaf, Batch(None, target), {})], [leaf])[0]
    second = gradients([(first * direction).sum()], [leaf])[0].value
    h = 1e-5
    ahead = slope_of(objective, prediction + h * direction, target)
    behind = slope_of(objective, prediction - h * direction, target)
    np.testing.assert_allclose(second, (ahead - behind) / (2 * h), rtol=1e-4, atol=1e-8)


@every_case
def test_float32_predictions_give_float32_whatever_the_target_is(name: str) -> None:
    objective, prediction, target, outside = CASES[name]
    found = loss_of(objective, prediction.astype("float32"), target, WEIGHT)
    assert found.dtype == np.float32
    assert slope_of(objective, prediction.astype("float32"), target).dtype == np.float32
    plain = loss_of(objective, prediction.astype("float32"), target)
    assert plain == pytest.approx(outside(None), rel=1e-5)


@every_case
def test_a_weight_of_two_is_the_example_twice_and_of_zero_never(name: str) -> None:
    objective, prediction, target, _ = CASES[name]
    counts = np.random.default_rng(3).integers(0, 3, N)
    repeated = loss_of(
        objective, np.repeat(prediction, counts, 0), np.repeat(target, counts, 0)
    )
    weighted = loss_of(objective, prediction, target, counts.astype(float))
    assert weighted * N == pytest.approx(repeated * counts.sum(), rel=1e-12)


@every_case
def test_the_order_of_the_examples_does_not_matter(name: str) -> None:
    objective, prediction, target, _ = CASES[name]
    order = np.random.default_rng(4).permutation(N)
    shuffled = loss_of(objective, prediction[order], target[order], WEIGHT[order])
    assert shuffled == pytest.approx(loss_of(objective, prediction, target, WEIGHT), rel=1e-13)


@every_case
def test_a_single_example_is_enough(name: str) -> None:
    objective, prediction, target, _ = CASES[name]
    one = [
        float(loss_of(objective, prediction[i : i + 1], target[i : i + 1])) for i in range(N)
    ]
    assert np.mean(one) == pytest.approx(
        float(loss_of(objective, prediction, target)), rel=1e-12
    )


EXTREMES = list(product(["float32", "float64"], [1e4, -1e4, 1e30, -1e30, 0.0]))


@pytest.mark.parametrize(("dtype", "logit"), EXTREMES)
@pytest.mark.parametrize("code", [0, 1])
def test_binary_cross_entropy_is_exact_at_extreme_logits(
    dtype: str, logit: float, code: int
) -> None:
    z = np.array([logit], dtype)
    signed = mpmath.mpf(float(z[0])) * (2 * code - 1)
    exact = mpmath.log1p(mpmath.exp(-signed))
    assert float(loss_of(BinaryCrossEntropy(), z, [code])) == pytest.approx(
        float(exact), rel=1e-6
    )
    slope = float(slope_of(BinaryCrossEntropy(), z, [code])[0])
    assert slope == pytest.approx(float(1 / (1 + mpmath.exp(-mpmath.mpf(float(z[0])))) - code))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sure_and_right_logit_keeps_its_tiny_loss(dtype: str) -> None:
    """ln(1 + e^-40) is about 4e-18: far below the spacing of numbers near 40."""
    z = np.array([40.0], dtype)
    assert loss_of(BinaryCrossEntropy(), z, [1]) == pytest.approx(np.exp(-40.0), rel=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("code", [0, 1, 2])
@pytest.mark.parametrize(
    "row", [[1e4, -1e4, 0], [1e4, 1e4, 1e4], [-1e4, -1e4, -1e4 + 1], [0, 0, 0]]
)
def test_cross_entropy_is_exact_at_extreme_logits(
    dtype: str, code: int, row: list[float]
) -> None:
    z = np.array([row], dtype)
    exact = [mpmath.mpf(float(value)) for value in z[0]]
    total = mpmath.fsum(mpmath.exp(value - max(exact)) for value in exact)
    loss = mpmath.log(total) - (exact[code] - max(exact))
    assert float(loss_of(CrossEntropy(), z, [code])) == pytest.approx(float(loss), rel=1e-6)
    shares = np.array([float(mpmath.exp(value - max(exact)) / total) for value in exact])
    shares[code] -= 1
    np.testing.assert_allclose(slope_of(CrossEntropy(), z, [code])[0], shares, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_hinge_is_exact_at_extreme_scores(dtype: str) -> None:
    z = np.array([1e4, -1e4], dtype)
    assert loss_of(Hinge(), z, [1, 1]) == pytest.approx((0 + 10001) / 2)
    np.testing.assert_array_equal(slope_of(Hinge(), z, [1, 1]), [0, -0.5])


def test_two_classes_by_softmax_are_two_classes_by_sigmoid() -> None:
    pair = np.stack([np.zeros(N), SCORES], axis=1)
    two = loss_of(CrossEntropy(), pair, BINARY)
    assert two == pytest.approx(loss_of(BinaryCrossEntropy(), SCORES, BINARY), rel=1e-13)


def test_adding_a_number_to_all_logits_changes_nothing() -> None:
    moved = loss_of(CrossEntropy(), LOGITS + 1000.0, CODES)
    assert moved == pytest.approx(loss_of(CrossEntropy(), LOGITS, CODES), rel=1e-12)


def test_huber_joins_its_two_halves_smoothly_and_has_both_limits() -> None:
    at = lambda r, delta: float(loss_of(Huber(delta), [r], [0.0]))  # noqa: E731
    assert at(2.0, 2.0) == pytest.approx(2.0)
    assert at(2.0 + 1e-9, 2.0) == pytest.approx(2.0, abs=1e-8)
    assert slope_of(Huber(2.0), [2.0], [0.0])[0] == 2
    assert at(3.0, 1e6) == pytest.approx(3.0**2 / 2)
    assert at(3.0, 1e-6) / 1e-6 == pytest.approx(3.0, rel=1e-5)
    # The square of the branch that was not taken overflows; the gradient must not know.
    assert slope_of(Huber(1.0), np.array([1e200]), [0.0])[0] == 1


def test_numbers_that_are_not_finite_stay_visible() -> None:
    for name in (
        "squared",
        "absolute",
        "huber",
        "cross-entropy",
        "binary cross-entropy",
        "hinge",
    ):
        objective, prediction, target, _ = CASES[name]
        broken = prediction.copy()
        broken.flat[5] = np.nan
        assert np.isnan(loss_of(objective, broken, target)), name


REGRESSION = [SquaredError(), AbsoluteError(), Huber()]


@pytest.mark.parametrize("objective", REGRESSION, ids=repr)
@pytest.mark.parametrize(
    ("prediction", "target", "advice"),
    [
        ((5, 1), (5,), "[:, 0]"),
        ((5,), (5, 1), "target's last axis with [:, 0]"),
        ((5,), (5, 3), "3 outputs"),
        ((5, 3), (5,), "one output"),
        ((5, 2), (5, 3), "3 outputs"),
        ((4,), (5,), "same rows"),
        ((1,), (5,), "same rows"),
        ((), (5,), "same rows"),
        ((0,), (0,), "at least one example"),
    ],
)
def test_shapes_that_differ_are_refused_in_words(
    objective: Any, prediction: Any, target: Any, advice: str
) -> None:
    with pytest.raises(ShapeError) as caught:
        loss_of(objective, np.zeros(prediction), np.zeros(target))
    message = str(caught.value)
    assert type(objective).__name__ in message and advice in message
    assert "the model's output" in message and str(prediction) in message
    assert "the target" in message and str(target) in message


@pytest.mark.parametrize(
    ("objective", "shape", "advice"),
    [
        (CrossEntropy(), (5,), "BinaryCrossEntropy"),
        (CrossEntropy(), (5, 1), "as many outputs"),
        (CrossEntropy(), (5, 2, 2), "as many outputs"),
        (BinaryCrossEntropy(), (5, 1), "[:, 0]"),
        (BinaryCrossEntropy(), (5, 2), "CrossEntropy()"),
        (Hinge(), (5, 1), "as many outputs"),
    ],
)
def test_outputs_of_a_wrong_shape_are_refused(objective: Any, shape: Any, advice: str) -> None:
    with pytest.raises(ShapeError, match="model's output") as caught:
        loss_of(objective, np.zeros(shape), np.zeros(5, int))
    assert advice in str(caught.value)


CLASSIFICATION = [
    (CrossEntropy(), np.zeros((5, 3))),
    (BinaryCrossEntropy(), np.zeros(5)),
    (Hinge(), np.zeros(5)),
    (Hinge(), np.zeros((5, 3))),
    (SquaredError(), np.zeros((5, 3))),
]


@pytest.mark.parametrize(("objective", "prediction"), CLASSIFICATION)
def test_targets_that_are_no_codes_are_refused(objective: Any, prediction: Any) -> None:
    count = prediction.shape[1] if prediction.ndim > 1 else 2
    for wrong in (-1, count):
        codes = np.array([0, 1, wrong, 1, 0])
        with pytest.raises(IndexRangeError, match=rf"code {wrong} at position 2"):
            loss_of(objective, prediction, codes)
        late = variable(codes)  # its values are known only when the expression runs
        with pytest.raises(IndexRangeError):
            loss_of(objective, prediction, late)
    if not isinstance(objective, SquaredError):
        with pytest.raises(DTypeError, match="class codes"):
            loss_of(objective, prediction, np.zeros(5))
        with pytest.raises(ShapeError, match="argmax"):
            loss_of(objective, prediction, np.zeros((5, count), int))


def test_weights_and_integer_outputs_that_do_not_fit_are_refused() -> None:
    for weight in (np.ones((N, 1)), np.ones(N - 1), np.ones(1), 2.0):
        with pytest.raises(ShapeError, match="one weight for each example"):
            loss_of(SquaredError(), SCORES, SCORES, weight)
    with pytest.raises(DTypeError, match="floating output"):
        loss_of(SquaredError(), np.zeros(N, int), SCORES)


shapes = st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple)


@given(shapes, shapes, st.sampled_from(["float32", "float64"]))
def test_any_equal_shapes_are_compared_and_unequal_ones_never_broadcast(
    first: tuple[int, ...], second: tuple[int, ...], dtype: str
) -> None:
    f = np.arange(np.prod(first), dtype=dtype).reshape(first)
    y = np.full(second, 0.5, dtype)
    for objective, loss in ((SquaredError(), np.square), (AbsoluteError(), np.abs)):
        if first == second:
            expected = loss(f - y).sum() / len(f)
            assert loss_of(objective, f, y) == pytest.approx(expected, rel=1e-6)
        else:
            with pytest.raises(ShapeError):
                loss_of(objective, f, y)


@pytest.mark.parametrize("kind", ["bool", "int32", "uint8", "int64"])
def test_codes_may_be_any_whole_numbers(kind: str) -> None:
    expected = loss_of(BinaryCrossEntropy(), SCORES, BINARY)
    assert loss_of(BinaryCrossEntropy(), SCORES, BINARY.astype(kind)) == expected
    if kind != "bool":
        assert loss_of(CrossEntropy(), LOGITS, CODES.astype(kind)) == loss_of(
            CrossEntropy(), LOGITS, CODES
        )


def test_the_data_may_be_unknown_when_the_objective_is_built() -> None:
    z, y, w = input((N, 4), name="z"), input((N,), "int64", name="y"), input((N,), name="w")
    value = CrossEntropy().value(z, Batch(None, y, w), {})
    assert (value.shape, value.dtype) == ((), np.float64)
