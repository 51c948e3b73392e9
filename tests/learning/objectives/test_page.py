"""The page about objectives says what the library does."""

import doctest
from pathlib import Path

from trivium.learning import objectives
from trivium.learning.registry import entries


def test_the_examples_give_the_results_shown(repository: Path) -> None:
    result = doctest.testfile(str(repository / "docs" / "objectives.md"), module_relative=False)
    assert result.attempted > 15 and result.failed == 0


def test_every_loss_and_penalty_is_on_the_page(repository: Path) -> None:
    page = (repository / "docs" / "objectives.md").read_text(encoding="utf-8")
    for entry in entries("objectives"):
        if entry.cls is not objectives.Combination:
            assert f"| `{entry.name}(" in page
