"""What goes into a run's JSON comes back equal, in value and in type, and is strict JSON."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trivium.learning.errors import RunError
from trivium.learning.runs.codec import decode, encode

texts = st.text(st.characters()) | st.sampled_from(
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "~NaN",
        "~~NaN",
        "~-Infinity",
        "~",
        "nan",
        "NaN ",
        "\udcff",
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=20,
)


def same(a: Any, b: Any) -> bool:
    """Equal with equal types; NaN equals NaN and 0.0 does not equal -0.0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (
            a == b and math.copysign(1, a) == math.copysign(1, b)
        )
    return bool(a == b)


@given(values)
@example({"loss": math.nan, "text": "NaN"})
@example([math.inf, -math.inf, "Infinity", "~Infinity", -0.0, 5e-324, 0.1 + 0.2, 2**64 - 1])
def test_what_is_written_is_read(value: object) -> None:
    text = encode(value, "value")
    assert same(decode(text), value)
    assert same(decode(text.encode("utf-8")), value)


@given(values)
def test_the_text_is_strict_json(value: object) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    json.loads(encode(value, "value"), parse_constant=refuse)


def test_non_finite_numbers_and_texts_that_look_like_them_stay_apart() -> None:
    assert encode([math.nan, math.inf, -math.inf], "x") == '["NaN", "Infinity", "-Infinity"]'
    assert encode(["NaN", "~NaN", "nan"], "x") == '["~NaN", "~~NaN", "nan"]'


def test_numpy_scalars_and_tuples_become_plain_python() -> None:
    given_ = (
        np.int64(-3),
        np.uint64(2**64 - 1),
        np.float32(0.1),
        np.float64(0.1),
        np.bool_(True),
    )
    read = decode(encode(given_, "x"))
    assert same(read, [-3, 2**64 - 1, float(np.float32(0.1)), 0.1, True])
    assert same(decode(encode(np.float32("inf"), "x")), math.inf)


def test_texts_stay_readable() -> None:
    assert "účel 目標" in encode({"target": "účel 目標"}, "request")


@pytest.mark.parametrize(
    ("value", "where", "kind"),
    [
        ({"a": [1, {"b": len}]}, "request['a'][1]['b']", "builtin_function_or_method"),
        ({"a": np.zeros(3)}, "request['a']", "ndarray"),
        ([b"bytes"], "request[0]", "bytes"),
        ({"a": 1j}, "request['a']", "complex"),
        ({"a": {1, 2}}, "request['a']", "set"),
        ({"a": np.longdouble(1)}, "request['a']", "longdouble"),
    ],
)
def test_what_json_cannot_hold_is_refused_by_name(value: Any, where: str, kind: str) -> None:
    with pytest.raises(RunError) as caught:
        encode(value, "request")
    assert where in str(caught.value) and kind in str(caught.value)


def test_keys_must_be_texts() -> None:
    with pytest.raises(RunError, match=r"request\['a'\] has the key 1, a int"):
        encode({"a": {1: 2}}, "request")


def test_endless_nesting_is_refused_both_ways() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(RunError, match="nested too deeply"):
        encode(endless, "request")
    with pytest.raises(ValueError, match="nested too deeply"):
        decode("[" * 100_000 + "]" * 100_000)
    with pytest.raises(ValueError, match="nested too deeply"):
        decode('{"a":' * 100_000 + "1" + "}" * 100_000)


@pytest.mark.parametrize(
    "text",
    ["NaN", "[Infinity]", '{"a": -Infinity}', "", "{", "1 2", "9" * 10_000, b"\xff\xfe\x00"],
)
def test_what_is_not_strict_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        decode(text)


def test_an_integer_too_long_for_python_is_refused() -> None:
    with pytest.raises(RunError, match="cannot be written as JSON"):
        encode({"n": 10**5000}, "request")
