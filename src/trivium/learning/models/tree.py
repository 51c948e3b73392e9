"""Decision trees: questions about one feature at a time, an answer in every leaf."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trivium.engine import dtypes
from trivium.engine.composites import as_tensor, cast, full, where
from trivium.engine.loops import scan
from trivium.engine.messages import shape_error
from trivium.engine.primitives.indexing import gather
from trivium.engine.tensor import Tensor, Variable, tensor, variable

from ..errors import RequestError
from ..layers.flatten import flat
from ..specification import component
from .model import Model
from .parameters import parameter
from .tree_arrays import TreeArrays

__all__ = ["DecisionTree"]

_ARRAYS = ("feature", "threshold", "left", "right", "value", "count")


@component(text="tree")
class DecisionTree(Model):
    """f(x) = the value of the leaf that x falls into: constant on boxes, axis by axis.

    Shapes: x (N, …), each example flattened to d features → (N,) or (N, k). ``output``:
    "probability", leaves hold the shares of the classes (or the mean of a quantity), for
    ``SquaredError``; "scores", leaves hold the logarithms of the shares, for ``CrossEntropy``.

    Parameters, for m nodes of which node 0 is the root: at an inner node x_j ≤ t, with j
    ``feature`` and t ``threshold``, leads to node ``left``, else to ``right``; a leaf leads to
    itself. ``value`` (m,) or (m, k); ``count`` (m,), the training examples of each node. How
    many nodes there are, the data decide: a new tree is a single leaf.

    The tree is a step function of x and of its thresholds, so its derivatives are zero
    wherever they exist: it is grown by ``tv.algorithms.Growing`` and refused with algorithms
    that follow derivatives. Features are not standardised by default: no order of the values
    changes by it, and the thresholds stay in their units. Raises RequestError for another
    ``output``, ShapeError for features that do not fit.

    Source: Breiman, Friedman, Olshen & Stone (1984), *Classification and Regression Trees*.
    """

    has_units = True
    for_scores = 'output="scores"'

    feature: Variable
    threshold: Variable
    left: Variable
    right: Variable
    value: Variable
    count: Variable

    def __init__(self, output: str = "probability") -> None:
        if output not in ("probability", "scores"):
            raise RequestError(
                f"DecisionTree: output must be 'probability' or 'scores', got {output!r}"
            )
        self.output = output
        self._size: int | None = None
        self._features: int | None = None
        self._depth = 0

    def refuse(self, algorithm: Any, objective: Any) -> None:
        """Refuse every algorithm but growing, because there is no derivative to follow."""
        from ..algorithms.growing import Growing

        if not isinstance(algorithm, Growing):
            raise RequestError(
                f"{algorithm!r} cannot fit a DecisionTree: the tree is a step function of its "
                "thresholds, so its derivatives are zero wherever they exist, and its questions "
                "are choices, not numbers; grow it with tv.algorithms.Growing()"
            )

    def open_layer(self) -> Model | None:
        """The tree itself: the target says how many numbers a leaf holds."""
        return self

    def resize(self, n_outputs: int | None) -> None:
        """Settle how many numbers a leaf holds; a tree of another size becomes one leaf."""
        if n_outputs != self._size and hasattr(self, "value"):
            self._put(_stump(n_outputs), self.value.dtype)
        self._size = n_outputs

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make a single leaf; the features' number is known from the first call on."""
        self._put(_stump(self._size), parameter(()).dtype)

    def assign(self, values: Mapping[str, Any]) -> None:
        """Take the arrays of a grown tree, however many nodes it has.

        Raises RequestError for arrays that are no tree: hostile files are refused here.
        """
        checked = _checked({name: np.asarray(values[name]) for name in _ARRAYS}, self._features)
        self._put(checked, self.value.dtype)

    def _put(self, arrays: Mapping[str, Any], dtype: Any) -> None:
        # Whole numbers are exact in floating variables up to 2²⁴ (float32), and so all that is
        # learned is saved, copied and converted in the same way.
        for name in _ARRAYS:
            setattr(self, name, variable(np.asarray(arrays[name]).astype(dtype)))
        self._depth = self.arrays().depth

    def arrays(self) -> TreeArrays:
        """The tree as NumPy arrays."""
        whole = {
            name: getattr(self, name).value.astype(np.int64)
            for name in ("feature", "left", "right")
        }
        value = self.value.value
        return TreeArrays(
            **whole,
            threshold=self.threshold.value,
            value=value.reshape(len(value), -1),
            count=self.count.value,
        )

    @property
    def depth(self) -> int:
        """The number of questions on the longest way from the root to a leaf."""
        return self._depth

    @property
    def leaves(self) -> int:
        """The number of leaves."""
        return self.arrays().leaves

    def __call__(self, x: Tensor) -> Tensor:
        """The value of each example's leaf."""
        return gather(self.value, self.leaf(x))

    def leaf(self, x: Tensor) -> Tensor:
        """The number of the node at which each example ends, (N,) int64."""
        x = flat(as_tensor(x))
        count, width = x.shape
        if self._features is None:
            self._features = width
        if width != self._features:
            raise shape_error(
                "DecisionTree",
                (x,),
                f"the tree asks about {self._features} features, its input has {width} (the "
                "last axis)",
                f"give it {self._features} features, or make a new model",
                names=("its input",),
            )
        node = full((count,), 0, dtypes.int64)
        if not self._depth:
            return node
        cells = x.reshape((count * width,))
        starts = tensor(np.arange(count) * width)
        feature, left, right = (
            cast(each, dtypes.int64) for each in (self.feature, self.left, self.right)
        )

        def question(node: Tensor, _: Any) -> tuple[Tensor, None]:
            answer = gather(cells, starts + gather(feature, node))
            yes = answer <= gather(self.threshold, node)
            return where(yes, gather(left, node), gather(right, node)), None

        return scan(question, node, length=self._depth)[0]


def _stump(size: int | None) -> dict[str, Any]:
    """A tree that is a single leaf with value 0."""
    arrays: dict[str, Any] = {name: np.zeros(1) for name in _ARRAYS}
    return {**arrays, "value": np.zeros((1,) if size is None else (1, size))}


def _checked(arrays: dict[str, Any], features: int | None) -> dict[str, Any]:
    """``arrays`` if every node but the root has one parent, before it. Raises RequestError."""
    left, right, feature = arrays["left"], arrays["right"], arrays["feature"]
    sizes = {len(each) if each.ndim else -1 for each in arrays.values()}
    whole = all(
        np.isfinite(each).all() and (each == np.floor(each)).all() and (each >= 0).all()
        for each in (left, right, feature)
    )
    known = features is None or not feature.size or feature.max() < features
    if len(sizes) == 1 and min(sizes) > 0 and whole and known:
        own = np.arange(len(left))
        leaf = (left == own) & (right == own)
        children = np.sort(np.concatenate([left[~leaf], right[~leaf]]))
        later = (left[~leaf] > own[~leaf]).all() and (right[~leaf] > own[~leaf]).all()
        if later and np.array_equal(children, own[1:]):
            return arrays
    raise RequestError(
        "these arrays are no decision tree: each node but the first needs one parent, which "
        "comes before it, and asks about one of the features"
    )
