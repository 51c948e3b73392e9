"""Step 1, a set of functions: models, their base and their parameters."""

# The base comes first, because layers are models and the models below are made of layers.
from .model import Model, has_units
from .parameters import Parameter, parameter

# isort: split
from ..layers.sequential import Sequential
from .formula import Formula
from .generative_discriminant import Discriminant, discriminant
from .generative_gaussian import GaussianClassifier
from .linear import Linear
from .mlp import MLP
from .naive_bayes import NaiveBayes
from .threshold import ThresholdNeuron

__all__ = [
    "MLP",
    "Discriminant",
    "Formula",
    "GaussianClassifier",
    "Linear",
    "Model",
    "NaiveBayes",
    "Parameter",
    "Sequential",
    "ThresholdNeuron",
    "discriminant",
    "parameter",
]
