import doctest
import re


def test_the_examples_of_the_page_run_as_shown(repository):
    page = (repository / "docs" / "internals" / "formulas.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```pycon\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert blocks
    for code in blocks:
        example = doctest.DocTestParser().get_doctest(code, {}, "formulas.md", None, 0)
        failures = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example).failed
        assert failures == 0
