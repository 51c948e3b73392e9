"""The table of primitives as test cases: every sample in every dtype it may have."""

from typing import NamedTuple

import numpy as np

import trivium as tv
from trivium.engine.primitive import Primitive, Sample, Unsupported, table
from trivium.engine.primitives.control import results
from trivium.engine.tensor import node

FLOATS = (np.dtype("float32"), np.dtype("float64"))
INTEGERS = (np.dtype("int32"), np.dtype("int64"))
TABLE = table()


class Case(NamedTuple):
    """One sample of one primitive."""

    primitive: Primitive
    sample: Sample
    number: int

    @property
    def id(self):
        return f"{self.primitive.name}-{self.number}"

    @property
    def dtypes(self):
        """The dtypes to which the sample's numbers may be cast."""
        if self.primitive.name == "scan":
            return FLOATS[1:]  # the dtypes of its body are attributes
        kinds = {array.dtype.kind for array in self.sample.inputs}
        if "f" in kinds:
            return FLOATS
        indices = self.primitive.name == "random_bits"  # a key is int64 by definition
        return INTEGERS if "i" in kinds and not indices else (None,)

    def arrays(self, dtype):
        """The inputs, numbers of the sample's main kind cast to ``dtype``."""
        if dtype is None:
            return list(self.sample.inputs)
        return [
            array.astype(dtype) if array.dtype.kind == dtype.kind else array
            for array in self.sample.inputs
        ]


def samples(primitive, seed=0):
    if isinstance(primitive.samples, Unsupported):
        return []
    return list(primitive.samples(np.random.default_rng(seed)))


def apply(case, inputs):
    """The results of the primitive applied to tensors: a list, usually of one."""
    made = node(case.primitive, inputs, case.sample.attributes)
    return results(made) if case.primitive.parts else [made]


def total(case, inputs):
    """A scalar that depends on every floating result."""
    weighted = []
    for i, part in enumerate(apply(case, inputs)):
        if part.dtype.kind == "f":
            weights = np.random.default_rng(i).uniform(0.5, 1.5, part.shape)
            weighted.append((part * weights.astype(part.dtype)).sum())
    return sum(weighted[1:], start=weighted[0])


def as_leaves(arrays):
    return [tv.tensor(array) for array in arrays]


CASES = [
    Case(primitive, sample, number)
    for primitive in TABLE.values()
    for number, sample in enumerate(samples(primitive))
]
SMOOTH = [case for case in CASES if case.sample.smooth]


def ids(cases):
    return [case.id for case in cases]
