"""How wide a text is, without a browser: an upper bound for the fonts that pictures ask for.

The widths are those of DejaVu Sans, which is wider than Arial, Helvetica, Roboto, Segoe UI and
Noto Sans, rounded up to hundredths of the font's size.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

__all__ = ["clean", "shortened", "text_width"]

_GROUPS = {
    0.28: "'ijl",
    0.30: "IJ",
    0.32: " ,.·",
    0.34: "/:;\\|",
    0.37: "-f",
    0.40: "()[]tᵀ⌊⌋⌈⌉",
    0.42: "!r²³¹₀₁₂₃₄₅₆₇₈₉",
    0.46: '"',
    0.51: "*_`∥°",
    0.55: "cszε?∂⁻",
    0.58: "LFkνξΓχ",
    0.60: "vxyλγκ",
    0.62: "TYPaeoθδπτ",
    0.64: "$0123456789ESbdghnpqu{}σΣμ√βηρµ",
    0.69: "ABKVXZΔΛαφψ",
    0.75: "CNRUHΠΩ",
    0.79: "&DGOQΦΨΘ",
    0.84: "#+<=>^~w×÷−±∞≈≤≥≠←→ω∧∨¬≪≫⊗",
}
_WIDTH = {sign: width for width, signs in _GROUPS.items() for sign in signs}
_WIDE = 1.01  # of everything else


@lru_cache(maxsize=4096)
def _wide(sign: str) -> float:
    if unicodedata.category(sign) in ("Mn", "Me"):
        return 0.0
    return _WIDE


def text_width(text: str, size: float) -> float:
    """At most how wide ``text`` is in letters of ``size``, in the same unit."""
    return size * sum(_WIDTH.get(sign) or _wide(sign) for sign in text)


def shortened(text: str, size: float, room: float) -> str:
    """``text``, or as much of its beginning as fits into ``room``, with … at its end."""
    if text_width(text, size) <= room:
        return text
    used = text_width("…", size)
    kept = 0
    for sign in text:
        used += text_width(sign, size)
        if used > room:
            break
        kept += 1
    return text[:kept].rstrip() + "…"


def clean(text: str) -> str:
    """``text`` as one line that XML can hold and that reads in one direction.

    Control characters, halves of surrogate pairs and non-characters become �, white space of any
    kind a space; marks that change the direction of writing go.
    """
    found = []
    for sign in text:
        kind = unicodedata.category(sign)
        if sign.isspace():
            found.append(" ")
        elif kind in ("Cc", "Cs") or ord(sign) & 0xFFFE == 0xFFFE:
            found.append("�")
        elif kind != "Cf" or sign == "\u200d":  # which joins parts of one sign
            found.append(sign)
    return "".join(found)
