"""A saved encoder comes back exact; anything else that calls itself one is refused."""

import copy
import json

import numpy as np
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivium.learning.data import Encoder, as_dataset, load
from trivium.learning.errors import DataError

TABLE = pandas.DataFrame(
    {
        "n": [1.1, None, 3.3, 4.7] * 4,
        "f": pandas.array([True, None, False, True] * 4, dtype="boolean"),
        "c": ["é", "b", None, "a\nb"] * 4,
        "many": [f"w{i}" for i in range(15)] + ["w0"],
    }
)
DATASETS = {
    "classes of text": as_dataset((TABLE, list("abab") * 4)),
    "classes of numbers": as_dataset((TABLE, [3, 1] * 8)),
    "truth values": as_dataset((TABLE, [True, False] * 8)),
    "a quantity": as_dataset((TABLE, np.arange(16) / 3)),
    "two quantities": as_dataset(
        (np.arange(48).reshape(16, 3), np.arange(32).reshape(16, 2) / 3)
    ),
    "images": as_dataset((np.arange(16 * 6).reshape(16, 2, 3) / 7, list("abab") * 4)),
}


def fitted(name: str, scale: bool = True) -> Encoder:
    return Encoder.fit(DATASETS[name], scale=scale)


def through_json(encoder: Encoder) -> Encoder:
    return Encoder.from_dict(json.loads(json.dumps(encoder.to_dict(), allow_nan=False)))


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("name", DATASETS)
def test_an_encoder_comes_back_exact(name, scale):
    encoder = fitted(name, scale)
    again = through_json(encoder)
    data = DATASETS[name]
    first, second = encoder.transform(data), again.transform(data)
    assert first.x.tobytes() == second.x.tobytes() and first.y.tobytes() == second.y.tobytes()
    decoded, same = encoder.decode_target(first.y), again.decode_target(second.y)
    assert decoded.dtype == same.dtype and decoded.tobytes() == same.tobytes()
    assert again.to_dict() == encoder.to_dict()
    assert (again.task, again.scale, again.classes) == (
        encoder.task, encoder.scale, encoder.classes
    )  # fmt: skip
    assert list(again.feature_names) == list(encoder.feature_names)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=8))
def test_every_float_comes_back_exact(numbers):
    x = np.array(numbers)
    data = as_dataset((pandas.DataFrame({"a": x}), np.arange(len(x)) / 3), training=False)
    encoder = Encoder.fit(data, "regression")
    again = through_json(encoder)
    assert encoder.transform(data).x.tobytes() == again.transform(data).x.tobytes()


def spots(value, path=()):
    """Every place in a nested dictionary, as the path that leads there."""
    yield path
    pairs = (
        value.items() if isinstance(value, dict)
        else enumerate(value) if isinstance(value, list) else ()
    )  # fmt: skip
    for key, inner in pairs:
        yield from spots(inner, (*path, key))


def changed(value, path, replacement):
    if not path:
        return replacement
    value = copy.deepcopy(value)
    place = value
    for key in path[:-1]:
        place = place[key]
    if replacement is KeyError:
        del place[path[-1]]
    else:
        place[path[-1]] = replacement
    return value


HOSTILE = [
    KeyError, None, [], {}, "", "x", -1, 3, 0.5, True, float("nan"), float("inf"), 10**400,
    [[]], {"kind": "table"}, ["a", "a"], "__import__('os')",
]  # fmt: skip


@pytest.mark.parametrize("name", DATASETS)
def test_a_changed_record_is_refused_or_still_a_whole_encoder(name):
    saved = fitted(name).to_dict()
    refused = 0
    for path in spots(saved):
        for replacement in HOSTILE:
            if not path and replacement is KeyError:
                continue
            try:
                encoder = Encoder.from_dict(changed(saved, path, replacement))
            except DataError as error:
                refused += 1
                assert str(error)
                continue
            try:
                encoded = encoder.transform(DATASETS[name])
            except DataError:
                continue
            assert np.isfinite(encoded.x).all()
    assert refused > 100


@pytest.mark.parametrize(
    "saved", [None, [], "x", {}, {"format": "trivium-encoder"}, {"format": "pickle"}, 3]
)
def test_what_is_no_encoder(saved):
    with pytest.raises(DataError):
        Encoder.from_dict(saved)


def test_another_version_is_refused():
    saved = fitted("a quantity").to_dict()
    with pytest.raises(DataError, match="version 1"):
        Encoder.from_dict({**saved, "version": 2})


def test_the_dictionary_is_plain_json():
    saved = Encoder.fit(load("pokemon")).to_dict()
    assert json.loads(json.dumps(saved)) == saved
