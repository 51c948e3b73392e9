"""Step 2, the goodness of a function: losses on data, penalties, and their algebra."""

from .base import DataTerm, Objective, Penalty, Term
from .classification import BinaryCrossEntropy, CrossEntropy, Hinge
from .combination import Combination
from .joint import JointLikelihood
from .likelihood import NegativeLogLikelihood
from .penalties import L1, L2, is_bias
from .regression import AbsoluteError, Huber, SquaredError

__all__ = [
    "L1",
    "L2",
    "AbsoluteError",
    "BinaryCrossEntropy",
    "Combination",
    "CrossEntropy",
    "DataTerm",
    "Hinge",
    "Huber",
    "JointLikelihood",
    "NegativeLogLikelihood",
    "Objective",
    "Penalty",
    "SquaredError",
    "Term",
    "is_bias",
]
