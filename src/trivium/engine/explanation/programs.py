"""The explanation of a program: its passes run again, its executable asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentError
from ..passes.pipeline import PassRecord, optimise
from .records import Explanation, Measure, PassSummary

if TYPE_CHECKING:
    from ..program import Program

__all__ = ["explain_program"]


def explain_program(
    program: Program,
    executable: Any,
    arrays: Sequence[np.ndarray[Any, Any]] | None,
    steps: int = 0,
    expected: bool = True,
) -> Explanation:
    """What ``executable`` does, which was made for ``program``; with ``steps`` measured too.

    ``expected``: say how long it should take, for which the machine is measured once.

    Raises ArgumentError for a negative number of steps.
    """
    if steps < 0:
        raise ArgumentError(
            f"measure= is the number of steps to perform, 0 for none; got {steps}"
        )
    records: list[PassRecord] = []
    improved = optimise([*program.outputs, *program.updates.values()], records=records)
    count = len(program.outputs)
    outputs, updates = improved[:count], dict(zip(program.updates, improved[count:]))
    measure = Measure() if expected else None
    if steps:
        given = arrays
        if given is None:
            given = [np.zeros(leaf.shape, leaf.dtype) for leaf in program.inputs]
        measure = Measure(steps, given)
    parts = program.backend.explain(executable, program.inputs, outputs, updates, measure)
    made = executable.compilation
    notes = parts.notes
    if steps and arrays is None and program.inputs:
        notes = (*notes, "measured with inputs of zeros; explain(x, …, measure=) takes arrays")
    return Explanation(
        backend=program.backend.name,
        chosen_by=program.backend_chosen_by,
        machine=parts.machine,
        stages={"passes": program.optimise_seconds, **made.seconds},
        cached=made.cached,
        code_bytes=made.code_bytes,
        counts={
            "inputs": len(program.inputs),
            "outputs": count,
            "updated variables": len(updates),
        },
        passes=[_summary(record) for record in records],
        kernels=parts.kernels,
        memory=parts.memory,
        steps=steps,
        notes=notes,
        code=parts.code,
    )


def _summary(record: PassRecord) -> PassSummary:
    rewrites: dict[str, dict[str, int]] = {}
    for (rule, primitive), times in record.rewrites.items():
        rewrites.setdefault(rule, {})[primitive] = times
    return PassSummary(record.name, record.before, record.after, record.seconds, rewrites)
