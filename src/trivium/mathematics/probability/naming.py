"""Names that are not known, answered with those that are."""

from __future__ import annotations

from collections.abc import Iterable

from trivium.engine.errors import ArgumentError

__all__ = ["unknown_name"]


def unknown_name(what: str, name: object, names: Iterable[str]) -> ArgumentError:
    """The error for a ``name`` that is none of ``names``, with the nearest one."""
    from difflib import get_close_matches

    known = sorted(names)
    near = get_close_matches(str(name).strip().lower(), known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return ArgumentError(f"there is no {what} {name!r}{hint} Known: {', '.join(known)}")
