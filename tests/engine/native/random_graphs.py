"""Random programs over the whole table of primitives, for hypothesis to draw and to shrink."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

import trivium as tv
from tests.engine.table import TABLE
from trivium.engine import dtypes
from trivium.engine.backends.native.target import NAMES, named
from trivium.engine.composites import cast, full
from trivium.engine.errors import BackendError, NotDifferentiableError
from trivium.engine.primitives.contraction import contraction
from trivium.engine.tensor import Tensor, Variable, input
from trivium.engine.traversal import topological

SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 19, 33)
LONG = (1, 3, 8, 130, 613, 4099, 17_000)  # of the few graphs that threads may share

FLOATING = (dtypes.float32, dtypes.float64)
INTEGER = (dtypes.int32, dtypes.int64)
NUMERIC = (*INTEGER, *FLOATING)
ALL = dtypes.DTYPES

ELEMENTWISE: dict[str, tuple[tuple[Any, ...], int]] = {
    **dict.fromkeys(("negative", "abs", "floor", "ceil", "trunc", "round", "sign"), (NUMERIC, 1)),
    "square": (NUMERIC, 1),
    **dict.fromkeys(
        ("exp", "log", "log2", "log10", "expm1", "log1p", "sigmoid", "softplus", "sqrt", "sin",
         "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
         "erf", "erfc", "erfinv", "normal_quantile", "log_gamma", "isnan", "isinf",
         "isfinite"),
        (FLOATING, 1),
    ),
    **dict.fromkeys(("bitwise_invert",), (INTEGER, 1)),
    "logical_not": ((dtypes.bool_,), 1),
    **dict.fromkeys(
        ("add", "subtract", "multiply", "maximum", "minimum", "floor_divide", "remainder"),
        (NUMERIC, 2),
    ),
    "power": (NUMERIC, 2),
    **dict.fromkeys(("divide", "chain", "atan2", "gammainc", "gammaincc"), (FLOATING, 2)),
    **dict.fromkeys(
        ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"), (ALL, 2)
    ),
    **dict.fromkeys(("logical_and", "logical_or", "logical_xor"), ((dtypes.bool_,), 2)),
    **dict.fromkeys(("bitwise_and", "bitwise_or", "bitwise_xor"), (INTEGER, 2)),
}  # fmt: skip
REDUCTIONS = {"sum": NUMERIC, "prod": NUMERIC, "max": ALL, "min": ALL}
ALONG = {
    "argmax": ALL, "argmin": ALL, "argsort": ALL, "sort": ALL,
    "cumulative_sum": NUMERIC, "cumulative_prod": NUMERIC,
}  # fmt: skip
# Of square matrices, whatever is in them; native programs call the reference functions.
MATRIX = {"det", "adjugate", "eigvalsh", "svdvals"}
# Those that refuse some matrices, or that have conditions on their operands, have tests of their
# own (tests/mathematics/linalg) and their samples in the table of primitives.
CONDITIONAL = {
    "cholesky", "commutator_solve", "eigh", "expm", "lstsq", "outside_ties", "pinv", "qr",
    "singular_sum", "slogdet", "solve", "spectral_sum", "svd",
}  # fmt: skip
# What the methods of Graph below apply; leaves and results of several are made on the way.
SPECIAL = {
    "where", "cast", "label", "stop_gradient", "reshape", "permute", "broadcast", "pad", "slice",
    "concat", "flip", "contraction", "gather", "scatter_add", "random_bits", "scan", "polygamma",
    "bitwise_left_shift", "bitwise_right_shift", "constant", "input", "variable", "project",
}  # fmt: skip


def _targets() -> list[str]:
    """This machine as it is, and what it can pretend to be."""
    found = ["native"]
    for name in NAMES[:-1]:
        try:
            named(name)
        except BackendError:
            continue
        found.append(name)
    return found


TARGETS = _targets()


class Graph(NamedTuple):
    """A program: its leaves with their arrays, what it returns and what it updates.

    ``threads``, ``target``: on how many and for what it is compiled.
    """

    inputs: list[Tensor]
    arrays: list[np.ndarray[Any, Any]]
    outputs: list[Tensor]
    updates: dict[Variable, Tensor]
    steps: int | None
    threads: int
    target: str


class _Maker:
    """Makes one graph from what ``draw`` says."""

    def __init__(self, draw: Callable[..., Any]) -> None:
        self.draw = draw
        self.rng = np.random.default_rng(self.integer(0, 2**32 - 1))
        long = self.integer(0, 11) == 11
        self.sizes, self.most = (LONG, 40_000) if long else (SIZES, 3000)
        self.inputs: list[Tensor] = []
        self.arrays: list[np.ndarray[Any, Any]] = []
        self.variables: list[Variable] = []
        self.pool: list[Tensor] = []

    # What is drawn.

    def integer(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def choose(self, options: Any) -> Any:
        return self.draw(st.sampled_from(list(options)))

    def shape(self) -> tuple[int, ...]:
        shape: list[int] = []
        for _ in range(self.choose((0, 1, 1, 2, 2, 2, 3, 4))):
            size = self.choose(self.sizes)
            fits = math.prod(shape, start=size) <= self.most
            shape.append(size if fits else 1)
        if shape and self.integer(0, 24) == 24:
            shape[self.integer(0, len(shape) - 1)] = 0
        return tuple(shape)

    def numbers(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
        kind = self.integer(0, 4)
        if dtype.kind == "b":
            return self.rng.random(shape) < (0.5, 0.5, 0.1, 0.9, 1.0)[kind]
        if dtype.kind == "i":
            bounds = np.iinfo(dtype)
            low, high = [(-9, 9), (0, 5), (-99, 99), (bounds.min, bounds.max), (1, 3)][kind]
            return self.rng.integers(low, high, shape, dtype, endpoint=True)
        found = self.rng.normal(size=shape)
        if kind == 1:
            found = np.round(3 * found)
        elif kind == 2:
            found = found * 10.0 ** self.rng.integers(-9, 9, shape)
        elif kind == 3:
            chosen = self.rng.choice(_awkward(dtype), shape)
            found = np.where(self.rng.random(shape) < 0.3, chosen, found)
        elif kind == 4:
            found = np.abs(found)
        with np.errstate(all="ignore"):
            return np.asarray(found, dtype)

    # Leaves.

    def leaf(self, shape: tuple[int, ...], dtype: Any) -> Tensor:
        kind = self.integer(0, 4)
        array = self.numbers(shape, dtype)
        if kind <= 1:
            found = input(shape, dtype, name=f"input {len(self.inputs)}")
            self.inputs.append(found)
            self.arrays.append(array)
        elif kind == 2:
            found = tv.tensor(array)
        elif kind == 3:
            found = tv.variable(array, name=f"variable {len(self.variables)}")
            self.variables.append(found)
        else:
            found = full(shape, array.reshape(-1)[0] if array.size else 1, dtype)
        self.pool.append(found)
        return found

    def operand(self, kinds: Any) -> Tensor:
        """Something of one of the dtypes ``kinds``: there already, cast or new."""
        fitting = [each for each in self.pool if each.dtype in kinds]
        if fitting and self.integer(0, 9):
            return self.recent(fitting)
        if self.pool and self.integer(0, 2):
            return cast(self.recent(self.pool), self.choose(kinds))
        return self.leaf(self.shape(), self.choose(kinds))

    def recent(self, options: list[Tensor]) -> Tensor:
        """One of them; the newest is the most likely."""
        back = self.integer(0, 2 * len(options))
        return options[-1 - (back if back < len(options) else 0)]

    def partner(self, x: Tensor, dtype: Any = None) -> Tensor:
        """Something of the shape of ``x``, in its dtype or in ``dtype``."""
        dtype = x.dtype if dtype is None else dtype
        equal = [each for each in self.pool if each.shape == x.shape]
        if equal and self.integer(0, 2):
            return cast(self.recent(equal), dtype)
        smaller = [each for each in self.pool if _broadcasts(each.shape, x.shape)]
        if smaller and self.integer(0, 2):
            return _to_shape(cast(self.recent(smaller), dtype), x.shape)
        shape = [size if self.integer(0, 2) else 1 for size in x.shape]
        return _to_shape(self.leaf(tuple(shape[self.integer(0, len(shape)) :]), dtype), x.shape)

    # Operations.

    def grow(self) -> None:
        name = self.choose(OPERATIONS)
        made = getattr(self, name)() if name.startswith("make_") else self.primitive(name)
        if made is not None and made.size <= self.most and made.ndim <= 6:
            self.pool.append(made)

    def primitive(self, name: str) -> Tensor | None:
        if name in ELEMENTWISE:
            kinds, count = ELEMENTWISE[name]
            x = self.operand(kinds)
            return TABLE[name](*[x, *[self.partner(x) for _ in range(count - 1)]])
        if name in REDUCTIONS:
            x = self.operand(REDUCTIONS[name])
            axes = tuple(axis for axis in range(x.ndim) if self.integer(0, 1))
            if name in ("max", "min") and any(x.shape[axis] == 0 for axis in axes):
                return None
            return TABLE[name](x, axes=axes)
        x = self.operand(ALONG[name])
        if not x.ndim:
            return None
        axis = self.integer(0, x.ndim - 1)
        if name in ("argmax", "argmin") and x.shape[axis] == 0:
            return None
        return TABLE[name](x, axis=axis)

    def make_where(self) -> Tensor:
        x = self.operand(ALL)
        return TABLE["where"](self.partner(x, dtypes.bool_), x, self.partner(x))

    def make_cast(self) -> Tensor:
        return TABLE["cast"](self.operand(ALL), dtype=self.choose(ALL))

    def make_label(self) -> Tensor:
        x = TABLE["label"](self.operand(ALL), name="named")
        return TABLE["stop_gradient"](x) if self.integer(0, 1) else x

    def make_polygamma(self) -> Tensor:
        return TABLE["polygamma"](self.operand(FLOATING), order=self.integer(0, 2))

    def make_shift(self) -> Tensor:
        x = self.operand(INTEGER)
        by = TABLE["bitwise_and"](self.partner(x), full(x.shape, 15, x.dtype))
        return TABLE[self.choose(("bitwise_left_shift", "bitwise_right_shift"))](x, by)

    def make_matrix(self) -> Tensor | None:
        x = self.operand(FLOATING)
        if x.ndim < 2 or x.size == 0:
            return None
        size = min(x.shape[-1], x.shape[-2], 9)
        stop = (*x.shape[:-2], size, size)
        start, step = (0,) * x.ndim, (1,) * x.ndim
        square = TABLE["slice"](x, start=start, stop=stop, step=step)
        return TABLE[self.choose(sorted(MATRIX))](square)

    def make_reshape(self) -> Tensor:
        x = self.operand(ALL)
        return TABLE["reshape"](x, shape=self.factors(x.shape))

    def factors(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Another shape of as many elements: axes merged, cut, and of size 1 put in."""
        sizes = list(shape)
        if len(sizes) > 1 and self.integer(0, 1):
            at = self.integer(0, len(sizes) - 2)
            sizes[at : at + 2] = [sizes[at] * sizes[at + 1]]
        if sizes and self.integer(0, 1):
            at = self.integer(0, len(sizes) - 1)
            cuts = [d for d in (2, 3, 4, 5, 7, 8) if sizes[at] and sizes[at] % d == 0]
            if cuts:
                cut = self.choose(cuts)
                sizes[at : at + 1] = [cut, sizes[at] // cut]
        if len(sizes) < 5 and self.integer(0, 1):
            sizes.insert(self.integer(0, len(sizes)), 1)
        return tuple(sizes)

    def make_permute(self) -> Tensor:
        x = self.operand(ALL)
        return TABLE["permute"](x, axes=tuple(self.draw(st.permutations(range(x.ndim)))))

    def make_broadcast(self) -> Tensor:
        x = self.operand(ALL)
        lead = (self.choose((1, 2, 5)),) if self.integer(0, 1) and x.ndim < 5 else ()
        sizes = tuple(
            self.choose((1, 3, 8)) if size == 1 and self.integer(0, 1) else size
            for size in x.shape
        )
        return _to_shape(x, lead + sizes) if math.prod(lead + sizes) <= self.most else x

    def make_pad(self) -> Tensor | None:
        x = self.operand(ALL)
        rows = [[self.choose((0, 0, 1, 2, 5)) for _ in x.shape] for _ in range(3)]
        before, after, between = map(tuple, rows)
        sizes = [
            a + n + max(n - 1, 0) * g + b
            for n, a, b, g in zip(x.shape, before, after, between, strict=True)
        ]
        if math.prod(sizes) > self.most:
            return None
        return TABLE["pad"](x, before=before, after=after, between=between)

    def make_slice(self) -> Tensor:
        x = self.operand(ALL)
        start = tuple(self.integer(0, min(2, size)) for size in x.shape)
        stop = tuple(
            max(first, size - self.integer(0, 2))
            for first, size in zip(start, x.shape, strict=True)
        )
        step = tuple(self.choose((1, 1, 2, 3)) for _ in x.shape)
        return TABLE["slice"](x, start=start, stop=stop, step=step)

    def make_flip(self) -> Tensor:
        x = self.operand(ALL)
        return TABLE["flip"](x, axes=tuple(i for i in range(x.ndim) if self.integer(0, 1)))

    def make_concat(self) -> Tensor | None:
        x = self.operand(ALL)
        if not x.ndim:
            return None
        axis = self.integer(0, x.ndim - 1)
        pieces = [x]
        for _ in range(self.integer(0, 2)):
            size = self.choose((0, 1, 3, x.shape[axis]))
            shape = (*x.shape[:axis], size, *x.shape[axis + 1 :])
            if math.prod(shape) <= self.most:
                pieces.append(self.leaf(shape, x.dtype) if self.integer(0, 1) else (
                    full(shape, 1, x.dtype) if shape != x.shape else self.partner(x)
                ))  # fmt: skip
        return TABLE["concat"](*pieces, axis=axis)

    def make_contraction(self) -> Tensor | None:
        x = self.operand(NUMERIC)
        if x.ndim > 4:
            return None
        left = tuple(range(x.ndim))
        roles = [self.choose(("sum", "sum", "keep", "batch")) for _ in left]
        right = [axis for axis, role in zip(left, roles, strict=True) if role != "keep"]
        own = list(range(10, 10 + self.integer(0, 2)))
        labels = self.draw(st.permutations([*right, *own]))
        sizes = {axis: x.shape[axis] for axis in right}
        sizes.update({label: self.choose((1, 2, 5, 8, 17)) for label in own})
        kept = [axis for axis, role in zip(left, roles, strict=True) if role != "sum"]
        out = self.draw(st.permutations([*kept, *own]))
        shape = tuple(sizes[label] for label in labels)
        total = math.prod([*(x.shape[axis] for axis in kept), *(sizes[label] for label in own)])
        if math.prod(shape) > self.most or total > self.most:
            return None
        y = self.leaf(shape, x.dtype)
        if self.integer(0, 1):
            return contraction(x, y, left=left, right=tuple(labels), out=tuple(out))
        return contraction(y, x, left=tuple(labels), right=left, out=tuple(out))

    def indices(self, rows: int) -> Tensor:
        """Numbers from 0 to ``rows`` - 1, some of them computed."""
        if self.integer(0, 1):
            made = self.operand(INTEGER)
            if made.ndim <= 2 and made.size <= 99:
                return TABLE["remainder"](made, full(made.shape, rows, made.dtype))
        shape = self.choose(((), (1,), (3,), (17,), (2, 5), (0,)))
        leaf = input(shape, self.choose(INTEGER), name=f"input {len(self.inputs)}")
        self.inputs.append(leaf)
        self.arrays.append(self.rng.integers(0, rows, shape).astype(leaf.dtype))
        return leaf

    def make_gather(self) -> Tensor | None:
        x = self.operand(ALL)
        if not x.ndim or x.shape[0] == 0 or x.size > 500:
            return None
        return TABLE["gather"](x, self.indices(x.shape[0]))

    def make_scatter(self) -> Tensor | None:
        rows = self.choose((1, 2, 7))
        index = self.indices(rows)
        shape = (*index.shape, *self.choose(((), (1,), (5,), (3, 4))))
        return TABLE["scatter_add"](self.leaf(shape, self.choose(NUMERIC)), index, rows=rows)

    def make_random(self) -> Tensor:
        key = tv.random.key(self.integer(0, 9))
        if self.integer(0, 1):
            key = tv.random.fold_in(key, self.counter())
        shape, dtype = self.shape(), self.choose(FLOATING)
        kind = self.integer(0, 2)
        if kind == 0:
            return tv.random.bits(key, shape, self.choose(INTEGER))
        draw = tv.random.uniform if kind == 1 else tv.random.normal
        return draw(key, shape, dtype=dtype)

    def counter(self) -> Tensor:
        found = [v for v in self.variables if v.dtype == dtypes.int64 and v.shape == ()]
        if not found:
            self.variables.append(tv.variable(self.integer(0, 3), name="counter"))
            found = self.variables[-1:]
        return found[0]

    def make_scan(self) -> Tensor | None:
        x = self.operand(FLOATING)
        if not x.ndim or x.shape[0] > 9 or x.size > 200:
            return None
        start = self.leaf(x.shape[1:], x.dtype)
        carry, ys = tv.scan(
            lambda c, each: (c * 0.5 + each, c - each),
            start,
            x,
            reverse=bool(self.integer(0, 1)),
        )
        return ys if self.integer(0, 1) else carry

    def make_gradient(self) -> Tensor | None:
        results = [each for each in self.pool if each.dtype.kind == "f" and each.inputs]
        leaves = [each for each in self.pool if each.dtype.kind == "f" and not each.inputs]
        if not results or not leaves:
            return None
        result = self.recent(results)
        weighted = (result * 0.5).sum() if self.integer(0, 1) else result.sum()
        try:
            return tv.gradient(weighted, self.recent(leaves))
        except NotDifferentiableError:
            return None

    # The program.

    def fitted(self, variable: Variable) -> Tensor:
        """Something that may be a new value of ``variable``."""
        for each in reversed(self.pool):
            if each is not variable and _broadcasts(each.shape, variable.shape):
                if self.integer(0, 2):
                    return _to_shape(cast(each, variable.dtype), variable.shape)
            if each.size == variable.size and self.integer(0, 1):
                return TABLE["reshape"](cast(each, variable.dtype), shape=variable.shape)
        return variable + 1 if variable.dtype.kind != "b" else ~variable


OPERATIONS = [
    "add",  # the first is what hypothesis draws most often
    *sorted(ELEMENTWISE), *sorted(REDUCTIONS) * 4, *sorted(ALONG),
    *[name for name in dir(_Maker) if name.startswith("make_")] * 3,
    *["make_contraction", "make_gather", "make_gradient"] * 2,
    *["add", "multiply", "make_reshape", "make_slice", "make_broadcast", "make_permute"] * 3,
]  # fmt: skip


def _awkward(dtype: Any) -> np.ndarray[Any, Any]:
    limits = np.finfo(dtype)
    return np.array(
        [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5, float(limits.max), 3e9, -3e9, 1e19,
         float(limits.tiny), float(limits.smallest_subnormal), -1e-3, 88.5, -104.0, 710.0],
        dtype,
    )  # fmt: skip


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    padded = (1,) * (len(target) - len(shape)) + shape
    return len(shape) <= len(target) and all(
        have in (1, want) for have, want in zip(padded, target, strict=True)
    )


def _to_shape(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    return x if x.shape == shape else TABLE["broadcast"](x, shape=shape)


@st.composite
def graphs(draw: Callable[..., Any], operations: int = 10) -> Graph:
    """A program of about ``operations`` operations on leaves of any dtypes and shapes."""
    maker = _Maker(draw)
    maker.leaf(maker.shape(), maker.choose((*FLOATING, *ALL)))
    for _ in range(maker.integer(operations // 3, operations)):
        maker.grow()
    used = {id(each) for node in topological(maker.pool) for each in node.inputs}
    ends = [each for each in maker.pool if id(each) not in used]
    outputs = ends[-4:] + [maker.recent(maker.pool) for _ in range(maker.integer(0, 2))]
    updates = {
        variable: maker.fitted(variable) for variable in maker.variables if maker.integer(0, 3)
    }
    steps = maker.choose((None, 1, 2, 3))
    threads, target = maker.choose((1, 2, 3)), maker.choose(TARGETS)
    return Graph(maker.inputs, maker.arrays, outputs, updates, steps, threads, target)
