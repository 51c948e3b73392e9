"""Growing and pruning decision trees: greedy questions, then fewer of them.

An algorithm and not options of the model, because how a tree is found is step 3: the set of
functions (step 1, ``DecisionTree``) and what makes one good (step 2, the objective, which is
also the measure of each question) stay the same whether it is pruned or not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium.engine.composites import as_tensor
from trivium.engine.evaluate import value_of

from ..errors import NonFiniteError, RequestError
from ..models.tree import DecisionTree
from ..models.tree_arrays import TreeArrays
from ..models.tree_pruning import (
    Measured,
    Pruned,
    by_cost_complexity,
    by_leaf_size,
    by_reduced_error,
)
from ..objectives import AbsoluteError, CrossEntropy, Objective, SquaredError
from ..options import non_negative, whole
from ..specification import component, near
from ..stop import Stop
from .base import Problem, Solution, Solver
from .growing_targets import Target, as_target

__all__ = ["Growing"]

Array = np.ndarray[Any, Any]

_PRUNES = ("cost-complexity", "reduced-error", "leaf-size")
_RULES = ("best", "one-se")


@component()
class Growing(Solver):
    """A decision tree grown question by question, then pruned.

    Each question x_j ≤ t is the one that lowers the objective most (scikit-learn searches it):
    ``SquaredError`` of a quantity, or of class shares (the Brier score, whose decrease is that
    of Gini's impurity); ``CrossEntropy`` (the decrease of entropy; the model then needs
    output="scores" and ``smoothing``); ``AbsoluteError``. The values of a feature count by
    their order alone, so units, offsets and the precision of their numbers change no question;
    t lies half-way between two values of the training part.

    ``max_depth``: questions in a row at most. ``max_leaves``: then the best questions are asked
    first. ``min_leaf``: in every leaf at least so many rows (an int, whatever their weights), or
    this share of all weights (a float up to 0.5). ``min_split``: rows that a question needs.
    ``smoothing``: α added to the count of each class in a leaf.

    ``prune``: None; "reduced-error", the smallest subtree with the fewest errors on the
    validation part; "cost-complexity", the subtree of least J + ``penalty``·leaves, in the
    units of the objective; "leaf-size", the subtree whose leaves hold a least number of
    examples. Without a ``penalty`` the validation part chooses among the trees of the path by
    ``rule``: "best", the fewest errors; "one-se", the smallest tree within one standard error of
    it. Errors are wrong answers, or squared (absolute) errors of quantities. ``fit.history``
    has a row for each tree of the path; see ``tv.models.pruning_path``. ``seed``: decides
    between questions that are equally good.

    Raises RequestError for options outside their range, other models and objectives, and where
    validation data are needed and none are set aside.

    Source: Breiman, Friedman, Olshen & Stone (1984), *Classification and Regression Trees*;
    Quinlan (1987), "Simplifying decision trees".
    """

    def __init__(
        self,
        max_depth: int | None = None,
        max_leaves: int | None = None,
        min_leaf: float = 1,
        min_split: int = 2,
        smoothing: float = 0.0,
        prune: str | None = None,
        penalty: float | None = None,
        rule: str = "best",
        seed: int = 0,
    ) -> None:
        self.max_depth = None if max_depth is None else whole("Growing", "max_depth", max_depth)
        self.max_leaves = (
            None if max_leaves is None else whole("Growing", "max_leaves", max_leaves, least=2)
        )
        self.min_leaf = _least_leaf(min_leaf)
        self.min_split = whole("Growing", "min_split", min_split, least=2)
        self.smoothing = non_negative("Growing", "smoothing", smoothing)
        self.prune = prune if prune is None else _named("prune", prune, _PRUNES)
        self.penalty = None if penalty is None else non_negative("Growing", "penalty", penalty)
        self.rule = _named("rule", rule, _RULES)
        self.seed = whole("Growing", "seed", seed, least=0)
        if self.seed >= 2**32:
            raise RequestError(f"Growing: seed must be below 2**32, got {seed}")
        if penalty is not None and self.prune != "cost-complexity":
            raise RequestError(
                "Growing: a penalty for each leaf is what prune='cost-complexity' uses; give "
                "both or leave the penalty out"
            )

    @property
    def needs_validation(self) -> str:
        """Whether the validation part chooses the tree."""
        if self.prune is None or self.penalty is not None:
            return ""
        other = " (penalty=… needs none)" if self.prune == "cost-complexity" else ""
        return f"{self!r} prunes by the errors on validation data, and there are none{other}"

    def refuse(self, model: Any, objective: Objective) -> None:
        """Refuse other models, and objectives that no question can be measured by."""
        if not isinstance(model, DecisionTree):
            raise RequestError(
                f"Growing grows a DecisionTree, and {type(model).__name__} is none; use "
                "tv.models.DecisionTree(), or an algorithm that takes steps, such as Adam()"
            )
        terms = [(weight, term) for weight, term in objective.terms() if weight > 0]
        known = (SquaredError, AbsoluteError, CrossEntropy)
        others = [repr(term) for _, term in terms if type(term) not in known]
        if others or len(terms) != 1:
            raise RequestError(
                f"a tree cannot be grown by the objective {objective!r}: a question is measured "
                "by one of SquaredError(), AbsoluteError(), CrossEntropy() alone; the size of "
                "the tree is penalised by prune='cost-complexity'"
            )
        if isinstance(terms[0][1], CrossEntropy) and not self.smoothing:
            raise RequestError(
                "CrossEntropy() of a tree is infinite for every new example of a class that "
                "its leaf did not have: give smoothing=1 (Laplace's rule), say, or use "
                "SquaredError(), the Brier score"
            )

    def solve(self, problem: Problem) -> Solution:
        """The tree, with sizes and choice in the notes and the path in the history."""
        self.refuse(problem.model, problem.objective)
        ((_, term),) = [pair for pair in problem.objective.terms() if pair[0] > 0]
        x, y, weight = _arrays(problem.batch)
        kept = weight > 0
        x, y, weight = x[kept], y[kept], weight[kept]
        target = as_target(term, problem, y, self.smoothing)
        grown = _grow(self, target, x, y, weight)
        measured = _measure(grown, target, x, y, weight, problem.validation)
        pruned = self._prune(measured)
        tree = grown if pruned is None else grown.cut(pruned.collapsed)
        return Solution(
            values=_values(tree, target, problem),
            stopped=Stop.GROWN,
            gradient_norm=_gradient_norm(tree, target, x, y, weight),
            evaluations=1,
            notes=self._notes(grown, tree),
            history=[] if pruned is None else pruned.rows,
        )

    def _prune(self, measured: Measured) -> Pruned | None:
        if self.prune is None:
            return None
        if measured.held_errors is None and self.needs_validation:
            raise RequestError(f"{self.needs_validation}; set some aside, as validation=0.2")
        if self.prune == "reduced-error":
            return by_reduced_error(measured)
        if self.prune == "cost-complexity":
            return by_cost_complexity(measured, self.penalty, self.rule)
        return by_leaf_size(measured, self.rule)

    def _notes(self, grown: TreeArrays, tree: TreeArrays) -> list[str]:
        sizes = f"{_leaves(tree)}, {tree.depth} questions deep"
        if self.prune is None:
            return [f"A tree with {sizes}."]
        return [f"Grown to {_leaves(grown)}, pruned to {sizes} ({self.prune})."]


def _least_leaf(given: Any) -> float:
    """A whole number of rows, or a share of all weights."""
    if isinstance(given, float) and 0 < given <= 0.5:
        return given
    if isinstance(given, float) and 0.5 < given < 1:
        raise RequestError(
            "Growing: min_leaf as a share of all weights is at most 0.5, because a question "
            f"makes two leaves, got {given}"
        )
    return whole("Growing", "min_leaf", given)


def _leaves(tree: TreeArrays) -> str:
    return f"{tree.leaves:,} {'leaf' if tree.leaves == 1 else 'leaves'}"


def _named(option: str, given: Any, known: tuple[str, ...]) -> str:
    found = given.replace("_", "-") if isinstance(given, str) else ""
    if found not in known:
        raise RequestError(
            f"Growing: {option} {given!r} is not known.{near(str(given), known)}"
        )
    return found


def _arrays(batch: Any) -> tuple[Array, Array, Array]:
    x = value_of(as_tensor(batch.x))
    x = x.reshape(len(x), -1)
    y = value_of(as_tensor(batch.y))
    weight = np.ones(len(x))
    if batch.weight is not None:
        weight = value_of(as_tensor(batch.weight)).astype(np.float64)
    if not np.isfinite(x).all() or not np.isfinite(y).all():
        raise NonFiniteError("a tree cannot be grown: features or targets are not all finite")
    if (weight < 0).any() or not (weight > 0).any():
        raise RequestError(
            "a tree cannot be grown: the examples' weights must be zero or more, and one above"
        )
    return x, y, weight


def _ranks(x: Array) -> Array:
    """Each column's values by their order, as float32, which scikit-learn works in.

    It would round the values themselves to float32, and take those that differ by less than
    10⁻⁷ for equal.
    """
    found = np.empty(x.shape, dtype=np.float32)
    for j in range(x.shape[1]):
        values, ranks = np.unique(x[:, j], return_inverse=True)
        # Beyond 2²⁴ values float32 is not exact: neighbours then count as equal.
        found[:, j] = ranks // -(-len(values) // 2**24)
    return found


def _grow(growing: Growing, target: Target, x: Array, y: Array, weight: Array) -> TreeArrays:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    maker = DecisionTreeClassifier if target.classes else DecisionTreeRegressor
    peer = maker(
        criterion=target.criterion,
        max_depth=growing.max_depth,
        max_leaf_nodes=growing.max_leaves,
        min_samples_leaf=growing.min_leaf if growing.min_leaf >= 1 else 1,
        # Less by rounding, so that a leaf of just this weight is one.
        min_weight_fraction_leaf=0.0
        if growing.min_leaf >= 1
        else growing.min_leaf * (1 - 1e-9),
        min_samples_split=growing.min_split,
        random_state=growing.seed,
    )
    ranks = _ranks(x)
    peer.fit(ranks, target.prepared(y, weight), sample_weight=weight)
    found = peer.tree_
    own = np.arange(found.node_count)
    leaf = found.children_left < 0
    by_rank = TreeArrays(
        feature=np.where(leaf, 0, found.feature).astype(np.int64),
        threshold=np.where(leaf, 0.0, found.threshold),
        left=np.where(leaf, own, found.children_left).astype(np.int64),
        right=np.where(leaf, own, found.children_right).astype(np.int64),
        value=np.zeros((len(own), 1)),
        count=found.n_node_samples.astype(np.float64),
    )
    return TreeArrays(
        feature=by_rank.feature,
        threshold=_thresholds(by_rank, ranks, x),
        left=by_rank.left,
        right=by_rank.right,
        value=target.values(by_rank.descend(ranks), y, weight, len(own)),
        count=by_rank.count,
    )


def _thresholds(tree: TreeArrays, ranks: Array, x: Array) -> Array:
    """Half-way between the largest value that goes left and the smallest that goes right."""
    below = np.full(len(tree), -np.inf)
    above = np.full(len(tree), np.inf)
    for rows, nodes in tree.descend(ranks):
        inner = ~tree.is_leaf[nodes]
        rows, nodes = rows[inner], nodes[inner]
        places = tree.feature[nodes]
        left = ranks[rows, places] <= tree.threshold[nodes]
        values = x[rows, places].astype(np.float64)
        np.maximum.at(below, nodes[left], values[left])
        np.minimum.at(above, nodes[~left], values[~left])
    below, above = (np.where(tree.is_leaf, 0.0, each) for each in (below, above))
    half = (below / 2 + above / 2).astype(x.dtype)
    # Between neighbours there may be no number but themselves.
    return np.where((half >= below) & (half < above), half, below.astype(x.dtype))


def _measure(
    tree: TreeArrays, target: Target, x: Array, y: Array, weight: Array, validation: Any
) -> Measured:
    share = weight / weight.sum()
    risk = tree.sums(x, lambda r, n: share[r] * target.losses(tree.value[n], y[r]))
    errors = tree.sums(x, lambda r, n: share[r] * target.errors(tree.value[n], y[r]))
    if validation is None:
        return Measured(tree, risk, errors)
    x, y, weight = _arrays(validation)
    share = weight / weight.sum()
    final = target.final(tree)
    held = [
        tree.sums(x, lambda r, n: share[r] * target.losses(final[n], y[r])),
        tree.sums(x, lambda r, n: share[r] * target.errors(tree.value[n], y[r])),
        tree.sums(x, lambda r, n: share[r] * target.errors(tree.value[n], y[r]) ** 2),
    ]
    size = float(1 / (share**2).sum())
    return Measured(tree, risk, errors, held[0], held[1], held[2], size)


def _values(tree: TreeArrays, target: Target, problem: Problem) -> dict[str, Array]:
    value = target.shown(tree)
    shape = problem.parameters["value"].shape
    return {
        "feature": tree.feature,
        "threshold": tree.threshold,
        "left": tree.left,
        "right": tree.right,
        "value": value.reshape(len(tree), *shape[1:]),
        "count": tree.count,
    }


def _gradient_norm(
    tree: TreeArrays, target: Target, x: Array, y: Array, weight: Array
) -> float:
    """‖∂J/∂value‖: the derivatives with respect to the questions are zero."""
    share = weight / weight.sum()
    leaf = tree.apply(x)
    slopes = target.slopes(target.final(tree)[leaf], y) * share[:, None]
    total = np.zeros_like(tree.value)
    np.add.at(total, leaf, slopes)
    return float(np.linalg.norm(total))
