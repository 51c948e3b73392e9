"""Where in the user's code an expression was made, and how the user wrote it.

A site costs two references when it is recorded; the line and the source text are looked up only
when an error or a derivation asks for them. What Trivium itself derives from an expression (its
gradient, its rewritten form) has the origin of what it was derived from.
"""

from __future__ import annotations

import ast
import linecache
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import CodeType, FrameType
from typing import TYPE_CHECKING
from weakref import ref

if TYPE_CHECKING:
    from .primitive import Primitive
    from .tensor import Tensor

__all__ = [
    "DerivativeSite",
    "Site",
    "current_origin",
    "current_scope",
    "current_site",
    "derivation",
    "derivative",
    "scope",
]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep

Scope = tuple[str, ...]

_scope: ContextVar[Scope] = ContextVar("trivium_scope", default=())
_source: ContextVar[Tensor | _Derived | None] = ContextVar("trivium_source", default=None)


class Site:
    """One place in the user's code: a code object and the instruction that was running."""

    __slots__ = ("code", "instruction")

    def __init__(self, code: CodeType, instruction: int) -> None:
        self.code = code
        self.instruction = instruction

    @property
    def file(self) -> str:
        """The file's name as Python knows it; may be ``<stdin>`` or a notebook cell."""
        return self.code.co_filename

    @property
    def span(self) -> tuple[int, int, int, int]:
        """First line, last line, first column, last column (columns may be -1 if unknown)."""
        positions = list(self.code.co_positions())
        found = positions[self.instruction // 2] if self.instruction >= 0 else (None,) * 4
        line = found[0] or self.code.co_firstlineno
        columns = [-1 if value is None else value for value in found[2:]]
        return line, found[1] or line, columns[0], columns[1]

    @property
    def line(self) -> int:
        """The line's number, from 1."""
        return self.span[0]

    @property
    def text(self) -> str:
        """The source line without surrounding white space; empty when it is not available."""
        return linecache.getline(self.file, self.line).strip()

    def expression(self) -> ast.expr | None:
        """The running expression as a syntax tree, or None when the source is not available."""
        first, last, start, stop = self.span
        lines = [linecache.getline(self.file, number) for number in range(first, last + 1)]
        if start < 0 or not all(lines):
            return None
        encoded = [line.encode() for line in lines]
        encoded[-1] = encoded[-1][:stop]
        encoded[0] = encoded[0][start:]
        try:
            return ast.parse(b"(" + b"".join(encoded) + b")", mode="eval").body
        except SyntaxError:
            return None

    def operands(self) -> list[str]:
        """The operands of the running expression as the user wrote them, in order."""
        node = self.expression()
        if isinstance(node, ast.BinOp):
            return [ast.unparse(node.left), ast.unparse(node.right)]
        if isinstance(node, ast.Compare) and len(node.comparators) == 1:
            return [ast.unparse(node.left), ast.unparse(node.comparators[0])]
        if isinstance(node, ast.Call):
            written = [ast.unparse(argument) for argument in node.args]
            return written + [ast.unparse(keyword.value) for keyword in node.keywords]
        return []

    def __str__(self) -> str:
        text = self.text
        return f"{self.file}, line {self.line}" + (f": {text}" if text else "")


def current_site(skip: int = 0) -> Site | None:
    """The innermost frame outside Trivium, or None when there is none.

    ``skip``: how many of the innermost callers are known to be inside; to look at a frame costs
    more than to skip it.
    """
    frame: FrameType | None = sys._getframe(1 + skip)
    while frame is not None:
        code = frame.f_code
        if not code.co_filename.startswith(_PACKAGE):
            return Site(code, frame.f_lasti)
        frame = frame.f_back
    return None


class DerivativeSite(Site):
    """The place of what reverse mode made of a node: the node's own place, and which node.

    ``primitive``: that of the node. It is not kept alive, because small constants are shared by
    expressions that have nothing else to do with each other.
    """

    __slots__ = ("_node", "primitive")

    def __init__(self, site: Site, node: Tensor) -> None:
        super().__init__(site.code, site.instruction)
        self.primitive: Primitive = node.primitive
        self._node = ref(node)

    @property
    def node(self) -> Tensor | None:
        """The node that was differentiated, while anything holds it."""
        return self._node()


class _Derived:
    """Where the derivative of a node comes from, in place of the node."""

    __slots__ = ("scope", "site")

    def __init__(self, node: Tensor) -> None:
        self.site = None if node.site is None else DerivativeSite(node.site, node)
        self.scope = node.scope


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Name the part of a model that is being built, for errors and derivations."""
    token = _scope.set((*_scope.get(), name))
    try:
        yield
    finally:
        _scope.reset(token)


def current_scope() -> Scope:
    """The names of the enclosing ``scope`` blocks, outermost first."""
    return _scope.get()


@contextmanager
def derivation() -> Iterator[Callable[[Tensor], object]]:
    """A block that derives expressions from expressions; it gets a function to call with each.

    What is made from then on has the site and the scope of that node: an error in a gradient or
    in an optimised program speaks of the line in the user's model.
    """
    token = _source.set(None)
    try:
        yield _source.set
    finally:
        _source.reset(token)


@contextmanager
def derivative() -> Iterator[Callable[[Tensor], object]]:
    """Like ``derivation``, for derivatives: what is made has a ``DerivativeSite``."""
    token = _source.set(None)
    try:
        yield lambda node: _source.set(_Derived(node))
    finally:
        _source.reset(token)


def current_origin(skip: int = 0) -> tuple[Site | None, Scope]:
    """Site and scope for a node that is made now; ``skip`` as for ``current_site``."""
    source = _source.get()
    if source is not None:
        return source.site, source.scope
    return current_site(skip + 1), _scope.get()
