"""Derivations that were read by eye, in English and Chinese, as text, LaTeX and NumPy code.

Without data: what noise the finite differences have depends on the machine.
After a change that is meant: TRIVIUM_UPDATE_GOLDEN=1 pytest tests/insight/test_golden.py, and
read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import trivium as tv

GOLDEN = Path(__file__).parent / "golden"


class Shared(tv.Model):
    """One layer used twice."""

    def __init__(self) -> None:
        self.step = tv.layers.Dense(2, activation="tanh")
        self.last = tv.layers.Dense()

    def __call__(self, x: tv.Tensor) -> tv.Tensor:
        return self.last(self.step(self.step(x)))


def decay(x: tv.Tensor, a: tv.Tensor, b: tv.Tensor) -> tv.Tensor:
    """a e^{−b x}."""
    return a * tv.array.exp(-b * x[:, 0])


def ridge():
    objective = tv.objectives.SquaredError() + 0.1 * tv.objectives.L2()
    return tv.insight.derive(tv.models.Linear(), objective, features=2)


def logistic():
    return tv.insight.derive(tv.models.Linear(), tv.objectives.BinaryCrossEntropy(), features=2)


def softmax():
    return tv.insight.derive(
        tv.models.Linear(), tv.objectives.CrossEntropy(), features=2, outputs=3
    )


def xor():
    model = tv.models.MLP(hidden=[2], activation="sigmoid")
    return tv.insight.derive(model, tv.objectives.BinaryCrossEntropy(), features=2)


def three_layers():
    model = tv.models.MLP(hidden=[3, 2], activation="relu")
    return tv.insight.derive(model, tv.objectives.CrossEntropy(), features=2, outputs=3)


def formula():
    model = tv.models.Formula(decay, a=1.0, b=0.5)
    return tv.insight.derive(model, tv.objectives.SquaredError(), features=1)


def shared():
    return tv.insight.derive(Shared(), tv.objectives.SquaredError(), features=2)


DERIVATIONS = {
    each.__name__: each
    for each in (ridge, logistic, softmax, xor, three_layers, formula, shared)
}
RENDERINGS = {
    "en.txt": lambda derivation: derivation.text(width=88),
    "zh.txt": lambda derivation: derivation.text(width=88, lang="zh"),
    "en.tex": lambda derivation: derivation.latex(),
    "zh.tex": lambda derivation: derivation.latex(lang="zh"),
    "py": lambda derivation: derivation.python(),
}


@pytest.fixture(scope="module", params=list(DERIVATIONS))
def named(request):
    """A derivation and its name."""
    return request.param, DERIVATIONS[request.param]()


@pytest.mark.parametrize("kind", list(RENDERINGS))
def test_golden(named, kind):
    name, derivation = named
    made = RENDERINGS[kind](derivation)
    path = GOLDEN / f"{name}.{kind}"
    if os.environ.get("TRIVIUM_UPDATE_GOLDEN") == "1":
        path.write_text(made, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == made


def test_no_file_is_left_over():
    expected = {f"{name}.{kind}" for name in DERIVATIONS for kind in RENDERINGS}
    assert {path.name for path in GOLDEN.iterdir()} == expected
