"""``fit``: model × objective × algorithm on data. The heart of the learning floor."""

from trivium.learning.fit.history import History
from trivium.learning.fit.main import fit, resume
from trivium.learning.fit.result import Fit
from trivium.learning.fit.storage import load

__all__ = ["Fit", "History", "fit", "load", "resume"]
