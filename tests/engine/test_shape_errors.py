"""Errors in the user's own words, from the user's own file."""

import importlib.util
import linecache
import textwrap

import numpy as np
import pytest

import trivium as tv
from trivium.engine.composites import strict_broadcasting


def module_of(folder, source):
    """The user's own module, written to a file and imported."""
    path = folder / "my_model.py"
    path.write_text(textwrap.dedent(source))
    linecache.checkcache(str(path))
    specification = importlib.util.spec_from_file_location("my_model", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module, path


def test_a_broken_product_names_operands_shapes_line_and_fix(tmp_path):
    model, path = module_of(
        tmp_path,
        """
        import numpy as np
        import trivium as tv

        features = tv.input((32, 20), "float32", name="features")
        weight = tv.variable(np.zeros((10, 5), "float32"), name="layers.0.weight")

        def forward(x):
            return x @ weight

        def transposed():
            return features @ tv.tensor(np.zeros((5, 20), "float32"))
        """,
    )
    with pytest.raises(tv.TriviumError) as caught:
        model.forward(model.features)
    assert isinstance(caught.value, ValueError)
    text = str(caught.value)
    lines = [line.strip() for line in text.splitlines()]
    assert lines[0] == "matrix product: the shapes do not fit."
    one, two = (" ".join(line.split()) for line in lines[1:3])
    assert one == "x has shape (32, 20), float32 (input features)"
    assert two == "weight has shape (10, 5), float32 (parameter layers.0.weight)"
    assert "last axis of the left operand (20) must equal the first axis" in text
    assert "right operand (10)" in text
    assert f"{path}, line 9: return x @ weight" in text
    assert "to mend it: give layers.0.weight the shape (20, 5)" in text
    with pytest.raises(ValueError, match=r"to mend it: transpose the right operand \(\.T\)"):
        model.transposed()


def test_the_layer_is_named():
    from trivium.engine.sites import scope

    x, w = tv.tensor(np.zeros((2, 3))), tv.tensor(np.zeros((2, 3)))
    with scope("model"), scope("layers.1"):
        with pytest.raises(ValueError, match="layer: model > layers.1"):
            x @ w


@pytest.mark.parametrize(
    ("left", "right", "fix"),
    [
        ((2, 3), (3, 2), r"transpose one of them \(\.T\)"),
        ((3,), (3, 2), r"\[:, None\] makes it \(3, 1\)"),
        ((3, 2), (3,), r"\[:, None\] makes it \(3, 1\)"),
        ((2, 3), (4, 5), "reshape one operand"),
    ],
)
def test_broadcasting_errors_name_a_fix(left, right, fix):
    first, second = tv.tensor(np.zeros(left)), tv.tensor(np.zeros(right))
    for operation in (
        lambda: first + second,
        lambda: first * second,
        lambda: first < second,
        lambda: tv.array.where(first > 0, first, second),
    ):
        with pytest.raises(ValueError, match="to mend it: ") as caught:
            operation()
        text = str(caught.value)
        assert "first" in text and "second" in text
        assert str(left) in text and str(right) in text
    with pytest.raises(ValueError, match=fix):
        first - second


def test_a_batch_and_a_scalar_in_a_product():
    with pytest.raises(ValueError, match=r"batch axes \(2,\) and \(3,\) must broadcast"):
        tv.tensor(np.zeros((2, 4, 5))) @ tv.tensor(np.zeros((3, 5, 6)))
    with pytest.raises(ValueError, match="use \\* to multiply by a scalar"):
        tv.tensor(np.zeros((2, 4))) @ 2.0


def test_a_column_and_a_row_are_refused_where_it_is_asked_for():
    """(N, 1) with (N,) would silently make (N, N)."""
    predicted, target = tv.tensor(np.zeros((4, 1))), tv.tensor(np.zeros(4))
    assert (predicted - target).shape == (4, 4)
    with strict_broadcasting("the objective"):
        for operation in (
            lambda: predicted - target,
            lambda: target * predicted,
            lambda: tv.array.maximum(predicted, target),
        ):
            with pytest.raises(ValueError, match=r"inside the objective.*\(4, 4\)") as caught:
                operation()
            assert "[:, 0]" in str(caught.value) and "[:, None]" in str(caught.value)
        assert (predicted - predicted).shape == (4, 1)
        assert (predicted * 2 - tv.tensor(np.zeros((4, 3)))).shape == (4, 3)
        assert (tv.tensor(np.zeros((4, 3))) - tv.tensor(np.zeros(3))).shape == (4, 3)
    assert (predicted - target).shape == (4, 4)


def test_errors_while_running_name_the_users_line():
    table, index = tv.tensor(np.zeros((3, 2))), tv.variable(np.array([0, 5]), name="index")
    rows = table[index]  # made here
    with pytest.raises(IndexError, match="rows = table\\[index\\]  # made here"):
        rows.value
