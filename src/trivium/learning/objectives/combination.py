"""Weighted sums of terms: what adding objectives makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import RequestError
from ..specification import component
from .base import Objective, Term, weight_of

__all__ = ["Combination"]


@component(text="")  # typed as a sum, not by name
class Combination(Objective):
    """A weighted sum of terms, as made by ``+`` and ``*``; like terms are collected.

    Raises RequestError when data terms of different tasks meet.
    """

    def __init__(self, terms: Sequence[tuple[float, Term]]) -> None:
        collected: list[tuple[float, Term]] = []
        for weight, term in _pairs(terms):
            same = [i for i, (_, have) in enumerate(collected) if have == term]
            if same:
                collected[same[0]] = (collected[same[0]][0] + weight, term)
            else:
                collected.append((weight, term))
        self._terms = tuple(collected)
        data = [term for _, term in self.data_terms]
        for term in data[1:]:
            if term.task != data[0].task:
                raise RequestError(
                    f"{data[0]!r} is for {data[0].task} and {term!r} for {term.task}; one "
                    "target cannot be both, so they cannot be added"
                )

    def terms(self) -> list[tuple[float, Term]]:
        """The weights and terms of the sum."""
        return list(self._terms)

    def hyperparameters(self) -> dict[str, Any]:
        """The pairs of weight and term."""
        return {"terms": [list(pair) for pair in self._terms]}

    def __repr__(self) -> str:
        return " + ".join(
            f"{term!r}"
            if weight == 1
            else f"{weight:g} * {term!r}"
            if float(f"{weight:g}") == weight
            else f"{weight!r} * {term!r}"
            for weight, term in self._terms
        )


def _pairs(terms: Any) -> list[tuple[float, Term]]:
    pairs = list(terms) if isinstance(terms, list | tuple) else []
    if not pairs or not all(
        isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[1], Term)
        for pair in pairs
    ):
        raise RequestError(
            "a combination is made of pairs (weight, term), for example [(1.0, "
            f"SquaredError()), (0.1, L2())], got {terms!r}"
        )
    return [(weight_of(term, weight), term) for weight, term in pairs]
