"""Formulas of single operations in plain text, with the names that the user gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..backends.reference.interpreter import Interpreter
from ..passes.rewrite import filled_with, unwrap
from ..sites import DerivativeSite
from ..tensor import Tensor
from ..traversal import topological

__all__ = [
    "Names",
    "differentiated",
    "formula",
    "guarded_root",
    "known_number",
    "number",
    "operand",
    "softmax_logits",
]

_LONGEST, _DEEPEST, _FEW = 48, 5, 40
# What moves elements is written at the depth of what it moves.
_MOVING = ("slice", "gather", "permute")
_TRANSPARENT = ("broadcast", "reshape", "label", "stop_gradient", "cast", "project")
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# How tightly the parts of a formula hold together.
_SUM, _PRODUCT, _PREFIX, _POWER, _ATOM = range(1, 6)


class Names:
    """What nodes are called: leaves by their name, values by their label.

    ``given``: expressions as the user wrote them; what the passes made of them is recognised by
    the place in the user's code. ``extra``: further names. ``sources``: for leaves whose
    indices mean nothing to the user, words that say where their numbers come from.
    """

    def __init__(
        self,
        given: Sequence[Tensor] = (),
        extra: Mapping[Tensor, str] | None = None,
        sources: Mapping[Tensor, str] | None = None,
    ) -> None:
        self._kept = [*given, *(sources or {})]  # an id is only good while its node lives
        self._sources = {id(leaf): words for leaf, words in (sources or {}).items()}
        self._by_id: dict[int, str] = {}
        self._by_place: dict[Any, str] = {}
        order = topological(given)
        seen: dict[Any, int] = {}
        for node in order:
            seen[_place(node)] = seen.get(_place(node), 0) + 1
        labelled = {
            node.inputs[0]: str(node.name) for node in order if node.primitive.name == "label"
        }
        for node, name in {**labelled, **(extra or {})}.items():
            self._kept.append(node)
            self._by_id[id(node)] = name
            if node.inputs and seen.get(_place(node)) == 1:
                self._by_place[_place(node)] = name

    def of(self, node: Tensor) -> str:
        """The name of ``node``, empty if it has none."""
        found = self._by_id.get(id(node)) or self._by_place.get(_place(node))
        return found or str(node.name or "")

    def source(self, leaf: Tensor) -> str:
        """Where the numbers of ``leaf`` come from, if that is known in words."""
        return self._sources.get(id(leaf), "")

    def add(self, node: Tensor, name: str) -> None:
        """Call ``node`` so."""
        self._kept.append(node)
        self._by_id[id(node)] = name


def _place(node: Tensor) -> Any:
    return id(node.site), node.primitive.name, node.shape


def number(value: float) -> str:
    """A number in a sentence: 0, 3, −0.25, 3.4e38."""
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    if 1000 <= abs(value) < 1e6:
        text = f"{float(value):.0f}"
    else:
        mantissa, _, exponent = f"{float(value):.3g}".partition("e")
        text = f"{mantissa}e{int(exponent)}" if exponent else mantissa
    return text.replace("-", "−")


def formula(node: Tensor, names: Names) -> str:
    """The operation of ``node`` on its operands, which are written by name where they have one.

    As many operations inside one another are written out as fit on part of a line, the rest
    is "…".
    """
    for depth in range(_DEEPEST, 1, -1):
        text = _top(node, names, depth)
        if len(text) <= _LONGEST:
            return text
    return _top(node, names, 1)


def operand(node: Tensor, names: Names) -> str:
    """A value by its name, as a number if it is one that was written, else as a formula."""
    found = names.of(node)
    if not found and node.inputs:
        value = known_number(node)
        found = "" if value is None else number(value)
    return found or formula(node, names)


def _top(node: Tensor, names: Names, depth: int) -> str:
    if node.primitive.name == "cast":
        return f"{node.dtype}({_written(node.inputs[0], names, depth - 1)[0]})"
    return _operation(node, names, depth)[0]


def _written(node: Tensor, names: Names, depth: int) -> tuple[str, int]:
    """An operand, and how tightly it holds together."""
    name = names.of(node)
    if name:
        return name, _ATOM
    if node.primitive.name == "constant":
        array = node.attributes.array
        if array.size == 1:
            value = float(array.reshape(-1)[0])
            return number(value), _ATOM if value >= 0 else _PREFIX
        return "a constant", _ATOM
    if node.primitive.name in ("input", "variable"):
        return f"the {node.primitive.name}", _ATOM
    known = known_number(node)
    if known is not None:
        return number(known), _ATOM if known >= 0 else _PREFIX
    if node.primitive.name in _TRANSPARENT:
        return _written(node.inputs[0], names, depth)
    if depth == 0:
        return "…", _ATOM
    return _operation(node, names, depth)


def known_number(node: Tensor) -> float | None:
    """The number that an expression of a few written numbers stands for."""
    seen, left = 0, [node]
    while left:
        each = left.pop()
        seen += 1
        written = each.primitive.name == "constant" and each.size == 1 and not each.name
        if seen > _FEW or not (each.inputs or written) or each.parts is not None:
            return None
        left += each.inputs
    if node.size == 0:
        return None
    (array,) = Interpreter([node], ()).run({})
    first = float(array.reshape(-1)[0])
    return first if bool((array == first).all()) else None


def _operation(node: Tensor, names: Names, depth: int) -> tuple[str, int]:
    def part(i: int, least: int = 0) -> str:
        deeper = depth if node.primitive.name in _MOVING else depth - 1
        text, strength = _written(node.inputs[i], names, deeper)
        return text if strength >= least else f"({text})"

    name = node.primitive.name
    if not node.inputs:
        return _written(node, names, depth)
    logits = softmax_logits(node)
    if logits is not None:
        return f"softmax({_written(logits, names, depth - 1)[0]})", _ATOM
    if name == "where" and _is_relu(node):
        return f"ReLU({part(2)})", _ATOM
    if name == "where" and (root := guarded_root(node)) is not None:
        return _bracketed("√", *_written(root, names, depth - 1))
    if name == "divide" and (mean := _averaged(node)) is not None:
        return f"mean({_written(mean, names, depth - 1)[0]})", _ATOM
    if name in _INFIX:
        sign, strength = _INFIX[name]
        # A subtraction or division on the right needs brackets.
        right = strength + (name in ("subtract", "divide", "remainder", "floor_divide"))
        return f"{part(0, strength)}{sign}{part(1, right)}", strength
    if name in _SPECIAL:
        return _SPECIAL[name](node, part)
    if name in _TRANSPARENT:
        return _written(node.inputs[0], names, depth)
    inside = ", ".join(part(i) for i in range(len(node.inputs)))
    return f"{_CALLED.get(name, name)}({inside})", _ATOM


def _is_relu(node: Tensor) -> bool:
    condition, zero, x = node.inputs
    return (
        condition.primitive.name == "less_equal"
        and condition.inputs[0] is x
        and condition.inputs[1] is zero
    )


def guarded_root(node: Tensor) -> Tensor | None:
    """x, if ``node`` is √x with slope 0 at 0: 0 where x = 0, else √x."""
    condition, zero, root = node.inputs
    if root.primitive.name != "sqrt" or condition.primitive.name != "equal":
        return None
    inner = root.inputs[0]
    x = condition.inputs[0]
    guarded = inner.primitive.name == "where" and inner.inputs[2] is x
    return x if guarded and filled_with(zero, 0) else None


def _averaged(node: Tensor) -> Tensor | None:
    """x, if ``node`` is a sum of x divided by how many elements were summed."""
    total = unwrap(node.inputs[0], *_TRANSPARENT)
    if total.primitive.name != "sum" or not total.size:
        return None
    x = total.inputs[0]
    count = x.size // total.size
    return x if filled_with(unwrap(node.inputs[1], "cast"), count) else None


def _bracketed(sign: str, text: str, strength: int) -> tuple[str, int]:
    return sign + (text if strength >= _PREFIX else f"({text})"), _PREFIX


def softmax_logits(node: Tensor) -> Tensor | None:
    """z, if ``node`` is softmax z: eᶻ / Σ eᶻ, with or without a shift by the maximum."""
    if node.primitive.name != "divide":
        return None
    top = unwrap(node.inputs[0], "label")
    total = unwrap(node.inputs[1], "broadcast", "reshape", "label")
    if top.primitive.name != "exp" or total.primitive.name != "sum":
        return None
    if unwrap(total.inputs[0], "label") is not top:
        return None
    inner = top.inputs[0]
    if inner.primitive.name == "subtract":
        shift = unwrap(inner.inputs[1], *_TRANSPARENT)
        if shift.primitive.name == "where":
            shift = unwrap(shift.inputs[1], *_TRANSPARENT)
        if shift.primitive.name == "max":
            return inner.inputs[0]
    return inner


Part = Callable[..., str]


def _prefixed(sign: str) -> Callable[[Tensor, Part], tuple[str, int]]:
    return lambda node, part: (f"{sign}{part(0, _PREFIX)}", _PREFIX)


def _function(name: str) -> Callable[[Tensor, Part], tuple[str, int]]:
    def write(node: Tensor, part: Part) -> tuple[str, int]:
        inside = part(0, _ATOM)
        return name + (inside if inside.startswith("(") else f" {inside}"), _PREFIX

    return write


def _exponent(text: str) -> str:
    if text.lstrip("−").isdigit():
        return text.replace("−", "-").translate(_SUPERSCRIPTS)
    return f"^{text}" if text.isidentifier() else f"^({text})"


def _power(node: Tensor, part: Part) -> tuple[str, int]:
    return f"{part(0, _ATOM)}{_exponent(part(1))}", _POWER


def _permuted(node: Tensor, part: Part) -> tuple[str, int]:
    if node.attributes.axes == (1, 0):
        return f"{part(0, _ATOM)}ᵀ", _ATOM
    return part(0), _ATOM


def _window(node: Tensor) -> str:
    """The slice as the user would write it."""
    parts = []
    for start, stop, step, size in zip(*node.attributes, node.inputs[0].shape, strict=True):
        if stop - start == 1 and size > 1:
            parts.append(str(start))
        elif (start, stop, step) == (0, size, 1):
            parts.append(":")
        else:
            ends = f"{start or ''}:{'' if stop == size else stop}"
            parts.append(ends if step == 1 else f"{ends}:{step}")
    return ", ".join(parts)


_INFIX = {
    "add": (" + ", _SUM),
    "subtract": (" − ", _SUM),
    "multiply": (" · ", _PRODUCT),
    "chain": (" · ", _PRODUCT),
    "divide": (" / ", _PRODUCT),
    "remainder": (" mod ", _PRODUCT),
    "floor_divide": (" // ", _PRODUCT),
    "contraction": (" @ ", _PRODUCT),
    **{
        name: (f" {sign} ", 0)
        for name, sign in {
            "less": "<",
            "less_equal": "≤",
            "greater": ">",
            "greater_equal": "≥",
            "equal": "=",
            "not_equal": "≠",
        }.items()
    },
}

_SPECIAL: dict[str, Callable[[Tensor, Part], tuple[str, int]]] = {
    "negative": _prefixed("−"),
    "sqrt": _prefixed("√"),
    "square": lambda node, part: (f"{part(0, _ATOM)}²", _POWER),
    "power": _power,
    "exp": lambda node, part: (f"e{_exponent(part(0))}", _POWER),
    "expm1": lambda node, part: (f"e{_exponent(part(0))} − 1", _SUM),
    "log": _function("ln"),
    "log2": _function("log₂"),
    "log10": _function("log₁₀"),
    "log1p": lambda node, part: (f"ln(1 + {part(0, _SUM)})", _ATOM),
    "softplus": lambda node, part: (f"ln(1 + e{_exponent(part(0))})", _ATOM),
    "sum": _function("Σ"),
    "prod": _function("Π"),
    "abs": lambda node, part: (f"|{part(0)}|", _ATOM),
    "permute": _permuted,
    "slice": lambda node, part: (f"{part(0, _ATOM)}[{_window(node)}]", _ATOM),
    "gather": lambda node, part: (f"{part(0, _ATOM)}[…]", _ATOM),
    "concat": lambda node, part: (
        f"[{'; '.join(part(i) for i in range(len(node.inputs)))}]",
        _ATOM,
    ),
}

_CALLED = {
    "sigmoid": "σ",
    "acos": "arccos",
    "asin": "arcsin",
    "atan": "arctan",
    "acosh": "arcosh",
    "asinh": "arsinh",
    "atanh": "artanh",
    "erfinv": "erf⁻¹",
    "normal_quantile": "Φ⁻¹",
    "log_gamma": "ln Γ",
    "polygamma": "ψ",
    "gammainc": "P",
    "gammaincc": "Q",
}


_WORDS = {
    "power": "a power",
    "sqrt": "a square root",
    "square": "a square",
    "multiply": "a product",
    "divide": "a quotient",
    "contraction": "a matrix product",
    "sum": "a sum",
    "prod": "a product",
    "exp": "an exponential",
    "log": "a logarithm",
    "log2": "a logarithm",
    "log10": "a logarithm",
    "abs": "an absolute value",
}


def differentiated(node: Tensor, names: Names) -> str:
    """The formula of the node whose derivative ``node`` belongs to; empty if it is none."""
    site = node.site
    if not isinstance(site, DerivativeSite):
        return ""
    source = site.node
    if source is None:  # nothing else needs it any more
        return _WORDS.get(site.primitive.name, site.primitive.name)
    return names.of(source) or formula(source, names)
