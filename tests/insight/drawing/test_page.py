"""The examples of the page about pictures run as they stand."""

import doctest


def test_the_examples_of_the_page_run(repository, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testfile(
        str(repository / "docs" / "drawing.md"), module_relative=False, verbose=False
    )
    assert tried > 20
    assert failed == 0
    assert (tmp_path / "apples.svg").is_file() and (tmp_path / "flow.png").is_file()


def test_the_picture_of_the_apples_is_the_one_that_is_drawn_today(repository, tmp_path):
    import trivium as tv

    price, count = tv.tensor(100.0, name="price"), tv.tensor(2.0, name="count")
    apples = tv.label(price * count, "apples")
    total = tv.label(apples * tv.tensor(1.1, name="tax"), "total")
    drawing = tv.insight.draw(total, title="Two apples with tax")
    kept = (repository / "docs" / "images" / "apples.svg").read_text(encoding="utf-8")
    # Titles tell the lines of the program, which are others here.
    assert drawing.svg.count("<text") == kept.count("<text")
    shown = [part.split("</text>")[0] for part in drawing.svg.split("<text")[1:]]
    assert shown == [part.split("</text>")[0] for part in kept.split("<text")[1:]]
