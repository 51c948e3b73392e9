"""Step 1, a set of functions: models, their base and their parameters."""

# The base comes first, because layers are models and the models below are made of layers.
from .model import Model
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
from .tree import DecisionTree
from .tree_drawing import draw_tree
from .tree_path import PruningPath, pruning_path

__all__ = [
    "MLP",
    "DecisionTree",
    "Discriminant",
    "Formula",
    "GaussianClassifier",
    "Linear",
    "Model",
    "NaiveBayes",
    "Parameter",
    "PruningPath",
    "Sequential",
    "ThresholdNeuron",
    "discriminant",
    "draw_tree",
    "parameter",
    "pruning_path",
]
