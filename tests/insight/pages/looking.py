"""What a test sees of a page that is open in a browser."""

import importlib.resources
from functools import cache
from typing import Any

# Text that a reader sees: no scripts, no MathML (which is there for screen readers), no code.
_VISIBLE = """
() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const parent = node.parentElement;
        if (!parent.closest("script, style, title, .katex-mathml, code, .skip")
                && parent.getClientRects().length) {
            found.push(node.data);
        }
    }
    return found.join(" ");
}
"""

# A character that no font has is drawn as one that Unicode promises never to define.
_TOFU = r"""
() => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 40;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const drawn = (font, sign) => {
        context.clearRect(0, 0, 40, 40);
        context.font = font;
        context.fillText(sign, 5, 28);
        return context.getImageData(0, 0, 40, 40).data.join();
    };
    const missing = new Map();
    const seen = new Set();
    const nothing = new Map();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const parent = node.parentElement;
        if (parent.closest("script, style, title, .katex-mathml")) {
            continue;
        }
        const style = getComputedStyle(parent);
        const font = `${style.fontStyle} ${style.fontWeight} 20px ${style.fontFamily}`;
        for (const sign of node.data) {
            if (/[\s\p{Z}\p{Cc}\p{Cf}]/u.test(sign) || seen.has(font + sign)) {
                continue;
            }
            seen.add(font + sign);
            if (!nothing.has(font)) {
                nothing.set(font, drawn(font, "\u{10FFFE}"));
            }
            if (drawn(font, sign) === nothing.get(font)) {
                missing.set(sign, font);
            }
        }
    }
    return [...missing].map(([sign, font]) => `${sign} in ${font}`);
}
"""


@cache
def axe_source() -> str:
    """axe-core, the accessibility checks of Deque Systems."""
    folder = importlib.resources.files("axe_playwright_python")
    return (folder / "axe.min.js").read_text(encoding="utf-8")


class Looked:
    """A page that has been loaded; what it asked for and complained about is kept."""

    def __init__(self, context: Any, address: str) -> None:
        self.address = address
        self.missing: list[str] | None = None
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page = context.new_page()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(address)
        self.page.evaluate("document.fonts.ready.then(() => true)")
        self.requests = [each for each in self.requests if not each.startswith("data:")]
        self.requests.remove(address)

    def rest(self, width: int, dark: bool) -> None:
        """As if it had just been opened: in a window of this size, nothing touched yet."""
        self.page.set_viewport_size({"width": width, "height": 740 if width < 600 else 900})
        self.page.emulate_media(color_scheme="dark" if dark else "light")
        if "#" in self.page.url:
            self.page.evaluate("location.hash = ''")
        self.page.evaluate(
            """() => {
                document.documentElement.removeAttribute("style");
                document.activeElement.blur();
                document.scrollingElement.scrollTo(0, 0);
                document.querySelector(".canvas")?.scrollTo(0, 0);
            }"""
        )
        self.page.mouse.click(2, 2)  # from where the next Tab leads to the first stop

    def visible_text(self) -> str:
        """The text that a reader sees, without code."""
        return str(self.page.evaluate(_VISIBLE))

    def missing_glyphs(self) -> list[str]:
        """Characters that are drawn as an empty box."""
        if self.missing is None:  # whatever the window and the colours
            self.missing = list(self.page.evaluate(_TOFU))
        return self.missing

    def fonts_of(self, selector: str) -> dict[str, int]:
        """The fonts that the text right in the elements is really drawn with, and how often."""
        self.page.evaluate(
            """selector => {
                for (const element of document.querySelectorAll(selector)) {
                    const nodes = [...element.childNodes];
                    const drawn = nodes.some(node => node.nodeType === 3 && node.data.trim());
                    element.toggleAttribute("data-drawn", drawn);
                }
            }""",
            selector,
        )
        session = self.page.context.new_cdp_session(self.page)
        session.send("DOM.enable")
        session.send("CSS.enable")
        root = session.send("DOM.getDocument")["root"]["nodeId"]
        drawn = {"nodeId": root, "selector": f":is({selector})[data-drawn]"}
        used: dict[str, int] = {}
        for node in session.send("DOM.querySelectorAll", drawn)["nodeIds"]:
            for font in session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]:
                used[font["familyName"]] = used.get(font["familyName"], 0) + font["glyphCount"]
        session.detach()
        return used

    def wider_than_the_window(self) -> int:
        """By how many CSS pixels the page must be scrolled sideways."""
        return int(
            self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        )

    def barriers(self) -> list[str]:
        """What axe finds that is serious or critical."""
        if not self.page.evaluate("typeof axe === 'object'"):
            self.page.evaluate(axe_source())
        result = self.page.evaluate("axe.run({ resultTypes: ['violations'] })")
        return [
            f"{each['impact']} {each['id']}: {node['html'][:160]} {node['failureSummary']}"
            for each in result["violations"]
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]

    def keys_of(self, selector: str) -> list[str]:
        """The ``data-key`` or the id of every element."""
        return list(
            self.page.evaluate(
                "s => [...document.querySelectorAll(s)].map(e => e.dataset.key || e.id)",
                selector,
            )
        )
