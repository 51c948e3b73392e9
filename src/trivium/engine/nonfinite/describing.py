"""From the node that was found to the sentences about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from ..passes.pipeline import optimise
from ..sites import DerivativeSite
from ..tensor import Tensor
from ..traversal import topological
from .causes import Case, cause_of
from .finding import BACKWARD, FORWARD, UPDATE, Found, Run, find, phases
from .formula import Names, differentiated, formula, known_number
from .record import BadValue, Operand

__all__ = ["describe", "first_bad_value", "locate"]

Phase = Literal["forward", "backward", "update"]
_PHASES: dict[int, Phase] = {FORWARD: "forward", BACKWARD: "backward", UPDATE: "update"}
_ARRIVING = "ḡ"
NOTHING = Run()


def first_bad_value(
    outputs: Sequence[Tensor],
    run: Run = NOTHING,
    *,
    compiled: bool = False,
    forward: int = 0,
    names: Mapping[Tensor, str] | None = None,
) -> BadValue | None:
    """The first NaN or infinity that reaches one of ``outputs``; None if they are finite.

    ``run``: values of inputs, and of variables that are not to have their own. ``compiled``: the
    outputs as a program computes them, after its passes. ``forward``: so many of the outputs are
    forward altogether. ``names``: of expressions among those that the outputs consist of.
    """
    known = Names(outputs, names)
    found = locate(outputs, run, compiled=compiled, forward=forward)
    return None if found is None else describe(found, known)


def locate(
    outputs: Sequence[Tensor], run: Run, *, compiled: bool, forward: int = 0
) -> Found | None:
    """The node that ``first_bad_value`` describes, of the same arguments."""
    if not compiled:
        return find(outputs, run, outputs[:forward])
    made = optimise(outputs)
    found = find(made, run, made[:forward])
    if found is not None and _folded(found.node):
        # The passes have computed it already; before them it still has operands.
        return find(outputs, run, outputs[:forward]) or found
    return found


def _folded(node: Tensor) -> bool:
    return node.primitive.name == "constant" and isinstance(node.attributes.token, tuple)


def describe(found: Found, names: Names) -> BadValue:
    """The sentences about the node that was found."""
    node = found.node
    value, *arrays = found.run.values([node, *node.inputs])
    if node.parts is not None:
        value = value[found.part]
    derived = found.phase != FORWARD  # a node that a derivative made first may be forward too
    if derived:
        _name_cotangents(node, names)
    bad = np.asarray(value)[found.index]
    case = Case(found, bad, arrays, names)
    cause, why, remedy = cause_of(case)
    return BadValue(
        kind="NaN" if np.isnan(bad) else "infinite",
        value=float(bad),
        phase=_PHASES[found.phase],
        name=names.of(node),
        primitive=node.primitive.name,
        formula=formula(node, names),
        shape=found.shape,
        dtype=case.dtype,
        index=found.index,
        count=int(np.size(value) - np.isfinite(value).sum()),
        operands=_operands(case),
        cause=cause,
        why=why,
        remedy=remedy,
        derivative_of=differentiated(node, names) if derived else "",
        layer=" > ".join(node.scope),
        line=str(node.site) if node.site else "",
        loop=found.loop,
    )


def _name_cotangents(node: Tensor, names: Names) -> None:
    """Call what arrives from later nodes ḡ, the gradient with respect to this one."""
    if not isinstance(node.site, DerivativeSite):
        return
    phase = phases(topological([node]))
    for each in node.inputs:
        mine = each.site is node.site or not each.inputs
        if not mine and phase[id(each)] != FORWARD and not names.of(each):
            names.add(each, _ARRIVING)


def _operands(case: Case) -> tuple[Operand, ...]:
    found, seen = [], set()
    for i, (node, array) in enumerate(zip(case.node.inputs, case.arrays, strict=True)):
        if id(node) in seen or node.parts is not None or array.dtype.kind != "f":
            continue
        seen.add(id(node))
        if not case.names.of(node) and known_number(node) is not None:
            continue  # the formula shows it
        text = case.text(i)
        finite = array[np.isfinite(array)]
        meaning = ""
        if text == _ARRIVING:
            of = differentiated(case.node, case.names)
            meaning = f"the gradient with respect to {of}"
        found.append(
            Operand(
                text=text,
                shape=node.shape,
                dtype=str(node.dtype),
                low=float(finite.min()) if finite.size else None,
                high=float(finite.max()) if finite.size else None,
                at=case.at(i) if case.has(i) else None,
                meaning=meaning,
            )
        )
    return tuple(found)
