"""A laid out graph as one SVG document (W3C SVG 1.1, with ARIA roles of SVG 2)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from .boxes import ABOVE, BELOW, CELL, NAME, NOTE, VALUE, Face, Numbers, face_of, numbers_of
from .graph import Box, Graph
from .layout import Layout, Order, arrange, order
from .metrics import clean, shortened, text_width
from .signs import is_symmetric
from .style import STYLE
from .values import Flowing
from .words import SHADES, Summary

__all__ = ["render"]

_MARGIN = 20.0
_TITLE, _KEY = 14.0, 11.0
_LEAST_WIDTH = 340.0
_TIP = 7.0
_RISE = 0.35  # from the middle of letters to their baseline, as a share of their size


def render(
    graph: Graph,
    flowing: Flowing,
    *,
    title: str,
    notes: Sequence[str],
    of: str | None,
    batch: int | None,
) -> tuple[str, Layout]:
    """The picture and where things lie in it.

    ``of``: the name of what the gradients are of. ``batch``: the size that is written n.
    """
    faces = [face_of(box, batch) for box in graph.boxes]
    ordered = order(len(faces), [(edge.source, edge.target) for edge in graph.edges])
    numbers = numbers_of(graph, flowing, batch, _turned(graph, ordered))
    layout = arrange(ordered, [face.place for face in faces], [each.place for each in numbers])
    width = max(layout.width, _LEAST_WIDTH)
    heading = shortened(clean(title), _TITLE, width)
    top = _MARGIN + _TITLE + 14
    key = _key(numbers, of, notes, width)
    height = top + layout.height + 16 + len(key) * (_KEY + 5) + _MARGIN
    body = [_edge(i, graph, layout, faces, numbers[i]) for i in range(len(graph.edges))] + [
        _box(i, graph.boxes[i], faces[i], layout) for i in range(len(graph.boxes))
    ]
    bottom = top + layout.height + 16
    lines = [
        _text(_MARGIN, bottom + (i + 1) * (_KEY + 5) - 5, line, _KEY, "key")
        for i, line in enumerate(key)
    ]
    inside = "\n".join(
        [
            f'<rect class="ground" width="{_n(width + 2 * _MARGIN)}" height="{_n(height)}"/>',
            _text(_MARGIN, _MARGIN + _TITLE - 3, heading, _TITLE, "title"),
            f'<g transform="translate({_n(_MARGIN)} {_n(top)})">',
            *body,
            "</g>",
            *lines,
        ]
    )
    described = f"{len(graph.boxes)} boxes and {len(graph.edges)} edges. " + " ".join(key)
    return _document(inside, clean(title), described, width + 2 * _MARGIN, height), layout


def _turned(graph: Graph, ordered: Order) -> set[int]:
    """The edges to operations that are not symmetric and whose operands changed places."""
    into: dict[int, list[int]] = {}
    for place, edge in enumerate(graph.edges):
        if edge.uses and graph.level == "operation" and not is_symmetric(edge.uses[0][0]):
            into.setdefault(edge.target, []).append(place)
    found: set[int] = set()
    for edges in into.values():
        written = sorted(edges, key=lambda place: graph.edges[place].uses[0][1])
        if not all(ordered.above(a, b) for a, b in pairwise(written)):
            found.update(edges)
    return found


def _document(inside: str, title: str, described: str, width: float, height: float) -> str:
    # Names that differ between pictures, for several may stand in one page.
    name = "trivium-" + hashlib.sha256((title + inside).encode()).hexdigest()[:10]
    size = f'width="{_n(width)}" height="{_n(height)}" viewBox="0 0 {_n(width)} {_n(height)}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="trivium-drawing" {size} '
        f'role="graphics-document document" aria-labelledby="{name}-title {name}-desc">\n'
        f'<title id="{name}-title">{escape(title)}</title>\n'
        f'<desc id="{name}-desc">{escape(described)}</desc>\n'
        f"<style>{STYLE}</style>\n{inside}\n</svg>\n"
    )


def _n(value: float) -> str:
    """A coordinate with one decimal."""
    return f"{value:.1f}".removesuffix(".0").replace("-0.0", "0")


def _text(x: float, y: float, text: str, size: float, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}">{escape(text)}</text>'


def _group(kind: str, title: str, parts: Iterable[str], names: Sequence[str] = ()) -> str:
    """A part of the picture that says what it is, to the pointer and to screen readers."""
    data = f" data-name={quoteattr(names[0])}" if names else ""
    spoken = quoteattr(title.replace("\n", "; "))
    opening = f'<g class="{kind}" role="img" aria-label={spoken}{data}>'
    return "".join([opening, f"<title>{escape(title)}</title>", *parts, "</g>"])


# Boxes.


def _box(place: int, box: Box, face: Face, layout: Layout) -> str:
    x, y = layout.x[place], layout.y[place]
    wide, high = face.width, face.height
    if face.round:
        parts = [f'<circle class="shape" cx="{_n(x)}" cy="{_n(y)}" r="{_n(wide / 2)}"/>']
    else:
        corner = 5 if box.kind in ("operation", "value", "layer") else high / 2
        parts = [
            f'<rect class="shape" x="{_n(x - wide / 2)}" y="{_n(y - high / 2)}" '
            f'width="{_n(wide)}" height="{_n(high)}" rx="{_n(corner)}"/>'
        ]
    middle = y - (7.5 if face.note else 0)
    parts.append(_text(x, middle + _RISE * face.letters, face.sign, face.letters, "sign"))
    if face.note:
        parts.append(_text(x, middle + 15 + _RISE * NOTE, face.note, NOTE, "note"))
    if face.names:
        parts.append(_text(x, y + high / 2 + NAME + 2, face.names, NAME, "name"))
    kind = f"box {box.kind}" + (" small" if box.small else "")
    return _group(kind, face.title, parts, _names(box))


def _names(box: Box) -> list[str]:
    """The user's names of what a box stands for."""
    if box.kind in ("number", "operation"):
        return [clean(each) for each in box.names]
    return [clean(box.sign)]


# Edges and the numbers on them.


def _edge(
    place: int, graph: Graph, layout: Layout, faces: Sequence[Face], numbers: Numbers
) -> str:
    edge = graph.edges[place]
    route = layout.routes[place]
    start = layout.x[edge.source] + faces[edge.source].width / 2
    end = layout.x[edge.target] - faces[edge.target].width / 2
    height = route[0][1]
    way = [f"M{_n(start)} {_n(height)}"]
    for (before, from_), (after, to) in pairwise(route):
        left, right = layout.sides[before][1], layout.sides[after][0]
        middle = (left + right) / 2
        way.append(f"H{_n(left)}")
        if abs(to - from_) < 0.05:
            way.append(f"H{_n(right)}")
        else:
            bend = f"{_n(middle)} {_n(from_)} {_n(middle)} {_n(to)} {_n(right)} {_n(to)}"
            way.append(f"C{bend}")
    way.append(f"H{_n(end - _TIP + 1)}")
    last = route[-1][1]
    parts = [f'<path class="line" d="{"".join(way)}"/>', _tip(end, last, -_TIP, "tip")]
    x, y = layout.x[len(graph.boxes) + place], layout.y[len(graph.boxes) + place]
    if numbers.forward:
        parts += _summary(numbers.forward, x, y - ABOVE, -1, "value")
    if numbers.backward:
        half = numbers.place.width / 2 - 5
        line = y + 5
        parts.append(f'<path class="back" d="M{_n(x + half)} {_n(line)}H{_n(x - half + 4)}"/>')
        parts.append(_tip(x - half, line, 6, "backtip", 2.6))
        parts += _summary(numbers.backward, x, y + BELOW, 1, "gradient")
    return _group("edge", numbers.title, parts)


def _tip(x: float, y: float, length: float, kind: str, half: float = 3.4) -> str:
    back = _n(x + length)
    corners = f"M{_n(x)} {_n(y)}L{back} {_n(y - half)}L{back} {_n(y + half)}z"
    return f'<path class="{kind}" d="{corners}"/>'


def _summary(found: Summary, x: float, y: float, way: int, kind: str) -> list[str]:
    """Strip, text and warning, from the line outwards (``way``: -1 up, 1 down)."""
    parts = []
    if found.cells:
        parts.append(_strip(found.cells, x, y - CELL[1] if way < 0 else y))
        y += way * (CELL[1] + 2)
    for text, style in ((found.text, kind), (found.odd, f"{kind} odd")):
        if text:
            baseline = y - 3 if way < 0 else y + VALUE - 1.5
            parts.append(_text(x, baseline, text, VALUE, style))
            y += way * (VALUE + 2)
    return parts


def _strip(cells: Sequence[int | None], x: float, y: float) -> str:
    """The cells of a strip, those of one shade as one path."""
    wide, high = CELL
    left = x - wide * len(cells) / 2
    shades: dict[str, list[str]] = {}
    for i, shade in enumerate(cells):
        piece = f"M{_n(left + i * wide)} {_n(y)}h{_n(wide)}v{_n(high)}h-{_n(wide)}z"
        shades.setdefault(_shade(shade), []).append(piece)
    return "".join(f'<path class="{name}" d="{"".join(d)}"/>' for name, d in shades.items())


def _shade(shade: int | None) -> str:
    if shade is None:
        return "cx"
    return f"c{'n' if shade < 0 else 'p' if shade else 'z'}{min(abs(shade), SHADES)}"


# What stands below the picture.


def _key(
    numbers: Sequence[Numbers], of: str | None, notes: Sequence[str], width: float
) -> list[str]:
    found = []
    if any(each.forward and each.forward.whole for each in numbers):
        found.append("Above an edge: the value that goes forward.")
    if of is not None:
        found.append(f"Below it: the gradient that comes back, ∂ {clean(of)} / ∂ (the value).")
    if any(each.forward and each.forward.cells for each in numbers):
        found.append(
            "Arrays: shape, mean ± standard deviation, and a strip of up to 24 elements, from "
            "orange (negative) to blue (positive), strongest at the largest magnitude."
        )
    found += [
        f"Note: {clean(each)}." if not each.endswith(".") else f"Note: {clean(each)}"
        for each in notes
    ]
    return [line for text in found for line in _wrapped(text, width)]


def _wrapped(text: str, width: float) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, _KEY) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return [shortened(line, _KEY, width) for line in lines]
