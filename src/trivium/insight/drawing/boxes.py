"""How large boxes and the numbers on edges are, and what is written in them."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace

from trivium.engine.tensor import Tensor

from .graph import Box, Edge, Graph
from .layout import Place
from .metrics import clean, shortened, text_width
from .signs import words_of
from .values import Flowing
from .words import Summary, shape_text, summarise

__all__ = ["Face", "Numbers", "face_of", "numbers_of"]

LARGE, SIGN, SMALL, NAME, NOTE, VALUE = 17.0, 13.0, 11.0, 11.0, 10.5, 11.5  # sizes of letters
CELL = (4.0, 7.0)  # a cell of a strip
ABOVE, BELOW = 5.0, 9.0  # from the line of an edge to its numbers; room for the way back
_ROOM = 260.0  # no text is wider
_ROUND = 17.0  # radius of an operation with a short sign
_TITLE_LISTED = 12
_RANKS = ("1st", "2nd", "3rd", "4th", "5th", "later")


@dataclass(frozen=True)
class Face:
    """What is written in and under a box, its shape, and what it says when asked.

    ``width``, ``height``: of the shape, whose middle is on the line of the edges.
    """

    sign: str
    note: str
    names: str
    round: bool
    width: float
    height: float
    letters: float
    title: str

    @property
    def place(self) -> Place:
        """The room that it takes with what stands below it."""
        below = self.height / 2 + (NAME + 5 if self.names else 0)
        width = max(self.width, text_width(self.names, NAME))
        return Place(width, self.height / 2, below)


def face_of(box: Box, batch: int | None) -> Face:
    """How ``box`` looks; ``batch``: the size that is written n."""
    letters = SMALL if box.small or box.kind == "number" else SIGN
    sign = shortened(clean(box.sign), letters, _ROOM)
    note = shortened(clean(box.note or _parameters(box, batch)), NOTE, _ROOM)
    names = shortened(clean(", ".join(box.names)), NAME, _ROOM)
    wide = text_width(sign, letters)
    if box.kind == "operation" and not box.small and not note and wide <= 26:
        size = (2 * _ROUND, 2 * _ROUND)
        letters = LARGE if len(sign) == 1 else SIGN
    else:
        width = max(wide, text_width(note, NOTE)) + 18
        size = (width, (22 if letters == SMALL else 28) + (15 if note else 0))
    return Face(
        sign, note, names, size == (2 * _ROUND, 2 * _ROUND), *size, letters, _title(box, batch)
    )


def _parameters(box: Box, batch: int | None) -> str:
    found = []
    for each in box.parameters:
        if each.primitive.name == "variable":
            shape = f" {shape_text(each.shape, batch)}" if each.shape else ""
            found.append(f"{_last(each)}{shape}")
    return ", ".join(found)


def _last(leaf: Tensor) -> str:
    return (leaf.name or "parameter").rpartition(".")[2]


def _title(box: Box, batch: int | None) -> str:
    """Everything about a box that there is no room for in the picture."""
    lines = [f"{box.kind} {clean(box.sign)}"]
    if box.names:
        lines.append("named " + ", ".join(map(clean, box.names)))
    lines += [
        f"{clean(each.name or 'a value without a name')} {shape_text(each.shape, batch)}"
        for each in box.parameters
    ]
    members = [each for each in box.members if each.primitive.name != "label"]
    lines += [clean(words_of(each, batch)) for each in members[:_TITLE_LISTED]]
    if len(members) > _TITLE_LISTED:
        lines.append(f"and {len(members) - _TITLE_LISTED} more operations")
    return "\n".join(lines)


@dataclass(frozen=True)
class Numbers:
    """What stands on an edge: above it what goes forward, below it what comes back."""

    forward: Summary | None
    backward: Summary | None
    title: str

    @property
    def place(self) -> Place:
        """The room that it takes."""
        width = max(_wide(self.forward), _wide(self.backward))
        above = ABOVE + _high(self.forward) if self.forward else ABOVE
        below = BELOW + _high(self.backward) if self.backward else ABOVE
        return Place(width + 10, above, below)


def _wide(found: Summary | None) -> float:
    if found is None:
        return 0.0
    texts = (found.text, found.odd)
    return max(*(text_width(text, VALUE) for text in texts), CELL[0] * len(found.cells), 22.0)


def _high(found: Summary) -> float:
    """The height of the text, of the strip, and of the line about what is not finite."""
    strip = CELL[1] + 2 if found.cells else 0
    return strip + (VALUE + 2) * ((found.text != "") + (found.odd != ""))


def numbers_of(
    graph: Graph, flowing: Flowing, batch: int | None, turned: Set[int] = frozenset()
) -> list[Numbers]:
    """What stands on every edge; those in ``turned`` say which operand they are."""
    found = []
    for place, edge in enumerate(graph.edges):
        value, back = flowing.values[place], flowing.gradients[place]
        source, target = graph.boxes[edge.source], graph.boxes[edge.target]
        forward = backward = None
        if source.kind != "number":
            forward = _shape_only(edge, batch) if value is None else summarise(value)
            backward = None if back is None else summarise(back)
        words = [f"from {_called(source)} to {_called(target)}"]
        if place in turned:
            rank = _RANKS[min(edge.uses[0][1], len(_RANKS) - 1)]
            words[0] += f", the {rank} operand"
            if forward:
                forward = replace(forward, text=f"{rank}: {forward.text}")
        if forward and value is None:
            words.append(f"shape {forward.text or 'of a single number'}")
        elif forward:
            words.append(f"value {forward.whole}")
        if backward:
            words.append(f"gradient {backward.whole}")
        found.append(Numbers(forward, backward, "; ".join(words)))
    return found


def _shape_only(edge: Edge, batch: int | None) -> Summary | None:
    if edge.value.shape == ():
        return None
    text = shape_text(edge.value.shape, batch)
    return Summary(text, (), "", text)


def _called(box: Box) -> str:
    return clean(", ".join(box.names) or box.sign)
