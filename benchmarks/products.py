"""Matrix products of 30 shapes in all transpositions, against the best BLAS for each."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from .agreement import Disagreement, check
from .blas import Blas, libraries
from .settings import Settings
from .timing import Contender, alternate, paired_ratio

__all__ = ["SHAPES", "TRANSPOSITIONS", "BlasProduct", "Shape", "TriviumProduct", "measure"]

Array = np.ndarray[Any, Any]
TRANSPOSITIONS = ("nn", "nt", "tn", "tt")
_TOLERANCE = 1e-5


class Shape(NamedTuple):
    """(m, k) times (k, n)."""

    m: int
    k: int
    n: int

    @property
    def flops(self) -> int:
        """Multiplications and additions."""
        return 2 * self.m * self.k * self.n


# Squares, the layers of the networks that are trained here, and odd, flat and thin ones.
SHAPES = [
    Shape(*sizes)
    for sizes in (
        (16, 16, 16),
        (24, 24, 24),
        (32, 32, 32),
        (48, 48, 48),
        (64, 64, 64),
        (96, 96, 96),
        (128, 128, 128),
        (192, 192, 192),
        (256, 256, 256),
        (384, 384, 384),
        (512, 512, 512),
        (768, 768, 768),
        (1024, 1024, 1024),
        (2048, 2048, 2048),
        (64, 784, 128),
        (64, 128, 64),
        (128, 784, 1024),
        (128, 1024, 1024),
        (784, 64, 128),
        (1024, 128, 1024),
        (37, 613, 251),
        (37, 251, 97),
        (613, 37, 251),
        (17, 19, 23),
        (101, 103, 107),
        (251, 257, 263),
        (997, 499, 251),
        (16, 2048, 16),
        (2048, 16, 2048),
        (2048, 64, 64),
    )
]


def operands(shape: Shape, transposition: str) -> tuple[Array, Array]:
    """a (m, k) and b (k, n) as they lie in memory: transposed where ``transposition`` says."""
    random = np.random.default_rng(0)
    first, second = transposition
    a = (shape.k, shape.m) if first == "t" else (shape.m, shape.k)
    b = (shape.n, shape.k) if second == "t" else (shape.k, shape.n)
    return random.standard_normal(a, np.float32), random.standard_normal(b, np.float32)


class BlasProduct:
    """A product by a library; a chunk is one product."""

    def __init__(self, blas: Blas, shape: Shape, transposition: str) -> None:
        self.name = blas.name
        self.blas, self.shape, self.transposition = blas, shape, transposition

    def prepare(self) -> None:
        """Put operands and result in memory."""
        a, b = operands(self.shape, self.transposition)
        self.out = np.zeros((self.shape.m, self.shape.n), np.float32)
        first, second = (each == "t" for each in self.transposition)
        self.run = self.blas.product(a, b, self.out, first, second)

    def reset(self) -> None:
        """Nothing changes from product to product."""

    def run(self, chunks: int) -> None:
        """Compute the product ``chunks`` times."""
        raise RuntimeError("prepare comes first")

    def result(self) -> Array:
        """The product."""
        return self.out


class TriviumProduct:
    """A product by a program: a variable's new value, ``chunks`` steps in one call."""

    name = "Trivium"

    def __init__(self, shape: Shape, transposition: str) -> None:
        self.shape, self.transposition = shape, transposition

    def prepare(self) -> None:
        """Compile the program for this shape."""
        import trivium as tv

        arrays = operands(self.shape, self.transposition)
        a, b = (
            tv.array.matrix_transpose(tv.variable(array))
            if turned == "t"
            else tv.variable(array)
            for array, turned in zip(arrays, self.transposition)
        )
        self.out = tv.variable(np.zeros((self.shape.m, self.shape.n), np.float32), name="out")
        self.program = tv.Program([], [], {self.out: a @ b})

    def reset(self) -> None:
        """Nothing changes from product to product."""

    def run(self, chunks: int) -> None:
        """Compute the product ``chunks`` times."""
        self.program.run(steps=chunks)

    def result(self) -> Array:
        """The product."""
        return self.out.value


def measure(settings: Settings) -> dict[str, Any]:
    """Geometric mean over all cases of the fastest BLAS's time divided by Trivium's."""
    shapes = SHAPES[::6] if settings.quick else SHAPES
    turns = TRANSPOSITIONS[:2] if settings.quick else TRANSPOSITIONS
    cases = [_case(shape, turn, settings) for shape in shapes for turn in turns]
    logs = [[math.log(value) for value in case["ratio"]] for case in cases]
    ratio = [math.exp(statistics.fmean(column)) for column in zip(*logs)]
    contenders = {
        name: {"flops": statistics.geometric_mean([case["flops"][name] for case in cases])}
        for name in cases[0]["flops"]
    }
    slowest = sorted(cases, key=lambda case: case["ratio"][1])[:5]
    return {
        "ratio": ratio,
        "against": "the best BLAS for each case",
        "contenders": contenders,
        "cases": cases,
        "notes": [
            f"{len(cases)} cases; Trivium is the faster one in "
            f"{sum(case['ratio'][1] >= 1 for case in cases)} of them",
            "lowest ratios: " + ", ".join(map(_told, slowest)),
        ],
    }


def _told(case: dict[str, Any]) -> str:
    sizes = " × ".join(map(str, case["shape"]))
    return f"{sizes} {case['transposition']} {case['ratio'][1]:.2f}"


def _case(shape: Shape, transposition: str, settings: Settings) -> dict[str, Any]:
    own = TriviumProduct(shape, transposition)
    contenders: list[Contender] = [own]
    contenders += [BlasProduct(each, shape, transposition) for each in libraries()]
    a, b = (array.astype(np.float64) for array in operands(shape, transposition))
    first, second = transposition
    oracle = (a.T if first == "t" else a) @ (b.T if second == "t" else b)
    for each in contenders:
        each.prepare()
        each.run(1)
        try:
            check(each.name, each.result(), oracle, _TOLERANCE)  # type: ignore[attr-defined]
        except Disagreement as error:
            raise Disagreement(f"{shape} {transposition}: {error}") from None
    # Many cases: each gets a tenth of a workload's time.
    short = replace(settings, seconds=settings.seconds / 10, settle=settings.settle / 4)
    samples = alternate(contenders, short)
    blas = min((each.name for each in contenders[1:]), key=lambda name: samples[name].median)
    return {
        "shape": list(shape),
        "transposition": transposition,
        "ratio": paired_ratio(samples[blas].each, samples[own.name].each),
        "against": blas,
        "flops": {name: shape.flops / each.median for name, each in samples.items()},
        "seconds": {name: each.each for name, each in samples.items()},
    }
