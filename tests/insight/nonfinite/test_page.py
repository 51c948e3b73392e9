"""The page about the first bad number shows what the code says."""

import doctest
import warnings


def test_the_examples_of_the_page_run_as_shown(repository):
    page = repository / "docs" / "first-bad-number.md"
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        failed, tried = doctest.testfile(str(page), module_relative=False, optionflags=flags)
    assert tried > 10 and failed == 0
