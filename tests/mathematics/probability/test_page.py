"""The examples of docs/probability.md print what they claim; the public names are all there."""

import doctest
import re
from pathlib import Path

import pytest

import trivium as tv


def test_the_examples_of_the_page(repository: Path) -> None:
    text = (repository / "docs" / "probability.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```pycon\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    examples = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "page", None, None)
    assert len(examples.examples) > 20
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(examples).failed == 0


def test_every_public_name_is_there_and_near_ones_are_offered() -> None:
    for name in tv.probability.__all__:
        assert name in dir(tv.probability)
        assert getattr(tv.probability, name) is vars(tv.probability)[name]
    with pytest.raises(AttributeError, match="did you mean tv.probability.Normal"):
        _ = tv.probability.Normall


def test_the_page_names_every_distribution(repository: Path) -> None:
    text = (repository / "docs" / "probability.md").read_text(encoding="utf-8")
    internal = {"RootInverseGamma", "Distribution"}
    for name in tv.probability.__all__:
        found = getattr(tv.probability, name)
        if isinstance(found, type) and issubclass(found, tv.probability.Distribution):
            assert f"`{name}`" in text or name in internal
