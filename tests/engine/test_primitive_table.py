"""Every record of the table keeps its promises: completeness, shapes, values, derivatives."""

import dataclasses
import re

import numpy as np
import pytest

import trivium as tv
from tests.engine.table import (
    CASES,
    FLOATS,
    SMOOTH,
    TABLE,
    apply,
    as_leaves,
    ids,
    samples,
    total,
)
from trivium.engine.check import HOLOMORPHIC
from trivium.engine.errors import NotDifferentiableError
from trivium.engine.primitive import Curvature, NotDifferentiable, Primitive, Unsupported
from trivium.engine.tensor import node

every_record = pytest.mark.parametrize("primitive", TABLE.values(), ids=TABLE)
with_samples = pytest.mark.parametrize("name", sorted({case.primitive.name for case in CASES}))
every_smooth_case = pytest.mark.parametrize("case", SMOOTH, ids=ids(SMOOTH))


def cases_of(name):
    return [case for case in CASES if case.primitive.name == name]


# --- completeness -----------------------------------------------------------------------------


@every_record
def test_no_field_is_missing(primitive):
    for field in dataclasses.fields(Primitive):
        value = getattr(primitive, field.name)
        assert value is not None, field.name
        if isinstance(value, NotDifferentiable | Unsupported):
            assert len(value.reason) > 10, field.name
    assert re.fullmatch(r"[a-z][a-z0-9_]*", primitive.name)
    assert isinstance(primitive.notation, str) or callable(primitive.notation)
    assert callable(primitive.shape) and callable(primitive.dtype)
    assert callable(primitive.evaluate)
    assert callable(primitive.vjp) or isinstance(primitive.vjp, NotDifferentiable)
    native = primitive.native
    assert isinstance(native, Unsupported) or callable(getattr(native, "emit", native))
    assert isinstance(primitive.curvature, Curvature | Unsupported)
    assert isinstance(primitive.samples, Unsupported) or samples(primitive)
    assert isinstance(primitive.attributes, type)
    assert 0 < primitive.ulp <= 1024


@every_record
def test_every_derivative_rule_has_a_smooth_sample(primitive):
    """What a rule claims is somewhere compared with numbers."""
    needed, covered = set(), set()
    for case in cases_of(primitive.name):
        covered.update(case.sample.smooth)
        inputs = as_leaves(case.sample.inputs)
        out = apply(case, inputs)[0]
        for i, leaf in enumerate(inputs):
            if leaf.dtype.kind == out.dtype.kind == "f":
                try:
                    slope = tv.gradient(total(case, inputs), leaf)
                except NotDifferentiableError:
                    continue
                if leaf.size and np.any(slope.value != 0):
                    needed.add(i)
    assert needed <= covered


@with_samples
def test_attributes_are_hashable_and_name_the_same_node(name):
    for case in cases_of(name):
        assert isinstance(case.sample.attributes, case.primitive.attributes)
        assert hash(case.sample.attributes) == hash(case.sample.attributes)
        inputs = as_leaves(case.sample.inputs)
        again = node(case.primitive, inputs, case.sample.attributes)
        assert node(case.primitive, inputs, case.sample.attributes) is again


# --- shapes, dtypes, values -------------------------------------------------------------------


@with_samples
def test_the_rules_of_shape_and_dtype_agree_with_the_value(name):
    for case in cases_of(name):
        for dtype in case.dtypes:
            arrays = case.arrays(dtype)
            shapes, kinds = [a.shape for a in arrays], [a.dtype for a in arrays]
            shape = case.primitive.shape(case.sample.attributes, *shapes)
            kind = case.primitive.dtype(case.sample.attributes, *kinds)
            with np.errstate(all="ignore"):
                result = case.primitive.evaluate(case.sample.attributes, *arrays)
            parts = case.primitive.parts
            for value, s, k in zip(result, shape, kind) if parts else [(result, shape, kind)]:
                assert np.shape(value) == s
                assert np.asarray(value).dtype == k
            for i, part in enumerate(apply(case, as_leaves(arrays))):
                np.testing.assert_array_equal(part.value, result[i] if parts else result)
                assert part.value.dtype == part.dtype and part.value.shape == part.shape


@with_samples
def test_evaluation_changes_no_operand(name):
    for case in cases_of(name):
        for dtype in case.dtypes:
            arrays = case.arrays(dtype)
            copies = [array.copy() for array in arrays]
            with np.errstate(all="ignore"):
                case.primitive.evaluate(case.sample.attributes, *arrays)
            for array, copy in zip(arrays, copies):
                np.testing.assert_array_equal(array, copy)


# Where terms cancel, the error is relative to the sum of their magnitudes.
SUMS = {"sum", "cumulative_sum", "contraction", "scatter_add", "subtract", "add", "remainder"}


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.dtypes == FLOATS], ids=lambda case: case.id
)
def test_float32_agrees_with_float64(case):
    narrow = case.arrays(FLOATS[0])
    wide = [a.astype(FLOATS[1]) if a.dtype.kind == "f" else a for a in narrow]
    if case.primitive.parts:  # factorizations, which compute in float64 and round once
        parts = case.primitive.evaluate(case.sample.attributes, *narrow)
        for small, exact in zip(parts, case.primitive.evaluate(case.sample.attributes, *wide)):
            np.testing.assert_array_equal(small, exact.astype(FLOATS[0]))
        return
    with np.errstate(all="ignore"):
        small = np.asarray(case.primitive.evaluate(case.sample.attributes, *narrow))
        exact = np.asarray(case.primitive.evaluate(case.sample.attributes, *wide))
        if small.dtype.kind != "f":
            np.testing.assert_array_equal(small, exact)
            return
        scale = np.abs(exact)
        if case.primitive.name in SUMS:
            parts = [np.abs(a) if a.dtype.kind == "f" else a for a in wide]
            summed = "add" if case.primitive.name in ("subtract", "remainder") else None
            record = TABLE[summed] if summed else case.primitive
            scale = np.asarray(record.evaluate(case.sample.attributes, *parts))
        allowed = case.primitive.ulp * np.spacing(scale.astype(FLOATS[0]))
        error = np.abs(small.astype(float) - exact)
    same = (small == exact) | (np.isnan(small) & np.isnan(exact))
    assert np.all(same | (error <= allowed)), np.max(error / allowed)


# --- derivatives ------------------------------------------------------------------------------


@every_smooth_case
def test_first_and_second_derivatives_agree_with_differences(case):
    leaves = as_leaves(case.sample.inputs)
    targets = [leaves[i] for i in case.sample.smooth]
    outcome = tv.check_gradient(
        total(case, leaves), targets, order=2, elements=0, directions=1, method="differences"
    )
    assert outcome, outcome
    assert len(outcome.comparisons) == 2 * sum(1 for target in targets if target.size)


@pytest.mark.parametrize(
    "case", [c for c in SMOOTH if c.primitive.name in HOLOMORPHIC], ids=lambda case: case.id
)
def test_the_complex_step_applies_where_it_is_said_to(case):
    leaves = as_leaves(case.sample.inputs)
    targets = [leaves[i] for i in case.sample.smooth]
    outcome = tv.check_gradient(total(case, leaves), targets, method="complex")
    assert outcome and outcome.tolerance <= 1e-9, outcome


def test_the_complex_step_is_offered_for_primitives_of_the_table_only():
    assert set(TABLE) >= HOLOMORPHIC


@pytest.mark.parametrize(
    "case", [c for c in SMOOTH if c.dtypes == FLOATS], ids=lambda case: case.id
)
def test_derivatives_in_float32_are_those_of_float64(case):
    found = {}
    narrow = case.arrays(FLOATS[0])
    for dtype in FLOATS:
        leaves = as_leaves([a.astype(dtype) if a.dtype.kind == "f" else a for a in narrow])
        targets = [leaves[i] for i in case.sample.smooth]
        first = tv.gradient(total(case, leaves), targets)
        projected = [(slope * slope).sum() * 0.5 for slope in first]
        second = tv.gradient(sum(projected[1:], start=projected[0]), targets)
        found[dtype] = [*first, *second]
        assert all(slope.dtype == dtype for slope in found[dtype])
    count = len(found[FLOATS[1]]) // 2
    for i, (small, exact) in enumerate(zip(found[FLOATS[0]], found[FLOATS[1]])):
        assert small.shape == exact.shape
        if exact.size:  # a second derivative may vanish: its rounding is that of the first
            orders = (exact, found[FLOATS[1]][i % count])
            largest = max(np.max(np.abs(each.value)) for each in orders)
            np.testing.assert_allclose(small.value, exact.value, rtol=1e-4, atol=1e-5 * largest)


@every_smooth_case
def test_forward_and_reverse_are_transposes(case):
    """u·(Jv) = (Jᵀu)·v for random u and v."""
    rng = np.random.default_rng(1)
    smooth = case.sample.smooth

    def function(*moving):
        inputs = as_leaves(case.sample.inputs)
        for i, leaf in zip(smooth, moving):
            inputs[i] = leaf
        return tuple(part for part in apply(case, inputs) if part.dtype.kind == "f")

    points = [case.sample.inputs[i] for i in smooth]
    tangents = [rng.normal(size=point.shape) for point in points]
    values, pushed = tv.jvp(function, points, tangents)
    cotangents = tuple(rng.normal(size=value.shape) for value in values)
    _, pull = tv.vjp(function, *points)
    pulled = pull(cotangents)
    left = sum(float(np.sum(u * p.value)) for u, p in zip(cotangents, pushed))
    right = sum(float(np.sum(v * p.value)) for v, p in zip(tangents, pulled))
    narrow = any(value.dtype == np.float32 for value in values)  # a cast
    np.testing.assert_allclose(left, right, rtol=1e-6 if narrow else 1e-9, atol=1e-12)


# --- curvature --------------------------------------------------------------------------------


def points(primitive, seed):
    """The samples about which curvature says something."""
    return [
        sample
        for sample in samples(primitive, seed)
        if all(np.all(np.isfinite(a)) for a in sample.inputs)
        and any(a.dtype.kind == "f" and a.size for a in sample.inputs)
        and result_dtype(primitive, sample).kind == "f"
    ]


def result_dtype(primitive, sample):
    return primitive.dtype(sample.attributes, *[a.dtype for a in sample.inputs])


def pairs(primitive):
    """Two points of the domain, of one shape; the inputs that are not floating are shared.

    Both come from equal samples, or from different ones, such as both signs of abs.
    """
    ones, twos = points(primitive, 0), points(primitive, 1)
    for i, one in enumerate(ones):
        for j, two in enumerate(twos):
            floats = [k for k, a in enumerate(one.inputs) if a.dtype.kind == "f"]
            alike = [(a.shape, a.dtype) for a in one.inputs] == [
                (a.shape, a.dtype) for a in two.inputs
            ]
            if alike and one.attributes == two.attributes:
                if i == j or len(floats) == len(one.inputs):
                    other = [
                        b if k in floats else a
                        for k, (a, b) in enumerate(zip(one.inputs, two.inputs))
                    ]
                    yield one, list(one.inputs), other, floats


def margin(primitive, sample, like):
    return 16 * np.finfo(result_dtype(primitive, sample)).eps * (1 + np.abs(like))


def value(primitive, sample, inputs):
    with np.errstate(all="ignore"):
        return np.asarray(primitive.evaluate(sample.attributes, *inputs), float)


def mixed(one, two, share, moving):
    return [
        share * a + (1 - share) * b if k in moving else a
        for k, (a, b) in enumerate(zip(one, two))
    ]


with_curvature = pytest.mark.parametrize(
    "primitive",
    [
        p for p in TABLE.values()
        if isinstance(p.curvature, Curvature) and not p.parts and samples(p)
    ],
    ids=lambda primitive: primitive.name,
)  # fmt: skip


@with_curvature
def test_curvature(primitive):
    """f(λx + (1-λ)y) ≤ λf(x) + (1-λ)f(y) if convex, ≥ if concave, = for all λ if affine."""
    bend = primitive.curvature.shape
    tried = list(pairs(primitive))
    for sample, one, two, floats in tried:
        for share in (0.5, 0.2, -0.7) if bend == "affine" else (0.5, 0.2):
            ends = [value(primitive, sample, x) for x in (one, two)]
            chord = share * ends[0] + (1 - share) * ends[1]
            inside = value(primitive, sample, mixed(one, two, share, floats))
            slack = margin(primitive, sample, chord)
            if bend in ("convex", "affine"):
                assert np.all(inside <= chord + slack)
            if bend in ("concave", "affine"):
                assert np.all(inside >= chord - slack)
    assert tried or bend == "neither"


@with_curvature
def test_slope(primitive):
    """f grows (falls) when one input grows and the others stay."""
    slopes = primitive.curvature.slope
    for sample, one, two, floats in list(pairs(primitive)):
        for k in floats:
            slope = slopes[min(k, len(slopes) - 1)]
            low, high = list(one), list(one)
            low[k], high[k] = np.minimum(one[k], two[k]), np.maximum(one[k], two[k])
            below, above = value(primitive, sample, low), value(primitive, sample, high)
            slack = margin(primitive, sample, below)
            if slope == "increasing":
                assert np.all(above >= below - slack)
            if slope == "decreasing":
                assert np.all(above <= below + slack)


def attributes_of(primitive):
    return {each.attributes for each in samples(primitive)}


def inside(primitive, attributes, low, high, count=400):
    """Numbers of [low, high], none farther out than 5, where the function has a value."""
    x = np.random.default_rng(1).uniform(max(low, -5.0), min(high, 5.0), count)
    with np.errstate(all="ignore"):
        return x[np.isfinite(primitive.evaluate(attributes, x))] * (1 - 1e-12)


with_regions = pytest.mark.parametrize(
    "primitive",
    [p for p in TABLE.values() if isinstance(p.curvature, Curvature) and p.curvature.regions],
    ids=lambda primitive: primitive.name,
)


@with_regions
def test_regions(primitive):
    """What is claimed on a part of the domain holds for all pairs of points there."""
    for attributes in attributes_of(primitive):
        for low, high, bend, slope in primitive.curvature.regions_for(attributes):
            x = inside(primitive, attributes, low, high)
            assert x.size >= 100 and low < high
            one, two = np.sort(x[: x.size // 2 * 2].reshape(2, -1), axis=0)
            share = np.random.default_rng(2).uniform(0, 1, one.size)
            left, right, middle = (
                primitive.evaluate(attributes, each)
                for each in (one, two, share * one + (1 - share) * two)
            )
            chord = share * left + (1 - share) * right
            room = 1e-12 * (1 + np.abs(left) + np.abs(right))
            if bend in ("affine", "convex"):
                assert (middle <= chord + room).all()
            if bend in ("affine", "concave"):
                assert (middle >= chord - room).all()
            assert slope == "neither" or bend != "neither"
            if slope == "increasing":
                assert (left <= right + room).all()
            if slope == "decreasing":
                assert (left >= right - room).all()
            assert primitive.curvature.on(attributes, one.min(), two.max()) == (
                bend,
                slope,
            ) or (slope == "neither")


with_strictness = pytest.mark.parametrize(
    "primitive",
    [
        p for p in TABLE.values()
        if isinstance(p.curvature, Curvature) and p.curvature.strict is not None
    ],
    ids=lambda primitive: primitive.name,
)  # fmt: skip


@with_strictness
def test_strictness(primitive):
    """The second derivative has the sign of the shape, is never zero, and no smaller than said."""
    sign = {"convex": 1, "concave": -1}[primitive.curvature.shape]
    (attributes,) = attributes_of(primitive)
    x = inside(primitive, attributes, 0.01, 3.0, 50)
    leaf = tv.tensor(x)
    second = sign * tv.hessian(lambda v: node(primitive, (v,), attributes).sum())(leaf).value
    bends = np.diagonal(second)
    assert (bends > 0).all()
    assert (bends >= primitive.curvature.strict(x.min(), x.max()) * (1 - 1e-9)).all()
    assert primitive.curvature.strict(-np.inf, np.inf) >= 0


@with_curvature
def test_linear_in(primitive):
    """With the other inputs fixed, f is affine along each input that is named."""
    for sample, one, two, floats in pairs(primitive):
        for k in primitive.curvature.linear_in:
            assert k in floats or one[k].dtype.kind != "f"
            other = [b if i == k else a for i, (a, b) in enumerate(zip(one, two))]
            for share in (0.5, -0.7, 3.0):
                ends = [value(primitive, sample, x) for x in (one, other)]
                inside = value(primitive, sample, mixed(one, other, share, [k]))
                np.testing.assert_allclose(
                    inside, share * ends[0] + (1 - share) * ends[1], rtol=1e-10, atol=1e-12
                )


# --- notation ---------------------------------------------------------------------------------


@with_samples
def test_notation_shows_every_operand(name):
    for case in cases_of(name):
        names = [f"x_{{{i}}}" for i in range(len(case.sample.inputs))]
        notation = case.primitive.notation
        shown = (
            notation.format(*names)
            if isinstance(notation, str)
            else notation(case.sample.attributes, *names)
        )
        assert isinstance(shown, str)
        assert all(name in shown for name in names), shown
        plain = re.sub(r"\\[{}]", "", shown)
        depth = 0
        for character in plain:
            depth += {"{": 1, "}": -1}.get(character, 0)
            assert depth >= 0, shown
        assert depth == 0, shown
        assert shown.count(r"\left") == shown.count(r"\right")
        assert shown.count(r"\begin{") == shown.count(r"\end{")
        assert "{{" not in shown or "}}" in shown
