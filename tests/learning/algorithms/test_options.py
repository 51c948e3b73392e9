"""Options out of range are refused in words; what is accepted can be written and read."""

from typing import Any

import numpy as np
import pytest

from tests.learning.algorithms.problems import Run
from trivium.engine import array
from trivium.engine.tensor import tensor
from trivium.learning.algorithms import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    ClipByNorm,
    ClipByValue,
    ClosedForm,
    Constant,
    Cosine,
    DeltaRule,
    Exponential,
    GradientDescent,
    InverseTime,
    LinearWarmup,
    OneCycle,
    RMSProp,
    StepDecay,
    Stop,
)
from trivium.learning.clipping import global_norm
from trivium.learning.errors import RequestError
from trivium.learning.specification import from_spec, parse_algorithm

STEPPERS = [GradientDescent, SGD, AdaGrad, RMSProp, Adam, AdamW, DeltaRule]

ACCEPTED = [
    *[make() for make in STEPPERS],
    ClosedForm(),
    GradientDescent(0.5, clip=1),
    SGD(0.1, momentum=0.9, nesterov=True),
    SGD(Cosine(0.1, 100, warmup=10, final=0.01), clip=ClipByValue(0.5)),
    SGD(LinearWarmup(StepDecay(0.1, 0.5, 10), 5)),
    AdaGrad(InverseTime(1, 0.5)),
    RMSProp(Exponential(0.1, 0.99, every=2), centered=True, momentum=0.5),
    Adam(OneCycle(0.1, 50), beta1=0, beta2=0.99, epsilon=1e-7),
    Adam(Constant(0.1), clip=ClipByNorm(2)),
    AdamW(np.float32(0.25), weight_decay=0, decay_biases=False),
]


@pytest.mark.parametrize("algorithm", ACCEPTED, ids=repr)
def test_an_algorithm_is_built_again_from_what_it_prints_and_writes(algorithm: Any) -> None:
    assert eval(repr(algorithm)) == algorithm
    again = from_spec(algorithm.spec(), "algorithms")
    assert again == algorithm and hash(again) == hash(algorithm)
    assert type(again) is type(algorithm)
    assert from_spec({**algorithm.spec()}).spec() == algorithm.spec()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gradient-descent", GradientDescent()),
        ("sgd:momentum=0.9,nesterov=true", SGD(momentum=0.9, nesterov=True)),
        ("adagrad:0.5", AdaGrad(0.5)),
        ("rmsprop:centered=true", RMSProp(centered=True)),
        ("adam:learning_rate=0.001,beta1=0.8", Adam(0.001, beta1=0.8)),
        ("adam:learning_rate=0.1,clip=5", Adam(0.1, clip=5.0)),
        ("adamw:weight-decay=0.1", AdamW(weight_decay=0.1)),
        ("sgd:learning_rate=cosine(0.1,steps=200,warmup=20)", SGD(Cosine(0.1, 200, warmup=20))),
        ("delta-rule", DeltaRule()),
        ("closed-form", ClosedForm()),
    ],
)
def test_the_text_of_the_command_line(text: str, expected: Any) -> None:
    assert parse_algorithm(text) == expected


@pytest.mark.parametrize("make", STEPPERS)
@pytest.mark.parametrize("wrong", [-0.1, 0, 0.0, float("nan"), float("inf"), "0.1", None, True])
def test_a_learning_rate_that_is_not_positive_is_refused(make: Any, wrong: Any) -> None:
    with pytest.raises(RequestError) as caught:
        make(learning_rate=wrong)
    assert f"learning rate must be positive, got {wrong!r}" in str(caught.value)
    assert make.__name__ in str(caught.value)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SGD(momentum=1.0), "momentum must be at least 0 and below 1, got 1.0"),
        (lambda: SGD(momentum=-0.1), "momentum must be at least 0"),
        (lambda: SGD(nesterov=True), "momentum must be positive"),
        (lambda: SGD(momentum=0.9, nesterov="yes"), "nesterov must be True or False"),
        (lambda: AdaGrad(epsilon=0), "AdaGrad: epsilon must be positive, got 0"),
        (lambda: RMSProp(decay=1), "RMSProp: decay must be"),
        (lambda: RMSProp(centered=1), "centered must be True or False, got 1"),
        (lambda: Adam(beta1=1), "Adam: beta1 must be at least 0 and below 1, got 1"),
        (lambda: Adam(beta2=-1e-9), "Adam: beta2 must be"),
        (lambda: Adam(epsilon=-1), "Adam: epsilon must be positive"),
        (lambda: AdamW(beta1="a"), "AdamW: beta1 must be"),
        (lambda: AdamW(weight_decay=-0.1), "weight_decay must be zero or positive, got -0.1"),
        (lambda: Adam(clip=-1), "Adam: clip must be positive, got -1"),
        (lambda: Adam(clip="norm"), "ClipByNorm"),
        (lambda: Adam(clip=True), "clip must be positive"),
        (lambda: ClipByNorm(0), "max_norm must be positive"),
        (lambda: ClipByValue(float("nan")), "limit must be positive"),
        (lambda: Constant(-1), "learning rate must be positive, got -1"),
        (lambda: StepDecay(0), "StepDecay: learning rate must be positive, got 0"),
        (lambda: StepDecay(0.1, factor=1.5), "factor must be above 0 and at most 1, got 1.5"),
        (lambda: StepDecay(0.1, every=0), "every must be a whole number of at least 1, got 0"),
        (lambda: StepDecay(0.1, every=2.5), "every must be a whole number"),
        (lambda: Exponential(0.1, 0), "factor must be above 0"),
        (lambda: InverseTime(0.1, -1), "decay must be zero or positive"),
        (lambda: LinearWarmup(-0.1, 5), "learning rate must be positive, got -0.1"),
        (lambda: LinearWarmup(0.1, 0), "steps must be a whole number of at least 1"),
        (lambda: Cosine(0.1, 10, warmup=10), "warmup must be shorter than steps=10, got 10"),
        (lambda: Cosine(0.1, 10, final=0.2), "final must not be above peak=0.1, got 0.2"),
        (lambda: Cosine(0.1, True), "steps must be a whole number"),
        (lambda: OneCycle(0.1, 1), "steps must be a whole number of at least 2"),
        (lambda: OneCycle(0.1, 10, rise=0), "rise must be positive"),
        (lambda: OneCycle(0.1, 10, rise=1), "rise must be at least 0 and below 1"),
        (lambda: OneCycle(0.1, 10, end_divisor=-1), "end_divisor must be positive"),
        (lambda: parse_algorithm("adm"), "adam"),
        (lambda: parse_algorithm("adam:learning_rate=-0.1"), "must be positive, got -0.1"),
        (lambda: parse_algorithm("adam:learnig_rate=0.1"), "learning_rate"),
        (lambda: parse_algorithm("adam:0.1,clip=huge"), "clip must be"),
        (lambda: parse_algorithm("sgd:learning_rate=cosine(0.1)"), "steps"),
    ],
)
def test_other_options_outside_their_range_are_refused(make: Any, words: str) -> None:
    with pytest.raises(RequestError) as caught:
        make()
    assert words in str(caught.value)


def test_only_algorithms_are_offered_as_algorithms() -> None:
    """Schedules and clips are parts of algorithms: no one can fit with a cosine."""
    with pytest.raises(RequestError) as caught:
        parse_algorithm("unheard-of")
    message = str(caught.value)
    assert "adamw" in message and "closed-form" in message
    assert "cosine" not in message and "clip" not in message


def test_clipping_keeps_direction_bounds_and_nan() -> None:
    large = [np.full((2, 2), 3e200), np.array([-4e200])]  # whose squares overflow
    clipped = [each.value for each in ClipByNorm(5.0)([tensor(g) for g in large])]
    total = np.sqrt(4 * 3.0**2 + 4.0**2)
    np.testing.assert_allclose(clipped[0], 5 * 3 / total, rtol=1e-14)
    np.testing.assert_allclose(clipped[1], -5 * 4 / total, rtol=1e-14)
    small = [tensor(np.array([0.3, -0.4]))]
    assert ClipByNorm(5.0)(small)[0].value.tolist() == [0.3, -0.4]
    assert ClipByNorm(5.0)([tensor(np.zeros(3))])[0].value.tolist() == [0, 0, 0]
    assert global_norm(small).value == pytest.approx(0.5)
    broken = [tensor(np.array([1.0, np.nan])), tensor(np.array([2.0]))]
    assert np.isnan(ClipByNorm(1.0)(broken)[1].value).all()
    assert np.isnan(ClipByValue(1.0)(broken)[0].value[1])
    single = ClipByNorm(1.0)([tensor(np.array([3.0, 4.0], "float32"))])[0]
    assert single.dtype == np.float32
    np.testing.assert_allclose(single.value, [0.6, 0.8], rtol=1e-6)


def test_a_schedule_of_your_own_needs_only_its_rate() -> None:
    from trivium.learning.algorithms import Schedule

    class Triangle(Schedule):
        def rate(self, step: Any) -> Any:
            return 0.1 * abs(array.sin(step))

    np.testing.assert_allclose(Triangle()([1, 2]).value, 0.1 * np.abs(np.sin([1, 2])))
    assert np.isfinite(Run(SGD(Triangle())).advance(3).vector).all()


def test_a_constant_schedule_is_a_number() -> None:
    for rate in (0.1, Constant(0.1)):
        run = Run(SGD(rate)).advance(5)
        assert run.vector.tobytes() == Run(SGD(0.1)).advance(5).vector.tobytes()


def test_the_reasons_for_stopping_are_sentences() -> None:
    for reason in Stop:
        assert reason.sentence == reason.value
        assert reason.sentence.endswith(".") and reason.sentence[0].isupper()
        assert Stop[reason.name] is reason
    assert not Stop.INTERRUPTED.finished and Stop.CLOSED_FORM.finished
