"""The contenders of the benchmarks compute what they are said to compute. No timings."""

import math

import numpy as np
import pytest

from benchmarks import chain, predict, products
from benchmarks.agreement import check
from benchmarks.blas import libraries
from benchmarks.timing import Unavailable
from benchmarks.training.by_hand import ByHand
from benchmarks.training.task import Task
from benchmarks.training.with_sklearn import WithScikitLearn
from benchmarks.training.with_trivium import WithTrivium

SMALL = [
    Task("two classes", (2, 8, 8, 1), 16, 4, 4, "adam", 1e-3),
    Task("classes", (6, 5, 4, 3), 16, 4, 4, "adam", 1e-2),
    Task("momentum", (7, 5, 3), 9, 4, 4, "momentum", 1e-1),
    Task("full batch", (5, 1), 40, 1, 6, "descent", 0.5),
]


class TestTraining:
    @pytest.mark.parametrize("task", SMALL, ids=lambda task: task.name)
    def test_by_hand_descends_along_the_gradient(self, task: Task) -> None:
        steps = ByHand(task, np.float64)
        steps.prepare()
        for array in steps.parameters:  # away from the kinks and from zero
            array += np.random.default_rng(3).normal(size=array.shape) / 10
        _, gradients = steps.backward(steps.x, steps.y)
        for array, gradient in zip(steps.parameters, gradients, strict=True):
            direction = np.random.default_rng(4).normal(size=array.shape)
            values = []
            for move in (1e-6, -2e-6):
                array += move * direction
                values.append(steps.backward(steps.x, steps.y)[0])
            array += 1e-6 * direction
            difference = (values[0] - values[1]) / 2e-6
            assert difference == pytest.approx(float((gradient * direction).sum()), abs=1e-6)

    @pytest.mark.parametrize("task", SMALL, ids=lambda task: task.name)
    @pytest.mark.parametrize("kind", [WithTrivium, WithScikitLearn, ByHand])
    def test_the_losses_agree_and_start_anew_after_a_reset(
        self, kind: type, task: Task
    ) -> None:
        if kind is WithScikitLearn and task.full_batch:
            with pytest.raises(Unavailable):
                kind(task).prepare()
            return
        oracle = ByHand(task, np.float64)
        oracle.prepare()
        expected = oracle.losses(oracle.run(2))
        contender = kind(task)
        contender.prepare()
        for _ in range(2):
            contender.reset()
            check(contender.name, contender.losses(contender.run(2)), expected, 1e-5)

    def test_the_loss_falls(self) -> None:
        steps = ByHand(SMALL[3])
        steps.prepare()
        losses = steps.losses(steps.run(3))
        assert losses[0] == pytest.approx(math.log(2))
        assert losses[-1] < losses[0]

    def test_every_batch_is_taken_once_in_an_epoch(self) -> None:
        task = SMALL[1]
        order = task.data().order
        taken = np.concatenate([task.rows_of(order, step) for step in range(task.batches)])
        assert sorted(taken) == list(range(task.rows))


def test_the_chain_by_hand_is_the_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "_SHAPE", (8, 16))
    oracle, own = chain._Oracle(), chain._Trivium()
    oracle.prepare()
    own.prepare()
    for _ in range(2):
        own.reset()
        moved = own.losses(own.run(1))
        assert np.abs(moved).max() > 1e-3
        oracle.reset()
        check("Trivium", moved, oracle.losses(oracle.run(1)), 1e-4)


@pytest.mark.parametrize("kind", [predict._Program, predict._Compiled, predict._ScikitLearn])
def test_predictions_agree(kind: type) -> None:
    oracle, contender = predict._Oracle(), kind()
    oracle.prepare()
    contender.prepare()
    found = contender.losses(contender.run(1))
    check(contender.name, found, oracle.losses(oracle.run(1)), 1e-5)


@pytest.mark.parametrize("turn", products.TRANSPOSITIONS)
def test_every_blas_and_trivium_compute_the_product(turn: str) -> None:
    shape = products.Shape(7, 5, 11)
    a, b = products.operands(shape, turn)
    expected = (a.T if turn[0] == "t" else a) @ (b.T if turn[1] == "t" else b)
    found = libraries()
    assert {each.name for each in found} >= {"OpenBLAS of SciPy"}
    contenders = [products.BlasProduct(each, shape, turn) for each in found]
    for contender in [*contenders, products.TriviumProduct(shape, turn)]:
        contender.prepare()
        contender.run(0)
        assert not contender.result().any()
        contender.run(3)
        np.testing.assert_allclose(contender.result(), expected, rtol=1e-5, atol=1e-5)


def test_the_products_are_those_that_were_asked_for() -> None:
    assert len(set(products.SHAPES)) == 30
    sizes = {size for shape in products.SHAPES for size in shape}
    assert (min(sizes), max(sizes)) == (16, 2048)
