"""The examples of the page about fitting run as they stand."""

import doctest


def test_the_examples_of_the_page_run(repository):
    failed, tried = doctest.testfile(
        str(repository / "docs" / "fit.md"), module_relative=False, verbose=False
    )
    assert tried > 8
    assert failed == 0


def test_the_page_names_every_option(repository):
    import inspect

    import trivium as tv

    page = (repository / "docs" / "fit.md").read_text(encoding="utf-8")
    options = [
        name
        for name, each in inspect.signature(tv.fit).parameters.items()
        if each.kind is each.KEYWORD_ONLY and name not in ("target", "extra")
    ]
    assert [name for name in options if f"| `{name}` |" not in page] == []
