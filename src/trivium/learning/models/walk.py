"""The parts of a model: what its attributes hold, by attribute path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from trivium.engine.tensor import Variable

if TYPE_CHECKING:
    from .model import Model

__all__ = ["STATE", "Visit", "attributes", "walk"]

# Where a model keeps what Trivium knows about it: no part of the model.
STATE = "_trivium_state"


class Visit(NamedTuple):
    """One place in a model: a layer or a variable.

    ``path``: the attribute path, such as ``layers.0.weight``. ``first``: the path under which
    the same object was met before, or ``path`` itself. ``owner``: path of the model that holds
    it.
    """

    path: str
    value: Any
    first: str
    owner: str


def attributes(model: Model) -> Mapping[str, Any]:
    """The model's own attributes, in the order in which they were first assigned."""
    return {name: value for name, value in model.named_parts().items() if name != STATE}


def walk(root: Model) -> Iterator[Visit]:
    """All layers and variables below ``root``, in attribute order, depth first.

    Lists, tuples and dicts are looked into. What is shared is met at each of its places but
    entered once, so cycles end.
    """
    from .model import Model

    first: dict[int, str] = {}
    entered = {id(root)}
    stack = [_places(attributes(root), "", "")]
    while stack:
        found = next(stack[-1], None)
        if found is None:
            stack.pop()
            continue
        path, value, owner = found
        if isinstance(value, Model | Variable):
            known = first.setdefault(id(value), path)
            if value is not root:
                yield Visit(path, value, known, owner)
        if id(value) in entered:
            continue
        if isinstance(value, Model):
            entered.add(id(value))
            stack.append(_places(attributes(value), path, path))
        elif isinstance(value, Mapping | list | tuple):
            entered.add(id(value))
            items = value if isinstance(value, Mapping) else dict(enumerate(value))
            stack.append(_places(items, path, owner))


def _places(
    items: Mapping[Any, Any], prefix: str, owner: str
) -> Iterator[tuple[str, Any, str]]:
    start = prefix + "." if prefix else ""
    for key, value in list(items.items()):
        yield f"{start}{key}", value, owner
