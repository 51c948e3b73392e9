"""Tensors: what they are made from, that they never change, how they show, where they came from."""

import copy
import pickle

import numpy as np
import pytest

import trivium as tv
from trivium.engine.interning import Interned
from trivium.engine.sites import scope
from trivium.engine.tensor import Part
from trivium.engine.traversal import substitute, topological

# --- making -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "dtype", "shape"),
    [
        (1, "int64", ()),
        (1.0, "float64", ()),
        (True, "bool", ()),
        ([1, 2], "int64", (2,)),
        ([[1, 2.5]], "float64", (1, 2)),
        ([], "float64", (0,)),
        (np.zeros((2, 0), np.float32), "float32", (2, 0)),
        (np.arange(3, dtype=np.int8), "int32", (3,)),
        (np.arange(3, dtype=np.uint16), "int32", (3,)),
        (np.arange(3, dtype=np.uint32), "int64", (3,)),
        (np.arange(3, dtype=np.uint64), "int64", (3,)),
        (np.zeros(2, np.float16), "float32", (2,)),
        (np.zeros(2, ">f8"), "float64", (2,)),
        (np.float32(1), "float32", ()),
        (np.ma.masked_array([1.0, 2.0], [False, False]), "float64", (2,)),
    ],
)
def test_dtypes_of_data(data, dtype, shape):
    x = tv.tensor(data)
    assert x.dtype == dtype and x.shape == shape and x.ndim == len(shape)
    assert x.size == int(np.prod(shape))
    np.testing.assert_array_equal(x.value, np.asarray(data))


def test_a_tensor_is_a_copy_of_its_data():
    data = np.array([1.0, 2.0])
    x = tv.tensor(data)
    data[0] = 9
    value = x.value
    value[1] = 9
    np.testing.assert_array_equal(x.value, [1, 2])
    layout = np.asfortranarray(np.arange(6.0).reshape(2, 3))[::-1, ::2]
    np.testing.assert_array_equal(tv.tensor(layout).value, layout)


def test_lists_may_contain_tensors():
    a = tv.tensor(2.0) * 3
    np.testing.assert_array_equal(tv.tensor([a, 1.0]).value, [6, 1])
    np.testing.assert_array_equal(tv.tensor([[a], [a + 1]]).value, [[6], [7]])
    assert tv.tensor(a) is a
    assert tv.tensor(a, dtype="float32").dtype == np.float32
    assert tv.tensor(a, name="six").name == "six"


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        ([[1, 2], [3]], ValueError, "rectangular"),
        (["a", "b"], TypeError, "cannot become a tensor"),
        ([None, 1.0], TypeError, "Python objects such as None"),
        (np.array([1, None], object), TypeError, "Python objects such as None"),
        (np.array([1, 2.5], object), TypeError, "dtype object; convert it"),
        (1 + 2j, TypeError, "complex128"),
        (np.array(["2020-01-01"], "M8[D]"), TypeError, "datetime64"),
        (2**70, TypeError, "not numbers|does not fit|uint|object"),
        (np.array([2**63], np.uint64), TypeError, "uint64"),
        ({"a": 1}, TypeError, "Python objects"),
    ],
)
def test_data_that_are_no_numbers_are_refused(data, error, words):
    with pytest.raises(error, match=words) as caught:
        tv.tensor(data)
    assert isinstance(caught.value, tv.TriviumError)


def test_only_five_dtypes():
    for name in ("complex64", "int8", "float16", "str", "no such thing"):
        with pytest.raises(TypeError, match="float64"):
            tv.tensor(1.0, dtype=name)


# --- immutability -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make", [lambda: tv.tensor(1.0), lambda: tv.tensor(1.0) + 1, lambda: tv.variable(1.0)]
)
def test_tensors_are_immutable(make):
    x = make()
    for name in ("shape", "dtype", "inputs", "primitive", "site", "anything"):
        with pytest.raises(AttributeError, match="immutable"):
            setattr(x, name, None)
    with pytest.raises(AttributeError, match="immutable"):
        del x.shape
    assert not hasattr(x, "__dict__")
    assert copy.copy(x) is x
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(x)
    with pytest.raises(TypeError, match=r"tv\.tensor"):
        type(x)()


def test_elements_cannot_be_assigned():
    x = tv.tensor([1.0, 2.0])
    with pytest.raises(TypeError, match="immutable.*where"):
        x[0] = 3.0
    x_before = x
    x += 1
    assert x is not x_before and x_before.value.tolist() == [1, 2]


def test_constants_hold_read_only_arrays():
    x = tv.tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        x.attributes.array[0] = 5


def test_variables_change_by_assignment_only():
    v = tv.variable([1.0, 2.0], "float32", name="w")
    y = v * 2
    assert v.name == "w" and v.dtype == np.float32
    v.assign([3, 4])
    np.testing.assert_array_equal(y.value, [6, 8])
    v.value[0] = 100  # a copy
    np.testing.assert_array_equal(v.value, [3, 4])
    v.storage[0] = 5  # the array itself
    np.testing.assert_array_equal(y.value, [10, 8])
    v.assign(tv.tensor([0.5, 0.25]))
    np.testing.assert_array_equal(v.value, [0.5, 0.25])
    with pytest.raises(ValueError, match=r"w has shape \(2,\).*shape \(3,\)"):
        v.assign([1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match="complex128"):
        v.assign(np.array([1j, 2j]))
    count = tv.variable(3, name="count")
    with pytest.raises(TypeError, match="lose information"):
        count.assign(2.5)
    assert count.value == 3
    twin = copy.deepcopy(v)
    twin.assign([9, 9])
    assert twin is not v and twin.name == "w"
    np.testing.assert_array_equal(v.value, [0.5, 0.25])


# --- showing and converting -------------------------------------------------------------------


def test_printing_shows_values_shape_and_dtype():
    assert repr(tv.tensor([1.0, 2.0])) == "tensor([1., 2.], shape=(2,), dtype=float64)"
    assert repr(tv.tensor(3, name="n")) == "tensor(n: 3, shape=(), dtype=int64)"
    assert repr(tv.variable([True], name="m")) == "tensor(m: [ True], shape=(1,), dtype=bool)"
    x = tv.input((2, 3), "float32", name="x")
    assert repr(x) == "<x: input, shape=(2, 3), dtype=float32>"
    assert repr(x + 1) == "<add, shape=(2, 3), dtype=float32>"
    assert repr(tv.label(x + 1, "z")) == "<z: label, shape=(2, 3), dtype=float32>"
    assert len(repr(tv.tensor(np.zeros((1000, 1000))))) < 500
    assert f"{tv.tensor(2.0) / 3:.3f}" == "0.667"
    assert str(tv.tensor(1.5)) == f"{tv.tensor(1.5)}" == "tensor(1.5, shape=(), dtype=float64)"
    assert Part((2,), np.dtype("float64")).shape == (2,)


def test_conversion_to_python_and_numpy():
    x = tv.tensor([[2.0]])
    assert float(x) == 2.0 and int(x) == 2 and bool(x) and x.item() == 2.0
    assert isinstance(x.item(), float)
    assert isinstance(tv.tensor(3).item(), int) and isinstance(tv.tensor(True).item(), bool)
    assert [10, 20, 30][tv.tensor(1)] == 20
    with pytest.raises(TypeError, match="not an integer"):
        [1, 2][tv.tensor(1.0)]
    array = np.asarray(tv.tensor([1, 2]))
    assert array.dtype == np.int64 and array.tolist() == [1, 2]
    assert np.asarray(tv.tensor([1, 2]), np.float32).dtype == np.float32
    assert len(tv.tensor([1, 2, 3])) == 3
    assert [row.value.tolist() for row in tv.tensor([[1, 2], [3, 4]])] == [[1, 2], [3, 4]]
    assert 2 in tv.tensor([1, 2]) and 5 not in tv.tensor([1, 2])
    with pytest.raises(TypeError, match="no length"):
        len(tv.tensor(1))
    with pytest.raises(TypeError):
        iter(tv.tensor(1))


def test_a_truth_value_needs_one_element_and_a_value():
    with pytest.raises(TypeError, match=r"one element.*\.any\(\)"):
        bool(tv.tensor([True, False]))
    x = tv.input((), name="x")
    with pytest.raises(ValueError, match=r"'x'.*tv\.array\.where"):
        if x > 0:
            pass
    with pytest.raises(ValueError, match="'x'.*no value"):
        (x + 1).value


def test_tensors_are_hashable_by_identity():
    x, y = tv.tensor(1.0), tv.tensor(1.0)
    assert len({x, y, x}) == 2
    assert {x: "a", y: "b"}[x] == "a"


# --- where it was made ------------------------------------------------------------------------


def test_the_site_is_the_users_line():
    x = tv.tensor([1.0, 2.0])
    y = x * 2 + tv.array.exp(x)  # this line
    assert y.site.file == __file__
    assert y.site.text == "y = x * 2 + tv.array.exp(x)  # this line"
    assert y.site.operands() == ["x * 2", "tv.array.exp(x)"]
    z = tv.array.softmax(x)
    assert z.site.text == "z = tv.array.softmax(x)"


def test_a_site_of_several_lines_and_of_code_without_source():
    x = tv.tensor([1.0])
    y = (
        x
        + tv.array.sin(
            x
        )
    )  # fmt: skip
    assert y.site.operands() == ["x", "tv.array.sin(x)"]
    names = {"x": x}
    exec("z = x * 3", names)
    assert names["z"].site.file == "<string>" and names["z"].site.operands() == []
    assert "<string>, line 1" in str(names["z"].site)
    w = (lambda ü: ü - tv.tensor("é" == "é"))(tv.tensor(3))  # columns are bytes in CPython
    assert w.site.operands() == ["ü", "tv.tensor('é' == 'é')"]


def test_scopes_name_the_part_of_the_model():
    with scope("encoder"):
        with scope("layers.0"):
            x = tv.tensor(1.0) * 2
        y = x + 1
    assert x.scope == ("encoder", "layers.0")
    assert y.scope == ("encoder",)
    assert (y * 3).scope == ()


def test_what_is_derived_has_the_origin_of_what_it_is_derived_from():
    x = tv.tensor([1.0, 2.0])
    with scope("layers.0"):
        hidden = tv.array.sin(x)  # forward
    slope = tv.gradient(hidden.sum(), x)
    cosine = next(node for node in topological([slope]) if node.primitive.name == "cos")
    assert cosine.site.text == "hidden = tv.array.sin(x)  # forward"
    assert cosine.scope == slope.scope == ("layers.0",)
    moved = substitute([hidden * 2], {x: tv.tensor([3.0, 4.0])})[0]
    assert moved.inputs[0].site.text == "hidden = tv.array.sin(x)  # forward"
    assert moved.site.text.startswith("moved = substitute")
    after = x * 3  # made afterwards
    assert after.site.text == "after = x * 3  # made afterwards" and after.scope == ()


def test_a_compiled_program_fails_with_the_users_line():
    table, index = tv.tensor(np.zeros((3, 2))), tv.input((2,), "int64", name="index")
    rows = tv.array.log(table[index] * 1.0 + 0.0)  # looked up here
    program = tv.Program([index], rows.sum(), backend="reference")
    with pytest.raises(IndexError, match="looked up here"):
        program.run(np.array([0, 7]))


# --- the table behind hash-consing ------------------------------------------------------------


class Thing:
    pass


def test_the_table_forgets_what_nobody_holds():
    table, thing = Interned(), Thing()
    assert table.add("key", thing) is thing
    assert table.get("key") is thing and len(table) == 1
    assert table.add("key", Thing()) is thing  # the first one stays
    del thing
    assert table.get("key") is None and len(table) == 0
    other = Thing()
    assert table.add("key", other) is other


def test_a_late_farewell_does_not_remove_a_successor():
    """An object's end may be noticed after its key has been taken by another one."""
    table, first = Interned(), Thing()
    table.add("key", first)
    entry = table._entries["key"]
    second = Thing()
    del table._entries["key"]
    table.add("key", second)
    table._forget(entry)
    assert table.get("key") is second


def test_a_variable_can_be_the_array_itself():
    array = np.arange(6.0).reshape(2, 3)
    x = tv.variable(array, name="x", copy=False)
    assert np.shares_memory(x.storage, array)
    array[0, 0] = 7.0
    assert float(tv.array.sum(x).value) == array.sum()
    for odd in (array.T, [1.0, 2.0], array[:, ::2]):
        with pytest.raises(tv.TriviumError, match="copy=False needs an array"):
            tv.variable(odd, copy=False)
    with pytest.raises(tv.TriviumError, match="copy=False needs an array of float32"):
        tv.variable(array, tv.float32, copy=False)


def test_what_must_not_be_written_cannot_be_updated():
    array = np.zeros(3)
    array.flags.writeable = False
    x = tv.variable(array, name="x", copy=False)
    assert tv.Program([], x + 1).run().tolist() == [1, 1, 1]
    with pytest.raises(tv.TriviumError, match="the variable x is an array that must not"):
        tv.Program([], [], {x: x + 1})
