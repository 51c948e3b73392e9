"""The table of primitives × {reference, native, native for SSE2, native for AVX2} × dtypes.

Each primitive is run on its samples and, if it is elementwise, on the awkward numbers of its
dtype. What must come out is the record's own ``evaluate``; how far from it is a matter of
``error_bounds``. Many primitives share a program, so that a target is compiled for only a few
times.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.engine.table import CASES, TABLE, Case, apply
from trivium.engine import dtypes
from trivium.engine.backends.native import target
from trivium.engine.primitive import NoAttributes, Sample
from trivium.engine.primitives.structure import CastTo
from trivium.engine.program import Program
from trivium.engine.tensor import Tensor, input

from .error_bounds import assert_agree, evaluate
from .random_graphs import ELEMENTWISE

NAMES = sorted({case.primitive.name for case in CASES})
BACKENDS = ("reference", "native", "sse2", "avx2")
COLUMNS = {"float32": (dtypes.float32, dtypes.int32), "float64": (dtypes.float64, dtypes.int64)}
TOGETHER = 20  # primitives in a program

AWKWARD = {
    "f": [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, 1e-3, -7.25, 20.0,
          88.5, -104.0, 709.5, -745.0, 3e9, -3e9, 1e19, 1e-30, 1e-40, -1e-310, 3e38],
    "i": [0, 1, -1, 2, 3, -3, 7, 31, 100, -(2**31), 2**31 - 1, 46341],
    "b": [False, True, True],
}  # fmt: skip


class Row(NamedTuple):
    """One result: of which primitive, in which column, what it is and how to get it."""

    name: str
    column: str
    inputs: list[Tensor]
    arrays: list[Any]
    outputs: list[Tensor]


def awkward(name: str) -> list[Case]:
    """Every pair of awkward numbers, or every number, in odd counts."""
    if name == "cast":
        return [
            Case(TABLE[name], Sample((np.array(numbers),), CastTo(dtype)), 1000)
            for numbers in AWKWARD.values()
            for dtype in dtypes.DTYPES
        ]
    if name not in ELEMENTWISE or name in ("gammainc", "gammaincc"):
        return []
    kinds, count = ELEMENTWISE[name]
    found = []
    for kind in sorted({dtype.kind for dtype in kinds}):
        numbers = np.array(AWKWARD[kind])
        if kind == "i" and name == "power":
            numbers = np.clip(numbers, -9, 99)
        grid = np.meshgrid(*[numbers] * count, indexing="ij")
        arrays = tuple(each.reshape(-1) for each in grid)
        found.append(Case(TABLE[name], Sample(arrays, NoAttributes()), 1000))
    return found


def rows(names: list[str]) -> list[Row]:
    made = []
    for name in names:
        cases = [case for case in CASES if case.primitive.name == name] + awkward(name)
        for column, kinds in COLUMNS.items():
            for case in cases:
                wanted = [dtype for dtype in case.dtypes if dtype is None or dtype in kinds]
                for dtype in wanted:
                    with np.errstate(all="ignore"):
                        arrays = case.arrays(dtype)
                    leaves = [input(array.shape, array.dtype) for array in arrays]
                    made.append(Row(name, column, leaves, arrays, apply(case, leaves)))
    return made


class Results:
    """Programs of many primitives, run when the first of them is asked for."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, int], list[tuple[Row, list[Any]]]] = {}

    def of(self, backend: str, name: str) -> list[tuple[Row, list[Any]]]:
        group = NAMES.index(name) // TOGETHER
        if (backend, group) not in self.known:
            self.known[backend, group] = self.run(backend, group)
        return [each for each in self.known[backend, group] if each[0].name == name]

    def run(self, backend: str, group: int) -> list[tuple[Row, list[Any]]]:
        made = rows(NAMES[group * TOGETHER : (group + 1) * TOGETHER])
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TRIVIUM_TARGET", "native" if backend == "reference" else backend)
            program = Program(
                [leaf for row in made for leaf in row.inputs],
                [row.outputs for row in made],
                backend="reference" if backend == "reference" else "native",
            )
        found = program.run(*[array for row in made for array in row.arrays])
        return list(zip(made, found, strict=True))


@pytest.fixture(scope="module")
def results() -> Results:
    return Results()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_table(results: Results, backend: str, name: str) -> None:
    if backend == "avx2" and "avx2" not in target.host().has:
        pytest.skip("this machine has no AVX2")
    if backend in ("sse2", "avx2") and not target.host().triple.startswith("x86_64"):
        pytest.skip("the levels are those of x86-64")
    seen = set()
    for row, found in results.of(backend, name):
        seen.add(row.column)
        leaves = {
            id(leaf): (array, np.zeros(array.shape))
            for leaf, array in zip(row.inputs, row.arrays, strict=True)
        }
        for value, (expected, bound) in zip(found, evaluate(row.outputs, leaves), strict=True):
            what = f"{name} on {backend}, {row.column}"
            if backend == "reference":
                bound = np.zeros(bound.shape)
            assert_agree(value, np.asarray(expected), bound, what)
    assert seen == set(COLUMNS) or name == "scan"
