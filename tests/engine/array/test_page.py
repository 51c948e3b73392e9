"""The examples of docs/array.md print what they claim, and its list of omissions is whole."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

from trivium.engine.array.absent import OMITTED


def test_the_examples_of_the_page(repository: Path) -> None:
    text = (repository / "docs" / "array.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```pycon\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 5
    examples = doctest.DocTestParser().get_doctest(
        "\n".join(blocks), {}, "array.md", None, None
    )
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert runner.run(examples).failed == 0


def test_the_page_names_what_is_left_out(repository: Path) -> None:
    text = (repository / "docs" / "array.md").read_text(encoding="utf-8")
    between = {"uint16", "uint32"}  # of `uint8` … `uint64`
    assert [name for name in OMITTED if f"`{name}`" not in text and name not in between] == []
