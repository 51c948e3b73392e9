"""How a picture looks, in light and in dark surroundings.

Forward is blue and back is vermilion, after Okabe & Ito (2008), "Color universal design": they
differ for every kind of colour vision; both have a contrast of at least 4.5 to the ground (WCAG
2.2, 1.4.3). Strips run from vermilion (negative) over the ground (zero) to blue (positive).
"""

from __future__ import annotations

__all__ = ["STYLE"]

_LIGHT = {
    "ground": "#ffffff", "ink": "#1c2026", "quiet": "#5b6470", "line": "#8a94a0",
    "forward": "#00598f", "back": "#ad4300", "box": "#ffffff",
    "input": "#e3f4ec", "input-line": "#00734f", "parameter": "#e2effa",
    "parameter-line": "#00598f", "constant": "#f0f1f3", "layer": "#f6f1fb",
    "layer-line": "#7a4fa3", "odd": "#b00032", "n4": "#ad4300", "n3": "#d0672f", "n2": "#e69a6f",
    "n1": "#f4cdb6", "z0": "#eceef0", "p1": "#bcd9ee", "p2": "#7fb4dc", "p3": "#3f88bf",
    "p4": "#00598f",
}  # fmt: skip
_DARK = {
    "ground": "#14181d", "ink": "#e8ebef", "quiet": "#a4aeb9", "line": "#6f7a86",
    "forward": "#7cc3f2", "back": "#ffa668", "box": "#1d232a",
    "input": "#12352a", "input-line": "#4fcf9e", "parameter": "#12304a",
    "parameter-line": "#7cc3f2", "constant": "#262d35", "layer": "#2c2438",
    "layer-line": "#c3a1e6", "odd": "#ff7d9c", "n4": "#ffa668", "n3": "#d27a3f", "n2": "#97562c",
    "n1": "#5c3a25", "z0": "#2a3138", "p1": "#26435a", "p2": "#386d94", "p3": "#559bcc",
    "p4": "#7cc3f2",
}  # fmt: skip

_ROOT = ".trivium-drawing"
_FONT = (
    'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Noto Sans",'
    '"DejaVu Sans","Noto Sans CJK SC","Microsoft YaHei","PingFang SC",sans-serif'
)


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in colours.items())


_RULES = [
    ("", f"font-family:{_FONT};font-variant-numeric:tabular-nums"),
    (" text", "fill:var(--ink);text-anchor:middle"),
    (" .ground", "fill:var(--ground)"),
    (" .shape", "fill:var(--box);stroke:var(--ink);stroke-width:1.4"),
    (" .input .shape", "fill:var(--input);stroke:var(--input-line)"),
    (" .parameter .shape", "fill:var(--parameter);stroke:var(--parameter-line)"),
    (" .constant .shape,ROOT .number .shape", "fill:var(--constant);stroke:var(--line)"),
    (" .layer .shape", "fill:var(--layer);stroke:var(--layer-line)"),
    (" .output .shape", "stroke-width:2.4"),
    (" .small .shape,ROOT .number .shape", "stroke:var(--line);stroke-width:1"),
    (" .note,ROOT .name,ROOT .key", "fill:var(--quiet)"),
    (" .name", "font-style:italic"),
    (" .line", "fill:none;stroke:var(--line);stroke-width:1.5"),
    (" .tip", "fill:var(--line)"),
    (" .back", "fill:none;stroke:var(--back);stroke-width:1.2"),
    (" .backtip", "fill:var(--back)"),
    (" text.value", "fill:var(--forward)"),
    (" text.gradient", "fill:var(--back)"),
    (" text.odd", "fill:var(--odd);font-weight:700"),
    (" .title", "font-weight:600;text-anchor:start"),
    (" .key", "text-anchor:start"),
    (" .cx", "fill:var(--odd)"),
    *((f" .c{shade}", f"fill:var(--{shade})")
      for shade in ("n4", "n3", "n2", "n1", "z0", "p1", "p2", "p3", "p4")),
]  # fmt: skip

#: The style sheet; its rules speak of nothing outside pictures.
STYLE = (
    f"{_ROOT}{{{_variables(_LIGHT)}}}"
    f"@media(prefers-color-scheme:dark){{{_ROOT}{{{_variables(_DARK)}}}}}"
    + "".join(f"{_ROOT}{tail.replace('ROOT', _ROOT)}{{{rule}}}" for tail, rule in _RULES)
)
