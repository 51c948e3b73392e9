"""First values: when they exist, what they depend on, what keeps them."""

import numpy as np
import pytest

from tests.learning.models.examples import Holder, Mine, X, assert_same, values
from trivium.engine.errors import DTypeError, ShapeError, UnboundInputError
from trivium.engine.program import Program
from trivium.engine.tensor import tensor
from trivium.engine.transforms import gradient
from trivium.learning.errors import RequestError
from trivium.learning.layers import Activation, Dense, Flatten, Sequential
from trivium.learning.models import MLP, parameter


def test_values_do_not_exist_before_they_are_drawn() -> None:
    model = Mine()
    with pytest.raises(UnboundInputError, match=r"parameter .* has no value yet.*initialise"):
        model.w.value
    assert repr(model.w).startswith("<")  # printing does not fail
    model.w.assign(np.ones((30, 1)))
    np.testing.assert_array_equal(model.w.value, np.ones((30, 1)))


def test_the_seed_decides_the_values() -> None:
    one, again, other = MLP([4]), MLP([4]), MLP([4])
    for model, seed in ((one, 7), (again, 7), (other, 8)):
        model(X)
        model.initialise(seed)
    assert_same(values(one), values(again))
    assert (one.layers[0].weight.value != other.layers[0].weight.value).any()
    weights = values(one)
    assert (weights["layers.0.weight"][:4, 0] != weights["layers.1.weight"]).all()


def test_initialising_before_or_after_building_is_the_same() -> None:
    before, after = MLP([4]), MLP([4])
    before.initialise(3)
    before(X)
    after(X)
    after.initialise(3)
    assert_same(values(before), values(after))
    before.initialise(4)  # settled values stay
    assert_same(values(before), values(after))


def test_a_value_depends_on_seed_place_and_shape_alone() -> None:
    def drawn(*layers):
        model = Sequential(*layers)
        model(X)
        model.initialise(0)
        return list(values(model).values())

    plain = drawn(Dense(4), Dense(3))
    spaced = drawn(Flatten(), Dense(4), Activation("relu"), Dense(3), Activation("tanh"))
    longer = drawn(Dense(4), Dense(3), Dense(2))
    for one, other, third in zip(plain, spaced, longer, strict=False):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(one, third)


def test_an_assigned_value_stays_and_changes_no_other() -> None:
    plain, assigned = Mine(), Mine()
    for model in (plain, assigned):
        model.more = parameter((3,))
    assigned.w.assign(np.full((30, 1), 2.0))
    plain.initialise(0)
    assigned.initialise(0)
    assert (assigned.w.value == 2).all()
    np.testing.assert_array_equal(plain.more.value, assigned.more.value)


def test_a_failed_assignment_leaves_the_parameter_without_a_value() -> None:
    w = parameter((2,))
    with pytest.raises(ShapeError):
        w.assign([1.0, 2.0, 3.0])
    assert not w.has_value
    assert w.pending


def test_a_called_model_has_the_values_of_seed_zero_until_it_is_initialised() -> None:
    looked, settled = MLP([4]), MLP([4])
    looked(X)
    settled(X)
    settled.initialise(0)
    assert_same(values(looked), values(settled))
    looked.initialise(9)  # looking did not settle anything
    fresh = MLP([4])
    fresh.initialise(9)
    fresh(X)
    assert_same(values(looked), values(fresh))


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True, None, 2**64])
def test_seeds_are_whole_numbers(seed: object) -> None:
    with pytest.raises(RequestError, match="seed"):
        Mine().initialise(seed)


def test_numpy_seeds_count() -> None:
    one, other = Mine(), Mine()
    one.initialise(np.int64(3))
    other.initialise(3)
    assert_same(values(one), values(other))


def test_a_model_compiles_for_unknown_features() -> None:
    from trivium.engine.program import compile

    model = MLP([3])
    np.testing.assert_allclose(compile(model)(X), model(X).value)


def test_programs_update_parameters_in_place() -> None:
    model = Mine()
    model.initialise(0)
    before = model.w.value
    Program((), (), {model.w: model.w * 2.0}).run()
    np.testing.assert_array_equal(model.w.value, 2 * before)


@pytest.mark.parametrize("shape", [(-1,), (2.5,), "ab", (None,), True, [[2]], tensor(3)])
def test_shapes_that_are_none_are_refused(shape: object) -> None:
    with pytest.raises(RequestError, match="shape of a parameter"):
        parameter(shape)


def test_shapes_and_dtypes() -> None:
    assert parameter(4).shape == (4,)
    assert parameter().shape == ()
    assert parameter([2, np.int64(3)], "zeros", "float32").dtype == np.float32
    with pytest.raises(DTypeError, match="int64"):
        parameter((2,), dtype="int64")
    assert parameter((0, 3)).size == 0


def test_a_parameter_too_large_for_the_machine_says_so_when_it_is_drawn() -> None:
    for init in ("zeros", "glorot_uniform"):
        model = Holder(w=parameter((2**40, 2**18), init))
        with pytest.raises(RequestError, match=r"parameter w of shape .* needs .* GiB"):
            model.initialise(0)
        assert not model.w.has_value


def test_parameters_are_variables_of_their_own() -> None:
    one, other = parameter((2,), 1.0), parameter((2,), 1.0)
    model = Holder(one=one, other=other)
    model.initialise(0)
    made = (one * 3.0 + other * 5.0).sum()
    np.testing.assert_array_equal(gradient(made, one).value, [3.0, 3.0])
    np.testing.assert_array_equal(gradient(made, other).value, [5.0, 5.0])
