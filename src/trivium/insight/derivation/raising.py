"""Raising: from primitives back to the operations that textbooks write.

An operation is recognised by doing again what its composite does: if ``array.softmax(u)`` gives a
node of the graph, that node is the softmax of u, because structurally equal nodes are one object.
So no pattern is written twice, and a composite that changes is still recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from trivium.engine import array, dtypes
from trivium.engine.composites import as_tensor, broadcast_to
from trivium.engine.passes.rewrite import unwrap
from trivium.engine.primitives import arithmetic, exponential, reductions
from trivium.engine.primitives.reductions import restore
from trivium.engine.tensor import Tensor, input, literal, tensor
from trivium.engine.traversal import rebuild, same, topological, users

from . import textbook
from .loops import with_body, with_literals

__all__ = ["Raised", "number_examples", "raise_operations"]

Match = tuple[Tensor, Callable[..., Tensor], tuple[Tensor, ...]]

# Counts are given, at most converted, selected or arranged before their factorial is taken.
_GIVEN = frozenset({"input", "cast", "slice", "reshape", "constant"})
# No network has sizes whose multiples reach this times the batch.
_LARGEST_MULTIPLE = 10_000


@dataclass(frozen=True)
class Raised:
    """``outputs`` after raising; ``size``: the leaf that stands for the number of examples."""

    outputs: list[Tensor]
    size: Tensor


def raise_operations(outputs: Sequence[Tensor], batch: int) -> Raised:
    """``outputs`` with textbook operations in place of what the engine computes them by.

    ``batch``: the unusual number of examples with which the expressions were built. Literals
    that are multiples or fractions of it become expressions of a size n.
    """
    size = input((), dtypes.default_float, name="n")
    return Raised(number_examples(_raised(outputs, batch, size), batch), size)


def _raised(outputs: Sequence[Tensor], batch: int, size: Tensor) -> list[Tensor]:
    found: dict[int, tuple[Callable[..., Tensor], tuple[Tensor, ...]]] = {}
    for node, make, sources in _matches(outputs):
        # The first is made of the earliest value, so it stands for the most.
        found.setdefault(id(node), (make, sources))

    new: dict[int, Tensor] = {}
    for node in topological(outputs):
        inputs = tuple(new[id(each)] for each in node.inputs)
        if id(node) in found:
            make, sources = found[id(node)]
            new[id(node)] = make(*[new[id(each)] for each in sources])
        elif node.primitive.name == "constant":
            new[id(node)] = _with_size(node, batch, size)
        elif node.primitive.name == "scan":
            new[id(node)] = _raised_loop(node, inputs, batch, size)
        else:
            new[id(node)] = same(node, inputs)
    return rebuild([new[id(each)] for each in outputs], _rewritten)


def _raised_loop(loop: Tensor, inputs: tuple[Tensor, ...], batch: int, size: Tensor) -> Tensor:
    """A loop whose body is raised too; n, if the body counts examples, is given to it."""
    loop, inputs = with_literals(loop, inputs)
    own = input((), dtypes.default_float, name="n")
    outputs = _raised(loop.attributes.outputs, batch, own)
    if any(each is own for each in topological(outputs)):
        return with_body(loop, (size, *inputs), outputs, own)
    return with_body(loop, inputs, outputs)


def number_examples(outputs: Sequence[Tensor], batch: int) -> list[Tensor]:
    """``outputs`` with constants that grow evenly over the examples as their numbers."""

    def change(old: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        found = _numbered(old, batch) if old.primitive.name == "constant" else None
        return same(old, inputs) if found is None else found

    return rebuild(outputs, change)


def _matches(outputs: Sequence[Tensor]) -> Iterator[Match]:
    """The nodes that are textbook operations, how to make them, and of what."""
    order = topological(outputs)
    present = {id(node) for node in order}
    consumers = users(order)
    for node in order:
        if node.parts is not None:
            continue
        for made, make, sources in _candidates(node, consumers.get(id(node), [])):
            if id(made) in present:
                yield made, make, sources


def _candidates(node: Tensor, consumers: list[Tensor]) -> Iterator[Match]:
    """What could have been made of ``node``, judged by who uses it."""
    used_by = {each.primitive.name for each in consumers}
    if dtypes.is_floating(node.dtype):
        if "less_equal" in used_by:
            yield array.relu(node), textbook.relu, (node,)
        for axes in _axes(consumers, "max"):
            yield from _softmax_family(node, axes)
        if "add" in used_by and node.primitive.name in _GIVEN:
            yield _log_factorial(node), textbook.log_factorial, (node,)
        if "less" in used_by:
            yield _log_normal_cdf(node), textbook.log_normal_cdf, (node,)
        if node.primitive.name == "where":
            for user in consumers:
                if user.primitive is arithmetic.add:
                    yield _log_choose(user, node), textbook.log_choose, (user, node)
        if {"add", "subtract"} <= used_by:
            yield from _chosen_of_a_number(node, consumers)
        if "multiply" in used_by:
            yield array.gelu(node), _gelu, (node,)
        if "exp" in used_by:
            yield from _unshifted(node, consumers)
    elif dtypes.is_integer(node.dtype) and "gather" in used_by:
        for user in consumers:
            if user.primitive.name == "gather" and user.inputs[1] is node:
                yield from _one_hots(node, user.inputs[0])


def _axes(consumers: list[Tensor], name: str) -> set[tuple[int, ...]]:
    return {each.attributes.axes for each in consumers if each.primitive.name == name}


def _of_axes(operation: textbook.Operation, axes: tuple[int, ...]) -> Callable[..., Tensor]:
    return lambda x: operation(x, axes=axes)


def _softmax_family(node: Tensor, axes: tuple[int, ...]) -> Iterator[Match]:
    yield array.softmax(node, axis=axes), _of_axes(textbook.softmax, axes), (node,)
    yield array.log_softmax(node, axis=axes), _of_axes(textbook.log_softmax, axes), (node,)
    if node.shape:
        made = array.logsumexp(node, axis=axes)
        yield made, _of_axes(textbook.log_sum_exp, axes), (node,)
        kept = array.logsumexp(node, axis=axes, keepdims=True)
        yield kept, lambda x: _kept(textbook.log_sum_exp(x, axes=axes), axes, x.shape), (node,)


def _log_factorial(node: Tensor) -> Tensor:
    """ln y! as the likelihoods of counts compute it."""
    from trivium.learning.objectives.families import log_factorial

    return log_factorial(node)


def _log_normal_cdf(node: Tensor) -> Tensor:
    """ln Φ as the probit link computes it."""
    from trivium.mathematics.probability.special import log_normal_cdf

    return log_normal_cdf(node)


def _log_choose(n: Tensor, k: Tensor) -> Tensor:
    """The logarithm of a binomial coefficient as the likelihoods of counts compute it."""
    from trivium.mathematics.probability.special import log_choose

    return log_choose(n, k)


def _chosen_of_a_number(node: Tensor, consumers: list[Tensor]) -> Iterator[Match]:
    """ln C(n, k) where n is one number for all examples: the trials of a binomial response."""
    for user in consumers:
        if user.primitive is arithmetic.subtract and user.inputs[1] is node:
            top = unwrap(user.inputs[0], "broadcast")
            if top.primitive.name == "constant" and not top.shape:
                yield _log_choose(top, node), _log_choose_of_all, (top, node)


def _log_choose_of_all(n: Tensor, k: Tensor) -> Tensor:
    return textbook.log_choose(broadcast_to(n, k.shape), k)


def _gelu(x: Tensor) -> Tensor:
    return x * textbook.normal_cdf(x)


def _kept(reduced: Tensor, axes: tuple[int, ...], shape: tuple[int, ...]) -> Tensor:
    from trivium.engine.primitives.movement import reshape

    sizes = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    return reshape(reduced, shape=sizes)


def _unshifted(node: Tensor, consumers: list[Tensor]) -> Iterator[Match]:
    """The softmax family as a formula writes it, without the shift against overflow."""
    power = exponential.exp(node)
    for user in consumers:
        if user is not power:
            continue
        for axes in [(axis,) for axis in range(node.ndim)] + [tuple(range(node.ndim))]:
            total = reductions.sum_(power, axes=axes)
            quotient = arithmetic.divide(power, restore(total, axes, node.shape))
            yield quotient, _of_axes(textbook.softmax, axes), (node,)
            logarithm = exponential.log(total)
            yield logarithm, _of_axes(textbook.log_sum_exp, axes), (node,)


def _one_hots(codes: Tensor, table: Tensor) -> Iterator[Match]:
    """One-hot rows, as the function gives them; ``table``: 0, 1, …, of which codes choose."""
    if table.primitive.name != "constant" or table.ndim != 1:
        return
    for dtype in (dtypes.float64, dtypes.float32):
        classes = table.shape[0]
        made = array.one_hot(codes, classes, dtype=dtype)

        def make(x: Tensor, classes: int = classes, dtype: np.dtype = dtype) -> Tensor:
            return textbook.one_hot(x, classes=classes, dtype=dtype)

        yield made, make, (codes,)


def _numbered(node: Tensor, batch: int) -> Tensor | None:
    """A constant that grows evenly from example to example, by the examples' numbers."""
    if (
        node.size < batch
        or node.size % batch
        or node.shape[0] % batch
        or node.dtype.kind == "b"
    ):
        return None
    rows = node.attributes.array.reshape(batch, -1)
    start, step = rows[0], rows[1] - rows[0]
    numbers = np.arange(batch, dtype=node.dtype)
    if not np.array_equal(rows, start + step * numbers[:, None]):
        return None
    count = textbook.counting(size=batch, dtype=node.dtype)
    column = broadcast_to(count.reshape((batch, 1)), rows.shape)
    grown = column * tensor(step) if np.any(step) else column * 0
    made = grown + tensor(start) if np.any(start) else grown
    return made.reshape(node.shape)


def _with_size(node: Tensor, batch: int, size: Tensor) -> Tensor:
    """A literal that counts examples as an expression of the size n; others as they are."""
    if node.size != 1 or node.dtype.kind == "b":
        return node
    value = float(node.attributes.array.reshape(()))
    if not np.isfinite(value) or value == 0:
        return node
    n = size if node.dtype == size.dtype else size.astype(node.dtype)
    times, parts = value / batch, value * batch
    if times == round(times) and abs(times) <= _LARGEST_MULTIPLE:
        made = n if times == 1 else as_tensor(literal(times, node.dtype)) * n
    elif abs(value) < 1 <= abs(round(parts)) and abs(parts - round(parts)) < 1e-9 * abs(parts):
        made = literal(round(parts), node.dtype) / n
    else:
        return node
    return broadcast_to(made.reshape(node.shape) if node.shape else made, node.shape)


def _rewritten(old: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
    node = same(old, inputs)
    for rule in _RULES.get(node.primitive.name, ()):
        better = rule(node)
        if better is not None:
            return better
    return node


def _checked_codes(node: Tensor) -> Tensor | None:
    """Codes chosen from 0, 1, 2, … are the codes; from −1 and +1 they are signs."""
    table, codes = node.inputs
    if table.primitive.name != "constant" or table.ndim != 1:
        return None
    values = table.attributes.array
    if np.array_equal(values, np.arange(values.size)) and codes.dtype == table.dtype:
        return codes
    if np.array_equal(values, [-1, 1]) and dtypes.is_floating(table.dtype):
        return textbook.sign_of_code(codes, dtype=table.dtype)
    return None


def _element_of_row(node: Tensor) -> Tensor | None:
    """Of the rows written one after another, the elements at i K + code_i."""
    flat, places = node.inputs
    rows = flat.inputs[0] if flat.primitive.name == "reshape" else flat
    if rows.ndim != 2 or places.primitive is not arithmetic.add:
        return None
    for starts, codes in (places.inputs, places.inputs[::-1]):
        if starts.primitive.name == "constant" and np.array_equal(
            starts.attributes.array, np.arange(rows.shape[0]) * rows.shape[1]
        ):
            return textbook.pick(rows, codes)
    return None


def _margin_of_code(node: Tensor) -> Tensor | None:
    """ln(1 + e^{−(2y − 1) z}) = ln(1 + e^z) − y z for codes y of 0 and 1."""
    inner, negated = node.inputs[0], False
    if inner.primitive is arithmetic.negative:
        inner, negated = inner.inputs[0], True
    if inner.primitive is not arithmetic.multiply:
        return None
    for sign, z in (inner.inputs, inner.inputs[::-1]):
        flipped = sign.primitive is arithmetic.negative
        code = sign.inputs[0] if flipped else sign
        if code.primitive is textbook.sign_of_code and flipped != negated:
            y = code.inputs[0].astype(z.dtype)
            return exponential.softplus(z) - y * z
    return None


def _log_of_softmax(node: Tensor) -> Tensor | None:
    """ln softmax(z), the form that does not lose small probabilities."""
    inner = node.inputs[0]
    if inner.primitive is textbook.softmax:
        return textbook.log_softmax(inner.inputs[0], axes=inner.attributes.axes)
    return None


def _extreme(node: Tensor) -> Tensor | None:
    """The maximum with a derivative that names who attains it."""
    operation = textbook.largest if node.primitive is reductions.max_ else textbook.smallest
    if not dtypes.is_floating(node.dtype):
        return None
    return operation(node.inputs[0], axes=node.attributes.axes)


_RULES: dict[str, tuple[Callable[[Tensor], Tensor | None], ...]] = {
    "gather": (_checked_codes, _element_of_row),
    "softplus": (_margin_of_code,),
    "log": (_log_of_softmax,),
    "max": (_extreme,),
    "min": (_extreme,),
}
