"""What a fit says about itself, and about what it was not given."""

import numpy as np
import pytest

import trivium as tv
from trivium.learning.errors import DataError, RequestError
from trivium.learning.stop import Stop

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X @ [1.0, -2.0, 0.5] + RNG.normal(size=60)


def fitted(learning_rate=0.05, epochs=4, **options):
    return tv.fit(
        tv.models.Linear(), tv.objectives.SquaredError(), tv.algorithms.Adam(learning_rate),
        (X, Y), epochs=epochs, progress=False, **options,
    )  # fmt: skip


def test_the_epoch_that_validation_chose_is_told_and_drawn():
    pytest.importorskip("matplotlib")
    # Large steps overshoot, so the first epochs are better than the last.
    fit = fitted(0.5, epochs=12, validation=0.5)
    assert fit.best_epoch < 12
    assert f"kept: epoch {fit.best_epoch}, of the lowest validation loss" in repr(fit)
    drawn = [line.get_label() for axes in fit.plot().axes for line in axes.lines]
    assert drawn.count("kept") == len(fit.plot().axes)


def test_nothing_is_said_to_be_chosen_without_validation():
    pytest.importorskip("matplotlib")
    fit = fitted()
    assert "kept" not in repr(fit)
    assert "kept" not in [line.get_label() for axes in fit.plot().axes for line in axes.lines]


def test_a_score_asks_for_answers():
    with pytest.raises(DataError, match=r"pass a pair \(x, y\), not x alone"):
        fitted().score(X)


def test_features_without_answers_are_told_how_to_be_paired():
    with pytest.raises(DataError, match=r"no target to be learned; pass a pair of arrays"):
        tv.fit(tv.models.Linear(), tv.objectives.SquaredError(), tv.algorithms.Adam(), X)


def test_one_example_is_told_its_shape():
    with pytest.raises(DataError, match=r"A single example is passed as x\[None\]"):
        fitted().predict(X[0])


@pytest.mark.filterwarnings("ignore::trivium.learning.fit.main.NonFiniteWarning")
def test_a_fit_that_blew_up_says_what_helps():
    fit = tv.fit(
        tv.models.Linear(), tv.objectives.SquaredError(), tv.algorithms.SGD(1e9), (X, Y),
        epochs=20, progress=False,
    )  # fmt: skip
    assert fit.stopped is Stop.NON_FINITE
    assert "a smaller learning rate often helps" in repr(fit)


def test_a_run_of_an_own_model_asks_for_it(tmp_path):
    class Mine(tv.Model):
        def __init__(self):
            self.w = tv.parameter((3,))

        def __call__(self, x):
            return x @ self.w

    fit = tv.fit(
        Mine(), tv.objectives.SquaredError(), tv.algorithms.Adam(), (X, Y),
        epochs=1, progress=False,
    )  # fmt: skip
    fit.save(tmp_path / "mine")
    with pytest.raises(RequestError, match=r"holds no code, so pass model=\.\.\."):
        tv.load(tmp_path / "mine")


def test_a_number_in_quotes_is_called_text():
    with pytest.raises(RequestError, match="got '0.1', which is text and no number"):
        tv.algorithms.Adam("0.1")
