"""The page about optimality says what the library does."""

import doctest
from pathlib import Path

from trivium.mathematics import optimality


def test_the_examples_give_the_results_shown(repository: Path) -> None:
    result = doctest.testfile(str(repository / "docs" / "optimality.md"), module_relative=False)
    assert result.attempted > 30 and result.failed == 0


def test_every_public_name_loads_when_it_is_used() -> None:
    for name in optimality.__all__:
        assert name in dir(optimality)
        assert getattr(optimality, name) is vars(optimality)[name]
