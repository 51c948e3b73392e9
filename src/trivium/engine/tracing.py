"""Which leaves stand for the arguments of a function that is being differentiated.

Such a leaf has a value, so that a Python ``if`` can look at it. Turning it into a plain number
(``math.sin(x)``, ``np.asarray(x)``) would cut the derivative without a word, so that is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from .errors import NotDifferentiableError
from .sites import current_site
from .tensor import Tensor
from .traversal import topological

__all__ = ["refuse_plain_number", "traced_arguments"]

_leaves: ContextVar[tuple[Tensor, ...]] = ContextVar("trivium_traced", default=())


@contextmanager
def traced_arguments(leaves: Sequence[Tensor]) -> Iterator[None]:
    """Inside the block, ``leaves`` must not become plain numbers unnoticed."""
    token = _leaves.set((*_leaves.get(), *leaves))
    try:
        yield
    finally:
        _leaves.reset(token)


def refuse_plain_number(x: Tensor, kind: str) -> None:
    """Raise NotDifferentiableError if ``x`` depends on an argument being differentiated."""
    leaves = _leaves.get()
    if not leaves:
        return
    known = {id(leaf) for leaf in leaves}
    reached = topological([x], lambda node: node.primitive.name != "stop_gradient")
    if any(id(node) in known for node in reached):
        site = current_site()
        where = f"\n  your line: {site}" if site else ""
        raise NotDifferentiableError(
            f"the function being differentiated turns its argument into {kind}, which has no "
            "derivative. Use the functions of tv.array (tv.array.sin instead of math.sin), or "
            f"float(tv.stop_gradient(x)) where no derivative is wanted{where}"
        )
