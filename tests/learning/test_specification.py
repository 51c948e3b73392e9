"""Components written down and built again, from dicts and from the command line's texts."""

import json
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivium.learning.errors import RequestError
from trivium.learning.initializers import ConstantValue, GlorotUniform, Orthogonal
from trivium.learning.layers import Activation, Dense, Dropout, Flatten, Sequential
from trivium.learning.models import MLP, Linear, Model, ThresholdNeuron
from trivium.learning.specification import (
    Component,
    component,
    encode,
    entries,
    from_spec,
    parse_model,
)
from trivium.learning.text_forms import parse, parse_sum


@component("TestSpeed", values="stages")
class Speed(Component):
    """Something with every kind of hyperparameter."""

    def __init__(self, rate: float, stages: list[float] = (), part: object = None, *, name="x"):
        self.rate, self.stages, self.part, self.name = rate, stages, part, name
        if isinstance(rate, bool) or not isinstance(rate, int | float):
            raise RequestError(f"TestSpeed: rate must be a number, got {rate!r}")


@component("TestSum")
class Sum(Component):
    """Numbers with an algebra."""

    def __init__(self, weight: float = 1.0, power: int = 1):
        self.weight, self.power = float(weight), power

    def __add__(self, other):
        return Sum(self.weight + other.weight)

    def __rmul__(self, factor):
        return Sum(factor * self.weight)


EVERY = [
    MLP(),
    MLP([3], activation="tanh", outputs=2, dropout=0.25, output="softmax", init="orthogonal"),
    MLP(hidden=7, activation="Swish", init=0.5),
    MLP(hidden=[]),
    Linear(),
    Linear(4, bias=False, output="sigmoid", init=Orthogonal(2.0)),
    ThresholdNeuron(),
    Dense(),
    Dense(5, activation="relu", bias=False, init="he_uniform"),
    Dropout(0.2),
    Flatten(),
    Activation("leaky_relu", slope=0.3),
    Sequential(),
    Sequential(Flatten(), Sequential(Dense(3), Activation("mish")), Dropout(0.1), Dense()),
    GlorotUniform(),
    ConstantValue(3),
    Speed(1, [1, 2.5], Speed(2, part={2: "a", True: None, "kind": "b"}), name="y"),
]


@pytest.mark.parametrize("made", EVERY, ids=repr)
def test_reading_inverts_writing(made: Component) -> None:
    written = json.loads(json.dumps(made.spec()))
    again = from_spec(written)
    assert type(again) is type(made)
    assert again.spec() == made.spec()
    assert repr(again) == repr(made)


@pytest.mark.parametrize("made", EVERY[:-1], ids=repr)
def test_a_printed_component_is_the_call_that_makes_it(made: Component) -> None:
    import trivium.learning.initializers
    import trivium.learning.layers
    import trivium.learning.models

    names = {
        **vars(trivium.learning.initializers),
        **vars(trivium.learning.layers),
        **vars(trivium.learning.models),
    }
    assert eval(repr(made), names).spec() == made.spec()


def test_defaults_are_not_printed() -> None:
    assert repr(MLP(hidden=[128, 64], activation="relu")) == "MLP(hidden=[128, 64])"
    assert repr(Linear()) == "Linear()"
    assert repr(Dropout(0.5)) == "Dropout(rate=0.5)"


def test_every_registered_model_layer_and_initialiser_has_a_room_and_one_text_name() -> None:
    found = entries("models", "layers", "initializers")
    texts = [entry.text for entry in found]
    assert {"mlp", "linear", "threshold", "dense", "he-normal", "lecun-uniform"} <= set(texts)
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (None, "dict with 'kind'"),
        ([], "dict with 'kind'"),
        ({}, "'kind' must name a component"),
        ({"kind": ["MLP"]}, "'kind' must name a component"),
        ({"kind": "MPL"}, "Did you mean 'MLP'?"),
        ({"kind": "os.system"}, "no component is called"),
        ({"kind": "__import__", "name": "os"}, "no component is called"),
        ({"kind": "MLP", "hiden": [3]}, "Did you mean 'hidden'?"),
        ({"kind": "MLP", "self": 1}, "no option 'self'"),
        ({"kind": "MLP", "__class__": 1}, "no option '__class__'"),
        ({"kind": "TestSpeed"}, "needs the option 'rate'"),
        ({"kind": "MLP", "hidden": "128"}, "hidden must be the sizes"),
        ({"kind": "MLP", "hidden": [True]}, "hidden must be the sizes"),
        ({"kind": "MLP", "hidden": {"kind": "MLP"}}, "hidden must be the sizes"),
        ({"kind": "MLP", "hidden": [[3]]}, "hidden must be the sizes"),
        ({"kind": "MLP", "dropout": float("nan")}, "dropout must be"),
        ({"kind": "Dense", "units": 0}, "units must be"),
        ({"kind": "Sequential", "layers": 3}, "layers must be a list"),
        ({"kind": "Sequential", "layers": [3]}, "not a layer"),
        ({"kind": "Sequential", "layers": ["relu"]}, "Activation('relu')"),
        ({"kind": "Activation", "function": "relu", "options": 3}, "options must map names"),
        ({"kind": "Activation", "function": "relu", "options": {"function": 1}}, "'function'"),
        ({"kind": "Formula", "f": {"kind": "function", "name": "f"}}, "holds no code"),
        ({"kind": "Formula", "f": "__import__('os')"}, "must be a function"),
        ({"kind": "MLP", "own": True}, "a class of your own"),
        ({"kind": "mapping", "items": []}, "no component is called"),
        ({"kind": "TestSpeed", "rate": 1, "part": {"kind": "mapping"}}, "[key, value] pairs"),
        (
            {"kind": "TestSpeed", "rate": 1, "part": {"kind": "mapping", "items": [[[], 1]]}},
            "[key, value] pairs",
        ),
        ({"kind": "TestSpeed", "rate": 1, "part": {"kind": 3}}, "'kind' must name"),
        ({"kind": "TestSpeed", "rate": 1, "part": b"x"}, "has no bytes"),
    ],
    ids=str,
)
def test_hostile_specifications_are_refused_with_a_reason(spec: object, says: str) -> None:
    with pytest.raises(RequestError) as refusal:
        from_spec(spec)
    assert says in str(refusal.value)
    assert len(str(refusal.value)) < 1000


def test_no_depth_of_nesting_reaches_pythons_recursion_limit() -> None:
    spec: object = 1
    for _ in range(100_000):
        spec = [spec]
    with pytest.raises(RequestError, match="deep"):
        from_spec({"kind": "TestSpeed", "rate": 1, "part": spec})
    nested: dict = {"kind": "Sequential", "layers": []}
    for _ in range(sys.getrecursionlimit()):
        nested = {"kind": "Sequential", "layers": [nested]}
    with pytest.raises(RequestError, match="deep"):
        from_spec(nested)
    while isinstance(spec, list) and spec:  # freed one by one, not recursively
        spec = spec.pop()


def test_a_specification_of_another_family_is_refused() -> None:
    assert isinstance(from_spec(Linear().spec(), "models", "layers"), Linear)
    with pytest.raises(RequestError, match="Dropout is one of the layers"):
        from_spec(Dropout().spec(), "models")


def test_what_a_constructor_raises_becomes_a_request_error() -> None:
    @component("TestBroken")
    class Broken(Component):
        def __init__(self, value):
            self.value = 1 / value

    with pytest.raises(RequestError, match="TestBroken cannot be built.*zero"):
        from_spec({"kind": "TestBroken", "value": 0})


def test_own_classes_are_named_but_not_built_until_they_are_registered() -> None:
    class Mine(Model):
        def __init__(self, width=3, depth=2):
            self.width = width

    spec = Mine(4).spec()
    assert spec == {"kind": "Mine", "own": True, "shown": "Mine(width=4, ...)"}
    with pytest.raises(RequestError, match="class of your own.*@component"):
        from_spec(spec)

    @component("TestMine")
    class Registered(Model):
        def __init__(self, width=3):
            self.width = width

    assert from_spec(json.loads(json.dumps(Registered(5).spec()))).width == 5
    assert [entry.family for entry in entries("models") if entry.name == "TestMine"] == [
        "models"
    ]


def test_one_name_belongs_to_one_class() -> None:
    with pytest.raises(RequestError, match="the name 'MLP' is taken by trivium"):

        @component("MLP")
        class Fake(Model):
            pass


def test_an_own_class_with_the_name_of_a_registered_one_does_not_become_it() -> None:
    own = type("MLP", (Model,), {})
    assert own().spec()["own"] is True
    subclass = type("MLP", (MLP,), {})
    assert subclass().spec()["own"] is True


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=3) | st.integers() | st.booleans(), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(plain)
def test_every_plain_value_survives_json(value: object) -> None:
    made = Speed(1, part={"inside": value})
    written = json.loads(json.dumps(made.spec()))
    again = from_spec(written).part["inside"]
    assert again == value
    assert repr(again) == repr(value)  # 1, 1.0 and True are equal but not the same


def test_arrays_and_numpy_numbers_are_written_as_numbers() -> None:
    assert encode({"a": np.float32(0.5), "b": np.arange(2), "c": np.bool_(True)}) == {
        "a": 0.5,
        "b": [0, 1],
        "c": True,
    }
    with pytest.raises(RequestError, match="cannot be written down"):
        encode({1, 2})


# The command line's texts


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("mlp:128,64", MLP([128, 64])),
        ("MLP: 32 , activation = tanh , dropout=.5", MLP([32], activation="tanh", dropout=0.5)),
        ("mlp", MLP()),
        ("mlp:hidden=7,outputs=3", MLP([7], outputs=3)),
        ("mlp:hidden=[7,8],init=orthogonal(2)", MLP([7, 8], init=Orthogonal(2))),
        ("mlp:hidden=[]", MLP([])),
        ("linear", Linear()),
        ("linear:bias=false", Linear(bias=False)),
        ("linear:3,output=softmax", Linear(3, output="softmax")),
        ("threshold", ThresholdNeuron()),
        ("threshold-neuron", ThresholdNeuron()),
    ],
)
def test_models_by_text(text: str, made: Model) -> None:
    assert parse_model(text).spec() == made.spec()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("mpl", "Did you mean 'mlp'?"),
        ("banana", "Choose from: "),
        ("linear:bais=false", "Did you mean 'bias'?"),
        ("linear:bias", "the option bias needs a value: bias=..."),
        ("linear:bias=3", "bias must be True or False"),
        ("linear:1,2,3,4,5", "at most 4 unnamed values (outputs, bias, output, init)"),
        ("linear:1,outputs=2", "given twice"),
        ("linear:outputs=1,outputs=2", "given twice"),
        ("mlp:hidden=3,4", "stands after a named one"),
        ("mlp:0", "hidden must be the sizes"),
        ("mlp:-3", "hidden must be the sizes"),
        ("mlp:2.5", "hidden must be the sizes"),
        ("mlp:1e400", "hidden must be the sizes"),
        ("mlp:" + "9" * 5000, "hidden must be the sizes"),
        ("mlp:128;64", "is not a value"),
        ("mlp:128,", "is not a value"),
        ("mlp:[3", "a ']' is missing"),
        ("mlp:3)", "closes nothing"),
        ("mlp:hidden=[3)", "closes nothing"),
        ("mlp:activation=rleu", "Did you mean 'relu'?"),
        ("mlp:init=banana(3)", "no component is called 'banana'"),
        ("mlp:dropout=1.2", "dropout must be"),
        ("mlp:activation=__import__('os')", "is not a name"),
        ("formula", "no model is called 'formula'"),
        ("dense:3", "no model is called 'dense'"),
        ("mlp:init=" + "orthogonal(" * 40 + ")" * 40, "deep"),
        ("mlp:hidden=" + "[" * 3000 + "]" * 3000, "deep"),
        ("x" * 20_000, "at most 10,000"),
        ("+", "is not a name"),
        ("mlp\0", "is not a name"),
    ],
)  # fmt: skip
def test_wrong_texts_are_refused_with_a_reason(text: str, says: str) -> None:
    with pytest.raises(RequestError) as refusal:
        parse_model(text)
    assert says in str(refusal.value)


@given(
    st.text(max_size=30) | st.from_regex(r"(mlp|linear)[:,=\[\]().+*0-9a-z]*", fullmatch=True)
)
def test_no_text_raises_anything_but_a_request_error(text: str) -> None:
    try:
        made = parse_model(text)
    except RequestError:
        return
    assert isinstance(made, Model)


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("test-sum", 1.0),
        ("test-sum+test-sum", 2.0),
        ("test-sum + 1e-4*test-sum", 1.0001),
        ("1e+2*test-sum", 100.0),
        ("1e+2*test-sum+1E+1*testsum", 110.0),
        ("test-sum*3", 3.0),
        ("2*test-sum:weight=1e+1,power=2+0.5*test_sum:4", 22.0),
    ],
)
def test_sums_by_text(text: str, weight: float) -> None:
    assert parse_sum(text, "own").weight == weight


@pytest.mark.parametrize(
    "text", ["2", "test-sum+", "+test-sum", "test-sum*test-sum", "*", "2*", "a**b"]
)
def test_sums_without_a_component_in_each_term_are_refused(text: str) -> None:
    with pytest.raises(RequestError, match="each term is a name"):
        parse_sum(text, "own")


def test_positional_values_fill_the_constructor_in_order() -> None:
    made = parse("test-sum:2,3", "own")
    assert (made.weight, made.power) == (2.0, 3)
    assert parse("test-speed:1,2,rate=3", "own").stages == [1, 2]
