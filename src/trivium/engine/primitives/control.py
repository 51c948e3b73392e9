"""Loops that stay loops: scan, and the projection that takes one of its results.

A scan applies a closed body to a carried state and to the slices of its sequences. The body is
a graph of its own, so the size of an expression does not grow with the number of steps.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import dtypes
from ..errors import DTypeError, ShapeError
from ..primitive import Curvature, Primitive, Sample
from . import rules

if TYPE_CHECKING:
    from ..tensor import Tensor

Shape = tuple[int, ...]


class Projection(NamedTuple):
    """Which result of a primitive with several results, with its shape and dtype."""

    part: int
    shape: Shape
    dtype: np.dtype[Any]


project = Primitive(
    name="project",
    notation=lambda a, x: rf"{x}_{{{a.part}}}",
    attributes=Projection,
    shape=lambda a, shape: a.shape,
    dtype=lambda a, dtype: a.dtype,
    evaluate=lambda a, parts: parts[a.part],
    # Reverse mode collects the cotangents of all results and asks the source's rule once.
    vjp=lambda node, cotangent, i: None,
    curvature=Curvature("affine", ("increasing",)),
    samples=rules.Unsupported("is applied to primitives with several results, such as scan"),
    native=rules.REFERENCE_ONLY,
)


class Scan:
    """Attributes of a scan: the body and how often it runs.

    ``inputs``: the body's input leaves: constants of the loop, carried values, slices.
    ``outputs``: the body's results: new carried values, then emitted values.
    """

    __slots__ = (
        "carried",
        "constants",
        "inputs",
        "interpreter",
        "length",
        "outputs",
        "reverse",
    )

    def __init__(
        self,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        constants: int,
        carried: int,
        length: int,
        reverse: bool,
    ) -> None:
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.constants, self.carried = constants, carried
        self.length, self.reverse = length, reverse
        self.interpreter: Any = None

    def _key(self) -> tuple[Any, ...]:
        counts = (self.constants, self.carried, self.length, self.reverse)
        return (*map(id, self.inputs), *map(id, self.outputs), *counts)

    def __hash__(self) -> int:
        return hash(self._key())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scan) and self._key() == other._key()

    @property
    def emitted(self) -> tuple[Tensor, ...]:
        """The body's results that are stacked over the steps."""
        return self.outputs[self.carried :]


def _check(a: Scan, found: Sequence[Any], expected: Sequence[Any], what: str) -> None:
    if list(found) != list(expected):
        raise ShapeError(f"scan got {what} {list(found)} but its body expects {list(expected)}")


def _scan_shape(a: Scan, *shapes: Shape) -> tuple[Shape, ...]:
    own = [each.shape for each in a.inputs]
    first = a.constants + a.carried
    _check(a, shapes[:first], own[:first], "shapes")
    _check(a, shapes[first:], [(a.length, *shape) for shape in own[first:]], "sequences")
    state = own[a.constants : first]
    return (
        *state,
        *[(a.length, *shape) for shape in state],
        *[(a.length, *each.shape) for each in a.emitted],
    )


def _scan_dtype(a: Scan, *found: Any) -> tuple[Any, ...]:
    own = [each.dtype for each in a.inputs]
    if list(found) != own:
        raise DTypeError(f"scan got dtypes {found} but its body expects {own}")
    state = tuple(own[a.constants : a.constants + a.carried])
    return (*state, *state, *[each.dtype for each in a.emitted])


def _scan(a: Scan, *arrays: Any, wanted: Container[int] | None = None) -> tuple[Any, ...]:
    """Run the loop. Of the stacked results only those in ``wanted`` (None: all) are kept: what
    the carry of a derivative's loop was at every step, nobody may ask for."""
    if a.interpreter is None:
        from ..backends.reference.interpreter import Interpreter

        a.interpreter = Interpreter(a.outputs, a.inputs)
    first = a.constants + a.carried
    state = [np.array(each) for each in arrays[a.constants : first]]
    kept: list[Any] = [*state, *a.emitted]
    stacked = [
        np.empty((a.length, *each.shape), each.dtype)
        if wanted is None or part in wanted
        else None
        for part, each in enumerate(kept, start=a.carried)
    ]
    history, emitted = stacked[: a.carried], stacked[a.carried :]
    fixed = {id(leaf): array for leaf, array in zip(a.inputs, arrays, strict=True)}
    steps = range(a.length)
    for t in reversed(steps) if a.reverse else steps:
        _record(history, t, state)
        values = dict(fixed)
        for leaf, each in zip(a.inputs[a.constants : first], state, strict=True):
            values[id(leaf)] = each
        for leaf, sequence in zip(a.inputs[first:], arrays[first:], strict=True):
            values[id(leaf)] = sequence[t]
        results = a.interpreter.run(values)
        state = [np.array(each) for each in results[: a.carried]]
        _record(emitted, t, results[a.carried :])
    return (*state, *stacked)


def _record(records: Sequence[Any], t: int, values: Sequence[Any]) -> None:
    for record, value in zip(records, values, strict=True):
        if record is not None:
            record[t] = value


def _scan_vjp(node: Tensor, cotangents: Sequence[Tensor | None]) -> list[Tensor | None]:
    """One scan in the opposite direction over the recorded states.

    With (c', y) = body(k, c, x) and cotangents c̄', ȳ, h̄ (of the recorded c):
    c̄ = (∂c'/∂c)ᵀ c̄' + (∂y/∂c)ᵀ ȳ + h̄, k̄ sums (∂c'/∂k)ᵀ c̄' + (∂y/∂k)ᵀ ȳ over the steps, and
    x̄ at each step is (∂c'/∂x)ᵀ c̄' + (∂y/∂x)ᵀ ȳ.
    """
    from ..composites import full
    from ..reverse import gradients
    from ..tensor import input as leaf

    a: Scan = node.attributes
    first = a.constants + a.carried
    own_constants, own_state = a.inputs[: a.constants], a.inputs[a.constants : first]
    own_slices = a.inputs[first:]

    def smooth(tensors: Sequence[Tensor]) -> list[int]:
        return [i for i, each in enumerate(tensors) if dtypes.is_floating(each.dtype)]

    k, c, x = smooth(own_constants), smooth(own_state), smooth(own_slices)
    y = smooth(a.emitted)

    def given(part: int) -> Tensor:
        found, spec = cotangents[part], (node.parts or ())[part]
        return full(spec.shape, 0, spec.dtype) if found is None else found

    def like(tensor: Tensor, name: str) -> Tensor:
        return leaf(tensor.shape, tensor.dtype, name=name)

    state_bar = [like(own_state[i], "state_cotangent") for i in c]
    constant_bar = [like(own_constants[i], "constant_cotangent") for i in k]
    emitted_bar = [like(a.emitted[i], "emitted_cotangent") for i in y]
    history_bar = [like(own_state[i], "history_cotangent") for i in c]
    targets = [
        *[own_constants[i] for i in k], *[own_state[i] for i in c], *[own_slices[i] for i in x]
    ]  # fmt: skip
    differentiated = [a.outputs[i] for i in c] + [a.emitted[i] for i in y]
    found = gradients(differentiated, targets, state_bar + emitted_bar)
    to_constants, to_state = found[: len(k)], found[len(k) : len(k) + len(c)]
    to_slices = found[len(k) + len(c) :]
    body = Scan(
        inputs=[
            *own_constants, *state_bar, *constant_bar,
            *own_state, *own_slices, *emitted_bar, *history_bar,
        ],
        outputs=[
            *[new + extra for new, extra in zip(to_state, history_bar, strict=True)],
            *[old + new for old, new in zip(constant_bar, to_constants, strict=True)],
            *to_slices,
        ],
        constants=a.constants,
        carried=len(c) + len(k),
        length=a.length,
        reverse=not a.reverse,
    )  # fmt: skip
    n, emitted_at = a.carried, 2 * a.carried
    history = [results(node)[n + i] for i in range(n)]
    operands = [
        *node.inputs[: a.constants],
        *[given(i) for i in c],
        *[full(node.inputs[i].shape, 0, node.inputs[i].dtype) for i in k],
        *history,
        *node.inputs[first:],
        *[given(emitted_at + i) for i in y],
        *[given(n + i) for i in c],
    ]
    back = results(_apply(body, operands))
    answer: list[Tensor | None] = [None] * len(node.inputs)
    for place, i in enumerate(c):
        answer[a.constants + i] = back[place]
    for place, i in enumerate(k):
        answer[i] = back[len(c) + place]
    slices_at = 2 * (len(c) + len(k))
    for place, i in enumerate(x):
        answer[first + i] = back[slices_at + place]
    return answer


def _apply(body: Scan, operands: Sequence[Tensor]) -> Tensor:
    from ..tensor import node

    return node(scan, operands, body)


def results(node: Tensor) -> list[Tensor]:
    """The results of a node that has several, as tensors."""
    return [
        project(node, part=i, shape=part.shape, dtype=part.dtype)
        for i, part in enumerate(node.parts or ())
    ]


def _samples(rng: np.random.Generator) -> list[Sample]:
    from ..tensor import input as leaf

    made = []
    for length, reverse in ((4, False), (3, True), (0, False)):
        w, state, x = leaf((2, 2), name="w"), leaf((2,), name="state"), leaf((2,), name="x")
        new = (w * state).sum(axis=1) + x * state
        body = Scan([w, state, x], [new, new * x], 1, 1, length, reverse)
        arrays = (rng.normal(size=(2, 2)), rng.normal(size=2), rng.normal(size=(length, 2)))
        made.append(Sample(arrays, body, (0, 1, 2)))
    return made


scan = Primitive(
    name="scan",
    notation=lambda a, *x: r"\operatorname{scan}(" + ", ".join(x) + ")",
    attributes=Scan,
    shape=_scan_shape,
    dtype=_scan_dtype,
    evaluate=_scan,
    vjp=_scan_vjp,
    curvature=Curvature("neither"),
    samples=_samples,
    native=rules.REFERENCE_ONLY,
    parts=True,
    ulp=256,
)
