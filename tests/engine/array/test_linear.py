"""Products, diagonals, Einstein sums and lengths agree with NumPy and have safe derivatives."""

from __future__ import annotations

import itertools
import string
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trivium.engine import array
from trivium.engine.errors import ArgumentError, DTypeError, ShapeError
from trivium.engine.tensor import input as make_input
from trivium.engine.tensor import tensor
from trivium.engine.traversal import topological

from .helpers import (
    FLOATING,
    REAL,
    agree,
    arrays,
    as_float,
    check_gradient,
    few,
    gradient_at,
    promoted,
    quiet,
)


@few
@given(data=st.data())
def test_matmul(data: Any) -> None:
    drawn = data.draw(
        hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=2, max_side=3)
    )
    x, y = (data.draw(arrays(REAL, shape=shape, small=True)) for shape in drawn.input_shapes)
    agree(array.matmul(x, y), np.matmul(*promoted(x, y)))


@few
@given(data=st.data())
def test_vecdot(data: Any) -> None:
    drawn = data.draw(
        hnp.mutually_broadcastable_shapes(signature="(n),(n)->()", max_dims=2, max_side=3)
    )
    x, y = (data.draw(arrays(REAL, shape=shape, small=True)) for shape in drawn.input_shapes)
    agree(array.vecdot(x, y), np.vecdot(*promoted(x, y)))


def test_vecdot_along_another_axis() -> None:
    x, y = np.arange(6.0).reshape(3, 2), np.arange(3.0)[:, None] + 1
    agree(array.vecdot(x, y, axis=0), np.vecdot(x, y, axis=0))


@few
@given(data=st.data())
def test_outer_and_dot(data: Any) -> None:
    x, y = (data.draw(arrays(REAL, small=True, min_dims=1, max_dims=1)) for _ in range(2))
    agree(array.outer(x, y), np.outer(*promoted(x, y)))
    size = data.draw(st.integers(0, 3))
    left = data.draw(
        arrays(
            REAL, shape=(*data.draw(st.lists(st.integers(0, 2), max_size=2)), size), small=True
        )
    )
    right = data.draw(arrays(REAL, shape=(2, size, 3), small=True))
    agree(array.dot(left, right), np.dot(*promoted(left, right)))
    agree(array.dot(left, right[0, :, 0]), np.dot(*promoted(left, right[0, :, 0])))
    two = np.array(2, right.dtype)
    agree(array.dot(left, two), np.dot(*promoted(left, two)))


@few
@given(data=st.data())
def test_tensordot(data: Any) -> None:
    shape = data.draw(st.lists(st.integers(0, 3), min_size=3, max_size=3))
    n = data.draw(st.integers(0, 3))
    x = data.draw(arrays(REAL, shape=tuple(shape), small=True))
    y = data.draw(arrays(REAL, shape=(*shape[3 - n :], 2), small=True))
    agree(array.tensordot(x, y, axes=n), np.tensordot(*promoted(x, y), axes=n))
    order = data.draw(st.permutations(range(3)))
    z = data.draw(arrays(REAL, shape=tuple(shape[i] for i in order), small=True))
    axes = (tuple(order[:n]), tuple(range(n)))
    agree(array.tensordot(x, z, axes=axes), np.tensordot(*promoted(x, z), axes=axes))


@few
@given(data=st.data(), offset=st.integers(-5, 5))
def test_diagonal_and_trace(data: Any, offset: int) -> None:
    x = data.draw(arrays(REAL, small=True, min_dims=2))
    agree(array.diagonal(x, offset=offset), np.linalg.diagonal(x, offset=offset))
    dtype = x.dtype if x.dtype.kind == "f" else np.int64
    agree(array.trace(x, offset=offset), np.linalg.trace(x, offset=offset, dtype=dtype), ulp=4)


@st.composite
def summations(draw: st.DrawFn) -> tuple[str, list[Any]]:
    """Subscripts with repeated, summed and broadcast letters, and operands that fit."""
    letters = "abcdE"
    sizes = {letter: draw(st.integers(0 if letter == "d" else 1, 3)) for letter in letters}
    hidden = tuple(draw(st.lists(st.integers(1, 3), max_size=2)))
    terms, operands, dotted = [], [], False
    for _ in range(draw(st.integers(1, 4))):
        term = draw(st.text(alphabet=letters, max_size=3))
        shape = [sizes[letter] for letter in term]
        if draw(st.booleans()):
            place = draw(st.integers(0, len(term)))
            kept = draw(st.integers(0, len(hidden)))
            part = [draw(st.sampled_from([size, 1])) for size in hidden[len(hidden) - kept :]]
            term = term[:place] + "..." + term[place:]
            shape[place:place] = part
            dotted = True
        terms.append(term)
        operands.append(draw(arrays(FLOATING, shape=tuple(shape), small=True)))
    subscripts = ",".join(terms)
    if draw(st.booleans()):
        used = sorted(set(subscripts) - set(",."))
        output = "".join(draw(st.permutations(used)))[: draw(st.integers(0, len(used)))]
        place = draw(st.integers(0, len(output)))
        subscripts += "->" + output[:place] + ("..." if dotted else "") + output[place:]
    return subscripts, operands


@given(case=summations())
def test_einsum(case: tuple[str, list[Any]]) -> None:
    subscripts, operands = case
    operands = promoted(*operands)
    expected = np.asarray(np.einsum(subscripts, *[x.astype(np.float64) for x in operands]))
    expected = expected.astype(operands[0].dtype)
    scale = 2e-3 if operands[0].dtype == np.float32 else 1e-11
    agree(array.einsum(subscripts, *operands), expected, ulp=64, atol=scale)


def test_einsum_by_its_common_uses() -> None:
    rng = np.random.default_rng(0)
    x, y, v = rng.normal(size=(3, 3)), rng.normal(size=(3, 4)), rng.normal(size=3)
    for subscripts, operands in {
        "ij,jk->ik": (x, y),
        "ii": (x,),
        "ii->i": (x,),
        "ij->ji": (x,),
        "i,ij,j": (v, x, v),
        "i,j": (v, v),
        "ij,ij->": (x, x),
        "...j,j": (x, v),
        " i j , j k -> k i ": (x, y),
        "ij,jk,kl,l->i": (x, x, x, v),
        ",i": (2.0, v),
        "iii->i": (rng.normal(size=(3, 3, 3)),),
    }.items():
        agree(array.einsum(subscripts, *operands), np.einsum(subscripts, *operands), 8, 1e-14)


def test_einsum_of_integers_is_exact() -> None:
    x = np.arange(9, dtype=np.int32).reshape(3, 3)
    agree(array.einsum("ij,jk->ik", x, x), x @ x)


def test_einsum_contracts_cheap_pairs_first() -> None:
    """In A B v with v a vector, B v comes first: no (n, n) product is ever formed."""
    n = 50
    a, b, v = (
        make_input((n, n), name="a"),
        make_input((n, n), name="b"),
        make_input((n,), name="v"),
    )
    result = array.einsum("ij,jk,k->i", a, b, v)
    made = [node for node in topological([result]) if node.primitive.name == "contraction"]
    assert [node.shape for node in made] == [(n,), (n,)]


def test_einsum_of_many_operands() -> None:
    """A chain of 52 matrices, contracted in an order that stays small."""
    letters = string.ascii_letters
    x = np.random.default_rng(0).normal(size=(51, 2, 2))
    subscripts = ",".join(a + b for a, b in itertools.pairwise(letters)) + "->aZ"
    expected = np.linalg.multi_dot(list(x))
    agree(array.einsum(subscripts, *x), expected, atol=1e-12 * np.abs(expected).max())


def test_einsum_accepts_every_letter() -> None:
    x = np.ones((1,) * 26)
    agree(array.einsum(string.ascii_letters[:26] + "->", x), 1.0)


@pytest.mark.parametrize("order", [2, 1, 3, 2.5, 0.5, -1, 0, np.inf, -np.inf])
@few
@given(data=st.data(), keepdims=st.booleans())
def test_norm(order: float, data: Any, keepdims: bool) -> None:
    x = data.draw(arrays(min_side=1, small=True))
    axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1)) if x.ndim else None
    options: dict[str, Any] = {"axis": axis, "keepdims": keepdims, "ord": order}
    expected = quiet(np.linalg.vector_norm, as_float(x), **options)
    got = array.norm(x, **options)
    agree(got, expected.astype(as_float(x).dtype), ulp=32)


def test_norm_of_nothing_and_of_extremes() -> None:
    agree(array.norm(np.zeros((0, 3)), axis=0), np.zeros(3))
    agree(array.norm([3e200, 4e200]), 5e200, ulp=2)
    agree(array.norm([3e-200, 4e-200]), 5e-200, ulp=2)
    agree(array.norm(np.array([3e-30, 4e-30], np.float32)), np.float32(5e-30), ulp=2)
    agree(array.norm([3e200, 4e200], ord=3), 91 ** (1 / 3) * 1e200, ulp=8)
    agree(array.norm([1.0, np.inf]), np.inf)
    agree(array.norm([1.0, np.nan]), np.nan)


@pytest.mark.parametrize("order", [2, 1, 3, 1.5, np.inf])
def test_the_norm_has_derivative_zero_at_the_origin(order: float) -> None:
    np.testing.assert_array_equal(
        gradient_at(lambda x: array.norm(x, ord=order), [0.0, 0.0]), [0.0, 0.0]
    )
    assert np.isfinite(gradient_at(lambda x: array.norm(x, ord=order), [0.0, 2.0])).all()


def test_derivatives() -> None:
    rng = np.random.default_rng(3)
    x, w = rng.normal(size=(3, 3)), rng.normal(size=(3, 2))
    check_gradient(lambda t: array.norm(t, axis=1), x)
    check_gradient(lambda t: array.norm(t, ord=3), x)
    check_gradient(lambda t: array.norm(t * 1e-3) + array.norm(t, ord=np.inf), x)
    check_gradient(lambda t: array.einsum("ij,jk,ik->j", t, w, w), x)
    check_gradient(lambda t: array.einsum("ii,ij->j", t, t), x)
    check_gradient(lambda t: array.tensordot(t, t, axes=((0, 1), (1, 0))), x)
    check_gradient(lambda t: array.dot(t, t) + array.outer(t[0], t[1]), x)
    check_gradient(lambda t: array.vecdot(t, t[0]) * array.trace(t), x)
    check_gradient(lambda t: array.diagonal(t, offset=1) ** 2, x)
    check_gradient(lambda t: array.matrix_transpose(t) @ w, x)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x, w: array.matmul(x, x), ShapeError, r"(?s)must equal.*transpose"),
        (lambda x, w: array.matmul(x, 2.0), ShapeError, "a scalar is no matrix"),
        (lambda x, w: array.tensordot(x, w, axes=2), ShapeError, "is paired with axis"),
        (lambda x, w: array.tensordot(x, w, axes=3), ShapeError, "cannot be paired"),
        (lambda x, w: array.tensordot(x, w, axes=((0,), (0, 1))), ShapeError, "as many axes"),
        (lambda x, w: array.tensordot(x, w, axes=((0, 0), (0, 1))), ShapeError, "twice"),
        (lambda x, w: array.vecdot(x, w), ShapeError, "one length"),
        (lambda x, w: array.outer(x, w), ShapeError, "must be vectors"),
        (lambda x, w: array.diagonal(x[0]), ShapeError, "two axes"),
        (lambda x, w: array.matrix_transpose(x[0]), ShapeError, "two axes"),
        (lambda x, w: array.norm(x, ord="fro"), ArgumentError, "must be a number"),
        (lambda x, w: array.norm(x[:0], ord=-np.inf), ShapeError, "no smallest"),
        (lambda x, w: array.norm(x, axis=2), ShapeError, "no axis 2"),
        (lambda x, w: array.einsum("ij,jk", x), ShapeError, "describe 2 operands"),
        (lambda x, w: array.einsum("ijk", x), ShapeError, "names 3 axes"),
        (lambda x, w: array.einsum("i", x), ShapeError, r"write \.\.\."),
        (lambda x, w: array.einsum("ij,ik->jk", x, w), ShapeError, "letter 'i' has size 2"),
        (lambda x, w: array.einsum("ii", x), ShapeError, "must have one size"),
        (lambda x, w: array.einsum("ij->iz", x), ShapeError, "letter 'z'"),
        (lambda x, w: array.einsum("ij->ii", x), ShapeError, "once in the result"),
        (lambda x, w: array.einsum("...j->j", x), ShapeError, "missing in the result"),
        (lambda x, w: array.einsum("i1", x), ShapeError, "something else than letters"),
        (lambda x, w: array.einsum(".ij", x), ShapeError, "something else than letters"),
        (lambda x, w: array.einsum(x, w), ShapeError, "they are no text"),
        (lambda x, w: array.einsum("ij"), ShapeError, "0 are given"),
        (lambda x, w: array.einsum("ij,ij", x > 0, x > 0), DTypeError, "bool"),
        (lambda x, w: array.einsum("ij->ij->ij", x), ShapeError, "letter 'i'"),
    ],
)
def test_what_is_refused(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call(tensor(np.ones((2, 3))), tensor(np.ones((3, 4))))
