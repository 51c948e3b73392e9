"""The page about algorithms says what the library does."""

import doctest
from pathlib import Path

import pytest

from trivium.learning.registry import entries


def test_the_examples_give_the_results_shown(repository: Path) -> None:
    result = doctest.testfile(str(repository / "docs" / "algorithms.md"), module_relative=False)
    assert result.attempted > 20 and result.failed == 0


@pytest.mark.parametrize("family", ["algorithms", "schedules", "clipping"])
def test_everything_that_can_be_chosen_is_on_the_page(repository: Path, family: str) -> None:
    page = (repository / "docs" / "algorithms.md").read_text(encoding="utf-8")
    for entry in entries(family):
        assert f"`{entry.name}(" in page
