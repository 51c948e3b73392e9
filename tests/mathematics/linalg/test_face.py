"""The room's public names, those of the Array API standard among them, and its page."""

import doctest
import inspect
import re

import pytest

import trivium as tv

# Python array API standard 2024.12, extension "linalg".
STANDARD = """
    cholesky cross det diagonal eigh eigvalsh inv matmul matrix_norm matrix_power matrix_rank
    matrix_transpose outer pinv qr slogdet solve svd svdvals tensordot trace vecdot vector_norm
"""


@pytest.mark.parametrize("name", tv.linalg.__all__)
def test_every_name_is_there_and_documented(name):
    found = getattr(tv.linalg, name)
    assert name in dir(tv.linalg) and callable(found)
    assert len(inspect.getdoc(found)) > 40
    assert getattr(tv.linalg, name) is found  # a module of the same name would hide it


def test_the_standards_names_are_all_there():
    assert {*STANDARD.split()} <= {*tv.linalg.__all__}
    assert list(inspect.signature(tv.linalg.svd).parameters)[1:] == ["full_matrices"]
    assert tv.linalg.eigh([[1.0]])._fields == ("eigenvalues", "eigenvectors")
    assert tv.linalg.slogdet([[1.0]])._fields == ("sign", "logabsdet")
    assert tv.linalg.qr([[1.0]])._fields == ("Q", "R")
    assert tv.linalg.svd([[1.0]])._fields == ("U", "S", "Vh")


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'lu'"):
        _ = tv.linalg.lu


def test_the_examples_of_the_page(repository):
    text = (repository / "docs" / "linalg.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```pycon\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 8
    examples = doctest.DocTestParser().get_doctest(
        "\n".join(blocks), {}, "linalg.md", None, None
    )
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert runner.run(examples).failed == 0
