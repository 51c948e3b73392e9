"""How values, parameters and gradients are called in formulas, in plain text and in code."""

from __future__ import annotations

import keyword
import re
from typing import NamedTuple

__all__ = ["Name", "Names", "gradient_name", "label_name", "numbered", "parameter_name"]

_GREEK = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "pi",
    "rho",
    "sigma",
    "tau",
    "upsilon",
    "phi",
    "chi",
    "psi",
    "omega",
]
_GREEK_LETTERS = "αβγδεζηθικλμνξπρστυφχψω"
_LETTER_OF = dict(zip(_GREEK, _GREEK_LETTERS, strict=True))
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "%": r"\%", "#": r"\#",
    "&": r"\&", "$": r"\$", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
}  # fmt: skip
_INDEXED = re.compile(r"([^\W\d_]+)[\[(]?(\d+)[\])]?")
_WORDS = {
    "loss": ("L", "L", "loss"),
    "ŷ": (r"\hat y", "ŷ", "prediction"),
    "log_dispersion": (r"\ln\varphi", "ln φ", "log_dispersion"),
}
_KINDS = {"weight": "W", "bias": "b", "kernel": "W"}
# Names that the generated code uses for itself.
_RESERVED = frozenset(keyword.kwlist) | {
    "np", "math", "parameters", "gradients", "loss_and_gradients", "x", "y", "n", "weight",
    "print", "len", "range", "sum", "max", "min", "abs", "float", "int", "list", "dict", "zip",
}  # fmt: skip


class Name(NamedTuple):
    """One name in the three alphabets."""

    latex: str
    text: str
    code: str


def _letter(word: str) -> tuple[str, str]:
    """A word in formulas and in text: a letter as it is, Greek spelled out, others upright."""
    lowered = word.casefold()
    if lowered in _LETTER_OF:
        capital = word[0].isupper() and lowered in (
            "gamma",
            "delta",
            "theta",
            "lambda",
            "xi",
            "pi",
            "sigma",
            "phi",
            "psi",
            "omega",
        )
        if capital:
            return "\\" + lowered.capitalize(), _LETTER_OF[lowered].upper()
        return "\\" + lowered, _LETTER_OF[lowered]
    if word in _GREEK_LETTERS:
        return "\\" + _GREEK[_GREEK_LETTERS.index(word)], word
    if len(word) == 1 and word.isascii():
        return word, word
    if word.isascii():
        return rf"\mathrm{{{escaped(word)}}}", word
    return rf"\text{{{escaped(word)}}}", word


def escaped(word: str) -> str:
    """``word`` with what LaTeX would read as a command made harmless."""
    return "".join(_SPECIAL.get(letter, letter) for letter in word if letter.isprintable())


def identifier(word: str) -> str:
    """A Python identifier that reminds of ``word``."""
    plain = "".join(_GREEK[_GREEK_LETTERS.index(c)] if c in _GREEK_LETTERS else c for c in word)
    kept = re.sub(r"[^0-9A-Za-z]+", "_", plain).strip("_")
    if not kept:
        kept = "value"
    return f"v_{kept}" if kept[0].isdigit() else kept


def numbered(letter: str, number: int | str) -> Name:
    """z and 1: the value z of layer 1."""
    latex, text = _letter(letter)
    return Name(f"{latex}^{{[{number}]}}", f"{text}[{number}]", f"{identifier(letter)}{number}")


def label_name(label: str) -> Name:
    """The name of a labelled value: ``z[1]``, ``loss``, ``logits``, ``h_t`` …"""
    if label in _WORDS:
        return Name(*_WORDS[label])
    plain = label.strip()
    match = re.fullmatch(r"([^\W\d_]+)\[(\w+)\]", plain)
    if match and (match[2].isdigit() or len(match[2]) == 1):
        return numbered(match[1], match[2])
    return _subscripted(plain)


def _subscripted(plain: str) -> Name:
    base, _, below = plain.partition("_")
    match = _INDEXED.fullmatch(base)
    if match and not below:
        base, below = match[1], match[2]
    if not re.fullmatch(r"[^\W\d_]+", base) or not re.fullmatch(r"\w*", below):
        return Name(rf"\text{{{escaped(plain)}}}", plain, identifier(plain))
    latex, text = _letter(base)
    if not below:
        return Name(latex, text, identifier(plain))
    inner = below if len(below) == 1 or below.isdigit() else rf"\mathrm{{{escaped(below)}}}"
    if below in _LETTER_OF:
        inner = "\\" + below
    return Name(f"{latex}_{{{inner}}}", f"{text}_{below}", identifier(plain))


def parameter_name(path: str, ndim: int, layer: str | None, alone: bool) -> Name:
    """The name of the parameter at ``path``: W^{[1]}, b^{[1]} where it belongs to a layer.

    ``layer``: the number of the value that it makes. ``alone``: whether no other parameter has
    the same last part.
    """
    last = path.rpartition(".")[2]
    if path in _WORDS:
        return Name(*_WORDS[path])
    letter = _KINDS.get(last)
    if letter is None:
        own = _subscripted(last)
        if alone:
            return own
        return _with_layer(own, layer if layer is not None else _numbers(path), path)
    if letter == "W" and ndim == 1:
        letter = "w"
    if layer is not None:
        return numbered(letter, layer)
    return (
        Name(letter, letter, letter)
        if alone
        else _with_layer(Name(letter, letter, letter), _numbers(path), path)
    )


def _numbers(path: str) -> str | None:
    found = [part for part in path.split(".") if part.isdigit()]
    return str(int(found[-1]) + 1) if found else None


def _with_layer(name: Name, layer: str | None, path: str) -> Name:
    owner = path.rpartition(".")[0]
    above = layer if layer is not None else rf"\mathrm{{{escaped(owner)}}}"
    plain = layer if layer is not None else owner
    return Name(
        f"{name.latex}^{{[{above}]}}" if layer is not None else f"{name.latex}^{{({above})}}",
        f"{name.text}[{plain}]",
        f"{name.code}{layer}" if layer is not None else identifier(f"{owner}_{name.code}"),
    )


def gradient_name(by: Name, of: Name, parameter: bool) -> Name:
    """The gradient of ``of`` with respect to ``by``: Δ^{[2]} for z^{[2]}, else ∂L/∂a."""
    match = re.fullmatch(r"z(\^\{\[\w+\]\})?", by.latex)
    code = f"d_{by.code}" if of.text == "L" else f"d_{of.code}_{by.code}"
    if match and not parameter and of.text == "L":
        return Name(rf"\Delta{match[1] or ''}", by.text.replace("z", "Δ", 1), code)
    latex = rf"\frac{{\partial {of.latex}}}{{\partial {by.latex}}}"
    nested = "∂" in by.text
    text = f"∂{of.text}/∂({by.text})" if nested else f"∂{of.text}/∂{by.text}"
    if nested:
        latex = rf"\frac{{\partial {of.latex}}}{{\partial \left({by.latex}\right)}}"
    return Name(latex, text, code)


class Names:
    """Names that are taken; a name that is asked again gets primes or a number."""

    def __init__(self) -> None:
        self._latex: set[str] = set()
        self._code: set[str] = set(_RESERVED)

    def reserve(self, name: Name) -> Name:
        """Take ``name`` as it is: an input's, whose code name is fixed."""
        self._latex.add(name.latex)
        self._code.add(name.code)
        return name

    def unique(self, name: Name) -> Name:
        """``name``, or a variant of it that nothing else has."""
        latex, text, code = name
        primes = 0
        while latex in self._latex:
            primes += 1
            mark = "'" * primes if primes < 4 else rf"^{{({primes})}}"
            latex = (
                f"{name.latex}{mark}" if "^" not in name.latex else f"{{{name.latex}}}{mark}"
            )
            text = f"{name.text}" + ("′" * primes if primes < 4 else f"({primes})")
        number = 1
        while code in self._code:
            number += 1
            code = f"{name.code}_{number}"
        self._latex.add(latex)
        self._code.add(code)
        return Name(latex, text, code)
