"""The examples of docs/low-rank.md print what the page shows."""

import doctest
import re

import numpy as np
import pytest

import trivium as tv
from trivium.interfaces.cli import main


def test_the_python_of_the_page(repository):
    page = (repository / "docs" / "low-rank.md").read_text(encoding="utf-8")
    (head,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"^```pycon\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 6
    names: dict = {}
    exec(compile(head, "low-rank.md", "exec"), names)
    example = doctest.DocTestParser().get_doctest(
        "\n".join(blocks), names, "low-rank.md", None, None
    )
    runner = doctest.DocTestRunner(
        verbose=False, optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    )
    assert runner.run(example).failed == 0
    message = page.partition("trivium.engine.errors.SingularError: ")[2].partition("\n")[0]
    pattern = ".*".join(re.escape(part) for part in message.split("..."))
    with pytest.raises(tv.TriviumError, match=f"^{pattern}$"):
        tv.linalg.pca(np.column_stack([names["z"], names["z"][:, 0]]), whiten=True)


def test_the_commands_of_the_page(repository, tmp_path, monkeypatch, capfd):
    from PIL import Image
    from sklearn.datasets import load_sample_image

    monkeypatch.chdir(tmp_path)
    Image.fromarray(load_sample_image("china.jpg")).save("china.png")
    page = (repository / "docs" / "low-rank.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```console\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        capfd.readouterr()
        assert main(command.split()[1:]) == 0
        out, err = capfd.readouterr()
        assert err == ""
        # The size of a file may differ by the length of a number in its header.
        plain = re.compile(r"\d+,\d+ bytes|0\.\d+")
        assert plain.sub("#", out.strip()) == plain.sub("#", shown.strip())
