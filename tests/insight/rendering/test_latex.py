"""Expressions as LaTeX and as text: textbook forms, brackets, signs, numbers, names."""

from __future__ import annotations

import gettext
import itertools
import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trivium as tv
from tests.engine.native.random_graphs import graphs as random_graphs
from tests.insight.rendering.symbols_by_hand import BATCH, Names
from trivium.engine.errors import ArgumentError
from trivium.engine.primitive import Unsupported, table
from trivium.engine.primitives.contraction import contraction
from trivium.engine.primitives.control import results
from trivium.engine.tensor import input as leaf
from trivium.engine.tensor import node
from trivium.insight.derivation import textbook
from trivium.insight.derivation.symbols import Symbol, Symbols
from trivium.insight.rendering import katex
from trivium.insight.rendering.latex import escaped, latex
from trivium.insight.rendering.notation import parse
from trivium.insight.rendering.text import columns, text
from trivium.insight.words import CATALOGUES

m = tv.array
q = Names()
t_, T_ = (1,), (0,)


LONG = m.softplus(q.t) * m.atan(q.yhat) * m.cos(q.t * q.yhat)
STEPS = m.permute_dims(q.S, (1, 0, 2))


def loop(reverse=False):
    step = lambda h, x: (m.tanh(x @ q.U + h @ q.V),) * 2  # noqa: E731
    start = m.zeros((BATCH, 4))
    return tv.scan(step, start, m.permute_dims(q.S, (1, 0, 2)), reverse=reverse)


# name: (expression, LaTeX, text)
FORMS = {
    "affine": (q.X @ q.W + q.b, r"X W^{[1]} + \mathbf{1} b^{[1] \top}", "X W[1] + 𝟏 b[1]ᵀ"),
    "column": (q.z * q.t[:, None], r"z^{[1]} \odot (t \mathbf{1}^\top)", "z[1] ⊙ (t 𝟏ᵀ)"),
    "function": (m.sigmoid(q.z), r"\sigma(z^{[1]})", "σ(z[1])"),
    "no brackets": (m.log(q.P), r"\ln P", "ln P"),
    "brackets": (m.log(q.P * q.Y), r"\ln(P \odot Y)", "ln(P ⊙ Y)"),
    "nested": (m.sin(m.cos(q.t)), r"\sin(\cos t)", "sin(cos t)"),
    "function last": (m.log(q.P) * q.Y, r"Y \odot \ln P", "Y ⊙ ln P"),
    "softmax error": ((q.P - q.Y) / q.n, r"\frac{1}{n} (P - Y)", "(1/n) (P − Y)"),
    "minus in front": (-(q.P - q.Y) / q.n, r"-\frac{1}{n} (P - Y)", "−(1/n) (P − Y)"),
    "signs cancel": (q.z - (-q.P), r"z^{[1]} + P", "z[1] + P"),
    "minus a sum": (q.z - (q.P - q.Y), r"z^{[1]} - (P - Y)", "z[1] − (P − Y)"),
    "sums join": (q.z + (q.P + q.Y), r"z^{[1]} + P + Y", "z[1] + P + Y"),
    "fraction": (2 * (q.yhat - q.t) / q.n, r"\frac{2}{n} (\hat{y} - t)", "(2/n) (ŷ − t)"),
    "numbers first": (q.P * -q.Y * 0.2, r"-0.2 P \odot Y", "−0.2 P ⊙ Y"),
    "scalars first": (q.z * q.lam * 3, r"3 \lambda z^{[1]}", "3 λ z[1]"),
    "small number": (1e-4 * q.W, r"10^{-4} W^{[1]}", "10⁻⁴ W[1]"),
    "small product": (2e-4 * q.W, r"2 \cdot 10^{-4} W^{[1]}", "2 · 10⁻⁴ W[1]"),
    "half a circle": (math.pi / 2 * q.t, r"\frac{\pi}{2} t", "(π/2) t"),
    "square of a sum": ((q.yhat - q.t) ** 2, r"(\hat{y} - t)^2", "(ŷ − t)²"),
    "square of a matrix": (q.P**2, "P^2", "P²"),
    "power of a power": (
        m.pow(m.pow(q.t, q.yhat), q.yhat),
        r"(t^{\hat{y}})^{\hat{y}}",
        "(t^ŷ)^ŷ",
    ),
    "script on script": (m.square(q.z), "(z^{[1]})^2", "z[1]²"),
    "negative base": (m.square(-q.t), "(-t)^2", "(−t)²"),
    "exponent": (m.exp(-q.c), r"e^{-c}", "e⁻ᶜ"),
    "density": (
        m.exp(-m.square(q.t) / 2) / math.sqrt(2 * math.pi),
        r"\frac{1}{\sqrt{2 \pi}} \exp\left( -\frac{1}{2} t^2 \right)",
        "(1/√(2 π)) exp(−(1/2) t²)",
    ),
    "squared error": (
        m.sum((q.yhat - q.t) ** 2) / q.n,
        r"\frac{1}{n} \lVert \hat{y} - t \rVert^2",
        "(1/n) ‖ŷ − t‖²",
    ),
    "penalty": (
        0.5 * q.lam * m.sum(q.W * q.W),
        r"\frac{\lambda}{2} \lVert W^{[1]} \rVert_F^2",
        "(λ/2) ‖W[1]‖_F²",
    ),
    "lasso": (
        0.1 * m.sum(m.abs(q.w)),
        r"0.1 \sum_{i = 1}^3 \left| w_i \right|",
        "0.1 Σᵢ₌₁³ |wᵢ|",
    ),
    "likelihood": (
        -m.sum(q.Y * m.log(q.P)) / q.n,
        r"-\frac{1}{n} \sum_{i = 1}^n \sum_{j = 1}^4 Y_{i j} \ln P_{i j}",
        "−(1/n) Σᵢ₌₁ⁿ Σⱼ₌₁⁴ Yᵢⱼ ln Pᵢⱼ",
    ),
    "cross-entropy": (
        -m.sum(textbook.pick(textbook.log_softmax(q.z, axes=t_), q.y)) / q.n,
        r"-\frac{1}{n} \sum_{i = 1}^n \ln \operatorname{softmax}(z^{[1]})_{i, y_i}",
        "−(1/n) Σᵢ₌₁ⁿ ln softmax(z[1])[i, yᵢ]",
    ),
    "log-sum-exp": (
        m.sum(textbook.log_sum_exp(q.z, axes=t_) - textbook.pick(q.z, q.y)) / q.n,
        r"\frac{1}{n} \sum_{i = 1}^n \left( \ln \sum_j e^{z_{i j}^{[1]}} - z_{i, y_i}^{[1]} "
        r"\right)",
        "(1/n) Σᵢ₌₁ⁿ (ln Σⱼ e^(z[1]ᵢⱼ) − z[1][i, yᵢ])",
    ),
    "weight gradient": (q.X.T @ q.D, r"X^\top \Delta^{[2]}", "Xᵀ Δ[2]"),
    "bias gradient": (q.D.sum(axis=0), r"\Delta^{[2] \top} \mathbf{1}", "Δ[2]ᵀ 𝟏"),
    "row sums": (q.D.sum(axis=1), r"\Delta^{[2]} \mathbf{1}", "Δ[2] 𝟏"),
    "matrix in a product": (
        (q.D @ q.V.T) * textbook.step(q.z),
        r"(\Delta^{[2]} V^\top) \odot \mathbb{1}[z^{[1]} > 0]",
        "(Δ[2] Vᵀ) ⊙ 𝟙[z[1] > 0]",
    ),
    "product in a matrix product": ((q.D * q.P) @ q.V, r"(\Delta^{[2]} \odot P) V", None),
    "chain of matrices": (q.X @ (q.W @ q.V), r"X W^{[1]} V", "X W[1] V"),
    "gradient in a product": (
        q.dW * q.W,
        r"(\partial L / \partial W^{[1]}) \odot W^{[1]}",
        "(∂L/∂W[1]) ⊙ W[1]",
    ),
    "inner product": (q.w @ q.w, r"w^\top w", "wᵀ w"),
    "matrix and vector": (q.X @ q.w, "X w", "X w"),
    "vector and matrix": (q.t @ q.X, r"X^\top t", "Xᵀ t"),
    "outer product": (m.tensordot(q.t, q.w, axes=0), r"t w^\top", "t wᵀ"),
    "transposed product": ((q.X.T @ q.D).T, r"\Delta^{[2] \top} X", "Δ[2]ᵀ X"),
    "indicator": ((q.z > 0).astype(float), r"\mathbb{1}[z^{[1]} > 0]", "𝟙[z[1] > 0]"),
    "logic": ((q.z > 0) & (q.P <= 1), r"z^{[1]} > 0 \wedge P \le 1", "z[1] > 0 ∧ P ≤ 1"),
    "cases": (
        m.where(q.z > 0, q.z, 0.01 * q.z),
        r"\begin{cases} z^{[1]} & z^{[1]} > 0 \\ 0.01 z^{[1]} & \text{otherwise} \end{cases}",
        "{z[1] if z[1] > 0; 0.01 z[1] otherwise}",
    ),
    "one column": (q.X[:, 0], "X_{:, 0}", "X[:, 0]"),
    "columns": (q.X[1:3, :2], "X_{1:3, 0:2}", "X[1:3, 0:2]"),
    "flatten": (q.W.reshape(12), r"\operatorname{vec}(W^{[1]})", "vec(W[1])"),
    "a size of the batch": (
        q.X.reshape((3, BATCH)),
        r"\operatorname{reshape}_{3 \times n}(X)",
        "reshape[3 × n](X)",
    ),
    "stop": (tv.stop_gradient(q.z) * 2, r"2 \operatorname{sg}(z^{[1]})", "2 sg(z[1])"),
    "no gradient": (q.z * 1.0, "z^{[1]}", "z[1]"),
    "constant vector": (
        q.W + tv.tensor([1.0, 2.0, 3.0, 0.5]),
        r"W^{[1]} + \mathbf{1} \left( 1, 2, 3, \frac{1}{2} \right)^\top",
        "W[1] + 𝟏 (1, 2, 3, 1/2)ᵀ",
    ),
    "identity": (q.V + tv.tensor(np.eye(4)), "V + I", "V + I"),
    "constant array": (
        q.W * tv.tensor(np.arange(12.0).reshape(3, 4)),
        r"W^{[1]} \odot C_1^{(3 \times 4)}",
        "W[1] ⊙ C₁^(3 × 4)",
    ),
    "named array": (
        q.w * tv.tensor(np.arange(3.0), name="price_% of {x}"),
        r"w \odot \text{price\_\% of \{x\}}",
        "w ⊙ price_% of {x}",
    ),
    "hinge": (
        m.sum(m.maximum(1 - q.t * q.yhat, 0.0)) / q.n,
        r"\frac{1}{n} \sum_{i = 1}^n \max(1 - t_i \hat{y}_i, 0)",
        "(1/n) Σᵢ₌₁ⁿ max(1 − tᵢ ŷᵢ, 0)",
    ),
    "batched product": (
        contraction(q.S, q.S, left=(0, 1, 2), right=(0, 3, 2), out=(0, 1, 3)),
        r"\left[ \sum_l S_{i j l} S_{i k l} \right]_{i j k}",
        "[Σₗ Sᵢⱼₗ Sᵢₖₗ]ᵢⱼₖ",
    ),
    "rows scaled": (
        contraction(q.P, q.t, left=(0, 1), right=(0,), out=(0, 1)),
        r"\operatorname{diag}(t) P",
        "diag(t) P",
    ),
    "all elements": (
        contraction(q.P, q.Y, left=(0, 1), right=(0, 1), out=()),
        r"\langle P, Y \rangle",
        "⟨P, Y⟩",
    ),
    "new axes": (
        q.z[:, None, :] * q.P[:, :, None],
        r"z_{:, \ast,:}^{[1]} \odot P_{:,:, \ast}",
        None,
    ),
    "rows by number": (
        m.take(q.W, tv.tensor([2, 0, 1]), axis=0),
        r"W_{[(2, 0, 1)]}^{[1]}",
        "W[1][(2, 0, 1)]",
    ),
    "transposed inverse": (
        tv.linalg.solve(q.V.T, -2 * q.U.T),
        r"-2 V^{-\top} U^\top",
        "−2 V⁻ᵀ Uᵀ",
    ),
    "elements of moved arrays": (
        contraction(
            m.permute_dims(q.S, (1, 0, 2)), q.S, left=(0, 1, 2), right=(1, 3, 2), out=(1, 0, 3)
        ),
        r"\left[ \sum_l S_{i j l} S_{i k l} \right]_{i j k}",
        "[Σₗ Sᵢⱼₗ Sᵢₖₗ]ᵢⱼₖ",
    ),
    "inverse": (tv.linalg.inv(q.V), "V^{-1}", "V⁻¹"),
    "blocks": (m.stack([q.t, q.yhat], axis=1), r"[t, \hat{y}]", "[t, ŷ]"),
    "a condition by name": (
        m.where(LONG == 0, m.sin(q.t), LONG),
        r"\begin{cases} \sin t & u_1 = 0 \\ u_1 & \text{otherwise} \end{cases} \quad "
        r"\text{with} \quad u_1 = \ln(1 + e^t) \odot (\arctan \hat{y}) \odot \cos(t \odot \hat{y})",
        None,
    ),
    "loop with outputs": (
        tv.scan(lambda h, x: (m.tanh(x @ q.U), h * 2), m.zeros((BATCH, 4)), STEPS)[1],
        r"(m_s)_{s = 1}^7 \quad \text{with} \quad h_0 = 0; \quad h_s = \tanh(S_{:, s} U), "
        r"\quad s = 1, \ldots, 7; \quad m_s = 2 h_{s - 1}, \quad s = 1, \ldots, 7",
        "(mₛ)ₛ₌₁⁷, with h₀ = 0; hₛ = tanh(S[:, s] U), s = 1, …, 7; mₛ = 2 hₛ₋₁, s = 1, …, 7",
    ),
    "product over time": (q.S @ q.U, "S U", "S U"),
    "loop": (
        m.sum(m.square(loop()[0])) / q.n,
        r"\frac{1}{n} \lVert h_7 \rVert_F^2 \quad \text{with} \quad h_0 = 0; \quad "
        r"h_s = \tanh(S_{:, s} U + h_{s - 1} V), \quad s = 1, \ldots, 7",
        "(1/n) ‖h₇‖_F², with h₀ = 0; hₛ = tanh(S[:, s] U + hₛ₋₁ V), s = 1, …, 7",
    ),
    "loop backwards": (
        loop(reverse=True)[0],
        r"h_1 \quad \text{with} \quad h_8 = 0; \quad "
        r"h_s = \tanh(S_{:, s} U + h_{s + 1} V), \quad s = 7, \ldots, 1",
        "h₁, with h₈ = 0; hₛ = tanh(S[:, s] U + hₛ₊₁ V), s = 7, …, 1",
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_textbook_forms(name):
    expression, as_latex, as_text = FORMS[name]
    if as_latex is not None:
        assert latex(expression, q.symbols) == as_latex
    if as_text is not None:
        assert text(expression, q.symbols) == as_text


NUMBERS = {
    0.1: "0.1", 0.30000000000000004: "0.3", 1e-4: "10^{-4}", 2.5e-7: r"2.5 \cdot 10^{-7}",
    1e6: "10^{6}", 123456.0: "123456", 1e300: "10^{300}", 0.001: "0.001", 2.0: "2",
    math.pi: r"\pi", -math.e: "-e", math.sqrt(2): r"\sqrt{2}", 0.5: r"\frac{1}{2}",
    1 / 3: r"\frac{1}{3}", math.sqrt(3): r"\sqrt{3}",
    1 / math.sqrt(48): r"\frac{1}{\sqrt{48}}", 1.7320508: r"1.73205 \ldots",
    math.inf: r"\infty", -math.inf: r"-\infty",
    0.123456789: r"0.123456 \ldots", 5e-324: r"5 \cdot 10^{-324}", -0.0: "0",
}  # fmt: skip


@pytest.mark.parametrize("value", NUMBERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers(value, dtype):
    with np.errstate(all="ignore"):
        array = np.asarray(value, dtype)
    if dtype == "float32" and (
        value in (5e-324, 1e300, 1.7320508) or not np.isclose(array, value)
    ):
        pytest.skip("not a number of this dtype")
    expected = NUMBERS[value].replace("^{6}", "^6")
    assert latex(tv.tensor(array), q.symbols) == expected


def test_whole_numbers_and_truth_values_and_nan():
    assert latex(tv.tensor(12345678901234567), q.symbols) == "12345678901234567"
    assert latex(tv.tensor(-(2**63)), q.symbols) == "-9223372036854775808"
    assert latex(tv.tensor(True), q.symbols) == r"\mathrm{true}"
    assert latex(tv.tensor(np.nan), q.symbols) == r"\mathrm{NaN}"
    assert text(tv.tensor(np.nan), q.symbols) == "NaN"


_DECIMAL = re.compile(
    r"(-?)(\d+(?:\.\d+)?)?( \\ldots)?(?: \\cdot )?(?:10\^(?:\{(-?\d+)\}|(\d)))?"
)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_back_as_they_were_or_end_with_dots(value):
    shown = _DECIMAL.fullmatch(latex(tv.tensor(value), q.symbols))
    if shown is None:
        return  # a fraction or π: the tests above
    sign, digits, dots, power, short = shown.groups()
    found = float(f"{sign}{digits or 1}e{power or short or 0}")
    assert found == pytest.approx(value, rel=1e-5 if dots else 1e-15, abs=0)


# --- every operation --------------------------------------------------------------------------


def _cases():
    operations = {**table()}
    operations.update(
        {
            name: each
            for name in textbook.__all__
            if isinstance(each := getattr(textbook, name), textbook.Operation)
        }
    )
    for name, primitive in operations.items():
        yield pytest.param(primitive, id=name)


def _applied(primitive):
    """The operation on symbols, for every kind of sample."""
    if isinstance(primitive, textbook.Operation) and isinstance(primitive.samples, Unsupported):
        found = _textbook_example(primitive)
    elif isinstance(primitive.samples, Unsupported):
        return
    else:
        rng = np.random.default_rng(0)
        found = [(each.inputs, each.attributes) for each in primitive.samples(rng)]
    for arrays, attributes in found:
        symbols = Symbols()
        leaves = []
        for i, array in enumerate(arrays):
            name = f"x^{{[{i + 1}]}}"
            made = leaf(array.shape, array.dtype, name="x")
            symbols.add(Symbol(made, name, f"x[{i + 1}]", f"x{i}", array.shape, "value"))
            leaves.append(made)
        whole = node(primitive, leaves, attributes)
        for each in results(whole) if whole.parts else [whole]:
            yield each, symbols


def _textbook_example(operation):
    x, codes = np.zeros((3, 4)), np.zeros(3, np.int64)
    kind = operation.attributes
    values = {
        "axes": (1,), "classes": 4, "size": 3, "dtype": np.dtype("float64"),
    }  # fmt: skip
    attributes = kind(*(values[field] for field in kind._fields))
    count = 0
    if isinstance(operation.notation, str):
        count = 1 + max(int(i) for i in re.findall(r"{(\d)}", operation.notation))
    for arrays in itertools.product([x, codes], repeat=count):
        try:
            node(operation, [leaf(a.shape, a.dtype) for a in arrays], attributes)
        except (tv.TriviumError, TypeError, ValueError, IndexError):
            continue
        return [(arrays, attributes)]
    raise AssertionError(f"no example of {operation.name} fits; add one here")


COMMANDS = set(
    re.findall(
        r"\\(?:[A-Za-z]+|.)",
        r"""
    \alpha\beta\gamma\delta\epsilon\zeta\eta\theta\iota\kappa\lambda\mu\nu\xi\pi\rho\sigma\tau\varphi\arg
    \phi\chi\psi\omega\Gamma\Delta\Theta\Lambda\Phi\Psi\Omega\ast\prime\infty\partial\nabla\top\ldots\dots\le
    \ge\ne\odot\cdot\times\bmod\wedge\vee\oplus\ll\gg\&\neg\sum\prod\ln\log\exp\sin\cos\tan
    \arcsin\arccos\arctan\sinh\cosh\tanh\det\max\min\operatorname\text\mathbf\mathbb\mathrm
    \mathbin\frac\sqrt\left\right\lfloor\rfloor\lceil\rceil\lVert\rVert\langle\rangle\begin\end
    \hat\quad\,\\\_\%\{\}""",
    )
)


def check_latex(string):
    """Commands that LaTeX and KaTeX know, braces that close, no script twice on one sign."""
    used = set(re.findall(r"\\(?:[A-Za-z]+|.)", string))
    assert used <= COMMANDS, used - COMMANDS
    bare = string.replace(r"\{", "").replace(r"\}", "")
    depth = 0
    for sign in bare:
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0
    assert len(re.findall(r"\\left\b", string)) == len(re.findall(r"\\right\b", string))
    if r"\text" not in string:
        parse(string)  # refuses two scripts of one kind on one sign


@pytest.mark.parametrize("primitive", list(_cases()))
def test_every_operation_is_written(primitive):
    for expression, symbols in _applied(primitive):
        as_latex, as_text = latex(expression, symbols), text(expression, symbols)
        check_latex(as_latex)
        assert as_text and "\\" not in as_text and "\n" not in as_text
        assert "<" not in as_text or primitive.name in ("less", "isfinite"), "a repr"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX is installed")
def test_latex_reads_every_operation(tmp_path):
    lines = [latex(each, s) for case in _cases() for each, s in _applied(case.values[0])]
    lines += [latex(each, q.symbols) for each, *_ in FORMS.values()]
    body = "\n".join(f"$ {line} $\\par" for line in dict.fromkeys(lines))
    source = (
        "\\documentclass{article}\\usepackage{amsmath,amssymb}\\begin{document}\n"
        f"{body}\n\\end{{document}}\n"
    )
    (tmp_path / "all.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]


# --- brackets ---------------------------------------------------------------------------------


def _random(rng, depth):
    """A random expression of scalars with its value, from Python's own operators."""
    if depth == 0:
        i = int(rng.integers(3))
        return SCALARS[i], np.float64(VALUES[i])
    (a, x), (b, y) = (_random(rng, depth - 1) for _ in range(2))
    kind = rng.integers(6)
    if kind == 0:
        return a + b, x + y
    if kind == 1:
        return a - b, x - y
    if kind == 2:
        return a * b, x * y
    if kind == 3:
        return a / b, x / y
    if kind == 4:
        return -a, -x
    return m.square(a), x * x


hand = Names()
SCALARS = [hand.lam, hand.c, hand.n]
VALUES = [0.7, -1.3, 2.1]
SMALL = str.maketrans("₁₂₃₄₅₆₇₈₉₀", "1234567890")


RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def _python(line):
    """A line of text, read as Python by its spaces: juxtaposition is a product."""
    line = line.translate(SMALL)
    line = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: f"**{found[0].translate(RAISED)}", line)
    line = line.replace("−", "-").replace("·", "*")
    line = re.sub(r"(?<=[\w)]) (?=[\w(])", "*", line)
    return line.replace("λ", "lam")


@pytest.mark.parametrize("seed", range(200))
def test_text_read_as_a_formula_has_the_value_of_the_expression(seed):
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        expression, value = _random(rng, int(rng.integers(1, 5)))
    line, *rest = text(expression, hand.symbols).split(", with ")
    names = dict(zip(("lam", "c", "n"), map(np.float64, VALUES), strict=True))
    with np.errstate(all="ignore"):
        for said in rest[0].split("; ") if rest else ():
            name, _, right = said.partition(" = ")
            names[name.translate(SMALL)] = eval(_python(right), {}, names)
        found = eval(_python(line), {}, names)
    assert found == pytest.approx(value, rel=1e-9, nan_ok=True)


# --- size -------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [latex, text])
def test_deep_expressions_need_no_recursion(write):
    expression = q.t
    for _ in range(5000):
        expression = m.sin(expression)
    assert sys.getrecursionlimit() < 5000
    assert write(expression, q.symbols).count("sin") == 5000


@pytest.mark.parametrize("write", [latex, text])
def test_shared_parts_are_written_once(write):
    expression, lengths = q.c, {}
    for steps in range(1, 2001):
        expression = expression * q.lam + m.sin(expression)
        if steps in (1000, 2000):
            lengths[steps] = len(write(expression, q.symbols))
    assert lengths[2000] < 2.1 * lengths[1000]


def test_names_that_are_given_are_free():
    symbols = Symbols()
    x = leaf((), name="x")
    symbols.add(Symbol(x, "t_{1}", "t_1", "x", (), "value"))
    long = x
    for _ in range(60):
        long = m.sin(long)
    written = latex(long, symbols)
    assert "u_1 = " in written and "t_{1} = " not in written and "t_1 = " not in written


# --- leaves without symbols -------------------------------------------------------------------


def test_symbols_with_primes():
    symbols = Symbols()
    x = leaf((3,), name="x")
    symbols.add(Symbol(x, "p''", "p''", "x", (3,), "value"))
    assert latex(x * x, symbols) == r"(p^{\prime \prime})^2"
    assert latex(m.sum(x), symbols) == r"\sum_{i = 1}^3 p_i^{\prime \prime}"
    assert text(1 - x, symbols) == "1 − p''"


def test_inputs_and_variables_are_written_by_name():
    none = Symbols()
    x, theta = leaf((3,), name="x"), tv.variable([1.0, 2.0, 3.0], name="theta")
    weight = tv.variable([1.0, 2.0, 3.0], name="layers.0.weight")
    second = leaf((3,), name="x")
    nameless = tv.variable([1.0, 2.0, 3.0])
    assert latex(x * theta, none) == r"x \odot \theta"
    assert latex(x + second, none) == "x + x_{(2)}"
    assert latex(weight + nameless, none) == r"\text{layers.0.weight} + \theta"
    assert text(weight + nameless, none) == "layers.0.weight + θ"
    assert latex(tv.variable(1.0, name="w12"), none) == "w_{12}"
    assert latex(tv.variable(1.0, name="alpha_3"), none) == r"\alpha_3"


def test_names_of_users_are_no_commands():
    wild = "a_b%c&d#e$f~g^h\\i{j}k<l>m 损失"
    shown = latex(tv.variable(1.0, name=wild), Symbols())
    assert shown == rf"\text{{{escaped(wild)}}}"
    assert "损失" in shown
    assert text(tv.variable(1.0, name=wild), Symbols()) == wild


def test_escapes_leave_no_control_characters():
    assert escaped("a\nb\x1b[0m") == "a b [0m"


def test_words_in_notations_are_translated():
    catalogue = gettext.translation("trivium", CATALOGUES, ["zh"])
    for case in _cases():
        (primitive,) = case.values
        if isinstance(primitive.notation, str):
            for words in re.findall(r"\\text{{(.*?)}}", primitive.notation):
                assert catalogue.gettext(words) != words


def test_languages():
    expression = m.where(q.z > 0, q.z, 0.0)
    assert r"\text{其他情况}" in latex(expression, q.symbols, lang="zh")
    with pytest.raises(ArgumentError, match="xx"):
        latex(expression, q.symbols, lang="xx")


def test_wide_signs_take_two_columns():
    assert columns("损失 = 0") == 8
    assert columns("y\u0302") == 1


@pytest.mark.parametrize(
    "wrong", [r"\frac{1}", "x^2^3", "(x", r"\nosuch x", "x }", r"\left( x"]
)
def test_what_is_not_notation_is_refused(wrong):
    with pytest.raises(ArgumentError):
        parse(wrong)


KATEX = Path(katex.FOLDER) / "katex.min.js"
_NODE_SCRIPT = """
const katex = require(process.argv[1]);
const lines = JSON.parse(require("fs").readFileSync(0, "utf-8"));
const options = {throwOnError: true, strict: "error", displayMode: true};
const wrong = [];
for (const line of lines) {
  try { katex.renderToString(line, options); } catch (error) { wrong.push([line, String(error)]); }
}
console.log(JSON.stringify(wrong));
"""


@pytest.mark.skipif(
    shutil.which("node") is None or not KATEX.exists(), reason="no Node or no KaTeX here"
)
def test_katex_reads_every_operation_without_a_warning():
    lines = [latex(each, s) for case in _cases() for each, s in _applied(case.values[0])]
    lines += [latex(each, q.symbols) for each, *_ in FORMS.values()]
    done = subprocess.run(
        ["node", "-e", _NODE_SCRIPT, str(KATEX)],
        input=json.dumps(list(dict.fromkeys(lines))).encode(),
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == []


@settings(max_examples=25, deadline=None)
@given(random_graphs())
def test_random_graphs_are_written(graph):
    for expression in graph.outputs:
        check_latex(latex(expression, Symbols()))
        assert "\\" not in text(expression, Symbols())
