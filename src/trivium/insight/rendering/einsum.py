"""Contractions that are no product of matrices: [Σ_l A_{ijl} B_{ilk}]_{ijk}."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from trivium.engine.tensor import Tensor

from .precedence import Binding
from .reductions import Elements
from .written import Written, product, product_of

if TYPE_CHECKING:
    from .writer import Writer

__all__ = ["einsum"]

Labels = tuple[int, ...]


def einsum(
    writer: Writer, axes: tuple[Labels, Labels, Labels], sources: Sequence[Tensor]
) -> Written:
    """The contraction of two ``sources`` with the labels ``axes`` of both and of the result."""
    left, right, out = axes
    elements = Elements(writer, [])
    letters: dict[int, Written] = {}
    for label in (*out, *left, *right):
        if label not in letters:
            letters[label] = elements.letter()
    factors = [
        _element(elements, source, [letters[label] for label in labels])
        for source, labels in zip(sources, (left, right), strict=True)
    ]
    term = _product(factors)
    summed = [label for label in (*left, *right) if label not in out]
    over = " ".join(dict.fromkeys(letters[label].box.string for label in summed))
    if over:
        term = writer.fill(rf"\sum_{{{{{over}}}}} {{0}}", term, scalar=True)
    if not out:
        return term
    places = " ".join(f"{{{i + 1}}}" for i in range(len(out)))
    whole = replace(term, scalar=False)
    return writer.fill(
        rf"\left[ {{0}} \right]_{{{{{places}}}}}", whole, *[letters[each] for each in out]
    )


def _element(elements: Elements, source: Tensor, indices: list[Written]) -> Written:
    """The element of ``source``, short enough to be read, or of the whole in brackets."""
    writer = elements.writer
    found = elements.of(source, tuple(indices)) if indices else writer.done[id(source)]
    if found is not None and found.box.width <= writer.alphabet.limit / 3:
        return found
    whole = writer.as_array(writer.done[id(source)], source.ndim)
    places = " ".join(f"{{{i + 1}}}" for i in range(len(indices)))
    made = writer.fill(f"{{0}}_{{{{{places}}}}}", whole, *indices)
    return replace(made, scalar=True, tightness=Binding.POWER)


def _product(factors: Sequence[Written]) -> Written:
    p, q = map(product_of, factors)
    return product(p.negative != q.negative, p.top + q.top, p.bottom + q.bottom, ())
