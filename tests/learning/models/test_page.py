"""The page about models says what the library does."""

import doctest
import re
from pathlib import Path

import pytest

from trivium.learning.layers import ACTIVATIONS


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "models.md").read_text(encoding="utf-8")


def test_the_examples_give_the_results_shown(page: str, tmp_path: Path) -> None:
    blocks = re.findall(r"^```(python|pycon)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert [kind for kind, _ in blocks].count("pycon") >= 5
    names: dict = {}
    runner = doctest.DocTestRunner(verbose=False)
    exec("import numpy as np\nimport trivium as tv", names)
    for i, (kind, text) in enumerate(blocks):
        if kind == "python":
            exec(text, names)
            continue
        example = doctest.DocTestParser().get_doctest(text, names, f"block {i}", "models.md", 0)
        runner.run(example, clear_globs=False)
        names.update(example.globs)
    assert runner.summarize(verbose=False).failed == 0
    # The classes that the page only defines.
    x = names["np"].ones((3, 4))
    assert names["Scale"]()(x).shape == (3, 4)
    assert names["Residual"]().prepare(names["tv"].tensor(x), 5).shape == (3, 5)


def test_the_message_on_the_page_is_the_one_that_users_get(page: str, tmp_path: Path) -> None:
    import importlib.util

    import numpy as np

    source = "import trivium as tv\n\n\n" + re.search(
        r"^```python\n(class Mine.*?)^```$", page, re.MULTILINE | re.DOTALL
    ).group(1)
    file = tmp_path / "mine.py"
    file.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("mine", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.raises(ValueError) as refusal:
        module.Mine()(np.ones((4, 31)))
    shown = re.search(r"^```text\n(.*?)^```$", page, re.MULTILINE | re.DOTALL).group(1)
    assert str(refusal.value).replace(str(file), "mine.py").split() == shown.split()


def test_the_table_of_activations_is_complete(page: str) -> None:
    for each in ACTIVATIONS.values():
        formula = each.formula.replace("|", r"\|")
        assert f"| `{each.name}` | {formula} | {each.use} |" in page
