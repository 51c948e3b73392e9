"""The page about derivations shows what the code gives."""

import doctest
import re
import warnings


def test_the_examples_of_the_page_run_as_shown(repository):
    page = (repository / "docs" / "derive.md").read_text(encoding="utf-8")
    names = {}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for code in re.findall(r"^```pycon\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
            example = doctest.DocTestParser().get_doctest(code, names, "derive.md", None, 0)
            runner.run(example, clear_globs=False)
            names.update(example.globs)
    assert runner.tries > 10 and runner.failures == 0

    first, decay = re.findall(r"^```text\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert names["derivation"].text(width=88).startswith(first)
    assert names["decay"].text(width=88).startswith(decay)
    (program,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert names["derivation"].python() == program
