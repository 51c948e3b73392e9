"""Objectives form an algebra: sums, scalings and their laws, and what has no meaning."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.learning.objectives.helpers import Affine, Batch
from trivium.engine.composites import full
from trivium.engine.reverse import gradients
from trivium.engine.tensor import Tensor
from trivium.learning.errors import RequestError
from trivium.learning.objectives import (
    L1,
    L2,
    AbsoluteError,
    BinaryCrossEntropy,
    CrossEntropy,
    DataTerm,
    Hinge,
    Huber,
    Objective,
    SquaredError,
    is_bias,
)
from trivium.learning.specification import from_spec, parse_objective

rng = np.random.default_rng(3)
X, Y = rng.normal(size=(6, 3)), rng.normal(size=6)
MODEL = Affine(rng.normal(size=3), 0.7)
BATCH = Batch(X, Y)

ALL = [
    SquaredError(), AbsoluteError(), Huber(), Huber(delta=0.3), L1(), L2(), L2(biases=True),
    CrossEntropy(), CrossEntropy(class_weight="balanced"), BinaryCrossEntropy(), Hinge(),
    CrossEntropy(class_weight={"yes": 2.0, "no": 0.5}), Hinge(class_weight={3: 1.5, 4: 0.0}),
]  # fmt: skip

leaves = st.sampled_from([SquaredError(), AbsoluteError(), Huber(0.5), L1(), L2(), L2(True)])
factors = st.floats(0, 1e3)
objectives = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: pair[0] + pair[1]),
        st.tuples(factors, inner).map(lambda pair: pair[0] * pair[1]),
        st.tuples(inner, factors).map(lambda pair: pair[0] * pair[1]),
    ),
    max_leaves=6,
)


def value(objective: Objective) -> float:
    return float(objective(MODEL, BATCH).value)


@given(objectives, objectives, factors)
def test_the_value_of_a_sum_is_the_sum_of_values_and_scaling_distributes(
    a: Objective, b: Objective, factor: float
) -> None:
    assert value(a + b) == pytest.approx(value(a) + value(b), rel=1e-10)
    assert value(factor * a) == pytest.approx(factor * value(a), rel=1e-10)
    assert value(factor * (a + b)) == pytest.approx(value(factor * a + factor * b), rel=1e-10)
    assert value(a + b) == pytest.approx(value(b + a), rel=1e-10)


@given(objectives)
def test_terms_are_collected_and_make_up_the_value(objective: Objective) -> None:
    terms = objective.terms()
    kinds = [repr(term) for _, term in terms]
    assert len(kinds) == len(set(kinds))
    assert value(objective) == pytest.approx(sum(c * value(t) for c, t in terms), rel=1e-10)
    assert objective.data_terms + objective.penalties == sorted(
        terms, key=lambda pair: not isinstance(pair[1], DataTerm)
    )


@given(objectives)
def test_an_objective_is_built_again_from_its_specification(objective: Objective) -> None:
    again = from_spec(objective.spec(), "objectives")
    assert again == objective and hash(again) == hash(objective)
    assert again.spec() == objective.spec()
    assert value(again) == value(objective)


@pytest.mark.parametrize("objective", ALL, ids=repr)
def test_every_objective_prints_as_the_call_that_makes_it(objective: Objective) -> None:
    assert eval(repr(objective)) == objective
    assert from_spec(objective.spec()) == objective
    mixed = 0.1 * objective + 1e-4 * L1()
    assert eval(repr(mixed)) == mixed


def test_the_algebra_reads_as_written() -> None:
    objective = CrossEntropy() + 1e-4 * L2()
    assert repr(objective) == "CrossEntropy() + 0.0001 * L2()"
    assert objective.terms() == [(1.0, CrossEntropy()), (1e-4, L2())]
    assert objective.data_term == CrossEntropy()
    assert objective.penalties == [(1e-4, L2())]
    assert 3 * (2 * L2()) + L2() * 1 == 7 * L2()
    assert (L2() / 4).terms() == [(0.25, L2())]
    assert np.float32(0.5) * L2() == 0.5 * L2()
    assert sum([SquaredError(), L2(), L2()]) == SquaredError() + 2 * L2()
    assert L2() != L1() and L2() != L2(biases=True) and L2() != 3
    assert len({Huber(1.0), Huber(1), Huber(2.0)}) == 2


def test_the_text_of_the_command_line_is_the_same_objective() -> None:
    assert parse_objective("cross-entropy+1e-4*l2") == CrossEntropy() + 1e-4 * L2()
    assert parse_objective("2*huber:delta=1.5") == 2 * Huber(1.5)
    assert parse_objective("squared-error+l1:biases=true") == SquaredError() + L1(biases=True)
    for word in ("absolute-error", "binary-cross-entropy", "hinge:class_weight=balanced"):
        assert isinstance(parse_objective(word), Objective)
    with pytest.raises(RequestError) as caught:
        parse_objective("cross-entrpy")
    assert "cross-entropy" in str(caught.value) and "combination" not in str(caught.value)


def test_a_weight_of_zero_switches_a_term_off_exactly() -> None:
    lonely = Affine(np.array([1e200, 1.0, 1.0]), 0.0)  # its square overflows
    batch = Batch(np.zeros((2, 3)), np.ones(2))
    objective = SquaredError() + 0 * L2()
    assert objective.terms() == [(1.0, SquaredError()), (0.0, L2())]
    assert float(objective(lonely, batch).value) == 1
    assert value(0 * SquaredError()) == 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: -1 * L2(), "zero or positive, got -1"),
        (lambda: -L2(), "no minimum"),
        (lambda: SquaredError() - L2(), "negative weight"),
        (lambda: float("nan") * L2(), "zero or positive"),
        (lambda: float("inf") * L2(), "zero or positive"),
        (lambda: L2() * L1(), "added, not multiplied"),
        (lambda: "2" * L2(), "by a number"),
        (lambda: True * L2(), "by a number"),
        (lambda: np.ones(2) * L2(), "by a number"),
        (lambda: L2() / 0, "divided by zero"),
        (lambda: L2() / "a", "by a number"),
        (lambda: L2() + 1, "only objectives"),
        (lambda: None + L2(), "only objectives"),
        (lambda: CrossEntropy() + SquaredError(), "classification"),
        (lambda: Huber(0), "delta must be positive, got 0"),
        (lambda: Huber(float("inf")), "delta must be positive"),
        (lambda: Huber("big"), "got 'big'"),
        (lambda: L2(biases="yes"), "True or False"),
        (lambda: CrossEntropy(class_weight="balance"), "balanced"),
        (lambda: CrossEntropy(class_weight={}), "balanced"),
        (lambda: CrossEntropy(class_weight={"a": -1}), "class 'a'"),
        (lambda: from_spec({"kind": "Combination", "terms": [1, 2]}), "pairs"),
        (lambda: from_spec({"kind": "Combination", "terms": []}), "pairs"),
    ],
)
def test_what_has_no_meaning_is_refused_with_the_reason(make: Any, words: str) -> None:
    with pytest.raises(RequestError) as caught:
        make()
    assert words in str(caught.value)


def test_penalties_leave_biases_out_unless_told_otherwise() -> None:
    weight, bias = MODEL.weight.value, MODEL.bias.value
    assert value(L2()) == pytest.approx(np.sum(weight**2))
    assert value(L1()) == pytest.approx(np.sum(np.abs(weight)))
    assert value(L2(biases=True)) == pytest.approx(np.sum(weight**2) + bias**2)
    loss = (3 * L2())(MODEL, BATCH)
    for_weight, for_bias = gradients([loss], [MODEL.weight, MODEL.bias])
    np.testing.assert_allclose(for_weight.value, 6 * weight)
    assert for_bias.value == 0
    assert (
        gradients([L1()(Affine(np.zeros(3), 0.0), BATCH)], [MODEL.weight])[0].value.sum() == 0
    )


@pytest.mark.parametrize(
    ("path", "shape", "expected"),
    [
        ("bias", (3,), True), ("layers.0.bias", (3, 3), True), ("b", (), True),
        ("out.b", (4,), True), ("b", (4, 4), False), ("hidden_bias", (2,), True),
        ("intercept", (), True), ("threshold", (), True), ("weight", (3,), False),
        ("bias.weight", (3,), False), ("w", (), False), ("bb", (), False),
        ("unbiased", (), False),
    ],
)  # fmt: skip
def test_which_parameters_are_biases(path: str, shape: tuple[int, ...], expected: bool) -> None:
    assert is_bias(path, full(shape, 0.0, np.dtype("float64"))) is expected


def test_a_penalty_with_nothing_to_penalise_is_refused() -> None:
    only = {"bias": MODEL.bias}
    with pytest.raises(RequestError, match="bias.*biases=True"):
        L2().value(MODEL(X_TENSOR := full((6, 3), 0.0, np.dtype("float64"))), BATCH, only)
    assert L2(biases=True).value(MODEL(X_TENSOR), BATCH, only).value == pytest.approx(0.49)
    with pytest.raises(RequestError, match="parameters are none"):
        L1().value(MODEL(X_TENSOR), BATCH, {})


def test_a_float32_model_keeps_a_float32_loss() -> None:
    model = Affine(np.ones(3, "float32"), np.float32(0.5))
    batch = Batch(X.astype("float32"), Y, np.ones(6))
    objective = 0.1 * SquaredError() + 1e-4 * L2() + 1e-5 * L1()
    loss = objective(model, batch)
    assert loss.dtype == np.float32 and loss.name == "loss"
    found = gradients([loss], [model.weight, model.bias])
    assert [each.dtype for each in found] == [np.float32, np.float32]


def test_a_loss_of_your_own_is_a_term_like_any_other() -> None:
    class Quartic(DataTerm):
        def losses(self, prediction: Tensor, target: Tensor) -> Tensor:
            return (prediction - self.same_shape(prediction, target)) ** 4

    objective = Quartic() + 0.5 * L2()
    expected = np.mean((X @ MODEL.weight.value + 0.7 - Y) ** 4) + 0.5 * value(L2())
    assert value(objective) == pytest.approx(expected)
    assert "no registered reading" in objective.reading()
