"""A derivation: the forward and backward pass of a loss as equations, and its renderings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.engine.errors import ArgumentError
from trivium.engine.tensor import Tensor

from .equations import Equation
from .notes import Note
from .symbols import Symbol, Symbols

if TYPE_CHECKING:
    from .numbers import Numbers

__all__ = ["Derivation"]

Array = np.ndarray[Any, Any]

_SUFFIXES = {".tex": "latex", ".py": "python", ".html": "html", ".htm": "html", ".txt": "text"}


@dataclass(frozen=True, eq=False)
class Derivation:
    """The backward pass of a model and an objective, equation by equation.

    ``forward``: one equation per named value, in the order of computation; the last one defines
    the loss. ``backward``: one equation for the gradient of each value and parameter, from the
    loss back. ``symbols``: what the leaves of the equations stand for. ``parameters``: path →
    symbol. ``gradients``: path → the symbol of the loss's gradient. ``batch``: the size that
    stands for n in the shapes of expressions. ``values``: the parameters' values and the data,
    by the id of the symbol's leaf, as far as they are known. ``model``, ``objective``,
    ``algorithm``: the three steps in words. ``random``: expressions of what is drawn (role
    "random"), by the id of the symbol's leaf.
    """

    symbols: Symbols
    forward: tuple[Equation, ...]
    backward: tuple[Equation, ...]
    parameters: Mapping[str, Symbol]
    gradients: Mapping[str, Symbol]
    batch: int
    title: str = ""
    model: str = ""
    objective: str = ""
    algorithm: str = ""
    notes: tuple[Note, ...] = ()
    values: Mapping[int, Array] = field(default_factory=dict)
    random: Mapping[int, Tensor] = field(default_factory=dict)
    _cache: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def equations(self) -> tuple[Equation, ...]:
        """All equations in the order of computation."""
        return self.forward + self.backward

    @property
    def loss(self) -> Symbol:
        """The symbol of the loss."""
        return self.forward[-1].defines

    @property
    def has_data(self) -> bool:
        """Whether data were given, so that there are numbers."""
        needed = [each for each in self.symbols if each.role in ("input", "target", "weight")]
        return bool(self.values) and all(id(each.leaf) in self.values for each in needed)

    def numbers(self) -> Numbers:
        """The value of every symbol on the data, and the finite-difference checks.

        Raises ArgumentError when no data were given.
        """
        from .numbers import evaluate

        if not self.has_data:
            raise ArgumentError(
                "this derivation has no numbers, because no data were given; pass some: "
                "tv.insight.derive(model, objective, (x, y)) or fit.derive((x, y))"
            )
        if "numbers" not in self._cache:
            self._cache["numbers"] = evaluate(self)
        found: Numbers = self._cache["numbers"]
        return found

    def latex(self, *, lang: str = "en") -> str:
        """A LaTeX document; ``lang``: "en", or "zh" (then for XeLaTeX).

        Raises ArgumentError for another language.
        """
        from ..rendering.document import document

        return document(self, lang)

    def text(self, *, lang: str = "en", width: int | None = None) -> str:
        """Unicode text for terminals, ``width`` columns wide (default: as wide as the terminal).

        Raises ArgumentError for a language that is not there.
        """
        from ..rendering.plain import plain

        return plain(self, lang, width)

    def python(self) -> str:
        """A Python file that needs only NumPy and computes the loss and all gradients."""
        from ..rendering.python import python

        return python(self)

    def html(self, *, lang: str = "en") -> str:
        """One self-contained page that needs no network.

        Raises ArgumentError for a language that is not there, MissingPackageError without the
        package that lays out the graph (``pip install 'trivium[plot]'``), MissingKatexError
        where KaTeX was not fetched.
        """
        from ..rendering.html import page

        return page(self, lang)

    def save(self, path: str | os.PathLike[str], *, lang: str = "en") -> None:
        """Write the rendering that the file's ending names: .tex, .py, .html or .txt.

        The file is replaced at once or not at all. Raises ArgumentError for other endings.
        """
        from trivium.learning.runs.files import replace_file

        suffix = os.path.splitext(os.fspath(path))[1].lower()
        kind = _SUFFIXES.get(suffix)
        if kind is None:
            raise ArgumentError(
                f"cannot tell what to write into {os.fspath(path)!r}: the ending must be one of "
                f"{', '.join(_SUFFIXES)}"
            )
        made = self.python() if kind == "python" else getattr(self, kind)(lang=lang)
        replace_file(Path(path), [made.encode("utf-8")])

    def second(self) -> Derivation:
        """The derivation of ⟨∇L, v⟩, whose gradient is the Hessian times the directions v.

        Source: Pearlmutter (1994), "Fast exact multiplication by the Hessian", Neural
        Computation 6.
        """
        from .second import second

        return second(self)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return (
            f"<derivation of {self.title or self.loss.text}: {len(self.forward)} equations "
            f"forward, {len(self.backward)} backward>"
        )

    def _repr_html_(self) -> str:
        from ..rendering.notebook import notebook_html

        return notebook_html(self)

    def _repr_latex_(self) -> str:
        from ..rendering.document import fragment

        return fragment(self)
