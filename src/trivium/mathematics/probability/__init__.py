"""Probability: exponential families, distributions, estimation.

``family(name)`` finds an exponential family by name, ``link(name)`` a link of generalised
linear models. Distributions: ``Normal(mean=0, sd=1)`` and so on.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from trivium.engine.lazy import lazy

_MODULES = {
    "exponential_family": ["ExponentialFamily"],
    "families": ["family"],
    "links": ["Link", "link"],
}

__all__ = ["links", *[name for names in _MODULES.values() for name in names]]

if TYPE_CHECKING:
    from . import links as links
    from .exponential_family import ExponentialFamily as ExponentialFamily
    from .families import family as family
    from .links import Link as Link
    from .links import link as link
else:
    _find, __dir__ = lazy(__name__, _MODULES)

    def __getattr__(name):
        if name == "links":
            return importlib.import_module(f"{__name__}.links")
        return _find(name)
