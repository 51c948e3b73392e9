"""Layers: the parts from which models are made. A layer is a model."""

# The models come first, because their base is the base of every layer.
from .. import models as _models  # noqa: F401

# isort: split
from .activation import Activation
from .activations import ACTIVATIONS
from .dense import Dense
from .dropout import Dropout
from .flatten import Flatten
from .sequential import Sequential

__all__ = ["ACTIVATIONS", "Activation", "Dense", "Dropout", "Flatten", "Sequential"]
