"""The page about information shows what the library does."""

import doctest
from pathlib import Path

from trivium import information


def test_the_examples_give_the_results_shown(repository: Path) -> None:
    page = str(repository / "docs" / "information.md")
    result = doctest.testfile(page, module_relative=False)
    assert result.attempted > 15 and result.failed == 0


def test_every_function_is_on_the_page(repository: Path) -> None:
    page = (repository / "docs" / "information.md").read_text(encoding="utf-8")
    for name in information.__all__:
        if name.islower():
            assert f"`{name}(" in page
