"""What is wrong with a likelihood problem, found before any step is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import RequestError
from ..models import Linear
from ..objectives import BinaryCrossEntropy, CrossEntropy
from ..objectives.likelihood import NegativeLogLikelihood
from .design import design_of
from .rank import independent
from .separating import Separation, categorical_rows, columns_named, mixed, separation, spans

if TYPE_CHECKING:
    from .response import Response

__all__ = ["inspect", "refuse_separated"]

Array = np.ndarray[Any, Any]
_LARGEST = 10**10  # rows times squared columns of a design that is looked at
_KINDS = (BinaryCrossEntropy, CrossEntropy, NegativeLogLikelihood)


def inspect(problem: Any) -> list[str]:
    """Notes on the design of a fit that is to be solved for its maximum; see ``fit.summary``.

    ``problem``: of ``fit``. For a Linear model with a likelihood as its only data term. Columns
    that depend on others are named; without a penalty there are then many maxima, with the same
    predictions. Raises RequestError when, without a penalty, no maximum exists because the data
    are separated. Designs of more than 10¹⁰ operations are not looked at.
    """
    objective = problem.objective
    terms = [term for c, term in objective.data_terms if c > 0]
    if type(problem.model) is not Linear or problem.model.output != "scores":
        return []
    if len(terms) != 1 or type(terms[0]) not in _KINDS:
        return []
    if any(c > 0 for c, _ in objective.penalties):
        return []
    from .response import response_of  # with tv.probability

    part, encoder = problem.train, problem.encoder
    bias = "bias" in problem.parameters
    design = design_of(np.asarray(part.x), bias, encoder)
    weight = np.ones(len(part)) if part.weight is None else np.asarray(part.weight, float)
    response = response_of(terms[0], np.asarray(part.y), weight, len(encoder.classes or ()))
    refuse_separated(response, design.rows, design.names)
    n, p = design.rows.shape
    if spans(design.rows) or n * p**2 > _LARGEST:
        return []
    found = independent(design.rows, design.order)
    if not found.dependences:
        return []
    notes = [
        f"The design has rank {len(found.kept)} for {len(design.names)} columns: the maximum is "
        "attained by many parameters, with the same predictions."
    ]
    for each in found.dependences[:5]:
        words = each.sentence(design.names)
        category = design.baselines.get(each.column)
        if category is not None and each.others:
            words = f"every row has one level of {category!r}, so {words}"
        notes.append(f"{words}.")
    if len(found.dependences) > 5:
        notes.append(f"{len(found.dependences) - 5:,} more columns depend on others.")
    return notes


def refuse_separated(response: Response, rows: Array, names: Sequence[str]) -> None:
    """Raise RequestError, naming the columns, when the likelihood has no maximum.

    Designs beyond ``_LARGEST`` are not looked at: whoever maximises will not converge there.
    """
    if rows.shape[0] * rows.shape[1] ** 2 > _LARGEST:
        return
    counted = response.weight > 0
    if response.family is None:
        found = _classes(response, rows[counted], counted)
    else:
        signs = response.signs[counted]
        found = separation(rows[counted], signs) if signs.any() else None
    if found is None:
        return
    p = rows.shape[1]
    shown = columns_named(
        Separation(
            np.abs(found.direction.reshape(-1, p)).max(axis=0),
            tuple(sorted({j % p for j in found.columns})),
            found.complete,
            found.rows,
        ),
        names,
    )
    which = "a combination of the columns" if ", " in shown else "the column"
    raise RequestError(
        f"the likelihood has no maximum: {_what(response, found)} by {which} {shown}, along "
        "which the likelihood rises for ever and the coefficients grow without end. Add a "
        "penalty (+ 1e-3 * tv.objectives.L2()), which makes the answer finite; or leave out, "
        "merge or correct those columns; or fit with steps and early stopping "
        "(tv.algorithms.Adam()) where only predictions matter"
    )


def _classes(response: Response, rows: Array, counted: Array) -> Separation | None:
    codes = response.y[counted]
    if not spans(rows):
        kept = list(independent(rows).kept)
        found = _classes_of(response, rows[:, kept], codes)
        return None if found is None else _spread(found, kept, rows.shape[1])
    return _classes_of(response, rows, codes)


def _spread(found: Separation, kept: list[int], p: int) -> Separation:
    """``found`` of the ``kept`` columns, among all p of every equation."""
    small = found.direction.reshape(-1, len(kept))
    direction = np.zeros((len(small), p))
    direction[:, kept] = small
    columns = tuple(int(j) for j in np.flatnonzero(np.abs(direction).ravel() > 0))
    return replace(found, direction=direction.ravel(), columns=columns)


def _classes_of(response: Response, rows: Array, codes: Array) -> Separation | None:
    if response.classes == 2:
        return separation(rows, np.where(codes == 1, 1, -1))
    n, p = rows.shape
    size = (response.classes - 1) ** 2 * p
    # A part that overlaps shows that the whole does; only a separated part asks for more rows.
    order = mixed(rows, codes)
    count = min(n, max(200, 4 * p * response.classes))
    while True:
        chosen = order[:count]
        if count * size > 2**27:
            return None  # too large to ask; a solver will say that it does not converge
        if count == n or spans(rows[chosen]):
            parts = categorical_rows(rows[chosen], codes[chosen], response.classes)
            found = separation(*parts)
            if found is None or count == n:
                return found
        count = min(n, 4 * count)


def _what(response: Response, found: Separation) -> str:
    if response.family is not None and response.family.counts:
        return f"{found.rows:,} zero counts are separated from the other counts"
    if found.complete:
        return "the classes are separated completely"
    return "the classes are separated but for ties (quasi-complete separation)"
