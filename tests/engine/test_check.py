"""check_gradient agrees with what is right, finds what is wrong and says where."""

import numpy as np
import pytest

import trivium as tv
from trivium.engine import check
from trivium.engine.check import check_gradient, ridders


def softmax_loss(x, w):
    logits = x @ w
    return (tv.array.logsumexp(logits, axis=1) - logits[:, 0]).mean()


X = np.random.default_rng(0).normal(size=(5, 3))
W = np.random.default_rng(1).normal(size=(3, 4))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("order", [1, 2])
def test_a_right_gradient_passes(dtype, order):
    outcome = check_gradient(softmax_loss, [X.astype(dtype), W.astype(dtype)], order=order)
    assert outcome and outcome.passed and outcome.max_error <= outcome.tolerance
    assert len(outcome.comparisons) == order * (X.size + W.size)
    assert "agree" in str(outcome)


def test_expressions_and_functions_are_checked_alike():
    x, w = tv.tensor(X, name="x"), tv.variable(W, name="weights")
    outcome = check_gradient(softmax_loss(x, w), [x, w], order=2)
    assert outcome
    assert {each.target for each in outcome.comparisons} == {"x", "weights"}
    assert check_gradient(softmax_loss(x, w), w)
    hidden = x @ w
    assert check_gradient(tv.array.exp(hidden).sum(), hidden)  # a node in between


@pytest.mark.parametrize("method", ["differences", "complex"])
@pytest.mark.parametrize("factor", [1.0001, -1.0, 0.0, np.nan, np.inf])
def test_a_wrong_gradient_is_found_and_located(factor, method, monkeypatch):
    def wrong(output, targets):
        right = tv.gradient(output, targets)
        spoil = np.ones((3, 4))
        spoil[2, 1] = factor
        return [right[0], right[1] * spoil]

    monkeypatch.setattr(check, "gradient", wrong)
    x, w = tv.tensor(X, name="x"), tv.tensor(W, name="w")
    outcome = check_gradient(tv.array.sin(x @ w).sum(), [x, w], method=method)
    assert not outcome and not outcome.passed
    assert (outcome.worst.target, outcome.worst.index) == ("w", (2, 1))
    assert "do NOT agree" in str(outcome) and "w at [2, 1]" in outcome.where


def test_a_wrong_second_derivative_is_found(monkeypatch):
    calls = []

    def wrong(output, targets):
        calls.append(output)
        right = tv.gradient(output, targets)
        return [slope * (1.01 if len(calls) == 2 else 1.0) for slope in right]

    monkeypatch.setattr(check, "gradient", wrong)
    outcome = check_gradient(lambda x: tv.array.exp(x).sum(), [np.array([0.1, 0.7])], order=2)
    assert not outcome and outcome.worst.order == 2
    assert all(each.error < 1e-9 for each in outcome.comparisons if each.order == 1)


def test_large_targets_are_projected():
    outcome = check_gradient(lambda x: tv.array.sin(x).sum(), np.zeros((40, 50)), directions=3)
    assert outcome and [each.index for each in outcome.comparisons] == [None] * 3
    assert "random direction" in outcome.where
    assert check_gradient(lambda x: (x * x).sum(), np.zeros((0, 3))).max_error == 0


def test_the_complex_step_is_exact_where_differences_are_not():
    """1 - cos x at 1e-5: the value is tiny, its derivative sin x too; h = 1e-30 sees both."""
    outcome = check_gradient(lambda x: tv.array.exp(tv.array.sin(x)) * 1e8, np.array(0.3))
    assert "complex" in outcome.method and outcome.max_error < 1e-14
    with pytest.raises(ValueError, match="abs"):
        check_gradient(lambda x: tv.array.abs(x).sum(), [np.array(0.3)], method="complex")
    with pytest.raises(ValueError, match="holomorphic"):
        check_gradient(lambda x: x * x, np.float32(1.0), method="complex")


def test_what_stop_gradient_wraps_stays_fixed():
    """∂/∂x of sg(x)·x is x, and of that the derivative is 0."""
    outcome = check_gradient(lambda x: tv.stop_gradient(x) * x, np.array(3.0), order=2)
    assert outcome
    assert [each.analytic for each in outcome.comparisons] == [3.0, 0.0]


def test_kinks_and_jumps_do_not_pass_by_accident():
    outcome = check_gradient(lambda x: tv.array.sqrt(tv.array.abs(x)), np.array(0.0))
    assert not outcome
    jump = check_gradient(lambda x: tv.array.floor(x) + x, np.array(2.0))
    assert not jump and "uncertain" in str(jump)
    aside = check_gradient(lambda x: tv.array.maximum(x, 0.0), np.array(1e-3))
    assert aside  # the kink is within the first steps, but not within the last


@pytest.mark.parametrize("point", [1e-8, 1e-3, 0.3, 40.0, 1e6])
def test_steps_adapt_to_the_scale_and_the_domain(point):
    for function in (tv.array.log, tv.array.sqrt, lambda x: 1 / x):
        assert check_gradient(function, np.array(point), order=2, method="differences")


def test_requests_without_meaning_say_why():
    with pytest.raises(TypeError, match="int64, which has no derivative"):
        check_gradient(lambda x: x * 2, np.array([1, 2]))
    with pytest.raises(TypeError, match="the output is bool"):
        check_gradient(lambda x: x > 0, np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="order is 1 or 2"):
        check_gradient(lambda x: x, np.array(1.0), order=3)
    x = tv.input((), name="x")
    with pytest.raises(ValueError, match="input 'x'"):
        check_gradient(x * x, x)


def test_ridders_reaches_the_limit():
    """d/dx of eˣ at 1 from central differences is e to nearly all digits."""
    limit, error = ridders(lambda h: (np.exp(1 + h) - np.exp(1 - h)) / (2 * h), 0.1)
    assert abs(limit - np.e) < 1e-11 and abs(limit - np.e) <= 10 * error
