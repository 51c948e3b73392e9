"""What fit is asked: the kinds of its arguments, and words that say what is wrong with them."""

from __future__ import annotations

import numpy as np
import pytest

import trivium as tv
from trivium.engine.errors import ShapeError
from trivium.learning.errors import DataError, RequestError
from trivium.learning.stop import Stop

RNG = np.random.default_rng(4)
X = RNG.normal(size=(40, 3))
Y = X @ np.array([1.0, 2.0, 3.0])
MODEL, OBJECTIVE, ALGORITHM = (
    tv.models.Linear(),
    tv.objectives.SquaredError(),
    tv.algorithms.Adam(learning_rate=0.01),
)


def fit(data=(X, Y), model=MODEL, objective=OBJECTIVE, algorithm=ALGORITHM, **options):
    options = {"epochs": 2, "progress": False, **options}
    return tv.fit(model, objective, algorithm, data, **options)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"model": 3}, "the model is 3; the order is"),
        ({"model": OBJECTIVE, "objective": MODEL}, "which is of the kind objective"),
        ({"model": tv.models.Linear}, "the model is the class Linear itself; make one of it"),
        ({"objective": tv.objectives.Huber}, "the objective is the class Huber itself"),
        ({"objective": "squared-error"}, "the objective is 'squared-error'"),
        ({"algorithm": tv.algorithms.Adam}, "the algorithm is the class Adam itself"),
        ({"algorithm": None}, "the algorithm is None"),
        ({"callbacks": [3]}, "a callback is a function of an epoch's row, not 3"),
    ],
)
def test_each_place_takes_its_kind(wrong, words) -> None:
    with pytest.raises(RequestError, match=words):
        fit(**wrong)


def test_numbers_and_dtypes_of_numpy_are_as_good_as_pythons(tmp_path) -> None:
    plain = fit(batch_size=8, validation=0.25, dtype="float64")
    numpys = {"batch_size": np.int32(8), "validation": np.float64(0.25), "epochs": np.int64(2)}
    for dtype in (np.float64, tv.float64):
        found = fit(**numpys, dtype=dtype, seed=np.uint8(0), out=tmp_path / repr(dtype)[:9])
        assert found.options == plain.options
        assert found.metrics == plain.metrics
    assert fit(validation=np.int16(10)).options.validation == 10
    assert fit(validation=np.float32(0.25)).options.validation == 0.25


def test_a_single_callback_and_the_truth_of_numpy_stop_a_fit() -> None:
    found = fit(callbacks=lambda row: np.bool_(row["epoch"] == 1), epochs=5)
    assert found.stopped is Stop.CALLBACK and len(found.history) == 1


def test_validation_data_may_be_a_pair_whatever_the_training_data_are() -> None:
    held = X[:9], Y[:9]
    pair = fit(validation=held)
    assert fit(X, target=Y, validation=held).metrics == pair.metrics
    with pytest.raises(DataError, match=r"validation=40 cannot be set aside: .*from 1 to 39"):
        fit(validation=40)
    labels = np.array(["a"] * 39 + ["b"])
    with pytest.raises(DataError, match=r"validation=0.2 cannot be set aside: .*one example"):
        fit((X, labels), objective=tv.objectives.CrossEntropy(), validation=0.2)


def test_a_shape_error_counts_no_examples_that_the_user_does_not_have() -> None:
    with pytest.raises(ShapeError, match=r"has shape \(N, 3\)"):
        fit(model=tv.models.Formula(lambda x, w: x @ w, w=np.zeros(4)))


def test_a_validation_loss_that_is_not_a_number_is_never_the_best() -> None:
    """x of 1e30 overflows: ∞ − ∞ at first, so only later epochs could compare."""

    class Difference(tv.Model):
        def __init__(self):
            self.w = tv.parameter((3,), init="zeros")

        def __call__(self, x):
            z = (x * x * x) @ self.w
            return z - z * 0.5

    far = np.full((2, 3), 1e30)
    found = fit(model=Difference(), validation=(far, np.zeros(2)), epochs=3)
    assert all(np.isnan(row["validation_loss"]) for row in found.history)
    assert found.best_epoch is None
    assert found.stopped is Stop.EPOCHS_DONE
    assert np.any(found.parameters()["w"])  # the last parameters, not those of the first epoch


def test_the_gradient_norm_is_that_of_the_whole_objective() -> None:
    """Summed over pieces of the data, with weights and penalties: 2/n Xᵀ W (Xw − y) + 2λw."""
    x = RNG.normal(size=(2500, 2))
    y, weight = x @ np.array([1.0, -1.0]) + RNG.normal(size=2500), RNG.uniform(size=2500)
    found = tv.fit(
        tv.models.Linear(bias=False),
        tv.objectives.SquaredError() + 0.1 * tv.objectives.L2(),
        tv.algorithms.GradientDescent(learning_rate=0.1),
        (x, y),
        sample_weight=weight,
        epochs=3,
        dtype="float64",
        progress=False,
    )
    (w,) = found.parameters().values()
    residual = (x @ w.ravel() - y) * weight / weight.mean()
    slope = 2 * x.T @ residual / 2500 + 0.2 * w.ravel()
    assert found.gradient_norm == pytest.approx(np.linalg.norm(slope), rel=1e-9)


def test_values_that_the_dtype_cannot_hold_are_located() -> None:
    x = X.copy()
    x[7, 1] = 1e200
    with pytest.raises(DataError, match=r"row 7 .*a feature does not fit float32.*scale=True"):
        fit((x, Y))
    with pytest.raises(DataError, match=r"row 0 .*the target does not fit float32.*float64"):
        fit((X, Y * 1e300))
    assert np.isfinite(fit((x, Y), scale=True).metrics["train"]["loss"])


def test_checkpoints_are_a_number_of_seconds_apart() -> None:
    for wrong in (-1, float("nan"), "10", None):
        with pytest.raises(RequestError, match="checkpoint_seconds must be a number from 0 on"):
            fit(checkpoint_seconds=wrong)
