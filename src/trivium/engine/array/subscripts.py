"""Einstein summation: any number of operands, contracted pair by pair in a greedy order."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, combinations
from typing import NamedTuple

from .. import composites
from ..errors import ShapeError
from ..primitives import arithmetic, contraction, reductions
from ..tensor import Tensor
from .arguments import ArrayLike, refused
from .linear import diagonal
from .manipulation import moveaxis, permute_dims, reshape
from .shared import reduce

__all__ = ["einsum"]

# A label is a letter, or -1, -2, … for the axes that the dots stand for, counted from the last.
Label = str | int
Labels = tuple[Label, ...]


class Term(NamedTuple):
    """A tensor and the labels of its axes."""

    tensor: Tensor
    labels: Labels


def einsum(subscripts: str, /, *operands: ArrayLike) -> Tensor:
    """The sum of products that ``subscripts`` describes, as ``"ij,jk->ik"`` the matrix product.

    Every axis of every operand gets a letter. Axes of one letter run together: within an
    operand they pick its diagonal, between operands their elements are multiplied. Letters that
    are not after the arrow are summed over. ``...`` stands for further axes, which broadcast.
    Without an arrow the result has the broadcast axes, then the letters that occur once, in
    alphabetical order. The operands are contracted pair by pair: next is always the pair whose
    result is the smallest compared with its parts.

    Raises ShapeError when the subscripts cannot be read, do not fit the operands' axes, or give
    one letter two sizes.
    """
    given = composites.operands(*operands) if operands else []
    inputs, output = _parsed(subscripts, given)
    terms = [_diagonals(Term(x, labels)) for x, labels in zip(given, inputs, strict=True)]
    known = _sizes(subscripts, terms)
    terms = [_dropped_ones(term, known) for term in terms]
    uses = _uses(terms, output)
    terms = [_summed(term, uses) for term in terms]
    while len(terms) > 1:
        uses = _uses(terms, output)
        i, j = _best_pair(terms, uses, known)
        product = _product(terms[i], terms[j], _needed(terms[i], terms[j], uses))
        terms = [term for k, term in enumerate(terms) if k not in (i, j)] + [product]
    last = terms[0]
    return permute_dims(last.tensor, [last.labels.index(label) for label in output])


def _refusal(subscripts: str, rule: str) -> ShapeError:
    return ShapeError(
        f"einsum: the subscripts {subscripts!r} cannot be used: {rule}. Write one letter per "
        'axis, a comma between operands and the result after an arrow, as in "ij,jk->ik"'
    )


def _parsed(subscripts: str, given: Sequence[Tensor]) -> tuple[list[Labels], Labels]:
    """The labels of every operand and of the result."""
    if not isinstance(subscripts, str):
        raise _refusal(subscripts, "they are no text")
    left, arrow, right = "".join(subscripts.split()).partition("->")
    parts = left.split(",")
    if len(parts) != len(given) or not given:
        raise _refusal(
            subscripts, f"they describe {len(parts)} operands, but {len(given)} are given"
        )
    inputs = [_labels(subscripts, part, x) for part, x in zip(parts, given, strict=True)]
    hidden = max(
        (-label for term in inputs for label in term if isinstance(label, int)), default=0
    )
    dots = tuple(range(-hidden, 0))
    if not arrow:
        letters = sorted(label for term in inputs for label in term if isinstance(label, str))
        return inputs, dots + tuple(each for each in letters if letters.count(each) == 1)
    before, found, after = right.partition("...")
    if hidden and not found:
        raise _refusal(subscripts, "the axes that the dots stand for are missing in the result")
    output: Labels = (*before, *(dots if found else ()), *after)
    present = {label for term in inputs for label in term}
    for label in output:
        if label not in present or output.count(label) > 1:
            raise _refusal(
                subscripts,
                f"the result's letter {label!r} must be in an operand, and once in the result",
            )
    return inputs, output


def _labels(subscripts: str, part: str, x: Tensor) -> Labels:
    before, dots, after = part.partition("...")
    letters = before + after
    if not all(each.isascii() and each.isalpha() for each in letters):
        raise _refusal(
            subscripts, f"{part!r} contains something else than letters and one '...'"
        )
    hidden = x.ndim - len(letters)
    if hidden < 0 or (hidden and not dots):
        raise refused(
            f"einsum {subscripts!r}",
            [x],
            f"{part!r} names {len(letters)} axes, but the operand has {x.ndim}",
            "give every axis a letter, or write ... for axes without one",
        )
    return (*before, *range(-hidden, 0), *after)


def _diagonals(term: Term) -> Term:
    """The term with every label once: axes of one label are replaced by their diagonal."""
    x, labels = term
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            i = labels.index(label)
            j = labels.index(label, i + 1)
            if x.shape[i] != x.shape[j]:
                raise refused(
                    "einsum",
                    [x],
                    f"axes {i} and {j} have the letter {label!r} in common, so they must have "
                    "one size",
                )
            x = diagonal(moveaxis(x, (i, j), (-2, -1)))
            labels = (*(each for k, each in enumerate(labels) if k not in (i, j)), label)
    return Term(x, labels)


def _sizes(subscripts: str, terms: Sequence[Term]) -> dict[Label, int]:
    """The size of every label. Raises ShapeError when a letter has two."""
    first: dict[Label, tuple[int, Tensor]] = {}
    for x, labels in terms:
        for label, size in zip(labels, x.shape, strict=True):
            have = first.setdefault(label, (size, x))
            if isinstance(label, int) and have[0] == 1:
                first[label] = (size, x)
            elif size != have[0] and not (isinstance(label, int) and size == 1):
                name = (
                    f"the letter {label!r}" if isinstance(label, str) else "an axis of the dots"
                )
                raise refused(
                    f"einsum {subscripts!r}",
                    [have[1], x],
                    f"{name} has size {have[0]} in one operand and {size} in another",
                    "transpose an operand, or give the axes different letters",
                )
    return {label: size for label, (size, _) in first.items()}


def _dropped_ones(term: Term, known: dict[Label, int]) -> Term:
    """The term without axes of size 1 that broadcast against a larger one."""
    x, labels = term
    kept = [i for i, label in enumerate(labels) if x.shape[i] == known[label]]
    shape = tuple(x.shape[i] for i in kept)
    return Term(reshape(x, shape), tuple(labels[i] for i in kept))


def _uses(terms: Sequence[Term], output: Labels) -> Counter[Label]:
    """In how many terms, the result included, each label occurs."""
    return Counter(chain(output, *(term.labels for term in terms)))


def _needed(left: Term, right: Term, uses: Counter[Label]) -> set[Label]:
    """The labels of a pair that another term or the result needs."""
    return {
        label
        for label in {*left.labels, *right.labels}
        if uses[label] > (label in left.labels) + (label in right.labels)
    }


def _summed(term: Term, uses: Counter[Label]) -> Term:
    """The term summed over the labels that nobody else needs."""
    axes = tuple(i for i, label in enumerate(term.labels) if uses[label] == 1)
    kept = tuple(label for label in term.labels if uses[label] > 1)
    return Term(reduce(reductions.sum_, term.tensor, axes, False), kept)


def _best_pair(
    terms: Sequence[Term], uses: Counter[Label], known: dict[Label, int]
) -> tuple[int, int]:
    """The pair whose product grows least beyond its parts; of equal ones the cheapest."""

    def volume(labels: Iterable[Label]) -> int:
        return math.prod(known[label] for label in labels)

    def cost(pair: tuple[int, int]) -> tuple[int, int]:
        left, right = (terms[k] for k in pair)
        grown = volume(_needed(left, right, uses)) - left.tensor.size - right.tensor.size
        return grown, volume({*left.labels, *right.labels})

    return min(combinations(range(len(terms)), 2), key=cost)


def _product(left: Term, right: Term, needed: set[Label]) -> Term:
    """The product of two terms, summed over the labels of both that are not needed."""
    both = dict.fromkeys((*left.labels, *right.labels))
    kept = tuple(label for label in both if label in needed)
    if len(kept) == len(both) and len(both) == max(len(left.labels), len(right.labels)):
        factors = [_spread(term, kept) for term in (left, right)]
        return Term(composites.binary(arithmetic.multiply, *factors), kept)
    number = {label: i for i, label in enumerate(both)}
    product = contraction.contraction(
        left.tensor,
        right.tensor,
        left=tuple(number[label] for label in left.labels),
        right=tuple(number[label] for label in right.labels),
        out=tuple(number[label] for label in kept),
    )
    return Term(product, kept)


def _spread(term: Term, labels: Labels) -> Tensor:
    """The term's tensor with an axis for each of ``labels``, of size 1 where it has none."""
    present = [label for label in labels if label in term.labels]
    x = permute_dims(term.tensor, [term.labels.index(label) for label in present])
    sizes = iter(x.shape)
    return reshape(x, tuple(next(sizes) if label in present else 1 for label in labels))
