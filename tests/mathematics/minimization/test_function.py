"""Functions as algorithms see them: values, derivatives, structures, counts, errors."""

import math
from typing import Any

import numpy as np
import pytest

import trivium as tv
from trivium import array as xp
from trivium.engine.errors import ArgumentError, DTypeError, ShapeError, UnboundInputError
from trivium.mathematics.minimization import Counts, Function, Residuals, lbfgs


def wavy(x: Any) -> Any:
    return xp.sin(x[0]) * x[1] ** 2 + xp.exp(x[0] * x[2]) + (x**4).sum()


@pytest.mark.parametrize("backend", ["reference", "native"])
def test_derivatives_agree_with_differences_and_with_each_other(backend: str) -> None:
    point = np.array([0.3, -0.7, 1.1])
    function = Function(wavy, point, backend=backend)
    value, gradient = function.value_and_gradient(point)
    hessian = function.hessian(point)
    assert value == pytest.approx(function.value(point), rel=1e-15)
    for i in range(3):
        step = np.eye(3)[i] * 1e-6
        difference = (function.value(point + step) - function.value(point - step)) / 2e-6
        assert gradient[i] == pytest.approx(difference, rel=1e-8)
        slopes = [function.value_and_gradient(point + s)[1] for s in (step, -step)]
        np.testing.assert_allclose(hessian[i], (slopes[0] - slopes[1]) / 2e-6, rtol=1e-6)
        np.testing.assert_allclose(
            function.hessian_vector(point, np.eye(3)[i]), hessian[i], rtol=1e-12
        )
    assert (hessian == hessian.T).all()


def test_every_evaluation_is_counted() -> None:
    function = Function(wavy, [0.3, -0.7, 1.1], backend="reference")
    x = function.start
    before = function.counts
    function.value(x)
    function.value_and_gradient(x)
    function.hessian(x)
    function.hessian_vector(x, x)
    assert function.counts - before == Counts(2, 1, 1, 1)
    assert str(function.counts) == "2 functions, 1 gradient, 1 hessian, 1 product"
    assert str(Counts()) == "nothing evaluated"
    assert Counts(1) + Counts(2, 3) == Counts(3, 3)
    assert Counts(2, residuals=3).evaluations == 5


def test_starts_of_any_structure_are_flat_inside_and_come_back_as_they_were() -> None:
    start = {"w": np.ones((2, 2)), "pair": (np.zeros(3), tv.tensor(4.0))}
    f = lambda p: (p["w"] ** 2).sum() + ((p["pair"][0] - 1) ** 2).sum() + p["pair"][1] ** 2  # noqa: E731
    function = Function(f, start)
    assert function.size == 8 and function.start.tolist() == [1, 1, 1, 1, 0, 0, 0, 4]
    _, gradient = function.value_and_gradient(function.start)
    assert gradient.tolist() == [2, 2, 2, 2, -2, -2, -2, 8]
    assert np.diag(function.hessian(function.start)).tolist() == [2.0] * 8
    found = lbfgs(function)
    assert found.point["w"].shape == (2, 2) and found.point["pair"][1].shape == ()
    np.testing.assert_allclose(found.point["pair"][0], 1)


@pytest.mark.parametrize("start", [2.0, [2.0], (2.0,), np.array([[2.0]]), tv.tensor([2.0]), 2])
def test_numbers_lists_arrays_and_tensors_are_starts(start: Any) -> None:
    found = lbfgs(lambda x: ((x - 1) ** 2).sum(), start)
    assert found.x.shape == (1,) and found.x[0] == pytest.approx(1)
    assert np.shape(found.point) == (
        np.shape(start) if not isinstance(start, tv.Tensor) else start.shape
    )


def test_expressions_are_minimized_over_their_variables_which_keep_their_values() -> None:
    a, b = tv.variable(3.0, name="a"), tv.variable(np.array([1.0, 2.0]), name="b")
    f = (a - 1) ** 2 + ((b - a) ** 2).sum()
    found = lbfgs(f, [a, b])
    np.testing.assert_allclose(found.x, 1, atol=1e-7)
    assert a.value == 3 and b.value.tolist() == [1, 2]
    np.testing.assert_allclose(lbfgs(f, a).x, (1 + 1 + 2) / 3)


def test_values_that_are_not_finite_are_given_back() -> None:
    function = Function(lambda x: xp.log(x).sum(), [1.0], backend="reference")
    assert math.isnan(function.value(np.array([-1.0])))
    assert function.value(np.array([0.0])) == -math.inf
    value, gradient = function.value_and_gradient(np.array([0.0]))
    assert value == -math.inf and gradient[0] == math.inf


def test_plain_callables() -> None:
    function = Function.from_callables(
        [1.0, 2.0],
        value_and_gradient=lambda x: (float(x @ x), 2 * x),
        hessian=lambda x: [[2, 0], [0, 2]],
    )
    x = function.start
    assert function.value(x) == 5 and function.counts == Counts(1, 1)
    assert function.hessian_vector(x, x).tolist() == [2, 4]
    assert function.has_hessian and function.has_products and function.has_gradient
    assert lbfgs(function).value == pytest.approx(0, abs=1e-12)
    with pytest.raises(ShapeError, match="gradient has shape"):
        wrong = Function.from_callables([1.0, 2.0], value_and_gradient=lambda x: (0.0, [1.0]))
        wrong.value_and_gradient(x)
    only = Function.from_callables([1.0], value=lambda x: float(x[0]))
    assert not only.has_gradient and not only.has_products
    with pytest.raises(ArgumentError, match="value_and_gradient="):
        only.value_and_gradient(only.start)
    with pytest.raises(ArgumentError, match="hessian="):
        only.hessian(only.start)
    for bad in (lambda: Function.from_callables([1.0]), lambda: Function.from_callables([])):
        with pytest.raises(ArgumentError):
            bad()


def test_what_is_no_scalar_function_is_refused_in_words() -> None:
    with pytest.raises(ShapeError, match=r"shape \(2,\); reduce it"):
        Function(lambda x: x, [1.0, 2.0])
    with pytest.raises(ShapeError, match="2 results"):
        Function(lambda x: (x[0], x[1]), [1.0, 2.0])
    with pytest.raises(DTypeError, match="int64"):
        Function(lambda x: (x > 0).astype("int64").sum(), [1.0])
    with pytest.raises(ArgumentError, match="no numbers"):
        Function(lambda x: x.sum(), [])
    with pytest.raises(ArgumentError, match="not 3"):
        Function(3, [1.0])  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="over its variables"):
        Function(tv.tensor(1.0), [1.0])
    with pytest.raises(DTypeError, match="int64"):
        Function(lambda x: x.sum(), [tv.variable([1, 2])])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.sum() if x[0] > 0 else -x.sum(),
        lambda x: math.sin(x[0]) + x[1],
        lambda x: np.sin(np.asarray(x)).sum(),
    ],
)
def test_looking_at_the_point_while_it_is_traced_is_refused(f: Any) -> None:
    """A Python if would be decided once, at the start, for every point."""
    with pytest.raises(UnboundInputError, match=r"traced once for every point"):
        Function(f, [1.0, 2.0])


def test_residuals_and_jacobian() -> None:
    t = np.linspace(0, 1, 7)
    model = lambda b: b["a"] * xp.exp(-b["k"][0] * t) + b["k"][1]  # noqa: E731
    for backend in ("reference", "native"):
        residuals = Residuals(model, {"a": 2.0, "k": [1.5, 0.1]}, backend=backend)
        assert residuals.size == 3 and residuals.length == 7
        x = residuals.start
        decay = np.exp(-1.5 * t)
        np.testing.assert_allclose(residuals.residuals(x), 2 * decay + 0.1, rtol=1e-14)
        want = np.stack([decay, -2 * t * decay, np.ones(7)], axis=1)
        np.testing.assert_allclose(residuals.jacobian(x), want, rtol=1e-13)
        assert residuals.counts == Counts(residuals=1, jacobians=1)
    with pytest.raises(ArgumentError, match="empty"):
        Residuals(lambda b: b[:0], [1.0])


@pytest.mark.parametrize("backend", ["reference", "native"])
def test_the_rows_of_the_hessian_are_those_of_the_expression(backend):
    """Leaves of several shapes, an integer power, a leaf that f does not see; asked for twice."""
    start = {
        "a": np.array([0.3, -0.7]),
        "b": (np.array([[1.0, 2.0]]), np.array(0.5)),
        "c": np.ones(1),
    }

    def f(p):
        a, (b, c) = p["a"], p["b"]
        return (xp.exp(a * c) @ b.reshape((2,))) ** 2 + (a**3).sum() * c

    function = Function(f, start, backend=backend)
    leaves = [tv.variable(each) for each in (start["a"], *start["b"], start["c"])]
    blocks = tv.hessian(f({"a": leaves[0], "b": tuple(leaves[1:3]), "c": leaves[3]}), leaves)
    for shift in (0.0, 0.25):
        for leaf in leaves:
            leaf.assign(leaf.value + shift)
        point = np.concatenate([leaf.value.ravel() for leaf in leaves])
        want = np.block(
            [
                [
                    block.value.reshape(one.size, two.size)
                    for block, two in zip(row, leaves, strict=True)
                ]
                for row, one in zip(blocks, leaves, strict=True)
            ]
        )
        np.testing.assert_allclose(function.hessian(point), want, rtol=1e-12, atol=1e-12)
