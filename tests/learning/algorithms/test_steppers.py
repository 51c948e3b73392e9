"""Every stepper against its paper: one table of plain NumPy recurrences, written down again."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.learning.algorithms.problems import START, Arrays, Run, gradient_arrays, loss_tensor
from trivium.engine.tensor import Tensor, Variable
from trivium.engine.traversal import topological
from trivium.learning.algorithms import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    ClipByNorm,
    ClipByValue,
    Cosine,
    DeltaRule,
    Exponential,
    GradientDescent,
    InverseTime,
    LinearWarmup,
    OneCycle,
    RMSProp,
    Schedule,
    StepDecay,
    Stepper,
)

Rate = Callable[[int], float]
Slope = Callable[[Arrays], Arrays]


def each(function: Callable[..., Any], *trees: Arrays) -> Arrays:
    return {name: function(*[tree[name] for tree in trees]) for name in trees[0]}


def zeros(like: Arrays) -> Arrays:
    return each(np.zeros_like, like)


def plain(p: Arrays, slope: Slope, rate: Rate, steps: int) -> Arrays:
    for t in range(1, steps + 1):
        p = each(lambda p, g, t=t: p - rate(t) * g, p, slope(p))
    return p


def heavy_ball(mu: float) -> Any:
    """Polyak (1964): θ_{t+1} = θ_t - η ∇J(θ_t) + μ (θ_t - θ_{t-1})."""

    def run(p: Arrays, slope: Slope, rate: Rate, steps: int) -> Arrays:
        before = p
        for t in range(1, steps + 1):
            g = slope(p)
            p, before = (
                each(lambda p, b, g, t=t: p - rate(t) * g + mu * (p - b), p, before, g),
                p,
            )
        return p

    return run


def nesterov(mu: float) -> Any:
    """Sutskever et al. (2013), eqs. (3), (4), in θ; the point looked ahead to is returned."""

    def run(p: Arrays, slope: Slope, rate: Rate, steps: int) -> Arrays:
        v = zeros(p)
        for t in range(1, steps + 1):
            ahead = each(lambda p, v: p + mu * v, p, v)
            v = each(lambda v, g, t=t: mu * v - rate(t) * g, v, slope(ahead))
            p = each(lambda p, v: p + v, p, v)
        return each(lambda p, v: p + mu * v, p, v)

    return run


def adagrad(delta: float) -> Any:
    def run(p: Arrays, slope: Slope, rate: Rate, steps: int) -> Arrays:
        history: list[Arrays] = []
        for t in range(1, steps + 1):
            history.append(slope(p))
            root = {n: np.sqrt(sum(g[n] ** 2 for g in history)) for n in p}
            p = each(lambda p, g, r, t=t: p - rate(t) * g / (delta + r), p, history[-1], root)
        return p

    return run


def rmsprop(rho: float, epsilon: float, mu: float = 0.0, centered: bool = False) -> Any:
    """Graves (2013), eqs. (38)-(41), without g_i where it is not centered."""

    def run(p: Arrays, slope: Slope, rate: Rate, steps: int) -> Arrays:
        n, m, d = zeros(p), zeros(p), zeros(p)
        for t in range(1, steps + 1):
            g = slope(p)
            n = each(lambda n, g: rho * n + (1 - rho) * g**2, n, g)
            m = each(lambda m, g: rho * m + (1 - rho) * g, m, g) if centered else m
            d = each(
                lambda d, g, n, m, t=t: mu * d - rate(t) * g / np.sqrt(n - m**2 + epsilon),
                d, g, n, m,
            )  # fmt: skip
            p = each(np.add, p, d)
        return p

    return run


def adam(
    beta1: float, beta2: float, epsilon: float, decay: dict[str, float] | None = None
) -> Any:
    """Kingma & Ba (2015), Algorithm 1, with the averages as the sums that they stand for."""

    def run(p: Arrays, slope: Slope, rate: Rate, steps: int) -> Arrays:
        history: list[Arrays] = []
        for t in range(1, steps + 1):
            history.append(slope(p))
            first = [(1 - beta1) * beta1 ** (t - i) for i in range(1, t + 1)]
            second = [(1 - beta2) * beta2 ** (t - i) for i in range(1, t + 1)]
            new = {}
            for name in p:
                m = sum(c * g[name] for c, g in zip(first, history)) / (1 - beta1**t)
                v = sum(c * g[name] ** 2 for c, g in zip(second, history)) / (1 - beta2**t)
                shrink = (decay or {}).get(name, 0.0) * p[name]
                new[name] = p[name] - rate(t) * (m / (np.sqrt(v) + epsilon) + shrink)
            p = new
        return p

    return run


ALL = {"w": 0.1, "b": 0.1, "c": 0.1}
# name: (the stepper with a given rate, its recurrence, a rate that suits it)
TABLE: dict[str, tuple[Callable[..., Stepper], Any, float]] = {
    "gradient descent": (GradientDescent, plain, 0.05),
    "sgd": (SGD, plain, 0.05),
    "momentum": (lambda r, **o: SGD(r, momentum=0.9, **o), heavy_ball(0.9), 0.02),
    "nesterov": (
        lambda r, **o: SGD(r, momentum=0.8, nesterov=True, **o), nesterov(0.8), 0.02,
    ),
    "adagrad": (lambda r, **o: AdaGrad(r, epsilon=1e-3, **o), adagrad(1e-3), 0.5),
    "rmsprop": (lambda r, **o: RMSProp(r, epsilon=1e-4, **o), rmsprop(0.9, 1e-4), 0.05),
    "rmsprop, centered, momentum": (
        lambda r, **o: RMSProp(r, 0.95, 1e-3, momentum=0.9, centered=True, **o),
        rmsprop(0.95, 1e-3, 0.9, True), 0.01,
    ),
    "adam": (Adam, adam(0.9, 0.999, 1e-8), 0.1),
    "adam, other constants": (
        lambda r, **o: Adam(r, beta1=0.0, beta2=0.5, epsilon=0.1, **o),
        adam(0.0, 0.5, 0.1), 0.1,
    ),
    "adamw": (
        lambda r, **o: AdamW(r, weight_decay=0.1, **o), adam(0.9, 0.999, 1e-8, ALL), 0.1,
    ),
    "adamw, weights only": (
        lambda r, **o: AdamW(r, weight_decay=0.1, decay_biases=False, **o),
        adam(0.9, 0.999, 1e-8, {"w": 0.1, "c": 0.1}), 0.1,
    ),
}  # fmt: skip
every_stepper = pytest.mark.parametrize("name", TABLE)


def compare(found: Arrays, expected: Arrays, tolerance: float) -> None:
    assert found.keys() == expected.keys()
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], rtol=tolerance, atol=tolerance)


@every_stepper
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_fifty_steps_are_those_of_the_paper(name: str, dtype: str) -> None:
    make, recurrence, rate = TABLE[name]
    run = Run(make(rate), dtype).advance(50)
    expected = recurrence(START, gradient_arrays, lambda t: rate, 50)
    compare(run.values, expected, 1e-10 if dtype == "float64" else 2e-3)
    assert run.step.value == 50


# Each schedule, and the same formula again; at a rate of 1 so that a stepper's own can follow.
SCHEDULES: dict[str, tuple[Callable[[float], Schedule], Callable[[int], float]]] = {
    "step decay": (
        lambda r: StepDecay(r, factor=0.5, every=7), lambda t: 0.5 ** ((t - 1) // 7),
    ),
    "exponential": (
        lambda r: Exponential(r, 0.9, every=3), lambda t: 0.9 ** ((t - 1) / 3),
    ),
    "inverse time": (lambda r: InverseTime(r, 0.2), lambda t: 1 / (1 + 0.2 * (t - 1))),
    "warm-up": (lambda r: LinearWarmup(r, 10), lambda t: min(t / 10, 1)),
    "warm-up, then inverse time": (
        lambda r: LinearWarmup(InverseTime(r, 0.2), 10),
        lambda t: min(t / 10, 1) / (1 + 0.2 * (t - 1)),
    ),
    "cosine": (
        lambda r: Cosine(r, 40, final=0.1 * r),
        lambda t: 0.1 + 0.45 * (1 + math.cos(math.pi * min((t - 1) / 40, 1))),
    ),
    "cosine after warm-up": (
        lambda r: Cosine(r, 40, warmup=10),
        lambda t: t / 10 if t <= 10 else (1 + math.cos(math.pi * min((t - 11) / 30, 1))) / 2,
    ),
    "one cycle": (
        lambda r: OneCycle(r, 41, rise=0.25, start_divisor=10, end_divisor=100),
        lambda t: 0.1 + 0.45 * (1 - math.cos(math.pi * (t - 1) / 10)) if t <= 11
        else 0.01 + 0.495 * (1 + math.cos(math.pi * min((t - 11) / 30, 1))),
    ),
}  # fmt: skip


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_schedule_is_its_formula_at_every_step(schedule: str) -> None:
    make, formula = SCHEDULES[schedule]
    steps = np.arange(1, 61)
    expected = [0.3 * formula(int(t)) for t in steps]
    found = make(0.3)(steps)
    assert found.dtype == np.float64 and found.shape == (60,)
    np.testing.assert_allclose(found.value, expected, rtol=1e-13, atol=1e-16)
    assert make(0.3)(7).value == pytest.approx(expected[6], rel=1e-13)


@every_stepper
@pytest.mark.parametrize("schedule", ["cosine after warm-up", "step decay"])
def test_fifty_steps_with_a_schedule_are_those_of_the_paper(name: str, schedule: str) -> None:
    make, recurrence, rate = TABLE[name]
    scheduled, formula = SCHEDULES[schedule]
    run = Run(make(scheduled(rate))).advance(50)
    expected = recurrence(START, gradient_arrays, lambda t: rate * formula(t), 50)
    compare(run.values, expected, 1e-10)


def shortened(limit: float) -> Slope:
    def slope(p: Arrays) -> Arrays:
        g = gradient_arrays(p)
        norm = math.sqrt(sum(float((value**2).sum()) for value in g.values()))
        return each(lambda g: g * min(1.0, limit / norm), g)

    return slope


def limited(limit: float) -> Slope:
    return lambda p: each(lambda g: np.clip(g, -limit, limit), gradient_arrays(p))


@every_stepper
@pytest.mark.parametrize(
    ("clip", "slope"),
    [
        (ClipByNorm(2.0), shortened(2.0)),
        (2.0, shortened(2.0)),
        (ClipByValue(0.7), limited(0.7)),
    ],
    ids=["by norm", "by a number", "by value"],
)
def test_fifty_steps_with_clipping_are_those_of_the_paper(
    name: str, clip: Any, slope: Slope
) -> None:
    make, recurrence, rate = TABLE[name]
    expected = recurrence(START, slope, lambda t: rate, 50)
    compare(Run(make(rate, clip=clip)).advance(50).values, expected, 1e-10)


@every_stepper
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_state_and_parameters_keep_shape_and_dtype(name: str, dtype: str) -> None:
    make, _, rate = TABLE[name]
    algorithm = make(SCHEDULES["cosine after warm-up"][0](rate), clip=1.0)
    run = Run(algorithm, dtype)
    for target, value in run.updates.items():
        assert (value.shape, value.dtype) == (target.shape, target.dtype)
    for parameter, slots in run.states.items():
        for slot in slots.values():
            assert slot.shape == run.parameters[parameter].shape
            assert slot.dtype == np.dtype(dtype)
            assert not slot.value.any()
    # Only numbers of the whole step (rate, norm, bias correction) may be in another dtype.
    for node in topological(run.updates.values()):
        if node.dtype.kind == "f" and node.dtype != dtype:
            assert node.size <= len(run.parameters), node


@every_stepper
def test_the_same_steps_twice_are_the_same_bits_in_any_portions(name: str) -> None:
    make, _, rate = TABLE[name]
    first = Run(make(rate), "float32").advance(20)
    second = Run(make(rate), "float32").advance(7).advance(13)
    for parameter in first.values:
        assert first.values[parameter].tobytes() == second.values[parameter].tobytes()


@every_stepper
def test_a_convex_quadratic_is_brought_to_its_minimum(name: str) -> None:
    make, _, rate = TABLE[name]
    scales = {key: np.linspace(0.5, 2, value.size).reshape(value.shape)
              for key, value in START.items()}  # fmt: skip

    def bowl(variables: dict[str, Variable]) -> Tensor:
        return sum((scales[key] * p * p).sum() for key, p in variables.items())

    # The rate falls to zero, because adaptive steps do not shrink by themselves.
    run = Run(make(Cosine(rate, 500)), loss=bowl).advance(500)
    start = np.concatenate([value.ravel() for value in START.values()])
    assert np.linalg.norm(run.vector) < 1e-3 * np.linalg.norm(start)
    assert run.losses[-1] < 1e-5 * run.losses[0]


@pytest.mark.parametrize("name", [name for name in TABLE if "adamw" not in name])
def test_where_the_gradient_is_zero_nothing_moves(name: str) -> None:
    make, _, rate = TABLE[name]
    run = Run(make(rate), loss=lambda v: sum((p * 0.0).sum() for p in v.values())).advance(5)
    compare(run.values, START, 0.0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Adam(0.1, epsilon=1e-30),
        lambda: AdaGrad(0.1, epsilon=1e-30),
        lambda: RMSProp(0.1, epsilon=1e-30),
    ],
)
@pytest.mark.parametrize("factor", [2.0**-20, 2.0**20])
def test_adaptive_steps_do_not_depend_on_the_scale_of_the_loss(
    make: Any, factor: float
) -> None:
    scaled = Run(make(), loss=lambda v: loss_tensor(v) * factor).advance(20)
    compare(scaled.values, Run(make()).advance(20).values, 1e-12)


def test_the_first_step_of_adam_has_the_length_of_the_rate_in_float32_too() -> None:
    """1 - 0.999 has only four correct digits in float32; the correction must not be there."""
    run = Run(Adam(0.125, epsilon=1e-30), "float32").advance(1)
    for name, gradient in gradient_arrays(START).items():
        step = run.values[name].astype(float) - START[name].astype("float32")
        np.testing.assert_allclose(step, -0.125 * np.sign(gradient), rtol=1e-6)


def test_adam_after_a_billion_steps_needs_no_correction_and_does_not_break() -> None:
    run = Run(Adam(0.1))
    run.step.assign(np.int64(10**9))
    run.advance(2)
    assert all(np.isfinite(value).all() for value in run.values.values())


def test_only_gradient_descent_asks_for_the_whole_data() -> None:
    assert GradientDescent().full_batch
    assert not any(
        made().full_batch for made in (SGD, AdaGrad, RMSProp, Adam, AdamW, DeltaRule)
    )
