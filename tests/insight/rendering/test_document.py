"""Derivations as documents that compile, as fragments, and as text for terminals."""

from __future__ import annotations

import re
import shutil
import subprocess
import time

import numpy as np
import pytest

import trivium as tv
from tests.insight.rendering.test_latex import COMMANDS
from trivium.engine.errors import ArgumentError
from trivium.insight.rendering.document import document, fragment, prose
from trivium.insight.rendering.plain import plain
from trivium.insight.rendering.text import columns

m = tv.array
rng = np.random.default_rng(0)
X, CLASSES, REAL = rng.normal(size=(6, 4)), np.array([0, 1, 2, 1, 0, 2]), rng.normal(size=6)
WILD = "a_b %c& d#e $f~ g^h\\ i{j} k<l> 损失"


class Recurrent(tv.Model):
    def __init__(self):
        self.into, self.around = tv.parameter((3, 4)), tv.parameter((4, 4))
        self.out = tv.parameter((4,))

    def __call__(self, x):
        step = lambda h, each: (m.tanh(each @ self.into + h @ self.around), None)  # noqa: E731
        start = m.zeros((x.shape[0], 4), dtype=x.dtype)
        return tv.scan(step, start, m.permute_dims(x, (1, 0, 2)))[0] @ self.out


class Wild(tv.Model):
    """Names that people may give, with every character that means something to TeX."""

    def __init__(self):
        self.weight = tv.parameter((4, 5))
        self.last = tv.parameter((5,))

    def __call__(self, x):
        return tv.label(m.sin(x @ self.weight), WILD) @ self.last


def wide(x, **weights):
    """A sum that is far wider than a page."""
    terms = [w * m.sin((i + 1) * x[:, i % 4]) for i, w in enumerate(weights.values())]
    return m.exp(sum(terms[1:], terms[0])) / sum(m.square(each) for each in terms)


O, M = tv.objectives, tv.models
SUBJECTS = {
    "ridge": lambda: (M.Linear(), O.SquaredError() + 0.1 * O.L2(), (X, REAL)),
    "network": lambda: (
        M.MLP(hidden=[5, 4], activation="relu"),
        O.CrossEntropy() + 1e-4 * O.L2(),
        (X, CLASSES),
    ),
    "loop": lambda: (Recurrent(), O.SquaredError(), (rng.normal(size=(6, 7, 3)), REAL)),
    "wild names": lambda: (Wild(), O.Huber(), (X, REAL)),
    "wide": lambda: (
        M.Formula(wide, **{f"weight_{i}": 0.1 * i for i in range(12)}),
        O.AbsoluteError(),
        (X, REAL),
    ),
}
_MADE: dict = {}


def derivation(name, data=True):
    if (name, data) not in _MADE:
        model, objective, pair = SUBJECTS[name]()
        _MADE[name, data] = tv.insight.derive(model, objective, pair)
    return _MADE[name, data]


# --- documents ----------------------------------------------------------------------------------


def compiled(source, engine, folder):
    """The log, and the number of pages."""
    (folder / "it.tex").write_text(source, encoding="utf-8")
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "it.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-1500:]
    log = (folder / "it.log").read_text(encoding="utf-8", errors="replace")
    info = subprocess.run(["pdfinfo", "it.pdf"], cwd=folder, capture_output=True, check=True)
    return log, int(re.search(r"Pages:\s+(\d+)", info.stdout.decode())[1])


def needs(*programs):
    missing = [each for each in programs if shutil.which(each) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


@pytest.mark.parametrize(
    ("name", "engine", "lang"),
    [
        ("ridge", "pdflatex", "en"),
        ("network", "pdflatex", "en"),
        ("loop", "pdflatex", "en"),
        ("wide", "pdflatex", "en"),
        ("wild names", "pdflatex", "en"),
        ("network", "xelatex", "zh"),
    ],
)
def test_documents_compile_and_fit_on_the_page(name, engine, lang, tmp_path):
    needs(engine, "pdfinfo")
    log, pages = compiled(derivation(name).latex(lang=lang), engine, tmp_path)
    assert pages > 0
    wide_by = [float(each) for each in re.findall(r"Overfull \\hbox \((\d+\.?\d*)pt", log)]
    assert max(wide_by, default=0.0) <= 20.0
    if engine == "xelatex":
        assert "Missing character" not in log


def test_a_document_says_the_steps_the_equations_and_the_numbers():
    source = derivation("network").latex()
    d = derivation("network")
    assert source.count(r"\begin{align}") == 1 + len(d.backward)
    assert r"\textbf{Model}: MLP(hidden=[5, 4])" in source
    assert r"P = \operatorname{softmax}(z^{[3]})" not in source  # aligned at the sign
    assert r"P &= \operatorname{softmax}(z^{[3]})" in source
    assert (
        r"\Delta^{[3]} = \frac{\partial L}{\partial z^{[3]}} &= \frac{1}{n} (P - Y)" in source
    )
    assert r"\ln P_{i, y_i}" in source
    assert r"\shape{n \times 5}" in source
    assert "Softmax with cross-entropy" in source
    assert r"Reused from the forward pass: $P$, $Y$." in source
    assert source.count("agree") == len(d.backward)


def test_without_data_there_are_no_numbers():
    model, objective = M.MLP(hidden=[3], activation="tanh"), O.CrossEntropy()
    d = tv.insight.derive(model, objective, features=4, outputs=3)
    assert "Numbers" not in document(d) and "Numbers" not in plain(d)


def test_chinese_documents_are_chinese():
    source = derivation("network").latex(lang="zh")
    for words in ("前向传播", "反向传播", "模型", "目标函数", "对批次求和", "样本数", "xeCJK"):
        assert words in source
    for words in ("Forward pass", "Model", "chain rule", "Reused", "agree", "parameter}"):
        assert words not in source


def test_unknown_languages_are_refused():
    with pytest.raises(ArgumentError, match="xx"):
        derivation("ridge").latex(lang="xx")
    with pytest.raises(ArgumentError, match="xx"):
        derivation("ridge").text(lang="xx")


def test_names_of_users_are_printed_as_they_are(tmp_path):
    needs("xelatex", "pdftotext", "pdfinfo")
    log, _ = compiled(derivation("wild names").latex(), "xelatex", tmp_path)
    assert "Missing character" not in log
    command = ["pdftotext", "-layout", "it.pdf", "-"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    words = re.sub(r"\s", "", done.stdout.decode())
    assert re.sub(r"\s", "", WILD) in words


def test_prose_sets_mathematical_signs_as_mathematics():
    assert prose("r² is 2r, ⟨∇L, v⟩") == (
        r"r\textsuperscript{2} is 2r, \ensuremath{\langle}\ensuremath{\nabla}L, "
        r"v\ensuremath{\rangle}"
    )
    assert prose("50 % of a_b") == r"50 \% of a\_b"


@pytest.mark.parametrize("name", SUBJECTS)
def test_fragments_are_one_formula_that_notebooks_read(name):
    made = fragment(derivation(name))
    assert made.startswith("$$\n\\begin{aligned}") and made.endswith("\\end{aligned}\n$$")
    inside = made[2:-2]
    assert "$" not in inside.replace(r"\$", "")
    plain_part = re.sub(r"\\text\{(?:\\.|[^{}]|\{\})*\}", "", inside)
    assert set(re.findall(r"\\(?:[A-Za-z]+|.)", plain_part)) <= COMMANDS | {"\\\n"}
    assert inside.count(r"\begin{aligned}") == 1


def test_a_deep_network_is_written_in_a_moment():
    d = tv.insight.derive(
        M.MLP(hidden=[8] * 9, activation="tanh"), O.CrossEntropy(), features=8, outputs=3
    )
    start = time.perf_counter()
    made = document(d), plain(d), fragment(d)
    assert all(made) and time.perf_counter() - start < 30  # seconds; 0.2 s on a quiet machine


# --- terminals ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [60, 100])
def test_text_keeps_to_the_width_and_has_no_control_characters(name, lang, width):
    shown = plain(derivation(name), lang, width)
    assert all(sign == "\n" or sign.isprintable() for sign in shown)
    lines = shown.splitlines()
    too_wide = [line for line in lines if columns(line) > width + 20]
    assert not too_wide
    assert sum(columns(line) > width for line in lines) <= len(lines) / 20
    assert not any(line != line.rstrip() for line in lines)


def test_text_says_what_the_document_says():
    d = derivation("network")
    shown = d.text(width=90)
    assert str(d).splitlines()[0] == shown.splitlines()[0]
    for line in (
        "(1)  z[1] = X W[1] + 𝟏 b[1]ᵀ",
        "(8)  L = −(1/n) Σᵢ₌₁ⁿ ln P[i, yᵢ] + 10⁻⁴ (‖W[1]‖_F² + ‖W[2]‖_F² + ‖W[3]‖_F²)",
        "(9)  Δ[3] = ∂L/∂z[3] = (1/n) (P − Y)",
        "∂L/∂W[1] = 2 · 10⁻⁴ W[1] + Xᵀ Δ[1]",
        "Softmax with cross-entropy. The logarithm",
        "Reused from the forward pass: P, Y.",
    ):
        assert line in shown
    assert shown.count("agree") == len(d.backward)
    assert "(n, 5)" in shown


def test_names_cannot_steer_the_terminal_or_end_a_line():
    class Hostile(tv.Model):
        def __init__(self):
            self.w = tv.parameter((4,))

        def __call__(self, x):
            return tv.label(m.sin(x @ self.w), "a\x1b[31mb\nc\u202e\t$x$")

    d = tv.insight.derive(Hostile(), O.SquaredError(), (X, REAL))
    for shown in (d.text(width=80), d.latex(), fragment(d)):
        assert all(sign == "\n" or sign.isprintable() for sign in shown)
    assert "a�[31mb�c��$x$ = sin" in d.text(width=80)


def test_text_of_loops_is_a_recurrence():
    shown = derivation("loop").text(width=90)
    assert re.search(r"(\w)ₜ = tanh\(x\[:, t\] into \+ \1ₜ₋₁ around\), t = 1, …, 7", shown)
    assert "t = 7, …, 1" in shown


def test_a_narrow_terminal_is_as_wide_as_a_line_needs():
    assert plain(derivation("ridge"), width=3) == plain(derivation("ridge"), width=40)
