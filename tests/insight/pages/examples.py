"""Pages for tests: derivations, and one written by hand with what formulas may contain."""

from functools import cache

import numpy as np

import trivium as tv
from trivium.insight.derivation.derivation import Derivation
from trivium.insight.rendering.page import Formula, Page, PageEquation, Section, Table, Typed
from trivium.insight.words import translator

#: Every font and kind of notation that a formula may ask KaTeX for, and one too wide for a phone.
NOTATIONS = (
    r"z^{[1]} = X W^{[1]} + \mathbf 1 b^{[1]\top}",
    r"L = -\frac{1}{n} \sum_{i=1}^{n} \ln \left(\operatorname{softmax}(z^{[2]})\right)_{i,\,y_i}",
    r"\hat y = \begin{cases} \sqrt{x} & x > 0 \\ 0 & \text{otherwise} \end{cases}",
    r"\Delta_{t} = \left(\frac{\dfrac{a}{b}}{\dfrac{c}{d}}\right)^{\!2}, \quad t = T, \dots, 1",
    r"\mathbb{R} \ni \mathcal{L}(\boldsymbol{\theta}) = \mathrm{KL}\left(p \,\|\, q\right)",
    r"\nabla_{\theta} L = \texttt{loss} \cdot \textit{rate} \odot \mathfrak{a} + \mathsf{S}",
    r"\left\lVert W \right\rVert_F^2 + \left\lfloor x \right\rfloor + \lvert u \rvert \neq \infty",
    r"\text{层归一化} = \int_0^1 \!\!\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix} \mathrm d t",
    r"\underbrace{" + " + ".join(rf"x_{{{i}}}" for i in range(20)) + r"}_{\text{wide}}",
)


@cache
def network() -> Derivation:
    """Two layers, classes, a penalty, and data."""
    x = np.random.default_rng(0).normal(size=(6, 2))
    model = tv.models.MLP(hidden=[3], activation="relu")
    objective = tv.objectives.CrossEntropy() + 0.1 * tv.objectives.L2()
    return tv.insight.derive(model, objective, (x, np.array([0, 1, 1, 0, 2, 2])))


@cache
def ridge() -> Derivation:
    """Linear regression with a penalty, without data."""
    objective = tv.objectives.SquaredError() + 0.1 * tv.objectives.L2()
    return tv.insight.derive(tv.models.Linear(), objective, features=3)


@cache
def deep() -> Derivation:
    """Ten layers."""
    model = tv.models.MLP(hidden=[5] * 9, activation="tanh")
    return tv.insight.derive(model, tv.objectives.SquaredError(), features=4)


@cache
def twice() -> Derivation:
    """Second derivatives."""
    model = tv.models.MLP(hidden=[3], activation="tanh")
    return tv.insight.derive(model, tv.objectives.SquaredError(), features=2).second()


class Recurrent(tv.Model):
    """A recurrent network over the features, one at a time."""

    def __init__(self) -> None:
        self.u = tv.parameter((1, 3))
        self.w = tv.parameter((3, 3))
        self.v = tv.parameter((3,))

    def __call__(self, x: tv.Tensor) -> tv.Tensor:
        def step(h: tv.Tensor, now: tv.Tensor) -> tuple[tv.Tensor, tv.Tensor]:
            h = tv.array.tanh(now @ self.u + h @ self.w)
            return h, h

        steps = tv.array.permute_dims(x[:, :, None], (1, 0, 2))
        last, _ = tv.scan(step, tv.array.zeros((x.shape[0], 3)), steps)
        return last @ self.v


@cache
def loop() -> Derivation:
    """Equations of several lines, with steps."""
    x = np.random.default_rng(0).normal(size=(6, 4))
    return tv.insight.derive(Recurrent(), tv.objectives.SquaredError(), (x, x[:, 0]))


class Hostile(tv.Model):
    """Names that would like to be markup, LaTeX or very long."""

    def __init__(self) -> None:
        self.名字 = tv.parameter((2, 2))
        self.w = tv.parameter((2,))

    def __call__(self, x: tv.Tensor) -> tv.Tensor:
        markup = "</script><img src=x onerror=alert(1)> $\\evil{ _^%#&~ \u202e\"'"
        hidden = tv.label(tv.array.tanh(x @ self.名字), markup)
        long = "a long name that somebody wrote down in full, " * 4
        return tv.label(tv.array.exp(hidden), long) @ self.w


@cache
def hostile() -> Derivation:
    """A model with names from outside."""
    x = np.random.default_rng(0).normal(size=(6, 2))
    return tv.insight.derive(Hostile(), tv.objectives.SquaredError(), (x, x[:, 0]))


def by_hand(lang: str = "en", title: str = "By hand") -> Page:
    """A page without a graph."""
    equations = tuple(
        PageEquation(
            key=f"equation-{i}",
            formulas=(Formula(latex, f"formula {i}"),),
            shape="(n, 3)",
            defines=f"v{i}",
            source="loss = model(x)",
        )
        for i, latex in enumerate(NOTATIONS, start=1)
    )
    table = Table(
        "Symbols",
        ("symbol", "shape", "value"),
        tuple((Formula(latex, f"formula {i}"), "(2, 40)", Typed("[0.25 -1.5]" * 20))
              for i, latex in enumerate(NOTATIONS[-2:])),
    )  # fmt: skip
    sections = (
        Section("forward", "Forward pass", "One of each kind.", equations),
        Section("numbers", "Numbers", tables=(table,)),
    )
    return Page(lang, title, (("Model", "MLP"),), ("a note",), None, sections, translator(lang))
