"""What needs a package that is not installed says which, and how to get it."""

import sys

import pytest

from trivium.engine.errors import MissingPackageError, TriviumError
from trivium.engine.extras import optional


def test_a_package_that_is_there_is_given():
    assert optional("json.decoder", "plot", "reading").JSONDecoder


@pytest.mark.parametrize("module", ["fast_sugiyama", "matplotlib.figure"])
def test_a_package_that_is_missing_is_named_with_its_extra(module, monkeypatch):
    for name in [each for each in sys.modules if each.split(".")[0] == module.split(".")[0]]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module.split(".")[0], None)
    with pytest.raises(
        MissingPackageError, match=r"drawing needs the package .*trivium\[plot\]"
    ):
        optional(module, "plot", "drawing")
    assert issubclass(MissingPackageError, TriviumError)
    assert issubclass(MissingPackageError, ImportError)
