"""What functions of a finished fit ask of it first."""

from __future__ import annotations

from typing import Any, TypeVar

from ..errors import RequestError
from .model import Model

__all__ = ["model_of"]

M = TypeVar("M", bound=Model)


def model_of(asked: str, fit: Any, kind: type[M], needed: str) -> M:
    """The model of a fit, of the ``kind`` that ``asked`` is about.

    ``needed``: that kind in words. Raises RequestError for another model and for what is no fit.
    """
    model = getattr(fit, "model", None)
    if isinstance(model, kind):
        return model
    if isinstance(model, Model):
        found = f"this fit has a {type(model).__name__}"
    elif isinstance(fit, Model):
        found = f"this is a {type(fit).__name__} without its data; tv.fit returns the fit"
    else:
        found = f"this is a {type(fit).__name__}; tv.fit and tv.load return fits"
    raise RequestError(f"{asked} takes the fit of {needed}, and {found}")
