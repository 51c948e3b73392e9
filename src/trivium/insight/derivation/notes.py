"""What a derivation has to say beside its equations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..words import mark

__all__ = ["Note", "unreached"]


@dataclass(frozen=True)
class Note:
    """One remark: an English ``sentence`` (the key of its translation) about some ``names``."""

    sentence: str
    names: tuple[str, ...] = ()

    def said(self, translate: Callable[[str], str] = mark) -> str:
        """The sentence in the language of ``translate``, with the names in their place."""
        return translate(self.sentence).format(names=", ".join(self.names))

    def __str__(self) -> str:
        return self.said()


def unreached(names: tuple[str, ...]) -> Note:
    """No path leads from the loss to these parameters."""
    return Note(
        mark(
            "No gradient reaches {names}: the loss does not depend on it by any differentiable "
            "path."
        ),
        names,
    )
