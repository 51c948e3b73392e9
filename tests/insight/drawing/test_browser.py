"""Pictures in a real browser: nothing overlaps, nothing is cut off, no glyph is missing."""

import numpy as np
import pytest

import trivium as tv

MEASURE = """
() => {
  const svg = document.querySelector("svg.trivium-drawing");
  const frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll("text")].map(each => {
    const room = each.getBoundingClientRect();
    return {text: each.textContent, left: room.left, right: room.right,
            top: room.top, bottom: room.bottom, fill: getComputedStyle(each).fill};
  });
  return {texts, left: frame.left, right: frame.right, top: frame.top, bottom: frame.bottom,
          ground: getComputedStyle(svg.querySelector(".ground")).fill};
}
"""


def pictures():
    x = tv.variable(np.linspace(-2, 2, 30).reshape(6, 5), name="特征 x")
    w = tv.variable(np.linspace(1, -1, 10).reshape(5, 2), name="weight & <bias>")
    z = tv.label(x @ w, "z[1]")
    odd = tv.tensor(np.array([1.0, np.nan, np.inf, 3.0, 4.0]), name="WWWWWWWWWWWWWWWWWWWWWWWW")
    yield tv.insight.draw(tv.label((tv.array.sigmoid(z) * 2 - z).sum() + odd.sum(), "损失 ∂²"))
    data = tv.data.load("iris")
    fit = tv.fit(
        tv.models.MLP(hidden=[6, 5]), tv.objectives.CrossEntropy() + 0.1 * tv.objectives.L2(),
        tv.algorithms.Adam(), data, epochs=1, progress=False,
    )  # fmt: skip
    for detail in ("operation", "value", "layer"):
        yield tv.insight.draw(fit, detail=detail)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_in_a_browser(browser, scheme):
    page = browser.new_page(color_scheme=scheme)
    grounds = set()
    for drawing in pictures():
        page.set_content(f"<!doctype html><body>{drawing.svg}</body>")
        found = page.evaluate(MEASURE)
        grounds.add(found["ground"])
        texts = found["texts"]
        assert len(texts) == drawing.svg.count("<text")
        for each in texts:
            assert each["left"] >= found["left"] - 0.5, each["text"]
            assert each["right"] <= found["right"] + 0.5, each["text"]
            assert each["top"] >= found["top"] and each["bottom"] <= found["bottom"]
            assert each["fill"] != found["ground"], each["text"]
        for i, a in enumerate(texts):
            for b in texts[i + 1 :]:
                # Line boxes are a little higher than the letters in them.
                apart = (
                    a["right"] <= b["left"] or b["right"] <= a["left"]
                    or a["bottom"] - 3 <= b["top"] or b["bottom"] - 3 <= a["top"]
                )  # fmt: skip
                assert apart, (a["text"], b["text"])
    assert grounds == {{"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 29)"}[scheme]}
    page.close()


def test_every_letter_has_a_glyph(browser):
    """A missing glyph is drawn like a character that no font has."""
    page = browser.new_page()
    page.set_content("<!doctype html><body></body>")
    signs = "+−×÷√²ʸσΣΠ⌊⌋∧∨¬≤≥≠≪≫⊗∂±∞⁻¹ᵀᴬ⁺₁₀₂Γψλᵢ…"
    missing = page.evaluate(
        """signs => {
          const draw = text => {
            const canvas = document.createElement("canvas");
            canvas.width = canvas.height = 40;
            const pen = canvas.getContext("2d");
            pen.font = "26px system-ui, 'Noto Sans', 'DejaVu Sans', sans-serif";
            pen.fillText(text, 4, 30);
            return canvas.toDataURL();
          };
          const none = draw(String.fromCodePoint(0x10fff0));
          return [...signs].filter(sign => draw(sign) === none || draw(sign) === draw(" "));
        }""",
        signs,
    )
    assert missing == []
    page.close()


def test_nothing_is_serious_to_people_who_do_not_see(browser):
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page()
    drawing = next(pictures())
    page.set_content(
        f'<!doctype html><html lang="en"><title>t</title><main><h1>h</h1>{drawing.svg}</main>'
    )
    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
    page.close()
