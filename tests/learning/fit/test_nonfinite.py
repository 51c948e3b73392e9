"""What a fit says when a value stops being finite."""

import warnings

import numpy as np
import pytest

import trivium as tv
from trivium.learning.fit.main import NonFiniteWarning
from trivium.learning.stop import Stop

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.1


def broken(model, algorithm, data=(X, Y), objective=None, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = tv.fit(
            model, objective or tv.objectives.SquaredError(), algorithm, data,
            progress=False, **{"epochs": 30, **options},
        )  # fmt: skip
    assert fit.stopped is Stop.NON_FINITE
    (told,) = [each for each in caught if each.category is NonFiniteWarning]
    assert str(told.message) == str(fit.bad_value)
    return fit.bad_value


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("backend", ["native", "reference"])
def test_steps_that_are_too_long_are_blamed_on_the_learning_rate(monkeypatch, backend, dtype):
    monkeypatch.setenv("TRIVIUM_BACKEND", backend)
    found = broken(tv.models.Linear(), tv.algorithms.SGD(1e9), dtype=dtype)
    assert found.phase == "forward" and found.cause.startswith("overflow")
    assert f"the largest {dtype}" in found.why
    (growth,) = found.notes
    assert " has grown: its largest magnitude was 0 at the start" in growth
    assert "learning rate 1e9" in growth
    assert "smaller learning rate" in found.remedy


def test_the_row_of_the_data_is_named_whatever_the_order_of_the_batches():
    x = X.copy()
    x[17, 1] = 0.0
    for batch_size in (8, None):
        found = broken(
            tv.models.Formula(lambda x, w: w / x[:, 1], w=1.0),
            tv.algorithms.SGD(1e-9),
            (x, Y),
            batch_size=batch_size,
        )
        assert found.rows == "row 17 (counted from 0) of the training data"
        assert found.formula == "w / x[:, 1]" and found.cause == "division by zero"
        assert "x[:, 1] is 0 there, because that is what the data hold" in found.why
        assert found.step == 1 or batch_size
        assert "w / x[:, 1]" in found.line


def test_the_row_is_that_of_the_data_also_where_some_are_set_aside(tmp_path):
    x = np.abs(X)
    x[17, 1] = 0.0
    model = tv.models.Formula(lambda x, w: w * tv.array.log(x[:, 1]), w=1.0)
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    for seed in range(9):  # row 17 is in the training part of some splits, not of all
        if 17 in tv.data.as_dataset((np.arange(60.0)[:, None], Y)).split(0.3, seed)[0].array:
            break
    for features in (x, mapped):
        found = broken(model, tv.algorithms.SGD(1e-9), (features, Y), validation=0.3, seed=seed)
        assert found.rows == "row 17 (counted from 0) of the data"


def test_the_line_of_a_file_is_named(tmp_path):
    table = tmp_path / "table.csv"
    rows = [f"{i % 7 + 1},{i}" for i in range(20)]
    rows[11] = "0,3"
    table.write_text("a,y\n" + "\n".join(rows) + "\n")
    found = broken(
        tv.models.Formula(lambda x, w: tv.array.log(x[:, 0]) * w, w=1.0),
        tv.algorithms.SGD(1e-3),
        tv.data.read(table, target="y"),
        scale=False,
    )
    assert found.rows == "line 13 of the training data"
    assert found.cause == "logarithm of zero"


def test_a_softmax_that_underflows_under_a_logarithm_of_ones_own():
    def formula(x, w):
        z = tv.label(100.0 * x * w, "z")
        p = tv.label(tv.array.softmax(z), "p")
        return tv.array.log(p[:, 0])

    found = broken(tv.models.Formula(formula, w=1.0), tv.algorithms.SGD(1e-3))
    assert found.formula == "ln p[:, 0]" and found.cause == "logarithm of zero"
    assert "a softmax underflowed" in found.why and "log_softmax" in found.remedy
    assert found.layer == "Formula" and found.rows.startswith("row ")


def test_the_backward_pass_names_the_formula_that_was_differentiated():
    x = np.abs(X)
    x[5] = 0.0
    found = broken(
        tv.models.Formula(lambda x, w: tv.array.sqrt(tv.array.sum(x * x * w, axis=1)), w=1.0),
        tv.algorithms.SGD(1e-3),
        (x, np.abs(Y)),
    )
    assert (found.phase, found.cause) == ("backward", "division by zero")
    assert found.derivative_of.startswith("√Σ")
    assert "tv.array.norm" in found.remedy
    assert "row 5 " in found.rows


def test_huge_features_are_named():
    found = broken(tv.models.Linear(), tv.algorithms.SGD(1e-3), (X * 1e25, Y))
    assert any("the features go up to" in note for note in found.notes)
    assert "scale=True" in found.remedy


def test_an_update_that_overflows_is_an_update():
    class Leap(tv.algorithms.SGD):
        def update(self, gradient, parameter, state, step, rate):
            return parameter - gradient * 1e30 * 1e30, state

    found = broken(tv.models.Linear(bias=False), Leap(1.0))
    assert found.phase == "update" and found.cause.startswith("overflow")
    assert "∂loss/∂weight" in str(found)


def test_clipping_keeps_a_fit_finite_that_is_not_without_it():
    arguments = (tv.models.Linear(), tv.objectives.SquaredError())
    fit = tv.fit(
        *arguments, tv.algorithms.SGD(0.5, clip=1.0), (X * 10, Y), epochs=5, progress=False
    )
    assert fit.bad_value is None
    assert broken(tv.models.Linear(), tv.algorithms.SGD(0.5), (X * 10, Y))


def test_what_was_found_is_saved_with_the_run_and_read_again(tmp_path):
    with pytest.warns(NonFiniteWarning):
        fit = tv.fit(
            tv.models.Linear(), tv.objectives.SquaredError(), tv.algorithms.SGD(1e9), (X, Y),
            epochs=20, progress=False, out=tmp_path / "run",
        )  # fmt: skip
    again = tv.load(tmp_path / "run")
    assert again.bad_value == fit.bad_value
    assert tv.insight.first_nonfinite(again) == fit.bad_value
    assert "became infinite" in repr(again)


def test_a_numpy_step_that_is_finite_is_said_to_be_so():
    """Sums near the largest number overflow in one order of additions and not in another."""
    from trivium.learning.fit.nonfinite import _only_there

    found = _only_there({"loss": float("inf")}, "float32")
    assert found.cause == "rounding" and "order of additions" in str(found)


def test_a_solver_that_cannot_start_says_why():
    x = np.abs(X)
    x[4, 0] = 0.0
    with pytest.raises(
        tv.TriviumError, match=r"(?s)first parameters.*forward pass: ln x\[:, 0\] became"
    ):
        tv.fit(
            tv.models.Formula(lambda x, w: tv.array.log(x[:, 0]) * w, w=1.0),
            tv.objectives.SquaredError(), tv.algorithms.BFGS(), (x, Y), progress=False,
        )  # fmt: skip
