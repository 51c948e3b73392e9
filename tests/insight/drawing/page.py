"""What stands where in a picture, read from its SVG alone."""

import re
from dataclasses import dataclass
from itertools import combinations
from xml.etree import ElementTree

from trivium.insight.drawing.metrics import text_width

SVG = "{http://www.w3.org/2000/svg}"


@dataclass
class Text:
    """A text and the rectangle around it."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other):
        """Whether the rectangles have an area in common."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


def parsed(drawing):
    return ElementTree.fromstring(drawing.svg.encode("utf-8"))


def texts(root):
    """All texts with the room they take at most: letters from −0.75 to 0.22 of their size."""
    found = []

    def walk(node, dx, dy):
        moved = re.fullmatch(r"translate\(([\d.]+) ([\d.]+)\)", node.get("transform", ""))
        if moved:
            dx, dy = dx + float(moved[1]), dy + float(moved[2])
        if node.tag == f"{SVG}text":
            size = float(node.get("font-size"))
            wide = text_width(node.text or "", size)
            x, y = float(node.get("x")) + dx, float(node.get("y")) + dy
            left = x if node.get("class") in ("title", "key") else x - wide / 2
            found.append(
                Text(node.text or "", left, y - 0.75 * size, left + wide, y + 0.22 * size)
            )
        for child in node:
            walk(child, dx, dy)

    walk(root, 0.0, 0.0)
    return found


def overlaps(root):
    """Pairs of texts that stand on top of each other."""
    return [(a.text, b.text) for a, b in combinations(texts(root), 2) if a.meets(b)]


def cut_off(root):
    """Texts that reach out of the picture."""
    width, height = float(root.get("width")), float(root.get("height"))
    return [
        each.text
        for each in texts(root)
        if each.left < 0 or each.top < 0 or each.right > width or each.bottom > height
    ]
