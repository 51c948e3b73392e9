"""The page about generalization shows what the library does."""

import doctest
import re
from pathlib import Path

from trivium.learning import generalization

NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")


class NearNumbers(doctest.OutputChecker):
    """Words must be equal; numbers may differ as fits do between machines."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        if NUMBER.sub("#", want).split() != NUMBER.sub("#", got).split():
            return False
        pairs = zip(NUMBER.findall(want), NUMBER.findall(got), strict=True)
        values = [(float(a.replace(",", "")), float(b.replace(",", ""))) for a, b in pairs]
        return all(abs(a - b) <= 0.02 + 0.02 * abs(a) for a, b in values)


def test_the_examples_give_the_results_shown(repository: Path) -> None:
    page = repository / "docs" / "generalization.md"
    text = page.read_text(encoding="utf-8")
    test = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    result = doctest.DocTestRunner(checker=NearNumbers()).run(test)
    assert result.attempted > 15 and result.failed == 0


def test_every_function_is_on_the_page(repository: Path) -> None:
    page = (repository / "docs" / "generalization.md").read_text(encoding="utf-8")
    helpers = {"binary_kl", "kl_inverse"}
    for name in set(generalization.__all__) - helpers:
        if name.islower():
            assert name in page
