"""The page about inference says what the library does."""

import doctest
from pathlib import Path

from trivium.learning.objectives.families import FAMILIES


def test_the_examples_give_the_results_shown(repository: Path) -> None:
    result = doctest.testfile(str(repository / "docs" / "inference.md"), module_relative=False)
    assert result.attempted > 25 and result.failed == 0


def test_every_family_is_on_the_page(repository: Path) -> None:
    page = (repository / "docs" / "inference.md").read_text(encoding="utf-8")
    for name in FAMILIES:
        assert f"| `{name}` |" in page
