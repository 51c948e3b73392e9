"""The pages about generative classifiers and about trees show what the library prints."""

import doctest
import re
from pathlib import Path

import numpy as np
import pytest

import trivium as tv


@pytest.mark.parametrize("name", ["generative", "trees"])
def test_the_examples_give_the_results_shown(repository: Path, name: str) -> None:
    page = (repository / "docs" / f"{name}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```pycon\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    names: dict = {"np": np, "tv": tv}
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    for i, block in enumerate(blocks):
        # Rounding differs between machines.
        text = re.sub(r"\d\.\de-1[3-7]", "...", block)
        example = doctest.DocTestParser().get_doctest(text, names, f"block {i}", name, 0)
        runner.run(example, clear_globs=False)
        names.update(example.globs)
    assert runner.summarize(verbose=False).failed == 0


def test_every_model_of_densities_is_in_the_table(repository: Path) -> None:
    page = (repository / "docs" / "generative.md").read_text(encoding="utf-8")
    for kind in ("shared", "separate", "diagonal", "shared-diagonal"):
        assert f'`GaussianClassifier("{kind}")`' in page
    for family in ("gaussian", "bernoulli", "multinomial"):
        assert f'`NaiveBayes("{family}")`' in page
