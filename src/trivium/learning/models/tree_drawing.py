"""A decision tree as text, in the user's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..options import whole
from .fitted import model_of
from .tree import DecisionTree
from .tree_arrays import TreeArrays

if TYPE_CHECKING:
    from ..fit.result import Fit

__all__ = ["draw_tree"]

_LINES = 400


def draw_tree(fit: Fit, depth: int | None = None) -> str:
    """The fitted tree as text: the questions with the columns' names, the answers in the leaves.

    ``depth``: how many questions deep; None for all of them. Of very large trees the first 400
    lines are drawn. Raises RequestError for the fit of another model.
    """
    model = model_of("draw_tree", fit, DecisionTree, "a DecisionTree")
    most = None if depth is None else whole("draw_tree", "depth", depth, least=0)
    tree = model.arrays()
    questions = _questions(fit.encoder)
    answer = _answers(fit, tree)
    lines: list[str] = []
    stack: list[tuple[int, str, str, int]] = [(0, "", "", 0)]
    while stack and len(lines) < _LINES:
        node, head, indent, level = stack.pop()
        if tree.is_leaf[node]:
            lines.append(head + answer(node))
            continue
        if level == most:
            lines.append(f"{head}… {answer(node)}")
            continue
        text, yes_is_right = questions[int(tree.feature[node])](float(tree.threshold[node]))
        lines.append(f"{head}{text}?")
        yes, no = int(tree.left[node]), int(tree.right[node])
        if yes_is_right:
            yes, no = no, yes
        stack.append((no, f"{indent}└─ no: ", f"{indent}   ", level + 1))
        stack.append((yes, f"{indent}├─ yes: ", f"{indent}│  ", level + 1))
    if stack:
        lines.append(f"… ({len(tree):,} nodes in all; draw fewer with depth=3)")
    return "\n".join(lines)


# The question of an encoded feature at a threshold, and whether "yes" is the right branch.
_Question = Callable[[float], tuple[str, bool]]


def _questions(encoder: Any) -> list[_Question]:
    features = encoder.features
    codes = getattr(features, "codes", None)
    if codes is None:
        names = list(encoder.feature_names)
        centre = np.zeros(len(names)) if features.centre is None else features.centre.ravel()
        spread = np.ones(len(names)) if features.spread is None else features.spread.ravel()
        return [
            _threshold(name, float(m), float(s)) for name, m, s in zip(names, centre, spread)
        ]
    found: list[_Question] = []
    for code in codes:
        if hasattr(code, "levels"):
            shown = [f"{code.name} = {level}" for level in code.levels]
            found += [_flag(name) for name in [*shown, *code.names[len(shown) :]]]
        elif code.is_boolean:
            found += [_flag(name) for name in code.names]
        else:
            found.append(_threshold(code.name, code.centre, code.spread))
            found += [_flag(name) for name in code.names[1:]]
    return found


def _threshold(name: str, centre: float, spread: float) -> _Question:
    return lambda t: (f"{name} ≤ {t * spread + centre:.6g}", False)


def _flag(name: str) -> _Question:
    """0 or 1: above the threshold means that it holds."""
    return lambda t: (name, True)


def _answers(fit: Fit, tree: TreeArrays) -> Callable[[int], str]:
    classes = fit.classes
    if classes is None:
        values = fit.encoder.decode_target(
            tree.value if tree.value.shape[1] > 1 else tree.value[:, 0]
        )
        return lambda node: (
            f"{', '.join(f'{each:.6g}' for each in np.atleast_1d(values[node]))} "
            f"({_examples(tree, node)})"
        )
    shares = np.exp(tree.value) if fit.model.output == "scores" else tree.value
    if shares.shape[1] == 1:
        shares = np.concatenate([1 - shares, shares], axis=1)
        best = (tree.value[:, 0] >= 0.5).astype(int)
    else:
        best = tree.value.argmax(axis=1)

    def answer(node: int) -> str:
        share = shares[node, best[node]]
        sure = "" if share > 0.9995 else f" {share:.1%}"
        return f"{classes[best[node]]}{sure} ({_examples(tree, node)})"

    return answer


def _examples(tree: TreeArrays, node: int) -> str:
    count = int(tree.count[node])
    return f"{count:,} example{'' if count == 1 else 's'}"
