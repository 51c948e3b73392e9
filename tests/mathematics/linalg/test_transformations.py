"""A matrix as a transformation of space: points, kinds, decompositions, pictures."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trivium as tv
from trivium.mathematics.linalg.transformations import TransformationKind as Kind

from .matrices import orthogonal, shaped, size

L = tv.linalg
FEW = settings(max_examples=settings.default.max_examples // 2)


def turn(angle):
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def around(axis, angle):
    """Rodrigues' formula."""
    x, y, z = np.asarray(axis) / np.linalg.norm(axis)
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + math.sin(angle) * k + (1 - math.cos(angle)) * k @ k


def test_points_are_rows():
    points = np.random.default_rng(0).normal(size=(2, 5, 3))
    a = np.random.default_rng(1).normal(size=(4, 3))
    found = L.transform(points, a)
    np.testing.assert_allclose(found.value, np.einsum("mn,abn->abm", a, points), rtol=1e-13)
    np.testing.assert_allclose(L.transform([1, 0], turn(math.pi / 2)).value, [0, 1], atol=1e-15)
    x, m = tv.tensor(points), tv.tensor(a)
    assert tv.check_gradient(L.transform(x, m), [x, m])
    with pytest.raises(tv.TriviumError, match=r"as many coordinates .*\(2\)"):
        L.transform([1.0, 2.0, 3.0], np.eye(2))
    with pytest.raises(tv.TriviumError, match="one matrix"):
        L.transform([1.0], [1.0])


KINDS = [
    (np.eye(3), [Kind.IDENTITY]),
    (np.zeros((2, 2)), [Kind.ZERO]),
    (3 * np.eye(2), [Kind.UNIFORM_SCALING]),
    (np.diag([2.0, -3.0]), [Kind.SCALING]),
    ([[2.0, 1.0], [1.0, 2.0]], [Kind.STRETCH]),
    (turn(0.3), [Kind.ROTATION]),
    (2 * turn(0.3), [Kind.SIMILARITY]),
    ([[0.0, 1.0], [1.0, 0.0]], [Kind.REFLECTION]),
    (np.diag([1.0, 1.0, -1.0]), [Kind.REFLECTION]),
    (-around([1, 2, 3], 0.7), [Kind.ROTOREFLECTION]),
    ([[1.0, 5.0], [0.0, 1.0]], [Kind.SHEAR]),
    (np.eye(3) + np.outer([1.0, 1.0, 0.0], [0.0, 0.0, 2.0]), [Kind.SHEAR]),
    (np.diag([1.0, 0.0]), [Kind.ORTHOGONAL_PROJECTION, Kind.COLLAPSE]),
    ([[1.0, 1.0], [0.0, 0.0]], [Kind.OBLIQUE_PROJECTION, Kind.COLLAPSE]),
    ([[1.0, 2.0], [3.0, 6.0]], [Kind.COLLAPSE]),
    (np.ones((2, 3)), [Kind.CHANGE_OF_DIMENSION, Kind.COLLAPSE]),
    (np.ones((3, 1)), [Kind.CHANGE_OF_DIMENSION]),
    ([[1.0, 2.0], [3.0, 4.0]], [Kind.GENERAL]),
]


@pytest.mark.parametrize(
    ("a", "kinds"), KINDS, ids=lambda x: "" if isinstance(x, list) else None
)
def test_kinds(a, kinds):
    found = L.transformation(a)
    assert list(found.kinds) == kinds and found.kind is kinds[0]
    assert kinds[0].value in str(found)
    again = L.transformation(np.asarray(a, np.float32))
    assert again.kinds == found.kinds and again.scales.dtype == np.float32


@pytest.mark.parametrize("a", [a for a, kinds in KINDS if kinds[0] is Kind.ROTATION])
def test_a_kind_survives_a_rotation_of_the_axes(a):
    q = orthogonal(np.random.default_rng(3), 2, 2)
    assert L.transformation(q @ a @ q.T).kind is Kind.ROTATION


@FEW
@given(shaped(square=True, batch=False, largest=4))
def test_both_decompositions_give_the_matrix_back(a):
    if not a.size:
        with pytest.raises(tv.TriviumError, match="transforms nothing"):
            L.transformation(a)
        return
    found = L.transformation(a)
    scale = max(size(a), 1e-300) * 1e-11
    if found.orthogonal is None:
        assert found.rank < len(a) and found.determinant == 0
        np.testing.assert_allclose(found.stretch @ found.stretch, a.T @ a, atol=scale * size(a))
        return
    np.testing.assert_allclose(found.orthogonal @ found.stretch, a, atol=scale)
    np.testing.assert_allclose(
        found.orthogonal.T @ found.orthogonal, np.eye(len(a)), atol=1e-13
    )
    triangle = np.diag(found.axis_scales) @ found.shear
    np.testing.assert_allclose(triangle.T @ triangle, a.T @ a, atol=scale * size(a))
    np.testing.assert_allclose(np.diagonal(found.shear), 1)
    np.testing.assert_allclose(
        np.linalg.norm(a @ found.directions, axis=0), found.scales, atol=scale
    )
    np.testing.assert_allclose(np.prod(found.scales), abs(found.determinant), rtol=1e-6)


@given(st.floats(-3.1, 3.1), st.floats(0.2, 4.0), st.floats(0.2, 4.0))
def test_the_angle_of_a_rotation_after_a_stretch(angle, a, b):
    found = L.transformation(turn(angle) @ np.diag([a, b]))
    assert abs(found.angle - angle) < 1e-9
    mirror = L.transformation(turn(angle) @ np.diag([a, -b]))
    np.testing.assert_allclose(
        np.abs(mirror.axis @ [math.cos(angle / 2), math.sin(angle / 2)]), 1, rtol=1e-9
    )


AXES = st.tuples(*[st.sampled_from([-2.0, -1.0, 0.0, 1.0, 3.0])] * 3).filter(any)


@given(AXES, st.floats(0.01, 3.1))
def test_axis_and_angle_in_space(axis, angle):
    unit = np.array(axis) / np.linalg.norm(axis)
    found = L.transformation(around(axis, angle))
    np.testing.assert_allclose(found.axis, unit, atol=1e-8)
    assert abs(found.angle - angle) < 1e-8
    mirror = np.eye(3) - 2 * np.outer(unit, unit)
    both = L.transformation(around(axis, angle) @ mirror)
    assert both.determinant < 0 and abs(both.angle - angle) < 1e-8
    np.testing.assert_allclose(np.abs(both.axis @ unit), 1, atol=1e-8)


def test_half_turns_have_an_axis():
    found = L.transformation(around([1, 1, 0], math.pi))
    assert abs(found.angle - math.pi) < 1e-7
    np.testing.assert_allclose(np.abs(found.axis), [2**-0.5, 2**-0.5, 0], atol=1e-7)


@pytest.mark.parametrize(
    "shape", [(1, 1), (2, 2), (3, 3), (2, 3), (3, 2), (1, 3), (3, 1)], ids=str
)
def test_pictures(shape, tmp_path):
    a = np.random.default_rng(0).normal(size=shape)
    figure = L.draw_transformation(a)
    before, after = figure.axes
    assert (before.name == "3d") == (shape[1] == 3) and (after.name == "3d") == (shape[0] == 3)
    colours = ["tab:red", "tab:green", "tab:blue"]
    arrows = [line for line in after.lines if line.get_color() in colours]
    assert len(arrows) == shape[1]
    for arrow, column in zip(arrows, a.T):
        tip = np.array([each[-1] for each in arrow.get_data_3d()] if shape[0] == 3 else [
            each[-1] for each in arrow.get_data()])  # fmt: skip
        np.testing.assert_allclose(tip[: shape[0]], column)
    if shape == (2, 2):
        file = tmp_path / "picture.svg"
        L.draw_transformation(a, file)
        assert file.read_text(encoding="utf-8").count("<path") > 20


def test_what_cannot_be_drawn():
    with pytest.raises(tv.TriviumError, match="4 × 2 matrix cannot be drawn"):
        L.draw_transformation(np.ones((4, 2)))


def test_only_drawing_loads_matplotlib():
    program = (
        "import sys, trivium as tv\n"
        "tv.linalg.transformation([[1.0, 2.0], [0.0, 1.0]])\n"
        "tv.linalg.svd([[1.0]]).S.value\n"
        "print('matplotlib' in sys.modules, 'scipy.linalg' in sys.modules)"
    )
    result = subprocess.run((sys.executable, "-c", program), text=True, capture_output=True)
    assert result.stdout == "False False\n", result.stderr
