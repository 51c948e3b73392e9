"""Packages that are installed only by those who need them."""

from __future__ import annotations

import importlib
from typing import Any

from .errors import MissingPackageError

__all__ = ["optional"]


def optional(module: str, extra: str, what: str) -> Any:
    """The module called ``module``, which the ``extra`` of that name installs.

    ``what``: what needs it, as the beginning of a sentence. Raises MissingPackageError, with
    the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0].replace("_", "-")
        raise MissingPackageError(
            f"{what} needs the package {package}, which is not installed: "
            f"pip install 'trivium[{extra}]'"
        ) from error
