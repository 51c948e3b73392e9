"""Decision trees: grown as scikit-learn grows them, pruned as brute force says."""

from __future__ import annotations

import itertools
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import trivium as tv
from trivium.learning.errors import RequestError
from trivium.learning.models.tree_arrays import TreeArrays
from trivium.learning.models.tree_pruning import (
    Measured,
    by_cost_complexity,
    by_leaf_size,
    by_reduced_error,
)

SQUARES = tv.objectives.SquaredError()


def grown(data, objective=SQUARES, model=None, validation=0, seed=0, **options):
    return tv.fit(
        model or tv.models.DecisionTree(),
        objective,
        tv.algorithms.Growing(**options),
        data,
        validation=validation,
        seed=seed,
        progress=False,
    )


def noisy(n=300, seed=0, k=3):
    """Classes that a tree finds in part: x on a grid that float32 holds exactly."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 64, size=(n, 4)) / 8
    y = ((x[:, 0] > 3) + (x[:, 1] > 5) * (k > 2)).astype(int)
    wrong = rng.random(n) < 0.2
    y[wrong] = rng.integers(0, k, size=wrong.sum())
    return x, y


def same_questions(model, peer):
    """The nodes of both trees, in the peer's order: features, thresholds, examples."""
    found, theirs = model.arrays(), peer.tree_
    pairs = [(0, 0)]
    while pairs:
        a, b = pairs.pop()
        assert found.is_leaf[a] == (theirs.children_left[b] < 0)
        assert found.count[a] == theirs.n_node_samples[b]
        if not found.is_leaf[a]:
            assert found.feature[a] == theirs.feature[b]
            assert found.threshold[a] == pytest.approx(theirs.threshold[b], rel=1e-12)
            pairs += [(found.left[a], theirs.children_left[b])]
            pairs += [(found.right[a], theirs.children_right[b])]


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_depth": 4},
        {"min_leaf": 7},
        {"min_split": 20, "max_leaves": 12},
    ],
)
def test_a_classification_tree_is_scikit_learns(k, options):
    x, y = noisy(k=k)
    names = {"max_leaves": "max_leaf_nodes", "min_leaf": "min_samples_leaf",
             "min_split": "min_samples_split", "max_depth": "max_depth"}  # fmt: skip
    theirs = {names[name]: value for name, value in options.items()}
    new = np.random.default_rng(1).uniform(0, 8, size=(500, 4))
    for criterion in ("gini", "entropy"):
        peer = DecisionTreeClassifier(criterion=criterion, random_state=0, **theirs).fit(x, y)
        if criterion == "gini":
            fit = grown((x, y), **options)
            atol = 1e-15
        else:
            model = tv.models.DecisionTree(output="scores")
            cross = tv.objectives.CrossEntropy()
            fit = grown((x, y), cross, model, smoothing=1e-9, **options)
            atol = 1e-7
        same_questions(fit.model, peer)
        expected = peer.predict_proba(new.astype(np.float32))
        np.testing.assert_allclose(fit.probabilities(new), expected, atol=atol)


@pytest.mark.parametrize("columns", [1, 2])
def test_a_regression_tree_is_scikit_learns(columns):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 512, size=(200, 3)) / 64
    y = np.column_stack([np.sin(x[:, 0]), x[:, 1] ** 2])[:, :columns]
    y = (y + 0.1 * rng.normal(size=y.shape)).squeeze()
    new = rng.uniform(0, 8, size=(300, 3))
    for objective, criterion in (
        (SQUARES, "squared_error"),
        (tv.objectives.AbsoluteError(), "absolute_error"),
    ):
        peer = DecisionTreeRegressor(criterion=criterion, min_samples_leaf=9, random_state=0)
        peer.fit(x, y)
        fit = grown((x, y), objective, min_leaf=9)
        same_questions(fit.model, peer)
        np.testing.assert_allclose(
            fit.predict(new), peer.predict(new.astype(np.float32)), atol=1e-12
        )
        assert fit.outputs(new).shape == (300, *y.shape[1:])


def test_weights_count_and_zero_leaves_out():
    x, y = noisy()
    weight = np.random.default_rng(2).integers(0, 4, size=len(y)).astype(float)
    copies = (np.repeat(x, weight.astype(int), 0), np.repeat(y, weight.astype(int)))
    fit = tv.fit(
        tv.models.DecisionTree(), SQUARES, tv.algorithms.Growing(max_depth=3), (x, y),
        sample_weight=weight, progress=False,
    )  # fmt: skip
    again = grown(copies, max_depth=3)
    np.testing.assert_allclose(fit.probabilities(x), again.probabilities(x), atol=1e-12)


def test_the_median_of_a_leaf_is_weighted():
    x = np.repeat([0.0, 1.0], 4)[:, None]
    y = np.array([1.0, 2.0, 3.0, 10.0, 5.0, 6.0, 7.0, 8.0])
    weight = np.array([1.0, 1.0, 1.0, 5.0, 1.0, 1.0, 1.0, 1.0])
    fit = tv.fit(
        tv.models.DecisionTree(), tv.objectives.AbsoluteError(),
        tv.algorithms.Growing(max_depth=1), (x, y), sample_weight=weight, progress=False,
    )  # fmt: skip
    np.testing.assert_allclose(fit.predict(np.array([[0.0], [1.0]])), [10.0, 6.5])


# Features count by their order alone.


@settings(max_examples=20, deadline=None)
@given(factor=st.sampled_from([1e-12, 1e-3, 1e6, 1e300]), offset=st.floats(-1e3, 1e3))
def test_units_change_no_question(factor, offset):
    x, y = noisy(n=80)
    moved = x * factor + offset * factor
    before, after = grown((x, y)), grown((moved, y))
    np.testing.assert_array_equal(after.probabilities(moved), before.probabilities(x))


@settings(max_examples=40, deadline=None)
@given(
    x=st.lists(
        st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=2),
        min_size=8, max_size=8,
    ),
    seed=st.integers(0, 100),
)  # fmt: skip
def test_a_whole_tree_tells_apart_whatever_differs(x, seed):
    """Its loss is that of the rows which are alike; any finite numbers will do."""
    x, rng = np.array(x), np.random.default_rng(seed)
    y = np.array([0, 1, 2, *rng.integers(0, 3, size=5)])
    fit = grown((x, y))
    shares = np.eye(3)[y]
    alike = (x[:, None] == x[None]).all(-1).astype(float)
    best = alike @ shares / alike.sum(1, keepdims=True)
    np.testing.assert_allclose(fit.probabilities(x), best, atol=1e-12)
    loss = ((best - shares) ** 2).sum(1).mean()
    assert fit.metrics["train"]["loss"] == pytest.approx(loss, abs=1e-12)


def test_values_that_float32_cannot_tell_apart_are_told_apart():
    x = 1.6e12 + np.arange(40.0)[:, None]
    y = (np.arange(40) >= 17).astype(int)
    fit = grown((x, y))
    assert fit.metrics["train"]["accuracy"] == 1
    assert fit.model.arrays().threshold[0] == 1.6e12 + 16.5
    near = np.array([[1.0], [np.nextafter(1.0, 2)]])
    apart = grown((near, np.array([0, 1])))
    np.testing.assert_array_equal(apart.predict(near), [0, 1])
    single = tv.fit(
        tv.models.DecisionTree(), SQUARES, tv.algorithms.Growing(),
        (np.array([[1], [np.nextafter(np.float32(1), np.float32(2))]], np.float32), [0, 1]),
        dtype="float32", progress=False,
    )  # fmt: skip
    assert single.metrics["train"]["accuracy"] == 1


def test_targets_far_from_zero_keep_their_digits():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 2))
    y = (x[:, 0] > 0) + 0.1 * rng.normal(size=100)
    near, far = grown((x, y), max_depth=3), grown((x, y + 1e9), max_depth=3)
    np.testing.assert_allclose(far.predict(x) - 1e9, near.predict(x), atol=1e-6)


def test_features_in_tables_have_their_names_in_the_drawing():
    import polars as pl

    rng = np.random.default_rng(0)
    colour = rng.choice(["red", "green", "blue"], size=200)
    size = rng.integers(1, 10, size=200)
    table = pl.DataFrame(
        {"colour": colour, "size": size, "round": rng.random(200) > 0.5,
         "kind": np.where((colour == "red") & (size > 4), "apple", "other")}
    )  # fmt: skip
    fit = tv.fit(
        tv.models.DecisionTree(), SQUARES, tv.algorithms.Growing(), table, target="kind",
        progress=False,
    )  # fmt: skip
    assert fit.metrics["train"]["accuracy"] == 1
    assert not fit.options.scale
    drawing = tv.models.draw_tree(fit)
    red, bigger = drawing.index("colour = red?"), drawing.index("size ≤ 4.5?")
    assert red >= 0 and bigger >= 0
    lines = drawing.splitlines()
    assert len(lines) == 5
    assert sum("apple (" in line for line in lines) == 1
    scaled = tv.fit(
        tv.models.DecisionTree(), SQUARES, tv.algorithms.Growing(), table, target="kind",
        scale=True, progress=False,
    )  # fmt: skip
    assert tv.models.draw_tree(scaled) == drawing
    assert tv.models.draw_tree(fit, depth=0).count("\n") == 0


def test_the_drawing_of_a_small_tree():
    x = np.array([[0.0], [1.0], [2.0], [3.0]])
    fit = grown((x, np.array(["a", "b", "b", "c"])))
    assert tv.models.draw_tree(fit) == (
        "x[0] ≤ 0.5?\n"
        "├─ yes: a (1 example)\n"
        "└─ no: x[0] ≤ 2.5?\n"
        "   ├─ yes: b (2 examples)\n"
        "   └─ no: c (1 example)"
    )


# Pruning.


def random_tree(rng, leaves):
    """A random binary tree with nodes after their parents."""
    children = {0: None}
    while sum(each is None for each in children.values()) < leaves:
        node = rng.choice([n for n, each in children.items() if each is None])
        fresh = len(children)
        children[node] = (fresh, fresh + 1)
        children[fresh] = children[fresh + 1] = None
    count = len(children)
    pairs = [children[i] or (i, i) for i in range(count)]
    return TreeArrays(
        feature=np.zeros(count, int), threshold=np.zeros(count),
        left=np.array([a for a, _ in pairs]), right=np.array([b for _, b in pairs]),
        value=np.zeros((count, 1)), count=np.ones(count),
    )  # fmt: skip


def subtrees(tree, node=0):
    """The sets of leaves of all ways to prune below ``node``."""
    found = [[node]]
    if not tree.is_leaf[node]:
        found += [
            a + b
            for a, b in itertools.product(
                subtrees(tree, tree.left[node]), subtrees(tree, tree.right[node])
            )
        ]
    return found


def measured(tree, rng, whole=True):
    """Errors as they may be: the leaves' in training are no more than their parent's."""
    m = len(tree)
    risk = np.zeros(m)
    for node in range(m)[::-1]:
        if tree.is_leaf[node]:
            risk[node] = rng.integers(0, 4)
        else:
            risk[node] = risk[tree.left[node]] + risk[tree.right[node]] + rng.integers(0, 3)
    held = rng.integers(0, 6, size=m) / (1 if whole else 7)
    return Measured(tree, risk, risk, held, held, held, 50.0)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), leaves=st.integers(1, 8), whole=st.booleans())
def test_reduced_error_pruning_is_the_smallest_of_the_best_subtrees(seed, leaves, whole):
    rng = np.random.default_rng(seed)
    tree = random_tree(rng, leaves)
    each = measured(tree, rng, whole)
    pruned = by_reduced_error(each)
    cut = tree.cut(pruned.collapsed)
    every = [(round(float(each.held_errors[s].sum()), 9), len(s)) for s in subtrees(tree)]
    chosen = pruned.rows[-1]
    assert (round(chosen["validation_error"], 9), chosen["leaves"]) == min(every)
    assert cut.leaves == chosen["leaves"] and chosen["chosen"]
    errors = [row["validation_error"] for row in pruned.rows]
    assert all(b <= a + 1e-9 for a, b in itertools.pairwise(errors))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), leaves=st.integers(1, 8))
def test_cost_complexity_pruning_is_the_smallest_of_the_cheapest_subtrees(seed, leaves):
    rng = np.random.default_rng(seed)
    tree = random_tree(rng, leaves)
    each = measured(tree, rng)
    every = [(float(each.risk[s].sum()), len(s)) for s in subtrees(tree)]
    path = by_cost_complexity(each, 0.0, "best").rows
    alphas = [row["penalty"] for row in path]
    assert alphas[0] == 0 and alphas == sorted(set(alphas))
    for alpha in [*alphas, *[a + 0.05 for a in alphas]]:
        pruned = by_cost_complexity(each, alpha, "best")
        row = next(row for row in pruned.rows if row.get("chosen"))
        cost = row["loss"] + alpha * row["leaves"]
        cheapest = min(risk + alpha * size for risk, size in every)
        assert cost == pytest.approx(cheapest, abs=1e-9)
        smallest = min(s for r, s in every if r + alpha * s <= cheapest + 1e-9)
        assert row["leaves"] == smallest == tree.cut(pruned.collapsed).leaves


@pytest.mark.parametrize("criterion", ["gini", "entropy", "squared_error"])
def test_the_path_of_cost_complexity_is_scikit_learns(criterion):
    x, y = noisy(n=400)
    factor = {"gini": 1.0, "entropy": np.log(2), "squared_error": 1.0}[criterion]
    if criterion == "squared_error":
        y = y + np.random.default_rng(0).normal(size=len(y))
        peer = DecisionTreeRegressor(random_state=0)
        fit = grown((x, y), prune="cost-complexity", penalty=0.01)
    elif criterion == "gini":
        peer = DecisionTreeClassifier(random_state=0)
        fit = grown((x, y), prune="cost-complexity", penalty=0.01)
    else:
        peer = DecisionTreeClassifier(criterion="entropy", random_state=0)
        fit = grown(
            (x, y), tv.objectives.CrossEntropy(), tv.models.DecisionTree("scores"),
            prune="cost-complexity", penalty=0.01, smoothing=1e-9,
        )  # fmt: skip
    theirs = peer.cost_complexity_pruning_path(x, y)
    path = tv.models.pruning_path(fit)
    alphas = np.array(path.column("penalty"))
    # They list a tree for each node; of equal penalties the last counts.
    last = [
        np.flatnonzero(np.isclose(theirs.ccp_alphas * factor, a, rtol=1e-9, atol=1e-12))[-1]
        for a in alphas
    ]
    np.testing.assert_allclose(
        path.column("loss"), theirs.impurities[last] * factor, rtol=1e-9, atol=1e-12
    )
    apart = np.diff(theirs.ccp_alphas * factor, prepend=-1) > 1e-12
    assert len(alphas) == apart.sum()
    peer.set_params(ccp_alpha=0.01 / factor).fit(x, y)
    assert path.chosen["leaves"] == peer.get_n_leaves() == fit.model.leaves
    expected = peer.predict(x)
    np.testing.assert_allclose(fit.predict(x), expected, atol=1e-9)


@pytest.mark.parametrize("prune", ["cost-complexity", "reduced-error", "leaf-size"])
def test_the_errors_on_the_path_are_those_of_the_trees(prune):
    """The chosen row against the fit's own metrics, for classes and for quantities."""
    x, y = noisy()
    held = noisy(seed=1)
    fit = grown((x, y), validation=held, prune=prune)
    row = tv.models.pruning_path(fit).chosen
    assert row["leaves"] == fit.model.leaves
    assert row["training_error"] == pytest.approx(1 - fit.metrics["train"]["accuracy"])
    assert row["validation_error"] == pytest.approx(1 - fit.metrics["validation"]["accuracy"])
    assert row["loss"] == pytest.approx(fit.metrics["train"]["loss"])
    assert row["validation_loss"] == pytest.approx(fit.metrics["validation"]["loss"])
    wrong = (fit.predict(held[0]) != held[1]).astype(float)
    assert row["validation_standard_error"] == pytest.approx(wrong.std() / np.sqrt(len(wrong)))
    whole = grown((x, y))
    assert fit.model.leaves < whole.model.leaves
    better = fit.score(noisy(n=2000, seed=2))["accuracy"]
    assert better > whole.score(noisy(n=2000, seed=2))["accuracy"]
    numbers = grown((x, y + 0.5 * x[:, 2]), validation=(held[0], held[1] * 1.0), prune=prune)
    chosen = tv.models.pruning_path(numbers).chosen
    assert chosen["validation_error"] == pytest.approx(
        numbers.metrics["validation"]["rmse"] ** 2
    )
    assert chosen["training_error"] == pytest.approx(numbers.metrics["train"]["rmse"] ** 2)


def test_the_one_standard_error_rule_takes_a_smaller_tree():
    x, y = noisy()
    held = noisy(seed=1)
    best = grown((x, y), validation=held, prune="cost-complexity")
    small = grown((x, y), validation=held, prune="cost-complexity", rule="one-se")
    path = tv.models.pruning_path(small)
    least = min(path, key=lambda row: (row["validation_error"], row["leaves"]))
    limit = least["validation_error"] + least["validation_standard_error"]
    wanted = [row["leaves"] for row in path if row["validation_error"] <= limit]
    assert path.chosen["leaves"] == min(wanted) <= best.model.leaves


def test_text_forms():
    from trivium.learning.specification import parse_algorithm, parse_model

    assert parse_model("tree:scores").spec() == tv.models.DecisionTree("scores").spec()
    made = parse_algorithm("growing:prune=cost-complexity,rule=one-se,min-leaf=3,max-depth=4")
    wanted = tv.algorithms.Growing(
        prune="cost-complexity", rule="one-se", min_leaf=3, max_depth=4
    )
    assert made == wanted
    assert tv.algorithms.Growing(prune="reduced_error").prune == "reduced-error"


def test_pruned_leaves_hold_enough_examples():
    x, y = noisy()
    fit = grown((x, y), validation=noisy(seed=1), prune="leaf-size")
    tree, row = fit.model.arrays(), tv.models.pruning_path(fit).chosen
    assert tree.count[tree.is_leaf].min() == row["leaf_size"]
    sizes = tv.models.pruning_path(fit).column("leaf_size")
    assert sizes == sorted(set(sizes)) and sizes[-1] == len(y)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), leaves=st.integers(1, 9))
def test_pruning_by_size_leaves_no_small_leaf(seed, leaves):
    rng = np.random.default_rng(seed)
    tree = random_tree(rng, leaves)
    for node in range(len(tree))[::-1]:
        below = tree.count[tree.left[node]] + tree.count[tree.right[node]]
        tree.count[node] = rng.integers(1, 9) if tree.is_leaf[node] else below
    pruned = by_leaf_size(measured(tree, rng), "best")
    cut = tree.cut(pruned.collapsed)
    row = next(row for row in pruned.rows if row.get("chosen"))
    assert cut.leaves == row["leaves"]
    assert cut.count[cut.is_leaf].min() >= row["leaf_size"]


def test_a_path_draws_and_prints_itself():
    pytest.importorskip("matplotlib")
    fit = grown(noisy(), validation=0.3, prune="cost-complexity")
    path = tv.models.pruning_path(fit)
    axes = path.plot().axes[0]
    assert axes.get_xlabel() == "leaves"
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), path.column("leaves"))
    shown = str(path)
    assert "→" in shown and "validation error" in shown
    assert fit.plot().axes[0].get_xlabel() == "leaves"


# One face: runs, estimators, text, refusals.


def test_a_tree_is_saved_and_loaded_without_scikit_learn(tmp_path: Path):
    import subprocess
    import sys

    x, y = noisy()
    fit = grown((x, y), validation=0.3, prune="cost-complexity")
    fit.save(tmp_path / "run")
    again = tv.load(tmp_path / "run")
    np.testing.assert_array_equal(again.outputs(x), fit.outputs(x))
    assert again.model.leaves == fit.model.leaves
    assert tv.models.pruning_path(again) == tv.models.pruning_path(fit)
    assert tv.models.draw_tree(again) == tv.models.draw_tree(fit)
    program = (
        "import sys, numpy as np, trivium as tv\n"
        f"fit = tv.load({str(tmp_path / 'run')!r})\n"
        "print(fit.predict(np.ones((2, 4))).tolist())\n"
        "assert not any(name.startswith('sklearn') for name in sys.modules)\n"
    )
    found = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert found.stdout.strip() == str(fit.predict(np.ones((2, 4))).tolist())


def test_a_run_on_disk_has_the_path(tmp_path: Path):
    data = tv.data.load("iris")
    fit = tv.fit(
        tv.models.DecisionTree(), SQUARES, tv.algorithms.Growing(prune="reduced-error"), data,
        validation=0.3, out=tmp_path / "run", progress=False,
    )  # fmt: skip
    again = tv.load(tmp_path / "run")
    assert again.history == fit.history
    np.testing.assert_array_equal(again.probabilities(data), fit.probabilities(data))


def test_damaged_trees_are_refused():
    model = grown(noisy(n=50)).model
    good = {name: each.value for name, each in model.parameters().items()}
    for name, place, value in (
        ("left", 0, 0.0), ("right", 0, 10_000.0), ("left", 2, 1.0), ("feature", 0, 9.0),
        ("feature", 0, -1.0), ("right", 0, np.nan), ("left", 0, 1.5),
    ):  # fmt: skip
        bad = {key: array.copy() for key, array in good.items()}
        bad[name][place] = value
        with pytest.raises(RequestError, match="no decision tree"):
            model.assign(bad)
    with pytest.raises(RequestError, match="no decision tree"):
        model.assign({**good, "value": good["value"][:-1]})


def test_estimators_take_trees():
    x, y = noisy()
    labels = np.array(["a", "b", "c"])[y]
    found = tv.Classifier("tree", random_state=0).fit(x, labels)
    assert found.score(x, labels) > 0.7
    np.testing.assert_allclose(found.predict_proba(x).sum(axis=1), 1)
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.predict(x), found.predict(x))
    pruned = tv.Classifier(
        "tree", algorithm="growing:prune=cost-complexity", validation=0.2, random_state=0
    ).fit(x, labels)
    assert pruned.fit_.history
    weighted = tv.Classifier("tree:scores", class_weight="balanced", random_state=0)
    weighted.fit(x, labels)
    assert weighted.fit_.algorithm.smoothing == 1
    assert np.isfinite(weighted.predict_log_proba(x)).all()
    numbers = tv.Regressor("tree", random_state=0).fit(x, x[:, 0] * 2)
    assert numbers.score(x, x[:, 0] * 2) > 0.9
    density = tv.Classifier("gaussian:covariance=separate").fit(x, labels)
    np.testing.assert_allclose(density.predict_proba(x).sum(axis=1), 1)
    assert density.decision_function(x).shape == (len(x), 3)


def test_derivatives_are_zero_and_algorithms_that_follow_them_are_refused():
    data = tv.data.load("iris")
    fit = grown(data)
    x = tv.variable(data.x[:5])
    np.testing.assert_array_equal(tv.gradient(fit.model(x).sum(), x).value, np.zeros((5, 4)))
    for algorithm in (tv.algorithms.Adam(), tv.algorithms.GradientDescent(0.1)):
        with pytest.raises(RequestError, match=r"derivatives are zero.*Growing\(\)"):
            tv.fit(tv.models.DecisionTree(), SQUARES, algorithm, data, progress=False)


def test_combinations_without_meaning_are_refused():
    x, y = noisy()
    tree, growing = tv.models.DecisionTree, tv.algorithms.Growing
    cases = [
        (tv.models.Linear(), tv.objectives.CrossEntropy(), growing(), "grows a DecisionTree"),
        (tree(), SQUARES + tv.objectives.L2(), growing(), "prune='cost-complexity'"),
        (tree("scores"), tv.objectives.CrossEntropy(), growing(), "smoothing=1"),
        (tree("scores"), tv.objectives.Hinge(), growing(), "cannot be grown"),
        (tree(), SQUARES, growing(prune="reduced-error"), "validation=0.2"),
        (
            tree(),
            SQUARES,
            growing(prune="cost-complexity"),
            "penalty=… needs none.*validation=0.2",
        ),
    ]
    for model, objective, algorithm, message in cases:
        with pytest.raises(RequestError, match=message):
            tv.fit(model, objective, algorithm, (x, y), progress=False)
    for options, message in [
        ({"prune": "reduced_eror"}, "reduced-error"),
        ({"penalty": 0.1}, "penalty for each leaf"),
        ({"rule": "2-se"}, "rule '2-se' is not known"),
        ({"min_leaf": 0}, "min_leaf"),
        ({"max_leaves": 1}, "max_leaves"),
        ({"seed": 2**32}, "below 2"),
    ]:
        with pytest.raises(RequestError, match=message):
            growing(**options)
    with pytest.raises(RequestError, match="output must be"):
        tree("softmax")
    with pytest.raises(RequestError, match="was not pruned"):
        tv.models.pruning_path(grown((x, y)))
    with pytest.raises(ValueError, match="asks about 4 features, its input has 3"):
        grown((x, y)).model(np.ones((2, 3)))


def test_one_feature_that_says_nothing_gives_one_leaf():
    x = np.ones((20, 2))
    y = np.arange(20) % 2
    fit = grown((x, y), validation=(x, y), prune="cost-complexity")
    assert fit.model.leaves == 1 and fit.model.depth == 0
    np.testing.assert_allclose(fit.probabilities(x), 0.5)
    assert tv.models.draw_tree(fit).count("\n") == 0


def test_a_deep_tree_predicts_and_draws():
    """A staircase: 1,500 questions in a row, no recursion anywhere."""
    deep = 1_500
    fit = grown((np.arange(4.0)[:, None], np.arange(4.0) / 3))
    own = np.arange(2 * deep + 1)
    inner = (own % 2 == 0) & (own < 2 * deep)
    fit.model.assign(
        {
            "feature": np.zeros(len(own)),
            "threshold": np.where(inner, own // 2 + 0.5, 0.0),
            "left": np.where(inner, own + 1, own),
            "right": np.where(inner, own + 2, own),
            "value": np.where(inner, np.nan, (own - 1) // 2 + (own == 2 * deep) * 1),
            "count": np.ones(len(own)),
        }
    )
    assert fit.model.depth == deep and fit.model.leaves == deep + 1
    x = np.arange(deep + 1.0)
    np.testing.assert_array_equal(fit.model(x[:, None]).value, x)
    drawing = tv.models.draw_tree(fit)
    assert drawing.count("\n") == 400 and "3,001 nodes in all" in drawing


def test_targets_whose_squares_overflow_are_refused():
    x, y = np.arange(10.0)[:, None], np.arange(10.0) * 1e300 + 0.5
    with pytest.raises(tv.TriviumError, match=r"reaches 9e\+300.*divide it by a constant"):
        tv.fit(
            tv.models.DecisionTree(), tv.objectives.SquaredError(), tv.algorithms.Growing(),
            (x, y), progress=False,
        )  # fmt: skip


def test_a_share_of_the_weights_in_every_leaf():
    """Copies of a row and their weights ask for the same tree, whatever the weights' unit."""
    rng = np.random.default_rng(3)
    x, weight = rng.normal(size=(200, 3)), rng.integers(0, 4, 200).astype(float)
    y = x[:, 0] + np.sin(3 * x[:, 1]) + rng.normal(size=200)  # no two questions equally good
    growing = tv.algorithms.Growing(min_leaf=0.1)

    def grown_with(data):
        return tv.fit(tv.models.DecisionTree(), SQUARES, growing, data, progress=False).model

    repeated = grown_with(
        (np.repeat(x, weight.astype(int), 0), np.repeat(y, weight.astype(int)))
    )
    for unit in (1.0, 2.0**-10):
        dataset = tv.data.as_dataset((x, y), None).with_weight(weight * unit)
        tree = grown_with(dataset)
        assert tree.leaves == repeated.leaves > 2
        np.testing.assert_allclose(tree(x).value, repeated(x).value, atol=1e-12)
        leaf = np.unique(tree.arrays().apply(x), return_inverse=True)[1]
        assert np.bincount(leaf, weight).min() >= 0.1 * weight.sum() * (1 - 1e-6)
    with pytest.raises(RequestError, match="at most 0.5"):
        tv.algorithms.Growing(min_leaf=0.6)
    assert tv.algorithms.Growing(min_leaf=0.5).min_leaf == 0.5


def test_the_parameters_of_a_tree_are_not_shaken():
    x, y = noisy(60)
    fit = grown((x, y), SQUARES, max_depth=2)
    for prior in ("initial", "zero"):
        with pytest.raises(RequestError, match="questions of a DecisionTree are choices"):
            tv.generalization.pac_bayes(fit, (x, y), prior=prior)
