"""Packages whose names load when they are first used, so that importing Trivium stays cheap.

Type checkers do not run this, so such a package also imports its names for them:

    if TYPE_CHECKING:
        from .column import Column
        from .reading import read
    else:
        __getattr__, __dir__ = lazy(__name__, {"column": ["Column"], "reading": ["read"]})
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

__all__ = ["lazy"]


class _Room(ModuleType):
    """A package in which a module does not hide the public name that it shares.

    Importing ``package.newton`` would set the attribute ``newton`` of the package to the module,
    where ``package.newton`` is meant to be the function that the module defines.
    """

    _public: frozenset[str]

    def __setattr__(self, name: str, value: Any) -> None:
        if not (isinstance(value, ModuleType) and name in self._public):
            super().__setattr__(name, value)


def lazy(
    package: str,
    modules: Mapping[str, Iterable[str]],
    missing: Callable[[str], str] | None = None,
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of ``package`` (PEP 562).

    ``modules``: module of the package → the public names that it defines. ``missing``: a name
    that is in none of them → the message of its AttributeError.
    """
    module_of = {name: module for module, names in modules.items() for name in names}
    room = sys.modules[package]
    room.__dict__["_public"] = frozenset(module_of)
    room.__class__ = _Room

    def find(name: str) -> Any:
        module = module_of.get(name)
        if module is None:
            if missing is not None:
                raise AttributeError(missing(name))
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{package}.{module}"), name)
        setattr(sys.modules[package], name, value)  # the next use finds it there
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *module_of})

    return find, names
